/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mkdir, touch, rm, mv: commands that change names.
 */
#include <string.h>

#include "base/err.h"
#include "cli/alluxio.h"

/* ---- mkdir ---- */

static int make_directory(struct shell *shell, const char *argument)
{
	struct alluxio_item item = {0};
	bool made;
	int rc = alluxio_path_of(shell, argument, &item.at);

	if (rc == 0)
		rc = alluxio_stat(shell, &item);
	if (rc < 0)
		return rc;
	if (item.exists)
		return alluxio_fail("Not allowed to create directory because path already exists: "
		                    "%.*s",
		                    STR_ARGS(item.at.text));
	rc = client_mkdirs(shell->client, item.at.path, 0777 & ~shell->umask, true, &made);
	if (rc == -ERR_NOT_DIRECTORY && alluxio_check_parents(shell, item.at.path) < 0)
		return rc;
	if (rc < 0)
		return alluxio_call_failed(shell);
	printf("Successfully created directory %.*s\n", STR_ARGS(item.at.text));
	return 0;
}

int alluxio_mkdir(struct shell *shell, const struct alluxio_options *options)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < options->count; i++)
		rc = make_directory(shell, options->arguments[i]);
	return rc;
}

/* ---- touch ---- */

static int touch_exists(struct shell *shell, const struct alluxio_item *item, void *context)
{
	(void)shell;
	(void)context;
	return alluxio_fail("%.*s already exists. If you want to overwrite the file, you need to "
	                    "specify the overwrite option.",
	                    STR_ARGS(item->at.text));
}

int alluxio_touch(struct shell *shell, const struct alluxio_options *options)
{
	const char *argument = options->arguments[0];
	struct alluxio_item item = {0};
	int rc;

	if (strchr(argument, '*') != NULL)
		return alluxio_for_each(shell, argument, touch_exists, NULL);
	rc = alluxio_path_of(shell, argument, &item.at);
	if (rc == 0)
		rc = alluxio_stat(shell, &item);
	if (rc < 0)
		return rc;
	if (item.exists)
		return touch_exists(shell, &item, NULL);
	rc = alluxio_check_parents(shell, item.at.path);
	if (rc < 0)
		return rc;
	if (stream_upload(shell, NULL, item.at.path) < 0)
		return alluxio_call_failed(shell);
	printf("%.*s has been created\n", STR_ARGS(item.at.text));
	return 0;
}

/* ---- rm ---- */

enum { RM_R, RM_R2, RM_U, RM_ALLUXIO_ONLY, RM_MOUNT_POINT };

struct removal {
	bool recursive, everything;
};

static int remove_item(struct shell *shell, const struct alluxio_item *item, void *context)
{
	const struct removal *removal = context;
	bool deleted = false;
	int rc;

	if (shell_is_directory(&item->status) && !removal->recursive)
		return alluxio_fail("%.*s is a directory, to remove it, please use \"rm "
		                    "-R/-r/--recursive <path>\"",
		                    STR_ARGS(item->at.text));
	if (item->at.path.size == 1)
		return alluxio_fail("Cannot delete path / which is or contains a mount point "
		                    "without --deleteMountPoint/-m option specified");
	rc = client_delete(shell->client, item->at.path, removal->recursive, &deleted);
	if (rc < 0)
		return alluxio_call_failed(shell);
	if (!deleted)
		return alluxio_fail("%.*s cannot be removed", STR_ARGS(item->at.text));
	printf("%.*s has been removed\n", STR_ARGS(item->at.text));
	return 0;
}

int alluxio_rm(struct shell *shell, const struct alluxio_options *options)
{
	struct removal removal = {.recursive = alluxio_has(options, RM_R) ||
	                                       alluxio_has(options, RM_R2)};

	if (alluxio_has(options, RM_ALLUXIO_ONLY))
		return alluxio_fail("--alluxioOnly: there is no under storage that would keep the "
		                    "file");
	return alluxio_for_each(shell, options->arguments[0], remove_item, &removal);
}

/* ---- mv ---- */

static int rename_item(struct shell *shell, const struct alluxio_item *source,
                       struct alluxio_item *target)
{
	struct alluxio_item parent = {.at.path = shell_parent_of(target->at.path)};
	bool renamed = false;
	int rc;

	if (source->at.path.size == 1)
		return alluxio_fail("The root directory cannot be renamed");
	if (shell_is_below(target->at.path, source->at.path))
		return alluxio_fail("Cannot rename because %.*s is a prefix of %.*s",
		                    STR_ARGS(source->at.path), STR_ARGS(target->at.path));
	rc = alluxio_stat(shell, target);
	if (rc < 0)
		return rc;
	if (target->exists)
		return alluxio_fail("Cannot rename because destination already exists. src: %.*s "
		                    "dst: %.*s",
		                    STR_ARGS(source->at.path), STR_ARGS(target->at.path));
	rc = alluxio_stat(shell, &parent);
	if (rc < 0)
		return rc;
	if (!parent.exists)
		return alluxio_fail("Path \"%.*s\" does not exist.", STR_ARGS(parent.at.path));
	rc = alluxio_check_parents(shell, target->at.path);
	if (rc < 0)
		return rc;
	rc = client_rename(shell->client, source->at.path, target->at.path, &renamed);
	if (rc < 0)
		return alluxio_call_failed(shell);
	return renamed ? 0
	               : alluxio_fail("%.*s cannot be renamed to %.*s", STR_ARGS(source->at.path),
	                              STR_ARGS(target->at.path));
}

int alluxio_mv(struct shell *shell, const struct alluxio_options *options)
{
	struct alluxio_item source = {0}, target = {0};
	int rc = alluxio_path_of(shell, options->arguments[0], &source.at);

	if (rc == 0)
		rc = alluxio_path_of(shell, options->arguments[1], &target.at);
	if (rc == 0)
		rc = alluxio_find(shell, options->arguments[0], &source);
	if (rc == 0 && !str_equal(source.at.path, target.at.path))
		rc = rename_item(shell, &source, &target);
	if (rc == 0)
		printf("Renamed %.*s to %.*s\n", STR_ARGS(source.at.text),
		       STR_ARGS(target.at.text));
	return rc;
}
