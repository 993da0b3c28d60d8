/* SPDX-License-Identifier: Apache-2.0 */
/* Which replicas of a block are there, and who waits for them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/master/workers_fixture.h"

static void replicas_of_a_dead_worker_do_not_count(void **state)
{
	struct block block = fake_block(100, 2, true);

	(void)state;
	join("w1");
	join("w2");
	report_change("w1", block, REPLICA_RECEIVED);
	report_change("w2", block, REPLICA_RECEIVED);
	assert_int_equal(totals_now().under_replicated, 0);
	for (int i = 0; i < 70; i++) {
		fake_pass_ms(&io, 10 * 1000);
		beat("w2");
	}
	assert_int_equal(located(block), 1);
	assert_int_equal(totals_now().under_replicated, 1);
	beat("w1");
	assert_int_equal(located(block), 2);
	assert_int_equal(totals_now().under_replicated, 0);
}

static void a_block_without_a_live_replica_is_missing(void **state)
{
	struct block block = fake_block(100, 1, true);

	(void)state;
	fake_block(0, 1, false); /* being written: not missing */
	workers_recount(workers);
	assert_int_equal(totals_now().missing, 1);
	join("w1");
	report_change("w1", block, REPLICA_RECEIVED);
	assert_int_equal(totals_now().missing, 0);
}

static void replicas_on_a_failed_volume_do_not_count(void **state)
{
	struct block block = fake_block(100, 1, true);
	struct worker_store failed = {.uuid = STR("s1"), .is_failed = true};
	struct worker_beat says = {.uuid = STR("w1"), .stores = &failed, .store_count = 1};
	struct worker_orders orders;

	(void)state;
	join("w1");
	report_change("w1", block, REPLICA_RECEIVED);
	assert_int_equal(workers_heartbeat(workers, &says, &arena, &orders), 0);
	assert_int_equal(located(block), 0);
	beat("w1");
	assert_int_equal(located(block), 1);
}

static void the_readers_own_host_comes_first_and_stale_ones_last(void **state)
{
	struct block block = fake_block(100, 3, true);
	struct location found[3];

	(void)state;
	join("w1");
	join("w2");
	join("w3");
	report_change("w1", block, REPLICA_RECEIVED);
	report_change("w2", block, REPLICA_RECEIVED);
	report_change("w3", block, REPLICA_RECEIVED);
	fake_pass_ms(&io, STALE_MS);
	beat("w2");
	beat("w3");
	for (int i = 0; i < 20; i++) {
		assert_int_equal(workers_locate(workers, &block, STR("10.0.0.3"), found, 3), 3);
		assert_true(str_equal(found[0].worker->identity.uuid, STR("w3")));
		assert_true(str_equal(found[2].worker->identity.uuid, STR("w1")));
		assert_true(str_equal(found[0].store_uuid, STR("s3")));
	}
	assert_int_equal(workers_locate(workers, &block, STR("10.0.0.1"), found, 2), 2);
	assert_false(str_equal(found[0].worker->identity.uuid, STR("w1"))); /* stale */
}

/* ---- waiting ---- */

struct waiter {
	struct replica_wait wait;
	int done;
	bool is_reached;
};

static void waiter_done(struct replica_wait *wait, bool is_reached)
{
	struct waiter *waiter = CONTAINER_OF(wait, struct waiter, wait);

	waiter->done++;
	waiter->is_reached = is_reached;
}

static void a_waiter_is_told_when_the_replica_is_reported(void **state)
{
	struct block block = fake_block(0, 1, false);
	struct waiter waiter = {.wait = {.done = waiter_done, .block = block, .count = 1}};

	(void)state;
	join("w1");
	workers_wait(workers, &waiter.wait, 2 * 1000 * 1000);
	report_change("w1", block, REPLICA_RECEIVING);
	fake_turn(&io);
	assert_int_equal(waiter.done, 0);
	report_change("w1", block, REPLICA_RECEIVED);
	assert_int_equal(waiter.done, 0); /* never inside the call */
	fake_turn(&io);
	assert_int_equal(waiter.done, 1);
	assert_true(waiter.is_reached);
}

static void a_waiter_whose_replica_never_comes_is_told_so(void **state)
{
	struct waiter waiter = {
	        .wait = {.done = waiter_done, .block = fake_block(0, 1, false), .count = 1}};
	struct waiter cancelled = waiter;

	(void)state;
	workers_wait(workers, &waiter.wait, 2 * 1000 * 1000);
	workers_wait(workers, &cancelled.wait, 2 * 1000 * 1000);
	workers_wait_cancel(&cancelled.wait);
	fake_pass_ms(&io, 1999);
	assert_int_equal(waiter.done, 0);
	fake_pass_ms(&io, 1);
	assert_int_equal(waiter.done, 1);
	assert_false(waiter.is_reached);
	assert_int_equal(cancelled.done, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(replicas_of_a_dead_worker_do_not_count),
	        TEST(a_block_without_a_live_replica_is_missing),
	        TEST(replicas_on_a_failed_volume_do_not_count),
	        TEST(the_readers_own_host_comes_first_and_stale_ones_last),
	        TEST(a_waiter_is_told_when_the_replica_is_reported),
	        TEST(a_waiter_whose_replica_never_comes_is_told_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
