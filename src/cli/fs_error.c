/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>

#include "base/err.h"
#include "cli/fs.h"

void fs_error(struct shell *shell, const char *format, ...)
{
	va_list args;

	if (shell->status == 0)
		shell->status = FS_EXIT_FAILED;
	fflush(stdout);
	fprintf(stderr, "%s: ", shell->command);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

void fs_path_error(struct shell *shell, struct str text, const char *reason)
{
	fs_error(shell, "`%.*s': %s", STR_ARGS(text), reason);
}

void fs_parent_error(struct shell *shell, struct str text, struct str uri)
{
	/* what says file: is its own URI */
	if (str_equal(text, uri) || str_starts_with(text, STR("file:")))
		fs_path_error(shell, text, "No such file or directory");
	else
		fs_error(shell, "`%.*s': No such file or directory: `%.*s'", STR_ARGS(text),
		         STR_ARGS(uri));
}

/* Exceptions have several lines; the first one says what happened.  Empty: nobody said. */
static struct str first_line(struct shell *shell)
{
	struct str line = client_failure(shell->client)->text;
	const char *newline = line.size == 0 ? NULL : memchr(line.data, '\n', line.size);

	if (newline != NULL)
		line.size = (size_t)(newline - line.data);
	return line;
}

struct str fs_failure(struct shell *shell, int rc)
{
	struct str line = first_line(shell);

	return line.size == 0 ? str_of(err_text(rc)) : line;
}

void fs_call_error(struct shell *shell, int rc, struct str text)
{
	struct str line = first_line(shell);

	if (line.size == 0)
		fs_path_error(shell, text, err_text(rc));
	else
		fs_error(shell, "%.*s", STR_ARGS(line));
}

int fs_fatal(struct shell *shell, const char *format, ...)
{
	va_list args;

	shell->status = FS_EXIT_USAGE;
	fflush(stdout);
	fprintf(stderr, "-%s: Fatal internal error\n", shell->command);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return FS_EXIT_USAGE;
}
