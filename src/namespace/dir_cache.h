/* SPDX-License-Identifier: Apache-2.0 */
/*
 * (parent id, name) to directory, for the ways down: one memory access instead of one a level.
 *
 * Two places for each name, 64 bytes each.  Whoever renames, deletes or changes the rights of a
 * directory forgets its one entry.  Takes more places as there are more directories; longer names
 * are not kept.
 */
#ifndef HOLDFAST_NAMESPACE_DIR_CACHE_H
#define HOLDFAST_NAMESPACE_DIR_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "namespace/region.h"

enum { DIR_CACHE_NAME_MAX = 39 };

struct dir_entry {
	uint64_t parent; /* 0: empty */
	uint64_t id;
	uint32_t row; /* dirs.h */
	uint32_t rights;
	uint8_t name_length;
	char name[DIR_CACHE_NAME_MAX];
};

struct dir_cache {
	struct region memory;
	uint32_t places; /* power of two */
};

void dir_cache_init(struct dir_cache *cache);
void dir_cache_finish(struct dir_cache *cache);
uint64_t dir_cache_bytes(const struct dir_cache *cache);
uint64_t dir_cache_hash(uint64_t parent, struct str name);
void dir_cache_prefetch(const struct dir_cache *cache, uint64_t hash);
/* NULL: not known.  Valid until the next call that changes the cache. */
const struct dir_entry *dir_cache_find(const struct dir_cache *cache, uint64_t hash,
                                       uint64_t parent, struct str name);
void dir_cache_keep(struct dir_cache *cache, uint64_t hash, struct str name,
                    const struct dir_entry *entry);
void dir_cache_forget(struct dir_cache *cache, uint64_t parent, struct str name);
/* Says how many directories there are. */
void dir_cache_fit(struct dir_cache *cache, uint64_t directories);

#endif
