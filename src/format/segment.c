/* SPDX-License-Identifier: Apache-2.0 */
#include "format/segment.h"

#include <string.h>

#include "base/check.h"
#include "base/cursor.h"
#include "base/err.h"
#include "base/hash.h"
#include "format/bytes.h"

enum {
	VERSION = 1,
	CRC_AT = 12,
	BATCH_CRC_AT = 4,
	BATCH_HEADER_BYTES = 72,
	STAMP_BYTES = 4,
	FIRST_BODY_BYTES = SEGMENT_SECTOR_BYTES - BATCH_HEADER_BYTES,
	NEXT_BODY_BYTES = SEGMENT_SECTOR_BYTES - STAMP_BYTES,
};

static const char segment_magic[8] = "HFSEGMNT";
static const char batch_magic[4] = "HFBT";

bool bytes_are_zero(const uint8_t *bytes, size_t size)
{
	return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

/* ---- header ---- */

void segment_header_encode(const struct segment_header *header, uint8_t *bytes)
{
	uint8_t *at = bytes;

	memset(bytes, 0, SEGMENT_HEADER_BYTES);
	put_bytes(&at, segment_magic, sizeof(segment_magic));
	put_le(&at, VERSION, 4);
	put_le(&at, 0, 4);
	put_le(&at, header->block_bytes, 4);
	put_le(&at, 0, 4);
	put_le(&at, header->file_bytes, 8);
	put_le(&at, header->epoch, 8);
	put_le(&at, header->first_index, 8);
	put_le(&at, header->before_epoch, 8);
	put_le(&at, header->before_first_index, 8);
	put_le(&at, header->before_end, 8);
	put_le(&at, header->before_end_epoch, 8);
	put_le(&at, header->before_end_chain, 8);
	put_le(&at, header->created_ms, 8);
	memcpy(at, header->cluster_id, strnlen(header->cluster_id, CLUSTER_ID_BYTES_MAX));
	crc_put(bytes, SEGMENT_HEADER_BYTES, CRC_AT);
}

/* Sizes are powers of two times a block, so that no later arithmetic overflows. */
static bool header_makes_sense(const struct segment_header *header)
{
	uint64_t block = header->block_bytes;

	return block >= SEGMENT_BLOCK_BYTES && block <= SEGMENT_BLOCK_BYTES_MAX &&
	       (block & (block - 1)) == 0 && header->file_bytes % block == 0 &&
	       header->file_bytes >= 2 * block && header->file_bytes < 1ull << 62 &&
	       header->epoch > 0 && header->first_index == header->before_end + 1 &&
	       header->before_epoch <= header->epoch;
}

int segment_header_decode(const uint8_t *bytes, struct segment_header *ret_header,
                          const char **ret_why)
{
	struct cursor c = cursor_make(bytes, SEGMENT_HEADER_BYTES);
	struct segment_header header = {0};
	struct str magic = cursor_bytes(&c, sizeof(segment_magic));
	uint64_t version = cursor_le(&c, 4);
	uint64_t flags;

	if (!str_equal(magic, str_make(segment_magic, sizeof(segment_magic)))) {
		*ret_why = "it does not begin as a segment does";
		return -ERR_DAMAGED;
	}
	if (!crc_holds(bytes, SEGMENT_HEADER_BYTES, CRC_AT)) {
		*ret_why = "the checksum of its header is wrong";
		return -ERR_DAMAGED;
	}
	cursor_le(&c, 4);
	header.block_bytes = (uint32_t)cursor_le(&c, 4);
	flags = cursor_le(&c, 4);
	header.file_bytes = cursor_le(&c, 8);
	header.epoch = cursor_le(&c, 8);
	header.first_index = cursor_le(&c, 8);
	header.before_epoch = cursor_le(&c, 8);
	header.before_first_index = cursor_le(&c, 8);
	header.before_end = cursor_le(&c, 8);
	header.before_end_epoch = cursor_le(&c, 8);
	header.before_end_chain = cursor_le(&c, 8);
	header.created_ms = cursor_le(&c, 8);
	memcpy(header.cluster_id, c.at, CLUSTER_ID_BYTES_MAX);
	if (version != VERSION || flags != 0) {
		*ret_why = "it was written by a later release";
		return -ERR_UNSUPPORTED;
	}
	if (!header_makes_sense(&header)) {
		*ret_why = "its header makes no sense";
		return -ERR_DAMAGED;
	}
	*ret_header = header;
	return 0;
}

/* ---- batch ---- */

size_t batch_size(size_t body_bytes, size_t block_bytes)
{
	size_t sectors = 1;

	if (body_bytes > FIRST_BODY_BYTES)
		sectors += (body_bytes - FIRST_BODY_BYTES + NEXT_BODY_BYTES - 1) / NEXT_BODY_BYTES;
	return (sectors * SEGMENT_SECTOR_BYTES + block_bytes - 1) / block_bytes * block_bytes;
}

size_t batch_capacity(size_t bytes)
{
	size_t sectors = bytes / SEGMENT_SECTOR_BYTES;

	return sectors == 0 ? 0 : FIRST_BODY_BYTES + (sectors - 1) * NEXT_BODY_BYTES;
}

uint32_t batch_stamp(const struct segment_header *segment, uint64_t offset, uint64_t sector)
{
	uint64_t place[] = {segment->first_index, offset, sector};
	uint32_t stamp = (uint32_t)hash64(segment->epoch, place, sizeof(place));

	return stamp == 0 ? 1 : stamp;
}

static void put_first_sector(const struct batch_header *header, uint8_t *bytes)
{
	uint8_t *at = bytes;

	put_bytes(&at, batch_magic, sizeof(batch_magic));
	put_le(&at, 0, 4);
	put_le(&at, header->sectors, 4);
	put_le(&at, header->entries, 4);
	put_le(&at, header->body_bytes, 4);
	put_le(&at, 0, 4);
	put_le(&at, header->offset, 8);
	put_le(&at, header->mark, 8);
	put_le(&at, header->first_index, 8);
	put_le(&at, header->first_epoch, 8);
	put_le(&at, header->last_index, 8);
	put_le(&at, header->last_epoch, 8);
	crc_put(bytes, SEGMENT_SECTOR_BYTES, BATCH_CRC_AT);
}

void batch_encode(const struct segment_header *segment, struct batch_header *header,
                  struct str body, uint8_t *bytes)
{
	size_t size = batch_size(body.size, segment->block_bytes);
	size_t place = BATCH_HEADER_BYTES;
	size_t piece;

	CHECK(size <= SEGMENT_BATCH_BYTES_MAX);
	header->sectors = (uint32_t)(size / SEGMENT_SECTOR_BYTES);
	header->body_bytes = (uint32_t)body.size;
	for (size_t i = 0; i < header->sectors; i++, place = STAMP_BYTES) {
		uint8_t *sector = bytes + i * SEGMENT_SECTOR_BYTES;

		if (i > 0) {
			uint8_t *at = sector;

			put_le(&at, batch_stamp(segment, header->offset, i), STAMP_BYTES);
		}
		piece = SEGMENT_SECTOR_BYTES - place;
		if (piece > body.size)
			piece = body.size;
		if (piece > 0)
			memcpy(sector + place, body.data, piece);
		memset(sector + place + piece, 0, SEGMENT_SECTOR_BYTES - place - piece);
		body.data += piece;
		body.size -= piece;
	}
	put_first_sector(header, bytes);
}

bool batch_header_decode(const uint8_t *sector, struct batch_header *ret_header)
{
	struct cursor c = cursor_make(sector, SEGMENT_SECTOR_BYTES);
	struct str magic = cursor_bytes(&c, sizeof(batch_magic));

	if (!str_equal(magic, str_make(batch_magic, sizeof(batch_magic))) ||
	    !crc_holds(sector, SEGMENT_SECTOR_BYTES, BATCH_CRC_AT))
		return false;
	cursor_le(&c, 4);
	ret_header->sectors = (uint32_t)cursor_le(&c, 4);
	ret_header->entries = (uint32_t)cursor_le(&c, 4);
	ret_header->body_bytes = (uint32_t)cursor_le(&c, 4);
	cursor_le(&c, 4);
	ret_header->offset = cursor_le(&c, 8);
	ret_header->mark = cursor_le(&c, 8);
	ret_header->first_index = cursor_le(&c, 8);
	ret_header->first_epoch = cursor_le(&c, 8);
	ret_header->last_index = cursor_le(&c, 8);
	ret_header->last_epoch = cursor_le(&c, 8);
	return true;
}

struct str batch_gather(const struct batch_header *header, uint8_t *bytes)
{
	uint8_t *to = bytes + SEGMENT_SECTOR_BYTES;

	for (size_t i = 1; i < header->sectors; i++, to += NEXT_BODY_BYTES)
		memmove(to, bytes + i * SEGMENT_SECTOR_BYTES + STAMP_BYTES, NEXT_BODY_BYTES);
	return str_make(bytes + BATCH_HEADER_BYTES, header->body_bytes);
}
