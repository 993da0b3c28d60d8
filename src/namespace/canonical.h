/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Canonical bytes of records: what a checkpoint holds and what the digest is made of.
 *
 * Only strings and numbers, nothing interned and nothing relative, so two masters with the same
 * state have the same bytes whatever way they came there.  The layout stands in canonical.c.
 */
#ifndef HOLDFAST_NAMESPACE_CANONICAL_H
#define HOLDFAST_NAMESPACE_CANONICAL_H

#include <stdint.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "namespace/namespace_private.h"

enum record_kind {
	RECORD_SETTINGS = 1,
	RECORD_DETACHED = 2,
	RECORD_INODE = 3,
	RECORD_BLOCKS = 4,
	RECORD_RIGHTS = 5,
	RECORD_RETRY = 6,
};

/* Tags of an inode's tagged fields; odd ones must be understood. */
enum inode_tag { INODE_TAG_OPEN = 1 };

/* Each appends one whole record. */
void canonical_settings(const struct settings *settings, const struct retries *retries,
                        struct buf *buf);
void canonical_detached(const struct detached *detached, struct buf *buf);
void canonical_inode(const struct namespace *ns, const struct inode *inode, struct buf *buf);
void canonical_blocks(uint64_t inode, const struct blocks_run *run, struct buf *buf);
void canonical_rights(uint64_t directory, uint64_t rights_index, struct buf *buf);
void canonical_retry(const struct retry_row *row, struct buf *buf);

/* A list of strings as one text, and back, all of it in the arena; without one, or without memory,
 * an empty list. */
void canonical_strs(struct strs list, struct buf *buf);
struct strs canonical_strs_of(struct str text, struct arena *arena);

/* A record's share of the digest. */
struct hash128 canonical_hash(struct str record);
/* Shares of an inode's record and of its runs of blocks from number `run` on. */
struct hash128 canonical_inode_hash(struct namespace *ns, const struct inode *inode, uint32_t run);
/* Takes the share of what scratch has and empties it. */
struct hash128 canonical_scratch_hash(struct namespace *ns);

#endif
