/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "proto/rpc.pb-c.h"
#include "unit/wire/frame.h"
#include "unit/wire/recorded.h"
#include "wire/pb.h"
#include "wire/protocols.h"

static void assert_bytes(const struct buf *buf, const char *hex)
{
	struct buf expected = {0};

	append_hex(&expected, hex);
	assert_int_equal(buf->size, expected.size);
	assert_memory_equal(buf->data, expected.data, expected.size);
	buf_finish(&expected);
}

static void a_negative_call_id_is_answered_in_five_bytes(void **state)
{
	/* -33 = 4294967263 */
	const struct wire_rpc_response response = {
	        .call_id = WIRE_CALL_SASL, .version = WIRE_IPC_VERSION, .retry_count = -1};
	struct wire_rpc_response again;
	struct buf buf = {0};
	struct cursor c;

	(void)state;
	wire_rpc_response_append(&buf, &response);
	assert_bytes(&buf, "0c08dfffffff0f100018094001");
	c = cursor_of(buf_str(&buf));
	assert_int_equal(wire_rpc_response_take(&c, &again), 0);
	assert_int_equal(again.call_id, -33);
	buf_finish(&buf);
}

static void an_error_reply_has_class_text_and_detail(void **state)
{
	const struct wire_rpc_response response = {
	        .call_id = 7,
	        .status = RPC__RPC_STATUS__ERROR,
	        .version = WIRE_IPC_VERSION,
	        .exception_class = STR("java.io.IOException"),
	        .exception_text = STR("no"),
	        .detail = RPC__RPC_ERROR_CODE__ERROR_APPLICATION,
	        .client_id = STR("0123456789abcdef"),
	        .retry_count = 0,
	        .state_id = 5,
	};
	Rpc__RpcResponseHeader *header;
	struct arena arena;
	struct buf buf = {0};
	struct str bytes;
	struct cursor c;

	(void)state;
	wire_rpc_response_append(&buf, &response);
	c = cursor_of(buf_str(&buf));
	arena_init(&arena, 0);
	assert_int_equal(pb_take_delimited(&c, 1000, &bytes), 0);
	assert_int_equal(pb_unpack(&rpc__rpc_response_header__descriptor, bytes, &arena, &header),
	                 0);
	assert_int_equal(header->status, RPC__RPC_STATUS__ERROR);
	assert_true(str_equal(pb_str(header->exception_class_name), STR("java.io.IOException")));
	assert_true(str_equal(pb_str(header->error_msg), STR("no")));
	assert_int_equal(header->error_detail, RPC__RPC_ERROR_CODE__ERROR_APPLICATION);
	assert_int_equal(header->state_id, 5);
	arena_finish(&arena);
	buf_finish(&buf);
}

static void a_header_longer_than_127_bytes_gets_a_longer_length(void **state)
{
	struct wire_rpc_response response = {.status = RPC__RPC_STATUS__FATAL};
	char text[20000];

	(void)state;
	memset(text, 'x', sizeof(text));
	for (size_t size = 0; size <= sizeof(text); size += 1 + size / 3) {
		struct wire_rpc_response again;
		struct buf buf = {0};
		struct cursor c;

		response.exception_text = str_make(text, size);
		wire_rpc_response_append(&buf, &response);
		c = cursor_of(buf_str(&buf));
		assert_int_equal(wire_rpc_response_take(&c, &again), 0);
		assert_int_equal(again.exception_text.size, size);
		assert_int_equal(cursor_left(&c), 0);
		buf_finish(&buf);
	}
}

static void take_method(struct wire_method_cache *cache, const struct wire_rpc_method *method,
                        struct wire_rpc_method *ret_method, struct buf *buf)
{
	struct cursor c;

	buf_clear(buf);
	wire_rpc_method_append(buf, method);
	c = cursor_of(buf_str(buf));
	assert_int_equal(wire_rpc_method_take(&c, cache, ret_method), 0);
	assert_int_equal(cursor_left(&c), 0);
}

static void a_remembered_method_is_the_one_in_this_frame(void **state)
{
	static const struct wire_rpc_method methods[] = {
	        {.name = STR("getFileInfo"), .protocol = STR(WIRE_CLIENT_PROTOCOL), .version = 1},
	        {.name = STR("getFileInfo"), .protocol = STR(WIRE_CLIENT_PROTOCOL), .version = 2},
	        {.name = STR("getFileInfO"), .protocol = STR(WIRE_CLIENT_PROTOCOL), .version = 1},
	        {.name = STR("mkdirs"), .protocol = STR(WIRE_CLIENT_PROTOCOL), .version = 1},
	        {.name = STR(""), .protocol = STR(""), .version = UINT64_MAX},
	        /* too long to be remembered */
	        {.name = STR("aMethodWithSuchALongNameThatItsHeaderDoesNotFitIntoTheCacheAtAll"),
	         .protocol = STR(WIRE_REFRESH_POLICY_PROTOCOL),
	         .version = 1},
	};
	struct wire_method_cache cache = {0};
	struct buf buf = {0};

	(void)state;
	for (size_t i = 0; i < 3 * COUNT_OF(methods) * COUNT_OF(methods); i++) {
		const struct wire_rpc_method *method =
		        &methods[(i / 3 + i / (3 * COUNT_OF(methods))) % COUNT_OF(methods)];
		struct wire_rpc_method taken;

		take_method(&cache, method, &taken, &buf);
		assert_true(str_equal(taken.name, method->name));
		assert_true(str_equal(taken.protocol, method->protocol));
		assert_true(taken.version == method->version);
		assert_true(taken.name.size == 0 ||
		            ((uint8_t *)taken.name.data > buf.data &&
		             (uint8_t *)taken.name.data < buf.data + buf.size));
	}
	buf_finish(&buf);
}

static void a_bad_method_is_not_remembered(void **state)
{
	struct wire_method_cache cache = {0};
	struct wire_rpc_method method;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct cursor c = cursor_make("\x02\x0a\x00", 3); /* a name and nothing else */

		assert_int_equal(wire_rpc_method_take(&c, &cache, &method), -ERR_INVALID);
	}
}

static void every_cut_of_a_frame_is_refused(void **state)
{
	struct buf bytes = {0};

	(void)state;
	append_hex(&bytes, JAVA_CREATE);
	for (size_t size = 4; size < bytes.size; size++) {
		struct wire_rpc_request request;
		struct wire_rpc_method method;
		struct str message;
		struct cursor c = cursor_make(bytes.data + 4, size - 4);

		assert_true(wire_rpc_request_take(&c, &request) < 0 ||
		            wire_rpc_method_take(&c, NULL, &method) < 0 ||
		            wire_rpc_message_take(&c, &message) < 0);
	}
	buf_finish(&bytes);
}

static void bytes_after_the_message_are_refused(void **state)
{
	struct str message;
	struct cursor c = cursor_make("\x01x", 2);

	(void)state;
	assert_int_equal(wire_rpc_message_take(&c, &message), 0);
	c = cursor_make("\x01xy", 3);
	assert_int_equal(wire_rpc_message_take(&c, &message), -ERR_INVALID);
}

static void frames_follow_each_other_in_one_buffer(void **state)
{
	struct buf buf = {0};

	(void)state;
	for (uint8_t i = 0; i < 3; i++) {
		size_t frame = wire_frame_begin(&buf);

		buf_append(&buf, "abc", i);
		wire_frame_end(&buf, frame);
	}
	assert_bytes(&buf, "00000000"
	                   "0000000161"
	                   "000000026162");
	buf_finish(&buf);
}

static void without_memory_the_buffer_says_so(void **state)
{
	const struct wire_rpc_response response = {.call_id = 1};
	struct buf buf = {0};
	size_t frame;

	(void)state;
	mem_fail_after(0);
	frame = wire_frame_begin(&buf);
	wire_rpc_response_append(&buf, &response);
	wire_frame_end(&buf, frame);
	mem_fail_after(-1);
	assert_true(buf.failed);
	assert_int_equal(buf.size, 0);
	buf_finish(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_negative_call_id_is_answered_in_five_bytes),
	        cmocka_unit_test(an_error_reply_has_class_text_and_detail),
	        cmocka_unit_test(a_header_longer_than_127_bytes_gets_a_longer_length),
	        cmocka_unit_test(a_remembered_method_is_the_one_in_this_frame),
	        cmocka_unit_test(a_bad_method_is_not_remembered),
	        cmocka_unit_test(every_cut_of_a_frame_is_refused),
	        cmocka_unit_test(bytes_after_the_message_are_refused),
	        cmocka_unit_test(frames_follow_each_other_in_one_buffer),
	        cmocka_unit_test(without_memory_the_buffer_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
