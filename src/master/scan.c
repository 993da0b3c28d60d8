/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scan: a walk over everything known of replicas, in slices.  It runs soon after something
 * changed and rests in proportion to what it cost, so an idle master does nothing.
 *
 * It counts, removes what retired numbers left behind, finds blocks that are gone (after a loaded
 * checkpoint), and looks again at what lies aside.  The primary then orders the deletion of a
 * replica that does not fit, if its block has all the replicas it wants on stores whose reports
 * are not stale.
 */
#include "base/err.h"
#include "master/workers_private.h"

enum {
	SLICE_US = 500,
	REST_US = 20 * 1000,
	REST_HURRIED_US = 500,
	PAUSE_US = 1000 * 1000, /* between scans, at least */
	PAUSE_PER_SPENT = 50,   /* ... and so many times what the last one cost */
	BLOCK_STORES_MAX = 64,
};

static void scan_turn(struct io_timer *timer);

void scan_init(struct workers *workers)
{
	io_timer_init(workers->io, &workers->scan.timer, scan_turn);
}

void scan_finish(struct workers *workers)
{
	io_timer_stop(&workers->scan.timer);
}

static uint64_t pause_us(const struct scan *scan)
{
	uint64_t pause = scan->spent_us * (scan->is_hurried ? 1 : PAUSE_PER_SPENT);
	uint64_t least = scan->is_hurried ? REST_HURRIED_US : PAUSE_US;

	return pause > least ? pause : least;
}

void workers_recount(struct workers *workers)
{
	struct scan *scan = &workers->scan;

	scan->is_due = true;
	if (!io_timer_is_started(&scan->timer))
		io_timer_start(&scan->timer, pause_us(scan));
}

void workers_hurry(struct workers *workers)
{
	struct scan *scan = &workers->scan;

	if (!scan->is_due || scan->is_hurried)
		return;
	scan->is_hurried = true;
	io_timer_start(&scan->timer, pause_us(scan));
}

uint64_t workers_scans(const struct workers *workers)
{
	return workers->scans;
}

/* ---- locations ---- */

/* Replicas on stores that count; with `is_sure`, only where nothing is missing from their report.
 */
static size_t count_live(struct workers *workers, const uint32_t *numbers, size_t count,
                         bool is_sure)
{
	struct store *seen[BLOCK_STORES_MAX];
	size_t live = 0;

	for (size_t i = 0; i < count && live < BLOCK_STORES_MAX; i++) {
		struct store *store = live_store(workers, numbers[i]);
		bool is_new = store != NULL && !(is_sure && store->is_stale);

		for (size_t k = 0; is_new && k < live; k++)
			is_new = seen[k] != store;
		if (is_new)
			seen[live++] = store;
	}
	return live;
}

static size_t drop_retired(struct workers *workers, uint32_t *numbers, size_t count)
{
	size_t left = 0;

	for (size_t i = 0; i < count; i++) {
		struct store *store = store_of(&workers->numbers, numbers[i]);

		if (store == NULL)
			continue;
		store->counted++;
		numbers[left++] = numbers[i];
	}
	return left;
}

/* No file has the block.  In a tree that is being reclaimed its stamp comes with that; else it went
 * with a namespace that a checkpoint replaced, and the next full report brings the replica, which
 * is then deleted by the stamp that the report says. */
static size_t keep_gone(struct workers *workers, const uint32_t *numbers, size_t count)
{
	struct ns_counts counts;

	ns_counts(workers->ns, &counts);
	if (counts.left_to_reclaim > 0)
		return count;
	for (size_t i = 0; i < count; i++)
		worker_lost_report(store_of(&workers->numbers, numbers[i])->worker);
	return 0;
}

static size_t visit_locations(void *context, uint64_t block_id, uint32_t *numbers, size_t count)
{
	struct workers *workers = context;
	struct scan_counts *counts = &workers->scan.counts;
	size_t left = drop_retired(workers, numbers, count);
	struct ns_block_info info;
	size_t live;

	if (left == 0)
		return 0;
	ns_find_block(workers->ns, block_id, &info);
	if (info.inode == 0)
		return keep_gone(workers, numbers, left);
	if (!info.is_complete)
		return left;
	live = count_live(workers, numbers, left, false);
	counts->located += live > 0;
	counts->under_replicated += live > 0 && live < info.replication;
	return left;
}

/* ---- aside ---- */

static size_t sure_replicas(struct workers *workers, uint64_t block_id)
{
	uint32_t numbers[BLOCK_STORES_MAX];
	size_t found = locations_get(workers->locations, block_id, numbers, BLOCK_STORES_MAX);

	return count_live(workers, numbers, found < BLOCK_STORES_MAX ? found : BLOCK_STORES_MAX,
	                  true);
}

/* A replica that does not fit.  True: it is kept. */
static bool keep_wrong(struct workers *workers, const struct aside_replica *at, struct store *store)
{
	struct ns_block_info info;

	ns_find_block(workers->ns, at->replica.block.id, &info);
	if (info.inode == 0 || !workers->is_primary || !info.is_complete ||
	    sure_replicas(workers, at->replica.block.id) < info.replication) {
		workers->scan.counts.corrupt++;
		return true;
	}
	replica_to_delete(workers, store, &at->replica.block);
	return false;
}

static void keep_fitting(struct workers *workers, const struct aside_replica *at)
{
	uint32_t number;

	if (locations_get(workers->locations, at->replica.block.id, &number, 1) == 0)
		workers->scan.counts.located++;
	if (locations_add(workers->locations, at->replica.block.id, at->number) < 0)
		worker_lost_report(store_of(&workers->numbers, at->number)->worker);
}

static bool visit_aside(void *context, struct aside_replica *at)
{
	struct workers *workers = context;
	struct store *store = store_of(&workers->numbers, at->number);

	if (store == NULL)
		return false;
	switch (replica_fit(workers, &at->replica)) {
	case REPLICA_FITS:
		if (at->is_bad)
			return keep_wrong(workers, at, store);
		keep_fitting(workers, at);
		return false;
	case REPLICA_OPEN: return true;
	case REPLICA_UNSEEN: workers->scan.counts.waiting++; return true;
	case REPLICA_WRONG: return keep_wrong(workers, at, store);
	case REPLICA_GONE: replica_to_delete(workers, store, &at->replica.block); return false;
	}
	return true;
}

/* ---- slices ---- */

static void scan_begin(struct workers *workers)
{
	struct scan *scan = &workers->scan;

	scan->is_due = false;
	scan->spent_us = 0;
	scan->counts = (struct scan_counts){.complete = workers_complete_blocks(workers)};
	scan->step = 0;
	scan->phase = SCAN_LOCATIONS;
	store_numbers_scan_begins(&workers->numbers);
	locations_walk_begin(workers->locations);
	for (size_t i = 0; i < workers->count; i++)
		for (size_t k = 0; k < workers->all[i]->store_count; k++)
			workers->all[i]->stores[k]->counted = 0;
}

/* What was completed or deleted while the scan went on is not missing. */
static void count_missing(const struct workers *workers, struct scan_counts *counts)
{
	uint64_t now = workers_complete_blocks(workers);
	uint64_t complete = now < counts->complete ? now : counts->complete;

	counts->missing = complete > counts->located ? complete - counts->located : 0;
}

static void scan_end(struct workers *workers)
{
	count_missing(workers, &workers->scan.counts);
	workers->scan.phase = SCAN_IDLE;
	workers->scan.is_hurried = false;
	workers->counts = workers->scan.counts;
	workers->scans++;
	store_numbers_scan_ended(&workers->numbers);
	for (size_t i = 0; i < workers->count; i++) {
		struct worker *worker = workers->all[i];

		for (size_t k = 0; k < worker->store_count; k++)
			worker->stores[k]->blocks = worker->stores[k]->counted;
	}
}

/* False: the scan has ended. */
static bool scan_step(struct workers *workers)
{
	struct scan *scan = &workers->scan;

	if (scan->phase == SCAN_LOCATIONS) {
		if (!locations_walk_step(workers->locations, visit_locations, workers))
			scan->phase = SCAN_ASIDE;
		return true;
	}
	if (aside_count(workers->aside) > 0 &&
	    aside_walk(workers->aside, scan->step++, visit_aside, workers))
		return true;
	scan_end(workers);
	return false;
}

static void scan_turn(struct io_timer *timer)
{
	struct workers *workers = CONTAINER_OF(timer, struct workers, scan.timer);
	struct scan *scan = &workers->scan;
	uint64_t began_us = io_now_us(workers->io);
	bool is_unfinished = true;

	if (workers->ns == NULL)
		return; /* begun again by workers_set_namespace() */
	if (scan->phase == SCAN_IDLE)
		scan_begin(workers);
	while (is_unfinished && io_now_us(workers->io) - began_us < SLICE_US)
		is_unfinished = scan_step(workers);
	scan->spent_us += io_now_us(workers->io) - began_us;
	if (is_unfinished)
		io_timer_start(timer, scan->is_hurried ? REST_HURRIED_US : REST_US);
	else if (scan->is_due)
		io_timer_start(timer, pause_us(scan));
}
