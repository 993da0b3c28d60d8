/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A delete detaches a tree at once; its inodes are given back in bounded steps, which are entries
 * themselves.  The primary proposes one after the other until nothing is left.
 */
#include "master/master_private.h"

enum {
	STEP_INODES = 1000, /* about 0.3 ms of apply */
	AGAIN_US = 100 * 1000,
};

static void reclaim_step(struct io_timer *timer)
{
	struct reclaim *reclaim = CONTAINER_OF(timer, struct reclaim, again);

	if (reclaim->left > 0 && !reclaim->proposal.is_running &&
	    proposal_start(&reclaim->proposal) < 0)
		io_timer_start(&reclaim->again, AGAIN_US);
}

static void reclaim_done(struct proposal *proposal, int rc)
{
	struct reclaim *reclaim = CONTAINER_OF(proposal, struct reclaim, proposal);

	if (rc == 0 && proposal->write.master->role == MASTER_PRIMARY)
		io_timer_start(&reclaim->again, 0);
}

void reclaim_init(struct master *master)
{
	proposal_init(&master->reclaim.proposal, master, reclaim_done);
	master->reclaim.proposal.write.command.kind = ENTRY_reclaim;
	master->reclaim.proposal.write.command.reclaim.steps = STEP_INODES;
	io_timer_init(master->io, &master->reclaim.again, reclaim_step);
}

void reclaim_finish(struct master *master)
{
	io_timer_stop(&master->reclaim.again);
	proposal_finish(&master->reclaim.proposal);
}

void reclaim_promoted(struct master *master)
{
	struct ns_counts counts;

	ns_counts(master->ns, &counts);
	reclaim_applied(master, counts.left_to_reclaim);
}

void reclaim_demoted(struct master *master)
{
	io_timer_stop(&master->reclaim.again);
}

void reclaim_applied(struct master *master, uint64_t left_to_reclaim)
{
	struct reclaim *reclaim = &master->reclaim;

	reclaim->left = left_to_reclaim;
	if (left_to_reclaim > 0 && master->role == MASTER_PRIMARY &&
	    !reclaim->proposal.is_running && !io_timer_is_started(&reclaim->again))
		io_timer_start(&reclaim->again, 0);
}
