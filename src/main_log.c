/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "main_private.h"

enum {
	FILE_BYTES_MAX = 64 << 20,
	FILES_KEPT = 5, /* beside the one being written */
	PATH_BYTES_MAX = 4096,
	LINE_BYTES_MAX = 8192,
};

struct main_log {
	struct io *io;
	const char *path; /* the configuration's */
	struct io_file *file;
	uint64_t size;
};

static int open_file(struct main_log *log)
{
	int rc = io_file_open(log->io, log->path, IO_OPEN_WRITE | IO_OPEN_CREATE | IO_OPEN_APPEND,
	                      &log->file);

	if (rc == 0)
		rc = io_file_size(log->file, &log->size);
	return rc;
}

/* file.4 to file.5, ..., file to file.1, and a new file.  If that fails, the log goes on in the old
 * one, or on standard error. */
static void rotate(struct main_log *log)
{
	char from[PATH_BYTES_MAX], to[PATH_BYTES_MAX];

	for (int i = FILES_KEPT; i > 0; i--) {
		snprintf(to, sizeof(to), "%s.%d", log->path, i);
		if (i == 1)
			snprintf(from, sizeof(from), "%s", log->path);
		else
			snprintf(from, sizeof(from), "%s.%d", log->path, i - 1);
		(void)io_rename(log->io, from, to);
	}
	io_file_close(log->file);
	log->file = NULL;
	(void)open_file(log);
}

/* Somebody else may have written to it, or emptied it, since it was looked at. */
static bool is_full(struct main_log *log, size_t more)
{
	return log->size + more > FILE_BYTES_MAX &&
	       (io_file_size(log->file, &log->size) < 0 || log->size + more > FILE_BYTES_MAX);
}

static void write_line(void *context, enum log_level level, const char *line)
{
	struct main_log *log = context;
	char text[LINE_BYTES_MAX];
	int length = snprintf(text, sizeof(text), "%s\n", line);
	size_t size = length < (int)sizeof(text) ? (size_t)length : sizeof(text) - 1;

	(void)level;
	if (log->file != NULL && is_full(log, size))
		rotate(log);
	if (log->file == NULL || io_file_write(log->file, text, size, log->size) < 0) {
		fputs(text, stderr);
		return;
	}
	log->size += size;
}

static void tell_shortage(void *context, bool is_short)
{
	if (is_short)
		log_event(LOG_DESCRIPTORS_SHORT,
		          "new connections wait: of %" PRIu64 " descriptors (ulimit -n) all are "
		          "open but those kept for files, or the machine has no memory for "
		          "sockets; raise the limit, or see who has so many: ss -tnp",
		          io_descriptors_max(context));
	else
		log_event(LOG_DESCRIPTORS_AGAIN, "connections are accepted again");
}

int main_log_open(const struct cli_site *site, struct main_log **ret_log)
{
	struct main_log *log = NULL;
	int rc;

	log_set_level((enum log_level)config_enum(site->config, CONFIG_KEY_HOLDFAST_LOG_LEVEL));
	if (config_has(site->config, CONFIG_KEY_HOLDFAST_LOG_FILE)) {
		log = mem_must_zalloc(sizeof(*log));
		log->io = site->io;
		log->path = config_c_str(site->config, CONFIG_KEY_HOLDFAST_LOG_FILE);
		rc = open_file(log);
		if (rc < 0) {
			cli_fail(site, "the log %s cannot be written: %s", log->path, err_text(rc));
			io_file_close(log->file);
			mem_free(log);
			return CLI_FAILURE;
		}
		log_set_sink(write_line, log);
	}
	io_on_shortage(site->io, tell_shortage, site->io);
	*ret_log = log;
	return CLI_OK;
}

void main_log_close(struct main_log *log)
{
	if (log == NULL)
		return;
	log_set_sink(NULL, NULL);
	io_file_close(log->file);
	mem_free(log);
}
