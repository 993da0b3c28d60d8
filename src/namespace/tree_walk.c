/* SPDX-License-Identifier: Apache-2.0 */
#include "namespace/tree.h"

static const struct leaf *walk_leaf(const struct tree_walk *walk)
{
	return (const struct leaf *)node_at(walk->nodes, walk->spot.leaf);
}

static const struct inner *walk_inner(const struct tree_walk *walk, unsigned level)
{
	return (const struct inner *)node_at(walk->nodes, walk->spot.inners[level]);
}

static void leave(struct tree_walk *walk, ref_t node)
{
	if (walk->leave != NULL)
		walk->leave(walk->context, node);
}

/* Goes down by first entries from the inner node at `level`, whose entry is chosen. */
static void go_down_first(struct tree_walk *walk, unsigned level)
{
	ref_t node = inner_child(walk_inner(walk, level), walk->spot.at[level]);

	while (++level < walk->root.height) {
		walk->spot.inners[level] = node;
		walk->spot.at[level] = 0;
		node = inner_child(walk_inner(walk, level), 0);
	}
	walk->spot.leaf = node;
	walk->spot.place.slot = 0;
}

static void prefetch_leaf_after(const struct tree_walk *walk)
{
	unsigned level = walk->root.height - 1;
	const struct inner *inner = walk_inner(walk, level);
	const uint8_t *leaf;

	if (walk->spot.at[level] + 1u == inner->node.count)
		return;
	leaf = (const uint8_t *)node_at(walk->nodes, inner_child(inner, walk->spot.at[level] + 1u));
	for (unsigned granule = 0; granule < GRANULES_MAX; granule++)
		__builtin_prefetch(leaf + (size_t)granule * GRANULE_BYTES);
}

static void next_leaf(struct tree_walk *walk)
{
	unsigned level = walk->root.height;

	leave(walk, walk->spot.leaf);
	walk->spot.leaf = 0;
	while (level-- > 0) {
		if (walk->spot.at[level] + 1u < walk_inner(walk, level)->node.count) {
			walk->spot.at[level]++;
			go_down_first(walk, level);
			prefetch_leaf_after(walk);
			return;
		}
		leave(walk, walk->spot.inners[level]);
	}
}

void tree_walk_begin(const struct nodes *nodes, struct tree_root root, uint64_t parent,
                     struct str name, struct tree_walk *ret_walk)
{
	struct tree_walk *walk = ret_walk;
	ref_t node = root.node;

	*walk = (struct tree_walk){.nodes = nodes, .root = root};
	for (unsigned level = 0; level < root.height; level++) {
		walk->spot.inners[level] = node;
		walk->spot.at[level] = (uint8_t)inner_find(walk_inner(walk, level), parent, name);
		node = inner_child(walk_inner(walk, level), walk->spot.at[level]);
	}
	walk->spot.leaf = node;
	if (node == 0)
		return;
	leaf_place(walk_leaf(walk), parent, name, &walk->spot.place);
	if (walk->spot.place.slot == walk_leaf(walk)->node.count)
		next_leaf(walk);
}

bool tree_walk_get(const struct tree_walk *walk, struct inode *ret_inode)
{
	const struct leaf *leaf;
	unsigned slot = walk->spot.place.slot;

	if (walk->spot.leaf == 0)
		return false;
	leaf = walk_leaf(walk);
	record_decode(leaf_record(leaf, slot), leaf_parent(leaf, slot), ret_inode);
	return true;
}

void tree_walk_next(struct tree_walk *walk)
{
	if (walk->spot.leaf == 0)
		return;
	if (++walk->spot.place.slot == walk_leaf(walk)->node.count)
		next_leaf(walk);
}

uint64_t tree_walk_count(struct tree_walk *walk, uint64_t parent, uint64_t enough)
{
	uint64_t count = 0;

	while (count < enough && walk->spot.leaf != 0) {
		const struct leaf *leaf = walk_leaf(walk);
		unsigned end = leaf_group_end(leaf, walk->spot.place.slot);

		if (leaf_parent(leaf, walk->spot.place.slot) != parent)
			break;
		count += end - walk->spot.place.slot;
		walk->spot.place.slot = end;
		if (end == leaf->node.count)
			next_leaf(walk);
	}
	return count;
}
