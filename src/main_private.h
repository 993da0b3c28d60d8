/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The long-running processes that main chooses from, and what they share.  Wiring only: these files
 * turn the configuration into options of the folders below and put the pieces together.
 */
#ifndef HOLDFAST_MAIN_PRIVATE_H
#define HOLDFAST_MAIN_PRIVATE_H

#include "cli/site.h"

/* By which operators and their scripts look for these processes. */
#define MAIN_MASTER_TITLE "AlluxioMaster"
#define MAIN_WORKER_TITLE "AlluxioWorker"

#define MAIN_MASTER_USAGE "holdfast master [--conf DIR] [-D key=value] [--form]"
#define MAIN_WORKER_USAGE "holdfast worker [--conf DIR] [-D key=value]"

/* argv[0] is the command's name; the result is the exit status. */
int main_master(int argc, char **argv);
int main_worker(int argc, char **argv);

/* ---- main_unserved.c ---- */

/* CLI_OK, or the exit status after saying why this configuration is refused. */
int main_check_served(const struct cli_site *site);

/* ---- main_log.c ---- */

/* The log goes where the configuration says: a file that is replaced when it is full (the old ones
 * are kept as file.1, file.2, ...), or standard error.  CLI_OK, or the exit status. */
struct main_log;
int main_log_open(const struct cli_site *site, struct main_log **ret_log);
/* Back to standard error.  NULL is fine. */
void main_log_close(struct main_log *log);

#endif
