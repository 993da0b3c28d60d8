/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A frame taken apart, and put together again.
 */
#ifndef HOLDFAST_TESTS_WIRE_FRAME_H
#define HOLDFAST_TESTS_WIRE_FRAME_H

#include "base/buf.h"
#include "base/check.h"
#include "wire/rpc_header.h"

static inline unsigned hex_digit(char digit)
{
	return digit <= '9' ? (unsigned)(digit - '0') : (unsigned)(digit - 'a' + 10);
}

/* Appends the bytes that `hex` says. */
static inline void append_hex(struct buf *buf, const char *hex)
{
	for (; hex[0] != '\0'; hex += 2)
		buf_append_u8(buf, (uint8_t)(hex_digit(hex[0]) << 4 | hex_digit(hex[1])));
}

/* One frame of a connection; its strings point into `bytes`. */
struct frame {
	struct buf bytes;
	struct wire_rpc_request request;   /* of calls */
	struct wire_rpc_method method;     /* of calls */
	struct wire_rpc_response response; /* of replies */
	struct str message;
	struct arena arena;
};

static inline struct cursor frame_open(struct frame *frame, const char *hex)
{
	struct cursor c;

	*frame = (struct frame){0};
	append_hex(&frame->bytes, hex);
	arena_init(&frame->arena, 1 << 20);
	c = cursor_of(buf_str(&frame->bytes));
	CHECK(cursor_be(&c, 4) == frame->bytes.size - 4);
	return c;
}

static inline void frame_read_call(struct frame *frame, const char *hex)
{
	struct cursor c = frame_open(frame, hex);

	CHECK(wire_rpc_request_take(&c, &frame->request) == 0);
	CHECK(wire_rpc_method_take(&c, NULL, &frame->method) == 0);
	CHECK(wire_rpc_message_take(&c, &frame->message) == 0);
}

static inline void frame_read_reply(struct frame *frame, const char *hex)
{
	struct cursor c = frame_open(frame, hex);

	CHECK(wire_rpc_response_take(&c, &frame->response) == 0);
	CHECK(wire_rpc_message_take(&c, &frame->message) == 0);
}

static inline void frame_close(struct frame *frame)
{
	buf_finish(&frame->bytes);
	arena_finish(&frame->arena);
}

/* True if our encoders make the recorded bytes from what was read; `message` is ours. */
static inline bool frame_is_rebuilt(const struct frame *frame, bool is_call, struct str message)
{
	struct buf buf;
	size_t at;
	bool is_same;

	buf_init(&buf);
	at = wire_frame_begin(&buf);
	if (is_call) {
		wire_rpc_request_append(&buf, &frame->request);
		wire_rpc_method_append(&buf, &frame->method);
	} else {
		wire_rpc_response_append(&buf, &frame->response);
	}
	wire_rpc_message_append(&buf, message);
	wire_frame_end(&buf, at);
	is_same = str_equal(buf_str(&buf), buf_str(&frame->bytes));
	buf_finish(&buf);
	return is_same;
}

#endif
