/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A master that is not primary, while another is or is not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/master/fake_world.h"

enum { PROBE_MS = 20 };

static void follow(const char *primary)
{
	fake_journal.primary = primary;
	fake_phase(JOURNAL_FOLLOWING);
}

/* Proofs wait for the test from now on. */
static void follow_slowly(const char *primary)
{
	follow(primary);
	fake_journal.holds_reads = true;
}

static void assert_sent_away(struct call *call)
{
	fake_turn(&world.io);
	assert_int_equal(call->done, 1);
	assert_int_equal(call->write.result.rc, -ERR_STANDBY);
	assert_false(call->write.is_unknown);
}

/* ---- reads ---- */

static void a_standby_reads_after_a_round_with_the_primary(void **state)
{
	struct look *look;

	(void)state;
	follow_slowly("m2:19998");
	look = read_now();
	assert_int_equal(look->ready, 0);
	fake_prove(0);
	assert_int_equal(look->ready, 1);
	assert_int_equal(look->rc, 0);
}

static void a_standby_reads_only_what_the_primary_had_committed(void **state)
{
	struct look *look;

	(void)state;
	follow_slowly("m2:19998");
	look = read_now();
	fake_journal.commit_index = 1; /* there; not applied here yet */
	fake_prove(0);
	assert_int_equal(look->ready, 0);
	fake_follow(ENTRY_noop, 0);
	assert_int_equal(look->ready, 1);
	assert_int_equal(look->read.index, 1);
}

static void a_read_without_a_primary_is_held_until_one_answers(void **state)
{
	struct look *look;

	(void)state;
	follow(NULL);
	look = read_now();
	fake_pass_ms(&world.io, 1000);
	assert_int_equal(look->ready, 0);
	fake_journal.primary = "m2:19998";
	fake_pass_ms(&world.io, PROBE_MS);
	assert_int_equal(look->ready, 1);
	assert_int_equal(look->rc, 0);
}

static void the_primary_is_asked_by_one_round_at_a_time_while_calls_are_held(void **state)
{
	size_t before;

	(void)state;
	follow(NULL);
	for (int i = 0; i < 5; i++)
		read_now();
	before = fake_journal.proofs;
	fake_pass_ms(&world.io, 1000);
	assert_in_range(fake_journal.proofs - before, 1000 / PROBE_MS - 1, 1000 / PROBE_MS + 1);
	fake_pass_ms(&world.io, HOLD_MS);
	before = fake_journal.proofs;
	fake_pass_ms(&world.io, 1000); /* nobody waits any more */
	assert_int_equal(fake_journal.proofs, before);
}

/* ---- writes ---- */

/* The text before the primary's name is HDFS's: StandbyState.checkOperation. */
static void a_standby_names_the_primary_to_a_write(void **state)
{
	struct call *call;

	(void)state;
	follow_slowly("m2:19998");
	call = mkdirs("/a");
	fake_turn(&world.io);
	assert_int_equal(call->done, 0); /* a known primary may be dead */
	fake_prove(0);
	assert_sent_away(call);
	assert_true(str_equal(call->write.result.message,
	                      STR("Operation category WRITE is not supported in state standby. "
	                          "Visit https://s.apache.org/sbnn-error (the primary is "
	                          "m2:19998)")));
	assert_int_equal(fake_journal.appended, 0);
}

static void a_round_serves_only_calls_that_came_before_it(void **state)
{
	struct call *first;
	struct call *second;

	(void)state;
	follow_slowly("m2:19998");
	first = mkdirs("/a");
	second = mkdirs("/b");
	fake_prove(0);
	assert_sent_away(first);
	assert_int_equal(second->done, 0);
	fake_prove(0);
	assert_sent_away(second);
}

static void a_round_serves_only_calls_that_were_held_before_it(void **state)
{
	struct call *appended;
	struct call *held;

	(void)state;
	lead();
	appended = mkdirs("/a");
	follow(NULL);
	held = mkdirs("/b");
	fake_journal.primary = "m2:19998";
	fake_journal.holds_reads = true;
	fake_pass_ms(&world.io, PROBE_MS); /* a round is on its way */
	fake_lose(JOURNAL_NOT_WRITTEN);    /* and now this one is held too */
	fake_prove(0);
	assert_sent_away(held);
	assert_int_equal(appended->done, 0);
	fake_pass_ms(&world.io, PROBE_MS);
	fake_prove(0);
	assert_sent_away(appended);
}

static void a_write_without_a_primary_is_held_and_then_told_to_come_again(void **state)
{
	struct call *call;

	(void)state;
	follow(NULL);
	call = mkdirs("/a");
	fake_pass_ms(&world.io, HOLD_MS - 1);
	assert_int_equal(call->done, 0);
	fake_pass_ms(&world.io, 1);
	assert_int_equal(call->done, 1);
	assert_int_equal(call->write.result.rc, -ERR_RETRIABLE);
	assert_true(contains(call->write.result.message, "this call has waited"));
}

static void a_call_that_finds_no_room_to_wait_does_not_say_that_it_waited(void **state)
{
	struct call *last = NULL;

	(void)state;
	follow(NULL);
	for (int i = 0; i <= HOLD_CALLS; i++)
		last = mkdirs(name("/d", i));
	fake_turn(&world.io);
	assert_int_equal(last->done, 1);
	assert_int_equal(last->write.result.rc, -ERR_RETRIABLE);
	assert_true(contains(last->write.result.message, "no room for this call among the 8"));
}

static void a_call_that_is_held_twice_waits_no_longer(void **state)
{
	struct call *call;

	(void)state;
	follow(NULL);
	call = mkdirs("/a");
	fake_pass_ms(&world.io, HOLD_MS - 100);
	lead();
	fake_phase(JOURNAL_FOLLOWING);
	fake_lose(JOURNAL_NOT_WRITTEN);
	fake_pass_ms(&world.io, 99);
	assert_int_equal(call->done, 0);
	fake_pass_ms(&world.io, 1);
	assert_int_equal(call->write.result.rc, -ERR_RETRIABLE);
}

/* Some clients would do it once more at the primary, under another id. */
static void a_standby_answers_a_repeat_of_what_was_done(void **state)
{
	struct call *repeat;

	(void)state;
	lead();
	commit(mkdirs("/a"));
	commit(submit(with_id(rename_new("/a", "/b"), 9)));
	follow("m2:19998");
	repeat = submit(with_id(rename_new("/a", "/b"), 9));
	fake_turn(&world.io);
	assert_int_equal(repeat->done, 1);
	assert_int_equal(repeat->write.result.rc, 0);
	assert_true(repeat->write.result.is_repeat);
}

/* ---- primacy is lost ---- */

static void a_repeat_of_what_may_be_in_a_journal_is_not_sent_away(void **state)
{
	struct call *repeat;

	(void)state;
	lead();
	submit(with_id(mkdirs_new("/a"), 7));
	follow("m2:19998");
	repeat = submit(with_id(mkdirs_new("/a"), 7));
	fake_pass_ms(&world.io, 1000);
	assert_int_equal(repeat->done, 0);
	fake_lose(JOURNAL_UNKNOWN);
	assert_int_equal(repeat->done, 1);
	assert_true(repeat->write.is_unknown);
}

static void hang_up(struct master_write *write)
{
	CONTAINER_OF(write, struct call, write)->is_gone = true;
}

static struct call *submit_and_wait(struct call *call)
{
	call->write.hang_up = hang_up;
	return submit(call);
}

static void who_waits_too_long_for_the_journals_word_is_hung_up(void **state)
{
	struct call *call, *without_id, *repeat;

	(void)state;
	lead();
	call = submit_and_wait(with_id(mkdirs_new("/a"), 7));
	without_id = submit_and_wait(mkdirs_new("/b"));
	fake_pass_ms(&world.io, 3 * HOLD_MS); /* the primary's patience is its clients' */
	follow("m2:19998");
	fake_pass_ms(&world.io, HOLD_MS / 2);
	repeat = submit_and_wait(with_id(mkdirs_new("/a"), 7));
	fake_pass_ms(&world.io, HOLD_MS / 2 - 1);
	assert_false(call->is_gone);
	fake_pass_ms(&world.io, HOLD_MS / 4);
	assert_true(call->is_gone && without_id->is_gone);
	assert_false(repeat->is_gone);
	fake_pass_ms(&world.io, HOLD_MS / 2);
	assert_true(repeat->is_gone);
	assert_int_equal(call->done + without_id->done + repeat->done, 0);
	fake_lose(JOURNAL_UNKNOWN);
	assert_int_equal(call->done + without_id->done + repeat->done, 3);
}

/* The word may have come long ago, and is only to be read. */
static void a_process_that_was_stopped_hangs_up_nobody(void **state)
{
	struct call *call;

	(void)state;
	lead();
	call = submit_and_wait(with_id(mkdirs_new("/a"), 7));
	follow("m2:19998");
	world.io.now_us += 100 * HOLD_MS * UINT64_C(1000);
	fake_pass_ms(&world.io, HOLD_MS / 2);
	assert_false(call->is_gone);
	fake_lose(JOURNAL_UNKNOWN);
}

static void others_are_served_while_an_outcome_is_open(void **state)
{
	(void)state;
	lead();
	mkdirs("/a");
	follow("m2:19998");
	assert_int_equal(master_role(world.master), MASTER_STEPPING_DOWN);
	assert_int_equal(read_now()->rc, 0);
	assert_sent_away(mkdirs("/b"));
	fake_lose(JOURNAL_UNKNOWN);
}

static void what_was_surely_not_written_goes_to_the_next_primary(void **state)
{
	struct call *call;

	(void)state;
	lead();
	call = mkdirs("/a");
	follow("m2:19998");
	fake_lose(JOURNAL_NOT_WRITTEN);
	fake_turn(&world.io);
	assert_int_equal(call->done, 0); /* not before a round that began now */
	fake_pass_ms(&world.io, PROBE_MS);
	assert_sent_away(call);
}

static void what_another_committed_is_answered_with_its_result(void **state)
{
	struct call *call;

	(void)state;
	lead();
	call = mkdirs("/a");
	follow("m2:19998");
	fake_commit_all(); /* the next primary had it */
	assert_int_equal(call->done, 1);
	assert_int_equal(call->write.result.rc, 0);
	assert_true(call->write.result.value);
	assert_int_equal(master_role(world.master), MASTER_STANDBY);
}

static void what_waits_for_room_is_held_and_not_refused(void **state)
{
	struct call *call;

	(void)state;
	lead();
	fake_journal.append_rc = -ERR_AGAIN;
	call = mkdirs("/a");
	follow(NULL);
	fake_pass_ms(&world.io, 1000);
	assert_int_equal(call->done, 0);
	fake_journal.append_rc = 0;
	lead();
	assert_int_equal(fake_queued_kind(0), ENTRY_mkdirs);
	fake_commit_all();
	assert_int_equal(call->write.result.rc, 0);
}

static void a_standby_proposes_nothing(void **state)
{
	size_t appended;

	(void)state;
	lead();
	commit(create_file("/f", "writer"));
	fake_ns->left = 100;
	fake_ns->more_rows = ROWS_MAX;
	follow("m2:19998");
	appended = fake_journal.appended;
	fake_pass_ms(&world.io, LEASE_HARD_MS + 60 * 1000);
	assert_int_equal(fake_journal.appended, appended);
	assert_int_equal(fake_journal.queued, 0);
}

static void a_standby_becomes_primary_again_and_ticks_and_reclaims(void **state)
{
	(void)state;
	lead();
	follow("m2:19998");
	fake_ns->left = 100;
	fake_ns->more_rows = ROWS_MAX;
	fake_journal.primary = NULL;
	lead();
	fake_pass_ms(&world.io, 5000);
	assert_int_equal(fake_queued_kind(0), ENTRY_reclaim);
	assert_int_equal(fake_queued_kind(1), ENTRY_tick);
}

/* ---- time ---- */

static uint64_t age_of_noop(void)
{
	const struct fake_entry *entry = &fake_journal.queue[fake_journal.queued - 1];
	struct command command;
	struct arena arena;
	uint64_t age_ms;

	arena_init(&arena, 0);
	assert_int_equal(command_decode(entry->kind, entry->version,
	                                str_make(entry->payload, entry->size), &arena, &command),
	                 0);
	assert_int_equal(command.kind, ENTRY_noop);
	age_ms = command.age_ms;
	arena_finish(&arena);
	return age_ms;
}

static void age_goes_on_from_the_last_command_that_was_applied(void **state)
{
	(void)state;
	follow("m2:19998");
	fake_follow(ENTRY_noop, 50000);
	fake_pass_ms(&world.io, 7000);
	fake_follow(ENTRY_term, 0); /* the new leader's: it has no age */
	fake_phase(JOURNAL_LEADING);
	assert_int_equal(age_of_noop(), 57000);
}

static void a_promotion_is_remembered_with_its_parts(void **state)
{
	const struct master_promotion *promotion = master_last_promotion(world.master);

	(void)state;
	assert_int_equal(promotion->at_wall_ms, 0);
	follow("m2:19998");
	fake_journal.primary_heard_ms_ago = 250;
	fake_phase(JOURNAL_LEADING);
	fake_pass_ms(&world.io, 3);
	fake_commit_all();
	assert_int_equal(promotion->epoch, 1);
	assert_int_equal(promotion->unheard_us, 250000);
	assert_int_equal(promotion->promotion_us, 3000);
	assert_int_not_equal(promotion->at_wall_ms, 0);
}

/* ---- proofs of primacy ---- */

struct proving {
	struct primacy_wait wait;
	int reached;
	int rc;
};

static void proving_reached(struct primacy_wait *wait, int rc)
{
	struct proving *proving = CONTAINER_OF(wait, struct proving, wait);

	proving->reached++;
	proving->rc = rc;
}

static void only_a_primary_proves_that_it_is_one(void **state)
{
	struct proving first = {.wait.reached = proving_reached};
	struct proving second = first;

	(void)state;
	follow("m2:19998");
	master_prove(world.master, &first.wait); /* a round with the primary is no proof */
	assert_int_equal(first.rc, -ERR_STANDBY);
	lead();
	master_prove(world.master, &second.wait);
	assert_int_equal(second.reached, 1);
	assert_int_equal(second.rc, 0);
}

static void primacy_lost_during_a_proof_is_not_proved(void **state)
{
	struct proving proving = {.wait.reached = proving_reached};

	(void)state;
	lead();
	fake_journal.holds_reads = true;
	master_prove(world.master, &proving.wait);
	follow("m2:19998");
	fake_prove(0);
	assert_int_equal(proving.reached, 1);
	assert_int_equal(proving.rc, -ERR_STANDBY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(a_standby_reads_after_a_round_with_the_primary),
	        TEST(a_standby_reads_only_what_the_primary_had_committed),
	        TEST(a_read_without_a_primary_is_held_until_one_answers),
	        TEST(the_primary_is_asked_by_one_round_at_a_time_while_calls_are_held),
	        TEST(a_standby_names_the_primary_to_a_write),
	        TEST(a_round_serves_only_calls_that_came_before_it),
	        TEST(a_round_serves_only_calls_that_were_held_before_it),
	        TEST(a_write_without_a_primary_is_held_and_then_told_to_come_again),
	        TEST(a_call_that_finds_no_room_to_wait_does_not_say_that_it_waited),
	        TEST(a_call_that_is_held_twice_waits_no_longer),
	        TEST(a_standby_answers_a_repeat_of_what_was_done),
	        TEST(a_repeat_of_what_may_be_in_a_journal_is_not_sent_away),
	        TEST(who_waits_too_long_for_the_journals_word_is_hung_up),
	        TEST(a_process_that_was_stopped_hangs_up_nobody),
	        TEST(others_are_served_while_an_outcome_is_open),
	        TEST(what_was_surely_not_written_goes_to_the_next_primary),
	        TEST(what_another_committed_is_answered_with_its_result),
	        TEST(what_waits_for_room_is_held_and_not_refused),
	        TEST(a_standby_proposes_nothing),
	        TEST(a_standby_becomes_primary_again_and_ticks_and_reclaims),
	        TEST(age_goes_on_from_the_last_command_that_was_applied),
	        TEST(a_promotion_is_remembered_with_its_parts),
	        TEST(only_a_primary_proves_that_it_is_one),
	        TEST(primacy_lost_during_a_proof_is_not_proved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
