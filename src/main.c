/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chooses the program by the name it was called under, and the command by the first word.
 *
 * Under the names hdfs, hadoop and alluxio the binary takes those tools' command lines; under any
 * other it is holdfast.  A tool's options that may stand before the command (hdfs --config DIR) or
 * anywhere (alluxio -Dkey=value) are handed to the command as its first ones.
 *
 * Operators and their scripts look for masters and workers by name (pgrep -f AlluxioMaster), so
 * those start once more with that name in front of their command line.
 *
 * --help or -h behind a command shows how it is called.  The file system shells and the tools that
 * have a -help of their own answer as the real ones do, except under the name holdfast.
 *
 * Called as bin/NAME it finds conf/ beside bin/, as Alluxio's tools do, unless the environment
 * names another folder for that tool.
 */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "cli/absent.h"
#include "cli/commands.h"
#include "io/io.h"
#include "main_private.h"
#include "main_replication.h"

enum { PATH_BYTES_MAX = 4096 };

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
	const char *usage;  /* NULL: it explains itself */
	const char *help;   /* more than that; NULL: there is no more to say */
	const char *script; /* instead of run: it has the tool run on several machines ... */
	const char *word;   /* ... this command */
};

struct program {
	const char *name;
	const struct command *commands;
	const char *conf;       /* variable that names its configuration's folder */
	const char *unknown[2]; /* said before and behind a word that is no command */
};

static int version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("holdfast %s\n", HOLDFAST_VERSION);
	return CLI_OK;
}

/* Goes on under that title; returns if it cannot, which keeps nobody from serving. */
static void take_title(char *title, char *command, int argc, char **argv)
{
	char **words = mem_must_zalloc(((size_t)argc + 2) * sizeof(*words));

	words[0] = title;
	words[1] = command;
	for (int i = 1; i < argc; i++)
		words[i + 1] = argv[i];
	(void)io_become_self(words);
	mem_free(words);
}

static int master(int argc, char **argv)
{
	char title[] = MAIN_MASTER_TITLE, command[] = "master";

	take_title(title, command, argc, argv);
	return main_master(argc, argv);
}

static int worker(int argc, char **argv)
{
	char title[] = MAIN_WORKER_TITLE, command[] = "worker";

	take_title(title, command, argc, argv);
	return main_worker(argc, argv);
}

/* hdfs namenode: a master, or -format. */
static int namenode(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *instead = cli_absent("namenode", argv[i]);

		if (strcmp(argv[i], "-format") == 0)
			return cmd_hdfs_format(argc, argv);
		if (instead != NULL) {
			fprintf(stderr, "hdfs namenode %s: %s\n", argv[i], instead);
			return CLI_FAILURE;
		}
	}
	return master(argc, argv);
}

static int judge_configuration(const struct cli_site *site)
{
	int status = main_check_served(site);

	return status != CLI_OK ? status : replication_check(site);
}

static int config(int argc, char **argv)
{
	return cmd_config(argc, argv, judge_configuration);
}

#define MASTER_HELP                                                                                \
	"  --form  form a cluster although others of the configured masters are silent; only if\n" \
	"          none of those belongs to a cluster already\n"
#define STATUS_HELP                                                                                \
	"Without HOST:PORT: the primary, or the first configured master that answers.\n"           \
	"Exit status: 0 primary, 10 standby, 11 between the two, 1 no answer.\n"
#define QUORUM_HELP                                                                                \
	"  allow    a new master at that address, which is in nobody's list, may join\n"           \
	"  remove   the master there leaves; if it is primary, another becomes that first\n"       \
	"  elect    the master there becomes primary\n"                                            \
	"  recover  this master, which does not run, becomes a quorum of one, for most of the\n"   \
	"           others are gone for ever; changes nothing without --unsafe\n"
#define JOURNAL_HELP                                                                               \
	"  folder  where the journal lies\n"                                                       \
	"  ls      files, with the entries they hold\n"                                            \
	"  cat     entries, one a line\n"                                                          \
	"  verify  checks every byte; exit status 1 if anything is wrong\n"                        \
	"  digest  the namespace's digest after replaying every segment from the beginning\n"      \
	"Without FOLDER: the one that is configured; a master may be running in it.\n"
#define CONFIG_HELP                                                                                \
	"  list     every value, and the file and line it comes from\n"                            \
	"  get      one value alone\n"                                                             \
	"  explain  one value with its unit, default, what is allowed, and what it is for\n"       \
	"  check    what is wrong, and what has no effect; exit status 1 if it is refused\n"       \
	"  docs     the page of all properties\n"

static const struct command holdfast_commands[] = {
        {"master", master, "run a master", MAIN_MASTER_USAGE, MASTER_HELP},
        {"worker", worker, "run a worker", MAIN_WORKER_USAGE},
        {"fs", cmd_fs, "the file system shell: -ls, -put, -get, ..."},
        {"status", cmd_status, "what the master says of itself", CMD_STATUS_USAGE, STATUS_HELP},
        {"quorum", cmd_quorum, "changes of the masters' quorum: allow, remove, elect, recover",
         CMD_QUORUM_USAGE, QUORUM_HELP},
        {"journal", cmd_journal, "look into a journal: folder, ls, cat, verify, digest",
         CMD_JOURNAL_USAGE, JOURNAL_HELP},
        {"config", config, "what is configured, and where it stands", CMD_CONFIG_USAGE,
         CONFIG_HELP},
        {"format", cmd_format, "make an empty journal for a new cluster", CMD_FORMAT_USAGE},
        {"haadmin", cmd_haadmin, "states and health of all masters"},
        {"dfsadmin", cmd_dfsadmin, "safe mode, report of workers"},
        {0},
};

static const struct command hdfs_commands[] = {
        {"dfs", cmd_fs, "run a filesystem command on the file system"},
        {"namenode", namenode, "run a master; -format makes an empty journal", CMD_NAMENODE_USAGE},
        {"datanode", worker, "run a worker", "hdfs datanode"},
        {"haadmin", cmd_haadmin, "states and health of all masters"},
        {"dfsadmin", cmd_dfsadmin, "safe mode, report of workers"},
        {"getconf", cmd_getconf, "values of the configuration"},
        {"version", version, "print the version"},
        {0},
};

static const struct command hadoop_commands[] = {
        {"fs", cmd_fs, "run a filesystem command on the file system"},
        {"version", version, "print the version"},
        {0},
};

static const struct command alluxio_commands[] = {
        {"fs", cmd_alluxio_fs, "the file system shell: ls, copyFromLocal, ..."},
        {"fsadmin", cmd_alluxio_fsadmin, "for administrators: the quorum, a report"},
        {"formatJournal", cmd_alluxio_format, "make an empty journal for a new cluster",
         CMD_ALLUXIO_FORMAT_USAGE},
        {"formatMasters", .summary = "the same on every host of conf/masters",
         .usage = "alluxio formatMasters", .script = "alluxio-masters.sh", .word = "formatJournal"},
        {"getConf", cmd_alluxio_getconf, "values of the configuration", CMD_ALLUXIO_GETCONF_USAGE},
        {"master", master, "run a master", "alluxio master"},
        {"worker", worker, "run a worker", "alluxio worker"},
        {"version", version, "print the version"},
        {0},
};

static const struct command master_commands[] = {
        {"master", main_master, "run a master"},
        {0},
};

static const struct command worker_commands[] = {
        {"worker", main_worker, "run a worker"},
        {0},
};

static const struct program programs[] = {
        {"holdfast", holdfast_commands, "ALLUXIO_CONF_DIR", {"unknown command: ", ""}},
        {"hdfs",
         hdfs_commands,
         "HADOOP_CONF_DIR",
         {"ERROR: ", " is not COMMAND nor fully qualified CLASSNAME."}},
        {"hadoop",
         hadoop_commands,
         "HADOOP_CONF_DIR",
         {"ERROR: ", " is not COMMAND nor fully qualified CLASSNAME."}},
        {"alluxio", alluxio_commands, "ALLUXIO_CONF_DIR", {"Unsupported command ", ""}},
        {MAIN_MASTER_TITLE, master_commands, NULL, {"unknown command: ", ""}},
        {MAIN_WORKER_TITLE, worker_commands, NULL, {"unknown command: ", ""}},
};

static const struct program *find_program(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;

	for (size_t i = 0; i < COUNT_OF(programs); i++) {
		if (strcmp(programs[i].name, name) == 0)
			return &programs[i];
	}
	return &programs[0];
}

static bool is_ours(const struct program *program)
{
	return program->commands == holdfast_commands;
}

/* Of holdfast either tool's variable is the operator's word. */
static void find_conf(const struct program *program)
{
	if (program->conf != NULL &&
	    !(is_ours(program) && io_environment(/* io= */ NULL, "HADOOP_CONF_DIR") != NULL))
		io_environment_beside(program->conf, "conf");
}

static const struct command *find_command(const struct program *program, const char *word)
{
	for (const struct command *command = program->commands; command->name != NULL; command++) {
		if (strcmp(command->name, word) == 0)
			return command;
	}
	return NULL;
}

/* Words that belong to every command of the tool. */
static bool is_for_all(const struct program *program, const char *word)
{
	return program->commands == alluxio_commands && strncmp(word, "-D", 2) == 0 &&
	       word[2] != '\0';
}

/* Goes on as a script in the tool's folder, which has the tool run on other machines. */
static int run_script(const struct command *command, const char *tool)
{
	const char *slash = strrchr(tool, '/');
	int folder = slash == NULL ? 0 : (int)(slash + 1 - tool);
	char path[PATH_BYTES_MAX], name[] = "alluxio", word[PATH_BYTES_MAX];
	char *words[] = {path, name, word, NULL};
	int rc;

	snprintf(path, sizeof(path), "%.*s%s", folder, tool, command->script);
	snprintf(word, sizeof(word), "%s", command->word);
	rc = io_become(path, words);
	fprintf(stderr, "%s cannot be run: %s\n", path, err_text(rc));
	return CLI_FAILURE;
}

/* The command's own argv: its name, options that stood elsewhere, the rest. */
static int run(const struct program *program, const struct command *command, int before, int argc,
               char **argv)
{
	char **words = mem_must_zalloc(((size_t)argc + 1) * sizeof(*words));
	int count = 0, status;

	words[count++] = argv[before];
	for (int i = 1; i < before; i++)
		words[count++] = argv[i];
	for (int i = before + 1; i < argc; i++) {
		if (is_for_all(program, argv[i]))
			words[count++] = argv[i];
	}
	for (int i = before + 1; i < argc; i++) {
		if (!is_for_all(program, argv[i]))
			words[count++] = argv[i];
	}
	status = command->run(count, words);
	mem_free(words);
	return status;
}

static bool is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* Whether these words of a command ask how it is called. */
static bool asks_for_help(const struct command *command, int argc, char **argv)
{
	for (int i = 0; command->usage != NULL && i < argc; i++) {
		if (is_help(argv[i]))
			return true;
	}
	return false;
}

static int explain(const struct command *command)
{
	printf("Usage: %s\n%s: %s\n%s", command->usage, command->name, command->summary,
	       command->help == NULL ? "" : command->help);
	return CLI_OK;
}

static int usage(const struct program *program, int status)
{
	FILE *out = status == CLI_OK ? stdout : stderr;
	const char *own = is_ours(program) ? " COMMAND [--conf DIR] [-D key=value] ..."
	                                   : " COMMAND [ARGUMENTS]";

	fprintf(out, "Usage: %s%s\n", program->name, own);
	for (const struct command *command = program->commands; command->name != NULL; command++)
		fprintf(out, "  %-14s %s\n", command->name, command->summary);
	return status;
}

static int refuse(const struct program *program, const char *word, int status)
{
	const char *instead = cli_absent(program->name, word);

	if (instead != NULL) {
		fprintf(stderr, "%s %s: %s\n", program->name, word, instead);
		return status;
	}
	fprintf(stderr, "%s%s%s\n", program->unknown[0], word, program->unknown[1]);
	return usage(program, status);
}

int main(int argc, char **argv)
{
	const struct program *program = find_program(argc > 0 ? argv[0] : "holdfast");
	const int status = is_ours(program) ? CLI_USAGE : 1;
	const struct command *command;
	char dash_help[] = "-help"; /* as tools with commands of their own have it */
	int at = 1;

	find_conf(program);
	if (argc > 1 && strcmp(argv[1], "--version") == 0)
		return version(argc, argv);
	if (argc > 1 && is_help(argv[1]))
		return usage(program, CLI_OK);
	while (at + 1 < argc && strcmp(argv[at], "--config") == 0)
		at += 2;
	if (at >= argc)
		return usage(program, status);
	command = find_command(program, argv[at]);
	if (command != NULL && asks_for_help(command, argc - at - 1, argv + at + 1))
		return explain(command);
	if (command != NULL && at + 1 < argc && is_help(argv[at + 1]) && is_ours(program))
		argv[at + 1] = dash_help;
	if (command != NULL && command->script != NULL)
		return run_script(command, argv[0]);
	if (command != NULL)
		return run(program, command, at, argc, argv);
	return refuse(program, argv[at], status);
}
