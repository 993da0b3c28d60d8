/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads: held while no primary is known, then served under a proof.
 */
#include <inttypes.h>

#include "base/err.h"
#include "master/master_private.h"

struct str hold_text(struct master *master, struct arena *arena)
{
	struct journal_progress progress;

	if (master->is_closing)
		return arena_format(arena, "This master is stopping. Try again.");
	if (master->role == MASTER_PRIMARY && limits_retry_table_full(master))
		return arena_format(arena,
		                    "The retry table is full (%" PRIu64
		                    " rows): calls wait until old answers may be forgotten. "
		                    "Try again.",
		                    master->options.retry_rows_max);
	journal_progress(master->journal, &progress);
	if (progress.phase != JOURNAL_STARTING)
		return arena_format(arena, "No primary master is known. Try again.");
	return arena_format(
	        arena,
	        "No primary master is known: this one is starting and has applied entry "
	        "%" PRIu64 " of %" PRIu64 ". Try again.",
	        progress.applied, progress.target);
}

static void read_admit(struct master_read *read);

static void read_refuse(struct master_read *read, int rc)
{
	struct master *master = read->master;

	arena_reset(&master->texts);
	read->message = hold_text(master, &master->texts);
	read->ready(read, rc);
}

static void read_leave_hold(struct held *held, enum hold_end end)
{
	struct master_read *read = CONTAINER_OF(held, struct master_read, held);

	if (end == HOLD_OVER)
		read_admit(read);
	else
		read_refuse(read, -ERR_RETRIABLE);
}

static void read_hold(struct master_read *read)
{
	struct master *master = read->master;

	if (master->is_closing || !hold_put(&master->hold, &read->held, sizeof(*read)))
		read_refuse(read, -ERR_RETRIABLE);
}

static void read_proved(struct proof_wait *wait, int rc)
{
	struct master_read *read = CONTAINER_OF(wait, struct master_read, proof);

	if (rc < 0) {
		read_hold(read);
		return;
	}
	read->index = ns_applied(read->master->ns);
	read->ready(read, 0);
}

static void read_admit(struct master_read *read)
{
	if (!master_takes_calls(read->master))
		read_hold(read);
	else
		proofs_wait(&read->master->proofs, &read->proof);
}

void master_read(struct master *master, struct master_read *read)
{
	OBJ_CHECK(master, MASTER_MAGIC);
	read->master = master;
	read->message = (struct str){0};
	read->index = 0;
	read->held.leave = read_leave_hold;
	read->proof.reached = read_proved;
	read_admit(read);
}
