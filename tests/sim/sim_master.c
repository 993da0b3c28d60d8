/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One master on a simulated machine: clients change and read their own directories, the machine
 * dies at every kind of moment, and a naive model says what each answer must be.
 *
 *   sim_master [--seconds T]      new seeds, each in a process of its own, for T seconds
 *   sim_master --seed S           one run; the same seed does the same, bit for bit
 *
 * A run is a number of lives of the master.  Each life may end by a kill, a power cut, a failed
 * write or sync, or a clean stop; some have a full disk or a wall clock that jumps.  A call that
 * had no answer when its master died is repeated in the next life under the same ids; so are calls
 * whose answer the client lost, and some that it made long before.  Checked:
 *   - every answer, and every read, against the model; a repeated call is answered as the first;
 *   - no checkpoint is passed over;
 *   - after each start: the digest kept up by apply equals the one recomputed from the records;
 *   - at the end: every directory as the model has it, and, where segments are kept, the digest
 *     equals that of a replay from the first one;
 *   - no process ends by damage that the run did not do to it.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "journal/journal.h"
#include "master/master.h"
#include "sim/naive_fs.h"
#include "sim/sim_kit.h"
#include "sim/sim_world.h"

enum {
	CLIENTS = 6,
	NAMES = 8, /* a client plays with so many names */
	LIVES = 12,
	LIFE_EVENTS_MAX = 6000,
	REST_EVENTS = 500, /* more than a master has while nobody calls */
	LIST_MAX = 64,
	LOOKUPS = 3,                   /* of a path, together */
	REMEMBERED_US = 300 * 1000000, /* by the retry table, surely */
	REST_US = 700 * 1000000,       /* after which it has forgotten everything */
	ARENA_BYTES_MAX = 16 << 20,
};

struct run;

/* A call, and how it was answered. */
struct told {
	struct command command;
	char texts[3][128]; /* what its strings point to */
	int rc;
	bool value;
	uint64_t inode;
	uint64_t at_us; /* 0: there is none */
};

struct client {
	struct run *run;
	unsigned number;
	struct sim_event think;
	struct random random;
	uint8_t client_id[16];
	int32_t call_id;
	/* the call that is on its way, or waits to be repeated */
	bool has_call;
	struct command command;
	char texts[3][128]; /* what its strings point to */
	bool is_busy;       /* in this life */
	/* a call that was answered and changed something, to be repeated some time */
	struct told told;
	bool repeats_told; /* `command` is told.command */
};

struct run {
	uint64_t seed;
	struct sim_world *world;
	struct sim_machine *machine;
	struct naive_fs model;
	struct client clients[CLIENTS];
	struct master *master; /* of this life */
	bool is_primary;
	bool may_be_damaged; /* this life's faults justify it */
	bool is_draining;    /* clients finish what they have and begin nothing */
	bool is_closed;
	bool is_refused; /* this life's start was */
	bool is_full;    /* this life's disk has little room at first */
	bool keeps_segments;
	uint64_t rest_until_us; /* nobody calls before */
	uint64_t acknowledged, repeated, refused, reads, deaths, cuts, damages;
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
	fprintf(stderr, "\nrepeat with: sim_master --seed %" PRIu64 "\n", run->seed);
	exit(1);
}

/* ---- what clients do ---- */

static struct str text_of(struct client *client, unsigned slot, const char *format, ...)
        PRINTF_LIKE(3, 4);
static struct str text_of(struct client *client, unsigned slot, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(client->texts[slot], sizeof(client->texts[slot]), format, args);
	va_end(args);
	return str_of(client->texts[slot]);
}

/* A name one or two levels below the client's own directory. */
static struct str draw_path(struct client *client, unsigned slot)
{
	unsigned a = (unsigned)random_below(&client->random, NAMES);

	if (random_chance(&client->random, 1, 3))
		return text_of(client, slot, "/c%u/n%u/m%u", client->number, a,
		               (unsigned)random_below(&client->random, 3));
	return text_of(client, slot, "/c%u/n%u", client->number, a);
}

static void draw_command(struct client *client)
{
	struct command *c = &client->command;
	struct random *random = &client->random;

	*c = (struct command){.version = 0,
	                      .flags = COMMAND_SUPERUSER | COMMAND_AT_MOST_ONCE,
	                      .auth = COMMAND_AUTH_SIMPLE,
	                      .has_client = true,
	                      .user = STR("root")};
	memcpy(c->client_id, client->client_id, sizeof(c->client_id));
	c->call_id = client->call_id++;
	switch (random_below(random, 10)) {
	case 0:
	case 1:
		c->kind = ENTRY_mkdirs;
		c->mkdirs.path = draw_path(client, 0);
		c->mkdirs.mode = 0755;
		c->mkdirs.create_parent = random_chance(random, 1, 2);
		break;
	case 2:
	case 3:
	case 4:
		c->kind = ENTRY_create;
		c->create.path = draw_path(client, 0);
		c->create.mode = 0644;
		c->create.holder = text_of(client, 1, "client%u", client->number);
		c->create.client_machine = STR("127.0.0.1");
		c->create.flags = random_chance(random, 1, 2) ? 3 : 1;
		c->create.create_parent = random_chance(random, 1, 2);
		c->create.replication = 1;
		c->create.block_size = 128 << 20;
		break;
	case 5:
		c->kind = ENTRY_complete;
		c->complete.path = draw_path(client, 0);
		c->complete.holder = text_of(client, 1, "client%u", client->number);
		break;
	case 6:
		c->kind = ENTRY_delete;
		c->delete.path = draw_path(client, 0);
		c->delete.recursive = random_chance(random, 2, 3);
		break;
	case 7:
		c->kind = ENTRY_rename2;
		c->rename2.source = draw_path(client, 0);
		c->rename2.target = draw_path(client, 1);
		c->rename2.overwrite = random_chance(random, 1, 2);
		break;
	case 8:
		c->kind = ENTRY_set_permission;
		c->set_permission.path = draw_path(client, 0);
		c->set_permission.mode = (uint16_t)random_below(random, 01000);
		break;
	default:
		c->kind = ENTRY_set_replication;
		c->set_replication.path = draw_path(client, 0);
		c->set_replication.replication = (uint16_t)(1 + random_below(random, 9));
		break;
	}
}

static void think_again(struct client *client)
{
	sim_world_schedule(client->run->world, &client->think, random_below(&client->random, 2000));
}

/* ---- writes ---- */

struct attempt {
	struct master_write write;
	struct client *client;
	struct arena arena;
};

/* Refusals that say nothing about the file system: the call is made again. */
static bool is_not_now(int rc)
{
	return rc == -ERR_RETRIABLE || rc == -ERR_NO_SPACE || rc == -ERR_AGAIN ||
	       rc == -ERR_STANDBY || rc == -ERR_SAFE_MODE;
}

static bool has_value(enum entry_kind kind)
{
	return kind != ENTRY_create && kind != ENTRY_rename2 && kind != ENTRY_set_permission;
}

static void check_answer(struct client *client, const struct ns_result *result, int rc, bool value)
{
	if (result->rc != rc ||
	    (rc == 0 && result->value != value && has_value(client->command.kind))) {
		struct buf text = {0};

		command_describe(&client->command, &text);
		fail(client->run, "%.*s: answered %s %d (%.*s), must be %s %d", (int)text.size,
		     (const char *)text.data, err_name(result->rc), result->value,
		     STR_ARGS(result->message), err_name(rc), value);
	}
	if (result->rc == 0)
		client->run->acknowledged++;
	else
		client->run->refused++;
}

/* Strings of the command that point into `from` come to point into `to`. */
static void move_texts(struct command *command, const char (*from)[128], char (*to)[128])
{
	struct str *strings[3] = {0};

	memcpy(to, from, 3 * sizeof(*to));
	switch (command->kind) {
	case ENTRY_create:
		strings[0] = &command->create.path;
		strings[1] = &command->create.holder;
		break;
	case ENTRY_rename2:
		strings[0] = &command->rename2.source;
		strings[1] = &command->rename2.target;
		break;
	case ENTRY_delete: strings[0] = &command->delete.path; break;
	default: CHECK(false);
	}
	for (size_t i = 0; i < COUNT_OF(strings); i++) {
		if (strings[i] != NULL)
			strings[i]->data = to[i];
	}
}

/* Only what surely changed something is in the retry table.  False: it did not. */
static bool remember(struct client *client, const struct ns_result *result)
{
	enum entry_kind kind = client->command.kind;
	struct told *told = &client->told;

	if (result->rc != 0 || (kind != ENTRY_create && kind != ENTRY_rename2 &&
	                        !(kind == ENTRY_delete && result->value)))
		return false;
	*told = (struct told){.command = client->command,
	                      .rc = result->rc,
	                      .value = result->value,
	                      .inode = result->inode,
	                      .at_us = sim_world_now_us(client->run->world)};
	move_texts(&told->command, (const char(*)[128])client->texts, told->texts);
	return true;
}

/* An answer to a call that was answered before. */
static void check_told(struct client *client, const struct ns_result *result)
{
	const struct told *told = &client->told;

	check_answer(client, result, told->rc, told->value);
	if (told->command.kind == ENTRY_create &&
	    (!result->has_status || result->status.inode != told->inode))
		fail(client->run, "a repeated create is told of another file");
	client->run->repeated++;
}

static void take_answer(struct client *client, const struct ns_result *result)
{
	struct naive_answer want;

	client->has_call = false;
	if (client->repeats_told) {
		client->repeats_told = false;
		check_told(client, result);
		return;
	}
	want = naive_apply(&client->run->model, &client->command);
	check_answer(client, result, want.rc, want.value);
	/* Now and then the answer gets lost. */
	if (remember(client, result) && !client->run->is_draining &&
	    random_chance(&client->random, 1, 8))
		client->has_call = client->repeats_told = true;
}

/* Makes the call again that was made before others. */
static void repeat_told(struct client *client)
{
	struct told *told = &client->told;

	client->command = told->command;
	move_texts(&client->command, (const char(*)[128])told->texts, client->texts);
	client->has_call = client->repeats_told = true;
}

static bool may_repeat_told(struct client *client)
{
	return client->told.at_us != 0 &&
	       sim_world_now_us(client->run->world) - client->told.at_us < REMEMBERED_US;
}

static void write_done(struct master_write *write)
{
	struct attempt *attempt = CONTAINER_OF(write, struct attempt, write);
	struct client *client = attempt->client;

	client->is_busy = false;
	if (!write->is_unknown && !is_not_now(write->result.rc))
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

/* ---- reads ---- */

struct reading {
	struct master_read read;
	struct client *client;
	struct arena arena;
	char path[128];
};

static void check_lookup(struct run *run, const char *path, struct arena *arena)
{
	const struct naive_node *want = naive_find(&run->model, path);
	struct ns_caller caller = {.user = STR("root"), .is_superuser = true};
	struct ns_lookup lookups[LOOKUPS], lookup;

	for (size_t i = 0; i < LOOKUPS; i++)
		lookups[i] = (struct ns_lookup){.path = str_of(path), .caller = &caller};
	ns_lookup(master_namespace(run->master), lookups, LOOKUPS, arena);
	for (size_t i = 1; i < LOOKUPS; i++) {
		if (lookups[i].rc != lookups[0].rc)
			fail(run, "%s: looked up twice together, with different results", path);
	}
	lookup = lookups[0];
	if (want == NULL) {
		if (lookup.rc != -ERR_NOT_FOUND && lookup.rc != -ERR_PERMISSION)
			fail(run, "%s: found (%s), must be missing", path, err_name(lookup.rc));
		return;
	}
	if (lookup.rc != 0)
		fail(run, "%s: %s, must be there", path, err_name(lookup.rc));
	if ((lookup.status.type == NS_DIRECTORY) != want->is_directory ||
	    lookup.status.mode != want->mode ||
	    (!want->is_directory && (lookup.status.replication != want->replication ||
	                             lookup.status.is_under_construction != want->is_open)))
		fail(run, "%s: status differs from the model's", path);
}

struct listed {
	struct run *run;
	const struct naive_node *want[LIST_MAX];
	size_t count;
	size_t at;
	const char *path;
};

static bool check_entry(void *context, const struct ns_status *status)
{
	struct listed *listed = context;
	const char *want;

	if (listed->at == listed->count)
		fail(listed->run, "%s: an entry too many, %.*s", listed->path,
		     STR_ARGS(status->name));
	want = strrchr(listed->want[listed->at++]->path, '/') + 1;
	if (!str_equal(status->name, str_of(want)))
		fail(listed->run, "%s: lists %.*s, must be %s", listed->path,
		     STR_ARGS(status->name), want);
	return true;
}

static void check_listing(struct run *run, const char *path, struct arena *arena)
{
	const struct naive_node *node = naive_find(&run->model, path);
	struct ns_caller caller = {.user = STR("root"), .is_superuser = true};
	struct listed listed = {.run = run, .path = path};
	struct str message;
	uint64_t remaining = 0;
	int rc;

	if (node == NULL || !node->is_directory)
		return;
	listed.count = naive_list(&run->model, path, listed.want, LIST_MAX);
	rc = ns_list(master_namespace(run->master), &caller, str_of(path), (struct str){0},
	             LIST_MAX, check_entry, &listed, arena, &message, &remaining);
	if (rc < 0 || listed.at != listed.count || remaining != 0)
		fail(run, "%s: lists %zu entries (%s), must be %zu", path, listed.at, err_name(rc),
		     listed.count);
}

static void read_ready(struct master_read *read, int rc)
{
	struct reading *reading = CONTAINER_OF(read, struct reading, read);
	struct client *client = reading->client;

	client->is_busy = false;
	if (rc == 0) {
		check_lookup(client->run, reading->path, &reading->arena);
		check_listing(client->run, reading->path, &reading->arena);
		client->run->reads++;
	}
	arena_finish(&reading->arena);
	mem_free(reading);
	think_again(client);
}

static void step_read(void *context)
{
	struct client *client = context;
	struct reading *reading = mem_must_zalloc(sizeof(*reading));
	struct str path = random_chance(&client->random, 1, 4)
	                          ? text_of(client, 0, "/c%u", client->number)
	                          : draw_path(client, 0);

	reading->client = client;
	arena_init(&reading->arena, ARENA_BYTES_MAX);
	snprintf(reading->path, sizeof(reading->path), "%.*s", STR_ARGS(path));
	reading->read.ready = read_ready;
	master_read(client->run->master, &reading->read);
}

/* ---- a client's turn ---- */

static void think(struct sim_event *event)
{
	struct client *client = CONTAINER_OF(event, struct client, think);
	struct run *run = client->run;
	bool reads;

	if (!run->is_primary || client->is_busy || !sim_machine_is_running(run->machine))
		return; /* the next life begins with everybody thinking */
	if (sim_world_now_us(run->world) < run->rest_until_us) {
		sim_world_schedule(run->world, event,
		                   run->rest_until_us - sim_world_now_us(run->world));
		return;
	}
	if (run->is_draining && !client->has_call)
		return;
	reads = !client->has_call && random_chance(&client->random, 1, 4);
	if (!client->has_call && !reads && may_repeat_told(client) &&
	    random_chance(&client->random, 1, 10)) {
		repeat_told(client);
	} else if (!client->has_call && !reads) {
		draw_command(client);
		client->has_call = true;
	}
	client->is_busy = true;
	sim_machine_run(run->machine, reads ? step_read : step_write, client);
}

/* ---- a life of the master ---- */

static void on_role(void *context, enum master_role role)
{
	struct run *run = context;

	run->is_primary = role == MASTER_PRIMARY;
}

/* Only what this life's faults did to the disk may keep a master from starting. */
static void refuse_start(struct run *run, int rc, const char *text)
{
	if (!sim_disk_has_failed(sim_machine_disk(run->machine)))
		fail(run, "the start was refused (%s): %s", err_name(rc), text);
	run->is_refused = true;
}

static void on_failure(void *context, int rc, const char *text)
{
	struct run *run = context;

	refuse_start(run, rc, text);
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
	options.journal.keep_segments = run->keeps_segments;
	rc = master_create(&options, &run->master, &text);
	if (rc < 0)
		refuse_start(run, rc, text);
	mem_free(text);
}

static void on_closed(void *context)
{
	((struct run *)context)->is_closed = true;
}

static void step_close(void *context)
{
	struct run *run = context;

	master_close(run->master, on_closed, run);
}

static void step_destroy(void *context)
{
	master_destroy(((struct run *)context)->master);
}

static void step_digest(void *context)
{
	struct run *run = context;
	struct namespace *ns = master_namespace(run->master);
	struct hash128 kept = ns_digest(ns), real = ns_digest_recompute(ns);

	if (kept.low != real.low || kept.high != real.high)
		fail(run, "the digest that apply kept is not the records'");
}

static void step_format(void *context)
{
	struct run *run = context;
	char *text = NULL;
	int rc = sim_kit_format(sim_machine_start(run->machine), &text);

	if (rc < 0)
		fail(run, "cannot be formatted (%s): %s", err_name(rc), text);
	mem_free(text);
}

/* What happens to the master in this life. */
static void draw_faults(struct run *run, struct random *random)
{
	struct sim_disk_faults faults = {-1, -1, -1, 0, 0, 0};

	switch (random_below(random, 9)) {
	case 0:
	case 1:
	case 2:
	case 3: faults.die_in = (int64_t)random_below(random, 400); break;
	case 4: faults.fail_write_in = (int64_t)random_below(random, 200); break;
	case 5: faults.fail_sync_in = (int64_t)random_below(random, 200); break;
	case 6: faults.fail_names_at = 1 + random_below(random, 60); break;
	case 7: faults.fail_read_at = 1 + random_below(random, 30); break;
	default: break;
	}
	run->may_be_damaged = faults.fail_write_in >= 0 || faults.fail_sync_in >= 0 ||
	                      faults.fail_names_at > 0 || faults.fail_read_at > 0;
	run->is_full = random_chance(random, 1, 6);
	if (run->is_full)
		faults.capacity = sim_disk_used(sim_machine_disk(run->machine)) +
		                  random_below(random, 1 << 20);
	if (random_chance(random, 1, 4))
		sim_machine_shift_wall(run->machine,
		                       (int64_t)random_below(random, 7200000) - 3600000);
	sim_disk_set_faults(sim_machine_disk(run->machine), &faults);
}

/* Steps until `is_over`, the process ends, or enough happened. */
static bool step_until(struct run *run, bool (*is_over)(struct run *run), uint64_t events_max)
{
	uint64_t end = sim_world_events(run->world) + events_max;

	while (!is_over(run) && sim_machine_is_running(run->machine)) {
		if (sim_world_events(run->world) >= end || !sim_world_step(run->world))
			return false;
	}
	return sim_machine_is_running(run->machine);
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

static void judge_death(struct run *run, struct random *random)
{
	const char *damage = sim_machine_damage(run->machine);
	bool power_cut = random_chance(random, 1, 2);

	if (damage[0] != '\0') {
		if (!run->may_be_damaged)
			fail(run, "ended without a reason: %s", damage);
		run->damages++;
	}
	run->deaths++;
	run->cuts += power_cut;
	sim_machine_kill(run->machine, power_cut);
}

static void start_life(struct run *run)
{
	run->is_primary = false;
	run->is_closed = false;
	run->is_refused = false;
	run->master = NULL;
	/* sim_machine_run() wants a process; step_create() starts it inside */
	sim_machine_run(run->machine, step_create, run);
}

static void wake_clients(struct run *run)
{
	for (unsigned i = 0; i < CLIENTS; i++) {
		struct client *client = &run->clients[i];

		client->is_busy = false;
		sim_world_cancel(run->world, &client->think);
		think_again(client);
	}
}

/* Steps until the master serves; on a full disk it may wait for room, which then comes. */
static void wait_for_service(struct run *run)
{
	if (run->is_full && !step_until(run, is_serving, 3000) &&
	    sim_machine_is_running(run->machine))
		sim_disk_set_capacity(sim_machine_disk(run->machine), 0);
	if (!step_until(run, is_serving, 1000000) && sim_machine_is_running(run->machine))
		fail(run, "the master does not become primary");
}

/* Room again: service must go on by itself. */
static void make_room(struct run *run)
{
	uint64_t before = run->acknowledged + run->refused;

	sim_disk_set_capacity(sim_machine_disk(run->machine), 0);
	if (step_until(run, is_never, 20000) || !sim_machine_is_running(run->machine))
		return;
	if (run->acknowledged + run->refused == before)
		fail(run, "nothing is answered although there is room again");
}

/* Nobody calls until every answer is forgotten; so nobody may wait for one. */
static void rest(struct run *run)
{
	run->is_draining = true;
	step_until(run, is_quiet, LIFE_EVENTS_MAX);
	run->is_draining = false;
	if (!is_quiet(run) || !sim_machine_is_running(run->machine))
		return;
	run->rest_until_us = sim_world_now_us(run->world) + REST_US;
	wake_clients(run);
	step_until(run, is_never, REST_EVENTS);
}

static void live(struct run *run, struct random *random)
{
	uint64_t events = 200 + random_below(random, LIFE_EVENTS_MAX);

	draw_faults(run, random);
	start_life(run);
	if (sim_machine_is_running(run->machine))
		wait_for_service(run);
	if (sim_machine_is_running(run->machine) && !run->is_refused) {
		sim_machine_run(run->machine, step_digest, run);
		wake_clients(run);
		step_until(run, is_never, events);
		if (random_chance(random, 1, 4))
			rest(run);
		if (run->is_full && sim_machine_is_running(run->machine))
			make_room(run);
	}
	judge_death(run, random);
}

/* ---- the end of a run ---- */

struct replay {
	struct run *run;
	struct namespace *ns;
	struct arena arena;
};

static bool replay_entry(void *context, const struct journal_entry *entry)
{
	struct replay *replay = context;
	struct ns_result result;
	struct command command;

	if (command_decode(entry->kind, entry->version, entry->payload, &replay->arena, &command) <
	    0)
		fail(replay->run, "entry %" PRIu64 " cannot be read", entry->index);
	ns_apply(replay->ns, entry->index, &command, NULL, &result);
	arena_reset(&replay->arena);
	return true;
}

static void step_compare_replay(void *context)
{
	struct run *run = context;
	struct replay replay = {.run = run, .ns = ns_create()};
	struct hash128 served = ns_digest(master_namespace(run->master)), replayed;
	char *text = NULL;
	int rc;

	arena_init(&replay.arena, ARENA_BYTES_MAX);
	rc = journal_cat(sim_machine_io(run->machine), SIM_KIT_FOLDER, 1,
	                 ns_applied(master_namespace(run->master)), replay_entry, &replay, &text);
	if (rc < 0)
		fail(run, "the segments cannot be read (%s): %s", err_name(rc), text);
	replayed = ns_digest(replay.ns);
	if (ns_applied(replay.ns) != ns_applied(master_namespace(run->master)) ||
	    served.low != replayed.low || served.high != replayed.high)
		fail(run, "a replay from the beginning gives another namespace");
	ns_destroy(replay.ns);
	arena_finish(&replay.arena);
}

static void step_compare_all(void *context)
{
	struct run *run = context;
	struct arena arena;

	arena_init(&arena, ARENA_BYTES_MAX);
	for (size_t i = 0; i < run->model.count; i++) {
		check_lookup(run, run->model.nodes[i].path, &arena);
		check_listing(run, run->model.nodes[i].path, &arena);
		arena_reset(&arena);
	}
	arena_finish(&arena);
}

static void finish_run(struct run *run)
{
	const struct sim_disk_faults none = {-1, -1, -1, 0, 0, 0};

	sim_disk_set_faults(sim_machine_disk(run->machine), &none);
	run->may_be_damaged = false;
	run->is_draining = true;
	start_life(run);
	if (!step_until(run, is_serving, 1000000))
		fail(run, "the last start does not end (%s)", sim_machine_damage(run->machine));
	wake_clients(run);
	if (!step_until(run, is_quiet, 1000000))
		fail(run, "calls are not answered (%s)", sim_machine_damage(run->machine));
	sim_machine_run(run->machine, step_digest, run);
	sim_machine_run(run->machine, step_compare_all, run);
	if (run->keeps_segments)
		sim_machine_run(run->machine, step_compare_replay, run);
	sim_machine_run(run->machine, step_close, run);
	if (!step_until(run, is_closed, 1000000))
		fail(run, "the master does not close (%s)", sim_machine_damage(run->machine));
	sim_machine_run(run->machine, step_destroy, run);
}

/* ---- runs ---- */

static void set_up(struct run *run, struct random *random)
{
	run->world = sim_world_create(random_u64(random));
	run->machine = sim_machine_create(run->world, random_u64(random));
	naive_init(&run->model);
	for (unsigned i = 0; i < CLIENTS; i++) {
		struct client *client = &run->clients[i];

		*client = (struct client){.run = run, .number = i, .think = {.run = think}};
		client->random = random_make(random_u64(random));
		for (size_t k = 0; k < sizeof(client->client_id); k++)
			client->client_id[k] = (uint8_t)random_u64(random);
		/* its first call makes its directory */
		client->command =
		        (struct command){.kind = ENTRY_mkdirs,
		                         .version = 0,
		                         .flags = COMMAND_SUPERUSER | COMMAND_AT_MOST_ONCE,
		                         .has_client = true,
		                         .user = STR("root")};
		memcpy(client->command.client_id, client->client_id, 16);
		client->command.call_id = client->call_id++;
		client->command.mkdirs.path = text_of(client, 0, "/c%u", i);
		client->command.mkdirs.mode = 0755;
		client->has_call = true;
	}
	sim_machine_run(run->machine, step_format, run);
	sim_machine_kill(run->machine, false);
}

static void take_log(void *context, enum log_level level, const char *line)
{
	struct run *run = context;

	(void)level;
	if (getenv("SIM_LOG") != NULL)
		fprintf(stderr, "%s\n", line);
	/* What a kill or a power cut leaves is whole or has a temporary name. */
	if (strstr(line, "passed over") != NULL &&
	    !sim_disk_has_failed(sim_machine_disk(run->machine)))
		fail(run, "%s", line);
}

static int run_seed(uint64_t seed)
{
	struct random random = random_make(seed);
	struct run run = {.seed = seed};
	unsigned lives = 1 + (unsigned)random_below(&random, LIVES);

	log_set_sink(take_log, &run);
	set_up(&run, &random);
	run.keeps_segments = random_chance(&random, 1, 2);
	for (unsigned i = 0; i < lives; i++)
		live(&run, &random);
	finish_run(&run);
	printf("seed %" PRIu64 ": %u lives, %" PRIu64 " acknowledged, %" PRIu64 " refused, %" PRIu64
	       " repeated, %" PRIu64 " reads, %" PRIu64 " cuts, %" PRIu64 " damages, %" PRIu64
	       " events, %.1f simulated "
	       "seconds, trace %016" PRIx64 "\n",
	       seed, lives, run.acknowledged, run.refused, run.repeated, run.reads, run.cuts,
	       run.damages, sim_world_events(run.world), (double)sim_world_now_us(run.world) / 1e6,
	       sim_world_trace(run.world));
	return 0;
}

int main(int argc, char **argv)
{
	return sim_kit_main(argc, argv, run_seed);
}
