/* SPDX-License-Identifier: Apache-2.0 */
/* The second part of what a start reads: the chain of segments, and the entries in it. */
#include <inttypes.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "journal/recovery_private.h"
#include "journal/text.h"

enum { PIECE_BYTES = 256 * 1024 };

static recovery_step step_segment, step_entries;

/* ---- the chain of segments ---- */

/* Reads headers from the newest back to the one that holds the entry after the checkpoint; they
 * come to stand in reader->chain, newest first. */
static bool follow_back(struct recovery_reader *reader, struct recovery_piece *piece)
{
	struct segment_id id = recovery_newest(reader);
	struct segment_header *header;

	do {
		struct segment_reader *segment;
		char *text = NULL;
		int rc = segment_reader_open(reader->io, reader->folder, id,
		                             reader->marker->cluster_id, &segment, &text);

		if (rc == -ERR_DAMAGED)
			return recovery_refused(reader, piece, text);
		if (rc < 0)
			return recovery_failed(piece, rc, text);
		header = &reader->chain[reader->chain_count++];
		*header = *segment_reader_header(segment);
		segment_reader_close(segment);
		reader->bytes_total += header->file_bytes;
		if (header->first_index <= reader->base.index + 1)
			return false;
		id.epoch = header->before_epoch;
		id.first_index = header->before_first_index;
	} while (folder_has_segment(&reader->names, id) &&
	         reader->chain_count < reader->names.segment_count);
	return recovery_refused(reader, piece,
	                        header->before_epoch == 0
	                                ? text_make("%s: a hole from index %" PRIu64 " on",
	                                            reader->folder, reader->base.index + 1)
	                                : recovery_missing_text(reader, id));
}

bool recovery_step_chain(struct recovery_reader *reader, struct recovery_piece *piece)
{
	reader->bytes_total = reader->bytes_before;
	reader->chain_count = 0;
	if (reader->chain == NULL)
		reader->chain = mem_alloc(reader->names.segment_count * sizeof(*reader->chain));
	if (reader->chain == NULL)
		return recovery_failed(piece, -ERR_NO_MEMORY, NULL);
	if (follow_back(reader, piece))
		return true;
	for (size_t i = 0; i < reader->chain_count / 2; i++) {
		struct segment_header header = reader->chain[i];

		reader->chain[i] = reader->chain[reader->chain_count - 1 - i];
		reader->chain[reader->chain_count - 1 - i] = header;
	}
	reader->target = reader->chain[reader->chain_count - 1].before_end;
	reader->place = 0;
	reader->step = step_segment;
	return false;
}

/* ---- entries ---- */

/* Points piece->entries at the whole entries in piece->bytes. */
static bool fill_entries(struct recovery_piece *piece)
{
	struct cursor c = cursor_of(buf_str(&piece->bytes));
	struct entry entry;

	while (entry_next(&c, &entry)) {
		if (piece->entry_count == piece->entry_capacity) {
			size_t capacity =
			        piece->entry_capacity == 0 ? 1024 : 2 * piece->entry_capacity;
			void *bigger =
			        mem_realloc(piece->entries, capacity * sizeof(*piece->entries));

			if (bigger == NULL)
				return false;
			piece->entries = bigger;
			piece->entry_capacity = capacity;
		}
		piece->entries[piece->entry_count++] = (struct journal_entry){
		        .index = entry.index,
		        .epoch = entry.epoch,
		        .kind = entry.kind,
		        .version = entry.version,
		        .payload = entry.payload,
		};
	}
	return true;
}

static bool is_newest(const struct recovery_reader *reader)
{
	return reader->place + 1 == reader->chain_count;
}

/* The last index of the segment being read that counts; in the newest, as far as is known. */
static uint64_t counts_up_to(const struct recovery_reader *reader)
{
	const struct segment_scan *scan = segment_reader_scan(reader->reader);

	if (!is_newest(reader))
		return reader->chain[reader->place + 1].before_end;
	return scan->mark > reader->base.index ? scan->mark : reader->base.index;
}

/* The state that was loaded and the journal must be of one history where they meet. */
static bool is_other_history(const struct recovery_reader *reader, const struct entry *entry)
{
	const struct entry *base = &reader->base;

	return base->index > 0 && entry->index == base->index &&
	       (entry->epoch != base->epoch || entry->chain != base->chain);
}

static bool step_segment(struct recovery_reader *reader, struct recovery_piece *piece)
{
	const struct segment_header *header = &reader->chain[reader->place];
	struct segment_id id = {.epoch = header->epoch, .first_index = header->first_index};
	struct entry before = {.index = header->before_end,
	                       .epoch = header->before_end_epoch,
	                       .chain = header->before_end_chain};
	char *text = NULL;
	int rc;

	if (is_other_history(reader, &before) ||
	    (reader->last.index == before.index &&
	     (reader->last.epoch != before.epoch || reader->last.chain != before.chain)))
		return recovery_refused(reader, piece,
		                        text_make("%s: the segment of epoch %" PRIu64
		                                  " from index %" PRIu64
		                                  " on does not follow from what is before it",
		                                  reader->folder, id.epoch, id.first_index));
	rc = segment_reader_open(reader->io, reader->folder, id, reader->marker->cluster_id,
	                         &reader->reader, &text);
	if (rc < 0)
		return recovery_failed(piece, rc, text);
	reader->step = step_entries;
	return false;
}

/* Moves entries that count from `held` to the piece; those in the checkpoint go away. */
static bool release(struct recovery_reader *reader, struct recovery_piece *piece)
{
	struct cursor c = cursor_of(buf_str(&reader->held));
	const uint8_t *start = c.at;
	uint64_t limit = counts_up_to(reader);
	struct entry entry;
	const uint8_t *at;

	for (at = c.at; entry_next(&c, &entry) && entry.index <= limit; at = c.at) {
		if (is_other_history(reader, &entry))
			return false;
		if (entry.index <= reader->base.index)
			continue;
		buf_append(&piece->bytes, at, (size_t)(c.at - at));
		reader->last = entry;
		reader->last.payload = (struct str){0};
	}
	buf_consume(&reader->held, (size_t)(at - start));
	return true;
}

static void next_segment(struct recovery_reader *reader)
{
	reader->bytes_before += segment_reader_header(reader->reader)->file_bytes;
	segment_reader_close(reader->reader);
	reader->reader = NULL;
	reader->place++;
	/* What the segment holds past its end does not count. */
	buf_clear(&reader->held);
	reader->step = step_segment;
}

/* The newest segment ends here. */
static bool journal_ends(struct recovery_reader *reader, struct recovery_piece *piece,
                         enum segment_finding finding)
{
	const struct segment_scan *scan = segment_reader_scan(reader->reader);

	if (scan->last.index < reader->base.index)
		return recovery_refused(reader, piece,
		                        text_make("%s: the journal ends at index %" PRIu64
		                                  ", before the checkpoint of index %" PRIu64,
		                                  reader->folder, scan->last.index,
		                                  reader->base.index));
	reader->step = recovery_step_promise;
	if (finding != SEGMENT_TORN)
		return false;
	piece->kind = RECOVERY_TORN;
	piece->text = segment_reader_describe(reader->reader, finding);
	return true;
}

/* The segment has no further whole batch. */
static bool segment_ends(struct recovery_reader *reader, struct recovery_piece *piece,
                         enum segment_finding finding)
{
	const struct segment_scan *scan = segment_reader_scan(reader->reader);

	if (is_newest(reader) && (finding == SEGMENT_END || finding == SEGMENT_TORN))
		return journal_ends(reader, piece, finding);
	if (finding == SEGMENT_END)
		return recovery_refused(
		        reader, piece,
		        text_make("%s: the segment of epoch %" PRIu64 " from index %" PRIu64
		                  " on ends at index %" PRIu64 ", but the next one says %" PRIu64,
		                  reader->folder, scan->header.epoch, scan->header.first_index,
		                  scan->last.index, counts_up_to(reader)));
	return recovery_refused(reader, piece, segment_reader_describe(reader->reader, finding));
}

static bool is_read_up(const struct recovery_reader *reader)
{
	return !is_newest(reader) &&
	       segment_reader_scan(reader->reader)->last.index >= counts_up_to(reader);
}

static bool entries_piece(struct recovery_reader *reader, struct recovery_piece *piece)
{
	piece->kind = RECOVERY_ENTRIES;
	piece->bytes_done = reader->bytes_before + segment_reader_scan(reader->reader)->at;
	if (piece->bytes.failed || reader->held.failed || !fill_entries(piece))
		return recovery_failed(piece, -ERR_NO_MEMORY, NULL);
	return true;
}

static bool step_entries(struct recovery_reader *reader, struct recovery_piece *piece)
{
	const struct segment_scan *scan = segment_reader_scan(reader->reader);
	enum segment_finding finding = SEGMENT_BATCH;
	char *text = NULL;
	int rc;

	while (!is_read_up(reader) && piece->bytes.size < PIECE_BYTES) {
		rc = segment_reader_next(reader->reader, &finding, &text);
		if (rc < 0)
			return recovery_failed(piece, rc, text);
		if (finding != SEGMENT_BATCH)
			break;
		if (scan->last.index > reader->target)
			reader->target = scan->last.index;
		buf_append_str(&reader->held, scan->body);
		if (!release(reader, piece))
			return recovery_refused(reader, piece,
			                        text_make("%s: the checkpoint of index %" PRIu64
			                                  " is of another history than the journal",
			                                  reader->folder, reader->base.index));
	}
	if (piece->bytes.size > 0 || piece->bytes.failed || reader->held.failed)
		return entries_piece(reader, piece);
	if (finding != SEGMENT_BATCH)
		return segment_ends(reader, piece, finding);
	if (is_read_up(reader))
		next_segment(reader);
	return false;
}
