/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which command of `alluxio fsadmin` the words are for; commands may have commands of their own.
 */
#include <string.h>

#include "base/err.h"
#include "cli/absent.h"
#include "cli/commands.h"
#include "cli/fsadmin.h"

/* ---- the tree of commands ---- */

static int no_checkpoint(struct shell *shell, const struct alluxio_options *options)
{
	(void)shell;
	(void)options;
	return alluxio_fail("Every master takes its checkpoints by itself, and without a pause; to "
	                    "take one by command is not supported.");
}

static const struct alluxio_command quorum_commands[] = {
        {.name = "elect",
         .usage = "-address <HOSTNAME:PORT>",
         .summary = "Transfers leadership of the quorum to the master located at "
                    "<hostname>:<port>",
         .options = "address=",
         .run = fsadmin_quorum_elect},
        {.name = "info",
         .usage = "-domain <[MASTER, JOB_MASTER]>\n",
         .summary = "Shows quorum information for embedded journal.",
         .options = "domain=",
         .run = fsadmin_quorum_info},
        {.name = "remove",
         .usage = "-domain <MASTER|JOB_MASTER>\n -address <HostName:Port>",
         .summary = "Removes a server from embedded journal quorum.",
         .options = "domain= address=",
         .run = fsadmin_quorum_remove},
        {0},
};

static const struct alluxio_command journal_commands[] = {
        {.name = "checkpoint",
         .usage = "",
         .summary = "creates a checkpoint in the primary master journal system.",
         .options = "",
         .run = no_checkpoint},
        {.name = "quorum",
         .usage = "[remove] [elect] [info]",
         .summary = "Manage embedded journal quorum configuration. See sub-commands' "
                    "descriptions for more details.",
         .commands = quorum_commands},
        {0},
};

static const struct alluxio_command top_commands[] = {
        {.name = "journal",
         .usage = "[checkpoint] [quorum]",
         .summary = "Provide operations for the journal. See sub-commands' descriptions for more "
                    "details.",
         .commands = journal_commands},
        {.name = "report",
         .usage = "[category] [category args]",
         .summary = "Report Alluxio running cluster information.",
         .options = "live lost workers=", /* of its category capacity */
         .arguments_max = SIZE_MAX,
         .run = fsadmin_report},
        {0},
};

static const struct alluxio_command *find(const struct alluxio_command *commands, const char *name)
{
	for (; commands->name != NULL; commands++) {
		if (strcmp(commands->name, name) == 0)
			return commands;
	}
	return NULL;
}

/* Goes down to the command that the words name; *words is then behind it.  NULL: printed. */
static const struct alluxio_command *descend(const struct alluxio_command *command,
                                             const char *const **words)
{
	while (command->commands != NULL) {
		const struct alluxio_command *next;

		if (**words == NULL) {
			alluxio_usage_error(command, "No sub-command is specified");
			return NULL;
		}
		next = find(command->commands, **words);
		if (next == NULL) {
			alluxio_usage_error(command, "Unknown sub-command: %s", **words);
			return NULL;
		}
		command = next;
		++*words;
	}
	return command;
}

/* ---- the shell ---- */

void fsadmin_tell(const struct buf *why)
{
	fflush(stdout);
	fprintf(stderr, "%.*s\n", STR_ARGS(buf_str(why)));
}

static int run(struct shell *shell, const struct alluxio_command *command, const char *const *words)
{
	struct alluxio_options options;
	int rc;

	command = descend(command, &words);
	if (command == NULL)
		return ALLUXIO_EXIT_FAILED;
	rc = alluxio_options_read(command, words, &options);
	if (rc == 0)
		rc = command->run(shell, &options);
	alluxio_options_finish(&options);
	return rc < 0 ? ALLUXIO_EXIT_FAILED : 0;
}

/* No word at all, or one that is no command. */
static int refuse(const char *word)
{
	const char *instead = word == NULL ? NULL : cli_absent("fsadmin", word);

	if (instead != NULL) {
		alluxio_fail("%s", instead);
		return ALLUXIO_EXIT_FAILED;
	}
	if (word != NULL)
		fprintf(stderr, "%s is an unknown command.\n", word);
	alluxio_print_usages("fsadmin", top_commands, COUNT_OF(top_commands) - 1);
	return ALLUXIO_EXIT_FAILED;
}

int cmd_alluxio_fsadmin(int argc, char **argv)
{
	struct shell shell = {0};
	const struct alluxio_command *command;
	int at, status = cli_client_init(&shell.site, "fsadmin", argc, argv, &at);

	if (status != CLI_OK)
		return ALLUXIO_EXIT_FAILED;
	command = at < argc ? find(top_commands, argv[at]) : NULL;
	status = command != NULL ? run(&shell, command, (const char *const *)argv + at + 1)
	                         : refuse(at < argc ? argv[at] : NULL);
	if (fflush(stdout) != 0)
		status = ALLUXIO_EXIT_FAILED;
	shell_close(&shell);
	return status;
}
