/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ids to numbers: a map from 64-bit ids, which are given out one after the other, to values.
 *
 * Ids hang in pages of 4096.  A page in full use is an array of 4 bytes an id; one with few ids
 * left is a sorted list of (2, 4) bytes.  Values of a page are kept as distances from its lowest
 * one; only a page whose values lie further apart takes 8 bytes a value.  Pages hang on a tree over
 * the id's upper bits, so ids may jump (after a restore) at no cost.
 */
#ifndef HOLDFAST_NAMESPACE_ID_MAP_H
#define HOLDFAST_NAMESPACE_ID_MAP_H

#include <stdbool.h>
#include <stdint.h>

struct id_region;

struct id_map {
	struct id_region **regions; /* sorted by number; one for each 2^32 ids in use */
	uint32_t region_count;
	uint64_t count; /* ids */
	uint64_t bytes; /* of memory */
};

void id_map_init(struct id_map *map);
void id_map_finish(struct id_map *map);
/* False: no such id. */
bool id_map_get(const struct id_map *map, uint64_t id, uint64_t *ret_value);
/* Adds or replaces. */
void id_map_set(struct id_map *map, uint64_t id, uint64_t value);
/* Removes; an id that is not there is fine. */
void id_map_remove(struct id_map *map, uint64_t id);
/* Fetches what id_map_get() will read. */
void id_map_prefetch(const struct id_map *map, uint64_t id);
/* Calls each id from `from` on, in order, until it returns false. */
void id_map_each(const struct id_map *map, uint64_t from,
                 bool (*each)(void *context, uint64_t id, uint64_t value), void *context);

#endif
