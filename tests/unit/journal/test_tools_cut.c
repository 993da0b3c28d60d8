/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The offline tools on a journal that a cluster has cut twice:
 *
 *   run 1   1-6 (1)   7,8 (1)
 *   run 2             7-9 (2)   follows entry 6, left over
 *   run 3   5-12 (3)            follows entry 4
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "unit/journal/made_journal.h"

enum { SEGMENTS = 3, LAST = 12 };

struct world {
	struct made_folder folder;
	struct made_segment segments[SEGMENTS];
	struct entry entries[MADE_ENTRIES_MAX]; /* that count */
	uint64_t told;                          /* by cat or ls */
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct made_segment *s = w->segments;

	made_folder_setup(&w->folder);
	made_begin(&s[0], 1, 6, NULL, NULL);
	made_batch(&s[0], 6, 1, 0, w->entries);
	made_batch(&s[0], 2, 1, 4, NULL);
	made_begin(&s[1], 2, 6, &s[0], &w->entries[6]);
	made_batch(&s[1], 3, 2, 4, NULL);
	made_begin(&s[2], 3, 6, &s[0], &w->entries[4]);
	made_batch(&s[2], 8, 3, 4, w->entries);
	for (size_t i = 0; i < SEGMENTS; i++)
		made_put(&w->folder, &s[i]);
	made_vote(&w->folder, (struct vote){.segment_epoch = 3, .segment_first_index = 5});
	made_put_marker(&w->folder);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	made_folder_teardown(&w->folder);
	for (size_t i = 0; i < SEGMENTS; i++)
		free(w->segments[i].bytes);
	free(w);
	return 0;
}

static bool is_next(void *context, const struct journal_entry *entry)
{
	struct world *w = context;

	assert_int_equal(entry->index, ++w->told);
	assert_int_equal(entry->epoch, w->entries[entry->index].epoch);
	return true;
}

static void cat_tells_what_counts_and_not_what_was_cut(void **state)
{
	struct world *w = *state;
	char *text = NULL;

	assert_int_equal(
	        journal_cat(w->folder.io, w->folder.path, 1, UINT64_MAX, is_next, w, &text), 0);
	assert_int_equal(w->told, LAST);
}

static bool look(void *context, const struct journal_file *file)
{
	static const uint64_t last[SEGMENTS] = {4, 0, LAST};
	struct world *w = context;

	assert_int_equal(file->rc, 0);
	for (size_t i = 0; i < SEGMENTS; i++) {
		if (w->segments[i].header.epoch == file->epoch)
			assert_int_equal(file->last_index, last[i]);
	}
	w->told++;
	return true;
}

static void ls_says_how_much_of_each_file_counts(void **state)
{
	struct world *w = *state;
	char *text = NULL;

	assert_int_equal(journal_ls(w->folder.io, w->folder.path, look, w, &text), 0);
	assert_int_equal(w->told, SEGMENTS);
}

static void assert_verified(struct world *w, uint64_t problems, uint64_t last)
{
	struct journal_verdict verdict;
	struct buf report = {0};

	assert_int_equal(journal_verify(w->folder.io, w->folder.path, &report, &verdict), 0);
	assert_int_equal(verdict.problems, problems);
	assert_int_equal(verdict.last_index, last);
	buf_finish(&report);
}

static void verify_finds_nothing_wrong_with_it(void **state)
{
	struct world *w = *state;

	assert_verified(w, 0, LAST);
	/* Not with what does not count either. */
	w->segments[1].bytes[5000] ^= 1;
	made_put(&w->folder, &w->segments[1]);
	assert_verified(w, 0, LAST);
	w->segments[2].bytes[5000] ^= 1;
	made_put(&w->folder, &w->segments[2]);
	assert_verified(w, 1, 4);
}

static void verify_knows_what_the_primary_gave(void **state)
{
	struct world *w = *state;
	struct entry ahead = {.index = LAST + 8, .epoch = 4};

	made_checkpoint(&w->folder, &ahead, 1);
	assert_verified(w, 1, LAST); /* a lone master has nobody to be given one by */
	made_vote(&w->folder,
	          (struct vote){.segment_epoch = 3, .segment_first_index = 5, .history = {7}});
	assert_verified(w, 0, LAST);
}

static void verify_finds_nothing_wrong_with_a_member_without_entries(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < SEGMENTS; i++)
		made_remove(&w->folder, made_name(&w->segments[i]));
	made_vote(&w->folder, (struct vote){.term = 0});
	assert_verified(w, 0, 0);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        IN_WORLD(cat_tells_what_counts_and_not_what_was_cut),
	        IN_WORLD(ls_says_how_much_of_each_file_counts),
	        IN_WORLD(verify_finds_nothing_wrong_with_it),
	        IN_WORLD(verify_knows_what_the_primary_gave),
	        IN_WORLD(verify_finds_nothing_wrong_with_a_member_without_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
