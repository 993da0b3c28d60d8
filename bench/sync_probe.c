/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/sync_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "bench/clock.h"

enum { BLOCK_BYTES = 4096, PATH_BYTES_MAX = 4096 };

struct writer {
	pthread_t thread;
	pthread_barrier_t *start; /* of each sync */
	int fd;
	uint8_t *block;
	uint32_t count, pause_us;
	uint64_t *times_ns;
	int rc;
};

static int write_block(const struct writer *writer, uint32_t place)
{
	ssize_t size = pwrite(writer->fd, writer->block, BLOCK_BYTES, (off_t)place * BLOCK_BYTES);

	if (size < 0)
		return err_from_errno(errno);
	return size == BLOCK_BYTES ? 0 : -ERR_IO;
}

/* After an error it only keeps step with the others. */
static void *write_all(void *context)
{
	struct writer *writer = context;

	memset(writer->block, 0xa5, BLOCK_BYTES);
	for (uint32_t i = 0; i < writer->count; i++) {
		uint64_t began_ns;

		if (writer->pause_us > 0)
			usleep(writer->pause_us);
		pthread_barrier_wait(writer->start);
		began_ns = clock_now_ns();
		if (writer->rc == 0)
			writer->rc = write_block(writer, i);
		writer->times_ns[i] = clock_now_ns() - began_ns;
	}
	return NULL;
}

/* Blocks that stand on the disk already: making them would be measured else. */
static int fill(const struct writer *writer)
{
	struct stat stat;
	int rc = fstat(writer->fd, &stat) < 0 ? err_from_errno(errno) : 0;

	if (rc == 0 && stat.st_size >= (off_t)writer->count * BLOCK_BYTES)
		return 0;
	for (uint32_t i = 0; i < writer->count && rc == 0; i++)
		rc = write_block(writer, i);
	return rc == 0 && fsync(writer->fd) < 0 ? err_from_errno(errno) : rc;
}

static int open_file(struct writer *writer, const char *path, size_t number)
{
	char name[PATH_BYTES_MAX];
	int flags, rc;

	snprintf(name, sizeof(name), "%s.%zu", path, number);
	writer->fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_DIRECT, 0600);
	if (writer->fd < 0)
		return err_from_errno(errno);
	rc = fill(writer);
	close(writer->fd);
	flags = O_WRONLY | O_CLOEXEC | O_DIRECT | O_DSYNC;
	writer->fd = rc < 0 ? -1 : open(name, flags);
	return rc == 0 && writer->fd < 0 ? err_from_errno(errno) : rc;
}

static int writer_init(struct writer *writer, const char *path, size_t number)
{
	writer->times_ns = mem_must_zalloc(writer->count * sizeof(*writer->times_ns));
	writer->block = aligned_alloc(BLOCK_BYTES, BLOCK_BYTES);
	if (writer->block == NULL)
		return -ERR_NO_MEMORY;
	memset(writer->block, 0, BLOCK_BYTES);
	return open_file(writer, path, number);
}

static void writer_finish(struct writer *writer)
{
	if (writer->fd >= 0)
		close(writer->fd);
	free(writer->block);
	mem_free(writer->times_ns);
}

/* Threads that cannot all be made would wait for each other for ever: the process ends. */
static void run(struct writer *writers, uint32_t count)
{
	pthread_barrier_t start;

	pthread_barrier_init(&start, NULL, count);
	for (uint32_t i = 0; i < count; i++) {
		writers[i].start = &start;
		CHECK(pthread_create(&writers[i].thread, NULL, write_all, &writers[i]) == 0);
	}
	for (uint32_t i = 0; i < count; i++)
		pthread_join(writers[i].thread, NULL);
	pthread_barrier_destroy(&start);
}

static int take_times(const struct writer *writer, struct hist *hist)
{
	for (uint32_t i = 0; i < writer->count; i++)
		hist_record(hist, writer->times_ns[i]);
	return writer->rc;
}

int sync_probe(const struct sync_probe_options *options, struct hist *hist)
{
	struct writer all[SYNC_PROBE_WRITERS_MAX];
	uint32_t writers = options->writers;
	int rc = 0;

	CHECK(writers <= SYNC_PROBE_WRITERS_MAX);
	for (uint32_t i = 0; i < writers; i++)
		all[i] = (struct writer){
		        .fd = -1, .count = options->count, .pause_us = options->pause_us};
	for (uint32_t i = 0; i < writers && rc == 0; i++)
		rc = writer_init(&all[i], options->path, i);
	if (rc == 0)
		run(all, writers);
	for (uint32_t i = 0; i < writers && rc == 0; i++)
		rc = take_times(&all[i], hist);
	for (uint32_t i = 0; i < writers; i++)
		writer_finish(&all[i]);
	return rc;
}
