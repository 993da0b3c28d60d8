/* SPDX-License-Identifier: Apache-2.0 */
/* What pb_unpack() refuses, and what it has to take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "proto/admin.pb-c.h"
#include "proto/datanode.pb-c.h"
#include "proto/client.pb-c.h"
#include "proto/rpc.pb-c.h"
#include "unit/wire/frame.h"
#include "wire/pb.h"

static int unpack(const ProtobufCMessageDescriptor *type, const char *hex)
{
	struct buf buf = {0};
	struct arena arena;
	void *message = NULL;
	int rc;

	append_hex(&buf, hex);
	arena_init(&arena, 1 << 20);
	rc = pb_unpack(type, buf_str(&buf), &arena, &message);
	assert_true((rc == 0) == pb_check(type, buf_str(&buf)));
	assert_true((rc == 0) == (message != NULL));
	arena_finish(&arena);
	buf_finish(&buf);
	return rc;
}

#define assert_taken(type, hex)   assert_int_equal(unpack(&type##__descriptor, hex), 0)
#define assert_refused(type, hex) assert_int_equal(unpack(&type##__descriptor, hex), -ERR_INVALID)

static void a_required_field_must_be_there(void **state)
{
	(void)state;
	assert_taken(hdfs__rename_request, "0a012f12012f");
	assert_refused(hdfs__rename_request, "0a012f");
	assert_refused(hdfs__rename_request, "");
}

static void a_required_field_with_a_default_must_be_there_too(void **state)
{
	(void)state;
	assert_taken(hdfs__snapshot_diff_report_cursor, "0a001001");
	assert_refused(hdfs__snapshot_diff_report_cursor, "0a00");
}

static void a_wrong_wire_type_is_refused(void **state)
{
	(void)state;
	assert_refused(hdfs__get_file_info_request, "0801");
	assert_refused(hdfs__get_file_info_request, "0d01020304");
	/* a bool as bytes: protobuf-c alone would read it as false */
	assert_taken(hdfs__mkdirs_response, "0801");
	assert_refused(hdfs__mkdirs_response, "0a0100");
}

static void a_value_outside_an_enum_is_refused(void **state)
{
	(void)state;
	assert_taken(hdfs__set_safe_mode_request, "0801");
	assert_taken(hdfs__set_safe_mode_request, "0804");
	assert_refused(hdfs__set_safe_mode_request, "0800");
	assert_refused(hdfs__set_safe_mode_request, "0805");
	assert_refused(hdfs__set_safe_mode_request, "08ffffffffffffffffff01");
}

static void values_in_a_packed_enum_are_looked_at(void **state)
{
	(void)state;
	assert_taken(hdfs__storage_types, "0a020106");
	assert_refused(hdfs__storage_types, "0a020107");
}

static void unknown_fields_are_skipped(void **state)
{
	(void)state;
	assert_taken(hdfs__get_file_info_request, "a80605" /* 101: 5 */
	                                          "0a012f"
	                                          "aa0602ffff"   /* 101: two bytes */
	                                          "ad0601020304" /* 101: fixed32 */
	                                          "a9060102030405060708" /* 101: fixed64 */);
}

static void groups_and_field_zero_are_refused(void **state)
{
	(void)state;
	assert_refused(hdfs__get_file_info_request, "0a012fab06ac06");
	assert_refused(hdfs__get_file_info_request, "0a012f0001");
	assert_refused(hdfs__get_file_info_request, "0a012f800001");
}

static void a_varint_has_at_most_ten_bytes_and_64_bits(void **state)
{
	(void)state;
	assert_taken(hdfs__rename_request, "0a012f12012fa806ffffffffffffffffff01");
	assert_refused(hdfs__rename_request, "0a012f12012fa806ffffffffffffffffff02");
	assert_refused(hdfs__rename_request, "0a012f12012fa80680808080808080808080"
	                                     "00");
	assert_refused(hdfs__rename_request, "0a012f12012fa80680");
}

static void tags_and_lengths_have_at_most_five_bytes(void **state)
{
	(void)state;
	assert_taken(hdfs__get_file_info_request, "8a80808000012f");
	assert_refused(hdfs__get_file_info_request, "8a8080808000012f");
	assert_taken(hdfs__get_file_info_request, "0a81808080002f");
	assert_refused(hdfs__get_file_info_request, "0a8180808080002f");
	assert_refused(hdfs__get_file_info_request, "0affffffff0f2f");
}

static void a_length_past_the_end_is_refused(void **state)
{
	(void)state;
	assert_refused(hdfs__get_file_info_request, "0a022f");
	assert_refused(hdfs__mkdirs_request, "0a012f120408ed031801");
}

static void the_last_of_two_numbers_or_texts_counts(void **state)
{
	struct buf buf = {0};
	struct arena arena;
	Hdfs__TruncateRequest *request;

	(void)state;
	append_hex(&buf, "0a016110051a01780a0162100a");
	arena_init(&arena, 0);
	assert_int_equal(
	        pb_unpack(&hdfs__truncate_request__descriptor, buf_str(&buf), &arena, &request), 0);
	assert_true(str_equal(pb_str(request->src), STR("b")));
	assert_int_equal(request->new_length, 10);
	arena_finish(&arena);
	buf_finish(&buf);
}

static void a_message_that_comes_twice_where_one_is_meant_is_refused(void **state)
{
	(void)state;
	assert_taken(hdfs__set_permission_request, "0a012f120308ed03");
	assert_refused(hdfs__set_permission_request, "0a012f120308ed03120308ed03");
}

static void a_32_bit_number_keeps_its_lower_bits(void **state)
{
	struct buf buf = {0};
	struct arena arena;
	Hdfs__FsPermission *permission;

	(void)state;
	append_hex(&buf, "08ed8380808001"); /* 2^35 + 0755 */
	arena_init(&arena, 0);
	assert_int_equal(
	        pb_unpack(&hdfs__fs_permission__descriptor, buf_str(&buf), &arena, &permission), 0);
	assert_int_equal(permission->perm, 0755);
	arena_finish(&arena);
	buf_finish(&buf);
}

static void a_name_keeps_its_length(void **state)
{
	struct buf buf = {0};
	struct arena arena;
	Hdfs__GetFileInfoRequest *request;

	(void)state;
	append_hex(&buf, "0a032f0061");
	arena_init(&arena, 0);
	assert_int_equal(pb_unpack(&hdfs__get_file_info_request__descriptor, buf_str(&buf), &arena,
	                           &request),
	                 0);
	assert_true(str_equal(pb_str(request->src), STR("/\0a")));
	arena_finish(&arena);
	buf_finish(&buf);
}

static void packed_numbers_past_the_arenas_limit_fail_cleanly(void **state)
{
	struct buf buf = {0};
	struct arena arena;
	Datanode__BlockIdCommand *command = NULL;

	(void)state;
	append_hex(&buf, "08011200"
	                 "1ac0843d"); /* one million block ids of one byte each */
	for (int i = 0; i < 1000000; i++)
		buf_append_u8(&buf, 7);
	arena_init(&arena, 1 << 20);
	assert_int_equal(
	        pb_unpack(&datanode__block_id_command__descriptor, buf_str(&buf), &arena, &command),
	        -ERR_NO_MEMORY);
	assert_null(command);
	arena.limit = 16 << 20;
	assert_int_equal(
	        pb_unpack(&datanode__block_id_command__descriptor, buf_str(&buf), &arena, &command),
	        0);
	assert_int_equal(command->n_block_ids, 1000000);
	arena_finish(&arena);
	buf_finish(&buf);
}

static void a_message_of_millions_of_parts_is_refused_before_memory_is_taken(void **state)
{
	enum { EACH = 2 /* a group's field: tag and length */ };
	Admin__GetGroupsForUserResponse *response = NULL;
	struct buf buf = {0};
	struct arena arena;

	(void)state;
	arena_init(&arena, 64 << 20);
	for (int i = 0; i < PB_FIELDS_MAX; i++)
		append_hex(&buf, "0a00");
	assert_int_equal(pb_unpack(&admin__get_groups_for_user_response__descriptor, buf_str(&buf),
	                           &arena, &response),
	                 0);
	assert_int_equal(response->n_groups, buf.size / EACH);
	arena_reset(&arena);
	append_hex(&buf, "0a00");
	assert_int_equal(pb_unpack(&admin__get_groups_for_user_response__descriptor, buf_str(&buf),
	                           &arena, &response),
	                 -ERR_INVALID);
	assert_int_equal(arena.used, 0);
	arena_finish(&arena);
	buf_finish(&buf);
}

static void a_delimited_message_waits_for_its_bytes(void **state)
{
	struct str message = {0};
	struct cursor c;

	(void)state;
	for (size_t size = 0; size < 4; size++) {
		c = cursor_make("\x03"
		                "abc",
		                size);
		assert_int_equal(pb_take_delimited(&c, 100, &message), -ERR_AGAIN);
		assert_int_equal(cursor_left(&c), size);
	}
	c = cursor_make("\x03"
	                "abcd",
	                5);
	assert_int_equal(pb_take_delimited(&c, 100, &message), 0);
	assert_true(str_equal(message, STR("abc")));
	assert_int_equal(cursor_left(&c), 1);
}

static void a_delimited_message_that_is_too_long_is_refused_before_it_came(void **state)
{
	struct str message;
	struct cursor c = cursor_make("\x65", 1);

	(void)state;
	assert_int_equal(pb_take_delimited(&c, 100, &message), -ERR_TOO_LARGE);
	c = cursor_make("\x80\x80\x80\x80\x80\x01", 6);
	assert_int_equal(pb_take_delimited(&c, 100, &message), -ERR_INVALID);
	c = cursor_make("\x80\x80\x80\x80", 4);
	assert_int_equal(pb_take_delimited(&c, 100, &message), -ERR_AGAIN);
}

static void a_message_without_fields_is_nothing(void **state)
{
	Rpc__Empty empty = RPC__EMPTY__INIT;
	struct buf buf = {0};

	(void)state;
	pb_append(&buf, &empty.base);
	assert_int_equal(buf.size, 0);
	pb_append_delimited(&buf, &empty.base);
	assert_int_equal(buf.size, 1);
	assert_int_equal(buf.data[0], 0);
	assert_taken(rpc__empty, "");
	assert_taken(rpc__empty, "0801");
	buf_finish(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_required_field_must_be_there),
	        cmocka_unit_test(a_required_field_with_a_default_must_be_there_too),
	        cmocka_unit_test(a_wrong_wire_type_is_refused),
	        cmocka_unit_test(a_value_outside_an_enum_is_refused),
	        cmocka_unit_test(values_in_a_packed_enum_are_looked_at),
	        cmocka_unit_test(unknown_fields_are_skipped),
	        cmocka_unit_test(groups_and_field_zero_are_refused),
	        cmocka_unit_test(a_varint_has_at_most_ten_bytes_and_64_bits),
	        cmocka_unit_test(tags_and_lengths_have_at_most_five_bytes),
	        cmocka_unit_test(a_length_past_the_end_is_refused),
	        cmocka_unit_test(the_last_of_two_numbers_or_texts_counts),
	        cmocka_unit_test(a_message_that_comes_twice_where_one_is_meant_is_refused),
	        cmocka_unit_test(a_32_bit_number_keeps_its_lower_bits),
	        cmocka_unit_test(a_name_keeps_its_length),
	        cmocka_unit_test(packed_numbers_past_the_arenas_limit_fail_cleanly),
	        cmocka_unit_test(a_message_of_millions_of_parts_is_refused_before_memory_is_taken),
	        cmocka_unit_test(a_delimited_message_waits_for_its_bytes),
	        cmocka_unit_test(a_delimited_message_that_is_too_long_is_refused_before_it_came),
	        cmocka_unit_test(a_message_without_fields_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
