/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator does: commands to the primary, new masters, disks that are replaced. */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "sim/cluster.h"

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

void order_transfer(struct slot *primary)
{
	order(primary, JOURNAL_TRANSFER, "");
}

void orders_transfer(struct cluster *cluster)
{
	struct slot *primary = masters_primary(cluster);
	unsigned to = (unsigned)random_below(&cluster->random, cluster->slot_count);

	if (primary != NULL)
		order(primary, JOURNAL_TRANSFER,
		      random_chance(&cluster->random, 1, 3) ? "" : cluster->slots[to].address);
}

static void begin_checkpoint(void *context)
{
	struct slot *slot = context;

	journal_checkpoint(master_journal(slot->master), NULL, NULL);
}

void order_checkpoint(struct slot *slot, uint64_t delay_us)
{
	sim_machine_post(slot->machine, begin_checkpoint, slot, delay_us);
}

void orders_checkpoint(struct cluster *cluster)
{
	struct slot *slot = faults_pick(cluster);

	if (slot != NULL && slot->master != NULL)
		order_checkpoint(slot, 0);
}

static unsigned count_members(const struct cluster *cluster)
{
	unsigned count = 0;

	for (unsigned i = 0; i < cluster->slot_count; i++)
		count += cluster->slots[i].state != SLOT_UNUSED;
	return count;
}

/* The disk of one is lost; only while all the others have everything. */
void orders_wipe(struct cluster *cluster)
{
	struct slot *slot = faults_pick(cluster);

	if (slot == NULL || cluster->is_lone_kind || count_members(cluster) < 3 ||
	    !masters_are_settled(cluster))
		return;
	master_lose_disk(slot);
	slot->start_us = faults_until(cluster);
}

void order_allow(struct slot *slot)
{
	struct slot *primary = masters_primary(slot->cluster);

	slot->is_joining = true;
	slot->asked_us = sim_world_now_us(slot->cluster->world);
	if (primary != NULL)
		order(primary, JOURNAL_ALLOW, slot->address);
}

void order_add(struct cluster *cluster)
{
	for (unsigned i = 0; i < cluster->slot_count; i++) {
		struct slot *slot = &cluster->slots[i];

		if (slot->state != SLOT_UNUSED)
			continue;
		master_wipe(slot);
		slot->is_joining = true;
		slot->asked_us = sim_world_now_us(cluster->world);
		if (random_chance(&cluster->random, 1, 2)) /* else its own list may do */
			order_allow(slot);
		slot->start_us = faults_until(cluster);
		return;
	}
}

void orders_add(struct cluster *cluster)
{
	if (!cluster->is_lone_kind && count_members(cluster) <= 4 && masters_are_settled(cluster))
		order_add(cluster);
}

void order_remove(struct slot *slot)
{
	slot->is_leaving = slot->was_leaving = true;
	slot->asked_us = sim_world_now_us(slot->cluster->world);
	order(masters_primary(slot->cluster), JOURNAL_REMOVE, slot->address);
}

void orders_remove(struct cluster *cluster)
{
	struct slot *slot = faults_pick(cluster);

	if (slot == NULL || cluster->is_lone_kind || count_members(cluster) < 3 ||
	    !masters_are_settled(cluster))
		return;
	order_remove(slot);
}
