/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"
#include "service/service_private.h"
#include "wire/hot_replies.h"

enum { TEXT_BYTES_MAX = 16384 }; /* of a refusal: a path and some words */

struct master *call_master(const struct call *call)
{
	return call->service->options.master;
}

struct namespace *call_namespace(const struct call *call)
{
	return master_namespace(call->service->options.master);
}

struct io *call_io(const struct call *call)
{
	return call->service->options.io;
}

const struct service_options *call_options(const struct call *call)
{
	return &call->service->options;
}

struct str call_address(const struct call *call)
{
	return str_of(call->rpc->identity->address);
}

/* ---- requests ---- */

int call_bad_request(int rc)
{
	return rc == -ERR_NO_MEMORY ? -ERR_TOO_LARGE : -ERR_BAD_MESSAGE;
}

int call_unpack_command(struct call *call, const ProtobufCMessageDescriptor *type,
                        void *ret_message)
{
	int rc = pb_unpack(type, call->rpc->request, call_arena(call), ret_message);

	return rc == 0 ? 0 : call_bad_request(rc);
}

int call_unpack(struct call *call, const ProtobufCMessageDescriptor *type, void *ret_message)
{
	int rc = call_unpack_command(call, type, ret_message);

	if (rc < 0)
		call_refuse(call, rc, (struct str){0});
	return rc;
}

int call_why(struct call *call, int rc, const char *format, ...)
{
	char text[TEXT_BYTES_MAX];
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (length >= (int)sizeof(text))
		length = sizeof(text) - 1;
	if (length > 0)
		call->text = arena_copy(call_arena(call), str_make(text, (size_t)length));
	return rc;
}

void *call_alloc(struct call *call, size_t size)
{
	void *memory = arena_alloc(call_arena(call), size);

	if (memory == NULL)
		call_refuse(call, -ERR_RETRIABLE, STR("Out of memory"));
	return memory;
}

/* ---- answers ---- */

struct buf *call_reply_begin(struct call *call)
{
	return rpc_reply_begin(call->rpc);
}

void call_reply_end(struct call *call)
{
	rpc_reply_end(call->rpc, call->index);
	service_end_call(call);
}

void call_reply_empty(struct call *call)
{
	call_reply_begin(call);
	call_reply_end(call);
}

void call_reply_bool(struct call *call, bool value)
{
	wire_bool_reply_encode(call_reply_begin(call), &(struct wire_bool_reply){.result = value});
	call_reply_end(call);
}

void call_reply_pb(struct call *call, const ProtobufCMessage *message)
{
	pb_append(call_reply_begin(call), message);
	call_reply_end(call);
}

void call_refuse(struct call *call, int rc, struct str text)
{
	if ((rc == -ERR_STANDBY || rc == -ERR_RETRIABLE) && forward_may_be_done(call)) {
		call_drop(call);
		return;
	}
	rpc_reply_error(call->rpc, rc, text);
	service_end_call(call);
}

static bool may_forward(const struct call *call)
{
	return (call->service->options.forwards || call->is_sent_on) && !call->was_forwarded;
}

void call_refer_unsure(struct call *call)
{
	if (may_forward(call))
		forward_call(call, true);
	else
		call_drop(call);
}

void call_refer(struct call *call, const char *category)
{
	if (may_forward(call))
		forward_call(call, false);
	else
		call_refuse(call, -ERR_STANDBY,
		            master_standby_text(call_master(call), category, call_arena(call)));
}

void call_drop(struct call *call)
{
	rpc_call_drop(call->rpc);
	service_end_call(call);
}
