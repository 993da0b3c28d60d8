/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include "worker/block_table.h"

static void what_was_added_is_found_until_removed(void **state)
{
	enum { IDS = 5000 };
	static bool is_there[IDS + 1];
	struct random random = random_make(7);
	struct block_table table = {0};
	size_t count = 0;

	(void)state;
	for (int step = 0; step < 200000; step++) {
		uint64_t id = 1 + random_below(&random, IDS);
		struct stored_block *found = block_table_find(&table, id);

		assert_int_equal(found != NULL, is_there[id]);
		if (is_there[id]) {
			assert_int_equal(found->id, id);
			assert_int_equal(found->length, id * 3);
			block_table_remove(&table, id);
			count--;
		} else {
			struct stored_block block = {.id = id, .stamp = 1001, .length = id * 3};

			assert_int_equal(block_table_add(&table, &block), 0);
			count++;
		}
		is_there[id] = !is_there[id];
		assert_int_equal(table.count, count);
	}
	for (uint64_t id = 1; id <= IDS; id++)
		assert_int_equal(block_table_find(&table, id) != NULL, is_there[id]);
	block_table_finish(&table);
}

static void an_empty_table_has_nothing(void **state)
{
	struct block_table table = {0};

	(void)state;
	assert_null(block_table_find(&table, 1));
	block_table_remove(&table, 1);
	block_table_finish(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_was_added_is_found_until_removed),
	        cmocka_unit_test(an_empty_table_has_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
