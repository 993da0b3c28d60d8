/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The leader's lease: while it lasts no other leader can have been elected, so reads need no round.
 *
 * A majority of voters answered an append, and each refuses votes for `ask_ms` from when that
 * append came in, which is not before it was sent.  So the lease runs from the sending, never from
 * the answer, and for nine tenths of what was asked: with clocks that drift by 5 % each way, 0.9 of
 * the leader's slow time (0.9 / 0.95 = 0.947) ends before all of a voter's fast time (1 / 1.05 =
 * 0.952).  It assumes that a guest's clock does not stop while others run.
 *
 * Telling another to stand ends it for the rest of the term, for that one's votes are exempt from
 * the refusal, and a transfer that was given up may still arrive.
 */
#include <stddef.h>

#include "raft/raft_private.h"

uint64_t lease_until_ms(const struct raft *core)
{
	uint64_t sent_ms;
	uint64_t ask_ms = core->options.election_min_ms;

	if (core->role != RAFT_LEADER || !core->options.reads_by_lease ||
	    (core->leader.is_lease_over && !IS_TWIN(core, LEASE_OVER_TRANSFER)))
		return 0;
	sent_ms = progress_quorum(core, offsetof(struct progress, answered_sent_ms));
	if (sent_ms == 0)
		return 0;
	return sent_ms + (IS_TWIN(core, LEASE_WITHOUT_DRIFT) ? ask_ms : ask_ms * 9 / 10);
}

bool lease_holds(const struct raft *core)
{
	return core->now_ms < lease_until_ms(core);
}
