/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who must wait.
 *
 * A connection over a limit stops reading, so that its client feels it; what was read already stays
 * in conn->input.  It goes on when half of its own limit, or three quarters of the server's, is
 * free again.
 *
 * The server's limit of bytes counts frames that are not whole yet, and replies that nobody takes.
 * If such alone fill it, nothing in flight will ever make room: then one connection, the oldest
 * that waits and takes its replies, is favoured and may pass the limit for one frame.
 *
 * How large replies are is known only when they are made, so calls are taken in rounds, and the
 * replies of one round count before the next begins.  So the bound is the limit, one frame, the
 * replies of one round, and what each connection had read in the turn that reached the limit.
 */
#include "rpc/rpc_private.h"

enum {
	WOKEN_AT_ONCE = 64, /* of those that wait for the server's limits */
	ROUND_CALLS_MAX = 256,
	ROUND_BYTES = 4 << 20, /* of replies: after more than that others have a turn first */
};

static size_t size_or_none(size_t limit)
{
	return limit == 0 ? SIZE_MAX : limit;
}

static uint64_t ms_or_none(uint64_t limit_ms)
{
	return limit_ms == 0 ? UINT64_MAX : limit_ms;
}

/* The limits with 0 ("none") made a number. */
static void limits_set(struct rpc_server_options *options)
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
	struct rpc_server *server = conn->server;

	conn->wait = wait;
	io_conn_pause(conn->io);
	if (wait == WAIT_SERVER)
		list_append(&server->waiting, &conn->wait_node);
	limits_eased(server); /* it may be the one to favour */
	if (wait != WAIT_TURN)
		return;
	list_append(&server->resumable, &conn->wait_node);
	io_at_turn_end(server->options.io, &server->resume);
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

bool limits_are_bytes_short(const struct rpc_server *server)
{
	return server->stats.bytes_in_flight > server->options.inflight_bytes_max / 4 * 3;
}

static bool has_server_room(const struct rpc_server *server)
{
	return server->stats.calls_in_flight <= server->options.calls_max / 4 * 3 &&
	       !limits_are_bytes_short(server);
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
	else if (conn->server->arrived_count >= ROUND_CALLS_MAX)
		wait_for(conn, WAIT_TURN);
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
	if (!list_is_empty(&server->waiting) || !list_is_empty(&server->resumable))
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

static void end_favour(struct rpc_conn *conn)
{
	if (conn->server->favoured != conn)
		return;
	conn->server->favoured = NULL;
	limits_eased(conn->server);
}

void limits_call_began(struct rpc_conn *conn)
{
	end_favour(conn);
}

void limits_parsed(struct rpc_conn *conn)
{
	if (!conn_parse_is_halfway(&conn->parse))
		end_favour(conn);
}

static void wake_waiting(struct rpc_server *server)
{
	for (int i = 0; i < WOKEN_AT_ONCE && !list_is_empty(&server->waiting); i++) {
		struct rpc_conn *conn = LIST_FIRST(&server->waiting, struct rpc_conn, wait_node);

		if (has_server_room(server)) {
			end_wait(conn);
		} else if (server->stats.calls_in_flight > 0 || server->favoured != NULL) {
			return;
		} else if (io_conn_queued(conn->io) > 0) {
			list_remove(&conn->wait_node); /* it takes none of what it has */
			list_append(&server->waiting, &conn->wait_node);
		} else {
			server->favoured = conn;
			end_wait(conn);
		}
	}
}

static void run_resume(struct io_hook *hook)
{
	struct rpc_server *server = CONTAINER_OF(hook, struct rpc_server, resume);
	bool was_long = server->round_bytes > ROUND_BYTES;

	server->round_bytes = 0;
	reply_flush_all(server); /* so that they count */
	wake_waiting(server);
	if (was_long) {
		io_timer_start(&server->next_round, 0);
		return;
	}
	while (!list_is_empty(&server->resumable) && server->arrived_count < ROUND_CALLS_MAX) {
		struct rpc_conn *conn = LIST_FIRST(&server->resumable, struct rpc_conn, wait_node);

		list_remove(&conn->wait_node);
		conn->wait = WAIT_NOTHING;
		conn_go_on(conn);
	}
	if (!list_is_empty(&server->resumable))
		io_at_turn_end(server->options.io, hook);
}

static void begin_round(struct io_timer *timer)
{
	limits_eased(CONTAINER_OF(timer, struct rpc_server, next_round));
}

void limits_init(struct rpc_server *server)
{
	limits_set(&server->options);
	server->resume.run = run_resume;
	io_timer_init(server->options.io, &server->next_round, begin_round);
}
