/* SPDX-License-Identifier: Apache-2.0 */
/* Which replicas workers are told to delete, and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/master/workers_fixture.h"

static void deleted_blocks_are_sent_to_their_workers_once(void **state)
{
	struct block block = fake_block(100, 2, true);
	struct worker_orders orders;

	(void)state;
	join("w1");
	join("w2");
	join("w3");
	report_change("w1", block, REPLICA_RECEIVED);
	report_change("w2", block, REPLICA_RECEIVED);
	fake_info(fake_ns, block.id)->inode = 0;
	workers_blocks_gone(workers, &block, 1);
	assert_int_equal(located(block), 0);
	orders = beat("w1");
	assert_int_equal(orders.deletion_count, 1);
	assert_int_equal(orders.deletions[0].id, block.id);
	assert_int_equal(orders.deletions[0].stamp, block.stamp);
	assert_int_equal(beat("w1").deletion_count, 0);
	assert_int_equal(beat("w2").deletion_count, 1);
	assert_int_equal(beat("w3").deletion_count, 0);
	assert_int_equal(totals_now().pending_deletions, 0);
}

static void without_a_proof_of_primacy_orders_wait(void **state)
{
	struct block block = fake_block(100, 1, true);
	struct worker_store store = {.uuid = STR("s1"), .capacity = GB, .remaining = GB};
	struct worker_beat asks = {
	        .uuid = STR("w1"), .stores = &store, .store_count = 1, .takes_no_orders = true};
	struct worker_orders orders;

	(void)state;
	join("w1");
	report_change("w1", block, REPLICA_RECEIVED);
	fake_info(fake_ns, block.id)->inode = 0;
	workers_blocks_gone(workers, &block, 1);
	assert_int_equal(workers_heartbeat(workers, &asks, &arena, &orders), 0);
	assert_int_equal(orders.deletion_count, 0);
	assert_int_equal(beat("w1").deletion_count, 1);
}

/* The primary of that time sent them; a list that only grows would fill this master. */
static void a_standby_forgets_old_orders(void **state)
{
	struct block old = fake_block(100, 1, true);
	struct block young = fake_block(100, 1, true);

	(void)state;
	join("w1");
	report_change("w1", old, REPLICA_RECEIVED);
	report_change("w1", young, REPLICA_RECEIVED);
	workers_set_primary(workers, false);
	workers_blocks_gone(workers, &old, 1);
	fake_pass_ms(&io, 600 * 1000 + 1);
	beat("w1");
	assert_int_equal(workers->deletion_count, 0);
	workers_blocks_gone(workers, &young, 1);
	fake_pass_ms(&io, 1000);
	beat("w1");
	workers_set_primary(workers, true);
	assert_int_equal(beat("w1").deletion_count, 1);
}

static void a_replica_whose_file_is_gone_is_found_by_the_full_report(void **state)
{
	struct block block = fake_block(100, 1, true);
	struct replica replica = {.block = block};

	(void)state;
	fake_info(fake_ns, block.id)->inode = 0;
	join("w1");
	report_all("w1", &replica, 1);
	report_all("w1", &replica, 1); /* before the order went out: still one order */
	assert_int_equal(beat("w1").deletion_count, 1);
}

static void one_heartbeat_carries_a_bounded_number_of_deletions(void **state)
{
	struct block blocks[2500];

	(void)state;
	join("w1");
	for (size_t i = 0; i < COUNT_OF(blocks); i++) {
		blocks[i] = fake_block(1, 1, true);
		report_change("w1", blocks[i], REPLICA_RECEIVED);
	}
	workers_blocks_gone(workers, blocks, COUNT_OF(blocks));
	assert_int_equal(beat("w1").deletion_count, WORKER_DELETIONS_BATCH);
	assert_int_equal(beat("w1").deletion_count, WORKER_DELETIONS_BATCH);
	assert_int_equal(beat("w1").deletion_count, 500);
	assert_int_equal(beat("w1").deletion_count, 0);
}

static void neither_a_standby_nor_a_starting_primary_orders_deletions(void **state)
{
	struct block block = fake_block(100, 1, true);

	(void)state;
	join("w1");
	report_change("w1", block, REPLICA_RECEIVED);
	workers_set_primary(workers, false);
	workers_blocks_gone(workers, &block, 1);
	assert_int_equal(beat("w1").deletion_count, 0);
	workers_set_primary(workers, true);
	workers_send_deletions(workers, false);
	assert_int_equal(beat("w1").deletion_count, 0);
	workers_send_deletions(workers, true);
	assert_int_equal(beat("w1").deletion_count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(deleted_blocks_are_sent_to_their_workers_once),
	        TEST(without_a_proof_of_primacy_orders_wait),
	        TEST(a_standby_forgets_old_orders),
	        TEST(a_replica_whose_file_is_gone_is_found_by_the_full_report),
	        TEST(one_heartbeat_carries_a_bounded_number_of_deletions),
	        TEST(neither_a_standby_nor_a_starting_primary_orders_deletions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
