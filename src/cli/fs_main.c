/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <string.h>

#include "base/mem.h"
#include "cli/commands.h"
#include "cli/fs.h"

enum { OPTIONS_MAX = 16 };

#define COPY_THREADS "[-t <thread count>] [-q <thread pool queue size>]"
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
#undef COPY_THREADS
};

static const struct fs_command *find_command(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(commands); i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

/* ---- usage ---- */

static void print_all_usages(FILE *out)
{
	fprintf(out, "Usage: hadoop fs [generic options]\n");
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		fprintf(out, "\t[-%s %s]\n", commands[i].name, commands[i].usage);
	fputc('\n', out);
	cli_print_generic_options(out);
	fputc('\n', out);
}

static void print_usage(FILE *out, const struct fs_command *command)
{
	fprintf(out, "Usage: hadoop fs [generic options] -%s %s\n", command->name, command->usage);
}

int fs_usage_error(struct shell *shell, const char *format, ...)
{
	va_list args;

	shell->status = FS_EXIT_USAGE;
	fflush(stdout);
	fprintf(stderr, "-%s: ", shell->command);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	print_all_usages(stderr);
	print_usage(stderr, find_command(shell->command));
	return FS_EXIT_USAGE;
}

static void print_help(FILE *out, const struct fs_command *command)
{
	fprintf(out, "-%s %s :\n  %s\n", command->name, command->usage, command->summary);
}

static int about_commands(struct shell *shell, const struct fs_options *options,
                          void (*print)(FILE *out, const struct fs_command *command))
{
	if (options->count == 0)
		print_all_usages(stdout);
	for (size_t i = 0; i < options->count; i++) {
		const struct fs_command *command = find_command(options->arguments[i]);

		if (command == NULL)
			return fs_usage_error(shell, "`%s': Unknown command",
			                      options->arguments[i]);
		print(stdout, command);
	}
	return 0;
}

int fs_usage(struct shell *shell, const struct fs_options *options)
{
	return about_commands(shell, options, print_usage);
}

int fs_help(struct shell *shell, const struct fs_options *options)
{
	int status = about_commands(shell, options, print_help);

	for (size_t i = 0; options->count == 0 && i < COUNT_OF(commands); i++)
		print_help(stdout, &commands[i]);
	return status;
}

/* ---- options of a command ---- */

/* What may stand behind an option; see fs_commands.def. */
enum value_kind {
	VALUE_NONE = 0,
	VALUE_IF_WORDS_ARE_LEFT = '=',
	VALUE_ALWAYS = '!',
	VALUE_IN_WORD = '+',
};

/* Bit of the word among the space-separated options; < 0: none. */
static int option_bit(const char *options, const char *word, enum value_kind *ret_kind)
{
	size_t length = strlen(word);
	int bit = 0;

	for (const char *at = options; *at != '\0'; bit++) {
		size_t size = strcspn(at, " ");
		enum value_kind kind = strchr("=!+", at[size - 1]) != NULL
		                               ? (enum value_kind)at[size - 1]
		                               : VALUE_NONE;
		size_t name = size - (kind != VALUE_NONE);

		if ((name == length || (kind == VALUE_IN_WORD && name < length)) &&
		    memcmp(at, word, name) == 0) {
			*ret_kind = kind;
			return bit;
		}
		at += size;
		at += *at == ' ';
	}
	return -1;
}

/* A command's words, sorted into options and arguments (HDFS: CommandFormat). */
struct parse {
	struct fs_options options;
	const char *values[OPTIONS_MAX];
	const char **arguments;
	size_t count;
};

/* find's expressions look like options, and names of commands may have their dash. */
static bool reads_its_own_options(const struct fs_command *command)
{
	return command->run == fs_find || command->run == fs_help || command->run == fs_usage;
}

static bool takes_unknown(const struct fs_command *command)
{
	return strchr(command->options, '*') != NULL;
}

/* One word that looks like an option; *at moves past its value.  0, or the exit status. */
static int take_option(struct shell *shell, const struct fs_command *command, struct parse *parse,
                       char **words, size_t count, size_t *at)
{
	const char *word = words[(*at)++];
	enum value_kind kind = VALUE_NONE;
	int bit = option_bit(command->options, word + 1, &kind);
	bool is_value = kind == VALUE_ALWAYS ||
	                (kind == VALUE_IF_WORDS_ARE_LEFT && count - *at > command->arguments_min &&
	                 words[*at][0] != '-');

	if (bit < 0 && takes_unknown(command)) {
		parse->arguments[parse->count++] = word;
		return 0;
	}
	if (bit < 0 || (kind == VALUE_IN_WORD && parse->options.given & BIT(bit)))
		return fs_usage_error(shell, "Illegal option %s", word);
	if (kind == VALUE_ALWAYS && *at == count)
		return fs_usage_error(shell, "option %s requires 1 argument.", word);
	parse->options.given |= BIT(bit);
	parse->values[bit] = is_value ? words[(*at)++] : kind == VALUE_IN_WORD ? word + 2 : "";
	return 0;
}

/* Options come first; "-" alone is standard input, "--" ends them. */
static int parse_words(struct shell *shell, const struct fs_command *command, char **words,
                       size_t count, struct parse *parse)
{
	size_t at = 0;

	while (at < count && words[at][0] == '-' && words[at][1] != '\0' &&
	       !reads_its_own_options(command)) {
		int status;

		if (strcmp(words[at], "--") == 0) {
			at++;
			break;
		}
		status = take_option(shell, command, parse, words, count, &at);
		if (status != 0)
			return status;
	}
	while (at < count)
		parse->arguments[parse->count++] = words[at++];
	if (parse->count < command->arguments_min)
		return fs_usage_error(shell, "Not enough arguments: expected %zu but got %zu",
		                      command->arguments_min, parse->count);
	if (parse->count > command->arguments_max)
		return fs_usage_error(shell, "Too many arguments: expected %zu but got %zu",
		                      command->arguments_max, parse->count);
	parse->options.values = parse->values;
	parse->options.arguments = parse->arguments;
	parse->options.count = parse->count;
	return 0;
}

/* ---- the shell ---- */

/* The file system that the command is about: of the first argument with an authority. */
static struct str uri_among(const struct fs_options *options)
{
	static const char *const schemes[] = {"hdfs://", "alluxio://"};

	for (size_t i = 0; i < options->count; i++) {
		for (size_t k = 0; k < COUNT_OF(schemes); k++) {
			const char *argument = options->arguments[i];
			size_t length = strlen(schemes[k]);

			if (strncmp(argument, schemes[k], length) == 0 && argument[length] != '/')
				return str_of(argument);
		}
	}
	return (struct str){0};
}

static int run(struct shell *shell, const struct fs_command *command, char **words, size_t count)
{
	struct parse parse = {.arguments = mem_must_alloc((count + 1) * sizeof(char *))};
	int status;

	shell->command = command->name;
	status = parse_words(shell, command, words, count, &parse);
	if (status == 0 && command->run != fs_help && command->run != fs_usage &&
	    shell_open(shell, uri_among(&parse.options)) != CLI_OK)
		status = FS_EXIT_FAILED;
	if (status == 0)
		status = command->run(shell, &parse.options);
	if (fflush(stdout) != 0 && status == 0 && shell->status == 0)
		fs_error(shell, "standard output cannot be written");
	mem_free(parse.arguments);
	return status != 0 ? status : shell->status;
}

static int unknown_command(const char *word)
{
	fprintf(stderr, "%s: Unknown command\n", word);
	if (word[0] != '-' && find_command(word) != NULL)
		fprintf(stderr, "Did you mean -%s?  This command begins with a dash.\n", word);
	print_all_usages(stderr);
	return FS_EXIT_USAGE;
}

int cmd_fs(int argc, char **argv)
{
	struct shell shell = {0};
	const struct fs_command *command;
	int at, status;

	status = cli_client_init(&shell.site, "fs", argc, argv, &at);
	if (status != CLI_OK)
		return status == CLI_USAGE ? FS_EXIT_USAGE : status;
	command = at < argc && argv[at][0] == '-' ? find_command(argv[at] + 1) : NULL;
	if (command != NULL) {
		status = run(&shell, command, argv + at + 1, (size_t)(argc - at - 1));
	} else if (at < argc) {
		status = unknown_command(argv[at]);
	} else {
		print_all_usages(stderr);
		status = FS_EXIT_USAGE;
	}
	shell_close(&shell);
	return status;
}
