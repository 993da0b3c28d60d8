/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands that main chooses from.  argv[0] is the command's name, argv[argc] is NULL; the result
 * is the exit status.
 */
#ifndef HOLDFAST_CLI_COMMANDS_H
#define HOLDFAST_CLI_COMMANDS_H

/* ---- our own ---- */

int cmd_format(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_config(int argc, char **argv);
int cmd_journal(int argc, char **argv);
int cmd_quorum(int argc, char **argv);
struct cli_site;
int cmd_quorum_recover(struct cli_site *site, int argc, char **argv); /* behind that word */

/* ---- Hadoop's ---- */

int cmd_fs(int argc, char **argv); /* hadoop fs, hdfs dfs */
int cmd_haadmin(int argc, char **argv);
int cmd_dfsadmin(int argc, char **argv);
int cmd_getconf(int argc, char **argv);
int cmd_hdfs_format(int argc, char **argv); /* hdfs namenode -format */

/* ---- Alluxio's ---- */

int cmd_alluxio_fs(int argc, char **argv);
int cmd_alluxio_format(int argc, char **argv);  /* alluxio formatJournal */
int cmd_alluxio_getconf(int argc, char **argv); /* alluxio getConf */
int cmd_alluxio_fsadmin(int argc, char **argv);

#endif
