/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of tree nodes: objects of 1 to 16 granules of 64 bytes, named by 32-bit refs.
 *
 * A slab is 64 KB of objects of one size.  Slabs lie in one region, so a ref is an offset and
 * nothing moves.  Empty slabs are used again for any size; a few are kept, the rest of their
 * memory goes back to the system.
 */
#ifndef HOLDFAST_NAMESPACE_SLAB_H
#define HOLDFAST_NAMESPACE_SLAB_H

#include <stddef.h>
#include <stdint.h>

#include "namespace/region.h"

typedef uint32_t ref_t; /* number of a granule; 0: none */

enum { GRANULE_BYTES = 64, GRANULES_MAX = 16, SLAB_BYTES = 65536 };

struct slab; /* what is known of one slab */

struct slabs {
	struct region memory;
	struct region about; /* struct slab by number */
	uint32_t count;      /* slabs ever used; number 0 is left out, so that ref 0 means none */
	uint32_t empty;      /* list of empty slabs */
	uint32_t empty_count;
	uint32_t partial[GRANULES_MAX + 1]; /* lists of slabs with room, by granules an object */
	uint64_t bytes_used;                /* of objects */
	uint64_t bytes_held;                /* of slabs that have objects */
};

void slabs_init(struct slabs *slabs);
void slabs_finish(struct slabs *slabs);
/* Uninitialised memory.  Never fails: without memory the process stops. */
ref_t slab_alloc(struct slabs *slabs, unsigned granules);
void slab_free(struct slabs *slabs, ref_t ref, unsigned granules);

static inline void *slab_at(const struct slabs *slabs, ref_t ref)
{
	return slabs->memory.base + (size_t)ref * GRANULE_BYTES;
}

static inline unsigned granules_for(size_t bytes)
{
	return (unsigned)((bytes + GRANULE_BYTES - 1) / GRANULE_BYTES);
}

#endif
