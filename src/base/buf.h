/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growable run of bytes, written at its end.
 *
 * Errors are sticky: when memory runs out, `failed` is set and later appends do nothing, so an
 * encoder checks once at its end.  Fixed-width integers of our own formats are little endian (le);
 * Hadoop's frames are big endian (be).  Varints are protobuf's.
 */
#ifndef HOLDFAST_BASE_BUF_H
#define HOLDFAST_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "base/str.h"

struct buf {
	uint8_t *data;
	size_t size;     /* bytes written */
	size_t capacity; /* bytes allocated */
	bool failed;     /* memory ran out; content is incomplete */
};

void buf_init(struct buf *buf);
void buf_finish(struct buf *buf); /* frees; the buf may be used again */
/* Forgets the content and the failure, keeps the memory. */
void buf_clear(struct buf *buf);
/* Makes room for `more` bytes.  False: failed is set. */
bool buf_reserve_slow(struct buf *buf, size_t more);
/* Removes `count` bytes at the front. */
void buf_consume(struct buf *buf, size_t count);

static inline bool buf_reserve(struct buf *buf, size_t more)
{
	if (!buf->failed && buf->capacity - buf->size >= more)
		return true;
	return buf_reserve_slow(buf, more);
}

static inline struct str buf_str(const struct buf *buf)
{
	return str_make(buf->data, buf->size);
}

static inline void buf_append(struct buf *buf, const void *data, size_t size)
{
	if (size == 0 || !buf_reserve(buf, size))
		return;
	memcpy(buf->data + buf->size, data, size);
	buf->size += size;
}

static inline void buf_append_str(struct buf *buf, struct str s)
{
	buf_append(buf, s.data, s.size);
}

static inline void buf_append_u8(struct buf *buf, uint8_t value)
{
	if (buf_reserve(buf, 1))
		buf->data[buf->size++] = value;
}

static inline void buf_append_le(struct buf *buf, uint64_t value, size_t bytes)
{
	if (!buf_reserve(buf, bytes))
		return;
	memcpy(buf->data + buf->size, &value, bytes);
	buf->size += bytes;
}

static inline void buf_append_be(struct buf *buf, uint64_t value, size_t bytes)
{
	if (!buf_reserve(buf, bytes))
		return;
	value = __builtin_bswap64(value << (64 - 8 * bytes));
	memcpy(buf->data + buf->size, &value, bytes);
	buf->size += bytes;
}

static inline void buf_append_varint(struct buf *buf, uint64_t value)
{
	uint8_t *at;

	if (!buf_reserve(buf, 10))
		return;
	for (at = buf->data + buf->size; value >= 0x80; value >>= 7)
		*at++ = (uint8_t)(value | 0x80);
	*at++ = (uint8_t)value;
	buf->size = (size_t)(at - buf->data);
}

/* printf at the end, without the NUL. */
void buf_append_format(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);

static inline size_t varint_size(uint64_t value)
{
	size_t size = 1;

	while (value >= 0x80) {
		value >>= 7;
		size++;
	}
	return size;
}

#endif
