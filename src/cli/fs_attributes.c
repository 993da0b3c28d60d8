/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chmod, chown, chgrp, setrep: commands that change attributes, -R for everything below.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "cli/fs.h"
#include "cli/fs_mode.h"

/* What is done to each path; context is the command's. */
struct walk {
	struct fs_shell *shell;
	bool recursive;
	int (*each)(const struct walk *walk, const struct fs_path *path,
	            const struct wire_file_status *status);
	const void *context;
	const char *doing; /* "changing permissions of"; NULL: errors as they come */
};

static void walk_error(const struct walk *walk, int rc, const struct fs_path *path)
{
	struct str text = client_failure(walk->shell->client)->text;

	if (walk->doing == NULL || text.size == 0)
		fs_call_error(walk->shell, rc, path);
	else
		fs_error(walk->shell, "%s '%.*s': %.*s", walk->doing, STR_ARGS(path->text),
		         STR_ARGS(text));
}

static void walk_path(const struct walk *walk, const struct fs_path *path,
                      const struct wire_file_status *status)
{
	struct fs_listing listing;
	int rc = walk->each(walk, path, status);

	if (rc < 0) {
		walk_error(walk, rc, path);
		return;
	}
	if (!walk->recursive || !fs_is_directory(status) ||
	    fs_list(walk->shell, path, &listing) < 0)
		return;
	for (size_t i = 0; i < listing.count; i++) {
		struct fs_path child = fs_child(walk->shell, path, listing.items[i].path);

		walk_path(walk, &child, &listing.items[i]);
	}
	fs_listing_finish(&listing);
}

static int walk_all(const struct walk *walk, const struct fs_options *options)
{
	struct fs_paths paths = {0};

	fs_expand_all(walk->shell, options, 1, &paths);
	for (size_t i = 0; i < paths.count; i++) {
		struct wire_file_status status;

		if (fs_stat(walk->shell, &paths.items[i], &status) == 0)
			walk_path(walk, &paths.items[i], &status);
	}
	fs_paths_finish(&paths);
	return 0;
}

/* ---- chmod ---- */

static int change_mode(const struct walk *walk, const struct fs_path *path,
                       const struct wire_file_status *status)
{
	uint32_t mode = 0;

	fs_mode_apply(walk->context, status->mode, fs_is_directory(status), &mode);
	return mode == status->mode ? 0
	                            : client_set_permission(walk->shell->client, path->path, mode);
}

int fs_chmod(struct fs_shell *shell, const struct fs_options *options)
{
	struct walk walk = {shell, fs_has(options, 0), change_mode, options->arguments[0],
	                    "changing permissions of"};
	uint32_t mode;

	if (!fs_mode_apply(options->arguments[0], 0, false, &mode))
		return fs_usage_error(shell,
		                      "chmod : mode '%s' does not match the expected pattern.",
		                      options->arguments[0]);
	return walk_all(&walk, options);
}

/* ---- chown, chgrp ---- */

struct owners {
	struct str owner; /* empty: as it is */
	struct str group;
};

static int change_owner(const struct walk *walk, const struct fs_path *path,
                        const struct wire_file_status *status)
{
	const struct owners *owners = walk->context;
	bool same_owner = owners->owner.size == 0 || str_equal(owners->owner, status->owner);
	bool same_group = owners->group.size == 0 || str_equal(owners->group, status->group);

	if (same_owner && same_group)
		return 0;
	return client_set_owner(walk->shell->client, path->path,
	                        same_owner ? (struct str){0} : owners->owner,
	                        same_group ? (struct str){0} : owners->group);
}

static bool is_name(struct str text)
{
	for (size_t i = 0; i < text.size; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (!isalnum(c) && strchr("-_./@", c) == NULL)
			return false;
	}
	return true;
}

int fs_chown(struct fs_shell *shell, const struct fs_options *options)
{
	const char *text = options->arguments[0];
	const char *colon = strchr(text, ':');
	struct owners owners = {.owner = str_of(text)};
	struct walk walk = {shell, fs_has(options, 0), change_owner, &owners,
	                    "changing ownership of"};

	if (colon != NULL) {
		owners.owner.size = (size_t)(colon - text);
		owners.group = str_of(colon + 1);
	}
	if (!is_name(owners.owner) || !is_name(owners.group))
		return fs_usage_error(
		        shell, "'%s' does not match expected pattern for [owner][:group].", text);
	return walk_all(&walk, options);
}

int fs_chgrp(struct fs_shell *shell, const struct fs_options *options)
{
	struct owners owners = {.group = str_of(options->arguments[0])};
	struct walk walk = {shell, fs_has(options, 0), change_owner, &owners,
	                    "changing ownership of"};

	if (owners.group.size == 0 || !is_name(owners.group))
		return fs_usage_error(shell, "'%s' does not match expected pattern for group",
		                      options->arguments[0]);
	return walk_all(&walk, options);
}

/* ---- setrep ---- */

static int change_replication(const struct walk *walk, const struct fs_path *path,
                              const struct wire_file_status *status)
{
	uint16_t replication = *(const uint16_t *)walk->context;
	bool done = false;
	int rc;

	if (fs_is_directory(status))
		return 0;
	rc = client_set_replication(walk->shell->client, path->path, replication, &done);
	if (rc < 0)
		return rc;
	if (done)
		printf("Replication %u set: %.*s\n", replication, STR_ARGS(path->text));
	else
		fs_error(walk->shell, "Could not set replication for: %.*s", STR_ARGS(path->text));
	return 0;
}

int fs_setrep(struct fs_shell *shell, const struct fs_options *options)
{
	char *end;
	long number = strtol(options->arguments[0], &end, 10);
	uint16_t replication = (uint16_t)number;
	/* directories are always walked, as Hadoop does since -R means nothing any more */
	struct walk walk = {shell, true, change_replication, &replication, NULL};

	if (*end != '\0' || end == options->arguments[0])
		return fs_usage_error(shell, "Illegal replication, a positive integer expected");
	if (number < 1)
		return fs_usage_error(shell, "replication must be >= 1");
	if (number > INT16_MAX)
		return fs_usage_error(shell, "replication must be <= %d", INT16_MAX);
	return walk_all(&walk, options);
}
