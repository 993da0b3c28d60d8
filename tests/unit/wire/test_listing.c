/* SPDX-License-Identifier: Apache-2.0 */
/* A listing written in one pass is what protobuf-c would have made of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"
#include "unit/wire/same.h"

enum { NAMES = 1000 };

static struct wire_file_status entry(size_t i, char name[static 300])
{
	int size = snprintf(name, 300, "%0*zu", (int)(1 + i % 250), i);

	return (struct wire_file_status){
	        .type = 1 + i % 3,
	        .path = str_make(name, (size_t)size),
	        .length = i * i,
	        .mode = (uint32_t)(i & 07777),
	        .owner = STR("owner"),
	        .group = STR("group"),
	        .mtime = 1795273518669 + i,
	        .block_size = i << 20,
	        .file_id = 16386 + i,
	        .children = (int32_t)i - 1,
	};
}

static void write_listing(struct buf *buf, size_t count, uint32_t remaining)
{
	struct wire_listing_writer writer;

	wire_listing_begin(&writer, buf);
	for (size_t i = 0; i < count; i++) {
		char name[300];
		struct wire_file_status status = entry(i, name);

		wire_listing_add(&writer, &status);
	}
	wire_listing_end(&writer, remaining);
}

static void check_listing(size_t count, uint32_t remaining)
{
	Hdfs__GetListingResponse *reply;
	struct wire_listing_reply ours;
	struct arena arena;
	struct buf buf = {0};

	arena_init(&arena, 16 << 20);
	write_listing(&buf, count, remaining);
	assert_int_equal(
	        pb_unpack(&hdfs__get_listing_response__descriptor, buf_str(&buf), &arena, &reply),
	        0);
	assert_int_equal(reply->dir_list->n_partial_listing, count);
	assert_int_equal(reply->dir_list->remaining_entries, remaining);
	for (size_t i = 0; i < count; i++) {
		char name[300];
		struct wire_file_status status = entry(i, name);

		assert_true(same_file_status(&status, reply->dir_list->partial_listing[i]));
	}
	assert_int_equal(wire_listing_reply_decode(buf_str(&buf), &arena, &ours), 0);
	assert_true(same_listing_reply(&ours, reply));
	buf_finish(&buf);
	arena_finish(&arena);
}

static void entries_of_every_length_are_whole(void **state)
{
	(void)state;
	check_listing(NAMES, 0);
	check_listing(1, UINT32_MAX);
}

static void an_empty_directory_has_a_listing(void **state)
{
	(void)state;
	check_listing(0, 0);
}

static void the_length_stands_in_four_bytes(void **state)
{
	/* field 1, length 2 padded; field 2: nothing remains */
	static const uint8_t expected[] = {0x0a, 0x82, 0x80, 0x80, 0x00, 0x10, 0x00};
	struct buf buf = {0};

	(void)state;
	write_listing(&buf, 0, 0);
	assert_int_equal(buf.size, sizeof(expected));
	assert_memory_equal(buf.data, expected, sizeof(expected));
	buf_finish(&buf);
}

static void what_was_in_the_buffer_stays(void **state)
{
	struct buf alone = {0}, after = {0};

	(void)state;
	write_listing(&alone, 20, 3);
	buf_append(&after, "head", 4);
	write_listing(&after, 20, 3);
	assert_int_equal(after.size, alone.size + 4);
	assert_memory_equal(after.data, "head", 4);
	assert_memory_equal(after.data + 4, alone.data, alone.size);
	buf_finish(&alone);
	buf_finish(&after);
}

static void without_memory_the_buffer_says_so(void **state)
{
	bool is_done = false;

	(void)state;
	for (int n = 0; !is_done; n++) {
		struct buf buf = {0};

		mem_fail_after(n);
		write_listing(&buf, NAMES, 0);
		mem_fail_after(-1);
		is_done = !buf.failed;
		assert_in_range(n, 0, 20);
		buf_finish(&buf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(entries_of_every_length_are_whole),
	        cmocka_unit_test(an_empty_directory_has_a_listing),
	        cmocka_unit_test(the_length_stands_in_four_bytes),
	        cmocka_unit_test(what_was_in_the_buffer_stays),
	        cmocka_unit_test(without_memory_the_buffer_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
