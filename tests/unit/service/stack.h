/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole way of a call in one process: client, rpc, service, master, journal, namespace, on a
 * real loop and a folder of its own.  Include once in a test program.
 */
#ifndef HOLDFAST_TESTS_SERVICE_STACK_H
#define HOLDFAST_TESTS_SERVICE_STACK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "master_kit.h"
#include "rpc/rpc.h"
#include "rpc/rpc_client.h"
#include "service/service.h"
#include "unit/journal/alone.h"
#include "wire/protocols.h"

enum { STACK_WAIT_MS = 20000 };

struct stack {
	struct io *io;
	char folder[64];
	struct master *master;
	struct service *service;
	struct rpc_server *server;
	bool forwards;
	uint64_t forward_ms;
	uint64_t hold_ms; /* 0: long */
	bool is_master_closed;
};

/* A client of one user, and its one call at a time. */
struct caller {
	struct rpc_client *client;
	struct rpc_request request;
	bool is_answered;
	int rc; /* of the outcome */
	char exception[128];
	char text[512];
	uint8_t response[65536];
	size_t response_size;
};

/* Turns of the loop until *condition; fails the test when it takes too long. */
static inline void stack_run_until(struct stack *stack, const bool *condition)
{
	uint64_t end_us = io_now_us(stack->io) + STACK_WAIT_MS * 1000;

	while (!*condition) {
		io_run_once(stack->io, 10);
		assert_true(io_now_us(stack->io) < end_us);
	}
}

static inline void stack_format(struct stack *stack)
{
	char *text = NULL;

	assert_int_equal(kit_format(stack->io, stack->folder, "hdfs", &text), 0);
	mem_free(text);
}

static inline void stack_make_master(struct stack *stack)
{
	struct master_options options = kit_options(stack->io, stack->folder);
	char *text = NULL;

	options.journal = (struct journal_options){.io = stack->io,
	                                           .segment_bytes = 8 << 20,
	                                           .checkpoint_entries = 1 << 30,
	                                           .inflight_bytes_max = 16 << 20,
	                                           .entry_bytes_max = 1 << 20,
	                                           .batch_bytes_max = 1 << 20,
	                                           .sync_hang_ms = 60000,
	                                           .replication = &alone_replication};
	if (stack->hold_ms > 0)
		options.hold_ms = stack->hold_ms;
	assert_int_equal(master_create(&options, &stack->master, &text), 0);
	mem_free(text);
}

static inline void stack_serve(struct stack *stack,
                               int (*user_groups)(void *context, const char *user,
                                                  struct buf *groups),
                               void *context)
{
	struct service_options service = {
	        .io = stack->io,
	        .master = stack->master,
	        .has_permissions = true,
	        .superuser = STR("hdfs"),
	        .supergroup = STR("supergroup"),
	        .groups_ms = 300000,
	        .groups_failed_ms = 30000,
	        .user_groups = user_groups,
	        .context = context,
	        .block_size = 128 << 20,
	        .forwards = stack->forwards,
	        .forward_ms = stack->forward_ms,
	        .forward_bytes_max = 1 << 20,
	        .list_entries_max = 1000,
	        .location_wait_ms = 100,
	};
	struct rpc_server_options rpc = {
	        .io = stack->io,
	        .host = "127.0.0.1",
	        .backlog = 16,
	        .frame_bytes_max = 1 << 20,
	        .response_bytes_max = 1 << 20,
	        .calls_max = 10000,
	        .calls_per_conn_max = 10000,
	        .inflight_bytes_max = 64 << 20,
	        .unsent_bytes_max = 64 << 20,
	        .unsent_ms_max = 60000,
	        .preamble_ms_max = 60000,
	        .arena_bytes_max = 16 << 20,
	        .on_calls = service_on_calls,
	};

	assert_int_equal(service_create(&service, &stack->service), 0);
	rpc.context = stack->service;
	assert_int_equal(rpc_server_create(&rpc, &stack->server), 0);
}

static inline void stack_init(struct stack *stack,
                              int (*user_groups)(void *context, const char *user,
                                                 struct buf *groups),
                              void *context)
{
	*stack = (struct stack){0};
	snprintf(stack->folder, sizeof(stack->folder), "/tmp/holdfast-service-XXXXXX");
	assert_non_null(mkdtemp(stack->folder));
	assert_int_equal(io_create(&stack->io), 0);
	assert_int_equal(io_rmdir(stack->io, stack->folder), 0);
	stack_format(stack);
	stack_make_master(stack);
	stack_serve(stack, user_groups, context);
}

static inline void stack_closed(void *context)
{
	((struct stack *)context)->is_master_closed = true;
}

static inline void stack_remove_folder(struct stack *stack)
{
	char path[512];
	char **names;
	size_t count;

	assert_int_equal(io_list_folder(stack->io, stack->folder, &names, &count), 0);
	for (size_t i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", stack->folder, names[i]);
		io_unlink(stack->io, path);
	}
	io_free_names(names, count);
	io_rmdir(stack->io, stack->folder);
}

static inline void stack_close(struct stack *stack)
{
	bool is_idle = false;

	rpc_server_stop_listening(stack->server);
	master_close(stack->master, stack_closed, stack);
	stack_run_until(stack, &stack->is_master_closed);
	while (!is_idle) {
		is_idle = service_is_idle(stack->service);
		io_run_once(stack->io, 1);
	}
}

static inline void stack_destroy(struct stack *stack)
{
	rpc_server_destroy(stack->server);
	service_destroy(stack->service);
	master_destroy(stack->master);
}

static inline void stack_finish(struct stack *stack)
{
	stack_close(stack);
	stack_destroy(stack);
	stack_remove_folder(stack);
	io_destroy(stack->io);
}

/* ---- callers ---- */

static inline void caller_init(struct caller *caller, struct stack *stack, const char *user)
{
	struct rpc_client_options options = {
	        .io = stack->io,
	        .host = "127.0.0.1",
	        .port = rpc_server_port(stack->server),
	        .user = user,
	        .protocol = WIRE_CLIENT_PROTOCOL,
	        .connect_timeout_ms = STACK_WAIT_MS,
	        .response_bytes_max = 1 << 20,
	};

	*caller = (struct caller){0};
	io_random(stack->io, options.client_id, sizeof(options.client_id));
	assert_int_equal(rpc_client_create(&options, &caller->client), 0);
}

static inline void caller_finish(struct caller *caller)
{
	rpc_client_destroy(caller->client);
}

static inline void caller_answered(struct rpc_request *request, const struct rpc_outcome *outcome)
{
	struct caller *caller = CONTAINER_OF(request, struct caller, request);

	caller->is_answered = true;
	caller->rc = outcome->rc;
	snprintf(caller->exception, sizeof(caller->exception), "%.*s",
	         STR_ARGS(outcome->exception_class));
	snprintf(caller->text, sizeof(caller->text), "%.*s", STR_ARGS(outcome->exception_text));
	caller->response_size = outcome->response.size < sizeof(caller->response)
	                                ? outcome->response.size
	                                : sizeof(caller->response);
	if (caller->response_size > 0)
		memcpy(caller->response, outcome->response.data, caller->response_size);
}

/* Sends it; is_answered says when the answer came. */
static inline void caller_send(struct caller *caller, const char *method, struct str message)
{
	caller->is_answered = false;
	caller->request = (struct rpc_request){
	        .protocol = WIRE_CLIENT_PROTOCOL,
	        .method = method,
	        .message = message,
	        .call_id = rpc_client_next_call_id(caller->client),
	        .done = caller_answered,
	};
	rpc_client_call(caller->client, &caller->request);
}

/* 0, or the outcome's rc. */
static inline int caller_call(struct caller *caller, struct stack *stack, const char *method,
                              const struct buf *message)
{
	caller_send(caller, method, buf_str(message));
	stack_run_until(stack, &caller->is_answered);
	return caller->rc;
}

#endif
