/* SPDX-License-Identifier: Apache-2.0 */
#include "namespace/dir_cache.h"

#include <string.h>

#include "base/check.h"
#include "base/hash.h"

enum {
	WAYS = 2,
	PLACES_MIN = 1 << 10,
	PLACES_MAX = 1 << 19, /* 32 MB */
	PLACES_PER_DIRECTORY = 2,
};
static_assert(sizeof(struct dir_entry) == 64, "one cache line");

void dir_cache_init(struct dir_cache *cache)
{
	*cache = (struct dir_cache){.places = PLACES_MIN};
	region_init(&cache->memory, PLACES_MAX * sizeof(struct dir_entry));
}

void dir_cache_finish(struct dir_cache *cache)
{
	region_finish(&cache->memory);
}

uint64_t dir_cache_bytes(const struct dir_cache *cache)
{
	return cache->places * sizeof(struct dir_entry);
}

uint64_t dir_cache_hash(uint64_t parent, struct str name)
{
	return hash64(parent, name.data, name.size);
}

/* The first of the places where a name can be. */
static struct dir_entry *set_of(const struct dir_cache *cache, uint64_t hash)
{
	return (struct dir_entry *)(void *)cache->memory.base + (hash & (cache->places - WAYS));
}

void dir_cache_prefetch(const struct dir_cache *cache, uint64_t hash)
{
	const struct dir_entry *set = set_of(cache, hash);

	__builtin_prefetch(set);
	__builtin_prefetch(set + 1);
}

static bool is_it(const struct dir_entry *entry, uint64_t parent, struct str name)
{
	return entry->parent == parent && entry->name_length == name.size &&
	       memcmp(entry->name, name.data, name.size) == 0;
}

static struct dir_entry *find(const struct dir_cache *cache, uint64_t hash, uint64_t parent,
                              struct str name)
{
	struct dir_entry *set = set_of(cache, hash);

	if (name.size == 0 || name.size > DIR_CACHE_NAME_MAX)
		return NULL;
	for (unsigned way = 0; way < WAYS; way++)
		if (is_it(set + way, parent, name))
			return set + way;
	return NULL;
}

const struct dir_entry *dir_cache_find(const struct dir_cache *cache, uint64_t hash,
                                       uint64_t parent, struct str name)
{
	return find(cache, hash, parent, name);
}

void dir_cache_keep(struct dir_cache *cache, uint64_t hash, struct str name,
                    const struct dir_entry *entry)
{
	struct dir_entry *set = set_of(cache, hash);

	if (name.size == 0 || name.size > DIR_CACHE_NAME_MAX)
		return;
	/* Look-ups that go together may each bring it; only one entry is ever forgotten. */
	if (find(cache, hash, entry->parent, name) != NULL)
		return;
	set[1] = set[0];
	set[0] = *entry;
	set[0].name_length = (uint8_t)name.size;
	memcpy(set[0].name, name.data, name.size);
}

void dir_cache_forget(struct dir_cache *cache, uint64_t parent, struct str name)
{
	struct dir_entry *entry = find(cache, dir_cache_hash(parent, name), parent, name);

	if (entry != NULL)
		entry->parent = 0;
}

/* What was kept stays where it is: a name whose place is another one now will not be found there,
 * and its old place is never looked at for it again, for the masks only grow. */
void dir_cache_fit(struct dir_cache *cache, uint64_t directories)
{
	while (cache->places < PLACES_MAX && cache->places < directories * PLACES_PER_DIRECTORY)
		cache->places *= 2;
}
