/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run is a number of rounds of trouble (cluster_faults.c).  After each a majority is healed, and
 * within a bound of simulated time something must be acknowledged.  At the end all are healed, all
 * calls answered, and all masters and their journals equal.  What must hold at every instant is in
 * cluster.h.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "sim/cluster.h"

enum {
	ROUNDS_MAX = 6,
	PROGRESS_US = 20 * 1000 * 1000,
	END_US = 120 * 1000 * 1000,
	REST_US = 700 * 1000 * 1000, /* after which answers are forgotten */
};

void cluster_wrong(struct cluster *cluster, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "seed %" PRIu64 ", event %" PRIu64 ", %.6f s: ", cluster->seed,
	        sim_world_events(cluster->world), (double)sim_world_now_us(cluster->world) / 1e6);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\nrepeat with: sim_cluster --seed %" PRIu64 "\n", cluster->seed);
	fflush(stderr);
	exit(1);
}

void cluster_say(const struct cluster *cluster, const char *format, ...)
{
	va_list args;

	if (!cluster->is_told)
		return;
	fprintf(stderr, "%.6f -- ", (double)sim_world_now_us(cluster->world) / 1e6);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static const struct slot *slot_of(const struct cluster *cluster, const struct sim_machine *machine)
{
	for (unsigned i = 0; i < cluster->slot_count; i++) {
		if (cluster->slots[i].machine == machine)
			return &cluster->slots[i];
	}
	return NULL;
}

/* What a start says to be lost was never called synced. */
static void check_lost(const struct slot *slot, const char *line)
{
	static const char followed[] = "What followed index ";
	const char *at = strstr(line, followed);

	if (at != NULL && strtoull(at + strlen(followed), NULL, 10) < slot->claim.index)
		cluster_wrong(slot->cluster, "m%u had synced %" PRIu64 ": %s", slot->number + 1,
		              slot->claim.index, line);
}

static void take_log(void *context, enum log_level level, const char *line)
{
	struct cluster *cluster = context;
	struct sim_machine *machine = sim_world_running();
	const struct slot *slot = slot_of(cluster, machine);

	(void)level;
	cluster_say(cluster, "%s: %s", machine == NULL ? "nobody" : sim_machine_name(machine),
	            line);
	cluster->is_told_far |= strstr(line, "elections wait") != NULL;
	/* What a kill or a power cut leaves is whole or has a temporary name. */
	if (slot == NULL || slot->is_rotten || sim_disk_has_failed(sim_machine_disk(machine)))
		return;
	if (strstr(line, "passed over") != NULL)
		cluster_wrong(cluster, "m%u: %s", slot->number + 1, line);
	check_lost(slot, line);
}

static uint64_t log_clock(void *context)
{
	struct cluster *cluster = context;

	return sim_world_now_us(cluster->world) / 1000;
}

bool cluster_step(struct cluster *cluster)
{
	bool has_more = sim_world_step(cluster->world);

	masters_look(cluster);
	return has_more;
}

bool cluster_step_until(struct cluster *cluster, bool (*is_over)(struct cluster *cluster),
                        uint64_t us)
{
	uint64_t end_us = sim_world_now_us(cluster->world) + us;

	while (!is_over(cluster)) {
		if (sim_world_now_us(cluster->world) >= end_us)
			return false;
		cluster_step(cluster);
	}
	return true;
}

bool cluster_never(struct cluster *cluster)
{
	(void)cluster;
	return false;
}

/* ---- rounds ---- */

static bool has_progressed(struct cluster *cluster)
{
	return cluster->figures.acknowledged > cluster->acknowledged_before || cluster->ends_here;
}

static unsigned members(const struct cluster *cluster, unsigned *ret_count)
{
	unsigned mask = 0;

	*ret_count = 0;
	for (unsigned i = 0; i < cluster->slot_count; i++) {
		if (cluster->slots[i].state == SLOT_UNUSED)
			continue;
		mask |= 1u << i;
		(*ret_count)++;
	}
	return mask;
}

/* More than half of them; all, while somebody joins or leaves, or has lost what it may not say, or
 * asks all others what it has lost. */
static unsigned draw_majority(struct cluster *cluster)
{
	unsigned count, all = members(cluster, &count), mask = all;

	for (unsigned i = 0; i < cluster->slot_count; i++) {
		if ((all & 1u << i) &&
		    (!cluster->slots[i].is_settled || cluster->slots[i].is_leaving ||
		     cluster->slots[i].is_rotten || cluster->slots[i].owes))
			return all;
	}
	for (unsigned left = count - (count / 2 + 1); left > 0; left--) {
		unsigned i = (unsigned)random_below(&cluster->random, cluster->slot_count);

		mask &= ~(1u << i);
	}
	return mask;
}

static void tell_quorum(const struct slot *slot)
{
	struct journal_quorum quorum;

	if (slot->master == NULL || slot->cluster->is_lone_kind)
		return;
	journal_quorum(master_journal(slot->master), &quorum);
	fprintf(stderr,
	        "    %s of term %" PRIu64 ", commit %" PRIu64 ", synced %" PRIu64 ", last %" PRIu64
	        "%s; %s\n    members",
	        quorum.role, quorum.term, quorum.commit, quorum.synced, quorum.last,
	        quorum.is_changing ? ", changing" : "",
	        quorum.waits_for == NULL ? "waits for nothing" : quorum.waits_for);
	for (size_t i = 0; i < quorum.count; i++)
		fprintf(stderr, " %s%s (%02x, match %" PRIu64 ")", quorum.members[i].address,
		        quorum.members[i].is_voter ? "" : " learns", quorum.members[i].id[0],
		        quorum.members[i].match);
	fputc('\n', stderr);
}

static void tell_state(const struct cluster *cluster)
{
	for (unsigned i = 0; i < cluster->slot_count; i++) {
		const struct slot *slot = &cluster->slots[i];

		fprintf(stderr, "m%u: state %d, %s, applied %" PRIu64 "%s%s\n", i + 1, slot->state,
		        master_role_name(slot->role), slot->applied,
		        slot->is_leaving ? ", leaving" : "",
		        cluster->healed & 1u << i ? ", healed" : "");
		tell_quorum(slot);
	}
}

static void demand_progress(struct cluster *cluster)
{
	cluster->cuts_rest = random_chance(&cluster->random, 1, 2);
	faults_heal(cluster, draw_majority(cluster));
	cluster_say(cluster, "healed: %x", cluster->healed);
	cluster->acknowledged_before = cluster->figures.acknowledged;
	if (cluster_step_until(cluster, has_progressed, PROGRESS_US))
		return;
	tell_state(cluster);
	cluster_wrong(cluster, "nothing is acknowledged although a majority is well");
}

static bool are_quiet(struct cluster *cluster)
{
	return clients_are_quiet(cluster) || cluster->ends_here;
}

static void drain(struct cluster *cluster)
{
	cluster->is_draining = true;
	if (cluster_step_until(cluster, are_quiet, END_US))
		return;
	tell_state(cluster);
	clients_tell(cluster);
	cluster_wrong(cluster, "calls are not answered");
}

static void rest(struct cluster *cluster)
{
	drain(cluster);
	cluster_step_until(cluster, cluster_never, REST_US);
	cluster->is_draining = false;
	clients_begin_anew(cluster);
}

static void play_round(struct cluster *cluster)
{
	faults_begin(cluster);
	cluster_step_until(cluster, cluster_never,
	                   500000 + random_below(&cluster->random, 12000000));
	demand_progress(cluster);
	if (!cluster->ends_here && cluster->plot != NULL && cluster->plot->rests &&
	    random_chance(&cluster->random, 1, 4))
		rest(cluster);
}

/* ---- the end ---- */

/* All is applied, and in its own journal. */
static bool has_all(const struct slot *slot)
{
	uint64_t last = history_last(&slot->cluster->history);
	struct journal_quorum quorum;

	if (slot->state != SLOT_RUNNING || slot->master == NULL || slot->applied != last)
		return false;
	journal_quorum(master_journal(slot->master), &quorum);
	return quorum.synced >= last;
}

static bool are_equal(struct cluster *cluster)
{
	for (unsigned i = 0; i < cluster->slot_count && !cluster->ends_here; i++) {
		const struct slot *slot = &cluster->slots[i];

		if (slot->state != SLOT_UNUSED && !has_all(slot))
			return false;
	}
	return cluster->ends_here || masters_are_settled(cluster);
}

static void step_compare(void *context)
{
	struct slot *slot = context;

	history_compare(slot);
	if (!slot->is_rotten)
		history_compare_journal(slot);
}

static bool are_closed(struct cluster *cluster)
{
	for (unsigned i = 0; i < cluster->slot_count; i++) {
		if (cluster->slots[i].state == SLOT_RUNNING ||
		    cluster->slots[i].state == SLOT_CLOSING)
			return false;
	}
	return true;
}

static void close_all(struct cluster *cluster)
{
	cluster->healed = 0;
	for (unsigned i = 0; i < cluster->slot_count; i++) {
		if (cluster->slots[i].state == SLOT_RUNNING)
			master_begin_close(&cluster->slots[i]);
	}
	if (!cluster_step_until(cluster, are_closed, END_US)) {
		tell_state(cluster);
		cluster_wrong(cluster, "masters do not close");
	}
}

/* Nobody's state is another, or is thought to be. */
static bool are_right(struct cluster *cluster)
{
	for (unsigned i = 0; i < cluster->slot_count && !cluster->ends_here; i++) {
		const struct slot *slot = &cluster->slots[i];

		/* It has read its journal, and what it noted in there, if it owes no claim. */
		if (slot->has_been_wrong &&
		    (slot->owes_claim || slot->state != SLOT_RUNNING || slot->is_wrong ||
		     slot->will_err || slot->master == NULL ||
		     journal_is_odd(master_journal(slot->master))))
			return false;
	}
	return true;
}

static void finish_run(struct cluster *cluster)
{
	unsigned count;

	cluster->cuts_rest = false;
	faults_heal(cluster, members(cluster, &count));
	if (!cluster_step_until(cluster, are_right, END_US)) {
		tell_state(cluster);
		cluster_wrong(cluster, "a state that is another than the others' stays so");
	}
	drain(cluster);
	if (!cluster->ends_here && !cluster_step_until(cluster, are_equal, END_US)) {
		tell_state(cluster);
		cluster_wrong(cluster, "the masters do not become equal");
	}
	if (cluster->ends_here)
		return;
	if (!cluster_step_until(cluster, worker_is_settled, END_US))
		cluster_wrong(cluster, "the worker keeps what no file has, or is not known to");
	for (unsigned i = 0; i < cluster->slot_count; i++) {
		if (cluster->slots[i].state == SLOT_RUNNING)
			sim_machine_run(cluster->slots[i].machine, step_compare,
			                &cluster->slots[i]);
	}
	close_all(cluster);
}

/* ---- runs ---- */

static struct cluster *set_up(uint64_t seed, const struct cluster_plot *plot)
{
	static const unsigned sizes[] = {1, 3, 3, 3, 5};
	struct cluster *cluster = mem_must_zalloc(sizeof(*cluster));

	cluster->seed = seed;
	cluster->plot = plot;
	cluster->is_told = getenv("SIM_LOG") != NULL;
	cluster->random = random_make(seed);
	cluster->world = sim_world_create(random_u64(&cluster->random));
	log_set_sink(take_log, cluster);
	log_set_clock(log_clock, cluster);
	cluster->size = sizes[random_below(&cluster->random, COUNT_OF(sizes))];
	cluster->is_lone_kind = cluster->size == 1 && random_chance(&cluster->random, 1, 2);
	if (getenv("SIM_MASTERS") != NULL) {
		cluster->size = (unsigned)strtoul(getenv("SIM_MASTERS"), NULL, 10);
		cluster->is_lone_kind = cluster->size == 0;
		cluster->size += cluster->is_lone_kind;
	}
	if (plot != NULL) {
		cluster->size = plot->size;
		cluster->is_lone_kind = plot->is_lone_kind;
	}
	cluster->slot_count = cluster->is_lone_kind && (plot == NULL || !plot->grows) ? 1 : 5;
	cluster->has_drift = random_chance(&cluster->random, 1, 2);
	cluster->has_small_tail = random_chance(&cluster->random, 1, 2);
	cluster->reads_by_lease = random_chance(&cluster->random, 2, 3);
	cluster->syncs_behind = cluster->size >= 3 && (random_chance(&cluster->random, 1, 6) ||
	                                               getenv("SIM_BEHIND") != NULL);
	if (plot != NULL)
		cluster->syncs_behind = plot->syncs_behind;
	cluster->has_readers = random_chance(&cluster->random, 3, 4);
	cluster->checkpoint_entries = 20u << random_below(&cluster->random, 6);
	cluster->digest_every = 8u << random_below(&cluster->random, 4);
	cluster->hold_ms = 50u << random_below(&cluster->random, 6);
	if (plot != NULL && plot->hold_ms > 0)
		cluster->hold_ms = plot->hold_ms;
	history_init(&cluster->history, cluster);
	masters_init(cluster);
	faults_init(cluster);
	clients_init(cluster, &cluster->random);
	cluster->has_worker = random_chance(&cluster->random, 1, 2);
	if (cluster->has_worker)
		worker_init(cluster);
	return cluster;
}

static uint64_t count_here(const struct cluster *cluster)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < cluster->slot_count; i++)
		count += sim_machine_ran_here(cluster->slots[i].machine);
	return count;
}

static void tell_figures(const struct cluster *cluster, unsigned rounds)
{
	const struct figures *f = &cluster->figures;

	printf("seed %" PRIu64 ": %u masters, %u rounds, %" PRIu64 " faults, %" PRIu64
	       " failovers, %" PRIu64 " acknowledged, %" PRIu64 " refused, %" PRIu64
	       " repeated, %" PRIu64 " abandoned, %" PRIu64 " reads, %" PRIu64 " entries, %" PRIu64
	       " checkpoints loaded, %" PRIu64 " changes of members, %" PRIu64 " blocks, %" PRIu64
	       " deleted, %" PRIu64 " damages, %" PRIu64 " syncs on a loop, %" PRIu64
	       " events, %.1f simulated seconds, trace %016" PRIx64 "\n",
	       cluster->seed, cluster->size, rounds, f->faults, f->failovers, f->acknowledged,
	       f->refused, f->repeated, f->abandoned, f->reads, history_last(&cluster->history),
	       f->checkpoints_loaded, f->members_changed, f->blocks, f->deletions, f->damages,
	       count_here(cluster), sim_world_events(cluster->world),
	       (double)sim_world_now_us(cluster->world) / 1e6, sim_world_trace(cluster->world));
}

int cluster_run(uint64_t seed)
{
	return cluster_run_plot(seed, NULL);
}

int cluster_run_plot(uint64_t seed, const struct cluster_plot *plot)
{
	struct cluster *cluster = set_up(seed, plot);
	unsigned rounds = 1 + (unsigned)random_below(&cluster->random, ROUNDS_MAX);

	if (plot != NULL && plot->scene != NULL)
		plot->scene(cluster);
	else
		for (unsigned i = 0; i < rounds && !cluster->ends_here; i++)
			play_round(cluster);
	if (!cluster->ends_here)
		finish_run(cluster);
	tell_figures(cluster, rounds);
	return 0;
}
