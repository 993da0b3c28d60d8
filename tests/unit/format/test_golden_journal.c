/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of version 1, made from docs/formats.md without our code (golden/make_journal.py), are read
 * for ever.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "format/checkpoint.h"
#include "format/marker.h"
#include "format/segment_scan.h"
#include "format/vote.h"
#include "unit/format/segments.h"

static uint8_t golden[64 * 1024];

static size_t load(const char *name)
{
	char path[1024];
	const char *here = __FILE__;
	FILE *file;
	size_t size;

	snprintf(path, sizeof(path), "%.*sgolden/%s", (int)(strrchr(here, '/') + 1 - here), here,
	         name);
	file = fopen(path, "rb");
	assert_non_null(file);
	size = fread(golden, 1, sizeof(golden), file);
	fclose(file);
	return size;
}

static void a_segment_of_version_1_is_read(void **state)
{
	size_t size = load("segment-1"), batches;
	struct segment_scan scan;

	(void)state;
	assert_int_equal(scan_bytes(golden, size, size, &scan, &batches), SEGMENT_END);
	assert_int_equal(batches, 2);
	assert_string_equal(scan.header.cluster_id, "CID-golden");
	assert_int_equal(scan.header.epoch, 4);
	assert_int_equal(scan.header.before_epoch, 3);
	assert_int_equal(scan.header.before_end, 10);
	assert_int_equal(scan.header.created_ms, 1790000000000);
	assert_int_equal(scan.last.index, 12);
	assert_int_equal(scan.last.kind, 10);
	assert_int_equal(scan.mark, 12);
}

static void a_segment_of_version_1_is_what_would_be_written(void **state)
{
	struct made_segment made;
	size_t size = load("segment-1");
	struct entry entries[] = {{.payload = STR("first")}, {0}};
	struct batch_header batch = {.offset = 4096,
	                             .mark = 10,
	                             .first_index = 11,
	                             .first_epoch = 4,
	                             .last_index = 12,
	                             .last_epoch = 4,
	                             .entries = 2};
	struct segment_header header;
	char long_payload[5000];
	const char *why;
	struct buf body;
	uint64_t chain;

	(void)state;
	assert_int_equal(segment_header_decode(golden, &header, &why), 0);
	made_segment_init(&made, size, 4096);
	segment_header_encode(&header, made.bytes);
	memset(long_payload, 'x', sizeof(long_payload));
	entries[1].payload = str_make(long_payload, sizeof(long_payload));
	buf_init(&body);
	chain = header.before_end_chain;
	for (size_t i = 0; i < 2; i++) {
		entries[i].index = 11 + i;
		entries[i].epoch = 4;
		entries[i].kind = 10;
		entries[i].version = 1;
		entry_encode(&entries[i], chain, &body);
		chain = entries[i].chain;
	}
	batch_encode(&header, &batch, buf_str(&body), made.bytes + 4096);
	batch = (struct batch_header){
	        .offset = 3 * 4096, .mark = 12, .first_index = 13, .last_index = 12};
	batch_encode(&header, &batch, (struct str){0}, made.bytes + 3 * 4096);
	assert_memory_equal(made.bytes, golden, size);
	buf_finish(&body);
	made_segment_finish(&made);
}

static void a_checkpoint_of_version_1_is_read(void **state)
{
	const uint8_t *at = golden + CHECKPOINT_HEADER_BYTES;
	size_t size = load("checkpoint-1");
	struct checkpoint_header header;
	struct checkpoint_footer footer;
	struct checkpoint_tally tally;
	struct checkpoint_block block;
	struct buf records;
	const char *why;

	(void)state;
	buf_init(&records);
	checkpoint_tally_init(&tally);
	assert_int_equal(checkpoint_header_decode(golden, &header, &why), 0);
	while (checkpoint_part(at) == CHECKPOINT_BLOCK) {
		assert_int_equal(checkpoint_block_decode(at, tally.blocks, &records, &block, &why),
		                 0);
		checkpoint_tally_add(&tally, &block);
		at += CHECKPOINT_BLOCK_HEADER_BYTES + block.data_bytes;
	}
	assert_int_equal(checkpoint_footer_decode(at, &footer, &why), 0);
	assert_null(checkpoint_differs(&footer, &header, &tally, size));
	assert_int_equal(tally.blocks, 2);
	assert_int_equal(footer.records, 7);
	assert_int_equal(footer.digest.low, 5);
	assert_int_equal(footer.digest.high, 6);
	assert_int_equal(header.index, 12);
	assert_int_equal(header.chain, 0x99);
	assert_int_equal(header.members_index, 9);
	assert_int_equal(header.members_bytes, 2 + 2 * (20 + 8));
	assert_memory_equal(header.members + 2 + 20, "m1:19200", 8);
	assert_memory_equal(header.members + 2 + 28 + 20, "m2:19200", 8);
	assert_true(str_starts_with(buf_str(&records), STR("plain recordspacked packed ")));
	buf_finish(&records);
}

static void a_vote_record_of_version_1_is_read(void **state)
{
	struct vote vote;
	const char *why;
	int slot;

	(void)state;
	assert_int_equal(load("vote-1"), VOTE_SLOTS * VOTE_SLOT_BYTES);
	assert_int_equal(vote_choose(golden, &vote, &slot, &why), 0);
	assert_int_equal(slot, 0);
	assert_int_equal(vote.sequence, 8);
	assert_int_equal(vote.term, 5);
	assert_int_equal(vote.voted_for[15], 15);
	assert_int_equal(vote.segment_epoch, 4);
	assert_int_equal(vote.segment_first_index, 11);
	assert_int_equal(vote.history[15], 0);
	assert_int_equal(vote.asked_ms, 0);
	assert_int_equal(vote.bound, VOTE_NO_BOUND);
	assert_false(vote.is_removed);
}

static void a_vote_record_of_one_among_several_is_read(void **state)
{
	struct vote vote;
	const char *why;
	int slot;

	(void)state;
	assert_int_equal(load("vote_of_many-1"), VOTE_SLOTS * VOTE_SLOT_BYTES);
	assert_int_equal(vote_choose(golden, &vote, &slot, &why), 0);
	assert_int_equal(vote.segment_first_index, 11);
	assert_int_equal(vote.history[0], 16);
	assert_int_equal(vote.history[15], 31);
	assert_int_equal(vote.asked_ms, 15000);
	assert_int_equal(vote.bound, VOTE_BOUND);
	assert_true(vote.is_removed);
	assert_int_equal(vote.bound_epoch, 3);
	assert_int_equal(vote.bound_index, 12);
}

static void a_marker_of_version_1_is_read(void **state)
{
	size_t size = load("marker-1");
	struct marker marker;

	(void)state;
	assert_int_equal(marker_decode(str_make(golden, size), &marker), 0);
	assert_string_equal(marker.cluster_id, "CID-golden");
	assert_int_equal(marker.member[15], 15);
	assert_int_equal(marker.created_ms, 1790000000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_segment_of_version_1_is_read),
	        cmocka_unit_test(a_segment_of_version_1_is_what_would_be_written),
	        cmocka_unit_test(a_checkpoint_of_version_1_is_read),
	        cmocka_unit_test(a_vote_record_of_version_1_is_read),
	        cmocka_unit_test(a_vote_record_of_one_among_several_is_read),
	        cmocka_unit_test(a_marker_of_version_1_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
