/* SPDX-License-Identifier: Apache-2.0 */
/* The client against our server, and against servers that misbehave. */
#include "rpc/client_private.h"
#include "unit/rpc/server_world.h"

struct asked {
	struct rpc_request request;
	int done; /* times */
	int rc;
	bool was_sent;
	char response[64];
	char java_class[128];
	char text[128];
	int64_t state_id;
	/* in done() */
	struct rpc_client *destroys;
	struct asked *calls;
};

static struct rpc_client *client_of(struct world *w, uint16_t port, unsigned ping_ms)
{
	struct rpc_client_options options = {
	        .io = w->io,
	        .host = "127.0.0.1",
	        .port = port,
	        .user = "alice",
	        .protocol = CLIENT_PROTOCOL,
	        .connect_timeout_ms = 10000,
	        .ping_ms = ping_ms,
	        .response_bytes_max = 1 << 20,
	        .client_id = CLIENT_ID,
	};
	struct rpc_client *client;

	assert_int_equal(rpc_client_create(&options, &client), 0);
	return client;
}

static void on_done(struct rpc_request *request, const struct rpc_outcome *outcome)
{
	struct asked *asked = CONTAINER_OF(request, struct asked, request);

	asked->done++;
	asked->rc = outcome->rc;
	asked->was_sent = outcome->was_sent;
	asked->state_id = outcome->state_id;
	snprintf(asked->response, sizeof(asked->response), "%.*s", STR_ARGS(outcome->response));
	snprintf(asked->java_class, sizeof(asked->java_class), "%.*s",
	         STR_ARGS(outcome->exception_class));
	snprintf(asked->text, sizeof(asked->text), "%.*s", STR_ARGS(outcome->exception_text));
	if (asked->calls != NULL)
		rpc_client_call(request->client, &asked->calls->request);
	if (asked->destroys != NULL)
		rpc_client_destroy(asked->destroys);
}

static void prepare(struct asked *asked, struct rpc_client *client, const char *method,
                    const char *message)
{
	*asked = (struct asked){.request = {.protocol = CLIENT_PROTOCOL,
	                                    .method = method,
	                                    .message = str_of(message),
	                                    .call_id = rpc_client_next_call_id(client),
	                                    .done = on_done}};
}

static void ask(struct asked *asked, struct rpc_client *client, const char *method,
                const char *message)
{
	prepare(asked, client, method, message);
	rpc_client_call(client, &asked->request);
	assert_int_equal(asked->done, 0); /* never inside the call */
}

static int setup(void **state)
{
	struct world *w = make_world();

	start_server(w, (struct rpc_server_options){.frame_bytes_max = 1 << 20});
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	end_world(*state);
	return 0;
}

/* ---- against our server ---- */

static void calls_are_pipelined_and_answered(void **state)
{
	enum { CALLS = 100 };
	static struct asked asked[CALLS];
	static char texts[CALLS][16];
	struct world *w = *state;
	struct rpc_client *client = client_of(w, rpc_server_port(w->server), 0);

	for (int i = 0; i < CALLS; i++) {
		snprintf(texts[i], sizeof(texts[i]), "%d", i);
		ask(&asked[i], client, "echo", texts[i]);
	}
	RUN_UNTIL(w->io, asked[CALLS - 1].done);
	for (int i = 0; i < CALLS; i++) {
		assert_int_equal(asked[i].done, 1);
		assert_int_equal(asked[i].rc, 0);
		assert_string_equal(asked[i].response, texts[i]);
	}
	assert_int_equal(w->batch_most, CALLS); /* all in one write */
	assert_int_equal(stats_of(w).accepted, 1);
	assert_string_equal(w->last_user, "alice");
	rpc_client_destroy(client);
}

static void answers_in_another_order_find_their_calls(void **state)
{
	struct world *w = *state;
	struct rpc_client *client = client_of(w, rpc_server_port(w->server), 0);
	struct asked slow, fast;

	ask(&slow, client, "hold", "slow");
	ask(&fast, client, "give", "0");
	RUN_UNTIL(w->io, fast.done);
	assert_int_equal(slow.done, 0);
	assert_int_equal(fast.state_id, 77);
	release(w);
	RUN_UNTIL(w->io, slow.done);
	assert_string_equal(slow.response, "slow");
	rpc_client_destroy(client);
}

static void exception_is_told_with_class_and_text(void **state)
{
	struct world *w = *state;
	struct rpc_client *client = client_of(w, rpc_server_port(w->server), 0);
	struct asked asked;

	ask(&asked, client, "error", "go elsewhere");
	RUN_UNTIL(w->io, asked.done);
	assert_int_equal(asked.rc, -ERR_WRITE_REFUSED);
	assert_string_equal(asked.java_class, "org.apache.hadoop.ipc.StandbyException");
	assert_string_equal(asked.text, "go elsewhere");
	assert_true(asked.was_sent);
	rpc_client_destroy(client);
}

static void broken_connection_ends_all_calls_and_the_next_call_opens_it_again(void **state)
{
	struct world *w = *state;
	struct rpc_client *client = client_of(w, rpc_server_port(w->server), 0);
	struct asked held, dropped, next;

	ask(&held, client, "hold", "");
	ask(&dropped, client, "drop", "");
	RUN_UNTIL(w->io, held.done && dropped.done);
	assert_int_equal(held.rc, -ERR_CLOSED);
	assert_true(held.was_sent);
	assert_int_equal(dropped.rc, -ERR_CLOSED);
	ask(&next, client, "echo", "again");
	RUN_UNTIL(w->io, next.done);
	assert_string_equal(next.response, "again");
	assert_int_equal(stats_of(w).accepted, 2);
	rpc_client_destroy(client);
}

static void call_made_in_done_of_a_broken_one_is_a_new_try(void **state)
{
	struct world *w = *state;
	struct rpc_client *client = client_of(w, rpc_server_port(w->server), 0);
	struct asked dropped, next;

	prepare(&next, client, "echo", "new");
	prepare(&dropped, client, "drop", "");
	dropped.calls = &next;
	rpc_client_call(client, &dropped.request);
	RUN_UNTIL(w->io, next.done);
	assert_int_equal(dropped.rc, -ERR_CLOSED);
	assert_int_equal(next.rc, 0);
	rpc_client_destroy(client);
}

static void time_out_ends_one_call_and_its_late_answer_is_dropped(void **state)
{
	struct world *w = *state;
	struct rpc_client *client = client_of(w, rpc_server_port(w->server), 0);
	struct asked slow, other;

	prepare(&slow, client, "hold", "late");
	slow.request.timeout_ms = 30;
	rpc_client_call(client, &slow.request);
	RUN_UNTIL(w->io, slow.done);
	assert_int_equal(slow.rc, -ERR_TIMEOUT);
	assert_true(slow.was_sent);
	assert_int_equal(w->held_count, 1);
	release(w);
	ask(&other, client, "echo", "other");
	RUN_UNTIL(w->io, other.done);
	assert_string_equal(other.response, "other");
	assert_int_equal(slow.done, 1);
	rpc_client_destroy(client);
}

static void cancelled_call_is_forgotten(void **state)
{
	struct world *w = *state;
	struct rpc_client *client = client_of(w, rpc_server_port(w->server), 0);
	struct asked before, sent, last;

	ask(&before, client, "echo", "never sent");
	rpc_client_cancel(&before.request);
	ask(&sent, client, "hold", "sent");
	RUN_UNTIL(w->io, w->held_count == 1);
	rpc_client_cancel(&sent.request);
	release(w);
	ask(&last, client, "echo", "last");
	RUN_UNTIL(w->io, last.done);
	assert_int_equal(before.done + sent.done, 0);
	assert_int_equal(w->calls, 2);
	rpc_client_destroy(client);
}

static void destroy_ends_what_is_outstanding_at_once(void **state)
{
	struct world *w = *state;
	struct rpc_client *client = client_of(w, rpc_server_port(w->server), 0);
	struct asked sent, waiting;

	ask(&sent, client, "hold", "");
	RUN_UNTIL(w->io, w->held_count == 1);
	ask(&waiting, client, "hold", "");
	rpc_client_destroy(client);
	assert_int_equal(sent.rc, -ERR_CLOSED);
	assert_true(sent.was_sent);
	assert_int_equal(waiting.rc, -ERR_CLOSED);
	assert_false(waiting.was_sent);
}

static void client_may_be_destroyed_in_done(void **state)
{
	static const char *const methods[] = {"echo", "error", "drop"};
	struct world *w = *state;

	for (size_t i = 0; i < 3; i++) {
		struct rpc_client *client = client_of(w, rpc_server_port(w->server), 0);
		struct asked first, second;

		prepare(&first, client, methods[i], "x");
		first.destroys = client;
		rpc_client_call(client, &first.request);
		ask(&second, client, "echo", "y");
		RUN_UNTIL(w->io, first.done && second.done);
		assert_int_equal(second.rc, -ERR_CLOSED);
	}
}

static void call_ids_wrap_to_zero(void **state)
{
	struct world *w = *state;
	struct rpc_client *client = client_of(w, 1, 0);

	client->next_call_id = INT32_MAX;
	assert_int_equal(rpc_client_next_call_id(client), INT32_MAX);
	assert_int_equal(rpc_client_next_call_id(client), 0);
	rpc_client_destroy(client);
}

static void unknown_user_is_told_why_by_every_call(void **state)
{
	struct world *w = *state;
	struct rpc_client_options options = {.io = w->io,
	                                     .host = "127.0.0.1",
	                                     .port = rpc_server_port(w->server),
	                                     .user = "joe",
	                                     .real_user = "mallory",
	                                     .connect_timeout_ms = 10000,
	                                     .client_id = CLIENT_ID};
	struct rpc_client *client;
	struct asked a, b;

	assert_int_equal(rpc_client_create(&options, &client), 0);
	ask(&a, client, "echo", "");
	ask(&b, client, "echo", "");
	RUN_UNTIL(w->io, a.done && b.done);
	assert_int_equal(b.rc, -ERR_WRITE_REFUSED);
	assert_string_equal(b.java_class,
	                    "org.apache.hadoop.security.authorize.AuthorizationException");
	assert_int_equal(w->calls, 0);
	rpc_client_destroy(client);
}

static void nobody_listening_is_refused_and_nothing_was_sent(void **state)
{
	struct world *w = *state;
	struct rpc_client *client = client_of(w, rpc_server_port(w->server), 0);
	struct asked a, b;

	rpc_server_stop_listening(w->server);
	io_run_once(w->io, 0);
	ask(&a, client, "echo", "");
	ask(&b, client, "echo", "");
	RUN_UNTIL(w->io, a.done && b.done);
	assert_int_equal(a.rc, -ERR_REFUSED);
	assert_int_equal(b.rc, -ERR_REFUSED);
	assert_false(a.was_sent || b.was_sent);
	rpc_client_destroy(client);
}

static void host_that_is_no_host_fails_later_not_inside_the_call(void **state)
{
	struct world *w = *state;
	struct rpc_client_options options = {
	        .io = w->io, .host = "[]", .port = 1, .user = "u", .client_id = CLIENT_ID};
	struct rpc_client *client;
	struct asked asked;

	assert_int_equal(rpc_client_create(&options, &client), 0);
	ask(&asked, client, "echo", "");
	RUN_UNTIL(w->io, asked.done);
	assert_int_equal(asked.rc, -ERR_INVALID);
	rpc_client_destroy(client);
}

/* ---- against a server of the test's own making ---- */

static int listen_raw(uint16_t *ret_port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

static int accept_raw(struct world *w, int fd)
{
	int peer;

	RUN_UNTIL(w->io, (peer = accept(fd, NULL, NULL)) >= 0);
	return peer;
}

/* Bytes that the client sent so far, at least `size` of them. */
static struct buf received(struct world *w, int peer, size_t size)
{
	struct buf got = {0};

	while (got.size < size) {
		ssize_t now;

		buf_reserve(&got, 65536);
		now = recv(peer, got.data + got.size, 65536, MSG_DONTWAIT);
		if (now > 0)
			got.size += (size_t)now;
		io_run_once(w->io, 1);
	}
	return got;
}

/* Laid out as Hadoop's clients were recorded to do. */
static void bytes_on_the_wire_are_hadoops(void **state)
{
	static const char expected[] =
	        "hrpc\x09\x00\x00"
	        "\x00\x00\x00\x55\x1a\x08\x02\x10\x00\x18\x05\x22\x10" CLIENT_ID "\x28\x01"
	        "\x39\x12\x07\x0a\x05"
	        "alice\x1a\x2e" CLIENT_PROTOCOL
	        "\x00\x00\x00\x5f\x1a\x08\x02\x10\x00\x18\x00\x22\x10" CLIENT_ID "\x28\x00"
	        "\x3f\x0a\x0bgetFileInfo\x12\x2e" CLIENT_PROTOCOL "\x18\x01\x03\x0a\x01/";
	struct world *w = *state;
	struct asked asked;
	struct rpc_client *client;
	struct buf got;
	uint16_t port;
	int fd = listen_raw(&port), peer;

	client = client_of(w, port, 0);
	ask(&asked, client, "getFileInfo", "\x0a\x01/");
	peer = accept_raw(w, fd);
	got = received(w, peer, sizeof(expected) - 1);
	assert_int_equal(got.size, sizeof(expected) - 1);
	assert_memory_equal(got.data, expected, got.size);
	buf_finish(&got);
	rpc_client_destroy(client);
	close(peer);
	close(fd);
}

static void silence_is_filled_with_pings(void **state)
{
	static const char ping[] =
	        "\x00\x00\x00\x1b\x1a\x08\x02\x10\x00\x18\x07\x22\x10" CLIENT_ID "\x28\x01";
	struct world *w = *state;
	struct asked asked;
	struct rpc_client *client;
	struct buf got;
	uint16_t port;
	int fd = listen_raw(&port), peer;
	size_t begin = 7 + 4 + 0x55 + 4 + 0x5c;

	client = client_of(w, port, 20);
	ask(&asked, client, "getFileInfo", "");
	peer = accept_raw(w, fd);
	got = received(w, peer, begin + 2 * (sizeof(ping) - 1));
	assert_memory_equal(got.data + begin, ping, sizeof(ping) - 1);
	assert_int_equal(asked.done, 0);
	buf_finish(&got);
	rpc_client_destroy(client);
	close(peer);
	close(fd);
}

/* Whatever a server sends, the call ends with an error, once. */
static void nonsense_from_the_server_ends_the_calls(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
	} answers[] = {
	        {"\xff\xff\xff\xff", 4},                          /* negative length */
	        {"\x7f\xff\xff\xff", 4},                          /* over the limit */
	        {"\x00\x00\x00\x00", 4},                          /* no header */
	        {"\x00\x00\x00\x01\x7f", 5},                      /* header past the end */
	        {"\x00\x00\x00\x02\x01\xff", 6},                  /* broken header */
	        {"\x00\x00\x00\x05\x04\x08\x00\x10\x00", 9},      /* success without a message */
	        {"\x00\x00\x00\x06\x04\x08\x00\x10\x00\x09", 10}, /* message past the end */
	        {"\x00\x00\x00\x0b\x09\x08\x00\x10\x00\x3a\x03xyz\x00", 15}, /* for somebody else */
	        {"\x00\x00\x00\x05\x04\x08\x00\x10\x02", 9},                 /* fatal */
	        {"\x00\x00", 2},                                             /* ends half way */
	};
	struct world *w = *state;
	uint16_t port;
	int fd = listen_raw(&port);

	for (size_t i = 0; i < COUNT_OF(answers); i++) {
		struct rpc_client *client = client_of(w, port, 0);
		struct asked asked;
		int peer;

		ask(&asked, client, "m", "");
		peer = accept_raw(w, fd);
		assert_int_equal(send(peer, answers[i].bytes, answers[i].size, 0), answers[i].size);
		shutdown(peer, SHUT_WR);
		RUN_UNTIL(w->io, asked.done);
		assert_true(asked.rc < 0);
		assert_int_equal(asked.done, 1);
		rpc_client_destroy(client);
		close(peer);
	}
	close(fd);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(calls_are_pipelined_and_answered),
	        TEST(answers_in_another_order_find_their_calls),
	        TEST(exception_is_told_with_class_and_text),
	        TEST(broken_connection_ends_all_calls_and_the_next_call_opens_it_again),
	        TEST(call_made_in_done_of_a_broken_one_is_a_new_try),
	        TEST(time_out_ends_one_call_and_its_late_answer_is_dropped),
	        TEST(cancelled_call_is_forgotten),
	        TEST(destroy_ends_what_is_outstanding_at_once),
	        TEST(client_may_be_destroyed_in_done),
	        TEST(call_ids_wrap_to_zero),
	        TEST(unknown_user_is_told_why_by_every_call),
	        TEST(nobody_listening_is_refused_and_nothing_was_sent),
	        TEST(host_that_is_no_host_fails_later_not_inside_the_call),
	        TEST(bytes_on_the_wire_are_hadoops),
	        TEST(silence_is_filled_with_pings),
	        TEST(nonsense_from_the_server_ends_the_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
