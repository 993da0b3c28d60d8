/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of recovery_read.c (checkpoints, vote record) and recovery_entries.c (segments). */
#ifndef HOLDFAST_JOURNAL_RECOVERY_PRIVATE_H
#define HOLDFAST_JOURNAL_RECOVERY_PRIVATE_H

#include "journal/checkpoint_read.h"
#include "journal/recovery_read.h"
#include "journal/segment_read.h"

/* Fills the piece and returns true, or goes on to the next step. */
typedef bool recovery_step(struct recovery_reader *reader, struct recovery_piece *piece);

struct recovery_reader {
	struct io *io;
	const char *folder;
	const struct marker *marker;
	recovery_step *step;
	struct vote_file *vote;
	struct folder_names names;
	/* checkpoints */
	size_t checkpoints_left; /* not tried yet; the newest of them is next */
	struct checkpoint_reader *checkpoint;
	struct entry base; /* what the loaded checkpoint ends with; 0: none */
	/* segments, from the one that holds base.index + 1 to the newest */
	struct segment_header *chain;
	size_t chain_count;
	size_t place;                  /* in chain: being read */
	struct segment_reader *reader; /* NULL: not open */
	struct buf held;               /* whole entries of it that do not count yet */
	struct entry last;             /* last entry that counts */
	uint64_t bytes_before, bytes_total;
	uint64_t target; /* last index known so far */
};

recovery_step recovery_step_chain;   /* after the checkpoint */
recovery_step recovery_step_promise; /* after the last entry */

static inline struct segment_id recovery_newest(const struct recovery_reader *reader)
{
	return reader->names.segments[reader->names.segment_count - 1];
}

/* Ends the start.  Takes `text`. */
bool recovery_failed(struct recovery_piece *piece, int rc, char *text);
/* Ends it for damage that may not be gone on with.  Takes `what`. */
bool recovery_refused(const struct recovery_reader *reader, struct recovery_piece *piece,
                      char *what);
char *recovery_missing_text(const struct recovery_reader *reader, struct segment_id id);

#endif
