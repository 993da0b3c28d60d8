/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames that a client sends: the greeting of a connection, and calls.
 */
#ifndef HOLDFAST_BENCH_MESSAGE_H
#define HOLDFAST_BENCH_MESSAGE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/* Methods of ClientProtocol that the load generator calls. */
enum method {
	METHOD_GET_FILE_INFO,
	METHOD_GET_LISTING,
	METHOD_MKDIRS,
	METHOD_CREATE,
	METHOD_ADD_BLOCK,
	METHOD_COMPLETE,
	METHOD_DELETE,
	METHOD_RENAME,
	METHOD_COUNT,
};

/* Its name on the wire. */
struct str message_method_name(enum method method);

/* Preamble and connection context: simple authentication, `user` is believed. */
void message_hello(struct buf *buf, struct str client_id, struct str user);

struct message_call {
	struct str protocol; /* wire/protocols.h */
	struct str method;
	int32_t call_id;
	int32_t retry_count;
	struct str request; /* the method's request message */
};
void message_call(struct buf *buf, struct str client_id, const struct message_call *call);

#endif
