/* SPDX-License-Identifier: Apache-2.0 */
#include "namespace/namespace.h"

#include "base/check.h"
#include "base/mem.h"
#include "namespace/canonical.h"
#include "namespace/namespace_private.h"

void buf_must(const struct buf *buf)
{
	if (buf->failed)
		fatal_damage("out of memory in the namespace; give this process more");
}

struct str str_keep(struct str s)
{
	return str_make(mem_must_strdup(s), s.size);
}

void str_forget(struct str s)
{
	mem_free((void *)s.data);
}

struct namespace *ns_create(uint64_t seed)
{
	struct namespace *ns = mem_must_zalloc(sizeof(*ns));

	ns->magic = NAMESPACE_MAGIC;
	ns->settings = (struct settings){
	        .next_inode = NS_INODE_ROOT + 1,
	        .next_block = NS_BLOCK_FIRST,
	        .next_stamp = NS_STAMP_FIRST,
	        .next_lease = 1,
	};
	tree_init(&ns->tree);
	interns_init(&ns->interns, seed);
	dirs_init(&ns->dirs);
	dir_cache_init(&ns->cache);
	ways_init(&ns->ways);
	id_map_init(&ns->of_blocks);
	leases_init(&ns->leases);
	retries_init(&ns->retries, seed);
	list_init(&ns->holds);
	return ns;
}

void ns_destroy(struct namespace *ns)
{
	if (ns == NULL)
		return;
	OBJ_CHECK(ns, NAMESPACE_MAGIC);
	CHECK(list_is_empty(&ns->holds));
	tree_finish(&ns->tree);
	interns_finish(&ns->interns);
	dirs_finish(&ns->dirs);
	dir_cache_finish(&ns->cache);
	ways_finish(&ns->ways);
	id_map_finish(&ns->of_blocks);
	leases_finish(&ns->leases);
	retries_finish(&ns->retries);
	str_forget(ns->settings.identity.cluster_id);
	str_forget(ns->settings.identity.block_pool_id);
	buf_finish(&ns->settings.extra);
	mem_free(ns->detached.ids);
	buf_finish(&ns->scratch);
	ns->magic = 0;
	mem_free(ns);
}

uint64_t ns_applied(const struct namespace *ns)
{
	return ns->applied;
}

uint64_t ns_age_ms(const struct namespace *ns)
{
	return ns->settings.age_ms;
}

bool ns_identity(const struct namespace *ns, struct ns_identity *ret_identity)
{
	if (ns->settings.has_identity)
		*ret_identity = ns->settings.identity;
	return ns->settings.has_identity;
}

bool ns_safe_mode(const struct namespace *ns)
{
	return ns->settings.is_safe_mode;
}

uint64_t ns_next_block_id(const struct namespace *ns)
{
	return ns->settings.next_block;
}

uint64_t ns_next_stamp(const struct namespace *ns)
{
	return ns->settings.next_stamp;
}

static uint64_t bytes_of_memory(const struct namespace *ns)
{
	return tree_bytes(&ns->tree) + interns_bytes(&ns->interns) + dirs_bytes(&ns->dirs) +
	       dir_cache_bytes(&ns->cache) + WAYS_PLACES * sizeof(struct way) +
	       leases_bytes(&ns->leases) + ns->of_blocks.bytes + retries_bytes(&ns->retries);
}

void ns_counts(const struct namespace *ns, struct ns_counts *ret_counts)
{
	uint32_t root = dirs_find(&ns->dirs, NS_INODE_ROOT);
	struct counts counts = {0};

	if (root != 0)
		counts = dir_at(&ns->dirs, root)->below;
	*ret_counts = (struct ns_counts){
	        .files = counts.files,
	        .directories = counts.directories + (root != 0),
	        .blocks = counts.blocks,
	        .under_construction = counts.open_files,
	        .open_blocks = counts.open_blocks,
	        .leases = ns->leases.of_holders.count,
	        .left_to_reclaim = ns->detached.inodes,
	        .bytes_of_memory = bytes_of_memory(ns),
	};
}

uint64_t ns_retry_rows(const struct namespace *ns)
{
	return retries_rows(&ns->retries);
}

void ns_retry_stats(const struct namespace *ns, struct ns_retry_stats *ret_stats)
{
	struct ns_retry_stats stats = {
	        .rows = retries_rows(&ns->retries),
	        .bytes = retries_bytes(&ns->retries),
	        .oldest_at_most_once_age_ms = UINT64_MAX,
	        .oldest_others_age_ms = UINT64_MAX,
	};

	retries_oldest(&ns->retries, RETRY_AT_MOST_ONCE, &stats.oldest_at_most_once_age_ms);
	retries_oldest(&ns->retries, RETRY_OTHERS, &stats.oldest_others_age_ms);
	*ret_stats = stats;
}
