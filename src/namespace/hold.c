/* SPDX-License-Identifier: Apache-2.0 */
#include "namespace/canonical.h"
#include "namespace/namespace_private.h"

#include "base/mem.h"

struct ns_hold *ns_hold(struct namespace *ns)
{
	struct ns_hold *hold = mem_must_zalloc(sizeof(*hold));

	hold->ns = ns;
	hold->root = ns->tree.root;
	hold->index = ns->applied;
	hold->digest = ns_digest(ns);
	hold->records = ns->tree.count + retries_rows(&ns->retries) + 1;
	canonical_settings(&ns->settings, &ns->retries, &hold->head);
	canonical_detached(&ns->detached, &hold->head);
	id_map_init(&hold->rights_before);
	node_hold(&ns->tree.nodes, &hold->nodes);
	retries_hold(&ns->retries, &hold->retries);
	list_append(&ns->holds, &hold->node);
	return hold;
}

void ns_release(struct ns_hold *hold)
{
	if (hold == NULL)
		return;
	list_remove(&hold->node);
	node_release(&hold->ns->tree.nodes, &hold->nodes);
	retries_release(&hold->ns->retries, &hold->retries);
	id_map_finish(&hold->rights_before);
	buf_finish(&hold->head);
	mem_free(hold);
}

bool ns_is_held(const struct namespace *ns)
{
	return !list_is_empty(&ns->holds);
}

void holds_note_rights(struct namespace *ns, const struct dir *dir)
{
	uint64_t before;

	LIST_FOR_EACH (node, &ns->holds) {
		struct ns_hold *hold = CONTAINER_OF(node, struct ns_hold, node);

		if (!id_map_get(&hold->rights_before, dir->id, &before))
			id_map_set(&hold->rights_before, dir->id, dir->rights_index);
	}
}
