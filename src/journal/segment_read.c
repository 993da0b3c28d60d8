/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/segment_read.h"

#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "format/segment_reach.h"
#include "journal/pages.h"
#include "journal/read_at.h"
#include "journal/text.h"

enum { WINDOW_BYTES = 1 << 20 };

struct segment_reader {
	struct io_file *file;
	char *path;
	struct segment_scan scan;
	struct pages window;
	uint64_t window_at; /* offset in the file of its first byte */
	size_t window_size; /* bytes that are valid */
};

void segment_reader_close(struct segment_reader *reader)
{
	if (reader == NULL)
		return;
	io_file_close(reader->file);
	pages_finish(&reader->window);
	mem_free(reader->path);
	mem_free(reader);
}

const struct segment_header *segment_reader_header(const struct segment_reader *reader)
{
	return &reader->scan.header;
}

const struct segment_scan *segment_reader_scan(const struct segment_reader *reader)
{
	return &reader->scan;
}

static size_t whole_blocks(uint64_t bytes)
{
	return (size_t)((bytes + IO_BLOCK_BYTES - 1) / IO_BLOCK_BYTES * IO_BLOCK_BYTES);
}

/* Fills the window, of at least `size` bytes, from `offset`, a multiple of IO_BLOCK_BYTES. */
static int fill(struct segment_reader *reader, uint64_t offset, size_t size, char **ret_text)
{
	int rc;

	if (reader->window.size < size && !pages_resize(&reader->window, size))
		return -ERR_NO_MEMORY;
	reader->window_size = 0;
	rc = read_at(reader->file, reader->path, reader->window.data, reader->window.size, offset,
	             &reader->window_size, ret_text);
	reader->window_at = offset;
	return rc;
}

static int check_header(struct segment_reader *reader, struct segment_id id, const char *cluster_id,
                        uint64_t file_bytes, const char **ret_why)
{
	struct segment_header header;
	int rc;

	if (reader->window_size < SEGMENT_HEADER_BYTES) {
		*ret_why = "it is too short for a segment";
		return -ERR_DAMAGED;
	}
	rc = segment_header_decode(reader->window.data, &header, ret_why);
	if (rc < 0)
		return rc;
	if (header.epoch != id.epoch || header.first_index != id.first_index) {
		*ret_why = "its header is that of another segment";
		return -ERR_DAMAGED;
	}
	if (strcmp(header.cluster_id, cluster_id) != 0) {
		*ret_why = "it belongs to another cluster";
		return -ERR_FOREIGN;
	}
	segment_scan_init(&reader->scan, &header, file_bytes);
	return 0;
}

static int open_file(struct io *io, struct segment_reader *reader, struct segment_id id,
                     const char *cluster_id, char **ret_text)
{
	const char *why = NULL;
	uint64_t size = 0;
	int rc = io_file_open(io, reader->path, IO_OPEN_READ | IO_OPEN_DIRECT, &reader->file);

	if (rc == 0)
		rc = io_file_size(reader->file, &size);
	if (rc < 0) {
		*ret_text = text_of_error(reader->path, "open it", rc);
		return rc;
	}
	io_file_drop_cache(reader->file);
	rc = fill(reader, 0, SEGMENT_HEADER_BYTES, ret_text);
	if (rc < 0)
		return rc;
	rc = check_header(reader, id, cluster_id, size, &why);
	if (rc < 0)
		*ret_text = text_make("%s: %s", reader->path, why);
	return rc;
}

int segment_reader_open(struct io *io, const char *folder, struct segment_id id,
                        const char *cluster_id, struct segment_reader **ret_reader, char **ret_text)
{
	struct segment_reader *reader = mem_zalloc(sizeof(*reader));
	char name[FOLDER_NAME_BYTES];
	int rc = -ERR_NO_MEMORY;

	folder_segment_name(id, name);
	if (reader != NULL)
		reader->path = folder_join(folder, name);
	if (reader != NULL && reader->path != NULL)
		rc = open_file(io, reader, id, cluster_id, ret_text);
	if (rc < 0) {
		segment_reader_close(reader);
		return rc;
	}
	*ret_reader = reader;
	return 0;
}

/* Bytes of the window from scan.at on; 0: none. */
static size_t at_hand(const struct segment_reader *reader)
{
	uint64_t at = reader->scan.at;

	if (at < reader->window_at || at > reader->window_at + reader->window_size)
		return 0;
	return (size_t)(reader->window_at + reader->window_size - at);
}

static size_t window_bytes(const struct segment_scan *scan)
{
	uint64_t left = scan->header.file_bytes - scan->at;
	size_t most = left < WINDOW_BYTES ? (size_t)left : WINDOW_BYTES;

	return whole_blocks(scan->want > most ? scan->want : most);
}

int segment_reader_next(struct segment_reader *reader, enum segment_finding *ret_finding,
                        char **ret_text)
{
	struct segment_scan *scan = &reader->scan;

	for (;;) {
		size_t size = at_hand(reader);
		uint8_t *bytes =
		        size == 0 ? NULL : reader->window.data + (scan->at - reader->window_at);
		enum segment_finding finding = segment_scan_step(scan, bytes, size);
		int rc;

		if (finding != SEGMENT_MORE) {
			*ret_finding = finding;
			return 0;
		}
		rc = fill(reader, scan->at, window_bytes(scan), ret_text);
		if (rc < 0)
			return rc;
		/* The size was checked at the start, so the file has changed meanwhile. */
		if (at_hand(reader) < scan->want) {
			*ret_text =
			        text_make("%s: it became shorter while it was read", reader->path);
			return -ERR_DAMAGED;
		}
	}
}

void segment_reader_refresh(struct segment_reader *reader)
{
	reader->window_size = 0;
}

int segment_reader_reach(struct segment_reader *reader, uint64_t *ret_epoch, uint64_t *ret_index,
                         char **ret_text)
{
	struct segment_reach reach;

	segment_reach_init(&reach, &reader->scan);
	while (reach.at < reach.end) {
		uint64_t start = reach.at / IO_BLOCK_BYTES * IO_BLOCK_BYTES;
		int rc = fill(reader, start, WINDOW_BYTES, ret_text);

		if (rc < 0)
			return rc;
		if (start + reader->window_size < reach.at + SEGMENT_SECTOR_BYTES)
			return 0;
		while (reach.at < reach.end &&
		       reach.at + SEGMENT_SECTOR_BYTES <= start + reader->window_size)
			segment_reach_step(&reach, reader->window.data + (reach.at - start));
	}
	if (!segment_reach_is_known(&reach))
		return 0;
	*ret_epoch = reach.epoch;
	*ret_index = reach.index;
	return 1;
}

char *segment_reader_describe(const struct segment_reader *reader, enum segment_finding finding)
{
	const struct segment_scan *scan = &reader->scan;

	if (finding == SEGMENT_TORN && scan->sectors == 0)
		return text_make("%s: torn at offset %" PRIu64
		                 ": the last batch, from index %" PRIu64
		                 " on, was not written whole (its first sector is missing)",
		                 reader->path, scan->bad_offset, scan->bad_index);
	if (finding == SEGMENT_TORN)
		return text_make("%s: torn at offset %" PRIu64
		                 ": the last batch, from index %" PRIu64
		                 " on, was not written whole (%u of %u sectors are missing)",
		                 reader->path, scan->bad_offset, scan->bad_index,
		                 scan->sectors_missing, scan->sectors);
	return text_make("%s: %s at index %" PRIu64 ", offset %" PRIu64 ": %s", reader->path,
	                 finding == SEGMENT_HOLE ? "a hole" : "damaged", scan->bad_index,
	                 scan->bad_offset, scan->why);
}
