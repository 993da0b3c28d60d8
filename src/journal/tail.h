/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tail: the journal's newest entries in memory, encoded as they are on disk.
 *
 * Whatever is not applied yet is here, and whatever is not in a batch yet; beyond that as much as
 * peers that are nearly up to date may ask for (tail_trim).  Older entries are read from segments.
 *
 * Entries stand in blocks one behind the other, so a range is a few pieces of memory.  What is
 * known of each stands in pages; neither is ever copied, so nothing waits while it grows.
 *
 * Threads: the loop only.
 */
#ifndef HOLDFAST_JOURNAL_TAIL_H
#define HOLDFAST_JOURNAL_TAIL_H

#include "base/list.h"
#include "base/str.h"
#include "format/entry.h"
#include "journal/journal.h"

struct tail_block;
struct tail_page;

struct tail_entry {
	struct tail_block *block;
	const uint8_t *bytes; /* encoded */
	uint32_t size;
	uint16_t kind;
	uint64_t epoch;
	uint64_t chain;
	struct journal_append *append; /* who waits for it; NULL: nobody, or no more */
};

struct tail {
	struct list blocks;       /* oldest first */
	struct tail_page **pages; /* a ring: number of the page modulo capacity; NULL: not there */
	size_t capacity;          /* a power of two */
	uint64_t first;           /* index of the oldest entry; first > last: empty */
	uint64_t last;
	struct entry before; /* of the entry before the first: index, epoch, chain */
	size_t bytes;        /* of all entries */
};

/* Empty; the next entry follows `before`.  Also to begin anew. */
void tail_init(struct tail *tail, const struct entry *before);
void tail_reset(struct tail *tail, const struct entry *before);
void tail_finish(struct tail *tail);

/* Room for so many more entries of so many bytes together, so that tail_add() cannot fail.  False:
 * no memory. */
bool tail_reserve(struct tail *tail, size_t count, size_t bytes);
/* Copies an encoded entry with its decoded index, epoch and chain, which follows the last one. */
void tail_add(struct tail *tail, const struct entry *entry, struct str encoded,
              struct journal_append *append);

static inline bool tail_holds(const struct tail *tail, uint64_t index)
{
	return index >= tail->first && index <= tail->last;
}
/* An entry that it holds. */
struct tail_entry *tail_at(const struct tail *tail, uint64_t index);
/* Index, epoch and chain of an entry that it holds, or of the one before the first. */
struct entry tail_ends_at(const struct tail *tail, uint64_t index);
/* As the state machine sees it.  Payload points into the tail. */
void tail_decode(const struct tail *tail, uint64_t index, struct journal_entry *ret_entry);

/* Pieces of memory with the entries from `first` on, whole ones, at most `last` and at most
 * bytes_max bytes, but at least one entry; *ret_last is the last one of them.  There are few
 * changes of epoch, and few lists of members, among them.  Returns the number of pieces. */
size_t tail_range(const struct tail *tail, uint64_t first, uint64_t last, size_t bytes_max,
                  struct str *pieces, size_t pieces_max, uint64_t *ret_last);

/* Drops entries from `first` to the end. */
void tail_cut(struct tail *tail, uint64_t first);
/* Drops the oldest entries up to `index`, as long as there are more bytes than bytes_max. */
void tail_trim(struct tail *tail, uint64_t index, size_t bytes_max);

#endif
