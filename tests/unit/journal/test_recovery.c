/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How one of several masters starts on a journal that is damaged: it keeps what stands before the
 * damage, takes nothing for good that is not, and remembers how far the journal went, or that this
 * cannot be known.
 *
 * The journal has three segments.  The first was cut after entry 8 by a leader of epoch 3, the
 * second was followed by a third at a start.  Epochs and marks are as a cluster leaves them:
 *
 *   run 1   1-3 (1)   4-6 (1)   7,8 (2) | 9,10 (2), cut
 *   run 2                                 9,10 (3)   11 (3)   12-14 (3)   a mark
 *   run 3                                 15,16 (4)  17-19 (4)  20 (5)
 *   marks                                                       16
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "unit/journal/made_journal.h"

enum { SEGMENTS = 3, LAST = 20, LAST_EPOCH = 5, MARK = 16 };

static const struct vote usual = {.term = 9,
                                  .segment_epoch = 3,
                                  .segment_first_index = 15,
                                  .history = {1, 2, 3},
                                  .asked_ms = 500};

struct world {
	struct made_folder folder;
	struct made_segment segments[SEGMENTS];
	struct entry entries[MADE_ENTRIES_MAX]; /* that count */
	struct entry cut[MADE_ENTRIES_MAX];     /* that were there before the cut */
	struct made_start start;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct made_segment *s = w->segments;

	made_folder_setup(&w->folder);
	made_begin(&s[0], 1, 8, NULL, NULL);
	made_batch(&s[0], 3, 1, 0, w->entries);
	made_batch(&s[0], 3, 1, 3, w->entries);
	made_batch(&s[0], 2, 2, 6, w->entries);
	memcpy(w->cut, w->entries, sizeof(w->cut));
	made_batch(&s[0], 2, 2, 6, w->cut);
	made_begin(&s[1], 2, 8, &s[0], &w->entries[8]);
	made_batch(&s[1], 2, 3, 8, w->entries);
	made_batch(&s[1], 1, 3, 10, w->entries);
	made_batch(&s[1], 3, 3, 10, w->entries);
	made_batch(&s[1], 0, 0, 12, NULL);
	made_begin(&s[2], 3, 7, &s[1], &w->entries[14]);
	made_batch(&s[2], 2, 4, 14, w->entries);
	made_batch(&s[2], 3, 4, 14, w->entries);
	made_batch(&s[2], 1, 5, MARK, w->entries);
	for (size_t i = 0; i < SEGMENTS; i++)
		made_put(&w->folder, &s[i]);
	made_vote(&w->folder, usual);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	made_start_finish(&w->start);
	made_folder_teardown(&w->folder);
	for (size_t i = 0; i < SEGMENTS; i++)
		free(w->segments[i].bytes);
	free(w);
	return 0;
}

static void start(struct world *w)
{
	made_start_finish(&w->start);
	made_start(&w->folder, &w->start);
}

static bool is_entry(const struct entry *a, const struct entry *b)
{
	return a->index == b->index && a->epoch == b->epoch && a->chain == b->chain;
}

/* Runs and lists say what the entries say. */
static void check_log(const struct made_start *found)
{
	const struct recovery_log *log = &found->log;
	size_t run = 0, list = 0;

	assert_int_equal(log->last.index, found->last);
	assert_true(log->mark == found->applied || log->base.index == found->applied);
	while (list < log->list_count && log->lists[list].index <= log->base.index)
		list++;
	for (uint64_t i = found->loaded + 1; i <= found->last; i++) {
		if (run + 1 < log->run_count && log->runs[run + 1].first == i)
			run++;
		assert_true(run < log->run_count && log->runs[run].first <= i);
		assert_int_equal(log->runs[run].term, found->entries[i].epoch);
		if (i % 5 != 0)
			continue;
		assert_true(list < log->list_count);
		assert_int_equal(log->lists[list].index, i);
		assert_string_equal(log->lists[list++].members.member[0].address, "m:1");
	}
	assert_int_equal(list, log->list_count);
}

/* What must hold whatever was damaged: the entries are those that were written, and if any is
 * missing, the bound says how far they went. */
static void check(struct world *w)
{
	const struct made_start *found = &w->start;
	bool is_whole = found->last == LAST;

	assert_int_equal(found->rc, 0);
	check_log(found);
	for (uint64_t i = found->loaded + 1; i <= found->last; i++) {
		bool is_good = is_entry(&found->entries[i], &w->entries[i]);

		is_whole &= is_good;
		assert_true(is_good || is_entry(&found->entries[i], &w->cut[i]));
	}
	assert_true(found->applied <= MARK);
	if (found->vote.bound == VOTE_BOUND) {
		assert_int_equal(found->vote.bound_epoch, LAST_EPOCH);
		assert_int_equal(found->vote.bound_index, LAST);
	}
	if (!is_whole)
		assert_true(found->vote.bound != VOTE_NO_BOUND && found->notices[0] != '\0');
	assert_int_equal(found->vote.term, usual.term);
	assert_memory_equal(found->vote.history, usual.history, sizeof(usual.history));
	assert_int_equal(found->vote.asked_ms, usual.asked_ms);
}

static void assert_bound(const struct world *w, enum vote_bound bound, uint64_t last)
{
	assert_int_equal(w->start.vote.bound, bound);
	assert_int_equal(w->start.last, last);
}

/* ---- a sound journal ---- */

static void a_sound_journal_is_read_whole_and_the_rest_begins_after_the_last_mark(void **state)
{
	struct world *w = *state;
	const struct segments *segments = &w->start.log.segments;

	start(w);
	check(w);
	assert_bound(w, VOTE_NO_BOUND, LAST);
	assert_int_equal(w->start.applied, MARK);
	assert_int_equal(w->start.log.mark, MARK);
	assert_int_equal(w->start.log.base.index, 0);
	assert_int_equal(w->start.log.run, 3);
	assert_int_equal(w->start.log.run_count, 5);
	assert_int_equal(w->start.log.list_count, 4);
	assert_int_equal(segments->count, 3);
	assert_int_equal(segments->ids[0].epoch, 1);
	assert_int_equal(segments->ids[2].first_index, 15);
	assert_string_equal(w->start.notices, "");
}

/* The last mark stands in the second segment: the third is rest altogether. */
static void the_rest_may_begin_in_an_older_segment(void **state)
{
	struct world *w = *state;
	struct made_segment *third = &w->segments[2];

	free(third->bytes);
	made_begin(third, 3, 7, &w->segments[1], &w->entries[14]);
	made_batch(third, 6, 4, 12, w->entries);
	made_put(&w->folder, third);
	start(w);
	assert_int_equal(w->start.rc, 0);
	check_log(&w->start);
	assert_bound(w, VOTE_NO_BOUND, LAST);
	assert_int_equal(w->start.applied, 12);
	/* The third begins behind the mark, so what is written next follows from the second. */
	assert_int_equal(w->start.log.segments.count, 2);
	assert_int_equal(segments_newest(&w->start.log.segments).epoch, 2);
}

static void a_checkpoint_brings_its_list_and_what_it_holds_is_not_read_again(void **state)
{
	struct world *w = *state;

	made_checkpoint(&w->folder, &w->entries[10], 5);
	start(w);
	check(w);
	assert_bound(w, VOTE_NO_BOUND, LAST);
	assert_int_equal(w->start.log.base.index, 10);
	assert_int_equal(w->start.log.base.epoch, 3);
	assert_int_equal(w->start.log.list_count, 3);
	assert_int_equal(w->start.log.lists[0].index, 5);
	assert_string_equal(w->start.log.lists[0].members.member[0].address, "c:1");
	assert_int_equal(w->start.log.segments.count, 2);
}

/* Another leader's checkpoint was put in place, and then the process died. */
static void a_checkpoint_beyond_the_journal_stands_alone(void **state)
{
	struct world *w = *state;
	struct entry far = {.index = 40, .epoch = 6, .chain = 77};

	made_checkpoint(&w->folder, &far, 30);
	start(w);
	assert_int_equal(w->start.rc, 0);
	assert_int_equal(w->start.log.last.index, 40);
	assert_int_equal(w->start.applied, 40);
	assert_int_equal(w->start.log.run_count, 0);
	assert_int_equal(w->start.log.list_count, 1);
	assert_int_equal(w->start.log.segments.count, 0);
	assert_int_equal(w->start.log.run, 3);
	assert_bound(w, VOTE_NO_BOUND, 40);
}

static void a_journal_that_differs_from_its_checkpoint_does_not_count(void **state)
{
	struct world *w = *state;
	struct entry other = w->entries[14];

	for (uint64_t index = 13; index <= 14; index++) {
		other = w->entries[index];
		other.epoch = 4;
		other.chain++;
		made_checkpoint(&w->folder, &other, 0);
		start(w);
		assert_int_equal(w->start.rc, 0);
		assert_bound(w, VOTE_NO_BOUND, index);
		assert_int_equal(w->start.log.segments.count, 0);
	}
}

static void an_empty_journal_starts_empty(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < SEGMENTS; i++)
		made_remove(&w->folder, made_name(&w->segments[i]));
	made_vote(&w->folder, (struct vote){.term = 0});
	start(w);
	assert_int_equal(w->start.rc, 0);
	assert_bound(w, VOTE_NO_BOUND, 0);
	assert_int_equal(w->start.log.run, 0);
}

/* ---- damage at every place ---- */

/* Entries that stand before an offset of a segment and count. */
static uint64_t last_before(const struct world *w, size_t place, size_t offset)
{
	const struct made_segment *segment = &w->segments[place];
	uint64_t last = segment->header.before_end;
	size_t at = MADE_BLOCK;
	struct batch_header batch;

	if (offset < MADE_BLOCK)
		return last;
	while (batch_header_decode(segment->bytes + at, &batch)) {
		at += (size_t)batch.sectors * SEGMENT_SECTOR_BYTES;
		if (at > offset)
			break;
		last = batch.last_index;
	}
	if (place + 1 < SEGMENTS && last > w->segments[place + 1].header.before_end)
		last = w->segments[place + 1].header.before_end;
	return last;
}

static void check_damaged(struct world *w, size_t place, size_t offset)
{
	enum vote_bound bound;
	uint64_t last, bound_index;

	start(w);
	check(w);
	assert_true(w->start.last >= last_before(w, place, offset));
	bound = w->start.vote.bound;
	bound_index = w->start.vote.bound_index;
	last = w->start.last;
	if (offset % 16 != 0)
		return;
	/* The next start finds the same, and what is remembered stays. */
	start(w);
	check(w);
	assert_bound(w, bound, last);
	assert_int_equal(w->start.vote.bound_index, bound_index);
}

/* Every byte that means something by itself, and some of each that does not. */
static size_t next_offset(size_t offset)
{
	size_t in_block = offset % MADE_BLOCK, in_sector = offset % SEGMENT_SECTOR_BYTES;

	if (offset < MADE_BLOCK)
		return offset + (offset < 160 ? 3 : 397);
	if (in_block < 80)
		return offset + 1;
	return offset + (in_sector < 6 ? 1 : 53);
}

static void a_flipped_byte_anywhere_loses_nothing_before_it_and_is_remembered(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < SEGMENTS; i++) {
		struct made_segment *segment = &w->segments[i];

		for (size_t at = 0; at < segment->header.file_bytes; at = next_offset(at)) {
			segment->bytes[at] ^= 0x20;
			made_put(&w->folder, segment);
			segment->bytes[at] ^= 0x20;
			made_vote(&w->folder, usual);
			check_damaged(w, i, at);
		}
		made_put(&w->folder, segment);
	}
}

static void a_file_cut_anywhere_loses_nothing_before_it_and_is_remembered(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < SEGMENTS; i++) {
		const struct made_segment *segment = &w->segments[i];

		for (size_t size = 0; size < segment->header.file_bytes; size += 211) {
			made_write(&w->folder, made_name(segment), segment->bytes, size);
			made_vote(&w->folder, usual);
			check_damaged(w, i, size);
		}
		made_put(&w->folder, segment);
	}
}

static void a_missing_segment_leaves_what_was_before_it(void **state)
{
	static const uint64_t last[SEGMENTS] = {0, 10, 14};
	struct world *w = *state;

	for (size_t i = 0; i < SEGMENTS; i++) {
		made_vote(&w->folder, usual);
		made_remove(&w->folder, made_name(&w->segments[i]));
		start(w);
		check(w);
		/* Of the newest segment nobody knows how far it went. */
		assert_bound(w, i + 1 == SEGMENTS ? VOTE_BOUND_UNKNOWN : VOTE_BOUND, last[i]);
		made_put(&w->folder, &w->segments[i]);
	}
}

/* ---- single cases ---- */

static void flip(struct world *w, size_t place, size_t offset)
{
	w->segments[place].bytes[offset] ^= 1;
	made_put(&w->folder, &w->segments[place]);
}

static void rot_names_place_index_and_what_comes_of_it(void **state)
{
	struct world *w = *state;

	flip(w, 1, 2 * MADE_BLOCK + 100);
	start(w);
	check(w);
	assert_bound(w, VOTE_BOUND, 10);
	assert_non_null(strstr(w->start.notices, made_name(&w->segments[1])));
	assert_non_null(strstr(w->start.notices, "index 11"));
	assert_non_null(strstr(w->start.notices, "offset 8192"));
	assert_non_null(strstr(w->start.notices, "index 20 of epoch 5"));
	assert_int_equal(w->start.log.segments.count, 2);
}

/* The batch before it was flipped too, so no readable sector tells of the last entry. */
static void rot_that_hides_the_end_is_remembered_as_unknown(void **state)
{
	struct world *w = *state;

	flip(w, 2, 3 * MADE_BLOCK + 10);
	start(w);
	check(w);
	assert_bound(w, VOTE_BOUND_UNKNOWN, 19);
	assert_non_null(strstr(w->start.notices, "votes for nobody"));
}

/* Alone it would wait for others in vain, if they did not come with what was lost. */
static void rot_of_who_knows_of_no_others_is_told_as_that(void **state)
{
	struct world *w = *state;

	flip(w, 0, 3 * MADE_BLOCK + 100);
	start(w);
	check(w);
	assert_bound(w, VOTE_BOUND, 6);
	assert_non_null(strstr(w->start.notices, "names no other master"));
	assert_null(strstr(w->start.notices, "from the other masters"));
}

/* Its batches tell how far it went all the same. */
static void a_segment_that_does_not_follow_is_dropped(void **state)
{
	struct world *w = *state;
	struct made_segment *third = &w->segments[2];

	third->header.before_end_chain++;
	segment_header_encode(&third->header, third->bytes);
	made_put(&w->folder, third);
	start(w);
	check(w);
	assert_bound(w, VOTE_BOUND, 14);
	assert_non_null(strstr(w->start.notices, "does not follow"));
}

static void a_torn_last_batch_leaves_no_bound(void **state)
{
	struct world *w = *state;

	memset(w->segments[2].bytes + 3 * MADE_BLOCK + 1024, 0, 512);
	made_put(&w->folder, &w->segments[2]);
	start(w);
	assert_int_equal(w->start.rc, 0);
	assert_bound(w, VOTE_NO_BOUND, 19);
	assert_non_null(strstr(w->start.notices, "torn"));
}

static void what_was_cut_by_the_cluster_may_rot(void **state)
{
	struct world *w = *state;

	flip(w, 0, 4 * MADE_BLOCK + 100);
	start(w);
	check(w);
	assert_bound(w, VOTE_NO_BOUND, LAST);
	assert_string_equal(w->start.notices, "");
}

static void damage_before_the_checkpoint_costs_what_cannot_be_reached(void **state)
{
	struct world *w = *state;

	made_checkpoint(&w->folder, &w->entries[10], 0);
	flip(w, 1, MADE_BLOCK + 100);
	start(w);
	check(w);
	assert_bound(w, VOTE_BOUND, 10);
	assert_int_equal(w->start.log.segments.count, 0);
}

static void all_that_is_lost_is_in_the_checkpoint_then_nothing_is(void **state)
{
	struct world *w = *state;

	made_checkpoint(&w->folder, &w->entries[LAST], 0);
	flip(w, 2, MADE_BLOCK + 100);
	start(w);
	assert_int_equal(w->start.rc, 0);
	assert_bound(w, VOTE_NO_BOUND, LAST);
	assert_non_null(strstr(w->start.notices, "nothing behind it"));
}

static void a_bad_checkpoint_is_made_up_for_by_the_segments(void **state)
{
	struct world *w = *state;
	uint8_t garbage[100] = {0};

	made_checkpoint(&w->folder, &w->entries[5], 5);
	made_write(&w->folder, "checkpoint-00000000000000000012", garbage, sizeof(garbage));
	start(w);
	check(w);
	assert_bound(w, VOTE_NO_BOUND, LAST);
	assert_int_equal(w->start.loaded, 5);
}

/* A checkpoint from another master of entries up to that one: there are no segments before it. */
static void put_checkpoint_from_elsewhere(struct world *w, uint64_t index)
{
	made_checkpoint(&w->folder, &w->entries[index], 0);
	for (size_t i = 0; i + 1 < SEGMENTS; i++)
		made_remove(&w->folder, made_name(&w->segments[i]));
}

/* It leads nowhere, so it cannot be opened: an error of the device, to who reads. */
static void make_unreadable(struct world *w, const char *name)
{
	made_remove(&w->folder, name);
	assert_int_equal(symlink(name, made_path(&w->folder, name)), 0);
}

/* Not the bytes are bad but the way to them, perhaps for a moment only. */
static void what_cannot_be_read_is_not_given_up_as_damaged(void **state)
{
	static const char name[] = "checkpoint-00000000000000000014";
	struct world *w = *state;

	put_checkpoint_from_elsewhere(w, 14);
	make_unreadable(w, name);
	start(w);
	assert_int_equal(w->start.rc, -ERR_IO);
	assert_non_null(strstr(w->start.text, name));
	assert_non_null(strstr(w->start.text, "start again"));
	made_remove(&w->folder, name);
	made_checkpoint(&w->folder, &w->entries[14], 0);
	start(w);
	check(w);
	assert_bound(w, VOTE_NO_BOUND, LAST);
}

static void what_cannot_be_read_and_is_not_needed_is_passed_over(void **state)
{
	static const char name[] = "checkpoint-00000000000000000014";
	struct world *w = *state;

	made_checkpoint(&w->folder, &w->entries[14], 0);
	make_unreadable(w, name);
	start(w);
	check(w);
	assert_bound(w, VOTE_NO_BOUND, LAST);
}

/* Nobody can tell of which epoch its last entry was. */
static void a_bad_checkpoint_beyond_all_that_can_be_read_leaves_an_unknown_bound(void **state)
{
	struct world *w = *state;
	uint8_t garbage[100] = {0};

	made_write(&w->folder, "checkpoint-00000000000000000030", garbage, sizeof(garbage));
	start(w);
	check(w);
	assert_bound(w, VOTE_BOUND_UNKNOWN, LAST);
}

static void a_greater_bound_of_before_stays(void **state)
{
	struct world *w = *state;
	struct vote vote = usual;

	flip(w, 1, 2 * MADE_BLOCK + 100);
	vote.bound = VOTE_BOUND;
	vote.bound_epoch = 6;
	vote.bound_index = 1;
	made_vote(&w->folder, vote);
	start(w);
	assert_int_equal(w->start.vote.bound_epoch, 6);
	vote.bound_epoch = 4;
	vote.bound_index = 100;
	made_vote(&w->folder, vote);
	start(w);
	assert_int_equal(w->start.vote.bound_epoch, LAST_EPOCH);
	assert_int_equal(w->start.vote.bound_index, LAST);
	vote.bound = VOTE_BOUND_UNKNOWN;
	made_vote(&w->folder, vote);
	start(w);
	assert_int_equal(w->start.vote.bound, VOTE_BOUND_UNKNOWN);
}

/* Wherever it happens: the start ends and says so, or nothing was missing because of it. */
static void lack_of_memory_costs_nothing(void **state)
{
	struct world *w = *state;
	bool has_failed = true;
	int failures = 0;

	made_checkpoint(&w->folder, &w->entries[5], 5);
	flip(w, 1, 2 * MADE_BLOCK + 100);
	for (int n = 0; has_failed; n++) {
		made_start_finish(&w->start);
		made_vote(&w->folder, usual);
		mem_fail_after(n);
		made_start(&w->folder, &w->start);
		has_failed = mem_has_failed();
		mem_fail_after(-1);
		failures += w->start.rc < 0;
		if (w->start.rc < 0)
			assert_int_equal(w->start.rc, -ERR_NO_MEMORY);
		else
			assert_bound(w, VOTE_BOUND, 10);
	}
	assert_true(failures > 20);
}

static void a_lost_vote_record_ends_the_membership(void **state)
{
	struct world *w = *state;
	uint8_t slots[VOTE_SLOTS * VOTE_SLOT_BYTES] = {0};

	made_write(&w->folder, FOLDER_VOTE, slots, sizeof(slots));
	start(w);
	assert_int_equal(w->start.rc, -ERR_DAMAGED);
	assert_non_null(strstr(w->start.text, "newcomer"));
	assert_non_null(strstr(w->start.text, "holdfast format"));
	made_remove(&w->folder, FOLDER_VOTE);
	start(w);
	assert_int_equal(w->start.rc, -ERR_DAMAGED);
	assert_non_null(strstr(w->start.text, "newcomer"));
}

/* There is one copy of it. */
static void who_belongs_to_no_cluster_yet_loses_nothing(void **state)
{
	struct world *w = *state;
	struct vote vote = usual;

	memset(vote.history, 0, sizeof(vote.history));
	made_vote(&w->folder, vote);
	flip(w, 2, 2 * MADE_BLOCK + 100);
	start(w);
	assert_int_equal(w->start.rc, -ERR_DAMAGED);
	assert_non_null(strstr(w->start.text, "holdfast journal verify"));
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        IN_WORLD(a_sound_journal_is_read_whole_and_the_rest_begins_after_the_last_mark),
	        IN_WORLD(the_rest_may_begin_in_an_older_segment),
	        IN_WORLD(a_checkpoint_brings_its_list_and_what_it_holds_is_not_read_again),
	        IN_WORLD(a_checkpoint_beyond_the_journal_stands_alone),
	        IN_WORLD(a_journal_that_differs_from_its_checkpoint_does_not_count),
	        IN_WORLD(an_empty_journal_starts_empty),
	        IN_WORLD(a_flipped_byte_anywhere_loses_nothing_before_it_and_is_remembered),
	        IN_WORLD(a_file_cut_anywhere_loses_nothing_before_it_and_is_remembered),
	        IN_WORLD(a_missing_segment_leaves_what_was_before_it),
	        IN_WORLD(rot_names_place_index_and_what_comes_of_it),
	        IN_WORLD(rot_that_hides_the_end_is_remembered_as_unknown),
	        IN_WORLD(rot_of_who_knows_of_no_others_is_told_as_that),
	        IN_WORLD(a_segment_that_does_not_follow_is_dropped),
	        IN_WORLD(a_torn_last_batch_leaves_no_bound),
	        IN_WORLD(what_was_cut_by_the_cluster_may_rot),
	        IN_WORLD(damage_before_the_checkpoint_costs_what_cannot_be_reached),
	        IN_WORLD(all_that_is_lost_is_in_the_checkpoint_then_nothing_is),
	        IN_WORLD(a_bad_checkpoint_is_made_up_for_by_the_segments),
	        IN_WORLD(what_cannot_be_read_is_not_given_up_as_damaged),
	        IN_WORLD(what_cannot_be_read_and_is_not_needed_is_passed_over),
	        IN_WORLD(a_bad_checkpoint_beyond_all_that_can_be_read_leaves_an_unknown_bound),
	        IN_WORLD(a_greater_bound_of_before_stays),
	        IN_WORLD(lack_of_memory_costs_nothing),
	        IN_WORLD(a_lost_vote_record_ends_the_membership),
	        IN_WORLD(who_belongs_to_no_cluster_yet_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
