/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mkdir, mv, touchz, touch: commands that make names.
 */
#include <time.h>

#include "base/err.h"
#include "cli/fs_side.h"

static bool parent_exists(struct shell *shell, struct str path)
{
	struct fs_item parent = {.at = {shell_parent_of(path), shell_parent_of(path)}};

	return fs_remote.stat(shell, &parent) == 0 && parent.exists;
}

/* ---- mkdir ---- */

static void mkdir_found(struct shell *shell, const struct fs_item *item, void *context)
{
	const bool *with_parents = context;

	if (!shell_is_directory(&item->status))
		fs_path_error(shell, item->at.text, "Is not a directory");
	else if (!*with_parents)
		fs_path_error(shell, item->at.text, "File exists");
}

static void mkdir_absent(struct shell *shell, const struct fs_item *item, void *context)
{
	const bool *with_parents = context;

	if (*with_parents || parent_exists(shell, item->at.path))
		fs_remote.make_directory(shell, &item->at);
	else
		fs_path_error(shell, fs_uri(shell, shell_parent_of(item->at.path)),
		              "No such file or directory");
}

int fs_mkdir(struct shell *shell, const struct fs_options *options)
{
	bool with_parents = fs_has(options, 0);

	fs_for_each(shell, options, 0, mkdir_found, mkdir_absent, &with_parents);
	return 0;
}

/* ---- mv ---- */

/* Names only: between this machine and the file system nothing is moved, as with Hadoop. */
struct move {
	const struct fs_side *to;
	struct fs_item target;
};

static const struct fs_side *side_of(const char *argument)
{
	return fs_is_local(argument) ? &fs_local : &fs_remote;
}

static void rename_item(struct shell *shell, const struct fs_item *source, struct fs_item *to)
{
	bool renamed = false;
	int rc;

	if (!fs_is_elsewhere(shell, source, &to->at) || fs_remote.stat(shell, to) < 0)
		return;
	if (to->exists) {
		fs_path_error(shell, to->at.text, "File exists");
		return;
	}
	rc = client_rename(shell->client, source->at.path, to->at.path, &renamed);
	if (rc < 0)
		fs_call_error(shell, rc, source->at.text);
	else if (!renamed)
		fs_path_error(shell, source->at.text, "Input/output error");
}

static void move_item(struct shell *shell, const struct move *move, const struct fs_side *from,
                      const struct fs_item *source)
{
	struct fs_item to = {.at = move->target.at};

	if (!source->exists) {
		fs_path_error(shell, source->at.text, "No such file or directory");
		return;
	}
	if (move->target.exists && shell_is_directory(&move->target.status))
		to.at = fs_child(&shell->arena, &move->target.at, shell_name_of(source->at.path));
	if (from != move->to)
		fs_path_error(shell, source->at.text, "Does not match target filesystem");
	else
		rename_item(shell, source, &to);
}

/* Here Hadoop shows this machine's files with their scheme. */
static void show_scheme(struct shell *shell, const char *argument, struct fs_item *item)
{
	if (fs_is_local(argument))
		item->at.text = item->exists ? cli_text(&shell->arena, "file://%.*s",
		                                        STR_ARGS(item->at.path))
		                             : str_of(argument);
}

/* The sources of one side, in a row of arguments from `at`; returns the end of the row. */
static size_t move_row(struct shell *shell, const struct fs_options *options, size_t at,
                       const struct move *move)
{
	const struct fs_side *from = side_of(options->arguments[at]);
	size_t last = options->count - 1, end = at + 1;
	struct fs_items sources;

	while (end < last && side_of(options->arguments[end]) == from)
		end++;
	fs_expand_all(shell, from, options, at, end, &sources);
	if (sources.count > 0 && fs_target_is_fine(shell, move->to, &move->target,
	                                           sources.count + (end - at < last), false)) {
		for (size_t i = 0; i < sources.count; i++) {
			struct fs_item *source = &sources.items[i];

			if (from == &fs_local) /* whose patterns are not expanded */
				show_scheme(shell, options->arguments[at + i], source);
			move_item(shell, move, from, source);
		}
	}
	fs_items_finish(&sources);
	return end;
}

int fs_mv(struct shell *shell, const struct fs_options *options)
{
	size_t last = options->count - 1;
	struct move move = {.to = side_of(options->arguments[last])};
	bool all_local = move.to == &fs_local;

	for (size_t i = 0; i < last; i++)
		all_local = all_local && fs_is_local(options->arguments[i]);
	if (all_local) {
		fs_error(shell, "No FileSystem for scheme \"file\"");
		return 0;
	}
	if (fs_target_of(shell, move.to, options->arguments[last], &move.target) < 0)
		return 0;
	show_scheme(shell, options->arguments[last], &move.target);
	for (size_t at = 0; at < last && shell->status != FS_EXIT_USAGE;)
		at = move_row(shell, options, at, &move);
	return 0;
}

/* ---- touchz, touch ---- */

/* False: printed.  A slash at the end stands for a directory that is not there. */
static bool make_empty(struct shell *shell, const struct fs_path *path)
{
	int rc;

	if (path->text.data[path->text.size - 1] == '/' || !parent_exists(shell, path->path)) {
		fs_parent_error(shell, path->text, fs_uri(shell, path->path));
		return false;
	}
	rc = stream_upload(shell, NULL, path->path);
	if (rc < 0)
		fs_call_error(shell, rc, path->text);
	return rc == 0;
}

static void touchz_found(struct shell *shell, const struct fs_item *item, void *context)
{
	(void)context;
	if (shell_is_directory(&item->status))
		fs_path_error(shell, item->at.text, "Is a directory");
	else if (item->status.length > 0)
		fs_path_error(shell, item->at.text, "Not a zero-length file");
	else
		make_empty(shell, &item->at);
}

static void touchz_absent(struct shell *shell, const struct fs_item *item, void *context)
{
	(void)context;
	make_empty(shell, &item->at);
}

int fs_touchz(struct shell *shell, const struct fs_options *options)
{
	fs_for_each(shell, options, 0, touchz_found, touchz_absent, NULL);
	return 0;
}

enum { TOUCH_A, TOUCH_M, TOUCH_T, TOUCH_C };

struct touch {
	uint64_t mtime_ms, atime_ms; /* UINT64_MAX: as it is */
	bool only_existing;
};

static void touch_found(struct shell *shell, const struct fs_item *item, void *context)
{
	const struct touch *touch = context;
	int rc = client_set_times(shell->client, item->at.path, touch->mtime_ms, touch->atime_ms);

	if (rc < 0)
		fs_call_error(shell, rc, item->at.text);
}

static void touch_absent(struct shell *shell, const struct fs_item *item, void *context)
{
	const struct touch *touch = context;

	if (!touch->only_existing && make_empty(shell, &item->at))
		touch_found(shell, item, context);
}

/* yyyyMMdd:HHmmss in local time. */
static bool parse_timestamp(const char *text, uint64_t *ret_ms)
{
	struct tm local = {.tm_isdst = -1};
	const char *end = strptime(text, "%Y%m%d:%H%M%S", &local);
	time_t seconds;

	if (end == NULL || *end != '\0')
		return false;
	seconds = mktime(&local);
	*ret_ms = (uint64_t)seconds * 1000;
	return seconds >= 0;
}

int fs_touch(struct shell *shell, const struct fs_options *options)
{
	bool both = fs_has(options, TOUCH_A) == fs_has(options, TOUCH_M);
	struct touch touch = {.only_existing = fs_has(options, TOUCH_C)};
	uint64_t time_ms = io_wall_ms(shell->site.io);

	if (fs_has(options, TOUCH_T) && !parse_timestamp(options->values[TOUCH_T], &time_ms))
		return fs_usage_error(shell,
		                      "Unable to parse the specified timestamp %s. The expected "
		                      "format is yyyyMMdd:HHmmss",
		                      options->values[TOUCH_T]);
	touch.mtime_ms = both || fs_has(options, TOUCH_M) ? time_ms : UINT64_MAX;
	touch.atime_ms = both || fs_has(options, TOUCH_A) ? time_ms : UINT64_MAX;
	fs_for_each(shell, options, 0, touch_found, touch_absent, &touch);
	return 0;
}
