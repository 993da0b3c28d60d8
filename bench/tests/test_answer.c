/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The replies are written byte by byte from Hadoop's message definitions, not with the encoder that
 * the program uses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "bench/answer.h"

/* HdfsFileStatus: type, name, length, mode 0600 | low bits, and what else is required. */
static void append_status(struct buf *buf, uint8_t type, const char *name, uint8_t length,
                          uint8_t mode, uint8_t file_id)
{
	buf_append(buf, (uint8_t[]){0x08, type, 0x12, (uint8_t)strlen(name)}, 4);
	buf_append_str(buf, str_of(name));
	buf_append(buf, (uint8_t[]){0x18, length, 0x22, 3, 0x08, 0x80 | mode, 0x03}, 7);
	buf_append(buf, (uint8_t[]){0x2a, 1, 'o', 0x32, 1, 'g', 0x38, 5, 0x40, 5, 0x68, file_id},
	           12);
}

/* `inner` as field 1. */
static struct str wrap(struct buf *outer, struct buf *inner)
{
	buf_append_u8(outer, 0x0a);
	buf_append_varint(outer, inner->size);
	buf_append(outer, inner->data, inner->size);
	return buf_str(outer);
}

static const char *check_file(uint8_t type, const char *name, uint8_t length, uint8_t mode,
                              uint8_t file_id, uint64_t *ret_file_id)
{
	struct buf status = {0}, reply = {0};
	const char *wrong;

	append_status(&status, type, name, length, mode, file_id);
	wrong = answer_check_file(wrap(&reply, &status), 0600 | 5, ret_file_id);
	buf_finish(&status);
	buf_finish(&reply);
	return wrong;
}

static void right_file_is_accepted_and_its_id_told(void **state)
{
	uint64_t file_id = 0;

	(void)state;
	assert_null(check_file(2, "", 0, 5, 77, &file_id));
	assert_int_equal(file_id, 77);
}

static void wrong_files_are_noticed_and_tell_no_id(void **state)
{
	uint64_t file_id = 1;

	(void)state;
	assert_string_equal(check_file(1, "", 0, 5, 77, &file_id), "not a file");
	assert_string_equal(check_file(2, "x", 0, 5, 77, &file_id), "another name");
	assert_string_equal(check_file(2, "", 9, 5, 77, &file_id), "not empty");
	assert_string_equal(check_file(2, "", 0, 4, 77, &file_id),
	                    "another mode: this is another file");
	assert_string_equal(check_file(2, "", 0, 5, 0, &file_id), "no file id");
	assert_int_equal(file_id, 1);
}

static bool is_file(uint8_t type, const char *name, uint8_t length, uint8_t mode)
{
	struct buf status = {0}, reply = {0};
	bool is_right;

	append_status(&status, type, name, length, mode, 77);
	is_right = answer_is_file(wrap(&reply, &status), 0600 | 5);
	buf_finish(&status);
	buf_finish(&reply);
	return is_right;
}

static void quick_look_tells_right_from_wrong(void **state)
{
	(void)state;
	assert_true(is_file(2, "", 0, 5));
	assert_false(is_file(1, "", 0, 5));
	assert_false(is_file(2, "x", 0, 5));
	assert_false(is_file(2, "", 9, 5));
	assert_false(is_file(2, "", 0, 4));
	assert_false(answer_is_file(STR(""), 0600 | 5));
	assert_false(answer_is_file(STR("\x0a\x0b\x08\x02\x12\0\x18\0\x22\x03\x08\x85\x03"), 0605));
}

static void missing_file_is_noticed(void **state)
{
	uint64_t file_id;

	(void)state;
	assert_string_equal(answer_check_file(STR(""), 0600, &file_id), "there is no such file");
}

static void junk_is_noticed(void **state)
{
	uint64_t file_id;
	const struct answer_listing wanted = {.count = 0};

	(void)state;
	assert_non_null(answer_check_file(STR("\x0a\x7f\x01"), 0600, &file_id));
	assert_non_null(answer_check_file(STR("\0\0\0\0"), 0600, &file_id));
	assert_non_null(answer_check_true(STR("\0\0")));
	assert_non_null(answer_check_directory(STR("\xff\xff")));
	assert_non_null(answer_check_listing(STR("\x0a\x7f"), &wanted));
	assert_non_null(answer_check_listing(STR("\x12\x00"), &wanted));
}

static void only_true_is_true(void **state)
{
	(void)state;
	assert_null(answer_check_true(STR("\x08\x01")));
	assert_string_equal(answer_check_true(STR("\x08\x00")), "the result is false");
	assert_non_null(answer_check_true(STR("")));
	assert_true(answer_is_false(STR("\x08\x00")));
	assert_false(answer_is_false(STR("\x08\x01")));
	assert_false(answer_is_false(STR("")));
}

static void directory_is_told_from_file(void **state)
{
	struct buf status = {0}, reply = {0};

	(void)state;
	append_status(&status, 1, "", 0, 0, 1);
	assert_null(answer_check_directory(wrap(&reply, &status)));
	buf_clear(&status);
	buf_clear(&reply);
	append_status(&status, 2, "", 0, 0, 1);
	assert_string_equal(answer_check_directory(wrap(&reply, &status)), "not a directory");
	buf_finish(&status);
	buf_finish(&reply);
}

/* Entries "a", "b", "c" with modes 0600, 0601, 0602, and `remaining`. */
static struct str make_listing(struct buf *reply, struct buf *listing, uint8_t remaining)
{
	const char *names[] = {"a", "b", "c"};

	for (uint8_t i = 0; i < 3; i++) {
		struct buf entry = {0};

		append_status(&entry, 2, names[i], 0, i, (uint8_t)(i + 1));
		wrap(listing, &entry);
		buf_finish(&entry);
	}
	buf_append(listing, (uint8_t[]){0x10, remaining}, 2);
	return wrap(reply, listing);
}

static void listing_is_counted_and_one_entry_looked_at(void **state)
{
	struct answer_listing right = {
	        .count = 3, .remaining = 4, .looked_at = 1, .name = STR("b"), .mode = 0601};
	struct answer_listing wanted = right;
	struct buf reply = {0}, listing = {0};
	struct str bytes = make_listing(&reply, &listing, 4);

	(void)state;
	assert_null(answer_check_listing(bytes, &wanted));
	wanted.count = 4;
	assert_string_equal(answer_check_listing(bytes, &wanted), "another number of entries");
	wanted = right;
	wanted.remaining = 0;
	assert_string_equal(answer_check_listing(bytes, &wanted),
	                    "another number of remaining entries");
	wanted = right;
	wanted.looked_at = 2;
	assert_string_equal(answer_check_listing(bytes, &wanted), "another name");
	wanted.name = STR("c");
	assert_string_equal(answer_check_listing(bytes, &wanted),
	                    "another mode: this is another file");
	assert_string_equal(answer_check_listing(STR(""), &wanted), "there is no such directory");
	buf_finish(&reply);
	buf_finish(&listing);
}

static void listing_cut_at_any_byte_is_noticed(void **state)
{
	const struct answer_listing wanted = {
	        .count = 3, .remaining = 4, .looked_at = 1, .name = STR("b"), .mode = 0601};
	struct buf reply = {0}, listing = {0};
	struct str bytes = make_listing(&reply, &listing, 4);

	(void)state;
	for (size_t size = 0; size < bytes.size; size++)
		assert_non_null(answer_check_listing(str_make(bytes.data, size), &wanted));
	buf_append_u8(&reply, 0);
	assert_non_null(answer_check_listing(buf_str(&reply), &wanted));
	buf_finish(&reply);
	buf_finish(&listing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(right_file_is_accepted_and_its_id_told),
	        cmocka_unit_test(wrong_files_are_noticed_and_tell_no_id),
	        cmocka_unit_test(quick_look_tells_right_from_wrong),
	        cmocka_unit_test(missing_file_is_noticed),
	        cmocka_unit_test(junk_is_noticed),
	        cmocka_unit_test(only_true_is_true),
	        cmocka_unit_test(directory_is_told_from_file),
	        cmocka_unit_test(listing_is_counted_and_one_entry_looked_at),
	        cmocka_unit_test(listing_cut_at_any_byte_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
