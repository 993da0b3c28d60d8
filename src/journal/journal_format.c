/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/twins.h"
#include "journal/aside.h"
#include "journal/batch.h"
#include "journal/folder.h"
#include "journal/journal.h"
#include "journal/segment_write.h"
#include "journal/text.h"
#include "journal/vote_file.h"

enum {
	FIRST_EPOCH = 1,
	FIRST_INDEX = 1,
};

/* ---- making a new one ---- */

static int sync_parent(struct io *io, const char *path)
{
	const char *slash = strrchr(path, '/');
	CLEANUP(mem_cleanup) char *parent = NULL;

	if (slash == NULL)
		return io_sync_folder(io, ".");
	if (slash == path)
		return io_sync_folder(io, "/");
	parent = mem_strdup(str_make(path, (size_t)(slash - path)));
	return parent == NULL ? -ERR_NO_MEMORY : io_sync_folder(io, parent);
}

static int make_one_folder(struct io *io, const char *path)
{
	int rc = io_mkdir(io, path);

	if (rc == -ERR_FILE_EXISTS)
		return 0;
	return rc < 0 ? rc : sync_parent(io, path);
}

/* With its parents; each durable. */
static int make_folder(struct io *io, char *path, char **ret_text)
{
	size_t length = strlen(path);
	int rc = 0;

	for (size_t i = 1; rc == 0 && i <= length; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		path[i] = '\0';
		rc = make_one_folder(io, path);
		if (rc < 0)
			*ret_text = text_of_error(path, "make the folder", rc);
		if (i < length)
			path[i] = '/';
	}
	return rc;
}

static int zero(struct segment_writer *writer)
{
	struct pages zeros = {0};
	int rc = 1;

	if (!pages_resize(&zeros, SEGMENT_BLOCK_BYTES))
		return -ERR_NO_MEMORY;
	memset(zeros.data, 0, zeros.size);
	while (rc == 1)
		rc = segment_writer_zero(writer, &zeros);
	pages_finish(&zeros);
	return rc;
}

/* Entry 1 in a batch, then a batch that says that it is committed. */
static int write_batches(struct segment_writer *writer, struct batch *batch, struct entry *entry)
{
	size_t size;
	int rc;

	batch_begin(batch, &(struct entry){0});
	rc = batch_add(batch, entry, NULL);
	if (rc < 0)
		return rc;
	batch_settle(batch);
	size = batch_size_with(batch, 0);
	batch->header.offset = writer->at;
	batch_encode(&writer->header, &batch->header, buf_str(&batch->body), batch->sectors.data);
	rc = segment_writer_begin(writer, &batch->sectors, size);
	if (rc < 0)
		return rc;
	writer->at += size;
	batch_begin(batch, entry);
	batch_settle(batch);
	batch->header.offset = writer->at;
	batch->header.mark = FIRST_INDEX;
	batch_encode(&writer->header, &batch->header, buf_str(&batch->body), batch->sectors.data);
	return segment_writer_write(writer, &batch->sectors, SEGMENT_BLOCK_BYTES, writer->at);
}

static int write_first_segment(const struct journal_format_options *options, const char *folder,
                               const struct marker *marker)
{
	struct segment_header header = {
	        .epoch = FIRST_EPOCH, .first_index = FIRST_INDEX, .created_ms = marker->created_ms};
	struct entry entry = {.index = FIRST_INDEX,
	                      .epoch = FIRST_EPOCH,
	                      .kind = options->kind,
	                      .version = options->version,
	                      .payload = options->payload};
	size_t size = batch_size(entry_size(entry.payload.size), SEGMENT_BLOCK_BYTES);
	struct segment_writer *writer;
	struct batch *batch = batch_create();
	int rc = -ERR_NO_MEMORY;

	if (batch == NULL)
		return rc;
	rc = segment_writer_create(options->io, folder, 0, size + 3 * (size_t)SEGMENT_BLOCK_BYTES,
	                           /* syncs_behind: */ false, &writer);
	if (rc == 0) {
		memcpy(header.cluster_id, marker->cluster_id, sizeof(header.cluster_id));
		rc = zero(writer);
		segment_writer_name(writer, &header);
		if (rc == 0)
			rc = write_batches(writer, batch, &entry);
		segment_writer_destroy(writer);
	}
	batch_destroy(batch);
	return rc;
}

static int fill_folder(const struct journal_format_options *options, const char *folder,
                       const struct marker *marker, char **ret_text)
{
	const struct vote member = {0}, lone = {.term = FIRST_EPOCH,
	                                        .segment_epoch = FIRST_EPOCH,
	                                        .segment_first_index = FIRST_INDEX};
	struct io_file *lock;
	int rc = folder_lock(options->io, folder, &lock, ret_text);

	if (rc < 0)
		return rc;
	if (IS_BROKEN(MARKER_FIRST))
		rc = folder_write_marker(options->io, folder, marker);
	if (rc == 0)
		rc = vote_file_create(options->io, folder, options->is_member ? &member : &lone);
	if (rc == 0 && !options->is_member)
		rc = write_first_segment(options, folder, marker);
	if (rc == 0)
		rc = sync_parent(options->io, folder); /* an older journal was renamed there */
	if (rc == 0) /* last: from here on the folder holds a journal */
		rc = folder_write_marker(options->io, folder, marker);
	io_file_close(lock);
	if (rc < 0)
		*ret_text = text_of_error(folder, "make a journal in it", rc);
	return rc;
}

/* ---- identity ---- */

static void draw_cluster_id(struct io *io, char *id)
{
	uint8_t b[16];

	io_random(io, b, sizeof(b));
	snprintf(id, CLUSTER_ID_BYTES_MAX + 1,
	         "CID-%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
	         b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
	         b[14], b[15]);
}

static int make_marker(const struct journal_format_options *options, struct marker *ret_marker,
                       char **ret_text)
{
	struct marker marker = {.created_ms = io_wall_ms(options->io)};

	if (options->cluster_id.size == 0) {
		if (!options->is_member)
			draw_cluster_id(options->io, marker.cluster_id);
	} else if (cluster_id_is_valid(options->cluster_id)) {
		memcpy(marker.cluster_id, options->cluster_id.data, options->cluster_id.size);
	} else {
		*ret_text = text_make("a cluster id is 1 to %d printable characters without spaces",
		                      CLUSTER_ID_BYTES_MAX);
		return -ERR_INVALID;
	}
	io_random(options->io, marker.member, sizeof(marker.member));
	*ret_marker = marker;
	return 0;
}

static int format(const struct journal_format_options *options, char *folder, char **ret_text)
{
	CLEANUP(mem_cleanup) char *aside = NULL;
	struct marker marker;
	int rc = make_marker(options, &marker, ret_text);

	if (rc == 0)
		rc = aside_move(options->io, folder, &aside, ret_text);
	if (rc == 0)
		rc = make_folder(options->io, folder, ret_text);
	if (rc == 0)
		rc = fill_folder(options, folder, &marker, ret_text);
	if (rc == 0)
		*ret_text = text_make(
		        "formatted %s, cluster %s%s%s", folder,
		        marker.cluster_id[0] == '\0' ? "to be joined or formed" : marker.cluster_id,
		        aside == NULL ? "" : "; the journal that was there is kept as ",
		        aside == NULL ? "" : aside);
	return rc;
}

int journal_format(const struct journal_format_options *options, char **ret_text)
{
	CLEANUP(mem_cleanup) char *folder = mem_strdup(str_of(options->folder));
	char *text = NULL;
	int rc;

	if (folder == NULL)
		return -ERR_NO_MEMORY;
	for (size_t length = strlen(folder); length > 1 && folder[length - 1] == '/'; length--)
		folder[length - 1] = '\0';
	rc = folder[0] == '\0' ? -ERR_INVALID : format(options, folder, &text);
	*ret_text = text;
	return rc;
}

bool journal_is_formatted(struct io *io, const char *folder)
{
	struct marker marker;
	char *text = NULL;
	int rc = folder_read_marker(io, folder, &marker, &text);

	mem_free(text);
	return rc == 0;
}
