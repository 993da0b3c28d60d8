/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands that main chooses from.  argv[0] is the command's name; the result is the exit status.
 */
#ifndef HOLDFAST_CLI_COMMANDS_H
#define HOLDFAST_CLI_COMMANDS_H

int cmd_format(int argc, char **argv);
int cmd_fs(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_config(int argc, char **argv);
int cmd_journal(int argc, char **argv);

#endif
