/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries for peers that lag, from the segments of a folder that lives on: three segments, the
 * first of which was cut after entry 8.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "journal/log_read.h"
#include "unit/journal/made_journal.h"

enum { SEGMENTS = 3, LAST = 20, NO_LIMIT = 1 << 20 };

struct world {
	struct made_folder folder;
	struct made_segment segments[SEGMENTS];
	struct segment_id ids[SEGMENTS];
	struct entry entries[MADE_ENTRIES_MAX];
	struct log_reader *reader;
	struct log_range range;
	struct buf bytes;
	char *text;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct made_segment *s = w->segments;

	made_folder_setup(&w->folder);
	made_begin(&s[0], 1, 8, NULL, NULL);
	made_batch(&s[0], 6, 1, 0, w->entries);
	made_batch(&s[0], 2, 2, 6, w->entries);
	made_batch(&s[0], 2, 2, 6, NULL);
	made_begin(&s[1], 2, 8, &s[0], &w->entries[8]);
	made_batch(&s[1], 2, 3, 8, w->entries);
	made_batch(&s[1], 0, 0, 10, NULL);
	made_batch(&s[1], 4, 3, 10, w->entries);
	made_begin(&s[2], 3, 7, &s[1], &w->entries[14]);
	made_batch(&s[2], 5, 4, 14, w->entries);
	made_batch(&s[2], 1, 5, 19, w->entries);
	for (size_t i = 0; i < SEGMENTS; i++) {
		made_put(&w->folder, &s[i]);
		w->ids[i] = (struct segment_id){.epoch = s[i].header.epoch,
		                                .first_index = s[i].header.first_index};
	}
	assert_int_equal(log_reader_create(w->folder.io, w->folder.path, &w->reader), 0);
	w->range = (struct log_range){.cluster_id = made_marker.cluster_id,
	                              .segments = w->ids,
	                              .segment_count = SEGMENTS,
	                              .last = LAST,
	                              .bytes_max = NO_LIMIT};
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	log_reader_destroy(w->reader);
	made_folder_teardown(&w->folder);
	for (size_t i = 0; i < SEGMENTS; i++)
		free(w->segments[i].bytes);
	buf_finish(&w->bytes);
	mem_free(w->text);
	free(w);
	return 0;
}

static int read_from(struct world *w, uint64_t first, uint64_t *ret_last)
{
	buf_clear(&w->bytes);
	w->range.first = first;
	return log_reader_read(w->reader, &w->range, &w->bytes, ret_last, &w->text);
}

/* Reads once, from `first`; the last index, all up to it being right. */
static uint64_t expect(struct world *w, uint64_t first)
{
	uint64_t last = 0, index = first;
	struct entry entry, before;
	struct cursor c;

	assert_int_equal(read_from(w, first, &last), 0);
	assert_true(last >= first);
	before = w->entries[first - 1];
	for (c = cursor_of(buf_str(&w->bytes)); cursor_left(&c) > 0; index++) {
		assert_int_equal(entry_check(&c, &before, &entry), ENTRY_GOOD);
		assert_int_equal(entry.index, index);
		assert_int_equal(entry.chain, w->entries[index].chain);
		before = entry;
	}
	assert_int_equal(index, last + 1);
	return last;
}

static void a_range_comes_in_order_as_far_as_each_segment_goes(void **state)
{
	struct world *w = *state;

	assert_int_equal(expect(w, 1), 8);
	/* Not those that the first segment holds behind its end. */
	assert_int_equal(expect(w, 9), 14);
	assert_int_equal(expect(w, 15), 20);
	w->range.last = 17;
	assert_int_equal(expect(w, 16), 17);
}

static void every_entry_can_be_read_first_forwards_and_backwards(void **state)
{
	struct world *w = *state;

	for (uint64_t i = 1; i <= LAST; i++)
		expect(w, i);
	for (uint64_t i = LAST; i >= 1; i--)
		expect(w, i);
}

static void at_least_one_entry_comes_and_no_more_than_fit(void **state)
{
	struct world *w = *state;
	uint64_t last;
	size_t two;

	w->range.bytes_max = 1;
	for (uint64_t i = 1; i <= LAST; i++)
		assert_int_equal(expect(w, i), i);
	w->range.bytes_max = NO_LIMIT;
	w->range.last = 2;
	assert_int_equal(read_from(w, 1, &last), 0);
	two = w->bytes.size;
	w->range.last = LAST;
	w->range.bytes_max = two;
	assert_int_equal(expect(w, 1), 2);
	w->range.bytes_max = two - 1;
	assert_int_equal(expect(w, 1), 1);
}

/* More readers than places, each behind the other. */
static void many_peers_read_at_once(void **state)
{
	uint64_t next[7] = {1, 3, 5, 9, 10, 13, 17};
	struct world *w = *state;

	w->range.bytes_max = 1;
	for (int round = 0; round < 20; round++) {
		for (size_t i = 0; i < 7; i++) {
			if (next[i] <= LAST)
				next[i] = expect(w, next[i]) + 1;
		}
	}
}

/* It is still open: a peer that reads on does not begin anew. */
static void a_segment_that_is_being_read_may_be_removed(void **state)
{
	struct world *w = *state;
	uint64_t last;

	w->range.bytes_max = 1;
	assert_int_equal(expect(w, 2), 2);
	made_remove(&w->folder, made_name(&w->segments[0]));
	for (uint64_t i = 3; i <= 8; i++)
		assert_int_equal(expect(w, i), i);
	assert_int_equal(read_from(w, 1, &last), -ERR_NO_FILE);
	assert_null(w->text);
	assert_int_equal(expect(w, 9), 9);
}

static void a_segment_that_was_not_read_up_stays_open(void **state)
{
	struct world *w = *state;

	w->range.last = 3;
	assert_int_equal(expect(w, 1), 3);
	made_remove(&w->folder, made_name(&w->segments[0]));
	w->range.last = LAST;
	assert_int_equal(expect(w, 4), 8);
}

static void what_is_in_no_segment_is_not_to_be_had(void **state)
{
	struct world *w = *state;
	uint64_t last;

	w->range.last = 30;
	assert_int_equal(expect(w, 19), 20);
	assert_int_equal(read_from(w, 21, &last), -ERR_NO_FILE);
	w->range.segments++;
	w->range.segment_count--;
	assert_int_equal(read_from(w, 8, &last), -ERR_NO_FILE);
	w->range.segment_count = 0;
	assert_int_equal(read_from(w, 9, &last), -ERR_NO_FILE);
}

/* Writes the newest segment in place up to `size`, as its writer does. */
static void write_newest(struct world *w, size_t size)
{
	FILE *file = fopen(made_path(&w->folder, made_name(&w->segments[2])), "r+b");
	static const uint8_t zeros[8 * MADE_BLOCK];

	assert_non_null(file);
	assert_int_equal(fwrite(w->segments[2].bytes, 1, size, file), size);
	assert_int_equal(fwrite(zeros, 1, w->segments[2].header.file_bytes - size, file),
	                 w->segments[2].header.file_bytes - size);
	fclose(file);
}

static void the_newest_segment_grows_meanwhile(void **state)
{
	struct world *w = *state;
	size_t end = w->segments[2].at;
	uint64_t last;

	write_newest(w, end - MADE_BLOCK);
	assert_int_equal(expect(w, 16), 19);
	/* Half of a batch is there. */
	write_newest(w, end - MADE_BLOCK / 2);
	assert_int_equal(read_from(w, 20, &last), -ERR_NO_FILE);
	assert_int_equal(expect(w, 17), 19);
	/* What was read ahead of what was asked for is not believed later. */
	w->range.last = 17;
	assert_int_equal(expect(w, 17), 17);
	write_newest(w, end);
	w->range.last = LAST;
	assert_int_equal(expect(w, 20), 20);
	assert_int_equal(expect(w, 19), 20);
}

/* What was read ahead of it when it was the newest one is not taken for its end. */
static void a_segment_that_was_newest_is_read_on_when_it_is_not_any_more(void **state)
{
	struct segment_id ids[SEGMENTS + 1];
	struct world *w = *state;

	memcpy(ids, w->ids, sizeof(w->ids));
	ids[SEGMENTS] = (struct segment_id){.epoch = 4, .first_index = LAST + 1};
	write_newest(w, w->segments[2].at - MADE_BLOCK);
	w->range.bytes_max = 1;
	assert_int_equal(expect(w, 18), 18);
	write_newest(w, w->segments[2].at);
	w->range.segments = ids;
	w->range.segment_count = SEGMENTS + 1;
	assert_int_equal(expect(w, 20), 20);
}

static void damage_is_told_after_what_stands_before_it(void **state)
{
	struct world *w = *state;
	uint64_t last = 99;

	w->segments[0].bytes[MADE_BLOCK * 2 + 100] ^= 1;
	made_put(&w->folder, &w->segments[0]);
	assert_int_equal(expect(w, 2), 6);
	assert_int_equal(read_from(w, 7, &last), -ERR_DAMAGED);
	assert_non_null(strstr(w->text, "index 7"));
	assert_int_equal(last, 99);
	assert_int_equal(w->bytes.size, 0);
}

static void without_memory_nothing_is_kept(void **state)
{
	struct world *w = *state;
	uint64_t last;

	for (int n = 0; n < 50; n++) {
		int rc;

		log_reader_rest(w->reader);
		buf_finish(&w->bytes);
		mem_fail_after(n);
		rc = read_from(w, 3, &last);
		mem_fail_after(-1);
		if (rc == 0)
			break;
		assert_int_equal(rc, -ERR_NO_MEMORY);
		mem_free(w->text);
		w->text = NULL;
	}
	assert_int_equal(expect(w, 3), 8);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        IN_WORLD(a_range_comes_in_order_as_far_as_each_segment_goes),
	        IN_WORLD(every_entry_can_be_read_first_forwards_and_backwards),
	        IN_WORLD(at_least_one_entry_comes_and_no_more_than_fit),
	        IN_WORLD(many_peers_read_at_once),
	        IN_WORLD(a_segment_that_is_being_read_may_be_removed),
	        IN_WORLD(a_segment_that_was_not_read_up_stays_open),
	        IN_WORLD(what_is_in_no_segment_is_not_to_be_had),
	        IN_WORLD(the_newest_segment_grows_meanwhile),
	        IN_WORLD(a_segment_that_was_newest_is_read_on_when_it_is_not_any_more),
	        IN_WORLD(damage_is_told_after_what_stands_before_it),
	        IN_WORLD(without_memory_nothing_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
