/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/behind.h"
#include "journal/recovery_private.h"

#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/twins.h"
#include "journal/checkpoint_read.h"
#include "journal/segment_read.h"
#include "journal/text.h"

static recovery_step step_look, step_checkpoint, step_records, step_end;

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

bool recovery_failed(struct recovery_piece *piece, int rc, char *text)
{
	piece->kind = RECOVERY_FAILED;
	piece->rc = rc;
	piece->text = text;
	return true;
}

bool recovery_refused(const struct recovery_reader *reader, struct recovery_piece *piece,
                      char *what)
{
	char *text =
	        text_make("%s. Changes that were acknowledged may be in it, so the master does "
	                  "not start without it. Look closer: holdfast journal verify %s",
	                  what == NULL ? "the journal is damaged" : what, reader->folder);

	mem_free(what);
	return recovery_failed(piece, -ERR_DAMAGED, text);
}

char *recovery_missing_text(const struct recovery_reader *reader, struct segment_id id)
{
	char name[FOLDER_NAME_BYTES];

	folder_segment_name(id, name);
	return text_make("%s/%s is missing", reader->folder, name);
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
	mem_free(reader->lost.what);
	recovery_log_finish(&reader->log);
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

void recovery_reader_take_log(struct recovery_reader *reader, struct recovery_log *ret_log)
{
	*ret_log = reader->log;
	reader->log = (struct recovery_log){0};
}

/* ---- what there is ---- */

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

/* Who forgot what it promised must not be asked for its vote again under the same id. */
static bool vote_failed(const struct recovery_reader *reader, struct recovery_piece *piece, int rc,
                        char *text)
{
	char *more;

	if (rc != -ERR_DAMAGED)
		return recovery_failed(piece, rc, text);
	more = text_make(
	        "%s. If other masters have this journal too, what this master promised to them is "
	        "lost with it and it cannot go on as the member that it was: format it anew "
	        "(holdfast format), and it joins again as a newcomer",
	        text == NULL ? reader->folder : text);
	mem_free(text);
	return recovery_failed(piece, rc, more);
}

/* The segment that the vote record names must be there.  True: that ends the start. */
static bool look_for_named(struct recovery_reader *reader, struct recovery_piece *piece)
{
	const struct vote *vote = vote_file_vote(reader->vote);
	struct segment_id named = {.epoch = vote->segment_epoch,
	                           .first_index = vote->segment_first_index};

	if (named.epoch == 0)
		return false; /* none was ever begun */
	if (folder_has_segment(&reader->names, named))
		return false;
	if (!reader->is_tolerant)
		return recovery_refused(reader, piece, recovery_missing_text(reader, named));
	recovery_lost_add(reader, recovery_missing_text(reader, named));
	reader->lost.is_unknown = true;
	return false;
}

/* What was acknowledged ahead of its sync is there, unless the machine went down. */
static void look_for_unsynced(struct recovery_reader *reader)
{
	uint64_t boot = vote_file_vote(reader->vote)->unsynced_boot;

	if (IS_BROKEN(BOOT_FORGOTTEN))
		return;
	if (boot == 0 || !reader->is_tolerant || behind_is_same_boot(reader->io, boot))
		return;
	reader->is_cut_off = reader->lost.is_unknown = true;
	recovery_lost_add(reader,
	                  text_make("the machine went down before everything acknowledged was "
	                            "synced, which unsafe.flush.enabled allows"));
}

static bool step_look(struct recovery_reader *reader, struct recovery_piece *piece)
{
	char *text = NULL;
	/* What a process that was killed renamed may not be durable yet. */
	int rc = io_sync_folder(reader->io, reader->folder);

	if (rc == 0)
		rc = folder_list(reader->io, reader->folder, &reader->names);
	if (rc == 0)
		rc = remove_temporaries(reader);
	if (rc < 0)
		return recovery_failed(piece, rc,
		                       text_of_error(reader->folder, "look into it", rc));
	rc = vote_file_open(reader->io, reader->folder, &reader->vote, &text);
	if (rc < 0)
		return vote_failed(reader, piece, rc, text);
	reader->is_tolerant = vote_is_of_cluster(vote_file_vote(reader->vote));
	if (look_for_named(reader, piece))
		return true;
	look_for_unsynced(reader);
	reader->log.run = vote_file_vote(reader->vote)->segment_epoch;
	if (reader->names.segment_count > 0 && recovery_newest(reader).epoch > reader->log.run)
		reader->log.run = recovery_newest(reader).epoch;
	reader->checkpoints_left = reader->names.checkpoint_count;
	reader->step = step_checkpoint;
	return false;
}

/* ---- the checkpoint ---- */

static bool bad_checkpoint(struct recovery_reader *reader, struct recovery_piece *piece, int rc,
                           char *text)
{
	recovery_reader_reject(reader, rc);
	if (rc == -ERR_NO_MEMORY)
		return recovery_failed(piece, rc, text);
	piece->kind = RECOVERY_LOAD_BAD;
	piece->rc = rc;
	piece->text = text;
	return true;
}

void recovery_reader_reject(struct recovery_reader *reader, int rc)
{
	struct recovery_lost *lost = &reader->lost;

	if (rc != -ERR_DAMAGED && lost->rc == 0) {
		lost->rc = rc;
		lost->rc_index = reader->names.checkpoints[reader->checkpoints_left];
	}
	/* It was one, so everything up to its index was. */
	recovery_lost_up_to(reader, reader->log.base.epoch, reader->log.base.index);
	checkpoint_reader_close(reader->checkpoint);
	reader->checkpoint = NULL;
	(void)recovery_log_begin(&reader->log, NULL);
	reader->last = reader->log.base;
	reader->bytes_before = 0;
	reader->step = step_checkpoint;
}

static bool step_checkpoint(struct recovery_reader *reader, struct recovery_piece *piece)
{
	uint64_t index;
	char *text = NULL;
	int rc;

	if (reader->checkpoints_left == 0) {
		reader->step = recovery_step_chain;
		return false;
	}
	index = reader->names.checkpoints[--reader->checkpoints_left];
	rc = checkpoint_reader_open_index(reader->io, reader->folder, index,
	                                  reader->marker->cluster_id, &reader->checkpoint, &text);
	if (rc < 0 && index > reader->lost.unread)
		reader->lost.unread = index;
	if (rc < 0)
		return bad_checkpoint(reader, piece, rc, text);
	rc = recovery_log_begin(&reader->log, checkpoint_reader_header(reader->checkpoint));
	if (rc < 0)
		return bad_checkpoint(reader, piece, rc,
		                      text_make("%s: the list of members in the checkpoint of "
		                                "index %" PRIu64 " cannot be read",
		                                reader->folder, index));
	reader->last = reader->log.base;
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
		reader->step = recovery_step_chain;
	}
	return true;
}

/* ---- the last step ---- */

/* The newest segment is named, if it is not older than the one that was. */
static void name_newest(const struct recovery_reader *reader, struct vote *vote)
{
	struct segment_id id;

	if (reader->names.segment_count == 0)
		return;
	id = recovery_newest(reader);
	if (id.epoch < vote->segment_epoch)
		return;
	vote->segment_epoch = id.epoch;
	vote->segment_first_index = id.first_index;
}

static char *unreadable_text(const struct recovery_reader *reader)
{
	char name[FOLDER_NAME_BYTES];

	folder_checkpoint_name(reader->lost.rc_index, name);
	return text_make("%s/%s: it cannot be read (%s), and without it a part of the journal is "
	                 "missing. Nothing was dropped. Check the disk, the limits of this process "
	                 "and its release, then start again. If the file is lost for good, move it "
	                 "away: what is missing then comes again from the other masters",
	                 reader->folder, name, err_text(reader->lost.rc));
}

bool recovery_step_promise(struct recovery_reader *reader, struct recovery_piece *piece)
{
	struct vote vote = *vote_file_vote(reader->vote);
	int rc;

	if (recovery_lost_is_hasty(reader))
		return recovery_failed(piece, reader->lost.rc, unreadable_text(reader));
	name_newest(reader, &vote);
	if (reader->is_tolerant)
		recovery_lost_settle(reader, &vote);
	rc = vote_file_write(reader->vote, &vote);
	if (rc < 0)
		return recovery_failed(piece, rc,
		                       text_of_error(reader->folder, "write the vote record", rc));
	reader->step = step_end;
	piece->kind = RECOVERY_DAMAGED;
	piece->text = recovery_lost_text(reader, &vote);
	return piece->text != NULL;
}

static bool step_end(struct recovery_reader *reader, struct recovery_piece *piece)
{
	piece->kind = RECOVERY_END;
	piece->bytes_done = reader->bytes_total;
	buf_append_str(&piece->bytes, buf_str(&reader->held));
	return piece->bytes.failed ? recovery_failed(piece, -ERR_NO_MEMORY, NULL) : true;
}
