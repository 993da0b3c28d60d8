/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Votes, and the record that keeps promises over a restart.
 *
 * A promise counts when it is durable: whatever a peer would rely on leaves only when every change
 * of the record so far is synced (vote_can_speak).  Changes are rare, so one rule for all of them
 * costs nothing.
 *
 * A voter is deaf, that is it gives no vote and does not stand, for the time that a leader asked
 * for, from when it last heard one; and after a start for the longest time that was ever asked of
 * it, for it may have heard one just before it ended.  The lease of a leader rests on that.
 */
#include "raft/raft_private.h"

bool vote_can_speak(const struct raft *core)
{
	return core->vote_synced == core->vote_number;
}

void vote_changed(struct raft *core)
{
	if (core->vote_number == core->vote_given)
		core->vote_number++;
}

void vote_set_term(struct raft *core, uint64_t term, struct raft_id voted_for)
{
	CHECK(term >= core->vote.term);
	core->vote.term = term;
	core->vote.voted_for = voted_for;
	core->owes_vote = false;
	vote_changed(core);
}

void vote_promise(struct raft *core, uint64_t ask_ms)
{
	if (core->now_ms + ask_ms > core->deaf_until_ms)
		core->deaf_until_ms = core->now_ms + ask_ms;
	if (ask_ms > core->vote.asked_ms) {
		core->vote.asked_ms = ask_ms;
		vote_changed(core);
	}
}

/* The lease of every earlier leader is over when that leader told the candidate to stand: it gave
 * up its own, and it was elected when those before it had run out. */
static bool is_exempt(const struct raft_vote_message *vote)
{
	return vote->transfer_term != 0 && vote->asked_term == vote->transfer_term + 1;
}

static enum raft_refusal judge(const struct raft *core, const struct raft_message *message)
{
	const struct raft_vote_message *vote = &message->vote;
	const struct log *log = &core->log;

	if (vote->asked_term < core->vote.term ||
	    (vote->is_pre && vote->asked_term == core->vote.term))
		return RAFT_OLD_TERM;
	if (!is_exempt(vote)) {
		if (core->role == RAFT_LEADER)
			return RAFT_LEADER_HEARD;
		if (core->now_ms < core->deaf_until_ms)
			return core->heard_ms == 0 ? RAFT_JUST_STARTED : RAFT_LEADER_HEARD;
	}
	if (!log_is_not_below(vote->last_term, vote->last, log_term(log, log->last), log->last))
		return RAFT_LOG_BEHIND;
	return bound_judge(core, vote->last_term, vote->last);
}

static void reply(struct raft *core, struct raft_id to, const struct raft_vote_message *vote,
                  enum raft_refusal refusal)
{
	outbox_add(core, RAFT_MESSAGE_VOTE_REPLY, to)->vote_reply = (struct raft_vote_reply){
	        .asked_term = vote->asked_term,
	        .is_pre = vote->is_pre,
	        .refusal = refusal,
	        .members_index = refusal == RAFT_NOT_MEMBER
	                                 ? log_list_at(&core->log, core->log.commit)->index
	                                 : 0,
	};
}

/* A leader knows whom its committed list does not have; others may not have the newest one. */
static bool is_outsider(const struct raft *core, struct raft_id id)
{
	const struct raft_list *list = log_list_at(&core->log, core->log.commit);

	return core->role == RAFT_LEADER && leader_is_settled(core) &&
	       core_member(core, id) == NULL && list != NULL &&
	       raft_member_by_id(&list->members, id) == NULL;
}

/* In the current term, unless another has it. */
static bool give(struct raft *core, struct raft_id candidate)
{
	if (raft_id_is_none(core->vote.voted_for)) {
		core->vote.voted_for = candidate;
		vote_changed(core);
	}
	if (!raft_id_equal(core->vote.voted_for, candidate))
		return false;
	core->owes_vote = true;
	if (core->role == RAFT_PRE_CANDIDATE)
		core->role = RAFT_FOLLOWER;
	follower_reset_timer(core);
	return true;
}

/* Raft 5.2, 5.4.1; thesis 4.2.3 (deaf voters), 9.6 (pre-vote).  Whoever is asked by its id answers
 * by term and log alone, whatever its own list says. */
void vote_received(struct raft *core, const struct raft_message *message)
{
	const struct raft_vote_message *vote = &message->vote;
	enum raft_refusal refusal = judge(core, message);

	if (vote->asked_term != message->term + vote->is_pre) {
		outbox_refuse(core, RAFT_MALFORMED);
		return;
	}
	if (!vote->is_pre && vote->asked_term > core->vote.term && refusal != RAFT_LEADER_HEARD &&
	    refusal != RAFT_JUST_STARTED)
		follower_become(core, vote->asked_term, (struct raft_id){0});
	if (refusal == RAFT_OK && !vote->is_pre) {
		if (give(core, message->from))
			return;
		refusal = RAFT_VOTED;
	}
	if (refusal != RAFT_OK) {
		outbox_refuse(core, refusal);
		if (is_outsider(core, message->from))
			refusal = RAFT_NOT_MEMBER;
	}
	if (vote_can_speak(core))
		reply(core, message->from, vote, refusal);
}

void vote_settle(struct raft *core)
{
	struct raft_update *update = core->update;

	if (core->owes_vote && (vote_can_speak(core) || IS_TWIN(core, VOTE_NOT_SYNCED))) {
		core->owes_vote = false;
		reply(core, core->vote.voted_for,
		      &(struct raft_vote_message){.asked_term = core->vote.term}, RAFT_OK);
	}
	if (core->vote_number > core->vote_given) {
		core->vote_given = core->vote_number;
		update->vote = core->vote;
		update->vote_number = core->vote_number;
		update->what |= RAFT_PERSIST_VOTE;
	}
}
