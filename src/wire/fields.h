/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of the hot path: one list of fields gives the struct, its encoder and its decoder.
 *
 * A list is a macro that names each field once: FIELD(number, label, kind, name).
 *
 *   label        in the struct            encoder             decoder
 *   REQUIRED     name                     writes it           refuses a message without it
 *   OPTIONAL     name, has_name           writes it if has_   sets has_
 *   DEFAULTED(d) name                     writes it           d when absent
 *   SPARSE       name                     writes it unless    zero or empty when absent
 *                                         zero or empty
 *   REPEATED     name, name_count         writes all          array in the arena
 *   FLAGS        name (bit n = value n)   writes each bit     the bits of all values
 *
 *   kind             C type            on the wire
 *   U32, U64         uint32_t, ...     varint
 *   I32, I64         int32_t, ...      varint, negative ones take 10 bytes
 *   I32_AS_U32       int32_t           varint of the 32-bit two's complement (5 bytes if negative)
 *   ZIGZAG32         int32_t           zig-zag varint
 *   SFIXED32, -64    int32_t, ...      little endian
 *   BOOL             bool              varint
 *   ENUM(e)          uint32_t          varint; what is not a value of e is refused
 *   BYTES            struct str        length and bytes (protobuf's string and bytes)
 *   MODE             uint32_t          FsPermission, a message with one number
 *   MESSAGE(m)       struct wire_m     length and message
 *   POINTER(m)       struct wire_m *   the same; NULL is empty, decoded into the arena
 *
 * For each message m there are
 *   void wire_m_encode(buf, message)           appends the message, without a length before it;
 *   int wire_m_decode(bytes, arena, &message)  0, -ERR_INVALID, or -ERR_NO_MEMORY at the arena's
 *                                              limit, or that of an array (2^18).  Strings stay in
 * `bytes`, arrays are the arena's; NULL will do where nothing is REPEATED or POINTER.
 *
 * They agree with protobuf-c behind pb_unpack() (wire/pb.h) on every input, in what they refuse and
 * in what they read.
 */
#ifndef HOLDFAST_WIRE_FIELDS_H
#define HOLDFAST_WIRE_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

#define WIRE_TYPE_U32           uint32_t
#define WIRE_TYPE_U64           uint64_t
#define WIRE_TYPE_I32           int32_t
#define WIRE_TYPE_I64           int64_t
#define WIRE_TYPE_I32_AS_U32    int32_t
#define WIRE_TYPE_ZIGZAG32      int32_t
#define WIRE_TYPE_SFIXED32      int32_t
#define WIRE_TYPE_SFIXED64      int64_t
#define WIRE_TYPE_BOOL          bool
#define WIRE_TYPE_ENUM(name)    uint32_t
#define WIRE_TYPE_BYTES         struct str
#define WIRE_TYPE_MODE          uint32_t
#define WIRE_TYPE_MESSAGE(name) struct wire_##name
#define WIRE_TYPE_POINTER(name) const struct wire_##name *

#define WIRE_MEMBER_REQUIRED(type, name) type name;
#define WIRE_MEMBER_OPTIONAL(type, name)                                                           \
	type name;                                                                                 \
	bool has_##name;
#define WIRE_MEMBER_DEFAULTED(value)   WIRE_MEMBER_REQUIRED
#define WIRE_MEMBER_SPARSE(type, name) type name;
#define WIRE_MEMBER_FLAGS(type, name)  type name;
#define WIRE_MEMBER_REPEATED(type, name)                                                           \
	type *name;                                                                                \
	size_t name##_count;
#define WIRE_MEMBER(number, label, kind, name) WIRE_MEMBER_##label(WIRE_TYPE_##kind, name)

/* struct wire_<name> with the members of LIST, and its two functions. */
#define WIRE_MESSAGE(name, LIST)                                                                   \
	struct wire_##name {                                                                       \
		LIST(WIRE_MEMBER)                                                                  \
	};                                                                                         \
	WIRE_FUNCTIONS(name)

#define WIRE_FUNCTIONS(name)                                                                       \
	void wire_##name##_encode(struct buf *buf, const struct wire_##name *message);             \
	MUST_USE int wire_##name##_decode(struct str bytes, struct arena *arena,                   \
	                                  struct wire_##name *ret_message);

#endif
