/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A leader's life.  It begins with an entry without content: only when an entry of its own term is
 * committed does it know what was committed before (Raft 5.4.2, 8), and only then it answers reads
 * and changes members.  It ends when a higher term is seen, or when no majority is heard for the
 * longest election time-out (check-quorum).
 *
 * Who is the only member needs no such entry.  Nobody is elected without its vote, and it votes for
 * nobody whose log is below its own: so whatever is synced here is committed (docs/decisions/0010).
 */
#include <stddef.h>

#include "raft/raft_private.h"

void leader_become(struct raft *core)
{
	core->role = RAFT_LEADER;
	core->leader_id = core->options.self;
	core->leader = (struct leader){.first = core->log.last + 1, .handed_over_ms = core->now_ms};
	progress_reset(core);
	if (core_is_alone(core) && core->log.synced == core->log.last) {
		core->leader.first = core->log.last;
		outbox_commit(core, core->log.last);
	} else {
		outbox_append(core, RAFT_FROM_NOOP, 1, NULL);
	}
	read_leader_began(core);
}

bool leader_is_settled(const struct raft *core)
{
	return core->log.commit >= core->leader.first;
}

/* What is true of this master itself stands in the same table as what is known of its peers. */
static void update_self(struct raft *core)
{
	struct progress *self = progress_find(core, core->options.self);

	self->match = IS_TWIN(core, UNSYNCED_COUNTS) ? core->log.last : core->log.synced;
	self->heard_ms = self->answered_sent_ms = core->now_ms;
	self->answered_round = core->leader.round;
	self->commit = core->log.commit;
}

/* Raft 5.4.2: only an entry of the own term is committed by counting; those before go with it. */
static void advance_commit(struct raft *core)
{
	const struct log *log = &core->log;
	uint64_t index = progress_quorum(core, offsetof(struct progress, match));

	if (index <= log->commit)
		return;
	if (log_term(log, index) == core->vote.term || IS_TWIN(core, OLD_TERM_BY_COUNT))
		outbox_commit(core, index);
}

static bool has_quorum(const struct raft *core)
{
	uint64_t heard_ms = progress_quorum(core, offsetof(struct progress, heard_ms));

	return core->now_ms - heard_ms < core->options.election_max_ms;
}

/* Who was taken out gets entries until it knows that, or for a while if it is silent. */
static void forget_leaving(struct raft *core)
{
	struct leader *leader = &core->leader;

	for (size_t i = 0; i < leader->peer_count;) {
		const struct progress *peer = &leader->peers[i];

		if (peer->leaves_at != 0 &&
		    (peer->commit >= peer->leaves_at ||
		     core->now_ms - peer->leaving_ms > 10 * core->options.election_max_ms))
			leader->peers[i] = leader->peers[--leader->peer_count];
		else
			i++;
	}
}

void leader_settle(struct raft *core)
{
	update_self(core);
	if (!has_quorum(core)) {
		follower_become(core, core->vote.term, (struct raft_id){0});
		return;
	}
	advance_commit(core);
	read_settle(core);
	forget_leaving(core);
	membership_settle(core);
	transfer_settle(core);
	for (size_t i = 0; i < core->leader.peer_count; i++)
		progress_pump(core, &core->leader.peers[i]);
}
