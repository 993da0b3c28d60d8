/* SPDX-License-Identifier: Apache-2.0 */
#include "format/vote.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"

static uint8_t slots[VOTE_SLOTS * VOTE_SLOT_BYTES];

static struct vote vote_of(uint64_t sequence)
{
	return (struct vote){.sequence = sequence,
	                     .term = sequence * 10,
	                     .voted_for = {1, 2, 3},
	                     .segment_epoch = sequence * 10,
	                     .segment_first_index = sequence * 100,
	                     .history = {4, 5, 6},
	                     .asked_ms = sequence * 1000,
	                     .bound = VOTE_BOUND,
	                     .bound_epoch = sequence,
	                     .bound_index = sequence * 7,
	                     .is_removed = true};
}

static void put(int slot, uint64_t sequence)
{
	struct vote vote = vote_of(sequence);

	vote_encode(&vote, slots + slot * VOTE_SLOT_BYTES);
}

static void what_was_written_is_read(void **state)
{
	struct vote vote = vote_of(3), read;
	const char *why;

	(void)state;
	put(0, 3);
	assert_int_equal(vote_decode(slots, &read, &why), 0);
	assert_int_equal(read.sequence, vote.sequence);
	assert_int_equal(read.term, vote.term);
	assert_memory_equal(read.voted_for, vote.voted_for, sizeof(vote.voted_for));
	assert_int_equal(read.segment_epoch, vote.segment_epoch);
	assert_int_equal(read.segment_first_index, vote.segment_first_index);
	assert_memory_equal(read.history, vote.history, sizeof(vote.history));
	assert_int_equal(read.asked_ms, vote.asked_ms);
	assert_int_equal(read.bound, vote.bound);
	assert_int_equal(read.bound_epoch, vote.bound_epoch);
	assert_int_equal(read.bound_index, vote.bound_index);
	assert_true(read.is_removed);
}

static void who_stands_alone_is_not_taken_out(void **state)
{
	struct vote vote = vote_of(3), read;
	const char *why;

	(void)state;
	vote.is_removed = false;
	vote.stands_alone = true;
	vote_encode(&vote, slots);
	assert_int_equal(vote_decode(slots, &read, &why), 0);
	assert_true(read.stands_alone);
	assert_false(read.is_removed);
}

static void every_flipped_bit_of_a_slot_is_found(void **state)
{
	struct vote read;
	const char *why;

	(void)state;
	put(0, 3);
	for (size_t bit = 0; bit < (size_t)VOTE_SLOT_BYTES * 8; bit++) {
		slots[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(vote_decode(slots, &read, &why), -ERR_DAMAGED);
		slots[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void the_later_good_slot_counts(void **state)
{
	struct vote read;
	const char *why;
	int slot;

	(void)state;
	put(0, 4);
	put(1, 3);
	assert_int_equal(vote_choose(slots, &read, &slot, &why), 0);
	assert_int_equal(read.sequence, 4);
	assert_int_equal(slot, 0);
	put(0, 4);
	put(1, 5);
	assert_int_equal(vote_choose(slots, &read, &slot, &why), 0);
	assert_int_equal(read.sequence, 5);
	assert_int_equal(slot, 1);
}

static void one_bad_slot_leaves_the_other(void **state)
{
	struct vote read;
	const char *why;
	int slot;

	(void)state;
	for (int bad = 0; bad < VOTE_SLOTS; bad++) {
		put(0, 4);
		put(1, 4);
		slots[bad * VOTE_SLOT_BYTES + 20] ^= 1;
		assert_int_equal(vote_choose(slots, &read, &slot, &why), 0);
		assert_int_equal(read.sequence, 4);
		assert_int_equal(slot, !bad);
	}
}

/* Whoever wrote that knows more of bounds than this release. */
static void an_unknown_bound_is_refused(void **state)
{
	struct vote vote = vote_of(3), read;
	const char *why;

	(void)state;
	vote.bound = (enum vote_bound)3;
	vote_encode(&vote, slots);
	assert_int_equal(vote_decode(slots, &read, &why), -ERR_UNSUPPORTED);
}

static void two_bad_slots_are_an_error(void **state)
{
	struct vote read = {.sequence = 99};
	const char *why = NULL;
	int slot;

	(void)state;
	memset(slots, 0, sizeof(slots));
	assert_int_equal(vote_choose(slots, &read, &slot, &why), -ERR_DAMAGED);
	assert_non_null(why);
	assert_int_equal(read.sequence, 99);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_was_written_is_read),
	        cmocka_unit_test(who_stands_alone_is_not_taken_out),
	        cmocka_unit_test(every_flipped_bit_of_a_slot_is_found),
	        cmocka_unit_test(the_later_good_slot_counts),
	        cmocka_unit_test(one_bad_slot_leaves_the_other),
	        cmocka_unit_test(an_unknown_bound_is_refused),
	        cmocka_unit_test(two_bad_slots_are_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
