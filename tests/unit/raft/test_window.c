/* SPDX-License-Identifier: Apache-2.0 */
/* How much is sent to a peer that does not get further.  The test speaks for the peers of 'a', and
 * is the clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/raft/leader.h"

enum { LAST = 200, STUCK_AT = 100, ENTRY_BYTES = 100, ROUNDS = 100 };

struct peer {
	uint64_t last;  /* of its log, all of it synced */
	bool has_room;  /* else it drops what it is sent */
	size_t entries; /* sent to it */
};

static int setup(void **state)
{
	return set_up(state, 3, LAST);
}

static void answer(struct world *w, const struct peer *c, const struct raft_append_message *append)
{
	struct raft_append_reply reply = {
	        .match = append->prev, .number = append->number, .sent_ms = append->sent_ms};

	if (append->prev > c->last)
		reply = (struct raft_append_reply){.number = append->number,
		                                   .refusal = RAFT_LOG_DIFFERS,
		                                   .hint = c->last,
		                                   .hint_term = 1};
	else if (append->last > append->prev)
		reply.match = append->last;
	receive(w, 'c',
	        (struct raft_message){.kind = RAFT_MESSAGE_APPEND_REPLY, .append_reply = reply});
}

/* What is sent in a step arrives behind it; what is asked for is there at once. */
static void carry(struct world *w, struct peer *c)
{
	struct raft_append_message appends[64];
	size_t count = 0;

	for (;;) {
		for (size_t i = 0; i < w->update.message_count; i++) {
			const struct raft_message *message = &w->update.messages[i];

			assert_true(count < 64);
			if (message->kind == RAFT_MESSAGE_APPEND &&
			    raft_id_equal(message->to, id_of('c')))
				appends[count++] = message->append;
		}
		if ((w->update.what & RAFT_FETCH) == 0)
			break;
		for (size_t i = 0; i < w->update.fetch_count; i++)
			w->fetch = w->update.fetches[i];
		step(w, (struct raft_event){.kind = RAFT_FETCHED,
		                            .fetched = {.number = w->fetch.number,
		                                        .last = w->fetch.first,
		                                        .bytes = ENTRY_BYTES}});
	}
	for (size_t i = 0; i < count; i++) {
		bool has_entries = appends[i].last > appends[i].prev;

		c->entries += has_entries;
		if (has_entries && !c->has_room)
			continue;
		if (has_entries && appends[i].prev <= c->last && appends[i].last > c->last)
			c->last = appends[i].last;
		answer(w, c, &appends[i]);
		carry(w, c);
	}
}

static void pass(struct world *w, struct peer *c, int rounds)
{
	for (int i = 0; i < rounds; i++) {
		w->now_ms += HEARTBEAT_MS;
		step(w, (struct raft_event){.kind = RAFT_TICK});
		carry(w, c);
		receive(w, 'b',
		        (struct raft_message){.kind = RAFT_MESSAGE_APPEND_REPLY,
		                              .append_reply = {.match = w->status.last}});
		carry(w, c);
	}
}

static void lead(struct world *w, struct peer *c)
{
	be_elected(w);
	carry(w, c);
	receive(w, 'b',
	        (struct raft_message){.kind = RAFT_MESSAGE_APPEND_REPLY,
	                              .append_reply = {.match = w->status.last}});
	carry(w, c);
}

/* Brings what is asked for.  How often entries were sent to c. */
static size_t bring(struct world *w)
{
	struct raft_fetch fetches[RAFT_MEMBERS_MAX];
	size_t count = w->update.fetch_count, sent = 0;

	for (size_t i = 0; i < count; i++)
		fetches[i] = w->update.fetches[i];
	for (size_t i = 0; i < count; i++) {
		step(w, (struct raft_event){.kind = RAFT_FETCHED,
		                            .fetched = {.number = fetches[i].number,
		                                        .last = fetches[i].first,
		                                        .bytes = ENTRY_BYTES}});
		for (size_t k = 0; k < w->update.message_count; k++) {
			const struct raft_message *message = &w->update.messages[k];

			sent += message->kind == RAFT_MESSAGE_APPEND &&
			        raft_id_equal(message->to, id_of('c')) &&
			        message->append.last > message->append.prev;
		}
	}
	return sent;
}

/* The way there and back takes longer than many heartbeats. */
static void what_is_not_answered_yet_is_not_sent_again(void **state)
{
	struct world *w = *state;
	size_t sent;

	stand(w);
	get_vote(w);
	sent = bring(w);
	for (int i = 0; i < ELECTION_MS / HEARTBEAT_MS; i++) {
		w->now_ms += HEARTBEAT_MS;
		step(w, (struct raft_event){.kind = RAFT_TICK});
		sent += bring(w);
	}
	assert_int_equal(sent, 1);
}

/* Its disk is full: it says that it is there, and takes nothing.  All that it lacks, sent with
 * every heartbeat, would be the whole network. */
static void who_takes_nothing_is_sent_little(void **state)
{
	struct world *w = *state;
	struct peer c = {.last = STUCK_AT};

	lead(w, &c);
	c.entries = 0;
	pass(w, &c, ROUNDS);
	assert_int_equal(c.last, STUCK_AT);
	assert_in_range(c.entries, 1, 2 * ROUNDS);
	c.has_room = true;
	pass(w, &c, 4);
	assert_int_equal(c.last, w->status.last);
}

static void who_takes_it_is_sent_all_at_once(void **state)
{
	struct world *w = *state;
	struct peer c = {.last = STUCK_AT, .has_room = true};

	lead(w, &c);
	pass(w, &c, 4);
	assert_int_equal(c.last, w->status.last);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(what_is_not_answered_yet_is_not_sent_again),
	        TEST(who_takes_nothing_is_sent_little),
	        TEST(who_takes_it_is_sent_all_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
