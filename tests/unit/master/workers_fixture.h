/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a primary knows of its workers, with a clock that the test moves; worker "wN" is at 10.0.0.N
 * and has one store, "sN".  Include once in a test program, after cmocka.h.
 */
#ifndef HOLDFAST_TESTS_MASTER_WORKERS_FIXTURE_H
#define HOLDFAST_TESTS_MASTER_WORKERS_FIXTURE_H

#include "base/log.h"
#include "master/workers_private.h"
#include "unit/master/fake_io.h"
#include "unit/master/fake_namespace.h"

enum { STALE_MS = 30 * 1000, DEAD_MS = 630 * 1000, GB = 1 << 30 };

static struct io io;
static struct arena arena;
static struct workers *workers;

static inline int begin(void **state)
{
	const struct workers_options options = {
	        .io = &io, .stale_ms = STALE_MS, .dead_ms = DEAD_MS};

	(void)state;
	fake_io_init(&io);
	arena_init(&arena, 0);
	workers = workers_create(&options);
	workers_set_namespace(workers, ns_create(0));
	workers_set_primary(workers, true);
	workers_send_deletions(workers, true);
	return 0;
}

static inline int end(void **state)
{
	(void)state;
	workers_destroy(workers);
	ns_destroy(fake_ns);
	arena_finish(&arena);
	assert_int_equal(io.timer_count, 0);
	return 0;
}

static inline struct worker_identity identity_of(const char *uuid)
{
	static char address[32];

	snprintf(address, sizeof(address), "10.0.0.%s", uuid + 1);
	return (struct worker_identity){.uuid = str_of(uuid),
	                                .address = str_of(address),
	                                .host = str_of(uuid),
	                                .version = STR("3.4.3"),
	                                .transfer_port = 9866};
}

static inline struct str store_of_worker(const char *uuid)
{
	static char name[32];

	snprintf(name, sizeof(name), "s%s", uuid + 1);
	return str_of(name);
}

static inline struct worker_orders beat_with(const char *uuid, uint64_t remaining)
{
	struct worker_store store = {.uuid = store_of_worker(uuid),
	                             .storage_type = 1,
	                             .capacity = 10ull * GB,
	                             .remaining = remaining};
	struct worker_beat beat = {.uuid = str_of(uuid), .stores = &store, .store_count = 1};
	struct worker_orders orders;

	assert_int_equal(workers_heartbeat(workers, &beat, &arena, &orders), 0);
	return orders;
}

static inline struct worker_orders beat(const char *uuid)
{
	return beat_with(uuid, 5ull * GB);
}

static inline void join(const char *uuid)
{
	struct worker_identity identity = identity_of(uuid);

	assert_int_equal(workers_register(workers, &identity), 0);
	beat(uuid);
}

static inline void report_all(const char *uuid, const struct replica *replicas, size_t count)
{
	struct full_report *report;

	assert_int_equal(
	        workers_report_begin(workers, str_of(uuid), store_of_worker(uuid), 1, &report), 0);
	assert_int_equal(workers_report_add(report, replicas, count), 0);
	workers_report_end(report);
	workers_report_all(workers, str_of(uuid));
}

static inline void report_change(const char *uuid, struct block block, enum replica_event event)
{
	struct replica_change change = {.block = block, .event = event};

	assert_int_equal(
	        workers_report_changes(workers, str_of(uuid), store_of_worker(uuid), 1, &change, 1),
	        0);
}

static inline size_t located(struct block block)
{
	struct location locations[WORKER_LOCATIONS_MAX];

	return workers_locate(workers, &block, (struct str){0}, locations, WORKER_LOCATIONS_MAX);
}

static inline struct workers_totals totals_now(void)
{
	struct workers_totals totals;

	fake_pass_ms(&io, 10 * 1000); /* a scan follows every change within seconds */
	assert_true(!workers->scan.is_due && workers->scan.phase == SCAN_IDLE);
	workers_totals(workers, &totals);
	return totals;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

#endif
