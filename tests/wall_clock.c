/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A wall clock that a test sets: preloaded, the process reads CLOCK_REALTIME as the file that
 * WALL_CLOCK names says, at once when the file changes.  Every other clock stays as it is, and so
 * does what waits for one.  clocks.py writes the file.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

enum { NS_PER_S = 1000 * 1000 * 1000, MILLION = 1000 * 1000 };

struct setting {
	int64_t ahead_ns;
	int64_t since_ns; /* from when on it drifts */
	int64_t drift_ppm;
};

static int (*right_gettime)(clockid_t, struct timespec *);
static const volatile struct setting *setting;

__attribute__((constructor)) static void open_setting(void)
{
	int fd = open(getenv("WALL_CLOCK"), O_RDONLY | O_CLOEXEC);

	setting = mmap(NULL, sizeof(*setting), PROT_READ, MAP_SHARED, fd, 0);
	if (setting == MAP_FAILED)
		abort();
	right_gettime = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
}

int clock_gettime(clockid_t clock, struct timespec *ret_time)
{
	int rc = right_gettime(clock, ret_time);
	int64_t now_ns;

	if (rc != 0 || clock != CLOCK_REALTIME)
		return rc;
	now_ns = ret_time->tv_sec * NS_PER_S + ret_time->tv_nsec;
	now_ns += setting->ahead_ns + (now_ns - setting->since_ns) / MILLION * setting->drift_ppm;
	ret_time->tv_sec = now_ns / NS_PER_S;
	ret_time->tv_nsec = now_ns % NS_PER_S;
	return 0;
}
