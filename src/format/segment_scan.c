/* SPDX-License-Identifier: Apache-2.0 */
#include "format/segment_scan.h"

#include "base/check.h"

void segment_scan_init(struct segment_scan *scan, const struct segment_header *header,
                       uint64_t file_bytes)
{
	*scan = (struct segment_scan){
	        .header = *header,
	        .file_bytes = file_bytes,
	        .at = header->block_bytes,
	        .want = SEGMENT_SECTOR_BYTES,
	        .last = {.index = header->before_end,
	                 .epoch = header->before_end_epoch,
	                 .chain = header->before_end_chain},
	};
}

static enum segment_finding bad(struct segment_scan *scan, enum segment_finding finding,
                                const char *why)
{
	scan->why = why;
	return finding;
}

/* True if the file ends before `size` more bytes, although its header says that it goes on. */
static bool is_short(const struct segment_scan *scan, size_t size)
{
	return scan->at + size > scan->file_bytes;
}

static enum segment_finding too_short(struct segment_scan *scan)
{
	return bad(scan, SEGMENT_ROT, "it is shorter than its header says");
}

/* ---- after the last whole batch ---- */

/* A sector that is not zero where only zeros should be. */
static enum segment_finding tail_sector(struct segment_scan *scan, const uint8_t *sector)
{
	struct cursor stamp = cursor_make(sector, 4);
	struct batch_header later;

	if (scan->is_torn && scan->sectors > 0)
		return bad(scan, SEGMENT_ROT,
		           "sectors of a batch are missing, but it is not the last one");
	if (batch_header_decode(sector, &later) && later.offset == scan->at)
		return bad(scan, SEGMENT_HOLE, "a batch is missing before the one that follows");
	if (cursor_le(&stamp, 4) !=
	    batch_stamp(&scan->header, scan->bad_offset,
	                (scan->at - scan->bad_offset) / SEGMENT_SECTOR_BYTES))
		return bad(scan, SEGMENT_ROT,
		           "bytes that no writer put there follow its last batch");
	scan->is_torn = true;
	return SEGMENT_MORE;
}

static enum segment_finding tail_step(struct segment_scan *scan, const uint8_t *bytes, size_t size)
{
	while (scan->at < scan->header.file_bytes) {
		if (is_short(scan, SEGMENT_SECTOR_BYTES))
			return too_short(scan);
		if (size < SEGMENT_SECTOR_BYTES)
			return SEGMENT_MORE;
		if (!bytes_are_zero(bytes, SEGMENT_SECTOR_BYTES)) {
			enum segment_finding finding = tail_sector(scan, bytes);

			if (finding != SEGMENT_MORE)
				return finding;
		}
		scan->at += SEGMENT_SECTOR_BYTES;
		bytes += SEGMENT_SECTOR_BYTES;
		size -= SEGMENT_SECTOR_BYTES;
	}
	if (scan->file_bytes > scan->header.file_bytes)
		return bad(scan, SEGMENT_ROT, "it is longer than its header says");
	return scan->is_torn ? SEGMENT_TORN : SEGMENT_END;
}

static enum segment_finding tail_begin(struct segment_scan *scan, uint8_t *bytes, size_t size,
                                       size_t skip)
{
	scan->is_in_tail = true;
	scan->want = SEGMENT_SECTOR_BYTES;
	scan->at += skip;
	return tail_step(scan, bytes + skip, size - skip);
}

/* ---- a batch ---- */

static const char no_sense[] = "the first sector of a batch makes no sense";

/* Judges the first sector against the file and the batch before. */
static enum segment_finding judge(struct segment_scan *scan, const struct batch_header *batch)
{
	uint64_t size = (uint64_t)batch->sectors * SEGMENT_SECTOR_BYTES;
	uint64_t next = scan->last.index + 1;

	if (batch->offset != scan->at)
		return bad(scan, SEGMENT_ROT, "a batch of another place stands here");
	if (batch->body_bytes > SEGMENT_BATCH_BYTES_MAX ||
	    size != batch_size(batch->body_bytes, scan->header.block_bytes) ||
	    (batch->entries == 0) != (batch->body_bytes == 0))
		return bad(scan, SEGMENT_ROT, no_sense);
	if (size + scan->header.block_bytes > scan->header.file_bytes - scan->at)
		return bad(scan, SEGMENT_ROT, "the file ends inside of a batch or right after it");
	if (batch->first_index > next)
		return bad(scan, SEGMENT_HOLE, "entries are missing before this batch");
	if (batch->first_index != next || batch->last_index != next + batch->entries - 1 ||
	    batch->mark > scan->last.index || batch->mark < scan->mark)
		return bad(scan, SEGMENT_ROT, no_sense);
	return SEGMENT_MORE;
}

/* Counts the missing sectors; ROT if one is neither missing nor this batch's. */
static enum segment_finding look_at_sectors(struct segment_scan *scan, const uint8_t *bytes)
{
	for (uint32_t i = 1; i < scan->sectors; i++) {
		const uint8_t *sector = bytes + (size_t)i * SEGMENT_SECTOR_BYTES;
		struct cursor stamp = cursor_make(sector, 4);

		if (bytes_are_zero(sector, SEGMENT_SECTOR_BYTES))
			scan->sectors_missing++;
		else if (cursor_le(&stamp, 4) != batch_stamp(&scan->header, scan->at, i))
			return bad(scan, SEGMENT_ROT, "a sector of the batch has a wrong stamp");
	}
	return SEGMENT_MORE;
}

static enum segment_finding look_at_entries(struct segment_scan *scan,
                                            const struct batch_header *batch, struct str body)
{
	struct cursor c = cursor_of(body);
	struct entry entry;

	for (uint32_t i = 0; i < batch->entries; i++) {
		switch (entry_check(&c, &scan->last, &entry)) {
		case ENTRY_GOOD: break;
		case ENTRY_HOLE: return bad(scan, SEGMENT_HOLE, "an entry is missing");
		case ENTRY_FOREIGN:
			return bad(scan, SEGMENT_ROT,
			           "an entry does not follow from the one before it");
		default: return bad(scan, SEGMENT_ROT, "the checksum of an entry is wrong");
		}
		if (i == 0 && entry.epoch != batch->first_epoch)
			return bad(scan, SEGMENT_ROT, no_sense);
		scan->last = entry;
		scan->last.payload = (struct str){0};
		scan->bad_index = entry.index + 1;
	}
	if (cursor_left(&c) > 0 || batch->last_epoch != (batch->entries > 0 ? scan->last.epoch : 0))
		return bad(scan, SEGMENT_ROT, no_sense);
	return SEGMENT_BATCH;
}

static enum segment_finding whole_batch(struct segment_scan *scan, const struct batch_header *batch,
                                        uint8_t *bytes)
{
	size_t size = (size_t)batch->sectors * SEGMENT_SECTOR_BYTES;
	struct entry last = scan->last;
	struct str body = batch_gather(batch, bytes);
	size_t padding = batch_capacity(size) - body.size;
	enum segment_finding finding;

	if (!bytes_are_zero((const uint8_t *)body.data + body.size, padding))
		return bad(scan, SEGMENT_ROT, "bytes stand after the last entry of a batch");
	finding = look_at_entries(scan, batch, body);
	if (finding != SEGMENT_BATCH) {
		scan->last = last;
		return finding;
	}
	scan->mark = batch->mark;
	scan->batch = *batch;
	scan->body = body;
	scan->at += size;
	scan->want = SEGMENT_SECTOR_BYTES;
	return SEGMENT_BATCH;
}

static enum segment_finding batch_step(struct segment_scan *scan, uint8_t *bytes, size_t size)
{
	enum segment_finding finding;
	struct batch_header batch;

	scan->bad_offset = scan->at;
	scan->bad_index = scan->last.index + 1;
	scan->sectors = 0;
	scan->sectors_missing = 0;
	if (scan->at == scan->header.file_bytes)
		return bad(scan, SEGMENT_ROT, "the file ends right after a batch");
	if (is_short(scan, SEGMENT_SECTOR_BYTES))
		return too_short(scan);
	if (size < SEGMENT_SECTOR_BYTES)
		return SEGMENT_MORE;
	if (bytes_are_zero(bytes, SEGMENT_SECTOR_BYTES)) {
		scan->sectors_missing = 1;
		return tail_begin(scan, bytes, size, SEGMENT_SECTOR_BYTES);
	}
	if (!batch_header_decode(bytes, &batch))
		return bad(scan, SEGMENT_ROT, "the checksum of a batch's first sector is wrong");
	finding = judge(scan, &batch);
	if (finding != SEGMENT_MORE)
		return finding;
	scan->want = (size_t)batch.sectors * SEGMENT_SECTOR_BYTES;
	if (is_short(scan, scan->want))
		return too_short(scan);
	if (size < scan->want)
		return SEGMENT_MORE;
	scan->sectors = batch.sectors;
	finding = look_at_sectors(scan, bytes);
	if (finding != SEGMENT_MORE)
		return finding;
	if (scan->sectors_missing > 0) {
		scan->is_torn = true;
		return tail_begin(scan, bytes, size, scan->want);
	}
	return whole_batch(scan, &batch, bytes);
}

enum segment_finding segment_scan_step(struct segment_scan *scan, uint8_t *bytes, size_t size)
{
	enum segment_finding finding;

	if (scan->end != SEGMENT_MORE)
		return scan->end;
	finding = scan->is_in_tail ? tail_step(scan, bytes, size) : batch_step(scan, bytes, size);
	if (finding != SEGMENT_BATCH)
		scan->end = finding;
	return finding;
}
