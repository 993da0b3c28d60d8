/* SPDX-License-Identifier: Apache-2.0 */
#include "io/io_private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"

struct io_file {
	int fd;
	bool is_direct;
};

static int open_flags(unsigned flags)
{
	int open_flags = O_CLOEXEC | (flags & IO_OPEN_WRITE ? O_RDWR : O_RDONLY);

	if (flags & IO_OPEN_CREATE)
		open_flags |= O_CREAT;
	if (flags & IO_OPEN_EXCLUSIVE)
		open_flags |= O_EXCL;
	if (flags & IO_OPEN_TRUNCATE)
		open_flags |= O_TRUNC;
	if (flags & IO_OPEN_DIRECT)
		open_flags |= O_DIRECT;
	if (flags & IO_OPEN_DSYNC)
		open_flags |= O_DSYNC;
	if (flags & IO_OPEN_APPEND)
		open_flags |= O_APPEND;
	return open_flags;
}

static int open_retrying(const char *path, int flags)
{
	int fd;

	do
		fd = open(path, flags, 0644);
	while (fd < 0 && errno == EINTR);
	return fd;
}

int io_file_open(struct io *io, const char *path, unsigned flags, struct io_file **ret_file)
{
	struct io_file *file = mem_zalloc(sizeof(*file));
	int rc;

	(void)io;
	if (file == NULL)
		return -ERR_NO_MEMORY;
	file->is_direct = flags & IO_OPEN_DIRECT;
	file->fd = open_retrying(path, open_flags(flags));
	if (file->fd < 0 && errno == EINVAL && file->is_direct) {
		/* The folder cannot go past the cache; some made the file before they said so. */
		file->is_direct = false;
		file->fd = open_retrying(
		        path, open_flags(flags & ~(unsigned)(IO_OPEN_DIRECT | IO_OPEN_EXCLUSIVE)));
	}
	if (file->fd < 0) {
		rc = err_from_errno(errno);
		mem_free(file);
		return rc;
	}
	*ret_file = file;
	return 0;
}

void io_file_close(struct io_file *file)
{
	if (file == NULL)
		return;
	close(file->fd);
	mem_free(file);
}

bool io_file_is_direct(const struct io_file *file)
{
	return file->is_direct;
}

/* Some folders say only at the first transfer that they cannot go past the cache. */
static bool fall_back(struct io_file *file)
{
	int flags = fcntl(file->fd, F_GETFL);

	if (!file->is_direct || flags < 0 || fcntl(file->fd, F_SETFL, flags & ~O_DIRECT) < 0)
		return false;
	file->is_direct = false;
	return true;
}

static void check_alignment(const struct io_file *file, const void *data, size_t size,
                            uint64_t offset)
{
	CHECK(!file->is_direct || (((uintptr_t)data | size | offset) & (IO_BLOCK_BYTES - 1)) == 0);
}

int io_file_write(struct io_file *file, const void *data, size_t size, uint64_t offset)
{
	const uint8_t *at = data;

	check_alignment(file, data, size, offset);
	while (size > 0) {
		ssize_t done = pwrite(file->fd, at, size, (off_t)offset);

		if (done < 0) {
			if (errno == EINTR || (errno == EINVAL && fall_back(file)))
				continue;
			return err_from_errno(errno);
		}
		if (done == 0)
			return -ERR_IO;
		at += done;
		size -= (size_t)done;
		offset += (uint64_t)done;
	}
	return 0;
}

int io_file_read(struct io_file *file, void *data, size_t size, uint64_t offset, size_t *ret_size)
{
	size_t total = 0;

	check_alignment(file, data, size, offset);
	while (total < size) {
		ssize_t done = pread(file->fd, (uint8_t *)data + total, size - total,
		                     (off_t)(offset + total));

		if (done < 0) {
			if (errno == EINTR || (errno == EINVAL && fall_back(file)))
				continue;
			return err_from_errno(errno);
		}
		if (done == 0)
			break;
		total += (size_t)done;
	}
	*ret_size = total;
	return 0;
}

int io_file_sync(struct io_file *file)
{
	return fdatasync(file->fd) == 0 ? 0 : err_from_errno(errno);
}

int io_file_size(struct io_file *file, uint64_t *ret_size)
{
	struct stat stat;

	if (fstat(file->fd, &stat) < 0)
		return err_from_errno(errno);
	*ret_size = (uint64_t)stat.st_size;
	return 0;
}

int io_file_truncate(struct io_file *file, uint64_t size)
{
	int rc;

	do
		rc = ftruncate(file->fd, (off_t)size);
	while (rc < 0 && errno == EINTR);
	return rc == 0 ? 0 : err_from_errno(errno);
}

void io_file_drop_cache(struct io_file *file)
{
	posix_fadvise(file->fd, 0, 0, POSIX_FADV_DONTNEED); /* advice: nothing to do if refused */
}

void io_file_read_nothing_ahead(struct io_file *file)
{
	posix_fadvise(file->fd, 0, 0, POSIX_FADV_RANDOM);
}

/* A lock of the open file, not of the process: closing another descriptor of the same file does
 * not drop it, as it would with the older kind. */
int io_file_lock(struct io_file *file)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (fcntl(file->fd, F_OFD_SETLK, &whole) == 0)
		return 0;
	return errno == EAGAIN || errno == EACCES ? -ERR_IN_USE : err_from_errno(errno);
}
