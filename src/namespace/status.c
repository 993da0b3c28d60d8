/* SPDX-License-Identifier: Apache-2.0 */
#include "namespace/namespace_private.h"

static void show_rights(const struct namespace *ns, uint32_t number, struct shown *shown,
                        struct ns_status *status)
{
	struct rights_numbers rights = rights_numbers_of(&ns->interns, number);

	status->mode = rights.mode;
	if (rights.owner != shown->owner)
		status->owner = text_of(&ns->interns, rights.owner);
	if (rights.group != shown->group)
		status->group = text_of(&ns->interns, rights.group);
	shown->owner = rights.owner;
	shown->group = rights.group;
}

static void show_class(const struct namespace *ns, uint32_t number, struct shown *shown,
                       struct ns_status *status)
{
	struct file_class file_class = {0};

	if (number == shown->file_class)
		return;
	if (number != 0)
		file_class = class_of(&ns->interns, number);
	status->replication = file_class.replication;
	status->block_size = file_class.block_size;
	status->storage_policy = file_class.storage_policy;
	shown->file_class = number;
}

/* Field by field: to zero it all first would cost more than the rest. */
void show_next(const struct namespace *ns, const struct inode *inode, struct shown *shown,
               struct ns_status *status)
{
	status->type = inode->is_directory ? NS_DIRECTORY : NS_FILE;
	status->inode = inode->id;
	status->parent = inode->parent;
	status->name = inode->name;
	status->length = inode->length;
	show_rights(ns, inode->rights, shown, status);
	status->mtime_ms = inode->mtime_ms;
	status->atime_ms = inode->atime_ms;
	show_class(ns, inode->file_class, shown, status);
	status->block_count = inode->block_count;
	status->children = 0;
	if (inode->is_directory)
		status->children = dir_at(&ns->dirs, dirs_find(&ns->dirs, inode->id))->children;
	status->flags = 0;
	status->is_under_construction = inode->is_open;
}

void show_status(const struct namespace *ns, const struct inode *inode,
                 struct ns_status *ret_status)
{
	struct shown nothing = SHOWN_NOTHING;

	show_next(ns, inode, &nothing, ret_status);
}
