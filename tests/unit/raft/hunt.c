/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/raft/hunt.h"

#include "base/check.h"
#include "raft/twins.h"

enum { MS = 1000, CHAOS_US = 8000 * MS, ROUNDS = 10 };

static int any_other(struct world *world, int node)
{
	return (int)((node + 1 +
	              (int)random_below(&world->random, (uint64_t)world->node_count - 1)) %
	             world->node_count);
}

static void run_some(struct world *world, uint64_t most_us)
{
	world_run(world, world->now_us + random_below(&world->random, most_us));
}

static void restart(struct world *world, int node)
{
	world_crash(world, node);
	run_some(world, 5 * MS);
	world_start(world, node);
}

static void cut_both(struct world *world, int a, int b, bool is_cut)
{
	world_cut(world, a, b, is_cut);
	world_cut(world, b, a, is_cut);
}

/* ---- plots ---- */

/* A voter gives its vote and dies before the record is synced; another candidate, who cannot hear
 * the first, asks it again. */
static void plot_double_vote(struct world *world)
{
	int first = world_await_leader(world, 3000 * MS), voter, other;

	if (first < 0)
		return;
	world_crash(world, first);
	world->sync_max_us = 100 * MS;
	other = any_other(world, first);
	voter = 3 - first - other;
	world_start(world, first);
	cut_both(world, first, other, true);
	for (int i = 0; i < 2000 && world_leader(world) < 0; i++)
		world_run(world, world->now_us + 1 * MS);
	if (world_leader(world) < 0)
		return;
	world_isolate(world, world_leader(world), true);
	restart(world, voter);
	world_run(world, world->now_us + 1000 * MS);
}

/* The leader is cut off, and the voters that answered it last start anew. */
static void plot_restart_under_lease(struct world *world)
{
	int leader;

	world_run(world, world->now_us + 700 * MS);
	leader = world_leader(world);
	if (leader < 0)
		return;
	world_isolate(world, leader, true);
	for (int i = 0; i < world->node_count; i++)
		if (i != leader)
			restart(world, i);
	world_run(world, world->now_us + 800 * MS);
}

/* As the list of `of` has it; NULL: it does not. */
static const struct raft_member *member(const struct world *world, int of, int node)
{
	const struct raft_list *list = raft_members(world->nodes[of].core);

	return list == NULL ? NULL : raft_member_by_id(&list->members, world->nodes[node].id);
}

static bool votes(const struct world *world, int leader, int node)
{
	return member(world, leader, node) != NULL && member(world, leader, node)->is_voter;
}

/* In small steps, until that node leads no more or `is_there` holds. */
static void run_while_leads(struct world *world, int leader,
                            bool (*is_there)(const struct world *, int, int), int node)
{
	for (int i = 0;
	     i < 20000 && world_leader(world) == leader && !is_there(world, leader, node); i++)
		world_run(world, world->now_us + 100);
}

static int await_other_leader(struct world *world, int leader)
{
	for (int i = 0; i < 20000 && (world_leader(world) == leader || world_leader(world) < 0);
	     i++)
		world_run(world, world->now_us + 100);
	return world_leader(world) == leader ? -1 : world_leader(world);
}

/* A wiped voter is replaced, and the third one is cut off as soon as the successor may vote; then
 * the old disk comes back. */
static void plot_old_disk(struct world *world)
{
	int leader = world_await_leader(world, 3000 * MS), wiped, third;

	if (leader < 0 || !world_await_commit(world, 3000 * MS))
		return;
	wiped = any_other(world, leader);
	third = 3 - leader - wiped;
	fx_wipe(world, wiped);
	run_while_leads(world, leader, votes, wiped);
	world_isolate(world, third, true);
	world_run(world, world->now_us + 100 * MS);
	fx_bring_old_disk(world, wiped);
	world_heal(world);
	world_isolate(world, leader, true);
	world_run(world, world->now_us + 2000 * MS);
}

/* In a list that each of those before it knows to be committed. */
static bool is_known_to_all(const struct world *world, int leader, int node)
{
	(void)leader;
	for (int i = 0; i < node; i++)
		if (member(world, i, node) == NULL ||
		    world->nodes[i].commit < raft_members(world->nodes[i].core)->index)
			return false;
	return true;
}

/* Two leaders in turn, each with a change of members that only its own side has: the first makes
 * the fifth a voter, the second takes the first out. */
static void plot_two_changes(struct world *world)
{
	int first = world_await_leader(world, 3000 * MS), fifth = 4, second, fourth = 0;
	struct raft_change change = {.kind = RAFT_CHANGE_REMOVE};

	if (first < 0 || !world_await_commit(world, 3000 * MS))
		return;
	fx_add(world, fifth);
	run_while_leads(world, first, is_known_to_all, fifth);
	for (int i = 0; i < fifth; i++)
		if (i != first) {
			cut_both(world, i, first, true);
			cut_both(world, i, fifth, true);
		}
	second = await_other_leader(world, first);
	if (second < 0 || world->is_failed)
		return;
	while (fourth == first || fourth == second)
		fourth++;
	world_crash(world, fourth); /* it gave its vote, and the second's entries do not come */
	world_isolate(world, fourth, true);
	change.id = world->nodes[first].id;
	world_change(world, second, change);
	world_run(world, world->now_us + 100 * MS);
	world_start(world, fourth);
	cut_both(world, fourth, first, false);
	cut_both(world, fourth, fifth, false);
	world_run(world, world->now_us + 2000 * MS);
}

static bool has_committed(const struct world *world, int leader, int before)
{
	return world->nodes[leader].commit > (uint64_t)before;
}

/* Raft, figure 8: an entry of an older term on a majority, and a candidate that has none of it but
 * a younger one. */
static void plot_figure_8(struct world *world)
{
	int first = world_await_leader(world, 3000 * MS), fifth, third;

	if (first < 0 || !world_await_commit(world, 3000 * MS))
		return;
	for (int i = 1; i < world->node_count; i++) /* has its entries alone */
		cut_both(world, first, (first + i) % world->node_count, true);
	run_some(world, 280 * MS);
	fifth = await_other_leader(world, first);
	if (fifth < 0 || world->is_failed)
		return;
	world_isolate(world, fifth, true);
	for (int i = 0; i < world->node_count; i++)
		if (i != fifth)
			cut_both(world, first, i, false);
	third = await_other_leader(world, fifth);
	for (int i = 0; third != first && i < 20; i++) {
		/* the one with the older entries must be it */
		world_pause(world, third < 0 ? any_other(world, first) : third, 300 * MS);
		world_run(world, world->now_us + 100 * MS);
		third = world_leader(world);
	}
	if (third != first || world->is_failed)
		return;
	run_while_leads(world, first, has_committed, (int)world->nodes[first].commit);
	world_heal(world);
	world_isolate(world, first, true);
	world_run(world, world->now_us + 1500 * MS);
}

/* The leader is cut off and goes on answering reads as long as it thinks it may. */
static void plot_cut_off(struct world *world)
{
	int leader;

	if (random_chance(&world->random, 1, 2))
		world->delay_max_us = 50 * MS;
	world_run(world, world->now_us + 700 * MS);
	leader = world_leader(world);
	if (leader < 0)
		return;
	world_heal(world);
	world_isolate(world, leader, true);
	world_run(world, world->now_us + 500 * MS);
}

/* One master hears nobody for a while; the others must not notice. */
static void plot_deaf(struct world *world)
{
	struct raft_status before, after;
	int leader = world_await_leader(world, 3000 * MS), deaf;

	if (leader < 0)
		return;
	deaf = any_other(world, leader);
	raft_status(world->nodes[leader].core, &before);
	for (int i = 0; i < world->node_count; i++)
		world_cut(world, i, deaf, true);
	run_some(world, 2000 * MS);
	world_heal(world);
	world_run(world, world->now_us + 500 * MS);
	raft_status(world->nodes[leader].core, &after);
	if (after.role != RAFT_LEADER || after.term != before.term)
		world_fail(world, "needless election: a master that heard nobody deposed a leader "
		                  "that a majority heard");
}

/* ---- grounds ---- */

struct ground {
	uint64_t seed;                     /* finds it */
	void (*plot)(struct world *world); /* NULL: chaos, as the swarm has it */
	int members, spares;
	bool has_mixed_timeouts;
};

static const struct ground grounds[RAFT_TWINS_END] = {
        [RAFT_TWIN_VOTE_NOT_SYNCED] = {1, plot_double_vote, 3},
        [RAFT_TWIN_OLD_TERM_BY_COUNT] = {1, plot_figure_8, 5},
        [RAFT_TWIN_LEASE_WITHOUT_DRIFT] = {76, plot_cut_off, 3},
        [RAFT_TWIN_LEASE_FROM_REPLY] = {41, plot_cut_off, 3},
        [RAFT_TWIN_LEASE_OVER_TRANSFER] = {53},
        [RAFT_TWIN_NO_PRE_VOTE] = {1, plot_deaf, 3},
        [RAFT_TWIN_WIPED_VOTER_COUNTS] = {547},
        [RAFT_TWIN_VOTE_AFTER_RESTART] = {1, plot_restart_under_lease, 3, 0, true},
        [RAFT_TWIN_PROMISE_FORGOTTEN] = {1, plot_restart_under_lease, 3, 0, true},
        [RAFT_TWIN_REPLACED_IN_ONE_STEP] = {5, plot_old_disk, 3},
        [RAFT_TWIN_READ_BEFORE_NOOP] = {1},
        [RAFT_TWIN_CHANGE_NOT_IN_LOG] = {14},
        [RAFT_TWIN_CHANGES_OVERLAP] = {176},
        [RAFT_TWIN_CHANGE_BEFORE_NOOP] = {1, plot_two_changes, 4, 1},
        [RAFT_TWIN_UNSYNCED_COUNTS] = {38},
        [RAFT_TWIN_BOUND_FORGOTTEN] = {303},
        [RAFT_TWIN_PROMOTED_UNREADY] = {1},
        [RAFT_TWIN_CUTS_WHAT_FOLLOWS] = {216},
};

static bool run_plot(struct world *world, void (*plot)(struct world *world))
{
	for (int i = 0; i < ROUNDS && !world->is_failed; i++) {
		world_heal(world);
		for (int node = 0; node < world->node_count; node++)
			world_start(world, node);
		plot(world);
	}
	return !world->is_failed;
}

bool hunt_run(int twin, uint64_t seed, bool is_broken, char *failure)
{
	const struct ground *ground = &grounds[twin];
	struct fx_options options = fx_swarm(seed);
	struct world *world;
	bool is_good;

	if (ground->plot != NULL)
		options = (struct fx_options){.seed = seed,
		                              .members = ground->members,
		                              .spares = ground->spares,
		                              .has_mixed_timeouts = ground->has_mixed_timeouts};
	options.twin = is_broken ? twin : RAFT_TWIN_NONE;
	world = world_create(&options);
	is_good =
	        ground->plot != NULL ? run_plot(world, ground->plot) : world_trial(world, CHAOS_US);
	memcpy(failure, world->failure, FX_FAILURE_BYTES);
	world_destroy(world);
	return is_good;
}

uint64_t hunt_seed(int twin)
{
	return grounds[twin].seed;
}

static const char *const names[] = {
        [RAFT_TWIN_NONE] = "none",
#define TWIN(name, text) [RAFT_TWIN_##name] = #name,
#include "raft/twins.def"
#undef TWIN
};

static const char *const texts[] = {
        [RAFT_TWIN_NONE] = "no bug",
#define TWIN(name, text) [RAFT_TWIN_##name] = text,
#include "raft/twins.def"
#undef TWIN
};

const char *hunt_name(int twin)
{
	return names[twin];
}

const char *hunt_text(int twin)
{
	return texts[twin];
}
