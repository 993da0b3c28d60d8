/* SPDX-License-Identifier: Apache-2.0 */
#include "master/deletions.h"

#include "base/err.h"
#include "base/mem.h"

enum { CHUNK_ITEMS = 1000 };

struct chunk {
	struct list node;
	uint32_t first; /* taken already */
	uint32_t count; /* filled */
	uint64_t newest_us;
	struct {
		uint64_t block_id;
		uint64_t stamp;
	} items[CHUNK_ITEMS];
};

void deletions_init(struct deletions *deletions)
{
	list_init(&deletions->chunks);
	deletions->count = 0;
}

void deletions_clear(struct deletions *deletions)
{
	LIST_FOR_EACH_SAFE (node, &deletions->chunks) {
		mem_free(CONTAINER_OF(node, struct chunk, node));
	}
	deletions_init(deletions);
}

/* The newest chunk if it has room, else a new one; NULL: out of memory. */
static struct chunk *chunk_with_room(struct deletions *deletions)
{
	struct chunk *chunk;

	if (!list_is_empty(&deletions->chunks)) {
		chunk = CONTAINER_OF(deletions->chunks.prev, struct chunk, node);
		if (chunk->count < CHUNK_ITEMS)
			return chunk;
	}
	chunk = mem_alloc(sizeof(*chunk));
	if (chunk == NULL)
		return NULL;
	chunk->first = 0;
	chunk->count = 0;
	list_append(&deletions->chunks, &chunk->node);
	return chunk;
}

static struct chunk *oldest_chunk(struct deletions *deletions)
{
	return LIST_FIRST(&deletions->chunks, struct chunk, node);
}

int deletions_add(struct deletions *deletions, uint64_t block_id, uint64_t stamp, uint64_t now_us)
{
	struct chunk *chunk = chunk_with_room(deletions);

	if (chunk == NULL)
		return -ERR_NO_MEMORY;
	chunk->items[chunk->count].block_id = block_id;
	chunk->items[chunk->count].stamp = stamp;
	chunk->count++;
	chunk->newest_us = now_us;
	deletions->count++;
	return 0;
}

static void drop_chunk(struct chunk *chunk)
{
	list_remove(&chunk->node);
	mem_free(chunk);
}

size_t deletions_forget(struct deletions *deletions, uint64_t before_us)
{
	size_t before = deletions->count;

	while (deletions->count > 0 && oldest_chunk(deletions)->newest_us < before_us) {
		struct chunk *chunk = oldest_chunk(deletions);

		deletions->count -= chunk->count - chunk->first;
		drop_chunk(chunk);
	}
	return before - deletions->count;
}

size_t deletions_take(struct deletions *deletions, struct block *ret_blocks, size_t count_max)
{
	size_t taken = 0;

	while (taken < count_max && deletions->count > 0) {
		struct chunk *chunk = oldest_chunk(deletions);

		ret_blocks[taken++] = (struct block){.id = chunk->items[chunk->first].block_id,
		                                     .stamp = chunk->items[chunk->first].stamp};
		deletions->count--;
		if (++chunk->first == chunk->count)
			drop_chunk(chunk);
	}
	return taken;
}
