/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the master proposes by itself: the no-op, ticks, reclaim steps, ends of leases.
 *
 * One at a time each; not admitted, not answered from the retry table.  A master that is not
 * primary proposes nothing, and what it had proposed is forgotten: the next primary sees for
 * itself what is to be done.
 */
#ifndef HOLDFAST_MASTER_PROPOSAL_H
#define HOLDFAST_MASTER_PROPOSAL_H

#include <stdbool.h>

#include "master/master.h"

struct proposal {
	struct master_write write; /* command: kind and fields are the owner's; result */
	struct arena arena;        /* of the result; the last one's is kept until the next start */
	void (*done)(struct proposal *proposal, int rc);
	bool is_running;
};

void proposal_init(struct proposal *proposal, struct master *master,
                   void (*done)(struct proposal *proposal, int rc));
void proposal_finish(struct proposal *proposal); /* not while it runs */
/* 0: done() runs once, later: 0 it is applied (write.result says with what result); -ERR_STANDBY:
 * not written; -ERR_UNKNOWN_OUTCOME.  Else as journal_append(). */
int proposal_start(struct proposal *proposal);

#endif
