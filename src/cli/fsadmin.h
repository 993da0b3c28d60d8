/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `alluxio fsadmin command ...`: Alluxio's shell for administrators.  Inside of cli/.
 *
 * Outputs, error texts and exit codes are those of Alluxio 2.9: errors go to standard output, and
 * every failure ends with 255 (-1).  What Alluxio keeps to itself, such as why no master answered,
 * goes to standard error.
 *
 * Each function is that of a command's row; the shell has no client, for the commands ask several
 * masters.
 */
#ifndef HOLDFAST_CLI_FSADMIN_H
#define HOLDFAST_CLI_FSADMIN_H

#include "cli/alluxio.h"
#include "cli/connect.h"

int fsadmin_quorum_info(struct shell *shell, const struct alluxio_options *options);
int fsadmin_quorum_remove(struct shell *shell, const struct alluxio_options *options);
int fsadmin_quorum_elect(struct shell *shell, const struct alluxio_options *options);
int fsadmin_report(struct shell *shell, const struct alluxio_options *options);
/* One of its categories; `why` is empty. */
int fsadmin_capacity(struct shell *shell, const struct cli_addresses *masters,
                     const struct alluxio_options *options, struct buf *why);

/* On standard error. */
void fsadmin_tell(const struct buf *why);

#endif
