/* SPDX-License-Identifier: Apache-2.0 */
#include "io/io_private.h"

#include <errno.h>
#include <sys/random.h>
#include <time.h>

#include "base/check.h"

uint64_t io_now_us(struct io *io)
{
	struct timespec now;

	(void)io;
	CHECK(clock_gettime(CLOCK_BOOTTIME, &now) == 0);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t io_wall_ms(struct io *io)
{
	struct timespec now;

	(void)io;
	CHECK(clock_gettime(CLOCK_REALTIME, &now) == 0);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void io_random(struct io *io, void *bytes, size_t size)
{
	uint8_t *at = bytes;

	(void)io;
	while (size > 0) {
		ssize_t got = getrandom(at, size, 0);

		CHECK(got > 0 || errno == EINTR);
		if (got > 0) {
			at += got;
			size -= (size_t)got;
		}
	}
}
