/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/recovery.h"

#include <inttypes.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "journal/journal_private.h"
#include "journal/text.h"

enum { TELL_EVERY_US = 500 * 1000 };

static void run_read(struct io_work *work)
{
	struct recovery *recovery = CONTAINER_OF(work, struct recovery, work);

	recovery_reader_next(recovery->reader, &recovery->pieces[recovery->place]);
}

static void read_next(struct recovery *recovery)
{
	recovery->place = !recovery->place;
	recovery->is_reading = true;
	io_thread_submit(recovery->journal->work_thread, &recovery->work);
}

static char *take_text(struct recovery_piece *piece)
{
	char *text = piece->text;

	piece->text = NULL;
	return text;
}

/* ---- what becomes of a piece ---- */

/* The state machine gives the load up, if one is on its way. */
static void cancel_load(struct recovery *recovery)
{
	const struct state_machine *machine = &recovery->journal->options.machine;

	if (recovery->load != NULL)
		machine->load_cancel(machine->context, recovery->load);
	recovery->load = NULL;
}

static char *passed_over(char *why)
{
	char *text = text_make("%s. It is passed over; the one before it is taken, if there is one",
	                       why == NULL ? "a checkpoint is bad" : why);

	mem_free(why);
	return text;
}

/* The checkpoint's bytes are right, but the state machine does not take what is in them. */
static void reject(struct recovery *recovery, const struct recovery_piece *piece, int rc)
{
	struct journal *journal = recovery->journal;
	char *why = text_make("%s: the checkpoint of index %" PRIu64 " cannot be loaded: %s",
	                      journal->folder, piece->last.index, err_text(rc));

	journal_notice(journal, rc, passed_over(why));
	if (recovery->is_reading)
		recovery->rejected_rc = rc;
	else
		recovery_reader_reject(recovery->reader, rc);
}

static void load_begin(struct recovery *recovery)
{
	const struct state_machine *machine = &recovery->journal->options.machine;

	recovery->load = machine->load_begin(machine->context);
	CHECK(recovery->load != NULL);
}

static void load_step(struct recovery *recovery, const struct recovery_piece *piece)
{
	const struct state_machine *machine = &recovery->journal->options.machine;
	int rc = machine->load_step(machine->context, recovery->load, buf_str(&piece->bytes));

	if (rc == 0)
		return;
	cancel_load(recovery);
	reject(recovery, piece, rc);
}

static void load_end(struct recovery *recovery, const struct recovery_piece *piece)
{
	const struct state_machine *machine = &recovery->journal->options.machine;
	void *load = recovery->load;
	int rc;

	recovery->load = NULL;
	rc = machine->load_end(machine->context, load, piece->last.index, piece->digest);
	if (rc < 0)
		reject(recovery, piece, rc);
	else
		checkpointer_loaded(&recovery->journal->checkpointer, piece->last.index,
		                    piece->older);
}

static void end(struct recovery *recovery, struct recovery_piece *piece)
{
	struct journal *journal = recovery->journal;
	const struct state_machine *machine = &journal->options.machine;

	recovery->is_over = true;
	CHECK(machine->applied(machine->context) == piece->last.index);
	journal->applied = piece->last;
	journal->commit_index = piece->last.index;
	journal->vote = recovery_reader_take_vote(recovery->reader);
	journal->epoch = vote_file_vote(journal->vote)->term;
	journal->stats.segments = recovery_reader_names(recovery->reader)->segment_count;
	journal->rest = piece->bytes;
	buf_init(&piece->bytes);
	recovery_reader_take_log(recovery->reader, &journal->recovered_log);
	journal->commit.segments = journal->recovered_log.segments;
	journal->recovered_log.segments = (struct segments){0};
	commit_begin(&journal->commit, &journal->applied);
	journal->ops->recovered(journal);
}

static void take_piece(struct recovery *recovery, struct recovery_piece *piece)
{
	struct journal *journal = recovery->journal;

	switch (piece->kind) {
	case RECOVERY_LOAD_BEGIN: load_begin(recovery); break;
	case RECOVERY_RECORDS: load_step(recovery, piece); break;
	case RECOVERY_LOAD_END: load_end(recovery, piece); break;
	case RECOVERY_LOAD_BAD:
		cancel_load(recovery);
		journal_notice(journal, piece->rc, passed_over(take_text(piece)));
		break;
	case RECOVERY_ENTRIES:
		journal_apply(journal, piece->entries, piece->entry_count, &piece->last);
		break;
	case RECOVERY_TORN: journal_notice(journal, -ERR_TORN, take_text(piece)); break;
	case RECOVERY_DAMAGED: journal_notice(journal, -ERR_DAMAGED, take_text(piece)); break;
	case RECOVERY_END: end(recovery, piece); break;
	case RECOVERY_FAILED:
		recovery->is_over = true;
		cancel_load(recovery);
		journal_fail(journal, piece->rc, take_text(piece));
		break;
	}
}

/* ---- the loop of a start ---- */

static void tell_progress(struct recovery *recovery, const struct recovery_piece *piece)
{
	const struct journal_options *options = &recovery->journal->options;
	struct journal_progress progress;
	uint64_t now_us = io_now_us(recovery->journal->io);

	if (piece->bytes_done > recovery->bytes_done)
		recovery->bytes_done = piece->bytes_done;
	recovery->bytes_total = piece->bytes_total;
	recovery->target = piece->target;
	if (options->on_progress == NULL || now_us - recovery->told_us < TELL_EVERY_US)
		return;
	recovery->told_us = now_us;
	journal_progress(recovery->journal, &progress);
	options->on_progress(options->context, &progress);
}

/* What follows these does not depend on what the state machine makes of them. */
static bool may_read_ahead(const struct recovery_piece *piece)
{
	return piece->kind == RECOVERY_LOAD_BEGIN || piece->kind == RECOVERY_RECORDS ||
	       piece->kind == RECOVERY_ENTRIES;
}

static void read_done(struct io_work *work)
{
	struct recovery *recovery = CONTAINER_OF(work, struct recovery, work);
	struct recovery_piece *piece = &recovery->pieces[recovery->place];

	recovery->is_reading = false;
	if (recovery->journal->is_closing) {
		journal_step_close(recovery->journal);
		return;
	}
	if (recovery->rejected_rc < 0 && piece->kind != RECOVERY_FAILED) {
		recovery_reader_reject(recovery->reader, recovery->rejected_rc);
		recovery->rejected_rc = 0;
		read_next(recovery);
		return;
	}
	if (may_read_ahead(piece))
		read_next(recovery);
	tell_progress(recovery, piece);
	take_piece(recovery, piece);
	if (recovery->is_over)
		recovery_finish(recovery);
	else if (!recovery->is_reading && !recovery->journal->is_closing)
		read_next(recovery);
}

int recovery_start(struct recovery *recovery, struct journal *journal)
{
	int rc;

	recovery->journal = journal;
	recovery->work = (struct io_work){.run = run_read, .done = read_done};
	recovery->start_us = recovery->told_us = io_now_us(journal->io);
	for (size_t i = 0; i < COUNT_OF(recovery->pieces); i++)
		recovery_piece_init(&recovery->pieces[i]);
	rc = recovery_reader_create(journal->io, journal->folder, &journal->marker,
	                            &recovery->reader);
	if (rc == 0)
		read_next(recovery);
	return rc;
}

void recovery_finish(struct recovery *recovery)
{
	if (recovery->reader == NULL)
		return;
	cancel_load(recovery);
	for (size_t i = 0; i < COUNT_OF(recovery->pieces); i++)
		recovery_piece_finish(&recovery->pieces[i]);
	recovery_reader_destroy(recovery->reader);
	recovery->reader = NULL;
}
