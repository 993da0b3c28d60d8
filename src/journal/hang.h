/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Disk work of a thread that does not return: syncs, writes of the vote record, of checkpoints.
 *
 * A thread does its work in order, so the first of what was begun is what it is at, and the time of
 * that one runs since the one before it ended.
 *
 * The time is counted in looks from the loop, however late they come: a process that was stopped,
 * or whose machine slept, sees its timers run out before it hears that the work has returned
 * meanwhile.
 *
 * Threads: on the loop.
 */
#ifndef HOLDFAST_JOURNAL_HANG_H
#define HOLDFAST_JOURNAL_HANG_H

#include "base/list.h"
#include "io/io.h"

/* One piece of work, in the struct of whoever gives it to the thread. */
struct hang_work {
	struct list node;
	const char *what; /* for people: "a sync" */
};

struct hang {
	struct io *io;
	struct io_timer timer;
	struct list works; /* begun and not ended, the first is under way */
	uint64_t began_us; /* that one */
	uint64_t look_us;  /* from one look to the next; 0: nobody looks */
	unsigned looks;
	void (*hangs)(struct hang *hang);
};

/* hangs() runs when one piece of work has taken so many milliseconds; 0: never. */
void hang_init(struct hang *hang, struct io *io, uint64_t ms, void (*hangs)(struct hang *hang));
/* Nobody looks any more. */
void hang_finish(struct hang *hang);
void hang_begin(struct hang *hang, struct hang_work *work, const char *what);
void hang_end(struct hang *hang, struct hang_work *work);

/* How long the work under way has taken; 0: there is none. */
uint64_t hang_us(const struct hang *hang);
/* What is under way; not without work. */
const char *hang_what(const struct hang *hang);

#endif
