/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The namespace: the replicated state machine.
 *
 *   client > io > rpc > service > master > journal > NAMESPACE > service > rpc > client
 *
 * Inodes, directories, blocks, leases, retry table, id counters and settings, all in memory.
 * ns_apply() is the only way to change it.  It is deterministic and total: the same entries give
 * the same digest on every machine; it reads no clock, does no I/O, draws no random number, and
 * takes inode ids, block ids and generation stamps from counters in the state.  An entry that makes
 * no sense changes nothing and yields -ERR_INTERNAL.  Semantics are HDFS's.
 *
 * Threads: the loop thread owns it; nothing here locks.  Memory: apply uses the _must allocators
 * (a master must not skip what the others did).
 *
 * Errors carry HDFS's text for the client in ns_result.message; class and action come from the code
 * (base/err.def).
 */
#ifndef HOLDFAST_NAMESPACE_NAMESPACE_H
#define HOLDFAST_NAMESPACE_NAMESPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/str.h"
#include "format/command.h"

enum {
	NS_INODE_ROOT = 16385,       /* HDFS: ids below are reserved */
	NS_BLOCK_FIRST = 1073741825, /* first block id */
	NS_STAMP_FIRST = 1001,       /* first generation stamp */
	NS_PATH_BYTES_MAX = 8000,
	NS_PATH_DEPTH_MAX = 1000,
	NS_NAME_BYTES_MAX = 255, /* of one component; ns_limits may ask for less, never for more */
};

struct namespace;

/* Inner tables are hashed with the seed, which outsiders must not know; it has no effect that can
 * be seen. */
struct namespace *ns_create(uint64_t seed);
void ns_destroy(struct namespace *ns); /* NULL is fine */

/* ---- who asks ---- */

struct ns_caller {
	struct str user;
	struct strs groups;
	bool is_superuser; /* also when permissions are switched off */
};

/* ---- what is known of a path ---- */

enum ns_type { NS_DIRECTORY = 1, NS_FILE = 2 }; /* HdfsFileStatusProto.FileType */

/* Strings point into the namespace and are valid until its next change. */
struct ns_status {
	enum ns_type type;
	uint64_t inode;
	uint64_t parent;
	struct str name; /* last component; empty for the root */
	uint64_t length; /* of files: sum of the blocks' lengths */
	uint16_t mode;   /* with sticky bit */
	struct str owner;
	struct str group;
	uint64_t mtime_ms;
	uint64_t atime_ms;
	uint16_t replication; /* 0 for directories */
	uint64_t block_size;
	uint32_t block_count;
	uint64_t children; /* of directories */
	uint8_t storage_policy;
	uint32_t flags; /* HdfsFileStatusProto.Flags */
	bool is_under_construction;
};

/* ---- apply and check ---- */

struct ns_result {
	int rc;               /* 0 or the negative code that answers the caller */
	struct str message;   /* HDFS's text when rc < 0; in the caller's arena, may be empty */
	bool value;           /* the boolean that many methods return */
	bool is_repeat;       /* answered from the retry table: nothing changed */
	bool changes_nothing; /* ns_check(), rc 0: apply would change nothing (mkdirs of what is
	                         there, delete of what is not): answered without an entry */
	bool has_status;      /* create: `status` is the new file's */
	struct ns_status status;
	uint64_t inode;        /* of what was made or changed, 0: none */
	struct block block;    /* add_block, new_stamp */
	uint64_t block_offset; /* of `block` in its file */
	struct strs workers;   /* add_block: chosen workers (uuids), in the arena */
	struct block *gone;    /* blocks that no file has any more, in the arena */
	size_t gone_count;
	uint64_t left_to_reclaim; /* inodes in detached trees after this entry */
};

/* What judges a new call, never apply. */
struct ns_limits {
	size_t component_bytes_max;   /* dfs.namenode.fs-limits.max-component-length, 0: none */
	uint64_t directory_items_max; /* dfs.namenode.fs-limits.max-directory-items */
	uint64_t block_size_min;      /* dfs.namenode.fs-limits.min-block-size */
	uint32_t file_blocks_max;     /* dfs.namenode.fs-limits.max-blocks-per-file */
	uint16_t replication_min;
	uint16_t replication_max;
};

/* Applies the entry at `index` (the one after ns_applied()).  Texts, lists and `gone` come from
 * arena; with NULL there are none of them (replay).  The journal's own entries change nothing but
 * ns_applied(). */
void ns_apply(struct namespace *ns, uint64_t index, const struct command *command,
              struct arena *arena, struct ns_result *ret_result);
/* What ns_apply() would answer now, changing nothing: admission.  Looks the call up in the retry
 * table first.  new ids in the result are not meaningful.  -ERR_AGAIN: a recursive delete of so
 * much that the rights below must be checked in slices first (ns_rights_check_begin()); apply
 * answers -ERR_CHANGED where they were not, or have changed since. */
void ns_check(struct namespace *ns, const struct command *command, const struct ns_limits *limits,
              struct arena *arena, struct ns_result *ret_result);
uint64_t ns_applied(const struct namespace *ns); /* index of the last applied entry; 0: none */
uint64_t ns_age_ms(const struct namespace *ns);  /* greatest age applied */

/* A command of this call follows soon: of several, ask for all first. */
void ns_retry_prefetch(const struct namespace *ns, const uint8_t *client_id, int32_t call_id);

/* True when the call is in the retry table; then *ret_result is its first answer. */
bool ns_retry_find(struct namespace *ns, const struct command *command, struct arena *arena,
                   struct ns_result *ret_result);
/* Rows that take memory.  What a tick forgets is found no more at once, but taken away a few
 * thousand rows an entry: further ticks hurry that up. */
struct ns_retry_stats {
	uint64_t rows;
	uint64_t bytes;
	uint64_t oldest_at_most_once_age_ms; /* all ones: none */
	uint64_t oldest_others_age_ms;
};
void ns_retry_stats(const struct namespace *ns, struct ns_retry_stats *ret_stats);
uint64_t ns_retry_rows(const struct namespace *ns);

/* ---- queries: every one is bounded; texts of refusals come from arena ---- */

struct ns_lookup {
	struct str path;                /* in */
	const struct ns_caller *caller; /* in */
	int rc;                         /* out: 0, or a refusal; a missing path is -ERR_NOT_FOUND */
	struct str message;             /* out */
	struct ns_status status;        /* out, if rc is 0 */
};
/* getFileInfo for the calls of one turn: look-ups are prefetched together. */
void ns_lookup(struct namespace *ns, struct ns_lookup *lookups, size_t count, struct arena *arena);

/* Children after `start_after` in byte order, for getListing.  `each` may stop by false.  On a
 * file: the file itself with an empty name.  *ret_remaining = children after the last one handed
 * out; of more than a thousand it may say only that there are as many. */
int ns_list(struct namespace *ns, const struct ns_caller *caller, struct str path,
            struct str start_after, size_t count_max,
            bool (*each)(void *context, const struct ns_status *status), void *context,
            struct arena *arena, struct str *ret_message, uint64_t *ret_remaining);

struct ns_block {
	struct block block;
	uint64_t offset;     /* in the file */
	bool is_complete;    /* false: under construction */
	struct strs workers; /* chosen workers while under construction, in the arena */
};
struct ns_blocks {
	struct ns_status status;
	struct ns_block *blocks; /* those that overlap the range, in the arena */
	size_t count;
	bool has_last;        /* the file has blocks */
	struct ns_block last; /* its last one */
};
/* getBlockLocations; HDFS's texts "File does not exist: p", "Path is not a file: p". */
int ns_file_blocks(struct namespace *ns, const struct ns_caller *caller, struct str path,
                   uint64_t offset, uint64_t length, struct arena *arena, struct str *ret_message,
                   struct ns_blocks *ret_blocks);
/* By inode; false: no such file. */
bool ns_inode_blocks(struct namespace *ns, uint64_t inode, struct arena *arena,
                     struct ns_blocks *ret_blocks);

struct ns_summary {
	uint64_t length; /* bytes */
	uint64_t files;
	uint64_t directories; /* includes the directory itself */
	uint64_t space;       /* bytes with replicas */
};
/* From counters kept on the way: never walks.  -ERR_AGAIN: rights differ below, in more than can be
 * looked at now; the caller checks them in slices with ns_rights_check_step() and then asks as a
 * superuser. */
int ns_content_summary(struct namespace *ns, const struct ns_caller *caller, struct str path,
                       struct arena *arena, struct str *ret_message,
                       struct ns_summary *ret_summary);

/* checkAccess: action bits r=4 w=2 x=1. */
int ns_check_access(struct namespace *ns, const struct ns_caller *caller, struct str path,
                    unsigned action, struct arena *arena, struct str *ret_message);

/* Full path of an inode into buf; false: gone. */
bool ns_path_of(struct namespace *ns, uint64_t inode, struct buf *buf);

/* What block reports are judged by. */
struct ns_block_info {
	uint64_t inode; /* 0: no such block */
	struct block block;
	uint16_t replication;
	bool is_complete;
};
void ns_find_block(struct namespace *ns, uint64_t block_id, struct ns_block_info *ret_info);
uint64_t ns_next_block_id(const struct namespace *ns); /* ids from here on are not seen yet */
uint64_t ns_next_stamp(const struct namespace *ns);

struct ns_lease {
	struct str holder;
	struct str machine; /* the holder's address, as create() had it */
	uint64_t inode;
	uint64_t number; /* changes with each new lease on the file */
};
/* The lease on a file; false: none. */
bool ns_find_lease(struct namespace *ns, uint64_t inode, struct ns_lease *ret_lease);
/* At most `count` leases, of the inodes from `from` on, in order; without the holder's address.
 * Returns the inode to go on from, 0: that was all.  `each` may not change the namespace. */
uint64_t ns_each_lease(struct namespace *ns, uint64_t from, size_t count,
                       void (*each)(void *context, const struct ns_lease *lease), void *context);

struct ns_identity {
	struct str cluster_id;
	uint32_t namespace_id;
	struct str block_pool_id;
	uint64_t ctime_ms;
};
bool ns_identity(const struct namespace *ns, struct ns_identity *ret_identity); /* false: empty */
bool ns_safe_mode(const struct namespace *ns); /* the one an operator entered */

struct ns_counts {
	uint64_t files;
	uint64_t directories;
	uint64_t blocks;
	uint64_t under_construction; /* files */
	uint64_t open_blocks;        /* blocks under construction */
	uint64_t leases;
	uint64_t left_to_reclaim;
	uint64_t bytes_of_memory; /* of trees and tables */
};
void ns_counts(const struct namespace *ns, struct ns_counts *ret_counts);

/* Sum mod 2^128 of a keyed hash of each record's canonical bytes; kept up by apply. */
struct hash128 ns_digest(const struct namespace *ns);
/* The same from the records themselves, for scrubs and tests. */
struct hash128 ns_digest_recompute(struct namespace *ns);

/* ---- rights below a directory (recursive delete, content summary) in slices ---- */

struct ns_rights_check;
/* `action` is what is needed of the directory and of all below it: 7 for a delete, which leaves
 * empty ones out and needs w on the parent; 5 for a summary.  NULL and rc: refused or not needed
 * (0). */
struct ns_rights_check *ns_rights_check_begin(struct namespace *ns, const struct ns_caller *caller,
                                              struct str path, unsigned action, struct arena *arena,
                                              struct str *ret_message, int *ret_rc);
/* 1: more to do, 0: allowed (then *ret_index goes into command_delete.checked_index), < 0 refused.
 */
int ns_rights_check_step(struct ns_rights_check *check, size_t inodes_max, struct arena *arena,
                         struct str *ret_message, uint64_t *ret_index);
void ns_rights_check_end(struct ns_rights_check *check);

/* ---- hold, save, load ---- */

/* Pins the namespace at this instant.  While a hold exists, nodes are copied before they change;
 * without one nothing is copied. */
struct ns_hold;
struct ns_hold *ns_hold(struct namespace *ns);
void ns_release(struct ns_hold *hold); /* NULL is fine */
/* Somebody holds an instant of it: it may not be destroyed yet. */
bool ns_is_held(const struct namespace *ns);

/* A walk in key order over a hold, which gives up what lies behind it.  Takes the hold. */
struct ns_save;
struct ns_save *ns_save_begin(struct ns_hold **hold);
uint64_t ns_save_index(const struct ns_save *save);
struct hash128 ns_save_digest(const struct ns_save *save);
uint64_t ns_save_records(const struct ns_save *save); /* total, for progress */
/* Appends whole canonical records until about `bytes` were written; 1: more, 0: finished. */
int ns_save_step(struct ns_save *save, size_t bytes, struct buf *buf);
void ns_save_end(struct ns_save *save);

/* Fills an empty namespace with what ns_save_step() wrote, in pieces of whole records. */
struct ns_load;
struct ns_load *ns_load_begin(struct namespace *ns);
int ns_load_step(struct ns_load *load, struct str records); /* -ERR_DAMAGED, -ERR_UNSUPPORTED */
/* Rebuilds what is derived and compares the digest. */
int ns_load_end(struct ns_load *load, uint64_t index, struct hash128 digest);
/* Instead of ns_load_end(): the records turned out bad.  The namespace is only good for
 * ns_destroy() then, as after an ns_load_end() that failed. */
void ns_load_cancel(struct ns_load *load);

#endif
