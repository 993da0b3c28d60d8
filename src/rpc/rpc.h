/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hadoop IPC version 9, server side.  Knows nothing of files.
 *
 *   client > io > RPC > service > master > journal > namespace > service > RPC > client
 *
 * The server reads frames, and hands all calls that came in during one turn of the loop to the
 * service together (so that it can look them up together).  Replies may come in any order, at once
 * or later; all replies of one turn to one connection leave in one write.
 *
 * A call is the service's from on_calls() until it is replied or dropped.  Its connection may die
 * meanwhile: rpc_call_is_alive() tells; replying to a dead call is allowed and only frees it.
 *
 * Limits (rpc_server_options) hold for frames, connections, calls and bytes in flight; idle
 * clients, and clients that never read, are cut.  Errors on the wire are Hadoop's classes
 * (base/err.def).
 */
#ifndef HOLDFAST_RPC_RPC_H
#define HOLDFAST_RPC_RPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/list.h"
#include "base/str.h"
#include "io/io.h"

struct rpc_server;
struct rpc_conn;

/* Who is calling, by the connection's context. */
struct rpc_identity {
	struct str user;      /* effective user; never empty */
	struct str real_user; /* empty unless it differs */
	const char *address;  /* of the client */
};

struct rpc_call {
	/* for the service */
	struct str protocol; /* org.apache.hadoop.hdfs.protocol.ClientProtocol */
	struct str method;
	struct str request; /* the message's bytes, without their length */
	int32_t call_id;
	int32_t retry_count; /* -1: not said */
	bool has_client_id;
	uint8_t client_id[16];
	int64_t state_id; /* 0: not said */
	const struct rpc_identity *identity;
	struct arena arena;    /* dies with the call */
	uint64_t arrived_us;   /* io_now_us() of its turn */
	void *service_context; /* the service's own */
	/* private */
	struct rpc_conn *conn;
	struct list node;
	uint8_t *frame;     /* what the strings above stand in */
	size_t frame_bytes; /* of memory */
	size_t body_at;     /* of the reply in the connection's output; 0: not begun */
};

struct rpc_server_options {
	/* Limits of 0 are none. */
	struct io *io;
	const char *host; /* see io_listen_options */
	uint16_t port;
	int backlog;               /* ipc.server.listen.queue.size; 4096 */
	size_t frame_bytes_max;    /* ipc.maximum.data.length; 128 MiB */
	size_t response_bytes_max; /* ipc.maximum.response.length */
	size_t connections_max;
	size_t calls_max;          /* in flight, whole server: reading pauses */
	size_t calls_per_conn_max; /* in flight, one connection: reading pauses */
	size_t inflight_bytes_max; /* requests and unsent replies, whole server */
	size_t unsent_bytes_max;   /* one connection; beyond it, reading pauses ... */
	uint64_t unsent_ms_max;    /* ... and after so long without progress it is cut, after 2 s
	                              if inflight_bytes_max is near; so is a client that stops in
	                              the middle of a frame */
	uint64_t preamble_ms_max;  /* a connection that has not said who it is */
	uint64_t idle_ms_max;      /* applies above idle_threshold connections */
	size_t idle_threshold;     /* ipc.client.idlethreshold; 4000 */
	size_t arena_bytes_max;    /* per call */
	void *context;
	/* All calls of one turn, in order of arrival on each connection. */
	void (*on_calls)(void *context, struct rpc_call **calls, size_t count);
	/* True if a connection context may name this protocol.  NULL: any, as in Hadoop without
	 * hadoop.security.authorization; each call is looked up by its own protocol anyway. */
	bool (*knows_protocol)(void *context, struct str protocol);
	/* True if real_user may act for user (hadoop.proxyuser.*).  NULL: nobody may. */
	bool (*may_impersonate)(void *context, struct str real_user, struct str user,
	                        const char *address);
};

int rpc_server_create(const struct rpc_server_options *options, struct rpc_server **ret_server);
uint16_t rpc_server_port(const struct rpc_server *server);
/* Stops accepting; calls in flight may still be replied. */
void rpc_server_stop_listening(struct rpc_server *server);
/* Closes every connection.  The service has no call any more. */
void rpc_server_destroy(struct rpc_server *server);

/* ---- replying: exactly one of reply_end, reply_error, drop for each call, which frees it ---- */

/* Where the reply's message goes (its bytes, without their length): append only, and end it before
 * another reply begins.  Errors of memory, and of the limit, are answered by reply_end(). */
struct buf *rpc_reply_begin(struct rpc_call *call);
/* state_id: index that the answer saw; 0: leave it out. */
void rpc_reply_end(struct rpc_call *call, uint64_t state_id);
/* status ERROR; rc gives class and error code, text is the message (a default if empty).  After
 * reply_begin() too, whose bytes are dropped. */
void rpc_reply_error(struct rpc_call *call, int rc, struct str text);
/* The same with an exception that another server answered. */
void rpc_reply_exception(struct rpc_call *call, struct str java_class, struct str text);
/* Closes the connection without an answer: the call may be in some journal. */
void rpc_call_drop(struct rpc_call *call);
/* The same of a call that is the service's still, and replied or dropped later. */
void rpc_call_hang_up(struct rpc_call *call);
bool rpc_call_is_alive(const struct rpc_call *call);

struct rpc_server_stats {
	uint64_t connections;
	uint64_t accepted;
	uint64_t refused; /* over a limit */
	uint64_t calls;
	uint64_t calls_in_flight;
	uint64_t bytes_in_flight;
	uint64_t cut_idle; /* never said who they are, stopped half way, or were idle */
	uint64_t cut_not_reading;
	uint64_t bad_frames;
};
void rpc_server_stats(const struct rpc_server *server, struct rpc_server_stats *ret_stats);

#endif
