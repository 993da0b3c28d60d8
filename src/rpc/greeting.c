/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/greeting.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "proto/rpc.pb-c.h"
#include "rpc/answers.h"
#include "security/user_name.h"
#include "wire/pb.h"

enum { AUTH_NONE = 0x00, AUTH_SASL = 0xdf, GREETING_ARENA_BYTES = 128 * 1024 };

static const char class_server[] = "org.apache.hadoop.ipc.RpcServerException";
static const char class_version[] = "org.apache.hadoop.ipc.RPC$VersionMismatch";
static const char class_ipc[] = "org.apache.hadoop.ipc.IpcException";
static const char class_sasl[] = "javax.security.sasl.SaslException";
static const char class_access[] = "org.apache.hadoop.security.AccessControlException";
static const char class_authorization[] =
        "org.apache.hadoop.security.authorize.AuthorizationException";

static enum conn_found refuse_as(struct conn_parse *parse, struct buf *answer, int32_t call_id,
                                 uint32_t detail, const char *java_class, const char *text)
{
	parse->state = CONN_REFUSED;
	answer_fatal(answer, call_id, detail, java_class, str_of(text));
	return CONN_CLOSE;
}

enum conn_found greeting_refuse(struct conn_parse *parse, struct buf *answer, int32_t call_id,
                                uint32_t detail, const char *text)
{
	return refuse_as(parse, answer, call_id, detail, class_server, text);
}

/* ---- preamble ---- */

static enum conn_found answer_http(struct conn_parse *parse, struct buf *answer)
{
	parse->state = CONN_REFUSED;
	buf_append_str(answer, STR("HTTP/1.1 404 Not Found\r\n"
	                           "Content-type: text/plain\r\n"
	                           "Connection: close\r\n\r\n"
	                           "This port speaks Hadoop IPC, not HTTP. "
	                           "The web pages are at another port of this server.\r\n"));
	return CONN_CLOSE;
}

static enum conn_found refuse_version(struct conn_parse *parse, struct buf *answer)
{
	char text[96];

	snprintf(text, sizeof(text),
	         "this server speaks Hadoop IPC version %d, the client version %u",
	         WIRE_IPC_VERSION, parse->preamble[4]);
	return refuse_as(parse, answer, WIRE_CALL_NONE, RPC__RPC_ERROR_CODE__FATAL_VERSION_MISMATCH,
	                 class_version, text);
}

static enum conn_found refuse_auth(struct conn_parse *parse, struct buf *answer)
{
	char text[64];

	snprintf(text, sizeof(text), "unknown way of authentication: %d",
	         (int8_t)parse->preamble[6]);
	return refuse_as(parse, answer, WIRE_CALL_NONE, RPC__RPC_ERROR_CODE__FATAL_UNAUTHORIZED,
	                 class_ipc, text);
}

enum conn_found greeting_take_preamble(struct conn_parse *parse, struct cursor *input,
                                       struct buf *answer)
{
	static const uint8_t magic[] = {'h', 'r', 'p', 'c', WIRE_IPC_VERSION};

	while (parse->preamble_size < CONN_PREAMBLE_BYTES) {
		if (cursor_left(input) == 0)
			return CONN_MORE;
		parse->preamble[parse->preamble_size++] = cursor_u8(input);
		if (parse->preamble_size == 4 && memcmp(parse->preamble, "GET ", 4) == 0)
			return answer_http(parse, answer);
		if (parse->preamble_size == sizeof(magic) &&
		    memcmp(parse->preamble, magic, sizeof(magic)) != 0)
			return refuse_version(parse, answer);
	}
	if (parse->preamble[6] == AUTH_NONE)
		parse->state = CONN_CONTEXT;
	else if (parse->preamble[6] == AUTH_SASL)
		parse->state = CONN_SASL;
	else
		return refuse_auth(parse, answer);
	return CONN_MORE;
}

/* ---- SASL: there is nothing to negotiate, only ways to say so ---- */

static void append_sasl(struct buf *answer, const Rpc__RpcSasl *sasl)
{
	struct wire_rpc_response response = {
	        .call_id = WIRE_CALL_SASL,
	        .status = RPC__RPC_STATUS__SUCCESS,
	        .version = WIRE_IPC_VERSION,
	        .retry_count = -1,
	};
	size_t frame = wire_frame_begin(answer);

	wire_rpc_response_append(answer, &response);
	pb_append_delimited(answer, &sasl->base);
	wire_frame_end(answer, frame);
}

/* Success without a token: the client goes on in simple mode. */
static enum conn_found switch_to_simple(struct conn_parse *parse, struct buf *answer)
{
	Rpc__RpcSasl sasl = RPC__RPC_SASL__INIT;

	sasl.state = RPC__RPC_SASL__STATE__SUCCESS;
	append_sasl(answer, &sasl);
	parse->state = CONN_CONTEXT;
	return CONN_ANSWER;
}

/* To a client that began with a way we do not have: the only one we have, once. */
static enum conn_found offer_simple(struct conn_parse *parse, struct buf *answer)
{
	Rpc__RpcSasl sasl = RPC__RPC_SASL__INIT;
	Rpc__RpcSasl__Auth simple = RPC__RPC_SASL__AUTH__INIT, *auths[] = {&simple};

	if (parse->was_offered)
		return refuse_as(parse, answer, WIRE_CALL_SASL,
		                 RPC__RPC_ERROR_CODE__FATAL_UNAUTHORIZED, class_access,
		                 "only SIMPLE authentication is served here");
	parse->was_offered = true;
	simple.method = pb_bytes(STR("SIMPLE"));
	sasl.state = RPC__RPC_SASL__STATE__NEGOTIATE;
	sasl.auths = auths;
	sasl.n_auths = COUNT_OF(auths);
	append_sasl(answer, &sasl);
	return CONN_ANSWER;
}

static bool wants_simple(const Rpc__RpcSasl *sasl)
{
	return sasl->n_auths == 1 && str_equal(pb_str(sasl->auths[0]->method), STR("SIMPLE"));
}

static enum conn_found take_sasl(struct conn_parse *parse, const Rpc__RpcSasl *sasl,
                                 struct buf *answer)
{
	bool is_initiate = sasl->state == RPC__RPC_SASL__STATE__INITIATE;
	/* A client that was told "simple" may still say that it wants it. */
	bool was_told = parse->state == CONN_CONTEXT && parse->preamble[6] == AUTH_SASL;

	if (is_initiate && wants_simple(sasl) && (parse->state == CONN_SASL || was_told)) {
		parse->state = CONN_CONTEXT; /* no reply */
		return CONN_MORE;
	}
	if (parse->state != CONN_SASL)
		return greeting_refuse(parse, answer, WIRE_CALL_SASL,
		                       RPC__RPC_ERROR_CODE__FATAL_INVALID_RPC_HEADER,
		                       "a SASL message on a connection without SASL");
	if (is_initiate)
		return offer_simple(parse, answer);
	if (sasl->state == RPC__RPC_SASL__STATE__NEGOTIATE)
		return switch_to_simple(parse, answer);
	return refuse_as(parse, answer, WIRE_CALL_SASL,
	                 sasl->state == RPC__RPC_SASL__STATE__WRAP
	                         ? RPC__RPC_ERROR_CODE__FATAL_INVALID_RPC_HEADER
	                         : RPC__RPC_ERROR_CODE__FATAL_UNAUTHORIZED,
	                 class_sasl, "a SASL message that was not asked for");
}

/* ---- context ---- */

/* The address too: calls may outlive the connection it was borrowed from. */
static bool keep_identity(struct conn_parse *parse, struct str user, struct str real_user)
{
	struct str address = str_of(parse->identity.address);
	char *at = mem_alloc(user.size + real_user.size + address.size + 1);

	if (at == NULL)
		return false;
	parse->names = at;
	memcpy(at, address.data, address.size + 1);
	parse->identity.address = at;
	at += address.size + 1;
	memcpy(at, user.data, user.size);
	parse->identity.user = str_make(at, user.size);
	at += user.size;
	if (real_user.size > 0)
		memcpy(at, real_user.data, real_user.size);
	parse->identity.real_user = str_make(at, real_user.size);
	return true;
}

static enum conn_found refuse_impersonation(struct conn_parse *parse, struct str real_user,
                                            struct str user, struct buf *answer)
{
	char text[2 * USER_NAME_BYTES_MAX + 64];

	snprintf(text, sizeof(text), "User: %.*s is not allowed to impersonate %.*s",
	         STR_ARGS(real_user), STR_ARGS(user));
	return refuse_as(parse, answer, WIRE_CALL_CONTEXT, RPC__RPC_ERROR_CODE__FATAL_UNAUTHORIZED,
	                 class_authorization, text);
}

static enum conn_found take_users(struct conn_parse *parse, const Rpc__UserInformation *info,
                                  struct buf *answer)
{
	const struct conn_rules *rules = parse->rules;
	struct str user, real_user = {0};

	if (info == NULL || user_name_short(pb_str(info->effective_user), &user) < 0 ||
	    (info->real_user.len > 0 && user_name_short(pb_str(info->real_user), &real_user) < 0))
		return refuse_as(parse, answer, WIRE_CALL_CONTEXT,
		                 RPC__RPC_ERROR_CODE__FATAL_UNAUTHORIZED, class_access,
		                 "the connection's context names no user, or not in a usable way");
	if (str_equal(user, real_user))
		real_user = (struct str){0};
	if (real_user.size > 0 &&
	    (rules->may_impersonate == NULL ||
	     !rules->may_impersonate(rules->context, real_user, user, parse->identity.address)))
		return refuse_impersonation(parse, real_user, user, answer);
	if (!keep_identity(parse, user, real_user)) {
		parse->state = CONN_REFUSED;
		return CONN_CLOSE;
	}
	parse->state = CONN_CALLS;
	parse->frames.frame_bytes_max = rules->frame_bytes_max;
	return CONN_MORE;
}

static enum conn_found take_context(struct conn_parse *parse,
                                    const Rpc__IpcConnectionContext *context, struct buf *answer)
{
	const struct conn_rules *rules = parse->rules;
	struct str protocol = pb_str(context->protocol);

	if (parse->state != CONN_CONTEXT)
		return greeting_refuse(parse, answer, WIRE_CALL_CONTEXT,
		                       RPC__RPC_ERROR_CODE__FATAL_INVALID_RPC_HEADER,
		                       parse->state == CONN_SASL
		                               ? "a context in the middle of SASL"
		                               : "a second context on the connection");
	if (protocol.size > 0 && rules->knows_protocol != NULL &&
	    !rules->knows_protocol(rules->context, protocol))
		return refuse_as(parse, answer, WIRE_CALL_CONTEXT,
		                 RPC__RPC_ERROR_CODE__FATAL_UNAUTHORIZED, class_authorization,
		                 "the connection's context names an unknown protocol");
	return take_users(parse, context->user_info, answer);
}

/* ---- both ---- */

static enum conn_found take_message(struct conn_parse *parse, int32_t call_id, struct str bytes,
                                    struct arena *arena, struct buf *answer)
{
	Rpc__IpcConnectionContext *context;
	Rpc__RpcSasl *sasl;

	if (call_id == WIRE_CALL_CONTEXT &&
	    pb_unpack(&rpc__ipc_connection_context__descriptor, bytes, arena, &context) == 0)
		return take_context(parse, context, answer);
	if (call_id == WIRE_CALL_SASL &&
	    pb_unpack(&rpc__rpc_sasl__descriptor, bytes, arena, &sasl) == 0)
		return take_sasl(parse, sasl, answer);
	return greeting_refuse(parse, answer, call_id,
	                       RPC__RPC_ERROR_CODE__FATAL_DESERIALIZING_REQUEST,
	                       "the connection's context or SASL message cannot be read");
}

enum conn_found greeting_take(struct conn_parse *parse, int32_t call_id, struct cursor *rest,
                              struct buf *answer)
{
	struct str bytes = {0};
	struct arena arena;
	enum conn_found found;

	if (call_id != WIRE_CALL_CONTEXT && call_id != WIRE_CALL_SASL)
		return greeting_refuse(parse, answer, call_id,
		                       RPC__RPC_ERROR_CODE__FATAL_INVALID_RPC_HEADER,
		                       "a negative call id without a meaning");
	if (wire_rpc_message_take(rest, &bytes) < 0)
		return greeting_refuse(parse, answer, call_id,
		                       RPC__RPC_ERROR_CODE__FATAL_DESERIALIZING_REQUEST,
		                       "the connection's context or SASL message cannot be read");
	arena_init(&arena, GREETING_ARENA_BYTES);
	found = take_message(parse, call_id, bytes, &arena, answer);
	arena_finish(&arena);
	return found;
}
