/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that are held: while no primary is known, and while the retry table is full.
 *
 * Bounded in number, bytes and time.  All are held equally long, so they leave in the order they
 * came, and one timer serves them all.
 */
#ifndef HOLDFAST_MASTER_HOLD_H
#define HOLDFAST_MASTER_HOLD_H

#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "io/io.h"

enum hold_end {
	HOLD_OVER,    /* try again */
	HOLD_EXPIRED, /* held for as long as allowed */
};

/* Embedded in a call; the call's again when leave() runs. */
struct held {
	void (*leave)(struct held *held, enum hold_end end);
	struct list node;
	uint64_t due_us;
	size_t bytes;
};

struct hold {
	struct io *io;
	uint64_t time_us;
	size_t calls_max;
	size_t bytes_max;
	struct list calls;
	size_t count;
	size_t bytes;
	struct io_timer timer;
};

void hold_init(struct hold *hold, struct io *io, uint64_t time_ms, size_t calls_max,
               size_t bytes_max);
/* No call may be held any more. */
void hold_finish(struct hold *hold);
/* False: no room; leave() does not run. */
bool hold_put(struct hold *hold, struct held *held, size_t bytes);
/* Lets go of all that are held now; those that come back meanwhile stay. */
void hold_release(struct hold *hold, enum hold_end end);

#endif
