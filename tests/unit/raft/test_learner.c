/* SPDX-License-Identifier: Apache-2.0 */
/* How a learner is let in and brought up to date.  The test speaks for all peers, and is the clock.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/raft/leader.h"

enum { LAST = 100 };

/* Time goes on, and the voters, who have entries up to `match`, answer. */
static void pass_with(struct world *w, uint64_t ms, uint64_t match)
{
	for (uint64_t end_ms = w->now_ms + ms; w->now_ms < end_ms;) {
		w->now_ms += end_ms - w->now_ms < HEARTBEAT_MS ? end_ms - w->now_ms : HEARTBEAT_MS;
		step(w, (struct raft_event){.kind = RAFT_TICK});
		answer_heartbeat(w, 'b', match < w->status.last ? match : w->status.last);
		answer_heartbeat(w, 'c', match < w->status.last ? match : w->status.last);
	}
}

/* ... who have everything ... */
static void pass(struct world *w, uint64_t ms)
{
	pass_with(w, ms, UINT64_MAX);
}

static int setup(void **state)
{
	return set_up(state, 4, LAST);
}

static int setup_without_it(void **state)
{
	return set_up(state, 3, LAST);
}

/* The leader reads what was asked for, up to `last`, and sends it.  Returns when. */
static uint64_t send_up_to(struct world *w, uint64_t last)
{
	step(w, (struct raft_event){
	                .kind = RAFT_FETCHED,
	                .fetched = {.number = w->fetch.number, .last = last, .bytes = 10}});
	w->fetch.number = 0;
	return w->now_ms;
}

static void answer_append(struct world *w, uint64_t match, uint64_t sent_ms)
{
	receive(w, 'd',
	        (struct raft_message){.kind = RAFT_MESSAGE_APPEND_REPLY,
	                              .append_reply = {.match = match,
	                                               .sent_ms = sent_ms,
	                                               .number = w->sent.number}});
}

/* The learner says where its log ends. */
static void be_found(struct world *w, uint64_t last)
{
	receive(w, 'd',
	        (struct raft_message){.kind = RAFT_MESSAGE_APPEND_REPLY,
	                              .append_reply = {.number = 1,
	                                               .refusal = RAFT_LOG_DIFFERS,
	                                               .hint = last,
	                                               .hint_term = 1}});
	pass(w, HEARTBEAT_MS);
	answer_append(w, last, w->now_ms);
	assert_int_equal(w->fetch.first, last + 1);
}

static void a_learner_gets_one_piece_at_a_time_and_rests_longer_than_that_took(void **state)
{
	enum { TOOK_MS = 20, REST_TIMES = 4 };
	struct world *w = *state;
	uint64_t sent_ms;

	be_elected(w);
	be_found(w, 5);
	sent_ms = send_up_to(w, 10);
	pass(w, TOOK_MS);
	assert_int_equal(w->fetch.number, 0);
	answer_append(w, 10, sent_ms);
	pass(w, REST_TIMES * TOOK_MS - 1);
	assert_int_equal(w->fetch.number, 0);
	pass(w, 1);
	assert_int_not_equal(w->fetch.number, 0);
	assert_int_equal(w->fetch.first, 11);
}

/* Each time it has got as far as the log went, the log is as far ahead again. */
static void a_learner_that_does_not_gain_on_the_log_rests_no_more(void **state)
{
	struct world *w = *state;

	be_elected(w);
	be_found(w, 5);
	for (int round = 0; round < 2; round++) {
		uint64_t last = w->status.last, sent_ms = send_up_to(w, last);

		assert_int_not_equal(sent_ms, 0);
		pass(w, 2 * ELECTION_MS);
		step(w, (struct raft_event){.kind = RAFT_PROPOSED, .proposed = 10});
		w->fetch.number = 0;
		answer_append(w, last, sent_ms);
		if (round == 0) {
			assert_int_equal(w->fetch.number, 0);
			pass(w, 2 * ELECTION_MS);
		}
		assert_int_not_equal(w->fetch.number, 0);
	}
}

static void sync_own(struct world *w)
{
	step(w, (struct raft_event){.kind = RAFT_SYNCED,
	                            .synced = {.generation = w->update.append.generation,
	                                       .last = w->update.append.last}});
}

static bool is_promoted(const struct world *w)
{
	const struct raft_list *list = raft_members(w->core);

	return raft_member_by_id(&list->members, id_of('d'))->is_voter;
}

/* It had everything while another change was under way, and when that is over it lacks much. */
static void a_learner_that_fell_behind_again_is_not_promoted(void **state)
{
	struct world *w = *state;
	uint64_t change, before;

	be_elected(w);
	pass(w, HEARTBEAT_MS);
	step(w, (struct raft_event){
	                .kind = RAFT_CHANGE,
	                .change = {.kind = RAFT_CHANGE_PRIORITY, .id = id_of('b'), .priority = 7}});
	sync_own(w);
	change = w->status.last;
	answer_append(w, change, w->now_ms);
	step(w, (struct raft_event){.kind = RAFT_PROPOSED, .proposed = 10});
	sync_own(w);
	before = w->status.last;
	for (int i = 0; i < 2 * ELECTION_MS / HEARTBEAT_MS; i++) {
		pass_with(w, HEARTBEAT_MS, change - 1);
		answer_append(w, change, w->now_ms); /* it is heard */
	}
	pass(w, HEARTBEAT_MS);
	assert_int_equal(w->status.commit, before);
	assert_false(is_promoted(w));
	answer_append(w, before, w->now_ms);
	answer_append(w, w->status.last, w->now_ms);
	assert_true(is_promoted(w));
}

/* 'd', whom nobody here has configured, asks to be let in; it has configured all members of the
 * list at that index. */
static enum raft_refusal ask_to_join(struct world *w, uint64_t names_list)
{
	receive(w, 'd',
	        (struct raft_message){.kind = RAFT_MESSAGE_JOIN,
	                              .join = {.address = "d:1", .names_list = names_list}});
	for (size_t i = 0; i < w->update.message_count; i++)
		if (w->update.messages[i].kind == RAFT_MESSAGE_JOIN_REPLY)
			return w->update.messages[i].join.refusal;
	fail_msg("no answer");
	return RAFT_OK;
}

static void a_newcomer_that_names_all_members_is_let_in(void **state)
{
	struct world *w = *state;

	be_elected(w);
	pass(w, HEARTBEAT_MS);
	assert_int_equal(ask_to_join(w, 1), RAFT_OK);
	assert_false(is_promoted(w));
}

static void a_newcomer_that_lacks_members_is_not(void **state)
{
	struct world *w = *state;
	uint64_t before;

	be_elected(w);
	pass(w, HEARTBEAT_MS);
	assert_int_equal(ask_to_join(w, 0), RAFT_NOT_CONFIGURED);
	step(w, (struct raft_event){
	                .kind = RAFT_CHANGE,
	                .change = {.kind = RAFT_CHANGE_PRIORITY, .id = id_of('b'), .priority = 7}});
	sync_own(w);
	pass(w, HEARTBEAT_MS);
	before = w->status.last;
	assert_int_equal(ask_to_join(w, 1),
	                 RAFT_NOT_CONFIGURED); /* that one is not in effect any more */
	assert_int_equal(w->status.last, before);
	assert_int_equal(ask_to_join(w, before), RAFT_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(
	                a_learner_gets_one_piece_at_a_time_and_rests_longer_than_that_took, setup,
	                teardown),
	        cmocka_unit_test_setup_teardown(
	                a_learner_that_does_not_gain_on_the_log_rests_no_more, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_learner_that_fell_behind_again_is_not_promoted,
	                                        setup, teardown),
	        cmocka_unit_test_setup_teardown(a_newcomer_that_names_all_members_is_let_in,
	                                        setup_without_it, teardown),
	        cmocka_unit_test_setup_teardown(a_newcomer_that_lacks_members_is_not,
	                                        setup_without_it, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
