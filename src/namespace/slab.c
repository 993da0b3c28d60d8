/* SPDX-License-Identifier: Apache-2.0 */
#include "namespace/slab.h"

#include <string.h>

#include "base/check.h"

/* Under the address sanitizer free objects may not be touched. */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#define POISON(at, size)   ASAN_POISON_MEMORY_REGION(at, size)
#define UNPOISON(at, size) ASAN_UNPOISON_MEMORY_REGION(at, size)
#else
#define POISON(at, size)   ((void)(at))
#define UNPOISON(at, size) ((void)(at))
#endif

enum { SLAB_GRANULES = SLAB_BYTES / GRANULE_BYTES, EMPTY_KEPT = 64 };

/* 256 GB: all that 32-bit refs can name. */
static const size_t memory_bytes = (size_t)GRANULE_BYTES << 32;

struct slab {
	uint32_t next;  /* in the list of empty or partial slabs */
	uint32_t prev;  /* partial only */
	uint16_t free;  /* first object given back, + 1 */
	uint16_t used;  /* objects handed out */
	uint16_t fresh; /* objects from here on were never handed out */
	uint16_t granules;
};
static_assert(sizeof(struct slab) == 16, "one for each 64 KB");

void slabs_init(struct slabs *slabs)
{
	*slabs = (struct slabs){.count = 1};
	region_init(&slabs->memory, memory_bytes);
	region_init(&slabs->about, slabs->memory.size / SLAB_BYTES * sizeof(struct slab));
}

void slabs_finish(struct slabs *slabs)
{
	if (slabs->memory.base != NULL)
		UNPOISON(slabs->memory.base, (size_t)slabs->count * SLAB_BYTES);
	region_finish(&slabs->memory);
	region_finish(&slabs->about);
}

static struct slab *about(const struct slabs *slabs, uint32_t number)
{
	return (struct slab *)(void *)slabs->about.base + number;
}

static unsigned objects_in(unsigned granules)
{
	return SLAB_GRANULES / granules;
}

static void link_partial(struct slabs *slabs, uint32_t number)
{
	struct slab *slab = about(slabs, number);
	uint32_t *head = &slabs->partial[slab->granules];

	slab->prev = 0;
	slab->next = *head;
	if (*head != 0)
		about(slabs, *head)->prev = number;
	*head = number;
}

static void unlink_partial(struct slabs *slabs, uint32_t number)
{
	struct slab *slab = about(slabs, number);

	if (slab->prev != 0)
		about(slabs, slab->prev)->next = slab->next;
	else
		slabs->partial[slab->granules] = slab->next;
	if (slab->next != 0)
		about(slabs, slab->next)->prev = slab->prev;
}

static uint32_t take_slab(struct slabs *slabs, unsigned granules)
{
	uint32_t number = slabs->empty;

	if (number != 0) {
		slabs->empty = about(slabs, number)->next;
		slabs->empty_count--;
	} else {
		number = slabs->count;
		if ((size_t)(number + 1) * SLAB_BYTES > slabs->memory.size)
			fatal_damage("the namespace has used up its %zu bytes of address space; "
			             "delete files on another master before starting this one",
			             slabs->memory.size);
		slabs->count++;
		region_reach(&slabs->memory, (size_t)slabs->count * SLAB_BYTES);
		POISON(slabs->memory.base + (size_t)number * SLAB_BYTES, SLAB_BYTES);
	}
	*about(slabs, number) = (struct slab){.granules = (uint16_t)granules};
	slabs->bytes_held += SLAB_BYTES;
	link_partial(slabs, number);
	return number;
}

ref_t slab_alloc(struct slabs *slabs, unsigned granules)
{
	uint32_t number;
	struct slab *slab;
	unsigned object;
	ref_t ref;

	CHECK(granules >= 1 && granules <= GRANULES_MAX);
	number = slabs->partial[granules];
	if (number == 0)
		number = take_slab(slabs, granules);
	slab = about(slabs, number);
	object = slab->free != 0 ? slab->free - 1u : slab->fresh;
	ref = number * SLAB_GRANULES + object * granules;
	UNPOISON(slab_at(slabs, ref), (size_t)granules * GRANULE_BYTES);
	if (slab->free != 0)
		memcpy(&slab->free, slab_at(slabs, ref), sizeof(slab->free));
	else
		slab->fresh++;
	slab->used++;
	if (slab->used == objects_in(granules))
		unlink_partial(slabs, number);
	slabs->bytes_used += (uint64_t)granules * GRANULE_BYTES;
	return ref;
}

static void put_empty(struct slabs *slabs, uint32_t number)
{
	unlink_partial(slabs, number);
	about(slabs, number)->next = slabs->empty;
	slabs->empty = number;
	slabs->bytes_held -= SLAB_BYTES;
	if (++slabs->empty_count > EMPTY_KEPT)
		region_give_back(&slabs->memory, (size_t)number * SLAB_BYTES, SLAB_BYTES);
}

void slab_free(struct slabs *slabs, ref_t ref, unsigned granules)
{
	uint32_t number = ref / SLAB_GRANULES;
	unsigned object = ref % SLAB_GRANULES / granules;
	struct slab *slab = about(slabs, number);

	CHECK(number > 0 && number < slabs->count && slab->granules == granules && slab->used > 0 &&
	      ref % SLAB_GRANULES % granules == 0);
	memcpy(slab_at(slabs, ref), &slab->free, sizeof(slab->free));
	POISON(slab_at(slabs, ref), (size_t)granules * GRANULE_BYTES);
	slab->free = (uint16_t)(object + 1);
	if (slab->used == objects_in(granules))
		link_partial(slabs, number);
	slab->used--;
	slabs->bytes_used -= (uint64_t)granules * GRANULE_BYTES;
	if (slab->used == 0)
		put_empty(slabs, number);
}
