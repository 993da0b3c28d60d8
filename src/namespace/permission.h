/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HDFS's permissions: what a caller may do at a place.
 */
#ifndef HOLDFAST_NAMESPACE_PERMISSION_H
#define HOLDFAST_NAMESPACE_PERMISSION_H

#include "namespace/path.h"

enum { MAY_READ = 4, MAY_WRITE = 2, MAY_EXECUTE = 1, MAY_ALL = 7 };

/* What HDFS's checkPermission() is asked for, in the order in which it is checked. */
struct wanted {
	unsigned above;         /* on the deepest existing directory above */
	unsigned parent;        /* on the parent, if it exists; with w: its sticky bit too */
	unsigned self;          /* on the thing itself, if it exists */
	unsigned below;         /* on it and every directory below */
	bool skips_empty;       /* `below` is not asked of empty directories */
	uint64_t checked_index; /* of `below`: up to this entry, in slices */
};

bool rights_allow(const struct namespace *ns, const struct asker *asker, uint32_t rights,
                  unsigned action);
int check_rights(struct namespace *ns, struct asker *asker, const struct place *place,
                 const struct wanted *wanted);
int check_owner(struct namespace *ns, struct asker *asker, const struct place *place);
/* "Permission denied: user=..." */
int deny_access(const struct namespace *ns, struct asker *asker, unsigned action, struct str path,
                uint32_t rights, bool is_directory);
/* Names the sticky directory and what is in it. */
int deny_sticky(const struct namespace *ns, struct asker *asker, struct str path,
                const struct inode *inode, struct str parent_path, uint32_t parent_rights,
                bool hides_sticky);
bool violates_sticky(const struct namespace *ns, const struct asker *asker, uint32_t parent_rights,
                     uint32_t rights);

/* ---- rights below a directory (rights_walk.c) ---- */

struct rights_frame;

/* Checks the rights of a directory and of all below it in one version of the tree. */
struct rights_walk {
	const struct namespace *ns;
	struct tree_root root;
	struct asker *asker;
	unsigned action;
	bool skips_empty;
	struct rights_frame *frames;
	size_t frame_count;
	size_t frame_capacity;
	struct buf path;
};

void rights_walk_begin(const struct namespace *ns, struct tree_root root, struct asker *asker,
                       unsigned action, bool skips_empty, struct str path,
                       const struct inode *directory, struct rights_walk *ret_walk);
/* 1: more to do; 0: allowed; < 0: refused. */
int rights_walk_step(struct rights_walk *walk, size_t inodes_max);
void rights_walk_end(struct rights_walk *walk);

/* Trees up to this many inodes are checked on the spot, in one entry. */
enum { RIGHTS_WALK_INODES_MAX = 1024 };

#endif
