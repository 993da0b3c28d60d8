/* SPDX-License-Identifier: Apache-2.0 */
#include "format/entry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"

/* CRC32C a bit at a time, straight from its polynomial. */
static uint32_t slow_crc32c(const uint8_t *data, size_t size, size_t leave_out_at)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < size; i++) {
		if (i >= leave_out_at && i < leave_out_at + 4)
			continue;
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
	}
	return ~crc;
}

static struct entry sample(struct str payload)
{
	return (struct entry){.index = 0x0102030405060708,
	                      .epoch = 9,
	                      .kind = 0x0a0b,
	                      .version = 3,
	                      .payload = payload};
}

static const struct entry before_sample = {.index = 0x0102030405060707, .epoch = 8, .chain = 77};

static void fields_stand_where_the_format_says(void **state)
{
	static const uint8_t expected_head[] = {0x2a, 0, 0, 0};
	static const uint8_t expected_fields[] = {8, 7, 6,   5,   4,   3,   2,   1,    9,
	                                          0, 0, 0,   0,   0,   0,   0,   0x0b, 0x0a,
	                                          3, 0, 'p', 'a', 'y', 'l', 'o', 'd'};
	struct entry entry = sample(STR("paylod"));
	struct buf buf;
	uint32_t crc;

	(void)state;
	buf_init(&buf);
	entry_encode(&entry, 77, &buf);
	assert_int_equal(buf.size, 0x2a);
	assert_memory_equal(buf.data, expected_head, 4);
	assert_memory_equal(buf.data + 8, expected_fields, sizeof(expected_fields));
	memcpy(&crc, buf.data + 4, 4);
	assert_int_equal(crc, slow_crc32c(buf.data, buf.size, 4));
	buf_finish(&buf);
}

static void what_was_written_is_read(void **state)
{
	struct entry entry = sample(STR("some payload")), read;
	struct cursor c;
	struct buf buf;

	(void)state;
	buf_init(&buf);
	entry_encode(&entry, before_sample.chain, &buf);
	c = cursor_of(buf_str(&buf));
	assert_int_equal(entry_check(&c, &before_sample, &read), ENTRY_GOOD);
	assert_int_equal(cursor_left(&c), 0);
	assert_int_equal(read.index, entry.index);
	assert_int_equal(read.epoch, entry.epoch);
	assert_int_equal(read.kind, entry.kind);
	assert_int_equal(read.version, entry.version);
	assert_int_equal(read.chain, entry.chain);
	assert_true(str_equal(read.payload, entry.payload));
	buf_finish(&buf);
}

static void an_entry_of_another_place_is_a_hole(void **state)
{
	struct entry entry = sample(STR("x")), read, before = before_sample;
	struct cursor c;
	struct buf buf;

	(void)state;
	buf_init(&buf);
	entry_encode(&entry, before.chain, &buf);
	c = cursor_of(buf_str(&buf));
	before.index--;
	assert_int_equal(entry_check(&c, &before, &read), ENTRY_HOLE);
	before.index += 2;
	assert_int_equal(entry_check(&c, &before, &read), ENTRY_HOLE);
	buf_finish(&buf);
}

static void an_entry_of_another_history_is_foreign(void **state)
{
	struct entry entry = sample(STR("x")), read, before = before_sample;
	struct cursor c;
	struct buf buf;

	(void)state;
	buf_init(&buf);
	entry_encode(&entry, before.chain, &buf);
	c = cursor_of(buf_str(&buf));
	before.chain++;
	assert_int_equal(entry_check(&c, &before, &read), ENTRY_FOREIGN);
	before = before_sample;
	before.epoch = entry.epoch + 1;
	assert_int_equal(entry_check(&c, &before, &read), ENTRY_FOREIGN);
	buf_finish(&buf);
}

static void every_flipped_bit_and_every_cut_is_found(void **state)
{
	struct entry entry = sample(STR("a payload of some length")), read;
	struct cursor c;
	struct buf buf;

	(void)state;
	buf_init(&buf);
	entry_encode(&entry, before_sample.chain, &buf);
	for (size_t bit = 0; bit < buf.size * 8; bit++) {
		buf.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		c = cursor_of(buf_str(&buf));
		assert_int_equal(entry_check(&c, &before_sample, &read), ENTRY_BAD);
		buf.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t size = 0; size < buf.size; size++) {
		c = cursor_make(buf.data, size);
		assert_int_equal(entry_check(&c, &before_sample, &read), ENTRY_BAD);
		assert_false(entry_next(&c, &read));
	}
	buf_finish(&buf);
}

static void the_chain_depends_on_every_entry_before(void **state)
{
	struct entry a = sample(STR("a")), b = sample(STR("b")), c = sample(STR("c"));
	uint64_t after_a, after_b;
	struct buf buf;

	(void)state;
	buf_init(&buf);
	entry_encode(&a, 0, &buf);
	entry_encode(&c, a.chain, &buf);
	after_a = c.chain;
	entry_encode(&b, 0, &buf);
	entry_encode(&c, b.chain, &buf);
	after_b = c.chain;
	assert_true(after_a != after_b);
	buf_finish(&buf);
}

static void lack_of_memory_leaves_the_buffer_as_it_was(void **state)
{
	struct entry entry = sample(STR("x"));
	struct buf buf;

	(void)state;
	buf_init(&buf);
	mem_fail_after(0);
	entry_encode(&entry, 0, &buf);
	mem_fail_after(-1);
	assert_true(buf.failed);
	assert_int_equal(buf.size, 0);
	buf_finish(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(fields_stand_where_the_format_says),
	        cmocka_unit_test(what_was_written_is_read),
	        cmocka_unit_test(an_entry_of_another_place_is_a_hole),
	        cmocka_unit_test(an_entry_of_another_history_is_foreign),
	        cmocka_unit_test(every_flipped_bit_and_every_cut_is_found),
	        cmocka_unit_test(the_chain_depends_on_every_entry_before),
	        cmocka_unit_test(lack_of_memory_leaves_the_buffer_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
