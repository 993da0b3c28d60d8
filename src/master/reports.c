/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "base/mem.h"
#include "master/workers_private.h"

enum { FULL_REPORT_MAGIC = 0x46524550 };

struct full_report {
	uint32_t magic;
	struct workers *workers;
	struct worker *worker; /* NULL: it registered again, or was forgotten */
	struct store *store;   /* valid while worker is */
};

/* Who may report into which store, now. */
static int reporter(struct workers *workers, struct str worker_uuid, struct str store_uuid,
                    uint8_t storage_type, struct store **ret_store)
{
	struct worker *worker = worker_find(workers, worker_uuid);

	if (worker == NULL)
		return -ERR_NOT_FOUND;
	if (workers->ns == NULL || worker->report != NULL)
		return -ERR_BUSY;
	return worker_store(workers, worker, store_uuid, storage_type, ret_store);
}

/* What is lost from here on is in no report that came before. */
static void begin_round(struct worker *worker)
{
	for (size_t i = 0; i < worker->store_count; i++)
		if (worker->stores[i]->round == worker->round)
			return;
	worker->owes_report = false;
}

int workers_report_begin(struct workers *workers, struct str worker_uuid, struct str store_uuid,
                         uint8_t storage_type, struct full_report **ret_report)
{
	struct full_report *report;
	struct store *store;
	int rc = reporter(workers, worker_uuid, store_uuid, storage_type, &store);

	if (rc < 0)
		return rc;
	report = mem_alloc(sizeof(*report));
	if (report == NULL)
		return -ERR_NO_MEMORY;
	rc = store_numbers_take(&workers->numbers, store, &store->next_number);
	if (rc < 0) {
		mem_free(report);
		return rc;
	}
	begin_round(store->worker);
	/* What is to go is found again: the report says what is there. */
	store_drop_deletions(workers, store);
	*report = (struct full_report){.magic = FULL_REPORT_MAGIC,
	                               .workers = workers,
	                               .worker = store->worker,
	                               .store = store};
	store->worker->report = report;
	*ret_report = report;
	return 0;
}

int workers_report_add(struct full_report *report, const struct replica *replicas, size_t count)
{
	OBJ_CHECK(report, FULL_REPORT_MAGIC);
	if (report->worker == NULL)
		return -ERR_CHANGED;
	if (report->workers->ns == NULL)
		return -ERR_BUSY;
	for (size_t i = 0; i < count; i++)
		replica_learned(report->workers, report->store, &replicas[i]);
	return 0;
}

static void report_close(struct full_report *report)
{
	if (report->worker != NULL)
		report->worker->report = NULL;
	report->magic = 0;
	mem_free(report);
}

void workers_report_end(struct full_report *report)
{
	struct workers *workers;
	struct store *store;

	OBJ_CHECK(report, FULL_REPORT_MAGIC);
	workers = report->workers;
	store = report->store;
	if (report->worker != NULL) {
		store_numbers_retire(&workers->numbers, store->number);
		store->number = store->next_number;
		store->next_number = 0;
		store->is_reported = true;
		store->is_stale = false;
		store->round = store->worker->round;
		store->worker->info.last_report_us = io_now_us(workers->io);
		store->worker->info.last_report_wall_ms = io_wall_ms(workers->io);
		workers_recount(workers);
	}
	report_close(report);
}

/* What was known before it stays. */
static void report_give_up(struct full_report *report)
{
	store_numbers_retire(&report->workers->numbers, report->store->next_number);
	report->store->next_number = 0;
}

void workers_report_abort(struct full_report *report)
{
	if (report == NULL)
		return;
	OBJ_CHECK(report, FULL_REPORT_MAGIC);
	if (report->worker != NULL) {
		report_give_up(report);
		worker_lost_report(report->worker);
	}
	report_close(report);
}

void report_orphan(struct full_report *report)
{
	report_give_up(report);
	report->worker->report = NULL;
	report->worker = NULL;
}

void workers_report_all(struct workers *workers, struct str worker_uuid)
{
	struct worker *worker = worker_find(workers, worker_uuid);

	if (worker == NULL || worker->report != NULL)
		return;
	report_lease_drop(workers, worker);
	for (size_t i = 0; i < worker->store_count; i++) {
		struct store *store = worker->stores[i];
		uint32_t number;

		if (store->round == worker->round)
			continue;
		if (store_numbers_take(&workers->numbers, store, &number) == 0) {
			store_numbers_retire(&workers->numbers, store->number);
			store->number = number;
		}
		store->is_reported = true;
	}
	worker->round++;
	workers_recount(workers);
}

int workers_report_changes(struct workers *workers, struct str worker_uuid, struct str store_uuid,
                           uint8_t storage_type, const struct replica_change *changes, size_t count)
{
	struct store *store;
	int rc = reporter(workers, worker_uuid, store_uuid, storage_type, &store);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < count; i++) {
		const struct replica_change *change = &changes[i];
		const struct replica replica = {.block = change->block,
		                                .state = change->event == REPLICA_RECEIVED
		                                                 ? REPLICA_FINALIZED
		                                                 : REPLICA_BEING_WRITTEN};

		if (change->event == REPLICA_DELETED)
			replica_forgotten(workers, store, &change->block);
		else
			replica_learned(workers, store, &replica);
		if (change->event == REPLICA_RECEIVED)
			worker_received(store->worker, change->block.length);
	}
	workers_recount(workers);
	return 0;
}
