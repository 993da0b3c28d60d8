/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rm, rmdir.
 */
#include "base/err.h"
#include "cli/fs_side.h"

/* ---- trash ---- */

enum { TRASH_TRIES_MAX = 3, TRASH_MODE = 0700 };

/* The server's setting counts where there is one. */
static bool has_trash(struct shell *shell)
{
	const Hdfs__FsServerDefaults *defaults;

	if (client_server_defaults(shell->client, &shell->arena, &defaults) == 0 &&
	    defaults->has_trash_interval && defaults->trash_interval > 0)
		return true;
	return config_duration_ms(shell->site.config, CONFIG_KEY_FS_TRASH_INTERVAL) > 0;
}

/* Where such a thing is already, with a number behind. */
static int rename_to_free_name(struct shell *shell, struct str path, struct str wanted,
                               struct str *ret_target)
{
	struct str target = wanted;
	int rc = client_rename2(shell->client, path, target, false);

	for (int tries = 1; rc == -ERR_EXISTS && tries < TRASH_TRIES_MAX; tries++) {
		target = cli_text(&shell->arena, "%.*s%llu", STR_ARGS(wanted),
		                  (unsigned long long)io_wall_ms(shell->site.io));
		rc = client_rename2(shell->client, path, target, false);
	}
	*ret_target = target;
	return rc;
}

/* Moves to <home>/.Trash/Current/<path>. */
static void move_to_trash(struct shell *shell, const struct fs_item *item)
{
	struct str target = cli_text(&shell->arena, "%.*s/.Trash/Current%.*s",
	                             STR_ARGS(shell->home), STR_ARGS(item->at.path));
	bool made;
	int rc = client_mkdirs(shell->client, shell_parent_of(target), TRASH_MODE, true, &made);

	if (rc == 0)
		rc = rename_to_free_name(shell, item->at.path, target, &target);
	if (rc < 0)
		fs_error(
		        shell,
		        "Failed to move %.*s to trash %.*s: %.*s. Consider using -skipTrash option",
		        STR_ARGS(fs_uri(shell, item->at.path)), STR_ARGS(fs_uri(shell, target)),
		        STR_ARGS(fs_failure(shell, rc)));
}

/* False: the path is not to be removed any further. */
static bool wants_delete(struct shell *shell, const struct fs_item *item)
{
	struct str trash = cli_text(&shell->arena, "%.*s/.Trash", STR_ARGS(shell->home));

	if (str_equal(item->at.path, trash) || shell_is_below(item->at.path, trash) ||
	    !has_trash(shell))
		return true;
	if (shell_is_below(trash, item->at.path))
		fs_error(shell,
		         "Cannot move \"%.*s\" to the trash, as it contains the trash. Consider "
		         "using -skipTrash option",
		         STR_ARGS(fs_uri(shell, item->at.path)));
	else
		move_to_trash(shell, item);
	return false;
}

/* ---- rm ---- */

enum { RM_F, RM_R, RM_R2, RM_SKIP_TRASH, RM_SAFELY };

static void remove_item(struct shell *shell, const struct fs_item *item,
                        const struct fs_options *options)
{
	bool recursive = fs_has(options, RM_R) || fs_has(options, RM_R2), deleted = false;
	int rc;

	if (shell_is_directory(&item->status) && !recursive) {
		fs_path_error(shell, item->at.text, "Is a directory");
		return;
	}
	if (!fs_has(options, RM_SKIP_TRASH) && !wants_delete(shell, item))
		return;
	rc = client_delete(shell->client, item->at.path, recursive, &deleted);
	if (rc < 0)
		fs_call_error(shell, rc, item->at.text);
	else if (!deleted)
		fs_path_error(shell, item->at.text, "Input/output error");
	else
		printf("Deleted %.*s\n", STR_ARGS(item->at.text));
}

int fs_rm(struct shell *shell, const struct fs_options *options)
{
	struct fs_items items = {0};

	for (size_t i = 0; i < options->count && shell->status != FS_EXIT_USAGE; i++) {
		const char *argument = options->arguments[i];
		int rc = fs_expand(shell, &fs_remote, argument, &items);

		if (rc == -ERR_NOT_FOUND && !fs_has(options, RM_F))
			fs_unmatched_error(shell, argument);
	}
	for (size_t i = 0; i < items.count && shell->status != FS_EXIT_USAGE; i++) {
		const struct fs_item *item = &items.items[i];

		if (item->exists)
			remove_item(shell, item, options);
		else if (!fs_has(options, RM_F))
			fs_path_error(shell, item->at.text, "No such file or directory");
	}
	fs_items_finish(&items);
	return 0;
}

/* ---- rmdir ---- */

static void remove_directory(struct shell *shell, const struct fs_item *item, void *context)
{
	const bool *ignores_content = context;
	bool deleted = false;
	int rc;

	if (!shell_is_directory(&item->status)) {
		fs_path_error(shell, item->at.text, "Is not a directory");
		return;
	}
	rc = client_delete(shell->client, item->at.path, false, &deleted);
	if (rc == -ERR_NOT_EMPTY && *ignores_content)
		return;
	if (rc == -ERR_NOT_EMPTY)
		fs_path_error(shell, item->at.text, "Directory is not empty");
	else if (rc < 0)
		fs_call_error(shell, rc, item->at.text);
	else if (!deleted)
		fs_path_error(shell, item->at.text, "Input/output error");
}

int fs_rmdir(struct shell *shell, const struct fs_options *options)
{
	bool ignores_content = fs_has(options, 0);

	fs_for_each(shell, options, 0, remove_directory, NULL, &ignores_content);
	return 0;
}
