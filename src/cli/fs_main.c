/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/connect.h"
#include "cli/fs.h"

enum { FS_ARENA_BYTES_MAX = 1 << 30 };

static const struct fs_command commands[] = {
#define FS_COMMAND(name_, usage_, options_, min, max, function, summary_)                          \
	{.name = (name_),                                                                          \
	 .usage = (usage_),                                                                        \
	 .summary = (summary_),                                                                    \
	 .options = (options_),                                                                    \
	 .arguments_min = (min),                                                                   \
	 .arguments_max = (max),                                                                   \
	 .run = (function)},
#include "cli/fs_commands.def"
#undef FS_COMMAND
};

/* ---- usage ---- */

static const struct fs_command *find_command(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(commands); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

static void print_all_usages(FILE *out)
{
	fprintf(out, "Usage: hadoop fs [generic options]\n");
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		fprintf(out, "\t[-%s %s]\n", commands[i].name, commands[i].usage);
	fprintf(out, "\nGeneric options supported are:\n"
	             "-conf <configuration file>        specify an application configuration file\n"
	             "-D <property=value>               define a value for a given property\n"
	             "-fs <file:///|hdfs://namenode:port> specify default filesystem URL to use, "
	             "overrides 'fs.defaultFS' property from configurations.\n"
	             "\nThe general command line syntax is:\n"
	             "command [genericOptions] [commandOptions]\n");
}

static void print_usage(FILE *out, const struct fs_command *command)
{
	fprintf(out, "Usage: hadoop fs [generic options] -%s %s\n", command->name, command->usage);
}

int fs_usage_error(struct fs_shell *shell, const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "-%s: ", shell->command->name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	print_all_usages(stderr);
	fputc('\n', stderr);
	print_usage(stderr, shell->command);
	return FS_EXIT_USAGE;
}

int fs_usage(struct fs_shell *shell, const struct fs_options *options)
{
	if (options->count == 0)
		print_all_usages(stdout);
	for (size_t i = 0; i < options->count; i++) {
		const struct fs_command *command = find_command(options->arguments[i]);

		if (command == NULL)
			return fs_usage_error(shell, "`%s': Unknown command",
			                      options->arguments[i]);
		print_usage(stdout, command);
	}
	return 0;
}

static void print_help(const struct fs_command *command)
{
	printf("-%s %s :\n  %s\n", command->name, command->usage, command->summary);
}

int fs_help(struct fs_shell *shell, const struct fs_options *options)
{
	if (options->count == 0) {
		print_all_usages(stdout);
		for (size_t i = 0; i < COUNT_OF(commands); i++) {
			putchar('\n');
			print_help(&commands[i]);
		}
	}
	for (size_t i = 0; i < options->count; i++) {
		const struct fs_command *command = find_command(options->arguments[i]);

		if (command == NULL)
			return fs_usage_error(shell, "`%s': Unknown command",
			                      options->arguments[i]);
		print_help(command);
	}
	return 0;
}

/* ---- options of a command ---- */

/* Bit of the word among the space-separated options; < 0: none. */
static int option_bit(const char *options, const char *word)
{
	size_t length = strlen(word);
	int bit = 0;

	for (const char *at = options; *at != '\0'; bit++) {
		size_t size = strcspn(at, " ");

		if (size == length && memcmp(at, word, length) == 0)
			return bit;
		at += size;
		at += *at == ' ';
	}
	return -1;
}

/* Options come first; "-" alone is standard input, "--" ends them. */
static int parse_options(struct fs_shell *shell, int argc, char **argv, struct fs_options *options)
{
	const struct fs_command *command = shell->command;
	int at = 0;

	*options = (struct fs_options){0};
	for (; at < argc && argv[at][0] == '-' && argv[at][1] != '\0'; at++) {
		int bit = option_bit(command->options, argv[at] + 1);

		if (strcmp(argv[at], "--") == 0) {
			at++;
			break;
		}
		if (bit < 0)
			return fs_usage_error(shell, "Illegal option %s", argv[at]);
		options->given |= 1u << bit;
	}
	options->arguments = argv + at;
	options->count = (size_t)(argc - at);
	if (options->count < command->arguments_min)
		return fs_usage_error(shell, "Not enough arguments: expected %zu but got %zu",
		                      command->arguments_min, options->count);
	if (options->count > command->arguments_max)
		return fs_usage_error(shell, "Too many arguments: expected %zu but got %zu",
		                      command->arguments_max, options->count);
	return 0;
}

/* ---- the shell ---- */

static int open_shell(struct fs_shell *shell)
{
	const struct config *config = shell->site.config;
	int status = cli_connect(&shell->site, &shell->client, &shell->uri, &shell->user);

	if (status != CLI_OK)
		return FS_EXIT_FAILED;
	arena_init(&shell->arena, FS_ARENA_BYTES_MAX);
	shell->home = mem_must_alloc(strlen(shell->user) + 8);
	memcpy(shell->home, "/user/", 6);
	memcpy(shell->home + 6, shell->user, strlen(shell->user) + 1);
	shell->umask = (uint32_t)config_int(config, CONFIG_KEY_FS_PERMISSIONS_UMASK_MODE);
	shell->replication = (uint16_t)config_int(config, CONFIG_KEY_DFS_REPLICATION);
	shell->block_size = config_bytes(config, CONFIG_KEY_DFS_BLOCKSIZE);
	return 0;
}

static void close_shell(struct fs_shell *shell)
{
	client_destroy(shell->client);
	arena_finish(&shell->arena);
	mem_free(shell->uri);
	mem_free(shell->home);
}

static int run_command(struct fs_shell *shell, int argc, char **argv)
{
	struct fs_options options;
	int status;

	shell->command = find_command(argv[0] + 1);
	if (argv[0][0] != '-' || shell->command == NULL) {
		fprintf(stderr, "%s: Unknown command\n", argv[0]);
		if (argv[0][0] != '-' && find_command(argv[0]) != NULL)
			fprintf(stderr, "Did you mean -%s?  This command begins with a dash.\n",
			        argv[0]);
		print_all_usages(stderr);
		return FS_EXIT_USAGE;
	}
	/* find's expressions look like options, and touch's -t has a value: they read their own */
	if (shell->command->run == fs_find || shell->command->run == fs_touch) {
		options = (struct fs_options){.arguments = argv + 1, .count = (size_t)argc - 1};
		status = options.count < shell->command->arguments_min
		                 ? fs_usage_error(shell,
		                                  "Not enough arguments: expected %zu but got 0",
		                                  shell->command->arguments_min)
		                 : 0;
	} else {
		status = parse_options(shell, argc - 1, argv + 1, &options);
	}
	if (status == 0 && shell->command->run != fs_help && shell->command->run != fs_usage)
		status = open_shell(shell);
	if (status == 0)
		status = shell->command->run(shell, &options);
	close_shell(shell);
	if (fflush(stdout) != 0 && status == 0) {
		fs_error(shell, "standard output cannot be written");
		status = FS_EXIT_FAILED;
	}
	return status != 0 ? status : shell->has_failed ? FS_EXIT_FAILED : 0;
}

int cmd_fs(int argc, char **argv)
{
	struct fs_shell shell = {0};
	int next, status;

	status = cli_generic_init(&shell.site, "fs", argc, argv, &next);
	if (status != CLI_OK)
		return status == CLI_USAGE ? FS_EXIT_USAGE : status;
	if (next >= argc) {
		print_all_usages(stderr);
		status = FS_EXIT_USAGE;
	} else {
		status = run_command(&shell, argc - next, argv + next);
	}
	cli_site_finish(&shell.site);
	return status;
}
