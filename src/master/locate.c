/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the replicas of a block are, and waiting until there are enough.
 */
#include "base/hash.h"
#include "master/workers_private.h"

enum { CANDIDATES_MAX = 256 }; /* replicas of one block that are looked at */

struct store *live_store(const struct workers *workers, uint32_t number)
{
	struct store *store = store_of(&workers->numbers, number);

	if (store == NULL || store->is_failed ||
	    worker_liveness(workers, store->worker) == WORKER_DEAD)
		return NULL;
	return store;
}

/* A store may stand twice while its full report is taken. */
static size_t add_once(struct store **stores, size_t count, struct store *store)
{
	if (store == NULL || count == CANDIDATES_MAX)
		return count;
	for (size_t i = 0; i < count; i++)
		if (stores[i] == store)
			return count;
	stores[count] = store;
	return count + 1;
}

/* Stores with a finalized replica of this id and stamp. */
static size_t find_stores(struct workers *workers, const struct block *block, struct store **stores)
{
	uint32_t numbers[CANDIDATES_MAX];
	size_t found = locations_get(workers->locations, block->id, numbers, CANDIDATES_MAX);
	struct ns_block_info info;
	size_t count = 0;

	if (workers->ns == NULL)
		return 0;
	ns_find_block(workers->ns, block->id, &info);
	if (info.inode == 0)
		return 0;
	if (info.block.stamp != block->stamp)
		found = 0; /* locations are of the block's own stamp */
	for (size_t i = 0; i < found && i < CANDIDATES_MAX; i++)
		count = add_once(stores, count, live_store(workers, numbers[i]));
	for (struct aside_replica *at = aside_first(workers->aside, block->id); at != NULL;
	     at = aside_next(workers->aside, at)) {
		if (at->is_bad || at->replica.state != REPLICA_FINALIZED ||
		    at->replica.block.stamp != block->stamp ||
		    (info.is_complete && at->replica.block.length != info.block.length))
			continue;
		count = add_once(stores, count, live_store(workers, at->number));
	}
	return count;
}

/* Lower is nearer. */
static unsigned distance(struct workers *workers, const struct store *store, struct str address)
{
	if (worker_liveness(workers, store->worker) == WORKER_STALE)
		return 2;
	return str_equal(store->worker->info.identity.address, address) ? 0 : 1;
}

static struct str store_uuid(const struct store *store)
{
	return str_of(store->uuid);
}

size_t workers_locate(struct workers *workers, const struct block *block, struct str reader_address,
                      struct location *ret_locations, size_t count_max)
{
	struct store *stores[CANDIDATES_MAX];
	size_t found = find_stores(workers, block, stores);
	size_t count = 0;

	for (size_t i = found; i > 1; i--) {
		size_t k = random_below(&workers->random, i);
		struct store *swapped = stores[i - 1];

		stores[i - 1] = stores[k];
		stores[k] = swapped;
	}
	for (unsigned d = 0; d <= 2; d++) {
		for (size_t i = 0; i < found && count < count_max; i++) {
			if (distance(workers, stores[i], reader_address) != d)
				continue;
			ret_locations[count++] =
			        (struct location){.worker = worker_show(workers, stores[i]->worker),
			                          .store_uuid = store_uuid(stores[i]),
			                          .storage_type = stores[i]->storage_type};
		}
	}
	return count;
}

size_t workers_count_replicas(struct workers *workers, const struct block *block)
{
	struct store *stores[CANDIDATES_MAX];

	return find_stores(workers, block, stores);
}

/* ---- waiting ---- */

static struct list *wait_bucket(struct workers *workers, uint64_t block_id)
{
	return &workers->waits[block_id % WAIT_BUCKETS];
}

static void wait_end(struct replica_wait *wait, bool is_reached)
{
	list_remove(&wait->node);
	io_timer_stop(&wait->timer);
	wait->done(wait, is_reached);
}

static void run_reached(struct io_hook *hook)
{
	struct workers *workers = CONTAINER_OF(hook, struct workers, reached_hook);

	while (!list_is_empty(&workers->reached))
		wait_end(LIST_FIRST(&workers->reached, struct replica_wait, node), true);
}

void replica_waits_init(struct workers *workers)
{
	for (size_t i = 0; i < WAIT_BUCKETS; i++)
		list_init(&workers->waits[i]);
	list_init(&workers->reached);
	workers->reached_hook.run = run_reached;
}

static void wait_reached(struct workers *workers, struct replica_wait *wait)
{
	list_remove(&wait->node);
	list_append(&workers->reached, &wait->node);
	io_at_turn_end(workers->io, &workers->reached_hook);
}

void replica_waits_look(struct workers *workers, uint64_t block_id)
{
	LIST_FOR_EACH_SAFE (node, wait_bucket(workers, block_id)) {
		struct replica_wait *wait = CONTAINER_OF(node, struct replica_wait, node);

		if (wait->block.id == block_id &&
		    workers_count_replicas(workers, &wait->block) >= wait->count)
			wait_reached(workers, wait);
	}
}

static void wait_timed_out(struct io_timer *timer)
{
	wait_end(CONTAINER_OF(timer, struct replica_wait, timer), false);
}

void workers_wait(struct workers *workers, struct replica_wait *wait, uint64_t timeout_us)
{
	wait->workers = workers;
	list_append(wait_bucket(workers, wait->block.id), &wait->node);
	io_timer_init(workers->io, &wait->timer, wait_timed_out);
	io_timer_start(&wait->timer, timeout_us);
	replica_waits_look(workers, wait->block.id);
}

void workers_wait_cancel(struct replica_wait *wait)
{
	list_remove(&wait->node);
	io_timer_stop(&wait->timer);
}

void workers_wait_end_all(struct workers *workers)
{
	for (size_t i = 0; i < WAIT_BUCKETS; i++)
		LIST_FOR_EACH (node, &workers->waits[i])
			io_timer_start(&CONTAINER_OF(node, struct replica_wait, node)->timer, 0);
}
