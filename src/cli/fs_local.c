/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "cli/fs_side.h"

static int failed(struct shell *shell, int rc, struct str text)
{
	fs_path_error(shell, text,
	              rc == -ERR_NO_FILE  ? "No such file or directory"
	              : rc == -ERR_ACCESS ? "Permission denied"
	                                  : err_text(rc));
	return rc;
}

static const char *without_scheme(const char *argument)
{
	return strncmp(argument, "file://", 7) == 0  ? argument + 7
	       : strncmp(argument, "file:/", 6) == 0 ? argument + 5
	                                             : argument;
}

static int path_of(struct shell *shell, const char *argument, struct fs_path *ret_path)
{
	struct str path = str_of(without_scheme(argument));

	if (path.size == 0) {
		fs_usage_error(shell, "Can not create a Path from an empty string");
		return -ERR_INVALID_PATH;
	}
	ret_path->text = path;
	if (path.data[0] != '/')
		path = shell_child_of(&shell->arena, shell->here, path);
	if (!shell_clean(&shell->arena, path, &ret_path->path))
		ret_path->path = STR("/");
	return 0;
}

static struct str shown(struct shell *shell, const char *argument, struct str path)
{
	return without_scheme(argument)[0] == '/'
	               ? path
	               : shell_relative(&shell->arena, path, shell->here);
}

/* As Hadoop makes it of a path as it was typed. */
static struct str uri(struct shell *shell, const struct fs_path *path)
{
	return cli_text(&shell->arena, "file:%s%.*s", path->text.data[0] == '/' ? "//" : "",
	                STR_ARGS(path->path));
}

static int fill_status(struct shell *shell, struct arena *arena, const char *path,
                       struct wire_file_status *ret_status, bool *ret_exists)
{
	struct io_attributes attributes;
	struct io_stat stat;
	int rc = io_stat(shell->site.io, path, &stat);

	*ret_exists = rc == 0;
	if (rc == -ERR_NO_FILE)
		return 0;
	if (rc == 0)
		rc = io_attributes(shell->site.io, path, &attributes);
	if (rc < 0)
		return rc;
	*ret_status = (struct wire_file_status){
	        .type = stat.kind == IO_KIND_FOLDER ? HDFS__FILE_STATUS__FILE_TYPE__IS_DIR
	                                            : HDFS__FILE_STATUS__FILE_TYPE__IS_FILE,
	        .length = stat.size,
	        .mode = attributes.mode,
	        .mtime = attributes.mtime_ms,
	        .atime = attributes.atime_ms,
	        .owner = cli_text(arena, "%s", attributes.owner),
	        .group = cli_text(arena, "%s", attributes.group),
	};
	return 0;
}

static int stat_local(struct shell *shell, struct fs_item *item)
{
	struct str path = cli_text(&shell->arena, "%.*s", STR_ARGS(item->at.path));
	int rc = fill_status(shell, &shell->arena, path.data, &item->status, &item->exists);

	return rc < 0 ? failed(shell, rc, item->at.text) : 0;
}

static int list_local(struct shell *shell, const struct fs_path *directory,
                      struct listing *ret_listing)
{
	struct str path = cli_text(&shell->arena, "%.*s", STR_ARGS(directory->path));
	char **names;
	size_t count;
	int rc = io_list_folder(shell->site.io, path.data, &names, &count);

	if (rc < 0)
		return failed(shell, rc, directory->text);
	*ret_listing = (struct listing){0};
	for (size_t i = 0; i < count; i++) {
		struct str child = shell_child_of(&ret_listing->arena, path, str_of(names[i]));
		struct wire_file_status status;
		bool exists;

		rc = fill_status(shell, &ret_listing->arena, child.data, &status, &exists);
		if (rc < 0 || !exists)
			continue; /* gone meanwhile, or a link to nowhere */
		status.path = str_of(names[i]);
		listing_add(ret_listing, &status);
	}
	io_free_names(names, count);
	return 0;
}

static int make_directory(struct shell *shell, const struct fs_path *path)
{
	struct str name = cli_text(&shell->arena, "%.*s", STR_ARGS(path->path));
	int rc = io_mkdir(shell->site.io, name.data);

	return rc < 0 ? failed(shell, rc, path->text) : 0;
}

static int rename_local(struct shell *shell, struct str from, const struct fs_item *to)
{
	struct str source = cli_text(&shell->arena, "%.*s", STR_ARGS(from));
	struct str target = cli_text(&shell->arena, "%.*s", STR_ARGS(to->at.path));
	int rc = io_rename(shell->site.io, source.data, target.data);

	return rc < 0 ? failed(shell, rc, to->at.text) : 0;
}

static void remove_local(struct shell *shell, struct str path)
{
	io_unlink(shell->site.io, cli_text(&shell->arena, "%.*s", STR_ARGS(path)).data);
}

/* Hadoop's shell shows what chown(1) says. */
static int set_owner(struct shell *shell, const char *path, const struct io_attributes *attributes)
{
	const char *unknown;
	int rc = io_set_owner(shell->site.io, path, attributes, &unknown);

	if (rc < 0 && unknown != NULL)
		fs_error(shell, "chown: invalid %s: ‘%s:%s’", unknown, attributes->owner,
		         attributes->group);
	else if (rc < 0)
		fs_error(shell, "chown: changing ownership of '%s': %s", path,
		         rc == -ERR_ACCESS ? "Operation not permitted" : err_text(rc));
	return rc;
}

static int set_attributes(struct shell *shell, const struct fs_path *path,
                          const struct wire_file_status *from, unsigned which)
{
	struct str name = cli_text(&shell->arena, "%.*s", STR_ARGS(path->path));
	struct io_attributes attributes = {
	        .mode = from->mode, .mtime_ms = from->mtime, .atime_ms = from->atime};
	int rc;

	CHECK(which == FS_BASIC); /* parts of it are cp's, which stays within the file system */
	snprintf(attributes.owner, IO_OWNER_BYTES, "%.*s", STR_ARGS(from->owner));
	snprintf(attributes.group, IO_OWNER_BYTES, "%.*s", STR_ARGS(from->group));
	rc = io_set_attributes(shell->site.io, name.data, &attributes);
	return rc < 0 ? failed(shell, rc, path->text) : set_owner(shell, name.data, &attributes);
}

const struct fs_side fs_local = {
        .path_of = path_of,
        .shown = shown,
        .uri = uri,
        .stat = stat_local,
        .list = list_local,
        .make_directory = make_directory,
        .rename = rename_local,
        .remove = remove_local,
        .set_attributes = set_attributes,
};
