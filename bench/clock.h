/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elapsed time and processor time, in nanoseconds.
 */
#ifndef HOLDFAST_BENCH_CLOCK_H
#define HOLDFAST_BENCH_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_S  UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_US UINT64_C(1000)

static inline uint64_t clock_read_ns(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_nsec;
}

static inline uint64_t clock_now_ns(void)
{
	return clock_read_ns(CLOCK_MONOTONIC);
}

/* Used by all threads of this process. */
static inline uint64_t clock_own_cpu_ns(void)
{
	return clock_read_ns(CLOCK_PROCESS_CPUTIME_ID);
}

/* Used by process `pid`, user and system (utime and stime of /proc/PID/stat, so in steps of a clock
 * tick, mostly 10 ms); -ERR_NO_FILE when there is no such process. */
int clock_process_cpu_ns(int pid, uint64_t *ret_ns);

#endif
