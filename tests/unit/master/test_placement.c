/* SPDX-License-Identifier: Apache-2.0 */
/* Where new blocks go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/master/workers_fixture.h"

static size_t place(struct placement placement, size_t count, struct str *ret_uuids)
{
	const struct worker_info *chosen[WORKER_PLACEMENTS_MAX];
	size_t found = workers_place(workers, &placement, GB, count, chosen);

	for (size_t i = 0; i < found; i++) {
		ret_uuids[i] = chosen[i]->identity.uuid;
		for (size_t k = 0; k < i; k++)
			assert_false(str_equal(ret_uuids[i], ret_uuids[k]));
	}
	return found;
}

static void a_new_block_goes_to_the_writers_own_host_first(void **state)
{
	struct str uuids[4];

	(void)state;
	join("w1");
	join("w2");
	join("w3");
	assert_int_equal(place((struct placement){.writer_address = STR("10.0.0.2")}, 2, uuids), 2);
	assert_true(str_equal(uuids[0], STR("w2")));
	assert_int_equal(
	        place((struct placement){.writer_address = STR("10.0.0.2"), .is_not_local = true},
	              4, uuids),
	        2);
}

static void excluded_full_and_dead_workers_get_no_block(void **state)
{
	struct str excluded = STR("w1");
	struct str uuids[4];

	(void)state;
	join("w4"); /* dies */
	fake_pass_ms(&io, DEAD_MS);
	join("w1");
	join("w2");
	join("w3");
	beat_with("w2", GB - 1);
	for (int i = 0; i < 20; i++) {
		beat("w3");
		assert_int_equal(
		        place((struct placement){.excluded = &excluded, .excluded_count = 1}, 4,
		              uuids),
		        1);
		assert_true(str_equal(uuids[0], STR("w3")));
	}
}

static void room_promised_to_blocks_counts_until_the_next_heartbeat(void **state)
{
	struct str uuids[1];

	(void)state;
	join("w1");
	beat_with("w1", 2ull * GB);
	assert_int_equal(place((struct placement){0}, 1, uuids), 1);
	assert_int_equal(place((struct placement){0}, 1, uuids), 1);
	assert_int_equal(place((struct placement){0}, 1, uuids), 0);
	beat_with("w1", 2ull * GB);
	assert_int_equal(place((struct placement){0}, 1, uuids), 1);
}

static void a_block_that_came_takes_only_its_own_length(void **state)
{
	const struct block came = fake_block(1, 1, true);
	struct str uuids[1];

	(void)state;
	join("w1");
	beat_with("w1", 2ull * GB);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(place((struct placement){0}, 1, uuids), 1);
		report_change("w1", came, REPLICA_RECEIVED);
	}
	assert_int_equal(place((struct placement){0}, 1, uuids), 1);
	assert_int_equal(place((struct placement){0}, 1, uuids),
	                 0); /* little is taken, but it is */
}

static void a_stale_worker_gets_a_block_only_when_nobody_else_can(void **state)
{
	struct str uuids[2];

	(void)state;
	join("w1");
	fake_pass_ms(&io, STALE_MS);
	join("w2");
	assert_int_equal(place((struct placement){0}, 1, uuids), 1);
	assert_true(str_equal(uuids[0], STR("w2")));
	assert_int_equal(place((struct placement){0}, 2, uuids), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(a_new_block_goes_to_the_writers_own_host_first),
	        TEST(excluded_full_and_dead_workers_get_no_block),
	        TEST(room_promised_to_blocks_counts_until_the_next_heartbeat),
	        TEST(a_block_that_came_takes_only_its_own_length),
	        TEST(a_stale_worker_gets_a_block_only_when_nobody_else_can),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
