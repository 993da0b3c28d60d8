/* SPDX-License-Identifier: Apache-2.0 */
#include "namespace/namespace_private.h"

void show_status(const struct namespace *ns, const struct inode *inode,
                 struct ns_status *ret_status)
{
	struct ns_status *status = ret_status;
	struct rights rights = rights_of(&ns->interns, inode->rights);
	struct file_class file_class = {0};

	if (!inode->is_directory)
		file_class = class_of(&ns->interns, inode->file_class);
	/* One by one: to zero it all first would cost more than the rest. */
	status->type = inode->is_directory ? NS_DIRECTORY : NS_FILE;
	status->inode = inode->id;
	status->parent = inode->parent;
	status->name = inode->name;
	status->length = inode->length;
	status->mode = rights.mode;
	status->owner = rights.owner;
	status->group = rights.group;
	status->mtime_ms = inode->mtime_ms;
	status->atime_ms = inode->atime_ms;
	status->replication = file_class.replication;
	status->block_size = file_class.block_size;
	status->block_count = inode->block_count;
	status->children = 0;
	if (inode->is_directory)
		status->children = dir_at(&ns->dirs, dirs_find(&ns->dirs, inode->id))->children;
	status->storage_policy = file_class.storage_policy;
	status->flags = 0;
	status->is_under_construction = inode->is_open;
}
