/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Response frames that carry no message of a method: errors, and what a connection itself answers.
 * Errors of memory stick in the buf.
 */
#ifndef HOLDFAST_RPC_ANSWERS_H
#define HOLDFAST_RPC_ANSWERS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/str.h"
#include "wire/rpc_header.h"

/* Status ERROR; rc gives the class and the error code. */
void answer_error(struct buf *buf, const struct wire_rpc_request *request, int rc,
                  const char *format, ...) PRINTF_LIKE(4, 5);
/* Status FATAL: the connection is closed after it.  detail: Rpc__RpcErrorCode. */
void answer_fatal(struct buf *buf, int32_t call_id, uint32_t detail, const char *java_class,
                  struct str text);
/* Rpc__RpcErrorCode of an error that a call ended with. */
uint32_t answer_detail(int rc);

#endif
