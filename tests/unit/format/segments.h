/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segments made in memory, for tests of the format: a header, batches as the test lays them, zeros.
 */
#ifndef HOLDFAST_TESTS_UNIT_FORMAT_SEGMENTS_H
#define HOLDFAST_TESTS_UNIT_FORMAT_SEGMENTS_H

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "format/segment_scan.h"

enum { SEGMENTS_BATCHES_MAX = 16 };

struct made_segment {
	struct segment_header header;
	uint8_t *bytes;
	size_t size;
	struct {
		size_t offset, size;
		uint64_t first_index;
	} batches[SEGMENTS_BATCHES_MAX];
	size_t batch_count;
	size_t end;        /* of the last batch */
	struct entry last; /* entry written */
	uint64_t mark;     /* last mark written */
};

static inline void made_segment_init(struct made_segment *segment, size_t file_bytes,
                                     uint32_t block_bytes)
{
	*segment = (struct made_segment){
	        .header = {.block_bytes = block_bytes,
	                   .file_bytes = file_bytes,
	                   .epoch = 5,
	                   .first_index = 101,
	                   .before_epoch = 4,
	                   .before_first_index = 50,
	                   .before_end = 100,
	                   .before_end_epoch = 3,
	                   .before_end_chain = 0x1234,
	                   .created_ms = 1700000000000,
	                   .cluster_id = "CID-test"},
	        .size = file_bytes,
	        .end = block_bytes,
	        .last = {.index = 100, .epoch = 3, .chain = 0x1234},
	        .mark = 100,
	};
	segment->bytes = calloc(1, file_bytes);
	CHECK(segment->bytes != NULL);
	segment_header_encode(&segment->header, segment->bytes);
}

static inline void made_segment_finish(struct made_segment *segment)
{
	free(segment->bytes);
}

/* A batch of `count` entries of `payload` bytes each; 0: only a mark. */
static inline void made_segment_add(struct made_segment *segment, size_t count, size_t payload)
{
	struct batch_header batch = {.offset = segment->end,
	                             .mark = segment->mark,
	                             .first_index = segment->last.index + 1,
	                             .entries = (uint32_t)count};
	char *bytes = malloc(payload + 1);
	struct buf body;

	CHECK(bytes != NULL && segment->batch_count < SEGMENTS_BATCHES_MAX);
	buf_init(&body);
	for (size_t i = 0; i < count; i++) {
		uint64_t before = segment->last.chain;

		segment->last.index++;
		segment->last.epoch = segment->header.epoch;
		segment->last.kind = 10;
		memset(bytes, (int)segment->last.index, payload);
		segment->last.payload = str_make(bytes, payload);
		entry_encode(&segment->last, before, &body);
	}
	segment->last.payload = (struct str){0};
	if (count > 0)
		batch.first_epoch = batch.last_epoch = segment->header.epoch;
	batch.last_index = segment->last.index;
	if (count == 0)
		batch.mark = segment->last.index;
	batch_encode(&segment->header, &batch, buf_str(&body), segment->bytes + segment->end);
	buf_finish(&body);
	free(bytes);
	segment->mark = segment->last.index;
	segment->batches[segment->batch_count].offset = segment->end;
	segment->batches[segment->batch_count].size = (size_t)batch.sectors * SEGMENT_SECTOR_BYTES;
	segment->batches[segment->batch_count].first_index = batch.first_index;
	segment->batch_count++;
	segment->end += (size_t)batch.sectors * SEGMENT_SECTOR_BYTES;
}

/* Reads bytes of a segment file handing over at most `piece` bytes more than wanted at a time;
 * counts whole batches.  A bad header counts as rot. */
static inline enum segment_finding scan_bytes(const uint8_t *bytes, size_t size, size_t piece,
                                              struct segment_scan *scan, size_t *ret_batches)
{
	struct segment_header header;
	enum segment_finding finding;
	const char *why;
	uint8_t *window = malloc(size + 1);

	CHECK(window != NULL);
	*ret_batches = 0;
	if (size < SEGMENT_HEADER_BYTES || segment_header_decode(bytes, &header, &why) < 0) {
		free(window);
		return SEGMENT_ROT;
	}
	segment_scan_init(scan, &header, size);
	for (size_t given = piece;;) {
		size_t left = size - (size_t)scan->at;

		if (given > left)
			given = left;
		memcpy(window, bytes + scan->at, given);
		finding = segment_scan_step(scan, window, given);
		if (finding == SEGMENT_BATCH)
			++*ret_batches;
		else if (finding != SEGMENT_MORE)
			break;
		given = finding == SEGMENT_MORE ? scan->want + piece : piece;
	}
	free(window);
	return finding;
}

#endif
