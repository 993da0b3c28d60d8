/* SPDX-License-Identifier: Apache-2.0 */
#include "namespace/canonical.h"
#include "namespace/namespace_private.h"

/* Shares of the records that are hashed when asked for: small, and changed by every entry. */
static struct hash128 head_hash(const struct namespace *ns)
{
	struct buf buf = {0};
	struct hash128 hash;

	canonical_settings(&ns->settings, &ns->retries, &buf);
	buf_must(&buf);
	hash = canonical_hash(buf_str(&buf));
	buf_clear(&buf);
	canonical_detached(&ns->detached, &buf);
	buf_must(&buf);
	if (buf.size > 0)
		hash = hash128_add(hash, canonical_hash(buf_str(&buf)));
	buf_finish(&buf);
	return hash;
}

struct hash128 ns_digest(const struct namespace *ns)
{
	return hash128_add(ns->digest, head_hash(ns));
}

static struct hash128 retries_hash(struct namespace *ns)
{
	struct hash128 sum = {0};
	struct retry_hold hold;
	struct retry_row row;

	retries_hold(&ns->retries, &hold);
	while (retries_hold_next(&ns->retries, &hold, &row)) {
		canonical_retry(&row, &ns->scratch);
		sum = hash128_add(sum, canonical_scratch_hash(ns));
	}
	retries_release(&ns->retries, &hold);
	return sum;
}

struct hash128 ns_digest_recompute(struct namespace *ns)
{
	struct hash128 sum = hash128_add(head_hash(ns), retries_hash(ns));
	struct tree_walk walk;
	struct inode inode;

	tree_walk_begin(&ns->tree.nodes, ns->tree.root, 0, (struct str){0}, &walk);
	for (; tree_walk_get(&walk, &inode); tree_walk_next(&walk)) {
		sum = hash128_add(sum, canonical_inode_hash(ns, &inode, 0));
		if (!inode.is_directory)
			continue;
		canonical_rights(inode.id,
		                 dir_at(&ns->dirs, dirs_find(&ns->dirs, inode.id))->rights_index,
		                 &ns->scratch);
		sum = hash128_add(sum, canonical_scratch_hash(ns));
	}
	return sum;
}
