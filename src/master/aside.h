/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replicas that are not locations (yet): of blocks being written, of blocks that this master has
 * not applied, and those that do not fit their block.  Found by block id; looked at again when
 * the block is asked for or settled, and by the scan.  Bounded: past the bound a full report is
 * asked for.
 *
 * Memory comes in chunks and the buckets are made once, so nothing grows in one long step.
 */
#ifndef HOLDFAST_MASTER_ASIDE_H
#define HOLDFAST_MASTER_ASIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/command.h"
#include "master/workers.h"

enum { ASIDE_MAX = 1 << 20 }; /* replicas: 48 MB when full */

struct aside_replica {
	struct replica replica;
	uint32_t number; /* of the store */
	uint32_t next;   /* private */
	bool is_bad;     /* somebody failed to read it */
};

struct aside;
/* The seed keeps outsiders from choosing ids that all fall together.  NULL: out of memory. */
struct aside *aside_create(uint64_t seed);
void aside_destroy(struct aside *aside);

/* Replaces what is known of this block in this store.  -ERR_TOO_LARGE: full; -ERR_NO_MEMORY. */
int aside_put(struct aside *aside, const struct replica *replica, uint32_t number, bool is_bad);
bool aside_remove(struct aside *aside, uint64_t block_id, uint32_t number);

/* Replicas of one block: NULL ends.  The current one may be removed after the next was taken. */
struct aside_replica *aside_first(struct aside *aside, uint64_t block_id);
struct aside_replica *aside_next(struct aside *aside, struct aside_replica *current);

/* All of them in steps 0, 1, ...: keeps those for which visit() says so.  False: no such step. */
typedef bool aside_visit_fn(void *context, struct aside_replica *replica);
bool aside_walk(struct aside *aside, uint32_t step, aside_visit_fn *visit, void *context);

size_t aside_count(const struct aside *aside);

#endif
