/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/conn_parse.h"

#include "base/err.h"
#include "base/mem.h"
#include "proto/rpc.pb-c.h"
#include "rpc/answers.h"
#include "rpc/greeting.h"

enum { CLIENT_ID_BYTES = 16, PROTOCOL_VERSION = 1 };

void conn_parse_init(struct conn_parse *parse, struct conn_rules *rules, const char *address)
{
	*parse = (struct conn_parse){.rules = rules, .identity.address = address};
	frames_init(&parse->frames, CONN_GREETING_BYTES_MAX);
}

void conn_parse_finish(struct conn_parse *parse)
{
	frames_finish(&parse->frames);
	mem_free(parse->names);
	parse->names = NULL;
}

/* ---- calls ---- */

/* Errors of one call, which leave the connection as it is. */
static bool is_callable(const struct conn_call *call, struct buf *answer)
{
	size_t id_size = call->header.client_id.size;

	if (id_size != 0 && id_size != CLIENT_ID_BYTES) {
		answer_error(answer, &call->header, -ERR_ILLEGAL_ARGUMENT,
		             "client id of %zu bytes; expected 16, or none", id_size);
		return false;
	}
	if (call->method.version != PROTOCOL_VERSION) {
		answer_error(answer, &call->header, -ERR_PROTOCOL_VERSION,
		             "protocol %.*s has version %d here, not %llu",
		             STR_ARGS(call->method.protocol), PROTOCOL_VERSION,
		             (unsigned long long)call->method.version);
		return false;
	}
	return true;
}

static enum conn_found parse_call(struct conn_parse *parse, struct cursor *rest,
                                  struct conn_call *call, struct buf *answer)
{
	if (parse->state != CONN_CALLS)
		return greeting_refuse(parse, answer, call->header.call_id,
		                       RPC__RPC_ERROR_CODE__FATAL_INVALID_RPC_HEADER,
		                       "a call before the connection's context");
	if (wire_rpc_method_take(rest, &parse->rules->methods, &call->method) < 0 ||
	    wire_rpc_message_take(rest, &call->message) < 0)
		return greeting_refuse(parse, answer, call->header.call_id,
		                       RPC__RPC_ERROR_CODE__FATAL_DESERIALIZING_REQUEST,
		                       "the call's method or message cannot be read");
	return is_callable(call, answer) ? CONN_CALL : CONN_ANSWER;
}

/* ---- frames ---- */

static const char *fault_of(const struct wire_rpc_request *header)
{
	if (!header->has_op)
		return "no operation in the RPC header";
	if (header->op != RPC__RPC_OPERATION__RPC_FINAL_PACKET)
		return "an operation in the RPC header that is not served";
	if (!header->has_kind)
		return "no kind in the RPC header";
	return NULL;
}

static enum conn_found parse_frame(struct conn_parse *parse, struct conn_call *call,
                                   struct buf *answer)
{
	struct cursor rest = cursor_of(call->frame.bytes);
	const char *fault;

	if (wire_rpc_request_take(&rest, &call->header) < 0)
		return greeting_refuse(parse, answer, WIRE_CALL_NONE,
		                       RPC__RPC_ERROR_CODE__FATAL_DESERIALIZING_REQUEST,
		                       "the RPC header cannot be read");
	fault = fault_of(&call->header);
	if (fault != NULL)
		return greeting_refuse(parse, answer, call->header.call_id,
		                       RPC__RPC_ERROR_CODE__FATAL_INVALID_RPC_HEADER, fault);
	if (call->header.call_id == WIRE_CALL_PING)
		return CONN_MORE;
	if (call->header.call_id < 0)
		return greeting_take(parse, call->header.call_id, &rest, answer);
	if (call->header.kind != RPC__RPC_KIND__RPC_PROTOCOL_BUFFER)
		return greeting_refuse(parse, answer, call->header.call_id,
		                       RPC__RPC_ERROR_CODE__FATAL_INVALID_RPC_HEADER,
		                       "a kind of call that is not served");
	return parse_call(parse, &rest, call, answer);
}

static enum conn_found next_frame(struct conn_parse *parse, struct cursor *input,
                                  struct buf *answer, struct conn_call *ret_call)
{
	for (;;) {
		struct conn_call call = {0};
		int rc = frames_next(&parse->frames, input, &call.frame);
		enum conn_found found;

		if (rc < 0) {
			parse->state = CONN_REFUSED; /* where would the next frame begin? */
			return CONN_CLOSE;
		}
		if (rc == 0)
			return CONN_MORE;
		found = parse_frame(parse, &call, answer);
		if (found == CONN_CALL) {
			*ret_call = call;
			return CONN_CALL;
		}
		mem_free(call.frame.memory);
		if (found != CONN_MORE)
			return found;
	}
}

enum conn_found conn_parse_next(struct conn_parse *parse, struct cursor *input, struct buf *answer,
                                struct conn_call *ret_call)
{
	if (parse->state == CONN_PREAMBLE) {
		enum conn_found found = greeting_take_preamble(parse, input, answer);

		if (parse->state == CONN_PREAMBLE || found == CONN_CLOSE)
			return found;
	}
	if (parse->state == CONN_REFUSED)
		return CONN_CLOSE;
	return next_frame(parse, input, answer, ret_call);
}
