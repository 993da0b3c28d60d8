/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stat, test.
 */
#include <string.h>

#include "cli/fs.h"

/* ---- stat ---- */

static void print_time(uint64_t wall_ms)
{
	char text[TIME_TEXT_BYTES];

	shell_time_text(wall_ms, TIME_SECONDS_UTC, text);
	fputs(text, stdout);
}

static void print_letter(const struct fs_item *item, char letter)
{
	const struct wire_file_status *status = &item->status;
	char mode[11];

	switch (letter) {
	case 'a': printf("%o", status->mode); break;
	case 'A':
		shell_mode_text(status, mode);
		fputs(mode + 1, stdout);
		break;
	case 'b': printf("%llu", (unsigned long long)status->length); break;
	case 'F': fputs(shell_is_directory(status) ? "directory" : "regular file", stdout); break;
	case 'g': printf("%.*s", STR_ARGS(status->group)); break;
	case 'n': printf("%.*s", STR_ARGS(shell_name_of(item->at.path))); break;
	case 'o': printf("%llu", (unsigned long long)status->block_size); break;
	case 'r': printf("%u", status->replication); break;
	case 'u': printf("%.*s", STR_ARGS(status->owner)); break;
	case 'x': print_time(status->atime); break;
	case 'X': printf("%llu", (unsigned long long)status->atime); break;
	case 'y': print_time(status->mtime); break;
	case 'Y': printf("%llu", (unsigned long long)status->mtime); break;
	default: putchar(letter); break;
	}
}

struct stat_format {
	const char *text;
};

static void stat_item(struct shell *shell, const struct fs_item *item, void *context)
{
	const struct stat_format *format = context;

	(void)shell;
	for (const char *at = format->text; *at != '\0'; at++) {
		if (*at != '%')
			putchar(*at);
		else if (at[1] != '\0')
			print_letter(item, *++at);
	}
	putchar('\n');
}

int fs_stat(struct shell *shell, const struct fs_options *options)
{
	bool has_format = strchr(options->arguments[0], '%') != NULL;
	struct stat_format format = {has_format ? options->arguments[0] : "%y"};

	if (has_format && options->count == 1)
		return fs_usage_error(shell, "Not enough arguments: expected 1 but got 0");
	fs_for_each(shell, options, has_format, stat_item, NULL, &format);
	return 0;
}

/* ---- test ---- */

enum { TEST_D, TEST_E, TEST_F, TEST_S, TEST_W, TEST_R, TEST_Z };

static bool is_true(struct shell *shell, const struct fs_item *item, unsigned given)
{
	const struct wire_file_status *status = &item->status;

	switch (given) {
	case BIT(TEST_D): return shell_is_directory(status);
	case BIT(TEST_F): return !shell_is_directory(status);
	case BIT(TEST_S): return status->length > 0;
	case BIT(TEST_W): return client_check_access(shell->client, item->at.path, 2) == 0;
	case BIT(TEST_R): return client_check_access(shell->client, item->at.path, 4) == 0;
	case BIT(TEST_Z): return status->length == 0;
	default: return true; /* -e */
	}
}

static void test_item(struct shell *shell, const struct fs_item *item, void *context)
{
	const unsigned *given = context;

	if (!is_true(shell, item, *given))
		shell->status = FS_EXIT_FAILED;
}

static void test_absent(struct shell *shell, const struct fs_item *item, void *context)
{
	(void)item;
	(void)context;
	shell->status = FS_EXIT_FAILED;
}

int fs_test(struct shell *shell, const struct fs_options *options)
{
	unsigned given = options->given;

	if (options->given == 0)
		return fs_usage_error(shell, "No test flag given");
	if (options->given & (options->given - 1))
		return fs_usage_error(shell, "Only one test flag is allowed");
	fs_for_each(shell, options, 0, test_item, test_absent, &given);
	return 0;
}
