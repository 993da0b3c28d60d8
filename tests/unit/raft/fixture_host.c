/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host of one core: does what updates say, in the order of the contract, and reports.
 */
#include <stdio.h>

#include "base/check.h"
#include "base/hash.h"
#include "base/mem.h"
#include "raft/twins.h"
#include "unit/raft/fixture.h"

enum { LISTS_IN_MESSAGE_MAX = 16, RUNS_IN_MESSAGE_MAX = 64, ENTRY_BYTES = 100 };

/* Entries on their way to the disk; what a crash leaves of the queue is chance. */
struct fx_write {
	struct fx_write *next;
	uint64_t generation;
	uint64_t vote_number; /* of the record that must be durable before */
	bool is_cut;
	uint64_t first;
	size_t count;
	struct fx_entry entries[];
};

struct fx_vote_write {
	struct fx_vote_write *next;
	uint64_t number;
	struct raft_vote vote;
};

/* A message with what it carries, or entries being fetched. */
struct fx_packet {
	struct raft_message message;
	char address[16], own_address[16]; /* behind the message's pointers */
	struct raft_list list;
	uint64_t number; /* of a fetch */
	uint64_t first;
	size_t count;
	struct fx_entry entries[];
};

/* ---- disk ---- */

/* One sync at a time, for all that was queued when it began. */
static void begin_sync(struct world *world, int at)
{
	struct fx_node *node = &world->nodes[at];

	if (node->syncing_writes + node->syncing_votes > 0)
		return;
	for (struct fx_write *write = node->writes; write != NULL; write = write->next)
		node->syncing_writes++;
	for (struct fx_vote_write *write = node->vote_writes; write != NULL; write = write->next)
		node->syncing_votes++;
	if (node->syncing_writes + node->syncing_votes > 0)
		fx_push(world,
		        (struct fx_event){.at_us = world->now_us + 100 +
		                                   random_below(&world->random, world->sync_max_us),
		                          .kind = FX_SYNC_DONE,
		                          .node = at,
		                          .life = node->life});
}

static void write_to_disk(struct fx_node *node, const struct fx_write *write, size_t count)
{
	if (write->is_cut && write->first <= fx_log_last(&node->disk))
		fx_log_cut(&node->disk, write->first - 1);
	for (size_t i = 0; i < count; i++)
		fx_log_append(&node->disk, write->entries[i]);
}

static void queue_write(struct world *world, int at, const struct raft_append *append)
{
	struct fx_node *node = &world->nodes[at];
	size_t count = append->last - append->first + 1;
	struct fx_write *write = mem_must_alloc(sizeof(*write) + count * sizeof(write->entries[0]));
	struct fx_write **end = &node->writes;

	*write = (struct fx_write){.generation = append->generation,
	                           .vote_number = node->vote_given,
	                           .is_cut = append->is_cut,
	                           .first = append->first,
	                           .count = count};
	for (size_t i = 0; i < count; i++)
		write->entries[i] = *fx_log_at(&node->log, append->first + i);
	while (*end != NULL)
		end = &(*end)->next;
	*end = write;
	begin_sync(world, at);
}

static void write_done(struct world *world, int at)
{
	struct fx_node *node = &world->nodes[at];
	struct fx_write *write = node->writes;
	struct raft_event event = {.kind = RAFT_SYNCED};

	node->writes = write->next;
	write_to_disk(node, write, write->count);
	event.synced.generation = write->generation;
	event.synced.last = write->first + write->count - 1;
	mem_free(write);
	fx_step(world, at, event);
}

static void queue_vote(struct world *world, int at, const struct raft_update *update)
{
	struct fx_node *node = &world->nodes[at];
	struct fx_vote_write *write = mem_must_alloc(sizeof(*write));
	struct fx_vote_write **end = &node->vote_writes;

	*write = (struct fx_vote_write){.number = update->vote_number, .vote = update->vote};
	node->vote_given = update->vote_number;
	while (*end != NULL)
		end = &(*end)->next;
	*end = write;
	begin_sync(world, at);
}

static void vote_done(struct world *world, int at)
{
	struct fx_node *node = &world->nodes[at];
	struct fx_vote_write *write = node->vote_writes;
	struct raft_event event = {.kind = RAFT_VOTE_SYNCED, .vote_synced = write->number};

	node->vote_writes = write->next;
	node->vote = write->vote;
	node->vote_durable = write->number;
	mem_free(write);
	fx_step(world, at, event);
}

static void sync_done(struct world *world, int at)
{
	struct fx_node *node = &world->nodes[at];
	unsigned life = node->life;

	for (; life == node->life && node->syncing_votes > 0; node->syncing_votes--)
		vote_done(world, at);
	for (; life == node->life && node->syncing_writes > 0; node->syncing_writes--)
		write_done(world, at);
	if (life == node->life)
		begin_sync(world, at);
}

/* A crash: of each queue a beginning may have reached the disk, of entries only those whose vote
 * record did. */
static void lose_writes(struct world *world, struct fx_node *node)
{
	bool survives = true;

	while (node->vote_writes != NULL) {
		struct fx_vote_write *write = node->vote_writes;

		survives = survives && random_chance(&world->random, 1, 2);
		if (survives) {
			node->vote = write->vote;
			node->vote_durable = write->number;
		}
		node->vote_writes = write->next;
		mem_free(write);
	}
	survives = true;
	while (node->writes != NULL) {
		struct fx_write *write = node->writes;
		size_t count = random_below(&world->random, write->count + 1);

		survives = survives && write->vote_number <= node->vote_durable &&
		           random_chance(&world->random, 1, 2);
		if (survives)
			write_to_disk(node, write, count);
		survives = survives && count == write->count;
		node->writes = write->next;
		mem_free(write);
	}
	node->vote_given = node->vote_durable = 0;
}

/* ---- entries ---- */

static uint64_t chain_of(uint64_t before, uint64_t term, uint64_t value, int list)
{
	uint64_t parts[3] = {term, value, (uint64_t)list};

	return hash64(before, parts, sizeof(parts));
}

static void make_entry(struct fx_node *node, uint64_t term, uint64_t value, int list)
{
	uint64_t before = fx_log_chain(&node->log, fx_log_last(&node->log));

	fx_log_append(&node->log, (struct fx_entry){.term = term,
	                                            .value = value,
	                                            .chain = chain_of(before, term, value, list),
	                                            .list = list});
}

static void append(struct world *world, int at, const struct raft_append *append)
{
	struct fx_node *node = &world->nodes[at];
	int list = FX_NO_LIST;

	if (append->is_cut)
		fx_log_cut(&node->log, append->first - 1);
	CHECK(append->first == fx_log_last(&node->log) + 1);
	if (append->source == RAFT_FROM_MEMBERS)
		fx_check_promotions(world, at, append->members);
	if (append->source == RAFT_FROM_MEMBERS || append->source == RAFT_FROM_FORMING)
		list = fx_add_list(world, append->members);
	if (append->source == RAFT_FROM_FORMING)
		make_entry(node, append->term, world->next_value++, FX_NO_LIST);
	while (fx_log_last(&node->log) < append->last) {
		uint64_t index = fx_log_last(&node->log) + 1;

		if (append->source == RAFT_FROM_MESSAGE)
			fx_log_append(&node->log,
			              node->receiving->entries[index - node->receiving->first]);
		else
			make_entry(node, append->term,
			           append->source == RAFT_FROM_PROPOSAL ? world->next_value++ : 0,
			           list);
		fx_check_entry(world, at, index, fx_log_at(&node->log, index));
	}
	queue_write(world, at, append);
}

/* ---- messages ---- */

static struct fx_packet *packet_create(const struct fx_log *log, uint64_t first, size_t count)
{
	struct fx_packet *packet =
	        mem_must_alloc(sizeof(*packet) + count * sizeof(packet->entries[0]));

	memset(packet, 0, sizeof(*packet));
	packet->first = first;
	packet->count = count;
	for (size_t i = 0; i < count; i++)
		packet->entries[i] = *fx_log_at(log, first + i);
	return packet;
}

static struct fx_packet *packet_clone(const struct fx_packet *from)
{
	size_t size = sizeof(*from) + from->count * sizeof(from->entries[0]);
	struct fx_packet *packet = mem_must_alloc(size);

	memcpy(packet, from, size);
	return packet;
}

static void copy_address(char *to, const char *from)
{
	CHECK(strlen(from) < 16);
	memcpy(to, from, strlen(from) + 1);
}

/* What the message points to must outlive the sender's update. */
static struct fx_packet *pack(struct fx_node *node, const struct raft_message *message)
{
	const struct raft_append_message *append = &message->append;
	struct fx_packet *packet;

	if (message->kind == RAFT_MESSAGE_APPEND && append->last > append->prev) {
		CHECK(node->fetched != NULL && node->fetched->first == append->prev + 1);
		packet = packet_clone(node->fetched);
		CHECK(packet->count == append->last - append->prev);
	} else {
		packet = packet_create(&node->log, 0, 0);
	}
	packet->message = *message;
	if (message->kind == RAFT_MESSAGE_ASK)
		copy_address(packet->address, message->ask.address);
	if (message->kind == RAFT_MESSAGE_ANSWER) {
		copy_address(packet->address, message->answer.address);
		if (message->answer.list != NULL)
			packet->list = *message->answer.list;
	}
	if (message->kind == RAFT_MESSAGE_JOIN)
		copy_address(packet->address, message->join.address);
	return packet;
}

static void unpack(struct fx_packet *packet)
{
	struct raft_message *message = &packet->message;

	if (message->kind == RAFT_MESSAGE_ASK)
		message->ask.address = packet->address;
	if (message->kind == RAFT_MESSAGE_ANSWER) {
		message->answer.address = packet->address;
		if (message->answer.list != NULL)
			message->answer.list = &packet->list;
	}
	if (message->kind == RAFT_MESSAGE_JOIN)
		message->join.address = packet->address;
}

static void send_one(struct world *world, int from, const struct raft_message *message)
{
	int to = fx_node_of(world, message->to, message->to_address);
	unsigned copies = 1;

	world->messages++;
	if (to < 0 || world->cut[from][to] ||
	    random_chance(&world->random, world->loss_percent, 100))
		return;
	copies += random_chance(&world->random, world->double_percent, 100) ? 1 : 0;
	while (copies-- > 0) {
		uint64_t delay = 50 + random_below(&world->random, world->delay_max_us);

		fx_push(world, (struct fx_event){.at_us = world->now_us + delay,
		                                 .kind = FX_MESSAGE,
		                                 .node = to,
		                                 .packet = pack(&world->nodes[from], message)});
	}
}

static void deliver(struct world *world, int at, struct fx_packet *packet)
{
	struct raft_run runs[RUNS_IN_MESSAGE_MAX];
	struct raft_list lists[LISTS_IN_MESSAGE_MAX];
	struct raft_append_message *append = &packet->message.append;

	unpack(packet);
	if (packet->message.kind == RAFT_MESSAGE_APPEND) {
		append->runs = runs;
		append->lists = lists;
		append->run_count = append->list_count = 0;
		for (size_t i = 0; i < packet->count; i++) {
			const struct fx_entry *entry = &packet->entries[i];
			uint64_t index = packet->first + i;

			if (append->run_count == 0 ||
			    runs[append->run_count - 1].term != entry->term)
				runs[append->run_count++] =
				        (struct raft_run){.first = index, .term = entry->term};
			if (entry->list != FX_NO_LIST)
				lists[append->list_count++] = (struct raft_list){
				        .index = index, .members = world->lists[entry->list]};
			CHECK(append->run_count < RUNS_IN_MESSAGE_MAX &&
			      append->list_count < LISTS_IN_MESSAGE_MAX);
		}
	}
	world->nodes[at].receiving = packet;
	fx_step(world, at, (struct raft_event){.kind = RAFT_RECEIVED, .message = &packet->message});
	world->nodes[at].receiving = NULL;
}

/* ---- fetches, checkpoints ---- */

static void fetch(struct world *world, int at, const struct raft_fetch *fetch)
{
	struct fx_node *node = &world->nodes[at];
	size_t most = fetch->bytes_max / ENTRY_BYTES > 0 ? fetch->bytes_max / ENTRY_BYTES : 1;
	size_t count = fetch->last - fetch->first + 1;
	struct fx_packet *packet;

	if (count > most)
		count = most;
	if (count > RUNS_IN_MESSAGE_MAX / 4)
		count = RUNS_IN_MESSAGE_MAX / 4;
	packet = packet_create(&node->log, fetch->first, count);
	packet->number = fetch->number;
	/* From memory at once, or from segments later. */
	fx_push(world, (struct fx_event){.at_us = world->now_us +
	                                          (random_chance(&world->random, 1, 5)
	                                                   ? random_below(&world->random, 2000)
	                                                   : 0),
	                                 .kind = FX_FETCH_DONE,
	                                 .node = at,
	                                 .life = node->life,
	                                 .packet = packet});
}

static void fetch_done(struct world *world, int at, struct fx_packet *packet)
{
	struct fx_node *node = &world->nodes[at];

	node->fetched = packet;
	fx_step(world, at,
	        (struct raft_event){.kind = RAFT_FETCHED,
	                            .fetched = {.number = packet->number,
	                                        .last = packet->first + packet->count - 1,
	                                        .bytes = packet->count * ENTRY_BYTES}});
	node->fetched = NULL;
}

static void chunk_fetched(struct world *world, int at, const struct fx_event *event)
{
	struct fx_node *node = &world->nodes[at];
	struct raft_event done = {.kind = RAFT_CHUNK_FETCHED};
	uint64_t index = node->checkpoint;

	done.chunk_fetched.number = event->store.offset >> 8;
	if (index > 0 && (event->store.index == 0 || event->store.index == index)) {
		done.chunk_fetched.index = index;
		done.chunk_fetched.index_term = world->committed[index - 1].entry.term;
		done.chunk_fetched.size = 1;
		done.chunk_fetched.is_last = (event->store.offset & 0xff) + 1 == FX_PIECES;
	}
	fx_step(world, at, done);
}

static void list_at(const struct world *world, uint64_t index, struct raft_list *ret_list)
{
	while (index > 0 && world->committed[index - 1].entry.list == FX_NO_LIST)
		index--;
	CHECK(index > 0);
	ret_list->index = index;
	ret_list->members = world->lists[world->committed[index - 1].entry.list];
}

/* Files first: the checkpoint is durable under its name, then the old log goes, unless it agrees.
 */
static void install(struct world *world, int at, const struct raft_store *store)
{
	struct fx_node *node = &world->nodes[at];
	struct raft_event event = {.kind = RAFT_INSTALLED};
	struct raft_list list;
	const struct fx_entry *entry = &world->committed[store->index - 1].entry;

	CHECK(node->writes == NULL);
	world->checkpoints++;
	list_at(world, store->index, &list);
	node->checkpoint = store->index;
	if (!store->keeps_log) {
		fx_log_cut(&node->log, node->log.base);
		node->log.base = store->index;
		node->log.base_term = entry->term;
		node->log.base_chain = entry->chain;
		node->log.base_list_index = list.index;
		node->log.base_list = fx_add_list(world, &list.members);
		fx_log_copy(&node->disk, &node->log);
	}
	event.installed.index = store->index;
	event.installed.index_term = store->index_term;
	event.installed.list = &list;
	fx_step(world, at, event);
}

static void stored(struct world *world, int at, const struct raft_store *store)
{
	struct fx_node *node = &world->nodes[at];
	struct raft_event event = {.kind = RAFT_CHUNK_STORED};

	/* What was given before comes first. */
	if (node->vote_durable < node->vote_given || (store->is_last && node->writes != NULL)) {
		fx_push(world, (struct fx_event){.at_us = world->now_us + 100,
		                                 .kind = FX_STORED,
		                                 .node = at,
		                                 .life = node->life,
		                                 .store = *store});
		return;
	}
	event.stored.index = store->index;
	event.stored.offset = store->offset + 1;
	fx_step(world, at, event);
	if (store->is_last && node->core != NULL)
		install(world, at, store);
}

/* Now and then what is applied and synced goes into a checkpoint. */
static void maybe_compact(struct world *world, int at)
{
	struct fx_node *node = &world->nodes[at];
	uint64_t durable =
	        fx_log_last(&node->disk) < node->commit ? fx_log_last(&node->disk) : node->commit;
	uint64_t keep;

	if (node->writes != NULL || durable < node->log.base + 60 ||
	    !random_chance(&world->random, 1, 10))
		return;
	node->checkpoint = durable;
	keep = durable - random_below(&world->random, 40);
	fx_log_compact(&node->log, keep);
	fx_log_compact(&node->disk, keep);
	fx_step(world, at, (struct raft_event){.kind = RAFT_COMPACTED, .compacted = keep});
}

/* ---- a step ---- */

static void queue_tick(struct world *world, int at, uint64_t wake_ms)
{
	struct fx_node *node = &world->nodes[at];
	uint64_t at_us;

	if (wake_ms == UINT64_MAX) {
		node->wake_us = 0;
		return;
	}
	at_us = wake_ms <= node->offset_ms
	                ? world->now_us
	                : (wake_ms - node->offset_ms) * 1000000000 / node->rate_ppm + 1;
	if (at_us <= world->now_us)
		at_us = world->now_us + 1;
	if (at_us == node->wake_us)
		return;
	node->wake_us = at_us;
	fx_push(world,
	        (struct fx_event){.at_us = at_us, .kind = FX_TICK, .node = at, .life = node->life});
}

static void committed(struct world *world, int at, uint64_t index)
{
	struct fx_node *node = &world->nodes[at];
	uint64_t before = node->commit;

	node->commit = index;
	fx_check_commit(world, at, before);
}

static void start_fetches(struct world *world, int at, const struct raft_update *update)
{
	struct fx_node *node = &world->nodes[at];

	for (size_t i = 0; i < update->fetch_count; i++)
		fetch(world, at, &update->fetches[i]);
	for (size_t i = 0; i < update->chunk_fetch_count; i++) {
		const struct raft_fetch_chunk *chunk = &update->chunk_fetches[i];

		fx_push(world, (struct fx_event){
		                       .at_us = world->now_us + random_below(&world->random, 2000),
		                       .kind = FX_CHUNK_FETCHED,
		                       .node = at,
		                       .life = node->life,
		                       .store = {.index = chunk->index,
		                                 .offset = chunk->number << 8 | chunk->offset}});
	}
	if (update->what & RAFT_STORE)
		fx_push(world,
		        (struct fx_event){.at_us = world->now_us + 100 +
		                                   random_below(&world->random, world->sync_max_us),
		                          .kind = FX_STORED,
		                          .node = at,
		                          .life = node->life,
		                          .store = update->store});
}

static void say_list(struct world *world, int at)
{
	const struct raft_list *list = raft_members(world->nodes[at].core);
	char text[FX_FAILURE_BYTES] = "";
	size_t size = 0;

	world->changes++;
	for (size_t i = 0; list != NULL && i < list->members.count; i++)
		size += (size_t)snprintf(text + size, sizeof(text) - size, " %d.%d%s",
		                         list->members.member[i].id.bytes[0],
		                         list->members.member[i].id.bytes[1],
		                         list->members.member[i].is_voter ? "" : "(learner)");
	world_say(world, "node %d: members at %ju:%s", at,
	          (uintmax_t)(list == NULL ? 0 : list->index), text);
}

static void note(struct world *world, int at, const struct raft_update *update)
{
	struct fx_node *node = &world->nodes[at];
	struct raft_status status;

	if (update->what & RAFT_ROLE) {
		raft_status(node->core, &status);
		if (status.role != node->role)
			world_say(world, "node %d: %s of term %ju", at, raft_role_name(status.role),
			          (uintmax_t)status.term);
		if (status.role == RAFT_LEADER && node->role != RAFT_LEADER)
			fx_check_leader(world, at);
		node->role = status.role;
	}
	if ((update->what & RAFT_REFUSED) && update->refusal == RAFT_CONFLICTS_WITH_COMMITTED)
		world_fail(world, "node %d is told to cut a committed entry", at);
	if (update->what & RAFT_MEMBERS)
		say_list(world, at);
	if ((update->what & (RAFT_REFUSED | RAFT_REFUSED_BY)) && world->options.is_traced)
		world_say(world, "node %d: %s / %s", at, raft_refusal_text(update->refusal),
		          raft_refusal_text(update->peer_refusal));
}

void fx_step(struct world *world, int at, struct raft_event event)
{
	struct fx_node *node = &world->nodes[at];
	struct raft_update update;

	if (node->core == NULL || world->is_failed)
		return;
	world->steps++;
	event.now_ms = fx_clock_ms(world, node);
	CHECK(raft_step(node->core, &event, &update) == 0);
#ifdef RAFT_TWINS
	if (world->options.twin == RAFT_TWIN_WIPED_VOTER_COUNTS && update.message_count > 0)
		node->id = update.messages[0].from;
#endif
	note(world, at, &update);
	if (update.what & RAFT_PERSIST_VOTE)
		queue_vote(world, at, &update);
	if (update.what & RAFT_APPEND)
		append(world, at, &update.append);
	for (size_t i = 0; i < update.message_count; i++)
		send_one(world, at, &update.messages[i]);
	if (update.what & RAFT_COMMIT)
		committed(world, at, update.commit);
	start_fetches(world, at, &update);
	if (event.kind == RAFT_READ && node->read_count < FX_READS_MAX)
		node->reads[node->read_count++] = (struct fx_read){.ticket = update.read_ticket,
		                                                   .floor = world->committed_count};
	if (update.what & RAFT_READS_OK) {
		world->leases_ok += event.kind == RAFT_READ;
		fx_check_reads(world, at, update.read_ok, update.read_index);
	}
	queue_tick(world, at, update.wake_ms);
	if (update.what & RAFT_REMOVED) {
		node->is_removed = true;
		world_crash(world, at);
	} else if (update.what & RAFT_COMMIT) {
		maybe_compact(world, at);
	}
}

void fx_handle(struct world *world, struct fx_event *event)
{
	struct fx_node *node = &world->nodes[event->node];

	if (event->kind == FX_START) {
		world_start(world, event->node);
		return;
	}
	if (node->core == NULL || (event->kind != FX_MESSAGE && event->life != node->life))
		return;
	switch (event->kind) {
	case FX_MESSAGE: deliver(world, event->node, event->packet); break;
	case FX_TICK:
		if (event->at_us < node->wake_us)
			break;
		node->wake_us = 0;
		fx_step(world, event->node, (struct raft_event){.kind = RAFT_TICK});
		break;
	case FX_SYNC_DONE: sync_done(world, event->node); break;
	case FX_FETCH_DONE: fetch_done(world, event->node, event->packet); break;
	case FX_CHUNK_FETCHED: chunk_fetched(world, event->node, event); break;
	case FX_STORED: stored(world, event->node, &event->store); break;
	case FX_START:
	case FX_CLIENT:
	case FX_CHAOS: break;
	}
}

void fx_drop(struct fx_event *event)
{
	mem_free(event->packet);
}

/* ---- life ---- */

void world_crash(struct world *world, int at)
{
	struct fx_node *node = &world->nodes[at];

	if (node->core == NULL)
		return;
	raft_destroy(node->core);
	node->core = NULL;
	node->life++;
	node->role = RAFT_FOLLOWER;
	node->read_count = 0;
	node->wake_us = node->paused_until_us = 0;
	node->syncing_writes = node->syncing_votes = 0;
	lose_writes(world, node);
	fx_log_copy(&node->log, &node->disk);
}
