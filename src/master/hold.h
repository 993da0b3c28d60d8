/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that are held: while no primary is known, and while the retry table is full.
 *
 * Bounded in number, bytes and time.  A call that comes back, for the primary was lost again, keeps
 * the time at which it leaves.  All stand in the order of that time, and one timer serves them all.
 */
#ifndef HOLDFAST_MASTER_HOLD_H
#define HOLDFAST_MASTER_HOLD_H

#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "io/io.h"

enum hold_end {
	HOLD_OVER,    /* try again */
	HOLD_PROVED,  /* there is a proof of primacy that began after it was put here */
	HOLD_EXPIRED, /* held for as long as allowed */
};

/* Embedded in a call; the call's again when leave() runs. */
struct held {
	void (*leave)(struct held *held, enum hold_end end);
	struct list node;
	uint64_t due_us; /* 0: was never held */
	uint64_t number; /* of hold_put() */
	size_t bytes;
};

struct hold {
	struct io *io;
	uint64_t time_us;
	size_t calls_max;
	size_t bytes_max;
	struct list calls;
	uint64_t puts; /* ever */
	size_t count;
	size_t bytes;
	struct io_timer timer;
};

void hold_init(struct hold *hold, struct io *io, uint64_t time_ms, size_t calls_max,
               size_t bytes_max);
/* No call may be held any more. */
void hold_finish(struct hold *hold);
/* False: no room, or its time is over; leave() does not run. */
bool hold_put(struct hold *hold, struct held *held, size_t bytes);
/* Lets go of all that were put before hold->puts was `puts`. */
void hold_release(struct hold *hold, enum hold_end end, uint64_t puts);

#endif
