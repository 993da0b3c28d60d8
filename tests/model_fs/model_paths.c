/* SPDX-License-Identifier: Apache-2.0 */
#include "model_fs/model_fs_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

struct model_who model_who_calls(const struct command *command)
{
	return (struct model_who){command->user, command->groups,
	                          (command->flags & COMMAND_SUPERUSER) != 0};
}

bool model_in_group(const struct model_who *who, const char *group)
{
	for (size_t i = 0; i < who->groups.count; i++)
		if (model_same(who->groups.items[i], group))
			return true;
	return false;
}

bool model_may(const struct model_who *who, const struct model_node *node, unsigned action)
{
	unsigned bits = node->mode;

	if (who->is_super)
		return true;
	if (model_same(who->user, node->owner))
		bits >>= 6;
	else if (model_in_group(who, node->group))
		bits >>= 3;
	return (bits & 7 & action) == action;
}

bool model_sticks(const struct model_who *who, const struct model_node *node)
{
	const struct model_node *parent = node->parent;

	return !who->is_super && parent != NULL && (parent->mode & MODEL_STICKY) != 0 &&
	       !model_same(who->user, parent->owner) && !model_same(who->user, node->owner);
}

static void add_names(struct model_path *path, struct str s)
{
	size_t at = 0;

	while (at < s.size) {
		size_t end = at;

		while (end < s.size && s.data[end] != '/')
			end++;
		if (end > at && path->count < MODEL_NAMES_MAX)
			path->names[path->count++] = model_copy_of(s.data + at, end - at);
		at = end + 1;
	}
}

static void add_names_of(struct model_path *path, const struct model_node *node)
{
	if (node->parent == NULL)
		return;
	add_names_of(path, node->parent);
	path->names[path->count++] = model_again(node->name);
}

void model_free_path(struct model_path *path)
{
	for (size_t i = 0; i < path->count; i++)
		free(path->names[i]);
	path->count = 0;
}

/* "/.reserved/.inodes/<id>/rest" stands for the inode's own path and the rest. */
static int replace_reserved(struct model_fs *model, struct model_path *path)
{
	struct model_path plain = {0};
	struct model_node *node;
	size_t from;

	if (path->count >= 2 && strcmp(path->names[0], ".reserved") == 0 &&
	    strcmp(path->names[1], "raw") == 0) {
		from = 2;
	} else if (path->count >= 3 && strcmp(path->names[0], ".reserved") == 0 &&
	           strcmp(path->names[1], ".inodes") == 0) {
		char *end;
		uint64_t id = strtoull(path->names[2], &end, 10);

		node = *end != '\0' ? NULL : model_find_id(model->root, id);
		if (node == NULL)
			return -ERR_NOT_FOUND;
		add_names_of(&plain, node);
		from = 3;
	} else {
		return 0;
	}
	for (size_t i = from; i < path->count; i++)
		plain.names[plain.count++] = model_again(path->names[i]);
	model_free_path(path);
	*path = plain;
	return 0;
}

int model_walk_path(struct model_fs *model, const struct model_who *who, struct model_path *path,
                    bool is_create)
{
	path->node = model->root;
	for (size_t i = 0; i < path->count; i++) {
		if (path->node == NULL)
			break;
		if (!path->node->is_directory)
			return is_create ? -ERR_NOT_DIRECTORY : -ERR_PERMISSION;
		if (!model_may(who, path->node, 1))
			return -ERR_PERMISSION;
		path->above = path->node;
		path->found = i;
		path->node = model_child_of(path->node, path->names[i]);
	}
	return 0;
}

int model_find_path(struct model_fs *model, const struct model_who *who, struct str s,
                    bool is_create, struct model_path *ret_path)
{
	int rc;

	*ret_path = (struct model_path){0};
	if (s.size == 0 || s.data[0] != '/')
		return -ERR_NOT_ABSOLUTE;
	add_names(ret_path, s);
	rc = replace_reserved(model, ret_path);
	return rc < 0 ? rc : model_walk_path(model, who, ret_path, is_create);
}

bool model_parent_exists(const struct model_path *path)
{
	return path->count > 0 && path->found + 1 == path->count;
}

bool model_is_valid(struct str s)
{
	size_t at = 1;

	if (s.size == 0 || s.data[0] != '/')
		return false;
	while (s.size > 1 && s.data[s.size - 1] == '/')
		s.size--;
	while (s.size > 1 && at <= s.size) {
		size_t end = at;

		while (end < s.size && s.data[end] != '/')
			end++;
		if (end == at || (end == at + 1 && s.data[at] == '.') ||
		    (end == at + 2 && s.data[at] == '.' && s.data[at + 1] == '.') ||
		    memchr(s.data + at, ':', end - at) != NULL)
			return false;
		at = end + 1;
	}
	return true;
}

bool model_is_too_long(struct str s)
{
	struct model_path path = {0};
	bool answer;

	add_names(&path, s);
	answer = s.size > 8000 || path.count > 1000;
	model_free_path(&path);
	return answer;
}

int model_judge_missing_names(const struct model_path *path)
{
	for (size_t i = path->found; i < path->count; i++) {
		const char *name = path->names[i];

		if (strcmp(name, ".snapshot") == 0 || (i == 0 && strcmp(name, ".reserved") == 0))
			return -ERR_INVALID;
		if (strlen(name) > MODEL_NAME_BYTES_MAX)
			return -ERR_COMPONENT_TOO_LONG;
	}
	return 0;
}
