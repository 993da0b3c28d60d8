/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One event: room for what it may add, guards in front of every message, the handler, and then
 * settle() for all that follows.
 */
#include "base/err.h"
#include "raft/raft_private.h"

/* ---- guards ---- */

enum {
	TO_ID = 1 << 0,      /* meant for exactly this id */
	OF_LEADER = 1 << 1,  /* only the leader of its term sends it */
	IS_REPLY = 1 << 2,   /* its term tells whether we are behind */
	OF_CLUSTER = 1 << 3, /* of the cluster that this master belongs to */
	ADOPTS = 1 << 4,     /* or, if it is bound to none and empty, will belong to */
};

/* Elections do not get there.  In a term with none behind it nobody could be elected any more. */
#define TERM_MAX (UINT64_MAX / 2)

struct rule {
	unsigned flags;
	void (*handle)(struct raft *core, const struct raft_message *message);
};

static const struct rule rules[RAFT_MESSAGE_KINDS] = {
        [RAFT_MESSAGE_APPEND] = {TO_ID | OF_CLUSTER | ADOPTS | OF_LEADER, follower_append},
        [RAFT_MESSAGE_APPEND_REPLY] = {TO_ID | OF_CLUSTER | IS_REPLY, progress_reply},
        [RAFT_MESSAGE_VOTE] = {TO_ID | OF_CLUSTER, vote_received},
        [RAFT_MESSAGE_VOTE_REPLY] = {TO_ID | OF_CLUSTER | IS_REPLY, candidate_reply},
        [RAFT_MESSAGE_CHUNK] = {TO_ID | OF_CLUSTER | ADOPTS | OF_LEADER, chunks_received},
        [RAFT_MESSAGE_CHUNK_REPLY] = {TO_ID | OF_CLUSTER | IS_REPLY, chunks_reply},
        [RAFT_MESSAGE_STAND] = {TO_ID | OF_CLUSTER | ADOPTS | OF_LEADER, candidate_stand},
        [RAFT_MESSAGE_READ] = {TO_ID | OF_CLUSTER, read_received},
        [RAFT_MESSAGE_READ_REPLY] = {TO_ID | OF_CLUSTER, read_reply},
        [RAFT_MESSAGE_ASK] = {0, forming_asked},
        [RAFT_MESSAGE_ANSWER] = {TO_ID, NULL}, /* of interest to two */
        [RAFT_MESSAGE_JOIN] = {TO_ID, membership_join},
        [RAFT_MESSAGE_JOIN_REPLY] = {TO_ID, forming_join_reply},
};

/* Of another cluster, as its sender says, too. */
static bool is_refused(const struct raft_message *message)
{
	if (message->kind == RAFT_MESSAGE_APPEND_REPLY)
		return message->append_reply.refusal == RAFT_FOREIGN;
	return message->kind == RAFT_MESSAGE_VOTE_REPLY &&
	       message->vote_reply.refusal == RAFT_FOREIGN;
}

/* So that the sender learns why; of another cluster, its own guard will say the same. */
static void refuse(struct raft *core, const struct raft_message *message, enum raft_refusal refusal)
{
	outbox_refuse(core, refusal);
	if (message->kind == RAFT_MESSAGE_APPEND && refusal != RAFT_OTHER_ID &&
	    vote_can_speak(core))
		outbox_add(core, RAFT_MESSAGE_APPEND_REPLY, message->from)->append_reply =
		        (struct raft_append_reply){.number = message->append.number,
		                                   .refusal = refusal};
	if (message->kind == RAFT_MESSAGE_VOTE && refusal == RAFT_FOREIGN && vote_can_speak(core))
		outbox_add(core, RAFT_MESSAGE_VOTE_REPLY, message->from)->vote_reply =
		        (struct raft_vote_reply){.asked_term = message->vote.asked_term,
		                                 .is_pre = message->vote.is_pre,
		                                 .refusal = refusal};
	if (refusal == RAFT_FOREIGN && is_refused(message))
		outbox_refused_by(core, message->from, refusal);
}

static enum raft_refusal judge_sender(const struct raft *core, const struct raft_message *message)
{
	unsigned flags = rules[message->kind].flags;
	bool is_bound = !raft_id_is_none(core->vote.history);
	bool is_same = is_bound && raft_id_equal(message->history, core->vote.history);
	bool is_free = core_is_empty(core) && !is_bound;

	if (raft_id_is_none(message->from) || raft_id_equal(message->from, core->options.self) ||
	    message->term > TERM_MAX)
		return RAFT_MALFORMED;
	if ((flags & TO_ID) != 0 && !raft_id_equal(message->to, core->options.self))
		return RAFT_OTHER_ID;
	if ((flags & OF_CLUSTER) != 0 && !is_same && !((flags & ADOPTS) != 0 && is_free))
		return RAFT_FOREIGN;
	return RAFT_OK;
}

/* Raft 5.1: whoever sees a higher term takes it up.  Votes judge that for themselves. */
static enum raft_refusal judge_term(struct raft *core, const struct raft_message *message)
{
	unsigned flags = rules[message->kind].flags;
	bool is_known = raft_id_equal(core->leader_id, message->from);

	if ((flags & IS_REPLY) != 0 && message->term > core->vote.term)
		follower_become(core, message->term, (struct raft_id){0});
	if ((flags & OF_LEADER) == 0)
		return RAFT_OK;
	if (message->term < core->vote.term)
		return RAFT_OLD_TERM;
	if (message->term == core->vote.term && !raft_id_is_none(core->leader_id) && !is_known)
		return RAFT_MALFORMED;
	if (message->term > core->vote.term || !is_known)
		follower_become(core, message->term, message->from);
	return RAFT_OK;
}

static void receive(struct raft *core, const struct raft_message *message)
{
	enum raft_refusal refusal;

	if ((unsigned)message->kind >= RAFT_MESSAGE_KINDS) {
		outbox_refuse(core, RAFT_MALFORMED);
		return;
	}
	refusal = judge_sender(core, message);
	if (refusal == RAFT_OK)
		refusal = judge_term(core, message);
	if (refusal != RAFT_OK) {
		refuse(core, message, refusal);
	} else if (message->kind == RAFT_MESSAGE_ANSWER) {
		bound_answered(core, message);
		forming_answered(core, message);
	} else {
		rules[message->kind].handle(core, message);
	}
}

/* ---- other events ---- */

static void propose(struct raft *core, uint64_t count)
{
	if (core->role != RAFT_LEADER)
		outbox_refuse(core, RAFT_NOT_LEADER);
	else if (core->leader.transfer.is_on)
		outbox_refuse(core, RAFT_HANDING_OVER);
	else if (count > 0)
		outbox_append(core, RAFT_FROM_PROPOSAL, count, NULL);
}

static void entries_synced(struct raft *core, uint64_t generation, uint64_t last)
{
	if (generation != core->log.generation || last <= core->log.synced)
		return;
	CHECK(last <= core->log.last);
	core->log.synced = last;
	core->follower.owes_reply = core->role == RAFT_FOLLOWER;
}

static void vote_synced(struct raft *core, uint64_t number)
{
	CHECK(number <= core->vote_number);
	if (number > core->vote_synced)
		core->vote_synced = number;
}

static void compacted(struct raft *core, uint64_t index)
{
	uint64_t now_ms = core->now_ms;

	log_compact(&core->log, index, now_ms < TOGETHER_MS ? 0 : now_ms - TOGETHER_MS);
}

static void handle(struct raft *core, const struct raft_event *event)
{
	switch (event->kind) {
	case RAFT_TICK: break;
	case RAFT_RECEIVED: receive(core, event->message); break;
	case RAFT_PROPOSED: propose(core, event->proposed); break;
	case RAFT_SYNCED: entries_synced(core, event->synced.generation, event->synced.last); break;
	case RAFT_VOTE_SYNCED: vote_synced(core, event->vote_synced); break;
	case RAFT_FETCHED: progress_fetched(core, &event->fetched); break;
	case RAFT_CHUNK_FETCHED: chunks_fetched(core, &event->chunk_fetched); break;
	case RAFT_CHUNK_STORED:
		chunks_stored(core, event->stored.index, event->stored.offset);
		break;
	case RAFT_INSTALLED: chunks_installed(core, &event->installed); break;
	case RAFT_COMPACTED: compacted(core, event->compacted); break;
	case RAFT_READ: read_asked(core); break;
	case RAFT_TRANSFER: transfer_asked(core, event->transfer_to); break;
	case RAFT_CHANGE: membership_change(core, &event->change); break;
	case RAFT_CONDITION: core->condition = event->condition; break;
	case RAFT_FORM: forming_form(core); break;
	}
}

/* ---- what follows ---- */

static void settle_removal(struct raft *core)
{
	if (!core->vote.is_removed &&
	    log_was_taken_out(&core->log, core->options.self, core->log.commit)) {
		core->vote.is_removed = true;
		vote_changed(core);
	}
	if (core->vote.is_removed)
		core->update->what |= RAFT_REMOVED;
}

static void settle(struct raft *core)
{
	enum raft_role role;

	forming_settle(core);
	do {
		role = core->role;
		if (role == RAFT_FOLLOWER)
			follower_settle(core);
		else if (role == RAFT_LEADER)
			leader_settle(core);
		else
			candidate_settle(core);
	} while (core->role != role);
	if (role != RAFT_LEADER)
		read_settle(core);
	settle_removal(core);
	bound_settle(core);
	vote_settle(core);
	CHECK(core->log.base <= core->log.commit && core->log.commit <= core->log.last);
	CHECK(core->log.base <= core->log.synced && core->log.synced <= core->log.last);
}

static int make_room(struct raft *core, const struct raft_event *event)
{
	size_t runs = 1, lists = 1;

	if (event->kind == RAFT_RECEIVED && event->message->kind == RAFT_MESSAGE_APPEND) {
		runs += event->message->append.run_count;
		lists += event->message->append.list_count;
	}
	return log_reserve(&core->log, runs, lists);
}

int raft_step(struct raft *core, const struct raft_event *event, struct raft_update *update)
{
	enum raft_role role;
	struct raft_id leader;
	uint64_t term;
	int rc;

	OBJ_CHECK(core, RAFT_MAGIC);
	rc = make_room(core, event);
	if (rc < 0)
		return rc;
	role = core->role;
	leader = core->leader_id;
	term = core->vote.term;
	*update = (struct raft_update){.wake_ms = NEVER, .commit = core->log.commit};
	core->update = update;
	if (event->now_ms > core->now_ms)
		core->now_ms = event->now_ms;
	handle(core, event);
	settle(core);
	if (role != core->role || term != core->vote.term ||
	    !raft_id_equal(leader, core->leader_id))
		update->what |= RAFT_ROLE;
	core->update = NULL;
	return 0;
}
