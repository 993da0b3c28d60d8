/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The segments that count, oldest first: the chain from the newest back, as far as it is known.
 */
#ifndef HOLDFAST_JOURNAL_SEGMENTS_H
#define HOLDFAST_JOURNAL_SEGMENTS_H

#include "journal/folder.h"

struct segments {
	struct segment_id *ids;
	size_t count;
	size_t capacity;
};

/* Room for one more, so that segments_add() cannot fail.  False: no memory. */
bool segments_reserve(struct segments *segments);
void segments_add(struct segments *segments, struct segment_id id);
void segments_remove_newest(struct segments *segments);
/* The journal ends at `last`: those that begin behind it count no more. */
void segments_cut(struct segments *segments, uint64_t last);
/* The oldest one that does not end before `index`; zeros: there is none, or all begin behind it, so
 * that a start from a later checkpoint has not looked for the one that holds it. */
struct segment_id segments_first_with(const struct segments *segments, uint64_t index);
/* Those before that one were removed. */
void segments_drop(struct segments *segments, uint64_t index);
/* Zeros: there is none. */
struct segment_id segments_newest(const struct segments *segments);
void segments_finish(struct segments *segments);

#endif
