/* SPDX-License-Identifier: Apache-2.0 */
#include "io/io_private.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

/* ---- signals ---- */

struct io_signal {
	uv_signal_t handle;
	struct list node;
	void (*handler)(void *context, int number);
	void *context;
};

static void on_signal(uv_signal_t *handle, int number)
{
	struct io_signal *signal = handle->data;

	signal->handler(signal->context, number);
}

static bool is_ignored(int number)
{
	struct sigaction now;

	return sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

int io_on_signal(struct io *io, int number, void (*handler)(void *context, int number),
                 void *context)
{
	struct io_signal *signal;
	int rc;

	if (number == SIGHUP && is_ignored(number))
		return 0;
	signal = mem_zalloc(sizeof(*signal));
	if (signal == NULL)
		return -ERR_NO_MEMORY;
	rc = uv_signal_init(&io->loop, &signal->handle);
	if (rc < 0) {
		mem_free(signal);
		return io_err_from_uv(rc);
	}
	signal->handle.data = signal;
	signal->handler = handler;
	signal->context = context;
	list_append(&io->signals, &signal->node);
	return io_err_from_uv(uv_signal_start(&signal->handle, on_signal, number));
}

static void on_signal_closed(uv_handle_t *handle)
{
	mem_free(handle->data);
}

void io_signals_close(struct io *io)
{
	LIST_FOR_EACH_SAFE (node, &io->signals) {
		struct io_signal *signal = CONTAINER_OF(node, struct io_signal, node);

		list_remove(node);
		uv_close((uv_handle_t *)&signal->handle, on_signal_closed);
	}
}

/* ---- who and where ---- */

const char *io_host_name(struct io *io)
{
	char name[256] = "";

	if (io->host_name == NULL) {
		if (gethostname(name, sizeof(name) - 1) < 0 || name[0] == '\0')
			snprintf(name, sizeof(name), "localhost");
		io->host_name = mem_must_strdup(str_of(name));
	}
	return io->host_name;
}

/* Room for an entry of the user or group data base; doubles each time. */
static bool grow(char **memory, size_t *size)
{
	size_t bigger = *size == 0 ? 1024 : 2 * *size;
	char *grown = mem_realloc(*memory, bigger);

	if (grown == NULL)
		return false;
	*memory = grown;
	*size = bigger;
	return true;
}

const char *io_user_name(struct io *io)
{
	CLEANUP(mem_cleanup) char *memory = NULL;
	struct passwd entry, *found = NULL;
	char number[24];
	size_t size = 0;
	int error;

	if (io->user_name != NULL)
		return io->user_name;
	do
		error = grow(&memory, &size) ? getpwuid_r(geteuid(), &entry, memory, size, &found)
		                             : ENOMEM;
	while (error == ERANGE);
	snprintf(number, sizeof(number), "%u", (unsigned)geteuid());
	io->user_name = mem_must_strdup(str_of(found == NULL ? number : found->pw_name));
	return io->user_name;
}

static int append_group(gid_t id, struct buf *buf)
{
	CLEANUP(mem_cleanup) char *memory = NULL;
	struct group entry, *found = NULL;
	size_t size = 0;
	int error;

	do
		error = grow(&memory, &size) ? getgrgid_r(id, &entry, memory, size, &found)
		                             : ENOMEM;
	while (error == ERANGE);
	if (error != 0)
		return err_from_errno(error);
	if (found == NULL) /* a number without a name is no group to anybody */
		return 0;
	if (buf->size > 0)
		buf_append_u8(buf, ',');
	buf_append_str(buf, str_of(found->gr_name));
	return 0;
}

static int append_groups(const char *user, gid_t primary, struct buf *buf)
{
	CLEANUP(mem_cleanup) gid_t *ids = NULL;
	int count = 0, rc = 0;

	getgrouplist(user, primary, NULL, &count);
	do {
		gid_t *bigger = mem_realloc(ids, (size_t)count * sizeof(*ids));

		if (bigger == NULL)
			return -ERR_NO_MEMORY;
		ids = bigger;
	} while (getgrouplist(user, primary, ids, &count) < 0);
	for (int i = 0; i < count && rc == 0; i++)
		rc = append_group(ids[i], buf);
	return rc;
}

int io_user_groups(struct io *io, const char *user, struct buf *buf)
{
	CLEANUP(mem_cleanup) char *memory = NULL;
	struct passwd entry, *found = NULL;
	struct buf groups = {0};
	size_t size = 0;
	int error, rc;

	(void)io;
	do
		error = grow(&memory, &size) ? getpwnam_r(user, &entry, memory, size, &found)
		                             : ENOMEM;
	while (error == ERANGE);
	if (error != 0)
		return err_from_errno(error);
	if (found == NULL)
		return -ERR_NOT_FOUND;
	rc = append_groups(user, found->pw_gid, &groups);
	if (rc == 0)
		buf_append_str(buf, buf_str(&groups));
	if (rc == 0 && (groups.failed || buf->failed))
		rc = -ERR_NO_MEMORY;
	buf_finish(&groups);
	return rc;
}

int io_process_id(struct io *io)
{
	(void)io;
	return (int)getpid();
}

void io_set_process_name(struct io *io, const char *name)
{
	(void)io;
	prctl(PR_SET_NAME, name);
}

int io_become(const char *program, char *const *argv)
{
	fflush(NULL);
	execvp(program, argv);
	return err_from_errno(errno);
}

int io_become_self(char *const *argv)
{
	return io_become("/proc/self/exe", argv);
}

uint64_t io_process_memory(struct io *io)
{
	struct buf text = {0};
	unsigned long long total = 0, resident = 0;

	if (io_read_file(io, "/proc/self/statm", 4096, &text) == 0) {
		buf_append_u8(&text, '\0');
		if (!text.failed)
			sscanf((const char *)text.data, "%llu %llu", &total, &resident);
	}
	buf_finish(&text);
	return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

const char *io_environment(struct io *io, const char *name)
{
	(void)io;
	return getenv(name);
}

void io_environment_beside(const char *variable, const char *folder)
{
	const char *program = (const char *)getauxval(AT_EXECFN);
	const char *slash = program == NULL ? NULL : strrchr(program, '/');
	char path[PATH_MAX], full[PATH_MAX];
	struct stat found;
	int length;

	if (slash == NULL || getenv(variable) != NULL)
		return;
	length =
	        snprintf(path, sizeof(path), "%.*s/../%s", (int)(slash - program), program, folder);
	if (length < 0 || (size_t)length >= sizeof(path) || realpath(path, full) == NULL)
		return;
	if (stat(full, &found) == 0 && S_ISDIR(found.st_mode))
		setenv(variable, full, /* overwrite= */ 0);
}
