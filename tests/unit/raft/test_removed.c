/* SPDX-License-Identifier: Apache-2.0 */
/* How who was taken out while it was down hears of that.  The core tested is 'd'; the test speaks
 * for the leader, 'a', and is the clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/raft/core.h"

enum { LAST = 5, TERM = 1, MEMBERS = 4 };

struct world {
	struct raft *core;
	struct raft_update update;
	uint64_t now_ms;
	struct raft_list lists[2];        /* in its log */
	struct raft_list list;            /* the leader's */
	struct raft_ask_message asked;    /* a; no address: it was not */
	struct raft_vote_message request; /* newest, for the vote of a */
	bool has_asked_to_join;
	bool is_removed;
};

static void step(struct world *w, struct raft_event event)
{
	event.now_ms = w->now_ms;
	assert_int_equal(raft_step(w->core, &event, &w->update), 0);
	for (size_t i = 0; i < w->update.message_count; i++) {
		const struct raft_message *message = &w->update.messages[i];

		if (message->kind == RAFT_MESSAGE_ASK && strcmp(message->ask.address, "a:1") == 0)
			w->asked = message->ask;
		if (message->kind == RAFT_MESSAGE_VOTE && raft_id_equal(message->to, id_of('a')))
			w->request = message->vote;
		w->has_asked_to_join |= message->kind == RAFT_MESSAGE_JOIN;
	}
	w->is_removed |= (w->update.what & RAFT_REMOVED) != 0;
}

static void receive(struct world *w, struct raft_message message)
{
	message.from = id_of('a');
	message.to = id_of('d');
	message.history = id_of('h');
	message.term = TERM;
	step(w, (struct raft_event){.kind = RAFT_RECEIVED, .message = &message});
}

static void pass(struct world *w, uint64_t ms)
{
	for (uint64_t end_ms = w->now_ms + ms; w->now_ms < end_ms;) {
		w->now_ms += RETRY_MS;
		step(w, (struct raft_event){.kind = RAFT_TICK});
	}
}

/* The last entry takes it out; else there is no list but the first. */
static int set_up_with(void **state, size_t voters, enum raft_bound bound, uint64_t commit,
                       bool is_out)
{
	static const char *const addresses[MEMBERS] = {"a:1", "b:1", "c:1", "d:1"};
	struct world *w = calloc(1, sizeof(*w));
	struct raft_options options = options_of('d', "d:1", addresses, MEMBERS);
	struct raft_run run = {.first = 1, .term = TERM};
	struct raft_start start = {.now_ms = 1000,
	                           .vote = {.term = TERM,
	                                    .history = id_of('h'),
	                                    .bound = bound,
	                                    .bound_term = bound == RAFT_BOUND ? TERM : 0,
	                                    .bound_index = bound == RAFT_BOUND ? LAST + 1 : 0},
	                           .runs = &run,
	                           .run_count = 1,
	                           .last = LAST,
	                           .commit = commit,
	                           .lists = w->lists,
	                           .list_count = 1 + is_out};

	w->list = list_of('a', addresses, MEMBERS, voters);
	w->lists[0] = w->list;
	w->list.members.count -= is_out;
	w->lists[1] = w->list;
	w->lists[1].index = LAST;
	w->now_ms = start.now_ms;
	assert_int_equal(raft_create(&options, &start, &w->core), 0);
	*state = w;
	return 0;
}

static int set_up(void **state, size_t voters, enum raft_bound bound)
{
	return set_up_with(state, voters, bound, LAST, /* is_out: */ false);
}

static int setup_uncommitted(void **state)
{
	return set_up_with(state, MEMBERS - 1, RAFT_NO_BOUND, 0, /* is_out: */ false);
}

static int setup_out(void **state)
{
	return set_up_with(state, MEMBERS, RAFT_NO_BOUND, LAST - 1, /* is_out: */ true);
}

/* It is a learner, ... */
static int setup(void **state)
{
	return set_up(state, MEMBERS - 1, RAFT_NO_BOUND);
}

/* ... a voter, ... */
static int setup_voter(void **state)
{
	return set_up(state, MEMBERS, RAFT_NO_BOUND);
}

/* ... or one that lost the end of its log. */
static int setup_damaged(void **state)
{
	return set_up(state, MEMBERS, RAFT_BOUND);
}

static int setup_damaged_without_bound(void **state)
{
	return set_up(state, MEMBERS, RAFT_BOUND_UNKNOWN);
}

/* The leader says who the members are. */
static void answer(struct world *w)
{
	receive(w, (struct raft_message){.kind = RAFT_MESSAGE_ANSWER,
	                                 .answer = {.address = "a:1",
	                                            .token = w->asked.token,
	                                            .last = LAST + 1,
	                                            .last_term = TERM,
	                                            .leader = id_of('a'),
	                                            .list = &w->list}});
}

/* The leader refuses its vote, and says which committed list is without who asked for it. */
static void refuse_vote(struct world *w, uint64_t members_index)
{
	assert_true(w->request.is_pre);
	receive(w, (struct raft_message){.kind = RAFT_MESSAGE_VOTE_REPLY,
	                                 .vote_reply = {.asked_term = w->request.asked_term,
	                                                .is_pre = true,
	                                                .refusal = RAFT_NOT_MEMBER,
	                                                .members_index = members_index}});
}

static void be_told_of_a_list_without_it(struct world *w)
{
	pass(w, 2 * ELECTION_MS);
	assert_non_null(w->asked.address);
	w->list.index = LAST + 1;
	w->list.members.count--;
	answer(w);
}

/* The leader may have forgotten that it was ever there, and would take it for a newcomer. */
static void a_learner_that_was_taken_out_while_it_was_down_hears_of_it(void **state)
{
	struct world *w = *state;

	be_told_of_a_list_without_it(w);
	assert_false(w->has_asked_to_join);
	assert_false(w->is_removed); /* that list may not be committed */
	refuse_vote(w, LAST + 1);
	assert_true(w->is_removed);
}

/* Who let it in may have died with that list: then nobody else ever had it. */
static void a_learner_of_a_list_that_may_be_lost_asks_to_be_let_in(void **state)
{
	struct world *w = *state;

	be_told_of_a_list_without_it(w);
	assert_true(w->has_asked_to_join);
	receive(w, (struct raft_message){.kind = RAFT_MESSAGE_JOIN_REPLY,
	                                 .join = {.address = "", .refusal = RAFT_NOT_MEMBER}});
	assert_true(w->is_removed);
}

/* It went down when it had the entry that takes it out, and did not know yet that it counts. */
static void who_has_its_removal_in_its_log_hears_that_it_counts(void **state)
{
	struct world *w = *state;

	pass(w, 2 * ELECTION_MS);
	assert_non_null(w->asked.address);
	w->list.index = LAST;
	answer(w);
	assert_false(w->has_asked_to_join);
	assert_false(w->is_removed);
	refuse_vote(w, LAST);
	assert_true(w->is_removed);
}

static void a_learner_that_has_its_seat_does_not_ask_for_it(void **state)
{
	struct world *w = *state;
	struct raft_status status;

	pass(w, 2 * ELECTION_MS);
	assert_non_null(w->asked.address);
	answer(w);
	raft_status(w->core, &status);
	assert_int_equal(status.waiting, RAFT_WAITS_FOR_LEADER);
	assert_false(w->has_asked_to_join);
	assert_false(w->is_removed);
}

static void a_learner_that_hears_its_leader_asks_nobody(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 2 * ELECTION_MS / RETRY_MS; i++) {
		receive(w, (struct raft_message){.kind = RAFT_MESSAGE_APPEND,
		                                 .append = {.prev = LAST,
		                                            .prev_term = TERM,
		                                            .last = LAST,
		                                            .commit = LAST}});
		pass(w, RETRY_MS);
	}
	assert_null(w->asked.address);
}

static void a_voter_that_was_taken_out_hears_of_it(void **state)
{
	struct world *w = *state;

	pass(w, 3 * ELECTION_MS);
	refuse_vote(w, 1); /* the list that it has itself */
	assert_false(w->is_removed);
	refuse_vote(w, LAST + 1);
	assert_true(w->is_removed);
}

static void a_voter_that_may_not_stand_does_too(void **state)
{
	struct world *w = *state;

	step(w, (struct raft_event){.kind = RAFT_CONDITION, .condition = {.may_stand = false}});
	a_voter_that_was_taken_out_hears_of_it(state);
}

/* It would have no use for votes. */
static void who_may_not_stand_is_no_candidate(void **state)
{
	struct world *w = *state;
	struct raft_status status;

	pass(w, 3 * ELECTION_MS);
	receive(w, (struct raft_message){
	                   .kind = RAFT_MESSAGE_VOTE_REPLY,
	                   .vote_reply = {.asked_term = w->request.asked_term, .is_pre = true}});
	raft_status(w->core, &status);
	assert_int_equal(status.role, RAFT_FOLLOWER);
	assert_int_equal(status.term, TERM);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(a_learner_that_was_taken_out_while_it_was_down_hears_of_it),
	        cmocka_unit_test_setup_teardown(
	                a_learner_of_a_list_that_may_be_lost_asks_to_be_let_in, setup_uncommitted,
	                teardown),
	        cmocka_unit_test_setup_teardown(who_has_its_removal_in_its_log_hears_that_it_counts,
	                                        setup_out, teardown),
	        TEST(a_learner_that_has_its_seat_does_not_ask_for_it),
	        TEST(a_learner_that_hears_its_leader_asks_nobody),
	        cmocka_unit_test_setup_teardown(a_voter_that_was_taken_out_hears_of_it, setup_voter,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(a_voter_that_may_not_stand_does_too, setup_voter,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(a_voter_that_may_not_stand_does_too, setup_damaged,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(a_voter_that_may_not_stand_does_too,
	                                        setup_damaged_without_bound, teardown),
	        cmocka_unit_test_setup_teardown(who_may_not_stand_is_no_candidate, setup_damaged,
	                                        teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
