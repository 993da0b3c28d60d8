/* SPDX-License-Identifier: Apache-2.0 */
#include "namespace/namespace_private.h"

void show_status(const struct namespace *ns, const struct inode *inode,
                 struct ns_status *ret_status)
{
	struct rights rights = rights_of(&ns->interns, inode->rights);

	*ret_status = (struct ns_status){
	        .type = inode->is_directory ? NS_DIRECTORY : NS_FILE,
	        .inode = inode->id,
	        .parent = inode->parent,
	        .name = inode->name,
	        .length = inode->length,
	        .mode = rights.mode,
	        .owner = rights.owner,
	        .group = rights.group,
	        .mtime_ms = inode->mtime_ms,
	        .atime_ms = inode->atime_ms,
	        .block_count = inode->block_count,
	        .is_under_construction = inode->is_open,
	};
	if (inode->is_directory) {
		ret_status->children = dir_at(&ns->dirs, dirs_find(&ns->dirs, inode->id))->children;
	} else {
		struct file_class file_class = class_of(&ns->interns, inode->file_class);

		ret_status->replication = file_class.replication;
		ret_status->block_size = file_class.block_size;
		ret_status->storage_policy = file_class.storage_policy;
	}
}
