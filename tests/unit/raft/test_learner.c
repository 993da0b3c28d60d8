/* SPDX-License-Identifier: Apache-2.0 */
/* How a learner is brought up to date.  The test speaks for all peers, and is the clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "raft/raft.h"

enum { ELECTION_MS = 100, HEARTBEAT_MS = 10, LAST = 100 };

struct world {
	struct raft *core;
	struct raft_update update;
	struct raft_status status;
	uint64_t now_ms;
	struct raft_fetch fetch;         /* the last one that was asked for */
	struct raft_append_message sent; /* the last one to the learner */
};

static struct raft_id id_of(char name)
{
	struct raft_id id;

	memset(id.bytes, name, sizeof(id.bytes));
	return id;
}

static void step(struct world *w, struct raft_event event)
{
	event.now_ms = w->now_ms;
	assert_int_equal(raft_step(w->core, &event, &w->update), 0);
	if (w->update.what & RAFT_FETCH)
		w->fetch = w->update.fetches[0]; /* nobody else lacks anything */
	for (size_t i = 0; i < w->update.message_count; i++) {
		const struct raft_message *message = &w->update.messages[i];

		if (message->kind == RAFT_MESSAGE_APPEND && raft_id_equal(message->to, id_of('d')))
			w->sent = message->append;
	}
	raft_status(w->core, &w->status);
}

static void receive(struct world *w, char from, struct raft_message message)
{
	message.from = id_of(from);
	message.to = id_of('a');
	message.history = id_of('h');
	message.term = w->status.term;
	step(w, (struct raft_event){.kind = RAFT_RECEIVED, .message = &message});
}

static void answer_heartbeat(struct world *w, char from, uint64_t match)
{
	receive(w, from,
	        (struct raft_message){.kind = RAFT_MESSAGE_APPEND_REPLY,
	                              .append_reply = {.match = match, .sent_ms = w->now_ms}});
}

/* Time goes on, and the voters, who have everything, answer. */
static void pass(struct world *w, uint64_t ms)
{
	for (uint64_t end_ms = w->now_ms + ms; w->now_ms < end_ms;) {
		w->now_ms += end_ms - w->now_ms < HEARTBEAT_MS ? end_ms - w->now_ms : HEARTBEAT_MS;
		step(w, (struct raft_event){.kind = RAFT_TICK});
		answer_heartbeat(w, 'b', w->status.last);
		answer_heartbeat(w, 'c', w->status.last);
	}
}

static void sync_vote(struct world *w)
{
	if (w->update.what & RAFT_PERSIST_VOTE)
		step(w, (struct raft_event){.kind = RAFT_VOTE_SYNCED,
		                            .vote_synced = w->update.vote_number});
}

static void be_elected(struct world *w)
{
	w->now_ms += 2 * ELECTION_MS;
	step(w, (struct raft_event){.kind = RAFT_TICK});
	receive(w, 'b',
	        (struct raft_message){
	                .kind = RAFT_MESSAGE_VOTE_REPLY,
	                .vote_reply = {.asked_term = w->status.term + 1, .is_pre = true}});
	sync_vote(w);
	receive(w, 'b',
	        (struct raft_message){.kind = RAFT_MESSAGE_VOTE_REPLY,
	                              .vote_reply = {.asked_term = w->status.term}});
	assert_int_equal(w->status.role, RAFT_LEADER);
	step(w, (struct raft_event){.kind = RAFT_SYNCED,
	                            .synced = {.generation = w->update.append.generation,
	                                       .last = w->update.append.last}});
}

static int setup(void **state)
{
	static const char *const addresses[] = {"a:1", "b:1", "c:1", "d:1"};
	struct world *w = calloc(1, sizeof(*w));
	struct raft_options options = {.self = id_of('a'),
	                               .address = "a:1",
	                               .addresses = addresses,
	                               .address_count = 4,
	                               .election_min_ms = ELECTION_MS,
	                               .election_max_ms = ELECTION_MS + ELECTION_MS / 2,
	                               .heartbeat_ms = HEARTBEAT_MS,
	                               .retry_ms = HEARTBEAT_MS,
	                               .append_bytes_max = 1000,
	                               .window_bytes_max = 1000,
	                               .chunk_bytes_max = 1000};
	struct raft_run run = {.first = 1, .term = 1};
	struct raft_list list = {.index = 1, .members.count = 4};
	struct raft_start start = {.now_ms = 1000,
	                           .vote = {.term = 1, .history = id_of('h')},
	                           .runs = &run,
	                           .run_count = 1,
	                           .last = LAST,
	                           .commit = LAST,
	                           .lists = &list,
	                           .list_count = 1};

	for (size_t i = 0; i < 4; i++) {
		list.members.member[i].id = id_of((char)('a' + i));
		list.members.member[i].is_voter = i < 3;
		snprintf(list.members.member[i].address, sizeof(list.members.member[i].address),
		         "%s", addresses[i]);
	}
	assert_int_equal(raft_create(&options, &start, &w->core), 0);
	raft_status(w->core, &w->status);
	w->now_ms = start.now_ms;
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	raft_destroy(w->core);
	free(w);
	return 0;
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
	enum { TOOK_MS = 43, REST_TIMES = 3 };
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(
	                a_learner_gets_one_piece_at_a_time_and_rests_longer_than_that_took, setup,
	                teardown),
	        cmocka_unit_test_setup_teardown(
	                a_learner_that_does_not_gain_on_the_log_rests_no_more, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
