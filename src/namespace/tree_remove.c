/* SPDX-License-Identifier: Apache-2.0 */
#include "namespace/tree_private.h"

enum {
	MERGE_BELOW = 256,  /* a node with fewer bytes looks for a neighbour ... */
	MERGE_RESULT = 768, /* ... with which it fills no more than this */
};

static void free_leaf(struct tree *tree, ref_t leaf)
{
	pool_free(&tree->leaves, leaf_at(&tree->nodes, leaf)->number);
	node_drop(&tree->nodes, leaf);
}

/* Takes the entry above `level` away, and every inner node that becomes empty by that. */
static void unhang(struct tree *tree, struct tree_spot *spot, unsigned level)
{
	while (level > 0) {
		ref_t node = spot->inners[level - 1];
		struct inner *inner = inner_at(&tree->nodes, node);

		inner_remove(inner, spot->at[level - 1]);
		if (inner->node.count > 0)
			return;
		node_drop(&tree->nodes, node);
		level--;
	}
	tree->root = (struct tree_root){0};
}

static void lower_root(struct tree *tree)
{
	while (tree->root.height > 0) {
		ref_t root = tree->root.node;
		const struct inner *inner = inner_at(&tree->nodes, root);

		if (inner->node.count > 1)
			return;
		tree->root.node = inner_child(inner, 0);
		tree->root.height--;
		node_drop(&tree->nodes, root);
	}
}

/* Moves the records of the leaf under entry at + 1 into the one under `at`. */
static bool merge_leaves(struct tree *tree, struct tree_spot *spot, unsigned at)
{
	struct inner *inner = inner_at(&tree->nodes, spot->inners[tree->root.height - 1]);
	ref_t left_ref = inner_child(inner, at);
	ref_t right_ref = inner_child(inner, at + 1);
	struct leaf *left = leaf_at(&tree->nodes, left_ref);
	struct leaf *right = leaf_at(&tree->nodes, right_ref);
	size_t bytes = leaf_bytes_used(left) + leaf_bytes_used(right) - sizeof(*left);
	unsigned moved = left->node.count;
	struct leaf *leaf;
	ref_t ref;

	if (bytes > MERGE_RESULT)
		return false;
	ref = tree_make_leaf(tree, left->number, bytes);
	leaf = leaf_at(&tree->nodes, ref);
	leaf_append(leaf, left, 0, left->node.count);
	leaf_append(leaf, right, 0, right->node.count);
	tree_point_ids(tree, leaf, moved);
	*leaf_ref(tree, leaf->number) = ref;
	inner_set_child(inner, at, ref);
	inner_remove(inner, at + 1);
	node_drop(&tree->nodes, left_ref);
	free_leaf(tree, right_ref);
	return true;
}

static bool merge_inners(struct tree *tree, struct tree_spot *spot, unsigned level, unsigned at)
{
	struct inner *above = inner_at(&tree->nodes, spot->inners[level - 1]);
	ref_t right_ref = inner_child(above, at + 1);
	struct inner *right = inner_at(&tree->nodes, right_ref);
	const struct inner *left = inner_at(&tree->nodes, inner_child(above, at));
	struct key separator = inner_separator(above, at + 1);
	ref_t left_ref;

	if (inner_bytes_used(left) + inner_bytes_used(right) > MERGE_RESULT)
		return false;
	left_ref = node_own(&tree->nodes, inner_child(above, at));
	inner_set_child(above, at, left_ref);
	inner_merge(inner_at(&tree->nodes, left_ref), right, separator);
	inner_remove(above, at + 1);
	node_drop(&tree->nodes, right_ref);
	return true;
}

/* A node that has become small is merged with a neighbour under the same inner node. */
static void merge_small(struct tree *tree, struct tree_spot *spot)
{
	unsigned level = tree->root.height;
	bool is_small = leaf_bytes_used(leaf_at(&tree->nodes, spot->leaf)) < MERGE_BELOW;

	while (level > 0 && is_small) {
		struct inner *above = inner_at(&tree->nodes, spot->inners[level - 1]);
		unsigned at = spot->at[level - 1];
		bool is_merged = false;

		if (at + 1u < above->node.count)
			is_merged = level == tree->root.height
			                    ? merge_leaves(tree, spot, at)
			                    : merge_inners(tree, spot, level, at);
		if (!is_merged && at > 0)
			is_merged = level == tree->root.height
			                    ? merge_leaves(tree, spot, at - 1)
			                    : merge_inners(tree, spot, level, at - 1);
		if (!is_merged)
			return;
		level--;
		is_small = inner_bytes_used(above) < MERGE_BELOW;
	}
}

/* A leaf with more than two granules to spare moves to a smaller size. */
static void shrink_leaf(struct tree *tree, struct tree_spot *spot)
{
	ref_t old_ref = spot->leaf;
	const struct leaf *old = leaf_at(&tree->nodes, old_ref);
	ref_t ref;

	if (granules_for(leaf_bytes_used(old)) + 2u >= old->node.granules)
		return;
	ref = tree_make_leaf(tree, old->number, leaf_bytes_used(old));
	leaf_append(leaf_at(&tree->nodes, ref), old, 0, old->node.count);
	tree_replace_leaf(tree, spot, ref);
	node_drop(&tree->nodes, old_ref);
}

void tree_remove(struct tree *tree, uint64_t parent, struct str name)
{
	struct tree_spot spot;
	struct leaf *leaf;

	CHECK(tree_find_place(tree, parent, name, &spot));
	tree->changes++;
	id_map_remove(&tree->of_ids,
	              record_id(leaf_record(leaf_at(&tree->nodes, spot.leaf), spot.place.slot)));
	tree_own_inners(tree, &spot);
	tree_own_leaf(tree, &spot);
	leaf = leaf_at(&tree->nodes, spot.leaf);
	leaf_remove(leaf, &spot.place);
	leaf->run = 0;
	tree->count--;
	if (leaf->node.count == 0) {
		free_leaf(tree, spot.leaf);
		unhang(tree, &spot, tree->root.height);
	} else {
		shrink_leaf(tree, &spot);
		merge_small(tree, &spot);
	}
	lower_root(tree);
}
