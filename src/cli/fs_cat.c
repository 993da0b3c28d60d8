/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cat, text, head, tail: contents on standard output.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/fs_side.h"

enum { END_BYTES = 1024, FOLLOW_MS = 5000 }; /* of head and tail */

static void show_range(struct shell *shell, const struct fs_item *item, void *context)
{
	const struct file_range *range = context;
	struct local_file to = {.file = stdout};
	int rc;

	if (shell_is_directory(&item->status)) {
		fs_path_error(shell, item->at.text, "Is a directory");
		return;
	}
	rc = stream_download(shell, item->at.path, range, &to);
	if (to.error != 0)
		fs_path_error(shell, item->at.text, strerror(to.error));
	else if (rc < 0)
		fs_call_error(shell, rc, item->at.text);
}

int fs_cat(struct shell *shell, const struct fs_options *options)
{
	struct file_range all = {.length = UINT64_MAX, .unchecked = fs_has(options, 0)};

	fs_for_each(shell, options, 0, show_range, NULL, &all);
	return 0;
}

/* Hadoop's head and tail know no patterns. */
static void for_literal(struct shell *shell, const char *argument, fs_item_fn *found, void *context)
{
	struct fs_item item;

	if (fs_item_of(shell, &fs_remote, argument, &item) < 0)
		return;
	if (item.exists)
		found(shell, &item, context);
	else
		fs_path_error(shell, item.at.text, "No such file or directory");
}

int fs_head(struct shell *shell, const struct fs_options *options)
{
	struct file_range first = {.length = END_BYTES};

	for_literal(shell, options->arguments[0], show_range, &first);
	return 0;
}

/* ---- tail ---- */

enum { TAIL_F, TAIL_S };

struct tail {
	bool follows;
	uint64_t pause_ms;
};

/* Goes on from the end that was known, until the file is gone. */
static void follow(struct shell *shell, struct fs_item item, const struct tail *tail)
{
	struct file_range range = {.offset = item.status.length};

	do {
		struct arena arena = {0};

		client_pause(shell->site.io, tail->pause_ms);
		if (client_stat(shell->client, item.at.path, &arena, &item.exists, &item.status) <
		    0)
			item.exists = false;
		if (item.exists && item.status.length > range.offset) {
			range.length = item.status.length - range.offset;
			show_range(shell, &item, &range);
			range.offset = item.status.length;
		}
		arena_finish(&arena);
	} while (item.exists);
}

static void show_end(struct shell *shell, const struct fs_item *item, void *context)
{
	const struct tail *tail = context;
	uint64_t length = item->status.length;
	struct file_range range = {.length = length < END_BYTES ? length : END_BYTES};

	range.offset = length - range.length;
	show_range(shell, item, &range);
	if (tail->follows && shell->status == 0)
		follow(shell, *item, tail);
}

int fs_tail(struct shell *shell, const struct fs_options *options)
{
	struct tail tail = {.follows = fs_has(options, TAIL_F), .pause_ms = FOLLOW_MS};

	if (fs_has(options, TAIL_S))
		tail.pause_ms = strtoull(options->values[TAIL_S], NULL, 10);
	for_literal(shell, options->arguments[0], show_end, &tail);
	return 0;
}
