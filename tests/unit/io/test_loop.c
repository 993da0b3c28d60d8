/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "io/io.h"
#include "unit/io/run_until.h"

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

/* ---- hooks and tasks ---- */

struct step {
	struct io *io;
	struct io_hook hook;
	struct io_task task;
	struct step *next; /* hook to ask for when this one runs */
	int runs;
	int *clock; /* counts runs of all */
	int ran_at;
};

static void run_step_hook(struct io_hook *hook)
{
	struct step *step = CONTAINER_OF(hook, struct step, hook);

	step->runs++;
	step->ran_at = ++*step->clock;
	if (step->next != NULL)
		io_at_turn_end(step->io, &step->next->hook);
}

static void run_step_task(struct io_task *task)
{
	struct step *step = CONTAINER_OF(task, struct step, task);

	step->ran_at = ++*step->clock;
	io_at_turn_end(step->io, &step->hook);
}

static struct step make_step(struct io *io, int *clock)
{
	return (struct step){
	        .io = io, .hook.run = run_step_hook, .task.run = run_step_task, .clock = clock};
}

static void hook_asked_for_twice_runs_once(void **state)
{
	int clock = 0;
	struct step step = make_step(*state, &clock);

	io_at_turn_end(*state, &step.hook);
	io_at_turn_end(*state, &step.hook);
	assert_int_equal(step.runs, 0);
	io_run_once(*state, -1); /* does not wait: a hook is due */
	assert_int_equal(step.runs, 1);
	io_run_once(*state, 0);
	assert_int_equal(step.runs, 1);
}

static void hook_asked_for_by_a_hook_runs_in_the_same_turn(void **state)
{
	int clock = 0;
	struct step first = make_step(*state, &clock), second = make_step(*state, &clock);

	first.next = &second;
	io_at_turn_end(*state, &first.hook);
	io_run_once(*state, 0);
	assert_int_equal(first.ran_at, 1);
	assert_int_equal(second.ran_at, 2);
}

static void hooks_run_after_all_tasks_of_the_turn(void **state)
{
	int clock = 0;
	struct step a = make_step(*state, &clock), b = make_step(*state, &clock);

	io_post(*state, &a.task);
	io_post(*state, &b.task);
	io_run_once(*state, -1);
	assert_int_equal(a.ran_at, 3);
	assert_int_equal(b.ran_at, 4);
	assert_int_equal(a.runs, 1);
}

static void hooks_that_are_due_run_before_tasks_are_delivered(void **state)
{
	int clock = 0;
	struct step due = make_step(*state, &clock), posted = make_step(*state, &clock);

	io_post(*state, &posted.task);
	io_at_turn_end(*state, &due.hook);
	io_run_once(*state, -1);
	assert_int_equal(due.ran_at, 1);
	assert_int_equal(posted.ran_at, 3);
}

static void run_stop(struct io_task *task)
{
	struct step *step = CONTAINER_OF(task, struct step, task);

	step->runs++;
	io_stop(step->io);
}

static void stopped_loop_runs_again(void **state)
{
	int clock = 0;
	struct step step = make_step(*state, &clock);

	step.task.run = run_stop;
	for (int i = 1; i <= 3; i++) {
		io_post(*state, &step.task);
		io_run(*state);
		assert_int_equal(step.runs, i);
	}
}

static void run_post_again(struct io_task *task)
{
	struct step *step = CONTAINER_OF(task, struct step, task);

	step->runs++;
	io_post(step->io, task);
}

static void task_posted_by_a_task_runs_in_a_later_turn(void **state)
{
	int clock = 0;
	struct step step = make_step(*state, &clock);

	step.task.run = run_post_again;
	io_post(*state, &step.task);
	for (int i = 1; i <= 5; i++) {
		io_run_once(*state, -1);
		assert_int_equal(step.runs, i);
	}
	step.task.run = run_step_task;
	io_run_once(*state, -1);
}

static void wait_of_one_turn_is_bounded(void **state)
{
	uint64_t begin_us = io_now_us(*state), took_us;

	io_run_once(*state, 20);
	took_us = io_now_us(*state) - begin_us;
	assert_in_range(took_us, 20000, 20000000);
}

/* ---- signals ---- */

static void count_signal(void *context, int number)
{
	*(int *)context += number;
}

static void signal_arrives_on_the_loop(void **state)
{
	int sum = 0;

	assert_int_equal(io_on_signal(*state, SIGUSR1, count_signal, &sum), 0);
	raise(SIGUSR1);
	assert_int_equal(sum, 0);
	RUN_UNTIL(*state, sum != 0);
	assert_int_equal(sum, SIGUSR1);
}

static void random_bytes_differ(void **state)
{
	uint8_t a[32], b[32];

	io_random(*state, a, sizeof(a));
	io_random(*state, b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(hook_asked_for_twice_runs_once, setup, teardown),
	        cmocka_unit_test_setup_teardown(hook_asked_for_by_a_hook_runs_in_the_same_turn,
	                                        setup, teardown),
	        cmocka_unit_test_setup_teardown(hooks_run_after_all_tasks_of_the_turn, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(hooks_that_are_due_run_before_tasks_are_delivered,
	                                        setup, teardown),
	        cmocka_unit_test_setup_teardown(stopped_loop_runs_again, setup, teardown),
	        cmocka_unit_test_setup_teardown(task_posted_by_a_task_runs_in_a_later_turn, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(wait_of_one_turn_is_bounded, setup, teardown),
	        cmocka_unit_test_setup_teardown(signal_arrives_on_the_loop, setup, teardown),
	        cmocka_unit_test_setup_teardown(random_bytes_differ, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
