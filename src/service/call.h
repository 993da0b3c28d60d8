/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call on its way through the services, and what handlers do with it.
 *
 *   FREE             begin > start > reply
 *   ADMIN            begin > identify > start > reply
 *   LOOKUP, READ     begin > identify > proof > start > reply
 *   WRITE            begin > identify > fill > propose > answer
 *
 * A call belongs to its handler from start() or fill() until it is replied, refused or dropped;
 * after that the pointer is gone.  A handler that cannot answer at once parks: it keeps the call,
 * and goes on later with call_read(), call_propose() or a reply.  What it needs meanwhile it takes
 * from call_alloc(), which dies with the call, as do the request's strings.
 *
 * A caller that left does not end its call: replying is allowed and only frees it.
 */
#ifndef HOLDFAST_SERVICE_CALL_H
#define HOLDFAST_SERVICE_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/list.h"
#include "base/str.h"
#include "master/master.h"
#include "rpc/rpc.h"
#include "security/groups.h"
#include "service/methods.h"
#include "service/service.h"
#include "wire/pb.h"

struct call {
	struct service *service;
	struct rpc_call *rpc;
	const struct method *method;
	method_start_fn *next;    /* when the caller is known, or the proof is there */
	struct groups_user *user; /* reference; NULL: not known, or not needed */
	struct ns_caller caller;  /* groups and rank only if the caller is known */
	struct groups_waiter waiter;
	/* Who asks, for the retry table: the client's, also of a forwarded call. */
	bool has_client_id;
	uint8_t client_id[16];
	int32_t call_id;
	bool was_forwarded;            /* it came from another master */
	bool is_sent_on;               /* by a standby, whatever is configured */
	struct forwarding *forwarding; /* NULL: it was never sent on to another */
	struct str text;               /* of a refusal by fill(); empty: the code's own */
	uint64_t index;                /* that the answer saw; 0: none */
	struct command *command;       /* being made, or proposed */
	unsigned tries;                /* of a command that was refused because others changed */
	method_start_fn *again; /* of a command: what must be looked at first, on -ERR_AGAIN */
	void *steps;            /* of a handler that parks */
	struct list node;       /* in one of the service's lists */
};

/* Of a request's mode.  Clients set others too: Go sends its own bit of a directory. */
enum { CALL_MODE_BITS = 01777 };

/* ---- what a handler asks ---- */

static inline struct arena *call_arena(struct call *call)
{
	return &call->rpc->arena;
}

struct master *call_master(const struct call *call);
struct namespace *call_namespace(const struct call *call);
struct io *call_io(const struct call *call);
const struct service_options *call_options(const struct call *call);
/* Address of the client's host. */
struct str call_address(const struct call *call);

/* Decodes the request by protobuf-c into the arena; ret_message as for pb_unpack().  < 0: the call
 * was refused. */
MUST_USE int call_unpack(struct call *call, const ProtobufCMessageDescriptor *type,
                         void *ret_message);
/* The same for fill(): the code to refuse with. */
MUST_USE int call_unpack_command(struct call *call, const ProtobufCMessageDescriptor *type,
                                 void *ret_message);
/* Code to refuse a request with that a hand codec did not take (its rc). */
int call_bad_request(int rc);
/* Sets call->text and returns rc. */
int call_why(struct call *call, int rc, const char *format, ...) PRINTF_LIKE(3, 4);
/* NULL: no memory, the call was refused. */
void *call_alloc(struct call *call, size_t size);

/* ---- going on ---- */

/* next() runs when the caller's groups are known (or the call is refused). */
void call_identify(struct call *call, method_start_fn *next);
/* The same, and the caller is a superuser; `what` is HDFS's word for the operation, may be empty.
 */
void call_identify_superuser(struct call *call, struct str what, method_start_fn *next);
/* next() runs under a proof of primacy that begins now; NULL: the call is a look-up. */
void call_read(struct call *call, method_start_fn *next);

/* A command with everything about the caller filled in, the rest zero.  NULL: the call was
 * refused. */
struct command *call_command(struct call *call, method_answer_fn *answer);
/* add_block: where the block may go; valid until the call is answered. */
void call_place(struct call *call, const struct placement *placement);
/* Proposes it; answer() runs when it was applied. */
void call_propose(struct call *call);

/* ---- replying: ends the call ---- */

struct buf *call_reply_begin(struct call *call);
void call_reply_end(struct call *call);
void call_reply_empty(struct call *call);
void call_reply_bool(struct call *call, bool value);
void call_reply_pb(struct call *call, const ProtobufCMessage *message);
/* What "try elsewhere" would be wrong for, the call being in some journal perhaps, is dropped. */
void call_refuse(struct call *call, int rc, struct str text);
/* Only the primary can answer it: sends it there, or tells the client; HDFS's `category`. */
void call_refer(struct call *call, const char *category);
/* The same for one that may be in some journal: sends it there, or tells the client nothing. */
void call_refer_unsure(struct call *call);
/* Closes the connection without an answer. */
void call_drop(struct call *call);

#endif
