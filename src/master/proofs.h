/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proofs of primacy: who waits for one is answered from a state that is new enough.
 *
 * A proof must begin after the call that it serves arrived.  While one is under way, later calls
 * gather for the next one; so many calls share one proof, and a lone master, whose proof comes at
 * once, never gathers any.  Proved calls are served in the order they came, when the namespace has
 * reached the index that the proof named.
 */
#ifndef HOLDFAST_MASTER_PROOFS_H
#define HOLDFAST_MASTER_PROOFS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "journal/journal.h"

/* Embedded in a call.  reached() runs once: rc 0, or why there is no proof; perhaps inside
 * proofs_wait(). */
struct proof_wait {
	void (*reached)(struct proof_wait *wait, int rc);
	uint64_t index;   /* that the namespace must have reached */
	struct list node; /* private */
};

struct proofs {
	struct journal *journal;
	uint64_t applied;
	struct list arrived; /* for the next proof */
	struct list asking;  /* served by the proof under way */
	struct list proved;  /* waiting for apply */
	struct journal_read ask;
	bool is_asking;
	bool is_pumping;
	bool is_serving;
};

void proofs_init(struct proofs *proofs);
void proofs_wait(struct proofs *proofs, struct proof_wait *wait);
/* The namespace has reached `applied`. */
void proofs_applied(struct proofs *proofs, uint64_t applied);

#endif
