/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timers: a binary heap by due time over one timerfd of CLOCK_BOOTTIME, which goes on counting
 * while the machine sleeps, as elections and leases need.
 *
 * The kernel is told only before the loop waits, and only when the first due time came nearer:
 * timers that are started and stopped within a turn, or moved away, cost no system call.  (A wait
 * may then end once for nothing.)
 */
#include "io/io_private.h"

#include <sys/timerfd.h>
#include <unistd.h>
#include <errno.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"

enum { HEAP_CAPACITY_MIN = 64 };

static void put(struct io *io, size_t place, struct io_timer *timer)
{
	io->heap[place] = timer;
	timer->heap_place = place;
}

static void sift_up(struct io *io, struct io_timer *timer, size_t place)
{
	while (place > 1 && io->heap[place / 2]->due_us > timer->due_us) {
		put(io, place, io->heap[place / 2]);
		place /= 2;
	}
	put(io, place, timer);
}

static void sift_down(struct io *io, struct io_timer *timer, size_t place)
{
	for (;;) {
		size_t child = 2 * place;

		if (child > io->heap_count)
			break;
		if (child < io->heap_count && io->heap[child + 1]->due_us < io->heap[child]->due_us)
			child++;
		if (io->heap[child]->due_us >= timer->due_us)
			break;
		put(io, place, io->heap[child]);
		place = child;
	}
	put(io, place, timer);
}

static void heap_insert(struct io *io, struct io_timer *timer)
{
	if (io->heap_count + 1 >= io->heap_capacity) {
		io->heap_capacity =
		        io->heap_capacity == 0 ? HEAP_CAPACITY_MIN : 2 * io->heap_capacity;
		io->heap = mem_must_realloc(io->heap, io->heap_capacity * sizeof(*io->heap));
	}
	io->heap_count++;
	sift_up(io, timer, io->heap_count);
}

static void heap_remove(struct io *io, struct io_timer *timer)
{
	size_t place = timer->heap_place;
	struct io_timer *last = io->heap[io->heap_count];

	io->heap_count--;
	timer->heap_place = 0;
	if (last == timer)
		return;
	if (place > 1 && io->heap[place / 2]->due_us > last->due_us)
		sift_up(io, last, place);
	else
		sift_down(io, last, place);
}

void io_timer_init(struct io *io, struct io_timer *timer, void (*fire)(struct io_timer *timer))
{
	*timer = (struct io_timer){.fire = fire, .io = io};
}

void io_timer_start(struct io_timer *timer, uint64_t delay_us)
{
	uint64_t now_us = io_now_us(timer->io);

	if (timer->heap_place != 0)
		heap_remove(timer->io, timer);
	/* The clock's reading was rounded down: one more, so as never to fire early. */
	timer->due_us = delay_us < UINT64_MAX - now_us ? now_us + delay_us + 1 : UINT64_MAX;
	heap_insert(timer->io, timer);
}

void io_timer_stop(struct io_timer *timer)
{
	if (timer->heap_place != 0)
		heap_remove(timer->io, timer);
}

bool io_timer_is_started(const struct io_timer *timer)
{
	return timer->heap_place != 0;
}

static void on_timer_fd(uv_poll_t *poll, int status, int events)
{
	struct io *io = poll->data;
	uint64_t now_us = io_now_us(io);

	(void)status;
	(void)events;
	io->timer_armed_us = IO_TIMER_EXPIRED;
	while (io->heap_count > 0 && io->heap[1]->due_us <= now_us) {
		struct io_timer *timer = io->heap[1];

		heap_remove(io, timer);
		timer->fire(timer);
	}
}

/* Setting the time, to 0 too, also takes back that timer_fd is readable: no read is needed. */
static void set_timer_fd(struct io *io, uint64_t due_us)
{
	uint64_t second_us = 1000000;
	struct itimerspec at = {
	        .it_value = {.tv_sec = (time_t)(due_us / second_us),
	                     .tv_nsec = (long)(due_us % second_us * 1000)},
	};

	CHECK(timerfd_settime(io->timer_fd, TFD_TIMER_ABSTIME, &at, NULL) == 0);
	io->timer_armed_us = due_us;
}

void io_timers_arm(struct io *io)
{
	/* Farther than the kernel can count: never. */
	uint64_t farthest_us = (uint64_t)INT64_MAX / 1000;
	uint64_t due_us = io->heap_count == 0 ? IO_TIMER_NEVER : io->heap[1]->due_us;
	bool is_armed = io->timer_armed_us > IO_TIMER_EXPIRED;

	if (due_us > farthest_us)
		due_us = IO_TIMER_NEVER;
	if (due_us == IO_TIMER_NEVER ? io->timer_armed_us == IO_TIMER_EXPIRED
	                             : !is_armed || due_us < io->timer_armed_us)
		set_timer_fd(io, due_us);
}

int io_timers_init(struct io *io)
{
	int rc;

	io->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (io->timer_fd < 0)
		return err_from_errno(errno);
	rc = uv_poll_init(&io->loop, &io->timer_poll, io->timer_fd);
	if (rc < 0) {
		close(io->timer_fd);
		return io_err_from_uv(rc);
	}
	io->timer_poll.data = io;
	io->timer_armed_us = IO_TIMER_NEVER;
	uv_poll_start(&io->timer_poll, UV_READABLE, on_timer_fd);
	return 0;
}

void io_timers_close(struct io *io)
{
	CHECK(io->heap_count == 0);
	uv_close((uv_handle_t *)&io->timer_poll, NULL);
}

void io_timers_finish(struct io *io)
{
	close(io->timer_fd);
	mem_free(io->heap);
}
