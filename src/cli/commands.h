/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands that main chooses from.  argv[0] is the command's name, argv[argc] is NULL; the result
 * is the exit status.
 *
 * CMD_X_USAGE: how ours are called, for whoever asks main for help, and for who is told that he is
 * wrong.
 */
#ifndef HOLDFAST_CLI_COMMANDS_H
#define HOLDFAST_CLI_COMMANDS_H

/* ---- our own ---- */

#define CMD_FORMAT_USAGE "holdfast format [--conf DIR] [-D key=value]"
#define CMD_STATUS_USAGE "holdfast status [--conf DIR] [--json] [HOST:PORT]"
#define CMD_CONFIG_USAGE                                                                           \
	"holdfast config [--conf DIR] [-D key=value] list | get KEY | explain KEY | check | docs"
#define CMD_JOURNAL_USAGE                                                                          \
	"holdfast journal [--conf DIR] folder | ls | cat [FROM[-TO]] | verify | digest [--json] "  \
	"[FOLDER]"
#define CMD_QUORUM_USAGE                                                                           \
	"holdfast quorum [--conf DIR] allow|remove|elect HOST:PORT, or recover [--unsafe]"

int cmd_format(int argc, char **argv);
int cmd_status(int argc, char **argv);
struct cli_site;
/* CLI_OK, or the exit status after saying what a master would refuse. */
typedef int cmd_config_judge(const struct cli_site *site);
int cmd_config(int argc, char **argv, cmd_config_judge *judge);
int cmd_journal(int argc, char **argv);
int cmd_quorum(int argc, char **argv);
int cmd_quorum_recover(struct cli_site *site, int argc, char **argv); /* behind that word */

/* ---- Hadoop's ---- */

int cmd_fs(int argc, char **argv); /* hadoop fs, hdfs dfs */
int cmd_haadmin(int argc, char **argv);
int cmd_dfsadmin(int argc, char **argv);
int cmd_getconf(int argc, char **argv);
#define CMD_NAMENODE_USAGE "hdfs namenode [-format [-clusterid cid] [-force] [-nonInteractive]]"
int cmd_hdfs_format(int argc, char **argv); /* hdfs namenode -format */

/* ---- Alluxio's ---- */

int cmd_alluxio_fs(int argc, char **argv);
#define CMD_ALLUXIO_FORMAT_USAGE  "alluxio formatJournal [-Dkey=value]"
#define CMD_ALLUXIO_GETCONF_USAGE "alluxio getConf [--unit UNIT] [--source] [--master] [KEY]"
int cmd_alluxio_format(int argc, char **argv);  /* alluxio formatJournal */
int cmd_alluxio_getconf(int argc, char **argv); /* alluxio getConf */
int cmd_alluxio_fsadmin(int argc, char **argv);

#endif
