/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A checkpoint over a network that is slower than the leader is impatient.  The leader 'a' is the
 * core tested; the test is the network, 'c' at its other end, and the clock.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/raft/leader.h"

enum {
	LAST = 5,
	PIECES = 40,
	PIECE_BYTES = 10,
	PIECE_MS = 5 * HEARTBEAT_MS / 2, /* on the wire: longer than until it is asked for again */
	WIRE_MESSAGES_MAX = 1024,
	WIRE_PIECES_MAX = 20, /* as many as the host keeps; what comes then is dropped */
};

/* What is on the way to c: in order, one after the other. */
struct wire {
	struct {
		struct raft_message message;
		uint64_t arrives_ms;
	} messages[WIRE_MESSAGES_MAX];
	size_t head, count, pieces;
	uint64_t free_ms;
	/* figures */
	size_t sent;
	/* c */
	uint64_t stored;
	size_t loses; /* the next so many pieces */
};

static int setup(void **state)
{
	return set_up(state, 3, LAST);
}

static void put(struct wire *wire, const struct raft_message *message, uint64_t now_ms)
{
	bool is_piece = message->kind == RAFT_MESSAGE_CHUNK && message->chunk.size > 0;
	size_t at = (wire->head + wire->count) % WIRE_MESSAGES_MAX;

	if (is_piece && wire->pieces == WIRE_PIECES_MAX)
		return;
	assert_true(wire->count < WIRE_MESSAGES_MAX);
	if (wire->free_ms < now_ms)
		wire->free_ms = now_ms;
	if (is_piece) {
		wire->free_ms += PIECE_MS;
		wire->pieces++;
		wire->sent++;
	}
	wire->messages[at].message = *message;
	wire->messages[at].arrives_ms = wire->free_ms;
	wire->count++;
}

/* Puts on the wire what the step had to say, and reads the pieces that it asked for. */
static void carry(struct world *w, struct wire *wire)
{
	for (;;) {
		uint64_t number = 0, offset = 0;

		for (size_t i = 0; i < w->update.message_count; i++)
			if (raft_id_equal(w->update.messages[i].to, id_of('c')))
				put(wire, &w->update.messages[i], w->now_ms);
		if (w->update.what & RAFT_FETCH_CHUNK) {
			number = w->update.chunk_fetches->number;
			offset = w->update.chunk_fetches->offset;
		}
		if (number == 0)
			return;
		step(w, (struct raft_event){.kind = RAFT_CHUNK_FETCHED,
		                            .chunk_fetched = {.number = number,
		                                              .index = LAST,
		                                              .index_term = 1,
		                                              .size = PIECE_BYTES,
		                                              .is_last = offset + PIECE_BYTES ==
		                                                         PIECES * PIECE_BYTES}});
	}
}

/* As chunks.c receives; storing takes no time. */
static void take_piece(struct world *w, struct wire *wire, const struct raft_chunk_message *chunk)
{
	if (chunk->size > 0 && wire->loses > 0) {
		wire->loses--;
		return;
	}
	if (chunk->offset == 0)
		wire->stored = 0;
	if (chunk->offset == wire->stored)
		wire->stored += chunk->size;
	receive(w, 'c',
	        (struct raft_message){.kind = RAFT_MESSAGE_CHUNK_REPLY,
	                              .chunk_reply = {.index = LAST, .offset = wire->stored}});
	carry(w, wire);
}

static void take_append(struct world *w, struct wire *wire,
                        const struct raft_append_message *append)
{
	receive(w, 'c',
	        (struct raft_message){
	                .kind = RAFT_MESSAGE_APPEND_REPLY,
	                .append_reply = {.number = append->number, .sent_ms = append->sent_ms}});
	carry(w, wire);
}

static void deliver(struct world *w, struct wire *wire)
{
	while (wire->count > 0 && wire->messages[wire->head].arrives_ms <= w->now_ms) {
		struct raft_message message = wire->messages[wire->head].message;

		wire->head = (wire->head + 1) % WIRE_MESSAGES_MAX;
		wire->count--;
		if (message.kind == RAFT_MESSAGE_CHUNK) {
			wire->pieces -= message.chunk.size > 0;
			take_piece(w, wire, &message.chunk);
		} else if (message.kind == RAFT_MESSAGE_APPEND) {
			take_append(w, wire, &message.append);
		}
	}
}

/* Until c has all of it.  In how many milliseconds. */
static uint64_t transfer(struct world *w, struct wire *wire)
{
	uint64_t start_ms;

	be_elected(w);
	step(w, (struct raft_event){.kind = RAFT_COMPACTED, .compacted = LAST});
	receive(w, 'c',
	        (struct raft_message){.kind = RAFT_MESSAGE_APPEND_REPLY,
	                              .append_reply = {.number = 1, .refusal = RAFT_LOG_DIFFERS}});
	carry(w, wire);
	for (start_ms = w->now_ms; wire->stored < PIECES * PIECE_BYTES; w->now_ms++) {
		assert_true(w->now_ms - start_ms < 100 * PIECES * PIECE_MS);
		step(w, (struct raft_event){.kind = RAFT_TICK});
		carry(w, wire);
		if (w->now_ms % HEARTBEAT_MS == 0) {
			answer_heartbeat(w, 'b', w->status.last);
			carry(w, wire);
		}
		deliver(w, wire);
	}
	return w->now_ms - start_ms;
}

static void a_piece_under_way_is_not_sent_again(void **state)
{
	struct wire wire = {0};

	assert_in_range(transfer(*state, &wire), PIECES * PIECE_MS, PIECES * PIECE_MS * 11 / 10);
	assert_int_equal(wire.sent, PIECES);
}

static void a_piece_that_was_lost_is_sent_again(void **state)
{
	struct wire wire = {.loses = 3};

	assert_in_range(transfer(*state, &wire), PIECES * PIECE_MS,
	                (PIECES + 3) * PIECE_MS * 12 / 10);
	assert_int_equal(wire.sent, PIECES + 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(a_piece_under_way_is_not_sent_again),
	        TEST(a_piece_that_was_lost_is_sent_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
