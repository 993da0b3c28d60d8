/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What several commands of the file system shell share: errors, texts, listings.
 */
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/mem.h"
#include "cli/fs.h"

/* ---- errors ---- */

void fs_error(struct fs_shell *shell, const char *format, ...)
{
	va_list args;

	shell->has_failed = true;
	fflush(stdout);
	fprintf(stderr, "%s: ", shell->command->name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

void fs_path_error(struct fs_shell *shell, const struct fs_path *path, const char *reason)
{
	fs_error(shell, "`%.*s': %s", STR_ARGS(path->text), reason);
}

void fs_call_error(struct fs_shell *shell, int rc, const struct fs_path *path)
{
	const struct client_failure *failure = client_failure(shell->client);
	struct str line = failure->text;

	if (rc == -ERR_NOT_FOUND && failure->java_class.size == 0) {
		fs_path_error(shell, path, "No such file or directory");
		return;
	}
	for (size_t i = 0; i < line.size; i++) {
		if (line.data[i] == '\n')
			line.size = i;
	}
	if (line.size == 0)
		fs_path_error(shell, path, err_text(rc));
	else
		fs_error(shell, "%.*s", STR_ARGS(line));
}

/* ---- texts ---- */

struct str fs_size(struct fs_shell *shell, uint64_t bytes, bool human)
{
	static const char units[] = "KMGTPE";
	double value = (double)bytes;
	size_t unit = 0;

	if (!human || bytes < 1024)
		return arena_format(&shell->arena, "%llu", (unsigned long long)bytes);
	for (value /= 1024; value >= 1024 && unit < sizeof(units) - 2; unit++)
		value /= 1024;
	return arena_format(&shell->arena, "%.1f %c", value, units[unit]);
}

void fs_mode_text(const struct wire_file_status *status, char text[11])
{
	static const char letters[] = "rwxrwxrwx";

	text[0] = fs_is_directory(status) ? 'd' : '-';
	for (int i = 0; i < 9; i++)
		text[i + 1] = status->mode & (0400u >> i) ? letters[i] : '-';
	if (status->mode & 01000)
		text[9] = status->mode & 1 ? 't' : 'T';
	text[10] = '\0';
}

void fs_minute_text(uint64_t wall_ms, char text[32])
{
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm local;

	localtime_r(&seconds, &local);
	strftime(text, 32, "%Y-%m-%d %H:%M", &local);
}

void fs_second_text(uint64_t wall_ms, char text[32])
{
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm utc;

	gmtime_r(&seconds, &utc);
	strftime(text, 32, "%Y-%m-%d %H:%M:%S", &utc);
}

/* ---- status and listings ---- */

bool fs_is_directory(const struct wire_file_status *status)
{
	return status->type == HDFS__FILE_STATUS__FILE_TYPE__IS_DIR;
}

int fs_stat_if_any(struct fs_shell *shell, const struct fs_path *path,
                   struct wire_file_status *ret_status, bool *ret_exists)
{
	int rc = client_stat(shell->client, path->path, &shell->arena, ret_status);

	*ret_exists = rc == 0;
	if (rc == 0 ||
	    (rc == -ERR_NOT_FOUND && client_failure(shell->client)->java_class.size == 0))
		return 0;
	fs_call_error(shell, rc, path);
	return rc;
}

int fs_stat(struct fs_shell *shell, const struct fs_path *path, struct wire_file_status *ret_status)
{
	bool exists;
	int rc = fs_stat_if_any(shell, path, ret_status, &exists);

	if (rc == 0 && !exists) {
		fs_path_error(shell, path, "No such file or directory");
		return -ERR_NOT_FOUND;
	}
	return rc;
}

struct list_context {
	struct fs_shell *shell;
	struct fs_listing *listing;
};

static int add_entry(void *context, const struct wire_file_status *entry)
{
	struct list_context *list = context;
	struct fs_listing *listing = list->listing;
	struct arena *arena = &list->shell->arena;
	struct wire_file_status *copy;

	if (listing->count == listing->capacity) {
		listing->capacity = listing->capacity == 0 ? 64 : listing->capacity * 2;
		listing->items = mem_must_realloc(listing->items,
		                                  listing->capacity * sizeof(*listing->items));
	}
	copy = &listing->items[listing->count++];
	*copy = *entry;
	copy->path = arena_copy(arena, entry->path);
	copy->owner = arena_copy(arena, entry->owner);
	copy->group = arena_copy(arena, entry->group);
	return copy->group.data == NULL ? -ERR_NO_MEMORY : 0;
}

int fs_list(struct fs_shell *shell, const struct fs_path *path, struct fs_listing *ret_listing)
{
	struct list_context context = {shell, ret_listing};
	int rc;

	*ret_listing = (struct fs_listing){0};
	rc = client_list(shell->client, path->path, add_entry, &context);
	if (rc < 0) {
		fs_call_error(shell, rc, path);
		fs_listing_finish(ret_listing);
	}
	return rc;
}

void fs_listing_finish(struct fs_listing *listing)
{
	mem_free(listing->items);
	*listing = (struct fs_listing){0};
}
