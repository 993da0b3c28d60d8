/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A follower: takes a leader's entries, says how far it is.
 *
 * It answers with one number: up to where its log is synced and known to be the leader's
 * (min(matched, synced)).  An append without news is answered at once, whatever the disk does, so a
 * slow disk does not look like a dead master; one with entries is answered when they are synced.
 */
#include "raft/raft_private.h"

void follower_reset_timer(struct raft *core)
{
	const struct raft_options *options = &core->options;
	uint64_t span = options->election_max_ms - options->election_min_ms;

	core->stand_ms =
	        core->now_ms + options->election_min_ms + random_below(&core->random, span + 1);
	/* One's own vote is a vote: not before the time that a leader asked for. */
	if (core->stand_ms < core->deaf_until_ms)
		core->stand_ms = core->deaf_until_ms;
	core->stand_ms += core->condition.handicap_ms;
}

void follower_become(struct raft *core, uint64_t term, struct raft_id leader)
{
	if (term > core->vote.term)
		vote_set_term(core, term, (struct raft_id){0});
	core->role = RAFT_FOLLOWER;
	core->leader_id = leader;
	core->follower.owes_reply = false;
	core->follower.matched = core->log.commit;
	core->follower.number = core->follower.round = core->follower.sent_ms = 0;
	core->reads.sent_ms = 0;
	follower_reset_timer(core);
}

bool follower_may_stand(const struct raft *core)
{
	return core->condition.may_stand && core->vote.bound == RAFT_NO_BOUND &&
	       !core->vote.is_removed && !core->follower.is_installing &&
	       core_is_voter(core, core->options.self);
}

/* ---- entries ---- */

static bool runs_are_sound(const struct raft_append_message *append, uint64_t leader_term)
{
	uint64_t term = append->prev_term, next = append->prev + 1;

	if (append->last < append->prev || (append->last > append->prev) != (append->run_count > 0))
		return false;
	for (size_t i = 0; i < append->run_count; i++) {
		const struct raft_run *run = &append->runs[i];

		if ((i == 0 && run->first != next) || run->first < next ||
		    run->first > append->last || run->term < term || run->term > leader_term)
			return false;
		next = run->first + 1;
		term = run->term;
	}
	return true;
}

static bool lists_are_sound(const struct raft_append_message *append)
{
	uint64_t before = append->prev;

	for (size_t i = 0; i < append->list_count; i++) {
		const struct raft_list *list = &append->lists[i];

		if (list->index <= before || list->index > append->last ||
		    list->members.count == 0 || list->members.count > RAFT_MEMBERS_MAX)
			return false;
		before = list->index;
	}
	return true;
}

static uint64_t run_last(const struct raft_append_message *append, size_t run)
{
	return run + 1 < append->run_count ? append->runs[run + 1].first - 1 : append->last;
}

/* Entries up to the base are committed here: what the message says of the base must be so. */
static bool agrees_with_base(const struct log *log, const struct raft_append_message *append)
{
	if (append->prev >= log->base || append->last < log->base)
		return true;
	for (size_t i = append->run_count; i-- > 0;)
		if (append->runs[i].first <= log->base)
			return append->runs[i].term == log->base_term;
	return false;
}

/* The first entry of the message that is not in the log; last + 1: all are. */
static uint64_t first_news(const struct log *log, const struct raft_append_message *append)
{
	for (size_t i = 0; i < append->run_count; i++) {
		uint64_t index = append->runs[i].first, last = run_last(append, i);

		for (index = index > log->base ? index : log->base + 1; index <= last; index++)
			if (index > log->last || log_term(log, index) != append->runs[i].term)
				return index;
	}
	return append->last + 1;
}

/* Takes the entries from `first` on, which the log does not have. */
static void take(struct raft *core, const struct raft_append_message *append, uint64_t first)
{
	struct log *log = &core->log;
	bool is_cut = first <= log->last;
	size_t lists = log->list_count;
	bool lists_change = false;

	if (is_cut) {
		log_cut(log, first - 1);
		lists_change = log->list_count != lists;
	}
	for (size_t i = 0; i < append->run_count; i++)
		if (run_last(append, i) > log->last)
			log_append(log, run_last(append, i), append->runs[i].term);
	for (size_t i = 0; i < append->list_count; i++)
		if (append->lists[i].index >= first) {
			log_add_list(log, append->lists[i].index, &append->lists[i].members,
			             core->now_ms);
			lists_change = true;
		}
	if (lists_change)
		core->update->what |= RAFT_MEMBERS;
	core->update->append = (struct raft_append){
	        .generation = log->generation,
	        .is_cut = is_cut,
	        .first = first,
	        .last = log->last,
	        .source = RAFT_FROM_MESSAGE,
	};
	core->update->what |= RAFT_APPEND;
}

/* Raft 5.3, with the fast way back: an index that may agree, not one less each time. */
static enum raft_refusal take_entries(struct raft *core, const struct raft_append_message *append)
{
	struct log *log = &core->log;
	struct follower *follower = &core->follower;
	uint64_t first;

	if (append->prev > log->last ||
	    (append->prev >= log->base && log_term(log, append->prev) != append->prev_term))
		return append->prev > log->commit ? RAFT_LOG_DIFFERS
		                                  : RAFT_CONFLICTS_WITH_COMMITTED;
	if (!agrees_with_base(log, append))
		return RAFT_CONFLICTS_WITH_COMMITTED;
	first = first_news(log, append);
	if (IS_TWIN(core, CUTS_WHAT_FOLLOWS) && append->last > append->prev &&
	    append->last > log->commit && append->last < log->last) {
		first = (append->prev > log->commit ? append->prev : log->commit) + 1;
		follower->matched = first - 1;
	}
	if (first <= append->last && (first <= log->commit || first <= follower->matched))
		return RAFT_CONFLICTS_WITH_COMMITTED;
	if (first <= append->last)
		take(core, append, first);
	if (follower->matched < append->last)
		follower->matched = append->last;
	outbox_commit(core,
	              append->commit < follower->matched ? append->commit : follower->matched);
	if (first > append->last || follower->matched <= log->synced)
		follower->owes_reply = true;
	return RAFT_OK;
}

static void refuse(struct raft *core, const struct raft_message *message, enum raft_refusal refusal)
{
	const struct raft_append_message *append = &message->append;
	const struct log *log = &core->log;
	struct raft_append_reply reply = {
	        .number = append->number,
	        .round = append->round,
	        .sent_ms = append->sent_ms,
	        .commit = log->commit,
	        .health = core->condition.health,
	        .refusal = refusal,
	};

	outbox_refuse(core, refusal);
	if (!vote_can_speak(core))
		return;
	if (refusal == RAFT_LOG_DIFFERS) {
		reply.hint = log_agreement(log, append->prev, append->prev_term);
		if (reply.hint < log->base) /* committed, so it agrees */
			reply.hint = log->base;
		reply.hint_term = log_term(log, reply.hint);
	}
	outbox_add(core, RAFT_MESSAGE_APPEND_REPLY, message->from)->append_reply = reply;
}

/* Its answer names neither round nor time: a lease would rest on what was not promised. */
static void refuse_to_promise(struct raft *core, const struct raft_message *message)
{
	struct raft_message timeless = *message;

	timeless.append.round = timeless.append.sent_ms = 0;
	refuse(core, &timeless, RAFT_MALFORMED);
}

static void note_news(struct follower *follower, const struct raft_append_message *append)
{
	if (append->number > follower->number)
		follower->number = append->number;
	if (append->round > follower->round)
		follower->round = append->round;
	if (append->sent_ms > follower->sent_ms)
		follower->sent_ms = append->sent_ms;
}

void follower_heard(struct raft *core, const struct raft_message *message)
{
	core->heard_ms = core->now_ms;
	follower_reset_timer(core);
	if (raft_id_is_none(core->vote.history)) {
		core->vote.history = message->history;
		vote_changed(core);
	}
}

/* The guard has seen to the term; the sender leads it. */
void follower_append(struct raft *core, const struct raft_message *message)
{
	const struct raft_append_message *append = &message->append;
	enum raft_refusal refusal = RAFT_OK;

	if (append->ask_ms > RAFT_ELECTION_MS_MAX) {
		refuse_to_promise(core, message);
		return;
	}
	vote_promise(core, append->ask_ms);
	follower_heard(core, message);
	if (!runs_are_sound(append, message->term) || !lists_are_sound(append))
		refusal = RAFT_MALFORMED;
	else if (!core->follower.is_installing)
		refusal = take_entries(core, append);
	else
		core->follower.owes_reply = true;
	if (refusal != RAFT_OK)
		refuse(core, message, refusal);
	else
		note_news(&core->follower, append);
}

/* ---- what follows ---- */

static void send_reply(struct raft *core)
{
	struct follower *follower = &core->follower;
	const struct log *log = &core->log;

	follower->owes_reply = false;
	outbox_add(core, RAFT_MESSAGE_APPEND_REPLY, core->leader_id)->append_reply =
	        (struct raft_append_reply){
	                .match = follower->matched < log->synced ? follower->matched : log->synced,
	                .number = follower->number,
	                .round = follower->round,
	                .sent_ms = follower->sent_ms,
	                .commit = log->commit,
	                .health = core->condition.health,
	        };
}

void follower_settle(struct raft *core)
{
	if (core->follower.owes_reply && !raft_id_is_none(core->leader_id) && vote_can_speak(core))
		send_reply(core);
	if (core->now_ms >= core->stand_ms) {
		if (follower_may_stand(core)) {
			candidate_begin(core);
		} else {
			candidate_ask_for_seat(core);
			follower_reset_timer(core);
		}
	}
	outbox_wake(core, core->stand_ms);
}
