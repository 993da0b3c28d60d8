/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/batch_pool.h"

#include "base/check.h"
#include "base/err.h"
#include "journal/journal_private.h"

/* Entries of a batch that find their memory ready. */
enum { TOUCHED_BYTES = 1 << 20 };

struct batch *batch_pool_take(struct batch_pool *pool)
{
	struct batch *batch;

	if (pool->spare_count == 0)
		return batch_create();
	batch = LIST_FIRST(&pool->spare, struct batch, node);
	list_remove(&batch->node);
	pool->spare_count--;
	return batch;
}

void batch_pool_give(struct batch_pool *pool, struct batch *batch)
{
	if (pool->spare_count == BATCH_POOL_KEPT) {
		batch_destroy(batch);
		return;
	}
	list_prepend(&pool->spare, &batch->node);
	pool->spare_count++;
}

static void run_touch(struct io_work *work)
{
	struct batch_pool *pool = CONTAINER_OF(work, struct batch_pool, touch);
	size_t bytes = pool->journal->options.batch_bytes_max;

	if (bytes > TOUCHED_BYTES)
		bytes = TOUCHED_BYTES;
	for (size_t i = 0; i < BATCH_POOL_KEPT; i++) {
		/* Without memory now it is taken when it is needed. */
		(void)batch_touch(pool->touched[i], bytes);
	}
}

static void touch_done(struct io_work *work)
{
	struct batch_pool *pool = CONTAINER_OF(work, struct batch_pool, touch);

	pool->is_touching = false;
	for (size_t i = 0; i < BATCH_POOL_KEPT; i++) {
		batch_pool_give(pool, pool->touched[i]);
		pool->touched[i] = NULL;
	}
	journal_step_close(pool->journal);
}

int batch_pool_init(struct batch_pool *pool, struct journal *journal)
{
	*pool = (struct batch_pool){
	        .journal = journal,
	        .touch = {.run = run_touch, .done = touch_done},
	};
	list_init(&pool->spare);
	for (size_t i = 0; i < BATCH_POOL_KEPT; i++) {
		pool->touched[i] = batch_create();
		if (pool->touched[i] == NULL)
			return -ERR_NO_MEMORY;
	}
	return 0;
}

void batch_pool_finish(struct batch_pool *pool)
{
	for (size_t i = 0; i < BATCH_POOL_KEPT; i++)
		batch_destroy(pool->touched[i]);
	LIST_FOR_EACH_SAFE (node, &pool->spare) {
		list_remove(node);
		batch_destroy(CONTAINER_OF(node, struct batch, node));
	}
}

void batch_pool_touch(struct batch_pool *pool)
{
	pool->is_touching = true;
	io_thread_submit(pool->journal->work_thread, &pool->touch);
}
