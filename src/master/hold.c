/* SPDX-License-Identifier: Apache-2.0 */
#include "master/hold.h"

static void take_out(struct hold *hold, struct held *held)
{
	list_remove(&held->node);
	hold->count--;
	hold->bytes -= held->bytes;
}

static void expire(struct io_timer *timer)
{
	struct hold *hold = CONTAINER_OF(timer, struct hold, timer);
	uint64_t now_us = io_now_us(hold->io);

	while (!list_is_empty(&hold->calls)) {
		struct held *held = LIST_FIRST(&hold->calls, struct held, node);

		if (held->due_us > now_us) {
			io_timer_start(&hold->timer, held->due_us - now_us);
			return;
		}
		take_out(hold, held);
		held->leave(held, HOLD_EXPIRED);
	}
}

void hold_init(struct hold *hold, struct io *io, uint64_t time_ms, size_t calls_max,
               size_t bytes_max)
{
	*hold = (struct hold){.io = io,
	                      .time_us = time_ms * 1000,
	                      .calls_max = calls_max,
	                      .bytes_max = bytes_max};
	list_init(&hold->calls);
	io_timer_init(io, &hold->timer, expire);
}

void hold_finish(struct hold *hold)
{
	CHECK(hold->count == 0);
	io_timer_stop(&hold->timer);
}

bool hold_put(struct hold *hold, struct held *held, size_t bytes)
{
	if (hold->count >= hold->calls_max || hold->bytes_max - hold->bytes < bytes)
		return false;
	held->bytes = bytes;
	held->due_us = io_now_us(hold->io) + hold->time_us;
	list_append(&hold->calls, &held->node);
	hold->count++;
	hold->bytes += bytes;
	if (!io_timer_is_started(&hold->timer))
		io_timer_start(&hold->timer, hold->time_us);
	return true;
}

void hold_release(struct hold *hold, enum hold_end end)
{
	size_t count = hold->count;

	while (count-- > 0 && !list_is_empty(&hold->calls)) {
		struct held *held = LIST_FIRST(&hold->calls, struct held, node);

		take_out(hold, held);
		held->leave(held, end);
	}
}
