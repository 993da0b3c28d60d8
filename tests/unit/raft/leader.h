/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One core, 'a', that 'b' elects; the test speaks for all peers, and is the clock.  Include after
 * cmocka.h.
 */
#ifndef HOLDFAST_TESTS_UNIT_RAFT_LEADER_H
#define HOLDFAST_TESTS_UNIT_RAFT_LEADER_H

#include <stdlib.h>
#include <string.h>

#include "raft/raft.h"

enum { ELECTION_MS = 100, HEARTBEAT_MS = 10 };

struct world {
	struct raft *core;
	struct raft_update update;
	struct raft_status status;
	uint64_t now_ms;
	struct raft_fetch fetch;         /* the last one that was asked for */
	struct raft_append_message sent; /* the last one to the learner 'd' */
	uint64_t match_c;                /* what c says of itself */
};

static inline struct raft_id id_of(char name)
{
	struct raft_id id;

	memset(id.bytes, name, sizeof(id.bytes));
	return id;
}

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

static inline void be_elected(struct world *w)
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

static inline int teardown(void **state)
{
	struct world *w = *state;

	raft_destroy(w->core);
	free(w);
	return 0;
}

#endif
