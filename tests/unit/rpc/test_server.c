/* SPDX-License-Identifier: Apache-2.0 */
/* Calls and replies over real sockets. */
#include <linux/tcp.h>

#include "unit/rpc/server_world.h"

static const struct rpc_server_options roomy = {
        .frame_bytes_max = 1 << 20, .response_bytes_max = 1 << 26, .arena_bytes_max = 1 << 20};

static int setup(void **state)
{
	struct world *w = make_world();

	start_server(w, roomy);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	end_world(*state);
	return 0;
}

/* ---- calls in, replies out ---- */

static unsigned segments_in(const struct peer *peer)
{
	struct tcp_info info = {0};
	socklen_t size = sizeof(info);

	assert_int_equal(getsockopt(peer->fd, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
	return info.tcpi_data_segs_in;
}

static void calls_of_a_turn_come_together_and_leave_in_one_write(void **state)
{
	enum { CALLS = 50 };
	struct world *w = *state;
	struct buf bytes = {0};
	struct peer peer;
	char text[32];

	peer_connect(w, &peer);
	put_preamble(&bytes, 0);
	put_context(&bytes, "root", NULL, CLIENT_PROTOCOL);
	for (int i = 0; i < CALLS; i++) {
		snprintf(text, sizeof(text), "call %d", i);
		put_call(&bytes, i, "echo", str_of(text));
		put_ping(&bytes);
	}
	peer_send(w, &peer, &bytes);
	for (int i = 0; i < CALLS; i++) {
		struct heard heard = peer_wait(w, &peer);

		snprintf(text, sizeof(text), "call %d", i);
		assert_echo(&heard, (uint64_t)i, text);
		assert_int_equal(heard.version, 9);
		assert_true(str_equal(heard.client_id, STR(CLIENT_ID)));
		assert_int_equal(heard.retry, 0);
	}
	assert_int_equal(w->calls, CALLS);
	assert_int_equal(w->batches, 1);
	assert_int_equal(segments_in(&peer), 1);
	assert_string_equal(w->last_user, "root");
	peer_close(&peer);
}

static void calls_of_several_connections_come_together(void **state)
{
	enum { PEERS = 8 };
	struct world *w = *state;
	struct peer peers[PEERS];

	for (int i = 0; i < PEERS; i++)
		peer_greet(w, &peers[i]);
	RUN_UNTIL(w->io, stats_of(w).accepted == PEERS);
	io_run_once(w->io, 0);
	for (int i = 0; i < PEERS; i++) {
		struct buf bytes = {0};

		put_call(&bytes, i, "echo", STR("x"));
		peer_send_some(&peers[i], &bytes);
		buf_finish(&bytes);
	}
	for (int i = 0; i < PEERS; i++) {
		struct heard heard = peer_wait(w, &peers[i]);

		assert_echo(&heard, (uint64_t)i, "x");
		peer_close(&peers[i]);
	}
	assert_int_equal(w->batch_most, PEERS);
}

static void conversation_in_single_bytes_is_the_same(void **state)
{
	struct world *w = *state;
	struct buf bytes = {0};
	struct peer peer;
	struct heard heard;

	peer_connect(w, &peer);
	put_preamble(&bytes, 0);
	put_context(&bytes, "root", NULL, CLIENT_PROTOCOL);
	put_call(&bytes, 0, "echo", STR("one"));
	put_call(&bytes, 1, "echo", STR("two"));
	for (size_t i = 0; i < bytes.size; i++) {
		assert_int_equal(send(peer.fd, bytes.data + i, 1, 0), 1);
		io_run_once(w->io, 20);
	}
	heard = peer_wait(w, &peer);
	assert_echo(&heard, 0, "one");
	heard = peer_wait(w, &peer);
	assert_echo(&heard, 1, "two");
	buf_finish(&bytes);
	peer_close(&peer);
}

static void replies_may_come_in_any_order(void **state)
{
	struct world *w = *state;
	struct peer peer;
	struct heard heard;

	peer_greet(w, &peer);
	peer_call(w, &peer, 1, "hold", "slow");
	peer_call(w, &peer, 2, "echo", "fast");
	heard = peer_wait(w, &peer);
	assert_echo(&heard, 2, "fast");
	assert_int_equal(w->held_count, 1);
	assert_true(rpc_call_is_alive(w->held[0]));
	release(w);
	heard = peer_wait(w, &peer);
	assert_echo(&heard, 1, "slow");
	peer_close(&peer);
}

static void reply_carries_the_index_that_it_saw(void **state)
{
	struct world *w = *state;
	struct peer peer;
	struct heard heard;

	peer_greet(w, &peer);
	peer_call(w, &peer, 5, "give", "0");
	heard = peer_wait(w, &peer);
	assert_int_equal(heard.state_id, 77);
	assert_int_equal(heard.message.size, 1); /* an empty message is a zero byte */
	assert_int_equal(heard.message.data[0], 0);
	peer_call(w, &peer, 6, "echo", "x");
	heard = peer_wait(w, &peer);
	assert_int_equal(heard.state_id, 0);
	peer_close(&peer);
}

static void error_keeps_the_connection(void **state)
{
	struct world *w = *state;
	struct peer peer;
	struct heard heard;

	peer_greet(w, &peer);
	peer_call(w, &peer, 1, "error", "why");
	peer_call(w, &peer, 2, "error", "");
	peer_call(w, &peer, 3, "echo", "on");
	heard = peer_wait(w, &peer);
	assert_int_equal(heard.status, 1);
	assert_int_equal(heard.detail, 1);
	assert_true(str_equal(heard.java_class, STR("org.apache.hadoop.ipc.StandbyException")));
	assert_true(str_equal(heard.text, STR("why")));
	assert_true(str_equal(heard.client_id, STR(CLIENT_ID)));
	heard = peer_wait(w, &peer);
	assert_true(str_equal(heard.text, str_of(err_text(ERR_STANDBY))));
	heard = peer_wait(w, &peer);
	assert_echo(&heard, 3, "on");
	peer_close(&peer);
}

/* Messages of every size around the places where a length takes another byte. */
static void replies_of_all_sizes_stand_behind_each_other(void **state)
{
	static const unsigned sizes[] = {0,     1,     127,   128,     129,    16383,
	                                 16384, 16385, 70000, 2097151, 2097152};
	struct world *w = *state;
	struct peer peer;

	peer_greet(w, &peer);
	for (int round = 0; round < 2; round++) {
		struct buf bytes = {0};
		char digits[16];

		for (size_t i = 0; i < COUNT_OF(sizes); i++) {
			size_t at = round == 0 ? i : COUNT_OF(sizes) - 1 - i;

			snprintf(digits, sizeof(digits), "%u", sizes[at]);
			put_call(&bytes, (int32_t)at, "give", str_of(digits));
		}
		peer_send(w, &peer, &bytes);
		for (size_t i = 0; i < COUNT_OF(sizes); i++) {
			struct heard heard = peer_wait(w, &peer);
			struct cursor message = cursor_of(heard.message);
			unsigned size = sizes[heard.call_id];

			assert_int_equal(cursor_varint(&message), size);
			assert_int_equal(cursor_left(&message), size);
			for (unsigned left = size; left > 0; left--)
				assert_int_equal(cursor_u8(&message), (uint8_t)left);
		}
	}
	peer_close(&peer);
}

static void request_of_any_size_arrives(void **state)
{
	struct world *w = *state;
	struct peer peer;

	peer_greet(w, &peer);
	for (size_t size = 1; size < 900000; size = size * 3 + 1) {
		struct buf bytes = {0}, text = {0};
		struct cursor message;
		struct heard heard;

		while (text.size < size)
			buf_append_u8(&text, (uint8_t)text.size);
		put_call(&bytes, 1, "echo", buf_str(&text));
		peer_send(w, &peer, &bytes);
		heard = peer_wait(w, &peer);
		message = cursor_of(heard.message);
		assert_int_equal(cursor_varint(&message), size);
		assert_memory_equal(message.at, text.data, size);
		buf_finish(&text);
	}
	peer_close(&peer);
}

static void reply_over_the_limit_is_an_error_and_no_more(void **state)
{
	struct world *w = *state;
	struct rpc_server_options options = roomy;
	struct peer peer;
	struct heard heard;

	rpc_server_destroy(w->server);
	options.response_bytes_max = 1000;
	start_server(w, options);
	peer_greet(w, &peer);
	peer_call(w, &peer, 1, "give", "1000");
	peer_call(w, &peer, 2, "give", "1001");
	peer_call(w, &peer, 3, "echo", "on");
	assert_int_equal(peer_wait(w, &peer).status, 0);
	heard = peer_wait(w, &peer);
	assert_int_equal(heard.status, 1);
	assert_int_equal(heard.detail, 5); /* ERROR_SERIALIZING_RESPONSE */
	heard = peer_wait(w, &peer);
	assert_echo(&heard, 3, "on");
	peer_close(&peer);
}

/* ---- ends ---- */

static void call_of_a_client_that_left_is_dead_and_may_be_replied(void **state)
{
	struct world *w = *state;
	struct peer peer;

	peer_greet(w, &peer);
	peer_call(w, &peer, 1, "hold", "a");
	peer_call(w, &peer, 2, "hold", "b");
	peer_call(w, &peer, 3, "hold", "c");
	RUN_UNTIL(w->io, w->held_count == 3);
	peer_close(&peer);
	RUN_UNTIL(w->io, stats_of(w).connections == 0);
	assert_int_equal(stats_of(w).calls_in_flight, 3);
	assert_false(rpc_call_is_alive(w->held[0]));
	assert_true(str_equal(w->held[0]->identity->user, STR("root")));
	assert_string_equal(w->held[0]->identity->address, "127.0.0.1");
	reply_echo(w->held[0]);
	rpc_reply_error(w->held[1], -ERR_STANDBY, (struct str){0});
	rpc_call_drop(w->held[2]);
	w->held_count = 0;
	assert_int_equal(stats_of(w).calls_in_flight, 0);
	assert_int_equal(stats_of(w).bytes_in_flight, 0);
}

static void dropped_call_closes_without_an_answer(void **state)
{
	struct world *w = *state;
	struct peer peer;

	peer_greet(w, &peer);
	peer_call(w, &peer, 1, "hold", "");
	peer_call(w, &peer, 2, "drop", "");
	RUN_UNTIL(w->io, peer_has_ended(&peer));
	assert_int_equal(peer.got.size, 0);
	assert_int_equal(peer.error, 0);
	assert_false(rpc_call_is_alive(w->held[0]));
	peer_close(&peer);
}

static void server_that_goes_closes_its_connections(void **state)
{
	struct world *w = *state;
	struct peer peer;

	peer_greet(w, &peer);
	peer_call(w, &peer, 1, "hold", "");
	RUN_UNTIL(w->io, w->held_count == 1);
	rpc_server_stop_listening(w->server);
	release(w); /* in flight: may still be replied */
	io_run_once(w->io, 0);
	rpc_server_destroy(w->server);
	w->server = NULL;
	RUN_UNTIL(w->io, peer_has_ended(&peer));
	assert_true(peer.got.size > 0);
	peer_close(&peer);
}

static void refused_client_hears_why_although_it_still_sends(void **state)
{
	struct world *w = *state;
	struct buf bytes = {0};
	struct peer peer;
	struct heard heard;

	peer_greet(w, &peer);
	peer_call(w, &peer, 1, "echo", "before");
	heard = peer_wait(w, &peer);
	assert_echo(&heard, 1, "before");
	put_context(&bytes, "root", NULL, CLIENT_PROTOCOL); /* a second one */
	for (int i = 0; i < 20000; i++)
		put_call(&bytes, 2 + i, "echo", STR("too late"));
	while (bytes.size > 100000) {
		peer_send_some(&peer, &bytes);
		io_run_once(w->io, 0);
	}
	heard = peer_wait(w, &peer);
	assert_int_equal(heard.status, 2);
	assert_int_equal(heard.call_id, 4294967293u); /* -3 */
	RUN_UNTIL(w->io, peer_has_ended(&peer));
	assert_int_equal(peer.error, 0);
	assert_int_equal(w->calls, 1);
	assert_int_equal(stats_of(w).bad_frames, 1);
	buf_finish(&bytes);
	peer_close(&peer);
}

static void calls_before_a_refusal_in_the_same_turn_are_not_begun(void **state)
{
	struct world *w = *state;
	struct buf bytes = {0};
	struct peer peer;

	peer_connect(w, &peer);
	put_preamble(&bytes, 0);
	put_context(&bytes, "root", NULL, CLIENT_PROTOCOL);
	put_call(&bytes, 1, "echo", STR("nobody would hear the answer"));
	put_context(&bytes, "root", NULL, CLIENT_PROTOCOL);
	peer_send(w, &peer, &bytes);
	assert_int_equal(peer_wait(w, &peer).status, 2);
	assert_int_equal(w->calls, 0);
	assert_int_equal(stats_of(w).calls_in_flight, 0);
	peer_close(&peer);
}

/* Whatever fails, the client gets its answers or an end, and nothing leaks. */
static void every_failing_allocation_answers_or_closes(void **state)
{
	struct world *w = *state;
	bool has_failed = true;

	for (int n = 0; has_failed; n++) {
		struct buf bytes = {0};
		struct peer peer;
		struct heard heard;
		int answers = 0;

		rpc_server_destroy(w->server); /* with its pools */
		start_server(w, roomy);
		peer_connect(w, &peer);
		put_preamble(&bytes, 0);
		put_context(&bytes, "root", NULL, CLIENT_PROTOCOL);
		for (int i = 0; i < 5; i++)
			put_call(&bytes, i, "give", STR("3000"));
		assert_int_equal(send(peer.fd, bytes.data, bytes.size, 0), bytes.size);
		buf_finish(&bytes);
		buf_reserve(&peer.got, 1 << 20);
		mem_fail_after(n);
		for (uint64_t end_us = io_now_us(w->io) + 10000000; answers < 5;) {
			while (peer_hear(&peer, &heard))
				answers++;
			if (peer.has_ended || io_now_us(w->io) > end_us)
				break;
			io_run_once(w->io, 1);
		}
		has_failed = mem_has_failed();
		mem_fail_after(-1);
		assert_true(answers == 5 || peer.has_ended);
		peer_close(&peer);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(calls_of_a_turn_come_together_and_leave_in_one_write),
	        TEST(calls_of_several_connections_come_together),
	        TEST(conversation_in_single_bytes_is_the_same),
	        TEST(replies_may_come_in_any_order),
	        TEST(reply_carries_the_index_that_it_saw),
	        TEST(error_keeps_the_connection),
	        TEST(replies_of_all_sizes_stand_behind_each_other),
	        TEST(request_of_any_size_arrives),
	        TEST(reply_over_the_limit_is_an_error_and_no_more),
	        TEST(call_of_a_client_that_left_is_dead_and_may_be_replied),
	        TEST(dropped_call_closes_without_an_answer),
	        TEST(server_that_goes_closes_its_connections),
	        TEST(refused_client_hears_why_although_it_still_sends),
	        TEST(calls_before_a_refusal_in_the_same_turn_are_not_begun),
	        TEST(every_failing_allocation_answers_or_closes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
