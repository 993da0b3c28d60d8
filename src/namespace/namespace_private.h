/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of namespace/ share.  From bottom to top:
 *
 *   region slab pool hash_index id_map     memory that grows without a pause
 *   record node leaf inner tree blocks     inodes and their blocks in a tree under holds
 *   intern dirs dir_cache lease retry      tables beside it
 *   canonical                              bytes of records: digest, checkpoint
 *   inodes                                 one inode changes, and everything kept about it with it
 *   path permission                        who may reach what
 *   apply_*                                what each command does
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
	struct buf head; /* records of settings and detached */
	struct id_map
	        rights_before; /* directory id -> rights_index as it was, + 1, where changed */
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

/* Adds a record.  Takes over one use of each interned thing that it names. */
void inode_add(struct namespace *ns, const struct inode *inode);
/* Removes the record and ends its uses; blocks are dropped.  A directory's row stays: it hangs
 * nowhere.  The inode must be as read from the tree. */
void inode_remove(struct namespace *ns, struct inode *inode);
/* Gives the record another key. */
void inode_move(struct namespace *ns, struct inode *inode, uint64_t parent, struct str name);

/* The part of inode_add() that is the inode's own: record, digest, blocks, lease. */
void inode_keep(struct namespace *ns, const struct inode *inode);

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
void inode_touch(struct namespace *ns, uint64_t id, uint64_t mtime_ms);
/* What a walk over the rights in this directory, and in those above it, would find has changed. */
void inode_rights_changed(struct namespace *ns, uint32_t row, uint64_t index);

/* Stops the process if memory ran out while `buf` was filled: apply may not fail for that. */
void buf_must(const struct buf *buf);

/* ---- who asks ---- */

struct asker {
	struct str user;
	struct strs groups;
	bool is_superuser;
	struct arena *arena; /* for texts; NULL: none are made */
	struct str message;  /* of the refusal */
};

/* Keeps the text and returns -err. */
int refuse(struct asker *asker, enum err err, const char *format, ...) PRINTF_LIKE(3, 4);
/* The same with this text as it is. */
int refuse_text(struct asker *asker, enum err err, struct str text);

/* ---- path.c ---- */

/* Where a path leads. */
struct place {
	struct str path; /* without a slash at the end; "/" for the root */
	bool exists;
	bool is_root;
	bool passes_file;   /* a name before the last one is a file's; refused */
	struct inode inode; /* when it exists; its name is good until the namespace changes */

	/* The deepest directory there is above the last name; the root has none. */
	uint64_t above;
	uint32_t above_row; /* 0: none */
	uint32_t above_rights;
	size_t above_end;     /* of its path in `path`; 0 for the root */
	bool is_above_parent; /* it is the last name's own directory */
};

enum path_flags {
	PATH_TRAVERSE = 1 << 0, /* x is needed on every directory passed */
	PATH_CREATE = 1 << 1,   /* for something new: a file on the way is -ERR_NOT_DIRECTORY, else
	                           -ERR_PERMISSION, as in HDFS */
};

struct path_walk {
	struct namespace *ns;
	struct place *place;
	struct asker *asker;
	unsigned flags;
	size_t at; /* of the name looked for */
	struct str name;
	uint64_t hash;
	bool is_last;
	bool is_in_tree;
	bool is_done;
	int rc;
	struct tree_descent descent;
};

/* Texts that a path may be replaced by (/.reserved/.inodes/...) go to buf, which must live as long
 * as the place. */
int path_normalise(struct namespace *ns, struct asker *asker, struct str path, struct buf *buf,
                   struct str *ret_path);
/* `path` as path_normalise() gave it. */
void path_walk_begin(struct namespace *ns, struct asker *asker, struct str path, unsigned flags,
                     struct path_walk *ret_walk, struct place *ret_place);
/* One memory access further; true: done, then rc says how it ended. */
bool path_walk_step(struct path_walk *walk);
/* All in one. */
int path_find(struct namespace *ns, struct asker *asker, struct str path, unsigned flags,
              struct buf *buf, struct place *ret_place);
/* What HDFS calls a valid name for something new: absolute, no empty, "." or ".." component, no
 * colon. */
bool path_is_valid(struct str path);
/* The last component. */
struct str path_last(struct str path);
/* Everything before it; "/" for what is in the root. */
struct str path_parent(struct str path);
/* Path of a prefix that ends at `end`. */
struct str path_prefix(struct str path, size_t end);

/* ---- permission.c ---- */

enum { MAY_READ = 4, MAY_WRITE = 2, MAY_EXECUTE = 1, MAY_ALL = 7 };

/* What HDFS's checkPermission() is asked for, in the order in which it is checked. */
struct wanted {
	unsigned above;   /* on the deepest existing directory above */
	unsigned parent;  /* on the parent, if it exists; with w: its sticky bit too */
	unsigned self;    /* on the thing itself, if it exists */
	unsigned below;   /* on it and every directory below */
	bool skips_empty; /* `below` is not asked of empty directories */
	uint64_t
	        checked_index; /* for `below`: checked up to this entry by ns_rights_check_step() */
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

/* ---- rights_walk.c ---- */

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

/* ---- apply.c ---- */

/* One command: planned (what is to be answered, nothing changes), then carried out. */
struct call {
	struct namespace *ns;
	const struct command *command;
	const struct ns_limits *limits; /* NULL in apply */
	struct asker asker;
	uint64_t index;
	struct ns_result *result;
	bool changes_nothing; /* set by a plan that answers 0: there is nothing to carry out */
	struct place place;   /* of the path, of the source, of the inode named */
	struct place target;  /* of a rename */
	struct buf space;     /* where the paths of these places may stand */
	struct buf target_space;
	struct buf moved_space;
	size_t gone_capacity;
};

/* A plan answers 0 or a refusal and keeps what it found in the call; then the commit may not fail.
 */
#define ENTRY(number, name)                                                                        \
	int plan_##name(struct call *call);                                                        \
	void commit_##name(struct call *call);
#define RESERVED(number, name)
#include "format/entry_kinds.def"
#undef ENTRY
#undef RESERVED

/* Rows below the lines that one entry takes out of the retry table: more come in than one an entry
 * never. */
enum { RETRY_FORGET_EACH = 4, RETRY_FORGET_TICK = 4096 };
void forget_retries(struct namespace *ns, size_t count);

/* ---- call.c: what several commands do ---- */

enum { MODE_ALL = 01777, CREATE_NEW = 1, CREATE_OVERWRITE = 2 };

/* To call->place. */
int call_find(struct call *call, struct str path, unsigned flags);
int judge_length(struct call *call, const char *method, struct str path);
/* The names that would be made below place->above: their length, their number, reserved ones. */
int judge_names(struct call *call, const struct place *place);
/* Makes the directories that are missing above the last name, and moves place->above along. */
void make_parents(struct call *call, struct place *place, bool inherits, uint16_t mode);
/* Adds a new inode as the last name of the place; rights, times and id are filled in.  Returns the
 * id. */
uint64_t make_last(struct call *call, struct place *place, struct inode *inode, uint16_t mode);
/* After something came into a directory: its mtime, and what that means for rights below. */
void note_arrival(struct call *call, uint32_t row, const struct inode *inode);
/* Removes what is at the place.  Blocks go to result->gone; a directory with content is detached.
 */
void remove_place(struct call *call, struct place *place);
/* The same for any inode, as read from the tree, without a look at what is above it. */
void remove_inode(struct call *call, struct inode *inode);
void report_gone(struct call *call, const struct inode *inode);
void report_gone_block(struct call *call, struct block block);

/* ---- call_file.c: files that are written ---- */

/* An open file of `holder`, by id or, if that is 0, by path, to call->place. */
int find_open_file(struct call *call, uint64_t id, struct str path, struct str holder);
/* The same without asking whether it is open and whose. */
int find_file(struct call *call, uint64_t id, struct str path);
int check_is_open_by(struct call *call, uint64_t id, struct str holder);
/* What can be closed without the workers: no block, or none being written. */
bool can_close(const struct inode *inode);
/* Ends the lease.  A block that was being written is complete and is `last`. */
void close_file(struct call *call, uint64_t id, const struct block *last);

/* ---- status.c ---- */

void show_status(const struct namespace *ns, const struct inode *inode,
                 struct ns_status *ret_status);

#endif
