/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/hot_replies.h"

#include "proto/client.pb-c.h"
#include "wire/kinds_private.h"

WIRE_CODEC(file_status, WIRE_FILE_STATUS, hdfs__file_status__descriptor)
WIRE_NESTED(file_status)
WIRE_CODEC(status_reply, WIRE_STATUS_REPLY, hdfs__get_file_info_response__descriptor)
WIRE_CODEC(blocks_reply, WIRE_BLOCKS_REPLY, hdfs__get_block_locations_response__descriptor)
WIRE_CODEC(block_reply, WIRE_BLOCK_REPLY, hdfs__add_block_response__descriptor)
WIRE_CODEC(bool_reply, WIRE_BOOL_REPLY, hdfs__mkdirs_response__descriptor)
WIRE_CODEC(listing, WIRE_LISTING, hdfs__directory_listing__descriptor)
WIRE_NESTED(listing)
WIRE_CODEC(listing_reply, WIRE_LISTING_REPLY, hdfs__get_listing_response__descriptor)

/* ---- a listing in one pass ---- */

enum {
	LISTING_ENTRY = 1, /* DirectoryListing's fields */
	LISTING_REMAINING = 2,
	LISTING_LENGTH_BYTES = 4,
	LISTING_BYTES_MAX = (1 << 7 * LISTING_LENGTH_BYTES) - 1,
};

void wire_listing_begin(struct wire_listing_writer *writer, struct buf *buf)
{
	buf_append_u8(buf, WIRE_TAG(1, WIRE_LENGTH));
	buf_append_le(buf, 0, LISTING_LENGTH_BYTES);
	*writer = (struct wire_listing_writer){.buf = buf, .start = buf->size};
}

void wire_listing_add(struct wire_listing_writer *writer, const struct wire_file_status *entry)
{
	struct buf *buf = writer->buf;
	uint8_t *at;

	if (!buf_reserve(buf, wire_bound_file_status(entry)))
		return;
	at = buf->data + buf->size;
	buf->size += (size_t)(wire_put_file_status(at, LISTING_ENTRY, entry) - at);
}

void wire_listing_end(struct wire_listing_writer *writer, uint32_t remaining)
{
	struct buf *buf = writer->buf;
	size_t size;
	uint8_t *length;

	buf_append_u8(buf, WIRE_TAG(LISTING_REMAINING, WIRE_VARINT));
	buf_append_varint(buf, remaining);
	size = buf->size - writer->start;
	if (size > LISTING_BYTES_MAX)
		buf->failed = true;
	if (buf->failed)
		return;
	length = buf->data + writer->start - LISTING_LENGTH_BYTES;
	for (unsigned i = 0; i < LISTING_LENGTH_BYTES - 1; i++)
		length[i] = (uint8_t)(size >> 7 * i | 0x80);
	length[LISTING_LENGTH_BYTES - 1] = (uint8_t)(size >> 7 * (LISTING_LENGTH_BYTES - 1));
}
