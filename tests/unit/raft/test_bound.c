/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A voter that cannot read how far its log went.  The test speaks for the others, and is the clock.
 * Members are those of docs/decisions/0006: B is the one tested, its log is left with entry 5.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/raft/core.h"

enum { TERM = 1, LEFT = 5, LOST = 6, MEMBERS = 3 };

struct world {
	struct raft *core;
	struct raft_list list;
	struct raft_update update;
	uint64_t now_ms;
	enum raft_refusal vote; /* what B said, asked for its vote */
	bool has_answered;
	struct raft_vote record; /* written last */
	size_t asked[MEMBERS];   /* times */
	uint64_t token[MEMBERS]; /* of the last question */
};

static void note(struct world *w, const struct raft_message *message)
{
	if (message->kind == RAFT_MESSAGE_ASK) {
		size_t member = (size_t)(message->to.bytes[0] - 'A');

		w->asked[member]++;
		w->token[member] = message->ask.token;
	} else if (message->kind == RAFT_MESSAGE_VOTE_REPLY) {
		w->vote = message->vote_reply.refusal;
		w->has_answered = true;
	}
}

static void step(struct world *w, struct raft_event event)
{
	event.now_ms = w->now_ms;
	assert_int_equal(raft_step(w->core, &event, &w->update), 0);
	for (size_t i = 0; i < w->update.message_count; i++)
		note(w, &w->update.messages[i]);
	if ((w->update.what & RAFT_PERSIST_VOTE) == 0)
		return;
	w->record = w->update.vote;
	step(w,
	     (struct raft_event){.kind = RAFT_VOTE_SYNCED, .vote_synced = w->update.vote_number});
}

static void pass(struct world *w, uint64_t ms)
{
	for (uint64_t end_ms = w->now_ms + ms; w->now_ms < end_ms; w->now_ms++)
		step(w, (struct raft_event){.kind = RAFT_TICK});
}

static void receive(struct world *w, char from, struct raft_message message)
{
	message.from = id_of(from);
	message.to = id_of('B');
	message.history = id_of('h');
	step(w, (struct raft_event){.kind = RAFT_RECEIVED, .message = &message});
}

/* To what B asked it last.  With no entry it has no list either. */
static void answer(struct world *w, char from, uint64_t last, bool is_unsure)
{
	size_t member = (size_t)(from - 'A');

	receive(w, from,
	        (struct raft_message){.kind = RAFT_MESSAGE_ANSWER,
	                              .term = TERM,
	                              .answer = {.address = w->list.members.member[member].address,
	                                         .token = w->token[member],
	                                         .last = last,
	                                         .last_term = last == 0 ? 0 : TERM,
	                                         .is_unsure = is_unsure,
	                                         .list = last == 0 ? NULL : &w->list}});
}

/* Before an election. */
static enum raft_refusal ask_for_vote(struct world *w, char candidate, uint64_t last)
{
	w->has_answered = false;
	receive(w, candidate,
	        (struct raft_message){.kind = RAFT_MESSAGE_VOTE,
	                              .term = TERM,
	                              .vote = {.asked_term = TERM + 1,
	                                       .last = last,
	                                       .last_term = TERM,
	                                       .is_pre = true}});
	assert_true(w->has_answered);
	return w->vote;
}

static void make(struct world *w, size_t members, bool accepts_loss)
{
	static const char *const addresses[] = {"a:1", "b:1", "c:1"};
	/* B is second; alone, it is first. */
	size_t first = members == 1 ? 1 : 0;
	struct raft_options options = options_of('B', "b:1", addresses + first, members);
	struct raft_run run = {.first = 1, .term = TERM};
	struct raft_start start = {
	        .now_ms = w->now_ms,
	        .vote = {.term = TERM, .history = id_of('h'), .bound = RAFT_BOUND_UNKNOWN},
	        .runs = &run,
	        .run_count = 1,
	        .last = LEFT,
	        .commit = LEFT,
	        .lists = &w->list,
	        .list_count = 1};

	options.accepts_loss = accepts_loss;
	w->list = list_of((char)('A' + (char)first), addresses + first, members, members);
	w->record = start.vote;
	assert_int_equal(raft_create(&options, &start, &w->core), 0);
	pass(w, 1); /* asks */
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	w->now_ms = 1000;
	*state = w;
	return 0;
}

/* Both have answered, each at a time when it had not got the entry that B had helped to commit: C
 * before it came, A after it had lost it. */
static void answers_of_different_times_do_not_make_an_election(void **state)
{
	struct world *w = *state;

	make(w, MEMBERS, false);
	answer(w, 'C', LEFT, false);
	pass(w, 3 * ELECTION_MS); /* A's first answer is lost; C gets and commits entry 6 */
	answer(w, 'A', LEFT, false);
	assert_int_equal(w->record.bound, RAFT_BOUND_UNKNOWN);
	assert_int_equal(ask_for_vote(w, 'A', LEFT), RAFT_BOUND_UNKNOWN_YET);
	pass(w, 2 * RETRY_MS); /* asks both again */
	answer(w, 'A', LEFT, false);
	answer(w, 'C', LOST, false);
	assert_int_equal(w->record.bound, RAFT_BOUND);
	assert_int_equal(w->record.bound_index, LOST);
	assert_int_equal(ask_for_vote(w, 'A', LEFT), RAFT_BOUND_ABOVE);
	assert_int_equal(ask_for_vote(w, 'C', LOST), RAFT_OK);
}

static void whoever_has_answered_twice_is_not_asked_any_more(void **state)
{
	struct world *w = *state;
	size_t asked;

	make(w, MEMBERS, false);
	answer(w, 'A', LEFT, false);
	answer(w, 'C', LEFT, false);
	pass(w, 2 * RETRY_MS);
	answer(w, 'A', LEFT, false);
	asked = w->asked[0];
	pass(w, 5 * RETRY_MS);
	assert_int_equal(w->asked[0], asked);
	assert_true(w->asked[2] > asked);
	answer(w, 'C', LEFT, false);
	assert_int_equal(w->record.bound, RAFT_NO_BOUND); /* nothing was lost */
}

/* A and C were bound to the cluster that B formed, and B's machine failed before they got entries.
 */
static void who_has_got_nothing_yet_counts(void **state)
{
	struct world *w = *state;

	make(w, MEMBERS, false);
	for (size_t round = 0; round < 2; round++) {
		assert_int_equal(w->record.bound, RAFT_BOUND_UNKNOWN);
		answer(w, 'A', 0, false);
		answer(w, 'C', 0, false);
		pass(w, 2 * RETRY_MS);
	}
	assert_int_equal(w->record.bound, RAFT_NO_BOUND);
}

static void who_lost_its_own_end_does_not_count(void **state)
{
	struct world *w = *state;

	make(w, MEMBERS, false);
	for (size_t round = 0; round < 5; round++) {
		answer(w, 'A', LEFT, true);
		answer(w, 'C', LOST, false);
		pass(w, 2 * RETRY_MS);
	}
	assert_int_equal(w->record.bound, RAFT_BOUND_UNKNOWN);
}

/* ... unless loss is accepted: then the longest log that is left goes on. */
static void who_lost_its_own_end_counts_where_loss_is_accepted(void **state)
{
	struct world *w = *state;

	make(w, MEMBERS, true);
	for (size_t round = 0; round < 2; round++) {
		assert_int_equal(w->record.bound, RAFT_BOUND_UNKNOWN);
		answer(w, 'A', LEFT, true);
		answer(w, 'C', LOST, true);
		pass(w, 2 * RETRY_MS);
	}
	assert_int_equal(w->record.bound, RAFT_BOUND);
	assert_int_equal(w->record.bound_index, LOST);
	assert_int_equal(ask_for_vote(w, 'A', LEFT), RAFT_BOUND_ABOVE);
	assert_int_equal(ask_for_vote(w, 'C', LOST), RAFT_OK);
}

/* One crash is no reason to lose anything. */
static void all_others_must_answer_even_where_loss_is_accepted(void **state)
{
	struct world *w = *state;

	make(w, MEMBERS, true);
	for (size_t round = 0; round < 5; round++) {
		answer(w, 'A', LEFT, true);
		pass(w, 2 * RETRY_MS);
	}
	assert_int_equal(w->record.bound, RAFT_BOUND_UNKNOWN);
	assert_int_equal(ask_for_vote(w, 'A', LEFT), RAFT_BOUND_UNKNOWN_YET);
}

static void who_has_nobody_to_ask_goes_on_where_loss_is_accepted(void **state)
{
	struct world *w = *state;

	make(w, 1, true);
	assert_int_equal(w->record.bound, RAFT_NO_BOUND);
}

static void who_has_nobody_to_ask_waits_where_it_is_not(void **state)
{
	struct world *w = *state;

	make(w, 1, false);
	pass(w, 10 * ELECTION_MS);
	assert_int_equal(w->record.bound, RAFT_BOUND_UNKNOWN);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(answers_of_different_times_do_not_make_an_election),
	        TEST(whoever_has_answered_twice_is_not_asked_any_more),
	        TEST(who_has_got_nothing_yet_counts),
	        TEST(who_lost_its_own_end_does_not_count),
	        TEST(who_lost_its_own_end_counts_where_loss_is_accepted),
	        TEST(all_others_must_answer_even_where_loss_is_accepted),
	        TEST(who_has_nobody_to_ask_goes_on_where_loss_is_accepted),
	        TEST(who_has_nobody_to_ask_waits_where_it_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
