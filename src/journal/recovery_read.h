/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a start reads, in pieces: the newest good checkpoint, then the entries after it.
 *
 * This is the side that blocks: one call is one piece, made on a thread beside the loop.  The other
 * side (recovery.h) gives the pieces to the state machine.
 *
 * What counts.  Segments form a chain: each header names the segment before and its end.  In every
 * segment but the newest exactly the entries up to that end count, and all of them must be there.
 * That end was synced, but need not be committed: only marks in batches, and a checkpoint's index,
 * say what may be applied.  What is whole but lies past the last mark may only be in a cache yet:
 * it comes as the `rest`, to be written again into a fresh segment before it is applied; it may
 * begin in an older segment.  A torn last batch is dropped; a hole or rot, and anything wrong at or
 * below a mark, ends the start.  If the newest checkpoint is bad the one before it is taken, with
 * its segments.
 *
 * What one of several masters has lost the others have.  So once it belongs to a cluster (its vote
 * record has a history), rot, a hole, a missing or damaged segment after the checkpoint do not end
 * the start: everything from the first bad index on is dropped, and the vote record gets a bound. A
 * journal that ends before the checkpoint, or differs from it there, is what an installed
 * checkpoint leaves behind when the process dies: nothing of it counts.
 *
 * The bound is the last entry of the newest segment, for the journal's last entry is its greatest,
 * if that can be read, or is told by what stands behind the damage in it (format/segment_reach.h).
 * It is unknown if the newest segment is not there, has no readable header or not its size, or
 * hides its end.  None is needed for what was surely never acknowledged (a torn batch), or is not
 * above what is left.  A bound of before stays if it is greater or unknown.
 *
 * Where syncs ran behind and the machine went down (journal/behind.h), whatever follows the first
 * batch that is not whole is dropped without a look at it, and the bound is unknown.
 *
 * A segment that is missing or damaged at its header leaves the ones before it, as they were before
 * it was begun: an older state of this journal.
 *
 * The bound is durable before anything is cut: the fresh segment, whose header names the new end,
 * is the cut.
 */
#ifndef HOLDFAST_JOURNAL_RECOVERY_READ_H
#define HOLDFAST_JOURNAL_RECOVERY_READ_H

#include "base/buf.h"
#include "format/entry.h"
#include "journal/folder.h"
#include "journal/journal.h"
#include "journal/recovery_log.h"
#include "journal/vote_file.h"

enum recovery_piece_kind {
	RECOVERY_LOAD_BEGIN, /* of the checkpoint at `last.index` */
	RECOVERY_RECORDS,    /* bytes: of the checkpoint */
	RECOVERY_LOAD_END,   /* with digest */
	RECOVERY_LOAD_BAD,   /* rc, text: the checkpoint is bad, another follows or none */
	RECOVERY_ENTRIES,    /* entries: to be applied */
	RECOVERY_TORN,       /* text: the last batch was dropped */
	RECOVERY_DAMAGED,    /* text: what was dropped, and what comes of it; END follows */
	RECOVERY_END,        /* bytes: the rest, entries that are not applied yet */
	RECOVERY_FAILED,     /* rc, text */
};

struct recovery_piece {
	enum recovery_piece_kind kind;
	int rc;
	char *text; /* NULL when memory ran out */
	struct buf bytes;
	struct journal_entry *entries;
	size_t entry_count;
	size_t entry_capacity;
	struct entry last; /* last entry that counts so far: index, epoch, chain */
	struct hash128 digest;
	uint64_t older;                   /* LOAD_END: the checkpoint before it; 0: none */
	uint64_t bytes_done, bytes_total; /* of checkpoint and segments */
	uint64_t target;                  /* last index known so far */
};
void recovery_piece_init(struct recovery_piece *piece);
void recovery_piece_finish(struct recovery_piece *piece);

struct recovery_reader;
/* `folder` and `marker` must outlive the reader. */
int recovery_reader_create(struct io *io, const char *folder, const struct marker *marker,
                           struct recovery_reader **ret_reader);
void recovery_reader_destroy(struct recovery_reader *reader); /* NULL is fine */

/* Makes the next piece.  After END or FAILED there is none. */
void recovery_reader_next(struct recovery_reader *reader, struct recovery_piece *piece);
/* The state machine did not take the checkpoint, for this reason: the next piece begins with
 * another one. */
void recovery_reader_reject(struct recovery_reader *reader, int rc);

/* After END: takes the open vote record, and the names of everything in the folder. */
struct vote_file *recovery_reader_take_vote(struct recovery_reader *reader);
const struct folder_names *recovery_reader_names(const struct recovery_reader *reader);
/* After END: what was found, the caller's from now on (recovery_log_finish). */
void recovery_reader_take_log(struct recovery_reader *reader, struct recovery_log *ret_log);

#endif
