/* SPDX-License-Identifier: Apache-2.0 */
/* Which segments go when a checkpoint has made entries needless. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "journal/checkpoint_write.h"
#include "journal/segments.h"
#include "unit/journal/made_journal.h"

enum { NEWEST = 300, OLDER = 110 };

static void make_segment(struct made_folder *folder, struct segment_id id)
{
	char name[FOLDER_NAME_BYTES];
	FILE *file;

	folder_segment_name(id, name);
	file = fopen(made_path(folder, name), "w");
	assert_non_null(file);
	fclose(file);
}

static bool is_there(struct made_folder *folder, struct segment_id id)
{
	struct folder_names names;
	bool is_there;

	assert_int_equal(folder_list(folder->io, folder->path, &names), 0);
	is_there = folder_has_segment(&names, id);
	folder_names_finish(&names);
	return is_there;
}

static void clean(struct made_folder *folder, const struct segment_id *chain, size_t count,
                  uint64_t needless)
{
	struct segments segments = {0};
	uint64_t removed;

	for (size_t i = 0; i < count; i++) {
		assert_true(segments_reserve(&segments));
		segments_add(&segments, chain[i]);
	}
	assert_int_equal(checkpoint_clean(folder->io, folder->path, NEWEST, OLDER,
	                                  segments_first_with(&segments, needless + 1), &removed),
	                 0);
	segments_finish(&segments);
}

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct made_folder));
	made_folder_setup(*state);
	return 0;
}

static int teardown(void **state)
{
	made_folder_teardown(*state);
	free(*state);
	return 0;
}

static const struct segment_id first = {.epoch = 1, .first_index = 1};
static const struct segment_id second = {.epoch = 2, .first_index = 100};
static const struct segment_id third = {.epoch = 3, .first_index = 121};

static void what_ends_before_goes(void **state)
{
	const struct segment_id chain[] = {first, second, third};

	for (size_t i = 0; i < COUNT_OF(chain); i++)
		make_segment(*state, chain[i]);
	clean(*state, chain, COUNT_OF(chain), OLDER);
	assert_false(is_there(*state, first));
	assert_true(is_there(*state, second));
	assert_true(is_there(*state, third));
}

/* The header of the second one rotted, and with it the word that the first one ends at 99: it was
 * read to its end at 120, and the third one follows that. */
static void what_counts_no_more_says_nothing_of_the_ones_before(void **state)
{
	const struct segment_id chain[] = {first, third};

	make_segment(*state, first);
	make_segment(*state, second);
	make_segment(*state, third);
	clean(*state, chain, COUNT_OF(chain), OLDER);
	assert_true(is_there(*state, first));
	assert_true(is_there(*state, third));
	clean(*state, chain, COUNT_OF(chain), 120);
	assert_false(is_there(*state, first));
	assert_false(is_there(*state, second));
	assert_true(is_there(*state, third));
}

static void without_a_chain_all_stay(void **state)
{
	make_segment(*state, first);
	make_segment(*state, second);
	clean(*state, NULL, 0, OLDER);
	assert_true(is_there(*state, first));
	assert_true(is_there(*state, second));
}

/* A start from the newer of two checkpoints has read only what follows that one. */
static void what_lies_before_the_chain_that_was_read_stays(void **state)
{
	static const struct segment_id older = {1, 101}, read = {1, 201};

	make_segment(*state, older);
	make_segment(*state, read);
	clean(*state, &read, 1, OLDER);
	assert_true(is_there(*state, older));
	assert_true(is_there(*state, read));
}

static void nothing_of_a_large_one_stays(void **state)
{
	enum { BYTES = 9 << 20 };
	struct made_folder *folder = *state;
	const struct segment_id chain[] = {first, second, third};
	struct folder_names names;
	char name[FOLDER_NAME_BYTES];

	for (size_t i = 0; i < COUNT_OF(chain); i++)
		make_segment(folder, chain[i]);
	folder_segment_name(first, name);
	assert_int_equal(truncate(made_path(folder, name), BYTES), 0);
	clean(folder, chain, COUNT_OF(chain), OLDER);
	assert_int_equal(folder_list(folder->io, folder->path, &names), 0);
	assert_int_equal(names.segment_count, 2);
	assert_int_equal(names.temporary_count, 0);
	folder_names_finish(&names);
}

/* Seen through another name of the same file. */
static void a_large_checkpoint_is_given_back_in_steps(void **state)
{
	enum { BYTES = 9 << 20, STEP_BYTES = 4 << 20 };
	struct made_folder *folder = *state;
	char name[FOLDER_NAME_BYTES], path[256];
	struct stat stat;
	FILE *file;

	folder_checkpoint_name(OLDER - 1, name);
	snprintf(path, sizeof(path), "%s", made_path(folder, name));
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(ftruncate(fileno(file), BYTES), 0);
	assert_int_equal(link(path, made_path(folder, "another")), 0);
	clean(folder, NULL, 0, 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(fstat(fileno(file), &stat), 0);
	assert_int_equal(stat.st_nlink, 1);
	assert_true(stat.st_size <= STEP_BYTES);
	fclose(file);
}

/* It was given back in part, and must never be read. */
static void what_a_crash_left_of_one_goes_at_the_next_start(void **state)
{
	struct made_folder *folder = *state;
	char segment[FOLDER_NAME_BYTES], name[FOLDER_NAME_BYTES + 4], path[256];
	struct folder_names names;

	make_segment(folder, second);
	make_segment(folder, first);
	folder_segment_name(first, segment);
	snprintf(name, sizeof(name), "%s.tmp", segment);
	snprintf(path, sizeof(path), "%s", made_path(folder, segment));
	assert_int_equal(rename(path, made_path(folder, name)), 0);
	assert_int_equal(folder_list(folder->io, folder->path, &names), 0);
	assert_int_equal(names.segment_count, 1);
	assert_int_equal(names.temporary_count, 1);
	assert_int_equal(names.other_count, 0);
	folder_names_finish(&names);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(what_ends_before_goes),
	        TEST(nothing_of_a_large_one_stays),
	        TEST(a_large_checkpoint_is_given_back_in_steps),
	        TEST(what_a_crash_left_of_one_goes_at_the_next_start),
	        TEST(what_counts_no_more_says_nothing_of_the_ones_before),
	        TEST(without_a_chain_all_stay),
	        TEST(what_lies_before_the_chain_that_was_read_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
