/* SPDX-License-Identifier: Apache-2.0 */
/*
 * io.h over a clock that the test moves.  Include once in a test program.
 */
#ifndef HOLDFAST_TESTS_MASTER_FAKE_IO_H
#define HOLDFAST_TESTS_MASTER_FAKE_IO_H

#include <string.h>

#include "base/check.h"
#include "base/random.h"
#include "io/io.h"

enum { FAKE_TIMERS_MAX = 1024 };

struct io {
	uint64_t now_us;
	uint64_t wall_ms;
	struct random random;
	struct io_timer *timers[FAKE_TIMERS_MAX + 1]; /* by heap_place; 0 is not used */
	size_t timer_count;
	struct list hooks;
};

static inline void fake_io_init(struct io *io)
{
	*io = (struct io){
	        .now_us = 1000 * 1000, .wall_ms = 1700000000000, .random = random_make(1)};
	list_init(&io->hooks);
}

/* The end of a turn. */
static inline void fake_turn(struct io *io)
{
	while (!list_is_empty(&io->hooks)) {
		struct io_hook *hook = LIST_FIRST(&io->hooks, struct io_hook, node);

		list_remove(&hook->node);
		hook->is_queued = false;
		hook->run(hook);
	}
}

static inline struct io_timer *fake_next_timer(struct io *io)
{
	struct io_timer *next = NULL;

	for (size_t i = 1; i <= io->timer_count; i++)
		if (next == NULL || io->timers[i]->due_us < next->due_us)
			next = io->timers[i];
	return next;
}

/* Time goes on; what is due on the way runs when it is due. */
static inline void fake_pass_us(struct io *io, uint64_t us)
{
	uint64_t end_us = io->now_us + us;

	fake_turn(io);
	for (struct io_timer *timer = fake_next_timer(io); timer != NULL && timer->due_us <= end_us;
	     timer = fake_next_timer(io)) {
		if (timer->due_us > io->now_us)
			io->now_us = timer->due_us;
		io_timer_stop(timer);
		timer->fire(timer);
		fake_turn(io);
	}
	io->now_us = end_us;
}

static inline void fake_pass_ms(struct io *io, uint64_t ms)
{
	fake_pass_us(io, ms * 1000);
}

uint64_t io_now_us(struct io *io)
{
	return io->now_us;
}

uint64_t io_wall_ms(struct io *io)
{
	return io->wall_ms + io->now_us / 1000;
}

void io_random(struct io *io, void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((uint8_t *)bytes)[i] = (uint8_t)random_u64(&io->random);
}

void io_at_turn_end(struct io *io, struct io_hook *hook)
{
	if (hook->is_queued)
		return;
	hook->is_queued = true;
	list_append(&io->hooks, &hook->node);
}

void io_timer_init(struct io *io, struct io_timer *timer, void (*fire)(struct io_timer *timer))
{
	*timer = (struct io_timer){.fire = fire, .io = io};
}

void io_timer_stop(struct io_timer *timer)
{
	struct io *io = timer->io;

	if (timer->heap_place == 0)
		return;
	io->timers[timer->heap_place] = io->timers[io->timer_count--];
	io->timers[timer->heap_place]->heap_place = timer->heap_place;
	timer->heap_place = 0;
}

void io_timer_start(struct io_timer *timer, uint64_t delay_us)
{
	struct io *io = timer->io;

	io_timer_stop(timer);
	CHECK(io->timer_count < FAKE_TIMERS_MAX);
	timer->due_us = io->now_us + delay_us;
	timer->heap_place = ++io->timer_count;
	io->timers[timer->heap_place] = timer;
}

bool io_timer_is_started(const struct io_timer *timer)
{
	return timer->heap_place != 0;
}

const char *io_host_name(struct io *io)
{
	(void)io;
	return "here";
}

#endif
