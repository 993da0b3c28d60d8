/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mkdir, rm, rmdir, mv, touchz, touch: commands that change names.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "cli/fs.h"

/* "No such file or directory", said of the full address of what is missing. */
static void missing_parent(struct fs_shell *shell, const struct fs_path *path)
{
	fs_error(shell, "`%.*s': No such file or directory: `%s%.*s'", STR_ARGS(path->text),
	         shell->uri, STR_ARGS(path->path));
}

static bool parent_exists(struct fs_shell *shell, const struct fs_path *path)
{
	struct fs_path parent = {.text = fs_parent_of(path->path),
	                         .path = fs_parent_of(path->path)};
	struct wire_file_status status;
	bool exists;

	return fs_stat_if_any(shell, &parent, &status, &exists) == 0 && exists;
}

/* ---- mkdir ---- */

static void make_directory(struct fs_shell *shell, const struct fs_path *path, bool with_parents)
{
	struct str parent = fs_parent_of(path->path);
	struct wire_file_status status;
	bool exists, made;
	int rc = fs_stat_if_any(shell, path, &status, &exists);

	if (rc < 0)
		return;
	if (exists && !fs_is_directory(&status)) {
		fs_path_error(shell, path, "Is not a directory");
	} else if (exists) {
		if (!with_parents)
			fs_path_error(shell, path, "File exists");
	} else if (!with_parents && !parent_exists(shell, path)) {
		fs_error(shell, "`%s%.*s': No such file or directory", shell->uri,
		         STR_ARGS(parent));
	} else {
		rc = client_mkdirs(shell->client, path->path, 0777 & ~shell->umask, true, &made);
		if (rc < 0)
			fs_call_error(shell, rc, path);
		else if (!made)
			fs_path_error(shell, path, "Input/output error");
	}
}

int fs_mkdir(struct fs_shell *shell, const struct fs_options *options)
{
	for (size_t i = 0; i < options->count; i++) {
		struct fs_path path;

		if (fs_path_of(shell, options->arguments[i], &path) == 0)
			make_directory(shell, &path, fs_has(options, 0));
	}
	return 0;
}

/* ---- rm ---- */

enum { RM_F, RM_R, RM_R2, RM_SKIP_TRASH, RM_SAFELY };

/* Minutes; the server's setting counts where there is one. */
static uint64_t trash_interval(struct fs_shell *shell)
{
	const Hdfs__FsServerDefaults *defaults;

	if (client_server_defaults(shell->client, &shell->arena, &defaults) == 0 &&
	    defaults->has_trash_interval && defaults->trash_interval > 0)
		return defaults->trash_interval;
	return config_duration_ms(shell->site.config, CONFIG_KEY_FS_TRASH_INTERVAL) / 60000;
}

/* Moves to /user/<name>/.Trash/Current/<path>; what is there already gets a number. */
static int move_to_trash(struct fs_shell *shell, const struct fs_path *path)
{
	struct str target = arena_format(&shell->arena, "%s/.Trash/Current%.*s", shell->home,
	                                 STR_ARGS(path->path));
	struct str base = target;
	bool made;
	int rc;

	rc = client_mkdirs(shell->client, fs_parent_of(target), 0700, true, &made);
	for (int tries = 0; rc == 0 && tries < 3; tries++) {
		rc = client_rename2(shell->client, path->path, target, false);
		if (rc != -ERR_EXISTS)
			break;
		rc = 0;
		target = arena_format(&shell->arena, "%.*s%llu", STR_ARGS(base),
		                      (unsigned long long)io_wall_ms(shell->site.io));
	}
	return rc;
}

static void remove_path(struct fs_shell *shell, const struct fs_path *path,
                        const struct fs_options *options)
{
	bool recursive = fs_has(options, RM_R) || fs_has(options, RM_R2);
	struct str trash = arena_format(&shell->arena, "%s/.Trash", shell->home);
	struct wire_file_status status;
	bool exists, deleted = false;
	int rc = fs_stat_if_any(shell, path, &status, &exists);

	if (rc < 0)
		return;
	if (!exists) {
		if (!fs_has(options, RM_F))
			fs_path_error(shell, path, "No such file or directory");
		return;
	}
	if (fs_is_directory(&status) && !recursive) {
		fs_path_error(shell, path, "Is a directory");
		return;
	}
	if (!fs_has(options, RM_SKIP_TRASH) && path->path.size > 1 &&
	    !str_starts_with(path->path, trash) && trash_interval(shell) > 0) {
		rc = move_to_trash(shell, path);
		if (rc < 0)
			fs_call_error(shell, rc, path);
		return;
	}
	rc = client_delete(shell->client, path->path, recursive, &deleted);
	if (rc < 0)
		fs_call_error(shell, rc, path);
	else if (!deleted)
		fs_path_error(shell, path, "Input/output error");
	else
		printf("Deleted %.*s\n", STR_ARGS(path->text));
}

int fs_rm(struct fs_shell *shell, const struct fs_options *options)
{
	for (size_t i = 0; i < options->count; i++) {
		bool had_failed = shell->has_failed;
		struct fs_paths paths = {0};

		if (fs_expand(shell, options->arguments[i], &paths) < 0 && fs_has(options, RM_F))
			shell->has_failed = had_failed;
		for (size_t k = 0; k < paths.count; k++)
			remove_path(shell, &paths.items[k], options);
		fs_paths_finish(&paths);
	}
	return 0;
}

/* ---- rmdir ---- */

int fs_rmdir(struct fs_shell *shell, const struct fs_options *options)
{
	struct fs_paths paths = {0};

	fs_expand_all(shell, options, 0, &paths);
	for (size_t i = 0; i < paths.count; i++) {
		const struct fs_path *path = &paths.items[i];
		struct wire_file_status status;
		bool deleted;
		int rc;

		if (fs_stat(shell, path, &status) < 0)
			continue;
		if (!fs_is_directory(&status)) {
			fs_path_error(shell, path, "Is not a directory");
			continue;
		}
		rc = client_delete(shell->client, path->path, false, &deleted);
		if (rc == -ERR_NOT_EMPTY) {
			if (!fs_has(options, 0))
				fs_path_error(shell, path, "Directory is not empty");
		} else if (rc < 0) {
			fs_call_error(shell, rc, path);
		} else if (!deleted) {
			fs_path_error(shell, path, "Input/output error");
		}
	}
	fs_paths_finish(&paths);
	return 0;
}

/* ---- mv ---- */

static bool is_below(struct str path, struct str directory)
{
	return directory.size == 1 ||
	       (path.size > directory.size && str_starts_with(path, directory) &&
	        path.data[directory.size] == '/');
}

static void move_path(struct fs_shell *shell, const struct fs_path *source,
                      const struct fs_path *target, bool target_is_directory)
{
	struct fs_path to = *target;
	struct wire_file_status status;
	bool exists, renamed = false;
	int rc;

	if (fs_stat(shell, source, &status) < 0)
		return;
	if (target_is_directory)
		to = fs_child(shell, target, fs_name_of(source->path));
	if (is_below(to.path, source->path)) {
		fs_error(shell, "`%.*s' to `%.*s': is a subdirectory of itself",
		         STR_ARGS(source->text), STR_ARGS(to.text));
		return;
	}
	if (fs_stat_if_any(shell, &to, &status, &exists) < 0)
		return;
	if (exists) {
		fs_path_error(shell, &to, "File exists");
		return;
	}
	if (!parent_exists(shell, &to)) {
		missing_parent(shell, &to);
		return;
	}
	rc = client_rename(shell->client, source->path, to.path, &renamed);
	if (rc < 0)
		fs_call_error(shell, rc, source);
	else if (!renamed)
		fs_path_error(shell, source, "Input/output error");
}

int fs_mv(struct fs_shell *shell, const struct fs_options *options)
{
	struct fs_options sources = *options;
	struct wire_file_status status;
	struct fs_paths paths = {0};
	struct fs_path target;
	bool exists;

	sources.count--;
	if (fs_path_of(shell, options->arguments[sources.count], &target) < 0 ||
	    fs_stat_if_any(shell, &target, &status, &exists) < 0)
		return FS_EXIT_FAILED;
	fs_expand_all(shell, &sources, 0, &paths);
	if (paths.count > 1 && !exists)
		fs_path_error(shell, &target, "No such file or directory");
	else if (paths.count > 1 && !fs_is_directory(&status))
		fs_path_error(shell, &target, "Is not a directory");
	else
		for (size_t i = 0; i < paths.count; i++)
			move_path(shell, &paths.items[i], &target,
			          exists && fs_is_directory(&status));
	fs_paths_finish(&paths);
	return 0;
}

/* ---- touchz, touch ---- */

/* False: it failed, and that was printed. */
static bool make_empty(struct fs_shell *shell, const struct fs_path *path)
{
	struct file_writer_options options = {
	        .overwrite = true,
	        .replication = shell->replication,
	        .block_size = shell->block_size,
	        .mode = 0666 & ~shell->umask,
	};
	struct file_writer *writer;
	int rc;

	if (!parent_exists(shell, path)) {
		missing_parent(shell, path);
		return false;
	}
	rc = file_writer_open(shell->client, path->path, &options, &writer);
	if (rc == 0)
		rc = file_writer_close(writer);
	if (rc < 0)
		fs_call_error(shell, rc, path);
	return rc == 0;
}

int fs_touchz(struct fs_shell *shell, const struct fs_options *options)
{
	for (size_t i = 0; i < options->count; i++) {
		struct wire_file_status status;
		struct fs_path path;
		bool exists;

		if (fs_path_of(shell, options->arguments[i], &path) < 0 ||
		    fs_stat_if_any(shell, &path, &status, &exists) < 0)
			continue;
		if (exists && fs_is_directory(&status))
			fs_path_error(shell, &path, "Is a directory");
		else if (exists && status.length > 0)
			fs_path_error(shell, &path, "Not a zero-length file");
		else
			make_empty(shell, &path);
	}
	return 0;
}

struct touch {
	bool access, modification, only_existing;
	uint64_t time_ms;
};

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

static void touch_path(struct fs_shell *shell, const struct fs_path *path,
                       const struct touch *touch)
{
	bool both = touch->access == touch->modification, exists;
	struct wire_file_status status;
	int rc = fs_stat_if_any(shell, path, &status, &exists);

	if (rc < 0 || (!exists && touch->only_existing))
		return;
	if (!exists && !make_empty(shell, path))
		return;
	rc = client_set_times(shell->client, path->path,
	                      both || touch->modification ? touch->time_ms : UINT64_MAX,
	                      both || touch->access ? touch->time_ms : UINT64_MAX);
	if (rc < 0)
		fs_call_error(shell, rc, path);
}

int fs_touch(struct fs_shell *shell, const struct fs_options *options)
{
	struct touch touch = {.time_ms = io_wall_ms(shell->site.io)};
	size_t at = 0;

	for (; at < options->count && options->arguments[at][0] == '-'; at++) {
		const char *word = options->arguments[at];

		if (strcmp(word, "-a") == 0)
			touch.access = true;
		else if (strcmp(word, "-m") == 0)
			touch.modification = true;
		else if (strcmp(word, "-c") == 0)
			touch.only_existing = true;
		else if (strcmp(word, "-t") != 0 || at + 1 >= options->count)
			return fs_usage_error(shell, "Illegal option %s", word);
		else if (!parse_timestamp(options->arguments[++at], &touch.time_ms))
			return fs_usage_error(shell,
			                      "Unable to parse the specified timestamp "
			                      "'%s'. The expected format is yyyyMMdd:HHmmss",
			                      options->arguments[at]);
	}
	if (at == options->count)
		return fs_usage_error(shell, "Not enough arguments: expected 1 but got 0");
	for (; at < options->count; at++) {
		struct fs_path path;

		if (fs_path_of(shell, options->arguments[at], &path) == 0)
			touch_path(shell, &path, &touch);
	}
	return 0;
}
