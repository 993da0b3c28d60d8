/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The next segment, made ahead: zeroed by writing, in pieces, on the journal's work thread.
 *
 * The device is not left to it: others' syncs wait for what was written before them.  So it pauses
 * after each piece, unless somebody waits for the segment already.
 *
 * One is kept ready.  The first of a run is small, so that a start does not wait for it; each
 * further one is four times as large, up to segment_bytes.  When the device has no room, this is
 * where it is noticed: prepare_take() says so, and a smaller one and then again and again is tried
 * until there is.  Any other error of the device is damage.
 */
#ifndef HOLDFAST_JOURNAL_PREPARE_H
#define HOLDFAST_JOURNAL_PREPARE_H

#include "io/io.h"
#include "journal/pages.h"
#include "journal/segment_write.h"

struct journal;

struct prepare {
	struct journal *journal;
	struct io_work work;
	struct io_timer retry, pause;
	struct pages zeros;
	struct segment_writer *making; /* the thread's while is_busy */
	struct segment_writer *ready;
	uint64_t file_bytes;  /* of the one being made or to be made */
	uint64_t bytes_least; /* below this it could not hold what waits for it */
	uint64_t room_bytes;  /* what must be free for it */
	uint64_t count;       /* made so far */
	int rc;               /* of the step on the thread */
	uint64_t step_us;     /* how long that took */
	bool is_busy;         /* a step is on the thread */
	bool is_awaited;      /* prepare_take() had none to give */
	bool is_vital;        /* ... and what waits for it keeps all else from going on */
	bool is_out_of_room;
	bool is_stopped;
};

int prepare_init(struct prepare *prepare, struct journal *journal);
/* Begins to make one if none is ready or being made. */
void prepare_start(struct prepare *prepare);
/* Makes no more; journal_step_close() runs when the thread is done. */
void prepare_stop(struct prepare *prepare);
/* Frees; removes what was not used. */
void prepare_finish(struct prepare *prepare);

/* Hands over one that can hold a batch of `size` bytes, and begins the next.  -ERR_AGAIN: not ready
 * yet; -ERR_NO_SPACE.  journal_has_room() runs when that changes. */
int prepare_take(struct prepare *prepare, size_t size, struct segment_writer **ret_writer);

#endif
