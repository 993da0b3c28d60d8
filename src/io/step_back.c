/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lowest priority that still gets somewhere: nice 19 is 1.5 % of a processor that others keep
 * busy.  (SCHED_IDLE would be a fifth of that, and no way back without privileges.)
 *
 * Who wakes should not wait for such a thread.  Linux lets a thread run for its slice before
 * another of its class, unless that one's slice is shorter: so this one asks for the longest there
 * is (since 6.12; older kernels decide by the priority, and ignore what is asked).
 *
 * That is where it runs.  Who has woken where others run waits for them, for 10 ms and more, while
 * such a thread has another processor to itself: it counts as one that is busy.  Only one that runs
 * dry takes over who waits elsewhere, so this thread sleeps for a moment now and then.
 */
#include "io/io_private.h"

#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The first version of sched_setattr(2)'s struct; some C libraries have it, in their own header. */
struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t slice_ns, deadline_ns, period_ns;
};

enum { NICE_LAST = 19, SLICE_NS_MAX = 100 * 1000 * 1000, GIVE_WAY_NS = 50 * 1000 };

void io_step_back(void)
{
	struct attributes attributes = {
	        .size = sizeof(attributes),
	        .policy = SCHED_BATCH,
	        .nice = NICE_LAST,
	        .slice_ns = SLICE_NS_MAX,
	};

	(void)syscall(SYS_sched_setattr, 0, &attributes, 0); /* refused: it only disturbs more */
}

void io_give_way(void)
{
	const struct timespec moment = {.tv_nsec = GIVE_WAY_NS};

	(void)nanosleep(&moment, NULL); /* a signal makes it shorter */
}
