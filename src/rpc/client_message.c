/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/client_private.h"

#include "base/err.h"
#include "proto/rpc.pb-c.h"
#include "wire/pb.h"
#include "wire/rpc_header.h"

enum { PROTOCOL_VERSION = 1, NEVER_REPEATED = -1 };

/* ---- what is said ---- */

static void append_header(struct buf *buf, const struct rpc_client *client, int32_t call_id,
                          int32_t retry_count)
{
	struct wire_rpc_request header = {
	        .has_kind = true,
	        .kind = RPC__RPC_KIND__RPC_PROTOCOL_BUFFER,
	        .has_op = true,
	        .op = RPC__RPC_OPERATION__RPC_FINAL_PACKET,
	        .call_id = call_id,
	        .client_id = str_make(client->client_id, sizeof(client->client_id)),
	        .retry_count = retry_count,
	};

	wire_rpc_request_append(buf, &header);
}

/* Preamble and context: no answer comes to these. */
void client_append_greeting(struct buf *buf, const struct rpc_client *client)
{
	static const uint8_t preamble[] = {'h', 'r', 'p', 'c', WIRE_IPC_VERSION, 0, 0};
	Rpc__IpcConnectionContext context = RPC__IPC_CONNECTION_CONTEXT__INIT;
	Rpc__UserInformation info = RPC__USER_INFORMATION__INIT;
	size_t frame;

	info.has_effective_user = true;
	info.effective_user = pb_bytes(str_of(client->user));
	info.has_real_user = client->real_user != NULL;
	info.real_user = pb_bytes(str_of(client->real_user));
	context.user_info = &info;
	context.has_protocol = client->protocol != NULL;
	context.protocol = pb_bytes(str_of(client->protocol));
	buf_append(buf, preamble, sizeof(preamble));
	frame = wire_frame_begin(buf);
	append_header(buf, client, WIRE_CALL_CONTEXT, NEVER_REPEATED);
	pb_append_delimited(buf, &context.base);
	wire_frame_end(buf, frame);
}

void client_append_call(struct buf *buf, const struct rpc_client *client,
                        const struct rpc_request *request)
{
	struct wire_rpc_method method = {
	        .name = str_of(request->method),
	        .protocol = str_of(request->protocol),
	        .version = PROTOCOL_VERSION,
	};
	size_t frame = wire_frame_begin(buf);

	append_header(buf, client, request->call_id, request->retry_count);
	wire_rpc_method_append(buf, &method);
	wire_rpc_message_append(buf, request->message);
	wire_frame_end(buf, frame);
}

void client_append_ping(struct buf *buf, const struct rpc_client *client)
{
	size_t frame = wire_frame_begin(buf);

	append_header(buf, client, WIRE_CALL_PING, NEVER_REPEATED);
	wire_frame_end(buf, frame);
}

/* ---- what is heard ---- */

static struct rpc_request *find_sent(struct rpc_client *client, int32_t call_id)
{
	LIST_FOR_EACH (node, &client->sent) {
		struct rpc_request *request = CONTAINER_OF(node, struct rpc_request, node);

		if (request->call_id == call_id)
			return request;
	}
	return NULL;
}

static void disconnect(struct rpc_client *client, int rc)
{
	client_disconnect(client, &(struct rpc_outcome){.rc = rc});
}

static struct rpc_outcome exception_of(const struct wire_rpc_response *response)
{
	return (struct rpc_outcome){
	        .rc = -ERR_WRITE_REFUSED,
	        .exception_class = response->exception_class,
	        .exception_text = response->exception_text,
	        .state_id = response->state_id,
	};
}

/* The server closes now.  If it refused the connection itself, no call was looked at; else only the
 * one it names was refused, and nobody knows of the others. */
static void take_fatal(struct rpc_client *client, const struct wire_rpc_response *response)
{
	struct rpc_outcome outcome = exception_of(response);
	struct rpc_request *request = find_sent(client, response->call_id);
	bool is_refused = response->call_id == WIRE_CALL_CONTEXT ||
	                  response->call_id == WIRE_CALL_SASL ||
	                  response->detail == RPC__RPC_ERROR_CODE__FATAL_VERSION_MISMATCH ||
	                  response->detail == RPC__RPC_ERROR_CODE__FATAL_UNAUTHORIZED;

	if (is_refused) {
		client_disconnect(client, &outcome);
		return;
	}
	if (request != NULL)
		client_request_ended(request, &outcome);
	if (!client->is_destroyed)
		disconnect(client, -ERR_CLOSED);
}

static void take_success(struct rpc_client *client, struct cursor *rest,
                         const struct wire_rpc_response *response)
{
	struct rpc_request *request = find_sent(client, response->call_id);
	struct rpc_outcome outcome = {.state_id = response->state_id};

	if (wire_rpc_message_take(rest, &outcome.response) < 0)
		disconnect(client, -ERR_BAD_MESSAGE);
	else if (request != NULL) /* else nobody waits any more */
		client_request_ended(request, &outcome);
}

static void take_error(struct rpc_client *client, const struct wire_rpc_response *response)
{
	struct rpc_request *request = find_sent(client, response->call_id);
	struct rpc_outcome outcome = exception_of(response);

	if (request != NULL)
		client_request_ended(request, &outcome);
}

static bool is_for_us(const struct rpc_client *client, struct str client_id)
{
	return client_id.size == 0 ||
	       str_equal(client_id, str_make(client->client_id, sizeof(client->client_id)));
}

void client_take_response(struct rpc_client *client, struct str bytes)
{
	struct cursor rest = cursor_of(bytes);
	struct wire_rpc_response response;

	if (wire_rpc_response_take(&rest, &response) < 0 || !is_for_us(client, response.client_id))
		disconnect(client, -ERR_BAD_MESSAGE);
	else if (response.status == RPC__RPC_STATUS__FATAL)
		take_fatal(client, &response);
	else if (response.status == RPC__RPC_STATUS__ERROR)
		take_error(client, &response);
	else
		take_success(client, &rest, &response);
}
