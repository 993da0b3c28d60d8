/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sync that does not return.
 *
 * The time is counted in looks from the loop, however late they come: a process that was stopped,
 * or whose machine slept, sees its timers run out before it hears that the sync has returned
 * meanwhile.
 *
 * Threads: on the loop.
 */
#ifndef HOLDFAST_JOURNAL_HANG_H
#define HOLDFAST_JOURNAL_HANG_H

#include "io/io.h"

struct hang {
	struct io_timer timer;
	void (*hangs)(struct hang *hang);
	uint64_t look_us; /* from one look to the next */
	unsigned looks;
};

void hang_init(struct hang *hang, struct io *io, void (*hangs)(struct hang *hang));
/* hangs() runs when so many milliseconds have passed; 0: never. */
void hang_start(struct hang *hang, uint64_t ms);
void hang_stop(struct hang *hang);

#endif
