/* SPDX-License-Identifier: Apache-2.0 */
#include "format/checkpoint.h"

#include <zstd.h>

#include "base/check.h"
#include "base/err.h"
#include "format/bytes.h"

enum {
	VERSION = 1,
	HEADER_CRC_AT = 12,
	MEMBERS_INDEX_AT = 112,
	CRC_AT = 4,
	PACKED_PLAIN = 0,
	PACKED_ZSTD = 1,
	LEVEL = 1
};

static const char header_magic[8] = "HFCHKPNT";
static const char block_magic[4] = "HFCB";
static const char footer_magic[4] = "HFCF";
static const char no_sense[] = "it makes no sense";

/* ---- header ---- */

void checkpoint_header_encode(const struct checkpoint_header *header, uint8_t *bytes)
{
	uint8_t *at = bytes;

	memset(bytes, 0, CHECKPOINT_HEADER_BYTES);
	put_bytes(&at, header_magic, sizeof(header_magic));
	put_le(&at, VERSION, 4);
	put_le(&at, 0, 4);
	put_le(&at, header->index, 8);
	put_le(&at, header->epoch, 8);
	put_le(&at, header->chain, 8);
	put_le(&at, header->created_ms, 8);
	put_bytes(&at, header->cluster_id, strnlen(header->cluster_id, CLUSTER_ID_BYTES_MAX));
	at = bytes + MEMBERS_INDEX_AT;
	put_le(&at, header->members_index, 8);
	put_le(&at, header->members_bytes, 4);
	put_le(&at, 0, 4);
	CHECK(header->members_bytes <= CHECKPOINT_MEMBERS_BYTES_MAX);
	put_bytes(&at, header->members, header->members_bytes);
	crc_put(bytes, CHECKPOINT_HEADER_BYTES, HEADER_CRC_AT);
}

int checkpoint_header_decode(const uint8_t *bytes, struct checkpoint_header *ret_header,
                             const char **ret_why)
{
	struct cursor c = cursor_make(bytes, CHECKPOINT_HEADER_BYTES);
	struct str magic = cursor_bytes(&c, sizeof(header_magic));
	uint64_t version = cursor_le(&c, 4);
	struct checkpoint_header header = {0};

	if (!str_equal(magic, str_make(header_magic, sizeof(header_magic)))) {
		*ret_why = "it does not begin as a checkpoint does";
		return -ERR_DAMAGED;
	}
	if (!crc_holds(bytes, CHECKPOINT_HEADER_BYTES, HEADER_CRC_AT)) {
		*ret_why = "the checksum of its header is wrong";
		return -ERR_DAMAGED;
	}
	if (version != VERSION) {
		*ret_why = "it was written by a later release";
		return -ERR_UNSUPPORTED;
	}
	cursor_le(&c, 4);
	header.index = cursor_le(&c, 8);
	header.epoch = cursor_le(&c, 8);
	header.chain = cursor_le(&c, 8);
	header.created_ms = cursor_le(&c, 8);
	memcpy(header.cluster_id, cursor_bytes(&c, CLUSTER_ID_BYTES_MAX).data,
	       CLUSTER_ID_BYTES_MAX);
	header.members_index = cursor_le(&c, 8);
	header.members_bytes = (uint32_t)cursor_le(&c, 4);
	cursor_le(&c, 4);
	if (header.members_bytes > CHECKPOINT_MEMBERS_BYTES_MAX) {
		*ret_why = no_sense;
		return -ERR_DAMAGED;
	}
	memcpy(header.members, c.at, header.members_bytes);
	*ret_header = header;
	return 0;
}

/* ---- blocks ---- */

/* Packs behind the block's header; what does not get smaller stays as it is. */
static void pack(struct str records, uint8_t *data, struct checkpoint_block *block)
{
	size_t packed = ZSTD_compress(data, records.size, records.data, records.size, LEVEL);

	if (!ZSTD_isError(packed) && packed < records.size) {
		block->packing = PACKED_ZSTD;
		block->data_bytes = (uint32_t)packed;
		return;
	}
	block->packing = PACKED_PLAIN;
	block->data_bytes = (uint32_t)records.size;
	if (records.size > 0)
		memcpy(data, records.data, records.size);
}

int checkpoint_block_encode(uint64_t number, struct str records, struct buf *buf,
                            struct checkpoint_block *ret_block)
{
	struct checkpoint_block block = {.number = number, .record_bytes = (uint32_t)records.size};
	uint8_t *bytes, *at;
	size_t size;

	if (records.size > CHECKPOINT_BLOCK_BYTES_MAX)
		return -ERR_TOO_LARGE;
	if (!buf_reserve(buf, CHECKPOINT_BLOCK_HEADER_BYTES + records.size))
		return -ERR_NO_MEMORY;
	bytes = at = buf->data + buf->size;
	pack(records, bytes + CHECKPOINT_BLOCK_HEADER_BYTES, &block);
	put_bytes(&at, block_magic, sizeof(block_magic));
	put_le(&at, 0, 4);
	put_le(&at, block.data_bytes, 4);
	put_le(&at, block.record_bytes, 4);
	put_le(&at, block.packing, 4);
	put_le(&at, 0, 4);
	put_le(&at, block.number, 8);
	size = CHECKPOINT_BLOCK_HEADER_BYTES + (size_t)block.data_bytes;
	block.crc = crc_around(bytes, size, CRC_AT);
	crc_put(bytes, size, CRC_AT);
	buf->size += size;
	*ret_block = block;
	return 0;
}

enum checkpoint_part checkpoint_part(const uint8_t *bytes)
{
	if (memcmp(bytes, block_magic, sizeof(block_magic)) == 0)
		return CHECKPOINT_BLOCK;
	if (memcmp(bytes, footer_magic, sizeof(footer_magic)) == 0)
		return CHECKPOINT_FOOTER;
	return CHECKPOINT_NEITHER;
}

int checkpoint_block_header(const uint8_t *bytes, struct checkpoint_block *ret_block,
                            const char **ret_why)
{
	struct cursor c = cursor_make(bytes + CRC_AT, CHECKPOINT_BLOCK_HEADER_BYTES - CRC_AT);
	struct checkpoint_block block;

	block.crc = (uint32_t)cursor_le(&c, 4);
	block.data_bytes = (uint32_t)cursor_le(&c, 4);
	block.record_bytes = (uint32_t)cursor_le(&c, 4);
	block.packing = (uint32_t)cursor_le(&c, 4);
	cursor_le(&c, 4);
	block.number = cursor_le(&c, 8);
	if (block.record_bytes > CHECKPOINT_BLOCK_BYTES_MAX ||
	    block.data_bytes > block.record_bytes) {
		*ret_why = no_sense;
		return -ERR_DAMAGED;
	}
	*ret_block = block;
	return 0;
}

static bool unpack(const struct checkpoint_block *block, const uint8_t *data, uint8_t *records)
{
	if (block->packing == PACKED_ZSTD)
		return ZSTD_decompress(records, block->record_bytes, data, block->data_bytes) ==
		       block->record_bytes;
	if (block->data_bytes != block->record_bytes)
		return false;
	if (block->data_bytes > 0)
		memcpy(records, data, block->data_bytes);
	return true;
}

int checkpoint_block_decode(const uint8_t *bytes, uint64_t number, struct buf *records,
                            struct checkpoint_block *ret_block, const char **ret_why)
{
	struct checkpoint_block block;
	int rc = checkpoint_block_header(bytes, &block, ret_why);

	if (rc < 0)
		return rc;
	if (!crc_holds(bytes, CHECKPOINT_BLOCK_HEADER_BYTES + (size_t)block.data_bytes, CRC_AT)) {
		*ret_why = "the checksum of a block is wrong";
		return -ERR_DAMAGED;
	}
	if (block.number != number) {
		*ret_why = "a block is missing";
		return -ERR_DAMAGED;
	}
	if (block.packing != PACKED_PLAIN && block.packing != PACKED_ZSTD) {
		*ret_why = "it was packed by a later release";
		return -ERR_UNSUPPORTED;
	}
	if (!buf_reserve(records, block.record_bytes))
		return -ERR_NO_MEMORY;
	if (block.record_bytes > 0 &&
	    !unpack(&block, bytes + CHECKPOINT_BLOCK_HEADER_BYTES, records->data + records->size)) {
		*ret_why = "a block does not unpack";
		return -ERR_DAMAGED;
	}
	records->size += block.record_bytes;
	*ret_block = block;
	return 0;
}

/* ---- footer ---- */

void checkpoint_footer_encode(const struct checkpoint_footer *footer, uint8_t *bytes)
{
	uint8_t *at = bytes;

	memset(bytes, 0, CHECKPOINT_FOOTER_BYTES);
	put_bytes(&at, footer_magic, sizeof(footer_magic));
	put_le(&at, 0, 4);
	put_le(&at, footer->blocks, 8);
	put_le(&at, footer->records, 8);
	put_le(&at, footer->record_bytes, 8);
	put_le(&at, footer->offset, 8);
	put_le(&at, footer->digest.low, 8);
	put_le(&at, footer->digest.high, 8);
	put_le(&at, footer->index, 8);
	put_le(&at, footer->epoch, 8);
	put_le(&at, footer->chain, 8);
	put_le(&at, footer->blocks_hash, 8);
	crc_put(bytes, CHECKPOINT_FOOTER_BYTES, CRC_AT);
}

int checkpoint_footer_decode(const uint8_t *bytes, struct checkpoint_footer *ret_footer,
                             const char **ret_why)
{
	struct cursor c = cursor_make(bytes, CHECKPOINT_FOOTER_BYTES);
	struct str magic = cursor_bytes(&c, sizeof(footer_magic));

	if (!str_equal(magic, str_make(footer_magic, sizeof(footer_magic))) ||
	    !crc_holds(bytes, CHECKPOINT_FOOTER_BYTES, CRC_AT)) {
		*ret_why = "the checksum of its footer is wrong";
		return -ERR_DAMAGED;
	}
	cursor_le(&c, 4);
	ret_footer->blocks = cursor_le(&c, 8);
	ret_footer->records = cursor_le(&c, 8);
	ret_footer->record_bytes = cursor_le(&c, 8);
	ret_footer->offset = cursor_le(&c, 8);
	ret_footer->digest.low = cursor_le(&c, 8);
	ret_footer->digest.high = cursor_le(&c, 8);
	ret_footer->index = cursor_le(&c, 8);
	ret_footer->epoch = cursor_le(&c, 8);
	ret_footer->chain = cursor_le(&c, 8);
	ret_footer->blocks_hash = cursor_le(&c, 8);
	return 0;
}

/* ---- counts ---- */

void checkpoint_tally_init(struct checkpoint_tally *tally)
{
	*tally = (struct checkpoint_tally){.file_bytes = CHECKPOINT_HEADER_BYTES};
}

void checkpoint_tally_add(struct checkpoint_tally *tally, const struct checkpoint_block *block)
{
	tally->blocks++;
	tally->record_bytes += block->record_bytes;
	tally->file_bytes += CHECKPOINT_BLOCK_HEADER_BYTES + (uint64_t)block->data_bytes;
	tally->blocks_hash = hash64(tally->blocks_hash, &block->crc, sizeof(block->crc));
}

const char *checkpoint_differs(const struct checkpoint_footer *footer,
                               const struct checkpoint_header *header,
                               const struct checkpoint_tally *tally, uint64_t file_bytes)
{
	if (footer->index != header->index || footer->epoch != header->epoch ||
	    footer->chain != header->chain)
		return "its footer is of another checkpoint than its header";
	if (footer->blocks != tally->blocks || footer->record_bytes != tally->record_bytes ||
	    footer->offset != tally->file_bytes || footer->blocks_hash != tally->blocks_hash)
		return "its footer does not fit its blocks";
	if (file_bytes != footer->offset + CHECKPOINT_FOOTER_BYTES)
		return "bytes stand after its footer";
	return NULL;
}
