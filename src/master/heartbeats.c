/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heartbeats: figures of a worker and its stores, and what it is told to do.
 */
#include "base/err.h"
#include "base/log.h"
#include "master/workers_private.h"

enum {
	REPORT_LEASE_US = 300 * 1000 * 1000, /* HDFS: dfs.namenode.full.block.report.lease.length */
	REPORT_ASK_AGAIN_US = 60 * 1000 * 1000,
	DELETIONS_KEPT_US = 600 * 1000 * 1000, /* by a standby */
};

/* A store that the heartbeat does not name, or names as failed, holds nothing that counts. */
static void worker_mark_failed(struct workers *workers, struct worker *worker,
                               const struct worker_beat *beat)
{
	for (size_t i = 0; i < worker->store_count; i++) {
		bool is_failed = true;

		for (size_t k = 0; k < beat->store_count; k++)
			if (str_equal(beat->stores[k].uuid, worker->figures[i].uuid))
				is_failed = beat->stores[k].is_failed;
		if (is_failed == worker->stores[i]->is_failed)
			continue;
		worker->stores[i]->is_failed = is_failed;
		worker->figures[i].is_failed = is_failed;
		workers_recount(workers);
		if (is_failed)
			log_event(LOG_WORKER_STORE_FAILED, "worker=%.*s store=%.*s",
			          STR_ARGS(worker->info.identity.host),
			          STR_ARGS(worker->figures[i].uuid));
	}
}

static int worker_take_figures(struct workers *workers, struct worker *worker,
                               const struct worker_beat *beat)
{
	for (size_t i = 0; i < beat->store_count; i++) {
		const struct worker_store *said = &beat->stores[i];
		struct store *store;
		int rc = worker_store(workers, worker, said->uuid, said->storage_type, &store);

		if (rc < 0)
			return rc;
		for (size_t k = 0; k < worker->store_count; k++) {
			struct str uuid = worker->figures[k].uuid;
			bool is_failed = worker->figures[k].is_failed;

			if (worker->stores[k] != store)
				continue;
			worker->figures[k] = *said;
			worker->figures[k].uuid = uuid;
			worker->figures[k].is_failed = is_failed;
		}
		store->storage_type = said->storage_type;
	}
	worker_mark_failed(workers, worker, beat);
	return 0;
}

/* Sums that outsiders cannot make wrap. */
static uint64_t add_bounded(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

static void worker_sum_figures(struct worker *worker)
{
	struct worker_info *info = &worker->info;

	info->capacity = info->used = info->remaining = info->pool_used = info->other_used = 0;
	for (size_t i = 0; i < worker->store_count; i++) {
		const struct worker_store *figures = &worker->figures[i];

		if (figures->is_failed)
			continue;
		info->capacity = add_bounded(info->capacity, figures->capacity);
		info->used = add_bounded(info->used, figures->used);
		info->remaining = add_bounded(info->remaining, figures->remaining);
		info->pool_used = add_bounded(info->pool_used, figures->pool_used);
		info->other_used = add_bounded(info->other_used, figures->other_used);
	}
}

void report_lease_drop(struct workers *workers, const struct worker *worker)
{
	for (size_t i = 0; i < REPORT_LEASES_MAX; i++)
		if (workers->leases[i].worker == worker)
			workers->leases[i].worker = NULL;
}

/* Few full reports at once, or a start would be nothing else. */
static uint64_t report_lease_give(struct workers *workers, struct worker *worker)
{
	uint64_t now_us = io_now_us(workers->io);
	struct report_lease *place = NULL;

	for (size_t i = 0; i < REPORT_LEASES_MAX; i++) {
		struct report_lease *lease = &workers->leases[i];

		if (lease->worker == worker) {
			place = lease;
			break;
		}
		if (lease->worker == NULL || now_us >= lease->due_us)
			place = lease;
	}
	if (place == NULL)
		return 0;
	*place = (struct report_lease){.worker = worker,
	                               .id = ++workers->last_lease_id,
	                               .due_us = now_us + REPORT_LEASE_US};
	return place->id;
}

static int take_deletions(struct workers *workers, struct worker *worker, struct arena *arena,
                          struct worker_orders *orders)
{
	size_t waiting = 0;

	for (size_t i = 0; i < worker->store_count; i++)
		waiting += worker->stores[i]->deletions.count;
	if (waiting == 0)
		return 0;
	if (waiting > WORKER_DELETIONS_BATCH)
		waiting = WORKER_DELETIONS_BATCH;
	orders->deletions = arena_alloc(arena, waiting * sizeof(struct block));
	if (orders->deletions == NULL)
		return -ERR_NO_MEMORY;
	for (size_t i = 0; i < worker->store_count && orders->deletion_count < waiting; i++) {
		size_t place = worker->next_store++ % worker->store_count;

		orders->deletion_count += deletions_take(&worker->stores[place]->deletions,
		                                         orders->deletions + orders->deletion_count,
		                                         waiting - orders->deletion_count);
	}
	workers->deletion_count -= orders->deletion_count;
	return 0;
}

/* What the primary has told this worker long ago.  What it could not tell, a full report says. */
static void forget_deletions(struct workers *workers, struct worker *worker)
{
	uint64_t now_us = io_now_us(workers->io);

	for (size_t i = 0; now_us > DELETIONS_KEPT_US && i < worker->store_count; i++)
		workers->deletion_count -=
		        deletions_forget(&worker->stores[i]->deletions, now_us - DELETIONS_KEPT_US);
}

/* True: there is room again for what was lost, and the worker was not asked just now. */
static bool is_report_due(struct workers *workers, struct worker *worker)
{
	uint64_t now_us = io_now_us(workers->io);

	if (!worker->owes_report || aside_count(workers->aside) > ASIDE_MAX / 2 ||
	    workers->deletion_count > DELETIONS_MAX / 2 ||
	    (worker->asked_us != 0 && now_us - worker->asked_us < REPORT_ASK_AGAIN_US))
		return false;
	worker->asked_us = now_us;
	return true;
}

static void worker_heard(struct workers *workers, struct worker *worker,
                         const struct worker_beat *beat)
{
	bool was_live = worker_liveness(workers, worker) == WORKER_LIVE;

	worker->info.transfers = beat->transfers;
	worker->info.xceivers = beat->xceivers;
	worker->info.failed_volumes = beat->failed_volumes;
	worker->info.last_heartbeat_us = io_now_us(workers->io);
	worker->info.last_heartbeat_wall_ms = io_wall_ms(workers->io);
	worker->placed_bytes = worker->placed_count = worker->received_bytes = 0;
	if (was_live)
		return;
	workers_recount(workers);
	if (worker->logged != WORKER_LIVE)
		log_event(LOG_WORKER_BACK, "worker=%.*s", STR_ARGS(worker->info.identity.host));
	worker->logged = WORKER_LIVE;
}

int workers_heartbeat(struct workers *workers, const struct worker_beat *beat, struct arena *arena,
                      struct worker_orders *ret_orders)
{
	struct worker *worker = worker_find(workers, beat->uuid);
	struct worker_orders orders = {0};
	int rc;

	if (beat->store_count > WORKER_STORES_MAX)
		return -ERR_TOO_LARGE;
	if (worker == NULL) {
		orders.must_register = true;
		*ret_orders = orders;
		return 0;
	}
	rc = worker_take_figures(workers, worker, beat);
	if (rc < 0)
		return rc;
	worker_sum_figures(worker);
	worker_heard(workers, worker, beat);
	orders.must_register = is_report_due(workers, worker);
	if (!workers->is_primary)
		forget_deletions(workers, worker);
	if (!beat->takes_no_orders && workers->is_primary && workers->sends_deletions) {
		rc = take_deletions(workers, worker, arena, &orders);
		if (rc < 0)
			return rc;
	}
	if (beat->wants_report_lease)
		orders.report_lease = report_lease_give(workers, worker);
	*ret_orders = orders;
	return 0;
}
