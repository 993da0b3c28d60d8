/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree: (parent inode id, name) to inode record, in order of parent and then of name bytes.
 *
 * A B+tree of nodes under holds (node.h).  Beside it stands, for the current version only, which
 * leaf has an inode: id -> number of the leaf -> where that leaf is now.  The number outlives the
 * leaf's moves; only a split gives records another one.
 *
 * A hold is a root and a height; whoever has them walks that version undisturbed.
 */
#ifndef HOLDFAST_NAMESPACE_TREE_H
#define HOLDFAST_NAMESPACE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace/id_map.h"
#include "namespace/inner.h"
#include "namespace/leaf.h"
#include "namespace/node.h"
#include "namespace/pool.h"
#include "namespace/record.h"

enum { TREE_HEIGHT_MAX = 40 };

/* One version of the tree. */
struct tree_root {
	ref_t node;      /* 0: empty */
	unsigned height; /* inner nodes above each leaf */
};

struct tree {
	struct nodes nodes;
	struct tree_root root;
	struct pool leaves;   /* number -> ref_t of the leaf */
	struct id_map of_ids; /* inode id -> number of its leaf */
	uint64_t count;       /* records */
	uint64_t changes;     /* from 1: one more with each */
};

/* A way down to a leaf and a place there.  Valid until the tree changes. */
struct tree_spot {
	uint64_t changes; /* the tree's when it was found; 0: not known */
	ref_t inners[TREE_HEIGHT_MAX];
	uint8_t at[TREE_HEIGHT_MAX]; /* entry taken in each */
	ref_t leaf;                  /* 0: the tree is empty */
	struct leaf_place place;
};

void tree_init(struct tree *tree);
void tree_finish(struct tree *tree);
uint64_t tree_bytes(const struct tree *tree);

/* ---- the current version ---- */

/* False: no such key, and ret_spot is where it would be. */
bool tree_get(const struct tree *tree, uint64_t parent, struct str name, struct inode *ret_inode,
              struct tree_spot *ret_spot);
/* Where a record is until the tree changes. */
struct tree_hint {
	ref_t leaf;
	unsigned slot;
};
/* False: no such inode.  ret_hint may be NULL. */
bool tree_get_id(const struct tree *tree, uint64_t id, struct inode *ret_inode,
                 struct tree_hint *ret_hint);
/* Makes or replaces the record of the inode's key.  Its name may point into the tree. */
void tree_put(struct tree *tree, const struct inode *inode);
/* The same for a key that tree_get() did not find; quicker if nothing has changed since. */
void tree_add(struct tree *tree, const struct inode *inode, struct tree_spot *spot);
/* The same for a record that is where tree_get_id() said; quicker when it keeps its size. */
void tree_update(struct tree *tree, const struct inode *inode, const struct tree_hint *hint);
/* The key must be there. */
void tree_remove(struct tree *tree, uint64_t parent, struct str name);

/* ---- a look-up in steps, so that several can wait for memory together ---- */

struct tree_descent {
	uint64_t parent;
	struct str name;
	uint16_t fingerprint;
	unsigned level; /* inner nodes still above the leaf */
	ref_t node;
	unsigned slot;   /* of the leaf's candidate ... */
	bool is_fetched; /* ... which was fetched */
};

void tree_descend(const struct tree *tree, uint64_t parent, struct str name,
                  struct tree_descent *ret_descent);
/* 1: more steps, 0: found, -1: no such key.  What the next step reads is being fetched. */
int tree_descend_step(const struct tree *tree, struct tree_descent *descent,
                      struct inode *ret_inode);

/* ---- walking any version in order ---- */

struct tree_walk {
	const struct nodes *nodes;
	struct tree_root root;
	struct tree_spot spot; /* leaf 0: at the end */
	/* Called for each node that the walk will not read again; NULL: not. */
	void (*leave)(void *context, ref_t node);
	void *context;
};

/* Stands at the first key that is not below (parent, name). */
void tree_walk_begin(const struct nodes *nodes, struct tree_root root, uint64_t parent,
                     struct str name, struct tree_walk *ret_walk);
/* The record where the walk stands; false: at the end.  Then goes to the next one by
 * tree_walk_next(). */
bool tree_walk_get(const struct tree_walk *walk, struct inode *ret_inode);
void tree_walk_next(struct tree_walk *walk);
/* Goes on over the records of this parent and counts them; may stop once there are `enough`. */
uint64_t tree_walk_count(struct tree_walk *walk, uint64_t parent, uint64_t enough);

#endif
