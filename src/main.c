/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holdfast COMMAND ARGUMENTS...: chooses the command.
 */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "cli/commands.h"
#include "main_private.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
} commands[] = {
        {"master", main_master, "run a master"},
        {"worker", main_worker, "run a worker"},
        {"fs", cmd_fs, "the file system shell: ls, put, get, ..."},
        {"status", cmd_status, "what the master says of itself"},
        {"journal", cmd_journal, "look into a journal: ls, cat, verify, digest"},
        {"config", cmd_config, "what is configured, and where it stands"},
        {"format", cmd_format, "make an empty journal for a new cluster"},
};

static int usage(void)
{
	fprintf(stderr, "usage: holdfast COMMAND [--conf DIR] [-D key=value] ...\n");
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		fprintf(stderr, "  %-10s %s\n", commands[i].name, commands[i].summary);
	return CLI_USAGE;
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		printf("holdfast %s\n", HOLDFAST_VERSION);
		return CLI_OK;
	}
	for (size_t i = 0; argc > 1 && i < COUNT_OF(commands); i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	}
	return usage();
}
