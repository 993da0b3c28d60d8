/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/hang.h"

#include "base/list.h"

enum { LOOKS = 4, MS_US = 1000 };

static void look(struct io_timer *timer)
{
	struct hang *hang = CONTAINER_OF(timer, struct hang, timer);

	if (++hang->looks == LOOKS)
		hang->hangs(hang);
	else
		io_timer_start(timer, hang->look_us);
}

void hang_init(struct hang *hang, struct io *io, void (*hangs)(struct hang *hang))
{
	*hang = (struct hang){.hangs = hangs};
	io_timer_init(io, &hang->timer, look);
}

void hang_start(struct hang *hang, uint64_t ms)
{
	if (ms == 0)
		return;
	hang->looks = 0;
	hang->look_us = ms * MS_US / LOOKS;
	io_timer_start(&hang->timer, hang->look_us);
}

void hang_stop(struct hang *hang)
{
	io_timer_stop(&hang->timer);
}
