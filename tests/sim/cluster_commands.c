/* SPDX-License-Identifier: Apache-2.0 */
/* What clients ask for. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/cluster.h"

enum {
	NAMES = 5, /* a client plays with so many */
	FILE_BLOCKS_MAX = 5,
};

struct str command_text(struct client *client, unsigned slot, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(client->texts[slot], sizeof(client->texts[slot]), format, args);
	va_end(args);
	return str_of(client->texts[slot]);
}

struct str command_draw_path(struct client *client, unsigned slot)
{
	unsigned a = (unsigned)random_below(&client->random, NAMES);
	char owner[8] = "all";

	if (random_chance(&client->random, 1, 2))
		snprintf(owner, sizeof(owner), "c%u", client->number % 10);
	if (random_chance(&client->random, 1, 3))
		return command_text(client, slot, "/%s/n%u/m%u", owner, a,
		                    (unsigned)random_below(&client->random, 3));
	return command_text(client, slot, "/%s/n%u", owner, a);
}

void command_begin(struct client *client)
{
	client->command = (struct command){.flags = COMMAND_SUPERUSER | COMMAND_AT_MOST_ONCE,
	                                   .auth = COMMAND_AUTH_SIMPLE,
	                                   .has_client = true,
	                                   .user = STR("root")};
	memcpy(client->command.client_id, client->client_id, sizeof(client->client_id));
	CHECK(client->next_call_id < CLUSTER_CALLS_MAX);
	client->command.call_id = client->next_call_id++;
}

/* The next thing to do with a file that it writes.  False: the one that was drawn is not. */
static bool draw_block(struct client *client)
{
	struct command *c = &client->command;
	struct str path = command_draw_path(client, 0);
	struct str holder = command_text(client, 1, "client%u", client->number);
	const struct model_node *file =
	        history_find(client->cluster->history.model, client->texts[0]);
	struct block last = {0};

	if (file == NULL || !file->is_open || !str_equal(holder, str_of(file->holder)))
		return false;
	if (file->block_count > 0) {
		last = file->blocks[file->block_count - 1];
		last.length = worker_block_bytes(last.id);
	}
	if (last.id != 0 && random_chance(&client->random, 1, 8)) {
		c->kind = ENTRY_abandon_block;
		c->abandon_block = (struct command_abandon_block){
		        .path = path, .holder = holder, .block = last};
	} else if (last.id != 0 && random_chance(&client->random, 1, 6)) {
		c->kind = ENTRY_fsync;
		c->fsync = (struct command_fsync){
		        .path = path,
		        .holder = holder,
		        .length = 1 + random_below(&client->random, last.length)};
	} else if (file->block_count < FILE_BLOCKS_MAX && random_chance(&client->random, 2, 3)) {
		c->kind = ENTRY_add_block;
		c->add_block = (struct command_add_block){
		        .path = path, .holder = holder, .previous = last};
	} else {
		c->kind = ENTRY_complete;
		c->complete =
		        (struct command_complete){.path = path, .holder = holder, .last = last};
	}
	return true;
}

void command_draw(struct client *client)
{
	struct command *c = &client->command;
	struct random *random = &client->random;

	command_begin(client);
	if (client->cluster->has_worker && random_chance(random, 1, 3) && draw_block(client))
		return;
	switch (random_below(random, 11)) {
	case 0:
	case 1:
		c->kind = ENTRY_mkdirs;
		c->mkdirs.path = command_draw_path(client, 0);
		c->mkdirs.mode = 0755;
		c->mkdirs.create_parent = random_chance(random, 1, 2);
		break;
	case 2:
	case 3:
	case 4:
		c->kind = ENTRY_create;
		c->create.path = command_draw_path(client, 0);
		c->create.mode = 0644;
		c->create.holder = command_text(client, 1, "client%u", client->number);
		c->create.client_machine = STR("127.0.0.1");
		c->create.flags = random_chance(random, 1, 2) ? 3 : 1;
		c->create.create_parent = random_chance(random, 1, 2);
		c->create.replication = 1;
		c->create.block_size = 128 << 20;
		break;
	case 5:
		c->kind = ENTRY_complete;
		c->complete.path = command_draw_path(client, 0);
		c->complete.holder = command_text(client, 1, "client%u", client->number);
		break;
	case 6:
		c->kind = ENTRY_delete;
		c->delete.path = command_draw_path(client, 0);
		c->delete.recursive = random_chance(random, 2, 3);
		break;
	case 7:
		c->kind = ENTRY_rename2;
		c->rename2.source = command_draw_path(client, 0);
		c->rename2.target = command_draw_path(client, 1);
		c->rename2.overwrite = random_chance(random, 1, 2);
		break;
	case 8:
		c->kind = ENTRY_rename;
		c->rename.source = command_draw_path(client, 0);
		c->rename.target = command_draw_path(client, 1);
		break;
	case 9:
		c->kind = ENTRY_set_permission;
		c->set_permission.path = command_draw_path(client, 0);
		c->set_permission.mode = (uint16_t)random_below(random, 01000);
		break;
	default:
		c->kind = ENTRY_set_replication;
		c->set_replication.path = command_draw_path(client, 0);
		c->set_replication.replication = (uint16_t)(1 + random_below(random, 9));
		break;
	}
}

void command_move_texts(struct command *command, const char (*from)[128], char (*to)[128])
{
	struct str *strings[2] = {0};

	memcpy(to, from, 3 * sizeof(*to));
	switch (command->kind) {
	case ENTRY_mkdirs: strings[0] = &command->mkdirs.path; break;
	case ENTRY_create:
		strings[0] = &command->create.path;
		strings[1] = &command->create.holder;
		break;
	case ENTRY_complete:
		strings[0] = &command->complete.path;
		strings[1] = &command->complete.holder;
		break;
	case ENTRY_add_block:
		strings[0] = &command->add_block.path;
		strings[1] = &command->add_block.holder;
		break;
	case ENTRY_abandon_block:
		strings[0] = &command->abandon_block.path;
		strings[1] = &command->abandon_block.holder;
		break;
	case ENTRY_fsync:
		strings[0] = &command->fsync.path;
		strings[1] = &command->fsync.holder;
		break;
	case ENTRY_delete: strings[0] = &command->delete.path; break;
	case ENTRY_rename:
		strings[0] = &command->rename.source;
		strings[1] = &command->rename.target;
		break;
	case ENTRY_rename2:
		strings[0] = &command->rename2.source;
		strings[1] = &command->rename2.target;
		break;
	case ENTRY_set_permission: strings[0] = &command->set_permission.path; break;
	case ENTRY_set_replication: strings[0] = &command->set_replication.path; break;
	default: CHECK(false);
	}
	for (size_t i = 0; i < COUNT_OF(strings) && strings[i] != NULL; i++)
		strings[i]->data = to[i];
}
