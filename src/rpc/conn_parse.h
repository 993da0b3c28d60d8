/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client says on one connection, from its first byte, without sockets: bytes in, calls and
 * answers out.
 *
 *   PREAMBLE > CONTEXT > CALLS            simple
 *   PREAMBLE > SASL > CONTEXT > CALLS     a client that wants to negotiate is told "simple" at once
 *
 * The preamble is 7 bytes: "hrpc", version 9, a service class that nobody uses, and the way of
 * authentication.  Then come frames.  Calls with negative ids are the connection's own: the context
 * (who is calling), SASL messages, pings.  What is refused, and how, follows
 * org.apache.hadoop.ipc.Server: a broken call is answered with an error and the connection goes on;
 * a broken header is answered once more, with status FATAL, and the connection is closed.
 */
#ifndef HOLDFAST_RPC_CONN_PARSE_H
#define HOLDFAST_RPC_CONN_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "rpc/frames.h"
#include "rpc/rpc.h"
#include "wire/rpc_header.h"

enum {
	CONN_PREAMBLE_BYTES = 7,
	/* Of a frame of a client that has not said who it is. */
	CONN_GREETING_BYTES_MAX = 64 * 1024,
};

enum conn_state { CONN_PREAMBLE, CONN_SASL, CONN_CONTEXT, CONN_CALLS, CONN_REFUSED };

/* What all connections of a server have in common. */
struct conn_rules {
	size_t frame_bytes_max;
	struct wire_method_cache methods;
	void *context;
	/* Both may be NULL: any protocol, no impersonation.  See rpc_server_options. */
	bool (*knows_protocol)(void *context, struct str protocol);
	bool (*may_impersonate)(void *context, struct str real_user, struct str user,
	                        const char *address);
};

struct conn_parse {
	struct conn_rules *rules;
	enum conn_state state;
	bool was_offered;      /* the list of ways to authenticate was sent */
	uint8_t preamble_size; /* bytes of it that came */
	uint8_t preamble[CONN_PREAMBLE_BYTES];
	struct frames frames;
	struct rpc_identity identity; /* from CONN_CALLS on */
	char *names;                  /* memory of the identity */
};

enum conn_found {
	CONN_MORE,   /* the input is used up */
	CONN_CALL,   /* *ret_call */
	CONN_ANSWER, /* send the answer and go on */
	CONN_CLOSE,  /* send the answer, which may be empty, and close */
};

/* Strings stand in frame.bytes. */
struct conn_call {
	struct frame frame;
	struct wire_rpc_request header;
	struct wire_rpc_method method;
	struct str message;
};

/* `address` is borrowed until the client has said who it is. */
void conn_parse_init(struct conn_parse *parse, struct conn_rules *rules, const char *address);
void conn_parse_finish(struct conn_parse *parse);

/* The next thing in the input.  Appends to `answer`; after CONN_CLOSE only CONN_CLOSE comes. */
enum conn_found conn_parse_next(struct conn_parse *parse, struct cursor *input, struct buf *answer,
                                struct conn_call *ret_call);

/* True while bytes are missing of something that began. */
static inline bool conn_parse_is_halfway(const struct conn_parse *parse)
{
	return parse->frames.size > 0;
}

#endif
