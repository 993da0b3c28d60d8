/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <string.h>

#include "base/err.h"
#include "cli/alluxio.h"
#include "cli/glob.h"

/* ---- errors ---- */

int alluxio_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	return -ERR_INVALID;
}

int alluxio_call_failed(struct shell *shell)
{
	struct str text = client_failure(shell->client)->text;
	const char *newline = text.size == 0 ? NULL : memchr(text.data, '\n', text.size);

	if (newline != NULL)
		text.size = (size_t)(newline - text.data);
	return alluxio_fail("%.*s", STR_ARGS(text));
}

static int no_such_path(struct str text)
{
	return alluxio_fail("Path \"%.*s\" does not exist.", STR_ARGS(text));
}

/* ---- paths ---- */

int alluxio_path_of(struct shell *shell, const char *argument, struct alluxio_path *ret_path)
{
	static const char scheme[] = "alluxio://";
	const char *colon = strstr(argument, "://");
	const char *path = argument;

	if (colon != NULL) {
		if (strncmp(argument, scheme, strlen(scheme)) != 0)
			return alluxio_fail("Scheme %.*s:// in AlluxioURI is invalid. Schemes in "
			                    "filesystem operations are ignored. \"alluxio://\" or "
			                    "no scheme at all is valid.",
			                    (int)(colon - argument), argument);
		path = strchr(colon + 3, '/');
		path = path == NULL ? "/" : path;
	}
	if (path[0] != '/' || !shell_clean(&shell->arena, str_of(path), &ret_path->path))
		return alluxio_fail("Path \"%s\" is invalid.", argument);
	ret_path->text = cli_text(&shell->arena, "%.*s%.*s", (int)(path - argument), argument,
	                          STR_ARGS(ret_path->path));
	return 0;
}

struct alluxio_path alluxio_child(struct arena *arena, const struct alluxio_path *parent,
                                  struct str name)
{
	return (struct alluxio_path){
	        .text = shell_child_of(arena, parent->text, name),
	        .path = shell_child_of(arena, parent->path, name),
	};
}

int alluxio_stat(struct shell *shell, struct alluxio_item *item)
{
	int rc = client_stat(shell->client, item->at.path, &shell->arena, &item->exists,
	                     &item->status);

	return rc < 0 ? alluxio_call_failed(shell) : 0;
}

int alluxio_find(struct shell *shell, const char *argument, struct alluxio_item *ret_item)
{
	int rc = alluxio_path_of(shell, argument, &ret_item->at);

	if (rc == 0)
		rc = alluxio_stat(shell, ret_item);
	if (rc == 0 && !ret_item->exists)
		rc = no_such_path(ret_item->at.text);
	return rc;
}

int alluxio_list(struct shell *shell, const struct alluxio_path *path, struct listing *ret_listing)
{
	int rc = listing_read(shell, path->path, ret_listing);

	return rc < 0 ? alluxio_call_failed(shell) : 0;
}

int alluxio_check_parents(struct shell *shell, struct str path)
{
	unsigned number = 0;

	for (size_t i = 1; i < path.size; i++) {
		struct alluxio_item parent = {.at.path = str_make(path.data, i)};
		struct str name;
		int rc;

		if (path.data[i] != '/')
			continue;
		number++;
		name = shell_name_of(parent.at.path);
		rc = alluxio_stat(shell, &parent);
		if (rc < 0)
			return rc;
		if (!parent.exists)
			return alluxio_fail("File %.*s creation failed. Component %u(%.*s) does "
			                    "not exist",
			                    STR_ARGS(path), number, STR_ARGS(name));
		if (!shell_is_directory(&parent.status))
			return alluxio_fail("Traversal failed for path %.*s. Component %u(%.*s) "
			                    "is a file, not a directory.",
			                    STR_ARGS(path), number, STR_ARGS(name));
	}
	return 0;
}

/* ---- patterns ---- */

struct expansion {
	struct shell *shell;
	alluxio_item_fn *each;
	void *context;
	size_t found;
	int rc; /* of the last failure */
};

static int expand(struct expansion *e, const struct alluxio_item *at, struct str rest);

static int expand_children(struct expansion *e, const struct alluxio_item *at, const char *pattern,
                           struct str rest)
{
	struct listing listing;
	int rc = shell_is_directory(&at->status) ? alluxio_list(e->shell, &at->at, &listing)
	                                         : -ERR_NOT_FOUND;

	if (rc < 0)
		return rc == -ERR_NOT_FOUND ? 0 : rc;
	for (size_t i = 0; i < listing.count; i++) {
		struct alluxio_item child = {.exists = true, .status = listing.items[i]};

		if (!glob_matches(listing.items[i].path, pattern))
			continue;
		child.at = alluxio_child(&listing.arena, &at->at, listing.items[i].path);
		rc = expand(e, &child, rest);
		if (rc < 0)
			e->rc = rc;
	}
	listing_finish(&listing);
	return 0;
}

/* Goes on with the components that are left; at the end `each` runs. */
static int expand(struct expansion *e, const struct alluxio_item *at, struct str rest)
{
	const char *slash = rest.data == NULL ? NULL : memchr(rest.data, '/', rest.size);
	size_t size = slash == NULL ? rest.size : (size_t)(slash - rest.data);
	struct str component = cli_text(&e->shell->arena, "%.*s", (int)size, rest.data);
	struct alluxio_item child = {0};
	int rc;

	if (rest.size == 0) {
		e->found++;
		return e->each(e->shell, at, e->context);
	}
	size += slash != NULL;
	rest = str_make(rest.data + size, rest.size - size);
	if (strchr(component.data, '*') != NULL)
		return expand_children(e, at, component.data, rest);
	child.at = alluxio_child(&e->shell->arena, &at->at, component);
	rc = alluxio_stat(e->shell, &child);
	return rc < 0 || !child.exists ? rc : expand(e, &child, rest);
}

int alluxio_for_each(struct shell *shell, const char *argument, alluxio_item_fn *each,
                     void *context)
{
	struct expansion e = {.shell = shell, .each = each, .context = context};
	struct alluxio_item item = {0};
	struct str whole, shown;
	int rc;

	if (strchr(argument, '*') == NULL) {
		rc = alluxio_find(shell, argument, &item);
		return rc < 0 ? rc : each(shell, &item, context);
	}
	rc = alluxio_path_of(shell, argument, &item.at);
	if (rc < 0)
		return rc;
	whole = item.at.path;
	shown = item.at.text;
	item.at.text.size -= whole.size - 1;
	item.at.path = STR("/");
	item.status.type = HDFS__FILE_STATUS__FILE_TYPE__IS_DIR;
	rc = expand(&e, &item, str_make(whole.data + 1, whole.size - 1));
	if (rc == 0 && e.rc == 0 && e.found == 0)
		return no_such_path(shown);
	return rc < 0 ? rc : e.rc;
}

int alluxio_for_children(struct shell *shell, const struct alluxio_item *directory,
                         alluxio_item_fn *each, void *context)
{
	struct listing listing;
	int rc = alluxio_list(shell, &directory->at, &listing);

	if (rc < 0)
		return rc;
	for (size_t i = 0; rc == 0 && i < listing.count; i++) {
		struct alluxio_item child = {
		        .at = alluxio_child(&listing.arena, &directory->at, listing.items[i].path),
		        .exists = true,
		        .status = listing.items[i],
		};

		rc = each(shell, &child, context);
	}
	listing_finish(&listing);
	return rc;
}

/* ---- texts ---- */

/* Alluxio: FormatUtils.getSizeFromBytes.  A unit holds up to 5 of the next one. */
const char *alluxio_size_text(uint64_t bytes, bool human, char text[ALLUXIO_SIZE_BYTES])
{
	static const char *const units[] = {"KB", "MB", "GB", "TB", "PB"};
	double size = (double)bytes / 1024;
	size_t unit = 0;

	if (!human || bytes <= 5 * 1024) {
		snprintf(text, ALLUXIO_SIZE_BYTES, "%llu%s", (unsigned long long)bytes,
		         human ? "B" : "");
		return text;
	}
	for (; size > 5 * 1024 && unit + 1 < COUNT_OF(units); unit++)
		size /= 1024;
	snprintf(text, ALLUXIO_SIZE_BYTES, "%.2f%s", size, units[unit]);
	return text;
}
