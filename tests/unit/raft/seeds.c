/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trials of the fixture: chaos, then progress.
 *   raft_seeds FIRST COUNT   prints each seed that broke a rule, and figures
 *   raft_seeds SEED          one, with a line for each fault, leader and list
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "unit/raft/fixture.h"

enum { CHAOS_US = 8 * 1000 * 1000 };

struct totals {
	uint64_t failed, steps, elections, commits, reads, leases, lists, checkpoints, us;
};

static void run(uint64_t seed, bool is_traced, struct totals *totals)
{
	struct fx_options options = fx_swarm(seed);
	struct world *world;

	options.is_traced = is_traced;
	world = world_create(&options);
	if (!world_trial(world, CHAOS_US)) {
		printf("seed %ju at %ju ms: %s\n", (uintmax_t)seed, (uintmax_t)world->now_us / 1000,
		       world->failure);
		totals->failed++;
	}
	totals->steps += world->steps;
	totals->elections += world->elections;
	totals->commits += world->commits;
	totals->reads += world->reads_ok;
	totals->leases += world->leases_ok;
	totals->lists += world->list_count;
	totals->checkpoints += world->checkpoints;
	totals->us += world->now_us;
	world_destroy(world);
}

int main(int argc, char **argv)
{
	uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	struct totals totals = {0};
	double seconds;

	for (uint64_t seed = first; seed < first + count; seed++)
		run(seed, argc <= 2, &totals);
	seconds = (double)clock() / CLOCKS_PER_SEC;
	printf("%ju seeds, %ju failed: %ju simulated seconds, %ju elections, %ju steps, %ju "
	       "entries, "
	       "%ju reads (%ju under a lease), %ju lists of members, %ju checkpoints installed; "
	       "%.1f s, %.0f elections/s\n",
	       (uintmax_t)count, (uintmax_t)totals.failed, (uintmax_t)totals.us / 1000000,
	       (uintmax_t)totals.elections, (uintmax_t)totals.steps, (uintmax_t)totals.commits,
	       (uintmax_t)totals.reads, (uintmax_t)totals.leases, (uintmax_t)totals.lists,
	       (uintmax_t)totals.checkpoints, seconds, (double)totals.elections / seconds);
	return totals.failed != 0;
}
