/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hadoop IPC version 9, client side: one connection to one server, many calls in flight.
 *
 * Used by libholdfast (client/), by workers towards masters, and by masters towards each other.
 * Retrying and choosing an address are the caller's business.  The connection is opened by the
 * first call, and again by the next call after it broke; names are looked up afresh each time.
 */
#ifndef HOLDFAST_RPC_RPC_CLIENT_H
#define HOLDFAST_RPC_RPC_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/str.h"
#include "io/io.h"

struct rpc_client;
struct rpc_request;

struct rpc_client_options {
	struct io *io;
	const char *host;
	uint16_t port;
	const char *user;      /* effective user of the connection context */
	const char *real_user; /* NULL: none */
	const char *protocol;  /* of the connection context */
	unsigned connect_timeout_ms;
	unsigned ping_ms; /* ipc.ping.interval: sent after so long without traffic; 0: never */
	size_t response_bytes_max;
	uint8_t client_id[16];
};

/* Copies what it needs. */
int rpc_client_create(const struct rpc_client_options *options, struct rpc_client **ret_client);
/* Outstanding requests end with -ERR_CLOSED, in this call. */
void rpc_client_destroy(struct rpc_client *client);

/* How a call ended. */
struct rpc_outcome {
	int rc;              /* 0; -ERR_CLOSED, -ERR_TIMEOUT, -ERR_REFUSED, ...: no answer came;
	                        -ERR_WRITE_REFUSED: the server answered with an exception */
	bool was_sent;       /* bytes of the call may have reached the server */
	struct str response; /* the message's bytes; valid during the callback */
	struct str exception_class;
	struct str exception_text;
	int64_t state_id; /* 0: not said */
};

struct rpc_request {
	const char *protocol; /* declaringClassProtocolName */
	const char *method;
	struct str message; /* borrowed until done */
	int32_t call_id;    /* from rpc_client_next_call_id(); a repeat uses the first one's */
	int32_t retry_count;
	unsigned timeout_ms; /* 0: none */
	void (*done)(struct rpc_request *request, const struct rpc_outcome *outcome);
	/* private */
	struct list node;
	struct io_timer timer;
	struct rpc_client *client;
	bool was_sent;
};

int32_t rpc_client_next_call_id(struct rpc_client *client);
/* done() runs exactly once, never inside this call. */
void rpc_client_call(struct rpc_client *client, struct rpc_request *request);
/* Forgets the request: done() will not run.  A late answer is dropped. */
void rpc_client_cancel(struct rpc_request *request);

#endif
