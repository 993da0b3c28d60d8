/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far a damaged segment went: the greatest (epoch, index) that was ever whole in it, from what
 * can still be read behind the damage.  Pure: the caller brings the sectors, in order.
 *
 * The first sector of a batch has a checksum of its own and names its place and its last entry, so
 * it tells of the batch even if the rest of it is rot.  The last such sector in the file tells the
 * end, if nothing stands behind its batch.  It is not believed when the sectors of its batch do not
 * bear this segment's stamp; and whatever else is there that no batch accounts for may be the rest
 * of a later batch: then the end is not known.
 *
 * A last batch with sectors missing and the others right is torn, as in segment_scan.h: it was
 * never acknowledged, so the end is the one before it, if that is known.
 */
#ifndef HOLDFAST_FORMAT_SEGMENT_REACH_H
#define HOLDFAST_FORMAT_SEGMENT_REACH_H

#include "format/segment_scan.h"

struct segment_reach {
	uint64_t at;  /* offset in the file of the sector that is wanted next ... */
	uint64_t end; /* ... up to here */
	/* The last entry known of. */
	uint64_t epoch;
	uint64_t index;
	struct segment_header header;   /* private, as all that follows */
	bool is_whole;                  /* the file has the size that its header says */
	bool is_sure;                   /* nothing seen since says that there was more */
	bool was_sure;                  /* when `batch` began, and nothing was missing before it */
	struct batch_header batch;      /* being looked at */
	uint64_t batch_end;             /* or where the last one ended */
	uint32_t right, wrong, missing; /* sectors of it, without the first */
};

/* From what a scan found that ended in SEGMENT_ROT or SEGMENT_HOLE. */
void segment_reach_init(struct segment_reach *reach, const struct segment_scan *scan);
/* One sector; `at` moves on. */
void segment_reach_step(struct segment_reach *reach, const uint8_t *sector);
/* At `end`: true if epoch and index are surely the greatest. */
bool segment_reach_is_known(struct segment_reach *reach);

#endif
