/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A master without a seat: its id is in no list, and no leader is heard.
 *
 * It asks every configured address who is there.  If one belongs to a cluster whose list has this
 * id, the leader will come by itself.  If the list has it not (perhaps its address, under the id
 * that it had before it was wiped), the leader is asked to let it in as a learner.  If any is
 * silent, it may be the one that has everything: wait.  A master that was a member already and is
 * none any more does not join again: the leader tells it whether it was taken out.
 *
 * If all answer and all are empty, the lowest address forms the cluster.  First it binds all of
 * them to a history, named by its own id: a master that is bound votes for nobody of another
 * history and takes no entry of it (docs/decisions/0004).  When all have bound themselves, durably,
 * it writes the first entries, and the others get them from it as followers do.
 */
#include "raft/raft_private.h"

enum { ANSWER_RETRIES = 3 }; /* an answer is good for so many times retry_ms */

uint64_t forming_hash(const char *address)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (const char *at = address; *at != '\0'; at++)
		hash = (hash ^ (uint8_t)*at) * 0x100000001b3u;
	return hash;
}

void forming_init(struct raft *core)
{
	for (size_t i = 0; i < core->configured_count; i++)
		core->configured_hash += forming_hash(core->addresses[i]);
}

/* A voter finds out by asking for votes whether its seat is still its own.  A learner's may have
 * been lost with the leader that gave it, or taken while it was down, and then nobody comes by to
 * say so: who hears no leader asks. */
static bool is_seated(const struct raft *core)
{
	return core_is_voter(core, core->options.self);
}

static bool hears_leader(const struct raft *core)
{
	return core->role == RAFT_LEADER ||
	       (!raft_id_is_none(core->leader_id) &&
	        core->now_ms - core->heard_ms < core->options.election_max_ms);
}

/* ---- asked ---- */

/* For good: only `format` frees a master that is bound. */
static void bind(struct raft *core, struct raft_id history)
{
	if (!raft_id_is_none(core->vote.history))
		return;
	core->vote.history = history;
	vote_changed(core);
}

void forming_asked(struct raft *core, const struct raft_message *message)
{
	const struct log *log = &core->log;
	struct raft_answer_message answer = {
	        .address = message->ask.address,
	        .configured_hash = core->configured_hash,
	        .token = message->ask.token,
	        .last = log->last,
	        .last_term = log_term(log, log->last),
	        .is_unsure = core->vote.bound == RAFT_BOUND_UNKNOWN,
	        .leader = core->leader_id,
	        .list = log_list(log),
	};

	if (core->vote.bound == RAFT_BOUND &&
	    !log_is_not_below(answer.last_term, answer.last, core->vote.bound_term,
	                      core->vote.bound_index)) {
		answer.last = core->vote.bound_index;
		answer.last_term = core->vote.bound_term;
	}
	if (message->ask.binds && core_is_empty(core))
		bind(core, message->from);
	if (vote_can_speak(core)) /* else it will be asked again */
		outbox_add(core, RAFT_MESSAGE_ANSWER, message->from)->answer = answer;
}

/* ---- asking ---- */

static bool is_own(const struct raft *core, size_t at)
{
	return strcmp(core->addresses[at], core->address) == 0;
}

void forming_ask(struct raft *core, struct raft_id to, const char *address)
{
	struct raft_message *message = outbox_add(core, RAFT_MESSAGE_ASK, to);

	message->to_address = address;
	message->ask = (struct raft_ask_message){
	        .address = address,
	        .binds = core->forming.binds,
	        .configured_hash = core->configured_hash,
	        .token = core->session + core->now_ms,
	};
}

uint64_t forming_asked_ms(const struct raft *core, const struct raft_answer_message *answer)
{
	uint64_t asked_ms = answer->token - core->session;

	return asked_ms <= core->now_ms ? asked_ms : NEVER;
}

static void ask_all(struct raft *core)
{
	for (size_t i = 0; i < core->configured_count; i++)
		if (!is_own(core, i))
			forming_ask(core, (struct raft_id){0}, core->addresses[i]);
}

/* Which of the members are configured here, and the address of one that is not; empty: all are. */
static uint64_t look_whom_it_names(struct raft *core, const struct raft_members *members)
{
	uint64_t hash = 0;

	core->forming.unnamed[0] = '\0';
	for (size_t i = 0; i < members->count; i++) {
		const char *address = members->member[i].address;

		if (core_has_address(core, core->configured_count, address))
			hash += forming_hash(address);
		else
			memcpy(core->forming.unnamed, address, strlen(address) + 1);
	}
	return hash;
}

static void ask_leader(struct raft *core, const struct raft_answer_message *answer,
                       struct raft_id history)
{
	const struct raft_member *leader =
	        raft_member_by_id(&answer->list->members, answer->leader);
	struct raft_message *message;

	core->forming.waiting = RAFT_WAITS_FOR_LEADER;
	if (leader == NULL)
		return;
	memcpy(core->forming.leader_address, leader->address, sizeof(leader->address));
	if (core_seat(core) != NULL) {
		candidate_ask_leader(core, leader->id, core->forming.leader_address);
		return;
	}
	core->forming.waiting = RAFT_WAITS_TO_JOIN;
	message = outbox_add(core, RAFT_MESSAGE_JOIN, leader->id);
	message->to_address = core->forming.leader_address;
	message->join = (struct raft_join_message){
	        .address = core->address,
	        .named_hash = look_whom_it_names(core, &answer->list->members),
	};
	bind(core, history);
}

void forming_answered(struct raft *core, const struct raft_message *message)
{
	const struct raft_answer_message *answer = &message->answer;
	struct sighting sighting = {
	        .asked_ms = forming_asked_ms(core, answer),
	        .id = message->from,
	        .history = message->history,
	        .is_empty = answer->list == NULL && answer->last == 0,
	        .configured_hash = answer->configured_hash,
	};

	if (is_seated(core) || hears_leader(core) || sighting.asked_ms == NEVER)
		return;
	for (size_t i = 0; i < core->configured_count; i++)
		if (strcmp(core->addresses[i], answer->address) == 0)
			core->forming.seen[i] = sighting;
	if (answer->list == NULL)
		return;
	if (!raft_id_is_none(core->vote.history) &&
	    !raft_id_equal(message->history, core->vote.history)) {
		outbox_refuse(core, RAFT_FOREIGN);
		return;
	}
#ifdef RAFT_TWINS
	if (IS_TWIN(core, WIPED_VOTER_COUNTS) && core_is_empty(core) &&
	    raft_member_by_address(&answer->list->members, core->address) != NULL)
		core->options.self =
		        raft_member_by_address(&answer->list->members, core->address)->id;
#endif
	if (raft_member_by_id(&answer->list->members, core->options.self) != NULL)
		core->forming.waiting = RAFT_WAITS_FOR_LEADER;
	else
		ask_leader(core, answer, message->history);
}

void forming_join_reply(struct raft *core, const struct raft_message *message)
{
	if (message->join.refusal != RAFT_OK)
		outbox_refused_by(core, message->from, message->join.refusal);
	/* By a committed list; who was never in one is not answered so. */
	if (message->join.refusal == RAFT_NOT_MEMBER && !core->vote.is_removed &&
	    raft_id_equal(message->history, core->vote.history)) {
		core->vote.is_removed = true;
		vote_changed(core);
	}
}

/* ---- forming ---- */

static bool is_fresh(const struct raft *core, const struct sighting *sighting)
{
	return sighting->asked_ms != 0 &&
	       core->now_ms - sighting->asked_ms <= ANSWER_RETRIES * core->options.retry_ms;
}

static void add_voter(struct raft_members *members, struct raft_id id, const char *address)
{
	struct raft_member *member = &members->member[members->count++];

	*member = (struct raft_member){.id = id, .is_voter = true};
	memcpy(member->address, address, strlen(address) + 1);
}

static void form(struct raft *core)
{
	struct raft_members members = {0};

	add_voter(&members, core->options.self, core->address);
	for (size_t i = 0; i < core->configured_count; i++)
		if (!is_own(core, i) && is_fresh(core, &core->forming.seen[i]))
			add_voter(&members, core->forming.seen[i].id, core->addresses[i]);
	bind(core, core->options.self);
	vote_set_term(core, core->vote.term + 1, core->options.self);
	outbox_append(core, RAFT_FROM_FORMING, 2, &members);
	core->stand_ms = core->now_ms > core->deaf_until_ms ? core->now_ms : core->deaf_until_ms;
}

struct finding {
	bool all_answered, all_bound;
	bool has_answered;         /* whom this one is bound to */
	enum raft_refusal refusal; /* RAFT_OK: who answered is empty and has the same addresses */
};

/* Two names of one machine, or an address that leads elsewhere than it seems. */
static bool is_seen_before(const struct raft *core, size_t at)
{
	const struct sighting *seen = core->forming.seen;

	for (size_t i = 0; i < at; i++)
		if (is_fresh(core, &seen[i]) && raft_id_equal(seen[i].id, seen[at].id))
			return true;
	return false;
}

/* Than this one is, or would be.  Those that are bound alike wait for the same who forms. */
static bool is_bound_to_other(const struct raft *core, const struct sighting *seen)
{
	return !raft_id_is_none(seen->history) &&
	       !raft_id_equal(seen->history, core->options.self) &&
	       !raft_id_equal(seen->history, core->vote.history);
}

static struct finding look_around(const struct raft *core)
{
	struct finding finding = {.all_answered = true, .all_bound = true};

	for (size_t i = 0; i < core->configured_count; i++) {
		const struct sighting *seen = &core->forming.seen[i];

		if (is_own(core, i))
			continue;
		if (!is_fresh(core, seen)) {
			finding.all_answered = false;
			continue;
		}
		finding.all_bound &= raft_id_equal(seen->history, core->options.self);
		finding.has_answered |= raft_id_equal(seen->id, core->vote.history);
		if (!seen->is_empty)
			finding.refusal = RAFT_HAS_CLUSTER;
		else if (is_bound_to_other(core, seen) && finding.refusal == RAFT_OK)
			finding.refusal = RAFT_BOUND_ELSEWHERE;
		else if (seen->configured_hash != core->configured_hash &&
		         finding.refusal == RAFT_OK)
			finding.refusal = RAFT_CONFIGURED_DIFFERS;
		else if (is_seen_before(core, i) && finding.refusal == RAFT_OK)
			finding.refusal = RAFT_SAME_MASTER;
	}
	return finding;
}

static bool is_lowest(const struct raft *core)
{
	bool is_configured = core->configured_count == 0;

	for (size_t i = 0; i < core->configured_count; i++) {
		if (strcmp(core->addresses[i], core->address) < 0)
			return false;
		is_configured |= is_own(core, i);
	}
	return is_configured;
}

void forming_form(struct raft *core)
{
	enum raft_refusal refusal =
	        core_is_empty(core) ? look_around(core).refusal : RAFT_HAS_CLUSTER;

	if (refusal != RAFT_OK)
		outbox_refuse(core, refusal);
	else
		core->forming.is_forced = true;
}

/* It asked a cluster to let it in that was given up since: whoever binds itself to this master
 * takes nothing from who belongs to that. */
static bool is_bound_elsewhere(const struct raft *core)
{
	return !raft_id_is_none(core->vote.history) &&
	       !raft_id_equal(core->vote.history, core->options.self);
}

static enum raft_waiting waits_for(enum raft_refusal refusal)
{
	if (refusal == RAFT_CONFIGURED_DIFFERS)
		return RAFT_WAITS_FOR_SAME_LISTS;
	return refusal == RAFT_SAME_MASTER ? RAFT_WAITS_FOR_OTHER_NAMES : RAFT_WAITS_FOR_FORMAT;
}

static void form_if_due(struct raft *core)
{
	struct forming *forming = &core->forming;
	struct finding finding = look_around(core);
	bool is_mine = is_lowest(core) || forming->is_forced, had_asked = forming->binds;

	forming->binds = false;
	if (!core_is_empty(core) || finding.refusal == RAFT_HAS_CLUSTER)
		return;
	if (finding.refusal != RAFT_OK) {
		forming->waiting = waits_for(finding.refusal);
		outbox_refuse(core, finding.refusal);
		return;
	}
	forming->waiting = RAFT_WAITS_FOR_ANSWERS;
	if (!finding.all_answered && !forming->is_forced)
		return;
	if (is_bound_elsewhere(core) && (is_mine || !finding.has_answered)) {
		forming->waiting = RAFT_WAITS_FOR_OWN_FORMAT;
	} else if (!is_mine) {
		forming->waiting = RAFT_WAITS_FOR_LOWEST;
	} else if (finding.all_bound) {
		form(core);
	} else {
		forming->binds = true;
		if (!had_asked)
			forming->ask_ms = core->now_ms;
	}
}

void forming_settle(struct raft *core)
{
	struct forming *forming = &core->forming;

	if (is_seated(core) || hears_leader(core) || core->vote.is_removed) {
		forming->waiting = RAFT_WAITS_FOR_NOTHING;
		return;
	}
	form_if_due(core);
	if (is_seated(core)) {
		forming->waiting = RAFT_WAITS_FOR_NOTHING;
		return;
	}
	if (core->now_ms >= forming->ask_ms) {
		forming->ask_ms = core->now_ms + core->options.retry_ms;
		ask_all(core);
	}
	outbox_wake(core, forming->ask_ms);
}
