/* SPDX-License-Identifier: Apache-2.0 */
/* Workers come, beat, fall silent and are replaced. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/master/workers_fixture.h"

static void an_unknown_worker_is_told_to_register(void **state)
{
	(void)state;
	assert_true(beat("w1").must_register);
	join("w1");
	assert_false(beat("w1").must_register);
}

static void names_that_would_forge_a_log_line_are_refused(void **state)
{
	struct worker_identity identity = identity_of("w1");

	(void)state;
	identity.host = STR("host\nforged");
	assert_int_equal(workers_register(workers, &identity), -ERR_ILLEGAL_ARGUMENT);
	identity.host = STR("");
	assert_int_equal(workers_register(workers, &identity), -ERR_ILLEGAL_ARGUMENT);
	assert_null(workers_find(workers, STR("w1")));
}

static void a_silent_worker_becomes_stale_then_dead_then_live_again(void **state)
{
	(void)state;
	join("w1");
	assert_int_equal(workers_find(workers, STR("w1"))->liveness, WORKER_LIVE);
	fake_pass_ms(&io, STALE_MS);
	assert_int_equal(workers_find(workers, STR("w1"))->liveness, WORKER_STALE);
	fake_pass_ms(&io, DEAD_MS - STALE_MS);
	assert_int_equal(workers_find(workers, STR("w1"))->liveness, WORKER_DEAD);
	beat("w1");
	assert_int_equal(workers_find(workers, STR("w1"))->liveness, WORKER_LIVE);
}

static void capacity_is_never_zero(void **state)
{
	struct workers_totals totals;

	(void)state;
	workers_totals(workers, &totals);
	assert_true(totals.capacity > 0);
	join("w1");
	workers_totals(workers, &totals);
	assert_int_equal(totals.capacity, 10ull * GB);
	fake_pass_ms(&io, DEAD_MS);
	workers_totals(workers, &totals);
	assert_true(totals.capacity > 0);
	assert_int_equal(totals.dead, 1);
}

static void figures_that_would_wrap_stay_at_the_top(void **state)
{
	struct worker_store stores[2] = {
	        {.uuid = STR("a"), .capacity = UINT64_MAX, .remaining = UINT64_MAX},
	        {.uuid = STR("b"), .capacity = UINT64_MAX, .remaining = 7}};
	struct worker_beat both = {.uuid = STR("w1"), .stores = stores, .store_count = 2};
	struct worker_orders orders;

	(void)state;
	join("w1");
	assert_int_equal(workers_heartbeat(workers, &both, &arena, &orders), 0);
	assert_int_equal(workers_find(workers, STR("w1"))->remaining, UINT64_MAX);
}

static void a_heartbeat_with_more_stores_than_a_worker_may_have_is_refused(void **state)
{
	struct worker_store stores[WORKER_STORES_MAX + 1] = {0};
	struct worker_beat giant = {.uuid = STR("w1"), .stores = stores};
	struct worker_orders orders;

	(void)state;
	join("w1");
	for (size_t i = 0; i <= WORKER_STORES_MAX; i++)
		stores[i].uuid = STR("s1");
	giant.store_count = WORKER_STORES_MAX;
	assert_int_equal(workers_heartbeat(workers, &giant, &arena, &orders), 0);
	giant.store_count = WORKER_STORES_MAX + 1;
	assert_int_equal(workers_heartbeat(workers, &giant, &arena, &orders), -ERR_TOO_LARGE);
}

static void a_worker_made_anew_replaces_the_one_at_its_address(void **state)
{
	struct worker_identity identity = identity_of("w1");

	(void)state;
	join("w1");
	identity.uuid = STR("other");
	assert_int_equal(workers_register(workers, &identity), 0);
	assert_null(workers_find(workers, STR("w1")));
	assert_non_null(workers_find(workers, STR("other")));
}

static void when_the_table_is_full_the_longest_dead_is_forgotten(void **state)
{
	struct worker_identity identity = identity_of("w1");
	char name[16];

	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	for (unsigned i = 0; i < WORKERS_MAX; i++) {
		snprintf(name, sizeof(name), "u%u", i);
		identity.uuid = str_of(name);
		identity.address = str_of(name);
		assert_int_equal(workers_register(workers, &identity), 0);
		io.now_us++;
	}
	identity.uuid = identity.address = STR("one-more");
	assert_int_equal(workers_register(workers, &identity), -ERR_TOO_LARGE);
	io.now_us += DEAD_MS * 1000ull;
	assert_int_equal(workers_register(workers, &identity), 0);
	assert_null(workers_find(workers, STR("u0")));
	assert_non_null(workers_find(workers, STR("u1")));
	log_set_level(LOG_LEVEL_INFO);
}

static void few_workers_at_once_get_leave_for_a_full_report(void **state)
{
	char uuid[16];
	size_t given = 0;

	(void)state;
	for (int i = 1; i <= 8; i++) {
		struct worker_beat asks = {.wants_report_lease = true};
		struct worker_orders orders;

		snprintf(uuid, sizeof(uuid), "w%d", i);
		join(uuid);
		asks.uuid = str_of(uuid);
		assert_int_equal(workers_heartbeat(workers, &asks, &arena, &orders), 0);
		given += orders.report_lease != 0;
	}
	assert_int_equal(given, 6); /* HDFS: dfs.namenode.max.full.block.report.leases */
	report_all("w1", NULL, 0);
	fake_pass_ms(&io, 1);
	{
		struct worker_beat asks = {.uuid = STR("w8"), .wants_report_lease = true};
		struct worker_orders orders;

		assert_int_equal(workers_heartbeat(workers, &asks, &arena, &orders), 0);
		assert_int_not_equal(orders.report_lease, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(an_unknown_worker_is_told_to_register),
	        TEST(names_that_would_forge_a_log_line_are_refused),
	        TEST(a_silent_worker_becomes_stale_then_dead_then_live_again),
	        TEST(capacity_is_never_zero),
	        TEST(figures_that_would_wrap_stay_at_the_top),
	        TEST(a_heartbeat_with_more_stores_than_a_worker_may_have_is_refused),
	        TEST(a_worker_made_anew_replaces_the_one_at_its_address),
	        TEST(when_the_table_is_full_the_longest_dead_is_forgotten),
	        TEST(few_workers_at_once_get_leave_for_a_full_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
