/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is cut: clients that take no replies, stop in the middle of a frame, never say who they are,
 * or are idle while there are many.
 *
 * A sweep looks at some connections each time, so that it stays short with many of them; with many,
 * a client is cut up to some seconds late.
 *
 * By how much a sweep comes late does not count: a server that was stopped, or had no processor,
 * has not listened, which is not its clients' fault.
 */
#include "rpc/rpc_private.h"

enum {
	SWEPT_AT_ONCE = 1000,  /* connections, or an eighth of them if that is more */
	CUT_IDLE_AT_ONCE = 10, /* ipc.client.kill.max */
	SWEEP_MS_MIN = 10,
	SWEEP_MS_MAX = 1000,
	UNSENT_SHORT_MS = 2000, /* for who takes nothing while the server is short of bytes */
};

static bool has_passed(uint64_t since_us, uint64_t now_us, uint64_t limit_ms)
{
	return now_us > since_us && (now_us - since_us) / 1000 > limit_ms;
}

/* Replies wait for a peer that takes none.  It has less time when others need its bytes. */
static bool is_not_reading(struct rpc_conn *conn, uint64_t now_us)
{
	uint64_t limit_ms = conn->server->options.unsent_ms_max;
	size_t queued = io_conn_queued(conn->io);
	uint64_t taken = conn->written - queued;

	if (queued == 0 || taken > conn->taken) {
		conn->taken = taken;
		conn->progress_us = now_us;
	}
	if (limit_ms > UNSENT_SHORT_MS && limits_are_bytes_short(conn->server))
		limit_ms = UNSENT_SHORT_MS;
	return has_passed(conn->progress_us, now_us, limit_ms);
}

/* We wait for the peer, and it says nothing. */
static bool is_silent(const struct rpc_conn *conn, uint64_t now_us)
{
	const struct rpc_server_options *options = &conn->server->options;

	if (conn->wait != WAIT_NOTHING)
		return false;
	if (conn->parse.state != CONN_CALLS)
		return has_passed(conn->active_us, now_us, options->preamble_ms_max);
	return conn_parse_is_halfway(&conn->parse) &&
	       has_passed(conn->active_us, now_us, options->unsent_ms_max);
}

static bool is_idle(const struct rpc_conn *conn, uint64_t now_us)
{
	const struct rpc_server *server = conn->server;

	return server->stats.connections > server->options.idle_threshold &&
	       conn->wait == WAIT_NOTHING && conn->calls == 0 && io_conn_queued(conn->io) == 0 &&
	       has_passed(conn->active_us, now_us, server->options.idle_ms_max);
}

static void run_sweep(struct io_timer *timer)
{
	struct rpc_server *server = CONTAINER_OF(timer, struct rpc_server, sweep);
	uint64_t count = server->stats.connections;
	int idle_left = CUT_IDLE_AT_ONCE;
	uint64_t now_us;

	server->deaf_us += io_now_us(server->options.io) - server->sweep_due_us;
	now_us = sweep_clock_us(server);
	if (count > SWEPT_AT_ONCE)
		count = count / 8 > SWEPT_AT_ONCE ? count / 8 : SWEPT_AT_ONCE;
	while (count-- > 0) {
		struct rpc_conn *conn = LIST_FIRST(&server->conns, struct rpc_conn, node);

		list_remove(&conn->node); /* to the end: its turn comes again after all others */
		list_append(&server->conns, &conn->node);
		if (is_not_reading(conn, now_us)) {
			server->stats.cut_not_reading++;
			conn_close(conn);
		} else if (is_silent(conn, now_us)) {
			server->stats.cut_idle++;
			conn_close(conn);
		} else if (idle_left > 0 && is_idle(conn, now_us)) {
			idle_left--;
			server->stats.cut_idle++;
			conn_close(conn);
		} else {
			conn_account(conn);
			limits_check_unsent(conn);
		}
	}
	limits_eased(server); /* others may take their replies now */
	sweep_start(server);
}

/* A quarter of the shortest limit, within bounds. */
void sweep_init(struct rpc_server *server)
{
	const struct rpc_server_options *options = &server->options;
	uint64_t limit_ms = options->unsent_ms_max;

	if (options->preamble_ms_max < limit_ms)
		limit_ms = options->preamble_ms_max;
	if (options->idle_ms_max < limit_ms)
		limit_ms = options->idle_ms_max;
	limit_ms /= 4;
	if (limit_ms < SWEEP_MS_MIN)
		limit_ms = SWEEP_MS_MIN;
	if (limit_ms > SWEEP_MS_MAX)
		limit_ms = SWEEP_MS_MAX;
	server->sweep_us = limit_ms * 1000;
	io_timer_init(options->io, &server->sweep, run_sweep);
}

void sweep_start(struct rpc_server *server)
{
	if (server->stats.connections == 0 || io_timer_is_started(&server->sweep))
		return;
	server->sweep_due_us = io_now_us(server->options.io) + server->sweep_us;
	io_timer_start(&server->sweep, server->sweep_us);
}

uint64_t sweep_clock_us(const struct rpc_server *server)
{
	return io_now_us(server->options.io) - server->deaf_us;
}
