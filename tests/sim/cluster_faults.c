/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trouble, drawn from the seed: which kinds a run has at all, and how often each.
 */
#include <stdio.h>
#include <string.h>

#include "format/vote.h"
#include "sim/cluster.h"

enum {
	TICK_US = 5000,
	DELAYS_IN_BATCH = 8, /* at most, of the disk: one that begins a segment */
};

static uint64_t now(const struct cluster *cluster)
{
	return sim_world_now_us(cluster->world);
}

uint64_t faults_until(struct cluster *cluster)
{
	return now(cluster) + 1 + random_below(&cluster->random, cluster->longest_us);
}

static bool is_up(const struct slot *slot)
{
	return slot->state == SLOT_RUNNING && !sim_machine_is_paused(slot->machine);
}

/* The primary half of the time.  NULL: nobody is up. */
struct slot *faults_pick(struct cluster *cluster)
{
	struct slot *primary = masters_primary(cluster);
	unsigned start = (unsigned)random_below(&cluster->random, cluster->slot_count);

	if (primary != NULL && is_up(primary) && random_chance(&cluster->random, 1, 2))
		return primary;
	for (unsigned i = 0; i < cluster->slot_count; i++) {
		struct slot *slot = &cluster->slots[(start + i) % cluster->slot_count];

		if (is_up(slot))
			return slot;
	}
	return NULL;
}

static struct sim_machine *machine_at(struct cluster *cluster, unsigned i)
{
	return cluster->slots[i].machine;
}

/* ---- ends of processes ---- */

static void stop(struct cluster *cluster, bool power_cut)
{
	struct slot *slot = faults_pick(cluster);

	if (slot == NULL)
		return;
	master_stop(slot, power_cut && master_may_lose_power(slot));
	if (slot->state == SLOT_DOWN)
		slot->start_us = faults_until(cluster);
}

static void stop_all(struct cluster *cluster)
{
	bool power_cut = random_chance(&cluster->random, 2, 3);

	for (unsigned i = 0; i < cluster->slot_count; i++) {
		struct slot *slot = &cluster->slots[i];

		if (slot->state == SLOT_RUNNING || slot->state == SLOT_CLOSING)
			master_stop(slot, power_cut && master_may_lose_power(slot));
	}
}

/* One that is up, or about to start.  NULL: none. */
static struct slot *pick_disk(struct cluster *cluster)
{
	struct slot *slot = &cluster->slots[random_below(&cluster->random, cluster->slot_count)];

	return slot->state == SLOT_DOWN ? slot : faults_pick(cluster);
}

static void set_disk_faults(struct cluster *cluster, bool dies)
{
	struct slot *slot = pick_disk(cluster);
	struct sim_disk_faults faults = {-1, -1, -1, 0, 0, 0};
	uint64_t n = random_below(&cluster->random, dies ? 100 : 50);

	if (slot == NULL)
		return;
	switch (dies ? 0 : 1 + random_below(&cluster->random, 4)) {
	case 0: faults.die_in = (int64_t)n; break;
	case 1: faults.fail_write_in = (int64_t)n; break;
	case 2: faults.fail_sync_in = (int64_t)n; break;
	case 3: faults.fail_names_at = 1 + n; break;
	default: faults.fail_read_at = 1 + n; break;
	}
	slot->may_be_damaged |= !dies;
	sim_disk_set_faults(sim_machine_disk(slot->machine), &faults);
}

static void pause_one(struct cluster *cluster)
{
	struct slot *slot = faults_pick(cluster);

	if (slot == NULL)
		return;
	cluster_say(cluster, "m%u is paused", slot->number + 1);
	sim_machine_pause(slot->machine);
	slot->resume_us = faults_until(cluster);
}

static void close_one(struct cluster *cluster)
{
	struct slot *slot = faults_pick(cluster);

	if (slot != NULL)
		master_begin_close(slot);
}

/* ---- disks ---- */

static void slow_disk(struct cluster *cluster)
{
	struct slot *slot = faults_pick(cluster);
	uint64_t delay_us = 1000u << random_below(&cluster->random, 12);

	if (slot == NULL)
		return;
	slot->may_be_damaged |= delay_us * DELAYS_IN_BATCH > SIM_KIT_HANG_MS * 1000;
	sim_machine_set_disk_delay(slot->machine, delay_us);
	slot->disk_us = faults_until(cluster);
	cluster_say(cluster, "the disk of m%u takes %u ms", slot->number + 1,
	            (unsigned)(delay_us / 1000));
}

static void full_disk(struct cluster *cluster)
{
	struct slot *slot = faults_pick(cluster);
	struct sim_disk *disk;

	if (slot == NULL)
		return;
	disk = sim_machine_disk(slot->machine);
	sim_disk_set_capacity(disk,
	                      sim_disk_used(disk) + random_below(&cluster->random, 600 << 10));
	slot->disk_us = faults_until(cluster);
	cluster_say(cluster, "the disk of m%u is full", slot->number + 1);
}

static void mend_disk(struct slot *slot)
{
	slot->disk_us = 0;
	sim_machine_set_disk_delay(slot->machine, 0);
	sim_disk_set_capacity(sim_machine_disk(slot->machine), 0);
}

static bool is_of_kind(const char *name, const char *kind)
{
	return strncmp(name, kind, strlen(kind)) == 0 && strstr(name, ".tmp") == NULL;
}

/* The n-th of the folder into `path`.  False: there are not so many. */
static bool find_file(struct sim_disk *disk, const char *kind, uint64_t n, char *path, size_t size)
{
	bool is_found = false;
	size_t count = 0;
	char **names;

	if (sim_disk_list(disk, SIM_KIT_FOLDER, &names, &count) < 0)
		return false;
	for (size_t i = 0; i < count && !is_found; i++) {
		is_found = is_of_kind(names[i], kind) && n-- == 0;
		if (is_found)
			snprintf(path, size, "%s/%s", SIM_KIT_FOLDER, names[i]);
	}
	io_free_names(names, count);
	return is_found;
}

/* What it found good it may find bad when it reads on, and then it ends. */
static bool is_starting(const struct slot *slot)
{
	const struct journal *journal = slot->master == NULL ? NULL : master_journal(slot->master);
	struct journal_progress progress;

	if (slot->state != SLOT_RUNNING)
		return false;
	if (journal == NULL)
		return true;
	journal_progress(journal, &progress);
	return progress.phase == JOURNAL_STARTING;
}

bool faults_rot(struct slot *slot, const char *kind, uint64_t n, uint64_t offset)
{
	struct cluster *cluster = slot->cluster;
	struct sim_disk *disk = sim_machine_disk(slot->machine);
	struct io_stat stat;
	char path[128];

	if (!find_file(disk, kind, n, path, sizeof(path)) || sim_disk_stat(disk, path, &stat) < 0 ||
	    stat.size == 0)
		return false;
	offset %= stat.size;
	cluster_say(cluster, "%s of m%u rots at %u", path, slot->number + 1, (unsigned)offset);
	sim_disk_flip(disk, path, offset, (uint8_t)(1u << random_below(&cluster->random, 8)));
	slot->is_rotten = true;
	slot->may_be_damaged |= is_starting(slot);
	return true;
}

/* Never both of its slots. */
static void rot_vote(struct slot *slot)
{
	struct random *random = &slot->cluster->random;
	uint64_t at = random_below(random, VOTE_SLOTS) * VOTE_SLOT_BYTES;
	uint8_t other[VOTE_SLOT_BYTES];
	const char *why;
	struct vote vote;

	if (sim_disk_peek(sim_machine_disk(slot->machine), SIM_KIT_FOLDER "/vote",
	                  VOTE_SLOT_BYTES - at, other, sizeof(other)) &&
	    vote_decode(other, &vote, &why) == 0)
		faults_rot(slot, "vote", 0, at + random_below(random, VOTE_SLOT_BYTES));
}

/* The one whose disk is bad, once the others have everything.  NULL: not yet. */
static struct slot *pick_rotten(struct cluster *cluster)
{
	struct slot *slot = &cluster->slots[cluster->rotten];

	cluster->was_settled |= masters_are_settled(cluster);
	return cluster->was_settled && slot->state != SLOT_UNUSED ? slot : NULL;
}

/* Mostly where something was written. */
static void rot(struct cluster *cluster)
{
	struct slot *slot = pick_rotten(cluster);
	uint64_t n = random_below(&cluster->random, 6);
	uint64_t offset = random_u64(&cluster->random);

	if (random_chance(&cluster->random, 3, 4))
		offset %= 16384;
	if (slot == NULL)
		return;
	switch (random_below(&cluster->random, 6)) {
	case 0: rot_vote(slot); break;
	case 1: faults_rot(slot, "checkpoint-", n % 2, offset); break;
	default: faults_rot(slot, "segment-", n, offset);
	}
}

static void misdirect(struct cluster *cluster)
{
	struct slot *slot = pick_rotten(cluster);
	bool is_of_vote = random_chance(&cluster->random, 1, 3);

	if (slot == NULL)
		return;
	sim_disk_misdirect(sim_machine_disk(slot->machine),
	                   is_of_vote ? SIM_KIT_FOLDER "/vote" : SIM_KIT_FOLDER "/segment-",
	                   is_of_vote, 1 + random_below(&cluster->random, is_of_vote ? 4 : 20));
	slot->is_rotten = true;
	cluster_say(cluster, "a write of m%u goes astray", slot->number + 1);
}

/* ---- memory ---- */

static void forget_change(struct cluster *cluster)
{
	struct slot *slot = pick_rotten(cluster);

	if (slot != NULL && is_up(slot) && slot->is_settled && !slot->has_been_wrong)
		slot->will_err = true;
	if (slot != NULL && slot->will_err && random_chance(&cluster->random, 1, 3))
		order_checkpoint(slot, 100000);
}

/* ---- clocks ---- */

static void shift_clock(struct cluster *cluster)
{
	struct slot *slot = faults_pick(cluster);

	if (slot != NULL)
		sim_machine_shift_wall(slot->machine,
		                       (int64_t)random_below(&cluster->random, 7200000) - 3600000);
}

/* ---- when ---- */

static void make_trouble(struct cluster *cluster, enum fault_kind kind)
{
	switch (kind) {
	case FAULT_KILL: stop(cluster, false); break;
	case FAULT_POWER_CUT: stop(cluster, true); break;
	case FAULT_DIE_IN_OPERATION: set_disk_faults(cluster, true); break;
	case FAULT_CLOSE: close_one(cluster); break;
	case FAULT_PAUSE: pause_one(cluster); break;
	case FAULT_PARTITION: network_cut(cluster); break;
	case FAULT_SLOW_LINK: network_slow(cluster); break;
	case FAULT_SLOW_DISK: slow_disk(cluster); break;
	case FAULT_FULL_DISK: full_disk(cluster); break;
	case FAULT_FAILING_DISK: set_disk_faults(cluster, false); break;
	case FAULT_TRANSFER: orders_transfer(cluster); break;
	case FAULT_CHECKPOINT: orders_checkpoint(cluster); break;
	case FAULT_ROT: rot(cluster); break;
	case FAULT_ASTRAY: misdirect(cluster); break;
	case FAULT_MEMORY: forget_change(cluster); break;
	case FAULT_WIPE: orders_wipe(cluster); break;
	case FAULT_ADD: orders_add(cluster); break;
	case FAULT_REMOVE: orders_remove(cluster); break;
	case FAULT_CLOCK: shift_clock(cluster); break;
	case FAULT_ALL_AT_ONCE: stop_all(cluster); break;
	case FAULT_KINDS: CHECK(false);
	}
	cluster->figures.faults++;
}

static void trouble(struct sim_event *event)
{
	struct cluster *cluster = CONTAINER_OF(event, struct cluster, trouble);
	uint64_t sum = 0, draw;

	if (cluster->is_calm)
		return;
	for (unsigned i = 0; i < FAULT_KINDS; i++)
		sum += cluster->weights[i];
	draw = sum == 0 ? 0 : random_below(&cluster->random, sum);
	for (unsigned i = 0; i < FAULT_KINDS; i++) {
		if (draw < cluster->weights[i]) {
			make_trouble(cluster, (enum fault_kind)i);
			break;
		}
		draw -= cluster->weights[i];
	}
	sim_world_schedule(cluster->world, event,
	                   random_below(&cluster->random, 2 * cluster->trouble_us));
}

static bool is_due(const struct cluster *cluster, uint64_t at_us)
{
	return at_us != 0 && at_us <= now(cluster);
}

static void mend_slot(struct slot *slot, bool at_once)
{
	struct cluster *cluster = slot->cluster;

	if (slot->resume_us != 0 && (at_once || is_due(cluster, slot->resume_us))) {
		slot->resume_us = 0;
		cluster_say(cluster, "m%u goes on", slot->number + 1);
		sim_machine_resume(slot->machine);
	}
	if (at_once || is_due(cluster, slot->disk_us))
		mend_disk(slot);
	if (slot->state != SLOT_DOWN || slot->start_us == UINT64_MAX ||
	    (!at_once && !is_due(cluster, slot->start_us)))
		return;
	if (slot->has_forgotten)
		master_join_anew(slot);
	master_start(slot);
}

static void tick(struct sim_event *event)
{
	struct cluster *cluster = CONTAINER_OF(event, struct cluster, tick);

	masters_review(cluster);
	if (!cluster->is_calm) {
		if (is_due(cluster, cluster->network_us))
			network_mend(cluster);
		for (unsigned i = 0; i < cluster->slot_count; i++)
			mend_slot(&cluster->slots[i], false);
	}
	for (unsigned i = 0; i < cluster->slot_count; i++) {
		if (cluster->healed & 1u << i)
			mend_slot(&cluster->slots[i], true);
	}
	sim_world_schedule(cluster->world, event, TICK_US);
}

void faults_begin(struct cluster *cluster)
{
	cluster->is_calm = false;
	cluster->healed = 0;
	if (!cluster->trouble.is_scheduled)
		sim_world_schedule(cluster->world, &cluster->trouble,
		                   random_below(&cluster->random, 2 * cluster->trouble_us));
}

void faults_heal(struct cluster *cluster, unsigned mask)
{
	const struct sim_disk_faults none = {-1, -1, -1, 0, 0, 0};

	cluster->is_calm = true;
	cluster->healed = mask;
	network_mend(cluster);
	for (unsigned i = 0; i < cluster->slot_count; i++) {
		if (mask & 1u << i)
			sim_disk_set_faults(sim_machine_disk(machine_at(cluster, i)), &none);
		for (unsigned k = 0; k < cluster->slot_count; k++) {
			bool is_cut = (mask >> i & 1) != (mask >> k & 1) && cluster->cuts_rest;

			sim_net_cut(machine_at(cluster, i), machine_at(cluster, k), is_cut);
		}
	}
}

void faults_init(struct cluster *cluster)
{
	static const unsigned usual[FAULT_KINDS] = {
	        [FAULT_KILL] = 10,        [FAULT_POWER_CUT] = 8,   [FAULT_DIE_IN_OPERATION] = 8,
	        [FAULT_CLOSE] = 2,        [FAULT_PAUSE] = 8,       [FAULT_PARTITION] = 10,
	        [FAULT_SLOW_LINK] = 5,    [FAULT_SLOW_DISK] = 5,   [FAULT_FULL_DISK] = 4,
	        [FAULT_FAILING_DISK] = 2, [FAULT_TRANSFER] = 8,    [FAULT_CHECKPOINT] = 5,
	        [FAULT_ROT] = 4,          [FAULT_ASTRAY] = 3,      [FAULT_MEMORY] = 4,
	        [FAULT_WIPE] = 4,         [FAULT_ADD] = 5,         [FAULT_REMOVE] = 4,
	        [FAULT_CLOCK] = 1,        [FAULT_ALL_AT_ONCE] = 2,
	};

	cluster->trouble.run = trouble;
	cluster->tick.run = tick;
	cluster->link = sim_link_default();
	if (random_chance(&cluster->random, 1, 4)) {
		cluster->link.jitter_us = (uint32_t)random_below(&cluster->random, 20000);
		cluster->link.loss_ppm = (uint32_t)random_below(&cluster->random, 20000);
	}
	network_mend(cluster);
	for (unsigned i = 0; i < FAULT_KINDS; i++) {
		if (random_chance(&cluster->random, 1, 2))
			cluster->weights[i] = usual[i];
	}
	if (cluster->plot != NULL)
		memcpy(cluster->weights, cluster->plot->weights, sizeof(cluster->weights));
	cluster->rotten = (unsigned)random_below(&cluster->random, cluster->size);
	if (cluster->size < 3 && !cluster->is_lone_kind)
		cluster->weights[FAULT_ROT] = cluster->weights[FAULT_ASTRAY] = 0;
	if (cluster->size < 3)
		cluster->weights[FAULT_MEMORY] = 0;
	if (cluster->syncs_behind)
		cluster->weights[FAULT_ROT] = cluster->weights[FAULT_ASTRAY] =
		        cluster->weights[FAULT_MEMORY] = cluster->weights[FAULT_WIPE] =
		                cluster->weights[FAULT_ADD] = cluster->weights[FAULT_REMOVE] = 0;
	if (cluster->weights[FAULT_ROT] > 0 || cluster->weights[FAULT_ASTRAY] > 0)
		cluster->weights[FAULT_WIPE] = cluster->weights[FAULT_REMOVE] = 0;
	if (cluster->weights[FAULT_WIPE] > 0 || cluster->weights[FAULT_REMOVE] > 0)
		cluster->weights[FAULT_MEMORY] = 0;
	cluster->trouble_us = 50000u << random_below(&cluster->random, 6);
	cluster->longest_us = 100000u << random_below(&cluster->random, 7);
	if (cluster->plot != NULL) {
		cluster->trouble_us = cluster->plot->trouble_us;
		cluster->longest_us = cluster->plot->longest_us;
	}
	sim_world_schedule(cluster->world, &cluster->tick, TICK_US);
}
