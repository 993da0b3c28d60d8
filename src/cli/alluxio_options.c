/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options and arguments of one of Alluxio's commands, as its row describes them, and what is
 * said when they do not fit.
 */
#include <stdarg.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cli/alluxio.h"

enum { OPTIONS_MAX = 16, USAGE_COLUMNS = 60 };

/* ---- usage ---- */

void alluxio_print_usages(const char *shell, const struct alluxio_command *commands, size_t count)
{
	printf("Usage: alluxio %s [generic options]\n", shell);
	for (size_t i = 0; i < count; i++) {
		const struct alluxio_command *command = &commands[i];
		int width = printf("\t [%s%s%s]", command->name,
		                   command->usage[0] == '\0' ? "" : " ", command->usage);

		printf("%*s\n", width < USAGE_COLUMNS ? USAGE_COLUMNS - width : 0, "");
	}
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

/* ---- options of a command ---- */

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
static int take_option(struct alluxio_options *options, const char *name, bool is_word,
                       const char *const *next)
{
	const struct alluxio_command *command = options->command;
	const char *equals = is_word ? strchr(name, '=') : NULL;
	struct str key = equals == NULL ? str_of(name) : str_make(name, (size_t)(equals - name));
	struct option option;
	int bit = find_option(command->options, key, is_word, &option);

	if (bit < 0 || (equals != NULL && !option.has_value))
		return -ERR_NOT_FOUND;
	options->given |= BIT(bit);
	if (!option.has_value)
		return 0;
	options->values[bit] = equals != NULL ? equals + 1 : *next;
	if (options->values[bit] == NULL)
		return alluxio_usage_error(command,
		                           "Failed to parse args for %s: Missing argument for "
		                           "option: %.*s",
		                           command->name, STR_ARGS(key));
	return equals == NULL;
}

/* Several letters in one word: none of them has a value. */
static int take_letters(struct alluxio_options *options, const char *letters)
{
	for (; *letters != '\0'; letters++) {
		struct option option;
		int bit = find_option(options->command->options, str_make(letters, 1), false,
		                      &option);

		if (bit < 0 || option.has_value)
			return -ERR_NOT_FOUND;
		options->given |= BIT(bit);
	}
	return 0;
}

/* Options may stand anywhere; "--" ends them.  < 0: printed. */
static int parse_words(struct alluxio_options *options, const char *const *words)
{
	const struct alluxio_command *command = options->command;
	bool ended = false;

	for (; *words != NULL; words++) {
		const char *word = *words;
		int rc;

		if (ended || word[0] != '-' || word[1] == '\0') {
			options->arguments[options->count++] = word;
			continue;
		}
		ended = strcmp(word, "--") == 0;
		if (ended)
			continue;
		rc = word[1] == '-' ? take_option(options, word + 2, true, words + 1)
		                    : take_option(options, word + 1, false, words + 1);
		if (rc == -ERR_NOT_FOUND && word[1] != '-')
			rc = take_letters(options, word + 1);
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

int alluxio_options_read(const struct alluxio_command *command, const char *const *words,
                         struct alluxio_options *ret_options)
{
	size_t count = OPTIONS_MAX;
	int rc;

	while (words[count - OPTIONS_MAX] != NULL)
		count++;
	*ret_options = (struct alluxio_options){.command = command};
	ret_options->values = mem_must_zalloc((count + 1) * sizeof(char *));
	ret_options->arguments = ret_options->values + OPTIONS_MAX;
	rc = parse_words(ret_options, words);
	return rc == 0 ? check_count(ret_options) : rc;
}

void alluxio_options_finish(struct alluxio_options *options)
{
	mem_free(options->values);
}
