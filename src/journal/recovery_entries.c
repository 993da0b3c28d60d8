/* SPDX-License-Identifier: Apache-2.0 */
/* The third part of what a start reads: the entries in the segments that count. */
#include <inttypes.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "journal/recovery_private.h"
#include "journal/text.h"

enum { PIECE_BYTES = 256 * 1024 };

static recovery_step step_entries;

/* ---- entries for the state machine ---- */

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

static bool entries_piece(struct recovery_reader *reader, struct recovery_piece *piece)
{
	piece->kind = RECOVERY_ENTRIES;
	piece->bytes_done = reader->bytes_before + segment_reader_scan(reader->reader)->at;
	if (piece->bytes.failed || reader->held.failed || !fill_entries(piece))
		return recovery_failed(piece, -ERR_NO_MEMORY, NULL);
	return true;
}

/* ---- the end ---- */

static bool is_newest(const struct recovery_reader *reader)
{
	return reader->place + 1 == reader->chain_count;
}

/* The chain leads back from the newest segment of all. */
static bool has_newest(const struct recovery_reader *reader)
{
	const struct segment_header *newest = &reader->chain[reader->chain_count - 1];

	return newest->epoch == recovery_newest(reader).epoch &&
	       newest->first_index == recovery_newest(reader).first_index;
}

/* The segments that are named as what a fresh one follows: without those of the rest. */
static int keep_segments(struct recovery_reader *reader)
{
	struct segments *segments = &reader->log.segments;

	for (size_t i = 0; reader->has_met_base && i <= reader->place; i++) {
		const struct segment_header *header = &reader->chain[i];

		if (header->first_index > reader->last.index + 1)
			break;
		if (!segments_reserve(segments))
			return -ERR_NO_MEMORY;
		segments_add(segments, (struct segment_id){.epoch = header->epoch,
		                                           .first_index = header->first_index});
	}
	return 0;
}

/* Nothing behind this is read. */
static bool journal_ends(struct recovery_reader *reader, struct recovery_piece *piece)
{
	reader->step = recovery_step_promise;
	return keep_segments(reader) < 0 ? recovery_failed(piece, -ERR_NO_MEMORY, NULL) : false;
}

/* What is behind is dropped.  Takes `what`. */
static bool ends_by_damage(struct recovery_reader *reader, struct recovery_piece *piece,
                           enum segment_finding finding, char *what)
{
	char *text = NULL;
	int rc;

	if (!reader->is_tolerant)
		return recovery_refused(reader, piece, what);
	recovery_lost_add(reader, what);
	if (!has_newest(reader))
		rc = 0; /* the chain's newest was lost before this one was looked at */
	else if (is_newest(reader) && reader->reader != NULL)
		rc = recovery_lost_rest(reader, reader->reader, finding, &text);
	else
		rc = recovery_lost_segment(reader, recovery_newest(reader), &text);
	return rc < 0 ? recovery_failed(piece, rc, text) : journal_ends(reader, piece);
}

/* The checkpoint came from another master, and the process died before it had put the segments
 * away: they differ from it, or end before it. */
static bool ends_at_base(struct recovery_reader *reader, struct recovery_piece *piece, char *what)
{
	if (!reader->is_tolerant)
		return recovery_refused(reader, piece, what);
	mem_free(what);
	return journal_ends(reader, piece);
}

static bool ends_before_base(struct recovery_reader *reader, struct recovery_piece *piece)
{
	return ends_at_base(reader, piece,
	                    text_make("%s: the journal ends at index %" PRIu64
	                              ", before the checkpoint of index %" PRIu64,
	                              reader->folder,
	                              segment_reader_scan(reader->reader)->last.index,
	                              reader->log.base.index));
}

static bool ends_by_history(struct recovery_reader *reader, struct recovery_piece *piece)
{
	return ends_at_base(reader, piece,
	                    text_make("%s: the checkpoint of index %" PRIu64
	                              " is of another history than the journal",
	                              reader->folder, reader->log.base.index));
}

/* ---- a segment ---- */

/* The last index of the segment being read that counts. */
static uint64_t counts_up_to(const struct recovery_reader *reader)
{
	return is_newest(reader) ? UINT64_MAX : reader->chain[reader->place + 1].before_end;
}

static bool is_read_up(const struct recovery_reader *reader)
{
	return segment_reader_scan(reader->reader)->last.index >= counts_up_to(reader);
}

static bool is_same_entry(const struct entry *a, const struct entry *b)
{
	return a->index == b->index && a->epoch == b->epoch && a->chain == b->chain;
}

bool recovery_step_segment(struct recovery_reader *reader, struct recovery_piece *piece)
{
	const struct segment_header *header = &reader->chain[reader->place];
	struct segment_id id = {.epoch = header->epoch, .first_index = header->first_index};
	struct entry before = {.index = header->before_end,
	                       .epoch = header->before_end_epoch,
	                       .chain = header->before_end_chain};
	char *text = NULL;
	int rc;

	if (reader->place == 0 && before.index < reader->log.base.index)
		reader->has_met_base = false; /* its entry is still to come */
	else if (is_same_entry(&before, &reader->log.last))
		reader->has_met_base = true;
	else if (reader->place == 0)
		return ends_by_history(reader, piece);
	else
		return ends_by_damage(reader, piece, SEGMENT_END,
		                      text_make("%s: the segment of run %" PRIu64
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

static void next_segment(struct recovery_reader *reader)
{
	reader->bytes_before += segment_reader_header(reader->reader)->file_bytes;
	segment_reader_close(reader->reader);
	reader->reader = NULL;
	reader->place++;
	reader->step = recovery_step_segment;
}

/* The segment has no further whole batch. */
static bool segment_ends(struct recovery_reader *reader, struct recovery_piece *piece,
                         enum segment_finding finding)
{
	const struct segment_scan *scan = segment_reader_scan(reader->reader);

	if (reader->is_cut_off && is_newest(reader) && scan->last.index >= reader->log.base.index)
		return journal_ends(reader, piece); /* anything may be missing from here on */
	if (finding == SEGMENT_ROT || finding == SEGMENT_HOLE ||
	    (finding == SEGMENT_TORN && !is_newest(reader)))
		return ends_by_damage(reader, piece, finding,
		                      segment_reader_describe(reader->reader, finding));
	if (!is_newest(reader))
		return ends_by_damage(
		        reader, piece, finding,
		        text_make("%s: the segment of run %" PRIu64 " from index %" PRIu64
		                  " on ends at index %" PRIu64 ", but the next one says %" PRIu64,
		                  reader->folder, scan->header.epoch, scan->header.first_index,
		                  scan->last.index, counts_up_to(reader)));
	if (scan->last.index < reader->log.base.index)
		return ends_before_base(reader, piece);
	if (journal_ends(reader, piece))
		return true;
	if (finding != SEGMENT_TORN)
		return false;
	piece->kind = RECOVERY_TORN;
	piece->text = segment_reader_describe(reader->reader, finding);
	return true;
}

/* ---- its entries ---- */

/* Takes the entries of a batch that count.  1, or 0: they are of another history than the
 * checkpoint.  < 0: an entry of the journal itself makes no sense, or no memory. */
static int take_batch(struct recovery_reader *reader)
{
	const struct segment_scan *scan = segment_reader_scan(reader->reader);
	struct recovery_log *log = &reader->log;
	struct cursor c = cursor_of(scan->body);
	const uint8_t *at = c.at;
	struct entry entry;

	for (; entry_next(&c, &entry) && entry.index <= counts_up_to(reader); at = c.at) {
		int rc;

		if (entry.index == log->base.index) {
			if (!is_same_entry(&entry, &log->base))
				return 0;
			reader->has_met_base = true;
		}
		if (entry.index <= log->base.index)
			continue;
		buf_append(&reader->held, at, (size_t)(c.at - at));
		rc = recovery_log_add(log, &entry);
		if (rc < 0)
			return rc;
		log->last = entry;
		log->last.payload = (struct str){0};
	}
	if (scan->mark > log->mark)
		log->mark = scan->mark;
	if (log->last.index > reader->target)
		reader->target = log->last.index;
	return 1;
}

static bool bad_list(struct recovery_reader *reader, struct recovery_piece *piece, int rc)
{
	return recovery_failed(piece, rc,
	                       rc == -ERR_NO_MEMORY
	                               ? NULL
	                               : text_make("%s: the list of members after index %" PRIu64
	                                           " cannot be read: %s",
	                                           reader->folder, reader->log.last.index,
	                                           err_text(rc)));
}

/* Moves entries that may be applied from `held` to the piece. */
static void release(struct recovery_reader *reader, struct recovery_piece *piece)
{
	struct cursor c = cursor_of(buf_str(&reader->held));
	const uint8_t *start = c.at, *at = c.at;
	struct entry entry;

	for (; entry_next(&c, &entry) && entry.index <= reader->log.mark; at = c.at) {
		reader->last = entry;
		reader->last.payload = (struct str){0};
	}
	buf_append(&piece->bytes, start, (size_t)(at - start));
	buf_consume(&reader->held, (size_t)(at - start));
}

static bool step_entries(struct recovery_reader *reader, struct recovery_piece *piece)
{
	enum segment_finding finding = SEGMENT_BATCH;
	char *text = NULL;
	int rc;

	while (!is_read_up(reader) && piece->bytes.size < PIECE_BYTES) {
		rc = segment_reader_next(reader->reader, &finding, &text);
		if (rc < 0)
			return recovery_failed(piece, rc, text);
		if (finding != SEGMENT_BATCH)
			break;
		rc = take_batch(reader);
		if (rc < 0)
			return bad_list(reader, piece, rc);
		if (rc == 0)
			return ends_by_history(reader, piece);
		release(reader, piece);
	}
	if (piece->bytes.size > 0 || piece->bytes.failed || reader->held.failed)
		return entries_piece(reader, piece);
	if (finding != SEGMENT_BATCH)
		return segment_ends(reader, piece, finding);
	if (is_read_up(reader))
		next_segment(reader);
	return false;
}
