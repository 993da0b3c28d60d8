/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker: keeps the blocks that clients are given, tells every master of them, and deletes what
 * it is told to.  It lives as long as the run.
 *
 * Nobody may tell it to delete a replica of a block that a file has; and in the end it has no other
 * ones, and all masters know where the blocks of closed files are.
 */
#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "master/workers.h"
#include "sim/cluster.h"

enum {
	DELIVER_US = 30000, /* at most, until a block is written */
	BEAT_US = 400000,   /* at most, between heartbeats */
	WAY_US = 400,       /* at most, of a message */
	BLOCK_BYTES_MAX = 1 << 20,
};

static const char worker_uuid[] = "worker-1", store_uuid[] = "store-1";

/* A block on its way to the worker, and then the news of it to a master. */
struct news {
	struct sim_event event;
	struct slot *slot;
	struct replica_change change;
};

uint64_t worker_block_bytes(uint64_t id)
{
	return 1 + id * 2654435761u % BLOCK_BYTES_MAX;
}

/* ---- messages to a master ---- */

static bool is_there(const struct slot *slot)
{
	return slot->state == SLOT_RUNNING && slot->master != NULL && !slot->is_stray;
}

static struct workers *workers_of(const struct slot *slot)
{
	return master_workers(slot->master);
}

static void take_news(void *context)
{
	struct news *news = context;

	if (is_there(news->slot) &&
	    workers_report_changes(workers_of(news->slot), str_of(worker_uuid), str_of(store_uuid),
	                           1, &news->change, 1) < 0)
		news->slot->needs_report = true;
	mem_free(news);
}

static void tell_all(struct cluster *cluster, const struct block *block, enum replica_event event)
{
	for (unsigned i = 0; i < cluster->slot_count; i++) {
		struct slot *slot = &cluster->slots[i];
		struct news *news;

		if (!is_there(slot))
			continue;
		news = mem_must_zalloc(sizeof(*news));
		*news = (struct news){.slot = slot, .change = {.block = *block, .event = event}};
		sim_machine_post(slot->machine, take_news, news,
		                 random_below(&cluster->worker.random, WAY_US));
	}
}

static void report_all(struct slot *slot)
{
	const struct worker *worker = &slot->cluster->worker;
	struct workers *workers = workers_of(slot);
	struct full_report *report;

	if (workers_report_begin(workers, str_of(worker_uuid), str_of(store_uuid), 1, &report) < 0)
		return;
	for (size_t i = 0; i < worker->count; i++) {
		struct replica replica = {.block = worker->replicas[i], .state = REPLICA_FINALIZED};

		if (workers_report_add(report, &replica, 1) < 0) {
			workers_report_abort(report);
			return;
		}
	}
	workers_report_end(report);
	workers_report_all(workers, str_of(worker_uuid));
	slot->needs_report = false;
}

static void register_at(struct slot *slot)
{
	const struct worker_identity identity = {.uuid = str_of(worker_uuid),
	                                         .address = STR("10.1.0.1"),
	                                         .host = STR("host-1"),
	                                         .version = STR("1"),
	                                         .transfer_port = 9866};

	if (workers_register(workers_of(slot), &identity) == 0)
		slot->needs_report = true;
}

/* ---- deletions ---- */

static void take_orders(struct slot *slot, const struct worker_orders *orders)
{
	struct cluster *cluster = slot->cluster;
	struct worker *worker = &cluster->worker;

	for (size_t i = 0; i < orders->deletion_count; i++) {
		const struct block gone = orders->deletions[i];
		const struct model_node *file = history_file_of(&cluster->history, gone.id);
		size_t at = 0;

		if (file != NULL)
			cluster_wrong(cluster, "m%u has block %" PRIu64 " of %s deleted",
			              slot->number + 1, gone.id, file->name);
		while (at < worker->count && worker->replicas[at].id != gone.id)
			at++;
		if (at == worker->count)
			continue;
		worker->replicas[at] = worker->replicas[--worker->count];
		cluster->figures.deletions++;
		tell_all(cluster, &gone, REPLICA_DELETED);
	}
}

/* ---- heartbeats ---- */

static void beat_at(void *context)
{
	struct slot *slot = context;
	struct worker_store store = {.uuid = str_of(store_uuid),
	                             .storage_type = 1,
	                             .capacity = 1ull << 40,
	                             .remaining = 1ull << 39};
	struct worker_beat beat = {.uuid = str_of(worker_uuid),
	                           .stores = &store,
	                           .store_count = 1,
	                           .takes_no_orders = slot->role != MASTER_PRIMARY};
	struct worker_orders orders;
	struct arena arena;

	if (!is_there(slot))
		return;
	arena_init(&arena, CLUSTER_ARENA_BYTES);
	if (workers_heartbeat(workers_of(slot), &beat, &arena, &orders) == 0) {
		if (orders.must_register)
			register_at(slot);
		if (slot->needs_report)
			report_all(slot);
		take_orders(slot, &orders);
	}
	arena_finish(&arena);
}

static void beat(struct sim_event *event)
{
	struct cluster *cluster = CONTAINER_OF(event, struct cluster, worker.beat);

	for (unsigned i = 0; i < cluster->slot_count; i++) {
		struct slot *slot = &cluster->slots[i];

		if (is_there(slot))
			sim_machine_post(slot->machine, beat_at, slot,
			                 random_below(&cluster->worker.random, WAY_US));
	}
	sim_world_schedule(cluster->world, event,
	                   1 + random_below(&cluster->worker.random, BEAT_US));
}

/* ---- blocks ---- */

static void deliver(struct sim_event *event)
{
	struct news *news = CONTAINER_OF(event, struct news, event);
	struct cluster *cluster = news->slot->cluster;
	struct worker *worker = &cluster->worker;

	CHECK(worker->count < WORKER_REPLICAS_MAX);
	worker->replicas[worker->count++] = news->change.block;
	tell_all(cluster, &news->change.block, REPLICA_RECEIVED);
	mem_free(news);
}

void worker_write(struct cluster *cluster, const struct block *block)
{
	struct worker *worker = &cluster->worker;
	struct news *news;

	if (random_chance(&worker->random, 1, 12))
		return; /* it gets lost */
	news = mem_must_zalloc(sizeof(*news));
	*news = (struct news){.event.run = deliver, .slot = &cluster->slots[0]};
	news->change.block = *block;
	news->change.block.length = worker_block_bytes(block->id);
	sim_world_schedule(cluster->world, &news->event, random_below(&worker->random, DELIVER_US));
}

void worker_init(struct cluster *cluster)
{
	struct worker *worker = &cluster->worker;

	worker->random = random_make(random_u64(&cluster->random));
	worker->beat.run = beat;
	sim_world_schedule(cluster->world, &worker->beat, 0);
}

/* ---- the end ---- */

static bool has_rubbish(const struct cluster *cluster)
{
	for (size_t i = 0; i < cluster->worker.count; i++) {
		if (history_file_of(&cluster->history, cluster->worker.replicas[i].id) == NULL)
			return true;
	}
	return false;
}

static bool knows_blocks_below(const struct slot *slot, const struct model_node *node)
{
	struct location location;

	for (size_t i = 0; i < node->block_count && !node->is_open; i++) {
		if (workers_locate(workers_of(slot), &node->blocks[i], STR(""), &location, 1) != 1)
			return false;
	}
	for (size_t i = 0; i < node->child_count; i++) {
		if (!knows_blocks_below(slot, node->children[i]))
			return false;
	}
	return true;
}

bool worker_is_settled(struct cluster *cluster)
{
	if (!cluster->has_worker)
		return true;
	for (unsigned i = 0; i < cluster->slot_count; i++) {
		const struct slot *slot = &cluster->slots[i];

		if (is_there(slot) &&
		    !knows_blocks_below(slot, model_fs_root(cluster->history.model)))
			return false;
	}
	return !has_rubbish(cluster);
}
