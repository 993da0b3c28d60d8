/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records of a hold, in order; what lies behind the walk is given up as it goes.
 */
#include "namespace/canonical.h"
#include "namespace/namespace_private.h"

#include "base/check.h"
#include "base/twins.h"
#include "base/mem.h"

enum save_phase { SAVE_HEAD, SAVE_TREE, SAVE_RETRIES, SAVE_DONE };

struct ns_save {
	struct ns_hold *hold;
	enum save_phase phase;
	struct tree_walk walk;
};

static void leave(void *context, ref_t node)
{
	struct ns_hold *hold = context;

	node_leave(&hold->ns->tree.nodes, &hold->nodes, node);
}

struct ns_save *ns_save_begin(struct ns_hold **hold)
{
	struct ns_save *save = mem_must_zalloc(sizeof(*save));

	save->hold = *hold;
	*hold = NULL;
	tree_walk_begin(&save->hold->ns->tree.nodes, save->hold->root, 0, (struct str){0},
	                &save->walk);
	save->walk.leave = leave;
	save->walk.context = save->hold;
	return save;
}

uint64_t ns_save_index(const struct ns_save *save)
{
	return save->hold->index;
}

struct hash128 ns_save_digest(const struct ns_save *save)
{
	return save->hold->digest;
}

uint64_t ns_save_records(const struct ns_save *save)
{
	return save->hold->records;
}

void ns_save_end(struct ns_save *save)
{
	if (save == NULL)
		return;
	ns_release(save->hold);
	mem_free(save);
}

/* As it was when the hold was taken. */
static uint64_t rights_index_of(const struct ns_hold *hold, uint64_t directory)
{
	uint64_t before;
	uint32_t row;

	if (id_map_get(&hold->rights_before, directory, &before))
		return before;
	row = dirs_find(&hold->ns->dirs, directory);
	CHECK(row != 0);
	return dir_at(&hold->ns->dirs, row)->rights_index;
}

static void save_blocks(const struct ns_hold *hold, const struct inode *inode, struct buf *buf)
{
	const struct nodes *nodes = &hold->ns->tree.nodes;
	ref_t chunk = inode->chain;
	uint32_t left = inode->block_count;
	struct blocks_run run;

	while (inode->block_count > BLOCKS_INLINE && blocks_run_next(nodes, &chunk, &left, &run))
		canonical_blocks(inode->id, &run, buf);
}

static void save_inode(struct ns_save *save, struct buf *buf)
{
	struct ns_hold *hold = save->hold;
	struct inode inode;

	if (!tree_walk_get(&save->walk, &inode)) {
		save->phase = SAVE_RETRIES;
		return;
	}
	canonical_inode(hold->ns, &inode, buf);
	save_blocks(hold, &inode, buf);
	if (inode.is_directory)
		canonical_rights(inode.id, rights_index_of(hold, inode.id), buf);
	blocks_leave(&hold->ns->tree.nodes, &inode, leave, hold);
	tree_walk_next(&save->walk);
}

static void save_retry(struct ns_save *save, struct buf *buf)
{
	struct retry_row row;

	if (!IS_BROKEN(RETRIES_NOT_SAVED) &&
	    retries_hold_next(&save->hold->ns->retries, &save->hold->retries, &row))
		canonical_retry(&row, buf);
	else
		save->phase = SAVE_DONE;
}

int ns_save_step(struct ns_save *save, size_t bytes, struct buf *buf)
{
	size_t begin = buf->size;

	while (save->phase != SAVE_DONE && buf->size - begin < bytes) {
		switch (save->phase) {
		case SAVE_HEAD:
			buf_append_str(buf, buf_str(&save->hold->head));
			save->phase = SAVE_TREE;
			break;
		case SAVE_TREE: save_inode(save, buf); break;
		case SAVE_RETRIES: save_retry(save, buf); break;
		case SAVE_DONE: break;
		}
		if (buf->failed)
			return -ERR_NO_MEMORY;
	}
	return save->phase != SAVE_DONE;
}
