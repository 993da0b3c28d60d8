/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/sync_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"

/* Index, epoch, times, client id and call id, user, checksum: what stands in an entry beside the
 * caller's words. */
enum { RECORD_HEADER_BYTES = 64 };

static int write_all(int fd, const void *data, size_t size, uint64_t offset)
{
	while (size > 0) {
		ssize_t written = pwrite(fd, data, size, (off_t)offset);

		if (written < 0)
			return err_from_errno(errno);
		data = (const uint8_t *)data + written;
		offset += (uint64_t)written;
		size -= (size_t)written;
	}
	return 0;
}

static int fill_with_zeros(struct sync_file *file)
{
	int rc;

	for (uint64_t at = 0; at < SYNC_FILE_BYTES; at += SYNC_ROUND_BYTES_MAX) {
		rc = write_all(file->fd, file->round, SYNC_ROUND_BYTES_MAX, at);
		if (rc < 0)
			return rc;
	}
	return fsync(file->fd) < 0 ? err_from_errno(errno) : 0;
}

static int open_synced(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_DSYNC | O_DIRECT);

	return fd < 0 && errno == EINVAL ? open(path, O_WRONLY | O_CLOEXEC | O_DSYNC) : fd;
}

int sync_file_open(struct sync_file *file, const char *path)
{
	int rc;

	*file = (struct sync_file){.round = aligned_alloc(SYNC_BLOCK_BYTES, SYNC_ROUND_BYTES_MAX)};
	if (file->round == NULL)
		return -ERR_NO_MEMORY;
	memset(file->round, 0, SYNC_ROUND_BYTES_MAX);
	file->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	rc = file->fd < 0 ? err_from_errno(errno) : fill_with_zeros(file);
	if (rc == 0) {
		close(file->fd);
		file->fd = open_synced(path);
		rc = file->fd < 0 ? err_from_errno(errno) : 0;
	}
	if (rc < 0)
		sync_file_close(file);
	return rc;
}

void sync_file_close(struct sync_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	free(file->round);
	file->round = NULL;
}

bool sync_file_add(struct sync_file *file, struct str message)
{
	size_t size = RECORD_HEADER_BYTES + message.size;

	if (size > SYNC_ROUND_BYTES_MAX - file->round_bytes)
		return false;
	memset(file->round + file->round_bytes, 0xa5, RECORD_HEADER_BYTES);
	memcpy(file->round + file->round_bytes + RECORD_HEADER_BYTES, message.data, message.size);
	file->round_bytes += size;
	return true;
}

int sync_file_sync(struct sync_file *file)
{
	size_t size =
	        (file->round_bytes + SYNC_BLOCK_BYTES - 1) / SYNC_BLOCK_BYTES * SYNC_BLOCK_BYTES;
	int rc;

	memset(file->round + file->round_bytes, 0, size - file->round_bytes);
	if (file->offset + size > SYNC_FILE_BYTES)
		file->offset = 0;
	rc = write_all(file->fd, file->round, size, file->offset);
	if (rc < 0)
		return rc;
	file->offset += size;
	file->round_bytes = 0;
	return 0;
}
