/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"

int clock_process_cpu_ns(int pid, uint64_t *ret_ns)
{
	char path[64], text[1024];
	unsigned long long user, system;
	const char *rest;
	ssize_t size;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -ERR_NO_FILE;
	size = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[size < 0 ? 0 : size] = '\0';
	rest = strrchr(text, ')'); /* the name before it may contain anything */
	if (rest == NULL || sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
	                           &user, &system) != 2)
		return -ERR_DAMAGED;
	*ret_ns = (user + system) * (NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK));
	return 0;
}
