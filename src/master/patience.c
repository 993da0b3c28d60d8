/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patience with the journal's word.
 *
 * A master that lost primacy may wait for ever for what it had appended: it is cut off from the
 * others, or they are gone.  Who called may be told neither that it happened nor that it did not;
 * so after write.timeout its connection is closed, and the same call, repeated at any master, gets
 * its answer.
 *
 * Time is counted in ticks that this process lived through: one that was stopped for longer than
 * that has the journal's word first.
 */
#include "master/master_private.h"

enum { TICKS = 8 };

/* True: this one, or a repeat of it, waits, and could be hung up. */
static bool look_at(struct master *master, struct master_write *write)
{
	bool waits = write->hang_up != NULL;

	if (waits && write->waits_from == 0)
		write->waits_from = master->patience.ticks;
	else if (waits && master->patience.ticks - write->waits_from >= TICKS)
		write->hang_up(write);
	LIST_FOR_EACH (node, &write->repeats)
		waits |= look_at(master, CONTAINER_OF(node, struct master_write, node));
	return waits;
}

static bool look_at_all(struct master *master)
{
	bool anybody_waits = false;

	for (size_t i = 0; i < IN_FLIGHT_BUCKETS; i++) {
		LIST_FOR_EACH (node, &master->in_flight.buckets[i])
			anybody_waits |=
			        look_at(master, CONTAINER_OF(node, struct master_write, in_flight));
	}
	return anybody_waits;
}

static void tick(struct io_timer *timer)
{
	struct patience *patience = CONTAINER_OF(timer, struct patience, timer);

	patience_look(CONTAINER_OF(patience, struct master, patience));
}

void patience_look(struct master *master)
{
	struct patience *patience = &master->patience;

	patience->ticks++;
	if (master->role == MASTER_STEPPING_DOWN && look_at_all(master))
		io_timer_start(&patience->timer, master->options.hold_ms * 1000 / TICKS);
}

void patience_init(struct master *master)
{
	io_timer_init(master->io, &master->patience.timer, tick);
}

void patience_finish(struct master *master)
{
	io_timer_stop(&master->patience.timer);
}
