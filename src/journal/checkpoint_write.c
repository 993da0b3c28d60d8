/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/checkpoint_write.h"

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "journal/checkpoint_read.h"
#include "journal/folder.h"
#include "journal/text.h"

/* Synced every so often: the journal's syncs wait for what is not. */
enum { SYNC_BYTES = 256 << 10, SHRINK_BYTES = 4 << 20 };

struct checkpoint_writer {
	struct io *io;
	const char *folder;
	char *temporary;
	char *path;
	struct io_file *file;
	struct checkpoint_header header;
	struct checkpoint_tally tally;
	struct buf block;
	uint64_t synced; /* bytes of the file */
	bool is_renamed;
};

static int set_paths(struct checkpoint_writer *writer)
{
	char name[FOLDER_NAME_BYTES];

	folder_checkpoint_name(writer->header.index, name);
	writer->path = folder_join(writer->folder, name);
	writer->temporary = text_make("%s/%s.tmp", writer->folder, name);
	return writer->path == NULL || writer->temporary == NULL ? -ERR_NO_MEMORY : 0;
}

static int write_header(struct checkpoint_writer *writer)
{
	uint8_t bytes[CHECKPOINT_HEADER_BYTES];

	checkpoint_header_encode(&writer->header, bytes);
	checkpoint_tally_init(&writer->tally);
	return io_file_write(writer->file, bytes, sizeof(bytes), 0);
}

int checkpoint_writer_create(struct io *io, const char *folder,
                             const struct checkpoint_header *header,
                             struct checkpoint_writer **ret_writer)
{
	struct checkpoint_writer *writer = mem_zalloc(sizeof(*writer));
	int rc;

	if (writer == NULL)
		return -ERR_NO_MEMORY;
	writer->io = io;
	writer->folder = folder;
	writer->header = *header;
	buf_init(&writer->block);
	rc = set_paths(writer);
	if (rc == 0)
		rc = io_file_open(io, writer->temporary,
		                  IO_OPEN_WRITE | IO_OPEN_CREATE | IO_OPEN_TRUNCATE, &writer->file);
	if (rc == 0)
		rc = write_header(writer);
	if (rc < 0) {
		checkpoint_writer_destroy(writer);
		return rc;
	}
	*ret_writer = writer;
	return 0;
}

void checkpoint_writer_destroy(struct checkpoint_writer *writer)
{
	if (writer == NULL)
		return;
	if (writer->file != NULL && !writer->is_renamed)
		io_unlink(writer->io, writer->temporary); /* else the next start does it */
	io_file_close(writer->file);
	buf_finish(&writer->block);
	mem_free(writer->temporary);
	mem_free(writer->path);
	mem_free(writer);
}

int checkpoint_writer_add(struct checkpoint_writer *writer, struct str records)
{
	struct checkpoint_block block;
	int rc;

	buf_clear(&writer->block);
	rc = checkpoint_block_encode(writer->tally.blocks, records, &writer->block, &block);
	if (rc == 0)
		rc = io_file_write(writer->file, writer->block.data, writer->block.size,
		                   writer->tally.file_bytes);
	if (rc < 0)
		return rc;
	checkpoint_tally_add(&writer->tally, &block);
	if (writer->tally.file_bytes - writer->synced < SYNC_BYTES)
		return 0;
	writer->synced = writer->tally.file_bytes;
	return io_file_sync(writer->file);
}

static int write_footer(struct checkpoint_writer *writer, uint64_t records, struct hash128 digest)
{
	const struct checkpoint_footer footer = {
	        .blocks = writer->tally.blocks,
	        .records = records,
	        .record_bytes = writer->tally.record_bytes,
	        .offset = writer->tally.file_bytes,
	        .digest = digest,
	        .index = writer->header.index,
	        .epoch = writer->header.epoch,
	        .chain = writer->header.chain,
	        .blocks_hash = writer->tally.blocks_hash,
	};
	uint8_t bytes[CHECKPOINT_FOOTER_BYTES];
	int rc;

	checkpoint_footer_encode(&footer, bytes);
	rc = io_file_write(writer->file, bytes, sizeof(bytes), footer.offset);
	return rc < 0 ? rc : io_file_sync(writer->file);
}

static int read_back(struct checkpoint_writer *writer, const atomic_bool *is_given_up,
                     char **ret_text)
{
	struct checkpoint_reader *reader;
	int rc = checkpoint_reader_open(writer->io, writer->temporary, writer->header.cluster_id,
	                                &reader, ret_text);

	if (rc < 0)
		return rc;
	rc = checkpoint_reader_check(reader, is_given_up, ret_text);
	checkpoint_reader_close(reader);
	return rc;
}

int checkpoint_writer_finish(struct checkpoint_writer *writer, uint64_t records,
                             struct hash128 digest, const atomic_bool *is_given_up, char **ret_text)
{
	int rc = write_footer(writer, records, digest);

	if (rc == 0)
		rc = read_back(writer, is_given_up, ret_text);
	if (rc == 0)
		rc = io_rename(writer->io, writer->temporary, writer->path);
	if (rc < 0)
		return rc;
	writer->is_renamed = true;
	return io_sync_folder(writer->io, writer->folder);
}

/* ---- what is not needed any more ---- */

static char *doomed_path(const char *folder, const char *name)
{
	return text_make("%s/%s.tmp", folder, name);
}

/* From now on the next start removes it. */
static int doom(struct io *io, const char *folder, const char *name)
{
	CLEANUP(mem_cleanup) char *doomed = doomed_path(folder, name);
	CLEANUP(mem_cleanup) char *path = folder_join(folder, name);

	return path == NULL || doomed == NULL ? -ERR_NO_MEMORY : io_rename(io, path, doomed);
}

/* Its place is given back in steps: a file system that tells the device at once what it does not
 * need any more (ext4's option discard) holds up all syncs for that, with 64 MB for 12 to 20 ms. */
static int shrink(struct io_file *file)
{
	uint64_t size = 0;
	int rc = io_file_size(file, &size);

	while (rc == 0 && size > SHRINK_BYTES) {
		size -= SHRINK_BYTES;
		rc = io_file_truncate(file, size);
		if (rc == 0)
			rc = io_file_sync(file);
	}
	return rc;
}

/* Who still sends it to a peer has its lock and reads it to its end: then only the name goes. */
static int remove_doomed(struct io *io, const char *folder, const char *name)
{
	CLEANUP(mem_cleanup) char *path = doomed_path(folder, name);
	struct io_file *file;
	int rc = path == NULL ? -ERR_NO_MEMORY : io_file_open(io, path, IO_OPEN_WRITE, &file);

	if (rc < 0)
		return rc;
	if (io_file_lock(file) == 0)
		rc = shrink(file);
	io_file_close(file);
	return rc < 0 ? rc : io_unlink(io, path);
}

static int clean_checkpoints(struct io *io, const char *folder, const struct folder_names *names,
                             uint64_t newest, uint64_t older)
{
	char name[FOLDER_NAME_BYTES];
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < names->checkpoint_count; i++) {
		if (names->checkpoints[i] == newest || names->checkpoints[i] == older)
			continue;
		folder_checkpoint_name(names->checkpoints[i], name);
		rc = doom(io, folder, name);
		if (rc == 0)
			rc = io_sync_folder(io, folder); /* a name must not lead to a part */
		if (rc == 0)
			rc = remove_doomed(io, folder, name);
	}
	return rc;
}

/* Some of them may be no part of the journal any more, and say nothing about the others. */
static int clean_segments(struct io *io, const char *folder, const struct folder_names *names,
                          struct segment_id first, uint64_t *ret_segments)
{
	char name[FOLDER_NAME_BYTES];
	size_t count = 0;
	int rc = 0;

	while (rc == 0 && count < names->segment_count &&
	       segment_id_compare(&names->segments[count], &first) < 0) {
		folder_segment_name(names->segments[count++], name);
		rc = doom(io, folder, name);
	}
	if (rc == 0 && count > 0)
		rc = io_sync_folder(io, folder);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		folder_segment_name(names->segments[i], name);
		rc = remove_doomed(io, folder, name);
		*ret_segments += rc == 0;
	}
	return rc;
}

int checkpoint_clean(struct io *io, const char *folder, uint64_t newest, uint64_t older,
                     struct segment_id first, uint64_t *ret_segments)
{
	struct folder_names names;
	int rc = folder_list(io, folder, &names);

	*ret_segments = 0;
	if (rc < 0)
		return rc;
	rc = clean_checkpoints(io, folder, &names, newest, older);
	if (rc == 0)
		rc = clean_segments(io, folder, &names, first, ret_segments);
	folder_names_finish(&names);
	return rc;
}
