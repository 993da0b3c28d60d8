/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/err.h"
#include "base/mem.h"
#include "cli/shell.h"

enum { COPY_BYTES = 1 << 20 };

static int open_writer(struct shell *shell, struct str path, struct file_writer **ret_writer)
{
	struct file_writer_options options = {
	        .overwrite = true,
	        .replication = shell->replication,
	        .block_size = shell->block_size,
	        .mode = 0666 & ~shell->umask,
	};

	return file_writer_open(shell->client, path, &options, ret_writer);
}

static int close_writer(struct file_writer *writer, int rc)
{
	if (rc == 0)
		return file_writer_close(writer);
	file_writer_abort(writer);
	return rc;
}

static int local_failed(struct local_file *local)
{
	local->error = errno;
	return -ERR_IO;
}

/* ---- from this machine ---- */

static int send_all(struct local_file *from, char *buffer, struct file_writer *writer)
{
	for (;;) {
		size_t size = fread(buffer, 1, COPY_BYTES, from->file);
		int rc = size > 0 ? file_writer_write(writer, buffer, size) : 0;

		if (rc < 0)
			return rc;
		if (size < COPY_BYTES)
			return ferror(from->file) ? local_failed(from) : 0;
	}
}

int stream_upload(struct shell *shell, struct local_file *from, struct str path)
{
	CLEANUP(mem_cleanup) char *buffer = mem_must_alloc(COPY_BYTES);
	struct file_writer *writer;
	int rc = open_writer(shell, path, &writer);

	if (rc < 0)
		return rc;
	return close_writer(writer, from == NULL ? 0 : send_all(from, buffer, writer));
}

/* ---- to this machine ---- */

static int write_locally(void *context, const uint8_t *data, size_t size)
{
	struct local_file *to = context;

	return fwrite(data, 1, size, to->file) == size ? 0 : local_failed(to);
}

int stream_download(struct shell *shell, struct str path, const struct file_range *range,
                    struct local_file *to)
{
	int rc = file_read(shell->client, path, range, write_locally, to);

	if (rc == 0 && fflush(to->file) != 0)
		return local_failed(to);
	return rc;
}

/* ---- within the file system ---- */

static int write_remotely(void *context, const uint8_t *data, size_t size)
{
	return file_writer_write(context, data, size);
}

int stream_copy(struct shell *shell, struct str source, struct str target)
{
	const struct file_range all = {.length = UINT64_MAX};
	struct file_writer *writer;
	int rc = open_writer(shell, target, &writer);

	if (rc < 0)
		return rc;
	return close_writer(writer, file_read(shell->client, source, &all, write_remotely, writer));
}
