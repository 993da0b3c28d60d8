/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of Raft (figure 3) and of reads, checked against all that ever happened.
 */
#include "base/check.h"
#include "base/hash.h"
#include "base/mem.h"
#include "unit/raft/fixture.h"

/* ---- log matching: same index and term, same entry and same entries before ---- */

static struct fx_seen *seen_slot(struct fx_seen *seen, size_t room, uint64_t index, uint64_t term)
{
	uint64_t key[2] = {index, term};
	size_t at = hash64(0, key, sizeof(key)) & (room - 1);

	while (seen[at].index != 0 && (seen[at].index != index || seen[at].term != term))
		at = (at + 1) & (room - 1);
	return &seen[at];
}

static void grow_seen(struct world *world)
{
	size_t room = world->seen_room == 0 ? 1024 : world->seen_room * 2;
	struct fx_seen *seen = mem_must_zalloc(room * sizeof(seen[0]));

	for (size_t i = 0; i < world->seen_room; i++)
		if (world->seen[i].index != 0)
			*seen_slot(seen, room, world->seen[i].index, world->seen[i].term) =
			        world->seen[i];
	mem_free(world->seen);
	world->seen = seen;
	world->seen_room = room;
}

void fx_check_entry(struct world *world, int node, uint64_t index, const struct fx_entry *entry)
{
	struct fx_seen *seen;

	if (world->seen_count * 2 >= world->seen_room)
		grow_seen(world);
	seen = seen_slot(world->seen, world->seen_room, index, entry->term);
	if (seen->index == 0) {
		*seen = (struct fx_seen){
		        .index = index, .term = entry->term, .chain = entry->chain};
		world->seen_count++;
	} else if (seen->chain != entry->chain) {
		world_fail(world, "log matching: node %d has another entry %ju of term %ju", node,
		           (uintmax_t)index, (uintmax_t)entry->term);
	}
}

/* ---- state machine safety: nobody applies another entry at that index ---- */

static void add_committed(struct world *world, struct fx_entry entry, uint64_t term)
{
	if (world->committed_count == world->committed_room) {
		world->committed_room =
		        world->committed_room == 0 ? 256 : world->committed_room * 2;
		world->committed = mem_must_realloc(
		        world->committed, world->committed_room * sizeof(world->committed[0]));
	}
	world->committed[world->committed_count++] =
	        (struct fx_committed){.entry = entry, .term = term, .at_us = world->now_us};
}

/* While one leader commits no older one may hold a lease. */
static void check_leases(struct world *world, int node, uint64_t term)
{
	struct raft_status status;

	for (int i = 0; i < world->node_count; i++) {
		struct fx_node *other = &world->nodes[i];

		if (i == node || other->core == NULL || other->role != RAFT_LEADER)
			continue;
		raft_status(other->core, &status);
		if (status.term < term && status.lease_until_ms > fx_clock_ms(world, other))
			world_fail(
			        world,
			        "lease: node %d has one in term %ju while node %d commits in term "
			        "%ju",
			        i, (uintmax_t)status.term, node, (uintmax_t)term);
	}
}

void fx_check_commit(struct world *world, int node, uint64_t before)
{
	struct fx_node *self = &world->nodes[node];
	struct raft_status status;

	if (before < self->log.base)
		before = self->log.base;
	raft_status(self->core, &status);
	for (uint64_t i = before + 1; i <= self->commit; i++) {
		const struct fx_entry *entry = fx_log_at(&self->log, i);

		if (i > world->committed_count) {
			if (status.role != RAFT_LEADER)
				world_fail(world, "node %d commits %ju ahead of every leader", node,
				           (uintmax_t)i);
			add_committed(world, *entry, status.term);
			world->commits++;
			check_leases(world, node, status.term);
		} else if (world->committed[i - 1].entry.chain != entry->chain) {
			world_fail(world, "state machine safety: node %d commits another entry %ju",
			           node, (uintmax_t)i);
			return;
		}
	}
}

/* ---- election safety, leader completeness ---- */

void fx_check_leader(struct world *world, int node)
{
	struct fx_node *self = &world->nodes[node];
	struct raft_status status;
	uint64_t index = world->committed_count;

	raft_status(self->core, &status);
	if (status.term >= world->leader_room) {
		size_t room = (status.term + 1) * 2;

		world->leaders = mem_must_realloc(world->leaders, room * sizeof(world->leaders[0]));
		memset(world->leaders + world->leader_room, 0,
		       (room - world->leader_room) * sizeof(world->leaders[0]));
		world->leader_room = room;
	}
	if (!raft_id_is_none(world->leaders[status.term]))
		world_fail(world, "election safety: two leaders of term %ju",
		           (uintmax_t)status.term);
	world->leaders[status.term] = self->id;
	world->elections++;
	while (index > 0 && world->committed[index - 1].term >= status.term)
		index--;
	if (index <= self->log.base)
		return;
	if (index > fx_log_last(&self->log) ||
	    fx_log_chain(&self->log, index) != world->committed[index - 1].entry.chain)
		world_fail(world, "leader completeness: node %d leads term %ju without entry %ju",
		           node, (uintmax_t)status.term, (uintmax_t)index);
}

/* ---- a learner becomes a voter when it has what the others had not long ago ---- */

/* In effect at the end of the log; FX_NO_LIST: none. */
static int list_at_end(const struct fx_log *log)
{
	for (size_t i = log->count; i > 0; i--)
		if (log->entries[i - 1].list != FX_NO_LIST)
			return log->entries[i - 1].list;
	return log->base_list;
}

static uint64_t committed_before(const struct world *world, uint64_t at_us)
{
	size_t count = world->committed_count;

	while (count > 0 && world->committed[count - 1].at_us > at_us)
		count--;
	return count;
}

/* Until it has caught up it is missed in every majority that it is part of. */
static void check_promotion(struct world *world, int leader, struct raft_id id)
{
	enum { LATE_TIMES = 3 }; /* rounds of an election time-out, clocks drifting */
	uint64_t late_us = world->nodes[leader].election_min_ms * 1000 * LATE_TIMES;
	uint64_t due =
	        committed_before(world, world->now_us > late_us ? world->now_us - late_us : 0);

	for (int i = 0; i < world->node_count; i++) {
		const struct fx_node *node = &world->nodes[i];

		if (raft_id_equal(node->id, id) && node->vote.bound == RAFT_NO_BOUND &&
		    fx_log_last(&node->disk) < due)
			world_fail(world,
			           "promotion: node %d is made a voter and has %ju, of %ju that "
			           "were committed long ago",
			           i, (uintmax_t)fx_log_last(&node->disk), (uintmax_t)due);
	}
}

void fx_check_promotions(struct world *world, int node, const struct raft_members *members)
{
	int list = list_at_end(&world->nodes[node].log);

	for (size_t i = 0; i < members->count && list != FX_NO_LIST; i++) {
		const struct raft_member *before =
		        raft_member_by_id(&world->lists[list], members->member[i].id);

		if (members->member[i].is_voter && before != NULL && !before->is_voter)
			check_promotion(world, node, members->member[i].id);
	}
}

/* ---- linearizable reads: at least what was committed when they were asked ---- */

void fx_check_reads(struct world *world, int node, uint64_t ticket, uint64_t index)
{
	struct fx_node *self = &world->nodes[node];
	size_t kept = 0;

	for (size_t i = 0; i < self->read_count; i++) {
		if (self->reads[i].ticket > ticket) {
			self->reads[kept++] = self->reads[i];
			continue;
		}
		world->reads_ok++;
		if (index < self->reads[i].floor)
			world_fail(world, "stale read: node %d answers at %ju, %ju was committed",
			           node, (uintmax_t)index, (uintmax_t)self->reads[i].floor);
	}
	self->read_count = kept;
}
