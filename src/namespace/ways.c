/* SPDX-License-Identifier: Apache-2.0 */
#include "namespace/ways.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

void ways_init(struct ways *ways)
{
	ways->places = mem_must_zalloc(WAYS_PLACES * sizeof(*ways->places));
	ways->generation = 1;
}

void ways_finish(struct ways *ways)
{
	mem_free(ways->places);
}

static struct way *place_of(const struct ways *ways, struct str path)
{
	return &ways->places[hash64(0, path.data, path.size) % WAYS_PLACES];
}

const struct way *ways_find(const struct ways *ways, struct str path)
{
	const struct way *way;

	if (path.size == 0 || path.size > WAY_PATH_MAX)
		return NULL;
	way = place_of(ways, path);
	if (way->generation != ways->generation || way->path_size != path.size ||
	    memcmp(way->path, path.data, path.size) != 0)
		return NULL;
	return way;
}

void ways_keep(struct ways *ways, struct str path, const struct way *way)
{
	struct way *place;

	if (path.size == 0 || path.size > WAY_PATH_MAX || way->passed.count > WAY_PASSED_MAX)
		return;
	place = place_of(ways, path);
	*place = (struct way){
	        .generation = ways->generation,
	        .id = way->id,
	        .row = way->row,
	        .rights = way->rights,
	        .passed = way->passed,
	        .path_size = (uint32_t)path.size,
	};
	memcpy(place->path, path.data, path.size);
}

void ways_forget(struct ways *ways)
{
	ways->generation++;
}
