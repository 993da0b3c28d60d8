/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ForwardProtocol: calls that a standby sent on to this master (forward.c).
 *
 * The call becomes the one that was forwarded, with its caller, client id and call id; its answer
 * goes back the way it came.  It is never forwarded again: if this master is not primary either,
 * the other one hears so.
 *
 * Calls are taken from superusers only.  With simple authentication anybody can claim to be one, as
 * anybody can claim to be the caller himself.
 */
#include "base/err.h"
#include "proto/forward.pb-c.h"
#include "service/handlers.h"
#include "service/service_private.h"

static struct rpc_identity *identity_of(struct call *call, const Forward__ForwardRequest *request)
{
	struct rpc_identity *identity = call_alloc(call, sizeof(*identity));
	struct str address;

	if (identity == NULL)
		return NULL;
	address = arena_format(call_arena(call), "%.*s", STR_ARGS(pb_str(request->address)));
	*identity = (struct rpc_identity){
	        .user = pb_str(request->user),
	        .real_user = pb_str(request->real_user),
	        .address = address.data == NULL ? "" : address.data,
	};
	return identity;
}

void forward_accept(struct call *call)
{
	struct methods *methods = call->service->methods;
	Forward__ForwardRequest *request;
	struct rpc_identity *identity;
	int rc;

	if (call_unpack(call, &forward__forward_request__descriptor, &request) < 0)
		return;
	if (call->was_forwarded || request->user.len == 0 ||
	    request->client_id.len != sizeof(call->client_id)) {
		call_refuse(call, -ERR_BAD_MESSAGE, (struct str){0});
		return;
	}
	rc = methods_find(methods, pb_str(request->protocol), pb_str(request->method),
	                  &call->method);
	if (rc < 0) {
		call_refuse(call, rc, (struct str){0});
		return;
	}
	identity = identity_of(call, request);
	if (identity == NULL)
		return;
	call->was_forwarded = true;
	call->has_client_id = true;
	memcpy(call->client_id, request->client_id.data, sizeof(call->client_id));
	call->call_id = request->call_id;
	call->rpc->identity = identity;
	call->rpc->protocol = pb_str(request->protocol);
	call->rpc->method = pb_str(request->method);
	call->rpc->request = pb_str(request->request);
	service_restart_call(call);
}
