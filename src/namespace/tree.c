/* SPDX-License-Identifier: Apache-2.0 */
#include "namespace/tree_private.h"

enum { PREFETCH_STEP = 64 };

void tree_init(struct tree *tree)
{
	*tree = (struct tree){.changes = 1};
	nodes_init(&tree->nodes);
	pool_init(&tree->leaves, sizeof(ref_t), POOL_ROWS_MAX);
	id_map_init(&tree->of_ids);
}

void tree_finish(struct tree *tree)
{
	nodes_finish(&tree->nodes);
	pool_finish(&tree->leaves);
	id_map_finish(&tree->of_ids);
}

uint64_t tree_bytes(const struct tree *tree)
{
	return tree->nodes.slabs.bytes_held + pool_bytes(&tree->leaves) + tree->of_ids.bytes;
}

/* ---- finding ---- */

/* Goes down to the leaf that has the key, if any has. */
static void go_down(const struct nodes *nodes, struct tree_root root, uint64_t parent,
                    struct str name, struct tree_spot *spot)
{
	ref_t node = root.node;

	CHECK(root.height <= TREE_HEIGHT_MAX);
	for (unsigned level = 0; level < root.height; level++) {
		const struct inner *inner = inner_at(nodes, node);

		spot->inners[level] = node;
		spot->at[level] = (uint8_t)inner_find_new(inner, parent, name);
		node = inner_child(inner, spot->at[level]);
	}
	spot->leaf = node;
}

bool tree_find_place(const struct tree *tree, uint64_t parent, struct str name,
                     struct tree_spot *spot)
{
	go_down(&tree->nodes, tree->root, parent, name, spot);
	spot->changes = tree->changes;
	return spot->leaf != 0 &&
	       leaf_place(leaf_at(&tree->nodes, spot->leaf), parent, name, &spot->place);
}

bool tree_get(const struct tree *tree, uint64_t parent, struct str name, struct inode *ret_inode,
              struct tree_spot *ret_spot)
{
	if (!tree_find_place(tree, parent, name, ret_spot))
		return false;
	record_decode(leaf_record(leaf_at(&tree->nodes, ret_spot->leaf), ret_spot->place.slot),
	              parent, ret_inode);
	return true;
}

/* Where an inode's record is. */
static bool find_id(const struct tree *tree, uint64_t id, struct tree_hint *ret_hint)
{
	uint64_t number;

	if (!id_map_get(&tree->of_ids, id, &number))
		return false;
	ret_hint->leaf = *leaf_ref(tree, (uint32_t)number);
	CHECK(leaf_find_id(leaf_at(&tree->nodes, ret_hint->leaf), id, &ret_hint->slot));
	return true;
}

bool tree_get_id(const struct tree *tree, uint64_t id, struct inode *ret_inode,
                 struct tree_hint *ret_hint)
{
	struct tree_hint hint;
	const struct leaf *leaf;

	if (!find_id(tree, id, &hint))
		return false;
	leaf = leaf_at(&tree->nodes, hint.leaf);
	record_decode(leaf_record(leaf, hint.slot), leaf_parent(leaf, hint.slot), ret_inode);
	if (ret_hint != NULL)
		*ret_hint = hint;
	return true;
}

static void prefetch_node(const struct nodes *nodes, ref_t node, unsigned granules)
{
	const uint8_t *at = slab_at(&nodes->slabs, node);

	for (unsigned i = 0; i < granules; i++)
		__builtin_prefetch(at + (size_t)i * PREFETCH_STEP);
}

void tree_descend(const struct tree *tree, uint64_t parent, struct str name,
                  struct tree_descent *ret_descent)
{
	*ret_descent = (struct tree_descent){
	        .parent = parent,
	        .name = name,
	        .fingerprint = leaf_fingerprint(name),
	        .level = tree->root.height,
	        .node = tree->root.node,
	};
}

int tree_descend_step(const struct tree *tree, struct tree_descent *descent,
                      struct inode *ret_inode)
{
	const struct leaf *leaf;
	const uint8_t *record;

	if (descent->node == 0)
		return -1;
	if (descent->level > 0) {
		const struct inner *inner = inner_at(&tree->nodes, descent->node);
		unsigned at = inner_find(inner, descent->parent, descent->name);

		descent->node = inner_child(inner, at);
		descent->level--;
		if (descent->level <= 1) /* those above are in the cache anyway */
			prefetch_node(&tree->nodes, descent->node,
			              descent->level == 1 ? GRANULES_MAX : 2);
		return 1;
	}
	leaf = leaf_at(&tree->nodes, descent->node);
	if (descent->is_fetched) {
		record = leaf_record(leaf, descent->slot);
		if (str_equal(record_name(record), descent->name)) {
			record_decode(record, descent->parent, ret_inode);
			return 0;
		}
		descent->slot++;
	}
	if (!leaf_candidate(leaf, descent->parent, descent->fingerprint, &descent->slot))
		return -1;
	record = leaf_record(leaf, descent->slot);
	__builtin_prefetch(record);
	__builtin_prefetch(record + PREFETCH_STEP);
	descent->is_fetched = true;
	return 1;
}

/* ---- changing the way down ---- */

void tree_hang(struct tree *tree, struct tree_spot *spot, unsigned level, ref_t node)
{
	if (level == tree->root.height)
		spot->leaf = node;
	else
		spot->inners[level] = node;
	if (level == 0)
		tree->root.node = node;
	else
		inner_set_child(inner_at(&tree->nodes, spot->inners[level - 1]),
		                spot->at[level - 1], node);
}

void tree_own_inners(struct tree *tree, struct tree_spot *spot)
{
	for (unsigned level = 0; level < tree->root.height; level++) {
		ref_t node = node_own(&tree->nodes, spot->inners[level]);

		if (node != spot->inners[level])
			tree_hang(tree, spot, level, node);
	}
}

void tree_replace_leaf(struct tree *tree, struct tree_spot *spot, ref_t leaf)
{
	*leaf_ref(tree, leaf_at(&tree->nodes, leaf)->number) = leaf;
	tree_hang(tree, spot, tree->root.height, leaf);
}

void tree_own_leaf(struct tree *tree, struct tree_spot *spot)
{
	ref_t leaf = node_own(&tree->nodes, spot->leaf);

	if (leaf != spot->leaf)
		tree_replace_leaf(tree, spot, leaf);
}

ref_t tree_make_leaf(struct tree *tree, uint32_t number, size_t bytes)
{
	ref_t ref = node_alloc(&tree->nodes, NODE_LEAF, granules_for(bytes));

	leaf_init(leaf_at(&tree->nodes, ref), number);
	return ref;
}

void tree_point_ids(struct tree *tree, const struct leaf *leaf, unsigned from)
{
	for (unsigned slot = from; slot < leaf->node.count; slot++)
		id_map_set(&tree->of_ids, record_id(leaf_record(leaf, slot)), leaf->number);
}
