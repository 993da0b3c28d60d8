/* SPDX-License-Identifier: Apache-2.0 */
/* Which entries a leader keeps for its peers.  The test speaks for them, and is the clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/raft/leader.h"

/* Time goes on, and both peers answer. */
static void pass(struct world *w, uint64_t ms)
{
	for (uint64_t end_ms = w->now_ms + ms; w->now_ms < end_ms;) {
		w->now_ms += HEARTBEAT_MS;
		step(w, (struct raft_event){.kind = RAFT_TICK});
		answer_heartbeat(w, 'b', w->status.last);
		answer_heartbeat(w, 'c', w->match_c);
	}
}

static int setup(void **state)
{
	return set_up(state, 3, 5);
}

static void a_peer_that_does_not_get_further_pins_entries_for_a_while_only(void **state)
{
	struct world *w = *state;

	be_elected(w);
	w->match_c = 2;
	pass(w, RAFT_STALLED_MS / 2);
	assert_int_equal(raft_keep_from(w->core), 3);
	w->match_c = 3;
	pass(w, RAFT_STALLED_MS);
	assert_int_equal(raft_keep_from(w->core), 4);
	pass(w, 2 * HEARTBEAT_MS);
	assert_int_equal(raft_keep_from(w->core), w->status.last + 1);
}

static void a_peer_that_has_everything_pins_from_its_first_lag_on(void **state)
{
	struct world *w = *state;

	be_elected(w);
	w->match_c = w->status.last;
	pass(w, 2 * RAFT_STALLED_MS);
	step(w, (struct raft_event){.kind = RAFT_PROPOSED, .proposed = 10});
	assert_int_equal(raft_keep_from(w->core), w->match_c + 1);
}

/* The entries that c lacks are gone. */
static void need_a_checkpoint(struct world *w)
{
	step(w, (struct raft_event){.kind = RAFT_COMPACTED, .compacted = 5});
	receive(w, 'c',
	        (struct raft_message){.kind = RAFT_MESSAGE_APPEND_REPLY,
	                              .append_reply = {.number = 1, .refusal = RAFT_LOG_DIFFERS}});
	w->match_c = 0;
	for (w->now_ms += HEARTBEAT_MS; !(w->update.what & RAFT_FETCH_CHUNK);)
		step(w, (struct raft_event){.kind = RAFT_TICK});
}

/* The piece that is asked for, ten bytes of the checkpoint of index 5, is sent. */
static void send_a_piece(struct world *w, bool is_last)
{
	assert_true(w->update.what & RAFT_FETCH_CHUNK);
	step(w, (struct raft_event){.kind = RAFT_CHUNK_FETCHED,
	                            .chunk_fetched = {.number = w->update.chunk_fetches->number,
	                                              .index = 5,
	                                              .index_term = 1,
	                                              .size = 10,
	                                              .is_last = is_last}});
}

static void answer_piece(struct world *w, uint64_t offset, enum raft_refusal refusal)
{
	receive(w, 'c',
	        (struct raft_message){
	                .kind = RAFT_MESSAGE_CHUNK_REPLY,
	                .chunk_reply = {.index = 5, .offset = offset, .refusal = refusal}});
}

/* It has stored the last piece. */
static void have_stored_a_checkpoint(struct world *w)
{
	need_a_checkpoint(w);
	send_a_piece(w, true);
	answer_piece(w, 10, RAFT_OK);
	assert_false(w->update.what & RAFT_FETCH_CHUNK);
}

/* Until the leader wants to send the next one; when. */
static uint64_t await_the_next_piece(struct world *w)
{
	while (!(w->update.what & RAFT_FETCH_CHUNK)) {
		w->now_ms += HEARTBEAT_MS;
		answer_heartbeat(w, 'b', w->status.last);
		if (!(w->update.what & RAFT_FETCH_CHUNK))
			answer_heartbeat(w, 'c', 0);
	}
	return w->now_ms;
}

/* A disk with room for one piece. */
static void a_peer_that_can_store_a_part_only_pins_entries_for_a_while_only(void **state)
{
	struct world *w = *state;
	uint64_t start_ms;

	be_elected(w);
	need_a_checkpoint(w);
	start_ms = w->now_ms;
	do {
		send_a_piece(w, false);
		answer_piece(w, 10, RAFT_OK);
		send_a_piece(w, false);
		answer_piece(w, 0, RAFT_NOT_STORED);
		await_the_next_piece(w);
		assert_true(w->now_ms - start_ms > RAFT_STALLED_MS || raft_keep_from(w->core) == 6);
	} while (w->now_ms - start_ms < RAFT_STALLED_MS);
	w->now_ms += HEARTBEAT_MS;
	answer_heartbeat(w, 'c', 0);
	assert_int_equal(raft_keep_from(w->core), w->status.last + 1);
}

/* Pieces are megabytes, of two disks and of the network between. */
static void a_peer_that_cannot_store_gets_a_piece_now_and_then_only(void **state)
{
	struct world *w = *state;
	uint64_t refused_ms;

	be_elected(w);
	need_a_checkpoint(w);
	send_a_piece(w, false);
	answer_piece(w, 0, RAFT_NOT_STORED);
	refused_ms = w->now_ms;
	assert_in_range(await_the_next_piece(w) - refused_ms, 1000, 1000 + 2 * HEARTBEAT_MS);
	send_a_piece(w, false);
	answer_piece(w, 10, RAFT_OK); /* there is room again: no need to wait any more */
	assert_true(w->update.what & RAFT_FETCH_CHUNK);
}

/* It may have come or not: nobody has said so. */
static void an_answer_to_no_append_says_nothing_of_a_piece(void **state)
{
	struct world *w = *state;

	be_elected(w);
	need_a_checkpoint(w);
	send_a_piece(w, false);
	receive(w, 'c',
	        (struct raft_message){.kind = RAFT_MESSAGE_APPEND_REPLY,
	                              .append_reply = {.number = UINT64_MAX}});
	for (int round = 0; round < 5; round++) {
		w->now_ms += RETRY_MS;
		step(w, (struct raft_event){.kind = RAFT_TICK});
		assert_false(w->update.what & RAFT_FETCH_CHUNK);
	}
}

/* It says nothing meanwhile, and whatever was written since is what it asks for next. */
static void a_peer_that_installs_a_checkpoint_pins_what_follows_it(void **state)
{
	struct world *w = *state;

	be_elected(w);
	have_stored_a_checkpoint(w);
	pass(w, 2 * RAFT_STALLED_MS);
	assert_int_equal(raft_keep_from(w->core), 6);
	receive(w, 'c',
	        (struct raft_message){.kind = RAFT_MESSAGE_CHUNK_REPLY,
	                              .chunk_reply = {.index = 5, .is_installed = true}});
	answer_heartbeat(w, 'c', 5);
	assert_int_equal(raft_keep_from(w->core), 6);
}

static const struct raft_chunk_message *find_chunk(const struct world *w)
{
	for (size_t i = 0; i < w->update.message_count; i++)
		if (w->update.messages[i].kind == RAFT_MESSAGE_CHUNK)
			return &w->update.messages[i].chunk;
	return NULL;
}

/* The last piece may be megabytes, and is read from a disk that others wait for. */
static void a_peer_that_installs_is_asked_without_a_piece(void **state)
{
	struct world *w = *state;
	const struct raft_chunk_message *chunk = NULL;

	be_elected(w);
	have_stored_a_checkpoint(w);
	for (int round = 0; chunk == NULL; round++) {
		assert_true(round < 10);
		w->now_ms += HEARTBEAT_MS;
		step(w, (struct raft_event){.kind = RAFT_TICK});
		assert_false(w->update.what & RAFT_FETCH_CHUNK);
		chunk = find_chunk(w);
	}
	assert_int_equal(chunk->index, 5);
	assert_int_equal(chunk->index_term, 1);
	assert_int_equal(chunk->offset, 10);
	assert_int_equal(chunk->size, 0);
	assert_false(chunk->is_last);
	/* It was started again, and has nothing of it. */
	receive(w, 'c',
	        (struct raft_message){.kind = RAFT_MESSAGE_CHUNK_REPLY,
	                              .chunk_reply = {.index = 5, .offset = 0}});
	assert_true(w->update.what & RAFT_FETCH_CHUNK);
	assert_int_equal(w->update.chunk_fetches->index, 5);
	assert_int_equal(w->update.chunk_fetches->offset, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(an_answer_to_no_append_says_nothing_of_a_piece,
	                                        setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                a_peer_that_does_not_get_further_pins_entries_for_a_while_only, setup,
	                teardown),
	        cmocka_unit_test_setup_teardown(
	                a_peer_that_has_everything_pins_from_its_first_lag_on, setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                a_peer_that_can_store_a_part_only_pins_entries_for_a_while_only, setup,
	                teardown),
	        cmocka_unit_test_setup_teardown(
	                a_peer_that_cannot_store_gets_a_piece_now_and_then_only, setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                a_peer_that_installs_a_checkpoint_pins_what_follows_it, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_peer_that_installs_is_asked_without_a_piece,
	                                        setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
