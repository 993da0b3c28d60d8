/* SPDX-License-Identifier: Apache-2.0 */
/* What a start refuses, and in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "unit/journal/house.h"

static void a_folder_that_is_not_there_is_absent_and_both_ways_out_are_named(void **state)
{
	struct house *house = *state;
	char *text = NULL;

	assert_int_equal(journal_open(&house->options, &house->journal, &text), -ERR_ABSENT);
	house->journal = NULL;
	assert_non_null(strstr(text, house->folder));
	assert_non_null(strstr(text, "holdfast format"));
	assert_non_null(strstr(text, "mount"));
	mem_free(text);
}

static void an_empty_folder_is_absent_too(void **state)
{
	struct house *house = *state;
	char *text = NULL;

	assert_int_equal(io_mkdir(house->io, house->folder), 0);
	assert_int_equal(journal_open(&house->options, &house->journal, &text), -ERR_ABSENT);
	house->journal = NULL;
	mem_free(text);
	assert_int_equal(house_count(house, ""), 0);
}

static void a_second_start_names_who_has_the_folder(void **state)
{
	struct house *house = *state;
	struct journal *second;
	char *text = NULL, pid[32];

	house_format(house);
	house_open(house);
	assert_int_equal(journal_open(&house->options, &second, &text), -ERR_IN_USE);
	snprintf(pid, sizeof(pid), "process %d", io_process_id(house->io));
	assert_non_null(strstr(text, pid));
	mem_free(text);
	house_fill(house, 1, 10);
}

/* An offset in the newest segment's first batch: its first entry's index. */
static void rot_is_refused_with_index_file_offset_and_command(void **state)
{
	struct house *house = *state;
	const char *path;

	house_format(house);
	house_open(house);
	house_fill(house, 3, 100);
	house_close(house);
	path = house_newest(house, "segment-");
	house_flip(path, 4096 + 80);
	house_open_fails(house, -ERR_DAMAGED);
	assert_non_null(strstr(house->failure_text, path));
	assert_non_null(strstr(house->failure_text, "index 2"));
	assert_non_null(strstr(house->failure_text, "offset 4096"));
	assert_non_null(strstr(house->failure_text, "holdfast journal verify"));
	/* Put right, it starts. */
	house_flip(path, 4096 + 80);
	house_open(house);
	assert_int_equal(house->toy.count, 4);
}

static void zero_sector(const char *path, long offset)
{
	static const char zeros[512];
	FILE *file = fopen(path, "r+b");

	assert_non_null(file);
	assert_int_equal(fseek(file, offset, SEEK_SET), 0);
	assert_int_equal(fwrite(zeros, 1, sizeof(zeros), file), sizeof(zeros));
	fclose(file);
}

/* Offset of the last block that is not zero. */
static long last_block(const char *path)
{
	FILE *file = fopen(path, "rb");
	char block[4096];
	long last = 0;

	assert_non_null(file);
	for (long at = 0; fread(block, 1, sizeof(block), file) == sizeof(block); at += 4096) {
		for (size_t i = 0; i < sizeof(block); i++)
			last = block[i] != 0 ? at : last;
	}
	fclose(file);
	return last;
}

static void a_torn_last_batch_is_cut_and_told(void **state)
{
	struct house *house = *state;
	const char *path;

	house_format(house);
	house_open(house);
	house_fill(house, 3, 100);
	house_close(house);
	path = house_newest(house, "segment-");
	/* The last batch is the mark that closing wrote; before it stands the last entry. */
	zero_sector(path, last_block(path) + 3 * 512);
	house_open(house);
	assert_int_equal(house->toy.count, 4);
	buf_append_u8(&house->notices, 0);
	assert_non_null(strstr((char *)house->notices.data, "torn at offset"));
	assert_non_null(strstr((char *)house->notices.data, path));
}

static void a_missing_sector_before_the_last_batch_is_rot(void **state)
{
	struct house *house = *state;
	const char *path;

	house_format(house);
	house_open(house);
	house_fill(house, 3, 100);
	house_close(house);
	path = house_newest(house, "segment-");
	zero_sector(path, last_block(path) - 4096 + 3 * 512);
	house_open_fails(house, -ERR_DAMAGED);
	assert_non_null(strstr(house->failure_text, "index 4"));
}

static void the_newest_segment_may_not_be_missing(void **state)
{
	struct house *house = *state;

	house_format(house);
	house_open(house);
	house_fill(house, 3, 100);
	house_close(house);
	assert_int_equal(io_unlink(house->io, house_newest(house, "segment-")), 0);
	house_open_fails(house, -ERR_DAMAGED);
	assert_non_null(strstr(house->failure_text, "is missing"));
}

static void a_segment_of_another_cluster_is_foreign(void **state)
{
	struct house *house = *state;
	char command[700], other[256], *text = NULL;
	struct journal_format_options options = {.io = house->io,
	                                         .folder = other,
	                                         .cluster_id = STR("CID-other"),
	                                         .payload = STR("x")};

	house_format(house);
	snprintf(other, sizeof(other), "%s/other", house->top);
	assert_int_equal(journal_format(&options, &text), 0);
	mem_free(text);
	snprintf(command, sizeof(command), "cp %s/segment-* %s/", other, house->folder);
	assert_int_equal(system(command), 0);
	house_open_fails(house, -ERR_FOREIGN);
	assert_non_null(strstr(house->failure_text, "another cluster"));
}

static void leftovers_of_earlier_processes_are_removed_and_nothing_else(void **state)
{
	struct house *house = *state;
	char command[400];

	house_format(house);
	snprintf(command, sizeof(command),
	         "cd %s && touch prepared-3.tmp checkpoint-00000000000000000009.tmp notes.tmp",
	         house->folder);
	assert_int_equal(system(command), 0);
	house_open(house);
	assert_int_equal(house_count(house, "prepared-3.tmp"), 0);
	assert_int_equal(house_count(house, "checkpoint-00000000000000000009.tmp"), 0);
	assert_int_equal(house_count(house, "notes.tmp"), 1);
}

static void progress_is_told_to_its_end(void **state)
{
	struct house *house = *state;
	struct journal_progress progress;

	house_format(house);
	house_open(house);
	house_fill(house, 100, 1000);
	house_close(house);
	house_open(house);
	journal_progress(house->journal, &progress);
	assert_int_equal(progress.phase, JOURNAL_LEADING);
	assert_int_equal(progress.applied, 101);
	assert_int_equal(progress.target, 101);
	assert_true(progress.bytes_total > 100 * 1000);
	assert_int_equal(progress.bytes_done, progress.bytes_total);
	assert_int_equal(progress.eta_ms, 0);
}

#define IN_HOUSE(test) cmocka_unit_test_setup_teardown(test, house_setup, house_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        IN_HOUSE(a_folder_that_is_not_there_is_absent_and_both_ways_out_are_named),
	        IN_HOUSE(an_empty_folder_is_absent_too),
	        IN_HOUSE(a_second_start_names_who_has_the_folder),
	        IN_HOUSE(rot_is_refused_with_index_file_offset_and_command),
	        IN_HOUSE(a_torn_last_batch_is_cut_and_told),
	        IN_HOUSE(a_missing_sector_before_the_last_batch_is_rot),
	        IN_HOUSE(the_newest_segment_may_not_be_missing),
	        IN_HOUSE(a_segment_of_another_cluster_is_foreign),
	        IN_HOUSE(leftovers_of_earlier_processes_are_removed_and_nothing_else),
	        IN_HOUSE(progress_is_told_to_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
