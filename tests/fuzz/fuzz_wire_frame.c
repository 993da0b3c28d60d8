/* SPDX-License-Identifier: Apache-2.0 */
/* A frame's bytes, as a call and as a reply; a remembered method must change nothing. */
#include "base/check.h"
#include "base/err.h"
#include "wire/pb.h"
#include "wire/rpc_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_method(struct cursor frame)
{
	struct wire_method_cache cache = {0};
	struct wire_rpc_method plain, cached;
	struct cursor end = frame;
	int rc = wire_rpc_method_take(&end, NULL, &plain);

	for (int i = 0; i < 3; i++) {
		struct cursor c = frame;

		CHECK(wire_rpc_method_take(&c, &cache, &cached) == rc);
		if (rc < 0)
			continue;
		CHECK(c.at == end.at && plain.version == cached.version);
		CHECK(str_equal(plain.name, cached.name));
		CHECK(str_equal(plain.protocol, cached.protocol));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wire_rpc_request request;
	struct wire_rpc_method method;
	struct wire_rpc_response response;
	struct str message;
	struct cursor c = cursor_make(data, size);

	if (wire_rpc_request_take(&c, &request) == 0) {
		check_method(c);
		if (wire_rpc_method_take(&c, NULL, &method) == 0 &&
		    wire_rpc_message_take(&c, &message) == 0)
			CHECK(cursor_left(&c) == 0);
	}
	c = cursor_make(data, size);
	if (wire_rpc_response_take(&c, &response) == 0)
		(void)!wire_rpc_message_take(&c, &message);
	return 0;
}
