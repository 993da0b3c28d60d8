/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a checkpoint is due, and writing one beside service.
 *
 * The loop takes records from the state machine in slices of SLICE_BYTES, and after each leaves
 * itself to others for REST_TIMES as long as that took; the checkpoint thread packs and writes
 * them.  Two slices are on their way at most.  The file is written under a temporary name, synced,
 * read back, renamed, and the folder synced, but not before the journal itself is durable up to its
 * index (one of several masters may have applied what the others have and its own disk has not).
 * Then older files go: the two newest good checkpoints stay, and the segments from the older of the
 * two on.
 *
 * A checkpoint that fails is given up and told; the journal does not need it.  The next one is
 * tried when it is due again.  One that does not get on is told once.
 */
#ifndef HOLDFAST_JOURNAL_CHECKPOINTER_H
#define HOLDFAST_JOURNAL_CHECKPOINTER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "io/io.h"
#include "journal/checkpoint_write.h"
#include "journal/hang.h"

struct journal;
struct checkpointer;

struct checkpoint_slice {
	struct io_work work;
	struct hang_work watch;
	struct checkpointer *checkpointer;
	struct buf records;
	int rc;
	bool is_busy; /* on the thread */
};

struct checkpointer {
	struct journal *journal;
	/* Of the one being written. */
	struct checkpoint_writer *writer;
	void *save; /* the state machine's; NULL: all records are taken */
	struct checkpoint_slice slices[2];
	struct io_task turn;
	bool is_turn_asked;
	struct io_timer rest; /* until the next turn is asked for */
	uint64_t rest_us;
	struct io_work finish;
	struct hang_work finish_watch;
	struct hang hang; /* of the checkpoint thread's work */
	bool is_hang_told;
	bool is_running;   /* from the start until its end was told */
	bool is_finishing; /* on the thread */
	bool is_barred;    /* another checkpoint is being installed */
	atomic_bool is_given_up;
	int rc;     /* first error */
	char *text; /* NULL, or what was wrong */
	struct checkpoint_header header;
	uint64_t index;
	uint64_t records;
	struct hash128 digest;
	void (*done)(void *context, int rc, uint64_t index);
	void *done_context;
	/* What there is: indexes of the two that stay, 0: none; once more as before this one. */
	uint64_t newest, older;
	uint64_t kept_newest, kept_older;
	uint64_t needless;       /* segments that hold nothing after this index go; 0: none */
	struct segment_id first; /* those that come before this one go; zeros: none */
	int clean_rc;
	uint64_t segments_removed;
	/* Since the last attempt. */
	uint64_t entries, bytes;
};

void checkpointer_init(struct checkpointer *checkpointer, struct journal *journal);
/* A start has loaded this one; `older` is the one before it, 0: none. */
void checkpointer_loaded(struct checkpointer *checkpointer, uint64_t index, uint64_t older);
/* So much was applied: may start one, if that is due. */
void checkpointer_count(struct checkpointer *checkpointer, uint64_t entries, uint64_t bytes);
/* -ERR_BUSY: one runs, or is being installed, or came from a peer and is ahead of the state. */
int checkpointer_start(struct checkpointer *checkpointer,
                       void (*done)(void *context, int rc, uint64_t index), void *context);
/* The journal is durable further than before: one that waits for that goes on. */
void checkpointer_durable(struct checkpointer *checkpointer);
/* None is begun until it is lifted: cleaning up after it would take an installed one for needless.
 */
void checkpointer_bar(struct checkpointer *checkpointer, bool is_barred);
/* Gives up the one being written.  True: nothing is on its way; else journal_step_close() runs. */
bool checkpointer_stop(struct checkpointer *checkpointer);

#endif
