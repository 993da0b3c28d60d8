/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments as paths, and patterns in them: * ? [a-c] [^a] {a,b} and backslash.
 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cli/fs.h"

enum { ALTERNATIVES_MAX = 1024 };

/* ---- paths ---- */

struct str fs_name_of(struct str path)
{
	for (size_t i = path.size; i > 0; i--) {
		if (path.data[i - 1] == '/')
			return str_make(path.data + i, path.size - i);
	}
	return path;
}

struct str fs_parent_of(struct str path)
{
	for (size_t i = path.size; i > 0; i--) {
		if (path.data[i - 1] == '/')
			return i == 1 ? STR("/") : str_make(path.data, i - 1);
	}
	return STR("/");
}

struct fs_path fs_child(struct fs_shell *shell, const struct fs_path *parent, struct str name)
{
	struct str text = parent->text;
	bool has_slash = text.size > 0 && text.data[text.size - 1] == '/';

	return (struct fs_path){
	        .text = arena_format(&shell->arena, "%.*s%s%.*s", STR_ARGS(text),
	                             has_slash || text.size == 0 ? "" : "/", STR_ARGS(name)),
	        .path = parent->path.size == 1
	                        ? arena_format(&shell->arena, "/%.*s", STR_ARGS(name))
	                        : arena_format(&shell->arena, "%.*s/%.*s", STR_ARGS(parent->path),
	                                       STR_ARGS(name)),
	};
}

/* Without "//", "." and a slash at the end; ".." goes up, as Hadoop's Path has it. */
static struct str clean(struct fs_shell *shell, struct str path)
{
	char *out = arena_alloc(&shell->arena, path.size + 2);
	size_t size = 0, at = 0;

	if (out == NULL)
		return (struct str){0};
	while (at < path.size) {
		size_t end = at;
		struct str part;

		while (end < path.size && path.data[end] != '/')
			end++;
		part = str_make(path.data + at, end - at);
		at = end + 1;
		if (part.size == 0 || str_equal(part, STR(".")))
			continue;
		if (str_equal(part, STR(".."))) {
			while (size > 0 && out[--size] != '/')
				;
			continue;
		}
		out[size++] = '/';
		memcpy(out + size, part.data, part.size);
		size += part.size;
	}
	if (size == 0)
		out[size++] = '/';
	return str_make(out, size);
}

static struct str without_end_slash(struct str text)
{
	while (text.size > 1 && text.data[text.size - 1] == '/')
		text.size--;
	return text;
}

int fs_path_of(struct fs_shell *shell, const char *argument, struct fs_path *ret_path)
{
	const char *scheme = strstr(argument, "://");
	const char *path = argument;

	if (scheme != NULL) {
		size_t size = (size_t)(scheme - argument);

		if (!(size == 4 && memcmp(argument, "hdfs", 4) == 0) &&
		    !(size == 7 && memcmp(argument, "alluxio", 7) == 0)) {
			fs_error(shell, "No FileSystem for scheme \"%.*s\"", (int)size, argument);
			return -ERR_INVALID_PATH;
		}
		path = strchr(scheme + 3, '/');
		path = path == NULL ? "/" : path;
	} else if (strncmp(argument, "//", 2) == 0) {
		fs_error(shell, "No FileSystem for scheme \"null\"");
		return -ERR_INVALID_PATH;
	}
	ret_path->text = without_end_slash(str_of(argument));
	ret_path->path =
	        path[0] == '/'
	                ? clean(shell, str_of(path))
	                : clean(shell, arena_format(&shell->arena, "%s/%s", shell->home, path));
	return 0;
}

void fs_paths_add(struct fs_paths *paths, const struct fs_path *path)
{
	if (paths->count == paths->capacity) {
		paths->capacity = paths->capacity == 0 ? 16 : paths->capacity * 2;
		paths->items =
		        mem_must_realloc(paths->items, paths->capacity * sizeof(*paths->items));
	}
	paths->items[paths->count++] = *path;
}

void fs_paths_finish(struct fs_paths *paths)
{
	mem_free(paths->items);
	*paths = (struct fs_paths){0};
}

/* ---- patterns ---- */

/* Whether c is in the class that begins behind its bracket; *at moves behind the closing one. */
static bool class_has(const char **at, char c)
{
	const char *p = *at;
	bool negated = *p == '^' || *p == '!', found = false;

	p += negated;
	while (*p != '\0' && *p != ']') {
		char low = *p == '\\' && p[1] != '\0' ? *++p : *p;
		char high = low;

		p++;
		if (p[0] == '-' && p[1] != '\0' && p[1] != ']') {
			high = p[1];
			p += 2;
		}
		found = found || (c >= low && c <= high);
	}
	*at = *p == ']' ? p + 1 : p;
	return found != negated;
}

bool fs_matches(struct str name, const char *pattern)
{
	size_t at = 0, star_at = 0;
	const char *star = NULL;

	for (;;) {
		const char *p = pattern;
		bool fits = false;

		if (*p == '*') {
			star = ++pattern;
			star_at = at;
			continue;
		}
		if (at == name.size && *p == '\0')
			return true;
		if (at < name.size && *p != '\0') {
			if (*p == '?') {
				fits = true;
				p++;
			} else if (*p == '[') {
				p++;
				fits = class_has(&p, name.data[at]);
			} else {
				p += *p == '\\' && p[1] != '\0';
				fits = *p++ == name.data[at];
			}
		}
		if (fits) {
			pattern = p;
			at++;
		} else if (star != NULL && star_at < name.size) {
			pattern = star;
			at = ++star_at;
		} else {
			return false;
		}
	}
}

static bool has_pattern(const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\\' && text[1] != '\0')
			text++;
		else if (strchr("*?[{", *text) != NULL)
			return true;
	}
	return false;
}

/* ---- {a,b}: the alternatives are written out first ---- */

/* The closing brace of the group that opens at `open`, and its commas at depth 1. */
static const char *group_end(const char *open)
{
	int depth = 0;

	for (const char *p = open; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '{')
			depth++;
		else if (*p == '}' && --depth == 0)
			return p;
	}
	return NULL;
}

static void write_out(struct fs_shell *shell, const char *text, char **ret_texts, size_t *count)
{
	const char *open = strchr(text, '{');
	const char *close = open == NULL ? NULL : group_end(open);
	const char *from;
	int depth = 0;

	if (*count == ALTERNATIVES_MAX)
		return;
	if (close == NULL) {
		ret_texts[(*count)++] =
		        (char *)(uintptr_t)arena_format(&shell->arena, "%s", text).data;
		return;
	}
	from = open + 1;
	for (const char *p = open + 1; p <= close; p++) {
		depth += *p == '{';
		if (depth == 0 && (*p == ',' || p == close)) {
			struct str one =
			        arena_format(&shell->arena, "%.*s%.*s%s", (int)(open - text), text,
			                     (int)(p - from), from, close + 1);

			write_out(shell, one.data, ret_texts, count);
			from = p + 1;
		}
		depth -= *p == '}';
	}
}

/* ---- expansion ---- */

struct match_context {
	struct fs_shell *shell;
	const struct fs_path *parent;
	const char *pattern;
	struct fs_paths *found;
};

static int match_entry(void *context, const struct wire_file_status *entry)
{
	struct match_context *match = context;
	struct fs_path child;

	if (entry->path.size == 0 || !fs_matches(entry->path, match->pattern))
		return 0;
	child = fs_child(match->shell, match->parent,
	                 arena_copy(&match->shell->arena, entry->path));
	fs_paths_add(match->found, &child);
	return 0;
}

/* Children of every parent that match one component of the pattern. */
static int match_component(struct fs_shell *shell, const struct fs_paths *parents, const char *part,
                           bool is_last, struct fs_paths *ret_found)
{
	for (size_t i = 0; i < parents->count; i++) {
		struct match_context match = {shell, &parents->items[i], part, ret_found};
		int rc;

		if (!has_pattern(part)) {
			struct fs_path child = fs_child(shell, &parents->items[i], str_of(part));
			struct wire_file_status status;
			bool exists = true;

			if (is_last) {
				rc = fs_stat_if_any(shell, &child, &status, &exists);
				if (rc < 0)
					return rc;
			}
			if (exists)
				fs_paths_add(ret_found, &child);
			continue;
		}
		rc = client_list(shell->client, parents->items[i].path, match_entry, &match);
		if (rc < 0 && rc != -ERR_NOT_FOUND && rc != -ERR_NOT_DIRECTORY) {
			fs_call_error(shell, rc, &parents->items[i]);
			return rc;
		}
	}
	return 0;
}

static int expand_one(struct fs_shell *shell, const char *argument, struct fs_paths *paths)
{
	struct fs_paths current = {0};
	struct fs_path path, root;
	struct str rest;
	int rc = fs_path_of(shell, argument, &path);

	if (rc < 0)
		return rc;
	/* what is shown begins with the argument's own scheme and authority */
	root.path = STR("/");
	root.text = str_equal(path.text, path.path) || path.text.size <= path.path.size
	                    ? STR("/")
	                    : str_make(path.text.data, path.text.size - path.path.size + 1);
	fs_paths_add(&current, &root);
	rest = str_make(path.path.data + 1, path.path.size - 1);
	while (rc == 0 && rest.size > 0 && current.count > 0) {
		struct fs_paths next = {0};
		size_t size = 0;
		struct str part;

		while (size < rest.size && rest.data[size] != '/')
			size++;
		part = arena_format(&shell->arena, "%.*s", (int)size, rest.data);
		size += size < rest.size;
		rest = str_make(rest.data + size, rest.size - size);
		rc = match_component(shell, &current, part.data, rest.size == 0, &next);
		fs_paths_finish(&current);
		current = next;
	}
	for (size_t i = 0; rc == 0 && i < current.count; i++)
		fs_paths_add(paths, &current.items[i]);
	fs_paths_finish(&current);
	return rc;
}

int fs_expand(struct fs_shell *shell, const char *argument, struct fs_paths *paths)
{
	char *texts[ALTERNATIVES_MAX];
	size_t count = 0, before = paths->count;
	struct fs_path path;
	int rc = 0;

	if (!has_pattern(argument)) {
		rc = fs_path_of(shell, argument, &path);
		if (rc == 0)
			fs_paths_add(paths, &path);
		return rc;
	}
	write_out(shell, argument, texts, &count);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = expand_one(shell, texts[i], paths);
	if (rc == 0 && paths->count == before) {
		fs_error(shell, "`%s': No such file or directory", argument);
		return -ERR_NOT_FOUND;
	}
	return rc;
}

void fs_expand_all(struct fs_shell *shell, const struct fs_options *options, size_t first,
                   struct fs_paths *ret_paths)
{
	for (size_t i = first; i < options->count; i++) {
		if (fs_expand(shell, options->arguments[i], ret_paths) < 0)
			shell->has_failed = true;
	}
}
