/* SPDX-License-Identifier: Apache-2.0 */
#include "namespace/hash_index.h"

#include "base/check.h"

enum { LEVEL_FIRST = 4 };

void hash_index_init(struct hash_index *index, const struct hash_links *links, void *context,
                     uint32_t rows_max, uint64_t seed)
{
	*index = (struct hash_index){
	        .links = links, .context = context, .seed = seed, .level = LEVEL_FIRST};
	region_init(&index->memory, sizeof(uint32_t) * rows_max);
}

void hash_index_finish(struct hash_index *index)
{
	region_finish(&index->memory);
}

static uint64_t bucket_count(const struct hash_index *index)
{
	return (1ull << index->level) + index->split;
}

static uint32_t *bucket_of(const struct hash_index *index, uint64_t hash)
{
	uint64_t number = hash & ((1ull << index->level) - 1);

	if (number < index->split)
		number = hash & ((2ull << index->level) - 1);
	return (uint32_t *)(void *)index->memory.base + number;
}

uint32_t hash_index_first(const struct hash_index *index, uint64_t hash)
{
	return *bucket_of(index, hash);
}

static void push(struct hash_index *index, uint32_t row)
{
	uint32_t *bucket = bucket_of(index, index->links->hash(index->context, row));

	*index->links->next(index->context, row) = *bucket;
	*bucket = row;
}

/* Hands the rows of the next bucket out again over it and a new one. */
static void split_one(struct hash_index *index)
{
	uint32_t *bucket = (uint32_t *)(void *)index->memory.base + index->split;
	uint32_t row = *bucket;

	if ((bucket_count(index) + 1) * sizeof(uint32_t) > index->memory.size)
		return; /* chains grow instead */
	*bucket = 0;
	index->split++;
	if (index->split == 1u << index->level) {
		index->level++;
		index->split = 0;
	}
	while (row != 0) {
		uint32_t next = *index->links->next(index->context, row);

		push(index, row);
		row = next;
	}
}

void hash_index_add(struct hash_index *index, uint32_t row)
{
	push(index, row);
	index->rows++;
	if (index->rows > bucket_count(index))
		split_one(index);
}

void hash_index_remove(struct hash_index *index, uint32_t row)
{
	uint32_t *link = bucket_of(index, index->links->hash(index->context, row));

	while (*link != row) {
		CHECK(*link != 0);
		link = index->links->next(index->context, *link);
	}
	*link = *index->links->next(index->context, row);
	index->rows--;
}

uint64_t hash_index_bytes(const struct hash_index *index)
{
	return bucket_count(index) * sizeof(uint32_t);
}
