/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a connection: look the name up, then try its addresses in order, each for its share of
 * the time that is left, until one answers.
 *
 *   LOOKING_UP > TRYING > (REOPENING > TRYING)... > reported
 *
 * A socket that failed is of no use for another address, so between two tries libuv's handle is
 * closed and made anew in place.
 */
#include "io/io_private.h"

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"

enum { HOST_BYTES_MAX = 256 };

struct io_connecting {
	struct io_conn *conn;
	void (*on_connect)(void *context, int rc);
	void *context;
	uint64_t deadline_us;
	struct io_timer timer;    /* of the look-up, or of this try */
	struct io_hook hook;      /* the first try, never inside io_connect() */
	struct io_lookup *lookup; /* NULL: not looking up */
	uv_connect_t request;
	union io_address addresses[IO_LOOKUP_ADDRESSES_MAX];
	size_t count;
	size_t next;       /* address to try */
	int rc;            /* of the last try */
	bool is_reopening; /* the handle is being closed, to be made anew */
};

static void stop(struct io_connecting *connecting)
{
	io_timer_stop(&connecting->timer);
	io_hook_cancel(&connecting->hook);
	if (connecting->lookup != NULL)
		io_lookup_abandon(connecting->lookup);
	connecting->lookup = NULL;
}

static void report(struct io_conn *conn, int rc)
{
	struct io_connecting *connecting = conn->connecting;
	void (*on_connect)(void *context, int rc) = connecting->on_connect;
	void *context = connecting->context;

	stop(connecting);
	conn->connecting = NULL;
	mem_free(connecting);
	on_connect(context, rc);
}

static void try_next(struct io_conn *conn);

static void on_reopened(uv_handle_t *handle)
{
	struct io_conn *conn = handle->data;

	if (conn->is_closed) {
		io_conn_free(conn);
		return;
	}
	conn->connecting->is_reopening = false;
	CHECK(uv_tcp_init(&conn->io->loop, &conn->tcp) == 0);
	try_next(conn);
}

static void try_failed(struct io_conn *conn, int rc)
{
	struct io_connecting *connecting = conn->connecting;

	connecting->rc = rc;
	connecting->is_reopening = true;
	io_timer_stop(&connecting->timer);
	uv_close((uv_handle_t *)&conn->tcp, on_reopened);
}

static void connected(struct io_conn *conn)
{
	union io_address peer;
	int size = sizeof(peer);
	int rc;

	uv_tcp_nodelay(&conn->tcp, 1);
	rc = io_err_from_uv(uv_tcp_getpeername(&conn->tcp, &peer.any, &size));
	if (rc == 0)
		rc = io_conn_set_peer(conn, &peer);
	report(conn, rc);
}

static void on_connected(uv_connect_t *request, int status)
{
	struct io_conn *conn = request->handle->data;

	/* Closing the handle ends its try too: by then this is no news. */
	if (conn->is_closed || conn->connecting->is_reopening)
		return;
	if (status == 0)
		connected(conn);
	else
		try_failed(conn, io_err_from_uv(status));
}

static void try_next(struct io_conn *conn)
{
	struct io_connecting *connecting = conn->connecting;
	uint64_t now_us = io_now_us(conn->io);
	uint64_t left_us = connecting->deadline_us > now_us ? connecting->deadline_us - now_us : 0;
	size_t left = connecting->count - connecting->next;
	int rc;

	if (left == 0 || left_us == 0) {
		report(conn, connecting->rc);
		return;
	}
	io_timer_start(&connecting->timer, left_us / left);
	rc = uv_tcp_connect(&connecting->request, &conn->tcp,
	                    &connecting->addresses[connecting->next++].any, on_connected);
	if (rc < 0)
		try_failed(conn, io_err_from_uv(rc));
}

static void run_first_try(struct io_hook *hook)
{
	try_next(CONTAINER_OF(hook, struct io_connecting, hook)->conn);
}

static void on_looked_up(struct io_lookup *lookup)
{
	struct io_conn *conn = lookup->context;
	struct io_connecting *connecting = conn->connecting;

	connecting->lookup = NULL;
	io_timer_stop(&connecting->timer);
	if (lookup->rc < 0) {
		report(conn, lookup->rc);
		return;
	}
	connecting->count = lookup->count;
	for (size_t i = 0; i < lookup->count; i++)
		connecting->addresses[i] = lookup->addresses[i];
	try_next(conn);
}

static void time_is_up(struct io_timer *timer)
{
	struct io_connecting *connecting = CONTAINER_OF(timer, struct io_connecting, timer);

	if (connecting->lookup != NULL)
		report(connecting->conn, -ERR_TIMEOUT);
	else
		try_failed(connecting->conn, -ERR_TIMEOUT);
}

static int begin(struct io_conn *conn, const char *host, uint16_t port, unsigned timeout_ms)
{
	struct io_connecting *connecting = conn->connecting;
	char bare[HOST_BYTES_MAX];
	int rc = io_address_host(host, bare, sizeof(bare));

	if (rc < 0)
		return rc;
	connecting->rc = -ERR_TIMEOUT;
	connecting->deadline_us = io_now_us(conn->io) + (uint64_t)timeout_ms * 1000;
	if (io_address_parse(bare, port, &connecting->addresses[0])) {
		connecting->count = 1;
		io_at_turn_end(conn->io, &connecting->hook);
		return 0;
	}
	rc = io_lookup_start(conn->io, bare, port, on_looked_up, conn, &connecting->lookup);
	if (rc == 0)
		io_timer_start(&connecting->timer, (uint64_t)timeout_ms * 1000);
	return rc;
}

int io_connect(struct io *io, const char *host, uint16_t port, unsigned timeout_ms,
               void (*on_connect)(void *context, int rc), void *context, struct io_conn **ret_conn)
{
	struct io_connecting *connecting = mem_zalloc(sizeof(*connecting));
	struct io_conn *conn;
	int rc;

	if (connecting == NULL)
		return -ERR_NO_MEMORY;
	rc = io_conn_create(io, &conn);
	if (rc < 0) {
		mem_free(connecting);
		return rc;
	}
	conn->connecting = connecting;
	connecting->conn = conn;
	connecting->on_connect = on_connect;
	connecting->context = context;
	connecting->hook.run = run_first_try;
	io_timer_init(io, &connecting->timer, time_is_up);
	rc = begin(conn, host, port, timeout_ms);
	if (rc < 0) {
		io_conn_close(conn);
		return rc;
	}
	*ret_conn = conn;
	return 0;
}

bool io_connecting_abandon(struct io_conn *conn)
{
	stop(conn->connecting); /* freed with the connection: libuv may still hold the request */
	return conn->connecting->is_reopening;
}
