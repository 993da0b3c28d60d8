/* SPDX-License-Identifier: Apache-2.0 */
#include "format/segment_scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/random.h"
#include "unit/format/segments.h"

enum { BLOCK = SEGMENT_BLOCK_BYTES, SECTOR = SEGMENT_SECTOR_BYTES, FILE_BYTES = 12 * BLOCK };

/* One block, three blocks, a mark alone, two blocks; five blocks of zeros after. */
static void make(struct made_segment *made)
{
	made_segment_init(made, FILE_BYTES, BLOCK);
	made_segment_add(made, 3, 60);
	made_segment_add(made, 5, 2000);
	made_segment_add(made, 0, 0);
	made_segment_add(made, 40, 100);
	assert_int_equal(made->end, 8 * BLOCK);
}

static enum segment_finding scan(const struct made_segment *made, struct segment_scan *scan,
                                 size_t *batches)
{
	return scan_bytes(made->bytes, made->size, FILE_BYTES, scan, batches);
}

static void a_sound_segment_is_read_to_its_end(void **state)
{
	struct segment_scan s;
	struct made_segment made;
	size_t batches;

	(void)state;
	make(&made);
	assert_int_equal(scan(&made, &s, &batches), SEGMENT_END);
	assert_int_equal(batches, 4);
	assert_int_equal(s.last.index, 148);
	assert_int_equal(s.last.chain, made.last.chain);
	/* The last batch carries the mark of what was synced before it. */
	assert_int_equal(s.mark, 108);
	assert_int_equal(s.bad_offset, made.end);
	made_segment_finish(&made);
}

static void an_empty_segment_has_an_end(void **state)
{
	struct segment_scan s;
	struct made_segment made;
	size_t batches;

	(void)state;
	made_segment_init(&made, 2 * BLOCK, BLOCK);
	assert_int_equal(scan(&made, &s, &batches), SEGMENT_END);
	assert_int_equal(batches, 0);
	assert_int_equal(s.mark, 0);
	assert_int_equal(s.last.index, 100);
	made_segment_finish(&made);
}

static void the_size_of_the_pieces_does_not_matter(void **state)
{
	struct made_segment made;
	struct segment_scan s;
	size_t batches;

	(void)state;
	make(&made);
	for (size_t piece = 1; piece < 3000; piece += 97) {
		assert_int_equal(scan_bytes(made.bytes, made.size, piece, &s, &batches),
		                 SEGMENT_END);
		assert_int_equal(batches, 4);
	}
	memset(made.bytes + 7 * BLOCK, 0, SECTOR);
	for (size_t piece = 1; piece < 3000; piece += 97) {
		assert_int_equal(scan_bytes(made.bytes, made.size, piece, &s, &batches),
		                 SEGMENT_TORN);
		assert_int_equal(batches, 3);
	}
	made_segment_finish(&made);
}

static void larger_blocks_are_read(void **state)
{
	struct made_segment made;
	struct segment_scan s;
	size_t batches;

	(void)state;
	made_segment_init(&made, 8 * 16384, 16384);
	made_segment_add(&made, 3, 60);
	made_segment_add(&made, 30, 1000);
	assert_int_equal(made.batches[1].size, 2 * 16384);
	assert_int_equal(scan(&made, &s, &batches), SEGMENT_END);
	assert_int_equal(batches, 2);
	made_segment_finish(&made);
}

/* Every set of missing sectors of the last batch, all of them aside. */
static void a_last_batch_with_any_sectors_missing_is_torn(void **state)
{
	enum { SECTORS = 16 };
	struct random random = random_make(1);
	struct segment_scan s;
	struct made_segment made;
	uint8_t whole[SECTORS * SECTOR];
	uint8_t *batch;
	size_t batches;

	(void)state;
	make(&made);
	batch = made.bytes + made.batches[3].offset;
	assert_int_equal(made.batches[3].size, sizeof(whole));
	memcpy(whole, batch, sizeof(whole));
	for (uint32_t there = 1; there + 1 < 1u << SECTORS;
	     there += 1 + (uint32_t)random_below(&random, 16)) {
		uint32_t missing = 0;

		memcpy(batch, whole, sizeof(whole));
		for (size_t i = 0; i < SECTORS; i++) {
			if ((there >> i & 1) == 0) {
				memset(batch + i * SECTOR, 0, SECTOR);
				missing++;
			}
		}
		assert_int_equal(scan(&made, &s, &batches), SEGMENT_TORN);
		assert_int_equal(batches, 3);
		assert_int_equal(s.last.index, 108);
		assert_int_equal(s.bad_index, 109);
		assert_int_equal(s.bad_offset, made.batches[3].offset);
		/* Without the first sector nobody knows how many there were. */
		assert_int_equal(s.sectors, there & 1 ? SECTORS : 0);
		if (there & 1)
			assert_int_equal(s.sectors_missing, missing);
	}
	memset(batch, 0, sizeof(whole));
	assert_int_equal(scan(&made, &s, &batches), SEGMENT_END);
	made_segment_finish(&made);
}

static void sectors_missing_before_the_last_batch_are_never_torn(void **state)
{
	struct segment_scan s;
	struct made_segment made;
	uint8_t sector[SECTOR];
	size_t batches;

	(void)state;
	make(&made);
	for (size_t b = 0; b < 3; b++) {
		for (size_t i = 0; i < made.batches[b].size; i += SECTOR) {
			uint8_t *at = made.bytes + made.batches[b].offset + i;
			enum segment_finding finding;

			memcpy(sector, at, SECTOR);
			memset(at, 0, SECTOR);
			finding = scan(&made, &s, &batches);
			assert_true(finding == SEGMENT_ROT || finding == SEGMENT_HOLE);
			assert_int_equal(batches, b);
			assert_int_equal(s.bad_offset, made.batches[b].offset);
			assert_non_null(s.why);
			memcpy(at, sector, SECTOR);
		}
	}
	made_segment_finish(&made);
}

static void a_batch_missing_as_a_whole_is_a_hole(void **state)
{
	struct segment_scan s;
	struct made_segment made;
	size_t batches;

	(void)state;
	make(&made);
	memset(made.bytes + made.batches[1].offset, 0, made.batches[1].size);
	assert_int_equal(scan(&made, &s, &batches), SEGMENT_HOLE);
	assert_int_equal(batches, 1);
	assert_int_equal(s.bad_index, 104);
	assert_int_equal(s.bad_offset, made.batches[1].offset);
	made_segment_finish(&made);
}

static void every_flipped_byte_is_rot_and_never_torn(void **state)
{
	struct segment_scan s;
	struct made_segment made;
	size_t batches;

	(void)state;
	make(&made);
	for (size_t i = 0; i < made.size; i++) {
		enum segment_finding finding;

		made.bytes[i] ^= (uint8_t)(1 << i % 8);
		finding = scan(&made, &s, &batches);
		assert_true(finding == SEGMENT_ROT || finding == SEGMENT_HOLE);
		made.bytes[i] ^= (uint8_t)(1 << i % 8);
	}
	made_segment_finish(&made);
}

static void a_torn_batch_with_a_flipped_byte_is_rot(void **state)
{
	struct segment_scan s;
	struct made_segment made;
	uint8_t *batch;
	size_t batches;

	(void)state;
	make(&made);
	batch = made.bytes + made.batches[3].offset;
	memset(batch + 5 * SECTOR, 0, SECTOR);
	assert_int_equal(scan(&made, &s, &batches), SEGMENT_TORN);
	/* First sector, a stamp, and after the batch. */
	batch[100] ^= 1;
	assert_int_equal(scan(&made, &s, &batches), SEGMENT_ROT);
	batch[100] ^= 1;
	batch[7 * SECTOR + 2] ^= 1;
	assert_int_equal(scan(&made, &s, &batches), SEGMENT_ROT);
	batch[7 * SECTOR + 2] ^= 1;
	batch[made.batches[3].size + 3 * SECTOR + 9] ^= 1;
	assert_int_equal(scan(&made, &s, &batches), SEGMENT_ROT);
	made_segment_finish(&made);
}

static void every_cut_of_the_file_is_found(void **state)
{
	struct segment_scan s;
	struct made_segment made;
	size_t batches;

	(void)state;
	make(&made);
	for (size_t size = 0; size < made.size; size++)
		assert_int_equal(scan_bytes(made.bytes, size, FILE_BYTES, &s, &batches),
		                 SEGMENT_ROT);
	made_segment_finish(&made);
}

static void a_file_that_ends_inside_or_right_after_a_batch_is_rot(void **state)
{
	struct segment_scan s;
	struct made_segment made;
	size_t batches;

	(void)state;
	make(&made);
	for (size_t blocks = 6; blocks <= 8; blocks++) {
		struct segment_header header = made.header;

		header.file_bytes = blocks * BLOCK;
		segment_header_encode(&header, made.bytes);
		assert_int_equal(scan_bytes(made.bytes, header.file_bytes, BLOCK, &s, &batches),
		                 SEGMENT_ROT);
	}
	made_segment_finish(&made);
}

/* Writes one batch whose first sector says what `change` wants, with a checksum that holds. */
static enum segment_finding scan_forged(void (*change)(struct batch_header *batch))
{
	struct batch_header batch = {
	        .offset = BLOCK, .mark = 100, .first_index = 101, .entries = 1};
	struct entry entry = {.index = 101, .epoch = 5, .kind = 1, .payload = STR("x")};
	struct segment_scan s;
	struct made_segment made;
	enum segment_finding finding;
	size_t batches;
	struct buf body;

	made_segment_init(&made, FILE_BYTES, BLOCK);
	buf_init(&body);
	entry_encode(&entry, made.header.before_end_chain, &body);
	batch.first_epoch = batch.last_epoch = 5;
	batch.last_index = 101;
	change(&batch);
	batch_encode(&made.header, &batch, buf_str(&body), made.bytes + BLOCK);
	finding = scan(&made, &s, &batches);
	buf_finish(&body);
	made_segment_finish(&made);
	return finding;
}

static void leave(struct batch_header *batch)
{
	(void)batch;
}

static void move(struct batch_header *batch)
{
	batch->offset += BLOCK;
}

static void skip_one(struct batch_header *batch)
{
	batch->first_index++;
	batch->last_index++;
}

static void repeat_one(struct batch_header *batch)
{
	batch->first_index--;
	batch->last_index--;
}

static void mark_itself(struct batch_header *batch)
{
	batch->mark = 101;
}

/* Among several masters what is synced here need not be committed yet. */
static void mark_less_than_the_segment_before(struct batch_header *batch)
{
	batch->mark = 99;
}

static void other_epoch(struct batch_header *batch)
{
	batch->last_epoch = 4;
}

static void more_entries(struct batch_header *batch)
{
	batch->entries = 2;
	batch->last_index = 102;
}

static void no_entries(struct batch_header *batch)
{
	batch->entries = 0;
	batch->last_index = 100;
}

static void a_first_sector_that_contradicts_the_rest_is_not_believed(void **state)
{
	(void)state;
	assert_int_equal(scan_forged(leave), SEGMENT_END);
	assert_int_equal(scan_forged(move), SEGMENT_ROT);
	assert_int_equal(scan_forged(skip_one), SEGMENT_HOLE);
	assert_int_equal(scan_forged(repeat_one), SEGMENT_ROT);
	assert_int_equal(scan_forged(mark_itself), SEGMENT_ROT);
	assert_int_equal(scan_forged(mark_less_than_the_segment_before), SEGMENT_END);
	assert_int_equal(scan_forged(other_epoch), SEGMENT_ROT);
	assert_int_equal(scan_forged(more_entries), SEGMENT_ROT);
	assert_int_equal(scan_forged(no_entries), SEGMENT_ROT);
}

static void a_mark_that_goes_back_is_not_believed(void **state)
{
	struct segment_scan s;
	struct made_segment made;
	size_t batches;

	(void)state;
	make(&made);
	made.mark = 50;
	made_segment_add(&made, 1, 10);
	assert_int_equal(scan(&made, &s, &batches), SEGMENT_ROT);
	assert_int_equal(batches, 4);
	made_segment_finish(&made);
}

/* What stands before the cut was acknowledged as well. */
static void a_cut_file_is_read_up_to_the_cut(void **state)
{
	struct segment_scan s;
	struct made_segment made;
	size_t batches;

	(void)state;
	make(&made);
	for (size_t size = BLOCK; size < made.size; size += 100) {
		size_t whole = 0;

		while (whole < made.batch_count &&
		       made.batches[whole].offset + made.batches[whole].size <= size)
			whole++;
		assert_int_equal(scan_bytes(made.bytes, size, FILE_BYTES, &s, &batches),
		                 SEGMENT_ROT);
		assert_int_equal(batches, whole);
	}
	made_segment_finish(&made);
}

static void a_file_longer_than_its_header_says_is_rot(void **state)
{
	static uint8_t bytes[FILE_BYTES + BLOCK];
	struct segment_scan s;
	struct made_segment made;
	size_t batches;

	(void)state;
	make(&made);
	memcpy(bytes, made.bytes, FILE_BYTES);
	assert_int_equal(scan_bytes(bytes, sizeof(bytes), BLOCK, &s, &batches), SEGMENT_ROT);
	assert_int_equal(batches, 4);
	made_segment_finish(&made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_sound_segment_is_read_to_its_end),
	        cmocka_unit_test(an_empty_segment_has_an_end),
	        cmocka_unit_test(the_size_of_the_pieces_does_not_matter),
	        cmocka_unit_test(larger_blocks_are_read),
	        cmocka_unit_test(a_last_batch_with_any_sectors_missing_is_torn),
	        cmocka_unit_test(sectors_missing_before_the_last_batch_are_never_torn),
	        cmocka_unit_test(a_batch_missing_as_a_whole_is_a_hole),
	        cmocka_unit_test(every_flipped_byte_is_rot_and_never_torn),
	        cmocka_unit_test(a_torn_batch_with_a_flipped_byte_is_rot),
	        cmocka_unit_test(every_cut_of_the_file_is_found),
	        cmocka_unit_test(a_file_that_ends_inside_or_right_after_a_batch_is_rot),
	        cmocka_unit_test(a_mark_that_goes_back_is_not_believed),
	        cmocka_unit_test(a_cut_file_is_read_up_to_the_cut),
	        cmocka_unit_test(a_file_longer_than_its_header_says_is_rot),
	        cmocka_unit_test(a_first_sector_that_contradicts_the_rest_is_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
