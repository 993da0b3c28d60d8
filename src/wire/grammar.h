/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protobuf's grammar, as strictly as we take it: what the hand codecs and the checks before
 * protobuf-c have in common.
 *
 * A message is fields; a field is a tag (number x 8 + wire type) and a value.  Tags and lengths are
 * varints of at most 5 bytes and 32 bits, other varints of at most 10 bytes and 64 bits.  Field
 * number 0 and groups are refused.  Reading errors stick in the cursor.
 *
 * Writers take the place to write at and return the place after; the caller has made room.
 */
#ifndef HOLDFAST_WIRE_GRAMMAR_H
#define HOLDFAST_WIRE_GRAMMAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "base/str.h"

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_LENGTH = 2, WIRE_FIXED32 = 5 };

enum {
	WIRE_TAG_BYTES_MAX = 2, /* of tags we write: field numbers stay below 2048 */
	WIRE_VARINT_BYTES_MAX = 10,
	WIRE_LENGTH_BYTES_MAX = 5,
};

#define WIRE_TAG(number, type) ((uint32_t)(number) << 3 | (type))

/* ---- reading ---- */

uint32_t wire_read_varint32_slow(struct cursor *c);

/* A tag or a length. */
static inline uint32_t wire_read_varint32(struct cursor *c)
{
	struct cursor copy; /* as in cursor_varint() */
	uint32_t value;

	if (c->at != c->end && *c->at < 0x80)
		return *c->at++;
	copy = *c;
	value = wire_read_varint32_slow(&copy);
	*c = copy;
	return value;
}

/* The next field's tag; false at the message's end, or when it failed. */
static inline bool wire_read_tag(struct cursor *c, uint32_t *ret_tag)
{
	if (c->at == c->end)
		return false;
	*ret_tag = wire_read_varint32(c);
	if (*ret_tag < WIRE_TAG(1, 0))
		cursor_fail(c);
	return !c->failed;
}

/* Length and that many bytes, in place. */
static inline struct str wire_read_bytes(struct cursor *c)
{
	return cursor_bytes(c, wire_read_varint32(c));
}

/* The value of a field nobody knows. */
void wire_skip(struct cursor *c, uint32_t tag);

static inline int32_t wire_unzigzag32(uint32_t value)
{
	return (int32_t)(value >> 1 ^ -(value & 1));
}

static inline int64_t wire_unzigzag64(uint64_t value)
{
	return (int64_t)(value >> 1 ^ -(value & 1));
}

/* ---- writing ---- */

static inline uint8_t *wire_write_varint(uint8_t *at, uint64_t value)
{
	while (value >= 0x80) {
		*at++ = (uint8_t)(value | 0x80);
		value >>= 7;
	}
	*at++ = (uint8_t)value;
	return at;
}

static inline uint8_t *wire_write_tag(uint8_t *at, uint32_t number, enum wire_type type)
{
	return wire_write_varint(at, WIRE_TAG(number, type));
}

static inline uint8_t *wire_write_le(uint8_t *at, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		*at++ = (uint8_t)(value >> (8 * i));
	return at;
}

static inline uint8_t *wire_write_bytes(uint8_t *at, struct str bytes)
{
	at = wire_write_varint(at, bytes.size);
	if (bytes.size > 0)
		memcpy(at, bytes.data, bytes.size);
	return at + bytes.size;
}

/* The message from `start` to `end` has one byte before it for its length: fills that in, moving
 * the message when the length needs more.  There is room for WIRE_LENGTH_BYTES_MAX - 1 bytes. */
static inline uint8_t *wire_close(uint8_t *start, uint8_t *end)
{
	size_t size = (size_t)(end - start);
	size_t more = varint_size(size) - 1;

	if (more > 0)
		memmove(start + more, start, size);
	wire_write_varint(start - 1, size);
	return end + more;
}

static inline uint32_t wire_zigzag32(int32_t value)
{
	return (uint32_t)value << 1 ^ (uint32_t)(value >> 31);
}

static inline uint64_t wire_zigzag64(int64_t value)
{
	return (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
}

#endif
