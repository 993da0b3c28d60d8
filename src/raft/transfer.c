/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handing leadership over (thesis 3.10).  The leader takes no proposals any more, waits until the
 * target has everything, then tells it to stand, which it does without a pre-vote and past the
 * voters' deafness.  Given up after an election time-out, it goes on as before; its lease does not
 * come back in this term, for the word to stand may still be on its way.
 *
 * By itself a leader hands over to a voter of higher priority that has all that is committed (under
 * load nobody ever has everything) and reports no worse health, at most once in HAND_OVER_MS.
 */
#include "raft/raft_private.h"

enum { HAND_OVER_MS = 30 * 1000 };

static bool is_fit(const struct raft *core, const struct progress *peer)
{
	return peer->is_voter && !peer->is_self && progress_is_heard(core, peer);
}

static uint8_t priority(const struct raft *core, struct raft_id id)
{
	const struct raft_member *member = core_member(core, id);

	return member == NULL ? 0 : member->priority;
}

static bool is_better(const struct raft *core, const struct progress *a, const struct progress *b)
{
	if (a->health != b->health)
		return a->health < b->health;
	if (priority(core, a->id) != priority(core, b->id))
		return priority(core, a->id) > priority(core, b->id);
	return a->match > b->match;
}

static const struct progress *best(const struct raft *core)
{
	const struct progress *found = NULL;

	for (size_t i = 0; i < core->leader.peer_count; i++) {
		const struct progress *peer = &core->leader.peers[i];

		if (is_fit(core, peer) && (found == NULL || is_better(core, peer, found)))
			found = peer;
	}
	return found;
}

static void begin(struct raft *core, struct raft_id target)
{
	core->leader.handed_over_ms = core->now_ms;
	core->leader.transfer = (struct transfer){
	        .is_on = true,
	        .target = target,
	        .until_ms = core->now_ms + core->options.election_max_ms,
	};
}

static enum raft_refusal judge(struct raft *core, struct raft_id *target)
{
	struct progress *peer;

	if (core->role != RAFT_LEADER)
		return RAFT_NOT_LEADER;
	if (core->leader.transfer.is_on)
		return RAFT_HANDING_OVER;
	if (raft_id_is_none(*target)) {
		if (best(core) == NULL)
			return RAFT_NOBODY_FIT;
		*target = best(core)->id;
		return RAFT_OK;
	}
	peer = progress_find(core, *target);
	if (peer == NULL || peer->leaves_at != 0)
		return RAFT_UNKNOWN_MEMBER;
	if (peer->is_self)
		return RAFT_LEADER_ITSELF;
	if (!peer->is_voter)
		return RAFT_NOT_A_VOTER;
	return progress_is_heard(core, peer) ? RAFT_OK : RAFT_NOT_HEARD;
}

void transfer_asked(struct raft *core, struct raft_id target)
{
	enum raft_refusal refusal = judge(core, &target);

	if (refusal != RAFT_OK)
		outbox_refuse(core, refusal);
	else
		begin(core, target);
}

static void begin_by_priority(struct raft *core)
{
	uint8_t own = priority(core, core->options.self);

	if (core->now_ms - core->leader.handed_over_ms < HAND_OVER_MS ||
	    membership_change_runs(core))
		return;
	for (size_t i = 0; i < core->leader.peer_count; i++) {
		const struct progress *peer = &core->leader.peers[i];

		if (is_fit(core, peer) && priority(core, peer->id) > own &&
		    peer->match >= core->log.commit && peer->health <= core->condition.health) {
			begin(core, peer->id);
			return;
		}
	}
}

static void tell(struct raft *core)
{
	struct transfer *transfer = &core->leader.transfer;
	const struct log *log = &core->log;

	core->leader.is_lease_over = true;
	transfer->is_told = true;
	transfer->told_ms = core->now_ms;
	outbox_add(core, RAFT_MESSAGE_STAND, transfer->target)->stand = (struct raft_stand_message){
	        .last = log->last, .last_term = log_term(log, log->last)};
}

void transfer_settle(struct raft *core)
{
	struct transfer *transfer = &core->leader.transfer;
	struct progress *peer;

	if (!transfer->is_on)
		begin_by_priority(core);
	if (!transfer->is_on)
		return;
	peer = progress_find(core, transfer->target);
	if (core->now_ms >= transfer->until_ms || peer == NULL || !peer->is_voter) {
		transfer->is_on = false;
		return;
	}
	if (peer->match == core->log.last &&
	    (!transfer->is_told || core->now_ms - transfer->told_ms >= core->options.heartbeat_ms))
		tell(core);
	outbox_wake(core, transfer->until_ms);
}
