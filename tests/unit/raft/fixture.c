/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/raft/fixture.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/check.h"
#include "base/mem.h"

enum { MS = 1000, LISTS_MAX = 64 };

/* ---- events ---- */

static bool is_before(const struct fx_event *a, const struct fx_event *b)
{
	return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

void fx_push(struct world *world, struct fx_event event)
{
	size_t at = world->event_count++;

	if (world->event_count > world->event_room) {
		world->event_room = world->event_room == 0 ? 256 : world->event_room * 2;
		world->events = mem_must_realloc(world->events,
		                                 world->event_room * sizeof(world->events[0]));
	}
	event.order = world->order++;
	while (at > 0 && is_before(&event, &world->events[(at - 1) / 2])) {
		world->events[at] = world->events[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	world->events[at] = event;
}

static struct fx_event pop(struct world *world)
{
	struct fx_event first = world->events[0], last = world->events[--world->event_count];
	size_t at = 0, child;

	while ((child = 2 * at + 1) < world->event_count) {
		if (child + 1 < world->event_count &&
		    is_before(&world->events[child + 1], &world->events[child]))
			child++;
		if (!is_before(&world->events[child], &last))
			break;
		world->events[at] = world->events[child];
		at = child;
	}
	world->events[at] = last;
	return first;
}

static void run_one(struct world *world)
{
	struct fx_event event = pop(world);
	struct fx_node *node = &world->nodes[event.node];

	world->now_us = event.at_us;
	if (event.kind == FX_CLIENT) {
		fx_client(world);
	} else if (event.kind == FX_CHAOS) {
		fx_chaos(world);
	} else if (node->paused_until_us > world->now_us && event.kind != FX_START) {
		event.at_us = node->paused_until_us;
		fx_push(world, event);
		return;
	} else {
		fx_handle(world, &event);
	}
	fx_drop(&event);
}

void world_run(struct world *world, uint64_t until_us)
{
	while (!world->is_failed && world->event_count > 0 && world->events[0].at_us <= until_us)
		run_one(world);
	if (world->now_us < until_us)
		world->now_us = until_us;
}

void world_say(struct world *world, const char *format, ...)
{
	va_list arguments;

	if (!world->options.is_traced)
		return;
	printf("%9.3f ", (double)world->now_us / 1000);
	va_start(arguments, format);
	(void)vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
}

void world_fail(struct world *world, const char *format, ...)
{
	va_list arguments;

	if (world->is_failed)
		return;
	world->is_failed = true;
	va_start(arguments, format);
	(void)vsnprintf(world->failure, sizeof(world->failure), format, arguments);
	va_end(arguments);
}

uint64_t fx_clock_ms(const struct world *world, const struct fx_node *node)
{
	return node->offset_ms + world->now_us * node->rate_ppm / 1000000 / MS;
}

/* ---- who is who ---- */

int fx_add_list(struct world *world, const struct raft_members *members)
{
	if (world->list_count == world->list_room) {
		world->list_room = world->list_room == 0 ? LISTS_MAX : world->list_room * 2;
		world->lists =
		        mem_must_realloc(world->lists, world->list_room * sizeof(world->lists[0]));
	}
	world->lists[world->list_count] = *members;
	return (int)world->list_count++;
}

int fx_node_of(const struct world *world, struct raft_id id, const char *address)
{
	for (int i = 0; address != NULL && i < world->node_count; i++)
		if (strcmp(world->nodes[i].address, address) == 0)
			return i;
	for (size_t i = 0; i < world->id_count; i++)
		if (raft_id_equal(world->ids[i].id, id))
			return world->ids[i].node;
	return -1;
}

void world_format(struct world *world, int at)
{
	struct fx_node *node = &world->nodes[at];

	CHECK(node->core == NULL);
	if (world->id_count == world->id_room) {
		world->id_room = world->id_room == 0 ? 16 : world->id_room * 2;
		world->ids = mem_must_realloc(world->ids, world->id_room * sizeof(world->ids[0]));
	}
	memset(&node->id, 0, sizeof(node->id));
	node->id.bytes[0] = (uint8_t)(at + 1);
	node->id.bytes[1] = (uint8_t)(world->id_count & 0xff);
	node->id.bytes[2] = (uint8_t)(world->id_count >> 8);
	world->ids[world->id_count].id = node->id;
	world->ids[world->id_count++].node = at;
	fx_log_finish(&node->log);
	fx_log_finish(&node->disk);
	node->vote = (struct raft_vote){0};
	node->checkpoint = node->commit = 0;
	node->is_formatted = true;
	node->is_removed = false;
}

/* ---- life ---- */

/* Terms and lists of the log on the disk, as a host reads them at its start. */
static void read_disk(struct world *world, const struct fx_node *node, struct raft_start *start,
                      struct raft_run *runs, struct raft_list *lists)
{
	const struct fx_log *log = &node->disk;

	if (log->base_list != FX_NO_LIST)
		lists[start->list_count++] = (struct raft_list){
		        .index = log->base_list_index, .members = world->lists[log->base_list]};
	for (size_t i = 0; i < log->count; i++) {
		const struct fx_entry *entry = &log->entries[i];
		uint64_t index = log->base + 1 + i;

		if (start->run_count == 0 || runs[start->run_count - 1].term != entry->term)
			runs[start->run_count++] =
			        (struct raft_run){.first = index, .term = entry->term};
		if (entry->list != FX_NO_LIST) {
			CHECK(start->list_count < LISTS_MAX);
			lists[start->list_count++] = (struct raft_list){
			        .index = index, .members = world->lists[entry->list]};
		}
	}
	start->base = log->base;
	start->base_term = log->base_term;
	start->last = fx_log_last(log);
	start->commit = node->checkpoint > log->base ? node->checkpoint : log->base;
	start->vote = node->vote;
	start->runs = runs;
	start->lists = lists;
}

static size_t configured(const struct world *world, int at, const char **addresses)
{
	size_t count = 0;

	for (int i = 0; i < world->node_count; i++)
		if (i < world->options.members || world->nodes[i].is_formatted || i == at)
			addresses[count++] = world->nodes[i].address;
	return count;
}

void world_start(struct world *world, int at)
{
	struct fx_node *node = &world->nodes[at];
	const char *addresses[FX_NODES_MAX];
	struct raft_options options = {
	        .self = node->id,
	        .address = node->address,
	        .addresses = addresses,
	        .address_count = configured(world, at, addresses),
	        .seed = random_u64(&world->random),
	        .election_min_ms = node->election_min_ms,
	        .election_max_ms = node->election_max_ms,
	        .heartbeat_ms = 30,
	        .retry_ms = 100,
	        .append_bytes_max = 1000,
	        .window_bytes_max = 4000,
	        .chunk_bytes_max = 1,
	        .reads_by_lease = !world->options.by_index,
#ifdef RAFT_TWINS
	        .twin = world->options.twin,
#endif
	};
	struct raft_start start = {.now_ms = fx_clock_ms(world, node)};
	struct raft_run *runs;
	struct raft_list *lists;

	if (node->core != NULL || node->is_removed || !node->is_formatted)
		return;
	runs = mem_must_alloc((node->disk.count + 1) * sizeof(runs[0]));
	lists = mem_must_alloc(LISTS_MAX * sizeof(lists[0]));
	read_disk(world, node, &start, runs, lists);
	node->commit = start.commit;
	CHECK(raft_create(&options, &start, &node->core) == 0);
	mem_free(runs);
	mem_free(lists);
	fx_step(world, at, (struct raft_event){.kind = RAFT_TICK});
}

void world_pause(struct world *world, int at, uint64_t for_us)
{
	world->nodes[at].paused_until_us = world->now_us + for_us;
}

void world_cut(struct world *world, int from, int to, bool is_cut)
{
	world->cut[from][to] = is_cut;
}

void world_isolate(struct world *world, int node, bool is_cut)
{
	for (int i = 0; i < world->node_count; i++)
		world->cut[i][node] = world->cut[node][i] = is_cut;
}

/* Network, disks and pauses; who is down stays down. */
void world_heal(struct world *world)
{
	memset(world->cut, 0, sizeof(world->cut));
	world->loss_percent = world->double_percent = 0;
	world->delay_max_us = 1 * MS;
	world->sync_max_us = 1 * MS;
	for (int i = 0; i < world->node_count; i++)
		world->nodes[i].paused_until_us = 0;
}

struct world *world_create(const struct fx_options *options)
{
	struct world *world = mem_must_zalloc(sizeof(*world));

	world->options = *options;
	world->random = random_make(options->seed);
	world->node_count = options->members + options->spares;
	world->next_value = 1;
	world->damaged_node = -1;
	CHECK(world->node_count <= FX_NODES_MAX);
	world_heal(world);
	for (int i = 0; i < world->node_count; i++) {
		struct fx_node *node = &world->nodes[i];

		(void)snprintf(node->address, sizeof(node->address), "m%d:1", i);
		node->log.base_list = node->disk.base_list = node->old.disk.base_list = FX_NO_LIST;
		node->offset_ms = 1 + random_below(&world->random, 100000);
		node->rate_ppm = random_chance(&world->random, 1, 3)
		                         ? 950000 + random_below(&world->random, 100001)
		                         : 950000 + random_below(&world->random, 2) * 100000;
		node->election_min_ms = 150;
		if (options->has_mixed_timeouts)
			node->election_min_ms = 80 + random_below(&world->random, 5) * 60;
		node->election_max_ms = node->election_min_ms * 2;
	}
	for (int i = 0; i < options->members; i++) {
		world_format(world, i);
		fx_push(world, (struct fx_event){.at_us = 1 + random_below(&world->random, 50 * MS),
		                                 .kind = FX_START,
		                                 .node = i});
	}
	fx_push(world, (struct fx_event){.at_us = 1, .kind = FX_CLIENT});
	if (options->pace_us > 0)
		fx_push(world, (struct fx_event){.at_us = 500 * MS, .kind = FX_CHAOS});
	return world;
}

void world_destroy(struct world *world)
{
	while (world->event_count > 0)
		fx_drop(&world->events[--world->event_count]);
	for (int i = 0; i < world->node_count; i++) {
		world_crash(world, i);
		fx_log_finish(&world->nodes[i].log);
		fx_log_finish(&world->nodes[i].disk);
		fx_log_finish(&world->nodes[i].old.disk);
	}
	mem_free(world->events);
	mem_free(world->lists);
	mem_free(world->ids);
	mem_free(world->committed);
	mem_free(world->seen);
	mem_free(world->leaders);
	mem_free(world);
}

/* ---- what a host's owner does ---- */

bool world_propose(struct world *world, int node)
{
	if (world->nodes[node].core == NULL || world->nodes[node].role != RAFT_LEADER ||
	    world->nodes[node].paused_until_us > world->now_us)
		return false;
	fx_step(world, node,
	        (struct raft_event){.kind = RAFT_PROPOSED,
	                            .proposed = 1 + random_below(&world->random, 3)});
	return true;
}

void world_read(struct world *world, int node)
{
	if (world->nodes[node].paused_until_us <= world->now_us)
		fx_step(world, node, (struct raft_event){.kind = RAFT_READ});
}

void world_transfer(struct world *world, int node, int target)
{
	struct raft_event event = {.kind = RAFT_TRANSFER};

	if (target >= 0)
		event.transfer_to = world->nodes[target].id;
	world->transfers++;
	fx_step(world, node, event);
}

void world_change(struct world *world, int node, struct raft_change change)
{
	fx_step(world, node, (struct raft_event){.kind = RAFT_CHANGE, .change = change});
}

int world_leader(const struct world *world)
{
	struct raft_status status;
	uint64_t term = 0;
	int found = -1;

	for (int i = 0; i < world->node_count; i++) {
		if (world->nodes[i].core == NULL || world->nodes[i].role != RAFT_LEADER)
			continue;
		raft_status(world->nodes[i].core, &status);
		if (status.term > term) {
			term = status.term;
			found = i;
		}
	}
	return found;
}

int world_await_leader(struct world *world, uint64_t for_us)
{
	uint64_t until_us = world->now_us + for_us;

	while (world_leader(world) < 0 && !world->is_failed && world->now_us < until_us)
		world_run(world, world->now_us + 1 * MS);
	return world_leader(world);
}

bool world_await_commit(struct world *world, uint64_t for_us)
{
	uint64_t until_us = world->now_us + for_us;
	size_t before = world->committed_count;
	uint64_t value = world->next_value;

	while (!world->is_failed && world->now_us < until_us) {
		int leader = world_leader(world);

		if (leader >= 0)
			world_propose(world, leader);
		world_run(world, world->now_us + 5 * MS);
		for (; before < world->committed_count; before++)
			if (world->committed[before].entry.value >= value)
				return true;
	}
	return false;
}
