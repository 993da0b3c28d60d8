/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "sim/cluster.h"

enum { SECOND_US = 1000 * 1000 };

/* ---- telling apart ---- */

static bool is_settled(struct cluster *cluster)
{
	return masters_are_settled(cluster) && cluster->figures.acknowledged > 50;
}

static bool leads(const struct slot *slot)
{
	struct journal_quorum quorum;

	if (slot->state != SLOT_RUNNING || slot->master == NULL)
		return false;
	journal_quorum(master_journal(slot->master), &quorum);
	return strcmp(quorum.role, "leader") == 0;
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

/* ---- what one has cut, another commits ---- */

static bool third_leads(struct cluster *cluster)
{
	return leads(&cluster->slots[cluster->cast[2]]);
}

static bool second_leads(struct cluster *cluster)
{
	return leads(&cluster->slots[cluster->cast[1]]);
}

/* The primary and one more have entries that nobody else has.  A third is elected by the other two,
 * and its first entry reaches the old primary only, which cuts its own.  Then the second is elected
 * by those two, and what was cut is committed. */
void scene_cut_and_committed(struct cluster *cluster)
{
	unsigned *cast = cluster->cast;

	faults_heal(cluster, (1u << cluster->slot_count) - 1);
	cluster_step_until(cluster, is_settled, 30 * SECOND_US);
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
