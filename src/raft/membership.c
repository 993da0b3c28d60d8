/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of members (Raft 6, thesis 4): one entry each, in effect as soon as it is in the log, the
 * next one only when the one before is committed, and none before the new leader's first entry is
 * (thesis 4, correction of 2015).
 *
 * A newcomer joins as a learner and is made a voter when it has caught up.
 *   - From one voter to three: the first learner is promoted only when the second has caught up,
 *     for two voters are less safe than one.
 *   - A learner under the address of a silent voter (its folder was wiped) replaces it by two
 *     changes: the old id goes, then the new one votes.  In one step the majorities before and
 *     after need not meet, should the old disk come back.
 */
#include "raft/raft_private.h"

enum { HEARTBEATS = 3 };

bool membership_change_runs(const struct raft *core)
{
	const struct raft_list *list = log_list(&core->log);

	return list != NULL && list->index > core->log.commit;
}

static enum raft_refusal may_change(const struct raft *core)
{
	if (core->role != RAFT_LEADER)
		return RAFT_NOT_LEADER;
	if (!leader_is_settled(core) && !IS_TWIN(core, CHANGE_BEFORE_NOOP))
		return RAFT_NOT_READY;
	if (core->leader.transfer.is_on)
		return RAFT_HANDING_OVER;
	if ((membership_change_runs(core) && !IS_TWIN(core, CHANGES_OVERLAP)) ||
	    (core->update->what & RAFT_APPEND) != 0)
		return RAFT_CHANGE_RUNS;
	return RAFT_OK;
}

/* Who was always alone is bound with its first list: a start takes no list without a history. */
static void propose(struct raft *core, const struct raft_members *members)
{
	if (raft_id_is_none(core->vote.history)) {
		core->vote.history = core->options.self;
		vote_changed(core);
	}
	if (IS_TWIN(core, CHANGE_NOT_IN_LOG))
		core->log.lists[core->log.list_count - 1].members = *members;
	else
		outbox_append(core, RAFT_FROM_MEMBERS, 1, members);
	progress_follow_list(core);
}

static bool is_heard(struct raft *core, struct raft_id id)
{
	struct progress *peer = progress_find(core, id);

	return peer != NULL && progress_is_heard(core, peer);
}

static bool answers_now(struct raft *core, struct raft_id id)
{
	struct progress *peer = progress_find(core, id);

	return peer != NULL && (peer->is_self || core->now_ms - peer->heard_ms <=
	                                                 HEARTBEATS * core->options.heartbeat_ms);
}

static void drop(struct raft_members *members, struct raft_id id)
{
	for (size_t i = 0; i < members->count; i++)
		if (raft_id_equal(members->member[i].id, id)) {
			members->member[i] = members->member[--members->count];
			return;
		}
}

static struct raft_member *find(struct raft_members *members, struct raft_id id)
{
	return (struct raft_member *)raft_member_by_id(members, id);
}

/* Could these decide anything, as things are?  Who has missed some heartbeats may be dead: a change
 * that cannot be committed is not taken back. */
static bool has_live_quorum(struct raft *core, const struct raft_members *members)
{
	size_t heard = 0;

	for (size_t i = 0; i < members->count; i++)
		heard += members->member[i].is_voter && answers_now(core, members->member[i].id);
	return heard > raft_voter_count(members) / 2;
}

/* ---- by command ---- */

static bool is_allowed(const struct raft *core, const char *address)
{
	return core_has_address(core, core->address_count, address);
}

static bool is_address(const char *address)
{
	size_t size = address == NULL ? 0 : strnlen(address, RAFT_ADDRESS_BYTES_MAX + 1);

	return size > 0 && size <= RAFT_ADDRESS_BYTES_MAX;
}

static enum raft_refusal allow(struct raft *core, const char *address)
{
	if (!is_address(address))
		return RAFT_MALFORMED;
	if (is_allowed(core, address))
		return RAFT_OK;
	if (core->address_count == ADDRESSES_MAX)
		return RAFT_TOO_MANY_ADDRESSES;
	memcpy(core->addresses[core->address_count++], address, strlen(address) + 1);
	return RAFT_OK;
}

static enum raft_refusal remove_member(struct raft *core, struct raft_id id)
{
	struct raft_members members = *core_members(core);
	const struct raft_member *member = raft_member_by_id(&members, id);
	bool is_voter;

	if (member == NULL)
		return RAFT_UNKNOWN_MEMBER;
	if (raft_id_equal(id, core->options.self))
		return RAFT_LEADER_ITSELF;
	is_voter = member->is_voter;
	drop(&members, id);
	if (is_voter && !has_live_quorum(core, &members))
		return RAFT_WOULD_LOSE_QUORUM;
	propose(core, &members);
	return RAFT_OK;
}

static enum raft_refusal set_priority(struct raft *core, struct raft_id id, uint8_t priority)
{
	struct raft_members members = *core_members(core);
	struct raft_member *member = find(&members, id);

	if (member == NULL)
		return RAFT_UNKNOWN_MEMBER;
	if (member->priority == priority)
		return RAFT_OK;
	member->priority = priority;
	propose(core, &members);
	return RAFT_OK;
}

void membership_change(struct raft *core, const struct raft_change *change)
{
	enum raft_refusal refusal = may_change(core);

	if (change->kind == RAFT_CHANGE_ALLOW)
		refusal = allow(core, change->address);
	else if (refusal == RAFT_OK && change->kind == RAFT_CHANGE_REMOVE)
		refusal = remove_member(core, change->id);
	else if (refusal == RAFT_OK)
		refusal = set_priority(core, change->id, change->priority);
	if (refusal != RAFT_OK)
		outbox_refuse(core, refusal);
}

/* ---- newcomers ---- */

/* It has configured all members of the newest list, or of one that was this a short while ago: who
 * is started together with others need not name them. */
static bool names_members(const struct raft *core, uint64_t named_hash)
{
	const struct log *log = &core->log;

	for (size_t i = log->list_count; i-- > 0 && log->lists[i].index > 0;) {
		const struct raft_list *list = &log->lists[i];
		uint64_t hash = 0;

		for (size_t j = 0; j < list->members.count; j++)
			hash += forming_hash(list->members.member[j].address);
		if (hash == named_hash)
			return true;
		if (list->came_ms == 0 || core->now_ms - list->came_ms > TOGETHER_MS)
			return false;
	}
	return false;
}

/* Its address is configured here or was named by a command, or it has configured whom it joins
 * (guide of Alluxio, "Adding a new master"). */
static enum raft_refusal may_join(const struct raft *core, const struct raft_join_message *join)
{
	if (is_allowed(core, join->address))
		return RAFT_OK;
	if (core->options.leave_is_needed)
		return RAFT_LEAVE_NEEDED;
	return names_members(core, join->named_hash) ? RAFT_OK : RAFT_NOT_CONFIGURED;
}

static enum raft_refusal admit(struct raft *core, const struct raft_message *message)
{
	const char *address = message->join.address;
	struct raft_members members;
	enum raft_refusal refusal;

	if (core->role != RAFT_LEADER)
		return RAFT_NOT_LEADER;
	if (core_member(core, message->from) != NULL)
		return RAFT_OK;
	if (!raft_id_is_none(message->history) &&
	    !raft_id_equal(message->history, core->vote.history))
		return RAFT_FOREIGN;
	if (!is_address(address))
		return RAFT_MALFORMED;
	if (log_was_taken_out(&core->log, message->from, core->log.last))
		return membership_change_runs(core) ? RAFT_CHANGE_RUNS : RAFT_NOT_MEMBER;
	refusal = may_join(core, &message->join);
	if (refusal != RAFT_OK)
		return refusal;
	members = *core_members(core);
	for (size_t i = members.count; i-- > 0;) {
		const struct raft_member *member = &members.member[i];

		if (strcmp(member->address, address) != 0)
			continue;
		if (is_heard(core, member->id))
			return RAFT_ADDRESS_IN_USE;
		if (!member->is_voter)
			drop(&members, member->id);
	}
	if (members.count == RAFT_MEMBERS_MAX)
		return RAFT_TOO_MANY_MEMBERS;
	refusal = may_change(core);
	if (refusal != RAFT_OK)
		return refusal;
	members.member[members.count] = (struct raft_member){.id = message->from};
	memcpy(members.member[members.count++].address, address, strlen(address) + 1);
	propose(core, &members);
	return RAFT_OK;
}

void membership_join(struct raft *core, const struct raft_message *message)
{
	enum raft_refusal refusal = admit(core, message);

	if (refusal != RAFT_OK)
		outbox_refuse(core, refusal);
	outbox_add(core, RAFT_MESSAGE_JOIN_REPLY, message->from)->join =
	        (struct raft_join_message){.address = "", .refusal = refusal};
}

/* ---- by itself ---- */

/* The other member under a learner's address. */
static const struct raft_member *predecessor(const struct raft_members *members,
                                             const struct raft_member *learner)
{
	for (size_t i = 0; i < members->count; i++)
		if (&members->member[i] != learner &&
		    strcmp(members->member[i].address, learner->address) == 0)
			return &members->member[i];
	return NULL;
}

static bool is_ready(struct raft *core, const struct raft_member *member)
{
	struct progress *peer = member->is_voter ? NULL : progress_find(core, member->id);

	return peer != NULL &&
	       (progress_is_caught_up(core, peer) || IS_TWIN(core, PROMOTED_UNREADY)) &&
	       progress_is_heard(core, peer);
}

/* Takes the silent voter out whose place the learner will take. */
static bool replace(struct raft *core, const struct raft_member *learner,
                    const struct raft_member *old)
{
	struct raft_members members = *core_members(core);

	if (is_heard(core, old->id))
		return false;
	drop(&members, old->id);
	if (IS_TWIN(core, REPLACED_IN_ONE_STEP))
		find(&members, learner->id)->is_voter = true;
	if (!has_live_quorum(core, &members))
		return false;
	propose(core, &members);
	return true;
}

static void promote(struct raft *core, const struct raft_member *learner)
{
	struct raft_members members = *core_members(core);

	find(&members, learner->id)->is_voter = true;
	propose(core, &members);
}

/* Makes the way for a learner that is ready, or lets it vote. */
static bool seat(struct raft *core, const struct raft_members *members,
                 const struct raft_member *learner, size_t ready)
{
	const struct raft_member *old = predecessor(members, learner);

	if (old != NULL)
		return replace(core, learner, old);
	if (raft_voter_count(members) == 1 && ready == 1)
		return false;
	promote(core, learner);
	return true;
}

static bool may_others_come(const struct raft *core)
{
	for (size_t i = 0; i < core->address_count; i++)
		if (strcmp(core->addresses[i], core->address) != 0)
			return true;
	return false;
}

/* Who is alone has a list in its log as soon as others may come, who must find it there; and
 * another one when it stands at another address than the last one says, for nobody else could tell.
 */
static bool owes_list(const struct raft *core)
{
	const struct raft_list *list = log_list(&core->log);

	if (core->vote.stands_alone)
		return !core->is_alone_written;
	if (list->index == 0)
		return may_others_come(core);
	return core_is_alone(core) && strcmp(list->members.member[0].address, core->address) != 0;
}

static void write_own_list(struct raft *core)
{
	struct raft_members members = *core_members(core);

	memcpy(find(&members, core->options.self)->address, core->address,
	       strlen(core->address) + 1);
	if (!core->vote.stands_alone) {
		propose(core, &members);
		return;
	}
	outbox_append(core, RAFT_FROM_RECOVERY, 2, &members);
	progress_follow_list(core);
	core->is_alone_written = true;
}

void membership_settle(struct raft *core)
{
	const struct raft_members *members = core_members(core);
	size_t ready = 0;

	if (may_change(core) != RAFT_OK)
		return;
	if (owes_list(core)) {
		write_own_list(core);
		return;
	}
	if (core->vote.stands_alone) { /* committed */
		core->vote.stands_alone = false;
		vote_changed(core);
	}
	for (size_t i = 0; i < members->count; i++)
		ready += is_ready(core, &members->member[i]);
	for (size_t i = 0; ready > 0 && i < members->count; i++)
		if (is_ready(core, &members->member[i]) &&
		    seat(core, members, &members->member[i], ready))
			return;
}
