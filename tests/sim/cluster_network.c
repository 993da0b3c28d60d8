/* SPDX-License-Identifier: Apache-2.0 */
/* The ways between masters: cut in every shape, or slow. */
#include "sim/cluster.h"

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

void network_mend(struct cluster *cluster)
{
	cluster->network_us = 0;
	for (unsigned from = 0; from < cluster->slot_count; from++) {
		for (unsigned to = 0; to < cluster->slot_count; to++)
			sim_net_set(machine_at(cluster, from), machine_at(cluster, to),
			            &cluster->link);
	}
}

void network_cut(struct cluster *cluster)
{
	static bool (*const shapes[])(struct cluster * cluster, unsigned from, unsigned to,
	                              uint64_t draw) = {
	        is_between_halves,  is_of_one,        is_of_one,
	        is_outside_of_ring, is_beside_bridge, is_by_chance,
	};

	network_mend(cluster);
	cut_ways(cluster, shapes[random_below(&cluster->random, COUNT_OF(shapes))]);
	cluster->network_us = faults_until(cluster);
	cluster_say(cluster, "the network is cut");
}

void network_slow(struct cluster *cluster)
{
	struct slot *slot = faults_pick(cluster);
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
	cluster->network_us = faults_until(cluster);
	cluster_say(cluster, "the ways of m%u are slow", slot->number + 1);
}
