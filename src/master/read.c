/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads: served under a proof, by the primary and by standbys alike; held while there is none.
 */
#include "base/err.h"
#include "base/twins.h"
#include "master/master_private.h"

static void read_admit(struct master_read *read);

static void read_refuse(struct master_read *read)
{
	struct master *master = read->master;

	arena_reset(&master->texts);
	read->message = hold_text(master, &read->held, &master->texts);
	read->ready(read, -ERR_RETRIABLE);
}

static void read_hold(struct master_read *read)
{
	if (!standby_hold(read->master, &read->held, sizeof(*read)))
		read_refuse(read);
}

/* There is a proof that began after it arrived. */
static void read_serve(struct master_read *read)
{
	struct master *master = read->master;

	if (journal_is_odd(master->journal) && !IS_BROKEN(ODD_IS_SHOWN)) {
		arena_reset(&master->texts);
		read->message = master_standby_text(master, "READ", &master->texts);
		read->ready(read, -ERR_STANDBY);
		return;
	}
	read->index = ns_applied(master->ns);
	read->ready(read, 0);
}

static void read_leave_hold(struct held *held, enum hold_end end)
{
	struct master_read *read = CONTAINER_OF(held, struct master_read, held);

	switch (end) {
	case HOLD_OVER: read_admit(read); break;
	case HOLD_PROVED: read_serve(read); break;
	case HOLD_EXPIRED: read_refuse(read); break;
	}
}

static void read_proved(struct proof_wait *wait, int rc)
{
	struct master_read *read = CONTAINER_OF(wait, struct master_read, proof);

	/* A proof may come from this master's own journal while it is being promoted: what the call
	 * asks may be the primary's to know. */
	if (rc < 0 || read->master->role == MASTER_PROMOTING)
		read_hold(read);
	else
		read_serve(read);
}

static void read_admit(struct master_read *read)
{
	struct master *master = read->master;

	if (master_takes_calls(master) || standby_follows(master))
		proofs_wait(&master->proofs, &read->proof);
	else
		read_hold(read);
}

void master_read(struct master *master, struct master_read *read)
{
	OBJ_CHECK(master, MASTER_MAGIC);
	read->master = master;
	read->message = (struct str){0};
	read->index = 0;
	read->held = (struct held){.leave = read_leave_hold};
	read->proof.reached = read_proved;
	read_admit(read);
}
