/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches at rest.  Two suffice: one is on its way, one is being filled.  Their memory is touched
 * ahead, on the work thread: page faults of fresh memory would meet the loop as pauses of
 * milliseconds.
 */
#ifndef HOLDFAST_JOURNAL_BATCH_POOL_H
#define HOLDFAST_JOURNAL_BATCH_POOL_H

#include "journal/batch.h"

struct journal;

enum { BATCH_POOL_KEPT = 2 };

struct batch_pool {
	struct journal *journal;
	struct list spare;
	size_t spare_count;
	struct batch *touched[BATCH_POOL_KEPT]; /* the thread's while is_touching, then spare */
	struct io_work touch;
	bool is_touching;
};

int batch_pool_init(struct batch_pool *pool, struct journal *journal);
/* Not while is_touching. */
void batch_pool_finish(struct batch_pool *pool);
/* Begins to touch; journal_step_close() runs after. */
void batch_pool_touch(struct batch_pool *pool);

/* NULL: out of memory. */
struct batch *batch_pool_take(struct batch_pool *pool);
void batch_pool_give(struct batch_pool *pool, struct batch *batch);

#endif
