/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/err.h"
#include "cli/alluxio.h"
#include "cli/commands.h"

static const struct alluxio_command commands[] = {
#define ALLUXIO_COMMAND(name_, usage_, options_, min, max, function, summary_)                     \
	{.name = (name_),                                                                          \
	 .usage = (usage_),                                                                        \
	 .summary = (summary_),                                                                    \
	 .options = (options_),                                                                    \
	 .arguments_min = (min),                                                                   \
	 .arguments_max = (max),                                                                   \
	 .run = (function)},
#include "cli/alluxio_commands.def"
#undef ALLUXIO_COMMAND
};

static const struct alluxio_command *find_command(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(commands); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

/* ---- help ---- */

static void print_help(const struct alluxio_command *command)
{
	printf("%s: %s\nusage: %s %s\n\n", command->name, command->summary, command->name,
	       command->usage);
}

int alluxio_help(struct shell *shell, const struct alluxio_options *options)
{
	const struct alluxio_command *command =
	        options->count == 0 ? NULL : find_command(options->arguments[0]);

	(void)shell;
	if (options->count > 0 && command == NULL)
		return alluxio_fail("%s is an unknown command.", options->arguments[0]);
	for (size_t i = 0; i < COUNT_OF(commands); i++) {
		if (command == NULL || command == &commands[i])
			print_help(&commands[i]);
	}
	return 0;
}

/* ---- the shell ---- */

/* The masters that the first argument names. */
static struct str uri_among(const struct alluxio_options *options)
{
	static const char scheme[] = "alluxio://";

	for (size_t i = 0; i < options->count; i++) {
		const char *argument = options->arguments[i];

		if (strncmp(argument, scheme, strlen(scheme)) == 0 &&
		    argument[strlen(scheme)] != '/')
			return str_of(argument);
	}
	return (struct str){0};
}

static int run(struct shell *shell, const struct alluxio_command *command, const char *const *words)
{
	struct alluxio_options options;
	int rc = alluxio_options_read(command, words, &options);

	shell->command = command->name;
	if (rc == 0 && command->run != alluxio_help &&
	    shell_open(shell, uri_among(&options)) != CLI_OK)
		rc = -ERR_INVALID;
	if (rc == 0)
		rc = command->run(shell, &options);
	alluxio_options_finish(&options);
	return rc < 0 ? ALLUXIO_EXIT_FAILED : shell->status;
}

int cmd_alluxio_fs(int argc, char **argv)
{
	struct shell shell = {0};
	const struct alluxio_command *command;
	int at, status = cli_client_init(&shell.site, "fs", argc, argv, &at);

	if (status != CLI_OK)
		return ALLUXIO_EXIT_FAILED;
	command = at < argc ? find_command(argv[at]) : NULL;
	if (command != NULL) {
		status = run(&shell, command, (const char *const *)argv + at + 1);
	} else {
		if (at < argc)
			fprintf(stderr, "%s is an unknown command.\n", argv[at]);
		alluxio_print_usages("fs", commands, COUNT_OF(commands));
		status = ALLUXIO_EXIT_FAILED;
	}
	if (fflush(stdout) != 0)
		status = ALLUXIO_EXIT_FAILED;
	shell_close(&shell);
	return status;
}
