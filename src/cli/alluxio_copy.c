/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copyFromLocal, copyToLocal.
 */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "cli/alluxio.h"

static int stream_failed(struct shell *shell, const struct local_file *local, struct str path)
{
	return local->error != 0 ? alluxio_fail("%.*s (%s)", STR_ARGS(path), strerror(local->error))
	                         : alluxio_call_failed(shell);
}

/* Absolute, and fit for fopen(). */
static struct str local_path(struct shell *shell, const char *argument)
{
	struct str path =
	        strncmp(argument, "file://", 7) == 0 ? str_of(argument + 7) : str_of(argument);

	if (path.size == 0 || path.data[0] != '/')
		path = shell_child_of(&shell->arena, shell->here, path);
	if (!shell_clean(&shell->arena, path, &path))
		path = STR("/");
	return cli_text(&shell->arena, "%.*s", STR_ARGS(path));
}

static bool is_folder(struct shell *shell, struct str path)
{
	struct io_stat stat;

	return io_stat(shell->site.io, path.data, &stat) == 0 && stat.kind == IO_KIND_FOLDER;
}

/* ---- from this machine ---- */

static int upload_file(struct shell *shell, struct str source, const struct alluxio_path *target)
{
	struct local_file from = {.file = fopen(source.data, "rb")};
	struct alluxio_item there = {.at = *target};
	int rc;

	if (from.file == NULL)
		return alluxio_fail("%.*s (%s)", STR_ARGS(source), strerror(errno));
	rc = alluxio_stat(shell, &there);
	if (rc == 0 && there.exists)
		rc = alluxio_fail("%.*s already exists. If you want to overwrite the file, you "
		                  "need to specify the overwrite option.",
		                  STR_ARGS(target->path));
	if (rc == 0)
		rc = alluxio_check_parents(shell, target->path);
	if (rc == 0 && stream_upload(shell, &from, target->path) < 0) {
		bool deleted;

		rc = stream_failed(shell, &from, source);
		if (client_delete(shell->client, target->path, false, &deleted) < 0)
			rc = -ERR_IO; /* a part of the file stays, as the first failure did say */
	}
	fclose(from.file);
	return rc;
}

static void tell_copied_from(struct str source, struct str target)
{
	printf("Copied file://%.*s to %.*s\n", STR_ARGS(source), STR_ARGS(target));
}

static int upload_folder(struct shell *shell, struct str source, const struct alluxio_path *target);

static int upload_children(struct shell *shell, struct str source,
                           const struct alluxio_path *target, char **names, size_t count)
{
	int result = 0;

	for (size_t i = 0; i < count; i++) {
		struct arena *arena = &shell->arena;
		struct str child = shell_child_of(arena, source, str_of(names[i]));
		struct alluxio_path to = alluxio_child(arena, target, str_of(names[i]));
		int rc = is_folder(shell, child) ? upload_folder(shell, child, &to)
		                                 : upload_file(shell, child, &to);

		if (rc < 0)
			result = rc;
		else if (!is_folder(shell, child))
			tell_copied_from(child, to.text);
	}
	return result;
}

static int upload_folder(struct shell *shell, struct str source, const struct alluxio_path *target)
{
	struct alluxio_item there = {.at = *target};
	char **names;
	size_t count;
	bool made;
	int rc = alluxio_stat(shell, &there);

	if (rc == 0 && there.exists && !shell_is_directory(&there.status))
		return alluxio_fail("The destination cannot be an existing file when the source is "
		                    "a directory or a list of files.");
	if (rc == 0 && !there.exists) {
		rc = alluxio_check_parents(shell, target->path);
		if (rc == 0 && client_mkdirs(shell->client, target->path, 0777 & ~shell->umask,
		                             true, &made) < 0)
			rc = alluxio_call_failed(shell);
	}
	if (rc < 0)
		return rc;
	rc = io_list_folder(shell->site.io, source.data, &names, &count);
	if (rc < 0)
		return alluxio_fail("%.*s (%s)", STR_ARGS(source), err_text(rc));
	rc = upload_children(shell, source, target, names, count);
	io_free_names(names, count);
	return rc;
}

int alluxio_copy_from_local(struct shell *shell, const struct alluxio_options *options)
{
	struct str source = local_path(shell, options->arguments[0]);
	struct alluxio_item target = {0};
	struct alluxio_path to;
	struct io_stat stat;
	int rc = alluxio_path_of(shell, options->arguments[1], &target.at);

	if (rc < 0)
		return rc;
	if (io_stat(shell->site.io, source.data, &stat) < 0)
		return alluxio_fail("%.*s (No such file or directory)", STR_ARGS(source));
	rc = alluxio_stat(shell, &target);
	if (rc < 0)
		return rc;
	to = target.at;
	if (stat.kind != IO_KIND_FOLDER && target.exists && shell_is_directory(&target.status))
		to = alluxio_child(&shell->arena, &target.at, shell_name_of(source));
	rc = stat.kind == IO_KIND_FOLDER ? upload_folder(shell, source, &to)
	                                 : upload_file(shell, source, &to);
	if (rc == 0)
		tell_copied_from(source, target.at.text);
	return rc;
}

/* ---- to this machine ---- */

/* Written under another name first: nobody takes a part for the file. */
static int download_file(struct shell *shell, const struct alluxio_item *source, struct str target)
{
	const struct file_range all = {.length = UINT64_MAX};
	struct str part = cli_text(&shell->arena, "%.*s._COPYING_", STR_ARGS(target));
	struct local_file to = {.file = fopen(part.data, "wb")};
	int rc;

	if (to.file == NULL)
		return alluxio_fail("%.*s (%s)", STR_ARGS(target), strerror(errno));
	rc = stream_download(shell, source->at.path, &all, &to);
	if (fclose(to.file) != 0 && rc == 0) {
		to.error = errno;
		rc = -ERR_IO;
	}
	if (rc == 0 && rename(part.data, target.data) != 0) {
		to.error = errno;
		rc = -ERR_IO;
	}
	if (rc < 0) {
		io_unlink(shell->site.io, part.data);
		return stream_failed(shell, &to, target);
	}
	printf("Copied %.*s to file://%.*s\n", STR_ARGS(source->at.text), STR_ARGS(target));
	return 0;
}

static int download_item(struct shell *shell, const struct alluxio_item *source, void *context);

static int download_directory(struct shell *shell, const struct alluxio_item *source,
                              struct str target)
{
	if (!is_folder(shell, target)) {
		if (io_mkdir(shell->site.io, target.data) < 0)
			return alluxio_fail("mkdir failure for directory: file://%.*s",
			                    STR_ARGS(target));
		printf("Create directory: file://%.*s\n", STR_ARGS(target));
	}
	return alluxio_for_children(shell, source, download_item, &target);
}

/* context: the folder that the item goes into. */
static int download_item(struct shell *shell, const struct alluxio_item *source, void *context)
{
	const struct str *folder = context;
	struct str target = shell_child_of(&shell->arena, *folder, shell_name_of(source->at.path));

	return shell_is_directory(&source->status) ? download_directory(shell, source, target)
	                                           : download_file(shell, source, target);
}

int alluxio_copy_to_local(struct shell *shell, const struct alluxio_options *options)
{
	struct str target = local_path(shell, options->arguments[1]);
	struct alluxio_item source = {0};
	int rc;

	if (strchr(options->arguments[0], '*') != NULL)
		return alluxio_for_each(shell, options->arguments[0], download_item, &target);
	rc = alluxio_find(shell, options->arguments[0], &source);
	if (rc < 0)
		return rc;
	if (shell_is_directory(&source.status))
		return download_directory(shell, &source, target);
	return is_folder(shell, target) ? download_item(shell, &source, &target)
	                                : download_file(shell, &source, target);
}
