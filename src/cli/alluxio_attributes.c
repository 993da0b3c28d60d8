/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chmod, chown, chgrp.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli/alluxio.h"

/* What is done to an item, and with -R to everything below it. */
struct change {
	bool recursive;
	int (*apply)(struct shell *shell, struct str path, const struct change *change);
	uint32_t mode;
	struct str owner, group; /* empty: as it is */
};

static int change_below(struct shell *shell, const struct alluxio_item *item, void *context)
{
	const struct change *change = context;

	if (change->apply(shell, item->at.path, change) < 0)
		return alluxio_call_failed(shell);
	if (change->recursive && shell_is_directory(&item->status))
		return alluxio_for_children(shell, item, change_below, context);
	return 0;
}

static int change_mode(struct shell *shell, struct str path, const struct change *change)
{
	return client_set_permission(shell->client, path, change->mode);
}

static int change_owner(struct shell *shell, struct str path, const struct change *change)
{
	return client_set_owner(shell->client, path, change->owner, change->group);
}

static int change_item(struct shell *shell, const struct alluxio_item *item, void *context)
{
	const struct change *change = context;
	int rc = change_below(shell, item, context);

	if (rc < 0)
		return rc;
	if (change->apply == change_mode)
		printf("Changed permission of %.*s to %o\n", STR_ARGS(item->at.text), change->mode);
	else if (change->owner.size == 0)
		printf("Changed group of %.*s to %.*s\n", STR_ARGS(item->at.text),
		       STR_ARGS(change->group));
	else if (change->group.size == 0)
		printf("Changed owner of %.*s to %.*s\n", STR_ARGS(item->at.text),
		       STR_ARGS(change->owner));
	else
		printf("Changed owner:group of %.*s to %.*s:%.*s.\n", STR_ARGS(item->at.text),
		       STR_ARGS(change->owner), STR_ARGS(change->group));
	return 0;
}

/* ---- modes: Alluxio's ModeParser ---- */

/* "ug=rx": what it names is set, what no segment names has no right. */
static int parse_segment(const char *mode, struct str segment, uint32_t *ret_bits)
{
	const char *equals = memchr(segment.data, '=', segment.size);
	const char *end = segment.data + segment.size;
	uint32_t who = 0, what = 0;

	if (equals == NULL || equals == segment.data || equals + 1 == end)
		return alluxio_fail("Invalid mode %s - contains invalid segment %.*s", mode,
		                    STR_ARGS(segment));
	for (const char *at = segment.data; at < equals; at++) {
		uint32_t bits = *at == 'u'   ? 0700
		                : *at == 'g' ? 0070
		                : *at == 'o' ? 0007
		                : *at == 'a' ? 0777
		                             : 0;

		if (bits == 0)
			return alluxio_fail("Invalid mode %s - contains invalid segment %.*s which "
			                    "has invalid targets %.*s",
			                    mode, STR_ARGS(segment), (int)(equals - segment.data),
			                    segment.data);
		who |= bits;
	}
	for (const char *at = equals + 1; at < end; at++) {
		uint32_t bits = *at == 'r' ? 0444 : *at == 'w' ? 0222 : *at == 'x' ? 0111 : 0;

		if (bits == 0)
			return alluxio_fail("Invalid mode %s - contains invalid segment %.*s which "
			                    "has invalid permissions %.*s",
			                    mode, STR_ARGS(segment), (int)(end - equals - 1),
			                    equals + 1);
		what |= bits;
	}
	*ret_bits |= who & what;
	return 0;
}

static int parse_mode(const char *text, uint32_t *ret_mode)
{
	uint32_t bits = 0;
	int rc = 0;

	if (text[0] == '\0')
		return alluxio_fail("Invalid mode %s", text);
	if (strspn(text, "01234567") == strlen(text)) {
		*ret_mode = (uint32_t)strtoul(text, NULL, 8) & 0777;
		return 0;
	}
	for (const char *at = text; rc == 0 && *at != '\0'; at += *at == ',') {
		size_t size = strcspn(at, ",");

		rc = parse_segment(text, str_make(at, size), &bits);
		at += size;
	}
	if (rc == 0)
		*ret_mode = bits;
	return rc;
}

/* ---- commands ---- */

int alluxio_chmod(struct shell *shell, const struct alluxio_options *options)
{
	struct change change = {.recursive = alluxio_has(options, 0), .apply = change_mode};
	int rc = parse_mode(options->arguments[0], &change.mode);

	return rc < 0 ? rc : alluxio_for_each(shell, options->arguments[1], change_item, &change);
}

static bool is_name(struct str name)
{
	for (size_t i = 0; i < name.size; i++) {
		unsigned char c = (unsigned char)name.data[i];

		if (!isalnum(c) && strchr("_-.@", c) == NULL)
			return false;
	}
	return name.size > 0;
}

int alluxio_chown(struct shell *shell, const struct alluxio_options *options)
{
	const char *text = options->arguments[0];
	const char *colon = strchr(text, ':');
	struct change change = {
	        .recursive = alluxio_has(options, 0), .apply = change_owner, .owner = str_of(text)};

	if (colon != NULL) {
		change.owner.size = (size_t)(colon - text);
		change.group = str_of(colon + 1);
	}
	if (!is_name(change.owner) || (colon != NULL && !is_name(change.group)))
		return alluxio_fail("Failed to parse %s as user or user:group", text);
	return alluxio_for_each(shell, options->arguments[1], change_item, &change);
}

int alluxio_chgrp(struct shell *shell, const struct alluxio_options *options)
{
	struct change change = {.recursive = alluxio_has(options, 0),
	                        .apply = change_owner,
	                        .group = str_of(options->arguments[0])};

	return alluxio_for_each(shell, options->arguments[1], change_item, &change);
}
