/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/rpc_private.h"

#include "base/mem.h"

enum { LINGER_MS = 5000 }; /* for a refused client to read why */

void conn_account(struct rpc_conn *conn)
{
	size_t held = frames_held(&conn->parse.frames) + conn->input.capacity +
	              (conn->io == NULL ? 0 : io_conn_queued(conn->io));

	conn->server->stats.bytes_in_flight += held - conn->held;
	if (held < conn->held)
		limits_eased(conn->server);
	conn->held = held;
}

static void free_conn(struct rpc_conn *conn)
{
	conn_parse_finish(&conn->parse);
	conn->magic = 0;
	mem_free(conn);
}

/* Everything but the socket. */
static void leave(struct rpc_conn *conn)
{
	struct rpc_server *server = conn->server;

	conn->io = NULL;
	reply_drop_output(conn);
	buf_finish(&conn->input);
	frames_finish(&conn->parse.frames);
	conn_account(conn);
	list_remove(&conn->node);
	list_remove(&conn->stranger);
	server->stats.connections--;
	limits_conn_closed(conn);
	if (conn->calls == 0)
		free_conn(conn);
}

void conn_close(struct rpc_conn *conn)
{
	io_conn_close(conn->io);
	leave(conn);
}

/* Sends what was answered so far, and why there will be no more. */
static void refuse(struct rpc_conn *conn, struct str answer)
{
	conn->server->stats.bad_frames++;
	reply_append_answer(conn, answer);
	reply_flush(conn);
	io_conn_close_after_write(conn->io, LINGER_MS);
	leave(conn);
}

void conn_call_ended(struct rpc_conn *conn)
{
	conn->calls--;
	if (conn->io != NULL)
		limits_call_ended(conn);
	else if (conn->calls == 0)
		free_conn(conn);
}

/* ---- input ---- */

static bool add_arrived(struct rpc_server *server, struct rpc_call *call)
{
	if (server->arrived_count == server->arrived_capacity) {
		size_t capacity =
		        server->arrived_capacity == 0 ? 256 : 2 * server->arrived_capacity;
		struct rpc_call **bigger =
		        mem_realloc(server->arrived, capacity * sizeof(struct rpc_call *));

		if (bigger == NULL)
			return false;
		server->arrived = bigger;
		server->arrived_capacity = capacity;
	}
	server->arrived[server->arrived_count++] = call;
	io_at_turn_end(server->options.io, &server->deliver);
	return true;
}

/* False: no memory. */
static bool take_call(struct rpc_conn *conn, struct conn_call *found, uint64_t now_us)
{
	struct rpc_call *call = call_create(conn, found, now_us);

	if (call == NULL) {
		mem_free(found->frame.memory);
		return false;
	}
	if (!add_arrived(conn->server, call)) {
		call_free(call);
		return false;
	}
	limits_call_began(conn);
	return true;
}

/* False: the connection was closed. */
static bool parse_input(struct rpc_conn *conn, struct cursor *input, uint64_t now_us)
{
	struct buf *answer = &conn->server->answer;

	while (cursor_left(input) > 0 && limits_let_read(conn)) {
		struct conn_call found;
		enum conn_found what;

		buf_clear(answer);
		what = conn_parse_next(&conn->parse, input, answer, &found);
		if (what == CONN_MORE)
			break;
		if (what == CONN_CLOSE) {
			refuse(conn, buf_str(answer));
			return false;
		}
		if (what == CONN_CALL ? !take_call(conn, &found, now_us)
		                      : !reply_append_answer(conn, buf_str(answer))) {
			conn_close(conn);
			return false;
		}
	}
	if (conn->parse.state == CONN_CALLS)
		list_remove(&conn->stranger);
	limits_parsed(conn);
	return true;
}

static void on_data(void *context, const uint8_t *data, size_t size)
{
	struct rpc_conn *conn = context;
	struct cursor input = cursor_make(data, size);
	uint64_t now_us = io_now_us(conn->server->options.io);

	OBJ_CHECK(conn, RPC_CONN_MAGIC);
	if (conn->input.size == 0 && !parse_input(conn, &input, now_us))
		return;
	if (conn->parse.state == CONN_CALLS)
		conn->active_us = sweep_clock_us(conn->server);
	buf_append(&conn->input, input.at, cursor_left(&input));
	if (conn->input.failed)
		conn_close(conn);
	else
		conn_account(conn);
}

void conn_go_on(struct rpc_conn *conn)
{
	struct buf input = conn->input;
	struct cursor rest = cursor_of(buf_str(&input));

	/* What is left stays behind in a buffer of its size: the old one may be large. */
	buf_init(&conn->input);
	if (parse_input(conn, &rest, io_now_us(conn->server->options.io))) {
		buf_append(&conn->input, rest.at, cursor_left(&rest));
		if (conn->input.failed) {
			conn_close(conn);
		} else {
			conn_account(conn);
			if (conn->wait == WAIT_NOTHING)
				io_conn_resume(conn->io);
		}
	}
	buf_finish(&input);
}

/* ---- life ---- */

static void on_drained(void *context)
{
	struct rpc_conn *conn = context;

	conn_account(conn);
	limits_check_unsent(conn);
}

static void on_end(void *context, int rc)
{
	(void)rc; /* whichever way it ended, nobody is there */
	conn_close(context);
}

static const struct io_conn_ops conn_ops = {
        .on_data = on_data, .on_drained = on_drained, .on_end = on_end};

/* Who opens connections and says nothing keeps nobody out. */
static void make_room(struct rpc_server *server)
{
	if (server->stats.connections < server->options.connections_max ||
	    list_is_empty(&server->strangers))
		return;
	server->stats.refused++;
	conn_close(LIST_FIRST(&server->strangers, struct rpc_conn, stranger));
}

void conn_accept(struct rpc_server *server, struct io_conn *io)
{
	struct rpc_conn *conn = NULL;

	make_room(server);
	if (server->stats.connections < server->options.connections_max)
		conn = mem_zalloc(sizeof(*conn));
	if (conn == NULL) {
		server->stats.refused++;
		io_conn_close(io);
		return;
	}
	conn->magic = RPC_CONN_MAGIC;
	conn->server = server;
	conn->io = io;
	conn->active_us = conn->progress_us = sweep_clock_us(server);
	conn_parse_init(&conn->parse, &server->rules, io_conn_peer_address(io));
	list_init(&conn->wait_node);
	list_append(&server->conns, &conn->node);
	list_append(&server->strangers, &conn->stranger);
	server->stats.accepted++;
	server->stats.connections++;
	sweep_start(server);
	io_conn_start(io, &conn_ops, conn);
}
