/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One master and one worker: clients write files of blocks, give blocks up, delete, rename and
 * write over; the master dies at every kind of moment; the worker lives on and reports.
 *
 *   sim_blocks [--seconds T]      new seeds, each in a process of its own, for T seconds
 *   sim_blocks --seed S           one run; the same seed does the same, bit for bit
 *
 * Checked:
 *   - every answer: a block is new, or the one that the repeated call was given before;
 *   - the worker is never told to delete a replica of a file that is there;
 *   - at the end every file has the blocks, stamps and lengths that its writer was told or said,
 *     every closed one can be read, and the worker has no replica that no file has.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "master/workers.h"
#include "master_kit.h"
#include "sim/sim_kit.h"

enum {
	CLIENTS = 4,
	FILES = 3, /* of a client */
	FILE_BLOCKS_MAX = 5,
	REPLICAS_MAX = 4096,
	LIVES = 8,
	LIFE_EVENTS_MAX = 3000,
	THINK_US = 20000,
	DELIVER_US = 30000,
	BEAT_US = 400000,
	BLOCK_BYTES_MAX = 1 << 20,
	ARENA_BYTES_MAX = 16 << 20,
	SETTLE_US = 600 * 1000000, /* until everything needless is deleted */
};

static const char worker_uuid[] = "worker-1", store_uuid[] = "store-1";

struct file {
	char path[32];
	bool exists, is_open;
	struct block blocks[FILE_BLOCKS_MAX]; /* the last one's length as its writer means it */
	size_t count;
};

struct run;

struct client {
	struct run *run;
	unsigned number;
	struct sim_event think;
	struct random random;
	char holder[16];
	uint8_t client_id[16];
	int32_t call_id;
	struct file files[FILES];
	/* The call that is on its way, or waits to be made again. */
	bool has_call, is_busy;
	struct command command;
	struct file *file, *target; /* that it is about; target: of a rename */
	struct block told;          /* add_block: what it was told before; id 0: nothing */
};

/* A block on its way to the worker. */
struct delivery {
	struct sim_event event;
	struct run *run;
	struct block block;
};

struct run {
	uint64_t seed;
	struct sim_world *world;
	struct sim_machine *machine;
	struct random random;
	struct client clients[CLIENTS];
	struct master *master;
	bool is_primary, is_refused, is_closed, is_draining, may_be_damaged;
	/* the worker */
	struct sim_event beat;
	bool needs_report; /* the last one was refused, or there was none since it registered */
	struct block replicas[REPLICAS_MAX];
	size_t replica_count;
	uint64_t blocks, completed, deletions, repeated;
};

static void fail(struct run *run, const char *format, ...) PRINTF_LIKE(2, 3);
static void fail(struct run *run, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "seed %" PRIu64 ", event %" PRIu64 ": ", run->seed,
	        sim_world_events(run->world));
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\nrepeat with: sim_blocks --seed %" PRIu64 "\n", run->seed);
	exit(1);
}

/* ---- the worker ---- */

static struct block *find_replica(struct run *run, uint64_t id)
{
	for (size_t i = 0; i < run->replica_count; i++) {
		if (run->replicas[i].id == id)
			return &run->replicas[i];
	}
	return NULL;
}

static void tell_change(struct run *run, const struct block *block, enum replica_event event)
{
	struct replica_change change = {.block = *block, .event = event};

	/* Refused or not: the next full report says it too. */
	(void)workers_report_changes(master_workers(run->master), str_of(worker_uuid),
	                             str_of(store_uuid), 1, &change, 1);
}

static void step_deliver(void *context)
{
	struct delivery *delivery = context;

	tell_change(delivery->run, &delivery->block, REPLICA_RECEIVED);
}

static void deliver(struct sim_event *event)
{
	struct delivery *delivery = CONTAINER_OF(event, struct delivery, event);
	struct run *run = delivery->run;

	CHECK(run->replica_count < REPLICAS_MAX);
	run->replicas[run->replica_count++] = delivery->block;
	if (run->master != NULL && sim_machine_is_running(run->machine))
		sim_machine_run(run->machine, step_deliver, delivery);
	mem_free(delivery);
}

static void write_block(struct client *client, const struct block *block)
{
	struct delivery *delivery = mem_must_zalloc(sizeof(*delivery));

	*delivery = (struct delivery){.event.run = deliver, .run = client->run, .block = *block};
	sim_world_schedule(client->run->world, &delivery->event,
	                   random_below(&client->random, DELIVER_US));
}

/* True: the client's call that has no answer yet may have taken the file's blocks away. */
static bool may_be_gone(const struct client *client, const struct file *file)
{
	const struct command *c = &client->command;

	if (!client->has_call)
		return false;
	switch (c->kind) {
	case ENTRY_delete:
	case ENTRY_create: return client->file == file;
	case ENTRY_abandon_block: return client->file == file;
	case ENTRY_rename2: return client->target == file;
	default: return false;
	}
}

static void check_deletion(struct run *run, uint64_t id)
{
	for (size_t i = 0; i < CLIENTS * FILES; i++) {
		const struct client *client = &run->clients[i / FILES];
		const struct file *file = &client->files[i % FILES];

		for (size_t k = 0; file->exists && k < file->count; k++) {
			if (file->blocks[k].id == id && !may_be_gone(client, file))
				fail(run, "%s: its block %" PRIu64 " is to be deleted", file->path,
				     id);
		}
	}
}

static void take_deletions(struct run *run, const struct worker_orders *orders)
{
	for (size_t i = 0; i < orders->deletion_count; i++) {
		const struct block *order = &orders->deletions[i];
		struct block *replica = find_replica(run, order->id), gone;

		if (replica == NULL || replica->stamp != order->stamp)
			continue;
		check_deletion(run, order->id);
		gone = *replica;
		*replica = run->replicas[--run->replica_count];
		run->deletions++;
		tell_change(run, &gone, REPLICA_DELETED);
	}
}

static void report_all(struct run *run)
{
	struct workers *workers = master_workers(run->master);
	struct full_report *report;

	if (workers_report_begin(workers, str_of(worker_uuid), str_of(store_uuid), 1, &report) < 0)
		return;
	for (size_t i = 0; i < run->replica_count; i++) {
		struct replica replica = {.block = run->replicas[i], .state = REPLICA_FINALIZED};

		if (workers_report_add(report, &replica, 1) < 0) {
			workers_report_abort(report);
			return;
		}
	}
	workers_report_end(report);
	workers_report_all(workers, str_of(worker_uuid));
	run->needs_report = false;
}

static void register_worker(struct run *run)
{
	const struct worker_identity identity = {.uuid = str_of(worker_uuid),
	                                         .address = STR("10.0.0.1"),
	                                         .host = STR("host-1"),
	                                         .version = STR("1"),
	                                         .transfer_port = 9866};

	if (workers_register(master_workers(run->master), &identity) == 0)
		run->needs_report = true;
}

static void step_beat(void *context)
{
	struct run *run = context;
	struct worker_store store = {.uuid = str_of(store_uuid),
	                             .storage_type = 1,
	                             .capacity = 1ull << 40,
	                             .remaining = 1ull << 39};
	struct worker_beat beat = {.uuid = str_of(worker_uuid), .stores = &store, .store_count = 1};
	struct worker_orders orders;
	struct arena arena;

	arena_init(&arena, ARENA_BYTES_MAX);
	if (workers_heartbeat(master_workers(run->master), &beat, &arena, &orders) == 0) {
		if (orders.must_register)
			register_worker(run);
		if (run->needs_report)
			report_all(run);
		take_deletions(run, &orders);
	}
	arena_finish(&arena);
}

static void beat(struct sim_event *event)
{
	struct run *run = CONTAINER_OF(event, struct run, beat);

	sim_world_schedule(run->world, event, 1 + random_below(&run->random, BEAT_US));
	if (run->master != NULL && sim_machine_is_running(run->machine))
		sim_machine_run(run->machine, step_beat, run);
}

/* ---- what clients do ---- */

static void begin_call(struct client *client, enum entry_kind kind, struct file *file)
{
	client->command = (struct command){.kind = kind,
	                                   .flags = COMMAND_SUPERUSER | COMMAND_AT_MOST_ONCE,
	                                   .auth = COMMAND_AUTH_SIMPLE,
	                                   .has_client = true,
	                                   .call_id = client->call_id++,
	                                   .user = STR("root")};
	memcpy(client->command.client_id, client->client_id, sizeof(client->client_id));
	client->file = file;
	client->target = NULL;
	client->told = (struct block){0};
	client->has_call = true;
}

static void begin_create(struct client *client, struct file *file)
{
	begin_call(client, ENTRY_create, file);
	client->command.create = (struct command_create){.path = str_of(file->path),
	                                                 .mode = 0644,
	                                                 .holder = str_of(client->holder),
	                                                 .client_machine = STR("10.0.0.2"),
	                                                 .flags = 3,
	                                                 .create_parent = true,
	                                                 .replication = 1,
	                                                 .block_size = 1 << 20};
}

static struct block last_of(const struct file *file)
{
	return file->count == 0 ? (struct block){0} : file->blocks[file->count - 1];
}

static void begin_write_call(struct client *client, struct file *file)
{
	if (file->count > 0 && random_chance(&client->random, 1, 8)) {
		begin_call(client, ENTRY_abandon_block, file);
		client->command.abandon_block =
		        (struct command_abandon_block){.path = str_of(file->path),
		                                       .holder = str_of(client->holder),
		                                       .block = last_of(file)};
	} else if (file->count < FILE_BLOCKS_MAX && random_chance(&client->random, 2, 3)) {
		begin_call(client, ENTRY_add_block, file);
		client->command.add_block =
		        (struct command_add_block){.path = str_of(file->path),
		                                   .holder = str_of(client->holder),
		                                   .previous = last_of(file)};
	} else {
		begin_call(client, ENTRY_complete, file);
		client->command.complete =
		        (struct command_complete){.path = str_of(file->path),
		                                  .holder = str_of(client->holder),
		                                  .last = last_of(file)};
	}
}

static void draw_call(struct client *client)
{
	struct file *file = &client->files[random_below(&client->random, FILES)];
	struct file *target = &client->files[random_below(&client->random, FILES)];

	if (!file->exists || random_chance(&client->random, 1, 16)) {
		begin_create(client, file);
	} else if (random_chance(&client->random, 1, 12)) {
		begin_call(client, ENTRY_delete, file);
		client->command.delete = (struct command_delete){.path = str_of(file->path)};
	} else if (file != target && random_chance(&client->random, 1, 8)) {
		begin_call(client, ENTRY_rename2, file);
		client->target = target;
		client->command.rename2 = (struct command_rename2){.source = str_of(file->path),
		                                                   .target = str_of(target->path),
		                                                   .overwrite = true};
	} else if (file->is_open) {
		begin_write_call(client, file);
	}
}

/* ---- answers ---- */

static void take_block(struct client *client, const struct block *told)
{
	struct run *run = client->run;
	struct file *file = client->file;
	struct block *block;

	if (client->told.id != 0) {
		if (told->id != client->told.id || told->stamp != client->told.stamp)
			fail(run,
			     "%s: a repeated call is given block %" PRIu64 " instead of %" PRIu64,
			     file->path, told->id, client->told.id);
		run->repeated++;
		return;
	}
	for (size_t i = 0; i < CLIENTS * FILES; i++) {
		const struct file *other = &run->clients[i / FILES].files[i % FILES];

		for (size_t k = 0; k < other->count; k++) {
			if (other->blocks[k].id == told->id)
				fail(run, "%s: is given block %" PRIu64 ", which %s has",
				     file->path, told->id, other->path);
		}
	}
	run->blocks++;
	block = &file->blocks[file->count++];
	*block = *told;
	block->length = 1 + random_below(&client->random, BLOCK_BYTES_MAX);
	if (!random_chance(&client->random, 1, 12)) /* else it gets lost; its writer gives it up */
		write_block(client, block);
	if (!run->is_draining && random_chance(&client->random, 1, 6)) {
		client->told = *told;
		client->has_call = true;
	}
}

static void take_success(struct client *client, const struct ns_result *result)
{
	struct file *file = client->file;

	switch (client->command.kind) {
	case ENTRY_create:
		file->exists = file->is_open = true;
		file->count = 0;
		break;
	case ENTRY_add_block: take_block(client, &result->block); break;
	case ENTRY_abandon_block: file->count--; break;
	case ENTRY_complete:
		file->is_open = !result->value;
		client->run->completed += result->value;
		break;
	case ENTRY_delete:
		if (!result->value)
			fail(client->run, "%s: was not there to be deleted", file->path);
		file->exists = false;
		file->count = 0;
		break;
	default: {
		char path[sizeof(file->path)];

		memcpy(path, client->target->path, sizeof(path));
		*client->target = *file;
		memcpy(client->target->path, path, sizeof(path));
		file->exists = false;
		file->count = 0;
	}
	}
}

/* A refusal that only says "not now". */
static bool is_not_now(const struct ns_result *result)
{
	static const char nobody[] = "could only be written to 0";

	return result->rc == -ERR_RETRIABLE || result->rc == -ERR_NO_SPACE ||
	       result->rc == -ERR_NOT_REPLICATED_YET ||
	       (result->rc == -ERR_WRITE_REFUSED &&
	        memmem(result->message.data, result->message.size, nobody, strlen(nobody)) != NULL);
}

static void take_answer(struct client *client, const struct ns_result *result)
{
	struct buf text = {0};

	client->has_call = false;
	if (result->rc == 0) {
		take_success(client, result);
		return;
	}
	if (is_not_now(result))
		return;
	command_describe(&client->command, &text);
	fail(client->run, "%.*s: answered %s: %.*s", (int)text.size, (const char *)text.data,
	     err_name(result->rc), STR_ARGS(result->message));
}

static void think_again(struct client *client)
{
	sim_world_schedule(client->run->world, &client->think,
	                   random_below(&client->random, THINK_US));
}

struct attempt {
	struct master_write write;
	struct client *client;
	struct arena arena;
};

static void write_done(struct master_write *write)
{
	struct attempt *attempt = CONTAINER_OF(write, struct attempt, write);
	struct client *client = attempt->client;

	client->is_busy = false;
	if (!write->is_unknown)
		take_answer(client, &write->result);
	sim_world_note(client->run->world, &write->result.rc, sizeof(write->result.rc));
	arena_finish(&attempt->arena);
	mem_free(attempt);
	think_again(client);
}

static void step_write(void *context)
{
	struct client *client = context;
	struct attempt *attempt = mem_must_zalloc(sizeof(*attempt));

	attempt->client = client;
	arena_init(&attempt->arena, ARENA_BYTES_MAX);
	attempt->write.command = client->command;
	attempt->write.arena = &attempt->arena;
	attempt->write.done = write_done;
	master_write(client->run->master, &attempt->write);
}

static void think(struct sim_event *event)
{
	struct client *client = CONTAINER_OF(event, struct client, think);
	struct run *run = client->run;

	if (!run->is_primary || client->is_busy || !sim_machine_is_running(run->machine))
		return;
	if (!client->has_call && !run->is_draining)
		draw_call(client);
	if (!client->has_call) {
		if (!run->is_draining)
			think_again(client);
		return;
	}
	client->is_busy = true;
	sim_machine_run(run->machine, step_write, client);
}

/* ---- lives ---- */

static void on_role(void *context, enum master_role role)
{
	((struct run *)context)->is_primary = role == MASTER_PRIMARY;
}

static void on_failure(void *context, int rc, const char *text)
{
	struct run *run = context;

	if (!sim_disk_has_failed(sim_machine_disk(run->machine)))
		fail(run, "the start was refused (%s): %s", err_name(rc), text);
	run->is_refused = true;
}

static void step_create(void *context)
{
	struct run *run = context;
	struct master_options options = sim_kit_options(sim_machine_start(run->machine));
	char *text = NULL;
	int rc;

	options.context = run;
	options.on_role = on_role;
	options.on_failure = on_failure;
	options.startup_safe_mode_ms = 5000;
	rc = master_create(&options, &run->master, &text);
	if (rc < 0)
		on_failure(run, rc, text);
	mem_free(text);
}

static bool step_until(struct run *run, bool (*is_over)(struct run *run), uint64_t events_max)
{
	uint64_t end = sim_world_events(run->world) + events_max;

	while (!is_over(run) && sim_machine_is_running(run->machine) &&
	       sim_world_events(run->world) < end && sim_world_step(run->world))
		continue;
	return is_over(run) && sim_machine_is_running(run->machine);
}

static bool is_serving(struct run *run)
{
	return run->is_primary || run->is_refused;
}

static bool is_never(struct run *run)
{
	(void)run;
	return false;
}

static bool is_closed(struct run *run)
{
	return run->is_closed;
}

static bool is_quiet(struct run *run)
{
	for (unsigned i = 0; i < CLIENTS; i++) {
		if (run->clients[i].has_call || run->clients[i].is_busy)
			return false;
	}
	return true;
}

static void start_life(struct run *run)
{
	run->is_primary = run->is_refused = run->is_closed = false;
	run->master = NULL;
	sim_machine_run(run->machine, step_create, run);
	step_until(run, is_serving, 1000000);
	if (!sim_machine_is_running(run->machine) || run->is_refused)
		return;
	if (!run->is_primary)
		fail(run, "the master does not become primary");
	for (unsigned i = 0; i < CLIENTS; i++) {
		run->clients[i].is_busy = false;
		sim_world_cancel(run->world, &run->clients[i].think);
		think_again(&run->clients[i]);
	}
}

static void draw_faults(struct run *run)
{
	struct random *random = &run->random;
	struct sim_disk_faults faults = {.die_in = -1, .fail_write_in = -1, .fail_sync_in = -1};

	switch (random_below(random, 4)) {
	case 0:
	case 1: faults.die_in = (int64_t)random_below(random, 400); break;
	case 2: faults.fail_write_in = (int64_t)random_below(random, 200); break;
	default: break;
	}
	run->may_be_damaged = faults.fail_write_in >= 0;
	sim_disk_set_faults(sim_machine_disk(run->machine), &faults);
}

static void end_life(struct run *run)
{
	if (sim_machine_damage(run->machine)[0] != '\0' && !run->may_be_damaged)
		fail(run, "ended without a reason: %s", sim_machine_damage(run->machine));
	sim_machine_kill(run->machine, random_chance(&run->random, 1, 2));
	run->master = NULL;
}

static void live(struct run *run)
{
	draw_faults(run);
	start_life(run);
	step_until(run, is_never, random_below(&run->random, LIFE_EVENTS_MAX));
	end_life(run);
}

/* ---- the end of a run ---- */

static void check_file(struct run *run, const struct file *file, struct arena *arena)
{
	struct ns_caller caller = {.user = STR("root"), .is_superuser = true};
	struct location location;
	struct ns_blocks blocks;
	struct str message;
	int rc = ns_file_blocks(master_namespace(run->master), &caller, str_of(file->path), 0,
	                        UINT64_MAX, arena, &message, &blocks);

	if (!file->exists && rc == -ERR_NOT_FOUND)
		return;
	if (!file->exists || rc < 0 || blocks.count != file->count ||
	    blocks.status.is_under_construction != file->is_open)
		fail(run, "%s: is %s with %zu blocks instead of %zu", file->path, err_name(rc),
		     rc < 0 ? 0 : blocks.count, file->count);
	for (size_t i = 0; i < file->count; i++) {
		const struct block *is = &blocks.blocks[i].block, *want = &file->blocks[i];
		bool is_settled = !file->is_open || i + 1 < file->count;

		if (is->id != want->id || is->stamp != want->stamp ||
		    (is_settled && is->length != want->length))
			fail(run, "%s: block %zu is another one", file->path, i);
		if (!file->is_open &&
		    workers_locate(master_workers(run->master), is, STR(""), &location, 1) != 1)
			fail(run, "%s: block %zu cannot be read", file->path, i);
	}
}

static void step_check(void *context)
{
	struct run *run = context;
	struct namespace *ns = master_namespace(run->master);
	struct hash128 kept = ns_digest(ns), real = ns_digest_recompute(ns);
	struct arena arena;

	if (kept.low != real.low || kept.high != real.high)
		fail(run, "the digest that apply kept is not the records'");
	arena_init(&arena, ARENA_BYTES_MAX);
	for (size_t i = 0; i < CLIENTS * FILES; i++)
		check_file(run, &run->clients[i / FILES].files[i % FILES], &arena);
	arena_finish(&arena);
}

static bool is_in_a_file(const struct run *run, uint64_t id)
{
	for (size_t i = 0; i < CLIENTS * FILES; i++) {
		const struct file *file = &run->clients[i / FILES].files[i % FILES];

		for (size_t k = 0; k < file->count; k++) {
			if (file->blocks[k].id == id)
				return true;
		}
	}
	return false;
}

static bool has_no_rubbish(struct run *run)
{
	for (size_t i = 0; i < run->replica_count; i++) {
		if (!is_in_a_file(run, run->replicas[i].id))
			return false;
	}
	return true;
}

static void step_close_done(void *context)
{
	((struct run *)context)->is_closed = true;
}

static void step_close(void *context)
{
	master_close(((struct run *)context)->master, step_close_done, context);
}

static void step_destroy(void *context)
{
	master_destroy(((struct run *)context)->master);
}

static void finish_run(struct run *run)
{
	const struct sim_disk_faults none = {.die_in = -1, .fail_write_in = -1, .fail_sync_in = -1};
	uint64_t end_us;

	sim_disk_set_faults(sim_machine_disk(run->machine), &none);
	run->may_be_damaged = false;
	run->is_draining = true;
	start_life(run);
	if (!step_until(run, is_quiet, 1000000))
		fail(run, "calls are not answered (%s)", sim_machine_damage(run->machine));
	end_us = sim_world_now_us(run->world) + SETTLE_US;
	while (!step_until(run, has_no_rubbish, 1000)) {
		if (sim_world_now_us(run->world) > end_us)
			fail(run, "the worker keeps what no file has");
	}
	/* Reports of what is there have been read by now. */
	step_until(run, is_never, 100);
	sim_machine_run(run->machine, step_check, run);
	sim_machine_run(run->machine, step_close, run);
	if (!step_until(run, is_closed, 1000000))
		fail(run, "the master does not close");
	sim_machine_run(run->machine, step_destroy, run);
}

static void step_format(void *context)
{
	struct run *run = context;
	char *text = NULL;

	if (kit_format(sim_machine_start(run->machine), SIM_KIT_FOLDER, "root", &text) < 0)
		fail(run, "cannot be formatted: %s", text);
	mem_free(text);
}

static void set_up(struct run *run)
{
	run->world = sim_world_create(random_u64(&run->random));
	run->machine = sim_machine_create(run->world, random_u64(&run->random));
	run->beat.run = beat;
	for (unsigned i = 0; i < CLIENTS; i++) {
		struct client *client = &run->clients[i];

		*client = (struct client){.run = run, .number = i, .think = {.run = think}};
		client->random = random_make(random_u64(&run->random));
		for (size_t k = 0; k < sizeof(client->client_id); k++)
			client->client_id[k] = (uint8_t)random_u64(&run->random);
		snprintf(client->holder, sizeof(client->holder), "client%u", i);
		for (unsigned k = 0; k < FILES; k++)
			snprintf(client->files[k].path, sizeof(client->files[k].path), "/c%u/f%u",
			         i, k);
	}
	sim_machine_run(run->machine, step_format, run);
	sim_machine_kill(run->machine, false);
	sim_world_schedule(run->world, &run->beat, 0);
}

static void take_log(void *context, enum log_level level, const char *line)
{
	(void)context;
	(void)level;
	if (getenv("SIM_LOG") != NULL)
		fprintf(stderr, "%s\n", line);
}

static int run_seed(uint64_t seed)
{
	static struct run run;
	unsigned lives;

	run = (struct run){.seed = seed, .random = random_make(seed)};
	lives = 1 + (unsigned)random_below(&run.random, LIVES);
	log_set_sink(take_log, NULL);
	set_up(&run);
	for (unsigned i = 0; i < lives; i++)
		live(&run);
	finish_run(&run);
	printf("seed %" PRIu64 ": %u lives, %" PRIu64 " blocks, %" PRIu64
	       " files completed, %" PRIu64 " repeated, %" PRIu64 " deletions, %" PRIu64
	       " events, trace %016" PRIx64 "\n",
	       seed, lives, run.blocks, run.completed, run.repeated, run.deletions,
	       sim_world_events(run.world), sim_world_trace(run.world));
	return 0;
}

int main(int argc, char **argv)
{
	return sim_kit_main(argc, argv, run_seed);
}
