/* SPDX-License-Identifier: Apache-2.0 */
/* hdfs dfsadmin.  Inside of cli/; results are exit statuses. */
#ifndef HOLDFAST_CLI_DFSADMIN_H
#define HOLDFAST_CLI_DFSADMIN_H

#include "cli/shell.h"

/* Prints "command: text" of the failed call. */
int dfsadmin_call_failed(const struct shell *shell);
/* -report, with the words behind it. */
int dfsadmin_report(struct shell *shell, int argc, char **argv);

#endif
