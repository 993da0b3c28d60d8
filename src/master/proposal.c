/* SPDX-License-Identifier: Apache-2.0 */
#include "master/proposal.h"

#include "base/err.h"
#include "master/master_private.h"
#include "master/roles.h"

static void proposal_journal_done(struct journal_append *append, enum journal_outcome outcome)
{
	struct proposal *proposal = CONTAINER_OF(append, struct proposal, write.append);
	struct master *master = proposal->write.master;
	int rc = 0;

	if (outcome == JOURNAL_NOT_WRITTEN)
		rc = -ERR_STANDBY;
	else if (outcome == JOURNAL_UNKNOWN)
		rc = -ERR_UNKNOWN_OUTCOME;
	master->in_journal--;
	proposal->is_running = false;
	proposal->done(proposal, rc);
	role_settled(master);
}

void proposal_init(struct proposal *proposal, struct master *master,
                   void (*done)(struct proposal *proposal, int rc))
{
	*proposal = (struct proposal){.done = done};
	arena_init(&proposal->arena, 0);
	proposal->write.master = master;
	proposal->write.arena = &proposal->arena;
	proposal->write.append.done = proposal_journal_done;
	proposal->write.command.flags = COMMAND_SUPERUSER;
}

void proposal_finish(struct proposal *proposal)
{
	CHECK(!proposal->is_running);
	arena_finish(&proposal->arena);
}

int proposal_start(struct proposal *proposal)
{
	int rc;

	CHECK(!proposal->is_running);
	arena_reset(&proposal->arena);
	rc = write_append(&proposal->write);
	proposal->is_running = rc == 0;
	return rc;
}
