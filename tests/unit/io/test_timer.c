/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/random.h"
#include "io/io.h"
#include "unit/io/run_until.h"

struct alarm {
	struct io_timer timer;
	struct io *io;
	uint64_t due_us; /* not earlier */
	int *fired;      /* counts those of all */
	int fired_at;    /* place in the order; 0: not yet */
};

static void ring(struct io_timer *timer)
{
	struct alarm *alarm = CONTAINER_OF(timer, struct alarm, timer);

	assert_true(io_now_us(alarm->io) >= alarm->due_us);
	assert_false(io_timer_is_started(timer));
	assert_int_equal(alarm->fired_at, 0);
	alarm->fired_at = ++*alarm->fired;
}

static void start(struct alarm *alarm, uint64_t delay_us)
{
	alarm->due_us = io_now_us(alarm->io) + delay_us;
	io_timer_start(&alarm->timer, delay_us);
	assert_true(io_timer_is_started(&alarm->timer));
}

static void make(struct alarm *alarm, struct io *io, int *fired)
{
	*alarm = (struct alarm){.io = io, .fired = fired};
	io_timer_init(io, &alarm->timer, ring);
}

static int setup(void **state)
{
	struct io *io;

	assert_int_equal(io_create(&io), 0);
	*state = io;
	return 0;
}

static int teardown(void **state)
{
	io_destroy(*state);
	return 0;
}

static void timers_fire_in_order_of_time_and_never_early(void **state)
{
	enum { COUNT = 500 };
	static struct alarm alarms[COUNT];
	struct random random = random_make(7);
	int fired = 0;

	for (int i = 0; i < COUNT; i++) {
		make(&alarms[i], *state, &fired);
		start(&alarms[i], random_below(&random, 20000));
	}
	RUN_UNTIL(*state, fired == COUNT);
	for (int i = 0; i < COUNT; i++)
		for (int j = 0; j < COUNT; j++)
			if (alarms[i].timer.due_us < alarms[j].timer.due_us)
				assert_true(alarms[i].fired_at < alarms[j].fired_at);
}

static void stopped_and_moved_timers_keep_the_heap_right(void **state)
{
	enum { COUNT = 300 };
	static struct alarm alarms[COUNT];
	struct random random = random_make(11);
	int fired = 0, stopped = 0;

	for (int i = 0; i < COUNT; i++) {
		make(&alarms[i], *state, &fired);
		start(&alarms[i], random_below(&random, 5000));
	}
	for (int i = 0; i < COUNT; i++) {
		if (random_chance(&random, 1, 3)) {
			io_timer_stop(&alarms[i].timer);
			io_timer_stop(&alarms[i].timer);
			alarms[i].fired_at = -1;
			stopped++;
		} else if (random_chance(&random, 1, 2)) {
			start(&alarms[i], random_below(&random, 5000));
		}
	}
	RUN_UNTIL(*state, fired == COUNT - stopped);
	for (int i = 0; i < COUNT; i++)
		assert_int_not_equal(alarms[i].fired_at, 0);
}

static void timer_moved_nearer_fires_at_its_new_time(void **state)
{
	struct alarm alarm;
	int fired = 0;

	make(&alarm, *state, &fired);
	start(&alarm, 3600 * 1000000ull);
	io_run_once(*state, 0); /* the kernel knows of the far time now */
	start(&alarm, 1000);
	RUN_UNTIL(*state, fired == 1);
}

static void timer_without_end_never_fires(void **state)
{
	struct alarm alarm;
	int fired = 0;

	make(&alarm, *state, &fired);
	start(&alarm, UINT64_MAX);
	io_run_once(*state, 5);
	assert_int_equal(fired, 0);
	io_timer_stop(&alarm.timer);
}

static void fire_again_and_again(struct io_timer *timer)
{
	struct alarm *alarm = CONTAINER_OF(timer, struct alarm, timer);

	++*alarm->fired;
	io_timer_start(timer, 0);
}

static void timer_that_restarts_itself_does_not_hold_the_loop(void **state)
{
	struct alarm endless, other;
	int spins = 0, fired = 0;

	make(&endless, *state, &spins);
	endless.timer.fire = fire_again_and_again;
	make(&other, *state, &fired);
	start(&endless, 0);
	start(&other, 2000);
	RUN_UNTIL(*state, fired == 1);
	assert_true(spins > 1);
	io_timer_stop(&endless.timer);
}

/* A condition of use for the journal's gather rule, which waits 100 us at most. */
static void resolution_is_far_below_a_millisecond(void **state)
{
	enum { ROUNDS = 50, DELAY_US = 100 };
	uint64_t best_us = UINT64_MAX;

	for (int i = 0; i < ROUNDS; i++) {
		struct alarm alarm;
		uint64_t begin_us;
		int fired = 0;

		make(&alarm, *state, &fired);
		begin_us = io_now_us(*state);
		start(&alarm, DELAY_US);
		RUN_UNTIL(*state, fired == 1);
		if (io_now_us(*state) - begin_us < best_us)
			best_us = io_now_us(*state) - begin_us;
	}
	assert_in_range(best_us, DELAY_US, 700);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(timers_fire_in_order_of_time_and_never_early, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(stopped_and_moved_timers_keep_the_heap_right, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(timer_moved_nearer_fires_at_its_new_time, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(timer_without_end_never_fires, setup, teardown),
	        cmocka_unit_test_setup_teardown(timer_that_restarts_itself_does_not_hold_the_loop,
	                                        setup, teardown),
	        cmocka_unit_test_setup_teardown(resolution_is_far_below_a_millisecond, setup,
	                                        teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
