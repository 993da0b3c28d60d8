/* SPDX-License-Identifier: Apache-2.0 */
#include "raft/raft.h"

#include "base/err.h"
#include "base/mem.h"
#include "raft/raft_private.h"

static const char *const refusal_texts[] = {
        [RAFT_OK] = "done",
#define REFUSAL(name, text) [RAFT_##name] = text,
#include "raft/refusals.def"
#undef REFUSAL
};

const char *raft_refusal_text(enum raft_refusal refusal)
{
	if ((unsigned)refusal >= COUNT_OF(refusal_texts))
		return "a reason that this release does not know";
	return refusal_texts[refusal];
}

const char *raft_role_name(enum raft_role role)
{
	static const char *const names[] = {
	        [RAFT_FOLLOWER] = "follower",
	        [RAFT_PRE_CANDIDATE] = "pre-candidate",
	        [RAFT_CANDIDATE] = "candidate",
	        [RAFT_LEADER] = "leader",
	};

	return names[role];
}

/* ---- life ---- */

static bool is_address(const char *address)
{
	size_t size = address == NULL ? 0 : strnlen(address, RAFT_ADDRESS_BYTES_MAX + 1);

	return size > 0 && size <= RAFT_ADDRESS_BYTES_MAX;
}

static bool are_sound(const struct raft_options *options)
{
	for (size_t i = 0; i < options->address_count; i++)
		if (i == RAFT_MEMBERS_MAX || !is_address(options->addresses[i]))
			return false;
	return is_address(options->address) && !raft_id_is_none(options->self) &&
	       options->election_min_ms > 0 && options->election_min_ms <= RAFT_ELECTION_MS_MAX &&
	       options->election_max_ms >= options->election_min_ms && options->heartbeat_ms > 0 &&
	       options->heartbeat_ms < options->election_min_ms && options->retry_ms > 0 &&
	       options->append_bytes_max > 0 && options->window_bytes_max > 0 &&
	       options->chunk_bytes_max > 0;
}

static void copy_options(struct raft *core, const struct raft_options *options)
{
	core->options = *options;
	memcpy(core->address, options->address, strlen(options->address) + 1);
	core->options.address = core->address;
	for (size_t i = 0; i < options->address_count; i++)
		memcpy(core->addresses[i], options->addresses[i],
		       strlen(options->addresses[i]) + 1);
	core->configured_count = core->address_count = options->address_count;
	core->options.addresses = NULL;
	core->random = random_make(options->seed);
	core->session = random_u64(&core->random);
	core->condition.may_stand = true;
}

/* The only voter asks nobody, and waits for nobody. */
static bool is_only_voter(const struct raft *core)
{
	const struct raft_members *members = core_members(core);

	return members != NULL && core_is_voter(core, core->options.self) &&
	       raft_voter_count(members) == 1;
}

static void begin(struct raft *core)
{
	uint64_t deaf_ms = core->vote.asked_ms;

	if (IS_TWIN(core, VOTE_AFTER_RESTART))
		deaf_ms = 0;
	if (IS_TWIN(core, PROMISE_FORGOTTEN))
		deaf_ms = core->options.election_min_ms;
	core->deaf_until_ms = core->now_ms + deaf_ms;
	core->follower.matched = core->log.commit;
	follower_reset_timer(core);
	if (is_only_voter(core))
		core->stand_ms = core->deaf_until_ms;
}

/* Whoever else is in the lists is no member any more. */
static int stand_alone(struct raft *core)
{
	struct raft_members members = {.count = 1, .member = {{.is_voter = true}}};
	int rc = log_reserve(&core->log, 0, 1);

	if (rc < 0)
		return rc;
	members.member[0].id = core->options.self;
	memcpy(members.member[0].address, core->address, strlen(core->address) + 1);
	log_add_list(&core->log, core->log.last, &members, 0);
	return 0;
}

static bool has_written_list(const struct raft_start *start)
{
	return start->list_count > 0 && start->lists[start->list_count - 1].index > 0;
}

int raft_create(const struct raft_options *options, const struct raft_start *start,
                struct raft **ret_core)
{
	struct raft *core;
	int rc;

	if (!are_sound(options) ||
	    (raft_id_is_none(start->vote.history) && has_written_list(start)))
		return -ERR_INVALID;
	core = mem_zalloc(sizeof(*core));
	if (core == NULL)
		return -ERR_NO_MEMORY;
	core->magic = RAFT_MAGIC;
	core->now_ms = start->now_ms;
	core->vote = start->vote;
	copy_options(core, options);
	forming_init(core);
	rc = log_init(&core->log, start);
	if (rc == 0 && log_term(&core->log, core->log.last) > start->vote.term)
		rc = -ERR_INVALID;
	if (rc == 0 && core->vote.stands_alone)
		rc = stand_alone(core);
	if (rc < 0) {
		raft_destroy(core);
		return rc;
	}
	begin(core);
	*ret_core = core;
	return 0;
}

void raft_destroy(struct raft *core)
{
	if (core == NULL)
		return;
	log_finish(&core->log);
	mem_free(core);
}

/* ---- information ---- */

static enum raft_waiting waiting(const struct raft *core)
{
	const struct raft_members *members = core_members(core);

	if (core->role == RAFT_LEADER && raft_voter_count(members) == 1 && members->count > 1)
		return RAFT_WAITS_FOR_SECOND_LEARNER;
	if (core->vote.bound != RAFT_NO_BOUND && core_is_voter(core, core->options.self))
		return is_only_voter(core) ? RAFT_WAITS_FOR_UNKNOWN : RAFT_WAITS_FOR_LOST;
	return core->forming.waiting;
}

void raft_status(const struct raft *core, struct raft_status *ret_status)
{
	struct raft_status status = {
	        .role = core->role,
	        .term = core->vote.term,
	        .leader = core->leader_id,
	        .base = core->log.base,
	        .commit = core->log.commit,
	        .synced = core->log.synced,
	        .last = core->log.last,
	        .lease_until_ms = lease_until_ms(core),
	        .heard_ms = core->heard_ms,
	        .changes_members = membership_change_runs(core),
	        .waiting = waiting(core),
	        .unnamed = core->forming.unnamed[0] == '\0' ? NULL : core->forming.unnamed,
	};

	if (core->role == RAFT_LEADER) {
		status.serves_from = core->leader.first;
		status.hands_over = core->leader.transfer.is_on;
		status.peer_count = core->leader.peer_count;
	}
	for (size_t i = 0; i < status.peer_count; i++) {
		const struct progress *peer = &core->leader.peers[i];

		status.peers[i] = (struct raft_peer_status){
		        .id = peer->id,
		        .is_voter = peer->is_voter,
		        .match = peer->match,
		        .next = peer->next,
		        .commit = peer->commit,
		        .heard_ms = peer->heard_ms,
		        .health = peer->health,
		        .gets_checkpoint = peer->mode == PROGRESS_CHECKPOINT,
		};
	}
	*ret_status = status;
}

bool raft_takes_proposals(const struct raft *core)
{
	return core->role == RAFT_LEADER && !core->leader.transfer.is_on;
}

const struct raft_list *raft_members(const struct raft *core)
{
	return log_list(&core->log);
}

const struct raft_list *raft_members_at(const struct raft *core, uint64_t index)
{
	return log_list_at(&core->log, index);
}

/* Its disk may be full: those of the others are not to fill up with it. */
static bool is_stalled(const struct raft *core, const struct progress *peer)
{
	return core->now_ms - peer->moved_ms > RAFT_STALLED_MS && !peer->is_installing;
}

uint64_t raft_keep_from(const struct raft *core)
{
	uint64_t from = core->log.last + 1;

	for (size_t i = 0; core->role == RAFT_LEADER && i < core->leader.peer_count; i++) {
		const struct progress *peer = &core->leader.peers[i];
		uint64_t needed = peer->match + 1;

		if (peer->is_self || !progress_is_heard(core, peer) || is_stalled(core, peer))
			continue;
		if (peer->mode == PROGRESS_CHECKPOINT)
			needed = peer->checkpoint == 0 ? core->log.base + 1 : peer->checkpoint + 1;
		if (needed < from)
			from = needed;
	}
	return from;
}
