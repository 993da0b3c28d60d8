/* SPDX-License-Identifier: Apache-2.0 */
#include "master/workers.h"

#include <inttypes.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "master/workers_private.h"

enum { LIVENESS_LOOK_US = 3 * 1000 * 1000 };

static void liveness_look(struct io_timer *timer);

/* ---- life ---- */

struct workers *workers_create(const struct workers_options *options)
{
	struct workers *workers = mem_zalloc(sizeof(*workers));
	uint64_t seed;

	if (workers == NULL)
		return NULL;
	io_random(options->io, &seed, sizeof(seed));
	workers->magic = WORKERS_MAGIC;
	workers->io = options->io;
	workers->stale_us = options->stale_ms * 1000;
	workers->dead_us = options->dead_ms * 1000;
	workers->seed = seed;
	workers->random = random_make(seed);
	for (size_t i = 0; i < WORKER_BUCKETS; i++)
		list_init(&workers->buckets[i]);
	store_numbers_init(&workers->numbers);
	replica_waits_init(workers);
	io_timer_init(workers->io, &workers->liveness_timer, liveness_look);
	scan_init(workers);
	workers->locations = locations_create();
	workers->aside = aside_create(random_u64(&workers->random));
	if (workers->locations == NULL || workers->aside == NULL) {
		workers_destroy(workers);
		return NULL;
	}
	return workers;
}

static void worker_destroy(struct workers *workers, struct worker *worker)
{
	if (worker->report != NULL)
		report_orphan(worker->report);
	report_lease_drop(workers, worker);
	for (size_t i = 0; i < worker->store_count; i++) {
		struct store *store = worker->stores[i];

		store_numbers_retire(&workers->numbers, store->number);
		if (store->next_number != 0)
			store_numbers_retire(&workers->numbers, store->next_number);
		store_drop_deletions(workers, store);
		mem_free(store->uuid);
		mem_free(store);
	}
	mem_free(worker->stores);
	mem_free(worker->figures);
	for (size_t i = 0; i < COUNT_OF(worker->names); i++)
		mem_free(worker->names[i]);
	mem_free(worker);
}

void workers_destroy(struct workers *workers)
{
	if (workers == NULL)
		return;
	OBJ_CHECK(workers, WORKERS_MAGIC);
	scan_finish(workers);
	io_hook_cancel(&workers->reached_hook);
	io_timer_stop(&workers->liveness_timer);
	for (size_t i = 0; i < workers->count; i++)
		worker_destroy(workers, workers->all[i]);
	mem_free(workers->all);
	store_numbers_finish(&workers->numbers);
	locations_destroy(workers->locations);
	aside_destroy(workers->aside);
	workers->magic = 0;
	mem_free(workers);
}

/* The state before may have lacked files, if it was not that of the other masters. */
static void doubt_what_was_said(struct workers *workers, struct worker *worker)
{
	if (worker->report != NULL)
		report_orphan(worker->report);
	for (size_t i = 0; i < worker->store_count; i++)
		store_drop_deletions(workers, worker->stores[i]);
	worker->owes_report = true;
}

void workers_set_namespace(struct workers *workers, struct namespace *ns)
{
	workers->ns = ns;
	if (ns != NULL)
		workers_recount(workers);
	for (size_t i = 0; ns == NULL && i < workers->count; i++)
		doubt_what_was_said(workers, workers->all[i]);
}

void workers_set_primary(struct workers *workers, bool is_primary)
{
	workers->is_primary = is_primary;
	for (size_t i = 0; is_primary && i < workers->count; i++)
		for (size_t k = 0; k < workers->all[i]->store_count; k++)
			workers->all[i]->stores[k]->is_stale = true;
}

void workers_send_deletions(struct workers *workers, bool sends)
{
	workers->sends_deletions = sends;
}

/* ---- the table ---- */

static struct list *bucket_of(struct workers *workers, struct str uuid)
{
	return &workers->buckets[hash64(workers->seed, uuid.data, uuid.size) % WORKER_BUCKETS];
}

struct worker *worker_find(struct workers *workers, struct str uuid)
{
	OBJ_CHECK(workers, WORKERS_MAGIC);
	LIST_FOR_EACH (node, bucket_of(workers, uuid)) {
		struct worker *worker = CONTAINER_OF(node, struct worker, bucket);

		if (str_equal(worker->info.identity.uuid, uuid))
			return worker;
	}
	return NULL;
}

enum worker_liveness worker_liveness(const struct workers *workers, const struct worker *worker)
{
	uint64_t silent_us = io_now_us(workers->io) - worker->info.last_heartbeat_us;

	if (silent_us >= workers->dead_us)
		return WORKER_DEAD;
	return silent_us >= workers->stale_us ? WORKER_STALE : WORKER_LIVE;
}

const struct worker_info *worker_show(struct workers *workers, struct worker *worker)
{
	struct worker_info *info = &worker->info;

	info->liveness = worker_liveness(workers, worker);
	info->is_reported = worker->store_count > 0;
	info->blocks = 0;
	for (size_t i = 0; i < worker->store_count; i++) {
		info->is_reported = info->is_reported && worker->stores[i]->is_reported;
		info->blocks += worker->stores[i]->blocks;
	}
	return info;
}

const struct worker_info *workers_find(struct workers *workers, struct str uuid)
{
	struct worker *worker = worker_find(workers, uuid);

	return worker == NULL ? NULL : worker_show(workers, worker);
}

void workers_each(struct workers *workers, unsigned mask,
                  bool (*each)(void *context, const struct worker_info *worker), void *context)
{
	for (size_t i = 0; i < workers->count; i++) {
		const struct worker_info *info = worker_show(workers, workers->all[i]);

		if ((info->liveness & mask) != 0 && !each(context, info))
			return;
	}
}

uint64_t workers_complete_blocks(const struct workers *workers)
{
	struct ns_counts counts;

	ns_counts(workers->ns, &counts);
	return counts.blocks - counts.open_blocks;
}

void workers_totals(struct workers *workers, struct workers_totals *ret_totals)
{
	struct workers_totals totals = {
	        .location_bytes = locations_bytes(workers->locations),
	        .located = workers->counts.located,
	        .missing = workers->counts.missing,
	        .under_replicated = workers->counts.under_replicated,
	        .corrupt = workers->counts.corrupt,
	        .waiting_reports = workers->counts.waiting,
	        .pending_deletions = workers->deletion_count,
	};

	for (size_t i = 0; i < workers->count; i++) {
		const struct worker_info *info = &workers->all[i]->info;
		enum worker_liveness liveness = worker_liveness(workers, workers->all[i]);

		totals.live += liveness == WORKER_LIVE;
		totals.stale += liveness == WORKER_STALE;
		totals.dead += liveness == WORKER_DEAD;
		if (liveness == WORKER_DEAD)
			continue;
		totals.capacity += info->capacity;
		totals.used += info->used;
		totals.remaining += info->remaining;
		totals.pool_used += info->pool_used;
		totals.other_used += info->other_used;
		totals.xceivers += info->xceivers;
	}
	if (totals.capacity == 0)
		totals.capacity = 1;
	if (workers->ns != NULL) {
		uint64_t complete = workers_complete_blocks(workers);

		totals.unlocated = complete > totals.located ? complete - totals.located : 0;
	}
	*ret_totals = totals;
}

/* ---- registration ---- */

/* Names stand in logs and in the output of tools: no spaces, no control characters. */
bool worker_is_name(struct str name)
{
	for (size_t i = 0; i < name.size; i++)
		if ((unsigned char)name.data[i] <= ' ' || name.data[i] == 0x7f)
			return false;
	return name.size > 0 && name.size <= WORKER_NAME_BYTES_MAX;
}

static bool is_identity(const struct worker_identity *identity)
{
	return worker_is_name(identity->uuid) && worker_is_name(identity->address) &&
	       worker_is_name(identity->host) && identity->version.size <= WORKER_NAME_BYTES_MAX;
}

/* Copies of the names replace the ones before. */
static int worker_set_identity(struct worker *worker, const struct worker_identity *identity)
{
	const struct str names[] = {identity->uuid, identity->address, identity->host,
	                            identity->version};
	char *copies[COUNT_OF(names)] = {0};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		copies[i] = mem_strdup(names[i]);
		if (copies[i] == NULL) {
			while (i-- > 0)
				mem_free(copies[i]);
			return -ERR_NO_MEMORY;
		}
	}
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		mem_free(worker->names[i]);
		worker->names[i] = copies[i];
	}
	worker->info.identity = *identity;
	worker->info.identity.uuid = str_make(copies[0], names[0].size);
	worker->info.identity.address = str_make(copies[1], names[1].size);
	worker->info.identity.host = str_make(copies[2], names[2].size);
	worker->info.identity.version = str_make(copies[3], names[3].size);
	return 0;
}

static void worker_forget(struct workers *workers, struct worker *worker)
{
	list_remove(&worker->bucket);
	for (size_t i = worker->place + 1; i < workers->count; i++) {
		workers->all[i - 1] = workers->all[i];
		workers->all[i - 1]->place = i - 1;
	}
	workers->count--;
	worker_destroy(workers, worker);
	workers_recount(workers);
}

/* Room for a new one.  False: nobody is dead. */
static bool forget_longest_dead(struct workers *workers)
{
	struct worker *longest = workers->all[0];

	for (size_t i = 1; i < workers->count; i++)
		if (workers->all[i]->info.last_heartbeat_us < longest->info.last_heartbeat_us)
			longest = workers->all[i];
	if (worker_liveness(workers, longest) != WORKER_DEAD)
		return false;
	worker_forget(workers, longest);
	return true;
}

static int worker_create(struct workers *workers, const struct worker_identity *identity,
                         struct worker **ret_worker)
{
	struct worker *worker;
	int rc;

	if (workers->count == WORKERS_MAX && !forget_longest_dead(workers))
		return -ERR_TOO_LARGE;
	if (workers->count == workers->capacity) {
		size_t capacity = workers->capacity * 2 + 16;
		struct worker **all = mem_realloc(workers->all, capacity * sizeof(struct worker *));

		if (all == NULL)
			return -ERR_NO_MEMORY;
		workers->all = all;
		workers->capacity = capacity;
	}
	worker = mem_zalloc(sizeof(*worker));
	if (worker == NULL)
		return -ERR_NO_MEMORY;
	rc = worker_set_identity(worker, identity);
	if (rc < 0) {
		mem_free(worker);
		return rc;
	}
	list_append(bucket_of(workers, identity->uuid), &worker->bucket);
	worker->place = workers->count;
	workers->all[workers->count++] = worker;
	*ret_worker = worker;
	return 0;
}

/* A worker whose disk was made anew comes back under a new uuid. */
static void forget_predecessor(struct workers *workers, const struct worker_identity *identity)
{
	for (size_t i = 0; i < workers->count; i++) {
		struct worker *other = workers->all[i];
		const struct worker_identity *known = &other->info.identity;

		if (known->transfer_port != identity->transfer_port ||
		    !str_equal(known->address, identity->address) ||
		    str_equal(known->uuid, identity->uuid))
			continue;
		log_event(LOG_WORKER_REPLACED, "worker=%.*s uuid=%.*s new_uuid=%.*s",
		          STR_ARGS(known->host), STR_ARGS(known->uuid), STR_ARGS(identity->uuid));
		worker_forget(workers, other);
		return;
	}
}

int workers_register(struct workers *workers, const struct worker_identity *identity)
{
	struct worker *worker = worker_find(workers, identity->uuid);
	int rc;

	if (!is_identity(identity))
		return -ERR_ILLEGAL_ARGUMENT;
	if (worker == NULL)
		rc = worker_create(workers, identity, &worker);
	else
		rc = worker_set_identity(worker, identity);
	if (rc < 0)
		return rc;
	forget_predecessor(workers, identity);
	if (worker->report != NULL)
		report_orphan(worker->report);
	for (size_t i = 0; i < worker->store_count; i++)
		worker->stores[i]->is_reported = false;
	worker->round++;
	worker->owes_report = false;
	worker->info.last_heartbeat_us = io_now_us(workers->io);
	worker->info.last_heartbeat_wall_ms = io_wall_ms(workers->io);
	worker->logged = WORKER_LIVE;
	if (!io_timer_is_started(&workers->liveness_timer))
		io_timer_start(&workers->liveness_timer, LIVENESS_LOOK_US);
	workers_recount(workers);
	log_event(LOG_WORKER_REGISTERED, "worker=%.*s address=%.*s:%u uuid=%.*s",
	          STR_ARGS(identity->host), STR_ARGS(identity->address), identity->transfer_port,
	          STR_ARGS(identity->uuid));
	return 0;
}

/* ---- liveness ---- */

void worker_lost_report(struct worker *worker)
{
	if (worker->owes_report)
		return;
	worker->owes_report = true;
	log_event(LOG_WORKER_REPORT_LOST, "worker=%.*s", STR_ARGS(worker->info.identity.host));
}

/* Says in the log when a worker falls silent; everything else asks worker_liveness(). */
static void liveness_look(struct io_timer *timer)
{
	struct workers *workers = CONTAINER_OF(timer, struct workers, liveness_timer);

	for (size_t i = 0; i < workers->count; i++) {
		struct worker *worker = workers->all[i];
		enum worker_liveness liveness = worker_liveness(workers, worker);

		if (liveness == worker->logged)
			continue;
		worker->logged = liveness;
		workers_recount(workers);
		log_event(liveness == WORKER_DEAD ? LOG_WORKER_DEAD : LOG_WORKER_STALE,
		          "worker=%.*s silent_ms=%" PRIu64, STR_ARGS(worker->info.identity.host),
		          (io_now_us(workers->io) - worker->info.last_heartbeat_us) / 1000);
	}
	if (workers->count > 0)
		io_timer_start(&workers->liveness_timer, LIVENESS_LOOK_US);
}
