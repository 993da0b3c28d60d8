/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/recovery_read.h"

#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "journal/checkpoint_read.h"
#include "journal/segment_read.h"
#include "journal/text.h"

enum { PIECE_BYTES = 256 * 1024 };

/* Fills the piece and returns true, or goes on to the next step. */
typedef bool recovery_step(struct recovery_reader *reader, struct recovery_piece *piece);

struct recovery_reader {
	struct io *io;
	const char *folder;
	const struct marker *marker;
	recovery_step *step;
	struct vote_file *vote;
	struct folder_names names;
	/* checkpoints */
	size_t checkpoints_left; /* not tried yet; the newest of them is next */
	struct checkpoint_reader *checkpoint;
	struct entry base; /* what the loaded checkpoint ends with; 0: none */
	/* segments, from the one that holds base.index + 1 to the newest */
	struct segment_header *chain;
	size_t chain_count;
	size_t place;                  /* in chain: being read */
	struct segment_reader *reader; /* NULL: not open */
	struct buf held;               /* whole entries of it that do not count yet */
	struct entry last;             /* last entry that counts */
	uint64_t bytes_before, bytes_total;
	uint64_t target; /* last index known so far */
};

static recovery_step step_look, step_checkpoint, step_records, step_chain, step_segment,
        step_entries, step_promise;

/* ---- pieces ---- */

void recovery_piece_init(struct recovery_piece *piece)
{
	*piece = (struct recovery_piece){0};
	buf_init(&piece->bytes);
}

void recovery_piece_finish(struct recovery_piece *piece)
{
	buf_finish(&piece->bytes);
	mem_free(piece->entries);
	mem_free(piece->text);
}

static void piece_clear(struct recovery_piece *piece)
{
	mem_free(piece->text);
	piece->text = NULL;
	piece->rc = 0;
	piece->older = 0;
	buf_clear(&piece->bytes);
	piece->entry_count = 0;
}

static bool failed(struct recovery_piece *piece, int rc, char *text)
{
	piece->kind = RECOVERY_FAILED;
	piece->rc = rc;
	piece->text = text;
	return true;
}

/* Damage that may not be gone on with.  Takes `what`. */
static bool refused(const struct recovery_reader *reader, struct recovery_piece *piece, char *what)
{
	char *text =
	        text_make("%s. Changes that were acknowledged may be in it, so the master does "
	                  "not start without it. Look closer: holdfast journal verify %s",
	                  what == NULL ? "the journal is damaged" : what, reader->folder);

	mem_free(what);
	return failed(piece, -ERR_DAMAGED, text);
}

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

/* ---- life ---- */

int recovery_reader_create(struct io *io, const char *folder, const struct marker *marker,
                           struct recovery_reader **ret_reader)
{
	struct recovery_reader *reader = mem_zalloc(sizeof(*reader));

	if (reader == NULL)
		return -ERR_NO_MEMORY;
	reader->io = io;
	reader->folder = folder;
	reader->marker = marker;
	reader->step = step_look;
	buf_init(&reader->held);
	*ret_reader = reader;
	return 0;
}

void recovery_reader_destroy(struct recovery_reader *reader)
{
	if (reader == NULL)
		return;
	vote_file_close(reader->vote);
	folder_names_finish(&reader->names);
	checkpoint_reader_close(reader->checkpoint);
	segment_reader_close(reader->reader);
	mem_free(reader->chain);
	buf_finish(&reader->held);
	mem_free(reader);
}

void recovery_reader_next(struct recovery_reader *reader, struct recovery_piece *piece)
{
	piece_clear(piece);
	while (!reader->step(reader, piece))
		continue;
	piece->bytes_total = reader->bytes_total;
	piece->target = reader->target;
	piece->last = reader->last;
}

struct vote_file *recovery_reader_take_vote(struct recovery_reader *reader)
{
	struct vote_file *vote = reader->vote;

	reader->vote = NULL;
	return vote;
}

const struct folder_names *recovery_reader_names(const struct recovery_reader *reader)
{
	return &reader->names;
}

/* ---- what there is ---- */

static struct segment_id newest(const struct recovery_reader *reader)
{
	return reader->names.segments[reader->names.segment_count - 1];
}

static char *missing_text(const struct recovery_reader *reader, struct segment_id id)
{
	char name[FOLDER_NAME_BYTES];

	folder_segment_name(id, name);
	return text_make("%s/%s is missing", reader->folder, name);
}

/* What an earlier process left unfinished. */
static int remove_temporaries(struct recovery_reader *reader)
{
	for (size_t i = 0; i < reader->names.temporary_count; i++) {
		CLEANUP(mem_cleanup)
		char *path = folder_join(reader->folder, reader->names.temporaries[i]);
		int rc = path == NULL ? -ERR_NO_MEMORY : io_unlink(reader->io, path);

		if (rc < 0 && rc != -ERR_NO_FILE)
			return rc;
	}
	return 0;
}

static bool step_look(struct recovery_reader *reader, struct recovery_piece *piece)
{
	struct segment_id named;
	char *text = NULL;
	/* What a process that was killed renamed may not be durable yet. */
	int rc = io_sync_folder(reader->io, reader->folder);

	if (rc == 0)
		rc = folder_list(reader->io, reader->folder, &reader->names);
	if (rc == 0)
		rc = remove_temporaries(reader);
	if (rc < 0)
		return failed(piece, rc, text_of_error(reader->folder, "look into it", rc));
	rc = vote_file_open(reader->io, reader->folder, &reader->vote, &text);
	if (rc < 0)
		return failed(piece, rc, text);
	named.epoch = vote_file_vote(reader->vote)->segment_epoch;
	named.first_index = vote_file_vote(reader->vote)->segment_first_index;
	if (!folder_has_segment(&reader->names, named))
		return refused(reader, piece, missing_text(reader, named));
	reader->checkpoints_left = reader->names.checkpoint_count;
	reader->step = step_checkpoint;
	return false;
}

/* ---- the checkpoint ---- */

static bool bad_checkpoint(struct recovery_reader *reader, struct recovery_piece *piece, int rc,
                           char *text)
{
	recovery_reader_reject(reader);
	if (rc == -ERR_NO_MEMORY)
		return failed(piece, rc, text);
	piece->kind = RECOVERY_LOAD_BAD;
	piece->rc = rc;
	piece->text = text;
	return true;
}

void recovery_reader_reject(struct recovery_reader *reader)
{
	checkpoint_reader_close(reader->checkpoint);
	reader->checkpoint = NULL;
	reader->base = reader->last = (struct entry){0};
	reader->step = step_checkpoint;
}

static bool step_checkpoint(struct recovery_reader *reader, struct recovery_piece *piece)
{
	CLEANUP(mem_cleanup) char *path = NULL;
	const struct checkpoint_header *header;
	char name[FOLDER_NAME_BYTES];
	uint64_t index;
	char *text = NULL;
	int rc;

	if (reader->checkpoints_left == 0) {
		reader->step = step_chain;
		return false;
	}
	index = reader->names.checkpoints[--reader->checkpoints_left];
	folder_checkpoint_name(index, name);
	path = folder_join(reader->folder, name);
	if (path == NULL)
		return failed(piece, -ERR_NO_MEMORY, NULL);
	rc = checkpoint_reader_open(reader->io, path, reader->marker->cluster_id,
	                            &reader->checkpoint, &text);
	if (rc < 0)
		return bad_checkpoint(reader, piece, rc, text);
	header = checkpoint_reader_header(reader->checkpoint);
	if (header->index != index)
		return bad_checkpoint(reader, piece, -ERR_DAMAGED,
		                      text_make("%s: its header is that of another one", path));
	reader->base =
	        (struct entry){.index = index, .epoch = header->epoch, .chain = header->chain};
	reader->last = reader->base;
	reader->bytes_before = 0;
	reader->bytes_total = checkpoint_reader_file_bytes(reader->checkpoint);
	piece->kind = RECOVERY_LOAD_BEGIN;
	reader->step = step_records;
	return true;
}

static bool step_records(struct recovery_reader *reader, struct recovery_piece *piece)
{
	char *text = NULL;
	int rc = checkpoint_reader_next(reader->checkpoint, &piece->bytes, &text);

	if (rc < 0)
		return bad_checkpoint(reader, piece, rc, text);
	piece->bytes_done = checkpoint_reader_at(reader->checkpoint);
	piece->kind = rc == 1 ? RECOVERY_RECORDS : RECOVERY_LOAD_END;
	if (rc == 0) {
		piece->digest = checkpoint_reader_footer(reader->checkpoint)->digest;
		if (reader->checkpoints_left > 0)
			piece->older = reader->names.checkpoints[reader->checkpoints_left - 1];
		reader->bytes_before = checkpoint_reader_file_bytes(reader->checkpoint);
		checkpoint_reader_close(reader->checkpoint);
		reader->checkpoint = NULL;
		reader->step = step_chain;
	}
	return true;
}

/* ---- the chain of segments ---- */

/* Reads headers from the newest back to the one that holds the entry after the checkpoint; they
 * come to stand in reader->chain, newest first. */
static bool follow_back(struct recovery_reader *reader, struct recovery_piece *piece)
{
	struct segment_id id = newest(reader);
	struct segment_header *header;

	do {
		struct segment_reader *segment;
		char *text = NULL;
		int rc = segment_reader_open(reader->io, reader->folder, id,
		                             reader->marker->cluster_id, &segment, &text);

		if (rc == -ERR_DAMAGED)
			return refused(reader, piece, text);
		if (rc < 0)
			return failed(piece, rc, text);
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
	return refused(reader, piece,
	               header->before_epoch == 0 ? text_make("%s: a hole from index %" PRIu64 " on",
	                                                     reader->folder, reader->base.index + 1)
	                                         : missing_text(reader, id));
}

static bool step_chain(struct recovery_reader *reader, struct recovery_piece *piece)
{
	reader->bytes_total = reader->bytes_before;
	reader->chain_count = 0;
	if (reader->chain == NULL)
		reader->chain = mem_alloc(reader->names.segment_count * sizeof(*reader->chain));
	if (reader->chain == NULL)
		return failed(piece, -ERR_NO_MEMORY, NULL);
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
		return refused(reader, piece,
		               text_make("%s: the segment of epoch %" PRIu64 " from index %" PRIu64
		                         " on does not follow from what is before it",
		                         reader->folder, id.epoch, id.first_index));
	rc = segment_reader_open(reader->io, reader->folder, id, reader->marker->cluster_id,
	                         &reader->reader, &text);
	if (rc < 0)
		return failed(piece, rc, text);
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
		return refused(reader, piece,
		               text_make("%s: the journal ends at index %" PRIu64
		                         ", before the checkpoint of index %" PRIu64,
		                         reader->folder, scan->last.index, reader->base.index));
	reader->step = step_promise;
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
		return refused(
		        reader, piece,
		        text_make("%s: the segment of epoch %" PRIu64 " from index %" PRIu64
		                  " on ends at index %" PRIu64 ", but the next one says %" PRIu64,
		                  reader->folder, scan->header.epoch, scan->header.first_index,
		                  scan->last.index, counts_up_to(reader)));
	return refused(reader, piece, segment_reader_describe(reader->reader, finding));
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
		return failed(piece, -ERR_NO_MEMORY, NULL);
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
			return failed(piece, rc, text);
		if (finding != SEGMENT_BATCH)
			break;
		if (scan->last.index > reader->target)
			reader->target = scan->last.index;
		buf_append_str(&reader->held, scan->body);
		if (!release(reader, piece))
			return refused(reader, piece,
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

/* ---- the last step ---- */

static bool step_promise(struct recovery_reader *reader, struct recovery_piece *piece)
{
	struct vote vote = *vote_file_vote(reader->vote);
	struct segment_id id = newest(reader);
	int rc;

	vote.term = (vote.term > id.epoch ? vote.term : id.epoch) + 1;
	vote.segment_epoch = id.epoch;
	vote.segment_first_index = id.first_index;
	rc = vote_file_write(reader->vote, &vote);
	if (rc < 0)
		return failed(piece, rc,
		              text_of_error(reader->folder, "write the vote record", rc));
	piece->kind = RECOVERY_END;
	piece->bytes_done = reader->bytes_total;
	buf_append_str(&piece->bytes, buf_str(&reader->held));
	return piece->bytes.failed ? failed(piece, -ERR_NO_MEMORY, NULL) : true;
}
