/* SPDX-License-Identifier: Apache-2.0 */
/*
 * put, get, cat, head, tail: commands that move contents.
 *
 * A copy is written under a name that ends in ._COPYING_ and renamed when it is whole, in both
 * directions, so that nobody takes a part for the file.
 */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cli/fs.h"

enum { COPY_BYTES = 1 << 20, HEAD_BYTES = 1024 };
enum { COPY_F, COPY_P, PUT_L, PUT_D };

/* ---- put ---- */

struct put {
	struct fs_shell *shell;
	bool overwrites, is_direct;
	char *buffer;
};

static int write_stream(struct put *put, FILE *from, struct file_writer *writer)
{
	for (;;) {
		size_t size = fread(put->buffer, 1, COPY_BYTES, from);
		int rc = size > 0 ? file_writer_write(writer, put->buffer, size) : 0;

		if (rc < 0)
			return rc;
		if (size < COPY_BYTES)
			return ferror(from) ? -ERR_IO : 0;
	}
}

/* Streams into `path`; the caller prints what failed. */
static int put_stream(struct put *put, FILE *from, struct str path)
{
	struct fs_shell *shell = put->shell;
	struct file_writer_options options = {
	        .overwrite = true,
	        .replication = shell->replication,
	        .block_size = shell->block_size,
	        .mode = 0666 & ~shell->umask,
	};
	struct file_writer *writer;
	int rc = file_writer_open(shell->client, path, &options, &writer);

	if (rc < 0)
		return rc;
	rc = write_stream(put, from, writer);
	if (rc == 0)
		return file_writer_close(writer);
	file_writer_abort(writer);
	return rc;
}

/* The name without ._COPYING_ takes the place of what may be there. */
static int put_in_place(struct put *put, struct str temporary, const struct fs_path *target,
                        bool exists)
{
	bool done = true;
	int rc = exists ? client_delete(put->shell->client, target->path, false, &done) : 0;

	if (rc == 0)
		rc = client_rename(put->shell->client, temporary, target->path, &done);
	if (rc == 0 && !done)
		fs_path_error(put->shell, target, "Input/output error");
	return rc;
}

static void put_file(struct put *put, FILE *from, const struct fs_path *target, bool exists)
{
	struct fs_shell *shell = put->shell;
	struct str temporary = put->is_direct ? target->path
	                                      : arena_format(&shell->arena, "%.*s._COPYING_",
	                                                     STR_ARGS(target->path));
	bool deleted;
	int rc = put_stream(put, from, temporary);

	if (rc == 0 && !put->is_direct)
		rc = put_in_place(put, temporary, target, exists);
	if (rc < 0) {
		fs_call_error(shell, rc, target);
		if (rc != -ERR_PERMISSION)
			(void)!client_delete(shell->client, temporary, false, &deleted);
	}
}

/* Checks what stands at the target; false: printed. */
static bool target_is_fine(struct put *put, const struct fs_path *target, bool *ret_exists)
{
	struct fs_path parent = {.path = fs_parent_of(target->path)};
	struct wire_file_status status;
	bool has_parent;

	if (fs_stat_if_any(put->shell, target, &status, ret_exists) < 0)
		return false;
	if (*ret_exists && fs_is_directory(&status)) {
		fs_path_error(put->shell, target, "Is a directory");
		return false;
	}
	if (*ret_exists && !put->overwrites) {
		fs_path_error(put->shell, target, "File exists");
		return false;
	}
	if (*ret_exists)
		return true;
	if (fs_stat_if_any(put->shell, &parent, &status, &has_parent) < 0)
		return false;
	if (!has_parent)
		fs_error(put->shell, "`%.*s': No such file or directory: `%s%.*s'",
		         STR_ARGS(target->text), put->shell->uri, STR_ARGS(target->path));
	return has_parent;
}

static void put_local(struct put *put, const char *source, const struct fs_path *target);

static void put_folder(struct put *put, const char *source, const struct fs_path *target)
{
	struct io *io = put->shell->site.io;
	struct wire_file_status status;
	char **names;
	size_t count;
	bool exists, made;
	int rc = fs_stat_if_any(put->shell, target, &status, &exists);

	if (rc < 0)
		return;
	if (exists && !fs_is_directory(&status)) {
		fs_path_error(put->shell, target, "Is not a directory");
		return;
	}
	rc = exists ? 0
	            : client_mkdirs(put->shell->client, target->path, 0777 & ~put->shell->umask,
	                            true, &made);
	if (rc < 0) {
		fs_call_error(put->shell, rc, target);
		return;
	}
	rc = io_list_folder(io, source, &names, &count);
	if (rc < 0) {
		fs_error(put->shell, "`%s': %s", source, err_text(rc));
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct str child = arena_format(&put->shell->arena, "%s/%s", source, names[i]);
		struct fs_path to = fs_child(put->shell, target, str_of(names[i]));

		put_local(put, child.data, &to);
	}
	io_free_names(names, count);
}

static void put_local(struct put *put, const char *source, const struct fs_path *target)
{
	struct io_stat stat;
	bool exists;
	FILE *from;

	if (io_stat(put->shell->site.io, source, &stat) < 0) {
		fs_error(put->shell, "`%s': No such file or directory", source);
		return;
	}
	if (stat.kind == IO_KIND_FOLDER) {
		put_folder(put, source, target);
		return;
	}
	if (!target_is_fine(put, target, &exists))
		return;
	from = fopen(source, "rb");
	if (from == NULL) {
		fs_error(put->shell, "`%s': %s", source, strerror(errno));
		return;
	}
	put_file(put, from, target, exists);
	fclose(from);
}

static void put_stdin(struct put *put, const struct fs_path *target)
{
	bool exists;

	if (target_is_fine(put, target, &exists))
		put_file(put, stdin, target, exists);
}

static struct str local_name(const char *path)
{
	struct str text = str_of(path);

	while (text.size > 1 && text.data[text.size - 1] == '/')
		text.size--;
	return fs_name_of(text);
}

static const char *local_path(const char *argument)
{
	return strncmp(argument, "file://", 7) == 0 ? argument + 7 : argument;
}

int fs_put(struct fs_shell *shell, const struct fs_options *options)
{
	struct put put = {shell, fs_has(options, COPY_F), fs_has(options, PUT_D), NULL};
	size_t sources = options->count > 1 ? options->count - 1 : 1;
	const char *last = options->count > 1 ? options->arguments[sources] : ".";
	struct wire_file_status status;
	struct fs_path target;
	bool exists, is_directory;

	if (fs_path_of(shell, last, &target) < 0 ||
	    fs_stat_if_any(shell, &target, &status, &exists) < 0)
		return FS_EXIT_FAILED;
	is_directory = exists && fs_is_directory(&status);
	if (sources > 1 && !is_directory) {
		fs_path_error(shell, &target,
		              exists ? "Is not a directory" : "No such file or directory");
		return FS_EXIT_FAILED;
	}
	put.buffer = mem_must_alloc(COPY_BYTES);
	for (size_t i = 0; i < sources; i++) {
		const char *source = local_path(options->arguments[i]);
		struct fs_path to = is_directory && strcmp(source, "-") != 0
		                            ? fs_child(shell, &target, local_name(source))
		                            : target;

		if (strcmp(source, "-") == 0)
			put_stdin(&put, &to);
		else
			put_local(&put, source, &to);
	}
	mem_free(put.buffer);
	return 0;
}

/* ---- get ---- */

static int sink_to_file(void *context, const uint8_t *data, size_t size)
{
	return fwrite(data, 1, size, context) == size ? 0 : -ERR_IO;
}

static void get_file(struct fs_shell *shell, const struct fs_path *source, const char *target)
{
	struct str temporary = arena_format(&shell->arena, "%s._COPYING_", target);
	FILE *to = fopen(temporary.data, "wb");
	int rc;

	if (to == NULL) {
		fs_error(shell, "`%s': %s", target, strerror(errno));
		return;
	}
	rc = file_read(shell->client, source->path, 0, UINT64_MAX, sink_to_file, to);
	if (fclose(to) != 0 && rc == 0) {
		fs_error(shell, "`%s': %s", target, strerror(errno));
		rc = -ERR_IO;
	} else if (rc < 0) {
		fs_call_error(shell, rc, source);
	}
	if (rc == 0 && rename(temporary.data, target) != 0) {
		fs_error(shell, "`%s': %s", target, strerror(errno));
		rc = -ERR_IO;
	}
	if (rc < 0)
		io_unlink(shell->site.io, temporary.data);
}

static void get_path(struct fs_shell *shell, const struct fs_path *source,
                     const struct wire_file_status *status, const char *target, bool overwrites)
{
	struct io_stat local;
	bool exists = io_stat(shell->site.io, target, &local) == 0;
	struct fs_listing listing;

	if (!fs_is_directory(status)) {
		if (exists && (!overwrites || local.kind == IO_KIND_FOLDER))
			fs_error(shell, "`%s': %s", target,
			         local.kind == IO_KIND_FOLDER ? "Is a directory" : "File exists");
		else
			get_file(shell, source, target);
		return;
	}
	if (!exists && io_mkdir(shell->site.io, target) < 0) {
		fs_error(shell, "`%s': Input/output error", target);
		return;
	}
	if (fs_list(shell, source, &listing) < 0)
		return;
	for (size_t i = 0; i < listing.count; i++) {
		struct str name = listing.items[i].path;
		struct fs_path child = fs_child(shell, source, name);
		struct str to = arena_format(&shell->arena, "%s/%.*s", target, STR_ARGS(name));

		get_path(shell, &child, &listing.items[i], to.data, overwrites);
	}
	fs_listing_finish(&listing);
}

int fs_get(struct fs_shell *shell, const struct fs_options *options)
{
	struct fs_options sources = *options;
	const char *target = ".";
	struct fs_paths paths = {0};
	struct io_stat local;
	bool is_folder;

	if (options->count > 1)
		target = local_path(options->arguments[--sources.count]);
	is_folder = io_stat(shell->site.io, target, &local) == 0 && local.kind == IO_KIND_FOLDER;
	fs_expand_all(shell, &sources, 0, &paths);
	if (paths.count > 1 && !is_folder) {
		fs_error(shell, "`%s': No such file or directory", target);
		fs_paths_finish(&paths);
		return FS_EXIT_FAILED;
	}
	for (size_t i = 0; i < paths.count; i++) {
		struct wire_file_status status;
		struct str to = str_of(target);

		if (fs_stat(shell, &paths.items[i], &status) < 0)
			continue;
		if (is_folder)
			to = arena_format(&shell->arena, "%s/%.*s", target,
			                  STR_ARGS(fs_name_of(paths.items[i].path)));
		get_path(shell, &paths.items[i], &status, to.data, fs_has(options, COPY_F));
	}
	fs_paths_finish(&paths);
	return 0;
}

/* ---- cat, head, tail ---- */

/* Writes a range of a file to standard output. */
static void show(struct fs_shell *shell, const struct fs_path *path, bool from_end, uint64_t length)
{
	struct wire_file_status status;
	uint64_t offset = 0;
	int rc;

	if (fs_stat(shell, path, &status) < 0)
		return;
	if (fs_is_directory(&status)) {
		fs_path_error(shell, path, "Is a directory");
		return;
	}
	if (from_end && status.length > length)
		offset = status.length - length;
	rc = file_read(shell->client, path->path, offset, length, sink_to_file, stdout);
	if (rc < 0)
		fs_call_error(shell, rc, path);
	fflush(stdout);
}

static int show_all(struct fs_shell *shell, const struct fs_options *options, bool from_end,
                    uint64_t length)
{
	struct fs_paths paths = {0};

	fs_expand_all(shell, options, 0, &paths);
	for (size_t i = 0; i < paths.count; i++)
		show(shell, &paths.items[i], from_end, length);
	fs_paths_finish(&paths);
	return 0;
}

int fs_cat(struct fs_shell *shell, const struct fs_options *options)
{
	return show_all(shell, options, false, UINT64_MAX);
}

int fs_head(struct fs_shell *shell, const struct fs_options *options)
{
	return show_all(shell, options, false, HEAD_BYTES);
}

int fs_tail(struct fs_shell *shell, const struct fs_options *options)
{
	if (options->given != 0)
		return fs_usage_error(shell, "following a file is not supported");
	return show_all(shell, options, true, HEAD_BYTES);
}
