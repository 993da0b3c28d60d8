/* SPDX-License-Identifier: Apache-2.0 */
/* What workers report, and what of it is believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "unit/master/workers_fixture.h"

static void a_full_report_tells_where_blocks_are(void **state)
{
	struct block block = fake_block(100, 1, true);
	struct replica replica = {.block = block};

	(void)state;
	join("w1");
	assert_int_equal(located(block), 0);
	report_all("w1", &replica, 1);
	assert_int_equal(located(block), 1);
	assert_true(workers_find(workers, STR("w1"))->is_reported);
}

/* W1 had two blocks, and so far its next report names the second only. */
static struct full_report *begin_report_of_second(struct replica *ret_two)
{
	struct replica two[2] = {{.block = fake_block(1, 1, true)},
	                         {.block = fake_block(2, 1, true)}};
	struct full_report *report;

	join("w1");
	report_all("w1", two, 2);
	assert_int_equal(workers_report_begin(workers, STR("w1"), STR("s1"), 1, &report), 0);
	assert_int_equal(workers_report_add(report, &two[1], 1), 0);
	memcpy(ret_two, two, sizeof(two));
	return report;
}

static void what_a_full_report_does_not_name_is_gone_when_it_ends(void **state)
{
	struct replica two[2];
	struct full_report *report = begin_report_of_second(two);

	(void)state;
	assert_int_equal(located(two[0].block), 1); /* not said yet that it is gone */
	assert_int_equal(located(two[1].block), 1); /* known twice, counted once */
	workers_report_end(report);
	assert_int_equal(located(two[0].block), 0);
	assert_int_equal(located(two[1].block), 1);
	assert_int_equal(totals_now().located, 1);
	assert_int_equal(locations_count(workers->locations), 1); /* no trace left */
}

static void a_report_given_up_leaves_what_was_known(void **state)
{
	struct replica two[2];
	struct full_report *report = begin_report_of_second(two);

	(void)state;
	workers_report_abort(report);
	assert_int_equal(located(two[0].block), 1);
	assert_int_equal(located(two[1].block), 1);
	assert_true(beat("w1").must_register); /* it is asked for a new one */
	assert_false(beat("w1").must_register);
}

static void a_worker_that_registers_again_breaks_its_report_off(void **state)
{
	struct replica replica = {.block = fake_block(1, 1, true)};
	struct full_report *report;

	(void)state;
	join("w1");
	assert_int_equal(workers_report_begin(workers, STR("w1"), STR("s1"), 1, &report), 0);
	join("w1");
	assert_int_equal(workers_report_add(report, &replica, 1), -ERR_CHANGED);
	workers_report_abort(report);
	report_all("w1", &replica, 1);
	assert_int_equal(located(replica.block), 1);
}

static void changes_wait_for_the_end_of_a_full_report(void **state)
{
	struct replica_change change = {.block = fake_block(1, 1, true), .event = REPLICA_RECEIVED};
	struct full_report *report;

	(void)state;
	join("w1");
	assert_int_equal(workers_report_begin(workers, STR("w1"), STR("s1"), 1, &report), 0);
	assert_int_equal(workers_report_changes(workers, STR("w1"), STR("s1"), 1, &change, 1),
	                 -ERR_BUSY);
	workers_report_end(report);
	assert_int_equal(workers_report_changes(workers, STR("w1"), STR("s1"), 1, &change, 1), 0);
}

static void a_store_that_a_round_of_reports_does_not_name_holds_nothing(void **state)
{
	struct replica replica = {.block = fake_block(1, 1, true)};
	struct full_report *report;

	(void)state;
	join("w1");
	report_all("w1", &replica, 1);
	assert_int_equal(workers_report_begin(workers, STR("w1"), STR("another"), 1, &report), 0);
	workers_report_end(report);
	workers_report_all(workers, STR("w1"));
	assert_int_equal(located(replica.block), 0);
}

/* ---- a namespace that a checkpoint replaces ---- */

/* The one before had no file with this block. */
static struct block block_that_only_the_next_namespace_has(void)
{
	return (struct block){
	        .id = fake_ns->next_block++, .stamp = fake_ns->next_stamp++, .length = 100};
}

static void replace_namespace(struct block has)
{
	fake_ns->loose[fake_ns->loose_count++] = (struct ns_block_info){
	        .inode = 99999, .block = has, .replication = 1, .is_complete = true};
	workers_set_namespace(workers, NULL);
	workers_set_namespace(workers, fake_ns);
}

static void what_a_replaced_namespace_wanted_deleted_stays(void **state)
{
	struct block block = block_that_only_the_next_namespace_has();
	struct replica replica = {.block = block};
	struct worker_orders orders;

	(void)state;
	join("w1");
	report_all("w1", &replica, 1);
	assert_int_equal(totals_now().pending_deletions, 1);
	replace_namespace(block);
	orders = beat("w1");
	assert_int_equal(orders.deletion_count, 0);
	assert_true(orders.must_register); /* and says again what it has */
	join("w1");
	report_all("w1", &replica, 1);
	assert_int_equal(located(block), 1);
	assert_false(beat("w1").must_register);
}

static struct full_report *begin_report_of(struct replica replica)
{
	struct full_report *report;

	join("w1");
	assert_int_equal(workers_report_begin(workers, STR("w1"), STR("s1"), 1, &report), 0);
	assert_int_equal(workers_report_add(report, &replica, 1), 0);
	return report;
}

static void a_report_judged_half_by_a_replaced_namespace_is_broken_off(void **state)
{
	struct replica replica = {.block = block_that_only_the_next_namespace_has()};
	struct full_report *report = begin_report_of(replica);

	(void)state;
	replace_namespace(replica.block);
	assert_int_equal(workers_report_add(report, &replica, 1), -ERR_CHANGED);
	workers_report_abort(report);
	assert_true(beat("w1").must_register);
}

static void a_round_that_went_on_behind_a_replaced_namespace_is_asked_for_again(void **state)
{
	struct replica replica = {.block = block_that_only_the_next_namespace_has()};
	struct full_report *report = begin_report_of(replica);

	(void)state;
	workers_report_end(report);
	replace_namespace(replica.block);
	assert_int_equal(workers_report_begin(workers, STR("w1"), STR("another"), 1, &report), 0);
	workers_report_end(report);
	workers_report_all(workers, STR("w1"));
	assert_true(beat("w1").must_register);
}

/* ---- what is not applied yet ---- */

static void report_of_an_unseen_block_waits(void **state)
{
	struct block ahead = {.id = fake_ns->next_block, .stamp = fake_ns->next_stamp, .length = 9};
	struct block block;

	(void)state;
	join("w1");
	report_change("w1", ahead, REPLICA_RECEIVED);
	assert_int_equal(located(ahead), 0);
	assert_int_equal(totals_now().waiting_reports, 1);
	block = fake_block(9, 1, true); /* the entry arrives */
	assert_int_equal(block.id, ahead.id);
	assert_int_equal(located(block), 1);
	assert_int_equal(beat("w1").deletion_count, 0);
	workers_recount(workers);
	assert_int_equal(totals_now().located, 1);
	assert_int_equal(totals_now().waiting_reports, 0);
}

static void a_replica_beyond_what_is_applied_is_never_deleted(void **state)
{
	struct block known = fake_block(9, 1, true);
	struct block unseen_id = {.id = fake_ns->next_block, .stamp = known.stamp, .length = 9};
	struct block unseen_stamp = {.id = known.id, .stamp = fake_ns->next_stamp, .length = 9};

	(void)state;
	join("w1");
	join("w2");
	report_change("w1", unseen_id, REPLICA_RECEIVED);
	report_change("w2", unseen_stamp, REPLICA_RECEIVED);
	assert_int_equal(totals_now().waiting_reports, 2);
	assert_int_equal(totals_now().corrupt, 0);
	assert_int_equal(beat("w1").deletion_count, 0);
	assert_int_equal(beat("w2").deletion_count, 0);
}

static void what_an_unseen_block_was_said_to_be_can_be_taken_back(void **state)
{
	struct block ahead = {.id = fake_ns->next_block, .stamp = fake_ns->next_stamp, .length = 9};

	(void)state;
	join("w1");
	report_change("w1", ahead, REPLICA_RECEIVED);
	report_change("w1", ahead, REPLICA_DELETED);
	assert_int_equal(located(fake_block(9, 1, true)), 0);
}

static void past_its_bound_a_new_full_report_is_asked_for(void **state)
{
	struct replica replica = {.block = {.stamp = 1ull << 40}};
	struct full_report *report;

	(void)state;
	join("w1");
	assert_int_equal(workers_report_begin(workers, STR("w1"), STR("s1"), 1, &report), 0);
	for (uint64_t i = 0; i <= ASIDE_MAX; i++) {
		replica.block.id = (1ull << 40) + i;
		assert_int_equal(workers_report_add(report, &replica, 1), 0);
	}
	workers_report_end(report);
	assert_false(beat("w1").must_register);                 /* no room for it yet */
	fake_ns->next_block = fake_ns->next_stamp = 1ull << 60; /* all are seen now, and gone */
	workers_recount(workers);
	totals_now();
	assert_int_equal(aside_count(workers->aside), 0);
	while (beat("w1").deletion_count > 0)
		arena_reset(&arena);
}

/* ---- what is believed ---- */

static void a_replica_with_another_stamp_or_length_is_no_location(void **state)
{
	struct block block = fake_block(100, 2, true);
	struct block other_stamp = block;
	struct block other_length = block;

	(void)state;
	join("w1");
	join("w2");
	join("w3");
	other_stamp.stamp--;
	other_length.length--;
	report_change("w1", block, REPLICA_RECEIVED);
	report_change("w2", other_stamp, REPLICA_RECEIVED);
	report_change("w3", other_length, REPLICA_RECEIVED);
	assert_int_equal(located(block), 1);
	assert_int_equal(totals_now().corrupt, 2);
	assert_int_equal(beat("w2").deletion_count, 0); /* the good ones are too few */
}

static void a_wrong_replica_goes_when_enough_good_ones_are_known(void **state)
{
	struct block block = fake_block(100, 1, true);
	struct block wrong = block;
	struct replica good = {.block = block};
	struct worker_orders orders;

	(void)state;
	join("w1");
	join("w2");
	wrong.length = 5;
	report_change("w2", wrong, REPLICA_RECEIVED);
	report_change("w1", block, REPLICA_RECEIVED);
	totals_now();
	assert_int_equal(beat("w2").deletion_count, 0); /* w1 has not reported since promotion */
	report_all("w1", &good, 1);
	assert_int_equal(totals_now().corrupt, 0);
	orders = beat("w2");
	assert_int_equal(orders.deletion_count, 1);
	assert_int_equal(orders.deletions[0].id, block.id);
}

static void a_standby_judges_no_replica(void **state)
{
	struct block block = fake_block(100, 1, true);
	struct replica good = {.block = block};
	struct block wrong = block;

	(void)state;
	workers_set_primary(workers, false);
	join("w1");
	join("w2");
	wrong.length = 5;
	report_all("w1", &good, 1);
	report_change("w2", wrong, REPLICA_RECEIVED);
	totals_now();
	assert_int_equal(workers->deletion_count, 0);
	assert_int_equal(located(block), 1);
}

static void an_old_being_written_report_is_not_taken_for_corruption(void **state)
{
	struct block block = fake_block(100, 1, true);
	struct replica late = {.block = block, .state = REPLICA_BEING_WRITTEN};

	(void)state;
	join("w1");
	late.block.length = 60;
	report_all("w1", &late, 1);
	assert_int_equal(totals_now().corrupt, 0);
	report_change("w1", block, REPLICA_RECEIVED);
	assert_int_equal(located(block), 1);
}

static void a_block_reported_early_is_found_once_it_is_complete(void **state)
{
	struct block block = fake_block(0, 1, false);
	struct block written = block;

	(void)state;
	join("w1");
	written.length = 77;
	report_change("w1", written, REPLICA_RECEIVED);
	assert_int_equal(workers_count_replicas(workers, &block), 1);
	fake_info(fake_ns, block.id)->is_complete = true;
	fake_info(fake_ns, block.id)->block.length = 77;
	assert_int_equal(located(written), 1);
	workers_block_settled(workers, block.id);
	assert_int_equal(aside_count(workers->aside), 0);
	assert_int_equal(located(written), 1);
	assert_int_equal(totals_now().located, 1);
}

static void a_bad_replica_is_read_no_more(void **state)
{
	struct block block = fake_block(100, 1, true);

	(void)state;
	join("w1");
	report_change("w1", block, REPLICA_RECEIVED);
	workers_report_bad(workers, STR("w1"), &block);
	assert_int_equal(located(block), 0);
	assert_int_equal(totals_now().corrupt, 1);
	assert_int_equal(beat("w1").deletion_count, 0); /* it is the only one */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(a_full_report_tells_where_blocks_are),
	        TEST(what_a_full_report_does_not_name_is_gone_when_it_ends),
	        TEST(a_report_given_up_leaves_what_was_known),
	        TEST(a_worker_that_registers_again_breaks_its_report_off),
	        TEST(changes_wait_for_the_end_of_a_full_report),
	        TEST(a_store_that_a_round_of_reports_does_not_name_holds_nothing),
	        TEST(what_a_replaced_namespace_wanted_deleted_stays),
	        TEST(a_report_judged_half_by_a_replaced_namespace_is_broken_off),
	        TEST(a_round_that_went_on_behind_a_replaced_namespace_is_asked_for_again),
	        TEST(report_of_an_unseen_block_waits),
	        TEST(a_replica_beyond_what_is_applied_is_never_deleted),
	        TEST(what_an_unseen_block_was_said_to_be_can_be_taken_back),
	        TEST(past_its_bound_a_new_full_report_is_asked_for),
	        TEST(a_replica_with_another_stamp_or_length_is_no_location),
	        TEST(a_wrong_replica_goes_when_enough_good_ones_are_known),
	        TEST(a_standby_judges_no_replica),
	        TEST(an_old_being_written_report_is_not_taken_for_corruption),
	        TEST(a_block_reported_early_is_found_once_it_is_complete),
	        TEST(a_bad_replica_is_read_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
