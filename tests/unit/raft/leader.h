/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One core, 'a', that 'b' elects; the test speaks for all peers, and is the clock.  Include after
 * cmocka.h.
 */
#ifndef HOLDFAST_TESTS_UNIT_RAFT_LEADER_H
#define HOLDFAST_TESTS_UNIT_RAFT_LEADER_H

#include "unit/raft/core.h"

struct world {
	struct raft *core;
	struct raft_update update;
	struct raft_status status;
	uint64_t now_ms;
	struct raft_fetch fetch;         /* the last one that was asked for */
	struct raft_append_message sent; /* the last one to the learner 'd' */
	uint64_t match_c;                /* what c says of itself */
};

static inline void step(struct world *w, struct raft_event event)
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

static inline void receive(struct world *w, char from, struct raft_message message)
{
	message.from = id_of(from);
	message.to = id_of('a');
	message.history = id_of('h');
	message.term = w->status.term;
	step(w, (struct raft_event){.kind = RAFT_RECEIVED, .message = &message});
}

static inline void answer_heartbeat(struct world *w, char from, uint64_t match)
{
	receive(w, from,
	        (struct raft_message){.kind = RAFT_MESSAGE_APPEND_REPLY,
	                              .append_reply = {.match = match, .sent_ms = w->now_ms}});
}

static inline void sync_vote(struct world *w)
{
	if (w->update.what & RAFT_PERSIST_VOTE)
		step(w, (struct raft_event){.kind = RAFT_VOTE_SYNCED,
		                            .vote_synced = w->update.vote_number});
}

/* b would vote for it, and it stands. */
static inline void stand(struct world *w)
{
	w->now_ms += 2 * ELECTION_MS;
	step(w, (struct raft_event){.kind = RAFT_TICK});
	receive(w, 'b',
	        (struct raft_message){
	                .kind = RAFT_MESSAGE_VOTE_REPLY,
	                .vote_reply = {.asked_term = w->status.term + 1, .is_pre = true}});
	sync_vote(w);
	assert_int_equal(w->status.role, RAFT_CANDIDATE);
}

static inline void get_vote(struct world *w)
{
	receive(w, 'b',
	        (struct raft_message){.kind = RAFT_MESSAGE_VOTE_REPLY,
	                              .vote_reply = {.asked_term = w->status.term}});
}

static inline void be_elected(struct world *w)
{
	stand(w);
	get_vote(w);
	assert_int_equal(w->status.role, RAFT_LEADER);
	step(w, (struct raft_event){.kind = RAFT_SYNCED,
	                            .synced = {.generation = w->update.append.generation,
	                                       .last = w->update.append.last}});
}

/* Of so many members, three of which vote; each has all entries up to `last`. */
static inline int set_up_with(void **state, size_t members, uint64_t last, bool leave_is_needed)
{
	static const char *const addresses[] = {"a:1", "b:1", "c:1", "d:1"};
	struct world *w = calloc(1, sizeof(*w));
	struct raft_options options = options_of('a', "a:1", addresses, members);
	struct raft_run run = {.first = 1, .term = 1};
	struct raft_list list = list_of('a', addresses, members, 3);
	struct raft_start start = {.now_ms = 1000,
	                           .vote = {.term = 1, .history = id_of('h')},
	                           .runs = &run,
	                           .run_count = 1,
	                           .last = last,
	                           .commit = last,
	                           .lists = &list,
	                           .list_count = 1};

	options.leave_is_needed = leave_is_needed;
	assert_int_equal(raft_create(&options, &start, &w->core), 0);
	raft_status(w->core, &w->status);
	w->now_ms = start.now_ms;
	*state = w;
	return 0;
}

static inline int set_up(void **state, size_t members, uint64_t last)
{
	return set_up_with(state, members, last, false);
}

#endif
