/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call's memory: one block from a pool with room for a frame of the common size; a frame that is
 * larger, or that came in pieces, has its own.
 */
#include "rpc/rpc_private.h"

#include "base/mem.h"

enum {
	CALL_FRAME_BYTES = 384,
	CALL_POOL_MAX = 1024,
	CALL_ARENA_KEPT_BYTES = 64 * 1024, /* an arena that grew past this is not kept */
};

struct pooled_call {
	struct rpc_call call; /* first: frames point into the rest */
	uint8_t frame[CALL_FRAME_BYTES];
};

static struct pooled_call *take_from_pool(struct rpc_server *server)
{
	struct pooled_call *pooled;

	if (list_is_empty(&server->free_calls)) {
		pooled = mem_alloc(sizeof(*pooled));
		if (pooled != NULL)
			arena_init(&pooled->call.arena, server->options.arena_bytes_max);
		return pooled;
	}
	pooled = CONTAINER_OF(server->free_calls.next, struct pooled_call, call.node);
	list_remove(&pooled->call.node);
	server->free_call_count--;
	return pooled;
}

static void give_to_pool(struct rpc_server *server, struct rpc_call *call)
{
	struct pooled_call *pooled = CONTAINER_OF(call, struct pooled_call, call);

	if (server->free_call_count >= CALL_POOL_MAX) {
		arena_finish(&call->arena);
		mem_free(pooled);
		return;
	}
	if (call->arena.used > CALL_ARENA_KEPT_BYTES)
		arena_finish(&call->arena);
	else
		arena_reset(&call->arena);
	list_prepend(&server->free_calls, &call->node);
	server->free_call_count++;
}

/* Where the frame will stand; NULL: no memory. */
static uint8_t *place_frame(struct pooled_call *pooled, struct frame *frame)
{
	uint8_t *copy = pooled->frame;

	if (frame->memory != NULL) /* it has its own already */
		return frame->memory;
	if (frame->bytes.size > sizeof(pooled->frame))
		copy = mem_alloc(frame->bytes.size);
	if (copy != NULL)
		memcpy(copy, frame->bytes.data, frame->bytes.size);
	return copy;
}

/* A string of a frame that was copied. */
static struct str moved(struct str s, const char *from, const char *to)
{
	return str_make(to + (s.data - from), s.size);
}

static void fill(struct rpc_call *call, const struct conn_call *found, const char *to)
{
	const char *from = found->frame.bytes.data;

	call->protocol = moved(found->method.protocol, from, to);
	call->method = moved(found->method.name, from, to);
	call->request = moved(found->message, from, to);
	call->call_id = found->header.call_id;
	call->retry_count = found->header.retry_count;
	call->state_id = found->header.state_id;
	call->has_client_id = found->header.client_id.size > 0;
	if (call->has_client_id)
		memcpy(call->client_id, found->header.client_id.data, sizeof(call->client_id));
	call->service_context = NULL;
	call->body_at = 0;
}

struct rpc_call *call_create(struct rpc_conn *conn, struct conn_call *found, uint64_t now_us)
{
	struct rpc_server *server = conn->server;
	struct pooled_call *pooled = take_from_pool(server);
	struct rpc_call *call;
	uint8_t *place;

	if (pooled == NULL)
		return NULL;
	call = &pooled->call;
	place = place_frame(pooled, &found->frame);
	if (place == NULL) {
		give_to_pool(server, call);
		return NULL;
	}
	call->frame = place == pooled->frame ? NULL : place;
	call->frame_bytes = sizeof(*pooled) + (call->frame == NULL ? 0 : found->frame.bytes.size);
	fill(call, found, found->frame.memory == NULL ? (char *)place : found->frame.bytes.data);
	list_init(&call->node);
	call->conn = conn;
	call->identity = &conn->parse.identity;
	call->arrived_us = now_us;
	conn->calls++;
	server->stats.calls++;
	server->stats.calls_in_flight++;
	server->stats.bytes_in_flight += call->frame_bytes;
	return call;
}

void call_free(struct rpc_call *call)
{
	struct rpc_conn *conn = call->conn;
	struct rpc_server *server = conn->server;

	server->stats.calls_in_flight--;
	server->stats.bytes_in_flight -= call->frame_bytes;
	mem_free(call->frame);
	give_to_pool(server, call);
	conn_call_ended(conn);
}

void call_empty_pool(struct rpc_server *server)
{
	while (!list_is_empty(&server->free_calls)) {
		struct rpc_call *call = LIST_FIRST(&server->free_calls, struct rpc_call, node);

		list_remove(&call->node);
		arena_finish(&call->arena);
		mem_free(CONTAINER_OF(call, struct pooled_call, call));
	}
}

bool rpc_call_is_alive(const struct rpc_call *call)
{
	const struct rpc_conn *conn = call->conn;

	OBJ_CHECK(conn, RPC_CONN_MAGIC);
	if (conn->io == NULL)
		return false;
	/* While it does not read, nobody told us of its end. */
	return conn->wait == WAIT_NOTHING || io_conn_is_open(conn->io);
}

void rpc_call_hang_up(struct rpc_call *call)
{
	if (call->conn->io != NULL)
		conn_close(call->conn);
}

void rpc_call_drop(struct rpc_call *call)
{
	rpc_call_hang_up(call);
	call_free(call);
}
