/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standing for election.  First a pre-vote (thesis 9.6): who would vote for me?  Only with a
 * majority's yes is the term raised, so a master that merely cannot hear disturbs nobody.  The
 * candidate's own list says who is asked and who counts.
 *
 * It claims only what is synced here.
 */
#include "raft/raft_private.h"

static void begin(struct raft *core, enum raft_role role, uint64_t transfer_term)
{
	core->role = role;
	core->leader_id = (struct raft_id){0};
	core->candidate = (struct candidate){.transfer_term = transfer_term};
	follower_reset_timer(core);
}

static void begin_election(struct raft *core, uint64_t transfer_term)
{
	vote_set_term(core, core->vote.term + 1, core->options.self);
	begin(core, RAFT_CANDIDATE, transfer_term);
}

void candidate_begin(struct raft *core)
{
	if (IS_TWIN(core, NO_PRE_VOTE)) {
		begin_election(core, 0);
		return;
	}
	begin(core, RAFT_PRE_CANDIDATE, 0);
}

/* A leader tells this one to stand (thesis 3.10).  Refused silently when something is missing: the
 * leader gives up by itself. */
void candidate_stand(struct raft *core, const struct raft_message *message)
{
	const struct raft_stand_message *stand = &message->stand;
	const struct log *log = &core->log;

	if (!follower_may_stand(core) || stand->last > log->synced || stand->last < log->base ||
	    log_term(log, stand->last) != stand->last_term)
		return;
	begin_election(core, message->term);
}

static bool has_majority(const struct raft *core)
{
	const struct raft_members *members = core_members(core);
	size_t granted = 0;

	for (size_t i = 0; i < core->candidate.granted_count; i++)
		granted += core_is_voter(core, core->candidate.granted[i]);
	return granted > raft_voter_count(members) / 2;
}

static void grant(struct raft *core, struct raft_id from)
{
	struct candidate *candidate = &core->candidate;

	for (size_t i = 0; i < candidate->granted_count; i++)
		if (raft_id_equal(candidate->granted[i], from))
			return;
	if (candidate->granted_count < RAFT_MEMBERS_MAX)
		candidate->granted[candidate->granted_count++] = from;
	if (!has_majority(core))
		return;
	if (core->role == RAFT_PRE_CANDIDATE)
		begin_election(core, 0);
	else
		leader_become(core);
}

/* A leader's committed list is newer than one that has this master, and without it. */
static void note_removal(struct raft *core, const struct raft_vote_reply *reply)
{
	const struct raft_list *seat = core_seat(core);

	if (reply->refusal == RAFT_NOT_MEMBER && seat != NULL &&
	    seat->index < reply->members_index && !core->vote.is_removed) {
		core->vote.is_removed = true;
		vote_changed(core);
	}
}

void candidate_reply(struct raft *core, const struct raft_message *message)
{
	const struct raft_vote_reply *reply = &message->vote_reply;
	bool is_pre = core->role == RAFT_PRE_CANDIDATE;

	if (reply->refusal != RAFT_OK)
		outbox_refused_by(core, message->from, reply->refusal);
	note_removal(core, reply);
	if ((!is_pre && core->role != RAFT_CANDIDATE) || reply->is_pre != is_pre ||
	    reply->asked_term != core->vote.term + is_pre)
		return;
	if (reply->refusal == RAFT_OK && core_is_voter(core, message->from))
		grant(core, message->from);
}

static struct raft_vote_message request(const struct raft *core, bool is_pre)
{
	const struct log *log = &core->log;

	return (struct raft_vote_message){
	        .asked_term = core->vote.term + is_pre,
	        .last = log->synced,
	        .last_term = log_term(log, log->synced),
	        .is_pre = is_pre,
	        .transfer_term = is_pre ? 0 : core->candidate.transfer_term,
	};
}

static void ask(struct raft *core, bool is_pre)
{
	const struct raft_members *members = core_members(core);
	struct raft_vote_message vote = request(core, is_pre);

	for (size_t i = 0; i < members->count; i++)
		if (members->member[i].is_voter &&
		    !raft_id_equal(members->member[i].id, core->options.self))
			outbox_add(core, RAFT_MESSAGE_VOTE, members->member[i].id)->vote = vote;
}

void candidate_ask_for_seat(struct raft *core)
{
	if (core_is_voter(core, core->options.self) && !core->vote.is_removed &&
	    vote_can_speak(core))
		ask(core, /* is_pre: */ true);
}

void candidate_ask_leader(struct raft *core, struct raft_id leader, const char *address)
{
	struct raft_message *message;

	if (!vote_can_speak(core))
		return;
	message = outbox_add(core, RAFT_MESSAGE_VOTE, leader);
	message->to_address = address;
	message->vote = request(core, /* is_pre: */ true);
}

void candidate_settle(struct raft *core)
{
	if (!follower_may_stand(core)) {
		follower_become(core, core->vote.term, (struct raft_id){0});
		return;
	}
	if (core->now_ms >= core->stand_ms)
		candidate_begin(core);
	/* Its own vote counts when it is durable. */
	if (!core->candidate.is_asked && vote_can_speak(core)) {
		core->candidate.is_asked = true;
		ask(core, core->role == RAFT_PRE_CANDIDATE);
		grant(core, core->options.self);
	}
	outbox_wake(core, core->stand_ms);
}
