/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients: each has a directory of its own and all have one together.  A call that gets no answer
 * is made again under the same ids, mostly at another master; so are, now and then, calls that were
 * answered.  One that no master can have in its journal may be given up.  Some copies of a call
 * come when another one was answered long ago.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "sim/cluster.h"

enum {
	THINK_US = 20000,     /* at most, between calls */
	AGAIN_US = 30000,     /* at most, before a call is made again */
	WAY_US = 400,         /* at most, of a call or an answer */
	GIVE_UP_US = 3000000, /* at most: no answer */
};

/* One try of a call, at one master. */
struct
try {
	struct client *client;
	struct slot *slot;
	uint64_t number;
	int32_t call_id;
	uint64_t seen; /* when it was made */
	uint64_t arrived_us;
	uint64_t last; /* in the history when it arrived */
	struct command command;
	char texts[3][128];
	char path[128]; /* of a read */
	struct arena arena;
	struct master_write write;
	struct master_read read;
	/* the answer, on its way back */
	struct sim_event answer;
	bool is_answer;  /* false: try again */
	bool is_not_yet; /* the worker has not said enough: the call is over, without effect */
	bool is_without_effect;
	uint64_t index;
	bool is_success;
	struct block block; /* add_block */
};

static void think_again(struct client *client, uint64_t within_us)
{
	if (!client->think.is_scheduled)
		sim_world_schedule(client->cluster->world, &client->think,
		                   random_below(&client->random, within_us));
}

/* ---- what the history says of their calls ---- */

/* The retry table keeps its answer. */
static bool is_kept(const struct fact *fact)
{
	return fact->rc == 0 || err_action(fact->rc) == ERR_ACTION_FAIL;
}

void clients_note(struct cluster *cluster, const struct command *command, uint64_t index)
{
	struct client *client;
	struct call *call;

	CHECK(command->client_id[0] < CLUSTER_CLIENTS);
	client = &cluster->clients[command->client_id[0]];
	CHECK(command->call_id < client->next_call_id);
	call = &client->calls[command->call_id];
	if (call->is_answered && call->index == 0)
		cluster_wrong(cluster,
		              "call %d of client %u is in the journal (%" PRIu64
		              "), and was answered long ago as one that changes nothing",
		              command->call_id, client->number, index);
	if (call->is_abandoned)
		cluster_wrong(cluster,
		              "call %d of client %u is in the journal (%" PRIu64
		              "), and every try of it was answered as surely not",
		              command->call_id, client->number, index);
	if (call->index == 0 || !is_kept(history_fact(&cluster->history, call->index)))
		call->index = index;
}

/* ---- judging answers ---- */

static void wrong_answer(const struct try *try, const struct ns_result *result, uint64_t at, int rc,
                         bool value)
{
	struct buf text = {0};

	command_describe(&try->command, &text);
	cluster_wrong(
	        try->client->cluster,
	        "m%u answers call %d of client %u, %.*s, with %s %d, must be %s %d (%" PRIu64 ")",
	        try->slot->number + 1, try->call_id, try->client->number, STR_ARGS(buf_str(&text)),
	        err_name(result->rc), result->value, err_name(rc), value, at);
}

static bool has_value(enum entry_kind kind)
{
	return kind != ENTRY_create && kind != ENTRY_rename2 && kind != ENTRY_set_permission;
}

/* It is in the history: this is its answer, the first and every later one. */
static void judge_journaled(struct try *try, const struct ns_result *result, uint64_t index)
{
	struct cluster *cluster = try->client->cluster;
	const struct fact *fact = history_fact(&cluster->history, index);

	try->index = index;
	if (history_excuses(&cluster->history, result, fact->block, fact->inode))
		return;
	if (result->rc != fact->rc ||
	    (fact->rc == 0 && has_value(try->command.kind) && result->value != fact->value))
		wrong_answer(try, result, index, fact->rc, fact->value);
	if (fact->rc == 0 && try->command.kind == ENTRY_create &&
	    (!result->has_status || result->status.inode != fact->inode))
		cluster_wrong(cluster,
		              "a create is told of another file than it made (%" PRIu64 ")", index);
	if (fact->rc == 0 && try->command.kind == ENTRY_add_block &&
	    (result->block.id != fact->block.id || result->block.stamp != fact->block.stamp))
		cluster_wrong(cluster, "an add_block is given another block (%" PRIu64 ")", index);
}

/* It is not: it changed nothing, and the answer is the one at the index that it saw. */
static void judge_unjournaled(struct try *try, const struct ns_result *result)
{
	struct cluster *cluster = try->client->cluster;
	struct command command = try->command;
	struct model_answer answer;

	try->index = try->write.index;
	if (try->index < try->seen)
		cluster_wrong(cluster,
		              "m%u answers a write as of %" PRIu64 ", and %" PRIu64
		              " was seen before it was made",
		              try->slot->number + 1, try->index, try->seen);
	command.has_client = false;
	model_fs_apply(history_view(try->slot, try->index), &command, &answer);
	if (result->rc != answer.rc ||
	    (answer.rc == 0 && has_value(command.kind) && result->value != answer.value))
		wrong_answer(try, result, try->index, answer.rc, answer.value);
	if (answer.rc == 0 && !answer.changes_nothing)
		cluster_wrong(cluster, "m%u answers a write that is in no journal",
		              try->slot->number + 1);
}

/* ---- answers come back ---- */

static bool is_not_now(int rc)
{
	return rc == -ERR_RETRIABLE || rc == -ERR_NO_SPACE || rc == -ERR_AGAIN ||
	       rc == -ERR_STANDBY || rc == -ERR_SAFE_MODE || rc == -ERR_CHANGED;
}

/* What depends on the worker's reports, the model knows nothing of. */
static bool is_not_yet(enum entry_kind kind, const struct ns_result *result)
{
	static const char nobody[] = "could only be written to 0";

	return result->rc == -ERR_NOT_REPLICATED_YET ||
	       (result->rc == 0 && kind == ENTRY_complete && !result->value) ||
	       (result->rc == -ERR_WRITE_REFUSED &&
	        memmem(result->message.data, result->message.size, nobody, strlen(nobody)) != NULL);
}

static void forget_try(struct try *try)
{
	arena_finish(&try->arena);
	mem_free(try);
}

static void call_is_over(struct client *client)
{
	client->has_call = client->repeats_told = false;
	client->tries = 0;
	sim_world_cancel(client->cluster->world, &client->give_up);
	client->is_waiting = false;
}

static void remember(struct client *client)
{
	client->told = client->command;
	command_move_texts(&client->told, (const char(*)[128])client->texts, client->told_texts);
}

/* It was given a block, and has it written. */
static void write_block(struct client *client, const struct try *try)
{
	client->cluster->figures.blocks++;
	worker_write(client->cluster, &try->block);
}

/* A late copy of the other two is judged by the file and the block that it names
 * (docs/decisions/0013). */
static bool is_final(enum entry_kind kind)
{
	return kind != ENTRY_complete && kind != ENTRY_add_block;
}

static void take_answer(struct client *client, const struct try *try)
{
	struct cluster *cluster = client->cluster;

	if (cluster->seen < try->index)
		cluster->seen = try->index;
	if (client->is_read) {
		cluster->figures.reads++;
	} else {
		cluster->figures.acknowledged += try->is_success;
		cluster->figures.refused += !try->is_success;
		cluster->figures.repeated += client->repeats_told;
		if (client->command.kind == ENTRY_add_block && try->is_success &&
		    !client->repeats_told)
			write_block(client, try);
		client->calls[try->call_id].is_answered = is_final(try->command.kind);
		if (client->calls[try->call_id].index != 0 && !client->repeats_told)
			remember(client);
	}
	call_is_over(client);
	think_again(client, THINK_US);
}

static void try_again(struct client *client)
{
	sim_world_cancel(client->cluster->world, &client->give_up);
	client->is_waiting = false;
	client->target = (unsigned)random_below(&client->random, client->cluster->slot_count);
	think_again(client, AGAIN_US);
}

static void answer_arrives(struct sim_event *event)
{
	struct try *try = CONTAINER_OF(event, struct try, answer);
	struct client *client = try->client;
	bool is_wanted =
	        client->has_call && try->number == client->try_number && client->is_waiting;

	if (client->has_call && !client->is_read && try->is_without_effect &&
	    client->command.call_id == try->call_id && client->tries > 0)
		client->tries--;
	if (is_wanted && try->is_not_yet) {
		call_is_over(client);
		think_again(client, THINK_US);
	} else if (is_wanted && try->is_answer) {
		take_answer(client, try);
	} else if (is_wanted) {
		try_again(client);
	}
	forget_try(try);
}

static void answer(struct try *try)
{
	struct client *client = try->client;
	uint64_t way_us = random_below(&client->random, WAY_US);

	if (random_chance(&client->random, 1, 40)) {
		try->is_answer = try->is_without_effect = try->is_not_yet =
		        false; /* it gets lost */
		way_us += GIVE_UP_US;
	}
	sim_world_schedule(client->cluster->world, &try->answer, way_us);
}

/* Some other master, which may have been primary, was up since the call arrived. */
static bool lives_elsewhere(const struct try *try)
{
	const struct cluster *cluster = try->client->cluster;

	for (unsigned i = 0; i < cluster->slot_count; i++) {
		const struct slot *slot = &cluster->slots[i];

		if (slot != try->slot && slot->led_us >= try->arrived_us)
			return true;
	}
	return false;
}

/* Who sends a call away has asked a primary since it came, and so knows what was done before. */
static void judge_elsewhere(const struct try *try, int rc, uint64_t index)
{
	struct cluster *cluster = try->client->cluster;

	if (rc != -ERR_STANDBY)
		return;
	if (index != 0 && index <= try->last && is_kept(history_fact(&cluster->history, index)))
		cluster_wrong(cluster,
		              "m%u sends call %d of client %u elsewhere, which was done already "
		              "(%" PRIu64 ")",
		              try->slot->number + 1, try->call_id, try->client->number, index);
	if (!lives_elsewhere(try))
		cluster_wrong(cluster,
		              "m%u sends call %d of client %u to a primary that was gone when it "
		              "came",
		              try->slot->number + 1, try->call_id, try->client->number);
}

/* Its state is another than the history's.  As long as it does not know, nobody can tell what it
 * says; then it says nothing of what is in there. */
static void judge_wrong(const struct try *try, bool is_shown)
{
	if (is_shown && try->slot->knows)
		cluster_wrong(try->client->cluster,
		              "m%u answers from a state that it knows to be another than the "
		              "primary's",
		              try->slot->number + 1);
}

static void write_done(struct master_write *write)
{
	struct try *try = CONTAINER_OF(write, struct try, write);
	const struct ns_result *result = &write->result;
	struct cluster *cluster = try->client->cluster;
	uint64_t index = try->client->calls[try->call_id].index;

	sim_world_note(cluster->world, &result->rc, sizeof(result->rc));
	if (try->slot->is_wrong) {
		judge_wrong(try, !write->is_unknown &&
		                         (!is_not_now(result->rc) || result->rc == -ERR_STANDBY));
		answer(try);
		return;
	}
	if (!write->is_unknown && is_not_now(result->rc)) {
		judge_elsewhere(try, result->rc, index);
		try->is_without_effect = index == 0;
	} else if (!write->is_unknown && index == 0 && is_not_yet(try->command.kind, result)) {
		try->is_not_yet = true;
	} else if (!write->is_unknown) {
		try->is_answer = true;
		try->is_success = result->rc == 0;
		try->block = result->block;
		if (index != 0 && is_kept(history_fact(&cluster->history, index)))
			judge_journaled(try, result, index);
		else
			judge_unjournaled(try, result);
	}
	answer(try);
}

static void read_ready(struct master_read *read, int rc)
{
	struct try *try = CONTAINER_OF(read, struct try, read);
	struct cluster *cluster = try->client->cluster;

	sim_world_note(cluster->world, &rc, sizeof(rc));
	if (try->slot->is_wrong) {
		judge_wrong(try, rc == 0);
	} else if (rc == 0) {
		try->is_answer = true;
		try->index = read->index;
		if (read->index < try->seen)
			cluster_wrong(cluster,
			              "m%u reads %" PRIu64 ", and %" PRIu64
			              " was seen before it was asked",
			              try->slot->number + 1, read->index, try->seen);
		history_compare_path(try->slot, history_view(try->slot, read->index), try->path,
		                     &try->arena);
	}
	answer(try);
}

/* ---- calls ---- */

static void arrive(void *context)
{
	struct try *try = context;

	try->arrived_us = sim_world_now_us(try->client->cluster->world);
	try->last = history_last(&try->client->cluster->history);
	if (try->path[0] != '\0') {
		try->read.ready = read_ready;
		master_read(try->slot->master, &try->read);
		return;
	}
	try->write.command = try->command;
	try->write.arena = &try->arena;
	try->write.done = write_done;
	master_write(try->slot->master, &try->write);
}

static void give_up(struct sim_event *event)
{
	try_again(CONTAINER_OF(event, struct client, give_up));
}

static void make_call(struct client *client)
{
	struct cluster *cluster = client->cluster;
	struct slot *slot = &cluster->slots[client->target];
	uint64_t way_us = WAY_US;
	struct try *try;

	if (slot->state != SLOT_RUNNING || slot->master == NULL || slot->is_stray) {
		try_again(client);
		return;
	}
	try = mem_must_zalloc(sizeof(*try));
	try->client = client;
	try->slot = slot;
	try->number = ++client->try_number;
	try->seen = cluster->seen;
	try->answer.run = answer_arrives;
	arena_init(&try->arena, CLUSTER_ARENA_BYTES);
	if (client->is_read) {
		memcpy(try->path, client->texts[0], sizeof(try->path));
	} else {
		try->call_id = client->command.call_id;
		try->command = client->command;
		command_move_texts(&try->command, (const char(*)[128])client->texts, try->texts);
		try->write.is_retried = client->tries++ > 0;
		if (cluster->plot == NULL && random_chance(&client->random, 1, 50))
			way_us = 2 * GIVE_UP_US;
	}
	client->is_waiting = true;
	sim_world_schedule(cluster->world, &client->give_up,
	                   10000 + random_below(&client->random, GIVE_UP_US));
	sim_machine_post(slot->machine, arrive, try, random_below(&client->random, way_us));
}

/* No master has it, nor ever will. */
static bool may_abandon(const struct client *client)
{
	return client->has_call && !client->is_read && !client->repeats_told &&
	       client->tries == 0 && client->command.call_id > 0;
}

static void abandon(struct client *client)
{
	struct call *call = &client->calls[client->command.call_id];

	if (call->index != 0)
		cluster_wrong(client->cluster,
		              "call %d of client %u is in the journal (%" PRIu64
		              "), and every try of it was answered as surely not",
		              client->command.call_id, client->number, call->index);
	call->is_abandoned = true;
	client->cluster->figures.abandoned++;
	call_is_over(client);
}

static void begin_call(struct client *client)
{
	client->has_call = true;
	client->is_read = client->cluster->has_readers && random_chance(&client->random, 1, 3);
	client->repeats_told = false;
	client->tries = 0;
	if (client->is_read) {
		command_draw_path(client, 0);
	} else if (client->told.kind != ENTRY_NONE && random_chance(&client->random, 1, 8)) {
		client->command = client->told;
		command_move_texts(&client->command, (const char(*)[128])client->told_texts,
		                   client->texts);
		client->repeats_told = true;
	} else {
		command_draw(client);
	}
}

static void think(struct sim_event *event)
{
	struct client *client = CONTAINER_OF(event, struct client, think);

	if (client->is_waiting)
		return;
	if (may_abandon(client) &&
	    (random_chance(&client->random, 1, 6) ||
	     (client->cluster->plot != NULL && client->cluster->plot->abandons)))
		abandon(client);
	if (!client->has_call) {
		if (client->cluster->is_draining)
			return;
		begin_call(client);
	}
	make_call(client);
}

void clients_forget(struct cluster *cluster, uint64_t last)
{
	for (unsigned i = 0; i < CLUSTER_CLIENTS; i++) {
		struct client *client = &cluster->clients[i];

		for (int32_t id = 0; id < client->next_call_id; id++) {
			if (client->calls[id].index > last)
				client->calls[id] = (struct call){0};
		}
		if (client->told.kind != ENTRY_NONE &&
		    client->calls[client->told.call_id].index == 0)
			client->told = (struct command){0};
	}
}

void clients_lose(struct slot *slot)
{
	struct cluster *cluster = slot->cluster;

	for (unsigned i = 0; i < CLUSTER_CLIENTS; i++) {
		struct client *client = &cluster->clients[i];

		if (client->is_waiting && client->target == slot->number)
			try_again(client);
	}
}

bool clients_are_quiet(const struct cluster *cluster)
{
	for (unsigned i = 0; i < CLUSTER_CLIENTS; i++) {
		if (cluster->clients[i].has_call)
			return false;
	}
	return true;
}

void clients_tell(const struct cluster *cluster)
{
	struct buf text = {0};

	for (unsigned i = 0; i < CLUSTER_CLIENTS; i++) {
		const struct client *client = &cluster->clients[i];

		if (!client->has_call)
			continue;
		buf_clear(&text);
		if (client->is_read)
			buf_append_format(&text, "a read of %s", client->texts[0]);
		else
			command_describe(&client->command, &text);
		fprintf(stderr, "client %u makes %.*s; %u tries\n", i, STR_ARGS(buf_str(&text)),
		        client->tries);
	}
	buf_finish(&text);
}

void clients_begin_anew(struct cluster *cluster)
{
	for (unsigned i = 0; i < CLUSTER_CLIENTS; i++) {
		cluster->clients[i].told = (struct command){0};
		think_again(&cluster->clients[i], THINK_US);
	}
}

/* The first call of each makes a directory. */
static void begin_with_directory(struct client *client)
{
	command_begin(client);
	client->command.kind = ENTRY_mkdirs;
	client->command.mkdirs.path = client->number == 0
	                                      ? command_text(client, 0, "/all")
	                                      : command_text(client, 0, "/c%u", client->number);
	client->command.mkdirs.mode = 0755;
	client->has_call = true;
}

void clients_init(struct cluster *cluster, struct random *random)
{
	for (unsigned i = 0; i < CLUSTER_CLIENTS; i++) {
		struct client *client = &cluster->clients[i];

		*client = (struct client){.cluster = cluster, .number = i};
		client->random = random_make(random_u64(random));
		client->think.run = think;
		client->give_up.run = give_up;
		for (size_t k = 0; k < sizeof(client->client_id); k++)
			client->client_id[k] = (uint8_t)random_u64(random);
		client->client_id[0] = (uint8_t)i;
		begin_with_directory(client);
		think_again(client, THINK_US);
	}
}
