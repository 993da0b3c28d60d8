/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that become commands.
 */
#include "base/err.h"
#include "service/service_private.h"

/* In the call's arena. */
struct write {
	struct master_write master;
	struct call *call;
	method_answer_fn *answer;
	struct placement placement;
};

enum { TRIES_MAX = 10 };

static struct write *write_of(struct call *call)
{
	return CONTAINER_OF(call->command, struct write, master.command);
}

static bool is_alive(struct master_write *write)
{
	return rpc_call_is_alive(CONTAINER_OF(write, struct write, master)->call->rpc);
}

static void hang_up(struct master_write *write)
{
	rpc_call_hang_up(CONTAINER_OF(write, struct write, master)->call->rpc);
}

static void on_done(struct master_write *master)
{
	struct write *write = CONTAINER_OF(master, struct write, master);
	struct call *call = write->call;

	call->index = master->index;
	if (master->is_unknown && master->result.rc == -ERR_STANDBY)
		call_refer_unsure(call);
	else if (master->is_unknown)
		call_drop(call);
	else if (master->result.rc == -ERR_CHANGED && ++call->tries < TRIES_MAX)
		service_start_write(call);
	else if (master->result.rc == -ERR_AGAIN && call->again != NULL &&
	         ++call->tries < TRIES_MAX)
		call_read(call, call->again);
	else if (master->result.rc == -ERR_STANDBY)
		call_refer(call, "WRITE");
	else if (master->result.rc < 0)
		call_refuse(call, master->result.rc, master->result.message);
	else
		write->answer(call, &master->result);
}

struct command *call_command(struct call *call, method_answer_fn *answer)
{
	struct write *write = call_alloc(call, sizeof(*write));
	struct command *command;

	if (write == NULL)
		return NULL;
	*write = (struct write){.call = call, .answer = answer};
	write->master.arena = call_arena(call);
	write->master.is_retried = call->rpc->retry_count > 0;
	write->master.is_alive = is_alive;
	write->master.hang_up = hang_up;
	write->master.done = on_done;
	command = &write->master.command;
	command->flags = (call->caller.is_superuser ? COMMAND_SUPERUSER : 0) |
	                 (call->method->is_at_most_once ? COMMAND_AT_MOST_ONCE : 0);
	command->auth = COMMAND_AUTH_SIMPLE;
	/* Hadoop keeps no answer for negative ids. */
	command->has_client = call->has_client_id && call->call_id >= 0;
	memcpy(command->client_id, call->client_id, sizeof(command->client_id));
	command->call_id = call->call_id;
	command->user = call->caller.user;
	command->real_user = call->rpc->identity->real_user;
	command->groups = call->caller.groups;
	call->command = command;
	return command;
}

void call_place(struct call *call, const struct placement *placement)
{
	struct write *write = write_of(call);

	write->placement = *placement;
	write->master.placement = &write->placement;
}

void call_propose(struct call *call)
{
	master_write(call->service->options.master, &write_of(call)->master);
}
