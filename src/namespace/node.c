/* SPDX-License-Identifier: Apache-2.0 */
#include "namespace/node.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"

void nodes_init(struct nodes *nodes)
{
	*nodes = (struct nodes){.version = 1};
	slabs_init(&nodes->slabs);
}

void nodes_finish(struct nodes *nodes)
{
	CHECK(nodes->newest == NULL);
	slabs_finish(&nodes->slabs);
}

ref_t node_alloc(struct nodes *nodes, enum node_kind kind, unsigned granules)
{
	ref_t ref = slab_alloc(&nodes->slabs, granules);

	*node_at(nodes, ref) = (struct node){
	        .stamp = nodes->version, .kind = (uint8_t)kind, .granules = (uint8_t)granules};
	return ref;
}

static void free_node(struct nodes *nodes, ref_t ref)
{
	slab_free(&nodes->slabs, ref, node_at(nodes, ref)->granules);
}

static void append_superseded(struct node_hold *hold, struct node *node, ref_t ref)
{
	if (hold->superseded_count == hold->superseded_capacity) {
		hold->superseded_capacity = hold->superseded_capacity * 2 + 64;
		hold->superseded = mem_must_realloc(
		        hold->superseded, hold->superseded_capacity * sizeof(*hold->superseded));
	}
	node->is_superseded = true;
	node->place = hold->superseded_count;
	hold->superseded[hold->superseded_count++] = ref;
}

/* Gives a superseded node to the newest hold, from `hold` on, that sees it. */
static void pass_on(struct nodes *nodes, struct node_hold *hold, ref_t ref)
{
	struct node *node = node_at(nodes, ref);

	if (hold != NULL && node->stamp <= hold->version)
		append_superseded(hold, node, ref);
	else
		free_node(nodes, ref); /* older holds see even less */
}

void node_drop(struct nodes *nodes, ref_t ref)
{
	pass_on(nodes, nodes->newest, ref);
}

ref_t node_own(struct nodes *nodes, ref_t ref)
{
	struct node *node = node_at(nodes, ref);
	ref_t copy;

	if (!node_is_held(nodes, node))
		return ref;
	copy = slab_alloc(&nodes->slabs, node->granules);
	memcpy(node_at(nodes, copy), node, (size_t)node->granules * GRANULE_BYTES);
	node_at(nodes, copy)->stamp = nodes->version;
	node_drop(nodes, ref);
	return copy;
}

void node_hold(struct nodes *nodes, struct node_hold *ret_hold)
{
	*ret_hold = (struct node_hold){.older = nodes->newest, .version = nodes->version};
	if (nodes->newest != NULL)
		nodes->newest->newer = ret_hold;
	nodes->newest = ret_hold;
	nodes->version++;
}

static void unlink_hold(struct nodes *nodes, struct node_hold *hold)
{
	if (hold->older != NULL)
		hold->older->newer = hold->newer;
	if (hold->newer != NULL)
		hold->newer->older = hold->older;
	else
		nodes->newest = hold->older;
}

void node_release(struct nodes *nodes, struct node_hold *hold)
{
	unlink_hold(nodes, hold);
	for (uint32_t i = 0; i < hold->superseded_count; i++)
		pass_on(nodes, hold->older, hold->superseded[i]);
	mem_free(hold->superseded);
	*hold = (struct node_hold){0};
}

static bool is_seen_by_another(const struct node_hold *hold, const struct node *node)
{
	return hold->newer != NULL || (hold->older != NULL && node->stamp <= hold->older->version);
}

void node_leave(struct nodes *nodes, struct node_hold *hold, ref_t ref)
{
	struct node *node = node_at(nodes, ref);
	ref_t last;

	if (!node->is_superseded) {
		if (!is_seen_by_another(hold, node))
			node->stamp = nodes->version;
		return;
	}
	if (node->place >= hold->superseded_count || hold->superseded[node->place] != ref)
		return; /* a newer hold has it */
	last = hold->superseded[--hold->superseded_count];
	hold->superseded[node->place] = last;
	node_at(nodes, last)->place = node->place;
	pass_on(nodes, hold->older, ref);
}
