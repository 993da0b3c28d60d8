/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/checkpoint_copy.h"

#include <inttypes.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "journal/checkpoint_read.h"
#include "journal/folder.h"
#include "journal/text.h"

/* ---- giving ---- */

enum { PLACES = 2 };

struct place {
	struct io_file *file; /* NULL: free */
	uint64_t index, epoch;
	uint64_t size;
	uint64_t used; /* when, in reads */
};

struct checkpoint_source {
	struct io *io;
	const char *folder;
	struct place places[PLACES];
	uint64_t reads;
};

int checkpoint_source_create(struct io *io, const char *folder,
                             struct checkpoint_source **ret_source)
{
	struct checkpoint_source *source = mem_zalloc(sizeof(*source));

	if (source == NULL)
		return -ERR_NO_MEMORY;
	source->io = io;
	source->folder = folder;
	*ret_source = source;
	return 0;
}

static void place_free(struct place *place)
{
	io_file_close(place->file);
	*place = (struct place){0};
}

void checkpoint_source_destroy(struct checkpoint_source *source)
{
	if (source == NULL)
		return;
	for (size_t i = 0; i < PLACES; i++)
		place_free(&source->places[i]);
	mem_free(source);
}

/* Locked against being made shorter when it is removed.  -ERR_NO_FILE: that has begun.  (Where
 * nothing can be locked nothing is made shorter.) */
static int take_place(struct place *place, const struct place *opened)
{
	place_free(place);
	*place = *opened;
	if (io_file_lock(place->file) != -ERR_IN_USE)
		return 0;
	place_free(place);
	return -ERR_NO_FILE;
}

/* The header is looked at by the reader that knows it; the bytes are read as they are. */
static int open_place(struct checkpoint_source *source, struct place *place, uint64_t index,
                      const char *cluster_id, char **ret_text)
{
	CLEANUP(mem_cleanup) char *path = NULL;
	struct checkpoint_reader *reader;
	char name[FOLDER_NAME_BYTES];
	struct place opened = {.index = index};
	int rc = checkpoint_reader_open_index(source->io, source->folder, index, cluster_id,
	                                      &reader, ret_text);

	if (rc < 0)
		return rc;
	opened.epoch = checkpoint_reader_header(reader)->epoch;
	opened.size = checkpoint_reader_file_bytes(reader);
	checkpoint_reader_close(reader);
	folder_checkpoint_name(index, name);
	path = folder_join(source->folder, name);
	rc = path == NULL ? -ERR_NO_MEMORY
	                  : io_file_open(source->io, path, IO_OPEN_WRITE, &opened.file);
	if (rc < 0) {
		*ret_text = path == NULL ? NULL : text_of_error(path, "open it", rc);
		return rc;
	}
	io_file_read_nothing_ahead(opened.file);
	return take_place(place, &opened);
}

/* An open one, or the one to be opened in its stead. */
static struct place *find_place(struct checkpoint_source *source, uint64_t index)
{
	struct place *oldest = &source->places[0];

	for (size_t i = 0; i < PLACES; i++) {
		struct place *place = &source->places[i];

		if (place->file != NULL && place->index == index)
			return place;
		if (place->used < oldest->used)
			oldest = place;
	}
	return oldest;
}

static int open_index(struct checkpoint_source *source, uint64_t index, uint64_t offset,
                      const char *cluster_id, struct place **ret_place, char **ret_text)
{
	struct place *place = find_place(source, index);
	bool is_open = place->file != NULL && place->index == index && offset > 0;
	int rc = is_open ? 0 : open_place(source, place, index, cluster_id, ret_text);

	if (rc < 0)
		return rc;
	place->used = ++source->reads;
	*ret_place = place;
	return 0;
}

/* The newest whose header is good. */
static int open_newest(struct checkpoint_source *source, const char *cluster_id,
                       struct place **ret_place, char **ret_text)
{
	struct folder_names names;
	int rc = folder_list(source->io, source->folder, &names);

	if (rc < 0) {
		*ret_text = text_of_error(source->folder, "look into it", rc);
		return rc;
	}
	rc = -ERR_NO_FILE;
	for (size_t i = names.checkpoint_count; rc < 0 && rc != -ERR_NO_MEMORY && i-- > 0;) {
		mem_free(*ret_text);
		*ret_text = NULL;
		rc = open_index(source, names.checkpoints[i], 0, cluster_id, ret_place, ret_text);
	}
	folder_names_finish(&names);
	return rc;
}

static int read_piece(struct place *place, uint64_t offset, size_t bytes_max, struct buf *bytes,
                      struct checkpoint_chunk *ret_chunk)
{
	size_t got = 0;
	int rc;

	if (offset >= place->size)
		return -ERR_NO_FILE;
	if (bytes_max > place->size - offset)
		bytes_max = (size_t)(place->size - offset);
	if (!buf_reserve(bytes, bytes_max))
		return -ERR_NO_MEMORY;
	rc = io_file_read(place->file, bytes->data + bytes->size, bytes_max, offset, &got);
	if (rc == 0 && got < bytes_max)
		rc = -ERR_DAMAGED; /* it became shorter */
	if (rc < 0)
		return rc;
	bytes->size += got;
	*ret_chunk = (struct checkpoint_chunk){.index = place->index,
	                                       .epoch = place->epoch,
	                                       .is_last = offset + got == place->size};
	return 0;
}

int checkpoint_source_read(struct checkpoint_source *source, const char *cluster_id, uint64_t index,
                           uint64_t offset, size_t bytes_max, struct buf *bytes,
                           struct checkpoint_chunk *ret_chunk, char **ret_text)
{
	struct place *place = NULL;
	char *text = NULL;
	int rc = index == 0 ? open_newest(source, cluster_id, &place, &text)
	                    : open_index(source, index, offset, cluster_id, &place, &text);

	if (rc == 0) {
		rc = read_piece(place, offset, bytes_max, bytes, ret_chunk);
		if (rc < 0 && rc != -ERR_NO_FILE)
			text = text_make("%s: the checkpoint of index %" PRIu64
			                 " cannot be read: %s",
			                 source->folder, place->index, err_text(rc));
		if (rc == 0 && ret_chunk->is_last)
			place_free(place);
	}
	if (rc == -ERR_NO_FILE)
		mem_free(text);
	else if (rc < 0)
		*ret_text = text;
	return rc;
}

/* ---- taking ---- */

/* Other syncs of the device, this journal's and perhaps others', wait for what is not synced. */
enum { SYNC_BYTES = 256 << 10 };

struct checkpoint_sink {
	struct io *io;
	const char *folder;
	struct io_file *file; /* NULL: none was begun */
	uint64_t index;
	uint64_t size; /* stored */
	char *temporary, *path;
};

int checkpoint_sink_create(struct io *io, const char *folder, struct checkpoint_sink **ret_sink)
{
	struct checkpoint_sink *sink = mem_zalloc(sizeof(*sink));

	if (sink == NULL)
		return -ERR_NO_MEMORY;
	sink->io = io;
	sink->folder = folder;
	*ret_sink = sink;
	return 0;
}

/* Forgets the file; what was not renamed is removed. */
static void drop(struct checkpoint_sink *sink, bool is_renamed)
{
	if (sink->file != NULL && !is_renamed)
		io_unlink(sink->io, sink->temporary); /* else the next start does it */
	io_file_close(sink->file);
	mem_free(sink->temporary);
	mem_free(sink->path);
	sink->file = NULL;
	sink->temporary = sink->path = NULL;
}

void checkpoint_sink_destroy(struct checkpoint_sink *sink)
{
	if (sink == NULL)
		return;
	drop(sink, /* is_renamed: */ false);
	mem_free(sink);
}

static int begin(struct checkpoint_sink *sink, uint64_t index)
{
	char name[FOLDER_NAME_BYTES];

	drop(sink, /* is_renamed: */ false);
	folder_checkpoint_name(index, name);
	sink->index = index;
	sink->size = 0;
	sink->path = folder_join(sink->folder, name);
	sink->temporary = text_make("%s/%s.incoming.tmp", sink->folder, name);
	if (sink->path == NULL || sink->temporary == NULL)
		return -ERR_NO_MEMORY;
	return io_file_open(sink->io, sink->temporary,
	                    IO_OPEN_WRITE | IO_OPEN_CREATE | IO_OPEN_TRUNCATE, &sink->file);
}

int checkpoint_sink_store(struct checkpoint_sink *sink, uint64_t index, uint64_t offset,
                          struct str piece)
{
	int rc = 0;

	if (offset == 0)
		rc = begin(sink, index);
	else if (sink->file == NULL || index != sink->index || offset != sink->size)
		rc = -ERR_INVALID;
	for (size_t at = 0; rc == 0 && at < piece.size; at += SYNC_BYTES) {
		size_t size = piece.size - at < SYNC_BYTES ? piece.size - at : SYNC_BYTES;

		rc = io_file_write(sink->file, piece.data + at, size, offset + at);
		if (rc == 0)
			rc = io_file_sync(sink->file);
	}
	if (rc < 0)
		drop(sink, /* is_renamed: */ false);
	else
		sink->size += piece.size;
	return rc;
}

static int verify(struct checkpoint_sink *sink, const char *cluster_id,
                  const atomic_bool *is_given_up, struct checkpoint_header *ret_header,
                  struct checkpoint_footer *ret_footer, char **ret_text)
{
	struct checkpoint_reader *reader;
	int rc = checkpoint_reader_open(sink->io, sink->temporary, cluster_id, &reader, ret_text);

	if (rc < 0)
		return rc;
	rc = checkpoint_reader_check(reader, is_given_up, ret_text);
	if (rc == 0 && checkpoint_reader_header(reader)->index != sink->index) {
		*ret_text = text_make("%s: it is not the one that was announced", sink->temporary);
		rc = -ERR_DAMAGED;
	}
	if (rc == 0 && ret_header != NULL)
		*ret_header = *checkpoint_reader_header(reader);
	if (rc == 0 && ret_footer != NULL)
		*ret_footer = *checkpoint_reader_footer(reader);
	checkpoint_reader_close(reader);
	return rc;
}

int checkpoint_sink_finish(struct checkpoint_sink *sink, const char *cluster_id,
                           const atomic_bool *is_given_up, struct checkpoint_header *ret_header,
                           struct checkpoint_footer *ret_footer, char **ret_text)
{
	bool is_renamed = false;
	int rc;

	if (sink->file == NULL) {
		*ret_text = text_make("%s: no checkpoint was begun", sink->folder);
		return -ERR_INVALID;
	}
	rc = verify(sink, cluster_id, is_given_up, ret_header, ret_footer, ret_text);
	if (rc == 0) {
		rc = io_rename(sink->io, sink->temporary, sink->path);
		is_renamed = rc == 0;
		if (rc == 0)
			rc = io_sync_folder(sink->io, sink->folder);
		if (rc < 0)
			*ret_text = text_of_error(sink->path, "put it in place", rc);
	}
	drop(sink, is_renamed);
	return rc;
}
