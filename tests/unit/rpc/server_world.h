/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server whose service does what the method's name says, and clients that are plain sockets of
 * this same thread.
 *
 *   echo   replies with the request
 *   hold   keeps the call: release() replies to it as echo does
 *   error  replies with -ERR_STANDBY and the request as text
 *   give   replies with as many bytes as the request says in decimal
 *   drop   drops the call
 */
#ifndef HOLDFAST_TESTS_SERVER_WORLD_H
#define HOLDFAST_TESTS_SERVER_WORLD_H

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

#include "base/err.h"
#include "base/mem.h"
#include "rpc/rpc.h"
#include "unit/io/run_until.h"
#include "unit/rpc/hadoop.h"

enum { HELD_MAX = 4096 };

struct world {
	struct io *io;
	struct rpc_server *server;
	struct rpc_call *held[HELD_MAX];
	size_t held_count;
	size_t calls;   /* delivered */
	size_t batches; /* times on_calls ran */
	size_t batch_most;
	char last_user[64];
};

static inline void reply_echo(struct rpc_call *call)
{
	struct buf *reply = rpc_reply_begin(call);

	buf_append_str(reply, call->request);
	rpc_reply_end(call, 0);
}

static inline void reply_give(struct rpc_call *call)
{
	struct buf *reply = rpc_reply_begin(call);
	char digits[16] = "";

	memcpy(digits, call->request.data, call->request.size);
	for (size_t left = strtoul(digits, NULL, 10); left > 0; left--)
		buf_append_u8(reply, (uint8_t)left);
	rpc_reply_end(call, 77);
}

static inline void serve(struct world *w, struct rpc_call *call)
{
	snprintf(w->last_user, sizeof(w->last_user), "%.*s", STR_ARGS(call->identity->user));
	if (str_equal(call->method, STR("echo")))
		reply_echo(call);
	else if (str_equal(call->method, STR("hold")))
		w->held[w->held_count++] = call;
	else if (str_equal(call->method, STR("error")))
		rpc_reply_error(call, -ERR_STANDBY, call->request);
	else if (str_equal(call->method, STR("give")))
		reply_give(call);
	else
		rpc_call_drop(call);
}

static inline void serve_calls(void *context, struct rpc_call **calls, size_t count)
{
	struct world *w = context;

	w->batches++;
	w->calls += count;
	if (count > w->batch_most)
		w->batch_most = count;
	for (size_t i = 0; i < count; i++)
		serve(w, calls[i]);
}

static inline void release(struct world *w)
{
	for (size_t i = 0; i < w->held_count; i++)
		reply_echo(w->held[i]);
	w->held_count = 0;
}

static inline void start_server(struct world *w, struct rpc_server_options options)
{
	options.io = w->io;
	options.host = "127.0.0.1";
	options.backlog = 4096;
	options.context = w;
	options.on_calls = serve_calls;
	assert_int_equal(rpc_server_create(&options, &w->server), 0);
}

static inline struct world *make_world(void)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_int_equal(io_create(&w->io), 0);
	return w;
}

static inline void end_world(struct world *w)
{
	for (size_t i = 0; i < w->held_count; i++)
		rpc_call_drop(w->held[i]);
	rpc_server_destroy(w->server);
	io_destroy(w->io);
	free(w);
}

static inline struct rpc_server_stats stats_of(const struct world *w)
{
	struct rpc_server_stats stats;

	rpc_server_stats(w->server, &stats);
	return stats;
}

/* ---- a client ---- */

struct peer {
	int fd;
	struct buf got;
	size_t taken; /* bytes of got that were looked at */
	bool has_ended;
	int error; /* 0: the server closed properly */
};

static inline void peer_connect(struct world *w, struct peer *peer)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	                              .sin_port = htons(rpc_server_port(w->server)),
	                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	*peer = (struct peer){.fd = socket(AF_INET, SOCK_STREAM, 0)};
	assert_true(peer->fd >= 0);
	assert_int_equal(connect(peer->fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

static inline void peer_close(struct peer *peer)
{
	close(peer->fd);
	buf_finish(&peer->got);
}

/* Sends what fits now; the rest stays. */
static inline void peer_send_some(struct peer *peer, struct buf *bytes)
{
	ssize_t sent = send(peer->fd, bytes->data, bytes->size, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (sent > 0)
		buf_consume(bytes, (size_t)sent);
}

/* Sends all and frees it. */
static inline void peer_send(struct world *w, struct peer *peer, struct buf *bytes)
{
	while (bytes->size > 0) {
		peer_send_some(peer, bytes);
		if (bytes->size > 0)
			io_run_once(w->io, 1);
	}
	buf_finish(bytes);
}

static inline void peer_greet(struct world *w, struct peer *peer)
{
	struct buf bytes = {0};

	peer_connect(w, peer);
	put_preamble(&bytes, 0);
	put_context(&bytes, "root", NULL, CLIENT_PROTOCOL);
	peer_send(w, peer, &bytes);
}

static inline void peer_call(struct world *w, struct peer *peer, int32_t id, const char *method,
                             const char *message)
{
	struct buf bytes = {0};

	put_call(&bytes, id, method, str_of(message));
	peer_send(w, peer, &bytes);
}

static inline void peer_receive(struct peer *peer, size_t at_most)
{
	ssize_t got;

	if (!buf_reserve(&peer->got, at_most))
		abort();
	got = recv(peer->fd, peer->got.data + peer->got.size, at_most, MSG_DONTWAIT);
	if (got > 0)
		peer->got.size += (size_t)got;
	else if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) {
		peer->has_ended = true;
		peer->error = got == 0 ? 0 : errno;
	}
}

/* The next response, if it has come; valid until the next peer_receive(). */
static inline bool peer_hear(struct peer *peer, struct heard *ret_heard)
{
	struct cursor rest;

	peer_receive(peer, 1 << 16);
	rest = cursor_make(peer->got.data + peer->taken, peer->got.size - peer->taken);
	if (!hear(&rest, ret_heard))
		return false;
	peer->taken = (size_t)(rest.at - peer->got.data);
	return true;
}

static inline struct heard peer_wait(struct world *w, struct peer *peer)
{
	struct heard heard;

	RUN_UNTIL(w->io, peer_hear(peer, &heard));
	return heard;
}

static inline bool peer_has_ended(struct peer *peer)
{
	peer_receive(peer, 1 << 16);
	return peer->has_ended;
}

/* A success with this message. */
static inline void assert_echo(const struct heard *heard, uint64_t id, const char *message)
{
	size_t size = strlen(message);

	assert_true(size < 128); /* one byte of length */
	assert_int_equal(heard->status, 0);
	assert_int_equal(heard->call_id, id);
	assert_int_equal(heard->message.size, size + 1);
	assert_int_equal((uint8_t)heard->message.data[0], size);
	assert_memory_equal(heard->message.data + 1, message, size);
}

#endif
