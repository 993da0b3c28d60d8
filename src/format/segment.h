/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A segment: one file of the journal, as bytes.  Writing side and pieces; segment_scan.h reads.
 *
 * A segment is a header block, batches of entries one after the other, and zeros up to its end.
 * It is written as zeros and synced before the header says that it is a segment, so a batch never
 * changes the file's size, and what a crash kept from the device still reads as zeros.
 *
 * Header (in a block of 4096 bytes, the rest is zero):
 *    0  8  magic "HFSEGMNT"
 *    8  4  version: 1
 *   12  4  CRC32C of the 4096 bytes without this field
 *   16  4  block size: batches are multiples of it; 4096, more on devices with larger sectors
 *   20  4  flags: 0
 *   24  8  size of the file
 *   32  8  its run: the epoch of its writer, or, among several masters, one more than that of
 *          any older segment of this folder; older ones of one run begin at a lower index
 *   40  8  index of its first entry
 *   48  8  the segment before: its run (0: there is none) ...
 *   56  8  ... and the index of its first entry
 *   64  8  its end: the last index of it that counts, ...
 *   72  8  ... that entry's epoch ...
 *   80  8  ... and chain hash
 *   88  8  when it was made, milliseconds since 1970 (only shown)
 *   96 64  cluster id, padded with zeros
 *
 * Every entry up to the end of the segment before was synced before this header was written.  What
 * the segment before holds past its end does not count: it was copied into this one, or cut.
 *
 * Batch: whole blocks, cut into sectors of 512 bytes.
 *   first sector
 *    0  4  magic "HFBT"
 *    4  4  CRC32C of these 512 bytes without this field
 *    8  4  sectors of the batch
 *   12  4  entries; 0: the batch carries only a commit mark
 *   16  4  bytes of the entries together
 *   20  4  zero
 *   24  8  its place: offset in the file
 *   32  8  commit mark: every entry up to this index was committed, and synced here, before this
 *          batch was written
 *   40  8  index and ...
 *   48  8  ... epoch of the first entry (without entries: of the next one, and 0)
 *   56  8  index and ...
 *   64  8  ... epoch of the last entry (without entries: of the last one, and 0)
 *   72 440 entries
 *   each further sector
 *    0  4  stamp made from the segment, the batch's place, the sector and the epoch; never 0
 *    4 508 entries go on; zeros after the last one
 *
 * A sector is written whole or not at all, so a crash leaves each sector of the last batch either
 * right or 512 zero bytes: that is torn.  Anything else that does not check is rot.  For this to
 * hold, a batch is written only where zeros were synced before, with at least one block of zeros
 * after it, and only when the batch before is synced.
 *
 * Little endian.
 */
#ifndef HOLDFAST_FORMAT_SEGMENT_H
#define HOLDFAST_FORMAT_SEGMENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum {
	SEGMENT_SECTOR_BYTES = 512,
	SEGMENT_BLOCK_BYTES = 4096,        /* what we write */
	SEGMENT_BLOCK_BYTES_MAX = 1 << 16, /* what we read */
	SEGMENT_HEADER_BYTES = 4096,
	SEGMENT_BATCH_BYTES_MAX = 1 << 30,
	CLUSTER_ID_BYTES_MAX = 64,
};

struct segment_header {
	uint32_t block_bytes;
	uint64_t file_bytes;
	uint64_t epoch;
	uint64_t first_index;
	uint64_t before_epoch; /* 0: no segment before */
	uint64_t before_first_index;
	uint64_t before_end;       /* index */
	uint64_t before_end_epoch; /* of the entry there */
	uint64_t before_end_chain;
	uint64_t created_ms;
	char cluster_id[CLUSTER_ID_BYTES_MAX + 1];
};

/* Fills SEGMENT_HEADER_BYTES. */
void segment_header_encode(const struct segment_header *header, uint8_t *bytes);
/* From SEGMENT_HEADER_BYTES.  -ERR_DAMAGED, or -ERR_UNSUPPORTED for a version or flag of later
 * days; *ret_why then says what is wrong. */
int segment_header_decode(const uint8_t *bytes, struct segment_header *ret_header,
                          const char **ret_why);

struct batch_header {
	uint32_t sectors;
	uint32_t entries;
	uint32_t body_bytes;
	uint64_t offset; /* in the file */
	uint64_t mark;
	uint64_t first_index;
	uint64_t first_epoch;
	uint64_t last_index;
	uint64_t last_epoch;
};

/* Bytes on disk of a batch with so many bytes of entries: whole blocks. */
size_t batch_size(size_t body_bytes, size_t block_bytes);
/* Bytes of entries that fit into a batch of so many bytes on disk. */
size_t batch_capacity(size_t bytes);

/* Fills batch_size() bytes; header->sectors is set from the body's size. */
void batch_encode(const struct segment_header *segment, struct batch_header *header,
                  struct str body, uint8_t *bytes);
/* From the first sector alone; false: it is not one (magic or checksum).  The fields are not
 * judged here. */
bool batch_header_decode(const uint8_t *sector, struct batch_header *ret_header);
/* First bytes of sector `sector` (from 1) of the batch at `offset`. */
uint32_t batch_stamp(const struct segment_header *segment, uint64_t offset, uint64_t sector);
/* Moves the body together over the stamps, in place. */
struct str batch_gather(const struct batch_header *header, uint8_t *bytes);

bool bytes_are_zero(const uint8_t *bytes, size_t size);

#endif
