/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reads of one turn of the loop share one proof of primacy, and are answered together in the
 * turn in which it is there.
 */
#include "base/err.h"
#include "base/mem.h"
#include "service/service_private.h"

enum { CALLS_FIRST = 64 };

struct turn {
	struct service *service;
	struct master_read read;
	struct list node;    /* in idle_turns */
	struct call **calls; /* in order of arrival */
	size_t count;
	size_t capacity;
};

static struct turn *make_turn(struct service *service)
{
	struct turn *turn;

	if (!list_is_empty(&service->idle_turns)) {
		turn = LIST_FIRST(&service->idle_turns, struct turn, node);
		list_remove(&turn->node);
		return turn;
	}
	turn = mem_zalloc(sizeof(*turn));
	if (turn == NULL)
		return NULL;
	turn->service = service;
	list_init(&turn->node);
	return turn;
}

/* Room for one more; false: no memory. */
static bool make_room(struct turn *turn)
{
	size_t capacity = turn->capacity == 0 ? CALLS_FIRST : turn->capacity * 2;
	struct call **calls;

	if (turn->count < turn->capacity)
		return true;
	calls = mem_realloc(turn->calls, capacity * sizeof(struct call *));
	if (calls == NULL)
		return false;
	turn->calls = calls;
	turn->capacity = capacity;
	return true;
}

static void destroy_turn(struct turn *turn)
{
	mem_free(turn->calls);
	mem_free(turn);
}

void call_read(struct call *call, method_start_fn *next)
{
	struct service *service = call->service;

	if (service->turn == NULL) {
		service->turn = make_turn(service);
		io_at_turn_end(service->options.io, &service->turn_end);
	}
	if (service->turn == NULL || !make_room(service->turn)) {
		call_refuse(call, -ERR_RETRIABLE, STR("Out of memory"));
		return;
	}
	call->next = next;
	service->turn->calls[service->turn->count++] = call;
}

/* Look-ups first, together; then the others. */
static void answer_all(struct turn *turn)
{
	struct call **calls = turn->calls;
	size_t lookups = 0;

	for (size_t i = 0; i < turn->count; i++) {
		struct call *call = calls[i];

		call->index = turn->read.index;
		if (call->next != NULL)
			continue;
		calls[i] = calls[lookups];
		calls[lookups++] = call;
	}
	lookups_answer(turn->service, calls, lookups);
	for (size_t i = lookups; i < turn->count; i++)
		calls[i]->next(calls[i]);
}

static void on_ready(struct master_read *read, int rc)
{
	struct turn *turn = CONTAINER_OF(read, struct turn, read);

	if (rc == 0)
		answer_all(turn);
	for (size_t i = 0; rc < 0 && i < turn->count; i++)
		call_refuse(turn->calls[i], rc, read->message);
	turn->count = 0;
	list_prepend(&turn->service->idle_turns, &turn->node);
}

void turn_flush(struct service *service)
{
	struct turn *turn = service->turn;

	if (turn == NULL)
		return;
	service->turn = NULL;
	turn->read = (struct master_read){.ready = on_ready};
	master_read(service->options.master, &turn->read);
}

static void on_turn_end(struct io_hook *hook)
{
	turn_flush(CONTAINER_OF(hook, struct service, turn_end));
}

void turn_init(struct service *service)
{
	list_init(&service->idle_turns);
	service->turn_end.run = on_turn_end;
}

void turn_finish(struct service *service)
{
	CHECK(service->turn == NULL);
	LIST_FOR_EACH_SAFE (node, &service->idle_turns)
		destroy_turn(CONTAINER_OF(node, struct turn, node));
}
