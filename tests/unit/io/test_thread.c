/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/check.h"
#include "io/io.h"
#include "unit/io/run_until.h"

struct job {
	struct io_work work;
	pthread_t loop_thread;
	int *run_order; /* touched by the thread only */
	int *done_count;
	int ran_at;
	bool is_done;
};

static void run_job(struct io_work *work)
{
	struct job *job = CONTAINER_OF(work, struct job, work);

	CHECK(!pthread_equal(pthread_self(), job->loop_thread));
	job->ran_at = ++*job->run_order;
}

static void job_done(struct io_work *work)
{
	struct job *job = CONTAINER_OF(work, struct job, work);

	assert_true(pthread_equal(pthread_self(), job->loop_thread));
	assert_false(job->is_done);
	job->is_done = true;
	++*job->done_count;
}

static void make(struct job *job, int *run_order, int *done_count)
{
	*job = (struct job){.work = {.run = run_job, .done = job_done},
	                    .loop_thread = pthread_self(),
	                    .run_order = run_order,
	                    .done_count = done_count};
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

static void work_runs_in_order_on_the_thread_and_ends_on_the_loop(void **state)
{
	enum { COUNT = 1000 };
	static struct job jobs[COUNT];
	struct io_thread *thread;
	int run_order = 0, done_count = 0;

	assert_int_equal(io_thread_create(*state, "a name longer than Linux keeps", &thread), 0);
	for (int i = 0; i < COUNT; i++) {
		make(&jobs[i], &run_order, &done_count);
		io_thread_submit(thread, &jobs[i].work);
	}
	RUN_UNTIL(*state, done_count == COUNT);
	for (int i = 0; i < COUNT; i++)
		assert_int_equal(jobs[i].ran_at, i + 1);
	io_thread_destroy(thread);
}

/* One job at a time, so that both sides fall asleep each time.  The loop waits without end: a
 * wake-up that is lost ends in SIGALRM. */
static void ping_pong_loses_no_wake_up(struct io *io, unsigned spin_us)
{
	enum { ROUNDS = 3000 };
	struct io_thread *thread;
	struct job job;
	int run_order = 0, done_count = 0;

	assert_int_equal(io_thread_create(io, "ping", &thread), 0);
	io_thread_set_spin(thread, spin_us, spin_us);
	alarm(RUN_UNTIL_SECONDS);
	for (int i = 1; i <= ROUNDS; i++) {
		make(&job, &run_order, &done_count);
		io_thread_submit(thread, &job.work);
		while (done_count < i)
			io_run_once(io, -1);
	}
	alarm(0);
	io_thread_destroy(thread);
}

static void ping_pong_without_spinning(void **state)
{
	ping_pong_loses_no_wake_up(*state, 0);
}

static void ping_pong_with_spinning(void **state)
{
	ping_pong_loses_no_wake_up(*state, 50);
}

enum { SPIN_US = 100 * 1000 };

static uint64_t used_us(clockid_t clock)
{
	struct timespec used;

	clock_gettime(clock, &used);
	return (uint64_t)used.tv_sec * 1000000 + (uint64_t)used.tv_nsec / 1000;
}

static uint64_t used_by_others_us(void)
{
	return used_us(CLOCK_PROCESS_CPUTIME_ID) - used_us(CLOCK_THREAD_CPUTIME_ID);
}

/* Which is awake from one turn to the next. */
static void a_thread_need_not_spin_while_the_loop_is_busy(void **state)
{
	struct io_thread *thread;
	struct job job;
	int run_order = 0, done_count = 0;
	uint64_t before_us, end_us;

	make(&job, &run_order, &done_count);
	assert_int_equal(io_thread_create(*state, "spin", &thread), 0);
	io_thread_set_spin(thread, SPIN_US, 0);
	io_run_once(*state, 0);
	before_us = used_by_others_us();
	io_thread_submit(thread, &job.work);
	end_us = io_now_us(*state) + SPIN_US;
	while (io_now_us(*state) < end_us)
		;
	assert_true(used_by_others_us() - before_us < SPIN_US / 4);
	RUN_UNTIL(*state, done_count == 1);
	io_thread_destroy(thread);
}

/* ---- work on the loop itself ---- */

enum { HANG_US = 20000 };

struct watched {
	struct io_work work;
	atomic_int hangs;
	int hangs_before;
	bool is_slow, is_done;
	pthread_t ran_on;
};

static void run_watched(struct io_work *work)
{
	struct watched *watched = CONTAINER_OF(work, struct watched, work);

	watched->ran_on = pthread_self();
	while (watched->is_slow && atomic_load(&watched->hangs) == watched->hangs_before)
		sched_yield();
}

static void watched_done(struct io_work *work)
{
	CONTAINER_OF(work, struct watched, work)->is_done = true;
}

static void note_hang(void *context)
{
	struct watched *watched = context;

	atomic_fetch_add(&watched->hangs, 1);
}

/* How often it was said that this hangs. */
static int run_here(struct io *io, struct io_thread *thread, struct watched *watched, bool is_slow)
{
	int before = atomic_load(&watched->hangs);

	watched->is_slow = is_slow;
	watched->is_done = false;
	watched->hangs_before = before;
	io_thread_run_here(thread, &watched->work);
	assert_true(pthread_equal(watched->ran_on, pthread_self()));
	assert_false(watched->is_done);
	RUN_UNTIL(io, watched->is_done);
	return atomic_load(&watched->hangs) - before;
}

static void work_may_run_on_the_loop_and_hanging_there_is_told(void **state)
{
	struct watched watched = {.work = {.run = run_watched, .done = watched_done}};
	struct io_thread *thread;
	struct job job;
	int run_order = 0, done_count = 0;

	assert_int_equal(io_thread_create(*state, "here", &thread), 0);
	io_thread_watch(thread, HANG_US, note_hang, &watched);
	alarm(RUN_UNTIL_SECONDS);
	for (int round = 1; round <= 3; round++) {
		assert_int_equal(run_here(*state, thread, &watched, false), 0);
		assert_true(run_here(*state, thread, &watched, true) > 0);
		make(&job, &run_order, &done_count);
		io_thread_submit(thread, &job.work);
		RUN_UNTIL(*state, done_count == round);
	}
	alarm(0);
	io_thread_destroy(thread);
}

static void destroy_finishes_the_queue_and_done_runs_later(void **state)
{
	enum { COUNT = 100 };
	static struct job jobs[COUNT];
	struct io_thread *thread;
	int run_order = 0, done_count = 0;

	assert_int_equal(io_thread_create(*state, "queue", &thread), 0);
	for (int i = 0; i < COUNT; i++) {
		make(&jobs[i], &run_order, &done_count);
		io_thread_submit(thread, &jobs[i].work);
	}
	io_thread_destroy(thread);
	assert_int_equal(run_order, COUNT);
	assert_int_equal(done_count, 0);
	RUN_UNTIL(*state, done_count == COUNT);
}

/* ---- posting from several threads at once ---- */

enum { POSTERS = 4, POSTS = 2000 };

struct post {
	struct io_task task;
	int *count;
};

struct poster {
	struct io *io;
	struct post posts[POSTS];
	int count;
};

static void count_post(struct io_task *task)
{
	++*CONTAINER_OF(task, struct post, task)->count;
}

static void *run_poster(void *argument)
{
	struct poster *poster = argument;

	for (int i = 0; i < POSTS; i++) {
		poster->posts[i] = (struct post){.task.run = count_post, .count = &poster->count};
		io_post(poster->io, &poster->posts[i].task);
	}
	return NULL;
}

static void posts_of_many_threads_all_arrive(void **state)
{
	static struct poster posters[POSTERS];
	pthread_t threads[POSTERS];

	for (int i = 0; i < POSTERS; i++) {
		posters[i].io = *state;
		assert_int_equal(pthread_create(&threads[i], NULL, run_poster, &posters[i]), 0);
	}
	for (int i = 0; i < POSTERS; i++)
		RUN_UNTIL(*state, posters[i].count == POSTS);
	for (int i = 0; i < POSTERS; i++)
		pthread_join(threads[i], NULL);
}

struct priority {
	struct io_work work;
	int policy, nice;
	bool is_known;
};

static void run_priority(struct io_work *work)
{
	struct priority *priority = CONTAINER_OF(work, struct priority, work);

	priority->policy = sched_getscheduler(0);
	priority->nice = getpriority(PRIO_PROCESS, (id_t)gettid());
}

static void priority_done(struct io_work *work)
{
	CONTAINER_OF(work, struct priority, work)->is_known = true;
}

static void a_thread_steps_back_behind_all_others(void **state)
{
	struct priority before = {.work = {.run = run_priority, .done = priority_done}};
	struct priority after = before;
	struct io_thread *thread;

	assert_int_equal(io_thread_create(*state, "back", &thread), 0);
	io_thread_submit(thread, &before.work);
	RUN_UNTIL(*state, before.is_known);
	io_thread_step_back(thread);
	io_thread_submit(thread, &after.work);
	RUN_UNTIL(*state, after.is_known);
	assert_int_equal(before.nice, getpriority(PRIO_PROCESS, 0));
	assert_int_equal(after.nice, 19);
	assert_int_equal(after.policy, SCHED_BATCH);
	io_thread_destroy(thread);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(
	                work_runs_in_order_on_the_thread_and_ends_on_the_loop, setup, teardown),
	        cmocka_unit_test_setup_teardown(ping_pong_without_spinning, setup, teardown),
	        cmocka_unit_test_setup_teardown(ping_pong_with_spinning, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_thread_need_not_spin_while_the_loop_is_busy,
	                                        setup, teardown),
	        cmocka_unit_test_setup_teardown(work_may_run_on_the_loop_and_hanging_there_is_told,
	                                        setup, teardown),
	        cmocka_unit_test_setup_teardown(destroy_finishes_the_queue_and_done_runs_later,
	                                        setup, teardown),
	        cmocka_unit_test_setup_teardown(a_thread_steps_back_behind_all_others, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(posts_of_many_threads_all_arrive, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
