/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/pb.h"

#include <limits.h>

#include "base/err.h"
#include "wire/grammar.h"

/* protobuf-c's allocator over an arena, for one call of pb_unpack(). */
struct arena_source {
	struct arena *arena;
	bool ran_out;
};

static void *arena_source_alloc(void *context, size_t size)
{
	struct arena_source *source = context;
	void *memory = arena_alloc(source->arena, size);

	if (memory == NULL)
		source->ran_out = true;
	return memory;
}

static void arena_source_free(void *context, void *memory)
{
	(void)context;
	(void)memory;
}

int pb_unpack(const ProtobufCMessageDescriptor *type, struct str bytes, struct arena *arena,
              void *ret_message)
{
	struct arena_source source = {.arena = arena};
	ProtobufCAllocator allocator = {
	        .alloc = arena_source_alloc,
	        .free = arena_source_free,
	        .allocator_data = &source,
	};
	ProtobufCMessage *message;

	if (!pb_check(type, bytes))
		return -ERR_INVALID;
	message = protobuf_c_message_unpack(type, &allocator, bytes.size,
	                                    (const uint8_t *)bytes.data);
	if (message == NULL)
		return source.ran_out ? -ERR_NO_MEMORY : -ERR_INVALID;
	memcpy(ret_message, &message, sizeof(message));
	return 0;
}

int pb_take_delimited(struct cursor *cursor, size_t size_max, struct str *ret_bytes)
{
	struct cursor c = *cursor;
	uint32_t size = wire_read_varint32(&c);

	if (c.failed)
		return cursor_left(cursor) < WIRE_LENGTH_BYTES_MAX ? -ERR_AGAIN : -ERR_INVALID;
	if (size > size_max)
		return -ERR_TOO_LARGE;
	if (size > cursor_left(&c))
		return -ERR_AGAIN;
	*ret_bytes = cursor_bytes(&c, size);
	*cursor = c;
	return 0;
}

void pb_append(struct buf *buf, const ProtobufCMessage *message)
{
	size_t size = protobuf_c_message_get_packed_size(message);

	if (size == 0 || !buf_reserve(buf, size))
		return;
	buf->size += protobuf_c_message_pack(message, buf->data + buf->size);
}

void pb_append_delimited(struct buf *buf, const ProtobufCMessage *message)
{
	buf_append_varint(buf, protobuf_c_message_get_packed_size(message));
	pb_append(buf, message);
}
