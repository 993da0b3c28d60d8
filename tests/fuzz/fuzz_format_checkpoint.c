/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of a checkpoint, the vote record and the marker from any bytes.  Checksums of blocks are
 * put right when the first byte is odd, so that unpacking is reached.
 */
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "format/bytes.h"
#include "format/checkpoint.h"
#include "format/marker.h"
#include "format/vote.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bounds the memory that a lying header may ask for, in this test only. */
enum { RECORDS_MAX = 16 << 20 };

static void read_blocks(uint8_t *bytes, size_t size, bool puts_right)
{
	struct checkpoint_tally tally;
	struct checkpoint_block block;
	struct buf records;
	const char *why;

	buf_init(&records);
	checkpoint_tally_init(&tally);
	while (size >= CHECKPOINT_BLOCK_HEADER_BYTES &&
	       checkpoint_part(bytes) == CHECKPOINT_BLOCK &&
	       checkpoint_block_header(bytes, &block, &why) == 0 &&
	       block.record_bytes <= RECORDS_MAX &&
	       CHECKPOINT_BLOCK_HEADER_BYTES + (size_t)block.data_bytes <= size) {
		size_t whole = CHECKPOINT_BLOCK_HEADER_BYTES + (size_t)block.data_bytes;

		if (puts_right)
			crc_put(bytes, whole, 4);
		buf_clear(&records);
		if (checkpoint_block_decode(bytes, tally.blocks, &records, &block, &why) < 0)
			break;
		CHECK(records.size == block.record_bytes);
		checkpoint_tally_add(&tally, &block);
		bytes += whole;
		size -= whole;
	}
	buf_finish(&records);
}

static void read_headers(const uint8_t *bytes, size_t size)
{
	uint8_t padded[VOTE_SLOTS * VOTE_SLOT_BYTES] = {0};
	struct checkpoint_header header;
	struct checkpoint_footer footer;
	struct segment_header segment;
	struct marker marker;
	struct vote vote;
	const char *why;
	int slot;

	if (size > 0)
		memcpy(padded, bytes, size < sizeof(padded) ? size : sizeof(padded));
	crc_put(padded, CHECKPOINT_HEADER_BYTES, 12);
	(void)checkpoint_header_decode(padded, &header, &why);
	crc_put(padded, CHECKPOINT_FOOTER_BYTES, 4);
	(void)checkpoint_footer_decode(padded, &footer, &why);
	crc_put(padded, SEGMENT_HEADER_BYTES, 12);
	(void)segment_header_decode(padded, &segment, &why);
	crc_put(padded, VOTE_SLOT_BYTES, 12);
	(void)vote_choose(padded, &vote, &slot, &why);
	(void)marker_decode(str_make(bytes, size), &marker);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;

	if (size < 1)
		return 0;
	copy = mem_must_alloc(size);
	memcpy(copy, data + 1, size - 1);
	read_headers(copy, size - 1);
	read_blocks(copy, size - 1, data[0] & 1);
	mem_free(copy);
	return 0;
}
