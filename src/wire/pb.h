/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protobuf messages of the methods that are not hot: protobuf-c with an arena a call.
 *
 * The messages are those of proto/ (packages rpc, hdfs, transfer, ...), generated at build time:
 * #include "proto/hdfs.pb-c.h" gives Hdfs__SetOwnerRequest, hdfs__set_owner_request__init() and
 * hdfs__set_owner_request__descriptor.  Text fields are declared `bytes`: a name has a length and
 * no terminator, as everywhere in this program; pb_str() and pb_bytes() convert.
 *
 * pb_unpack() is stricter than protobuf-c.  Before protobuf-c sees the bytes they are checked
 * against the descriptor, so that what it takes lightly is refused: what wire/grammar.h refuses,
 * wire types other than the field's, values outside an enum, missing required fields, nesting
 * deeper than PB_DEPTH_MAX, more than PB_FIELDS_MAX fields in all of it (some 50 ms of work, and
 * far above what anybody sends; packed numbers are one field), and a message field that comes twice
 * where one is meant (protobuf would merge the two, protobuf-c merges them wrongly, nobody sends
 * that).  Of numbers and texts that
 * come twice the last one counts.  Numbers wider than their field lose the upper bits, as protobuf
 * has it.  Unknown fields are skipped.
 *
 * Memory comes from the arena only; its limit bounds what a message may take, and nothing needs
 * freeing.  Bytes are copied: the input may go away.
 */
#ifndef HOLDFAST_WIRE_PB_H
#define HOLDFAST_WIRE_PB_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/check.h"
#include "base/cursor.h"
#include "base/str.h"

enum { PB_DEPTH_MAX = 16, PB_FIELDS_MAX = 1 << 19 };

/* ---- reading ---- */

/* ret_message: address of a pointer to the message.  -ERR_INVALID: not such a message.
 * -ERR_NO_MEMORY: the arena's limit is reached. */
MUST_USE int pb_unpack(const ProtobufCMessageDescriptor *type, struct str bytes,
                       struct arena *arena, void *ret_message);

/* True if pb_unpack() would take the bytes, given memory. */
bool pb_check(const ProtobufCMessageDescriptor *type, struct str bytes);

/* Checks the value of the field whose tag was just read, as part of a message of this type; errors
 * stick in the cursor.  *seen has a bit for each field number that came before. */
void pb_check_field(const ProtobufCMessageDescriptor *type, struct cursor *c, uint32_t tag,
                    uint64_t *seen);

/* Takes one message with a varint length before it off the front (its bytes, in place).
 * -ERR_AGAIN: there are fewer bytes (cursor untouched); -ERR_TOO_LARGE: longer than size_max;
 * -ERR_INVALID: not a length. */
MUST_USE int pb_take_delimited(struct cursor *cursor, size_t size_max, struct str *ret_bytes);

/* ---- writing: errors stick in buf ---- */

void pb_append(struct buf *buf, const ProtobufCMessage *message);
/* With a varint length before it. */
void pb_append_delimited(struct buf *buf, const ProtobufCMessage *message);

/* ---- text fields ---- */

static inline struct str pb_str(ProtobufCBinaryData bytes)
{
	return str_make(bytes.data, bytes.len);
}

/* Borrows. */
static inline ProtobufCBinaryData pb_bytes(struct str s)
{
	return (ProtobufCBinaryData){.len = s.size, .data = (uint8_t *)s.data};
}

#endif
