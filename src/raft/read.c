/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads that wait for a proof of leadership (thesis 6.4).
 *
 * A ticket stands for all reads of a turn.  Under a lease it is good at once, at the commit index.
 * Otherwise it waits for a round: an append sent after the read came, answered by a majority.  A
 * follower sends its ticket to the leader, which treats it as its own.  A new leader answers none
 * before an entry of its own term is committed.
 */
#include <stddef.h>

#include "raft/raft_private.h"

static void add(struct read_slots *slots, uint64_t ticket, uint64_t round)
{
	if (slots->count < READ_SLOTS)
		slots->count++;
	slots->slot[slots->count - 1].ticket = ticket;
	slots->slot[slots->count - 1].round = round;
}

/* The highest ticket proven by `round`, taken out; 0: none. */
static uint64_t take(struct read_slots *slots, uint64_t round)
{
	uint64_t ticket = 0;
	size_t done = 0;

	while (done < slots->count && slots->slot[done].round <= round)
		ticket = slots->slot[done++].ticket;
	for (size_t i = done; i < slots->count; i++)
		slots->slot[i - done] = slots->slot[i];
	slots->count -= done;
	return ticket;
}

/* A read for that peer (or for this master itself) has come in.  Under the lease it is good before
 * the step ends. */
static void begin(struct raft *core, struct progress *peer, uint64_t ticket)
{
	uint64_t round = core->leader.round;

	if (!lease_holds(core) || !leader_is_settled(core))
		round = ++core->leader.round;
	add(&peer->reads, ticket, round);
}

static void prove(struct raft *core, uint64_t ticket, uint64_t index)
{
	if (ticket <= core->reads.answered)
		return;
	core->reads.answered = ticket;
	core->update->read_ok = ticket;
	core->update->read_index = index;
	core->update->what |= RAFT_READS_OK;
}

void read_asked(struct raft *core)
{
	core->update->read_ticket = ++core->reads.asked;
	if (core->role == RAFT_LEADER)
		begin(core, progress_find(core, core->options.self), core->reads.asked);
	else
		core->reads.sent_ms = 0;
}

void read_leader_began(struct raft *core)
{
	if (core->reads.asked > core->reads.answered)
		begin(core, progress_find(core, core->options.self), core->reads.asked);
}

static void reply(struct raft *core, struct raft_id to, struct raft_read_message read)
{
	outbox_add(core, RAFT_MESSAGE_READ_REPLY, to)->read = read;
}

void read_received(struct raft *core, const struct raft_message *message)
{
	struct raft_read_message read = message->read;
	struct progress *peer;

	if (core->role != RAFT_LEADER) {
		read.refusal = RAFT_NOT_LEADER;
		reply(core, message->from, read);
		return;
	}
	peer = progress_find(core, message->from);
	if (peer == NULL || peer->is_self) {
		read.refusal = RAFT_NOT_MEMBER;
		reply(core, message->from, read);
		return;
	}
	if (peer->reads.session != read.session)
		peer->reads = (struct read_slots){.session = read.session};
	begin(core, peer, read.ticket);
}

/* A proof that began after the ticket was given out is one, whoever leads by now. */
void read_reply(struct raft *core, const struct raft_message *message)
{
	const struct raft_read_message *read = &message->read;
	uint64_t matched = core->follower.matched;

	if (read->session != core->session || read->ticket > core->reads.asked)
		return;
	if (read->refusal != RAFT_OK) {
		outbox_refused_by(core, message->from, read->refusal);
		return;
	}
	if (core->role == RAFT_FOLLOWER && raft_id_equal(message->from, core->leader_id) &&
	    message->term == core->vote.term)
		outbox_commit(core, read->index < matched ? read->index : matched);
	prove(core, read->ticket, read->index);
}

/* ---- what follows ---- */

static void settle_leader(struct raft *core)
{
	struct leader *leader = &core->leader;
	uint64_t round = lease_holds(core)
	                         ? leader->round
	                         : progress_quorum(core, offsetof(struct progress, answered_round));

	if (!leader_is_settled(core) && !IS_TWIN(core, READ_BEFORE_NOOP))
		return;
	for (size_t i = 0; i < leader->peer_count; i++) {
		struct progress *peer = &leader->peers[i];
		uint64_t ticket = take(&peer->reads, round);

		if (ticket != 0 && peer->is_self)
			prove(core, ticket, core->log.commit);
		else if (ticket != 0)
			reply(core, peer->id,
			      (struct raft_read_message){.session = peer->reads.session,
			                                 .ticket = ticket,
			                                 .index = core->log.commit});
	}
}

static void settle_follower(struct raft *core)
{
	struct reads *reads = &core->reads;

	if (reads->asked == reads->answered || raft_id_is_none(core->leader_id))
		return;
	if (reads->sent_ms == 0 || core->now_ms - reads->sent_ms >= core->options.heartbeat_ms) {
		reads->sent_ms = core->now_ms;
		outbox_add(core, RAFT_MESSAGE_READ, core->leader_id)->read =
		        (struct raft_read_message){.session = core->session,
		                                   .ticket = reads->asked};
	}
	outbox_wake(core, reads->sent_ms + core->options.heartbeat_ms);
}

void read_settle(struct raft *core)
{
	if (core->role == RAFT_LEADER)
		settle_leader(core);
	else
		settle_follower(core);
}
