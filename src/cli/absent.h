/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What to say to those who type a command of the real tools that this version does not have: it is
 * no spelling mistake, and a list of all commands is no answer.
 */
#ifndef HOLDFAST_CLI_ABSENT_H
#define HOLDFAST_CLI_ABSENT_H

/* Words are written with their dash.  NULL: nobody would expect that one. */
const char *cli_absent(const char *tool, const char *word);

#endif
