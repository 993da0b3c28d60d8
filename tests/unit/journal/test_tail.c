/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/check.h"
#include "journal/tail.h"

enum { FIRST = 1000, COUNT = 100000, SIZE = 8 };

static void add(struct tail *tail, uint64_t index)
{
	const struct entry entry = {.index = index, .epoch = 1, .chain = index};
	const uint8_t bytes[SIZE] = {0};

	assert_true(tail_reserve(tail, 1, sizeof(bytes)));
	tail_add(tail, &entry, str_make(bytes, sizeof(bytes)), NULL);
}

static void fill(struct tail *tail)
{
	const struct entry before = {.index = FIRST - 1};

	tail_init(tail, &before);
	for (uint64_t index = FIRST; index < FIRST + COUNT; index++)
		add(tail, index);
}

static void nothing_is_copied_while_a_tail_grows(void **state)
{
	const struct entry before = {.index = FIRST - 1};
	const struct tail_entry *first;
	struct tail tail;

	(void)state;
	tail_init(&tail, &before);
	add(&tail, FIRST);
	first = tail_at(&tail, FIRST);
	for (uint64_t index = FIRST + 1; index < FIRST + COUNT; index++)
		add(&tail, index);
	assert_ptr_equal(tail_at(&tail, FIRST), first);
	tail_finish(&tail);
}

static void every_entry_is_found_after_a_trim_and_a_cut(void **state)
{
	enum { KEPT = 5000, CUT = 3000 };
	struct tail tail;

	(void)state;
	fill(&tail);
	tail_trim(&tail, UINT64_MAX, KEPT * SIZE);
	assert_int_equal(tail.first, FIRST + COUNT - KEPT);
	tail_cut(&tail, tail.last + 1 - CUT);
	for (int i = 0; i < COUNT; i++)
		add(&tail, tail.last + 1);
	assert_int_equal(tail.bytes, (KEPT - CUT + COUNT) * SIZE);
	for (uint64_t index = tail.first; index <= tail.last; index++)
		assert_int_equal(tail_at(&tail, index)->chain, index);
	tail_finish(&tail);
}

static void a_tail_that_was_emptied_is_filled_again(void **state)
{
	struct tail tail;

	(void)state;
	fill(&tail);
	tail_trim(&tail, UINT64_MAX, 0);
	assert_true(tail.first > tail.last);
	for (int i = 0; i < COUNT; i++)
		add(&tail, tail.last + 1);
	assert_int_equal(tail_at(&tail, tail.first)->chain, FIRST + COUNT);
	tail_cut(&tail, tail.first);
	add(&tail, tail.last + 1);
	assert_int_equal(tail.bytes, SIZE);
	tail_finish(&tail);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(nothing_is_copied_while_a_tail_grows),
	        cmocka_unit_test(every_entry_is_found_after_a_trim_and_a_cut),
	        cmocka_unit_test(a_tail_that_was_emptied_is_filled_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
