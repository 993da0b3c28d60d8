/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/rpc_private.h"

#include "base/err.h"
#include "base/mem.h"

/* All calls of the turn, but those whose client left within it. */
static void run_deliver(struct io_hook *hook)
{
	struct rpc_server *server = CONTAINER_OF(hook, struct rpc_server, deliver);
	size_t count = 0;

	for (size_t i = 0; i < server->arrived_count; i++) {
		struct rpc_call *call = server->arrived[i];

		if (call->conn->io == NULL)
			call_free(call);
		else
			server->arrived[count++] = call;
	}
	server->arrived_count = 0;
	if (count > 0)
		server->options.on_calls(server->options.context, server->arrived, count);
}

static void run_flush(struct io_hook *hook)
{
	reply_flush_all(CONTAINER_OF(hook, struct rpc_server, flush));
}

static void on_accept(void *context, struct io_conn *conn)
{
	conn_accept(context, conn);
}

static void init(struct rpc_server *server, const struct rpc_server_options *options)
{
	server->options = *options;
	limits_init(server);
	server->rules = (struct conn_rules){
	        .frame_bytes_max = server->options.frame_bytes_max,
	        .context = options->context,
	        .knows_protocol = options->knows_protocol,
	        .may_impersonate = options->may_impersonate,
	};
	list_init(&server->conns);
	list_init(&server->strangers);
	list_init(&server->outputs);
	list_init(&server->waiting);
	list_init(&server->resumable);
	list_init(&server->free_calls);
	list_init(&server->free_outputs);
	server->deliver.run = run_deliver;
	server->flush.run = run_flush;
	sweep_init(server);
}

int rpc_server_create(const struct rpc_server_options *options, struct rpc_server **ret_server)
{
	struct rpc_server *server = mem_zalloc(sizeof(*server));
	struct io_listen_options listen = {
	        .host = options->host,
	        .port = options->port,
	        .backlog = options->backlog,
	        .on_accept = on_accept,
	        .context = server,
	};
	int rc;

	if (server == NULL)
		return -ERR_NO_MEMORY;
	init(server, options);
	rc = io_listen(options->io, &listen, &server->listener);
	if (rc < 0) {
		mem_free(server);
		return rc;
	}
	*ret_server = server;
	return 0;
}

uint16_t rpc_server_port(const struct rpc_server *server)
{
	return io_listener_port(server->listener);
}

void rpc_server_stop_listening(struct rpc_server *server)
{
	io_listener_close(server->listener);
	server->listener = NULL;
}

void rpc_server_destroy(struct rpc_server *server)
{
	if (server == NULL)
		return;
	io_listener_close(server->listener);
	while (!list_is_empty(&server->conns))
		conn_close(LIST_FIRST(&server->conns, struct rpc_conn, node));
	for (size_t i = 0; i < server->arrived_count; i++)
		call_free(server->arrived[i]);
	CHECK(server->stats.calls_in_flight == 0);
	io_hook_cancel(&server->deliver);
	io_hook_cancel(&server->flush);
	io_hook_cancel(&server->resume);
	io_timer_stop(&server->sweep);
	io_timer_stop(&server->next_round);
	call_empty_pool(server);
	reply_empty_pool(server);
	mem_free(server->arrived);
	mem_free(server);
}

void rpc_server_stats(const struct rpc_server *server, struct rpc_server_stats *ret_stats)
{
	*ret_stats = server->stats;
}
