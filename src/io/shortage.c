/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One shortage, as people see it: listeners pause many times in it, for moments each.
 */
#include <sys/resource.h>

#include "base/check.h"
#include "io/io_private.h"

enum { OVER_US = 5 * 1000 * 1000 }; /* without a further pause */

static void change(struct io *io, bool is_short)
{
	io->is_short = is_short;
	if (io->on_shortage != NULL)
		io->on_shortage(io->shortage_context, is_short);
}

static void over(struct io_timer *timer)
{
	change(CONTAINER_OF(timer, struct io, shortage_over), false);
}

void io_shortage_init(struct io *io)
{
	io_timer_init(io, &io->shortage_over, over);
}

void io_shortage_met(struct io *io)
{
	io_timer_start(&io->shortage_over, OVER_US);
	if (!io->is_short)
		change(io, true);
}

bool io_is_short(const struct io *io)
{
	return io->is_short;
}

void io_on_shortage(struct io *io, void (*changed)(void *context, bool is_short), void *context)
{
	io->on_shortage = changed;
	io->shortage_context = context;
}

uint64_t io_descriptors_max(const struct io *io)
{
	struct rlimit limit;

	(void)io;
	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	return limit.rlim_cur;
}
