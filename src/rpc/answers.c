/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/answers.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"
#include "proto/rpc.pb-c.h"

enum { TEXT_BYTES = 512 };

uint32_t answer_detail(int rc)
{
	switch (-rc) {
	case ERR_NO_METHOD: return RPC__RPC_ERROR_CODE__ERROR_NO_SUCH_METHOD;
	case ERR_NO_PROTOCOL: return RPC__RPC_ERROR_CODE__ERROR_NO_SUCH_PROTOCOL;
	case ERR_PROTOCOL_VERSION: return RPC__RPC_ERROR_CODE__ERROR_RPC_VERSION_MISMATCH;
	default: return RPC__RPC_ERROR_CODE__ERROR_APPLICATION;
	}
}

static void append(struct buf *buf, const struct wire_rpc_response *response)
{
	size_t frame = wire_frame_begin(buf);

	wire_rpc_response_append(buf, response);
	wire_frame_end(buf, frame);
}

void answer_error(struct buf *buf, const struct wire_rpc_request *request, int rc,
                  const char *format, ...)
{
	char text[TEXT_BYTES];
	struct wire_rpc_response response = {
	        .call_id = request->call_id,
	        .status = RPC__RPC_STATUS__ERROR,
	        .version = WIRE_IPC_VERSION,
	        .exception_class = str_of(err_java_class(rc)),
	        .exception_text = {.data = text},
	        .detail = answer_detail(rc),
	        .client_id = request->client_id,
	        .retry_count = request->retry_count,
	};
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (length > 0)
		response.exception_text.size =
		        (size_t)length < sizeof(text) ? (size_t)length : sizeof(text) - 1;
	append(buf, &response);
}

void answer_fatal(struct buf *buf, int32_t call_id, uint32_t detail, const char *java_class,
                  struct str text)
{
	struct wire_rpc_response response = {
	        .call_id = call_id,
	        .status = RPC__RPC_STATUS__FATAL,
	        .version = WIRE_IPC_VERSION,
	        .exception_class = str_of(java_class),
	        .exception_text = text,
	        .detail = detail,
	        .retry_count = -1,
	};

	append(buf, &response);
}
