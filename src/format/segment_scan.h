/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a segment: which batches are whole, where it ends, and what is wrong if it does not end
 * as a writer leaves it.  Pure: the caller brings the bytes, in pieces of any size.
 *
 * Four ends.  The first two are known only when the whole file was looked at, for a batch behind a
 * torn one says that the torn one was acknowledged.
 *
 *   SEGMENT_END    zeros from the end of the last batch to the end of the file
 *   SEGMENT_TORN   the last batch has sectors missing (512 zero bytes), its others are right, and
 *                  only zeros follow: it was being written and never acknowledged, so it does not
 *                  count
 *   SEGMENT_HOLE   a batch or an entry is missing: what stands there does not follow from the one
 *                  before
 *   SEGMENT_ROT    anything else, a torn batch with another behind it too; it may have been
 *                  acknowledged
 */
#ifndef HOLDFAST_FORMAT_SEGMENT_SCAN_H
#define HOLDFAST_FORMAT_SEGMENT_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "format/entry.h"
#include "format/segment.h"

enum segment_finding {
	SEGMENT_MORE,  /* wants at least scan->want bytes from scan->at on */
	SEGMENT_BATCH, /* scan->batch and scan->body are the next batch, checked */
	SEGMENT_END,
	SEGMENT_TORN,
	SEGMENT_HOLE,
	SEGMENT_ROT,
};

struct segment_scan {
	struct segment_header header;
	uint64_t file_bytes; /* really; what the header says is another matter */
	uint64_t at;         /* offset in the file of what is looked at next */
	size_t want;         /* see SEGMENT_MORE */
	struct entry last;   /* last good entry: index, epoch, chain; payload is not kept */
	uint64_t mark;       /* commit mark of the last whole batch; 0: none yet */
	struct batch_header batch;
	struct str body; /* entries of `batch`, for entry_next() */
	/* After the last whole batch, for TORN, HOLE and ROT. */
	uint64_t bad_offset;      /* of the batch */
	uint64_t bad_index;       /* first index that is not there or not good */
	uint32_t sectors;         /* of the torn batch; 0: its first sector is missing */
	uint32_t sectors_missing; /* of those that are known */
	const char *why;          /* HOLE, ROT: what is wrong */
	enum segment_finding end; /* private: how it ended; SEGMENT_MORE: not yet */
	bool is_in_tail;          /* private: past the last batch, only zeros may follow */
	bool is_torn;             /* private */
};

/* `header` is checked already (segment_header_decode).  A file that has not the size that it says
 * is read as far as it goes, and then found to be rot. */
void segment_scan_init(struct segment_scan *scan, const struct segment_header *header,
                       uint64_t file_bytes);

/* Looks at `bytes`, the file's content from scan->at on (fewer than scan->want: only MORE comes
 * back).  Bytes of a whole batch are changed in place; scan->body points into them.  After END,
 * TORN, HOLE and ROT it says the same again. */
enum segment_finding segment_scan_step(struct segment_scan *scan, uint8_t *bytes, size_t size);

#endif
