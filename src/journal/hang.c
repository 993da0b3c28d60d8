/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/hang.h"

enum { LOOKS = 4, MS_US = 1000 };

static void look(struct io_timer *timer)
{
	struct hang *hang = CONTAINER_OF(timer, struct hang, timer);

	if (++hang->looks == LOOKS)
		hang->hangs(hang);
	else
		io_timer_start(timer, hang->look_us);
}

void hang_init(struct hang *hang, struct io *io, uint64_t ms, void (*hangs)(struct hang *hang))
{
	*hang = (struct hang){.io = io, .look_us = ms * MS_US / LOOKS, .hangs = hangs};
	list_init(&hang->works);
	io_timer_init(io, &hang->timer, look);
}

void hang_finish(struct hang *hang)
{
	io_timer_stop(&hang->timer);
}

static void watch_first(struct hang *hang)
{
	hang->began_us = io_now_us(hang->io);
	hang->looks = 0;
	if (hang->look_us > 0)
		io_timer_start(&hang->timer, hang->look_us);
}

void hang_begin(struct hang *hang, struct hang_work *work, const char *what)
{
	bool is_first = list_is_empty(&hang->works);

	work->what = what;
	list_append(&hang->works, &work->node);
	if (is_first)
		watch_first(hang);
}

void hang_end(struct hang *hang, struct hang_work *work)
{
	bool was_first = hang->works.next == &work->node;

	list_remove(&work->node);
	if (!was_first)
		return;
	io_timer_stop(&hang->timer);
	if (!list_is_empty(&hang->works))
		watch_first(hang);
}

uint64_t hang_us(const struct hang *hang)
{
	return list_is_empty(&hang->works) ? 0 : io_now_us(hang->io) - hang->began_us;
}

const char *hang_what(const struct hang *hang)
{
	return LIST_FIRST(&hang->works, struct hang_work, node)->what;
}
