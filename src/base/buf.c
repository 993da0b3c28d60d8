/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"

enum { BUF_CAPACITY_MIN = 256 };

void buf_init(struct buf *buf)
{
	*buf = (struct buf){0};
}

void buf_finish(struct buf *buf)
{
	mem_free(buf->data);
	buf_init(buf);
}

void buf_clear(struct buf *buf)
{
	buf->size = 0;
	buf->failed = false;
}

bool buf_reserve_slow(struct buf *buf, size_t more)
{
	size_t capacity = buf->capacity == 0 ? BUF_CAPACITY_MIN : buf->capacity;
	uint8_t *data;

	if (buf->failed)
		return false;
	while (capacity - buf->size < more) {
		if (capacity > SIZE_MAX / 2) {
			buf->failed = true;
			return false;
		}
		capacity *= 2;
	}
	data = mem_realloc(buf->data, capacity);
	if (data == NULL) {
		buf->failed = true;
		return false;
	}
	buf->data = data;
	buf->capacity = capacity;
	return true;
}

void buf_consume(struct buf *buf, size_t count)
{
	CHECK(count <= buf->size);
	if (count == 0)
		return;
	memmove(buf->data, buf->data + count, buf->size - count);
	buf->size -= count;
}

void buf_append_format(struct buf *buf, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0 || !buf_reserve(buf, (size_t)length + 1))
		return;
	va_start(args, format);
	vsnprintf((char *)buf->data + buf->size, (size_t)length + 1, format, args);
	va_end(args);
	buf->size += (size_t)length;
}
