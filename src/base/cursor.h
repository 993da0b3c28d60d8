/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounds-checked reader over bytes from outside.
 *
 * Errors are sticky: a read past the end sets `failed` and returns zeros, so a decoder reads all
 * its fields and checks once.
 */
#ifndef HOLDFAST_BASE_CURSOR_H
#define HOLDFAST_BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"

struct cursor {
	const uint8_t *at;
	const uint8_t *end;
	bool failed;
};

static inline struct cursor cursor_make(const void *data, size_t size)
{
	const uint8_t *bytes = data;

	/* No sum on NULL, which is what an empty slice may have. */
	return (struct cursor){.at = bytes, .end = size == 0 ? bytes : bytes + size};
}

static inline struct cursor cursor_of(struct str s)
{
	return cursor_make(s.data, s.size);
}

static inline size_t cursor_left(const struct cursor *c)
{
	return (size_t)(c->end - c->at);
}

/* Marks the input as bad; everything after reads as zero. */
static inline void cursor_fail(struct cursor *c)
{
	c->failed = true;
	c->at = c->end;
}

/* `size` bytes in place (borrowed from the input); empty when there are fewer. */
static inline struct str cursor_bytes(struct cursor *c, size_t size)
{
	struct str bytes;

	if (cursor_left(c) < size) {
		cursor_fail(c);
		return (struct str){0};
	}
	bytes = str_make(c->at, size);
	c->at += size;
	return bytes;
}

static inline uint8_t cursor_u8(struct cursor *c)
{
	if (c->at == c->end) {
		cursor_fail(c);
		return 0;
	}
	return *c->at++;
}

/* 1 to 8 bytes. */
static inline uint64_t cursor_le(struct cursor *c, size_t bytes)
{
	uint64_t value = 0;

	if (cursor_left(c) < bytes) {
		cursor_fail(c);
		return 0;
	}
	memcpy(&value, c->at, bytes);
	c->at += bytes;
	return value;
}

static inline uint64_t cursor_be(struct cursor *c, size_t bytes)
{
	uint64_t value = 0;

	if (cursor_left(c) < bytes) {
		cursor_fail(c);
		return 0;
	}
	memcpy(&value, c->at, bytes);
	c->at += bytes;
	return __builtin_bswap64(value) >> (64 - 8 * bytes);
}

/* Protobuf varint of at most 10 bytes; bits past 64 are an error. */
uint64_t cursor_varint_slow(struct cursor *c);

static inline uint64_t cursor_varint(struct cursor *c)
{
	struct cursor copy; /* only its address is handed out, so *c may live in registers */
	uint64_t value;

	if (c->at != c->end && *c->at < 0x80)
		return *c->at++;
	copy = *c;
	value = cursor_varint_slow(&copy);
	*c = copy;
	return value;
}

#endif
