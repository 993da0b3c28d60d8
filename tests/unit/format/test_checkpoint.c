/* SPDX-License-Identifier: Apache-2.0 */
#include "format/checkpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "format/bytes.h"

enum { BLOCKS = 3 };

static const struct checkpoint_header header = {.index = 500,
                                                .epoch = 7,
                                                .chain = 0xabcdef,
                                                .created_ms = 1700000000000,
                                                .cluster_id = "CID-test",
                                                .members_index = 400,
                                                .members_bytes = 7,
                                                .members = "members"};

/* A whole file: compressible records, some that are not, and an empty block. */
static void make(struct buf *file, struct buf *records)
{
	struct checkpoint_footer footer = {
	        .records = 42, .digest = {1, 2}, .index = 500, .epoch = 7, .chain = 0xabcdef};
	static uint8_t bytes[CHECKPOINT_HEADER_BYTES];
	struct checkpoint_tally tally;
	struct checkpoint_block block;
	uint64_t noise = 1;

	checkpoint_header_encode(&header, bytes);
	buf_append(file, bytes, sizeof(bytes));
	checkpoint_tally_init(&tally);
	for (uint64_t i = 0; i < BLOCKS; i++) {
		size_t start = records->size;

		for (int j = 0; i < 2 && j < 400; j++) {
			noise = i == 0 ? 7 : noise * 6364136223846793005u + 1442695040888963407u;
			buf_append_u8(records, (uint8_t)(noise >> 56));
		}
		assert_int_equal(checkpoint_block_encode(
		                         i, str_make(records->data + start, records->size - start),
		                         file, &block),
		                 0);
		checkpoint_tally_add(&tally, &block);
	}
	assert_int_equal(tally.file_bytes, file->size);
	footer.blocks = tally.blocks;
	footer.record_bytes = tally.record_bytes;
	footer.offset = tally.file_bytes;
	footer.blocks_hash = tally.blocks_hash;
	checkpoint_footer_encode(&footer, bytes);
	buf_append(file, bytes, CHECKPOINT_FOOTER_BYTES);
}

static bool has(const uint8_t *at, const uint8_t *end, size_t size)
{
	return (size_t)(end - at) >= size;
}

/* Reads a whole file; 0, or what is wrong. */
static int read_all(const uint8_t *bytes, size_t size, struct buf *records, const char **ret_why)
{
	const uint8_t *at = bytes, *end = bytes + size;
	struct checkpoint_header found;
	struct checkpoint_footer footer;
	struct checkpoint_tally tally;
	struct checkpoint_block block;
	int rc;

	*ret_why = "too short";
	if (!has(at, end, CHECKPOINT_HEADER_BYTES))
		return -ERR_DAMAGED;
	rc = checkpoint_header_decode(at, &found, ret_why);
	at += CHECKPOINT_HEADER_BYTES;
	checkpoint_tally_init(&tally);
	while (rc == 0 && has(at, end, CHECKPOINT_BLOCK_HEADER_BYTES) &&
	       checkpoint_part(at) == CHECKPOINT_BLOCK) {
		rc = checkpoint_block_header(at, &block, ret_why);
		if (rc == 0 &&
		    !has(at, end, CHECKPOINT_BLOCK_HEADER_BYTES + (size_t)block.data_bytes))
			rc = -ERR_DAMAGED;
		if (rc == 0)
			rc = checkpoint_block_decode(at, tally.blocks, records, &block, ret_why);
		if (rc == 0) {
			checkpoint_tally_add(&tally, &block);
			at += CHECKPOINT_BLOCK_HEADER_BYTES + (size_t)block.data_bytes;
		}
	}
	if (rc < 0)
		return rc;
	if (!has(at, end, CHECKPOINT_FOOTER_BYTES) || checkpoint_part(at) != CHECKPOINT_FOOTER)
		return -ERR_DAMAGED;
	rc = checkpoint_footer_decode(at, &footer, ret_why);
	if (rc == 0)
		*ret_why = checkpoint_differs(&footer, &found, &tally, size);
	return rc == 0 && *ret_why != NULL ? -ERR_DAMAGED : rc;
}

static void what_was_written_is_read(void **state)
{
	struct buf file, records, read;
	struct checkpoint_header found;
	const char *why;

	(void)state;
	buf_init(&file);
	buf_init(&records);
	buf_init(&read);
	make(&file, &records);
	assert_memory_equal(file.data, "HFCHKPNT", 8);
	/* 400 equal bytes take much less than 400. */
	assert_true(file.size < CHECKPOINT_HEADER_BYTES + CHECKPOINT_FOOTER_BYTES +
	                                BLOCKS * CHECKPOINT_BLOCK_HEADER_BYTES + 500);
	assert_int_equal(read_all(file.data, file.size, &read, &why), 0);
	assert_true(str_equal(buf_str(&records), buf_str(&read)));
	assert_int_equal(checkpoint_header_decode(file.data, &found, &why), 0);
	assert_int_equal(found.index, 500);
	assert_int_equal(found.epoch, 7);
	assert_int_equal(found.chain, 0xabcdef);
	assert_int_equal(found.created_ms, 1700000000000);
	assert_string_equal(found.cluster_id, "CID-test");
	assert_int_equal(found.members_index, 400);
	assert_int_equal(found.members_bytes, 7);
	assert_memory_equal(found.members, "members", 7);
	buf_finish(&file);
	buf_finish(&records);
	buf_finish(&read);
}

static void every_flipped_bit_is_found(void **state)
{
	struct buf file, records, read;
	const char *why;

	(void)state;
	buf_init(&file);
	buf_init(&records);
	buf_init(&read);
	make(&file, &records);
	for (size_t bit = 0; bit < file.size * 8; bit++) {
		why = NULL;
		buf_clear(&read);
		file.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(read_all(file.data, file.size, &read, &why), -ERR_DAMAGED);
		assert_non_null(why);
		file.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	buf_finish(&file);
	buf_finish(&records);
	buf_finish(&read);
}

static void every_cut_and_every_byte_too_much_is_found(void **state)
{
	struct buf file, records, read;
	const char *why;

	(void)state;
	buf_init(&file);
	buf_init(&records);
	buf_init(&read);
	make(&file, &records);
	for (size_t size = 0; size < file.size; size++) {
		buf_clear(&read);
		assert_int_equal(read_all(file.data, size, &read, &why), -ERR_DAMAGED);
	}
	buf_append_u8(&file, 0);
	buf_clear(&read);
	assert_int_equal(read_all(file.data, file.size, &read, &why), -ERR_DAMAGED);
	buf_finish(&file);
	buf_finish(&records);
	buf_finish(&read);
}

static void the_longest_list_of_members_fits_and_no_longer_one_is_believed(void **state)
{
	static uint8_t bytes[CHECKPOINT_HEADER_BYTES];
	struct checkpoint_header long_one = header, found;
	const char *why;

	(void)state;
	long_one.members_bytes = CHECKPOINT_MEMBERS_BYTES_MAX;
	memset(long_one.members, 'm', sizeof(long_one.members));
	checkpoint_header_encode(&long_one, bytes);
	assert_int_equal(checkpoint_header_decode(bytes, &found, &why), 0);
	assert_int_equal(found.members_bytes, CHECKPOINT_MEMBERS_BYTES_MAX);
	assert_memory_equal(found.members, long_one.members, sizeof(found.members));
	bytes[120]++;
	crc_put(bytes, sizeof(bytes), 12);
	assert_int_equal(checkpoint_header_decode(bytes, &found, &why), -ERR_DAMAGED);
}

static void blocks_out_of_order_are_found(void **state)
{
	struct checkpoint_block block;
	struct buf buf, records;
	const char *why;

	(void)state;
	buf_init(&buf);
	buf_init(&records);
	assert_int_equal(checkpoint_block_encode(4, STR("records"), &buf, &block), 0);
	assert_int_equal(checkpoint_block_decode(buf.data, 3, &records, &block, &why),
	                 -ERR_DAMAGED);
	assert_int_equal(checkpoint_block_decode(buf.data, 4, &records, &block, &why), 0);
	assert_true(str_equal(buf_str(&records), STR("records")));
	buf_finish(&buf);
	buf_finish(&records);
}

static void a_block_that_claims_a_giant_size_is_refused_before_memory_is_taken(void **state)
{
	uint8_t bytes[CHECKPOINT_BLOCK_HEADER_BYTES];
	struct checkpoint_block block;
	const char *why;

	(void)state;
	memset(bytes, 0xff, sizeof(bytes));
	assert_int_equal(checkpoint_block_header(bytes, &block, &why), -ERR_DAMAGED);
}

static void lack_of_memory_is_said(void **state)
{
	struct checkpoint_block block;
	struct buf buf, records;
	const char *why;

	(void)state;
	buf_init(&buf);
	buf_init(&records);
	mem_fail_after(0);
	assert_int_equal(checkpoint_block_encode(0, STR("records"), &buf, &block), -ERR_NO_MEMORY);
	mem_fail_after(-1);
	buf_clear(&buf);
	assert_int_equal(checkpoint_block_encode(0, STR("records"), &buf, &block), 0);
	mem_fail_after(0);
	assert_int_equal(checkpoint_block_decode(buf.data, 0, &records, &block, &why),
	                 -ERR_NO_MEMORY);
	mem_fail_after(-1);
	buf_finish(&buf);
	buf_finish(&records);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_was_written_is_read),
	        cmocka_unit_test(every_flipped_bit_is_found),
	        cmocka_unit_test(every_cut_and_every_byte_too_much_is_found),
	        cmocka_unit_test(the_longest_list_of_members_fits_and_no_longer_one_is_believed),
	        cmocka_unit_test(blocks_out_of_order_are_found),
	        cmocka_unit_test(
	                a_block_that_claims_a_giant_size_is_refused_before_memory_is_taken),
	        cmocka_unit_test(lack_of_memory_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
