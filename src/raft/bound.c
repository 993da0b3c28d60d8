/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A voter that lost entries which it may have acknowledged (torn and rotten ends of its log).
 *
 * With a bound, the place of the highest entry lost, it counts as one whose log ends there: it
 * votes for nobody below, and does not stand.  The bound goes when the log, synced, is not below it
 * any more under a leader.
 *
 * Without one it asks all other voters, and whoever their lists name beside.  A leader has every
 * entry that this voter ever helped to commit, so the end of its log will do, if it says so when
 * asked: an append may be an old one, sent before what was lost.
 *
 * Otherwise all must answer, twice: every second question is asked after all first answers are
 * there.  A leader may still count what this voter acknowledged before it was lost, commit the
 * entry with one that had answered before it had that entry, and then lose its own copy, not synced
 * yet, before it answers.  But who leads no longer when it answers first commits nothing after
 * that: another one of the majority has the entry then, and says so when asked again.  And who
 * still leads has it in its log.  So the highest of all answers is not below what was committed.
 *
 * Who has lost entries itself and does not know how many does not count as one that answered
 * (docs/decisions/0006).  All this needs lists of three and more: of two, the entry that made a
 * second one a voter may be known to that one alone, which an older list does not name.
 *
 * With accepts_loss (docs/decisions/0009) both of that is waived: all others must still answer, but
 * what they have left will do, however many they are.
 */
#include "raft/raft_private.h"

enum { VOTERS_MIN = 3 };

enum raft_refusal bound_judge(const struct raft *core, uint64_t last_term, uint64_t last)
{
	const struct raft_vote *vote = &core->vote;

	if (IS_TWIN(core, BOUND_FORGOTTEN))
		return RAFT_OK;
	if (vote->bound == RAFT_BOUND_UNKNOWN)
		return RAFT_BOUND_UNKNOWN_YET;
	if (vote->bound == RAFT_BOUND &&
	    !log_is_not_below(last_term, last, vote->bound_term, vote->bound_index))
		return RAFT_BOUND_ABOVE;
	return RAFT_OK;
}

/* True if what is synced here, up to `index`, is not below the bound. */
static bool is_reached(const struct raft *core, uint64_t index)
{
	const struct log *log = &core->log;

	if (index > log->synced)
		index = log->synced;
	return index >= log->base &&
	       log_is_not_below(log_term(log, index), index, core->vote.bound_term,
	                        core->vote.bound_index);
}

static void set(struct raft *core, enum raft_bound bound, uint64_t term, uint64_t index)
{
	core->vote.bound = bound;
	core->vote.bound_term = term;
	core->vote.bound_index = index;
	vote_changed(core);
}

static void add_voters(struct bound_search *search, const struct raft_members *members,
                       struct raft_id self)
{
	if (raft_voter_count(members) < VOTERS_MIN)
		search->is_hopeless = true;
	for (size_t i = 0; i < members->count; i++) {
		const struct raft_member *member = &members->member[i];
		size_t at = 0;

		if (!member->is_voter || raft_id_equal(member->id, self))
			continue;
		while (at < search->count && !raft_id_equal(search->asked[at].id, member->id))
			at++;
		if (at < search->count)
			continue;
		if (search->count == COUNT_OF(search->asked)) {
			search->is_hopeless = true;
			return;
		}
		search->asked[search->count] = (struct bound_answer){.id = member->id};
		memcpy(search->asked[search->count].address, member->address,
		       sizeof(member->address));
		search->count++;
	}
}

/* If what is left here is not below it, nothing that counts was lost. */
static void found(struct raft *core, uint64_t term, uint64_t index)
{
	set(core, RAFT_BOUND, term, index);
	if (is_reached(core, core->log.synced))
		set(core, RAFT_NO_BOUND, 0, 0);
}

static void note_answer(struct bound_search *search, const struct raft_message *message,
                        uint64_t asked_ms)
{
	const struct raft_answer_message *answer = &message->answer;

	for (size_t i = 0; i < search->count; i++)
		if (raft_id_equal(search->asked[i].id, message->from)) {
			search->asked[i].has_answered = true;
			search->asked[i].has_confirmed |=
			        search->again_ms != 0 && asked_ms >= search->again_ms;
		}
	if (log_is_not_below(answer->last_term, answer->last, search->term, search->index)) {
		search->term = answer->last_term;
		search->index = answer->last;
	}
}

/* Begins the second round when all have answered; the first again when one more is to be asked.
 * True when both are over. */
static bool is_complete(struct bound_search *search, uint64_t now_ms)
{
	bool all_answered = true, all_confirmed = true;

	for (size_t i = 0; i < search->count; i++) {
		all_answered &= search->asked[i].has_answered;
		all_confirmed &= search->asked[i].has_confirmed;
	}
	if (all_answered && search->again_ms == 0) {
		search->ask_ms = search->again_ms = now_ms + 1;
	} else if (!all_answered) {
		search->again_ms = 0;
		for (size_t i = 0; i < search->count; i++)
			search->asked[i].has_confirmed = false;
	}
	return all_answered && all_confirmed;
}

void bound_answered(struct raft *core, const struct raft_message *message)
{
	const struct raft_answer_message *answer = &message->answer;
	struct bound_search *search = &core->bound;
	uint64_t asked_ms = forming_asked_ms(core, answer);

	if (core->vote.bound != RAFT_BOUND_UNKNOWN || (answer->list == NULL && answer->last > 0) ||
	    (answer->is_unsure && !core->options.accepts_loss) ||
	    !raft_id_equal(message->history, core->vote.history) || asked_ms == NEVER)
		return;
	if (raft_id_equal(answer->leader, message->from) && message->term >= core->vote.term) {
		found(core, answer->last_term, answer->last);
		return;
	}
	note_answer(search, message, asked_ms);
	if (answer->list != NULL) /* else it was bound, and got nothing yet */
		add_voters(search, &answer->list->members, core->options.self);
	if (is_complete(search, core->now_ms) &&
	    (!search->is_hopeless || core->options.accepts_loss))
		found(core, search->term, search->index);
}

static bool is_awaited(const struct bound_search *search, const struct bound_answer *answer)
{
	return !answer->has_answered || (search->again_ms != 0 && !answer->has_confirmed);
}

static void ask_all(struct raft *core)
{
	struct bound_search *search = &core->bound;
	const struct raft_members *members = core_members(core);

	if (members == NULL)
		return;
	if (core->now_ms >= search->ask_ms) {
		search->ask_ms = core->now_ms + core->options.retry_ms;
		add_voters(search, members, core->options.self);
		if (search->count == 0 && core->options.accepts_loss)
			found(core, 0, 0); /* there is nobody to ask */
		for (size_t i = 0; i < search->count; i++)
			if (is_awaited(search, &search->asked[i]))
				forming_ask(core, search->asked[i].id, search->asked[i].address);
	}
	outbox_wake(core, search->ask_ms);
}

void bound_settle(struct raft *core)
{
	if (core->vote.bound == RAFT_BOUND_UNKNOWN)
		ask_all(core);
	else if (core->vote.bound == RAFT_BOUND && !raft_id_is_none(core->leader_id) &&
	         is_reached(core, core->follower.matched))
		set(core, RAFT_NO_BOUND, 0, 0);
}
