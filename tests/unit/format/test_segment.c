/* SPDX-License-Identifier: Apache-2.0 */
#include "format/segment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "unit/format/segments.h"

static void a_header_is_read_as_it_was_written(void **state)
{
	struct made_segment made;
	struct segment_header read;
	const char *why = NULL;

	(void)state;
	made_segment_init(&made, 8 * SEGMENT_BLOCK_BYTES, SEGMENT_BLOCK_BYTES);
	assert_memory_equal(made.bytes, "HFSEGMNT", 8);
	assert_int_equal(segment_header_decode(made.bytes, &read, &why), 0);
	assert_int_equal(read.block_bytes, made.header.block_bytes);
	assert_int_equal(read.file_bytes, made.header.file_bytes);
	assert_int_equal(read.epoch, made.header.epoch);
	assert_int_equal(read.first_index, made.header.first_index);
	assert_int_equal(read.before_epoch, made.header.before_epoch);
	assert_int_equal(read.before_first_index, made.header.before_first_index);
	assert_int_equal(read.before_end, made.header.before_end);
	assert_int_equal(read.before_end_epoch, made.header.before_end_epoch);
	assert_int_equal(read.before_end_chain, made.header.before_end_chain);
	assert_int_equal(read.created_ms, made.header.created_ms);
	assert_string_equal(read.cluster_id, "CID-test");
	made_segment_finish(&made);
}

static void every_flipped_bit_of_a_header_is_found(void **state)
{
	struct made_segment made;
	struct segment_header read;
	const char *why;

	(void)state;
	made_segment_init(&made, 8 * SEGMENT_BLOCK_BYTES, SEGMENT_BLOCK_BYTES);
	for (size_t bit = 0; bit < (size_t)SEGMENT_HEADER_BYTES * 8; bit++) {
		why = NULL;
		made.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(segment_header_decode(made.bytes, &read, &why), -ERR_DAMAGED);
		assert_non_null(why);
		made.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	made_segment_finish(&made);
}

static void header_fields_that_contradict_each_other_are_refused(void **state)
{
	struct segment_header good, bad, read;
	struct made_segment made;
	const char *why;

	(void)state;
	made_segment_init(&made, 8 * SEGMENT_BLOCK_BYTES, SEGMENT_BLOCK_BYTES);
	good = made.header;
	for (int i = 0; i < 8; i++) {
		bad = good;
		switch (i) {
		case 0: bad.block_bytes = 0; break;
		case 1: bad.block_bytes = 3 * SEGMENT_BLOCK_BYTES; break;
		case 2: bad.block_bytes = SEGMENT_BLOCK_BYTES_MAX * 2; break;
		case 3: bad.file_bytes += 512; break;
		case 4: bad.file_bytes = SEGMENT_BLOCK_BYTES; break;
		case 5: bad.first_index++; break;
		case 6: bad.epoch = 0; break;
		default: bad.before_epoch = bad.epoch + 1; break;
		}
		segment_header_encode(&bad, made.bytes);
		assert_int_equal(segment_header_decode(made.bytes, &read, &why), -ERR_DAMAGED);
	}
	made_segment_finish(&made);
}

static void a_batch_takes_whole_blocks(void **state)
{
	/* 440 bytes in the first sector, 508 in each of the others. */
	const size_t one_block = 440 + 7 * 508;

	(void)state;
	assert_int_equal(batch_size(0, 4096), 4096);
	assert_int_equal(batch_size(1, 4096), 4096);
	assert_int_equal(batch_size(one_block, 4096), 4096);
	assert_int_equal(batch_size(one_block + 1, 4096), 8192);
	assert_int_equal(batch_size(one_block + 1, 65536), 65536);
	assert_int_equal(batch_capacity(4096), one_block);
	assert_int_equal(batch_capacity(8192), one_block + 8 * 508);
	assert_int_equal(batch_capacity(0), 0);
}

static void every_further_sector_begins_with_its_own_stamp(void **state)
{
	struct made_segment made;
	uint32_t stamps[15], stamp;

	(void)state;
	made_segment_init(&made, 8 * SEGMENT_BLOCK_BYTES, SEGMENT_BLOCK_BYTES);
	made_segment_add(&made, 3, 2000);
	assert_int_equal(made.batches[0].size, 8192);
	for (size_t i = 1; i < 16; i++) {
		memcpy(&stamp, made.bytes + made.batches[0].offset + i * 512, 4);
		assert_true(stamp != 0);
		for (size_t j = 0; j + 1 < i; j++)
			assert_true(stamps[j] != stamp);
		stamps[i - 1] = stamp;
	}
	/* Another epoch, another stamp. */
	made.header.epoch++;
	assert_true(batch_stamp(&made.header, made.batches[0].offset, 1) != stamps[0]);
	made_segment_finish(&made);
}

static void every_flipped_bit_of_a_first_sector_is_found(void **state)
{
	struct batch_header read;
	struct made_segment made;
	uint8_t *sector;

	(void)state;
	made_segment_init(&made, 8 * SEGMENT_BLOCK_BYTES, SEGMENT_BLOCK_BYTES);
	made_segment_add(&made, 2, 100);
	sector = made.bytes + made.batches[0].offset;
	assert_true(batch_header_decode(sector, &read));
	for (size_t bit = 0; bit < (size_t)SEGMENT_SECTOR_BYTES * 8; bit++) {
		sector[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(batch_header_decode(sector, &read));
		sector[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	made_segment_finish(&made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_header_is_read_as_it_was_written),
	        cmocka_unit_test(every_flipped_bit_of_a_header_is_found),
	        cmocka_unit_test(header_fields_that_contradict_each_other_are_refused),
	        cmocka_unit_test(a_batch_takes_whole_blocks),
	        cmocka_unit_test(every_further_sector_begins_with_its_own_stamp),
	        cmocka_unit_test(every_flipped_bit_of_a_first_sector_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
