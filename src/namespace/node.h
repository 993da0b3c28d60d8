/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes of the tree, and holds over them.
 *
 * A node is a leaf, an inner node or a chunk of blocks.  It carries as its stamp the version in
 * which it was made.  A hold pins the version at its birth and raises the current one: it sees
 * every node whose stamp is not above its own version.
 *
 *   change    node_own() before it: a node that a hold sees is copied, any other is changed in
 * place removal   node_drop(): a node that a hold sees is superseded, which means it stays in that
 *             hold's list; any other is freed
 *   give-up   a walker in key order calls node_leave() on each node it will not read again: a
 *             superseded one goes on to the next older hold that sees it, or is freed; a current
 *             one that no other hold sees gets the current stamp, so that it is changed in place
 *             from now on
 *   release   what the hold still has goes on to the next older hold that sees it, or is freed
 *
 * Without a hold nothing is ever copied.
 */
#ifndef HOLDFAST_NAMESPACE_NODE_H
#define HOLDFAST_NAMESPACE_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "namespace/slab.h"

enum node_kind { NODE_LEAF = 1, NODE_INNER = 2, NODE_CHUNK = 3 };

/* The first bytes of every node. */
struct node {
	uint32_t stamp;
	uint32_t place; /* superseded: position in its hold's list */
	uint8_t kind;   /* enum node_kind */
	uint8_t granules;
	bool is_superseded;
	uint8_t count; /* records, children, blocks */
};

struct node_hold {
	struct node_hold *older;
	struct node_hold *newer;
	uint32_t version;
	ref_t *superseded; /* nodes that wait for this hold */
	uint32_t superseded_count;
	uint32_t superseded_capacity;
};

struct nodes {
	struct slabs slabs;
	struct node_hold *newest;
	uint32_t version; /* stamp of nodes made now; above every hold's */
};

void nodes_init(struct nodes *nodes);
void nodes_finish(struct nodes *nodes);

/* Uninitialised but for the header. */
ref_t node_alloc(struct nodes *nodes, enum node_kind kind, unsigned granules);
/* The node to change instead of `ref`: itself, or its copy. */
ref_t node_own(struct nodes *nodes, ref_t ref);
/* The current version needs the node no more. */
void node_drop(struct nodes *nodes, ref_t ref);

static inline struct node *node_at(const struct nodes *nodes, ref_t ref)
{
	return slab_at(&nodes->slabs, ref);
}

static inline bool node_is_held(const struct nodes *nodes, const struct node *node)
{
	return nodes->newest != NULL && node->stamp <= nodes->newest->version;
}

void node_hold(struct nodes *nodes, struct node_hold *ret_hold);
void node_release(struct nodes *nodes, struct node_hold *hold);
void node_leave(struct nodes *nodes, struct node_hold *hold, ref_t ref);

#endif
