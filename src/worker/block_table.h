/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash table of replicas by block id: open addressing, grows by doubling.  Inside of worker/.
 */
#ifndef HOLDFAST_WORKER_BLOCK_TABLE_H
#define HOLDFAST_WORKER_BLOCK_TABLE_H

#include <stddef.h>

#include "base/check.h"
#include "worker/block_store.h"

struct block_table {
	struct stored_block *slots; /* id 0: free */
	size_t capacity;            /* a power of two, or 0 */
	size_t count;
};

void block_table_finish(struct block_table *table);
struct stored_block *block_table_find(const struct block_table *table, uint64_t id);
/* The id must not be there and not be 0. */
MUST_USE int block_table_add(struct block_table *table, const struct stored_block *block);
void block_table_remove(struct block_table *table, uint64_t id); /* absent is fine */

#endif
