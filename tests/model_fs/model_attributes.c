/* SPDX-License-Identifier: Apache-2.0 */
#include "model_fs/model_fs_private.h"

#include <stdlib.h>

#include "base/err.h"

static int find_node(struct model_fs *model, const struct command *command, struct str s,
                     struct model_node **ret_node)
{
	return model_find_file(model, command, 0, s, ret_node);
}

static int find_own(struct model_fs *model, const struct command *command, struct str s,
                    struct model_node **ret_node)
{
	struct model_who who = model_who_calls(command);
	int rc;

	if (model_same(s, "/.reserved"))
		return -ERR_INVALID_PATH;
	rc = find_node(model, command, s, ret_node);
	if (rc < 0)
		return rc;
	if (*ret_node == NULL)
		return -ERR_NOT_FOUND;
	return who.is_super || model_same(who.user, (*ret_node)->owner) ? 0 : -ERR_PERMISSION;
}

int model_set_permission(struct model_fs *model, const struct command *command,
                         struct model_answer *answer)
{
	uint16_t mode = command->set_permission.mode & 01777;
	struct model_node *node;
	int rc = find_own(model, command, command->set_permission.path, &node);

	if (rc < 0)
		return rc;
	answer->inode = node->id;
	if (node->mode == mode)
		return model_nothing(answer);
	node->mode = mode;
	return 0;
}

int model_set_owner(struct model_fs *model, const struct command *command,
                    struct model_answer *answer)
{
	const struct command_set_owner *f = &command->set_owner;
	struct model_who who = model_who_calls(command);
	struct model_node *node;
	char *group = model_text(f->group);
	char *owner = model_text(f->owner);
	int rc = find_own(model, command, f->path, &node);

	if (rc == 0 && !who.is_super &&
	    ((f->owner.size > 0 && !str_equal(f->owner, who.user)) ||
	     (f->group.size > 0 && !model_in_group(&who, group))))
		rc = -ERR_PERMISSION;
	if (rc == 0) {
		answer->inode = node->id;
		answer->changes_nothing =
		        (f->owner.size == 0 || model_same(f->owner, node->owner)) &&
		        (f->group.size == 0 || model_same(f->group, node->group));
		if (f->owner.size > 0)
			model_set_text(&node->owner, owner);
		if (f->group.size > 0)
			model_set_text(&node->group, group);
	}
	free(group);
	free(owner);
	return rc;
}

int model_set_times(struct model_fs *model, const struct command *command,
                    struct model_answer *answer)
{
	const struct command_set_times *f = &command->set_times;
	struct model_who who = model_who_calls(command);
	struct model_node *node;
	int rc = find_node(model, command, f->path, &node);

	if (rc < 0)
		return rc;
	if (node == NULL)
		return -ERR_NOT_FOUND;
	if (!model_may(&who, node, 2))
		return -ERR_PERMISSION;
	answer->inode = node->id;
	answer->changes_nothing = f->mtime_ms > INT64_MAX && f->atime_ms > INT64_MAX;
	if (f->mtime_ms <= INT64_MAX)
		node->mtime_ms = f->mtime_ms;
	if (f->atime_ms <= INT64_MAX)
		node->atime_ms = f->atime_ms;
	return 0;
}

int model_set_replication(struct model_fs *model, const struct command *command,
                          struct model_answer *answer)
{
	const struct command_set_replication *f = &command->set_replication;
	struct model_who who = model_who_calls(command);
	struct model_node *node;
	int rc = find_node(model, command, f->path, &node);

	if (rc < 0)
		return rc;
	if (node != NULL && !model_may(&who, node, 2))
		return -ERR_PERMISSION;
	answer->inode = node == NULL ? 0 : node->id;
	if (node == NULL || node->is_directory)
		return model_nothing(answer);
	answer->value = true;
	answer->changes_nothing = node->replication == f->replication;
	node->replication = f->replication;
	return 0;
}

int model_access_times(struct model_fs *model, const struct command *command,
                       struct model_answer *answer)
{
	const struct command_access_times *f = &command->access_times;

	answer->changes_nothing = f->inodes.count == 0;
	for (size_t i = 0; i < f->inodes.count; i++) {
		struct model_node *node = model_find_id(model->root, f->inodes.items[i]);

		if (node != NULL && !node->is_directory && node->atime_ms < f->atime_ms)
			node->atime_ms = f->atime_ms;
	}
	return 0;
}
