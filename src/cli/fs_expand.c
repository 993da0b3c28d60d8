/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From arguments to what they name.
 */
#include <string.h>

#include "base/err.h"
#include "cli/fs_side.h"

struct expansion {
	struct shell *shell;
	struct fs_items *items;
};

/* ---- patterns, one component after the other ---- */

/* The pattern without the backslashes that only take letters literally. */
static struct str unquoted(struct shell *shell, const char *pattern)
{
	char *out = arena_alloc(&shell->arena, strlen(pattern) + 1); /* NUL-terminated */
	size_t size = 0;

	CHECK(out != NULL);
	for (; *pattern != '\0'; pattern++) {
		pattern += *pattern == '\\' && pattern[1] != '\0';
		out[size++] = *pattern;
	}
	out[size] = '\0';
	return str_make(out, size);
}

/* Items of the next level: what of a directory's children the component names. */
static int match_children(const struct expansion *e, const struct fs_item *parent,
                          const char *component, struct fs_items *next)
{
	struct arena *arena = &e->shell->arena;
	struct listing listing;
	int rc = fs_remote.list(e->shell, &parent->at, &listing);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < listing.count; i++) {
		struct fs_item child = {.exists = true, .status = listing.items[i]};
		struct str name = cli_text(arena, "%.*s", STR_ARGS(listing.items[i].path));

		if (!glob_matches(name, component))
			continue;
		child.at.path = shell_child_of(arena, parent->at.path, name);
		child.status.owner = cli_text(arena, "%.*s", STR_ARGS(child.status.owner));
		child.status.group = cli_text(arena, "%.*s", STR_ARGS(child.status.group));
		fs_items_add(next, &child);
	}
	listing_finish(&listing);
	return 0;
}

/* A component without a pattern names one child, if it is there. */
static int step_down(const struct expansion *e, const struct fs_item *parent, struct str component,
                     struct fs_items *next)
{
	struct fs_item child = {
	        .at.path = shell_child_of(&e->shell->arena, parent->at.path, component)};
	int rc;

	child.at.text = child.at.path;
	rc = fs_remote.stat(e->shell, &child);
	if (rc == 0 && child.exists)
		fs_items_add(next, &child);
	return rc;
}

static int match_component(const struct expansion *e, const struct fs_items *parents,
                           const char *component, struct fs_items *next)
{
	struct str problem;
	int rc = 0;

	if (glob_problem(&e->shell->arena, component, &problem)) {
		fs_error(e->shell, "Illegal file pattern: error parsing regexp: %.*s",
		         STR_ARGS(problem));
		return -ERR_INVALID_PATH;
	}
	for (size_t i = 0; rc == 0 && i < parents->count; i++) {
		const struct fs_item *parent = &parents->items[i];

		if (!shell_is_directory(&parent->status))
			continue;
		rc = glob_is_pattern(component)
		             ? match_children(e, parent, component, next)
		             : step_down(e, parent, unquoted(e->shell, component), next);
	}
	return rc;
}

/* One alternative of the argument, which has a pattern or comes from one. */
static int expand_pattern(void *context, const char *argument)
{
	const struct expansion *e = context;
	struct fs_item root = {.exists = true, .at = {STR("/"), STR("/")}};
	struct fs_items current = {0};
	struct fs_path whole;
	struct str rest;
	int rc = fs_remote.path_of(e->shell, argument, &whole);

	if (rc < 0)
		return rc;
	root.status.type = HDFS__FILE_STATUS__FILE_TYPE__IS_DIR;
	fs_items_add(&current, &root);
	rest = str_make(whole.path.data + 1, whole.path.size - 1);
	while (rc == 0 && rest.size > 0) {
		const char *slash = memchr(rest.data, '/', rest.size);
		size_t size = slash == NULL ? rest.size : (size_t)(slash - rest.data);
		struct str component = cli_text(&e->shell->arena, "%.*s", (int)size, rest.data);
		struct fs_items next = {0};

		size += slash != NULL;
		rest = str_make(rest.data + size, rest.size - size);
		rc = match_component(e, &current, component.data, &next);
		fs_items_finish(&current);
		current = next;
	}
	for (size_t i = 0; rc == 0 && i < current.count; i++) {
		struct fs_item *item = &current.items[i];

		item->at.text = fs_remote.shown(e->shell, argument, item->at.path);
		fs_items_add(e->items, item);
	}
	fs_items_finish(&current);
	return rc;
}

/* ---- arguments ---- */

int fs_item_of(struct shell *shell, const struct fs_side *side, const char *argument,
               struct fs_item *ret_item)
{
	struct fs_item item = {0};
	int rc = side->path_of(shell, argument, &item.at);

	if (rc == 0)
		rc = side->stat(shell, &item);
	if (rc < 0)
		return rc;
	if (item.exists)
		item.at.text = side->shown(shell, argument, item.at.path);
	*ret_item = item;
	return 0;
}

static int expand_plain(struct shell *shell, const struct fs_side *side, const char *argument,
                        struct fs_items *items)
{
	struct fs_item item;
	int rc = fs_item_of(shell, side, argument, &item);

	if (rc == 0)
		fs_items_add(items, &item);
	return rc;
}

/* A backslash at the end, with nothing behind it to take literally. */
static bool has_open_escape(const char *pattern)
{
	while (*pattern != '\0') {
		if (*pattern == '\\' && pattern[1] == '\0')
			return true;
		pattern += *pattern == '\\' ? 2 : 1;
	}
	return false;
}

int fs_expand(struct shell *shell, const struct fs_side *side, const char *argument,
              struct fs_items *items)
{
	struct expansion e = {shell, items};
	size_t before = items->count;
	int rc;

	/* Patterns of this machine's files are left to the caller's shell. */
	if (side == &fs_local)
		return expand_plain(shell, side, argument, items);
	if (has_open_escape(argument)) {
		fs_error(shell,
		         "Illegal file pattern: An escaped character does not present for glob %s "
		         "at %zu",
		         argument, strlen(argument));
		return -ERR_INVALID_PATH;
	}
	if (!glob_is_pattern(argument))
		return expand_plain(shell, side, unquoted(shell, argument).data, items);
	rc = glob_alternatives(&shell->arena, argument, expand_pattern, &e);
	return rc == 0 && items->count == before ? -ERR_NOT_FOUND : rc;
}

int fs_target_of(struct shell *shell, const struct fs_side *side, const char *argument,
                 struct fs_item *ret_item)
{
	struct fs_items items = {0};
	int rc = fs_expand(shell, side, argument, &items);

	if (rc == -ERR_NOT_FOUND) {
		fs_unmatched_error(shell, argument);
	} else if (rc == 0 && items.count > 1) {
		fs_path_error(shell, str_of(argument), "Too many matches");
		rc = -ERR_INVALID_PATH;
	}
	if (rc == 0)
		*ret_item = items.items[0];
	fs_items_finish(&items);
	return rc;
}

void fs_unmatched_error(struct shell *shell, const char *pattern)
{
	fs_path_error(shell, unquoted(shell, pattern), "No such file or directory");
}

/* Usage that is wrong in one argument stops the command before it has begun. */
void fs_expand_all(struct shell *shell, const struct fs_side *side,
                   const struct fs_options *options, size_t first, size_t end,
                   struct fs_items *ret_items)
{
	*ret_items = (struct fs_items){0};
	for (size_t i = first; i < end && shell->status != FS_EXIT_USAGE; i++) {
		const char *argument = options->arguments[i];

		if (fs_expand(shell, side, argument, ret_items) == -ERR_NOT_FOUND)
			fs_unmatched_error(shell, argument);
	}
	if (shell->status == FS_EXIT_USAGE)
		ret_items->count = 0;
}

struct fs_options fs_or_home(const struct fs_options *options)
{
	static const char *const home[] = {"."};
	struct fs_options with_home = *options;

	if (options->count == 0) {
		with_home.arguments = home;
		with_home.count = 1;
	}
	return with_home;
}

void fs_for_each(struct shell *shell, const struct fs_options *options, size_t first,
                 fs_item_fn *found, fs_item_fn *absent, void *context)
{
	struct fs_items items;

	fs_expand_all(shell, &fs_remote, options, first, options->count, &items);
	for (size_t i = 0; i < items.count; i++) {
		const struct fs_item *item = &items.items[i];

		if (item->exists)
			found(shell, item, context);
		else if (absent != NULL)
			absent(shell, item, context);
		else
			fs_path_error(shell, item->at.text, "No such file or directory");
	}
	fs_items_finish(&items);
}

bool fs_for_children(struct shell *shell, const struct fs_item *directory, fs_item_fn *each,
                     void *context)
{
	struct listing listing;

	if (fs_remote.list(shell, &directory->at, &listing) < 0)
		return false;
	for (size_t i = 0; i < listing.count; i++) {
		struct fs_item child = {
		        .at = fs_child(&listing.arena, &directory->at, listing.items[i].path),
		        .exists = true,
		        .status = listing.items[i],
		};

		each(shell, &child, context);
	}
	listing_finish(&listing);
	return true;
}
