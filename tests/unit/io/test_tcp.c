/* SPDX-License-Identifier: Apache-2.0 */
/* Accepting, reading, writing and closing, against plain sockets of this same thread. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/err.h"
#include "base/random.h"
#include "io/io.h"
#include "unit/io/run_until.h"

enum { SERVED_MAX = 2100 };

/* The server side of one connection. */
struct served {
	struct io_conn *conn;
	struct buf got;
	int drained;
	int ended;
	int end_rc;
	bool pause_at_once; /* in on_data */
	bool close_in_data;
};

struct world {
	struct io *io;
	struct io_listener *listener;
	struct served served[SERVED_MAX];
	size_t count;
	bool keep; /* do not start what is accepted */
};

static void on_data(void *context, const uint8_t *data, size_t size)
{
	struct served *s = context;

	buf_append(&s->got, data, size);
	if (s->pause_at_once)
		io_conn_pause(s->conn);
	if (s->close_in_data) {
		io_conn_close(s->conn);
		s->conn = NULL;
	}
}

static void on_drained(void *context)
{
	((struct served *)context)->drained++;
}

static void on_end(void *context, int rc)
{
	struct served *s = context;

	s->ended++;
	s->end_rc = rc;
}

static const struct io_conn_ops ops = {
        .on_data = on_data, .on_drained = on_drained, .on_end = on_end};

static void on_accept(void *context, struct io_conn *conn)
{
	struct world *w = context;
	struct served *s = &w->served[w->count++];

	s->conn = conn;
	if (!w->keep)
		io_conn_start(conn, &ops, s);
}

static void listen_at(struct world *w, const char *host)
{
	struct io_listen_options options = {
	        .host = host, .backlog = 4096, .on_accept = on_accept, .context = w};

	assert_int_equal(io_listen(w->io, &options, &w->listener), 0);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_int_equal(io_create(&w->io), 0);
	listen_at(w, "127.0.0.1");
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	io_listener_close(w->listener);
	for (size_t i = 0; i < w->count; i++) {
		io_conn_close(w->served[i].conn);
		buf_finish(&w->served[i].got);
	}
	io_destroy(w->io);
	free(w);
	return 0;
}

/* A client that is connected in the kernel; the server may not have accepted yet. */
static int dial(struct world *w)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	                              .sin_port = htons(io_listener_port(w->listener)),
	                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static int dial_and_accept(struct world *w)
{
	size_t before = w->count;
	int fd = dial(w);

	RUN_UNTIL(w->io, w->count == before + 1);
	return fd;
}

static void send_text(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* What the client has been sent so far, waiting a little for the first byte; -1: error, see errno.
 */
static ssize_t receive(int fd, void *data, size_t size)
{
	return recv(fd, data, size, MSG_DONTWAIT);
}

static void write_text(struct served *s, const char *text)
{
	struct str piece = str_of(text);

	io_conn_write(s->conn, &piece, 1);
}

/* ---- reading and writing ---- */

static void bytes_arrive_and_leave_in_order(void **state)
{
	struct world *w = *state;
	int fd = dial_and_accept(w);
	struct str pieces[] = {STR("one "), STR(""), STR("two "), STR("three")};
	char back[32] = "";

	send_text(fd, "hello");
	RUN_UNTIL(w->io, w->served[0].got.size == 5);
	assert_memory_equal(w->served[0].got.data, "hello", 5);
	io_conn_write(w->served[0].conn, pieces, COUNT_OF(pieces));
	assert_int_equal(io_conn_queued(w->served[0].conn), 0);
	assert_int_equal(receive(fd, back, sizeof(back)), 13); /* one writev, at once */
	assert_string_equal(back, "one two three");
	close(fd);
	RUN_UNTIL(w->io, w->served[0].ended == 1);
	assert_int_equal(w->served[0].end_rc, 0);
	assert_int_equal(w->served[0].drained, 0);
}

static void more_pieces_than_one_writev_takes_arrive_whole(void **state)
{
	enum { PIECES = 3000 };
	static struct str pieces[PIECES];
	struct world *w = *state;
	int fd = dial_and_accept(w);
	uint8_t back[PIECES];

	for (int i = 0; i < PIECES; i++)
		pieces[i] = str_make(&"0123456789"[i % 10], 1);
	io_conn_write(w->served[0].conn, pieces, PIECES);
	assert_int_equal(recv(fd, back, sizeof(back), MSG_WAITALL), PIECES);
	for (int i = 0; i < PIECES; i++)
		assert_int_equal(back[i], '0' + i % 10);
	close(fd);
}

/* Reads whatever is there, checking that it is the sequence that was written. */
static uint64_t read_numbers(int fd, uint64_t at, size_t at_most)
{
	static uint8_t bytes[1 << 20];
	ssize_t got = receive(fd, bytes, at_most < sizeof(bytes) ? at_most : sizeof(bytes));

	for (ssize_t i = 0; i < got; i++)
		assert_int_equal(bytes[i], (uint8_t)((at + (uint64_t)i) * 31 >> 3));
	return got > 0 ? at + (uint64_t)got : at;
}

static uint64_t write_numbers(struct io_conn *conn, uint64_t at, size_t size)
{
	uint8_t *bytes = malloc(size);
	struct str pieces[3];

	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)((at + i) * 31 >> 3);
	pieces[0] = str_make(bytes, size / 3);
	pieces[1] = str_make(bytes + size / 3, size / 2);
	pieces[2] = str_make(bytes + size / 3 + size / 2, size - size / 3 - size / 2);
	io_conn_write(conn, pieces, 3);
	free(bytes);
	return at + size;
}

static void slow_reader_gets_everything_in_order(void **state)
{
	enum { TOTAL = 24 << 20 };
	struct world *w = *state;
	int fd = dial_and_accept(w);
	struct served *s = &w->served[0];
	struct random random = random_make(3);
	uint64_t written = 0, got = 0;
	size_t queued_most = 0;

	while (got < TOTAL) {
		if (written < TOTAL)
			written =
			        write_numbers(s->conn, written, 1 + random_below(&random, 1 << 19));
		if (io_conn_queued(s->conn) > queued_most)
			queued_most = io_conn_queued(s->conn);
		got = read_numbers(fd, got, 1 + random_below(&random, 1 << 18));
		io_run_once(w->io, 0);
	}
	while (got < written) {
		got = read_numbers(fd, got, 1 << 20);
		io_run_once(w->io, 1);
	}
	assert_true(queued_most > 1 << 20); /* partial writes did happen */
	RUN_UNTIL(w->io, io_conn_queued(s->conn) == 0);
	assert_true(s->drained > 0);
	close(fd);
}

static void paused_connection_reads_nothing_until_resumed(void **state)
{
	struct world *w = *state;
	int fd = dial_and_accept(w);
	struct served *s = &w->served[0];

	s->pause_at_once = true;
	send_text(fd, "a");
	RUN_UNTIL(w->io, s->got.size == 1);
	send_text(fd, "b");
	for (int i = 0; i < 20; i++)
		io_run_once(w->io, 1);
	assert_int_equal(s->got.size, 1);
	io_conn_resume(s->conn);
	RUN_UNTIL(w->io, s->got.size == 2);
	close(fd);
}

static void paused_connection_can_be_asked_whether_its_peer_is_there(void **state)
{
	struct world *w = *state;
	int fd = dial_and_accept(w);
	struct served *s = &w->served[0];

	io_conn_pause(s->conn);
	send_text(fd, "unread");
	assert_true(io_conn_is_open(s->conn));
	close(fd);
	assert_false(io_conn_is_open(s->conn)); /* although bytes stand before the end */
	assert_int_equal(s->ended, 0);
	io_conn_resume(s->conn);
	RUN_UNTIL(w->io, s->ended == 1);
	assert_int_equal(s->got.size, 6);
}

static void write_to_a_peer_that_is_gone_ends_the_connection_once(void **state)
{
	struct world *w = *state;
	int fd = dial_and_accept(w);
	struct served *s = &w->served[0];
	struct linger reset = {.l_onoff = 1};

	io_conn_pause(s->conn); /* so that only writing can notice */
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
	while (s->ended == 0) {
		write_text(s, "are you there?");
		assert_int_equal(s->ended, 0); /* never inside the call */
		io_run_once(w->io, 1);
	}
	assert_int_equal(s->end_rc, -ERR_CLOSED);
	write_text(s, "ignored");
	io_run_once(w->io, 1);
	assert_int_equal(s->ended, 1);
}

/* ---- closing ---- */

static void connection_may_be_closed_in_on_data(void **state)
{
	struct world *w = *state;
	int fd = dial_and_accept(w);
	char byte;

	w->served[0].close_in_data = true;
	send_text(fd, "x");
	RUN_UNTIL(w->io, w->served[0].conn == NULL);
	io_run_once(w->io, 0);
	assert_int_equal(recv(fd, &byte, 1, 0), 0);
	assert_int_equal(w->served[0].ended, 0);
	close(fd);
}

static void closing_with_bytes_queued_resets(void **state)
{
	struct world *w = *state;
	int fd = dial_and_accept(w);
	struct served *s = &w->served[0];
	uint64_t written = 0, got = 0;
	static uint8_t bytes[1 << 20];
	ssize_t rc;

	while (io_conn_queued(s->conn) == 0)
		written = write_numbers(s->conn, written, 1 << 20);
	io_conn_close(s->conn);
	s->conn = NULL;
	io_run_once(w->io, 0);
	while ((rc = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		got += (uint64_t)rc;
	assert_true(got < written);
	assert_int_equal(rc, -1); /* an end would look like the end of a whole answer */
	assert_int_equal(errno, ECONNRESET);
	close(fd);
}

/* The peer goes on sending, which would reset a plainly closed connection under the answer. */
static void close_after_write_delivers_all_to_a_peer_that_still_sends(void **state)
{
	struct world *w = *state;
	int fd = dial_and_accept(w);
	struct served *s = &w->served[0];
	uint64_t written = 0, got = 0, before;

	send_text(fd, "first");
	RUN_UNTIL(w->io, s->got.size == 5);
	while (io_conn_queued(s->conn) == 0)
		written = write_numbers(s->conn, written, 1 << 20);
	io_conn_close_after_write(s->conn, 60000);
	s->conn = NULL;
	do {
		before = got;
		send(fd, "more", 4, MSG_DONTWAIT | MSG_NOSIGNAL);
		got = read_numbers(fd, got, 1 << 18);
		io_run_once(w->io, 1);
	} while (got < written || got != before);
	assert_int_equal(recv(fd, &before, 1, 0), 0);
	assert_int_equal(s->got.size, 5); /* what came later was dropped */
	assert_int_equal(s->ended, 0);
	close(fd);
}

static void close_after_write_gives_up_on_a_peer_that_never_reads(void **state)
{
	struct world *w = *state;
	int fd = dial_and_accept(w);
	struct served *s = &w->served[0];
	uint64_t written = 0;

	while (io_conn_queued(s->conn) == 0)
		written = write_numbers(s->conn, written, 1 << 20);
	io_conn_close_after_write(s->conn, 20);
	s->conn = NULL;
	/* Sending fails as soon as the server has reset the connection. */
	RUN_UNTIL(w->io, send(fd, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EAGAIN);
	close(fd);
}

/* ---- listening ---- */

static void peers_are_shown_with_address_and_port(void **state)
{
	struct world *w = *state;
	int fd = dial_and_accept(w);
	struct sockaddr_in own;
	socklen_t size = sizeof(own);
	char expected[64];

	assert_int_equal(getsockname(fd, (struct sockaddr *)&own, &size), 0);
	snprintf(expected, sizeof(expected), "127.0.0.1:%u", ntohs(own.sin_port));
	assert_string_equal(io_conn_peer(w->served[0].conn), expected);
	assert_string_equal(io_conn_peer_address(w->served[0].conn), "127.0.0.1");
	close(fd);
}

static void listening_everywhere_serves_ipv4_by_its_own_name(void **state)
{
	struct world *w = *state;
	int fd;

	io_listener_close(w->listener);
	listen_at(w, NULL);
	fd = dial_and_accept(w);
	assert_string_equal(io_conn_peer_address(w->served[0].conn), "127.0.0.1");
	close(fd);
}

static void taken_port_is_said_to_be_in_use(void **state)
{
	struct world *w = *state;
	struct io_listen_options options = {.host = "127.0.0.1",
	                                    .port = io_listener_port(w->listener),
	                                    .backlog = 1,
	                                    .on_accept = on_accept};
	struct io_listener *second = NULL;

	assert_int_equal(io_listen(w->io, &options, &second), -ERR_IN_USE);
	assert_null(second);
	options.host = "no-such-host.invalid";
	assert_int_equal(io_listen(w->io, &options, &second), -ERR_NO_HOST);
}

static void storm_of_connections_is_accepted(void **state)
{
	enum { COUNT = 2000 };
	static int fds[COUNT];
	struct world *w = *state;

	for (int i = 0; i < COUNT; i++)
		fds[i] = dial(w);
	RUN_UNTIL(w->io, w->count == COUNT);
	for (int i = 0; i < COUNT; i++)
		close(fds[i]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(bytes_arrive_and_leave_in_order),
	        TEST(more_pieces_than_one_writev_takes_arrive_whole),
	        TEST(slow_reader_gets_everything_in_order),
	        TEST(paused_connection_reads_nothing_until_resumed),
	        TEST(paused_connection_can_be_asked_whether_its_peer_is_there),
	        TEST(write_to_a_peer_that_is_gone_ends_the_connection_once),
	        TEST(connection_may_be_closed_in_on_data),
	        TEST(closing_with_bytes_queued_resets),
	        TEST(close_after_write_delivers_all_to_a_peer_that_still_sends),
	        TEST(close_after_write_gives_up_on_a_peer_that_never_reads),
	        TEST(peers_are_shown_with_address_and_port),
	        TEST(listening_everywhere_serves_ipv4_by_its_own_name),
	        TEST(taken_port_is_said_to_be_in_use),
	        TEST(storm_of_connections_is_accepted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
