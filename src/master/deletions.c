/* SPDX-License-Identifier: Apache-2.0 */
#include "master/deletions.h"

#include "base/err.h"
#include "base/mem.h"

enum { CHUNK_ITEMS = 1000 };

struct chunk {
	struct list node;
	uint32_t first; /* taken already */
	uint32_t count; /* filled */
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

int deletions_add(struct deletions *deletions, uint64_t block_id, uint64_t stamp)
{
	struct chunk *chunk = chunk_with_room(deletions);

	if (chunk == NULL)
		return -ERR_NO_MEMORY;
	chunk->items[chunk->count].block_id = block_id;
	chunk->items[chunk->count].stamp = stamp;
	chunk->count++;
	deletions->count++;
	return 0;
}

size_t deletions_take(struct deletions *deletions, struct block *ret_blocks, size_t count_max)
{
	size_t taken = 0;

	while (taken < count_max && deletions->count > 0) {
		struct chunk *chunk = LIST_FIRST(&deletions->chunks, struct chunk, node);

		ret_blocks[taken++] = (struct block){.id = chunk->items[chunk->first].block_id,
		                                     .stamp = chunk->items[chunk->first].stamp};
		deletions->count--;
		if (++chunk->first == chunk->count) {
			list_remove(&chunk->node);
			mem_free(chunk);
		}
	}
	return taken;
}
