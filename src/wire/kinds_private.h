/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The enums, and the messages that are part of others, as kinds of fields.
 */
#ifndef HOLDFAST_WIRE_KINDS_PRIVATE_H
#define HOLDFAST_WIRE_KINDS_PRIVATE_H

#include "wire/blocks.h"
#include "wire/fields_private.h"
#include "wire/hot_replies.h"
#include "wire/rpc_header.h"

/* A bit for each value that proto/ has. */
WIRE_ENUM(rpc_kind, 0x7)
WIRE_ENUM(rpc_op, 0x7)
WIRE_ENUM(rpc_status, 0x7)
WIRE_ENUM(rpc_error, 0xfc7e)
WIRE_ENUM(file_type, 0xe)
WIRE_ENUM(storage_type, 0x7e)
WIRE_ENUM(admin_state, 0x1f)
WIRE_ENUM(add_block_flag, 0x6)
WIRE_ENUM(transfer_status, 0x3fff)

WIRE_MESSAGE_KIND(caller_context)
WIRE_MESSAGE_KIND(block)
WIRE_MESSAGE_KIND(token)
WIRE_MESSAGE_KIND(datanode_id)
WIRE_MESSAGE_KIND(datanode)
WIRE_MESSAGE_KIND(located_block)
WIRE_MESSAGE_KIND(located_blocks)
WIRE_MESSAGE_KIND(file_status)
WIRE_MESSAGE_KIND(listing)

#endif
