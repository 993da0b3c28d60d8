/* SPDX-License-Identifier: Apache-2.0 */
/* Terms as a memory gone bad, or an enemy, would have them.  The test speaks for all peers, and is
 * the clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/raft/leader.h"

static int setup(void **state)
{
	return set_up(state, 3, 5);
}

static void receive_in(struct world *w, uint64_t term, struct raft_message message)
{
	message.from = id_of('b');
	message.to = id_of('a');
	message.history = id_of('h');
	message.term = term;
	step(w, (struct raft_event){.kind = RAFT_RECEIVED, .message = &message});
}

/* Behind the last term there is none to stand in: nobody could be elected any more. */
static void a_term_that_no_election_reaches_is_not_taken_up(void **state)
{
	static const enum raft_message_kind kinds[] = {
	        RAFT_MESSAGE_APPEND,     RAFT_MESSAGE_APPEND_REPLY, RAFT_MESSAGE_VOTE_REPLY,
	        RAFT_MESSAGE_CHUNK,      RAFT_MESSAGE_CHUNK_REPLY,  RAFT_MESSAGE_STAND,
	        RAFT_MESSAGE_READ_REPLY,
	};
	struct world *w = *state;
	uint64_t term = w->status.term;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		receive_in(w, UINT64_MAX, (struct raft_message){.kind = kinds[i]});
		assert_int_equal(w->update.refusal, RAFT_MALFORMED);
		assert_int_equal(w->status.term, term);
	}
	receive_in(w, UINT64_MAX,
	           (struct raft_message){.kind = RAFT_MESSAGE_STAND,
	                                 .stand = {.last = w->status.last, .last_term = term}});
	assert_int_equal(w->status.term, term);
	be_elected(w);
}

/* Who asks says its own term, and asks for a vote in it, or whether it would get one in the next.
 */
static void a_vote_is_asked_for_in_no_other_term_than_the_candidates(void **state)
{
	struct world *w = *state;
	uint64_t term = w->status.term;
	struct raft_vote_message vote = {.last = w->status.last, .last_term = term};

	w->now_ms += 2 * ELECTION_MS;
	for (int is_pre = 0; is_pre <= 1; is_pre++) {
		vote.is_pre = is_pre != 0;
		vote.asked_term = UINT64_MAX;
		receive_in(w, term + 1,
		           (struct raft_message){.kind = RAFT_MESSAGE_VOTE, .vote = vote});
		assert_int_equal(w->update.refusal, RAFT_MALFORMED);
		assert_int_equal(w->status.term, term);
	}
	vote.is_pre = false;
	vote.asked_term = term + 1;
	receive_in(w, term + 1, (struct raft_message){.kind = RAFT_MESSAGE_VOTE, .vote = vote});
	assert_int_equal(w->status.term, term + 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(a_term_that_no_election_reaches_is_not_taken_up),
	        TEST(a_vote_is_asked_for_in_no_other_term_than_the_candidates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
