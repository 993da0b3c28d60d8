/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/message.h"

#include "base/check.h"
#include "proto/rpc.pb-c.h"
#include "wire/pb.h"
#include "wire/protocols.h"
#include "wire/rpc_header.h"

struct str message_method_name(enum method method)
{
	static const struct str names[METHOD_COUNT] = {
	        [METHOD_GET_FILE_INFO] = STR("getFileInfo"),
	        [METHOD_GET_LISTING] = STR("getListing"),
	        [METHOD_MKDIRS] = STR("mkdirs"),
	        [METHOD_CREATE] = STR("create"),
	        [METHOD_ADD_BLOCK] = STR("addBlock"),
	        [METHOD_COMPLETE] = STR("complete"),
	        [METHOD_DELETE] = STR("delete"),
	        [METHOD_RENAME] = STR("rename"),
	};

	CHECK(method < METHOD_COUNT);
	return names[method];
}

static void append_header(struct buf *buf, struct str client_id, int32_t call_id,
                          int32_t retry_count)
{
	struct wire_rpc_request header = {
	        .has_kind = true,
	        .kind = RPC__RPC_KIND__RPC_PROTOCOL_BUFFER,
	        .has_op = true,
	        .op = RPC__RPC_OPERATION__RPC_FINAL_PACKET,
	        .call_id = call_id,
	        .client_id = client_id,
	        .retry_count = retry_count,
	};

	wire_rpc_request_append(buf, &header);
}

void message_hello(struct buf *buf, struct str client_id, struct str user)
{
	static const uint8_t preamble[] = {'h',
	                                   'r',
	                                   'p',
	                                   'c',
	                                   WIRE_IPC_VERSION,
	                                   /* service class, authentication: none */ 0,
	                                   0};
	Rpc__UserInformation identity = RPC__USER_INFORMATION__INIT;
	Rpc__IpcConnectionContext context = RPC__IPC_CONNECTION_CONTEXT__INIT;
	size_t frame;

	identity.has_effective_user = true;
	identity.effective_user = pb_bytes(user);
	context.user_info = &identity;
	context.has_protocol = true;
	context.protocol = pb_bytes(STR(WIRE_CLIENT_PROTOCOL));

	buf_append(buf, preamble, sizeof(preamble));
	frame = wire_frame_begin(buf);
	append_header(buf, client_id, WIRE_CALL_CONTEXT, -1);
	pb_append_delimited(buf, &context.base);
	wire_frame_end(buf, frame);
}

void message_call(struct buf *buf, struct str client_id, const struct message_call *call)
{
	const struct wire_rpc_method header = {
	        .name = call->method,
	        .protocol = call->protocol,
	        .version = 1,
	};
	size_t frame = wire_frame_begin(buf);

	append_header(buf, client_id, call->call_id, call->retry_count);
	wire_rpc_method_append(buf, &header);
	wire_rpc_message_append(buf, call->request);
	wire_frame_end(buf, frame);
}
