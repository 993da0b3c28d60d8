/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One batch: entries that go to the device in one write and one sync, and who waits for them.
 *
 * The loop fills it and, when it came back, gives its entries to the state machine; in between it
 * belongs to the sync thread.  All memory that writing and applying need is there when an entry is
 * added, so nothing that was accepted can fail for lack of memory.
 */
#ifndef HOLDFAST_JOURNAL_BATCH_H
#define HOLDFAST_JOURNAL_BATCH_H

#include "base/buf.h"
#include "format/entry.h"
#include "format/segment.h"
#include "io/io.h"
#include "journal/hang.h"
#include "journal/journal.h"
#include "journal/pages.h"
#include "journal/segment_write.h"
#include "journal/vote_file.h"

struct commit;

struct batch {
	struct io_work work;
	struct hang_work watch;
	struct list node;
	struct commit *commit;         /* that it is on the way of */
	struct buf body;               /* encoded entries */
	struct journal_entry *entries; /* payloads are set by batch_settle() */
	size_t count;
	size_t capacity;
	struct entry before; /* last entry before this batch: index, epoch, chain */
	struct entry last;   /* last entry of it, or `before` */
	struct pages sectors;
	struct batch_header header;
	uint64_t generation; /* of the journal's end: one more with each cut */
	/* Where it goes, since it was begun. */
	struct segment_writer *segment;
	bool begins_segment;
	struct segment_writer *segment_before; /* begins_segment: to be closed after; may be NULL */
	/* Results of the thread. */
	int rc;
	const char *failed_at;
	uint64_t sync_us;
};

struct batch *batch_create(void);
void batch_destroy(struct batch *batch); /* NULL is fine */
/* Has memory for about `bytes` of entries ready and touched, so that no page fault meets the loop
 * later.  Slow; on a thread. */
int batch_touch(struct batch *batch, size_t bytes);
/* Empties it; the next entry will follow `before`. */
void batch_begin(struct batch *batch, const struct entry *before);

/* Encodes the entry behind those that are there (its chain hash is set), for `append` (may be
 * NULL).  -ERR_NO_MEMORY: the batch is what it was. */
int batch_add(struct batch *batch, struct entry *entry, struct journal_append *append);
/* The same for an entry that is encoded already and follows from the last one. */
int batch_add_encoded(struct batch *batch, const struct entry *entry, struct str encoded);
/* Bytes on the device with `more` bytes of entries more. */
size_t batch_size_with(const struct batch *batch, size_t more);
/* No entry will be added: points the entries at their payloads. */
void batch_settle(struct batch *batch);

/* Writes it where it goes and syncs; a fresh segment is begun with it and then named in the vote
 * record, with `boot` where syncs run behind (else 0).  Blocks; sets rc, failed_at and sync_us. */
void batch_write(struct batch *batch, struct io *io, struct vote_file *vote, uint64_t boot);

#endif
