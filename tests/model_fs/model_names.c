/* SPDX-License-Identifier: Apache-2.0 */
#include "model_fs/model_fs_private.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/err.h"

void model_touch(struct model_node *directory, uint64_t now)
{
	if (now > directory->mtime_ms)
		directory->mtime_ms = now;
}

struct model_node *model_make(struct model_fs *model, const struct command *command,
                              struct model_node *parent, const char *name, bool is_directory,
                              uint16_t mode)
{
	struct model_node *node = model_new_node(is_directory, name);

	node->id = model->next_inode++;
	node->owner = model_text(command->user);
	node->group = model_again(parent->group);
	node->mode = mode & 01777;
	node->mtime_ms = command->wall_ms;
	node->atime_ms = is_directory ? 0 : command->wall_ms;
	model_link_node(parent, node);
	model_touch(parent, command->wall_ms);
	return node;
}

struct model_node *model_make_parents(struct model_fs *model, const struct command *command,
                                      struct model_path *path, bool inherits, uint16_t mode)
{
	struct model_node *at = path->above;

	for (size_t i = path->found; i + 1 < path->count; i++)
		at = model_make(model, command, at, path->names[i], true,
		                ((inherits ? at->mode : mode) & 0777) | 0300);
	return at;
}

static void lose_blocks(struct model_fs *model, const struct model_node *node)
{
	for (size_t i = 0; i < node->block_count; i++) {
		model->gone = model_grown(model->gone, model->gone_count, sizeof(*model->gone));
		model->gone[model->gone_count++] = node->blocks[i];
	}
	for (size_t i = 0; i < node->child_count; i++)
		lose_blocks(model, node->children[i]);
}

void model_take_away(struct model_fs *model, struct model_node *node, uint64_t now)
{
	model_touch(node->parent, now);
	model_unlink_node(node);
	lose_blocks(model, node);
	model_free_node(node);
}

static int mkdirs_at(struct model_fs *model, const struct command *command, struct model_path *path,
                     struct model_answer *answer)
{
	struct model_who who = model_who_calls(command);
	struct model_node *parent;
	int rc;

	if (path->node != NULL && !path->node->is_directory)
		return -ERR_EXISTS;
	if (path->node != NULL) {
		answer->inode = path->node->id;
		answer->value = true;
		return model_nothing(answer);
	}
	if (!model_may(&who, path->above, 2))
		return -ERR_PERMISSION;
	if (!command->mkdirs.create_parent && !model_parent_exists(path))
		return -ERR_NOT_FOUND;
	rc = model_judge_missing_names(path);
	if (rc < 0)
		return rc;
	parent = model_make_parents(model, command, path, false, command->mkdirs.mode);
	answer->inode = model_make(model, command, parent, path->names[path->count - 1], true,
	                           command->mkdirs.mode)
	                        ->id;
	answer->value = true;
	return 0;
}

static int odd_path(struct str path)
{
	return path.size == 0 ? -ERR_ILLEGAL_ARGUMENT : -ERR_INVALID_PATH;
}

int model_mkdirs(struct model_fs *model, const struct command *command, struct model_answer *answer)
{
	struct model_who who = model_who_calls(command);
	struct model_path path;
	int rc;

	if (model_is_too_long(command->mkdirs.path))
		return -ERR_TOO_LARGE;
	if (!model_is_valid(command->mkdirs.path))
		return odd_path(command->mkdirs.path);
	rc = model_find_path(model, &who, command->mkdirs.path, true, &path);
	if (rc == 0)
		rc = mkdirs_at(model, command, &path, answer);
	model_free_path(&path);
	return rc;
}

static int may_create(struct model_fs *model, const struct command *command,
                      struct model_path *path)
{
	const struct command_create *f = &command->create;
	struct model_who who = model_who_calls(command);

	(void)model;
	if (path->above != NULL && !model_may(&who, path->above, 2))
		return -ERR_PERMISSION;
	if (path->node == NULL) {
		if (!f->create_parent && !model_parent_exists(path))
			return -ERR_NOT_FOUND;
		return (f->flags & 1) == 0 ? -ERR_NOT_FOUND : model_judge_missing_names(path);
	}
	if (path->node->is_directory)
		return -ERR_EXISTS;
	if ((f->flags & 2) == 0)
		return path->node->is_open ? -ERR_BEING_CREATED : -ERR_EXISTS;
	return model_may(&who, path->node, 2) ? 0 : -ERR_PERMISSION;
}

static void create_at(struct model_fs *model, const struct command *command,
                      struct model_path *path, struct model_answer *answer)
{
	const struct command_create *f = &command->create;
	struct model_node *parent;
	struct model_node *file;

	if (path->node != NULL)
		model_take_away(model, path->node, command->wall_ms);
	parent = model_make_parents(model, command, path, true, 0);
	file = model_make(model, command, parent, path->names[path->count - 1], false, f->mode);
	file->block_size = f->block_size;
	file->replication = f->replication;
	file->storage_policy = f->storage_policy;
	file->is_open = true;
	file->holder = model_text(f->holder);
	file->machine = model_text(f->client_machine);
	file->lease = model->next_lease++;
	answer->inode = file->id;
}

static bool is_reserved_for_create(struct str s)
{
	return model_same(s, "/.reserved") || (str_starts_with(s, STR("/.reserved/")) &&
	                                       !str_starts_with(s, STR("/.reserved/.inodes/")) &&
	                                       !str_starts_with(s, STR("/.reserved/raw/")));
}

int model_create(struct model_fs *model, const struct command *command, struct model_answer *answer)
{
	struct model_who who = model_who_calls(command);
	struct model_path path;
	int rc;

	if (model_is_too_long(command->create.path))
		return -ERR_TOO_LARGE;
	if (!model_is_valid(command->create.path) || is_reserved_for_create(command->create.path))
		return odd_path(command->create.path);
	rc = model_find_path(model, &who, command->create.path, true, &path);
	if (rc == 0)
		rc = may_create(model, command, &path);
	if (rc == 0)
		create_at(model, command, &path, answer);
	model_free_path(&path);
	return rc;
}

struct two_paths {
	struct model_path source;
	struct model_path target;
};

static int find_two(struct model_fs *model, const struct model_who *who, struct str source,
                    struct str target, struct two_paths *paths)
{
	int rc;

	if (model_is_too_long(target))
		return -ERR_TOO_LARGE;
	if (!model_is_valid(target) || model_same(target, "/.reserved"))
		return odd_path(target);
	rc = model_find_path(model, who, source, false, &paths->source);
	return rc < 0 ? rc : model_find_path(model, who, target, true, &paths->target);
}

static int may_rename(const struct model_who *who, const struct two_paths *paths)
{
	const struct model_path *source = &paths->source;
	const struct model_path *target = &paths->target;

	if (source->node != NULL && model_sticks(who, source->node))
		return -ERR_PERMISSION;
	if (model_parent_exists(source) && !model_may(who, source->above, 2))
		return -ERR_PERMISSION;
	if (target->above != NULL && !model_may(who, target->above, 2))
		return -ERR_PERMISSION;
	return 0;
}

/* The target lies in the directory that is to be moved (by name: it need not exist). */
static bool is_into_itself(const struct two_paths *paths)
{
	const struct model_path *target = &paths->target;

	return target->above != NULL && model_is_at_or_below(target->above, paths->source.node);
}

static void move(struct two_paths *paths, uint64_t now, struct model_answer *answer)
{
	struct model_node *node = paths->source.node;
	struct model_node *from = node->parent;

	model_unlink_node(node);
	model_set_text(&node->name, paths->target.names[paths->target.count - 1]);
	model_link_node(paths->target.above, node);
	model_touch(from, now);
	model_touch(paths->target.above, now);
	answer->inode = node->id;
	answer->value = true;
}

static int rename_answer(struct model_answer *answer, bool value)
{
	answer->value = value;
	return model_nothing(answer);
}

static int rename_into(struct model_fs *model, const struct model_who *who, struct two_paths *paths)
{
	struct model_path *target = &paths->target;
	size_t count = paths->source.count;

	if (target->node == NULL || !target->node->is_directory)
		return 0;
	/* the root has no name, so what would be made of it is the directory itself */
	if (count > 0)
		target->names[target->count++] = model_again(paths->source.names[count - 1]);
	target->above = NULL;
	return model_walk_path(model, who, target, true);
}

static int rename_found(struct model_fs *model, const struct command *command,
                        struct two_paths *paths, struct model_answer *answer)
{
	struct model_who who = model_who_calls(command);
	int rc = rename_into(model, &who, paths);

	if (rc == 0)
		rc = may_rename(&who, paths);
	if (rc < 0)
		return rc;
	if (paths->source.node == NULL || paths->source.node->parent == NULL)
		return rename_answer(answer, false);
	if (paths->target.node == paths->source.node)
		return rename_answer(answer, true);
	if (is_into_itself(paths) || paths->target.node != NULL ||
	    !model_parent_exists(&paths->target))
		return rename_answer(answer, false);
	rc = model_judge_missing_names(&paths->target);
	if (rc == 0)
		move(paths, command->wall_ms, answer);
	return rc;
}

int model_rename(struct model_fs *model, const struct command *command, struct model_answer *answer)
{
	struct model_who who = model_who_calls(command);
	struct two_paths *paths = calloc(1, sizeof(*paths));
	int rc;

	CHECK(paths != NULL);
	rc = find_two(model, &who, command->rename.source, command->rename.target, paths);
	if (rc == 0)
		rc = rename_found(model, command, paths, answer);
	model_free_path(&paths->source);
	model_free_path(&paths->target);
	free(paths);
	return rc;
}

static int may_replace(const struct command *command, const struct two_paths *paths)
{
	const struct model_node *source = paths->source.node;
	const struct model_node *target = paths->target.node;

	if (source->is_directory != target->is_directory)
		return -ERR_WRITE_REFUSED;
	if (!command->rename2.overwrite)
		return -ERR_EXISTS;
	return target->child_count > 0 ? -ERR_WRITE_REFUSED : 0;
}

static int rename2_found(struct model_fs *model, const struct command *command,
                         struct two_paths *paths, struct model_answer *answer)
{
	struct model_who who = model_who_calls(command);
	int rc = may_rename(&who, paths);

	if (rc < 0)
		return rc;
	if (paths->source.node == NULL)
		return -ERR_NOT_FOUND;
	if (paths->source.node->parent == NULL)
		return -ERR_WRITE_REFUSED;
	if (paths->source.node == paths->target.node)
		return -ERR_EXISTS;
	if (is_into_itself(paths) || paths->target.count == 0)
		return -ERR_WRITE_REFUSED;
	if (paths->target.node != NULL)
		rc = may_replace(command, paths);
	else if (!model_parent_exists(&paths->target))
		rc = -ERR_NOT_FOUND;
	else
		rc = model_judge_missing_names(&paths->target);
	if (rc < 0)
		return rc;
	if (paths->target.node != NULL)
		model_take_away(model, paths->target.node, command->wall_ms);
	move(paths, command->wall_ms, answer);
	return 0;
}

int model_rename2(struct model_fs *model, const struct command *command,
                  struct model_answer *answer)
{
	struct model_who who = model_who_calls(command);
	struct two_paths *paths = calloc(1, sizeof(*paths));
	int rc;

	CHECK(paths != NULL);
	rc = find_two(model, &who, command->rename2.source, command->rename2.target, paths);
	if (rc == 0)
		rc = rename2_found(model, command, paths, answer);
	model_free_path(&paths->source);
	model_free_path(&paths->target);
	free(paths);
	return rc;
}

static bool may_clear(const struct model_who *who, const struct model_node *node)
{
	if (!node->is_directory || node->child_count == 0)
		return true;
	if (!model_may(who, node, 7))
		return false;
	for (size_t i = 0; i < node->child_count; i++)
		if (model_sticks(who, node->children[i]) || !may_clear(who, node->children[i]))
			return false;
	return true;
}

static int may_delete(const struct command *command, const struct model_path *path)
{
	struct model_who who = model_who_calls(command);

	if (path->node != NULL && model_sticks(&who, path->node))
		return -ERR_PERMISSION;
	if (model_parent_exists(path) && !model_may(&who, path->above, 2))
		return -ERR_PERMISSION;
	if (path->node == NULL)
		return 0;
	if (path->node->parent == NULL) { /* only its own rights are asked */
		if (path->node->child_count > 0 && !model_may(&who, path->node, 7))
			return -ERR_PERMISSION;
	} else if (!may_clear(&who, path->node)) {
		return -ERR_PERMISSION;
	}
	return path->node->child_count > 0 && !command->delete.recursive ? -ERR_NOT_EMPTY : 0;
}

int model_delete(struct model_fs *model, const struct command *command, struct model_answer *answer)
{
	struct model_who who = model_who_calls(command);
	struct model_path path;
	int rc;

	if (model_same(command->delete.path, "/.reserved"))
		return -ERR_INVALID_PATH;
	rc = model_find_path(model, &who, command->delete.path, false, &path);
	if (rc == 0)
		rc = may_delete(command, &path);
	if (rc == 0 && (path.node == NULL || path.node->parent == NULL)) {
		model_nothing(answer);
	} else if (rc == 0) {
		answer->inode = path.node->id;
		answer->value = true;
		model_take_away(model, path.node, command->wall_ms);
	}
	model_free_path(&path);
	return rc;
}
