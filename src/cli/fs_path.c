/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments as paths, as Hadoop's Path and PathData have them.
 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cli/fs.h"

/* "scheme:/path", "scheme://authority/path"; of what is none the scheme is empty. */
struct uri {
	struct str scheme;
	struct str authority;
	const char *path;
};

static struct uri uri_of(const char *argument)
{
	size_t size = strcspn(argument, ":/");
	struct uri uri = {.path = argument};

	if (size == 0 || argument[size] != ':' || argument[size + 1] != '/')
		return uri;
	uri.scheme = str_make(argument, size);
	uri.path = argument + size + 1;
	if (uri.path[1] == '/') {
		uri.authority = str_make(uri.path + 2, strcspn(uri.path + 2, "/"));
		uri.path += 2 + uri.authority.size;
	}
	return uri;
}

bool fs_is_local(const char *argument)
{
	return str_equal(uri_of(argument).scheme, STR("file"));
}

/* Hadoop takes what stands before a colon for a scheme. */
static bool has_colon_in_name(struct str path)
{
	return path.size > 0 && memchr(path.data, ':', path.size) != NULL;
}

static int refuse_path(struct shell *shell, struct str path)
{
	const char *colon = memchr(path.data, ':', path.size);
	const char *start = colon, *end = colon;

	while (start > path.data && start[-1] != '/')
		start--;
	while (end < path.data + path.size && *end != '/')
		end++;
	if (path.size > 0 && colon == path.data + path.size - 1 && start == path.data)
		fs_usage_error(
		        shell,
		        "java.net.URISyntaxException: Expected scheme-specific part at index "
		        "%zu: %.*s",
		        path.size, STR_ARGS(path));
	else
		fs_usage_error(shell,
		               "java.net.URISyntaxException: Relative path in absolute URI: %.*s",
		               (int)(end - start), start);
	return -ERR_INVALID_PATH;
}

static int check_uri(struct shell *shell, const char *argument, const struct uri *uri)
{
	struct str ours = shell->uri;

	if (!str_equal(uri->scheme, STR("hdfs")) && !str_equal(uri->scheme, STR("alluxio"))) {
		fs_error(shell, "No FileSystem for scheme \"%.*s\"", STR_ARGS(uri->scheme));
		return -ERR_INVALID_PATH;
	}
	ours = str_make(ours.data + STR("hdfs://").size, ours.size - STR("hdfs://").size);
	if (uri->authority.size > 0 && !str_equal(uri->authority, ours)) {
		fs_usage_error(shell, "Wrong FS: %s, expected: %.*s", argument,
		               STR_ARGS(shell->uri));
		return -ERR_INVALID_PATH;
	}
	return 0;
}

int fs_path_of(struct shell *shell, const char *argument, struct fs_path *ret_path)
{
	struct uri uri = uri_of(argument);
	bool has_scheme = uri.scheme.size > 0;
	struct str path = str_of(uri.path);
	struct str cleaned;
	int rc = has_scheme ? check_uri(shell, argument, &uri) : 0;

	if (rc < 0)
		return rc;
	if (argument[0] == '\0') {
		fs_usage_error(shell, "Can not create a Path from an empty string");
		return -ERR_INVALID_PATH;
	}
	if (!has_scheme && strncmp(argument, "//", 2) == 0 && argument[2] != '/') {
		fs_error(shell, "No FileSystem for scheme \"null\"");
		return -ERR_INVALID_PATH;
	}
	if (has_colon_in_name(path))
		return refuse_path(shell, path);
	if (!has_scheme && argument[0] != '/')
		path = shell_child_of(&shell->arena, shell->home, path);
	if (!shell_clean(&shell->arena, path, &cleaned)) {
		fs_usage_error(shell, "Pathname %.*s from %.*s%.*s is not a valid DFS filename.",
		               STR_ARGS(path), STR_ARGS(shell->uri), STR_ARGS(path));
		return -ERR_INVALID_PATH;
	}
	*ret_path = (struct fs_path){.text = str_of(argument), .path = cleaned};
	return 0;
}

struct str fs_shown(struct shell *shell, const char *argument, struct str path)
{
	struct uri uri = uri_of(argument);

	if (uri.scheme.size > 0)
		return cli_text(&shell->arena, "%.*s://%.*s%.*s", STR_ARGS(uri.scheme),
		                STR_ARGS(uri.authority), STR_ARGS(path));
	return argument[0] == '/' ? path : shell_relative(&shell->arena, path, shell->home);
}

struct fs_path fs_child(struct arena *arena, const struct fs_path *parent, struct str name)
{
	return (struct fs_path){
	        .text = str_equal(parent->text, STR("."))
	                        ? cli_text(arena, "%.*s", STR_ARGS(name))
	                        : shell_child_of(arena, parent->text, name),
	        .path = shell_child_of(arena, parent->path, name),
	};
}

struct str fs_uri(struct shell *shell, struct str path)
{
	return cli_text(&shell->arena, "%.*s%.*s", STR_ARGS(shell->uri), STR_ARGS(path));
}

/* ---- items ---- */

void fs_items_add(struct fs_items *items, const struct fs_item *item)
{
	if (items->count == items->capacity) {
		items->capacity = items->capacity == 0 ? 16 : items->capacity * 2;
		items->items =
		        mem_must_realloc(items->items, items->capacity * sizeof(*items->items));
	}
	items->items[items->count++] = *item;
}

void fs_items_finish(struct fs_items *items)
{
	mem_free(items->items);
	*items = (struct fs_items){0};
}
