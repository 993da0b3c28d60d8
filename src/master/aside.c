/* SPDX-License-Identifier: Apache-2.0 */
#include "master/aside.h"

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"

enum {
	BUCKET_BITS = 16,
	BUCKETS = 1 << BUCKET_BITS,
	STEP_BUCKETS = 64, /* of a walk */
	CHUNK_REPLICAS = 1024,
	CHUNKS_MAX = ASIDE_MAX / CHUNK_REPLICAS,
};

/* References are places + 1; 0 is none. */
struct aside {
	struct aside_replica *chunks[CHUNKS_MAX];
	uint32_t place_count; /* ever used */
	uint32_t free;        /* reference to the first free one */
	size_t count;
	uint64_t multiplier; /* odd */
	uint32_t *buckets;   /* references */
};

static struct aside_replica *at(const struct aside *aside, uint32_t reference)
{
	uint32_t place = reference - 1;

	return &aside->chunks[place / CHUNK_REPLICAS][place % CHUNK_REPLICAS];
}

static uint32_t *bucket_of(const struct aside *aside, uint64_t block_id)
{
	return &aside->buckets[block_id * aside->multiplier >> (64 - BUCKET_BITS)];
}

struct aside *aside_create(uint64_t seed)
{
	struct aside *aside = mem_zalloc(sizeof(*aside));
	struct random random = random_make(seed);

	if (aside == NULL)
		return NULL;
	aside->buckets = mem_zalloc(BUCKETS * sizeof(*aside->buckets));
	if (aside->buckets == NULL) {
		mem_free(aside);
		return NULL;
	}
	aside->multiplier = random_u64(&random) | 1;
	return aside;
}

void aside_destroy(struct aside *aside)
{
	if (aside == NULL)
		return;
	for (size_t i = 0; i < CHUNKS_MAX; i++)
		mem_free(aside->chunks[i]);
	mem_free(aside->buckets);
	mem_free(aside);
}

/* A reference to a place for one more. */
static int place_take(struct aside *aside, uint32_t *ret_reference)
{
	struct aside_replica **chunk;

	if (aside->free != 0) {
		*ret_reference = aside->free;
		aside->free = at(aside, aside->free)->next;
		return 0;
	}
	if (aside->place_count == ASIDE_MAX)
		return -ERR_TOO_LARGE;
	chunk = &aside->chunks[aside->place_count / CHUNK_REPLICAS];
	if (*chunk == NULL) {
		*chunk = mem_alloc(CHUNK_REPLICAS * sizeof(**chunk));
		if (*chunk == NULL)
			return -ERR_NO_MEMORY;
	}
	*ret_reference = ++aside->place_count;
	return 0;
}

int aside_put(struct aside *aside, const struct replica *replica, uint32_t number, bool is_bad)
{
	uint32_t *bucket = bucket_of(aside, replica->block.id);
	struct aside_replica *known;
	uint32_t reference;
	int rc;

	for (known = aside_first(aside, replica->block.id); known != NULL;
	     known = aside_next(aside, known)) {
		if (known->number != number)
			continue;
		known->replica = *replica;
		known->is_bad = is_bad;
		return 0;
	}
	rc = place_take(aside, &reference);
	if (rc < 0)
		return rc;
	*at(aside, reference) = (struct aside_replica){
	        .replica = *replica, .number = number, .is_bad = is_bad, .next = *bucket};
	*bucket = reference;
	aside->count++;
	return 0;
}

/* Unlinks what *link refers to. */
static void unlink_at(struct aside *aside, uint32_t *link)
{
	uint32_t reference = *link;
	struct aside_replica *replica = at(aside, reference);

	*link = replica->next;
	replica->next = aside->free;
	aside->free = reference;
	aside->count--;
}

bool aside_remove(struct aside *aside, uint64_t block_id, uint32_t number)
{
	for (uint32_t *link = bucket_of(aside, block_id); *link != 0;
	     link = &at(aside, *link)->next) {
		struct aside_replica *replica = at(aside, *link);

		if (replica->replica.block.id == block_id && replica->number == number) {
			unlink_at(aside, link);
			return true;
		}
	}
	return false;
}

static struct aside_replica *find_from(const struct aside *aside, uint32_t reference,
                                       uint64_t block_id)
{
	while (reference != 0 && at(aside, reference)->replica.block.id != block_id)
		reference = at(aside, reference)->next;
	return reference == 0 ? NULL : at(aside, reference);
}

struct aside_replica *aside_first(struct aside *aside, uint64_t block_id)
{
	return find_from(aside, *bucket_of(aside, block_id), block_id);
}

struct aside_replica *aside_next(struct aside *aside, struct aside_replica *current)
{
	return find_from(aside, current->next, current->replica.block.id);
}

bool aside_walk(struct aside *aside, uint32_t step, aside_visit_fn *visit, void *context)
{
	if (step >= BUCKETS / STEP_BUCKETS)
		return false;
	for (uint32_t i = 0; i < STEP_BUCKETS; i++) {
		uint32_t *link = &aside->buckets[step * STEP_BUCKETS + i];

		while (*link != 0) {
			struct aside_replica *replica = at(aside, *link);

			if (visit(context, replica))
				link = &replica->next;
			else
				unlink_at(aside, link);
		}
	}
	return true;
}

size_t aside_count(const struct aside *aside)
{
	return aside->count;
}
