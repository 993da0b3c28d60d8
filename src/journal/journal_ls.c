/* SPDX-License-Identifier: Apache-2.0 */
#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "journal/checkpoint_read.h"
#include "journal/journal.h"
#include "journal/text.h"
#include "journal/walk.h"

static uint64_t file_size(struct io *io, const char *folder, const char *name)
{
	CLEANUP(mem_cleanup) char *path = folder_join(folder, name);
	struct io_stat stat;

	return path == NULL || io_stat(io, path, &stat) < 0 ? 0 : stat.size;
}

static void look_at_size(struct segment_reader *reader, struct journal_file *file, char **ret_text)
{
	if (segment_reader_header(reader)->file_bytes != file->bytes) {
		file->rc = -ERR_DAMAGED;
		*ret_text = text_make("%s: it has not the size that its header says", file->name);
	}
	segment_reader_close(reader);
}

/* Header alone; the newest segment whole, for nothing else says where it ends. */
static void look_at_segment(const struct walk *walk, size_t place, struct journal_file *file,
                            char **ret_text)
{
	struct segment_scan scan = {.last.index = walk->names.segments[place].first_index - 1};
	enum segment_finding finding = SEGMENT_END;
	struct segment_reader *reader;

	if (file->is_open) {
		file->rc = walk_segment(walk, place, NULL, NULL, &scan, &finding, ret_text);
	} else {
		file->rc = segment_reader_open(walk->io, walk->folder, walk->names.segments[place],
		                               walk->marker.cluster_id, &reader, ret_text);
		if (file->rc == 0)
			look_at_size(reader, file, ret_text);
		scan.last.index = walk_segment_end(walk, place);
	}
	if (finding == SEGMENT_HOLE || finding == SEGMENT_ROT)
		file->rc = -ERR_DAMAGED;
	else if (finding == SEGMENT_TORN)
		file->rc = -ERR_TORN;
	if (scan.last.index >= file->first_index)
		file->last_index = scan.last.index;
}

static bool tell_segment(const struct walk *walk, size_t place,
                         bool (*each)(void *context, const struct journal_file *file),
                         void *context)
{
	CLEANUP(mem_cleanup) char *text = NULL;
	char name[FOLDER_NAME_BYTES];
	struct journal_file file = {
	        .name = name,
	        .is_open = place + 1 == walk->names.segment_count,
	        .first_index = walk->names.segments[place].first_index,
	        .epoch = walk->names.segments[place].epoch,
	};

	folder_segment_name(walk->names.segments[place], name);
	file.bytes = file_size(walk->io, walk->folder, name);
	look_at_segment(walk, place, &file, &text);
	file.text = text;
	return walk_is_gone(walk, name) || each(context, &file);
}

static bool tell_checkpoint(const struct walk *walk, uint64_t index,
                            bool (*each)(void *context, const struct journal_file *file),
                            void *context)
{
	CLEANUP(mem_cleanup) char *text = NULL;
	CLEANUP(mem_cleanup) char *path = NULL;
	struct checkpoint_reader *reader;
	char name[FOLDER_NAME_BYTES];
	struct journal_file file = {
	        .name = name, .is_checkpoint = true, .first_index = index, .last_index = index};

	folder_checkpoint_name(index, name);
	path = folder_join(walk->folder, name);
	file.bytes = file_size(walk->io, walk->folder, name);
	file.rc = path == NULL ? -ERR_NO_MEMORY
	                       : checkpoint_reader_open(walk->io, path, walk->marker.cluster_id,
	                                                &reader, &text);
	if (file.rc == 0) {
		file.epoch = checkpoint_reader_header(reader)->epoch;
		checkpoint_reader_close(reader);
	}
	file.text = text;
	return walk_is_gone(walk, name) || each(context, &file);
}

/* Both kinds together, a checkpoint after the segment that it ends in. */
static void tell_all(const struct walk *walk,
                     bool (*each)(void *context, const struct journal_file *file), void *context)
{
	size_t segment = 0, checkpoint = 0;
	bool goes_on = true;

	while (goes_on) {
		bool has_segment = segment < walk->names.segment_count;
		bool has_checkpoint = checkpoint < walk->names.checkpoint_count;

		if (has_segment && (!has_checkpoint || walk->names.segments[segment].first_index <=
		                                               walk->names.checkpoints[checkpoint]))
			goes_on = tell_segment(walk, segment++, each, context);
		else if (has_checkpoint)
			goes_on = tell_checkpoint(walk, walk->names.checkpoints[checkpoint++], each,
			                          context);
		else
			goes_on = false;
	}
}

int journal_ls(struct io *io, const char *folder,
               bool (*each)(void *context, const struct journal_file *file), void *context,
               char **ret_text)
{
	char *text = NULL;
	struct walk walk;
	int rc = walk_begin(&walk, io, folder, &text);

	if (rc == 0)
		tell_all(&walk, each, context);
	else
		*ret_text = text;
	walk_end(&walk);
	return rc;
}
