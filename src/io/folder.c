/* SPDX-License-Identifier: Apache-2.0 */
#include "io/io_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

static int result_of(int rc)
{
	return rc == 0 ? 0 : err_from_errno(errno);
}

int io_stat(struct io *io, const char *path, struct io_stat *ret_stat)
{
	struct stat stat_buf;

	(void)io;
	if (stat(path, &stat_buf) < 0)
		return err_from_errno(errno);
	*ret_stat = (struct io_stat){
	        .kind = S_ISREG(stat_buf.st_mode)   ? IO_KIND_FILE
	                : S_ISDIR(stat_buf.st_mode) ? IO_KIND_FOLDER
	                                            : IO_KIND_OTHER,
	        .size = (uint64_t)stat_buf.st_size,
	        .mtime_ms = (uint64_t)stat_buf.st_mtim.tv_sec * 1000 +
	                    (uint64_t)stat_buf.st_mtim.tv_nsec / 1000000,
	};
	return 0;
}

int io_mkdir(struct io *io, const char *path)
{
	(void)io;
	return result_of(mkdir(path, 0755));
}

int io_rename(struct io *io, const char *from, const char *to)
{
	(void)io;
	return result_of(rename(from, to));
}

int io_unlink(struct io *io, const char *path)
{
	(void)io;
	return result_of(unlink(path));
}

int io_rmdir(struct io *io, const char *path)
{
	(void)io;
	return result_of(rmdir(path));
}

int io_sync_folder(struct io *io, const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	(void)io;
	if (fd < 0)
		return err_from_errno(errno);
	rc = result_of(fsync(fd));
	close(fd);
	return rc;
}

struct names {
	char **names;
	size_t count;
	size_t capacity;
};

static int add_name(struct names *names, const char *name)
{
	char *copy;

	if (names->count == names->capacity) {
		size_t capacity = names->capacity == 0 ? 16 : 2 * names->capacity;
		char **bigger = mem_realloc(names->names, capacity * sizeof(*bigger));

		if (bigger == NULL)
			return -ERR_NO_MEMORY;
		names->names = bigger;
		names->capacity = capacity;
	}
	copy = mem_strdup(str_of(name));
	if (copy == NULL)
		return -ERR_NO_MEMORY;
	names->names[names->count++] = copy;
	return 0;
}

static int read_names(DIR *dir, struct names *names)
{
	for (;;) {
		struct dirent *entry;
		int rc;

		errno = 0;
		entry = readdir(dir);
		if (entry == NULL)
			return err_from_errno(errno);
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		rc = add_name(names, entry->d_name);
		if (rc < 0)
			return rc;
	}
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int io_list_folder(struct io *io, const char *path, char ***ret_names, size_t *ret_count)
{
	struct names names = {0};
	DIR *dir = opendir(path);
	int rc;

	(void)io;
	if (dir == NULL)
		return err_from_errno(errno);
	rc = read_names(dir, &names);
	closedir(dir);
	if (rc < 0) {
		io_free_names(names.names, names.count);
		return rc;
	}
	if (names.count > 0)
		qsort(names.names, names.count, sizeof(*names.names), compare_names);
	*ret_names = names.names;
	*ret_count = names.count;
	return 0;
}

void io_free_names(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		mem_free(names[i]);
	mem_free(names);
}

int io_space(struct io *io, const char *path, struct io_space *ret_space)
{
	struct statvfs space;

	(void)io;
	if (statvfs(path, &space) < 0)
		return err_from_errno(errno);
	*ret_space = (struct io_space){
	        .capacity = (uint64_t)space.f_blocks * space.f_frsize,
	        .available = (uint64_t)space.f_bavail * space.f_frsize,
	};
	return 0;
}

/* Files without a size of their own (/proc) are read too: until the end, not until the size. */
static int read_whole(struct io_file *file, size_t size_max, struct buf *buf)
{
	enum { PIECE_BYTES = 16 * 1024 };
	size_t total = 0, got;

	do {
		int rc;

		if (!buf_reserve(buf, PIECE_BYTES))
			return -ERR_NO_MEMORY;
		rc = io_file_read(file, buf->data + buf->size, PIECE_BYTES, total, &got);
		if (rc < 0)
			return rc;
		total += got;
		if (total > size_max)
			return -ERR_TOO_LARGE;
		buf->size += got;
	} while (got > 0);
	return 0;
}

int io_read_file(struct io *io, const char *path, size_t size_max, struct buf *buf)
{
	struct io_file *file;
	int rc = io_file_open(io, path, IO_OPEN_READ, &file);

	if (rc < 0)
		return rc;
	rc = read_whole(file, size_max, buf);
	io_file_close(file);
	return rc;
}

static int write_new_file(struct io *io, const char *path, const void *data, size_t size)
{
	struct io_file *file;
	int rc = io_file_open(io, path, IO_OPEN_WRITE | IO_OPEN_CREATE | IO_OPEN_TRUNCATE, &file);

	if (rc < 0)
		return rc;
	rc = io_file_write(file, data, size, 0);
	if (rc == 0)
		rc = io_file_sync(file);
	io_file_close(file);
	return rc;
}

static int sync_folder_of(struct io *io, const char *path)
{
	CLEANUP(mem_cleanup) char *folder = mem_strdup(str_of(path));
	char *slash;

	if (folder == NULL)
		return -ERR_NO_MEMORY;
	slash = strrchr(folder, '/');
	if (slash == NULL)
		return io_sync_folder(io, ".");
	slash[slash == folder ? 1 : 0] = '\0';
	return io_sync_folder(io, folder);
}

int io_replace_file(struct io *io, const char *path, const void *data, size_t size)
{
	static const char suffix[] = ".tmp";
	size_t length = strlen(path);
	CLEANUP(mem_cleanup) char *temporary = mem_alloc(length + sizeof(suffix));
	int rc;

	if (temporary == NULL)
		return -ERR_NO_MEMORY;
	memcpy(temporary, path, length);
	memcpy(temporary + length, suffix, sizeof(suffix));
	rc = write_new_file(io, temporary, data, size);
	if (rc == 0)
		rc = io_rename(io, temporary, path);
	if (rc < 0) {
		unlink(temporary);
		return rc;
	}
	return sync_folder_of(io, path);
}
