/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lives of a process that keeps a journal on a simulated disk, and what must hold from one to the
 * next.  Used by the journal's failure loops.
 *
 * The history stands outside of any process.  After each start that leads:
 *   - every entry that was acknowledged is there, at its index;
 *   - everything that an earlier life had applied is a prefix of what is there (it may have been
 *     read by somebody);
 *   - whatever is there was appended once, in the order of appending, and nothing is there twice;
 *   - what was refused is not there.
 */
#ifndef HOLDFAST_TESTS_SIM_JOURNAL_LIFE_H
#define HOLDFAST_TESTS_SIM_JOURNAL_LIFE_H

#include "journal/journal.h"
#include "sim/sim_world.h"
#include "unit/journal/toy_machine.h"

enum { HISTORY_MAX = 20000 };

struct history {
	uint64_t hashes[HISTORY_MAX]; /* of every payload tried, in order */
	bool refused[HISTORY_MAX];    /* journal_append() did not take it */
	size_t tried;
	uint64_t acked[HISTORY_MAX];   /* index i + 1: hash, 0: not acknowledged */
	uint64_t applied[HISTORY_MAX]; /* longest state seen, by index */
	size_t applied_count;
	size_t acked_count;
};

enum life_end {
	LIFE_CLOSED,  /* closed cleanly */
	LIFE_DIED,    /* in the middle of a disk operation */
	LIFE_DAMAGED, /* fatal_damage() */
	LIFE_FAILED,  /* the start failed, or journal_open() did */
	LIFE_STUCK,   /* nothing more would have happened */
};

struct life_options {
	uint64_t appends; /* to be acknowledged before it closes */
	uint64_t segment_bytes;
	uint64_t checkpoint_entries;
	size_t inflight; /* appends at a time */
	size_t payload_max;
	bool keep_segments;
	int64_t fail_allocation; /* < 0: none; counted from journal_open() on */
	uint64_t time_limit_us;  /* then it is stuck; 0: 60 s */
	/* NULL, or runs in the process after each acknowledgement. */
	void (*on_ack)(struct sim_machine *machine, uint64_t count);
};

struct life {
	struct sim_world *world;
	struct sim_machine *machine;
	struct io *io; /* of the process, while one runs */
	struct history *history;
	struct life_options options;
	/* of the last run */
	enum life_end end;
	int rc;
	char text[1024];    /* of a failed start or fatal_damage() */
	char notices[4096]; /* one a line */
	size_t refused_no_space;
	bool has_led;
	uint64_t epoch;
	struct journal_stats stats;
};

#define LIFE_FOLDER "/data/journal"

/* Makes the folder's parent and formats; not a life: nothing of it may fail. */
void life_format(struct life *life);
/* The same under the disk's faults.  LIFE_CLOSED: done; LIFE_FAILED: rc, text; LIFE_DIED. */
enum life_end life_try_format(struct life *life);
/* One life from the start to its end; the machine is then off (kill or cut the power, or not). */
enum life_end life_run(struct life *life);
/* journal_verify() finds nothing wrong. */
void life_verify(struct life *life);

/* What is being tried; life_wrong() prints it. */
void life_say(const char *format, ...) PRINTF_LIKE(1, 2);
/* Prints and ends the test process. */
_Noreturn void life_wrong(const char *format, ...) PRINTF_LIKE(1, 2);

/* Runs `body` in a process of its own, so that abandoned memory goes with it; 0 to 100: what body
 * returned; anything else fails the test. */
int life_fork(int (*body)(void *context), void *context);

#endif
