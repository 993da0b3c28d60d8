/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Insides of the journal, shared by its files.
 *
 *   journal.c            the contract: opening, closing, figures
 *   replicated.h         what is peculiar to the replicated kind
 *   recovery.c           a start: pieces from recovery_read.c go to the state machine
 *   commit.c             appends, group commit; batch.c and batch_pool.c are what it moves
 *   prepare.c            the next segment, made ahead
 *   checkpointer.c       when a checkpoint is due, and writing one beside service
 *
 * Three threads beside the loop, each with one thing after the other:
 *   sync_thread         what a promise waits for: batches, vote records, pieces of a checkpoint
 *                       from a leader
 *   work_thread         reads at the start, makes segments, reads for peers that lag
 *   checkpoint_thread   checkpoints: packs and writes them, checks and loads those of others
 * and, where syncs run behind, a fourth one for them (behind.h).
 */
#ifndef HOLDFAST_JOURNAL_JOURNAL_PRIVATE_H
#define HOLDFAST_JOURNAL_JOURNAL_PRIVATE_H

#include "format/entry.h"
#include "format/marker.h"
#include "journal/checkpointer.h"
#include "journal/commit.h"
#include "journal/journal.h"
#include "journal/prepare.h"
#include "journal/recovery.h"
#include "journal/recovery_log.h"
#include "journal/vote_file.h"

/* How the kinds differ.  All on the loop. */
struct journal_ops {
	/* NULL, or makes what the kind needs; destroy runs whatever it returns. */
	int (*create)(struct journal *journal);
	void (*destroy)(struct journal *journal);
	/* NULL, or ends what is on its way; false: not yet, journal_step_close() runs. */
	bool (*close)(struct journal *journal);
	/* Closed: whoever still waits is told that nobody knows. */
	void (*closed)(struct journal *journal);
	/* The start has read everything; journal->rest holds what is not surely durable. */
	void (*recovered)(struct journal *journal);
	int (*append)(struct journal *journal, struct journal_append *append);
	/* A batch is durable, and the next one is on its way. */
	void (*written)(struct journal *journal, struct batch *batch);
	/* What a segment begun now has in its name before the index: never less than an older
	 * one's.
	 */
	uint64_t (*segment_epoch)(const struct journal *journal);
	/* NULL, or: journal->applied has moved. */
	void (*applied)(struct journal *journal);
	/* Nobody but this master needs what is appended, and the sync thread has nothing to do but
	 * batches: nothing is on its way that must be durable before the next one. */
	bool (*has_thread_to_itself)(const struct journal *journal);
	void (*read_index)(struct journal *journal, struct journal_read *read);
	/* NULL, or the index of the first entry that a peer still needs. */
	uint64_t (*keep_from)(const struct journal *journal);
	/* NULL, or: a checkpoint has made entries up to `index` needless. */
	void (*compacted)(struct journal *journal, uint64_t index);
	/* NULL, or fills in the list of members at header->index. */
	void (*members)(const struct journal *journal, struct checkpoint_header *header);
	/* There may be room now. */
	void (*has_room)(struct journal *journal);
	/* Fills what the kind knows; the rest is zero, and figures that all kinds have are there.
	 */
	void (*quorum)(const struct journal *journal, struct journal_quorum *quorum);
	/* Takes it over (rc stays 1), or answers at once by rc and text. */
	void (*change)(struct journal *journal, struct journal_change *change);
};
extern const struct journal_ops journal_replicated_ops;

struct journal {
	uint32_t magic;
	const struct journal_ops *ops;
	struct io *io;
	struct journal_options options;
	char *folder;
	struct marker marker;
	struct io_file *lock;
	struct io_thread *sync_thread, *work_thread, *checkpoint_thread;
	enum journal_phase phase;
	/* Since the start has read the journal. */
	struct vote_file *vote;
	uint64_t epoch;
	uint64_t commit_index; /* applied <= commit <= last appended */
	struct entry applied;  /* last entry applied: index, epoch, chain */
	struct buf rest;       /* whole entries, durable perhaps: not applied until written again */
	struct recovery recovery;
	struct commit commit;
	struct prepare prepare;
	struct checkpointer checkpointer;
	struct journal_stats stats;
	struct replicated *replicated;
	struct recovery_log recovered_log; /* until the core has it */
	/* Closing. */
	bool is_closing;
	bool may_close; /* since the turn after that in which it was asked for */
	bool is_closed; /* nothing is on its way any more */
	void (*on_closed)(void *context);
	void *closed_context;
	struct io_task closing, closed;
};

/* Hands committed entries to the state machine and runs done() of their appends. */
void journal_apply(struct journal *journal, const struct journal_entry *entries, size_t count,
                   const struct entry *last);
/* Moves to another phase and says so. */
void journal_set_phase(struct journal *journal, enum journal_phase phase);
/* Takes `text`. */
void journal_notice(struct journal *journal, int rc, char *text);
/* Answers a change, from a later turn.  `text` stays valid until then. */
void journal_change_end(struct journal *journal, struct journal_change *change, int rc,
                        const char *text);
/* The start failed.  Takes `text`. */
void journal_fail(struct journal *journal, int rc, char *text);
void journal_has_room(struct journal *journal);
/* Writes journal->rest again, as one batch of a fresh segment, if there is room: until that is
 * durable nothing of it may be relied on. */
void journal_write_rest(struct journal *journal);
/* Something that closing waits for may have ended. */
void journal_step_close(struct journal *journal);

#endif
