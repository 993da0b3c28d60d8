/* SPDX-License-Identifier: Apache-2.0 */
#include "format/marker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"

static const struct marker sample = {
        .cluster_id = "CID-1234", .member = {0xab, 1, 0xcd}, .created_ms = 1700000000000};

static void it_is_text_that_a_person_can_read(void **state)
{
	static const char expected[] = "holdfast journal 1\n"
	                               "cluster CID-1234\n"
	                               "member ab01cd00000000000000000000000000\n"
	                               "created 1700000000000\n"
	                               "check ";
	struct buf buf;

	(void)state;
	buf_init(&buf);
	marker_encode(&sample, &buf);
	assert_true(str_starts_with(buf_str(&buf), str_of(expected)));
	assert_int_equal(buf.size, strlen(expected) + 9);
	buf_finish(&buf);
}

static void what_was_written_is_read(void **state)
{
	struct marker read;
	struct buf buf;

	(void)state;
	buf_init(&buf);
	marker_encode(&sample, &buf);
	assert_int_equal(marker_decode(buf_str(&buf), &read), 0);
	assert_string_equal(read.cluster_id, sample.cluster_id);
	assert_memory_equal(read.member, sample.member, MEMBER_ID_BYTES);
	assert_int_equal(read.created_ms, sample.created_ms);
	buf_finish(&buf);
}

static void every_flipped_bit_and_every_cut_is_found(void **state)
{
	struct marker read;
	struct buf buf;

	(void)state;
	buf_init(&buf);
	marker_encode(&sample, &buf);
	for (size_t bit = 0; bit < buf.size * 8; bit++) {
		buf.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_true(marker_decode(buf_str(&buf), &read) < 0);
		buf.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t size = 0; size < buf.size; size++)
		assert_int_equal(marker_decode(str_make(buf.data, size), &read), -ERR_DAMAGED);
	buf_append_u8(&buf, '\n');
	assert_int_equal(marker_decode(buf_str(&buf), &read), -ERR_DAMAGED);
	buf_finish(&buf);
}

static void a_later_release_is_told_from_damage(void **state)
{
	struct marker read;

	(void)state;
	assert_int_equal(marker_decode(STR("holdfast journal 2\nwhatever\n"), &read),
	                 -ERR_UNSUPPORTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(it_is_text_that_a_person_can_read),
	        cmocka_unit_test(what_was_written_is_read),
	        cmocka_unit_test(every_flipped_bit_and_every_cut_is_found),
	        cmocka_unit_test(a_later_release_is_told_from_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
