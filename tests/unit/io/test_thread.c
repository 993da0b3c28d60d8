/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
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
	io_thread_set_spin(thread, spin_us);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(
	                work_runs_in_order_on_the_thread_and_ends_on_the_loop, setup, teardown),
	        cmocka_unit_test_setup_teardown(ping_pong_without_spinning, setup, teardown),
	        cmocka_unit_test_setup_teardown(ping_pong_with_spinning, setup, teardown),
	        cmocka_unit_test_setup_teardown(destroy_finishes_the_queue_and_done_runs_later,
	                                        setup, teardown),
	        cmocka_unit_test_setup_teardown(posts_of_many_threads_all_arrive, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
