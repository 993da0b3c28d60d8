/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hdfs dfsadmin -safemode ..., -report: Hadoop 3.4's texts and exit codes.
 */
#include <stdarg.h>
#include <string.h>

#include "base/err.h"
#include "cli/commands.h"
#include "cli/connect.h"
#include "cli/dfsadmin.h"

enum { DFSADMIN_EXIT_FAILED = 255, SAFE_MODE_PAUSE_MS = 1000 };

static const char safe_mode_usage[] =
        "Usage: hdfs dfsadmin [-safemode enter | leave | get | wait | forceExit]\n";

static void print_usage(FILE *out)
{
	fprintf(out, "Usage: hdfs dfsadmin\n"
	             "Note: Administrative commands can only be run as the HDFS superuser.\n"
	             "\t[-report [-live] [-dead] [-decommissioning] [-enteringmaintenance] "
	             "[-inmaintenance] [-slownodes]]\n"
	             "\t[-safemode <enter | leave | get | wait | forceExit>]\n"
	             "\t[-help [cmd]]\n\n");
	cli_print_generic_options(out);
	fputc('\n', out);
}

int dfsadmin_call_failed(const struct shell *shell)
{
	struct str text = client_failure(shell->client)->text;
	const char *newline = text.size == 0 ? NULL : memchr(text.data, '\n', text.size);

	if (newline != NULL)
		text.size = (size_t)(newline - text.data);
	fflush(stdout);
	fprintf(stderr, "%s: %.*s\n", shell->command, STR_ARGS(text));
	return DFSADMIN_EXIT_FAILED;
}

/* ---- safe mode ---- */

static const struct {
	const char *word;
	Hdfs__SafeModeAction action;
	bool waits;
} actions[] = {
        {"get", HDFS__SAFE_MODE_ACTION__SAFEMODE_GET, false},
        {"wait", HDFS__SAFE_MODE_ACTION__SAFEMODE_GET, true},
        {"enter", HDFS__SAFE_MODE_ACTION__SAFEMODE_ENTER, false},
        {"leave", HDFS__SAFE_MODE_ACTION__SAFEMODE_LEAVE, false},
        {"forceExit", HDFS__SAFE_MODE_ACTION__SAFEMODE_FORCE_EXIT, false},
};
enum { FIRST_CHANGE = 2 };

/* One master, or the one that answers; `where` is printed behind. */
static int apply(struct shell *shell, size_t action, const char *where)
{
	bool is_on = true;

	do {
		if (client_set_safe_mode(shell->client, actions[action].action, &is_on) < 0)
			return dfsadmin_call_failed(shell);
		if (is_on && actions[action].waits)
			client_pause(shell->site.io, SAFE_MODE_PAUSE_MS);
	} while (is_on && actions[action].waits);
	printf("Safe mode is %s%s\n", is_on ? "ON" : "OFF", where);
	return 0;
}

static int apply_to_one(struct shell *shell, size_t action, const struct client_address *address)
{
	struct str where =
	        cli_text(&shell->arena, " in " HOST_PORT_FORMAT, HOST_PORT_ARGS(*address));
	struct cli_patience patience = cli_patient;
	struct cli_addresses one;
	int status;

	patience.refused_ms = 0;
	client_destroy(shell->client);
	shell->client = NULL;
	cli_addresses_of(str_of(address->host), address->port, &one);
	status = cli_connect(&shell->site, &one, &patience, &shell->client);
	cli_addresses_finish(&one);
	return status == CLI_OK ? apply(shell, action, where.data) : DFSADMIN_EXIT_FAILED;
}

/* All masters of a nameservice have one safe mode, which the primary changes. */
static int change_all(struct shell *shell, size_t action, const struct cli_addresses *all)
{
	bool is_on;

	if (client_set_safe_mode(shell->client, actions[action].action, &is_on) < 0)
		return dfsadmin_call_failed(shell);
	for (size_t i = 0; i < all->count; i++)
		printf("Safe mode is %s in " HOST_PORT_FORMAT "\n", is_on ? "ON" : "OFF",
		       HOST_PORT_ARGS(all->items[i]));
	return 0;
}

/* Each is asked by itself. */
static int ask_all(struct shell *shell, size_t action, const struct cli_addresses *all)
{
	int status = 0;

	for (size_t i = 0; i < all->count; i++) {
		if (apply_to_one(shell, action, &all->items[i]) != 0)
			status = DFSADMIN_EXIT_FAILED;
	}
	return status;
}

static int safe_mode(struct shell *shell, const char *word)
{
	struct cli_addresses all;
	size_t action = 0;
	int status;

	while (action < COUNT_OF(actions) && strcmp(actions[action].word, word) != 0)
		action++;
	if (action == COUNT_OF(actions)) {
		fputs(safe_mode_usage, stderr);
		return 0; /* as the real tool ends */
	}
	if (cli_addresses_find(&shell->site, (struct str){0}, &all) != CLI_OK)
		return DFSADMIN_EXIT_FAILED;
	if (all.count == 1)
		status = apply(shell, action, "");
	else
		status = action >= FIRST_CHANGE ? change_all(shell, action, &all)
		                                : ask_all(shell, action, &all);
	cli_addresses_finish(&all);
	return status;
}

/* ---- the command line ---- */

static int run(struct shell *shell, int argc, char **argv)
{
	const char *word = argc > 0 ? argv[0] : "";

	shell->command = word + (word[0] == '-');
	if (strcmp(word, "-help") == 0) {
		print_usage(stdout);
		return 0;
	}
	if (strcmp(word, "-safemode") == 0 && argc != 2) {
		fputs(safe_mode_usage, stderr);
		return DFSADMIN_EXIT_FAILED;
	}
	if (strcmp(word, "-safemode") == 0 || strcmp(word, "-report") == 0) {
		if (shell_open(shell, (struct str){0}) != CLI_OK)
			return DFSADMIN_EXIT_FAILED;
		return word[1] == 's' ? safe_mode(shell, argv[1])
		                      : dfsadmin_report(shell, argc - 1, argv + 1);
	}
	if (argc > 0)
		fprintf(stderr, "%s: Unknown command\n", shell->command);
	print_usage(stderr);
	return DFSADMIN_EXIT_FAILED;
}

int cmd_dfsadmin(int argc, char **argv)
{
	struct shell shell = {0};
	int next, status = cli_client_init(&shell.site, "dfsadmin", argc, argv, &next);

	if (status != CLI_OK)
		return DFSADMIN_EXIT_FAILED;
	status = run(&shell, argc - next, argv + next);
	shell_close(&shell);
	return status;
}
