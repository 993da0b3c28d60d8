/* SPDX-License-Identifier: Apache-2.0 */
/* Messages between masters, and what is known of a peer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "format/command.h"
#include "format/entry.h"
#include "unit/journal/peer_sides.h"

/* ---- messages ---- */

static void messages_travel_both_ways_in_order(void **state)
{
	enum { COUNT = 1000 };
	struct world *w = *state;

	start_both(w);
	for (uint64_t term = 1; term <= COUNT; term++) {
		send_term(&w->a, w->b.address, term);
		send_term(&w->b, w->a.address, term);
		if (term % 7 == 0)
			io_run_once(w->io, 0);
	}
	RUN_UNTIL(w->io, w->a.message_count == COUNT && w->b.message_count == COUNT);
	assert_true(w->a.is_in_order && w->b.is_in_order);
	assert_true(raft_id_equal(w->a.last_from, id_of(2)));
	assert_true(raft_id_equal(w->b.last_from, id_of(1)));
	assert_int_equal(status_of(&w->a, w->b.address).dropped, 0);
}

static void messages_of_a_turn_leave_at_its_end(void **state)
{
	struct world *w = *state;
	int listening = listen_dumbly(&w->b), fd;
	struct buf heard = {0}, one = {0};

	start(&w->a);
	send_term(&w->a, w->b.address, 1);
	RUN_UNTIL(w->io, (fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK)) >= 0);
	encode_term(&one, 1, 1);
	RUN_UNTIL(w->io, !is_over(fd, &heard) && heard.size > one.size); /* after our hello */
	buf_clear(&heard);
	send_term(&w->a, w->b.address, 2);
	send_term(&w->a, w->b.address, 3);
	send_term(&w->a, w->b.address, 4);
	assert_false(is_over(fd, &heard));
	assert_int_equal(heard.size, 0);
	io_run_once(w->io, 0);
	assert_false(is_over(fd, &heard));
	assert_int_equal(heard.size, 3 * one.size);
	buf_finish(&heard);
	buf_finish(&one);
	close(fd);
	close(listening);
}

static void large_append_arrives_whole(void **state)
{
	enum { ENTRIES = 9, ENTRY_BYTES = 128 << 10 };
	struct world *w = *state;
	struct buf entries = {0}, content = {0};
	struct entry before = {0};
	struct raft_message message = {.kind = RAFT_MESSAGE_APPEND,
	                               .from = id_of(1),
	                               .term = 5,
	                               .append = {.last = ENTRIES}};
	struct str pieces[3];

	start_both(w);
	for (size_t i = 0; i < ENTRY_BYTES; i++)
		buf_append_u8(&content, (uint8_t)(i * 31 >> 3));
	for (uint64_t i = 1; i <= ENTRIES; i++) {
		struct entry entry = {.index = i,
		                      .epoch = 1 + i / 4,
		                      .kind = ENTRY_mkdirs,
		                      .payload = buf_str(&content)};

		entry_encode(&entry, before.chain, &entries);
		before = entry;
	}
	pieces[0] = str_make(entries.data, 100);
	pieces[1] = str_make(entries.data + 100, 1 << 20);
	pieces[2] = str_make(entries.data + 100 + (1 << 20), entries.size - 100 - (1 << 20));
	for (size_t count = 1; count <= 3; count++) { /* the first while connecting */
		message.term++;
		peer_link_send(w->a.link, w->b.address, &message, pieces, 3);
		send_term(&w->a, w->b.address, ++message.term);
		RUN_UNTIL(w->io, w->b.message_count >= 2 * count - 1);
		assert_int_equal(w->b.run_count, 3);
		if (w->b.message_count == 2 * count - 1) {
			assert_int_equal(w->b.payload.size, entries.size);
			assert_memory_equal(w->b.payload.data, entries.data, entries.size);
		}
		RUN_UNTIL(w->io, w->b.message_count == 2 * count);
	}
	assert_true(w->b.is_in_order);
	buf_finish(&entries);
	buf_finish(&content);
}

static void message_in_single_bytes_arrives(void **state)
{
	struct world *w = *state;
	struct buf bytes = {0};
	int fd;

	start(&w->a);
	fd = dial(&w->a);
	encode_hello(&bytes, 9, "CID-1");
	encode_term(&bytes, 9, 41);
	encode_term(&bytes, 9, 42);
	for (size_t i = 0; i < bytes.size; i++) {
		assert_int_equal(send(fd, bytes.data + i, 1, MSG_NOSIGNAL), 1);
		io_run_once(w->io, 0);
	}
	RUN_UNTIL(w->io, w->a.message_count == 2);
	assert_int_equal(w->a.last_term, 42);
	buf_finish(&bytes);
	close(fd);
}

/* ---- coming and going ---- */

static void peer_that_came_back_is_found_again(void **state)
{
	struct world *w = *state;
	uint64_t term = 1;

	connect_both(w);
	stop(&w->b);
	RUN_UNTIL(w->io, !is_connected(&w->a, w->b.address));
	assert_true(was_told(&w->a, "is not connected any more"));
	start(&w->b);
	RUN_UNTIL(w->io, (send_term(&w->a, w->b.address, ++term), w->b.message_count > 1));
}

/* Although the next try is an hour away. */
static void hello_of_a_peer_ends_the_wait_for_the_next_try(void **state)
{
	struct world *w = *state;

	w->a.options.retry_ms = NEVER_MS;
	start(&w->a);
	send_term(&w->a, w->b.address, 1);
	RUN_UNTIL(w->io, was_told(&w->a, "cannot be reached"));
	send_term(&w->a, w->b.address, 2);
	assert_int_equal(status_of(&w->a, w->b.address).dropped, 1);
	start(&w->b);
	send_term(&w->b, w->a.address, 3);
	RUN_UNTIL(w->io, w->a.message_count == 1);
	send_term(&w->a, w->b.address, 4);
	RUN_UNTIL(w->io, w->b.message_count == 1);
	assert_int_equal(w->b.last_term, 4);
}

static void message_to_no_address_is_dropped(void **state)
{
	static const char *const addresses[] = {"",     ":",      "host:",      ":80",
	                                        "host", "host:0", "host:65536", "host:8x"};
	struct world *w = *state;

	start(&w->a);
	for (size_t i = 0; i < COUNT_OF(addresses); i++) {
		send_term(&w->a, addresses[i], 1);
		assert_int_equal(status_of(&w->a, addresses[i]).dropped, 1);
	}
	assert_int_equal(w->a.notice_count, COUNT_OF(addresses));
	assert_int_equal(w->a.last_notice, -ERR_INVALID);
}

static void same_notice_comes_once(void **state)
{
	struct world *w = *state;

	w->a.options.retry_ms = 1;
	start(&w->a);
	for (int i = 0; i < 5; i++) {
		send_term(&w->a, w->b.address, 1);
		RUN_UNTIL(w->io, (send_term(&w->a, w->b.address, 1),
		                  status_of(&w->a, w->b.address).queued_bytes == 0));
	}
	assert_int_equal(w->a.notice_count, 1);
}

static void peer_that_never_reads_bounds_memory(void **state)
{
	enum { PIECE = 60 << 10, QUEUE = 1 << 20 };
	struct world *w = *state;
	int listening = listen_dumbly(&w->b);
	struct buf piece = {0};
	struct raft_message message = {
	        .kind = RAFT_MESSAGE_CHUNK, .from = id_of(1), .chunk = {.size = PIECE}};
	struct peer_link_status status = {0};

	w->a.options.frame_bytes_max = w->a.options.queue_bytes_max = QUEUE;
	start(&w->a);
	for (size_t i = 0; i < PIECE; i++)
		buf_append_u8(&piece, (uint8_t)i);
	while (status.dropped < 100) {
		peer_link_send(w->a.link, w->b.address, &message,
		               &(struct str){(char *)piece.data, piece.size}, 1);
		io_run_once(w->io, 0);
		status = status_of(&w->a, w->b.address);
		assert_true(status.queued_bytes <= QUEUE);
	}
	assert_true(status.queued_bytes > QUEUE - 2 * PIECE); /* it was used, too */
	buf_finish(&piece);
	close(listening);
}

static void frame_above_the_limit_is_not_sent(void **state)
{
	struct world *w = *state;
	struct raft_message message = {.kind = RAFT_MESSAGE_CHUNK, .from = id_of(1)};
	struct buf piece = {0};

	connect_both(w);
	for (size_t i = 0; i < FRAME_BYTES_MAX; i++)
		buf_append_u8(&piece, 1);
	message.chunk.size = piece.size;
	peer_link_send(w->a.link, w->b.address, &message,
	               &(struct str){(char *)piece.data, piece.size}, 1);
	assert_int_equal(w->a.last_notice, -ERR_TOO_LARGE);
	send_term(&w->a, w->b.address, 7);
	RUN_UNTIL(w->io, w->b.message_count == 2);
	assert_int_equal(w->b.last_term, 7);
	buf_finish(&piece);
}

/* ---- what is known ---- */

static void beat_arrives_with_its_sender(void **state)
{
	struct world *w = *state;
	struct peer_beat beat = {
	        .applied = 8200, .digest_count = 2, .digests = {{4096, {1, 2}}, {8192, {3, 4}}}};

	start_both(w);
	peer_link_beat(w->a.link, w->b.address, &beat);
	RUN_UNTIL(w->io, w->b.beat_count == 1);
	assert_true(raft_id_equal(w->b.last_beat_from, id_of(1)));
	assert_int_equal(w->b.last_beat.applied, 8200);
	assert_int_equal(w->b.last_beat.digest_count, 2);
	assert_int_equal(w->b.last_beat.digests[1].index, 8192);
	assert_int_equal(w->b.last_beat.digests[1].digest.high, 4);
}

static void what_is_known_of_a_peer_is_shown(void **state)
{
	struct world *w = *state;
	struct peer_link_status status;

	w->a.options.silence_ms = 1000;
	start_both(w);
	assert_false(peer_link_status(w->a.link, w->b.address, &status));
	assert_null(peer_link_address(w->a.link, id_of(2)));
	assert_null(peer_link_cluster(w->a.link, id_of(2)));
	send_term(&w->a, w->b.address, 1);
	status = status_of(&w->a, w->b.address);
	assert_false(status.is_connected);
	assert_null(peer_link_address(w->a.link, (struct raft_id){0}));
	assert_true(status.heard_ms_ago == UINT64_MAX);
	assert_true(raft_id_is_none(status.id));
	assert_string_equal(status.service_address, "");
	assert_true(status.queued_bytes > 0);
	RUN_UNTIL(w->io, status_of(&w->a, w->b.address).round_trip_us > 0);
	status = status_of(&w->a, w->b.address);
	assert_true(status.is_connected);
	assert_true(raft_id_equal(status.id, id_of(2)));
	assert_string_equal(status.service_address, "clients:8020");
	assert_true(status.heard_ms_ago < RUN_UNTIL_SECONDS * 1000);
	assert_true(status.skew_ms >= -(int64_t)status.round_trip_us / 1000 - 2 &&
	            status.skew_ms <= (int64_t)status.round_trip_us / 1000 + 2); /* one clock */
	assert_string_equal(peer_link_address(w->a.link, id_of(2)), w->b.address);
	assert_string_equal(peer_link_address(w->b.link, id_of(1)), w->a.address);
	assert_string_equal(peer_link_cluster(w->b.link, id_of(1)), "CID-1");
	assert_true(was_told(&w->a, "connected to the master at 127.0.0.1:"));
}

/* ---- starting ---- */

static void open_says_what_is_wrong(void **state)
{
	struct world *w = *state;
	char *text = NULL;

	start(&w->a);
	w->b.options.address = w->a.address;
	assert_int_equal(peer_link_open(&w->b.options, &w->b.link, &text), -ERR_IN_USE);
	assert_non_null(strstr(text, "cannot listen for other masters at 127.0.0.1, port"));
	mem_free(text);
	w->b.options.address = "no-port";
	assert_int_equal(peer_link_open(&w->b.options, &w->b.link, &text), -ERR_INVALID);
	assert_non_null(strstr(text, "no-port: not an address"));
	mem_free(text);
	assert_null(w->b.link);
}

/* Whichever allocation fails: later messages arrive. */
static void no_lack_of_memory_stops_it_for_good(void **state)
{
	struct world *w = *state;
	bool has_failed = true;

	for (int64_t count = 0; has_failed; count++) {
		char *text = NULL;
		uint64_t term = 0;

		assert_true(count < 1000);
		w->a.message_count = w->b.message_count = 0;
		mem_fail_after(count);
		while (w->a.link == NULL && peer_link_open(&w->a.options, &w->a.link, &text) < 0)
			mem_free(text);
		while (w->b.link == NULL && peer_link_open(&w->b.options, &w->b.link, &text) < 0)
			mem_free(text);
		while (w->a.message_count < 3 || w->b.message_count < 3) {
			send_term(&w->a, w->b.address, ++term);
			send_term(&w->b, w->a.address, term);
			io_run_once(w->io, 1);
		}
		has_failed = mem_has_failed() != 0;
		mem_fail_after(-1);
		stop(&w->a);
		stop(&w->b);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(messages_travel_both_ways_in_order),
	        TEST(messages_of_a_turn_leave_at_its_end),
	        TEST(large_append_arrives_whole),
	        TEST(message_in_single_bytes_arrives),
	        TEST(peer_that_came_back_is_found_again),
	        TEST(hello_of_a_peer_ends_the_wait_for_the_next_try),
	        TEST(message_to_no_address_is_dropped),
	        TEST(same_notice_comes_once),
	        TEST(peer_that_never_reads_bounds_memory),
	        TEST(frame_above_the_limit_is_not_sent),
	        TEST(beat_arrives_with_its_sender),
	        TEST(what_is_known_of_a_peer_is_shown),
	        TEST(open_says_what_is_wrong),
	        TEST(no_lack_of_memory_stops_it_for_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
