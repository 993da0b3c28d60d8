/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replies and their way out.
 *
 * A connection's replies of one turn stand in one output, taken from a pool, and leave in one
 * write.  A reply's head (lengths and RPC header) is known only at its end, so room is left for it
 * before the message and it is written right before that: the first reply of an output simply
 * begins later, the others are moved down over what was left.
 */
#include "rpc/rpc_private.h"

#include "base/err.h"
#include "base/mem.h"
#include "proto/rpc.pb-c.h"
#include "rpc/answers.h"

enum {
	/* Frame length, header with its length, length of the message, all at their longest. */
	HEAD_ROOM = 64,
	OUTPUT_POOL_MAX = 64,
	OUTPUT_KEPT_BYTES = 128 * 1024,
};

/* ---- outputs ---- */

static struct output *take_output(struct rpc_server *server)
{
	struct output *output;

	if (list_is_empty(&server->free_outputs))
		return mem_zalloc(sizeof(*output));
	output = LIST_FIRST(&server->free_outputs, struct output, node);
	list_remove(&output->node);
	server->free_output_count--;
	return output;
}

static void free_output(struct output *output)
{
	buf_finish(&output->bytes);
	mem_free(output);
}

static void give_output(struct rpc_server *server, struct output *output)
{
	if (server->free_output_count >= OUTPUT_POOL_MAX ||
	    output->bytes.capacity > OUTPUT_KEPT_BYTES) {
		free_output(output);
		return;
	}
	buf_clear(&output->bytes);
	output->start = 0;
	list_prepend(&server->free_outputs, &output->node);
	server->free_output_count++;
}

/* Of this turn; the one that leads nowhere if the connection is gone or there is no memory. */
static struct output *output_of(struct rpc_conn *conn)
{
	struct rpc_server *server = conn->server;

	if (conn->output != NULL)
		return conn->output;
	if (conn->io != NULL)
		conn->output = take_output(server);
	if (conn->output == NULL)
		return &server->nowhere;
	conn->output->conn = conn;
	list_append(&server->outputs, &conn->output->node);
	io_at_turn_end(server->options.io, &server->flush);
	return conn->output;
}

void reply_drop_output(struct rpc_conn *conn)
{
	if (conn->output == NULL)
		return;
	list_remove(&conn->output->node);
	give_output(conn->server, conn->output);
	conn->output = NULL;
}

void reply_flush(struct rpc_conn *conn)
{
	struct output *output = conn->output;
	bool was_sent;
	struct str bytes;

	if (output == NULL)
		return;
	was_sent = io_conn_queued(conn->io) == 0;
	bytes = str_make(output->bytes.data + output->start, output->bytes.size - output->start);
	io_conn_write(conn->io, &bytes, 1);
	conn->written += bytes.size;
	if (was_sent && io_conn_queued(conn->io) > 0) /* the peer's time begins */
		conn->progress_us = sweep_clock_us(conn->server);
	reply_drop_output(conn);
	conn_account(conn);
	limits_check_unsent(conn);
}

void reply_flush_all(struct rpc_server *server)
{
	while (!list_is_empty(&server->outputs))
		reply_flush(LIST_FIRST(&server->outputs, struct output, node)->conn);
}

void reply_empty_pool(struct rpc_server *server)
{
	while (!list_is_empty(&server->free_outputs)) {
		struct output *output = LIST_FIRST(&server->free_outputs, struct output, node);

		list_remove(&output->node);
		free_output(output);
	}
	buf_finish(&server->nowhere.bytes);
	buf_finish(&server->head);
	buf_finish(&server->answer);
}

bool reply_append_answer(struct rpc_conn *conn, struct str answer)
{
	struct output *output = output_of(conn);

	buf_append_str(&output->bytes, answer);
	return output->conn != NULL && !output->bytes.failed;
}

/* ---- replies ---- */

/* The call's end.  Without the memory to answer, closing is all that can be said. */
static void finish(struct rpc_call *call, bool is_answered)
{
	struct rpc_conn *conn = call->conn;

	if (conn->output == NULL)
		buf_clear(&conn->server->nowhere.bytes);
	if (!is_answered && conn->io != NULL)
		conn_close(conn);
	call_free(call);
}

/* Takes back what reply_begin() and the service appended. */
static void unwind(struct rpc_call *call)
{
	struct output *output = output_of(call->conn);

	if (call->body_at == 0)
		return;
	CHECK(call->conn->server->replying == call);
	call->conn->server->replying = NULL;
	output->bytes.size = call->body_at - HEAD_ROOM;
	output->bytes.failed = false;
	call->body_at = 0;
}

static struct wire_rpc_response response_of(const struct rpc_call *call)
{
	return (struct wire_rpc_response){
	        .call_id = call->call_id,
	        .status = RPC__RPC_STATUS__SUCCESS,
	        .version = WIRE_IPC_VERSION,
	        .client_id = str_make(call->client_id,
	                              call->has_client_id ? sizeof(call->client_id) : 0),
	        .retry_count = call->retry_count,
	};
}

static void refuse(struct rpc_call *call, struct str java_class, uint32_t detail, struct str text)
{
	struct wire_rpc_response response = response_of(call);
	struct output *output;
	size_t frame;

	unwind(call);
	output = output_of(call->conn);
	response.status = RPC__RPC_STATUS__ERROR;
	response.exception_class = java_class;
	response.exception_text = text;
	response.detail = detail;
	frame = wire_frame_begin(&output->bytes);
	wire_rpc_response_append(&output->bytes, &response);
	wire_frame_end(&output->bytes, frame);
	if (output->bytes.failed)
		output->bytes.size = frame;
	finish(call, !output->bytes.failed && output->conn != NULL);
}

struct buf *rpc_reply_begin(struct rpc_call *call)
{
	struct rpc_server *server = call->conn->server;
	struct output *output = output_of(call->conn);

	CHECK(server->replying == NULL && call->body_at == 0);
	server->replying = call;
	call->body_at = output->bytes.size + HEAD_ROOM;
	if (buf_reserve(&output->bytes, HEAD_ROOM))
		output->bytes.size += HEAD_ROOM;
	return &output->bytes;
}

/* Lengths and RPC header of a reply whose message has so many bytes. */
static void write_head(struct buf *head, const struct rpc_call *call, size_t message_size,
                       uint64_t state_id)
{
	struct wire_rpc_response response = response_of(call);
	size_t frame;

	response.state_id = (int64_t)state_id;
	buf_clear(head);
	frame = wire_frame_begin(head);
	wire_rpc_response_append(head, &response);
	buf_append_varint(head, message_size);
	head->size += message_size; /* counts in the frame's length */
	wire_frame_end(head, frame);
	head->size -= message_size;
}

/* Puts the head right before the message at body_at. */
static void place_head(struct output *output, size_t body_at, const struct buf *head)
{
	size_t begin = body_at - HEAD_ROOM, at = body_at - head->size;
	uint8_t *data = output->bytes.data;

	CHECK(head->size <= HEAD_ROOM);
	memcpy(data + at, head->data, head->size);
	if (begin == 0) {
		output->start = at;
		return;
	}
	memmove(data + begin, data + at, output->bytes.size - at);
	output->bytes.size -= at - begin;
}

void rpc_reply_end(struct rpc_call *call, uint64_t state_id)
{
	struct rpc_server *server = call->conn->server;
	struct output *output = output_of(call->conn);
	size_t size;

	CHECK(server->replying == call);
	if (output->bytes.failed) {
		refuse(call, str_of(err_java_class(-ERR_NO_MEMORY)),
		       RPC__RPC_ERROR_CODE__ERROR_SERIALIZING_RESPONSE,
		       STR("no memory for the reply"));
		return;
	}
	size = output->bytes.size - call->body_at;
	if (size > server->options.response_bytes_max) {
		refuse(call, str_of(err_java_class(-ERR_TOO_LARGE)),
		       RPC__RPC_ERROR_CODE__ERROR_SERIALIZING_RESPONSE,
		       STR("the reply is larger than this server sends"));
		return;
	}
	server->replying = NULL;
	server->round_bytes += size;
	write_head(&server->head, call, size, state_id);
	if (!server->head.failed)
		place_head(output, call->body_at, &server->head);
	finish(call, !server->head.failed && output->conn != NULL);
}

void rpc_reply_error(struct rpc_call *call, int rc, struct str text)
{
	refuse(call, str_of(err_java_class(rc)), answer_detail(rc),
	       text.size > 0 ? text : str_of(err_text(rc)));
}

void rpc_reply_exception(struct rpc_call *call, struct str java_class, struct str text)
{
	refuse(call, java_class, RPC__RPC_ERROR_CODE__ERROR_APPLICATION, text);
}
