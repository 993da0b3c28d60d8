/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a Hadoop client says and hears, for tests; written from the wire format alone, so that a
 * mistake of our codec does not cancel out.
 */
#ifndef HOLDFAST_TESTS_HADOOP_H
#define HOLDFAST_TESTS_HADOOP_H

#include <stdint.h>

#include "base/buf.h"
#include "base/cursor.h"

#define CLIENT_PROTOCOL "org.apache.hadoop.hdfs.protocol.ClientProtocol"
#define CLIENT_ID       "ABCDEFGHIJKLMNOP"

static inline void put_number(struct buf *to, unsigned field, uint64_t value)
{
	buf_append_varint(to, field << 3);
	buf_append_varint(to, value);
}

static inline void put_bytes(struct buf *to, unsigned field, struct str bytes)
{
	buf_append_varint(to, field << 3 | 2);
	buf_append_varint(to, bytes.size);
	buf_append_str(to, bytes);
}

/* Moves `part` behind its length. */
static inline void put_part(struct buf *to, struct buf *part)
{
	buf_append_varint(to, part->size);
	buf_append_str(to, buf_str(part));
	buf_finish(part);
}

/* Moves `body` behind its length, as a frame. */
static inline void put_frame(struct buf *to, struct buf *body)
{
	buf_append_be(to, body->size, 4);
	buf_append_str(to, buf_str(body));
	buf_finish(body);
}

/* A header that leaves out what is negative (kind, op) or NULL (client id). */
static inline void put_header(struct buf *to, int kind, int op, int32_t call_id,
                              const char *client_id, int32_t retry)
{
	struct buf header = {0};

	if (kind >= 0)
		put_number(&header, 1, (uint64_t)kind);
	if (op >= 0)
		put_number(&header, 2, (uint64_t)op);
	put_number(&header, 3, (uint32_t)call_id << 1 ^ (uint32_t)(call_id >> 31));
	if (client_id != NULL)
		put_bytes(&header, 4, str_of(client_id));
	put_number(&header, 5, (uint32_t)retry << 1 ^ (uint32_t)(retry >> 31));
	put_part(to, &header);
}

static inline void put_preamble(struct buf *to, uint8_t auth)
{
	buf_append_str(to, STR("hrpc\x09"));
	buf_append_u8(to, 0);
	buf_append_u8(to, auth);
}

/* NULL: left out. */
static inline void put_context(struct buf *to, const char *user, const char *real_user,
                               const char *protocol)
{
	struct buf body = {0}, info = {0}, context = {0};

	put_header(&body, 2, 0, -3, CLIENT_ID, -1);
	if (user != NULL)
		put_bytes(&info, 1, str_of(user));
	if (real_user != NULL)
		put_bytes(&info, 2, str_of(real_user));
	put_bytes(&context, 2, buf_str(&info));
	buf_finish(&info);
	if (protocol != NULL)
		put_bytes(&context, 3, str_of(protocol));
	put_part(&body, &context);
	put_frame(to, &body);
}

static inline void put_method(struct buf *to, const char *method, const char *protocol,
                              uint64_t version)
{
	struct buf part = {0};

	put_bytes(&part, 1, str_of(method));
	put_bytes(&part, 2, str_of(protocol));
	put_number(&part, 3, version);
	put_part(to, &part);
}

static inline void put_call(struct buf *to, int32_t call_id, const char *method, struct str message)
{
	struct buf body = {0};

	put_header(&body, 2, 0, call_id, CLIENT_ID, 0);
	put_method(&body, method, CLIENT_PROTOCOL, 1);
	buf_append_varint(&body, message.size);
	buf_append_str(&body, message);
	put_frame(to, &body);
}

static inline void put_ping(struct buf *to)
{
	struct buf body = {0};

	put_header(&body, 2, 0, -4, CLIENT_ID, -1);
	put_frame(to, &body);
}

/* ---- what is heard ---- */

struct heard {
	uint64_t call_id; /* as on the wire: two's complement in 32 bits */
	uint64_t status, version, detail, retry, state_id;
	struct str java_class, text, client_id;
	struct str message; /* after the header, with its length */
};

/* Takes a response frame off `input`; false: none is whole. */
static inline bool hear(struct cursor *input, struct heard *ret_heard)
{
	struct cursor look = *input, header;
	struct heard heard = {0};
	uint64_t size = cursor_be(&look, 4);
	struct cursor frame = cursor_of(cursor_bytes(&look, size));

	if (look.failed)
		return false;
	size = cursor_varint(&frame);
	header = cursor_of(cursor_bytes(&frame, size));
	while (cursor_left(&header) > 0) {
		uint64_t tag = cursor_varint(&header);
		uint64_t value = cursor_varint(&header);
		struct str bytes = {0};

		if ((tag & 7) == 2)
			bytes = cursor_bytes(&header, value);
		switch (tag >> 3) {
		case 1: heard.call_id = value; break;
		case 2: heard.status = value; break;
		case 3: heard.version = value; break;
		case 4: heard.java_class = bytes; break;
		case 5: heard.text = bytes; break;
		case 6: heard.detail = value; break;
		case 7: heard.client_id = bytes; break;
		case 8: heard.retry = value; break;
		case 9: heard.state_id = value; break;
		default: break;
		}
	}
	heard.message = cursor_bytes(&frame, cursor_left(&frame));
	*input = look;
	*ret_heard = heard;
	return true;
}

#endif
