/* SPDX-License-Identifier: Apache-2.0 */
#include "master/proofs.h"

static void proof_done(struct journal_read *read, int rc, uint64_t index);

void proofs_init(struct proofs *proofs)
{
	*proofs = (struct proofs){.ask.done = proof_done};
	list_init(&proofs->arrived);
	list_init(&proofs->asking);
	list_init(&proofs->proved);
}

static void serve(struct proofs *proofs)
{
	if (proofs->is_serving)
		return;
	proofs->is_serving = true;
	while (!list_is_empty(&proofs->proved)) {
		struct proof_wait *wait = LIST_FIRST(&proofs->proved, struct proof_wait, node);

		if (wait->index > proofs->applied)
			break;
		list_remove(&wait->node);
		wait->reached(wait, 0);
	}
	proofs->is_serving = false;
}

/* Asks again as long as calls have gathered and answers come at once. */
static void pump(struct proofs *proofs)
{
	if (proofs->is_pumping)
		return;
	proofs->is_pumping = true;
	while (!proofs->is_asking && !list_is_empty(&proofs->arrived)) {
		list_splice(&proofs->asking, &proofs->arrived);
		proofs->is_asking = true;
		journal_read_index(proofs->journal, &proofs->ask);
	}
	proofs->is_pumping = false;
}

static void proof_done(struct journal_read *read, int rc, uint64_t index)
{
	struct proofs *proofs = CONTAINER_OF(read, struct proofs, ask);
	struct list asking;

	list_init(&asking);
	list_splice(&asking, &proofs->asking);
	proofs->is_asking = false;
	while (!list_is_empty(&asking)) {
		struct proof_wait *wait = LIST_FIRST(&asking, struct proof_wait, node);

		list_remove(&wait->node);
		wait->index = index;
		if (rc < 0)
			wait->reached(wait, rc);
		else
			list_append(&proofs->proved, &wait->node);
	}
	serve(proofs);
	pump(proofs);
}

void proofs_wait(struct proofs *proofs, struct proof_wait *wait)
{
	list_append(&proofs->arrived, &wait->node);
	pump(proofs);
}

void proofs_applied(struct proofs *proofs, uint64_t applied)
{
	proofs->applied = applied;
	serve(proofs);
}
