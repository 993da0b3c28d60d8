/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "journal/hang.h"
#include "unit/io/run_until.h"

enum { HANG_MS = 40 };

struct watch {
	struct io *io;
	struct hang hang;
	struct hang_work sync, vote;
	unsigned told;
	char what[64]; /* was told last */
	uint64_t told_us;
};

static void hangs(struct hang *hang)
{
	struct watch *watch = CONTAINER_OF(hang, struct watch, hang);

	watch->told++;
	snprintf(watch->what, sizeof(watch->what), "%s", hang_what(hang));
	watch->told_us = hang_us(hang);
}

static int set_up(void **state)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	assert_int_equal(io_create(&watch->io), 0);
	hang_init(&watch->hang, watch->io, HANG_MS, hangs);
	*state = watch;
	return 0;
}

static int tear_down(void **state)
{
	struct watch *watch = *state;

	hang_finish(&watch->hang);
	io_destroy(watch->io);
	free(watch);
	return 0;
}

/* Half of what may pass. */
static void pass_half(struct watch *watch)
{
	uint64_t end_us = io_now_us(watch->io) + HANG_MS * 1000 / 2;

	while (io_now_us(watch->io) < end_us)
		io_run_once(watch->io, 1);
}

static void the_work_that_the_thread_is_at_is_told_once(void **state)
{
	struct watch *watch = *state;

	hang_begin(&watch->hang, &watch->sync, "a sync");
	hang_begin(&watch->hang, &watch->vote, "a vote");
	RUN_UNTIL(watch->io, watch->told > 0);
	assert_string_equal(watch->what, "a sync");
	assert_true(watch->told_us >= HANG_MS * 1000);
	pass_half(watch);
	pass_half(watch);
	pass_half(watch);
	assert_int_equal(watch->told, 1);
}

static void work_that_waited_has_its_own_time(void **state)
{
	struct watch *watch = *state;
	uint64_t began_us;

	hang_begin(&watch->hang, &watch->sync, "a sync");
	hang_begin(&watch->hang, &watch->vote, "a vote");
	pass_half(watch);
	hang_end(&watch->hang, &watch->sync);
	began_us = io_now_us(watch->io);
	RUN_UNTIL(watch->io, watch->told > 0);
	assert_string_equal(watch->what, "a vote");
	assert_true(io_now_us(watch->io) - began_us >= HANG_MS * 1000);
}

static void work_that_returns_in_time_is_not_told(void **state)
{
	struct watch *watch = *state;

	for (int i = 0; i < 5; i++) {
		hang_begin(&watch->hang, &watch->sync, "a sync");
		hang_begin(&watch->hang, &watch->vote, "a vote");
		hang_end(&watch->hang, &watch->vote); /* what the loop did itself may end first */
		io_run_once(watch->io, 1);
		hang_end(&watch->hang, &watch->sync);
	}
	assert_int_equal(hang_us(&watch->hang), 0);
	pass_half(watch);
	pass_half(watch);
	pass_half(watch);
	assert_int_equal(watch->told, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        TEST(the_work_that_the_thread_is_at_is_told_once),
	        TEST(work_that_waited_has_its_own_time),
	        TEST(work_that_returns_in_time_is_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
