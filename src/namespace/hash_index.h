/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows found by a hash: linear hashing, one bucket is split at a time, so it grows without a pause.
 *
 * Rows live elsewhere (a pool) and carry the link of their bucket's chain; the index has 4 bytes a
 * row beside that.  The owner walks a chain itself:
 *
 *   for (row = hash_index_first(index, hash); row != 0; row = *links->next(context, row))
 *
 * Where outsiders choose what is hashed, the owner hashes it with the index's seed, which they do
 * not know; else they could choose what falls into one chain.  Nothing that leaves this process
 * may depend on the order of a chain.
 */
#ifndef HOLDFAST_NAMESPACE_HASH_INDEX_H
#define HOLDFAST_NAMESPACE_HASH_INDEX_H

#include <stdint.h>

#include "namespace/region.h"

/* How the index sees its rows. */
struct hash_links {
	uint32_t *(*next)(void *context, uint32_t row);
	uint64_t (*hash)(void *context, uint32_t row);
};

struct hash_index {
	struct region memory; /* uint32_t bucket[]: first row of each chain */
	const struct hash_links *links;
	void *context;
	uint64_t seed;  /* for the owner's hashes */
	uint32_t level; /* buckets are split from 2^level on ... */
	uint32_t split; /* ... and those below this one have been */
	uint32_t rows;
};

/* Reserves room for as many buckets as there may be rows. */
void hash_index_init(struct hash_index *index, const struct hash_links *links, void *context,
                     uint32_t rows_max, uint64_t seed);
void hash_index_finish(struct hash_index *index);
uint32_t hash_index_first(const struct hash_index *index, uint64_t hash);
void hash_index_add(struct hash_index *index, uint32_t row);
void hash_index_remove(struct hash_index *index, uint32_t row);
uint64_t hash_index_bytes(const struct hash_index *index);

#endif
