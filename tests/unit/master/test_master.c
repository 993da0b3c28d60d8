/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/master/fake_world.h"

/* ---- roles ---- */

static void a_start_is_a_standby_until_its_noop_is_applied(void **state)
{
	(void)state;
	assert_int_equal(master_role(world.master), MASTER_STANDBY);
	fake_phase(JOURNAL_LEADING);
	assert_int_equal(master_role(world.master), MASTER_PROMOTING);
	assert_int_equal(fake_queued_kind(0), ENTRY_noop);
	fake_commit_all();
	assert_int_equal(master_role(world.master), MASTER_PRIMARY);
}

static void roles_move_only_as_the_table_says(void **state)
{
	(void)state;
	assert_true(role_may_move(MASTER_STANDBY, MASTER_PROMOTING));
	assert_false(role_may_move(MASTER_STANDBY, MASTER_PRIMARY));
	assert_false(role_may_move(MASTER_PROMOTING, MASTER_STANDBY));
	assert_false(role_may_move(MASTER_PRIMARY, MASTER_STANDBY));
	assert_true(role_may_move(MASTER_PRIMARY, MASTER_STEPPING_DOWN));
	assert_false(role_may_move(MASTER_STEPPING_DOWN, MASTER_PRIMARY));
}

static void primacy_lost_while_promoting_is_not_claimed(void **state)
{
	(void)state;
	fake_phase(JOURNAL_LEADING);
	fake_phase(JOURNAL_FOLLOWING);
	assert_int_equal(master_role(world.master), MASTER_STEPPING_DOWN);
	fake_lose(JOURNAL_NOT_WRITTEN);
	assert_int_equal(master_role(world.master), MASTER_STANDBY);
	lead();
	assert_int_equal(master_role(world.master), MASTER_PRIMARY);
}

static void stepping_down_ends_when_the_journal_has_had_its_word(void **state)
{
	struct call *call = mkdirs("/a");

	(void)state;
	lead();
	assert_int_equal(fake_journal.queued, 1);
	fake_phase(JOURNAL_FOLLOWING);
	assert_int_equal(master_role(world.master), MASTER_STEPPING_DOWN);
	fake_lose(JOURNAL_UNKNOWN);
	assert_int_equal(master_role(world.master), MASTER_STANDBY);
	assert_true(call->write.is_unknown);
}

static void primacy_won_again_while_stepping_down_waits_its_turn(void **state)
{
	(void)state;
	lead();
	mkdirs("/a");
	fake_phase(JOURNAL_FOLLOWING);
	fake_phase(JOURNAL_LEADING);
	assert_int_equal(master_role(world.master), MASTER_STEPPING_DOWN);
	fake_lose(JOURNAL_UNKNOWN);
	assert_int_equal(master_role(world.master), MASTER_PROMOTING);
}

static void the_heartbeats_txid_grows_with_time_and_epoch(void **state)
{
	uint64_t first, later;

	(void)state;
	lead();
	first = master_heartbeat_txid(world.master);
	assert_int_equal(first, 1ull << 24);
	fake_pass_ms(&world.io, 5000);
	later = master_heartbeat_txid(world.master);
	assert_int_equal(later, first + 5);
	fake_pass_ms(&world.io, 1000ull * (1 << 25));
	assert_int_equal(master_heartbeat_txid(world.master), (2ull << 24) - 1); /* saturates */
}

/* ---- writes ---- */

static void a_write_is_answered_when_it_is_committed(void **state)
{
	struct call *call;

	(void)state;
	lead();
	call = mkdirs("/a");
	fake_turn(&world.io);
	assert_int_equal(call->done, 0);
	fake_commit_all();
	assert_int_equal(call->done, 1);
	assert_int_equal(call->write.result.rc, 0);
	assert_true(call->write.result.value);
	assert_int_equal(call->write.index, 2);
}

static void answers_keep_the_order_of_the_journal(void **state)
{
	struct call *calls[5];

	(void)state;
	lead();
	for (int i = 0; i < 5; i++)
		calls[i] = mkdirs(name("/d", i));
	fake_commit(3);
	assert_int_equal(calls[2]->done, 1);
	assert_int_equal(calls[3]->done, 0);
	fake_commit(2);
	for (int i = 1; i < 5; i++)
		assert_true(calls[i]->order > calls[i - 1]->order);
}

static void a_failed_check_never_reaches_the_journal(void **state)
{
	struct call *call;
	size_t appended;

	(void)state;
	lead();
	appended = fake_journal.appended;
	call = rename_to("/missing", "/b");
	assert_int_equal(call->done, 0); /* never inside the call */
	fake_turn(&world.io);
	assert_int_equal(call->done, 1);
	assert_int_equal(call->write.result.rc, -ERR_NOT_FOUND);
	assert_true(str_equal(call->write.result.message, STR("no such source")));
	assert_int_equal(fake_journal.appended, appended);
}

static void a_call_that_changes_nothing_never_reaches_the_journal(void **state)
{
	struct call *call;
	size_t appended;

	(void)state;
	lead();
	commit(mkdirs("/a"));
	appended = fake_journal.appended;
	call = mkdirs("/a");
	fake_turn(&world.io);
	assert_int_equal(call->done, 1);
	assert_true(call->write.result.value);
	assert_int_equal(fake_journal.appended, appended);
}

static void a_refusal_waits_for_its_proof_and_is_checked_again_then(void **state)
{
	struct call *refused;
	struct call *waiting;

	(void)state;
	lead();
	fake_journal.holds_reads = true;
	refused = rename_to("/missing", "/b");
	waiting = mkdirs("/missing"); /* committed while the proof is under way */
	fake_turn(&world.io);
	assert_int_equal(refused->done, 0);
	fake_commit_all();
	assert_int_equal(waiting->done, 1);
	fake_prove(0);
	fake_turn(&world.io);
	assert_int_equal(refused->done, 0); /* the source is there now: it was proposed */
	assert_int_equal(fake_queued_kind(0), ENTRY_rename);
	fake_commit_all();
	assert_int_equal(refused->write.result.rc, 0);
}

static void a_refusal_without_a_proof_is_no_answer(void **state)
{
	struct call *refused;

	(void)state;
	lead();
	fake_journal.holds_reads = true;
	refused = rename_to("/missing", "/b");
	fake_phase(JOURNAL_FOLLOWING);
	fake_prove(-ERR_STANDBY);
	fake_turn(&world.io);
	assert_int_equal(refused->done, 0); /* held until a primary is known */
	fake_journal.holds_reads = false;
	lead();
	fake_turn(&world.io);
	assert_int_equal(refused->write.result.rc, -ERR_NOT_FOUND);
}

static void what_was_surely_not_written_is_proposed_again(void **state)
{
	struct call *call;

	(void)state;
	lead();
	call = mkdirs("/a");
	fake_phase(JOURNAL_FOLLOWING);
	fake_lose(JOURNAL_NOT_WRITTEN);
	fake_turn(&world.io);
	assert_int_equal(call->done, 0);
	lead();
	assert_int_equal(fake_queued_kind(0), ENTRY_mkdirs);
	fake_commit_all();
	assert_int_equal(call->done, 1);
	assert_int_equal(call->write.result.rc, 0);
}

static void an_unknown_outcome_is_no_answer(void **state)
{
	struct call *call;

	(void)state;
	lead();
	call = mkdirs("/a");
	fake_phase(JOURNAL_FOLLOWING);
	fake_lose(JOURNAL_UNKNOWN);
	assert_int_equal(call->done, 1);
	assert_true(call->write.is_unknown);
	assert_int_equal(call->write.result.rc, -ERR_UNKNOWN_OUTCOME);
}

static void names_in_an_answer_outlive_later_changes(void **state)
{
	struct call *create;

	(void)state;
	lead();
	create = create_file("/f", "client");
	mkdirs("/a");
	fake_commit_all(); /* one batch: the namespace changes before the first answer */
	assert_int_equal(create->done, 1);
	assert_true(create->write.result.has_status);
	assert_true(str_equal(create->name_seen, STR("/f")));
}

/* ---- repeats ---- */

static void repeat_of_a_call_in_flight_waits_for_it(void **state)
{
	struct call *first;
	struct call *repeat;

	(void)state;
	lead();
	first = with_id(mkdirs_new("/a"), 7);
	repeat = with_id(mkdirs_new("/a"), 7);
	submit(first);
	submit(repeat);
	assert_int_equal(fake_journal.queued, 1);
	fake_turn(&world.io);
	assert_int_equal(repeat->done, 0);
	fake_commit_all();
	fake_turn(&world.io);
	assert_int_equal(first->done, 1);
	assert_int_equal(repeat->done, 1);
	assert_true(repeat->write.result.is_repeat);
	assert_true(repeat->write.result.value);
	assert_int_equal(fake_journal.queued, 0);
}

static void a_repeat_of_an_answered_call_gets_the_first_answer(void **state)
{
	struct call *repeat;

	(void)state;
	lead();
	commit(mkdirs("/a"));
	commit(submit(with_id(rename_new("/a", "/b"), 9)));
	repeat = submit(with_id(rename_new("/a", "/b"), 9));
	fake_turn(&world.io);
	assert_int_equal(repeat->done, 1);
	assert_int_equal(repeat->write.result.rc, 0);
	assert_true(repeat->write.result.is_repeat);
}

static void a_repeat_of_an_unknown_call_is_unknown_too(void **state)
{
	struct call *first;
	struct call *repeat;

	(void)state;
	lead();
	first = submit(with_id(mkdirs_new("/a"), 7));
	repeat = submit(with_id(mkdirs_new("/a"), 7));
	fake_phase(JOURNAL_FOLLOWING);
	fake_lose(JOURNAL_UNKNOWN);
	assert_true(first->write.is_unknown);
	assert_int_equal(repeat->done, 1);
	assert_true(repeat->write.is_unknown);
}

static void a_held_repeat_has_one_effect(void **state)
{
	struct call *first = submit(with_id(mkdirs_new("/a"), 7));
	struct call *repeat = submit(with_id(mkdirs_new("/a"), 7));

	(void)state;
	lead();
	assert_int_equal(fake_journal.queued, 1);
	fake_commit_all();
	fake_turn(&world.io);
	assert_int_equal(first->done + repeat->done, 2);
}

/* ---- holding ---- */

static void calls_are_held_while_no_primary_is_known(void **state)
{
	struct call *call = mkdirs("/a");

	(void)state;
	fake_turn(&world.io);
	assert_int_equal(call->done, 0);
	lead();
	fake_commit_all();
	assert_int_equal(call->done, 1);
	assert_int_equal(call->write.result.rc, 0);
}

static void a_call_held_too_long_is_told_to_come_again(void **state)
{
	struct call *call = mkdirs("/a");

	(void)state;
	fake_pass_ms(&world.io, HOLD_MS - 1);
	assert_int_equal(call->done, 0);
	fake_pass_ms(&world.io, 1);
	assert_int_equal(call->done, 1);
	assert_int_equal(call->write.result.rc, -ERR_RETRIABLE);
	assert_true(contains(call->write.result.message, "No primary master is known"));
}

static void no_more_calls_are_held_than_allowed(void **state)
{
	struct call *last = NULL;

	(void)state;
	for (int i = 0; i <= HOLD_CALLS; i++)
		last = mkdirs(name("/d", i));
	fake_turn(&world.io);
	assert_int_equal(last->done, 1);
	assert_int_equal(last->write.result.rc, -ERR_RETRIABLE);
}

static void no_more_bytes_are_held_than_allowed(void **state)
{
	static char path[HOLD_BYTES];
	struct call *call = mkdirs_new("/a");

	(void)state;
	memset(path, 'x', sizeof(path));
	call->write.command.mkdirs.path = str_make(path, sizeof(path));
	submit(call);
	fake_turn(&world.io);
	assert_int_equal(call->done, 1);
	assert_int_equal(call->write.result.rc, -ERR_RETRIABLE);
}

static void a_held_call_dies_with_its_caller(void **state)
{
	struct call *call = mkdirs_new("/a");

	(void)state;
	call->is_gone = true;
	submit(call);
	lead();
	fake_turn(&world.io);
	assert_int_equal(fake_journal.queued, 0);
	assert_int_equal(call->done, 1);
}

static void a_held_read_is_served_by_the_next_primary(void **state)
{
	struct look *look = read_now();

	(void)state;
	assert_int_equal(look->ready, 0);
	lead();
	assert_int_equal(look->ready, 1);
	assert_int_equal(look->rc, 0);
}

/* ---- reads ---- */

static void a_read_waits_for_its_proof(void **state)
{
	struct look *look;

	(void)state;
	lead();
	fake_journal.holds_reads = true;
	look = read_now();
	assert_int_equal(look->ready, 0);
	fake_prove(0);
	assert_int_equal(look->ready, 1);
	assert_int_equal(look->rc, 0);
	assert_int_equal(look->read.index, 1);
}

static void a_lone_master_reads_at_once(void **state)
{
	(void)state;
	lead();
	assert_int_equal(read_now()->ready, 1);
}

static void reads_that_gather_share_one_proof(void **state)
{
	struct look *looks[4];
	size_t before;

	(void)state;
	lead();
	fake_journal.holds_reads = true;
	looks[0] = read_now();
	before = fake_journal.proofs;
	for (int i = 1; i < 4; i++)
		looks[i] = read_now();
	assert_int_equal(fake_journal.proofs, before);
	fake_prove(0);
	assert_int_equal(looks[0]->ready, 1);
	assert_int_equal(looks[1]->ready, 0); /* its proof must begin after it came */
	assert_int_equal(fake_journal.proofs, before + 1);
	fake_prove(0);
	for (int i = 1; i < 4; i++) {
		assert_int_equal(looks[i]->ready, 1);
		assert_true(looks[i]->order > looks[i - 1]->order);
	}
}

static void a_read_sees_what_was_committed_before_its_proof(void **state)
{
	struct look *look;

	(void)state;
	lead();
	fake_journal.holds_reads = true;
	mkdirs("/a");
	look = read_now();
	fake_journal.commit_index = 2; /* known to be committed, not applied here yet */
	fake_prove(0);
	assert_int_equal(look->ready, 0);
	fake_commit_all();
	assert_int_equal(look->ready, 1);
	assert_int_equal(look->read.index, 2);
}

/* ---- limits ---- */

static void no_room_is_said_and_reads_go_on(void **state)
{
	struct call *call;

	(void)state;
	lead();
	fake_journal.append_rc = -ERR_NO_SPACE;
	call = mkdirs("/a");
	fake_turn(&world.io);
	assert_int_equal(call->write.result.rc, -ERR_NO_SPACE);
	assert_true(contains(call->write.result.message, "disk"));
	assert_int_equal(read_now()->rc, 0);
	fake_journal.append_rc = 0;
	fake_journal.options.on_room(fake_journal.options.context);
	commit(mkdirs("/a"));
}

static void a_full_pipe_is_waited_for(void **state)
{
	struct call *call;

	(void)state;
	lead();
	fake_journal.append_rc = -ERR_AGAIN;
	call = mkdirs("/a");
	fake_turn(&world.io);
	assert_int_equal(call->done, 0);
	fake_journal.append_rc = 0;
	fake_journal.options.on_room(fake_journal.options.context);
	fake_commit_all();
	assert_int_equal(call->done, 1);
}

static void a_master_on_a_full_disk_serves_reads_and_refuses_changes(void **state)
{
	struct call *call;

	(void)state;
	fake_journal.append_rc = -ERR_NO_SPACE;
	fake_phase(JOURNAL_LEADING);
	assert_int_equal(master_role(world.master), MASTER_PRIMARY);
	assert_int_equal(read_now()->rc, 0);
	call = mkdirs("/a");
	fake_turn(&world.io);
	assert_int_equal(call->write.result.rc, -ERR_NO_SPACE);
	fake_journal.append_rc = 0;
	fake_journal.options.on_room(fake_journal.options.context);
	commit(mkdirs("/a"));
}

static void promotion_waits_for_the_next_segment(void **state)
{
	(void)state;
	fake_journal.append_rc = -ERR_AGAIN;
	fake_phase(JOURNAL_LEADING);
	assert_int_equal(master_role(world.master), MASTER_PROMOTING);
	fake_journal.append_rc = 0;
	fake_journal.options.on_room(fake_journal.options.context);
	fake_commit_all();
	assert_int_equal(master_role(world.master), MASTER_PRIMARY);
}

/* Nobody says when there is memory again. */
static void promotion_goes_on_when_there_is_memory_for_its_entry(void **state)
{
	(void)state;
	fake_journal.append_rc = -ERR_NO_MEMORY;
	fake_phase(JOURNAL_LEADING);
	fake_pass_ms(&world.io, 1000);
	assert_int_equal(master_role(world.master), MASTER_PROMOTING);
	fake_journal.append_rc = 0;
	fake_pass_ms(&world.io, 1000);
	fake_commit_all();
	assert_int_equal(master_role(world.master), MASTER_PRIMARY);
}

static void near_the_memory_limit_growth_is_refused_and_deletes_pass(void **state)
{
	struct call *call;

	(void)state;
	lead();
	commit(mkdirs("/a"));
	fake_ns->memory = MEMORY_MAX;
	fake_pass_ms(&world.io, 200);
	call = mkdirs("/b");
	fake_turn(&world.io);
	assert_int_equal(call->write.result.rc, -ERR_NO_MEMORY);
	commit(delete_path("/a"));
	fake_ns->memory = MEMORY_MAX / 2;
	fake_pass_ms(&world.io, 200);
	commit(mkdirs("/b"));
}

static void a_full_retry_table_slows_calls_until_rows_may_go(void **state)
{
	struct call *call;

	(void)state;
	lead();
	fake_ns->more_rows = ROWS_MAX;
	call = submit(with_id(mkdirs_new("/a"), 1));
	fake_turn(&world.io);
	assert_int_equal(call->done, 0);
	assert_int_equal(fake_journal.queued, 0);
	fake_pass_ms(&world.io, 1000);
	assert_int_equal(fake_queued_kind(0), ENTRY_tick);
	fake_ns->more_rows = 0;
	fake_commit_all();
	assert_int_equal(fake_queued_kind(0), ENTRY_mkdirs);
	fake_commit_all();
	assert_int_equal(call->done, 1);
}

/* ---- time ---- */

static void age_does_not_follow_the_wall_clock(void **state)
{
	uint64_t before;

	(void)state;
	lead();
	commit(mkdirs("/a"));
	before = fake_ns->age_ms;
	world.io.wall_ms += 1000ull * 3600 * 24;
	fake_pass_ms(&world.io, 1500);
	commit(mkdirs("/b"));
	assert_int_equal(fake_ns->age_ms, before + 1500);
}

static void age_goes_on_over_a_promotion(void **state)
{
	uint64_t before;

	(void)state;
	lead();
	commit(mkdirs("/a"));
	before = fake_ns->age_ms;
	fake_pass_ms(&world.io, 2000);
	fake_phase(JOURNAL_FOLLOWING);
	fake_pass_ms(&world.io, 3000);
	lead();
	fake_pass_ms(&world.io, 500);
	commit(mkdirs("/b"));
	assert_int_equal(fake_ns->age_ms, before + 5500);
}

static void ticks_come_each_minute_while_rows_exist(void **state)
{
	(void)state;
	lead();
	fake_pass_ms(&world.io, 200 * 1000);
	assert_int_equal(fake_journal.queued, 0); /* no rows, no ticks */
	commit(submit(with_id(mkdirs_new("/a"), 1)));
	fake_pass_ms(&world.io, 60 * 1000);
	assert_int_equal(fake_queued_kind(0), ENTRY_tick);
	fake_commit_all();
	fake_pass_ms(&world.io, 60 * 1000);
	assert_int_equal(fake_queued_kind(0), ENTRY_tick);
	fake_ns->row_count = 0;
	fake_commit_all();
	fake_pass_ms(&world.io, 600 * 1000);
	assert_int_equal(fake_journal.queued, 0);
	assert_int_equal(fake_ns->ticks, 2);
}

static void ticks_name_the_ages_below_which_rows_go(void **state)
{
	(void)state;
	lead();
	commit(submit(with_id(mkdirs_new("/a"), 1)));
	for (int i = 0; i < 20; i++) {
		fake_pass_ms(&world.io, 60 * 1000);
		fake_commit_all();
	}
	assert_int_equal(fake_ns->forget_at_most_once_ms, fake_ns->age_ms - 600 * 1000);
	assert_int_equal(fake_ns->forget_others_ms, fake_ns->age_ms - 60 * 1000);
}

static void under_pressure_answers_are_kept_300_seconds_and_never_less(void **state)
{
	(void)state;
	lead();
	commit(submit(with_id(mkdirs_new("/a"), 1)));
	fake_pass_ms(&world.io, 60 * 1000);
	fake_ns->more_rows = ROWS_MAX;
	for (int i = 0; i < 1200; i++) {
		if (fake_journal.queued > 0)
			fake_commit_all();
		fake_pass_ms(&world.io, 1000);
	}
	fake_commit_all();
	assert_int_equal(fake_ns->forget_at_most_once_ms, fake_ns->age_ms - 300 * 1000);
	assert_int_equal(fake_ns->forget_others_ms, fake_ns->age_ms - 60 * 1000);
}

/* ---- reclaim ---- */

static void reclaim_goes_on_until_nothing_is_left(void **state)
{
	int steps = 0;

	(void)state;
	lead();
	fake_ns->left = 3500;
	commit(mkdirs("/a")); /* the entry that left so much */
	for (;;) {
		fake_pass_ms(&world.io, 1);
		if (fake_journal.queued == 0)
			break;
		assert_int_equal(fake_queued_kind(0), ENTRY_reclaim);
		assert_int_equal(fake_journal.queued, 1); /* one step at a time */
		fake_commit_all();
		steps++;
	}
	assert_int_equal(fake_ns->left, 0);
	assert_int_equal(steps, 4);
}

static void a_new_primary_goes_on_reclaiming(void **state)
{
	(void)state;
	fake_ns->left = 10;
	lead();
	fake_pass_ms(&world.io, 1);
	assert_int_equal(fake_queued_kind(0), ENTRY_reclaim);
	fake_phase(JOURNAL_FOLLOWING);
	fake_lose(JOURNAL_NOT_WRITTEN);
	fake_pass_ms(&world.io, 1000);
	assert_int_equal(fake_journal.queued, 0); /* a standby proposes nothing */
	lead();
	fake_pass_ms(&world.io, 1);
	fake_commit_all();
	assert_int_equal(fake_ns->left, 0);
}

/* ---- closing ---- */

static void closing_answers_what_is_held_and_finishes_what_is_in_flight(void **state)
{
	struct call *flying;
	struct call *refused;

	(void)state;
	lead();
	flying = mkdirs("/a");
	close_master();
	refused = mkdirs("/b");
	fake_turn(&world.io);
	assert_int_equal(refused->write.result.rc, -ERR_RETRIABLE);
	assert_true(contains(refused->write.result.message, "stopping"));
	assert_false(world.is_closed);
	fake_commit_all();
	assert_int_equal(flying->done, 1);
	close_journal();
	assert_true(world.is_closed);
}

static void a_primary_that_closes_hands_over_first(void **state)
{
	struct call *meanwhile;

	(void)state;
	lead();
	master_close(world.master, world_closed, NULL);
	assert_non_null(fake_journal.change);
	assert_int_equal(fake_journal.change->kind, JOURNAL_TRANSFER);
	meanwhile = mkdirs("/a");
	fake_turn(&world.io);
	fake_commit_all();
	assert_int_equal(meanwhile->done, 1);
	assert_int_equal(meanwhile->write.result.rc, 0);
	fake_phase(JOURNAL_FOLLOWING);
	fake_change_end(0);
	close_journal();
	assert_true(world.is_closed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(a_start_is_a_standby_until_its_noop_is_applied),
	        TEST(roles_move_only_as_the_table_says),
	        TEST(primacy_lost_while_promoting_is_not_claimed),
	        TEST(stepping_down_ends_when_the_journal_has_had_its_word),
	        TEST(primacy_won_again_while_stepping_down_waits_its_turn),
	        TEST(the_heartbeats_txid_grows_with_time_and_epoch),
	        TEST(a_write_is_answered_when_it_is_committed),
	        TEST(answers_keep_the_order_of_the_journal),
	        TEST(a_failed_check_never_reaches_the_journal),
	        TEST(a_call_that_changes_nothing_never_reaches_the_journal),
	        TEST(a_refusal_waits_for_its_proof_and_is_checked_again_then),
	        TEST(a_refusal_without_a_proof_is_no_answer),
	        TEST(what_was_surely_not_written_is_proposed_again),
	        TEST(an_unknown_outcome_is_no_answer),
	        TEST(names_in_an_answer_outlive_later_changes),
	        TEST(repeat_of_a_call_in_flight_waits_for_it),
	        TEST(a_repeat_of_an_answered_call_gets_the_first_answer),
	        TEST(a_repeat_of_an_unknown_call_is_unknown_too),
	        TEST(a_held_repeat_has_one_effect),
	        TEST(calls_are_held_while_no_primary_is_known),
	        TEST(a_call_held_too_long_is_told_to_come_again),
	        TEST(no_more_calls_are_held_than_allowed),
	        TEST(no_more_bytes_are_held_than_allowed),
	        TEST(a_held_call_dies_with_its_caller),
	        TEST(a_held_read_is_served_by_the_next_primary),
	        TEST(a_read_waits_for_its_proof),
	        TEST(a_lone_master_reads_at_once),
	        TEST(reads_that_gather_share_one_proof),
	        TEST(a_read_sees_what_was_committed_before_its_proof),
	        TEST(no_room_is_said_and_reads_go_on),
	        TEST(a_full_pipe_is_waited_for),
	        TEST(a_master_on_a_full_disk_serves_reads_and_refuses_changes),
	        TEST(promotion_waits_for_the_next_segment),
	        TEST(promotion_goes_on_when_there_is_memory_for_its_entry),
	        TEST(near_the_memory_limit_growth_is_refused_and_deletes_pass),
	        TEST(a_full_retry_table_slows_calls_until_rows_may_go),
	        TEST(age_does_not_follow_the_wall_clock),
	        TEST(age_goes_on_over_a_promotion),
	        TEST(ticks_come_each_minute_while_rows_exist),
	        TEST(ticks_name_the_ages_below_which_rows_go),
	        TEST(under_pressure_answers_are_kept_300_seconds_and_never_less),
	        TEST(reclaim_goes_on_until_nothing_is_left),
	        TEST(a_new_primary_goes_on_reclaiming),
	        TEST(closing_answers_what_is_held_and_finishes_what_is_in_flight),
	        TEST(a_primary_that_closes_hands_over_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
