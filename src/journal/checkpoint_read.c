/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/checkpoint_read.h"

#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "journal/folder.h"
#include "journal/read_at.h"
#include "journal/text.h"

enum { READ_AHEAD_BYTES = 1 << 20 };

struct checkpoint_reader {
	struct io_file *file;
	char *path;
	uint64_t file_bytes;
	uint64_t at;       /* offset in the file of what is decoded next */
	struct buf window; /* bytes of the file; `at` is that of window.data + used */
	size_t used;
	struct checkpoint_header header;
	struct checkpoint_footer footer;
	struct checkpoint_tally tally;
};

void checkpoint_reader_close(struct checkpoint_reader *reader)
{
	if (reader == NULL)
		return;
	io_file_close(reader->file);
	buf_finish(&reader->window);
	mem_free(reader->path);
	mem_free(reader);
}

const struct checkpoint_header *checkpoint_reader_header(const struct checkpoint_reader *reader)
{
	return &reader->header;
}

uint64_t checkpoint_reader_file_bytes(const struct checkpoint_reader *reader)
{
	return reader->file_bytes;
}

const struct checkpoint_footer *checkpoint_reader_footer(const struct checkpoint_reader *reader)
{
	return &reader->footer;
}

uint64_t checkpoint_reader_at(const struct checkpoint_reader *reader)
{
	return reader->at;
}

static int damaged(struct checkpoint_reader *reader, const char *why, char **ret_text)
{
	*ret_text =
	        text_make("%s: damaged at offset %" PRIu64 ": %s", reader->path, reader->at, why);
	return -ERR_DAMAGED;
}

static const uint8_t *at_hand(const struct checkpoint_reader *reader)
{
	return reader->window.data + reader->used;
}

/* Brings at least `size` bytes to hand. */
static int want(struct checkpoint_reader *reader, size_t size, char **ret_text)
{
	struct buf *window = &reader->window;
	uint64_t left = reader->file_bytes - reader->at;
	size_t more = size + READ_AHEAD_BYTES;
	size_t got;
	int rc;

	if (window->size - reader->used >= size)
		return 0;
	if (size > left)
		return damaged(reader, "the file ends too early", ret_text);
	buf_consume(window, reader->used);
	reader->used = 0;
	if (more > left)
		more = (size_t)left;
	if (!buf_reserve(window, more - window->size))
		return -ERR_NO_MEMORY;
	rc = read_at(reader->file, reader->path, window->data + window->size, more - window->size,
	             reader->at + window->size, &got, ret_text);
	if (rc < 0)
		return rc;
	window->size += got;
	return window->size < size ? damaged(reader, "the file ends too early", ret_text) : 0;
}

static void consume(struct checkpoint_reader *reader, size_t size)
{
	reader->used += size;
	reader->at += size;
}

/* ---- opening ---- */

static int read_header(struct checkpoint_reader *reader, const char *cluster_id, char **ret_text)
{
	const char *why;
	int rc = want(reader, CHECKPOINT_HEADER_BYTES, ret_text);

	if (rc < 0)
		return rc;
	rc = checkpoint_header_decode(at_hand(reader), &reader->header, &why);
	if (rc == 0 && strcmp(reader->header.cluster_id, cluster_id) != 0) {
		rc = -ERR_FOREIGN;
		why = "it belongs to another cluster";
	}
	if (rc < 0) {
		*ret_text = text_make("%s: %s", reader->path, why);
		return rc;
	}
	consume(reader, CHECKPOINT_HEADER_BYTES);
	checkpoint_tally_init(&reader->tally);
	return 0;
}

int checkpoint_reader_open(struct io *io, const char *path, const char *cluster_id,
                           struct checkpoint_reader **ret_reader, char **ret_text)
{
	struct checkpoint_reader *reader = mem_zalloc(sizeof(*reader));
	int rc;

	if (reader == NULL)
		return -ERR_NO_MEMORY;
	buf_init(&reader->window);
	reader->path = mem_strdup(str_of(path));
	rc = reader->path == NULL ? -ERR_NO_MEMORY
	                          : io_file_open(io, path, IO_OPEN_READ, &reader->file);
	if (rc == 0)
		rc = io_file_size(reader->file, &reader->file_bytes);
	if (rc < 0) {
		*ret_text = text_of_error(path, "open it", rc);
	} else {
		io_file_drop_cache(reader->file);
		io_file_read_nothing_ahead(reader->file);
		rc = read_header(reader, cluster_id, ret_text);
	}
	if (rc < 0) {
		checkpoint_reader_close(reader);
		return rc;
	}
	*ret_reader = reader;
	return 0;
}

int checkpoint_reader_open_index(struct io *io, const char *folder, uint64_t index,
                                 const char *cluster_id, struct checkpoint_reader **ret_reader,
                                 char **ret_text)
{
	CLEANUP(mem_cleanup) char *path = NULL;
	struct checkpoint_reader *reader;
	char name[FOLDER_NAME_BYTES];
	int rc;

	folder_checkpoint_name(index, name);
	path = folder_join(folder, name);
	if (path == NULL)
		return -ERR_NO_MEMORY;
	rc = checkpoint_reader_open(io, path, cluster_id, &reader, ret_text);
	if (rc < 0)
		return rc;
	if (reader->header.index != index) {
		*ret_text = text_make("%s: its header is that of another one", path);
		checkpoint_reader_close(reader);
		return -ERR_DAMAGED;
	}
	*ret_reader = reader;
	return 0;
}

/* ---- blocks and footer ---- */

static int read_block(struct checkpoint_reader *reader, struct buf *records, char **ret_text)
{
	struct checkpoint_block block;
	const char *why = NULL;
	size_t size;
	int rc = checkpoint_block_header(at_hand(reader), &block, &why);

	if (rc < 0)
		return damaged(reader, why, ret_text);
	size = CHECKPOINT_BLOCK_HEADER_BYTES + (size_t)block.data_bytes;
	rc = want(reader, size, ret_text);
	if (rc < 0)
		return rc;
	rc = checkpoint_block_decode(at_hand(reader), reader->tally.blocks, records, &block, &why);
	if (rc < 0) {
		if (why != NULL)
			damaged(reader, why, ret_text);
		return rc;
	}
	checkpoint_tally_add(&reader->tally, &block);
	consume(reader, size);
	return 1;
}

static int read_footer(struct checkpoint_reader *reader, char **ret_text)
{
	const char *why;
	int rc = want(reader, CHECKPOINT_FOOTER_BYTES, ret_text);

	if (rc < 0)
		return rc;
	rc = checkpoint_footer_decode(at_hand(reader), &reader->footer, &why);
	if (rc < 0)
		return damaged(reader, why, ret_text);
	why = checkpoint_differs(&reader->footer, &reader->header, &reader->tally,
	                         reader->file_bytes);
	return why == NULL ? 0 : damaged(reader, why, ret_text);
}

int checkpoint_reader_next(struct checkpoint_reader *reader, struct buf *records, char **ret_text)
{
	int rc = want(reader, CHECKPOINT_BLOCK_HEADER_BYTES, ret_text);

	if (rc < 0)
		return rc;
	switch (checkpoint_part(at_hand(reader))) {
	case CHECKPOINT_BLOCK: return read_block(reader, records, ret_text);
	case CHECKPOINT_FOOTER: return read_footer(reader, ret_text);
	default: return damaged(reader, "neither a block nor the footer stands here", ret_text);
	}
}

int checkpoint_reader_check(struct checkpoint_reader *reader, const atomic_bool *is_given_up,
                            char **ret_text)
{
	struct buf records;
	int rc;

	buf_init(&records);
	do {
		buf_clear(&records);
		rc = checkpoint_reader_next(reader, &records, ret_text);
		if (is_given_up != NULL) /* a master's */
			io_give_way();
	} while (rc == 1 && (is_given_up == NULL || !atomic_load(is_given_up)));
	buf_finish(&records);
	return rc == 1 ? -ERR_CLOSED : rc;
}
