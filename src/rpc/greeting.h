/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of conn_parse.h before the first call: preamble, SASL, context.
 */
#ifndef HOLDFAST_RPC_GREETING_H
#define HOLDFAST_RPC_GREETING_H

#include "rpc/conn_parse.h"

/* CONN_MORE: moved on, or more bytes are needed. */
enum conn_found greeting_take_preamble(struct conn_parse *parse, struct cursor *input,
                                       struct buf *answer);
/* A frame with a negative call id, after its header. */
enum conn_found greeting_take(struct conn_parse *parse, int32_t call_id, struct cursor *rest,
                              struct buf *answer);
/* The connection's end: detail is a fatal Rpc__RpcErrorCode. */
enum conn_found greeting_refuse(struct conn_parse *parse, struct buf *answer, int32_t call_id,
                                uint32_t detail, const char *text);

#endif
