/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One replica: what is believed of it, and where it is kept.
 */
#include "base/err.h"
#include "base/log.h"
#include "master/workers_private.h"

enum { BLOCK_REPLICAS_SEEN = 1024 };

enum replica_fit replica_fit(const struct workers *workers, const struct replica *replica)
{
	const struct block *block = &replica->block;
	struct ns_block_info info;

	if (block->id >= ns_next_block_id(workers->ns) ||
	    block->stamp >= ns_next_stamp(workers->ns))
		return REPLICA_UNSEEN;
	ns_find_block(workers->ns, block->id, &info);
	if (info.inode == 0)
		return REPLICA_GONE;
	if (!info.is_complete)
		return REPLICA_OPEN;
	if (block->stamp != info.block.stamp)
		return REPLICA_WRONG;
	/* An old "being written" that arrives after the file was closed: the worker will say more.
	 */
	if (replica->state != REPLICA_FINALIZED)
		return REPLICA_OPEN;
	return block->length == info.block.length ? REPLICA_FITS : REPLICA_WRONG;
}

static uint32_t newest_number(const struct store *store)
{
	return store->next_number != 0 ? store->next_number : store->number;
}

static void forget_aside(struct workers *workers, const struct store *store, uint64_t block_id)
{
	aside_remove(workers->aside, block_id, store->number);
	if (store->next_number != 0)
		aside_remove(workers->aside, block_id, store->next_number);
}

static bool forget_location(struct workers *workers, struct store *store, uint64_t block_id)
{
	bool was_there = locations_remove(workers->locations, block_id, store->number);

	if (store->next_number != 0)
		was_there = locations_remove(workers->locations, block_id, store->next_number) ||
		            was_there;
	return was_there;
}

static void keep_location(struct workers *workers, struct store *store, uint64_t block_id)
{
	if (locations_add(workers->locations, block_id, newest_number(store)) < 0)
		worker_lost_report(store->worker);
}

static void keep_aside(struct workers *workers, struct store *store, const struct replica *replica,
                       bool is_bad)
{
	forget_location(workers, store, replica->block.id);
	if (aside_put(workers->aside, replica, newest_number(store), is_bad) < 0)
		worker_lost_report(store->worker);
}

void replica_to_delete(struct workers *workers, struct store *store, const struct block *block)
{
	if (workers->deletion_count < DELETIONS_MAX &&
	    deletions_add(&store->deletions, block->id, block->stamp, io_now_us(workers->io)) == 0)
		workers->deletion_count++;
	else
		worker_lost_report(store->worker);
}

void replica_learned(struct workers *workers, struct store *store, const struct replica *replica)
{
	if (replica->state == REPLICA_TEMPORARY)
		return; /* a copy under way from another worker */
	switch (replica_fit(workers, replica)) {
	case REPLICA_FITS:
		forget_aside(workers, store, replica->block.id);
		keep_location(workers, store, replica->block.id);
		break;
	case REPLICA_OPEN:
	case REPLICA_UNSEEN:
	case REPLICA_WRONG: keep_aside(workers, store, replica, false); break;
	case REPLICA_GONE:
		forget_aside(workers, store, replica->block.id);
		forget_location(workers, store, replica->block.id);
		replica_to_delete(workers, store, &replica->block);
		break;
	}
	replica_waits_look(workers, replica->block.id);
}

void replica_forgotten(struct workers *workers, struct store *store, const struct block *block)
{
	forget_aside(workers, store, block->id);
	forget_location(workers, store, block->id);
}

void workers_blocks_gone(struct workers *workers, const struct block *blocks, size_t count)
{
	uint32_t numbers[BLOCK_REPLICAS_SEEN];

	for (size_t i = 0; i < count; i++) {
		const struct block *block = &blocks[i];
		size_t found =
		        locations_get(workers->locations, block->id, numbers, BLOCK_REPLICAS_SEEN);
		struct aside_replica *next;

		for (size_t k = 0; k < found && k < BLOCK_REPLICAS_SEEN; k++) {
			struct store *store = store_of(&workers->numbers, numbers[k]);

			if (store != NULL)
				replica_to_delete(workers, store, block);
		}
		locations_remove_block(workers->locations, block->id);
		for (struct aside_replica *at = aside_first(workers->aside, block->id); at != NULL;
		     at = next) {
			struct store *store = store_of(&workers->numbers, at->number);

			next = aside_next(workers->aside, at);
			if (store != NULL)
				replica_to_delete(workers, store, &at->replica.block);
			aside_remove(workers->aside, block->id, at->number);
		}
	}
	if (count > 0)
		workers_recount(workers);
}

void workers_block_settled(struct workers *workers, uint64_t block_id)
{
	struct aside_replica *next;

	for (struct aside_replica *at = aside_first(workers->aside, block_id); at != NULL;
	     at = next) {
		struct store *store = store_of(&workers->numbers, at->number);

		next = aside_next(workers->aside, at);
		if (store != NULL && !at->is_bad &&
		    replica_fit(workers, &at->replica) == REPLICA_FITS) {
			keep_location(workers, store, block_id);
			aside_remove(workers->aside, block_id, at->number);
		}
	}
	workers_recount(workers);
}

void workers_report_bad(struct workers *workers, struct str worker_uuid, const struct block *block)
{
	const struct worker *worker = worker_find(workers, worker_uuid);
	const struct replica bad = {.block = *block, .state = REPLICA_FINALIZED};
	uint32_t numbers[BLOCK_REPLICAS_SEEN];
	size_t found = locations_get(workers->locations, block->id, numbers, BLOCK_REPLICAS_SEEN);

	for (size_t i = 0; worker != NULL && i < found && i < BLOCK_REPLICAS_SEEN; i++) {
		struct store *store = store_of(&workers->numbers, numbers[i]);

		if (store == NULL || store->worker != worker)
			continue;
		keep_aside(workers, store, &bad, true);
		workers_recount(workers);
		log_event(LOG_REPLICA_BAD, "block=%llu worker=%.*s", (unsigned long long)block->id,
		          STR_ARGS(worker->info.identity.host));
		return;
	}
}
