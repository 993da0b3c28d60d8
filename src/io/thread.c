/* SPDX-License-Identifier: Apache-2.0 */
#include "io/io_private.h"

#include <errno.h>
#include <immintrin.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"

enum { THREAD_NAME_BYTES = 16 }; /* Linux keeps 15 letters */

struct io_thread {
	struct io *io;
	pthread_t thread;
	struct pile queue;
	struct list taken;      /* from the queue; the thread's */
	sem_t more;             /* posted if is_waiting */
	atomic_bool is_waiting; /* the thread waits, or is about to */
	atomic_bool is_stopping;
	atomic_size_t queued; /* in `queue` and `taken` */
	atomic_uint spin_woken_us, spin_busy_us;
	atomic_bool steps_back; /* before its next work */

	/* Work that the loop runs itself. */
	atomic_uint_least64_t here_since_us; /* 0: none */
	atomic_bool is_watching;
	uint64_t hang_us;
	void (*on_hang)(void *context);
	void *hang_context;
	uint64_t seen_us; /* here_since_us at the last look */
	unsigned looks;   /* that found the same since then */

	char name[THREAD_NAME_BYTES];
};

/* ---- watching the loop ---- */

enum { LOOKS = 4 }; /* make a hang */

static uint64_t clock_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Waits for work, and looks at the loop from time to time.  Ends to watch when the loop has run
 * nothing itself for a while: an idle process sleeps. */
static void wait_and_watch(struct io_thread *thread)
{
	uint64_t due_us = clock_us(CLOCK_MONOTONIC) + thread->hang_us / LOOKS;
	struct timespec due = {.tv_sec = (time_t)(due_us / 1000000),
	                       .tv_nsec = (long)(due_us % 1000000 * 1000)};
	uint64_t since_us;

	if (sem_clockwait(&thread->more, CLOCK_MONOTONIC, &due) == 0 || errno != ETIMEDOUT)
		return;
	/* In this order, for the loop sets here_since_us and then looks at is_watching. */
	atomic_store(&thread->is_watching, false);
	since_us = atomic_load(&thread->here_since_us);
	if (since_us == 0)
		return;
	atomic_store(&thread->is_watching, true);
	/* Looks are counted, not time: a process that was stopped has only looked too late. */
	thread->looks = since_us == thread->seen_us ? thread->looks + 1 : 0;
	thread->seen_us = since_us;
	if (thread->looks == LOOKS)
		thread->on_hang(thread->hang_context);
}

/* No wake-up is lost: the thread sets is_waiting and then looks at what it is woken for. */
static void wake(struct io_thread *thread)
{
	if (atomic_exchange(&thread->is_waiting, false))
		sem_post(&thread->more);
}

static void begin_to_watch(struct io_thread *thread)
{
	atomic_store(&thread->is_watching, true);
	wake(thread);
}

void io_thread_watch(struct io_thread *thread, uint64_t hang_us, void (*on_hang)(void *context),
                     void *context)
{
	thread->hang_us = hang_us;
	thread->on_hang = on_hang;
	thread->hang_context = context;
}

void io_thread_run_here(struct io_thread *thread, struct io_work *work)
{
	CHECK(thread->on_hang != NULL && atomic_load(&thread->queued) == 0);
	work->thread = thread;
	atomic_store(&thread->here_since_us, io_now_us(thread->io));
	if (!atomic_load(&thread->is_watching))
		begin_to_watch(thread);
	work->run(work);
	atomic_store(&thread->here_since_us, 0);
	list_append(&thread->io->ran_here, &work->node);
}

/* ---- work ---- */

/* May end for nothing. */
static void wait_for_more(struct io_thread *thread)
{
	atomic_store(&thread->is_waiting, true);
	if (pile_is_empty(&thread->queue) && !atomic_load(&thread->is_stopping)) {
		if (atomic_load(&thread->is_watching))
			wait_and_watch(thread);
		else
			sem_wait(&thread->more);
	}
	atomic_store(&thread->is_waiting, false);
}

/* NULL: no work is left and none will come. */
static struct io_work *take_work(struct io_thread *thread)
{
	struct io_work *work;

	while (list_is_empty(&thread->taken)) {
		bool is_stopping = atomic_load(&thread->is_stopping);

		pile_take(&thread->queue, &thread->taken);
		if (!list_is_empty(&thread->taken))
			break;
		if (is_stopping)
			return NULL;
		wait_for_more(thread);
	}
	work = LIST_FIRST(&thread->taken, struct io_work, node);
	list_remove(&work->node);
	atomic_fetch_sub(&thread->queued, 1);
	return work;
}

static void spin(struct io_thread *thread, bool has_woken)
{
	unsigned spin_us = atomic_load(has_woken ? &thread->spin_woken_us : &thread->spin_busy_us);
	uint64_t end_us;

	if (spin_us == 0)
		return;
	end_us = io_now_us(thread->io) + spin_us;
	while (atomic_load(&thread->queued) == 0 && io_now_us(thread->io) < end_us)
		_mm_pause();
}

static void *run_thread(void *argument)
{
	struct io_thread *thread = argument;
	struct io_work *work;

	pthread_setname_np(pthread_self(), thread->name);
	while ((work = take_work(thread)) != NULL) {
		if (atomic_exchange(&thread->steps_back, false))
			io_step_back();
		work->run(work);
		spin(thread, io_mailbox_put_work(thread->io, work));
	}
	return NULL;
}

/* Signals are the loop's: the new thread takes none. */
static int start_thread(struct io_thread *thread)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread->thread, NULL, run_thread, thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err_from_errno(error);
}

int io_thread_create(struct io *io, const char *name, struct io_thread **ret_thread)
{
	struct io_thread *thread = mem_zalloc(sizeof(*thread));
	int rc;

	if (thread == NULL)
		return -ERR_NO_MEMORY;
	thread->io = io;
	list_init(&thread->taken);
	snprintf(thread->name, sizeof(thread->name), "%s", name);
	CHECK(sem_init(&thread->more, 0, 0) == 0);
	rc = start_thread(thread);
	if (rc < 0) {
		mem_free(thread);
		return rc;
	}
	*ret_thread = thread;
	return 0;
}

void io_thread_submit(struct io_thread *thread, struct io_work *work)
{
	CHECK(!atomic_load(&thread->is_stopping));
	work->thread = thread;
	atomic_fetch_add(&thread->queued, 1);
	pile_put(&thread->queue, &work->node);
	wake(thread);
}

void io_thread_set_spin(struct io_thread *thread, unsigned woken_us, unsigned busy_us)
{
	atomic_store(&thread->spin_woken_us, woken_us);
	atomic_store(&thread->spin_busy_us, busy_us);
}

void io_thread_step_back(struct io_thread *thread)
{
	atomic_store(&thread->steps_back, true);
}

void io_thread_destroy(struct io_thread *thread)
{
	if (thread == NULL)
		return;
	atomic_store(&thread->is_stopping, true);
	wake(thread);
	CHECK(pthread_join(thread->thread, NULL) == 0);
	sem_destroy(&thread->more);
	mem_free(thread);
}
