/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of namespace/ share.  From bottom to top:
 *
 *   region slab pool hash_index id_map     memory that grows without a pause
 *   record node leaf inner tree blocks     inodes and their blocks in a tree under holds
 *   intern dirs dir_cache ways lease retry tables beside it
 *   canonical                              bytes of records: digest, checkpoint
 *   inodes hold                            one inode changes, and everything kept about it with it
 *   path permission rights_walk            who may reach what
 *   call apply_*                           what each command does
 *   query_* save load                      reading
 */
#ifndef HOLDFAST_NAMESPACE_PRIVATE_H
#define HOLDFAST_NAMESPACE_PRIVATE_H

#include "base/err.h"
#include "base/list.h"
#include "namespace/blocks.h"
#include "namespace/dir_cache.h"
#include "namespace/dirs.h"
#include "namespace/intern.h"
#include "namespace/lease.h"
#include "namespace/namespace.h"
#include "namespace/retry.h"
#include "namespace/tree.h"
#include "namespace/ways.h"

enum { NAMESPACE_MAGIC = 0x4e53484f };
static_assert((int)NS_NAME_BYTES_MAX == (int)NAME_BYTES_MAX, "the tree takes every name");

/* Ids end here; a retry row has 48 bits for one. */
#define NS_ID_MAX  ((1ull << 48) - 1)
#define AGE_MS_MAX ((1ull << 48) - 1)

struct settings {
	struct ns_identity identity; /* its strings are ours (mem_free) */
	bool has_identity;
	bool is_safe_mode;
	uint32_t feature_level;
	uint64_t next_inode;
	uint64_t next_block;
	uint64_t next_stamp;
	uint64_t next_lease;
	uint64_t age_ms;
	struct buf extra; /* tagged fields of a later version, carried through */
};

/* Directories whose records are gone and whose content is given back; the last one is next. */
struct detached {
	uint64_t *ids;
	size_t count;
	size_t capacity;
	uint64_t inodes; /* in all of them */
};

struct namespace
{
	uint32_t magic;
	uint64_t applied;
	struct settings settings;
	struct tree tree;
	struct interns interns;
	struct dirs dirs;
	struct dir_cache cache;
	struct ways ways;
	struct id_map of_blocks; /* block id -> inode id */
	struct leases leases;
	struct retries retries;
	struct detached detached;
	struct hash128 digest; /* of all records but settings and detached, which are hashed when
	                          asked for */
	struct buf scratch;    /* for one record at a time */
	struct list holds;
};

/* ---- hold.c ---- */

struct ns_hold {
	struct list node; /* in namespace.holds, oldest first */
	struct namespace *ns;
	struct node_hold nodes;
	struct tree_root root;
	struct retry_hold retries;
	struct buf head;             /* records of settings and detached */
	struct id_map rights_before; /* directory id -> its rights_index then, if changed since */
	uint64_t index;
	struct hash128 digest;
	uint64_t records;
};

/* Tells holds that a directory's rights_index is about to change. */
void holds_note_rights(struct namespace *ns, const struct dir *dir);

/* ---- inodes.c ---- */

/* A directory by id that can be reached from the root. */
bool inode_is_attached(const struct namespace *ns, const struct inode *inode);
struct counts inode_counts(const struct namespace *ns, const struct inode *inode);

/* Adds a record, below the parent's row (0: the root), at the spot that tree_get() found (NULL: not
 * known).  Takes over one use of each interned thing that it names. */
void inode_add(struct namespace *ns, const struct inode *inode, uint32_t parent_row,
               struct tree_spot *spot);
/* Removes the record and ends its uses; blocks are dropped.  A directory's row stays: it hangs
 * nowhere.  The inode must be as read from the tree. */
void inode_remove(struct namespace *ns, struct inode *inode);
/* Gives the record another key. */
void inode_move(struct namespace *ns, struct inode *inode, uint64_t parent, struct str name);

/* The part of inode_add() that is the inode's own: record, digest, blocks, lease. */
void inode_keep(struct namespace *ns, const struct inode *inode, struct tree_spot *spot);

/* A change: begin, change `inode`, end.  Interned things are changed by inode_set_*() only. */
struct inode_change {
	struct inode inode;
	struct inode before;
	struct tree_hint hint;
	struct counts counts;
	struct hash128 hash;
	uint32_t run; /* runs of blocks from this one on may change */
};
/* False: no such inode. */
bool inode_change_begin(struct namespace *ns, uint64_t id, struct inode_change *ret_change);
void inode_change_end(struct namespace *ns, struct inode_change *change);
void inode_set_rights(struct namespace *ns, struct inode *inode, struct rights rights);
void inode_set_class(struct namespace *ns, struct inode *inode, struct file_class file_class);
void inode_set_text(struct namespace *ns, uint32_t *field, struct str text);
/* Raises a directory's mtime, as HDFS does when something in it comes or goes. */
void inode_touch(struct namespace *ns, uint32_t row, uint64_t mtime_ms);
/* What a walk over the rights in this directory, and in those above it, would find has changed. */
void inode_rights_changed(struct namespace *ns, uint32_t row, uint64_t index);

/* ---- memory ---- */

/* Stops the process if memory ran out while `buf` was filled: apply may not fail for that. */
void buf_must(const struct buf *buf);
/* A copy of one's own, for mem_free((void *)s.data). */
struct str str_keep(struct str s);
void str_forget(struct str s);

/* ---- status.c ---- */

void show_status(const struct namespace *ns, const struct inode *inode,
                 struct ns_status *ret_status);

/* For one after the other in the same status: what neighbours mostly share stays as it is. */
struct shown {
	uint32_t owner; /* texts whose words stand in the status */
	uint32_t group;
	uint32_t file_class;
};
#define SHOWN_NOTHING                                                                              \
	{                                                                                          \
		UINT32_MAX, UINT32_MAX, UINT32_MAX                                                 \
	}
void show_next(const struct namespace *ns, const struct inode *inode, struct shown *shown,
               struct ns_status *status);

#endif
