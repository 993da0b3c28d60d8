/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of a start that reads:
 *   recovery_read.c     checkpoints, and the vote record at the end
 *   recovery_chain.c    which segments count
 *   recovery_entries.c  what is in them
 *   recovery_lost.c     what damage has cost
 */
#ifndef HOLDFAST_JOURNAL_RECOVERY_PRIVATE_H
#define HOLDFAST_JOURNAL_RECOVERY_PRIVATE_H

#include "journal/checkpoint_read.h"
#include "journal/recovery_read.h"
#include "journal/segment_read.h"

/* Fills the piece and returns true, or goes on to the next step. */
typedef bool recovery_step(struct recovery_reader *reader, struct recovery_piece *piece);

/* What cannot be read any more, and may have been acknowledged. */
struct recovery_lost {
	char *what;      /* of the first damage met, for the operator; NULL: none */
	bool is_unknown; /* there may have been more than what follows */
	uint64_t epoch;  /* greatest entry known of */
	uint64_t index;
	uint64_t unread; /* a checkpoint of this index was passed over, and its epoch is unknown */
	/* Of the newest checkpoint that was passed over though its bytes may be good: the way to
	 * them failed, or this release does not know what is in it.  0: there was none. */
	int rc;
	uint64_t rc_index;
};

struct recovery_reader {
	struct io *io;
	const char *folder;
	const struct marker *marker;
	bool is_tolerant; /* what is lost comes again from the other masters */
	bool is_cut_off;  /* the machine went down before all was synced (journal/behind.h) */
	recovery_step *step;
	struct vote_file *vote;
	struct folder_names names;
	/* checkpoints */
	size_t checkpoints_left; /* not tried yet; the newest of them is next */
	struct checkpoint_reader *checkpoint;
	/* segments, from the one that holds base.index + 1 to the newest */
	struct segment_header *chain;
	size_t chain_count;
	size_t place;                  /* in chain: being read */
	struct segment_reader *reader; /* NULL: not open */
	struct buf held;               /* whole entries that count, and are not applied yet */
	struct entry last;             /* last entry to be applied */
	bool has_met_base;             /* the segments and the checkpoint are of one history */
	struct recovery_log log;
	struct recovery_lost lost;
	uint64_t bytes_before, bytes_total;
	uint64_t target; /* last index known so far */
};

recovery_step recovery_step_chain;   /* after the checkpoint */
recovery_step recovery_step_segment; /* of the chain, at `place` */
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

/* The tolerant reader met damage.  Takes `what`. */
void recovery_lost_add(struct recovery_reader *reader, char *what);
/* Entries up to here were there. */
void recovery_lost_up_to(struct recovery_reader *reader, uint64_t epoch, uint64_t index);
/* Everything in this segment was there: looks how far that goes.  < 0: it cannot be read. */
int recovery_lost_segment(struct recovery_reader *reader, struct segment_id id, char **ret_text);
/* The same for one that stands where its scan ended. */
int recovery_lost_rest(struct recovery_reader *reader, struct segment_reader *segment,
                       enum segment_finding finding, char **ret_text);
/* Puts into the record what the journal, as far as it is left, must reach again. */
void recovery_lost_settle(struct recovery_reader *reader, struct vote *vote);
/* True: what would be dropped may be there, so that the start is to end (with lost.rc). */
bool recovery_lost_is_hasty(const struct recovery_reader *reader);
/* What was lost and what comes of it; NULL: nothing, or no memory. */
char *recovery_lost_text(const struct recovery_reader *reader, const struct vote *vote);

#endif
