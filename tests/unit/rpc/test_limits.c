/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that ask too much, take nothing, or say nothing; and many that are idle. */
#include <malloc.h>

#include "unit/rpc/server_world.h"

static int setup(void **state)
{
	*state = make_world();
	return 0;
}

static int teardown(void **state)
{
	end_world(*state);
	return 0;
}

static void start(struct world *w, struct rpc_server_options options)
{
	options.frame_bytes_max = options.frame_bytes_max == 0 ? 4 << 20 : options.frame_bytes_max;
	start_server(w, options);
}

/* ---- calls in flight ---- */

static void connection_at_its_limit_of_calls_stops_reading_and_goes_on(void **state)
{
	enum { CALLS = 200, MAX = 10 };
	struct world *w = *state;
	struct buf bytes = {0};
	struct peer peer;
	int answered = 0;

	start(w, (struct rpc_server_options){.calls_per_conn_max = MAX});
	peer_greet(w, &peer);
	for (int i = 0; i < CALLS; i++)
		put_call(&bytes, i, "hold", STR("x"));
	peer_send(w, &peer, &bytes);
	while (answered < CALLS) {
		struct heard heard;

		RUN_UNTIL(w->io, w->held_count > 0);
		for (int turn = 0; turn < 3; turn++)
			io_run_once(w->io, 1);
		assert_in_range(w->held_count, 1, MAX);
		assert_int_equal(stats_of(w).calls_in_flight, w->held_count);
		for (size_t left = w->held_count; left > 0; left--) {
			w->held_count--;
			reply_echo(w->held[w->held_count]);
		}
		io_run_once(w->io, 0);
		while (peer_hear(&peer, &heard)) {
			assert_echo(&heard, heard.call_id, "x");
			answered++;
		}
	}
	assert_int_equal(answered, CALLS);
	peer_close(&peer);
}

static void client_that_leaves_while_it_is_not_read_is_seen_by_its_calls(void **state)
{
	struct world *w = *state;
	struct peer peer;

	start(w, (struct rpc_server_options){.calls_per_conn_max = 1});
	peer_greet(w, &peer);
	peer_call(w, &peer, 1, "hold", "");
	peer_call(w, &peer, 2, "hold", "");
	RUN_UNTIL(w->io, w->held_count == 1 && stats_of(w).bytes_in_flight > 0);
	for (int turn = 0; turn < 3; turn++)
		io_run_once(w->io, 1);
	assert_true(rpc_call_is_alive(w->held[0]));
	peer_close(&peer);
	assert_false(rpc_call_is_alive(w->held[0]));
	assert_int_equal(stats_of(w).connections, 1); /* nobody has read its end */
}

static void server_at_its_limit_of_calls_serves_everybody_in_the_end(void **state)
{
	enum { PEERS = 20, CALLS = 30, MAX = 16 };
	struct world *w = *state;
	struct peer peers[PEERS];
	int answered = 0;

	start(w, (struct rpc_server_options){.calls_max = MAX});
	for (int i = 0; i < PEERS; i++) {
		struct buf bytes = {0};

		peer_greet(w, &peers[i]);
		for (int call = 0; call < CALLS; call++)
			put_call(&bytes, call, "hold", STR(""));
		peer_send(w, &peers[i], &bytes);
	}
	while (answered < PEERS * CALLS) {
		struct heard heard;

		RUN_UNTIL(w->io, w->held_count > 0);
		assert_in_range(stats_of(w).calls_in_flight, 1, MAX);
		release(w);
		io_run_once(w->io, 0);
		for (int i = 0; i < PEERS; i++)
			while (peer_hear(&peers[i], &heard))
				answered++;
	}
	for (int i = 0; i < PEERS; i++)
		peer_close(&peers[i]);
}

/* ---- bytes in flight ---- */

/* Half-sent frames of many clients fill the limit several times over; none may starve. */
static void frames_that_fill_the_memory_limit_are_all_served_one_after_the_other(void **state)
{
	enum { PEERS = 12, FRAME = 1 << 20, MAX = 2 << 20 };
	struct world *w = *state;
	struct peer peers[PEERS];
	struct buf frames[PEERS] = {0};
	struct buf text = {0};
	uint64_t most = 0;
	int answered = 0;

	start(w, (struct rpc_server_options){.inflight_bytes_max = MAX});
	while (text.size < FRAME)
		buf_append_u8(&text, (uint8_t)text.size);
	for (int i = 0; i < PEERS; i++) {
		put_call(&frames[i], i, "error", buf_str(&text));
		peer_greet(w, &peers[i]);
	}
	while (answered < PEERS) {
		struct heard heard;

		for (int i = 0; i < PEERS; i++) {
			if (frames[i].size > 0)
				peer_send_some(&peers[i], &frames[i]);
			while (peer_hear(&peers[i], &heard))
				answered++;
		}
		io_run_once(w->io, 1);
		if (stats_of(w).bytes_in_flight > most)
			most = stats_of(w).bytes_in_flight;
	}
	/* The limit, one favoured frame, one reply, and what each had read when it was reached. */
	assert_in_range(most, MAX / 2, MAX + 2 * FRAME + PEERS * 65536);
	assert_int_equal(answered, PEERS);
	for (int i = 0; i < PEERS; i++) {
		peer_close(&peers[i]);
		buf_finish(&frames[i]);
	}
	RUN_UNTIL(w->io, stats_of(w).connections == 0);
	assert_int_equal(stats_of(w).bytes_in_flight, 0);
	buf_finish(&text);
}

static void clients_that_promise_giants_cost_what_they_sent(void **state)
{
	enum { PEERS = 50 };
	struct world *w = *state;
	struct peer peers[PEERS];

	start(w, (struct rpc_server_options){.frame_bytes_max = 128 << 20});
	for (int i = 0; i < PEERS; i++) {
		struct buf bytes = {0};

		peer_greet(w, &peers[i]);
		buf_append_be(&bytes, 128 << 20, 4);
		buf_append_u8(&bytes, 'x');
		peer_send(w, &peers[i], &bytes);
	}
	RUN_UNTIL(w->io, stats_of(w).bytes_in_flight >= PEERS * 5);
	assert_in_range(stats_of(w).bytes_in_flight, PEERS * 5, PEERS * 1024);
	for (int i = 0; i < PEERS; i++)
		peer_close(&peers[i]);
}

/* ---- who is cut ---- */

static void client_that_never_reads_is_cut_and_others_are_served_meanwhile(void **state)
{
	struct world *w = *state;
	struct buf bytes = {0};
	struct peer deaf, good;
	int32_t id = 0;

	start(w, (struct rpc_server_options){.calls_per_conn_max = 16,
	                                     .unsent_bytes_max = 100000,
	                                     .unsent_ms_max = 200});
	peer_greet(w, &deaf);
	peer_greet(w, &good);
	while (stats_of(w).cut_not_reading == 0) {
		struct heard heard;

		if (bytes.size < 1000)
			put_call(&bytes, id, "give", STR("50000"));
		peer_send_some(&deaf, &bytes);
		peer_call(w, &good, id, "echo", "good");
		heard = peer_wait(w, &good);
		assert_echo(&heard, (uint64_t)id, "good");
		/* What may be unsent, the replies to the calls in flight then, and one read. */
		assert_true(stats_of(w).bytes_in_flight < 100000 + 16 * 51000 + 128 * 1024);
		id++;
	}
	RUN_UNTIL(w->io, stats_of(w).connections == 1);
	RUN_UNTIL(w->io, stats_of(w).bytes_in_flight == 0);
	buf_finish(&bytes);
	peer_close(&deaf);
	peer_close(&good);
}

/* They ask for much more than the limit within one turn, and take nothing of it. */
static void large_replies_that_nobody_takes_stay_near_the_memory_limit(void **state)
{
	enum { PEERS = 6, CALLS = 500, REPLY = 50000, ROUND = 256, MAX = 8 << 20 };
	struct world *w = *state;
	struct peer peers[PEERS], good;
	uint64_t most = 0;
	int32_t id = 0;

	start(w, (struct rpc_server_options){.inflight_bytes_max = MAX, .unsent_ms_max = 600000});
	peer_greet(w, &good);
	for (int i = 0; i < PEERS; i++) {
		struct buf bytes = {0};

		peer_greet(w, &peers[i]);
		for (int call = 0; call < CALLS; call++)
			put_call(&bytes, call, "give", STR("50000"));
		while (bytes.size > 0) /* the server's turn comes when all have sent */
			peer_send_some(&peers[i], &bytes);
		buf_finish(&bytes);
	}
	while (stats_of(w).cut_not_reading < PEERS) {
		struct heard heard;

		peer_call(w, &good, id, "echo", "good");
		heard = peer_wait(w, &good);
		assert_echo(&heard, (uint64_t)id, "good");
		id++;
		if (stats_of(w).bytes_in_flight > most)
			most = stats_of(w).bytes_in_flight;
	}
	assert_in_range(most, MAX, MAX + ROUND * (REPLY + 1000) + PEERS * 65536);
	for (int i = 0; i < PEERS; i++)
		peer_close(&peers[i]);
	peer_close(&good);
}

/* Takes replies of 300000 bytes; false: this one was wrong. */
static bool is_given(const struct heard *heard)
{
	struct cursor message = cursor_of(heard->message);

	if (cursor_varint(&message) != 300000)
		return false;
	for (unsigned left = 300000; left > 0; left--)
		if (cursor_u8(&message) != (uint8_t)left)
			return false;
	return cursor_left(&message) == 0;
}

/* For several times as long as a client may take nothing at all. */
static void slow_reader_is_not_cut_and_gets_everything(void **state)
{
	enum { CALLS = 80, UNSENT_MS = 700, TURNS_MS = 5 };
	int small = 65536;
	struct world *w = *state;
	struct buf bytes = {0};
	struct peer peer;
	int heard_count = 0;
	uint64_t began_us = io_now_us(w->io);

	start(w, (struct rpc_server_options){.calls_per_conn_max = 60,
	                                     .unsent_bytes_max = 100000,
	                                     .unsent_ms_max = UNSENT_MS});
	peer_greet(w, &peer);
	setsockopt(peer.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	for (int i = 0; i < CALLS; i++)
		put_call(&bytes, i, "give", STR("300000"));
	peer_send(w, &peer, &bytes);
	while (heard_count < CALLS) {
		uint64_t next_us = io_now_us(w->io) + TURNS_MS * 1000;
		struct cursor rest;
		struct heard heard;

		peer_receive(&peer, 40000);
		assert_false(peer.has_ended);
		rest = cursor_make(peer.got.data + peer.taken, peer.got.size - peer.taken);
		for (; hear(&rest, &heard); heard_count++) {
			assert_int_equal(heard.call_id, heard_count);
			assert_true(is_given(&heard));
		}
		peer.taken = (size_t)(rest.at - peer.got.data);
		while (io_now_us(w->io) < next_us) /* the reader's pace */
			io_run_once(w->io, 1);
	}
	assert_true(io_now_us(w->io) - began_us > 3 * UNSENT_MS * 1000);
	assert_int_equal(stats_of(w).cut_not_reading, 0);
	peer_close(&peer);
}

static void client_that_never_says_who_it_is_is_cut(void **state)
{
	struct world *w = *state;
	struct buf bytes = {0};
	struct peer silent, half, good;
	struct heard heard;

	start(w, (struct rpc_server_options){.preamble_ms_max = 100});
	peer_connect(w, &silent);
	peer_connect(w, &half);
	put_preamble(&bytes, 0);
	peer_send(w, &half, &bytes);
	peer_greet(w, &good);
	RUN_UNTIL(w->io, peer_has_ended(&silent) && peer_has_ended(&half));
	peer_call(w, &good, 1, "echo", "here");
	heard = peer_wait(w, &good);
	assert_echo(&heard, 1, "here");
	assert_int_equal(stats_of(w).cut_idle, 2);
	peer_close(&silent);
	peer_close(&half);
	peer_close(&good);
}

static void client_that_stops_half_way_in_a_frame_is_cut(void **state)
{
	struct world *w = *state;
	struct buf bytes = {0};
	struct peer half, whole;

	start(w, (struct rpc_server_options){.unsent_ms_max = 100});
	peer_greet(w, &whole);
	peer_greet(w, &half);
	put_call(&bytes, 1, "echo", STR("never"));
	bytes.size -= 3;
	peer_send(w, &half, &bytes);
	RUN_UNTIL(w->io, peer_has_ended(&half));
	assert_int_equal(stats_of(w).connections, 1); /* between frames one may be silent */
	peer_close(&half);
	peer_close(&whole);
}

static void a_server_that_stood_still_cuts_nobody_for_it(void **state)
{
	enum { LIMIT_MS = 100, STILL_MS = 5 * LIMIT_MS };
	struct world *w = *state;
	struct buf bytes = {0};
	struct peer peer;
	struct heard heard;

	start(w, (struct rpc_server_options){.unsent_ms_max = LIMIT_MS});
	peer_greet(w, &peer);
	put_call(&bytes, 1, "echo", STR("whole"));
	assert_int_equal(send(peer.fd, bytes.data, bytes.size - 3, 0), bytes.size - 3);
	RUN_UNTIL(w->io, stats_of(w).bytes_in_flight > 0);
	for (uint64_t began_us = io_now_us(w->io); io_now_us(w->io) < began_us + STILL_MS * 1000;)
		;
	io_run_once(w->io, 0);
	assert_int_equal(send(peer.fd, bytes.data + bytes.size - 3, 3, 0), 3);
	heard = peer_wait(w, &peer);
	assert_echo(&heard, 1, "whole");
	assert_int_equal(stats_of(w).cut_idle, 0);
	buf_finish(&bytes);
	peer_close(&peer);
}

static void idle_clients_are_cut_only_above_the_threshold_and_without_calls(void **state)
{
	enum { PEERS = 30, THRESHOLD = 10 };
	struct world *w = *state;
	struct peer peers[PEERS];

	start(w, (struct rpc_server_options){.idle_ms_max = 50, .idle_threshold = THRESHOLD});
	for (int i = 0; i < PEERS; i++) {
		peer_greet(w, &peers[i]);
		if (i < 5)
			peer_call(w, &peers[i], 1, "hold", "");
	}
	RUN_UNTIL(w->io, stats_of(w).connections == THRESHOLD && w->held_count == 5);
	for (int turn = 0; turn < 20; turn++)
		io_run_once(w->io, 10);
	assert_int_equal(stats_of(w).connections, THRESHOLD);
	for (int i = 0; i < 5; i++)
		assert_true(rpc_call_is_alive(w->held[i]));
	for (int i = 0; i < PEERS; i++)
		peer_close(&peers[i]);
}

static void connection_over_the_limit_is_closed(void **state)
{
	struct world *w = *state;
	struct peer first, second, third;
	struct heard heard;

	start(w, (struct rpc_server_options){.connections_max = 1});
	peer_greet(w, &first);
	peer_call(w, &first, 1, "echo", "in");
	heard = peer_wait(w, &first);
	assert_echo(&heard, 1, "in");
	peer_connect(w, &second);
	RUN_UNTIL(w->io, peer_has_ended(&second));
	assert_int_equal(stats_of(w).refused, 1);
	peer_close(&first);
	RUN_UNTIL(w->io, stats_of(w).connections == 0);
	peer_greet(w, &third);
	peer_call(w, &third, 1, "echo", "in");
	heard = peer_wait(w, &third);
	assert_echo(&heard, 1, "in");
	peer_close(&second);
	peer_close(&third);
}

static void who_says_nothing_makes_room_for_who_comes(void **state)
{
	struct world *w = *state;
	struct peer first, second, third;
	struct heard heard;

	start(w, (struct rpc_server_options){.connections_max = 2});
	peer_connect(w, &first);
	RUN_UNTIL(w->io, stats_of(w).accepted == 1);
	peer_connect(w, &second);
	RUN_UNTIL(w->io, stats_of(w).accepted == 2);
	peer_greet(w, &third);
	peer_call(w, &third, 1, "echo", "in");
	heard = peer_wait(w, &third);
	assert_echo(&heard, 1, "in");
	RUN_UNTIL(w->io, peer_has_ended(&first));
	assert_false(peer_has_ended(&second));
	assert_int_equal(stats_of(w).connections, 2);
	peer_close(&first);
	peer_close(&second);
	peer_close(&third);
}

/* ---- many idle connections ---- */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
size_t __sanitizer_get_current_allocated_bytes(void);

static size_t allocated(void)
{
	return __sanitizer_get_current_allocated_bytes();
}
#else
static size_t allocated(void)
{
	return mallinfo2().uordblks;
}
#endif

static void idle_connection_takes_less_than_a_kilobyte(void **state)
{
	enum { PEERS = 2000, BYTES_MAX = 1024 };
	static struct peer peers[PEERS];
	struct world *w = *state;
	size_t before, per_connection;
	struct heard heard;

	start(w, (struct rpc_server_options){.idle_threshold = 4000, .idle_ms_max = 20000});
	for (int i = 0; i < PEERS; i++)
		peer_connect(w, &peers[i]);
	before = allocated(); /* the clients' own; nothing was accepted yet */
	for (int i = 0; i < PEERS; i++) {
		struct buf bytes = {0};

		put_preamble(&bytes, 0);
		put_context(&bytes, "alice", NULL, CLIENT_PROTOCOL);
		put_call(&bytes, 1, "echo", STR("x"));
		peer_send(w, &peers[i], &bytes);
	}
	RUN_UNTIL(w->io, w->calls == PEERS);
	per_connection = (allocated() - before) / PEERS;
	print_message("%zu bytes of this process for each of %d idle connections\n", per_connection,
	              PEERS);
	assert_in_range(per_connection, 100, BYTES_MAX);
	for (int i = 0; i < PEERS; i += 100) { /* and they are served still */
		heard = peer_wait(w, &peers[i]);
		assert_echo(&heard, 1, "x");
		peer_call(w, &peers[i], 2, "echo", "y");
		heard = peer_wait(w, &peers[i]);
		assert_echo(&heard, 2, "y");
	}
	for (int i = 0; i < PEERS; i++)
		peer_close(&peers[i]);
	RUN_UNTIL(w->io, stats_of(w).connections == 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(connection_at_its_limit_of_calls_stops_reading_and_goes_on),
	        TEST(client_that_leaves_while_it_is_not_read_is_seen_by_its_calls),
	        TEST(server_at_its_limit_of_calls_serves_everybody_in_the_end),
	        TEST(frames_that_fill_the_memory_limit_are_all_served_one_after_the_other),
	        TEST(clients_that_promise_giants_cost_what_they_sent),
	        TEST(client_that_never_reads_is_cut_and_others_are_served_meanwhile),
	        TEST(large_replies_that_nobody_takes_stay_near_the_memory_limit),
	        TEST(slow_reader_is_not_cut_and_gets_everything),
	        TEST(client_that_never_says_who_it_is_is_cut),
	        TEST(client_that_stops_half_way_in_a_frame_is_cut),
	        TEST(a_server_that_stood_still_cuts_nobody_for_it),
	        TEST(idle_clients_are_cut_only_above_the_threshold_and_without_calls),
	        TEST(connection_over_the_limit_is_closed),
	        TEST(who_says_nothing_makes_room_for_who_comes),
	        TEST(idle_connection_takes_less_than_a_kilobyte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
