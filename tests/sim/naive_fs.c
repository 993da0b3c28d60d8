/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/naive_fs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"

enum { CREATE_OVERWRITE = 2, PATH_BYTES = sizeof(((struct naive_node *)0)->path) };

static struct naive_node *add(struct naive_fs *fs, const char *path, bool is_directory)
{
	struct naive_node *node;

	if (fs->count == fs->capacity) {
		fs->capacity = fs->capacity == 0 ? 64 : fs->capacity * 2;
		fs->nodes = mem_must_realloc(fs->nodes, fs->capacity * sizeof(*fs->nodes));
	}
	node = &fs->nodes[fs->count++];
	*node = (struct naive_node){.is_directory = is_directory, .mode = 0755};
	snprintf(node->path, sizeof(node->path), "%s", path);
	snprintf(node->owner, sizeof(node->owner), "root");
	snprintf(node->group, sizeof(node->group), "supergroup");
	return node;
}

void naive_init(struct naive_fs *fs)
{
	*fs = (struct naive_fs){0};
	add(fs, "/", true);
}

void naive_finish(struct naive_fs *fs)
{
	mem_free(fs->nodes);
}

static struct naive_node *find(const struct naive_fs *fs, const char *path)
{
	for (size_t i = 0; i < fs->count; i++) {
		if (strcmp(fs->nodes[i].path, path) == 0)
			return &fs->nodes[i];
	}
	return NULL;
}

const struct naive_node *naive_find(const struct naive_fs *fs, const char *path)
{
	return find(fs, path);
}

static void parent_of(const char *path, char *parent)
{
	size_t size = (size_t)(strrchr(path, '/') - path);

	snprintf(parent, PATH_BYTES, "%.*s", size == 0 ? 1 : (int)size, path);
}

static bool is_below(const char *path, const char *directory)
{
	size_t size = strlen(directory);

	if (strcmp(directory, "/") == 0)
		return strcmp(path, "/") != 0;
	return strncmp(path, directory, size) == 0 && path[size] == '/';
}

static bool has_children(const struct naive_fs *fs, const char *path)
{
	for (size_t i = 0; i < fs->count; i++) {
		if (is_below(fs->nodes[i].path, path))
			return true;
	}
	return false;
}

/* A file stands where a directory would have to. */
static bool runs_through_file(const struct naive_fs *fs, const char *path)
{
	for (size_t i = 0; i < fs->count; i++) {
		if (!fs->nodes[i].is_directory && is_below(path, fs->nodes[i].path))
			return true;
	}
	return false;
}

static void remove_tree(struct naive_fs *fs, const char *path)
{
	size_t kept = 0;
	char top[256];

	snprintf(top, sizeof(top), "%s", path);
	for (size_t i = 0; i < fs->count; i++) {
		if (strcmp(fs->nodes[i].path, top) != 0 && !is_below(fs->nodes[i].path, top))
			fs->nodes[kept++] = fs->nodes[i];
	}
	fs->count = kept;
}

static struct naive_answer answer(int rc, bool value)
{
	return (struct naive_answer){.rc = rc, .value = value};
}

/* ---- operations ---- */

static void make_parents(struct naive_fs *fs, const char *path)
{
	char part[256];

	for (const char *slash = strchr(path + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		if (find(fs, part) == NULL)
			add(fs, part, true)->mode = 0755;
	}
}

static struct naive_answer mkdirs(struct naive_fs *fs, const char *path,
                                  const struct command_mkdirs *c)
{
	const struct naive_node *node = find(fs, path);
	char parent[256];

	if (node != NULL)
		return node->is_directory ? answer(0, true) : answer(-ERR_EXISTS, false);
	parent_of(path, parent);
	if (!c->create_parent && find(fs, parent) == NULL)
		return answer(-ERR_NOT_FOUND, false);
	make_parents(fs, path);
	add(fs, path, true)->mode = c->mode;
	return answer(0, true);
}

static struct naive_answer create(struct naive_fs *fs, const char *path,
                                  const struct command_create *c)
{
	struct naive_node *node = find(fs, path);
	char parent[256];

	if (node != NULL && node->is_directory)
		return answer(-ERR_EXISTS, false);
	if (node != NULL && !(c->flags & CREATE_OVERWRITE))
		return answer(node->is_open ? -ERR_BEING_CREATED : -ERR_EXISTS, false);
	parent_of(path, parent);
	if (!c->create_parent && find(fs, parent) == NULL)
		return answer(-ERR_NOT_FOUND, false);
	if (node != NULL)
		remove_tree(fs, path);
	make_parents(fs, path);
	node = add(fs, path, false);
	node->mode = c->mode;
	node->replication = c->replication;
	node->is_open = true;
	snprintf(node->holder, sizeof(node->holder), "%.*s", STR_ARGS(c->holder));
	return answer(0, false);
}

static struct naive_answer complete(struct naive_fs *fs, const char *path,
                                    const struct command_complete *c)
{
	struct naive_node *node = find(fs, path);

	if (node == NULL)
		return answer(-ERR_NOT_FOUND, false);
	if (node->is_directory)
		return answer(-ERR_LEASE_EXPIRED, false);
	if (node->is_open && !str_equal(c->holder, str_of(node->holder)))
		return answer(-ERR_LEASE_EXPIRED, false);
	node->is_open = false;
	return answer(0, true);
}

static struct naive_answer delete_tree(struct naive_fs *fs, const char *path,
                                       const struct command_delete *c)
{
	const struct naive_node *node = find(fs, path);

	if (node == NULL || strcmp(path, "/") == 0)
		return answer(0, false);
	if (node->is_directory && !c->recursive && has_children(fs, path))
		return answer(-ERR_NOT_EMPTY, false);
	remove_tree(fs, path);
	return answer(0, true);
}

static void move(struct naive_fs *fs, const char *source, const char *target)
{
	size_t size = strlen(source);

	for (size_t i = 0; i < fs->count; i++) {
		char *path = fs->nodes[i].path;
		char moved[512];
		size_t length;

		if (strcmp(path, source) != 0 && !is_below(path, source))
			continue;
		snprintf(moved, sizeof(moved), "%s%s", target, path + size);
		length = strlen(moved);
		CHECK(length < sizeof(fs->nodes[i].path));
		memcpy(path, moved, length + 1);
	}
}

static struct naive_answer rename2(struct naive_fs *fs, const char *source, const char *target,
                                   bool overwrite)
{
	const struct naive_node *from = find(fs, source), *to = find(fs, target), *above;
	char parent[256];

	if (from == NULL)
		return answer(-ERR_NOT_FOUND, false);
	if (strcmp(source, "/") == 0 || strcmp(target, "/") == 0)
		return answer(-ERR_WRITE_REFUSED, false);
	if (strcmp(source, target) == 0)
		return answer(-ERR_EXISTS, false);
	if (is_below(target, source))
		return answer(-ERR_WRITE_REFUSED, false);
	if (to != NULL && from->is_directory != to->is_directory)
		return answer(-ERR_WRITE_REFUSED, false);
	if (to != NULL && !overwrite)
		return answer(-ERR_EXISTS, false);
	if (to != NULL && has_children(fs, target))
		return answer(-ERR_WRITE_REFUSED, false);
	parent_of(target, parent);
	above = find(fs, parent);
	if (above == NULL)
		return answer(-ERR_NOT_FOUND, false);
	if (!above->is_directory)
		return answer(-ERR_NOT_DIRECTORY, false);
	if (to != NULL)
		remove_tree(fs, target);
	move(fs, source, target);
	return answer(0, false);
}

static struct naive_answer set_permission(struct naive_fs *fs, const char *path, uint16_t mode)
{
	struct naive_node *node = find(fs, path);

	if (node == NULL)
		return answer(-ERR_NOT_FOUND, false);
	node->mode = mode;
	return answer(0, false);
}

static struct naive_answer set_replication(struct naive_fs *fs, const char *path,
                                           uint16_t replication)
{
	struct naive_node *node = find(fs, path);

	if (node == NULL || node->is_directory)
		return answer(0, false);
	node->replication = replication;
	return answer(0, true);
}

/* HDFS resolves every path of a call before it looks at anything else.  A file on the way is a
 * parent that is no directory for what makes names, and something one may not enter for the rest.
 */
static int resolve(const struct naive_fs *fs, struct str text, bool makes_name)
{
	char path[256];

	snprintf(path, sizeof(path), "%.*s", STR_ARGS(text));
	if (!runs_through_file(fs, path))
		return 0;
	return makes_name ? -ERR_NOT_DIRECTORY : -ERR_PERMISSION;
}

static int resolve_all(const struct naive_fs *fs, const struct command *command)
{
	int rc;

	switch (command->kind) {
	case ENTRY_mkdirs: return resolve(fs, command->mkdirs.path, true);
	case ENTRY_create: return resolve(fs, command->create.path, true);
	case ENTRY_complete: return resolve(fs, command->complete.path, false);
	case ENTRY_delete: return resolve(fs, command->delete.path, false);
	case ENTRY_set_permission: return resolve(fs, command->set_permission.path, false);
	case ENTRY_set_replication: return resolve(fs, command->set_replication.path, false);
	case ENTRY_rename2:
		rc = resolve(fs, command->rename2.source, false);
		return rc < 0 ? rc : resolve(fs, command->rename2.target, true);
	default: return 0;
	}
}

struct naive_answer naive_apply(struct naive_fs *fs, const struct command *command)
{
	char path[256], target[256];

	if (resolve_all(fs, command) < 0)
		return answer(resolve_all(fs, command), false);
#define TEXT(to, s) snprintf(to, sizeof(to), "%.*s", STR_ARGS(s))
	switch (command->kind) {
	case ENTRY_mkdirs:
		TEXT(path, command->mkdirs.path);
		return mkdirs(fs, path, &command->mkdirs);
	case ENTRY_create:
		TEXT(path, command->create.path);
		return create(fs, path, &command->create);
	case ENTRY_complete:
		TEXT(path, command->complete.path);
		return complete(fs, path, &command->complete);
	case ENTRY_delete:
		TEXT(path, command->delete.path);
		return delete_tree(fs, path, &command->delete);
	case ENTRY_rename2:
		TEXT(path, command->rename2.source);
		TEXT(target, command->rename2.target);
		return rename2(fs, path, target, command->rename2.overwrite);
	case ENTRY_set_permission:
		TEXT(path, command->set_permission.path);
		return set_permission(fs, path, command->set_permission.mode);
	case ENTRY_set_replication:
		TEXT(path, command->set_replication.path);
		return set_replication(fs, path, command->set_replication.replication);
	default: return answer(-ERR_INTERNAL, false);
	}
#undef TEXT
}

/* ---- listing ---- */

static int compare_nodes(const void *a, const void *b)
{
	const struct naive_node *const *x = a, *const *y = b;

	return strcmp((*x)->path, (*y)->path);
}

size_t naive_list(const struct naive_fs *fs, const char *path, const struct naive_node **ret_nodes,
                  size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < fs->count && count < max; i++) {
		char parent[256];

		if (strcmp(fs->nodes[i].path, "/") == 0)
			continue;
		parent_of(fs->nodes[i].path, parent);
		if (strcmp(parent, path) == 0)
			ret_nodes[count++] = &fs->nodes[i];
	}
	qsort(ret_nodes, count, sizeof(*ret_nodes), compare_nodes);
	return count;
}
