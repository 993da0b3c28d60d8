/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "format/vote.h"
#include "sim/cluster.h"

enum { SECOND_US = 1000 * 1000 };

/* ---- telling apart ---- */

static bool is_settled(struct cluster *cluster)
{
	return masters_are_settled(cluster) && cluster->figures.acknowledged > 50;
}

static void cut(struct cluster *cluster, unsigned from, unsigned to, bool is_cut)
{
	sim_net_cut(cluster->slots[from].machine, cluster->slots[to].machine, is_cut);
}

static void cut_both(struct cluster *cluster, unsigned a, unsigned b, bool is_cut)
{
	cut(cluster, a, b, is_cut);
	cut(cluster, b, a, is_cut);
}

static void set_latency(struct cluster *cluster, unsigned from, unsigned to, uint32_t latency_us)
{
	struct sim_link link = {.latency_us = latency_us};

	sim_net_set(cluster->slots[from].machine, cluster->slots[to].machine, &link);
}

static bool has_primary(struct cluster *cluster)
{
	return masters_primary(cluster) != NULL;
}

/* Everybody is well and stays so. */
static void begin(struct cluster *cluster)
{
	faults_heal(cluster, (1u << cluster->slot_count) - 1);
	if (!cluster_step_until(cluster, is_settled, 30 * SECOND_US))
		cluster_wrong(cluster, "the masters do not begin to serve");
}

/* The masters of the list, all of them voters, run. */
static void settle(struct cluster *cluster, const char *after)
{
	if (!cluster_step_until(cluster, masters_are_settled, 30 * SECOND_US))
		cluster_wrong(cluster, "the masters are not settled after %s", after);
}

/* Not to be started again by itself. */
static void stop_for_good(struct slot *slot)
{
	master_stop(slot, false);
	slot->start_us = UINT64_MAX;
}

static struct slot *draw_running(struct cluster *cluster)
{
	for (;;) {
		struct slot *slot =
		        &cluster->slots[random_below(&cluster->random, cluster->slot_count)];

		if (slot->state == SLOT_RUNNING)
			return slot;
	}
}

/* ---- what one has cut, another commits ---- */

static bool third_leads(struct cluster *cluster)
{
	return inside_leads(&cluster->slots[cluster->cast[2]]);
}

static bool second_leads(struct cluster *cluster)
{
	return inside_leads(&cluster->slots[cluster->cast[1]]);
}

/* The primary and one more have entries that nobody else has.  A third is elected by the other two,
 * and its first entry reaches the old primary only, which cuts its own.  Then the second is elected
 * by those two, and what was cut is committed. */
void scene_cut_and_committed(struct cluster *cluster)
{
	unsigned *cast = cluster->cast;

	begin(cluster);
	cast[0] = masters_primary(cluster)->number;
	for (unsigned i = 1; i < 5; i++)
		cast[i] = (cast[0] + i) % 5;
	for (unsigned i = 2; i < 5; i++) {
		cut(cluster, cast[0], cast[i], true);
		cut(cluster, cast[i], cast[0], i != 2);
		cut_both(cluster, cast[1], cast[i], true);
	}
	cut_both(cluster, cast[3], cast[4], true);
	set_latency(cluster, cast[2], cast[3], 60000);
	set_latency(cluster, cast[2], cast[4], 60000);
	if (!cluster_step_until(cluster, third_leads, 5 * SECOND_US))
		return;
	cut(cluster, cast[2], cast[3], true);
	cut(cluster, cast[2], cast[4], true);
	cluster_step_until(cluster, cluster_never, SECOND_US);
	cut(cluster, cast[2], cast[0], true);
	for (unsigned i = 3; i < 5; i++)
		cut_both(cluster, cast[1], cast[i], false);
	cut_both(cluster, cast[3], cast[4], false);
	cluster_step_until(cluster, second_leads, 10 * SECOND_US);
	cluster_step_until(cluster, cluster_never, SECOND_US);
}

/* ---- cut while it is written ---- */

static void isolate(struct slot *slot, bool is_cut)
{
	for (unsigned i = 0; i < slot->cluster->slot_count; i++) {
		if (i != slot->number)
			cut_both(slot->cluster, slot->number, i, is_cut);
	}
}

static bool other_leads(struct cluster *cluster)
{
	for (unsigned i = 0; i < cluster->slot_count; i++) {
		if (i != cluster->cast[0] && inside_leads(&cluster->slots[i]))
			return true;
	}
	return false;
}

/* A primary is cut off while its disk is slow, another one's entries take the place of what it is
 * just writing, and before those are written in their turn the power fails. */
void scene_cut_while_written(struct cluster *cluster)
{
	begin(cluster);
	for (unsigned round = 0; round < 4; round++) {
		struct slot *slot = masters_primary(cluster);

		cluster->cast[0] = slot->number;
		cluster->healed &= ~(1u << slot->number);
		sim_machine_set_disk_delay(slot->machine, 150000);
		isolate(slot, true);
		cluster_step_until(cluster, other_leads, 5 * SECOND_US);
		isolate(slot, false);
		cluster_step_until(cluster, cluster_never,
		                   random_below(&cluster->random, SECOND_US));
		if (slot->state == SLOT_RUNNING)
			master_stop(slot, master_may_lose_power(slot));
		sim_machine_set_disk_delay(slot->machine, 0);
		cluster->healed |= 1u << slot->number;
		settle(cluster, "the power failed where something was written in another's place");
	}
}

/* ---- the end of a segment ---- */

static bool has_begun_segment(struct cluster *cluster)
{
	const struct slot *slot = &cluster->slots[cluster->cast[0]];

	return slot->state != SLOT_RUNNING || inside_segment(slot) > cluster->segment_before;
}

/* Where syncs run behind, what a segment ends with is written and not synced when the next one is
 * due, if the disk is slow.  The power fails as soon as that has begun. */
void scene_lost_behind_segment(struct cluster *cluster)
{
	begin(cluster);
	for (unsigned round = 0; round < 6; round++) {
		struct slot *slot = draw_running(cluster);

		cluster->cast[0] = slot->number;
		cluster->segment_before = inside_segment(slot);
		cluster->healed &= ~(1u << slot->number);
		sim_machine_set_disk_delay(slot->machine, 10000);
		cluster_step_until(cluster, has_begun_segment, 5 * SECOND_US);
		if (slot->state == SLOT_RUNNING)
			master_stop(slot, master_may_lose_power(slot));
		sim_machine_set_disk_delay(slot->machine, 0);
		cluster->healed |= 1u << slot->number;
		settle(cluster, "the power failed where a segment had begun");
	}
}

/* ---- slow ways ---- */

static void slow_all(struct cluster *cluster)
{
	struct sim_link link = {.latency_us = 100000, .bytes_per_ms = 1};

	for (unsigned from = 0; from < cluster->slot_count; from++) {
		for (unsigned to = 0; to < cluster->slot_count; to++)
			sim_net_set(cluster->slots[from].machine, cluster->slots[to].machine,
			            &link);
	}
}

static bool has_acknowledged(struct cluster *cluster)
{
	return cluster->figures.acknowledged > cluster->acknowledged_before;
}

/* Heartbeats of a primary that has stepped down long ago wait on the way to the only other master.
 * Once it is mended they are nobody's business any more. */
void scene_slow_then_mended(struct cluster *cluster)
{
	begin(cluster);
	stop_for_good(draw_running(cluster));
	cluster_step_until(cluster, cluster_never, 2 * SECOND_US);
	slow_all(cluster);
	cluster_step_until(cluster, cluster_never, 10 * SECOND_US);
	if (!cluster->is_told_far)
		cluster_wrong(cluster, "nobody says that the ways are too slow for elections");
	network_mend(cluster);
	cluster->acknowledged_before = cluster->figures.acknowledged;
	if (!cluster_step_until(cluster, has_acknowledged, 5 * SECOND_US))
		cluster_wrong(cluster, "nothing is acknowledged after slow ways were mended");
	for (unsigned i = 0; i < cluster->slot_count; i++)
		cluster->slots[i].start_us = 0;
}

/* ---- stopped processes ---- */

/* For longer than a sync may take, with one under way. */
void scene_stopped(struct cluster *cluster)
{
	struct slot *slot;

	begin(cluster);
	slot = masters_primary(cluster);
	cluster->healed &= ~(1u << slot->number);
	sim_machine_set_disk_delay(slot->machine, 20000);
	cluster_step_until(cluster, cluster_never, SECOND_US);
	sim_machine_pause(slot->machine);
	cluster_step_until(cluster, cluster_never, 3 * SIM_KIT_HANG_MS * 1000);
	sim_machine_resume(slot->machine);
	sim_machine_set_disk_delay(slot->machine, 0);
	settle(cluster, "one was stopped");
}

/* ---- rot ---- */

/* What the primary would feed a late one with is damaged in its segment, and in no checkpoint. */
void scene_rotten_primary(struct cluster *cluster)
{
	struct slot *late, *primary = NULL;

	cluster->has_small_tail = true;
	cluster->checkpoint_entries = 1 << 20;
	begin(cluster);
	late = draw_running(cluster);
	stop_for_good(late);
	for (unsigned i = 0; i < 10; i++)
		cluster_step_until(cluster, cluster_never, SECOND_US);
	cluster_step_until(cluster, has_primary, 5 * SECOND_US);
	primary = masters_primary(cluster);
	if (primary == NULL || !faults_rot(primary, "segment-", 0, 16384 + 100))
		cluster_wrong(cluster, "no primary has written anything");
	late->start_us = 0;
	settle(cluster, "a late one came to a primary with a rotten segment");
}

/* The newest of two, if there are two. */
static bool rot_checkpoint(struct slot *slot)
{
	return slot != NULL && (faults_rot(slot, "checkpoint-", 1, 5000) ||
	                        faults_rot(slot, "checkpoint-", 0, 5000));
}

/* What the primary would give a newcomer is damaged, and nobody changes anything any more. */
void scene_rotten_checkpoint(struct cluster *cluster)
{
	struct slot *wiped;

	cluster->checkpoint_entries = 20;
	begin(cluster);
	cluster_step_until(cluster, cluster_never, 5 * SECOND_US);
	cluster->is_draining = true;
	cluster_step_until(cluster, cluster_never, 5 * SECOND_US);
	if (!rot_checkpoint(masters_primary(cluster)))
		cluster_wrong(cluster, "no primary has a checkpoint");
	do
		wiped = draw_running(cluster);
	while (wiped == masters_primary(cluster));
	master_lose_disk(wiped);
	settle(cluster, "the primary's checkpoint rotted");
}

void scene_rotten_vote(struct cluster *cluster)
{
	struct slot *slot;

	begin(cluster);
	slot = draw_running(cluster);
	faults_rot(slot, "vote", 0, 100);
	faults_rot(slot, "vote", 0, VOTE_SLOT_BYTES + 100);
	master_stop(slot, false);
	slot->start_us = 0;
	settle(cluster, "one forgot what it had promised");
	if (memcmp(slot->id, slot->lost_id, sizeof(slot->id)) == 0)
		cluster_wrong(cluster, "m%u forgot what it had promised and goes on",
		              slot->number + 1);
}

/* ---- bad memory ---- */

static bool is_odd(struct cluster *cluster)
{
	const struct slot *slot = &cluster->slots[cluster->cast[0]];

	return slot->state == SLOT_RUNNING && slot->master != NULL &&
	       journal_is_odd(master_journal(slot->master));
}

/* Of two that are left, a standby's state becomes another, and perhaps a checkpoint of its own
 * says the same. */
void scene_bad_memory(struct cluster *cluster)
{
	struct slot *primary, *slot, *third;

	begin(cluster);
	primary = masters_primary(cluster);
	slot = &cluster->slots[(primary->number + 1) % 3];
	third = &cluster->slots[(primary->number + 2) % 3];
	cluster->cast[0] = slot->number;
	order_checkpoint(slot, 0);
	cluster_step_until(cluster, cluster_never, SECOND_US);
	stop_for_good(third);
	sim_machine_set_disk_delay(slot->machine, 50000);
	cluster->healed = 0;
	slot->will_err = true;
	if (random_chance(&cluster->random, 1, 2))
		order_checkpoint(slot, 200000);
	if (!cluster_step_until(cluster, is_odd, 10 * SECOND_US) && slot->is_wrong)
		cluster_wrong(cluster, "m%u does not find that its state is another",
		              slot->number + 1);
	cluster_step_until(cluster, cluster_never, 5 * SECOND_US);
	if (!slot->is_wrong && is_odd(cluster))
		cluster_wrong(cluster, "m%u does not find that its state is right again",
		              slot->number + 1);
	third->start_us = 0;
}

/* ---- lost disks ---- */

void scene_one_wiped(struct cluster *cluster)
{
	begin(cluster);
	master_lose_disk(draw_running(cluster));
	settle(cluster, "one lost its disk");
}

static bool packing_one_leads(struct cluster *cluster)
{
	const struct slot *primary = masters_primary(cluster);

	return primary != NULL && master_packs(primary);
}

/* Its log begins where the segments of the primary do not reach any more. */
void scene_wiped_and_packed(struct cluster *cluster)
{
	uint64_t loaded = cluster->figures.checkpoints_loaded;
	struct slot *wiped;

	cluster->checkpoint_entries = 20;
	begin(cluster);
	cluster_step_until(cluster, cluster_never, 5 * SECOND_US);
	for (unsigned i = 0; i < 20 && !packing_one_leads(cluster); i++) {
		if (has_primary(cluster))
			order_transfer(masters_primary(cluster));
		cluster_step_until(cluster, packing_one_leads, SECOND_US);
	}
	settle(cluster, "primacy went round");
	do
		wiped = draw_running(cluster);
	while (master_packs(wiped));
	master_lose_disk(wiped);
	settle(cluster, "one lost its disk that needs a packed checkpoint");
	if (cluster->figures.checkpoints_loaded == loaded)
		cluster_wrong(cluster, "who lost its disk got no checkpoint");
}

static void demand_silence(struct cluster *cluster, const char *who)
{
	uint64_t acknowledged, entries;

	cluster_step_until(cluster, cluster_never, SECOND_US);
	acknowledged = cluster->figures.acknowledged;
	entries = history_last(&cluster->history);
	cluster_step_until(cluster, cluster_never, 20 * SECOND_US);
	if (cluster->figures.acknowledged != acknowledged ||
	    history_last(&cluster->history) != entries || masters_primary(cluster) != NULL)
		cluster_wrong(cluster, "%s serve", who);
}

/* Who is left cannot know what the two had, and they know nothing. */
void scene_two_wiped(struct cluster *cluster)
{
	struct slot *left;

	begin(cluster);
	left = draw_running(cluster);
	for (unsigned i = 0; i < cluster->slot_count; i++) {
		struct slot *slot = &cluster->slots[i];

		if (slot != left && slot->state == SLOT_RUNNING)
			master_lose_disk(slot);
	}
	demand_silence(cluster, "one master and two empty ones");
	stop_for_good(left);
	demand_silence(cluster, "two empty masters of a cluster of three");
	cluster->ends_here = true;
}

void scene_wiped_while_down(struct cluster *cluster)
{
	struct slot *down, *wiped;

	begin(cluster);
	down = draw_running(cluster);
	stop_for_good(down);
	cluster_step_until(cluster, cluster_never, 2 * SECOND_US);
	wiped = draw_running(cluster);
	master_lose_disk(wiped);
	cluster_step_until(cluster, cluster_never, 15 * SECOND_US);
	if (!wiped->is_settled)
		cluster_wrong(cluster, "m%u is not replaced while m%u is down", wiped->number + 1,
		              down->number + 1);
	down->start_us = 0;
	settle(cluster, "the one that was down came back");
}

/* ---- a majority that is gone ---- */

static void stop_all(struct cluster *cluster, bool power_cut)
{
	for (unsigned i = 0; i < cluster->slot_count; i++) {
		struct slot *slot = &cluster->slots[i];

		if (slot->state == SLOT_RUNNING || slot->state == SLOT_CLOSING)
			master_stop(slot, power_cut);
		slot->start_us = UINT64_MAX;
	}
}

/* From here on what the operator gives up may be lost; answers that are on their way arrive. */
static void give_up_end(struct cluster *cluster)
{
	cluster_step_until(cluster, cluster_never, SECOND_US);
	cluster->seen = 0;
	cluster->may_lose = true;
}

static void start(struct slot *slot)
{
	slot->start_us = 0;
	slot->cluster->healed |= 1u << slot->number;
}

static void demand_answers(struct cluster *cluster, const char *who)
{
	cluster->acknowledged_before = cluster->figures.acknowledged;
	if (!cluster_step_until(cluster, has_acknowledged, 20 * SECOND_US))
		cluster_wrong(cluster, "%s acknowledge nothing", who);
}

struct recovery {
	struct slot *slot;
	bool is_unsafe;
	int rc;
};

static void step_recover(void *context)
{
	struct recovery *recovery = context;
	struct buf report = {0};
	char *text = NULL;

	recovery->rc = journal_recover(sim_machine_start(recovery->slot->machine), SIM_KIT_FOLDER,
	                               recovery->is_unsafe, &report, &text);
	cluster_say(recovery->slot->cluster, "m%u recovers: %.*s%s", recovery->slot->number + 1,
	            STR_ARGS(buf_str(&report)), text == NULL ? "" : text);
	mem_free(text);
	buf_finish(&report);
}

/* The command; its machine may fail in it, and then it is given again. */
static int recover(struct slot *slot, bool is_unsafe)
{
	struct cluster *cluster = slot->cluster;
	struct recovery recovery = {.slot = slot, .is_unsafe = is_unsafe};
	struct sim_disk_faults faults = {-1, -1, -1, 0, 0, 0};
	bool is_over;

	if (random_chance(&cluster->random, 1, 2))
		faults.die_in = (int64_t)random_below(&cluster->random, 12);
	do {
		sim_disk_set_faults(sim_machine_disk(slot->machine), &faults);
		is_over = sim_machine_run(slot->machine, step_recover, &recovery);
		sim_machine_kill(slot->machine, true);
		faults.die_in = -1;
	} while (!is_over);
	sim_disk_set_faults(sim_machine_disk(slot->machine), &faults);
	return recovery.rc;
}

static void recover_unsafe(struct slot *slot)
{
	if (recover(slot, false) != -ERR_WRITE_REFUSED)
		cluster_wrong(slot->cluster, "recovery without --unsafe is not refused");
	/* It may have been done already when the machine failed. */
	if (recover(slot, true) < 0 && recover(slot, true) != -ERR_INVALID)
		cluster_wrong(slot->cluster, "m%u cannot be recovered", slot->number + 1);
}

/* Those who are lost come back with what they had. */
static void come_back(struct cluster *cluster, const struct slot *survivor)
{
	for (unsigned i = 0; i < cluster->slot_count; i++) {
		struct slot *slot = &cluster->slots[i];

		if (slot == survivor || slot->state != SLOT_DOWN ||
		    !random_chance(&cluster->random, 1, 2))
			continue;
		slot->is_stray = true;
		start(slot);
		cluster_step_until(cluster, cluster_never, 5 * SECOND_US);
		if (masters_primary(cluster) != survivor || inside_leads(slot))
			cluster_wrong(cluster, "m%u, which was given up, leads or is obeyed",
			              i + 1);
		break; /* a majority of them would be the old cluster */
	}
	demand_answers(cluster, "the one that was recovered, beside an old one,");
}

/* A majority is lost for ever, one of the others goes on alone, and newcomers join it. */
void scene_recovered(struct cluster *cluster)
{
	struct slot *survivor;

	begin(cluster);
	survivor = draw_running(cluster);
	cluster_step_until(cluster, cluster_never, random_below(&cluster->random, 3 * SECOND_US));
	stop_all(cluster, random_chance(&cluster->random, 1, 2));
	give_up_end(cluster);
	recover_unsafe(survivor);
	start(survivor);
	demand_answers(cluster, "one that was recovered does");
	come_back(cluster, survivor);
	for (unsigned i = 0; i < cluster->slot_count; i++) {
		struct slot *slot = &cluster->slots[i];

		if (slot == survivor || slot->state == SLOT_UNUSED)
			continue;
		if (slot->state != SLOT_DOWN)
			master_stop(slot, true);
		master_join_anew(slot);
		order_allow(slot);
		start(slot);
	}
	cluster->may_lose = false;
	settle(cluster, "a majority was given up and newcomers joined");
	if (masters_primary(cluster) == NULL || !survivor->is_settled)
		cluster_wrong(cluster, "who was recovered is gone");
}

/* One is recovered although the majority is well.  It has what it had, and a history of its own;
 * the others go on without it, and take it in again when it is formatted. */
void scene_recovered_for_nothing(struct cluster *cluster)
{
	struct slot *stray;

	begin(cluster);
	stray = draw_running(cluster);
	stop_for_good(stray);
	cluster_step_until(cluster, cluster_never, random_below(&cluster->random, 3 * SECOND_US));
	recover_unsafe(stray);
	stray->is_stray = true;
	start(stray);
	for (unsigned i = 0; i < 5; i++) {
		demand_answers(cluster, "those of whom one was recovered");
		cluster_step_until(cluster, cluster_never, SECOND_US);
	}
	if (stray->state != SLOT_RUNNING || !inside_leads(stray))
		cluster_wrong(cluster, "m%u does not go on alone", stray->number + 1);
	master_stop(stray, true);
	master_join_anew(stray);
	start(stray);
	settle(cluster, "who was recovered for nothing was formatted");
}

/* The power of all machines fails where masters acknowledge before they sync. */
void scene_all_behind_lost(struct cluster *cluster)
{
	begin(cluster);
	for (unsigned i = 0; i < cluster->slot_count; i++)
		sim_machine_set_disk_delay(cluster->slots[i].machine, 100000);
	cluster->healed = 0;
	cluster_step_until(cluster, cluster_never, random_below(&cluster->random, 3 * SECOND_US));
	stop_all(cluster, true);
	give_up_end(cluster);
	for (unsigned i = 0; i < cluster->slot_count; i++)
		start(&cluster->slots[i]);
	demand_answers(cluster, "masters whose machines all went down");
	cluster->may_lose = false;
	settle(cluster, "all machines went down");
}

/* ---- forming and changing ---- */

/* Two cannot form what is configured as three. */
void scene_late(struct cluster *cluster)
{
	unsigned late = (unsigned)random_below(&cluster->random, cluster->size);

	faults_heal(cluster, (1u << cluster->slot_count) - 1);
	cluster->slots[late].start_us = UINT64_MAX;
	cluster_step_until(cluster, cluster_never, 10 * SECOND_US);
	if (masters_primary(cluster) != NULL)
		cluster_wrong(cluster, "a cluster is formed without m%u", late + 1);
	cluster->slots[late].start_us = 0;
	settle(cluster, "the late one came");
}

/* One dies in its first steps, wherever that is, and once more when it has settled. */
void scene_bound_in_steps(struct cluster *cluster)
{
	struct slot *slot = &cluster->slots[random_below(&cluster->random, cluster->size)];
	struct sim_disk_faults faults = {-1, -1, -1, 0, 0, 0};

	faults_heal(cluster, (1u << cluster->slot_count) - 1);
	faults.die_in = (int64_t)random_below(&cluster->random, 40);
	sim_disk_set_faults(sim_machine_disk(slot->machine), &faults);
	if (!cluster_step_until(cluster, is_settled, 30 * SECOND_US))
		cluster_wrong(cluster, "the masters do not begin to serve");
	if (slot->state == SLOT_RUNNING)
		master_stop(slot, random_chance(&cluster->random, 1, 2));
	slot->start_us = 0;
	settle(cluster, "one died in its first steps");
}

static void demand_running(struct slot *slot)
{
	struct cluster *cluster = slot->cluster;

	cluster_step_until(cluster, cluster_never, random_below(&cluster->random, 8 * SECOND_US));
	if (slot->state != SLOT_RUNNING)
		cluster_wrong(cluster, "m%u does not wait for room", slot->number + 1);
}

/* There is no room for anything new, and later there is. */
static void start_on_full_disk(struct slot *slot)
{
	struct cluster *cluster = slot->cluster;
	struct sim_disk *disk = sim_machine_disk(slot->machine);

	cluster->healed &= ~(1u << slot->number);
	sim_disk_set_capacity(disk, sim_disk_used(disk));
	master_start(slot);
	demand_running(slot);
	if (random_chance(&cluster->random, 1, 2)) {
		master_begin_close(slot);
		cluster_step_until(cluster, cluster_never, 2 * SECOND_US);
		master_start(slot);
		demand_running(slot);
	}
	cluster->healed |= 1u << slot->number;
}

/* One has none when the cluster is to be formed, and a newcomer has none. */
void scene_no_room(struct cluster *cluster)
{
	unsigned first = (unsigned)random_below(&cluster->random, cluster->size);

	faults_heal(cluster, (1u << cluster->slot_count) - 1);
	start_on_full_disk(&cluster->slots[first]);
	begin(cluster);
	master_wipe(&cluster->slots[cluster->size]);
	start_on_full_disk(&cluster->slots[cluster->size]);
	settle(cluster, "there was room again");
}

void scene_grown(struct cluster *cluster)
{
	begin(cluster);
	order_add(cluster);
	cluster_step_until(cluster, cluster_never, 3 * SECOND_US);
	order_add(cluster);
	settle(cluster, "two joined one");
	if (cluster->slots[0].state != SLOT_RUNNING || !cluster->slots[0].is_settled)
		cluster_wrong(cluster, "the first one is gone");
}

/* Two newcomers, nobody lets them in by a command, and neither has the other in its list. */
void scene_joined_together(struct cluster *cluster)
{
	begin(cluster);
	for (unsigned i = cluster->size; i < cluster->size + 2; i++) {
		master_wipe(&cluster->slots[i]);
		cluster->slots[i].came_together = true;
		cluster_step_until(cluster, cluster_never,
		                   random_below(&cluster->random, 3 * SECOND_US));
		if (has_primary(cluster) && random_chance(&cluster->random, 1, 3))
			master_stop(masters_primary(cluster), false);
	}
	settle(cluster, "two joined that do not know of each other");
}

/* With trouble that is healed again. */
static void play_trouble(struct cluster *cluster)
{
	faults_begin(cluster);
	cluster_step_until(cluster, cluster_never, random_below(&cluster->random, 5 * SECOND_US));
	faults_heal(cluster, (1u << cluster->slot_count) - 1);
	cluster_step_until(cluster, has_primary, 30 * SECOND_US);
}

/* A master that was formatted without others is moved and joined by two, which come at once. */
void scene_lone_grown(struct cluster *cluster)
{
	struct slot *lone = &cluster->slots[0];

	begin(cluster);
	for (unsigned move = 0; move < 3; move++) {
		play_trouble(cluster);
		if (lone->state == SLOT_RUNNING)
			master_stop(lone, random_chance(&cluster->random, 1, 2));
		master_place(lone, CLUSTER_PORT + move);
		lone->start_us = 0;
		settle(cluster, "the lone one was moved");
	}
	cluster->is_lone_kind = false;
	order_add(cluster);
	order_add(cluster);
	if (random_chance(&cluster->random, 1, 2))
		play_trouble(cluster);
	settle(cluster, "two joined a lone one");
	play_trouble(cluster);
	settle(cluster, "trouble of a lone one that has grown");
	if (!lone->is_settled)
		cluster_wrong(cluster, "the lone one is gone");
}

static bool has_left(struct cluster *cluster)
{
	return cluster->slots[cluster->cast[0]].state == SLOT_UNUSED;
}

/* It elects another first, if it is the primary. */
static void remove_slot(struct cluster *cluster, struct slot *slot)
{
	cluster->cast[0] = slot->number;
	for (unsigned tries = 0; tries < 20 && !has_left(cluster); tries++) {
		struct slot *primary = masters_primary(cluster);

		if (primary == slot)
			order_transfer(slot);
		else if (primary != NULL)
			order_remove(slot);
		cluster_step_until(cluster, has_left, 4 * SECOND_US);
	}
	if (!has_left(cluster))
		cluster_wrong(cluster, "m%u is not taken out", slot->number + 1);
}

void scene_all_replaced(struct cluster *cluster)
{
	begin(cluster);
	for (unsigned i = 0; i < 3; i++) {
		order_add(cluster);
		settle(cluster, "one joined");
		remove_slot(cluster, &cluster->slots[i]);
		settle(cluster, "one left");
	}
}

/* Two of five died and are taken out. */
void scene_shrunk(struct cluster *cluster)
{
	struct slot *dead[2];

	begin(cluster);
	for (unsigned i = 0; i < 2; i++) {
		dead[i] = draw_running(cluster);
		stop_for_good(dead[i]);
	}
	cluster_step_until(cluster, cluster_never, 3 * SECOND_US);
	for (unsigned i = 0; i < 2; i++)
		remove_slot(cluster, dead[i]);
	settle(cluster, "two were taken out");
}
