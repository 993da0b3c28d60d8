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

/* Behind all that leave before it: nearly always the last. */
static void insert(struct hold *hold, struct held *held)
{
	struct list *before = hold->calls.prev;

	while (before != &hold->calls &&
	       CONTAINER_OF(before, struct held, node)->due_us > held->due_us)
		before = before->prev;
	list_insert_after(before, &held->node);
}

bool hold_put(struct hold *hold, struct held *held, size_t bytes)
{
	uint64_t now_us = io_now_us(hold->io);

	if (hold->count >= hold->calls_max || hold->bytes_max - hold->bytes < bytes ||
	    (held->due_us != 0 && held->due_us <= now_us))
		return false;
	if (held->due_us == 0)
		held->due_us = now_us + hold->time_us;
	held->bytes = bytes;
	held->number = hold->puts++;
	insert(hold, held);
	hold->count++;
	hold->bytes += bytes;
	if (hold->calls.next == &held->node)
		io_timer_start(&hold->timer, held->due_us - now_us);
	return true;
}

void hold_release(struct hold *hold, enum hold_end end, uint64_t puts)
{
	struct list leaving;

	list_init(&leaving);
	LIST_FOR_EACH_SAFE (node, &hold->calls) {
		if (CONTAINER_OF(node, struct held, node)->number < puts) {
			list_remove(node);
			list_append(&leaving, node);
		}
	}
	while (!list_is_empty(&leaving)) {
		struct held *held = LIST_FIRST(&leaving, struct held, node);

		take_out(hold, held);
		held->leave(held, end);
	}
}
