/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How this master is, which its peers hear with every answer: a primary with a slow or full disk
 * hands over to a voter that says it is better, for a slow disk at most once in 30 s; else it stays
 * and says so.
 */
#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "journal/replicated.h"
#include "journal/text.h"

enum {
	HAND_OVER_US = 30 * 1000 * 1000,
	FULL_HAND_OVER_US = 1000 * 1000,
	LOOK_US = 25 * 1000,
	LOOK_ALONE_US = 250 * 1000, /* nobody could take over */
	/* Bits: the higher, the worse. */
	DISK_IS_SLOW = 1,
	DISK_IS_FULL = 2,
};

/* A sync that takes half of the time after which masters count as dead is felt by clients. */
static uint64_t slow_us(const struct replicated *replicated)
{
	return replicated->options.election_min_ms * 1000 / 2;
}

/* Whoever writes nothing cannot show that the disk has become faster: what is known of it counts
 * half with every second. */
static uint64_t mean_sync_us(const struct commit *commit, uint64_t now_us)
{
	uint64_t idle_s = (now_us - commit->submitted_us) / (1000 * 1000);

	return idle_s > 63 ? 0 : commit->mean_sync_us >> idle_s;
}

static uint32_t health(const struct replicated *replicated)
{
	const struct journal *journal = replicated->journal;
	const struct commit *commit = &journal->commit;
	uint64_t now_us = io_now_us(journal->io);
	uint64_t waits_us = hang_us(&commit->hang);
	uint32_t health = journal->prepare.is_out_of_room ? DISK_IS_FULL : 0;

	if (waits_us >= slow_us(replicated) || mean_sync_us(commit, now_us) >= slow_us(replicated))
		health |= DISK_IS_SLOW;
	return health;
}

/* Another voter that is heard says that it is better than so. */
static bool is_anyone_better(const struct replicated *replicated, uint32_t health)
{
	struct raft_status status;

	raft_status(replicated->core, &status);
	for (size_t i = 0; i < status.peer_count; i++) {
		const struct raft_peer_status *peer = &status.peers[i];

		if (!replicated_is_self(replicated, peer->id) && peer->is_voter &&
		    peer->health < health &&
		    replicated_now_ms(replicated) - peer->heard_ms <
		            replicated->options.election_max_ms)
			return true;
	}
	return false;
}

/* Disks are slow by turns, and primacy must not follow each of them; who has a full one cannot
 * write at all (docs/decisions/0008). */
static uint64_t pause_us(const struct replicated *replicated)
{
	return (replicated->condition.health & DISK_IS_FULL) != 0 ? FULL_HAND_OVER_US
	                                                          : HAND_OVER_US;
}

bool replicated_will_hand_over(const struct replicated *replicated)
{
	return replicated->role == RAFT_LEADER && is_anyone_better(replicated, DISK_IS_FULL);
}

static void hand_over(struct replicated *replicated)
{
	struct journal *journal = replicated->journal;
	uint64_t now_us = io_now_us(journal->io);
	struct raft_event event = {.kind = RAFT_TRANSFER};

	if (replicated->role != RAFT_LEADER || replicated->condition.health == 0 ||
	    (replicated->handed_over_us != 0 &&
	     now_us - replicated->handed_over_us < pause_us(replicated)) ||
	    !is_anyone_better(replicated, replicated->condition.health))
		return;
	replicated->handed_over_us = now_us;
	journal_notice(
	        journal, -ERR_AGAIN,
	        text_make("%s: the disk is %s; primacy goes to a master that says its own is "
	                  "better. What it writes has taken %" PRIu64
	                  " ms so far, syncs take %" PRIu64 " us in the mean",
	                  journal->folder,
	                  replicated->condition.health & DISK_IS_FULL ? "full" : "slow",
	                  hang_us(&journal->commit.hang) / 1000, journal->commit.mean_sync_us));
	replicated_step(replicated, &event);
}

static void tell(struct replicated *replicated, const struct raft_condition *condition)
{
	struct raft_condition *known = &replicated->condition;
	struct raft_event event = {.kind = RAFT_CONDITION, .condition = *condition};

	if (condition->may_stand == known->may_stand && condition->health == known->health &&
	    condition->handicap_ms == known->handicap_ms)
		return;
	*known = *condition;
	replicated_step(replicated, &event);
}

void replicated_health_tell_odd(struct replicated *replicated)
{
	struct raft_condition condition = replicated->condition;

	condition.may_stand = !replicated->is_odd;
	tell(replicated, &condition);
}

static void look(struct io_timer *timer)
{
	struct replicated *replicated = CONTAINER_OF(timer, struct replicated, look);
	struct raft_condition condition = {.may_stand = !replicated->is_odd,
	                                   .health = health(replicated)};

	io_timer_start(timer, replicated_is_alone(replicated) ? LOOK_ALONE_US : LOOK_US);
	if (replicated_is_skewed(replicated))
		condition.handicap_ms = (uint32_t)replicated->options.election_max_ms;
	tell(replicated, &condition);
	hand_over(replicated);
	replicated_look_at_distance(replicated);
	replicated_look_at_waiting(replicated);
	replicated_look_at_members(replicated);
}

void replicated_health_init(struct replicated *replicated)
{
	io_timer_init(replicated->journal->io, &replicated->look, look);
	replicated->condition.may_stand = true;
}

void replicated_health_start(struct replicated *replicated)
{
	io_timer_start(&replicated->look, LOOK_US);
}

void replicated_health_stop(struct replicated *replicated)
{
	io_timer_stop(&replicated->look);
}
