/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ClientDatanodeProtocol, as far as readers need it: how much of a block can be read.
 */
#include "worker/worker_private.h"

#include "base/err.h"
#include "base/mem.h"
#include "proto/client_datanode.pb-c.h"
#include "rpc/rpc.h"
#include "wire/pb.h"
#include "wire/protocols.h"

struct worker_ipc {
	struct worker *worker;
	struct rpc_server *server;
};

static bool knows_protocol(void *context, struct str protocol)
{
	(void)context;
	return str_equal(protocol, STR(WIRE_CLIENT_DATANODE_PROTOCOL));
}

static void visible_length(struct worker_ipc *ipc, struct rpc_call *call)
{
	ClientDatanode__GetReplicaVisibleLengthRequest *request;
	ClientDatanode__GetReplicaVisibleLengthResponse reply =
	        CLIENT_DATANODE__GET_REPLICA_VISIBLE_LENGTH_RESPONSE__INIT;
	const struct stored_block *block;

	if (pb_unpack(&client_datanode__get_replica_visible_length_request__descriptor,
	              call->request, &call->arena, &request) < 0) {
		rpc_reply_error(call, -ERR_INVALID, STR("the request cannot be read"));
		return;
	}
	block = block_store_find(ipc->worker->store, request->block->block_id);
	if (block == NULL || block->state == BLOCK_WAITING_RECOVERY) {
		rpc_reply_error(call, -ERR_IO, STR("Replica not found"));
		return;
	}
	reply.length = block->length;
	pb_append(rpc_reply_begin(call), &reply.base);
	rpc_reply_end(call, 0);
}

static void on_calls(void *context, struct rpc_call **calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct rpc_call *call = calls[i];

		if (!knows_protocol(NULL, call->protocol))
			rpc_reply_error(call, -ERR_NO_PROTOCOL, (struct str){0});
		else if (str_equal(call->method, STR("getReplicaVisibleLength")))
			visible_length(context, call);
		else
			rpc_reply_error(call, -ERR_NO_METHOD, (struct str){0});
	}
}

int worker_ipc_create(struct worker *worker, struct worker_ipc **ret_ipc)
{
	struct worker_ipc *ipc = mem_zalloc(sizeof(*ipc));
	struct rpc_server_options options = {
	        .io = worker->io,
	        .host = worker->options.ipc_host,
	        .port = worker->options.ipc_port,
	        .backlog = 128,
	        .frame_bytes_max = 1 << 20,
	        .response_bytes_max = 1 << 20,
	        .connections_max = 1024,
	        .calls_max = 1024,
	        .calls_per_conn_max = 64,
	        .inflight_bytes_max = 16 << 20,
	        .unsent_bytes_max = 1 << 20,
	        .unsent_ms_max = 60000,
	        .preamble_ms_max = 20000,
	        .arena_bytes_max = 1 << 20,
	        .context = ipc,
	        .on_calls = on_calls,
	        .knows_protocol = knows_protocol,
	};
	int rc;

	if (ipc == NULL)
		return -ERR_NO_MEMORY;
	ipc->worker = worker;
	rc = rpc_server_create(&options, &ipc->server);
	if (rc < 0) {
		mem_free(ipc);
		return rc;
	}
	*ret_ipc = ipc;
	return 0;
}

uint16_t worker_ipc_port(const struct worker_ipc *ipc)
{
	return rpc_server_port(ipc->server);
}

void worker_ipc_destroy(struct worker_ipc *ipc)
{
	if (ipc == NULL)
		return;
	rpc_server_destroy(ipc->server);
	mem_free(ipc);
}
