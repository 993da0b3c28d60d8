/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trouble, drawn from the seed: which kinds a run has at all, and how often each.
 */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "sim/cluster.h"

enum { TICK_US = 5000, SECOND_US = 1000 * 1000 };

static uint64_t now(const struct cluster *cluster)
{
	return sim_world_now_us(cluster->world);
}

static uint64_t until(struct cluster *cluster)
{
	return now(cluster) + 1 + random_below(&cluster->random, cluster->longest_us);
}

static bool is_up(const struct slot *slot)
{
	return slot->state == SLOT_RUNNING && !sim_machine_is_paused(slot->machine);
}

/* The primary half of the time.  NULL: nobody is up. */
static struct slot *pick(struct cluster *cluster)
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

/* ---- ends of processes ---- */

static void stop(struct cluster *cluster, bool power_cut)
{
	struct slot *slot = pick(cluster);

	if (slot == NULL)
		return;
	master_stop(slot, power_cut);
	if (slot->state == SLOT_DOWN)
		slot->start_us = until(cluster);
}

static void stop_all(struct cluster *cluster)
{
	bool power_cut = random_chance(&cluster->random, 2, 3);

	for (unsigned i = 0; i < cluster->slot_count; i++) {
		struct slot *slot = &cluster->slots[i];

		if (slot->state == SLOT_RUNNING || slot->state == SLOT_CLOSING)
			master_stop(slot, power_cut);
	}
}

static void set_disk_faults(struct cluster *cluster, bool dies)
{
	struct slot *slot = pick(cluster);
	struct sim_disk_faults faults = {-1, -1, -1, 0, 0, 0};

	if (slot == NULL)
		return;
	if (dies)
		faults.die_in = (int64_t)random_below(&cluster->random, 100);
	else if (random_chance(&cluster->random, 1, 2))
		faults.fail_write_in = (int64_t)random_below(&cluster->random, 50);
	else
		faults.fail_sync_in = (int64_t)random_below(&cluster->random, 50);
	slot->may_be_damaged |= !dies;
	sim_disk_set_faults(sim_machine_disk(slot->machine), &faults);
}

static void pause_one(struct cluster *cluster)
{
	struct slot *slot = pick(cluster);

	if (slot == NULL)
		return;
	cluster_say(cluster, "m%u is paused", slot->number + 1);
	sim_machine_pause(slot->machine);
	slot->resume_us = until(cluster);
}

static void close_one(struct cluster *cluster)
{
	struct slot *slot = pick(cluster);

	if (slot != NULL)
		master_begin_close(slot);
}

/* ---- the network ---- */

static struct sim_machine *machine_at(struct cluster *cluster, unsigned i)
{
	return cluster->slots[i].machine;
}

static void cut_ways(struct cluster *cluster, bool (*is_cut)(struct cluster *cluster, unsigned from,
                                                             unsigned to, uint64_t draw))
{
	uint64_t draw = random_u64(&cluster->random);

	for (unsigned from = 0; from < cluster->slot_count; from++) {
		for (unsigned to = 0; to < cluster->slot_count; to++) {
			if (from != to && is_cut(cluster, from, to, draw))
				sim_net_cut(machine_at(cluster, from), machine_at(cluster, to),
				            true);
		}
	}
}

/* Two halves. */
static bool is_between_halves(struct cluster *cluster, unsigned from, unsigned to, uint64_t draw)
{
	(void)cluster;
	return (draw >> from & 1) != (draw >> to & 1);
}

/* One hears nobody, or is heard by nobody, or both. */
static bool is_of_one(struct cluster *cluster, unsigned from, unsigned to, uint64_t draw)
{
	unsigned one = (unsigned)((draw >> 8) % cluster->slot_count);
	uint64_t ways = draw % 3;

	return (ways != 0 && from == one) || (ways != 1 && to == one);
}

/* Each talks to its neighbours only. */
static bool is_outside_of_ring(struct cluster *cluster, unsigned from, unsigned to, uint64_t draw)
{
	unsigned size = cluster->slot_count;

	(void)draw;
	return (from + 1) % size != to && (to + 1) % size != from;
}

/* Two halves, and one that talks to both. */
static bool is_beside_bridge(struct cluster *cluster, unsigned from, unsigned to, uint64_t draw)
{
	unsigned bridge = (unsigned)((draw >> 8) % cluster->slot_count);

	return from != bridge && to != bridge && is_between_halves(cluster, from, to, draw);
}

/* Any way, in any direction. */
static bool is_by_chance(struct cluster *cluster, unsigned from, unsigned to, uint64_t draw)
{
	(void)cluster;
	return hash64(draw, &(unsigned[2]){from, to}, 2 * sizeof(unsigned)) % 5 < 2;
}

static void mend_network(struct cluster *cluster)
{
	cluster->network_us = 0;
	for (unsigned from = 0; from < cluster->slot_count; from++) {
		for (unsigned to = 0; to < cluster->slot_count; to++)
			sim_net_set(machine_at(cluster, from), machine_at(cluster, to),
			            &cluster->link);
	}
}

static void partition(struct cluster *cluster)
{
	static bool (*const shapes[])(struct cluster * cluster, unsigned from, unsigned to,
	                              uint64_t draw) = {
	        is_between_halves,  is_of_one,        is_of_one,
	        is_outside_of_ring, is_beside_bridge, is_by_chance,
	};

	mend_network(cluster);
	cut_ways(cluster, shapes[random_below(&cluster->random, COUNT_OF(shapes))]);
	cluster->network_us = until(cluster);
	cluster_say(cluster, "the network is cut");
}

static void slow_link(struct cluster *cluster)
{
	struct slot *slot = pick(cluster);
	struct sim_link link = cluster->link;

	if (slot == NULL)
		return;
	link.latency_us = 1000 + (uint32_t)random_below(&cluster->random, 150000);
	link.jitter_us = link.latency_us;
	link.loss_ppm = (uint32_t)random_below(&cluster->random, 200000);
	link.bytes_per_ms = (uint32_t)random_below(&cluster->random, 1000);
	for (unsigned i = 0; i < cluster->slot_count; i++) {
		sim_net_set(slot->machine, machine_at(cluster, i), &link);
		if (random_chance(&cluster->random, 1, 2))
			sim_net_set(machine_at(cluster, i), slot->machine, &link);
	}
	cluster->network_us = until(cluster);
	cluster_say(cluster, "the ways of m%u are slow", slot->number + 1);
}

/* ---- disks ---- */

static void slow_disk(struct cluster *cluster)
{
	struct slot *slot = pick(cluster);
	uint64_t delay_us = 1000u << random_below(&cluster->random, 9);

	if (slot == NULL)
		return;
	sim_machine_set_disk_delay(slot->machine, delay_us);
	slot->disk_us = until(cluster);
	cluster_say(cluster, "the disk of m%u takes %u ms", slot->number + 1,
	            (unsigned)(delay_us / 1000));
}

static void full_disk(struct cluster *cluster)
{
	struct slot *slot = pick(cluster);
	struct sim_disk *disk;

	if (slot == NULL || (!slot->is_settled && !cluster->is_lone_kind))
		return; /* a newcomer needs room to note where it belongs */
	disk = sim_machine_disk(slot->machine);
	sim_disk_set_capacity(disk,
	                      sim_disk_used(disk) + random_below(&cluster->random, 600 << 10));
	slot->disk_us = until(cluster);
	cluster_say(cluster, "the disk of m%u is full", slot->number + 1);
}

static void mend_disk(struct slot *slot)
{
	slot->disk_us = 0;
	sim_machine_set_disk_delay(slot->machine, 0);
	sim_disk_set_capacity(sim_machine_disk(slot->machine), 0);
}

static bool is_segment(const char *name)
{
	return strncmp(name, "segment-", 8) == 0 && strstr(name, ".tmp") == NULL;
}

/* The n-th segment of the folder into `path`.  False: there are not so many. */
static bool find_segment(struct sim_disk *disk, uint64_t n, char *path, size_t size)
{
	bool is_found = false;
	size_t count = 0;
	char **names;

	if (sim_disk_list(disk, SIM_KIT_FOLDER, &names, &count) < 0)
		return false;
	for (size_t i = 0; i < count && !is_found; i++) {
		is_found = is_segment(names[i]) && n-- == 0;
		if (is_found)
			snprintf(path, size, "%s/%s", SIM_KIT_FOLDER, names[i]);
	}
	io_free_names(names, count);
	return is_found;
}

/* A byte of a segment changes; mostly where something was written. */
static void rot(struct cluster *cluster)
{
	struct slot *slot = &cluster->slots[cluster->rotten];
	struct sim_disk *disk = sim_machine_disk(slot->machine);
	uint64_t n = random_below(&cluster->random, 6);
	struct io_stat stat;
	uint64_t offset;
	char path[128];

	cluster->was_settled |= masters_are_settled(cluster);
	if (!cluster->was_settled || slot->state == SLOT_UNUSED ||
	    !find_segment(disk, n, path, sizeof(path)) || sim_disk_stat(disk, path, &stat) < 0 ||
	    stat.size == 0)
		return;
	offset = random_below(&cluster->random, stat.size);
	if (random_chance(&cluster->random, 3, 4))
		offset %= 16384;
	if (offset >= stat.size)
		return;
	cluster_say(cluster, "%s of m%u rots at %u", path, slot->number + 1, (unsigned)offset);
	sim_disk_flip(disk, path, offset, (uint8_t)(1u << random_below(&cluster->random, 8)));
	slot->is_rotten = true;
}

/* ---- commands of an operator ---- */

struct order {
	struct slot *slot;
	struct journal_change change;
	char address[32];
};

static void ordered(struct journal_change *change, int rc, const char *text)
{
	struct order *order = CONTAINER_OF(change, struct order, change);

	cluster_say(order->slot->cluster, "order %d about %s: %s%s%s", change->kind, order->address,
	            err_name(rc), text == NULL ? "" : ": ", text == NULL ? "" : text);
	if (rc == 0 && change->kind != JOURNAL_TRANSFER)
		order->slot->cluster->figures.members_changed++;
	mem_free(order);
}

static void give_order(void *context)
{
	struct order *order = context;

	journal_change(master_journal(order->slot->master), &order->change);
}

static void order(struct slot *primary, enum journal_change_kind kind, const char *address)
{
	struct order *order = mem_must_zalloc(sizeof(*order));

	order->slot = primary;
	memcpy(order->address, address, strlen(address) + 1);
	order->change.kind = kind;
	order->change.address = order->address;
	order->change.done = ordered;
	sim_machine_post(primary->machine, give_order, order, 0);
}

void faults_transfer(struct slot *primary)
{
	order(primary, JOURNAL_TRANSFER, "");
}

static void transfer(struct cluster *cluster)
{
	struct slot *primary = masters_primary(cluster);
	unsigned to = (unsigned)random_below(&cluster->random, cluster->slot_count);

	if (primary != NULL)
		order(primary, JOURNAL_TRANSFER,
		      random_chance(&cluster->random, 1, 3) ? "" : cluster->slots[to].address);
}

/* A primary that cannot read its own entries cannot bring others up to date: an operator who reads
 * its log elects another. */
static void keep_rot_from_leading(struct cluster *cluster)
{
	struct slot *primary = masters_primary(cluster);

	if (primary == NULL || !primary->is_rotten || now(cluster) < primary->asked_us + SECOND_US)
		return;
	primary->asked_us = now(cluster);
	faults_transfer(primary);
}

static void begin_checkpoint(void *context)
{
	struct slot *slot = context;

	journal_checkpoint(master_journal(slot->master), NULL, NULL);
}

static void checkpoint(struct cluster *cluster)
{
	struct slot *slot = pick(cluster);

	if (slot != NULL && slot->master != NULL)
		sim_machine_post(slot->machine, begin_checkpoint, slot, 0);
}

static unsigned count_members(const struct cluster *cluster)
{
	unsigned count = 0;

	for (unsigned i = 0; i < cluster->slot_count; i++)
		count += cluster->slots[i].state != SLOT_UNUSED;
	return count;
}

/* The disk of one is lost; only while all the others have everything. */
static void wipe(struct cluster *cluster)
{
	struct slot *slot = pick(cluster);

	if (slot == NULL || cluster->is_lone_kind || count_members(cluster) < 3 ||
	    !masters_are_settled(cluster))
		return;
	master_lose_disk(slot);
	slot->start_us = until(cluster);
}

void faults_allow(struct slot *slot)
{
	struct slot *primary = masters_primary(slot->cluster);

	slot->is_joining = true;
	slot->asked_us = now(slot->cluster);
	if (primary != NULL)
		order(primary, JOURNAL_ALLOW, slot->address);
}

void faults_add(struct cluster *cluster)
{
	for (unsigned i = 0; i < cluster->slot_count; i++) {
		struct slot *slot = &cluster->slots[i];

		if (slot->state != SLOT_UNUSED)
			continue;
		master_wipe(slot);
		faults_allow(slot);
		slot->start_us = until(cluster);
		return;
	}
}

static void add(struct cluster *cluster)
{
	if (!cluster->is_lone_kind && count_members(cluster) <= 4 && masters_are_settled(cluster))
		faults_add(cluster);
}

void faults_remove(struct slot *slot)
{
	slot->is_leaving = slot->was_leaving = true;
	slot->asked_us = now(slot->cluster);
	order(masters_primary(slot->cluster), JOURNAL_REMOVE, slot->address);
}

static void remove_one(struct cluster *cluster)
{
	struct slot *slot = pick(cluster);

	if (slot == NULL || cluster->is_lone_kind || count_members(cluster) < 3 ||
	    !masters_are_settled(cluster))
		return;
	faults_remove(slot);
}

static void shift_clock(struct cluster *cluster)
{
	struct slot *slot = pick(cluster);

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
	case FAULT_PARTITION: partition(cluster); break;
	case FAULT_SLOW_LINK: slow_link(cluster); break;
	case FAULT_SLOW_DISK: slow_disk(cluster); break;
	case FAULT_FULL_DISK: full_disk(cluster); break;
	case FAULT_FAILING_DISK: set_disk_faults(cluster, false); break;
	case FAULT_TRANSFER: transfer(cluster); break;
	case FAULT_CHECKPOINT: checkpoint(cluster); break;
	case FAULT_ROT: rot(cluster); break;
	case FAULT_WIPE: wipe(cluster); break;
	case FAULT_ADD: add(cluster); break;
	case FAULT_REMOVE: remove_one(cluster); break;
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
	if (slot->state == SLOT_DOWN && slot->start_us != UINT64_MAX &&
	    (at_once || is_due(cluster, slot->start_us)))
		master_start(slot);
}

static void tick(struct sim_event *event)
{
	struct cluster *cluster = CONTAINER_OF(event, struct cluster, tick);

	masters_review(cluster);
	if (cluster->is_calm)
		keep_rot_from_leading(cluster);
	if (!cluster->is_calm) {
		if (is_due(cluster, cluster->network_us))
			mend_network(cluster);
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
	mend_network(cluster);
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
	        [FAULT_KILL] = 10,        [FAULT_POWER_CUT] = 8, [FAULT_DIE_IN_OPERATION] = 8,
	        [FAULT_CLOSE] = 2,        [FAULT_PAUSE] = 8,     [FAULT_PARTITION] = 10,
	        [FAULT_SLOW_LINK] = 5,    [FAULT_SLOW_DISK] = 5, [FAULT_FULL_DISK] = 4,
	        [FAULT_FAILING_DISK] = 2, [FAULT_TRANSFER] = 8,  [FAULT_CHECKPOINT] = 5,
	        [FAULT_ROT] = 4,          [FAULT_WIPE] = 4,      [FAULT_ADD] = 5,
	        [FAULT_REMOVE] = 4,       [FAULT_CLOCK] = 1,     [FAULT_ALL_AT_ONCE] = 2,
	};

	cluster->trouble.run = trouble;
	cluster->tick.run = tick;
	cluster->link = sim_link_default();
	if (random_chance(&cluster->random, 1, 4)) {
		cluster->link.jitter_us = (uint32_t)random_below(&cluster->random, 20000);
		cluster->link.loss_ppm = (uint32_t)random_below(&cluster->random, 20000);
	}
	mend_network(cluster);
	for (unsigned i = 0; i < FAULT_KINDS; i++) {
		if (random_chance(&cluster->random, 1, 2))
			cluster->weights[i] = usual[i];
	}
	if (cluster->plot != NULL)
		memcpy(cluster->weights, cluster->plot->weights, sizeof(cluster->weights));
	cluster->rotten = (unsigned)random_below(&cluster->random, cluster->size);
	if (cluster->size < 3)
		cluster->weights[FAULT_ROT] = 0;
	if (cluster->weights[FAULT_ROT] > 0)
		cluster->weights[FAULT_WIPE] = cluster->weights[FAULT_REMOVE] = 0;
	cluster->trouble_us = 50000u << random_below(&cluster->random, 6);
	cluster->longest_us = 100000u << random_below(&cluster->random, 7);
	if (cluster->plot != NULL) {
		cluster->trouble_us = cluster->plot->trouble_us;
		cluster->longest_us = cluster->plot->longest_us;
	}
	sim_world_schedule(cluster->world, &cluster->tick, TICK_US);
}
