/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "cli/fs_side.h"

static int stat_remote(struct shell *shell, struct fs_item *item)
{
	int rc = client_stat(shell->client, item->at.path, &shell->arena, &item->exists,
	                     &item->status);

	if (rc < 0)
		fs_call_error(shell, rc, item->at.text);
	return rc;
}

static int list_remote(struct shell *shell, const struct fs_path *directory,
                       struct listing *ret_listing)
{
	int rc = listing_read(shell, directory->path, ret_listing);

	if (rc < 0)
		fs_call_error(shell, rc, directory->text);
	return rc;
}

static int make_directory(struct shell *shell, const struct fs_path *path)
{
	bool made;
	int rc = client_mkdirs(shell->client, path->path, 0777 & ~shell->umask, true, &made);

	if (rc < 0) {
		fs_call_error(shell, rc, path->text);
	} else if (!made) {
		fs_path_error(shell, path->text, "Input/output error");
		rc = -ERR_IO;
	}
	return rc;
}

static int rename_remote(struct shell *shell, struct str from, const struct fs_item *to)
{
	bool done = true;
	int rc = to->exists ? client_delete(shell->client, to->at.path, false, &done) : 0;

	if (rc == 0)
		rc = client_rename(shell->client, from, to->at.path, &done);
	if (rc < 0) {
		fs_call_error(shell, rc, to->at.text);
	} else if (!done) {
		fs_path_error(shell, to->at.text, "Input/output error");
		rc = -ERR_IO;
	}
	return rc;
}

static void remove_remote(struct shell *shell, struct str path)
{
	bool deleted;
	int rc = client_delete(shell->client, path, false, &deleted);

	(void)rc; /* what failed before is what is said */
}

static int set_attributes(struct shell *shell, const struct fs_path *path,
                          const struct wire_file_status *from, unsigned which)
{
	int rc = 0;

	if (which & FS_TIMES)
		rc = client_set_times(shell->client, path->path, from->mtime, from->atime);
	if (rc == 0 && which & FS_OWNER)
		rc = client_set_owner(shell->client, path->path, from->owner, from->group);
	if (rc == 0 && which & FS_MODE)
		rc = client_set_permission(shell->client, path->path, from->mode);
	if (rc < 0)
		fs_call_error(shell, rc, path->text);
	return rc;
}

static struct str uri_remote(struct shell *shell, const struct fs_path *path)
{
	return fs_uri(shell, path->path);
}

const struct fs_side fs_remote = {
        .path_of = fs_path_of,
        .shown = fs_shown,
        .uri = uri_remote,
        .stat = stat_remote,
        .list = list_remote,
        .make_directory = make_directory,
        .rename = rename_remote,
        .remove = remove_remote,
        .set_attributes = set_attributes,
};
