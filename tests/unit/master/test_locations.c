/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/random.h"
#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "master/aside.h"
#include "master/deletions.h"
#include "master/locations.h"
#include "master/stores.h"

enum { FIRST = 1073741825 };

static void a_block_keeps_each_of_its_stores_once(void **state)
{
	struct locations *locations = locations_create();
	uint32_t numbers[8];

	(void)state;
	assert_int_equal(locations_add(locations, FIRST, 7), 0);
	assert_int_equal(locations_add(locations, FIRST, 3), 0);
	assert_int_equal(locations_add(locations, FIRST, 7), 0);
	assert_int_equal(locations_add(locations, FIRST + 1, 9), 0);
	assert_int_equal(locations_get(locations, FIRST, numbers, COUNT_OF(numbers)), 2);
	assert_int_equal(numbers[0] + numbers[1], 10);
	assert_true(locations_remove(locations, FIRST, 7));
	assert_false(locations_remove(locations, FIRST, 7));
	assert_int_equal(locations_get(locations, FIRST, numbers, COUNT_OF(numbers)), 1);
	assert_int_equal(numbers[0], 3);
	locations_remove_block(locations, FIRST);
	assert_int_equal(locations_count(locations), 1);
	locations_destroy(locations);
}

static void more_stores_than_asked_for_are_counted_but_not_written(void **state)
{
	struct locations *locations = locations_create();
	uint32_t numbers[2] = {0, 77};

	(void)state;
	for (uint32_t i = 1; i <= 5; i++)
		assert_int_equal(locations_add(locations, FIRST, i), 0);
	assert_int_equal(locations_get(locations, FIRST, numbers, 1), 5);
	assert_int_equal(numbers[1], 77);
	locations_destroy(locations);
}

/* A plain bit table beside it says what must be there. */
static void random_changes_agree_with_a_plain_table(void **state)
{
	enum { IDS = 3000, NUMBERS = 6, STEPS = 60000 };
	static bool plain[IDS][NUMBERS];
	struct locations *locations = locations_create();
	struct random random = random_make(42);
	uint64_t total = 0;

	(void)state;
	memset(plain, 0, sizeof(plain));
	for (int step = 0; step < STEPS; step++) {
		uint64_t id = random_below(&random, IDS);
		uint32_t number = (uint32_t)random_below(&random, NUMBERS);
		/* first more and more, then fewer and fewer */
		bool adds = random_chance(&random, step < STEPS / 2 ? 3 : 1, 4);
		uint64_t block_id = FIRST + id * 7;

		if (adds)
			assert_int_equal(locations_add(locations, block_id, number), 0);
		else
			assert_int_equal(locations_remove(locations, block_id, number),
			                 plain[id][number]);
		plain[id][number] = adds;
	}
	for (uint64_t id = 0; id < IDS; id++) {
		uint32_t numbers[NUMBERS];
		size_t count = locations_get(locations, FIRST + id * 7, numbers, NUMBERS);
		size_t wanted = 0;

		for (uint32_t n = 0; n < NUMBERS; n++)
			wanted += plain[id][n];
		assert_int_equal(count, wanted);
		for (size_t i = 0; i < count; i++)
			assert_true(plain[id][numbers[i]]);
		total += wanted;
	}
	assert_int_equal(locations_count(locations), total);
	locations_destroy(locations);
}

static void a_replica_costs_less_than_twelve_bytes(void **state)
{
	enum { BLOCKS = 200000, REPLICAS = 3 };
	struct locations *locations = locations_create();

	(void)state;
	for (uint32_t r = 0; r < REPLICAS; r++)
		for (uint64_t i = 0; i < BLOCKS; i++)
			assert_int_equal(locations_add(locations, FIRST + i, 100 + r), 0);
	assert_true(locations_bytes(locations) < 6 * (uint64_t)BLOCKS * REPLICAS);
	/* one block in ten left */
	for (uint64_t i = 0; i < BLOCKS; i++)
		if (i % 10 != 0)
			locations_remove_block(locations, FIRST + i);
	assert_true(locations_bytes(locations) < 12 * locations_count(locations));
	locations_destroy(locations);
}

struct seen {
	uint64_t blocks;
	uint32_t dropped; /* number that is taken out */
};

static size_t drop_number(void *context, uint64_t block_id, uint32_t *numbers, size_t count)
{
	struct seen *seen = context;
	size_t left = 0;

	(void)block_id;
	seen->blocks++;
	for (size_t i = 0; i < count; i++)
		if (numbers[i] != seen->dropped)
			numbers[left++] = numbers[i];
	return left;
}

static void a_walk_sees_every_block_and_drops_what_it_is_told(void **state)
{
	struct locations *locations = locations_create();
	struct seen seen = {.dropped = 1};
	uint32_t number;

	(void)state;
	for (uint64_t i = 0; i < 2000; i++) {
		assert_int_equal(locations_add(locations, FIRST + i, 1), 0);
		if (i % 2 == 0)
			assert_int_equal(locations_add(locations, FIRST + i, 2), 0);
	}
	locations_walk_begin(locations);
	while (locations_walk_step(locations, drop_number, &seen)) {
	}
	assert_int_equal(seen.blocks, 2000);
	assert_int_equal(locations_count(locations), 1000);
	assert_int_equal(locations_get(locations, FIRST + 1, &number, 1), 0);
	assert_int_equal(locations_get(locations, FIRST + 2, &number, 1), 1);
	assert_int_equal(number, 2);
	locations_destroy(locations);
}

static void a_walk_survives_removals_between_its_steps(void **state)
{
	struct locations *locations = locations_create();
	struct seen seen = {.dropped = 99};

	(void)state;
	for (uint64_t i = 0; i < 5000; i++)
		assert_int_equal(locations_add(locations, FIRST + i, 1), 0);
	locations_walk_begin(locations);
	assert_true(locations_walk_step(locations, drop_number, &seen));
	for (uint64_t i = 0; i < 5000; i++) /* the page that comes next is among them */
		if (i % 1024 != 0)
			locations_remove_block(locations, FIRST + i);
	while (locations_walk_step(locations, drop_number, &seen)) {
	}
	assert_true(seen.blocks < 1000);
	assert_int_equal(locations_count(locations), 5);
	locations_destroy(locations);
}

static void no_memory_is_an_error_and_changes_nothing(void **state)
{
	struct locations *locations = locations_create();

	(void)state;
	for (int64_t n = 0;; n++) {
		int rc = 0;

		mem_fail_after(n);
		for (uint64_t i = 0; i < 600 && rc == 0; i++)
			rc = locations_add(locations, FIRST + i, 1);
		if (!mem_has_failed()) {
			mem_fail_after(-1);
			break;
		}
		mem_fail_after(-1);
		assert_true(rc < 0);
		for (uint64_t i = 0; i < 600; i++)
			locations_remove_block(locations, FIRST + i);
		assert_int_equal(locations_count(locations), 0);
	}
	locations_destroy(locations);
}

static void a_retired_number_comes_back_only_after_a_whole_scan(void **state)
{
	struct store_numbers numbers;
	struct store store = {0};
	uint32_t first, second, third;

	(void)state;
	store_numbers_init(&numbers);
	assert_int_equal(store_numbers_take(&numbers, &store, &first), 0);
	store_numbers_scan_begins(&numbers);
	store_numbers_retire(&numbers, first);
	assert_null(store_of(&numbers, first));
	store_numbers_scan_ended(&numbers); /* it began before */
	assert_int_equal(store_numbers_take(&numbers, &store, &second), 0);
	assert_int_not_equal(second, first);
	store_numbers_scan_begins(&numbers);
	store_numbers_scan_ended(&numbers);
	assert_int_equal(store_numbers_take(&numbers, &store, &third), 0);
	assert_int_equal(third, first);
	store_numbers_finish(&numbers);
}

static void deletions_come_out_in_the_order_they_went_in(void **state)
{
	struct deletions deletions;
	struct block blocks[700];
	uint64_t next = 0;

	(void)state;
	deletions_init(&deletions);
	for (uint64_t i = 0; i < 2500; i++)
		assert_int_equal(deletions_add(&deletions, i, i + 1, i), 0);
	for (size_t taken; (taken = deletions_take(&deletions, blocks, COUNT_OF(blocks))) > 0;)
		for (size_t i = 0; i < taken; i++, next++) {
			assert_int_equal(blocks[i].id, next);
			assert_int_equal(blocks[i].stamp, next + 1);
		}
	assert_int_equal(next, 2500);
	deletions_clear(&deletions);
}

static void deletions_are_forgotten_by_their_age(void **state)
{
	struct deletions deletions;
	struct block blocks[3000];

	(void)state;
	deletions_init(&deletions);
	for (uint64_t i = 0; i < 2500; i++)
		assert_int_equal(deletions_add(&deletions, i, 1, i), 0);
	assert_int_equal(deletions_forget(&deletions, 0), 0);
	assert_int_equal(deletions_forget(&deletions, 1500), 1000); /* in chunks */
	assert_int_equal(deletions_take(&deletions, blocks, 1), 1);
	assert_int_equal(blocks[0].id, 1000);
	assert_int_equal(deletions_forget(&deletions, 2500), 1499);
	assert_int_equal(deletions.count, 0);
	assert_int_equal(deletions_add(&deletions, 7, 1, 9), 0);
	assert_int_equal(deletions_take(&deletions, blocks, COUNT_OF(blocks)), 1);
	deletions_clear(&deletions);
}

static void what_lies_aside_is_bounded(void **state)
{
	struct aside *aside = aside_create(12345);
	struct replica replica = {.block = {.id = 1}};

	(void)state;
	for (uint64_t i = 0; i < ASIDE_MAX; i++) {
		replica.block.id = i;
		assert_int_equal(aside_put(aside, &replica, 1, false), 0);
	}
	replica.block.id = ASIDE_MAX;
	assert_int_equal(aside_put(aside, &replica, 1, false), -ERR_TOO_LARGE);
	replica.block.id = 5; /* known already */
	assert_int_equal(aside_put(aside, &replica, 1, false), 0);
	assert_true(aside_remove(aside, 5, 1));
	replica.block.id = ASIDE_MAX;
	assert_int_equal(aside_put(aside, &replica, 1, false), 0);
	assert_int_equal(aside_count(aside), ASIDE_MAX);
	aside_destroy(aside);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_block_keeps_each_of_its_stores_once),
	        cmocka_unit_test(more_stores_than_asked_for_are_counted_but_not_written),
	        cmocka_unit_test(random_changes_agree_with_a_plain_table),
	        cmocka_unit_test(a_replica_costs_less_than_twelve_bytes),
	        cmocka_unit_test(a_walk_sees_every_block_and_drops_what_it_is_told),
	        cmocka_unit_test(a_walk_survives_removals_between_its_steps),
	        cmocka_unit_test(no_memory_is_an_error_and_changes_nothing),
	        cmocka_unit_test(a_retired_number_comes_back_only_after_a_whole_scan),
	        cmocka_unit_test(deletions_come_out_in_the_order_they_went_in),
	        cmocka_unit_test(deletions_are_forgotten_by_their_age),
	        cmocka_unit_test(what_lies_aside_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
