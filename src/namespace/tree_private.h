/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the tree share: tree.c finds, tree_put.c adds and changes, tree_remove.c takes
 * away.
 */
#ifndef HOLDFAST_NAMESPACE_TREE_PRIVATE_H
#define HOLDFAST_NAMESPACE_TREE_PRIVATE_H

#include "base/check.h"
#include "namespace/tree.h"

static inline struct leaf *leaf_at(const struct nodes *nodes, ref_t ref)
{
	struct node *node = node_at(nodes, ref);

	CHECK(node->kind == NODE_LEAF);
	return (struct leaf *)node;
}

static inline struct inner *inner_at(const struct nodes *nodes, ref_t ref)
{
	struct node *node = node_at(nodes, ref);

	CHECK(node->kind == NODE_INNER);
	return (struct inner *)node;
}

static inline ref_t *leaf_ref(const struct tree *tree, uint32_t number)
{
	return pool_at(&tree->leaves, number);
}

/* The way down to a key's place; true: the key is there. */
bool tree_find_place(const struct tree *tree, uint64_t parent, struct str name,
                     struct tree_spot *spot);

/* Hangs `node` where the way down led at `level`; the leaf is at the height. */
void tree_hang(struct tree *tree, struct tree_spot *spot, unsigned level, ref_t node);
/* Makes the inner nodes of the way down, or the leaf at its end, ours to change. */
void tree_own_inners(struct tree *tree, struct tree_spot *spot);
void tree_own_leaf(struct tree *tree, struct tree_spot *spot);
/* An empty leaf with room for so many bytes. */
ref_t tree_make_leaf(struct tree *tree, uint32_t number, size_t bytes);
/* Hangs a leaf instead of the one of the same number that the way down led to. */
void tree_replace_leaf(struct tree *tree, struct tree_spot *spot, ref_t leaf);
/* Says of the inodes from `slot` on that they are in this leaf. */
void tree_point_ids(struct tree *tree, const struct leaf *leaf, unsigned slot);

#endif
