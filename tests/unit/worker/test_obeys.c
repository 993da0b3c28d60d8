/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which master a worker obeys: HDFS's rule, BPOfferService.updateActorStatesFromHeartbeat.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "worker/worker_private.h"

enum { EPOCH = 1 << 24 };

/* Only their addresses count. */
static const char masters[2];
#define FIRST  ((const struct master_link *)&masters[0])
#define SECOND ((const struct master_link *)&masters[1])

static void who_claims_nothing_is_not_obeyed(void **state)
{
	struct worker worker = {0};

	(void)state;
	assert_false(worker_obeys(&worker, FIRST, false, 9 * EPOCH));
}

static void a_newer_claim_takes_over(void **state)
{
	struct worker worker = {0};

	(void)state;
	assert_true(worker_obeys(&worker, FIRST, true, 1 * EPOCH + 500));
	assert_true(worker_obeys(&worker, SECOND, true, 2 * EPOCH));
}

static void a_deposed_primary_is_refused_however_long_it_was_one(void **state)
{
	struct worker worker = {0};

	(void)state;
	assert_true(worker_obeys(&worker, FIRST, true, 1 * EPOCH));
	assert_true(worker_obeys(&worker, SECOND, true, 2 * EPOCH));
	assert_false(worker_obeys(&worker, FIRST, true, 2 * EPOCH - 1));
	assert_true(worker_obeys(&worker, SECOND, true, 2 * EPOCH + 3));
}

static void an_equal_claim_is_not_newer(void **state)
{
	struct worker worker = {0};

	(void)state;
	assert_true(worker_obeys(&worker, FIRST, true, 2 * EPOCH));
	assert_false(worker_obeys(&worker, SECOND, true, 2 * EPOCH));
}

static void who_gave_up_must_claim_anew(void **state)
{
	struct worker worker = {0};

	(void)state;
	assert_true(worker_obeys(&worker, FIRST, true, 2 * EPOCH));
	assert_false(worker_obeys(&worker, FIRST, false, 2 * EPOCH + 1));
	assert_false(worker_obeys(&worker, SECOND, true, 1 * EPOCH + 7));
	assert_true(worker_obeys(&worker, FIRST, true, 2 * EPOCH + 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(who_claims_nothing_is_not_obeyed),
	        cmocka_unit_test(a_newer_claim_takes_over),
	        cmocka_unit_test(a_deposed_primary_is_refused_however_long_it_was_one),
	        cmocka_unit_test(an_equal_claim_is_not_newer),
	        cmocka_unit_test(who_gave_up_must_claim_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
