/* SPDX-License-Identifier: Apache-2.0 */
/* ls, cat and verify, on a folder at rest and on one that a master uses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "unit/journal/house.h"

/* Several segments, two checkpoints; stays open. */
static void make(struct house *house)
{
	house->options.segment_bytes = 32 * 1024;
	house->options.checkpoint_entries = 20;
	house->options.keep_segments = true;
	house_format(house);
	house_open(house);
	house_fill(house, 25, 4000);
	RUN_UNTIL(house->io, house_count(house, "checkpoint-") == 1);
	house_fill(house, 25, 4000);
	RUN_UNTIL(house->io, house_count(house, "checkpoint-") == 2);
}

struct listing {
	size_t segments, checkpoints, open, bad;
	uint64_t last_index; /* of the file before */
	uint64_t stop_after;
};

static bool list_one(void *context, const struct journal_file *file)
{
	struct listing *listing = context;

	listing->segments += !file->is_checkpoint;
	listing->checkpoints += file->is_checkpoint;
	listing->open += file->is_open;
	listing->bad += file->rc != 0;
	assert_true(file->rc == 0 || file->text != NULL);
	if (!file->is_checkpoint && file->last_index != 0) {
		assert_int_equal(file->first_index, listing->last_index + 1);
		listing->last_index = file->last_index;
	}
	assert_true(file->bytes > 0 && (file->epoch > 0 || file->rc != 0));
	return listing->stop_after == 0 || --listing->stop_after > 0;
}

static void ls_names_every_file_in_order_of_index(void **state)
{
	struct house *house = *state;
	struct listing listing = {0};
	char *text = NULL;

	make(house);
	assert_int_equal(journal_ls(house->io, house->folder, list_one, &listing, &text), 0);
	assert_int_equal(listing.segments, house_count(house, "segment-"));
	assert_int_equal(listing.checkpoints, 2);
	assert_int_equal(listing.open, 1);
	assert_int_equal(listing.bad, 0);
	assert_int_equal(listing.last_index, 51);
	listing = (struct listing){.stop_after = 2};
	assert_int_equal(journal_ls(house->io, house->folder, list_one, &listing, &text), 0);
	assert_int_equal(listing.segments + listing.checkpoints, 2);
}

static void ls_says_what_is_wrong_with_a_file(void **state)
{
	struct house *house = *state;
	struct listing listing = {0};
	char *text = NULL;

	make(house);
	house_close(house);
	house_flip(house_newest(house, "segment-"), 4096 + 300);
	house_flip(house_newest(house, "checkpoint-"), 20);
	assert_int_equal(journal_ls(house->io, house->folder, list_one, &listing, &text), 0);
	assert_int_equal(listing.bad, 2);
}

struct seen {
	uint64_t first, last, count;
	uint64_t stop_after;
};

static bool see(void *context, const struct journal_entry *entry)
{
	struct seen *seen = context;

	if (seen->count++ == 0)
		seen->first = entry->index;
	else
		assert_int_equal(entry->index, seen->last + 1);
	seen->last = entry->index;
	assert_null(entry->append);
	return seen->stop_after == 0 || --seen->stop_after > 0;
}

static void cat_tells_the_entries_of_a_range(void **state)
{
	struct house *house = *state;
	struct seen seen = {0};
	char *text = NULL;

	make(house);
	assert_int_equal(journal_cat(house->io, house->folder, 1, UINT64_MAX, see, &seen, &text),
	                 0);
	assert_int_equal(seen.first, 1);
	assert_int_equal(seen.last, 51);
	seen = (struct seen){0};
	assert_int_equal(journal_cat(house->io, house->folder, 7, 40, see, &seen, &text), 0);
	assert_int_equal(seen.first, 7);
	assert_int_equal(seen.count, 34);
	seen = (struct seen){0};
	assert_int_equal(journal_cat(house->io, house->folder, 90, 100, see, &seen, &text), 0);
	assert_int_equal(seen.count, 0);
	seen = (struct seen){.stop_after = 3};
	assert_int_equal(journal_cat(house->io, house->folder, 1, 100, see, &seen, &text), 0);
	assert_int_equal(seen.count, 3);
}

/* The rest that was copied into a fresh segment stands in two files. */
static void cat_tells_an_entry_once_though_it_was_copied(void **state)
{
	struct house *house = *state;
	struct house_append request;
	struct seen seen = {0};
	char command[512], killed[64 + 32], *text = NULL;

	house_format(house);
	house_open(house);
	house_fill(house, 5, 100);
	assert_int_equal(house_append(house, &request, STR("the last one")), 0);
	RUN_UNTIL(house->io, request.done_calls == 1);
	/* As if killed here: a copy of the folder, without the mark that closing writes. */
	snprintf(killed, sizeof(killed), "%s/killed", house->top);
	snprintf(command, sizeof(command), "cp -r %s %s", house->folder, killed);
	assert_int_equal(system(command), 0);
	house_close(house);
	memcpy(house->folder, killed, sizeof(killed));
	house_open(house);
	assert_int_equal(house->toy.count, 7);
	assert_int_equal(house_count(house, "segment-"), 3);
	assert_int_equal(journal_cat(house->io, house->folder, 1, 100, see, &seen, &text), 0);
	assert_int_equal(seen.count, 7);
}

static void cat_stops_at_a_hole(void **state)
{
	struct house *house = *state;
	struct seen seen = {0};
	char *text = NULL;

	make(house);
	house_close(house);
	assert_int_equal(io_unlink(house->io, house_second(house, "segment-")), 0);
	assert_int_equal(journal_cat(house->io, house->folder, 1, 100, see, &seen, &text),
	                 -ERR_DAMAGED);
	assert_non_null(strstr(text, "a hole at index 2"));
	assert_int_equal(seen.last, 1);
	mem_free(text);
}

/* As a checkpoint takes away what it made needless: under another name, then in steps. */
struct taken {
	struct house *house;
	char path[512];
	uint64_t at, last, after; /* a gap */
};

static bool take_away(void *context, const struct journal_entry *entry)
{
	struct taken *taken = context;
	char doomed[sizeof(taken->path) + sizeof(".tmp")];

	if (entry->index > taken->last + 1)
		taken->after = entry->index;
	taken->last = entry->index;
	if (entry->index == taken->at) {
		snprintf(doomed, sizeof(doomed), "%s.tmp", taken->path);
		assert_int_equal(io_rename(taken->house->io, taken->path, doomed), 0);
		assert_int_equal(truncate(doomed, 8192), 0);
	}
	return true;
}

static void a_segment_that_is_taken_away_while_it_is_read_is_no_damage(void **state)
{
	enum { COUNT = 1200 };
	struct house *house = *state;
	struct taken taken = {.house = house};
	char *text = NULL;

	house->options.segment_bytes = 4 << 20;
	house_format(house);
	house_open(house);
	house_fill(house, COUNT, 8000);
	/* the first one of full size */
	snprintf(taken.path, sizeof(taken.path), "%s", house_path(house, "segment-", 2));
	taken.at = strtoull(strrchr(taken.path, '-') + 1, NULL, 10);
	if (journal_cat(house->io, house->folder, 1, UINT64_MAX, take_away, &taken, &text) != 0)
		fail_msg("%s", text);
	assert_true(taken.after > taken.at);
	assert_int_equal(taken.last, COUNT + 1);
}

static void verify_counts_and_finds_nothing_wrong(void **state)
{
	struct house *house = *state;
	struct journal_verdict verdict;
	struct buf report;

	make(house);
	buf_init(&report);
	for (int closed = 0; closed < 2; closed++) {
		assert_int_equal(journal_verify(house->io, house->folder, &report, &verdict), 0);
		assert_int_equal(verdict.problems, 0);
		assert_int_equal(verdict.checkpoints, 2);
		assert_int_equal(verdict.segments, house_count(house, "segment-"));
		assert_int_equal(verdict.first_index, 1);
		assert_int_equal(verdict.last_index, 51);
		assert_int_equal(verdict.entries, 51);
		house_close(house);
	}
	/* Closing has written the last mark. */
	assert_int_equal(verdict.last_mark, 51);
	assert_int_equal(report.size, 0);
	buf_finish(&report);
}

/* The sync thread writes while this one reads. */
static void verify_is_not_misled_by_a_batch_being_written(void **state)
{
	enum { ROUNDS = 200, COUNT = 20 };
	struct house *house = *state;
	struct house_append requests[COUNT];
	struct journal_verdict verdict;
	char bytes[1500] = {0};
	struct buf report;

	house->options.segment_bytes = 1 << 20;
	house_format(house);
	house_open(house);
	house_fill(house, 1, 10);
	buf_init(&report);
	for (int round = 0; round < ROUNDS; round++) {
		size_t taken = 0, room_calls = house->room_calls;

		while (taken < COUNT &&
		       house_append(house, &requests[taken], str_make(bytes, sizeof(bytes))) == 0)
			taken++;
		io_run_once(house->io, 0);
		assert_int_equal(journal_verify(house->io, house->folder, &report, &verdict), 0);
		if (verdict.problems > 0)
			fail_msg("%.*s", STR_ARGS(buf_str(&report)));
		if (taken > 0)
			RUN_UNTIL(house->io, requests[taken - 1].done_calls == 1);
		if (taken < COUNT)
			RUN_UNTIL(house->io, house->room_calls > room_calls);
	}
	buf_finish(&report);
}

static uint64_t problems(struct house *house, const char *expected)
{
	struct journal_verdict verdict;
	struct buf report;

	buf_init(&report);
	journal_verify(house->io, house->folder, &report, &verdict);
	buf_append_u8(&report, 0);
	if (strstr((char *)report.data, expected) == NULL)
		fail_msg("not said: %s in: %s", expected, (char *)report.data);
	buf_finish(&report);
	return verdict.problems;
}

static void verify_names_file_offset_and_index_of_damage(void **state)
{
	struct house *house = *state;
	const char *path;

	make(house);
	house_close(house);
	path = house_newest(house, "segment-");
	house_flip(path, 4096 + 300);
	assert_int_equal(problems(house, path), 1);
	assert_int_equal(problems(house, "offset 4096"), 1);
	house_flip(path, 4096 + 300);
	house_flip(house_newest(house, "checkpoint-"), 150);
	assert_int_equal(problems(house, house_newest(house, "checkpoint-")), 1);
}

/* Below the older checkpoint nobody needs it. */
static void verify_finds_a_missing_segment(void **state)
{
	struct house *house = *state;

	house->options.segment_bytes = 32 * 1024;
	house_format(house);
	house_open(house);
	house_fill(house, 30, 4000);
	house_close(house);
	assert_int_equal(io_unlink(house->io, house_second(house, "segment-")), 0);
	assert_true(problems(house, "a hole") >= 1);
	assert_int_equal(io_unlink(house->io, house_newest(house, "segment-")), 0);
	assert_true(problems(house, "the vote record names it as the newest segment") >= 1);
}

static void an_absent_folder_is_said_to_be_absent(void **state)
{
	struct house *house = *state;
	struct journal_verdict verdict;
	char *text = NULL;
	struct buf report;

	buf_init(&report);
	assert_int_equal(journal_verify(house->io, house->folder, &report, &verdict), -ERR_ABSENT);
	assert_int_equal(verdict.problems, 1);
	assert_int_equal(journal_ls(house->io, house->folder, list_one, NULL, &text), -ERR_ABSENT);
	mem_free(text);
	buf_finish(&report);
}

#define IN_HOUSE(test) cmocka_unit_test_setup_teardown(test, house_setup, house_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        IN_HOUSE(ls_names_every_file_in_order_of_index),
	        IN_HOUSE(ls_says_what_is_wrong_with_a_file),
	        IN_HOUSE(cat_tells_the_entries_of_a_range),
	        IN_HOUSE(cat_tells_an_entry_once_though_it_was_copied),
	        IN_HOUSE(cat_stops_at_a_hole),
	        IN_HOUSE(a_segment_that_is_taken_away_while_it_is_read_is_no_damage),
	        IN_HOUSE(verify_counts_and_finds_nothing_wrong),
	        IN_HOUSE(verify_is_not_misled_by_a_batch_being_written),
	        IN_HOUSE(verify_names_file_offset_and_index_of_damage),
	        IN_HOUSE(verify_finds_a_missing_segment),
	        IN_HOUSE(an_absent_folder_is_said_to_be_absent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
