/* SPDX-License-Identifier: Apache-2.0 */
#include "format/segment_reach.h"

void segment_reach_init(struct segment_reach *reach, const struct segment_scan *scan)
{
	*reach = (struct segment_reach){
	        .header = scan->header,
	        .at = scan->bad_offset,
	        .end = scan->header.file_bytes,
	        .epoch = scan->last.epoch,
	        .index = scan->last.index,
	        /* What a file has lost at its end is not known, nor who made it longer. */
	        .is_whole = scan->file_bytes == scan->header.file_bytes,
	        .is_sure = true,
	        .batch_end = scan->bad_offset,
	};
	if (!reach->is_whole)
		reach->end = reach->at;
}

/* ---- the batch that is being looked at ---- */

static bool is_batch(const struct segment_reach *reach, const struct batch_header *batch)
{
	uint64_t size = (uint64_t)batch->sectors * SEGMENT_SECTOR_BYTES;

	return batch->offset == reach->at && batch->body_bytes <= SEGMENT_BATCH_BYTES_MAX &&
	       size == batch_size(batch->body_bytes, reach->header.block_bytes) &&
	       size <= reach->end - reach->at &&
	       (batch->entries == 0) == (batch->body_bytes == 0) &&
	       batch->last_index == batch->first_index + batch->entries - 1 &&
	       batch->last_index >= reach->index;
}

static void begin(struct segment_reach *reach, const struct batch_header *batch)
{
	reach->was_sure = reach->is_sure && reach->batch_end == reach->at;
	reach->batch = *batch;
	reach->batch_end = reach->at + (uint64_t)batch->sectors * SEGMENT_SECTOR_BYTES;
	reach->right = reach->wrong = reach->missing = 0;
}

static void look_at_sector(struct segment_reach *reach, const uint8_t *sector)
{
	uint64_t number = (reach->at - reach->batch.offset) / SEGMENT_SECTOR_BYTES;
	struct cursor c = cursor_make(sector, 4);

	if (bytes_are_zero(sector, SEGMENT_SECTOR_BYTES))
		reach->missing++;
	else if (cursor_le(&c, 4) == batch_stamp(&reach->header, reach->batch.offset, number))
		reach->right++;
	else
		reach->wrong++;
}

/* Its sectors were all seen: what it tells. */
static void conclude(struct segment_reach *reach)
{
	const struct batch_header *batch = &reach->batch;

	if (batch->sectors == 0)
		return; /* there was none yet, or it has told already */
	if (reach->missing > 0 && reach->wrong == 0) {
		reach->is_sure = reach->was_sure;
	} else if (reach->right == 0) {
		reach->is_sure = false;
	} else if (batch->entries > 0) {
		reach->epoch = batch->last_epoch;
		reach->index = batch->last_index;
		reach->is_sure = true;
	} else { /* a mark alone does not say the epoch */
		reach->is_sure = batch->last_index == reach->index;
	}
	reach->batch.sectors = 0;
}

/* ---- outside of batches ---- */

/* Bytes that no first sector accounts for: of the last batch, whose first sector is missing, or of
 * who knows what. */
static void stray(struct segment_reach *reach, const uint8_t *sector)
{
	uint64_t number = (reach->at - reach->batch_end) / SEGMENT_SECTOR_BYTES;
	struct cursor c = cursor_make(sector, 4);

	if (number == 0 ||
	    cursor_le(&c, 4) != batch_stamp(&reach->header, reach->batch_end, number))
		reach->is_sure = false;
}

void segment_reach_step(struct segment_reach *reach, const uint8_t *sector)
{
	struct batch_header batch;

	if (reach->batch.sectors > 0 && reach->at < reach->batch_end) {
		look_at_sector(reach, sector);
	} else {
		conclude(reach);
		if (batch_header_decode(sector, &batch) && is_batch(reach, &batch))
			begin(reach, &batch);
		else if (!bytes_are_zero(sector, SEGMENT_SECTOR_BYTES))
			stray(reach, sector);
	}
	reach->at += SEGMENT_SECTOR_BYTES;
}

bool segment_reach_is_known(struct segment_reach *reach)
{
	conclude(reach);
	return reach->is_whole && reach->is_sure;
}
