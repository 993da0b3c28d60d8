/* SPDX-License-Identifier: Apache-2.0 */
/* How far a damaged segment went: known only where it is certain, and then never too little. */
#include "format/segment_reach.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/format/segments.h"

enum { BLOCK = 4096, FILE_BYTES = 14 * BLOCK };

/* Entries 101, 102 to 104, a mark alone, 105 to 108; blocks of zeros after. */
static void make(struct made_segment *made)
{
	made_segment_init(made, FILE_BYTES, BLOCK);
	made_segment_add(made, 1, 100);
	made_segment_add(made, 3, 2500);
	made_segment_add(made, 0, 0);
	made_segment_add(made, 4, 1000);
}

/* What the scan finds; if it is damage, *ret_reach was led over the rest. */
static enum segment_finding look(const uint8_t *bytes, size_t size, struct segment_scan *scan,
                                 struct segment_reach *ret_reach)
{
	size_t batches;
	enum segment_finding finding = scan_bytes(bytes, size, BLOCK, scan, &batches);

	if (finding == SEGMENT_ROT || finding == SEGMENT_HOLE) {
		segment_reach_init(ret_reach, scan);
		while (ret_reach->at < ret_reach->end)
			segment_reach_step(ret_reach, bytes + ret_reach->at);
	}
	return finding;
}

static void flipped(struct made_segment *made, size_t offset, bool is_known, uint64_t index)
{
	struct segment_reach reach;
	struct segment_scan scan;

	made->bytes[offset] ^= 0x10;
	assert_int_equal(look(made->bytes, made->size, &scan, &reach), SEGMENT_ROT);
	assert_int_equal(segment_reach_is_known(&reach), is_known);
	if (is_known) {
		assert_int_equal(reach.index, index);
		assert_int_equal(reach.epoch, 5);
	}
	made->bytes[offset] ^= 0x10;
}

static void the_last_readable_first_sector_tells_the_end(void **state)
{
	struct made_segment made;

	(void)state;
	make(&made);
	for (size_t i = 0; i < made.batch_count; i++) {
		bool is_last = i + 1 == made.batch_count;

		flipped(&made, made.batches[i].offset + 3 * 512 + 100, true, 108);
		flipped(&made, made.batches[i].offset + 100, !is_last, 108);
	}
	made_segment_finish(&made);
}

static void bytes_of_nobody_behind_the_last_batch_hide_the_end(void **state)
{
	struct made_segment made;

	(void)state;
	make(&made);
	for (size_t at = made.end; at < made.size; at += 512)
		flipped(&made, at + 7, false, 0);
	made_segment_finish(&made);
}

/* As no byte of the file is without meaning, each change shows; what is known is then right. */
static void no_flipped_byte_makes_it_too_little(void **state)
{
	struct segment_reach reach;
	struct segment_scan scan;
	struct made_segment made;
	size_t known = 0;

	(void)state;
	make(&made);
	for (size_t at = BLOCK; at < made.size; at++) {
		made.bytes[at] ^= 1;
		assert_int_equal(look(made.bytes, made.size, &scan, &reach), SEGMENT_ROT);
		if (segment_reach_is_known(&reach)) {
			known++;
			assert_int_equal(reach.index, 108);
			assert_int_equal(reach.epoch, 5);
		}
		made.bytes[at] ^= 1;
	}
	/* All but the last batch's first sector and the zeros. */
	assert_int_equal(known, made.end - BLOCK - 512);
	made_segment_finish(&made);
}

static void a_cut_file_has_no_known_end(void **state)
{
	struct segment_reach reach;
	struct segment_scan scan;
	struct made_segment made;

	(void)state;
	make(&made);
	for (size_t size = BLOCK; size < made.size; size += 77) {
		assert_int_equal(look(made.bytes, size, &scan, &reach), SEGMENT_ROT);
		assert_false(segment_reach_is_known(&reach));
	}
	made_segment_finish(&made);
}

/* Batch 1 is rotten, the last one torn: it was never acknowledged. */
static void a_torn_last_batch_does_not_count(void **state)
{
	struct segment_reach reach;
	struct segment_scan scan;
	struct made_segment made;
	size_t torn;

	(void)state;
	make(&made);
	torn = made.batches[3].offset;
	made.bytes[made.batches[1].offset + 600] ^= 1;
	memset(made.bytes + torn + 512, 0, 512);
	assert_int_equal(look(made.bytes, made.size, &scan, &reach), SEGMENT_ROT);
	assert_true(segment_reach_is_known(&reach));
	assert_int_equal(reach.index, 104);
	/* Also if it is the first sector that is missing. */
	memset(made.bytes + torn, 0, 512);
	assert_int_equal(look(made.bytes, made.size, &scan, &reach), SEGMENT_ROT);
	assert_true(segment_reach_is_known(&reach));
	assert_int_equal(reach.index, 104);
	/* What was before it cannot be read: the mark's batch does not tell the epoch. */
	made.bytes[made.batches[1].offset + 60] ^= 1;
	assert_int_equal(look(made.bytes, made.size, &scan, &reach), SEGMENT_ROT);
	assert_false(segment_reach_is_known(&reach));
	made_segment_finish(&made);
}

/* A batch of another segment that the device put here. */
static void a_batch_of_another_segment_is_not_believed(void **state)
{
	struct made_segment made, other;
	struct segment_reach reach;
	struct segment_scan scan;

	(void)state;
	make(&made);
	make(&other);
	other.header.epoch = 4;
	other.end = made.end;
	made_segment_add(&other, 50, 10);
	memcpy(made.bytes + made.end, other.bytes + made.end, other.end - made.end);
	made.bytes[made.batches[1].offset + 600] ^= 1;
	assert_int_equal(look(made.bytes, made.size, &scan, &reach), SEGMENT_ROT);
	assert_false(segment_reach_is_known(&reach));
	made_segment_finish(&other);
	made_segment_finish(&made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_last_readable_first_sector_tells_the_end),
	        cmocka_unit_test(bytes_of_nobody_behind_the_last_batch_hide_the_end),
	        cmocka_unit_test(no_flipped_byte_makes_it_too_little),
	        cmocka_unit_test(a_cut_file_has_no_known_end),
	        cmocka_unit_test(a_torn_last_batch_does_not_count),
	        cmocka_unit_test(a_batch_of_another_segment_is_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
