/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers of Hadoop IPC 9, for both ends, without allocation.
 *
 *   request  = u32be total | RpcRequestHeader | RequestHeader | message
 *   response = u32be total | RpcResponseHeader | message, if the status is SUCCESS
 *
 * Each part has a varint length before it; `total` counts everything after itself.  A connection's
 * context and SASL messages are requests without the RequestHeader, with call ids of their own.
 *
 * The take functions read the next part from a frame's bytes (after `total`); strings stay there.
 * The append functions write the part with its length.  Enums have the values of proto/rpc.proto.
 */
#ifndef HOLDFAST_WIRE_RPC_HEADER_H
#define HOLDFAST_WIRE_RPC_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/cursor.h"
#include "base/str.h"
#include "wire/fields.h"

enum wire_call_id {                      /* others are >= 0 */
	            WIRE_CALL_NONE = -1, /* a fatal answer to no call in particular */
	            WIRE_CALL_CONTEXT = -3,
	            WIRE_CALL_PING = -4,
	            WIRE_CALL_SASL = -33,
};

enum { WIRE_IPC_VERSION = 9 };

#define WIRE_CALLER_CONTEXT(FIELD)                                                                 \
	FIELD(1, REQUIRED, BYTES, context)                                                         \
	FIELD(2, SPARSE, BYTES, signature)
WIRE_MESSAGE(caller_context, WIRE_CALLER_CONTEXT)

/* RpcRequestHeader.  A server wants kind and op (Rpc__RpcKind, Rpc__RpcOperation) to be there. */
#define WIRE_RPC_REQUEST(FIELD)                                                                    \
	FIELD(1, OPTIONAL, ENUM(rpc_kind), kind)                                                   \
	FIELD(2, OPTIONAL, ENUM(rpc_op), op)                                                       \
	FIELD(3, REQUIRED, ZIGZAG32, call_id)                                                      \
	FIELD(4, REQUIRED, BYTES, client_id) /* 16 bytes in ordinary calls */                      \
	FIELD(5, DEFAULTED(-1), ZIGZAG32, retry_count)                                             \
	FIELD(7, OPTIONAL, MESSAGE(caller_context), caller)                                        \
	FIELD(8, SPARSE, I64, state_id) /* what the client has seen */
WIRE_MESSAGE(rpc_request, WIRE_RPC_REQUEST)

/* RequestHeader. */
#define WIRE_RPC_METHOD(FIELD)                                                                     \
	FIELD(1, REQUIRED, BYTES, name)                                                            \
	FIELD(2, REQUIRED, BYTES, protocol) /* wire/protocols.h */                                 \
	FIELD(3, REQUIRED, U64, version)    /* of the protocol */
WIRE_MESSAGE(rpc_method, WIRE_RPC_METHOD)

/* RpcResponseHeader.  client_id and retry_count are the request's. */
#define WIRE_RPC_RESPONSE(FIELD)                                                                   \
	FIELD(1, REQUIRED, I32_AS_U32, call_id)                                                    \
	FIELD(2, REQUIRED, ENUM(rpc_status), status) /* Rpc__RpcStatus */                          \
	FIELD(3, SPARSE, U32, version)               /* WIRE_IPC_VERSION */                        \
	FIELD(4, SPARSE, BYTES, exception_class)                                                   \
	FIELD(5, SPARSE, BYTES, exception_text)                                                    \
	FIELD(6, SPARSE, ENUM(rpc_error), detail) /* Rpc__RpcErrorCode */                          \
	FIELD(7, SPARSE, BYTES, client_id)                                                         \
	FIELD(8, DEFAULTED(-1), ZIGZAG32, retry_count)                                             \
	FIELD(9, SPARSE, I64, state_id) /* what the answer saw */
WIRE_MESSAGE(rpc_response, WIRE_RPC_RESPONSE)

/* ---- reading a frame ---- */

/* The RequestHeader that came last on a connection: most calls repeat it byte for byte. */
struct wire_method_cache {
	uint64_t version;
	uint8_t size; /* of bytes in use; 0: empty */
	uint8_t name_at, name_size;
	uint8_t protocol_at, protocol_size;
	uint8_t bytes[99];
};

MUST_USE int wire_rpc_request_take(struct cursor *frame, struct wire_rpc_request *ret_request);
/* cache may be NULL; all zeros is an empty one. */
MUST_USE int wire_rpc_method_take(struct cursor *frame, struct wire_method_cache *cache,
                                  struct wire_rpc_method *ret_method);
MUST_USE int wire_rpc_response_take(struct cursor *frame, struct wire_rpc_response *ret_response);
/* The last part: a message's bytes.  Nothing may follow it. */
MUST_USE int wire_rpc_message_take(struct cursor *frame, struct str *ret_message);

/* ---- writing a frame ---- */

/* Makes room for `total`; wire_frame_end() fills it in.  Returns the frame's place. */
size_t wire_frame_begin(struct buf *buf);
void wire_frame_end(struct buf *buf, size_t frame);

void wire_rpc_request_append(struct buf *buf, const struct wire_rpc_request *request);
void wire_rpc_method_append(struct buf *buf, const struct wire_rpc_method *method);
void wire_rpc_response_append(struct buf *buf, const struct wire_rpc_response *response);
/* A message whose bytes are there already, with its length. */
void wire_rpc_message_append(struct buf *buf, struct str message);

#endif
