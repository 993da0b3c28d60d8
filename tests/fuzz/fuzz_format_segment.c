/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A segment from any bytes.  The input is the area of the batches; the header before it is right.
 * By the first byte: bit 0, checksums of first sectors are put right; the rest, how large the
 * pieces are in which it is handed over.  However it is cut, the same must be found.
 */
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "format/bytes.h"
#include "format/segment_reach.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BLOCK = SEGMENT_BLOCK_BYTES };

struct result {
	enum segment_finding finding;
	uint64_t last_index, chain, mark, batches;
};

static void check_batch(const struct segment_scan *scan, uint64_t index_before)
{
	struct cursor c = cursor_of(scan->body);
	struct entry entry;
	uint64_t count = 0;

	while (entry_next(&c, &entry))
		CHECK(entry.index == index_before + ++count);
	CHECK(cursor_left(&c) == 0 && count == scan->batch.entries);
	CHECK(scan->last.index == index_before + count && scan->mark <= index_before);
}

/* How far a damaged segment went is never less than what was read of it. */
static void reach_end(const struct segment_header *header, const uint8_t *file,
                      const struct segment_scan *scan)
{
	struct segment_reach reach;

	segment_reach_init(&reach, scan);
	while (reach.at < reach.end)
		segment_reach_step(&reach, file + reach.at);
	CHECK(reach.end == header->file_bytes);
	(void)segment_reach_is_known(&reach);
	CHECK(reach.index >= scan->last.index);
}

static struct result scan_all(const struct segment_header *header, const uint8_t *file,
                              size_t piece)
{
	uint8_t *window = mem_must_alloc(header->file_bytes);
	struct result result = {0};
	struct segment_scan scan;
	size_t given = piece;

	segment_scan_init(&scan, header, header->file_bytes);
	do {
		uint64_t left = header->file_bytes - scan.at, before = scan.last.index;

		if (given > left)
			given = (size_t)left;
		memcpy(window, file + scan.at, given);
		result.finding = segment_scan_step(&scan, window, given);
		if (result.finding == SEGMENT_BATCH) {
			check_batch(&scan, before);
			result.batches++;
		}
		given = scan.want + piece;
	} while (result.finding == SEGMENT_MORE || result.finding == SEGMENT_BATCH);
	CHECK(result.finding == SEGMENT_END || result.finding == SEGMENT_TORN || scan.why != NULL);
	if (result.finding == SEGMENT_HOLE || result.finding == SEGMENT_ROT)
		reach_end(header, file, &scan);
	result.last_index = scan.last.index;
	result.chain = scan.last.chain;
	result.mark = scan.mark;
	mem_free(window);
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct segment_header header = {.block_bytes = BLOCK, .epoch = 3, .first_index = 1};
	struct result whole, cut;
	uint8_t *file;

	if (size < 1 || size > 64 * BLOCK)
		return 0;
	header.file_bytes = (size - 1 + BLOCK - 1) / BLOCK * BLOCK + 2 * BLOCK;
	file = mem_must_zalloc(header.file_bytes);
	memcpy(file + BLOCK, data + 1, size - 1);
	for (size_t at = BLOCK; (data[0] & 1) && at < header.file_bytes; at += BLOCK) {
		if (memcmp(file + at, "HFBT", 4) == 0)
			crc_put(file + at, SEGMENT_SECTOR_BYTES, 4);
	}
	whole = scan_all(&header, file, header.file_bytes);
	cut = scan_all(&header, file, 1 + (size_t)data[0] * 16);
	CHECK(whole.finding == cut.finding && whole.batches == cut.batches);
	CHECK(whole.last_index == cut.last_index && whole.chain == cut.chain &&
	      whole.mark == cut.mark);
	mem_free(file);
	return 0;
}
