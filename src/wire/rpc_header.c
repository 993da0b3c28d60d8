/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/rpc_header.h"

#include "proto/rpc.pb-c.h"
#include "wire/kinds_private.h"

WIRE_CODEC(caller_context, WIRE_CALLER_CONTEXT, rpc__caller_context__descriptor)
WIRE_NESTED(caller_context)
WIRE_CODEC(rpc_request, WIRE_RPC_REQUEST, rpc__rpc_request_header__descriptor)
WIRE_CODEC(rpc_method, WIRE_RPC_METHOD, rpc__request_header__descriptor)
WIRE_CODEC(rpc_response, WIRE_RPC_RESPONSE, rpc__rpc_response_header__descriptor)

/* ---- reading a frame ---- */

/* The next part's bytes. */
static int take_part(struct cursor *frame, struct str *ret_part)
{
	struct str part = wire_read_bytes(frame);

	if (frame->failed)
		return -ERR_INVALID;
	*ret_part = part;
	return 0;
}

int wire_rpc_request_take(struct cursor *frame, struct wire_rpc_request *ret_request)
{
	struct str part;
	int rc = take_part(frame, &part);

	return rc < 0 ? rc : wire_rpc_request_decode(part, NULL, ret_request);
}

static bool is_cached(const struct wire_method_cache *cache, struct str part)
{
	return cache != NULL && cache->size > 0 && part.size == cache->size &&
	       memcmp(part.data, cache->bytes, part.size) == 0;
}

static void remember(struct wire_method_cache *cache, struct str part,
                     const struct wire_rpc_method *method)
{
	if (cache == NULL || part.size > sizeof(cache->bytes))
		return;
	*cache = (struct wire_method_cache){
	        .version = method->version,
	        .size = (uint8_t)part.size,
	        .name_at = (uint8_t)(method->name.data - part.data),
	        .name_size = (uint8_t)method->name.size,
	        .protocol_at = (uint8_t)(method->protocol.data - part.data),
	        .protocol_size = (uint8_t)method->protocol.size,
	};
	memcpy(cache->bytes, part.data, part.size);
}

int wire_rpc_method_take(struct cursor *frame, struct wire_method_cache *cache,
                         struct wire_rpc_method *ret_method)
{
	struct str part;
	int rc = take_part(frame, &part);

	if (rc < 0)
		return rc;
	if (is_cached(cache, part)) {
		*ret_method = (struct wire_rpc_method){
		        .name = str_make(part.data + cache->name_at, cache->name_size),
		        .protocol = str_make(part.data + cache->protocol_at, cache->protocol_size),
		        .version = cache->version,
		};
		return 0;
	}
	rc = wire_rpc_method_decode(part, NULL, ret_method);
	if (rc == 0)
		remember(cache, part, ret_method);
	return rc;
}

int wire_rpc_response_take(struct cursor *frame, struct wire_rpc_response *ret_response)
{
	struct str part;
	int rc = take_part(frame, &part);

	return rc < 0 ? rc : wire_rpc_response_decode(part, NULL, ret_response);
}

int wire_rpc_message_take(struct cursor *frame, struct str *ret_message)
{
	struct str part;
	int rc = take_part(frame, &part);

	if (rc < 0)
		return rc;
	if (cursor_left(frame) > 0)
		return -ERR_INVALID;
	*ret_message = part;
	return 0;
}

/* ---- writing a frame ---- */

enum { FRAME_TOTAL_BYTES = 4 };

size_t wire_frame_begin(struct buf *buf)
{
	size_t frame = buf->size;

	buf_append_be(buf, 0, FRAME_TOTAL_BYTES);
	return frame;
}

void wire_frame_end(struct buf *buf, size_t frame)
{
	size_t total = buf->size - frame - FRAME_TOTAL_BYTES;

	if (buf->failed)
		return;
	for (unsigned i = 0; i < FRAME_TOTAL_BYTES; i++)
		buf->data[frame + i] = (uint8_t)(total >> 8 * (FRAME_TOTAL_BYTES - 1 - i));
}

/* A part with its length before it: append_m() for message m. */
#define APPEND(name)                                                                               \
	void wire_##name##_append(struct buf *buf, const struct wire_##name *message)              \
	{                                                                                          \
		uint8_t *start;                                                                    \
                                                                                                   \
		if (!buf_reserve(buf, WIRE_LENGTH_BYTES_MAX + bound_##name(message)))              \
			return;                                                                    \
		start = buf->data + buf->size + 1;                                                 \
		buf->size +=                                                                       \
		        (size_t)(wire_close(start, write_##name(start, message)) - start) + 1;     \
	}

APPEND(rpc_request)
APPEND(rpc_method)
APPEND(rpc_response)

void wire_rpc_message_append(struct buf *buf, struct str message)
{
	buf_append_varint(buf, message.size);
	buf_append_str(buf, message);
}
