/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes wrong, and the trial: chaos first, then everything healed and progress demanded.
 */
#include "base/check.h"
#include "unit/raft/fixture.h"

enum { MS = 1000, DOWN_MAX = 3 };

/* Some node, the leader more often. */
static int any_node(struct world *world)
{
	int leader = world_leader(world);

	if (leader >= 0 && random_chance(&world->random, world->options.leader_percent, 100))
		return leader;
	return (int)random_below(&world->random, (uint64_t)world->node_count);
}

static bool one_in(struct world *world, uint64_t n)
{
	return random_chance(&world->random, 1, n);
}

/* ---- clients ---- */

void fx_client(struct world *world)
{
	for (int i = 0; i < world->node_count; i++) {
		if (world->nodes[i].role == RAFT_LEADER)
			world_propose(world, i);
		if (world->nodes[i].core != NULL &&
		    one_in(world, world->nodes[i].role == RAFT_LEADER ? 1 : 4))
			world_read(world, i);
	}
	fx_push(world,
	        (struct fx_event){.at_us = world->now_us + 1 + random_below(&world->random, 8 * MS),
	                          .kind = FX_CLIENT});
}

/* ---- network ---- */

static void split(struct world *world)
{
	uint64_t side = random_u64(&world->random);

	for (int i = 0; i < world->node_count; i++)
		for (int j = 0; j < world->node_count; j++)
			world->cut[i][j] = ((side >> i) & 1) != ((side >> j) & 1);
}

static void deafen(struct world *world, int node)
{
	for (int i = 0; i < world->node_count; i++)
		world_cut(world, i, node, true);
}

static void lose(struct world *world)
{
	world->loss_percent = (unsigned)random_below(&world->random, 30);
	world->double_percent = (unsigned)random_below(&world->random, 10);
}

static void slow_down(struct world *world)
{
	world->delay_max_us = 1 + random_below(&world->random, world->options.slow_us);
	world->sync_max_us = 1 + random_below(&world->random, one_in(world, 2) ? 100 * MS : 5 * MS);
}

/* ---- damage: one node at a time ---- */

static int voters_of_newest(const struct world *world)
{
	for (size_t i = world->committed_count; i-- > 0;)
		if (world->committed[i].entry.list != FX_NO_LIST)
			return (int)raft_voter_count(&world->lists[world->committed[i].entry.list]);
	return 0;
}

/* The newest list, if every node that is up has it and it is committed; else NULL. */
static const struct raft_members *stable_list(const struct world *world)
{
	const struct raft_members *members = NULL;
	uint64_t index = 0;

	for (size_t i = world->committed_count; i-- > 0 && index == 0;)
		if (world->committed[i].entry.list != FX_NO_LIST) {
			members = &world->lists[world->committed[i].entry.list];
			index = i + 1;
		}
	for (int i = 0; members != NULL && i < world->node_count; i++) {
		const struct fx_log *log = &world->nodes[i].log;

		if (raft_member_by_id(members, world->nodes[i].id) == NULL)
			continue;
		for (uint64_t at = index + 1; at <= fx_log_last(log); at++)
			if (at > log->base && fx_log_at(log, at)->list != FX_NO_LIST)
				return NULL;
		if (fx_log_last(log) < index)
			return NULL;
	}
	return members;
}

static bool is_damaged(const struct world *world)
{
	const struct fx_node *node;

	if (world->damaged_node < 0)
		return false;
	node = &world->nodes[world->damaged_node];
	if (raft_id_is_none(world->damaged)) /* a bound */
		return node->vote.bound != RAFT_NO_BOUND || node->vote_writes != NULL;
	/* wiped: until its old id is out and all is quiet */
	return stable_list(world) == NULL ||
	       raft_member_by_id(stable_list(world), world->damaged) != NULL;
}

void fx_wipe(struct world *world, int at)
{
	struct fx_node *node = &world->nodes[at];

	world_crash(world, at);
	world->damaged_node = at;
	world->damaged = node->id;
	node->old.is_there = true;
	node->old.id = node->id;
	node->old.vote = node->vote;
	node->old.checkpoint = node->checkpoint;
	fx_log_copy(&node->old.disk, &node->disk);
	world_format(world, at);
	world_start(world, at);
}

/* Nobody has a list in which losing that voter is more than a minority. */
static bool can_lose(const struct world *world, struct raft_id id)
{
	for (int i = 0; i < world->node_count; i++) {
		const struct fx_log *log = &world->nodes[i].log;

		for (size_t at = 0; at <= log->count; at++) {
			int list = at == 0 ? log->base_list : log->entries[at - 1].list;
			const struct raft_member *member;

			if (list == FX_NO_LIST)
				continue;
			member = raft_member_by_id(&world->lists[list], id);
			if (member != NULL && member->is_voter &&
			    raft_voter_count(&world->lists[list]) < 3)
				return false;
		}
	}
	return true;
}

/* The disk of before it was wiped comes back, and with it the id of then. */
void fx_bring_old_disk(struct world *world, int at)
{
	struct fx_node *node = &world->nodes[at];

	if (!node->old.is_there || node->core == NULL || world->damaged_node != at ||
	    !can_lose(world, node->id))
		return;
	world_crash(world, at);
	world->damaged = node->id;
	world_say(world, "node %d: has its old disk again", at);
	node->id = node->old.id;
	node->vote = node->old.vote;
	node->checkpoint = node->old.checkpoint;
	fx_log_copy(&node->disk, &node->old.disk);
	fx_log_copy(&node->log, &node->disk);
	node->old.is_there = false;
	world_start(world, at);
}

/* Entries that were synced, and perhaps acknowledged, are gone; what was dropped is known, or not.
 */
static void rot(struct world *world, int at)
{
	struct fx_node *node = &world->nodes[at];
	uint64_t floor, last, left;

	world_crash(world, at);
	last = fx_log_last(&node->disk);
	floor = node->checkpoint > node->disk.base ? node->checkpoint : node->disk.base;
	if (last == floor || node->vote.bound != RAFT_NO_BOUND)
		return;
	left = last - 1 - random_below(&world->random, last - floor < 8 ? last - floor : 8);
	world->damaged_node = at;
	world->damaged = (struct raft_id){0};
	if (one_in(world, 2)) {
		node->vote.bound = RAFT_BOUND_UNKNOWN;
	} else {
		node->vote.bound = RAFT_BOUND;
		node->vote.bound_index = last;
		node->vote.bound_term = fx_log_term(&node->disk, last);
	}
	world_say(world, "node %d: lost %ju to %ju, bound %s", at, (uintmax_t)left + 1,
	          (uintmax_t)last, node->vote.bound == RAFT_BOUND ? "known" : "unknown");
	fx_log_cut(&node->disk, left);
	fx_log_copy(&node->log, &node->disk);
	world_start(world, at);
}

static bool may_damage(struct world *world, int node)
{
	const struct raft_members *members = stable_list(world);
	const struct raft_member *member;

	if (members == NULL || is_damaged(world) || raft_voter_count(members) < 3)
		return false;
	member = raft_member_by_id(members, world->nodes[node].id);
	return member != NULL && member->is_voter && !world->nodes[node].is_removed;
}

/* ---- members, by command ---- */

static void remove_some(struct world *world)
{
	int leader = world_leader(world);
	struct raft_change change = {.kind = RAFT_CHANGE_REMOVE};
	const struct raft_list *list;

	if (leader < 0 || voters_of_newest(world) <= 2 || is_damaged(world))
		return;
	list = raft_members(world->nodes[leader].core);
	change.id = list->members.member[random_below(&world->random, list->members.count)].id;
	world_change(world, leader, change);
}

void fx_add(struct world *world, int node)
{
	struct raft_change change = {.kind = RAFT_CHANGE_ALLOW,
	                             .address = world->nodes[node].address};

	if (world->nodes[node].is_formatted && !world->nodes[node].is_removed)
		return;
	world_format(world, node);
	world_start(world, node);
	for (int i = 0; i < world->node_count; i++)
		world_change(world, i, change);
}

/* ---- processes ---- */

static int count_down(const struct world *world)
{
	int down = 0;

	for (int i = 0; i < world->node_count; i++)
		down += world->nodes[i].is_formatted && !world->nodes[i].is_removed &&
		        world->nodes[i].core == NULL;
	return down;
}

static void crash(struct world *world, int node)
{
	bool is_quick = random_chance(&world->random, world->options.quick_percent, 100);

	if (world->nodes[node].core == NULL || count_down(world) >= DOWN_MAX)
		return;
	world_crash(world, node);
	fx_push(world, (struct fx_event){.at_us = world->now_us +
	                                          random_below(&world->random,
	                                                       is_quick ? 20 * MS : 1000 * MS),
	                                 .kind = FX_START,
	                                 .node = node});
}

static enum fx_fault any_fault(struct world *world)
{
	unsigned sum = 0;
	uint64_t at;

	for (int i = 0; i < FX_FAULTS; i++)
		sum += world->options.weights[i];
	at = random_below(&world->random, sum);
	for (int i = 0; i < FX_FAULTS; i++) {
		if (at < world->options.weights[i])
			return (enum fx_fault)i;
		at -= world->options.weights[i];
	}
	return FX_FAULT_HEAL;
}

static void inflict(struct world *world, enum fx_fault fault)
{
	static const char *const names[] = {
	        "crash", "pause",   "transfer", "remove", "add",  "wipe", "rot",  "old disk",
	        "split", "isolate", "one way",  "deaf",   "loss", "slow", "heal",
	};
	int node = any_node(world), leader = world_leader(world);

	world_say(world, "%s (node %d)", names[fault], node);
	switch (fault) {
	case FX_FAULT_CRASH: crash(world, node); break;
	case FX_FAULT_PAUSE:
		world_pause(world, node, random_below(&world->random, 500 * MS));
		break;
	case FX_FAULT_TRANSFER:
		if (leader >= 0)
			world_transfer(world, leader, one_in(world, 2) ? node : -1);
		break;
	case FX_FAULT_REMOVE: remove_some(world); break;
	case FX_FAULT_ADD: fx_add(world, node); break;
	case FX_FAULT_WIPE:
		if (may_damage(world, node))
			fx_wipe(world, node);
		break;
	case FX_FAULT_ROT:
		if (may_damage(world, node))
			rot(world, node);
		break;
	case FX_FAULT_OLD_DISK:
		fx_bring_old_disk(world, world->damaged_node < 0 ? node : world->damaged_node);
		break;
	case FX_FAULT_SPLIT: split(world); break;
	case FX_FAULT_ISOLATE: world_isolate(world, node, true); break;
	case FX_FAULT_ONE_WAY:
		world_cut(world, node,
		          (int)random_below(&world->random, (uint64_t)world->node_count), true);
		break;
	case FX_FAULT_DEAF: deafen(world, node); break;
	case FX_FAULT_LOSS: lose(world); break;
	case FX_FAULT_SLOW: slow_down(world); break;
	case FX_FAULT_HEAL:
	case FX_FAULTS: world_heal(world); break;
	}
}

void fx_chaos(struct world *world)
{
	if (world->is_healed)
		return;
	inflict(world, any_fault(world));
	fx_push(world,
	        (struct fx_event){.at_us = world->now_us +
	                                   random_below(&world->random, world->options.pace_us),
	                          .kind = FX_CHAOS});
}

struct fx_options fx_swarm(uint64_t seed)
{
	static const int sizes[] = {3, 3, 3, 3, 5, 5, 4, 1};
	static const uint64_t paces_us[] = {30 * MS, 100 * MS, 250 * MS};
	static const uint64_t slow_us[] = {5 * MS, 60 * MS, 400 * MS};
	struct random random = random_make(seed);
	struct fx_options options = {.seed = seed};

	options.members = sizes[random_below(&random, 8)];
	options.spares = (int)random_below(&random, 3);
	options.by_index = random_chance(&random, 1, 8);
	options.has_mixed_timeouts = random_chance(&random, 1, 3);
	options.leader_percent = (unsigned)random_below(&random, 3) * 30;
	options.quick_percent = (unsigned)random_below(&random, 3) * 50;
	options.pace_us = paces_us[random_below(&random, 3)];
	options.slow_us = slow_us[random_below(&random, 3)];
	for (int i = 0; i < FX_FAULTS; i++)
		if (random_chance(&random, 1, 2))
			options.weights[i] = 1 + (unsigned)random_below(&random, 3);
	options.weights[FX_FAULT_HEAL] += 1;
	return options;
}

/* ---- the trial ---- */

static bool all_have(const struct world *world, int leader, uint64_t index)
{
	const struct raft_list *list = raft_members(world->nodes[leader].core);

	for (size_t i = 0; i < list->members.count; i++) {
		int node = fx_node_of(world, list->members.member[i].id, NULL);
		bool is_current = raft_id_equal(world->nodes[node].id, list->members.member[i].id);

		if (is_current && !world->nodes[node].is_removed &&
		    world->nodes[node].commit < index)
			return false;
	}
	return true;
}

bool world_trial(struct world *world, uint64_t chaos_us)
{
	uint64_t until_us;
	uint64_t index;

	world_run(world, chaos_us);
	world->is_healed = true;
	world_heal(world);
	for (int i = 0; i < world->node_count && !world->is_failed; i++)
		world_start(world, i);
	if (!world->is_failed && !world_await_commit(world, 10000 * MS))
		world_fail(world, "no progress within ten seconds after everything was healed");
	index = world->committed_count;
	until_us = world->now_us + 10000 * MS;
	while (!world->is_failed && world->now_us < until_us) {
		int leader = world_leader(world);

		if (leader >= 0 && all_have(world, leader, index))
			return true;
		world_run(world, world->now_us + 10 * MS);
	}
	world_fail(world, "a member did not catch up within ten seconds");
	return false;
}
