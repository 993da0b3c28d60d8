/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads of files: blocks, leases.
 */
#include "namespace/canonical.h"
#include "namespace/permission.h"

#include "base/check.h"

/* ---- blocks of a file ---- */

static struct ns_block show_block(struct namespace *ns, const struct inode *inode,
                                  struct block block, uint64_t offset, bool is_last,
                                  struct arena *arena)
{
	bool is_open = is_last && inode->workers != 0;
	struct ns_block shown = {.block = block, .offset = offset, .is_complete = !is_open};

	if (is_open)
		shown.workers = canonical_strs_of(text_of(&ns->interns, inode->workers), arena);
	return shown;
}

struct range {
	uint64_t offset;
	uint64_t end;
};

static bool overlaps(const struct range *range, uint64_t at, uint64_t length)
{
	if (at >= range->end)
		return false;
	return length == 0 ? at >= range->offset : at + length > range->offset;
}

/* Counts the blocks that overlap the range.  With `shown`, which has room for `left` of them,
 * writes them there, the last one first. */
static size_t visit_overlap(struct namespace *ns, const struct inode *inode,
                            const struct range *range, struct ns_block *shown, size_t left,
                            struct arena *arena)
{
	uint64_t at = inode->length;
	struct blocks_walk walk;
	struct block block;
	size_t count = 0;

	blocks_walk_begin(&ns->tree.nodes, inode, &walk);
	while (blocks_walk_next(&walk, &block)) {
		bool is_last = walk.left + 1 == inode->block_count;

		at -= block.length;
		if (!overlaps(range, at, block.length))
			continue;
		count++;
		if (shown != NULL)
			shown[--left] = show_block(ns, inode, block, at, is_last, arena);
	}
	return count;
}

static int show_overlap(struct namespace *ns, const struct inode *inode, const struct range *range,
                        struct arena *arena, struct ns_blocks *blocks)
{
	size_t count = visit_overlap(ns, inode, range, NULL, 0, NULL);

	blocks->blocks = arena_alloc(arena, count * sizeof(*blocks->blocks));
	if (blocks->blocks == NULL)
		return -ERR_NO_MEMORY;
	blocks->count = count;
	visit_overlap(ns, inode, range, blocks->blocks, count, arena);
	return 0;
}

static int show_blocks(struct namespace *ns, const struct inode *inode, uint64_t offset,
                       uint64_t length, struct arena *arena, struct ns_blocks *ret_blocks)
{
	struct range range = {.offset = offset, .end = offset + length};
	struct ns_blocks blocks = {0};
	struct block last;
	int rc;

	if (range.end < offset)
		range.end = UINT64_MAX;
	rc = show_overlap(ns, inode, &range, arena, &blocks);
	if (rc < 0)
		return rc;
	show_status(ns, inode, &blocks.status);
	if (inode->block_count > 0) {
		last = blocks_last(&ns->tree.nodes, inode);
		blocks.has_last = true;
		blocks.last = show_block(ns, inode, last, inode->length - last.length, true, arena);
	}
	*ret_blocks = blocks;
	return 0;
}

static int find_readable(struct namespace *ns, struct asker *asker, struct str path,
                         struct buf *space, struct place *place)
{
	static const struct wanted read_self = {.self = MAY_READ};
	int rc = path_find(ns, asker, path, false, space, place);

	if (rc < 0)
		return rc;
	if (!place->exists)
		return refuse(asker, ERR_NOT_FOUND, "File does not exist: %.*s",
		              STR_ARGS(place->path));
	if (place->inode.is_directory)
		return refuse(asker, ERR_IS_DIRECTORY, "Path is not a file: %.*s",
		              STR_ARGS(place->path));
	return check_rights(ns, asker, place, &read_self);
}

int ns_file_blocks(struct namespace *ns, const struct ns_caller *caller, struct str path,
                   uint64_t offset, uint64_t length, struct arena *arena, struct str *ret_message,
                   struct ns_blocks *ret_blocks)
{
	struct asker asker = asker_of(caller, arena);
	struct buf space = {0};
	struct place place;
	int rc = find_readable(ns, &asker, path, &space, &place);

	if (rc == 0)
		rc = show_blocks(ns, &place.inode, offset, length, arena, ret_blocks);
	*ret_message = asker.message;
	buf_finish(&space);
	return rc;
}

static bool read_file(struct namespace *ns, uint64_t id, struct inode *ret_inode)
{
	return tree_get_id(&ns->tree, id, ret_inode, NULL) && !ret_inode->is_directory &&
	       inode_is_attached(ns, ret_inode);
}

bool ns_inode_blocks(struct namespace *ns, uint64_t inode_id, struct arena *arena,
                     struct ns_blocks *ret_blocks)
{
	struct inode inode;

	return read_file(ns, inode_id, &inode) &&
	       show_blocks(ns, &inode, 0, UINT64_MAX, arena, ret_blocks) == 0;
}

void ns_find_block(struct namespace *ns, uint64_t block_id, struct ns_block_info *ret_info)
{
	struct blocks_walk walk;
	struct block block;
	struct inode inode;
	uint64_t id;

	*ret_info = (struct ns_block_info){0};
	if (!id_map_get(&ns->of_blocks, block_id, &id) || !read_file(ns, id, &inode))
		return;
	blocks_walk_begin(&ns->tree.nodes, &inode, &walk);
	while (blocks_walk_next(&walk, &block)) {
		if (block.id != block_id)
			continue;
		ret_info->inode = id;
		ret_info->block = block;
		ret_info->replication = class_of(&ns->interns, inode.file_class).replication;
		ret_info->is_complete = inode.workers == 0 || walk.left + 1 < inode.block_count;
		return;
	}
}

/* ---- leases ---- */

bool ns_find_lease(struct namespace *ns, uint64_t inode_id, struct ns_lease *ret_lease)
{
	struct inode inode;

	if (!read_file(ns, inode_id, &inode) || !inode.is_open)
		return false;
	*ret_lease = (struct ns_lease){.holder = text_of(&ns->interns, inode.holder),
	                               .machine = text_of(&ns->interns, inode.machine),
	                               .inode = inode.id,
	                               .number = inode.lease};
	return true;
}

struct lease_visit {
	struct namespace *ns;
	size_t left;   /* to visit */
	uint64_t next; /* inode, when none is left */
	void (*each)(void *context, const struct ns_lease *lease);
	void *context;
};

static bool visit_lease(void *context, uint64_t inode, uint64_t row)
{
	struct lease_visit *visit = context;
	struct namespace *ns = visit->ns;
	const struct open_file *file = pool_at(&ns->leases.files, (uint32_t)row);
	struct ns_lease lease = {.holder = text_of(&ns->interns, file->holder),
	                         .inode = inode,
	                         .number = file->number};
	struct inode record;

	if (visit->left == 0) {
		visit->next = inode;
		return false;
	}
	visit->left--;
	/* Records are far apart: they are asked only if some may lie in detached trees. */
	if (ns->detached.count == 0 || read_file(ns, inode, &record))
		visit->each(visit->context, &lease);
	return true;
}

uint64_t ns_each_lease(struct namespace *ns, uint64_t from, size_t count,
                       void (*each)(void *context, const struct ns_lease *lease), void *context)
{
	struct lease_visit visit = {.ns = ns, .left = count, .each = each, .context = context};

	id_map_each(&ns->leases.of_inodes, from, visit_lease, &visit);
	return visit.next;
}
