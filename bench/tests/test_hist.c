/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include "bench/hist.h"

static struct hist hist;

static int setup(void **state)
{
	(void)state;
	hist_clear(&hist);
	return 0;
}

static void empty_one_says_zero(void **state)
{
	(void)state;
	assert_int_equal(hist_percentile(&hist, 50), 0);
	assert_int_equal(hist_percentile(&hist, 100), 0);
}

static void small_values_are_exact(void **state)
{
	(void)state;
	for (uint64_t value = 1; value <= 100; value++)
		hist_record(&hist, value);
	assert_int_equal(hist_percentile(&hist, 1), 1);
	assert_int_equal(hist_percentile(&hist, 50), 50);
	assert_int_equal(hist_percentile(&hist, 99), 99);
	assert_int_equal(hist_percentile(&hist, 99.5), 100);
	assert_int_equal(hist_percentile(&hist, 100), 100);
}

static void max_is_exact_and_no_percentile_exceeds_it(void **state)
{
	(void)state;
	hist_record(&hist, 1000000007);
	assert_int_equal(hist.max, 1000000007);
	assert_int_equal(hist_percentile(&hist, 50), 1000000007);
	assert_int_equal(hist_percentile(&hist, 100), 1000000007);
}

/* Buckets follow each other without a hole, and each value lies in the bucket said. */
static void every_bucket_begins_after_the_one_before(void **state)
{
	uint64_t begin = 0;

	(void)state;
	for (size_t bucket = 0; bucket < HIST_BUCKETS; bucket++) {
		uint64_t end = hist_bucket_end(bucket);

		assert_true(end >= begin);
		assert_int_equal(hist_bucket(begin), bucket);
		assert_int_equal(hist_bucket(end), bucket);
		begin = end + 1;
	}
	assert_int_equal(begin, UINT64_C(1) << HIST_VALUE_BITS);
}

static void a_value_is_known_to_two_percent(void **state)
{
	struct random random = random_make(7);

	(void)state;
	for (int i = 0; i < 100000; i++) {
		uint64_t value =
		        random_u64(&random) >> (64 - HIST_VALUE_BITS + random_below(&random, 40));
		uint64_t end = hist_bucket_end(hist_bucket(value));

		assert_true(end >= value);
		assert_true(end - value <= value / 50);
	}
}

static void huge_values_count_as_the_largest(void **state)
{
	(void)state;
	hist_record(&hist, UINT64_MAX);
	assert_int_equal(hist_bucket(UINT64_MAX), HIST_BUCKETS - 1);
	assert_int_equal(hist.count, 1);
	assert_int_equal(hist.max, UINT64_MAX);
}

/* One slow call in a thousand shows at 99.9 and above, not below. */
static void one_in_a_thousand_shows_in_the_tail_only(void **state)
{
	(void)state;
	for (int i = 0; i < 999; i++)
		hist_record(&hist, 100);
	hist_record(&hist, 5000000);
	assert_int_equal(hist_percentile(&hist, 99), 100);
	assert_int_equal(hist_percentile(&hist, 99.9), 100);
	assert_int_equal(hist_percentile(&hist, 99.95), 5000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(empty_one_says_zero, setup),
	        cmocka_unit_test_setup(small_values_are_exact, setup),
	        cmocka_unit_test_setup(max_is_exact_and_no_percentile_exceeds_it, setup),
	        cmocka_unit_test_setup(every_bucket_begins_after_the_one_before, setup),
	        cmocka_unit_test_setup(a_value_is_known_to_two_percent, setup),
	        cmocka_unit_test_setup(huge_values_count_as_the_largest, setup),
	        cmocka_unit_test_setup(one_in_a_thousand_shows_in_the_tail_only, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
