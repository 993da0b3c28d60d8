/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who must wait.
 *
 * A connection over a limit stops reading, so that its client feels it; what was read already stays
 * in conn->input.  It goes on when half of its own limit, or three quarters of the server's, is
 * free again.
 *
 * The server's limit of bytes counts frames that are not whole yet.  If such frames alone fill it,
 * nothing in flight will ever make room: then one connection, the oldest that waits, is favoured
 * and may pass the limit until its frame is whole.  So the bound is the limit, one frame, and what
 * each connection had read in the turn that reached the limit.
 */
#include "rpc/rpc_private.h"

enum { WOKEN_AT_ONCE = 64 }; /* of those that wait for the server's limits */

static size_t size_or_none(size_t limit)
{
	return limit == 0 ? SIZE_MAX : limit;
}

static uint64_t ms_or_none(uint64_t limit_ms)
{
	return limit_ms == 0 ? UINT64_MAX : limit_ms;
}

void limits_set(struct rpc_server_options *options)
{
	options->frame_bytes_max = size_or_none(options->frame_bytes_max);
	if (options->frame_bytes_max > INT32_MAX) /* a frame's length is signed on the wire */
		options->frame_bytes_max = INT32_MAX;
	options->response_bytes_max = size_or_none(options->response_bytes_max);
	if (options->response_bytes_max > INT32_MAX)
		options->response_bytes_max = INT32_MAX;
	options->connections_max = size_or_none(options->connections_max);
	options->calls_max = size_or_none(options->calls_max);
	options->calls_per_conn_max = size_or_none(options->calls_per_conn_max);
	options->inflight_bytes_max = size_or_none(options->inflight_bytes_max);
	options->unsent_bytes_max = size_or_none(options->unsent_bytes_max);
	options->unsent_ms_max = ms_or_none(options->unsent_ms_max);
	options->preamble_ms_max = ms_or_none(options->preamble_ms_max);
	options->idle_ms_max = ms_or_none(options->idle_ms_max);
}

/* ---- waiting ---- */

static void wait_for(struct rpc_conn *conn, enum conn_wait wait)
{
	conn->wait = wait;
	io_conn_pause(conn->io);
	if (wait == WAIT_SERVER)
		list_append(&conn->server->waiting, &conn->wait_node);
	limits_eased(conn->server); /* it may be the one to favour */
}

static void end_wait(struct rpc_conn *conn)
{
	list_remove(&conn->wait_node);
	conn->wait = WAIT_TURN;
	list_append(&conn->server->resumable, &conn->wait_node);
	io_at_turn_end(conn->server->options.io, &conn->server->resume);
}

static bool is_server_full(const struct rpc_server *server)
{
	return server->stats.calls_in_flight >= server->options.calls_max ||
	       server->stats.bytes_in_flight >= server->options.inflight_bytes_max;
}

static bool has_server_room(const struct rpc_server *server)
{
	return server->stats.calls_in_flight <= server->options.calls_max / 4 * 3 &&
	       server->stats.bytes_in_flight <= server->options.inflight_bytes_max / 4 * 3;
}

bool limits_let_read(struct rpc_conn *conn)
{
	const struct rpc_server_options *options = &conn->server->options;

	if (conn->wait != WAIT_NOTHING)
		return false;
	if (conn->calls >= options->calls_per_conn_max)
		wait_for(conn, WAIT_OWN_CALLS);
	else if (io_conn_queued(conn->io) > options->unsent_bytes_max)
		wait_for(conn, WAIT_UNSENT);
	else if (is_server_full(conn->server) && conn->server->favoured != conn)
		wait_for(conn, WAIT_SERVER);
	return conn->wait == WAIT_NOTHING;
}

void limits_check_unsent(struct rpc_conn *conn)
{
	size_t queued = io_conn_queued(conn->io);
	size_t max = conn->server->options.unsent_bytes_max;

	if (conn->wait == WAIT_NOTHING && queued > max)
		wait_for(conn, WAIT_UNSENT);
	else if (conn->wait == WAIT_UNSENT && queued <= max / 2)
		end_wait(conn);
}

void limits_eased(struct rpc_server *server)
{
	if (!list_is_empty(&server->waiting))
		io_at_turn_end(server->options.io, &server->resume);
}

void limits_call_ended(struct rpc_conn *conn)
{
	if (conn->wait == WAIT_OWN_CALLS &&
	    conn->calls <= conn->server->options.calls_per_conn_max / 2)
		end_wait(conn);
	limits_eased(conn->server);
}

void limits_conn_closed(struct rpc_conn *conn)
{
	list_remove(&conn->wait_node);
	if (conn->server->favoured == conn)
		conn->server->favoured = NULL;
	limits_eased(conn->server);
}

void limits_parsed(struct rpc_conn *conn)
{
	struct rpc_server *server = conn->server;

	if (server->favoured != conn || conn_parse_is_halfway(&conn->parse))
		return;
	server->favoured = NULL;
	limits_eased(server);
}

static void wake_waiting(struct rpc_server *server)
{
	for (int i = 0; i < WOKEN_AT_ONCE && !list_is_empty(&server->waiting); i++) {
		struct rpc_conn *conn = LIST_FIRST(&server->waiting, struct rpc_conn, wait_node);

		if (has_server_room(server)) {
			end_wait(conn);
		} else if (server->stats.calls_in_flight == 0 && server->favoured == NULL) {
			server->favoured = conn;
			end_wait(conn);
		} else {
			return;
		}
	}
}

void limits_run_resume(struct io_hook *hook)
{
	struct rpc_server *server = CONTAINER_OF(hook, struct rpc_server, resume);

	wake_waiting(server);
	while (!list_is_empty(&server->resumable)) {
		struct rpc_conn *conn = LIST_FIRST(&server->resumable, struct rpc_conn, wait_node);

		list_remove(&conn->wait_node);
		conn->wait = WAIT_NOTHING;
		conn_go_on(conn);
	}
}
