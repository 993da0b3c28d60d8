/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The blocks of a file, in its record or in a chain of chunks.
 *
 * Only the last block ever changes, so a chain hangs on its last chunk and each chunk names the one
 * before: appending copies at most one chunk when a hold sees it.  Chunk k has the blocks from
 * k * CHUNK_BLOCKS on.  All functions change the inode's copy; the caller writes the record.
 */
#ifndef HOLDFAST_NAMESPACE_BLOCKS_H
#define HOLDFAST_NAMESPACE_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include "format/command.h"
#include "namespace/node.h"
#include "namespace/record.h"

enum { CHUNK_BLOCKS = 40 };

void blocks_append(struct nodes *nodes, struct inode *inode, struct block block);
/* The file has blocks. */
struct block blocks_last(const struct nodes *nodes, const struct inode *inode);
void blocks_set_last(struct nodes *nodes, struct inode *inode, struct block block);
void blocks_remove_last(struct nodes *nodes, struct inode *inode);
/* Drops the chunks; the inode has no blocks afterwards. */
void blocks_clear(struct nodes *nodes, struct inode *inode);

/* Visits blocks from the last one to the first. */
struct blocks_walk {
	const struct nodes *nodes;
	const struct inode *inode;
	uint32_t left; /* blocks still to come: the next one's position + 1 */
	ref_t chunk;   /* that has it; 0: the record */
};
void blocks_walk_begin(const struct nodes *nodes, const struct inode *inode,
                       struct blocks_walk *ret_walk);
bool blocks_walk_next(struct blocks_walk *walk, struct block *ret_block);

/* The blocks of one chunk of a chain. */
struct blocks_run {
	uint32_t first; /* position in the file */
	uint32_t count;
	const struct block *blocks;
};
/* Visits the chunks of a chain from the last one; *chunk and *left begin as the inode's `chain` and
 * `block_count`. */
bool blocks_run_next(const struct nodes *nodes, ref_t *chunk, uint32_t *left,
                     struct blocks_run *ret_run);
/* Puts a whole chunk before those that the chain has: loading, from the last run to the first.
 * False: it does not fit to the chain. */
bool blocks_prepend(struct nodes *nodes, struct inode *inode, ref_t *first,
                    const struct blocks_run *run);

/* Calls leave(context, chunk) for each chunk of the chain. */
void blocks_leave(const struct nodes *nodes, const struct inode *inode,
                  void (*leave)(void *context, ref_t node), void *context);

#endif
