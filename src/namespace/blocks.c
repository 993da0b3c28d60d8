/* SPDX-License-Identifier: Apache-2.0 */
#include "namespace/blocks.h"

#include <string.h>

#include "base/check.h"

struct chunk {
	struct node node;
	ref_t before;
	struct block blocks[];
};
static_assert(sizeof(struct chunk) + CHUNK_BLOCKS * sizeof(struct block) <=
                      GRANULES_MAX * GRANULE_BYTES,
              "a whole chunk is one node");

static struct chunk *chunk_at(const struct nodes *nodes, ref_t ref)
{
	struct node *node = node_at(nodes, ref);

	CHECK(node->kind == NODE_CHUNK);
	return (struct chunk *)node;
}

static unsigned granules_of(unsigned blocks)
{
	return granules_for(sizeof(struct chunk) + blocks * sizeof(struct block));
}

static ref_t make_chunk(struct nodes *nodes, ref_t before)
{
	ref_t ref = node_alloc(nodes, NODE_CHUNK, granules_of(1));

	chunk_at(nodes, ref)->before = before;
	return ref;
}

/* Room for one more block in the last chunk, which becomes ours to change. */
static void widen_last(struct nodes *nodes, struct inode *inode)
{
	struct chunk *old = chunk_at(nodes, inode->chain);
	unsigned granules = granules_of(old->node.count + 1u);
	ref_t ref;
	struct chunk *chunk;

	if (granules <= old->node.granules) {
		inode->chain = node_own(nodes, inode->chain);
		return;
	}
	ref = node_alloc(nodes, NODE_CHUNK, granules);
	chunk = chunk_at(nodes, ref);
	chunk->before = old->before;
	chunk->node.count = old->node.count;
	memcpy(chunk->blocks, old->blocks, old->node.count * sizeof(struct block));
	node_drop(nodes, inode->chain);
	inode->chain = ref;
}

static void chain_append(struct nodes *nodes, struct inode *inode, struct block block)
{
	struct chunk *chunk;

	if (inode->chain == 0 || chunk_at(nodes, inode->chain)->node.count == CHUNK_BLOCKS)
		inode->chain = make_chunk(nodes, inode->chain);
	else
		widen_last(nodes, inode);
	chunk = chunk_at(nodes, inode->chain);
	chunk->blocks[chunk->node.count++] = block;
}

void blocks_append(struct nodes *nodes, struct inode *inode, struct block block)
{
	bool is_inline = inode->chain == 0;

	if (is_inline && inode->block_count < BLOCKS_INLINE) {
		inode->blocks[inode->block_count] = block;
	} else {
		for (uint32_t i = 0; is_inline && i < inode->block_count; i++)
			chain_append(nodes, inode, inode->blocks[i]);
		chain_append(nodes, inode, block);
	}
	inode->block_count++;
	inode->length += block.length;
}

struct block blocks_last(const struct nodes *nodes, const struct inode *inode)
{
	const struct chunk *chunk;

	CHECK(inode->block_count > 0);
	if (inode->chain == 0)
		return inode->blocks[inode->block_count - 1];
	chunk = chunk_at(nodes, inode->chain);
	return chunk->blocks[chunk->node.count - 1];
}

void blocks_set_last(struct nodes *nodes, struct inode *inode, struct block block)
{
	struct chunk *chunk;

	inode->length += block.length - blocks_last(nodes, inode).length;
	if (inode->chain == 0) {
		inode->blocks[inode->block_count - 1] = block;
		return;
	}
	inode->chain = node_own(nodes, inode->chain);
	chunk = chunk_at(nodes, inode->chain);
	chunk->blocks[chunk->node.count - 1] = block;
}

void blocks_remove_last(struct nodes *nodes, struct inode *inode)
{
	struct chunk *chunk;
	ref_t emptied;

	inode->length -= blocks_last(nodes, inode).length;
	inode->block_count--;
	if (inode->chain == 0)
		return;
	inode->chain = node_own(nodes, inode->chain);
	chunk = chunk_at(nodes, inode->chain);
	if (--chunk->node.count > 0)
		return;
	emptied = inode->chain;
	inode->chain = chunk->before;
	node_drop(nodes, emptied);
}

void blocks_clear(struct nodes *nodes, struct inode *inode)
{
	while (inode->chain != 0) {
		ref_t ref = inode->chain;

		inode->chain = chunk_at(nodes, ref)->before;
		node_drop(nodes, ref);
	}
	inode->block_count = 0;
	inode->length = 0;
}

void blocks_walk_begin(const struct nodes *nodes, const struct inode *inode,
                       struct blocks_walk *ret_walk)
{
	*ret_walk = (struct blocks_walk){
	        .nodes = nodes, .inode = inode, .left = inode->block_count, .chunk = inode->chain};
}

bool blocks_walk_next(struct blocks_walk *walk, struct block *ret_block)
{
	uint32_t position;

	if (walk->left == 0)
		return false;
	position = --walk->left;
	if (walk->chunk == 0) {
		*ret_block = walk->inode->blocks[position];
		return true;
	}
	*ret_block = chunk_at(walk->nodes, walk->chunk)->blocks[position % CHUNK_BLOCKS];
	if (position % CHUNK_BLOCKS == 0 && position > 0)
		walk->chunk = chunk_at(walk->nodes, walk->chunk)->before;
	return true;
}

bool blocks_run_next(const struct nodes *nodes, ref_t *chunk, uint32_t *left,
                     struct blocks_run *ret_run)
{
	const struct chunk *at;

	if (*chunk == 0)
		return false;
	at = chunk_at(nodes, *chunk);
	*left -= at->node.count;
	*ret_run =
	        (struct blocks_run){.first = *left, .count = at->node.count, .blocks = at->blocks};
	*chunk = at->before;
	return true;
}

bool blocks_prepend(struct nodes *nodes, struct inode *inode, ref_t *first,
                    const struct blocks_run *run)
{
	bool is_last = *first == 0;
	ref_t ref;
	struct chunk *chunk;

	if (run->count == 0 || run->count > CHUNK_BLOCKS || run->first % CHUNK_BLOCKS != 0 ||
	    (!is_last && run->count != CHUNK_BLOCKS))
		return false;
	ref = node_alloc(nodes, NODE_CHUNK, granules_of(run->count));
	chunk = chunk_at(nodes, ref);
	chunk->before = 0;
	chunk->node.count = (uint8_t)run->count;
	memcpy(chunk->blocks, run->blocks, run->count * sizeof(struct block));
	for (uint32_t i = 0; i < run->count; i++)
		inode->length += run->blocks[i].length;
	if (is_last)
		inode->chain = ref;
	else
		chunk_at(nodes, *first)->before = ref;
	*first = ref;
	return true;
}

void blocks_leave(const struct nodes *nodes, const struct inode *inode,
                  void (*leave)(void *context, ref_t node), void *context)
{
	ref_t ref = inode->chain;

	while (ref != 0) {
		ref_t before = chunk_at(nodes, ref)->before;

		leave(context, ref);
		ref = before;
	}
}
