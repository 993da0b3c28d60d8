/* SPDX-License-Identifier: Apache-2.0 */
/* What a follower takes from a leader, and what it does not, whatever the bytes say.  The core
 * tested is 'a'; the test speaks for 'b', who leads, and is the clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/raft/leader.h"

enum { LAST = 5, MORE = 8, TERM = 1 };

static int setup(void **state)
{
	return set_up(state, 3, LAST);
}

static struct raft_append_reply reply_of(const struct world *w)
{
	for (size_t i = 0; i < w->update.message_count; i++)
		if (w->update.messages[i].kind == RAFT_MESSAGE_APPEND_REPLY)
			return w->update.messages[i].append_reply;
	fail_msg("no answer");
	return (struct raft_append_reply){0};
}

static void append(struct world *w, struct raft_append_message message)
{
	receive(w, 'b', (struct raft_message){.kind = RAFT_MESSAGE_APPEND, .append = message});
}

/* Entries LAST + 1 to MORE, which are not synced. */
static void have_more(struct world *w)
{
	struct raft_run run = {.first = LAST + 1, .term = TERM};

	append(w, (struct raft_append_message){.prev = LAST,
	                                       .prev_term = TERM,
	                                       .last = MORE,
	                                       .commit = LAST,
	                                       .runs = &run,
	                                       .run_count = 1});
	assert_int_equal(w->status.last, MORE);
	assert_int_equal(w->status.synced, LAST);
	assert_int_equal(w->status.commit, LAST);
}

static void entries_that_contradict_themselves_are_refused(void **state)
{
	static const struct raft_run before_prev[] = {{.first = LAST, .term = TERM}},
	                             late[] = {{.first = LAST + 2, .term = TERM}},
	                             of_later_term[] = {{.first = LAST + 1, .term = TERM + 1}},
	                             twice[] = {{.first = LAST + 1, .term = TERM},
	                                        {.first = LAST + 1, .term = TERM}},
	                             beyond[] = {{.first = LAST + 1, .term = TERM},
	                                         {.first = MORE + 1, .term = TERM}},
	                             of_term_0[] = {{.first = LAST + 1, .term = 0}},
	                             good[] = {{.first = LAST + 1, .term = TERM}};
	static const struct raft_list empty = {.index = LAST + 1},
	                              early = {.index = LAST, .members.count = 1},
	                              outside = {.index = MORE + 1, .members.count = 1},
	                              crowded = {.index = LAST + 1,
	                                         .members.count = RAFT_MEMBERS_MAX + 1};
	static const struct raft_append_message messages[] = {
	        {.last = LAST - 1},
	        {.last = MORE},
	        {.last = LAST, .runs = good, .run_count = 1},
	        {.last = MORE, .runs = before_prev, .run_count = 1},
	        {.last = MORE, .runs = late, .run_count = 1},
	        {.last = MORE, .runs = of_later_term, .run_count = 1},
	        {.last = MORE, .runs = twice, .run_count = 2},
	        {.last = MORE, .runs = beyond, .run_count = 2},
	        {.last = MORE, .runs = of_term_0, .run_count = 1},
	        {.last = MORE, .runs = good, .run_count = 1, .lists = &empty, .list_count = 1},
	        {.last = MORE, .runs = good, .run_count = 1, .lists = &early, .list_count = 1},
	        {.last = MORE, .runs = good, .run_count = 1, .lists = &outside, .list_count = 1},
	        {.last = MORE, .runs = good, .run_count = 1, .lists = &crowded, .list_count = 1},
	        {.last = LAST, .ask_ms = RAFT_ELECTION_MS_MAX + 1},
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		struct raft_append_message message = messages[i];

		message.prev = LAST;
		message.prev_term = TERM;
		append(w, message);
		assert_int_equal(reply_of(w).refusal, RAFT_MALFORMED);
		assert_int_equal(w->status.last, LAST);
		assert_false(w->update.what & RAFT_APPEND);
	}
}

/* A lease would rest on the answer, and nothing was promised. */
static void what_asks_for_too_long_a_promise_proves_no_round(void **state)
{
	struct world *w = *state;

	append(w, (struct raft_append_message){.prev = LAST,
	                                       .prev_term = TERM,
	                                       .last = LAST,
	                                       .round = 7,
	                                       .sent_ms = w->now_ms,
	                                       .ask_ms = RAFT_ELECTION_MS_MAX + 1});
	assert_int_equal(reply_of(w).refusal, RAFT_MALFORMED);
	assert_int_equal(reply_of(w).round, 0);
	assert_int_equal(reply_of(w).sent_ms, 0);
}

static void another_entry_where_one_is_committed_is_refused(void **state)
{
	static const struct raft_run other = {.first = LAST, .term = TERM + 1};
	static const struct raft_append_message anew = {
	        .prev = LAST - 1, .prev_term = TERM, .last = LAST, .runs = &other, .run_count = 1};
	struct world *w = *state;

	w->status.term++; /* b was elected again, it says */
	append(w, (struct raft_append_message){.prev = LAST, .prev_term = TERM, .last = LAST});
	sync_vote(w);
	append(w, (struct raft_append_message){.prev = LAST, .prev_term = TERM + 1, .last = LAST});
	assert_int_equal(reply_of(w).refusal, RAFT_CONFLICTS_WITH_COMMITTED);
	append(w, anew);
	assert_int_equal(reply_of(w).refusal, RAFT_CONFLICTS_WITH_COMMITTED);
	/* It is in a checkpoint, too. */
	step(w, (struct raft_event){.kind = RAFT_COMPACTED, .compacted = LAST});
	append(w, anew);
	assert_int_equal(reply_of(w).refusal, RAFT_CONFLICTS_WITH_COMMITTED);
	assert_int_equal(w->status.last, LAST);
}

/* Everything up to there is committed, and a leader has that. */
static void logs_agree_where_a_checkpoint_ends(void **state)
{
	struct world *w = *state;

	step(w, (struct raft_event){.kind = RAFT_COMPACTED, .compacted = LAST});
	append(w, (struct raft_append_message){.prev = LAST + 4, .prev_term = 0, .last = LAST + 4});
	assert_int_equal(reply_of(w).refusal, RAFT_LOG_DIFFERS);
	assert_int_equal(reply_of(w).hint, LAST);
	assert_int_equal(reply_of(w).hint_term, TERM);
}

static void two_do_not_lead_one_term(void **state)
{
	struct world *w = *state;

	append(w, (struct raft_append_message){.prev = LAST, .prev_term = TERM, .last = LAST});
	receive(w, 'c',
	        (struct raft_message){.kind = RAFT_MESSAGE_APPEND,
	                              .append = {.prev = LAST, .prev_term = TERM, .last = LAST}});
	assert_int_equal(w->update.refusal, RAFT_MALFORMED);
	assert_true(raft_id_equal(w->status.leader, id_of('b')));
}

static void messages_of_no_kind_and_proposals_are_refused(void **state)
{
	struct world *w = *state;

	receive(w, 'b', (struct raft_message){.kind = RAFT_MESSAGE_KINDS});
	assert_int_equal(w->update.refusal, RAFT_MALFORMED);
	step(w, (struct raft_event){.kind = RAFT_PROPOSED, .proposed = 1});
	assert_int_equal(w->update.refusal, RAFT_NOT_LEADER);
	step(w, (struct raft_event){.kind = RAFT_TRANSFER});
	assert_int_equal(w->update.refusal, RAFT_NOT_LEADER);
	assert_int_equal(w->status.last, LAST);
}

/* ---- a checkpoint of what is in the log ---- */

static void install(struct world *w, uint64_t index)
{
	receive(w, 'b',
	        (struct raft_message){
	                .kind = RAFT_MESSAGE_CHUNK,
	                .chunk = {.index = index, .index_term = TERM, .size = 1, .is_last = true}});
	assert_true(w->update.what & RAFT_STORE);
	assert_true(w->update.store.keeps_log);
	step(w, (struct raft_event){.kind = RAFT_CHUNK_STORED,
	                            .stored = {.index = index, .offset = 1}});
	step(w, (struct raft_event){.kind = RAFT_INSTALLED,
	                            .installed = {.index = index, .index_term = TERM}});
}

static void what_follows_a_checkpoint_in_the_log_stays(void **state)
{
	struct world *w = *state;

	have_more(w);
	install(w, MORE - 1);
	assert_int_equal(w->status.last, MORE);
	assert_int_equal(w->status.commit, MORE - 1);
	/* What the checkpoint stands for is as durable as that is. */
	assert_int_equal(w->status.synced, MORE - 1);
}

static void a_checkpoint_of_a_later_term_than_its_senders_is_refused(void **state)
{
	struct world *w = *state;

	receive(w, 'b',
	        (struct raft_message){.kind = RAFT_MESSAGE_CHUNK,
	                              .chunk = {.index = MORE, .index_term = TERM + 1, .size = 1}});
	assert_false(w->update.what & RAFT_STORE);
	assert_int_equal(w->update.messages[0].chunk_reply.refusal, RAFT_MALFORMED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(entries_that_contradict_themselves_are_refused),
	        TEST(what_asks_for_too_long_a_promise_proves_no_round),
	        TEST(another_entry_where_one_is_committed_is_refused),
	        TEST(logs_agree_where_a_checkpoint_ends),
	        TEST(two_do_not_lead_one_term),
	        TEST(messages_of_no_kind_and_proposals_are_refused),
	        TEST(what_follows_a_checkpoint_in_the_log_stays),
	        TEST(a_checkpoint_of_a_later_term_than_its_senders_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
