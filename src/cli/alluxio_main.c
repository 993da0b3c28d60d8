/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cli/alluxio.h"
#include "cli/commands.h"

enum { OPTIONS_MAX = 16, USAGE_COLUMNS = 60 };

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

/* ---- usage ---- */

static struct str usage_of(struct arena *arena, const struct alluxio_command *command)
{
	return cli_text(arena, "%s%s%s", command->name, command->usage[0] == '\0' ? "" : " ",
	                command->usage);
}

static void print_all_usages(struct arena *arena)
{
	printf("Usage: alluxio fs [generic options]\n");
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		printf("%-*s\n", USAGE_COLUMNS,
		       cli_text(arena, "\t [%.*s]", STR_ARGS(usage_of(arena, &commands[i]))).data);
}

int alluxio_usage_error(const struct alluxio_command *command, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\nUsage: %s%s%s\n%s\n", command->name, command->usage[0] == '\0' ? "" : " ",
	       command->usage, command->summary);
	return -ERR_INVALID;
}

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

/* ---- options of a command ---- */

struct parse {
	struct alluxio_options options;
	const char *values[OPTIONS_MAX];
};

/* One of a command's options, as its row spells it. */
struct option {
	struct str letter, word; /* either may be empty */
	bool has_value;
};

/* Takes the next option off *spec; false at the end. */
static bool next_option(const char **spec, struct option *ret_option)
{
	size_t size = strcspn(*spec, " "), letter = strcspn(*spec, ",= ");
	struct str rest;

	if (size == 0)
		return false;
	ret_option->letter = str_make(*spec, letter);
	ret_option->has_value = (*spec)[size - 1] == '=';
	rest = str_make(*spec + letter, size - letter - ret_option->has_value);
	ret_option->word = rest.size > 0 ? str_make(rest.data + 1, rest.size - 1) : rest;
	*spec += size;
	*spec += **spec == ' ';
	return true;
}

/* Bit of the option of this name; < 0: none. */
static int find_option(const char *spec, struct str name, bool is_word, struct option *ret_option)
{
	for (int bit = 0; next_option(&spec, ret_option); bit++) {
		struct str own = is_word ? ret_option->word : ret_option->letter;

		if (own.size > 0 && str_equal(own, name))
			return bit;
	}
	return -1;
}

/* "--word", "--word=value" or "-x"; -ERR_NOT_FOUND: no option of the command. */
static int take_option(struct parse *parse, const char *name, bool is_word, const char *const *next)
{
	const struct alluxio_command *command = parse->options.command;
	const char *equals = is_word ? strchr(name, '=') : NULL;
	struct str key = equals == NULL ? str_of(name) : str_make(name, (size_t)(equals - name));
	struct option option;
	int bit = find_option(command->options, key, is_word, &option);

	if (bit < 0 || (equals != NULL && !option.has_value))
		return -ERR_NOT_FOUND;
	parse->options.given |= BIT(bit);
	if (!option.has_value)
		return 0;
	parse->values[bit] = equals != NULL ? equals + 1 : *next;
	if (parse->values[bit] == NULL)
		return alluxio_usage_error(command,
		                           "Failed to parse args for %s: Missing argument for "
		                           "option: %.*s",
		                           command->name, STR_ARGS(key));
	return equals == NULL;
}

/* Several letters in one word: none of them has a value. */
static int take_letters(struct parse *parse, const char *letters)
{
	for (; *letters != '\0'; letters++) {
		struct option option;
		int bit = find_option(parse->options.command->options, str_make(letters, 1), false,
		                      &option);

		if (bit < 0 || option.has_value)
			return -ERR_NOT_FOUND;
		parse->options.given |= BIT(bit);
	}
	return 0;
}

/* Options may stand anywhere; "--" ends them.  < 0: printed. */
static int parse_words(struct parse *parse, const char *const *words)
{
	const struct alluxio_command *command = parse->options.command;
	bool ended = false;

	for (; *words != NULL; words++) {
		const char *word = *words;
		int rc;

		if (ended || word[0] != '-' || word[1] == '\0') {
			parse->options.arguments[parse->options.count++] = word;
			continue;
		}
		ended = strcmp(word, "--") == 0;
		if (ended)
			continue;
		rc = word[1] == '-' ? take_option(parse, word + 2, true, words + 1)
		                    : take_option(parse, word + 1, false, words + 1);
		if (rc == -ERR_NOT_FOUND && word[1] != '-')
			rc = take_letters(parse, word + 1);
		if (rc == -ERR_NOT_FOUND)
			return alluxio_usage_error(
			        command, "Failed to parse args for %s: Unrecognized option: %s",
			        command->name, word);
		if (rc < 0)
			return rc;
		words += rc;
	}
	return 0;
}

/* Both copies are one command inside of Alluxio, and say so. */
static const char *counted_name(const struct alluxio_command *command)
{
	return strncmp(command->name, "copy", 4) == 0 ? "cp" : command->name;
}

static int check_count(const struct alluxio_options *options)
{
	const struct alluxio_command *command = options->command;

	if (options->count >= command->arguments_min && options->count <= command->arguments_max)
		return 0;
	if (command->arguments_max == SIZE_MAX)
		return alluxio_usage_error(command,
		                           "Command %s requires at least %zu arguments (%zu "
		                           "provided)",
		                           command->name, command->arguments_min, options->count);
	return alluxio_usage_error(command, "Command %s takes %zu arguments, not %zu",
	                           counted_name(command), command->arguments_min, options->count);
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

static int run(struct shell *shell, const struct alluxio_command *command, int count,
               const char *const *words)
{
	struct parse parse = {.options.command = command};
	int rc;

	shell->command = command->name;
	parse.options.values = parse.values;
	parse.options.arguments = mem_must_alloc((size_t)(count + 1) * sizeof(char *));
	rc = parse_words(&parse, words);
	if (rc == 0)
		rc = check_count(&parse.options);
	if (rc == 0 && command->run != alluxio_help &&
	    shell_open(shell, uri_among(&parse.options)) != CLI_OK)
		rc = -ERR_INVALID;
	if (rc == 0)
		rc = command->run(shell, &parse.options);
	mem_free(parse.options.arguments);
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
		status = run(&shell, command, argc - at, (const char *const *)argv + at + 1);
	} else {
		if (at < argc)
			fprintf(stderr, "%s is an unknown command.\n", argv[at]);
		print_all_usages(&shell.arena);
		status = ALLUXIO_EXIT_FAILED;
	}
	if (fflush(stdout) != 0)
		status = ALLUXIO_EXIT_FAILED;
	shell_close(&shell);
	return status;
}
