/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "io/io.h"
#include "unit/io/run_until.h"

enum { NOT_YET = 1, TIMEOUT_MS = 30000, LATE_YIELDS = 20000 };

struct world {
	struct io *io;
	struct io_listener *listener;
	struct io_conn *accepted;
	struct io_conn *conn;
	int connect_rc; /* NOT_YET: on_connect did not run */
};

static atomic_bool wakes_late, is_ending, has_woken;

/* Instead of the C library's: other threads wake the loop by it. */
int eventfd_write(int fd, eventfd_t value)
{
	int (*send)(int, eventfd_t) = (int (*)(int, eventfd_t))dlsym(RTLD_NEXT, "eventfd_write");
	int rc;

	while (wakes_late && !is_ending)
		sched_yield();
	for (int i = 0; wakes_late && i < LATE_YIELDS; i++)
		sched_yield();
	rc = send(fd, value);
	has_woken = true;
	return rc;
}

static void on_accept(void *context, struct io_conn *conn)
{
	((struct world *)context)->accepted = conn;
}

static void on_connect(void *context, int rc)
{
	struct world *w = context;

	assert_int_equal(w->connect_rc, NOT_YET); /* once */
	w->connect_rc = rc;
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_int_equal(io_create(&w->io), 0);
	w->connect_rc = NOT_YET;
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	io_conn_close(w->conn);
	io_conn_close(w->accepted);
	io_listener_close(w->listener);
	io_destroy(w->io);
	free(w);
	return 0;
}

static uint16_t listen_at(struct world *w, const char *host)
{
	struct io_listen_options options = {
	        .host = host, .backlog = 8, .on_accept = on_accept, .context = w};

	assert_int_equal(io_listen(w->io, &options, &w->listener), 0);
	return io_listener_port(w->listener);
}

static void start_connect(struct world *w, const char *host, uint16_t port, unsigned timeout_ms)
{
	assert_int_equal(io_connect(w->io, host, port, timeout_ms, on_connect, w, &w->conn), 0);
	assert_int_equal(w->connect_rc, NOT_YET); /* never inside the call */
}

static uint16_t unused_port(struct world *w)
{
	uint16_t port = listen_at(w, "127.0.0.1");

	io_listener_close(w->listener);
	w->listener = NULL;
	io_run_once(w->io, 0);
	return port;
}

static void address_is_connected_to(void **state)
{
	struct world *w = *state;
	uint16_t port = listen_at(w, "127.0.0.1");
	char peer[32];

	start_connect(w, "127.0.0.1", port, TIMEOUT_MS);
	RUN_UNTIL(w->io, w->connect_rc != NOT_YET && w->accepted != NULL);
	assert_int_equal(w->connect_rc, 0);
	snprintf(peer, sizeof(peer), "127.0.0.1:%u", port);
	assert_string_equal(io_conn_peer(w->conn), peer);
}

static void ipv6_address_in_brackets_is_connected_to(void **state)
{
	struct world *w = *state;
	uint16_t port = listen_at(w, "[::1]");
	char peer[32];

	start_connect(w, "[::1]", port, TIMEOUT_MS);
	RUN_UNTIL(w->io, w->connect_rc != NOT_YET && w->accepted != NULL);
	assert_int_equal(w->connect_rc, 0);
	snprintf(peer, sizeof(peer), "[::1]:%u", port);
	assert_string_equal(io_conn_peer(w->conn), peer);
	assert_string_equal(io_conn_peer_address(w->accepted), "::1");
}

/* Where localhost is ::1 first, nobody listens there and the next address is tried. */
static void name_is_looked_up_and_its_addresses_tried_in_turn(void **state)
{
	struct world *w = *state;
	uint16_t port = listen_at(w, "127.0.0.1");
	struct addrinfo *found;

	if (getaddrinfo("localhost", NULL, NULL, &found) != 0)
		skip(); /* a bare system tree has no /etc/hosts */
	freeaddrinfo(found);
	start_connect(w, "localhost", port, TIMEOUT_MS);
	RUN_UNTIL(w->io, w->connect_rc != NOT_YET);
	assert_int_equal(w->connect_rc, 0);
	assert_string_equal(io_conn_peer_address(w->conn), "127.0.0.1");
}

static void nobody_listening_is_refused(void **state)
{
	struct world *w = *state;

	start_connect(w, "127.0.0.1", unused_port(w), TIMEOUT_MS);
	RUN_UNTIL(w->io, w->connect_rc != NOT_YET);
	assert_int_equal(w->connect_rc, -ERR_REFUSED);
}

static void bad_name_is_an_unreachable_peer_and_no_more(void **state)
{
	struct world *w = *state;

	start_connect(w, "no-such-host.invalid", 1, TIMEOUT_MS);
	RUN_UNTIL(w->io, w->connect_rc != NOT_YET);
	assert_int_equal(w->connect_rc, -ERR_NO_HOST);
}

static void absurd_host_is_refused_at_once(void **state)
{
	struct world *w = *state;
	struct io_conn *conn = NULL;
	char host[400];

	memset(host, 'a', sizeof(host));
	host[sizeof(host) - 1] = '\0';
	assert_int_equal(io_connect(w->io, host, 1, 10, on_connect, w, &conn), -ERR_INVALID);
	assert_int_equal(io_connect(w->io, "", 1, 10, on_connect, w, &conn), -ERR_INVALID);
	assert_int_equal(io_connect(w->io, "[]", 1, 10, on_connect, w, &conn), -ERR_INVALID);
	assert_null(conn);
}

/* A socket whose backlog is full: the kernel leaves further clients without an answer. */
static int open_deaf_port(uint16_t *ret_port, int fillers[4])
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(fd, 0), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	for (int i = 0; i < 4; i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(fillers[i], (struct sockaddr *)&address, size);
	}
	*ret_port = ntohs(address.sin_port);
	return fd;
}

static void close_deaf_port(int fd, int fillers[4])
{
	for (int i = 0; i < 4; i++)
		close(fillers[i]);
	close(fd);
}

static void silence_ends_with_a_time_out(void **state)
{
	struct world *w = *state;
	uint64_t begin_us = io_now_us(w->io);
	int fillers[4], fd;
	uint16_t port;

	fd = open_deaf_port(&port, fillers);
	start_connect(w, "127.0.0.1", port, 50);
	RUN_UNTIL(w->io, w->connect_rc != NOT_YET);
	assert_int_equal(w->connect_rc, -ERR_TIMEOUT);
	assert_true(io_now_us(w->io) - begin_us >= 50000);
	close_deaf_port(fd, fillers);
}

static void connection_may_be_closed_at_any_stage(void **state)
{
	static const char *const hosts[] = {"127.0.0.1", "localhost", "no-such-host.invalid"};
	struct world *w = *state;
	int fillers[4], fd;
	uint16_t port;

	fd = open_deaf_port(&port, fillers);
	for (size_t i = 0; i < 3; i++) {
		for (int turns = 0; turns < 6; turns++) {
			start_connect(w, hosts[i], port, 3);
			for (int turn = 0; turn < turns; turn++)
				io_run_once(w->io, 1);
			io_conn_close(w->conn);
			w->conn = NULL;
			if (w->connect_rc == NOT_YET)
				io_run_once(w->io, 1);
			w->connect_rc = NOT_YET;
		}
	}
	close_deaf_port(fd, fillers);
}

/* The thread that looked the name up is the last to learn that all is over. */
static void the_loop_may_end_as_soon_as_an_answer_is_there(void **state)
{
	struct world *w = *state;

	wakes_late = true;
	is_ending = has_woken = false;
	start_connect(w, "no-such-host.invalid", 1, TIMEOUT_MS);
	while (w->connect_rc == NOT_YET)
		io_run_once(w->io, 1);
	io_conn_close(w->conn);
	w->conn = NULL;
	is_ending = true;
	io_destroy(w->io);
	while (!has_woken)
		sched_yield();
	wakes_late = false;
	assert_int_equal(io_create(&w->io), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(address_is_connected_to),
	        TEST(ipv6_address_in_brackets_is_connected_to),
	        TEST(name_is_looked_up_and_its_addresses_tried_in_turn),
	        TEST(nobody_listening_is_refused),
	        TEST(bad_name_is_an_unreachable_peer_and_no_more),
	        TEST(absurd_host_is_refused_at_once),
	        TEST(silence_ends_with_a_time_out),
	        TEST(connection_may_be_closed_at_any_stage),
	        TEST(the_loop_may_end_as_soon_as_an_answer_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
