/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/replica_file.h"

#include <stdio.h>
#include <string.h>

#include "base/cursor.h"
#include "base/err.h"
#include "base/mem.h"

enum {
	REPLICA_WRITER_MAGIC = 0x68727077,
	REPLICA_READER_MAGIC = 0x68727072,
	META_VERSION = 1,
};

struct replica_paths {
	char folder[REPLICA_PATH_MAX]; /* that the two files are in */
	char data[REPLICA_PATH_MAX + 64];
	char meta[REPLICA_PATH_MAX + 64];
};

/* ---- paths ---- */

/* HDFS's DatanodeUtil.idToBlockDir: two levels of 32. */
static unsigned subdir_of(uint64_t id, unsigned shift)
{
	return (unsigned)(id >> shift & 0x1f);
}

static void fill_names(struct replica_paths *paths, const struct stored_block *block)
{
	snprintf(paths->data, sizeof(paths->data), "%s/blk_%llu", paths->folder,
	         (unsigned long long)block->id);
	snprintf(paths->meta, sizeof(paths->meta), "%s/blk_%llu_%llu.meta", paths->folder,
	         (unsigned long long)block->id, (unsigned long long)block->stamp);
}

static void paths_of(const char *folder, const struct stored_block *block,
                     struct replica_paths *paths)
{
	if (block->state == BLOCK_FINALIZED)
		snprintf(paths->folder, sizeof(paths->folder), "%s/finalized/subdir%u/subdir%u",
		         folder, subdir_of(block->id, 16), subdir_of(block->id, 8));
	else
		snprintf(paths->folder, sizeof(paths->folder), "%s/rbw", folder);
	fill_names(paths, block);
}

/* One that is there may have been made a moment ago, by another thread or by a process that was
 * killed, and not be durable yet. */
static int make_folder(struct io *io, const char *path, const char *parent)
{
	int rc = io_mkdir(io, path);

	return rc < 0 && rc != -ERR_FILE_EXISTS ? rc : io_sync_folder(io, parent);
}

/* The two levels of a finalized replica's folder, durable. */
static int make_subdirs(struct io *io, const char *folder, uint64_t id)
{
	char top[REPLICA_PATH_MAX], one[REPLICA_PATH_MAX + 16], two[REPLICA_PATH_MAX + 32];
	int rc;

	snprintf(top, sizeof(top), "%s/finalized", folder);
	snprintf(one, sizeof(one), "%s/subdir%u", top, subdir_of(id, 16));
	snprintf(two, sizeof(two), "%s/subdir%u", one, subdir_of(id, 8));
	rc = make_folder(io, one, top);
	return rc < 0 ? rc : make_folder(io, two, one);
}

/* ---- writing ---- */

struct replica_writer {
	uint32_t magic;
	struct io *io;
	struct stored_block block;
	struct wire_checksum checksum;
	char *folder; /* the store's */
	struct io_file *data;
	struct io_file *meta;
	bool is_named_durably; /* the files' names are synced */
};

static int write_meta_header(struct replica_writer *writer)
{
	struct buf header = {0};
	int rc;

	buf_append_be(&header, META_VERSION, 2);
	buf_append_u8(&header, (uint8_t)writer->checksum.type);
	buf_append_be(&header, writer->checksum.chunk_bytes, 4);
	rc = header.failed ? -ERR_NO_MEMORY
	                   : io_file_write(writer->meta, header.data, header.size, 0);
	buf_finish(&header);
	return rc;
}

int replica_writer_open(struct io *io, const char *folder, const struct stored_block *block,
                        const struct wire_checksum *checksum, struct replica_writer **ret_writer)
{
	const unsigned flags = IO_OPEN_WRITE | IO_OPEN_CREATE | IO_OPEN_EXCLUSIVE;
	struct replica_writer *writer = mem_zalloc(sizeof(*writer));
	struct replica_paths paths;
	int rc;

	CHECK(block->state == BLOCK_BEING_WRITTEN);
	if (writer == NULL)
		return -ERR_NO_MEMORY;
	*writer = (struct replica_writer){
	        .magic = REPLICA_WRITER_MAGIC, .io = io, .block = *block, .checksum = *checksum};
	writer->folder = mem_strdup(str_of(folder));
	paths_of(folder, block, &paths);
	rc = writer->folder == NULL ? -ERR_NO_MEMORY : 0;
	if (rc == 0)
		rc = io_file_open(io, paths.meta, flags, &writer->meta);
	if (rc == 0)
		rc = io_file_open(io, paths.data, flags, &writer->data);
	if (rc == 0)
		rc = write_meta_header(writer);
	if (rc < 0) {
		replica_writer_close(writer);
		return rc;
	}
	*ret_writer = writer;
	return 0;
}

static uint32_t last_sum(struct str checksums)
{
	struct cursor last = cursor_make(checksums.data + checksums.size - WIRE_CHECKSUM_BYTES,
	                                 WIRE_CHECKSUM_BYTES);

	return (uint32_t)cursor_be(&last, WIRE_CHECKSUM_BYTES);
}

int replica_writer_write(struct replica_writer *writer, uint64_t offset, struct str data,
                         struct str checksums)
{
	uint64_t chunk = writer->checksum.chunk_bytes;
	uint64_t length = writer->block.length;
	int rc;

	OBJ_CHECK(writer, REPLICA_WRITER_MAGIC);
	if (offset != length - length % chunk || offset + data.size <= length ||
	    checksums.size != wire_checksums_size(&writer->checksum, data.size))
		return -ERR_INVALID;
	rc = io_file_write(writer->data, data.data, data.size, offset);
	if (rc < 0)
		return rc;
	rc = io_file_write(writer->meta, checksums.data, checksums.size,
	                   REPLICA_META_HEADER_BYTES + offset / chunk * WIRE_CHECKSUM_BYTES);
	if (rc < 0)
		return rc;
	writer->block.length = offset + data.size;
	writer->block.last_sum = last_sum(checksums);
	return 0;
}

static int sync_files(struct replica_writer *writer)
{
	int rc = io_file_sync(writer->data);

	return rc < 0 ? rc : io_file_sync(writer->meta);
}

int replica_writer_sync(struct replica_writer *writer)
{
	struct replica_paths paths;
	int rc = sync_files(writer);

	if (rc < 0 || writer->is_named_durably)
		return rc;
	paths_of(writer->folder, &writer->block, &paths);
	rc = io_sync_folder(writer->io, paths.folder);
	writer->is_named_durably = rc == 0;
	return rc;
}

int replica_writer_finalize(struct replica_writer *writer)
{
	struct stored_block final = writer->block;
	struct replica_paths from, to;
	int rc;

	OBJ_CHECK(writer, REPLICA_WRITER_MAGIC);
	final.state = BLOCK_FINALIZED;
	paths_of(writer->folder, &writer->block, &from);
	paths_of(writer->folder, &final, &to);
	rc = sync_files(writer);
	if (rc == 0)
		rc = make_subdirs(writer->io, writer->folder, writer->block.id);
	/* meta first: data in place always has its checksums */
	if (rc == 0)
		rc = io_rename(writer->io, from.meta, to.meta);
	if (rc == 0)
		rc = io_rename(writer->io, from.data, to.data);
	if (rc == 0)
		rc = io_sync_folder(writer->io, to.folder);
	if (rc == 0)
		writer->block.state = BLOCK_FINALIZED;
	return rc;
}

void replica_writer_close(struct replica_writer *writer)
{
	struct replica_paths paths;

	if (writer == NULL)
		return;
	OBJ_CHECK(writer, REPLICA_WRITER_MAGIC);
	if (writer->block.state != BLOCK_FINALIZED && writer->block.length == 0 &&
	    writer->meta != NULL) {
		paths_of(writer->folder, &writer->block, &paths);
		if (writer->data != NULL)
			io_unlink(writer->io, paths.data);
		io_unlink(writer->io, paths.meta);
	}
	io_file_close(writer->data);
	io_file_close(writer->meta);
	mem_free(writer->folder);
	writer->magic = 0;
	mem_free(writer);
}

const struct stored_block *replica_writer_block(const struct replica_writer *writer)
{
	return &writer->block;
}

/* ---- reading ---- */

struct replica_reader {
	uint32_t magic;
	struct stored_block block;
	struct wire_checksum checksum;
	struct io_file *data;
	struct io_file *meta;
};

static int read_meta_header(struct replica_reader *reader)
{
	uint8_t bytes[REPLICA_META_HEADER_BYTES];
	struct cursor header;
	size_t size;
	int rc = io_file_read(reader->meta, bytes, sizeof(bytes), 0, &size);

	if (rc < 0)
		return rc;
	header = cursor_make(bytes, size);
	if (cursor_be(&header, 2) != META_VERSION)
		return -ERR_DAMAGED;
	reader->checksum.type = (Hdfs__ChecksumType)cursor_u8(&header);
	reader->checksum.chunk_bytes = (uint32_t)cursor_be(&header, 4);
	return header.failed || !wire_checksum_is_known(&reader->checksum) ? -ERR_DAMAGED : 0;
}

static int open_files(struct io *io, const char *folder, const struct stored_block *block,
                      struct replica_reader *reader)
{
	struct replica_paths paths;
	int rc = 0;

	paths_of(folder, block, &paths);
	if (reader->data == NULL)
		rc = io_file_open(io, paths.data, IO_OPEN_READ, &reader->data);
	if (rc == 0)
		rc = io_file_open(io, paths.meta, IO_OPEN_READ, &reader->meta);
	return rc;
}

int replica_reader_open(struct io *io, const char *folder, const struct stored_block *block,
                        struct wire_checksum *ret_checksum, struct replica_reader **ret_reader)
{
	struct replica_reader *reader = mem_zalloc(sizeof(*reader));
	struct stored_block final = *block;
	int rc;

	if (reader == NULL)
		return -ERR_NO_MEMORY;
	reader->magic = REPLICA_READER_MAGIC;
	reader->block = *block;
	final.state = BLOCK_FINALIZED;
	rc = open_files(io, folder, block, reader);
	if (rc == -ERR_NO_FILE && block->state == BLOCK_BEING_WRITTEN)
		rc = open_files(io, folder, &final, reader);
	if (rc == 0)
		rc = read_meta_header(reader);
	if (rc < 0) {
		replica_reader_close(reader);
		return rc;
	}
	*ret_checksum = reader->checksum;
	*ret_reader = reader;
	return 0;
}

static int read_exactly(struct io_file *file, uint64_t offset, size_t size, struct buf *buf)
{
	size_t got;
	int rc;

	if (!buf_reserve(buf, size))
		return -ERR_NO_MEMORY;
	rc = io_file_read(file, buf->data + buf->size, size, offset, &got);
	if (rc < 0)
		return rc;
	if (got != size)
		return -ERR_DAMAGED;
	buf->size += size;
	return 0;
}

int replica_reader_read(struct replica_reader *reader, uint64_t offset, size_t size,
                        struct buf *data, struct buf *checksums)
{
	uint64_t chunk = reader->checksum.chunk_bytes;
	uint64_t length = reader->block.length;
	uint64_t left = offset < length ? length - offset : 0;
	size_t wanted = size < left ? size : (size_t)left;
	int rc;

	OBJ_CHECK(reader, REPLICA_READER_MAGIC);
	CHECK(offset % chunk == 0);
	rc = read_exactly(reader->data, offset, wanted, data);
	if (rc < 0)
		return rc;
	rc = read_exactly(reader->meta,
	                  REPLICA_META_HEADER_BYTES + offset / chunk * WIRE_CHECKSUM_BYTES,
	                  wire_checksums_size(&reader->checksum, wanted), checksums);
	if (rc == 0 && reader->block.state == BLOCK_BEING_WRITTEN && offset + wanted == length &&
	    length % chunk != 0) {
		checksums->size -= WIRE_CHECKSUM_BYTES;
		buf_append_be(checksums, reader->block.last_sum, WIRE_CHECKSUM_BYTES);
	}
	return rc;
}

void replica_reader_close(struct replica_reader *reader)
{
	if (reader == NULL)
		return;
	OBJ_CHECK(reader, REPLICA_READER_MAGIC);
	io_file_close(reader->data);
	io_file_close(reader->meta);
	reader->magic = 0;
	mem_free(reader);
}

/* ---- deleting ---- */

int replica_delete(struct io *io, const char *folder, const struct stored_block *block)
{
	struct replica_paths paths;
	int rc;

	paths_of(folder, block, &paths);
	rc = io_unlink(io, paths.data);
	if (rc < 0 && rc != -ERR_NO_FILE)
		return rc;
	rc = io_unlink(io, paths.meta);
	return rc == -ERR_NO_FILE ? 0 : rc;
}
