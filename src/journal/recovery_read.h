/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a start reads, in pieces: the newest good checkpoint, then the entries after it.
 *
 * This is the side that blocks: one call is one piece, made on a thread beside the loop.  The other
 * side (recovery.h) gives the pieces to the state machine.
 *
 * What counts.  Segments form a chain: each header names the segment before and its end.  In every
 * segment but the newest exactly the entries up to that end count, and all of them must be there.
 * In the newest a commit mark, or a checkpoint's index, says what was synced; what is whole but
 * lies past the last mark may only be in a cache yet: it comes as the `rest`, to be written again
 * into a fresh segment before it is applied.  A torn last batch is dropped; a hole or rot, and
 * anything wrong at or below a mark, ends the start.  If the newest checkpoint is bad the one
 * before it is taken, with its segments.
 *
 * The last step raises the term in the vote record, so that every start writes under its own epoch.
 */
#ifndef HOLDFAST_JOURNAL_RECOVERY_READ_H
#define HOLDFAST_JOURNAL_RECOVERY_READ_H

#include "base/buf.h"
#include "format/entry.h"
#include "journal/folder.h"
#include "journal/journal.h"
#include "journal/vote_file.h"

enum recovery_piece_kind {
	RECOVERY_LOAD_BEGIN, /* of the checkpoint at `last.index` */
	RECOVERY_RECORDS,    /* bytes: of the checkpoint */
	RECOVERY_LOAD_END,   /* with digest */
	RECOVERY_LOAD_BAD,   /* rc, text: the checkpoint is bad, another follows or none */
	RECOVERY_ENTRIES,    /* entries: to be applied */
	RECOVERY_TORN,       /* text: the last batch was dropped */
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
int recovery_reader_create(struct io *io, const char *folder, const struct marker *marker,
                           struct recovery_reader **ret_reader);
void recovery_reader_destroy(struct recovery_reader *reader); /* NULL is fine */

/* Makes the next piece.  After END or FAILED there is none. */
void recovery_reader_next(struct recovery_reader *reader, struct recovery_piece *piece);
/* The state machine did not take the checkpoint: the next piece begins with another one. */
void recovery_reader_reject(struct recovery_reader *reader);

/* After END: takes the open vote record, and the names of everything in the folder. */
struct vote_file *recovery_reader_take_vote(struct recovery_reader *reader);
const struct folder_names *recovery_reader_names(const struct recovery_reader *reader);

#endif
