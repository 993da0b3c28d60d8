/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose disk is this?
 *
 * A folder that holds a cluster of one leads by itself.  Where other masters are configured it may
 * have been mounted by mistake, and theirs is another cluster (replicated_peers.c, on_foreign).  So
 * it calls them first, and answers nobody until all of them have said that they belong to no other,
 * or for GUARD_US, as they may be down.
 */
#include <string.h>

#include "journal/replicated.h"

enum { GUARD_US = 1000 * 1000, CALL_US = 20 * 1000 };

/* Calls those that have not answered yet; false: there are none. */
static bool call_others(struct replicated *replicated)
{
	const struct journal_replication *options = &replicated->options;
	const struct peer_beat beat = {.applied = replicated->journal->applied.index};
	bool lacks_one = false;

	for (size_t i = 0; i < options->address_count; i++) {
		const char *address = options->addresses[i];
		struct peer_link_status status = {0};

		if (strcmp(address, options->address) == 0 ||
		    (peer_link_status(replicated->link, address, &status) && status.is_connected))
			continue;
		lacks_one = true;
		peer_link_beat(replicated->link, address, &beat);
	}
	return lacks_one;
}

static void look(struct io_timer *timer)
{
	struct replicated *replicated = CONTAINER_OF(timer, struct replicated, guard);
	struct raft_event event = {.kind = RAFT_TICK};

	if (io_now_us(replicated->journal->io) < replicated->guarded_until_us &&
	    call_others(replicated)) {
		io_timer_start(timer, CALL_US);
		return;
	}
	replicated->guarded_until_us = 0;
	replicated_step(replicated, &event);
}

void replicated_guard_init(struct replicated *replicated)
{
	io_timer_init(replicated->journal->io, &replicated->guard, look);
}

void replicated_guard_start(struct replicated *replicated)
{
	if (!replicated_is_alone(replicated) || replicated->link == NULL ||
	    !call_others(replicated))
		return;
	replicated->guarded_until_us = io_now_us(replicated->journal->io) + GUARD_US;
	io_timer_start(&replicated->guard, CALL_US);
}

bool replicated_is_guarded(const struct replicated *replicated)
{
	return replicated->guarded_until_us != 0;
}
