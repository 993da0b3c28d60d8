/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chmod, chown, chgrp, setrep: commands that change attributes, -R for everything below.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "cli/fs_side.h"
#include "cli/fs_mode.h"

/* What is done to each path. */
struct change {
	bool recursive;
	const char *doing; /* "changing permissions of"; NULL: errors as they come */
	int (*apply)(struct shell *shell, const struct fs_item *item, const struct change *change);
	const char *mode;
	struct str owner, group; /* empty: as it is */
	uint16_t replication;
	struct fs_items changed; /* that setrep -w waits for */
};

static void tell_failure(struct shell *shell, const struct change *change, int rc, struct str text)
{
	struct str reason = client_failure(shell->client)->text;

	if (change->doing == NULL || reason.size == 0)
		fs_call_error(shell, rc, text);
	else
		fs_error(shell, "%s '%.*s': %.*s", change->doing, STR_ARGS(text), STR_ARGS(reason));
}

static void change_item(struct shell *shell, const struct fs_item *item, void *context)
{
	const struct change *change = context;
	int rc = change->apply(shell, item, change);

	if (rc < 0)
		tell_failure(shell, change, rc, item->at.text);
	else if (change->recursive && shell_is_directory(&item->status))
		fs_for_children(shell, item, change_item, context);
}

/* ---- chmod ---- */

static int change_mode(struct shell *shell, const struct fs_item *item, const struct change *change)
{
	uint32_t mode = item->status.mode;

	fs_mode_apply(change->mode, item->status.mode, shell_is_directory(&item->status), &mode);
	return mode == item->status.mode
	               ? 0
	               : client_set_permission(shell->client, item->at.path, mode);
}

int fs_chmod(struct shell *shell, const struct fs_options *options)
{
	struct change change = {
	        .recursive = fs_has(options, 0),
	        .doing = "changing permissions of",
	        .apply = change_mode,
	        .mode = options->arguments[0],
	};
	uint32_t mode;

	if (!fs_mode_apply(change.mode, 0, false, &mode))
		return fs_usage_error(shell,
		                      "chmod : mode '%s' does not match the expected pattern.",
		                      change.mode);
	fs_for_each(shell, options, 1, change_item, NULL, &change);
	return 0;
}

/* ---- chown, chgrp ---- */

static int change_owner(struct shell *shell, const struct fs_item *item,
                        const struct change *change)
{
	bool same_owner = change->owner.size == 0 || str_equal(change->owner, item->status.owner);
	bool same_group = change->group.size == 0 || str_equal(change->group, item->status.group);

	if (same_owner && same_group)
		return 0;
	return client_set_owner(shell->client, item->at.path,
	                        same_owner ? (struct str){0} : change->owner,
	                        same_group ? (struct str){0} : change->group);
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

int fs_chown(struct shell *shell, const struct fs_options *options)
{
	const char *text = options->arguments[0];
	const char *colon = strchr(text, ':');
	struct change change = {
	        .recursive = fs_has(options, 0),
	        .doing = "changing ownership of",
	        .apply = change_owner,
	        .owner = str_of(text),
	};

	if (colon != NULL) {
		change.owner.size = (size_t)(colon - text);
		change.group = str_of(colon + 1);
	}
	if (!is_name(change.owner) || !is_name(change.group))
		return fs_usage_error(
		        shell, "'%s' does not match expected pattern for [owner][:group].", text);
	if (change.owner.size == 0 && change.group.size == 0)
		return fs_usage_error(shell, "'%s' does not specify owner or group.", text);
	fs_for_each(shell, options, 1, change_item, NULL, &change);
	return 0;
}

int fs_chgrp(struct shell *shell, const struct fs_options *options)
{
	struct change change = {
	        .recursive = fs_has(options, 0),
	        .doing = "changing ownership of",
	        .apply = change_owner,
	        .group = str_of(options->arguments[0]),
	};

	if (change.group.size == 0 || !is_name(change.group))
		return fs_usage_error(shell, "'%s' does not match expected pattern for group",
		                      options->arguments[0]);
	fs_for_each(shell, options, 1, change_item, NULL, &change);
	return 0;
}

/* ---- setrep ---- */

enum { SETREP_R, SETREP_W, WAIT_MS = 1000 };

static void set_replication(struct shell *shell, const struct fs_item *item, void *context)
{
	struct change *change = context;
	bool done = false;
	int rc;

	if (shell_is_directory(&item->status)) {
		fs_for_children(shell, item, set_replication, context);
		return;
	}
	rc = client_set_replication(shell->client, item->at.path, change->replication, &done);
	if (rc < 0) {
		fs_call_error(shell, rc, item->at.text);
	} else if (!done) {
		fs_error(shell, "Could not set replication for: %.*s", STR_ARGS(item->at.text));
	} else {
		struct fs_item copy = *item;

		printf("Replication %u set: %.*s\n", change->replication, STR_ARGS(item->at.text));
		copy.at.text = cli_text(&shell->arena, "%.*s", STR_ARGS(item->at.text));
		copy.at.path = cli_text(&shell->arena, "%.*s", STR_ARGS(item->at.path));
		fs_items_add(&change->changed, &copy);
	}
}

struct waiting {
	uint16_t replication;
	bool is_reached;
};

static int count_locations(void *context, const struct wire_located_block *block)
{
	struct waiting *waiting = context;

	waiting->is_reached = waiting->is_reached && block->location_count == waiting->replication;
	return 0;
}

static void wait_for(struct shell *shell, const struct fs_item *item, uint16_t replication)
{
	struct waiting waiting = {.replication = replication};

	printf("Waiting for %.*s ...", STR_ARGS(item->at.text));
	for (;;) {
		int rc;

		fflush(stdout);
		waiting.is_reached = true;
		rc = file_locate(shell->client, item->at.path, count_locations, &waiting);
		if (rc < 0) {
			fs_call_error(shell, rc, item->at.text);
			return;
		}
		if (waiting.is_reached)
			break;
		client_pause(shell->site.io, WAIT_MS);
		putchar('.');
	}
	printf(" done\n");
}

static int parse_replication(struct shell *shell, const char *text, uint16_t *ret_replication)
{
	char *end;
	long number = strtol(text, &end, 10);

	if (*end != '\0' || end == text || number > INT16_MAX || number < INT16_MIN) {
		fs_error(shell, "Illegal replication, a positive integer expected");
		return fs_usage_error(shell,
		                      *end == '\0' && number >= INT32_MIN && number <= INT32_MAX
		                              ? "Value out of range. Value:\"%s\" Radix:10"
		                              : "For input string: \"%s\"",
		                      text);
	}
	if (number < 1)
		return fs_usage_error(shell, "replication must be >= 1");
	*ret_replication = (uint16_t)number;
	return 0;
}

int fs_setrep(struct shell *shell, const struct fs_options *options)
{
	struct change change = {0};
	int status = parse_replication(shell, options->arguments[0], &change.replication);

	if (status != 0)
		return status;
	fs_for_each(shell, options, 1, set_replication, NULL, &change);
	for (size_t i = 0; fs_has(options, SETREP_W) && i < change.changed.count; i++)
		wait_for(shell, &change.changed.items[i], change.replication);
	fs_items_finish(&change.changed);
	return 0;
}
