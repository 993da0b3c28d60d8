/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/segment_write.h"

#include <inttypes.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/twins.h"
#include "journal/text.h"

static struct segment_writer *allocate(struct io *io, const char *folder, uint64_t number)
{
	struct segment_writer *writer = mem_zalloc(sizeof(*writer));

	if (writer == NULL)
		return NULL;
	writer->io = io;
	writer->folder = folder;
	writer->temporary = text_make("%s/prepared-%" PRIu64 ".tmp", folder, number);
	/* Room for the name it will get, so that naming cannot fail. */
	writer->path = text_make("%s/%*s", folder, FOLDER_NAME_BYTES, "");
	if (writer->temporary == NULL || writer->path == NULL) {
		mem_free(writer->temporary);
		mem_free(writer->path);
		mem_free(writer);
		return NULL;
	}
	return writer;
}

int segment_writer_create(struct io *io, const char *folder, uint64_t number, uint64_t file_bytes,
                          bool syncs_behind, struct segment_writer **ret_writer)
{
	struct segment_writer *writer = allocate(io, folder, number);
	int rc;

	if (writer == NULL)
		return -ERR_NO_MEMORY;
	writer->header.block_bytes = SEGMENT_BLOCK_BYTES;
	writer->header.file_bytes = file_bytes;
	writer->at = SEGMENT_BLOCK_BYTES;
	writer->syncs_behind = syncs_behind;
	rc = io_file_open(io, writer->temporary,
	                  IO_OPEN_WRITE | IO_OPEN_CREATE | IO_OPEN_TRUNCATE | IO_OPEN_DIRECT,
	                  &writer->file);
	if (rc < 0) {
		segment_writer_destroy(writer);
		return rc;
	}
	*ret_writer = writer;
	return 0;
}

void segment_writer_destroy(struct segment_writer *writer)
{
	if (writer == NULL)
		return;
	io_file_close(writer->file);
	/* If it stays, the next start removes it. */
	if (!writer->is_begun)
		io_unlink(writer->io, writer->temporary);
	mem_free(writer->temporary);
	mem_free(writer->path);
	mem_free(writer);
}

/* From here on each write is durable when it returns, or goes no further than the kernel. */
static int reopen(struct segment_writer *writer)
{
	unsigned how = IO_OPEN_DIRECT | (IS_BROKEN(REPLY_BEFORE_SYNC) ? 0 : IO_OPEN_DSYNC);
	struct io_file *file;
	int rc = io_file_open(writer->io, writer->temporary,
	                      IO_OPEN_WRITE | (writer->syncs_behind ? 0 : how), &file);

	if (rc < 0)
		return rc;
	io_file_close(writer->file);
	writer->file = file;
	return 0;
}

int segment_writer_zero(struct segment_writer *writer, const struct pages *zeros)
{
	uint64_t left = writer->header.file_bytes - writer->zeroed;
	size_t size = left < zeros->size ? (size_t)left : zeros->size;
	int rc = io_file_write(writer->file, zeros->data, size, writer->zeroed);

	if (rc < 0)
		return rc;
	writer->zeroed += size;
	if (writer->zeroed < writer->header.file_bytes)
		return 1;
	rc = io_file_sync(writer->file);
	return rc < 0 ? rc : reopen(writer);
}

void segment_writer_name(struct segment_writer *writer, const struct segment_header *header)
{
	struct segment_header own = *header;
	size_t folder_length = strlen(writer->folder);

	own.block_bytes = writer->header.block_bytes;
	own.file_bytes = writer->header.file_bytes;
	writer->header = own;
	folder_segment_name(segment_writer_id(writer), writer->path + folder_length + 1);
}

struct segment_id segment_writer_id(const struct segment_writer *writer)
{
	return (struct segment_id){.epoch = writer->header.epoch,
	                           .first_index = writer->header.first_index};
}

bool segment_writer_has_room(const struct segment_writer *writer, uint64_t at, size_t size)
{
	uint64_t end = writer->header.file_bytes - writer->header.block_bytes;

	return at <= end && size <= end - at;
}

static int write_header(struct segment_writer *writer)
{
	struct pages block = {0};
	int rc;

	if (!pages_resize(&block, SEGMENT_HEADER_BYTES))
		return -ERR_NO_MEMORY;
	segment_header_encode(&writer->header, block.data);
	rc = io_file_write(writer->file, block.data, SEGMENT_HEADER_BYTES, 0);
	pages_finish(&block);
	return rc;
}

int segment_writer_begin(struct segment_writer *writer, const struct pages *batch, size_t size)
{
	int rc = io_file_write(writer->file, batch->data, size, writer->header.block_bytes);

	if (rc == 0)
		rc = write_header(writer);
	if (rc == 0 && writer->syncs_behind)
		rc = io_file_sync(writer->file);
	if (rc == 0)
		rc = io_rename(writer->io, writer->temporary, writer->path);
	if (rc < 0)
		return rc;
	writer->is_begun = true;
	return io_sync_folder(writer->io, writer->folder);
}

int segment_writer_write(struct segment_writer *writer, const struct pages *batch, size_t size,
                         uint64_t offset)
{
	return io_file_write(writer->file, batch->data, size, offset);
}
