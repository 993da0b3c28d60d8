/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What command-line tools want of this machine's files.
 */
#include "io/io_private.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

enum { ENTRY_BYTES_MAX = 64 << 10, MODE_BITS = 07777 };

static void fill_owner(uid_t uid, char name[IO_OWNER_BYTES])
{
	char memory[ENTRY_BYTES_MAX];
	struct passwd entry, *found = NULL;

	if (getpwuid_r(uid, &entry, memory, sizeof(memory), &found) == 0 && found != NULL)
		snprintf(name, IO_OWNER_BYTES, "%s", found->pw_name);
	else
		snprintf(name, IO_OWNER_BYTES, "%u", (unsigned)uid);
}

static void fill_group(gid_t gid, char name[IO_OWNER_BYTES])
{
	char memory[ENTRY_BYTES_MAX];
	struct group entry, *found = NULL;

	if (getgrgid_r(gid, &entry, memory, sizeof(memory), &found) == 0 && found != NULL)
		snprintf(name, IO_OWNER_BYTES, "%s", found->gr_name);
	else
		snprintf(name, IO_OWNER_BYTES, "%u", (unsigned)gid);
}

static uint64_t milliseconds(struct timespec time)
{
	return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static struct timespec time_of(uint64_t ms)
{
	return (struct timespec){.tv_sec = (time_t)(ms / 1000),
	                         .tv_nsec = (long)(ms % 1000) * 1000000};
}

int io_attributes(struct io *io, const char *path, struct io_attributes *ret_attributes)
{
	struct stat stat_buf;

	(void)io;
	if (stat(path, &stat_buf) < 0)
		return err_from_errno(errno);
	ret_attributes->mode = stat_buf.st_mode & MODE_BITS;
	ret_attributes->mtime_ms = milliseconds(stat_buf.st_mtim);
	ret_attributes->atime_ms = milliseconds(stat_buf.st_atim);
	fill_owner(stat_buf.st_uid, ret_attributes->owner);
	fill_group(stat_buf.st_gid, ret_attributes->group);
	return 0;
}

static bool find_user(const char *name, uid_t *ret_uid)
{
	char memory[ENTRY_BYTES_MAX];
	struct passwd entry, *found = NULL;

	if (getpwnam_r(name, &entry, memory, sizeof(memory), &found) != 0 || found == NULL)
		return false;
	*ret_uid = entry.pw_uid;
	return true;
}

static bool find_group(const char *name, gid_t *ret_gid)
{
	char memory[ENTRY_BYTES_MAX];
	struct group entry, *found = NULL;

	if (getgrnam_r(name, &entry, memory, sizeof(memory), &found) != 0 || found == NULL)
		return false;
	*ret_gid = entry.gr_gid;
	return true;
}

int io_set_owner(struct io *io, const char *path, const struct io_attributes *attributes,
                 const char **ret_unknown)
{
	uid_t uid;
	gid_t gid;

	(void)io;
	*ret_unknown = !find_user(attributes->owner, &uid)    ? "user"
	               : !find_group(attributes->group, &gid) ? "group"
	                                                      : NULL;
	if (*ret_unknown != NULL)
		return -ERR_INVALID;
	return chown(path, uid, gid) < 0 ? err_from_errno(errno) : 0;
}

int io_set_attributes(struct io *io, const char *path, const struct io_attributes *attributes)
{
	struct timespec times[] = {time_of(attributes->atime_ms), time_of(attributes->mtime_ms)};

	(void)io;
	if (chmod(path, attributes->mode & MODE_BITS) < 0 ||
	    utimensat(AT_FDCWD, path, times, 0) < 0)
		return err_from_errno(errno);
	return 0;
}

int io_current_folder(struct io *io, struct buf *buf)
{
	char *path = getcwd(NULL, 0);

	(void)io;
	if (path == NULL)
		return err_from_errno(errno);
	buf_append_str(buf, str_of(path));
	free(path);
	return buf->failed ? -ERR_NO_MEMORY : 0;
}
