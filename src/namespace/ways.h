/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole ways down: the path of a directory to that directory, for callers that come back to it,
 * one memory access instead of one a level.
 *
 * A few ways are kept, in places of their own, over which others are written.  When a directory is
 * renamed, deleted or gets other rights, all of them are forgotten at once: nobody knows which lead
 * through it.  A way that is kept is as good as a walk, so whether one is makes no difference to
 * any result.
 */
#ifndef HOLDFAST_NAMESPACE_WAYS_H
#define HOLDFAST_NAMESPACE_WAYS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum { WAY_PATH_MAX = 136, WAY_PASSED_MAX = 6, WAYS_PLACES = 512 };

/* Directories that were passed, this one left out: their rights, each once. */
struct way_passed {
	uint32_t rights[WAY_PASSED_MAX];
	uint32_t count; /* more than fit: not to be kept */
};

struct way {
	uint64_t generation; /* another one than the ways': empty */
	uint64_t id;
	uint32_t row; /* dirs.h */
	uint32_t rights;
	struct way_passed passed;
	uint32_t path_size;
	char path[WAY_PATH_MAX];
};

struct ways {
	struct way *places;
	uint64_t generation; /* from 1 */
};

void ways_init(struct ways *ways);
void ways_finish(struct ways *ways);

static inline void way_pass(struct way_passed *passed, uint32_t rights)
{
	for (uint32_t i = 0; i < passed->count && i < WAY_PASSED_MAX; i++)
		if (passed->rights[i] == rights)
			return;
	if (passed->count < WAY_PASSED_MAX)
		passed->rights[passed->count] = rights;
	passed->count++;
}

/* NULL: not known.  Valid until the next call that changes the ways. */
const struct way *ways_find(const struct ways *ways, struct str path);
/* All but path and generation is `way`'s. */
void ways_keep(struct ways *ways, struct str path, const struct way *way);
void ways_forget(struct ways *ways);

#endif
