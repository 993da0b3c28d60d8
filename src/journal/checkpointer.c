/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/checkpointer.h"

#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "journal/journal_private.h"
#include "journal/text.h"

/* Small enough for a state machine to fill within a millisecond. */
enum { SLICE_BYTES = 64 * 1024 };

enum { REST_TIMES = 4, REST_US_MAX = 20 * 1000 };

enum { HANG_TIMES = 6 }; /* as long as a sync of the journal may take: reading back is part of it */

static bool is_lost(const struct checkpointer *checkpointer)
{
	return checkpointer->rc < 0 || atomic_load(&checkpointer->is_given_up);
}

static void lose(struct checkpointer *checkpointer, int rc)
{
	if (checkpointer->rc == 0)
		checkpointer->rc = rc;
}

/* ---- on the thread ---- */

static void run_slice(struct io_work *work)
{
	struct checkpoint_slice *slice = CONTAINER_OF(work, struct checkpoint_slice, work);
	struct checkpointer *checkpointer = slice->checkpointer;

	slice->rc = 0;
	if (checkpointer->writer == NULL)
		slice->rc = checkpoint_writer_create(checkpointer->journal->io,
		                                     checkpointer->journal->folder,
		                                     &checkpointer->header, &checkpointer->writer);
	if (slice->rc == 0 && slice->records.size > 0)
		slice->rc = checkpoint_writer_add(checkpointer->writer, buf_str(&slice->records));
	io_give_way();
}

static void run_finish(struct io_work *work)
{
	struct checkpointer *checkpointer = CONTAINER_OF(work, struct checkpointer, finish);
	const struct journal *journal = checkpointer->journal;
	int rc = 0;

	if (atomic_load(&checkpointer->is_given_up))
		lose(checkpointer, -ERR_CLOSED);
	if (checkpointer->rc == 0)
		checkpointer->rc = checkpoint_writer_finish(
		        checkpointer->writer, checkpointer->records, checkpointer->digest,
		        &checkpointer->is_given_up, &checkpointer->text);
	checkpoint_writer_destroy(checkpointer->writer);
	checkpointer->writer = NULL;
	if (checkpointer->rc == 0)
		rc = checkpoint_clean(journal->io, journal->folder, checkpointer->newest,
		                      checkpointer->older, checkpointer->first,
		                      &checkpointer->segments_removed);
	checkpointer->clean_rc = rc;
}

/* ---- on the loop ---- */

static void submit(struct checkpointer *checkpointer, struct io_work *work, struct hang_work *watch,
                   const char *what)
{
	hang_begin(&checkpointer->hang, watch, what);
	io_thread_submit(checkpointer->journal->checkpoint_thread, work);
}

static void end_save(struct checkpointer *checkpointer)
{
	const struct state_machine *machine = &checkpointer->journal->options.machine;

	if (checkpointer->save != NULL)
		machine->save_end(machine->context, checkpointer->save);
	checkpointer->save = NULL;
	io_timer_stop(&checkpointer->rest);
}

static struct checkpoint_slice *free_slice(struct checkpointer *checkpointer)
{
	for (size_t i = 0; i < COUNT_OF(checkpointer->slices); i++) {
		if (!checkpointer->slices[i].is_busy)
			return &checkpointer->slices[i];
	}
	return NULL;
}

static void ask_turn(struct checkpointer *checkpointer)
{
	if (checkpointer->is_turn_asked)
		return;
	checkpointer->is_turn_asked = true;
	io_post(checkpointer->journal->io, &checkpointer->turn);
}

static void rest_is_over(struct io_timer *timer)
{
	ask_turn(CONTAINER_OF(timer, struct checkpointer, rest));
}

static void begin_rest(struct checkpointer *checkpointer)
{
	if (!checkpointer->is_turn_asked && !io_timer_is_started(&checkpointer->rest))
		io_timer_start(&checkpointer->rest, checkpointer->rest_us);
}

/* What the older checkpoint holds, but for what a peer still needs. */
static uint64_t needless(const struct checkpointer *checkpointer)
{
	const struct journal *journal = checkpointer->journal;
	uint64_t index = checkpointer->older, keep = index + 1;

	if (journal->options.keep_segments)
		return 0;
	if (journal->ops->keep_from != NULL)
		keep = journal->ops->keep_from(journal);
	return keep > index ? index : keep - 1;
}

/* After each slice that came back, or was not taken. */
static void go_on(struct checkpointer *checkpointer)
{
	if (is_lost(checkpointer))
		end_save(checkpointer);
	if (checkpointer->save != NULL) {
		if (free_slice(checkpointer) != NULL)
			begin_rest(checkpointer);
		return;
	}
	if (checkpointer->slices[0].is_busy || checkpointer->slices[1].is_busy ||
	    checkpointer->is_finishing ||
	    (!is_lost(checkpointer) && checkpointer->journal->commit.synced < checkpointer->index))
		return;
	/* The thread sees what is to be kept once this one is there. */
	checkpointer->kept_newest = checkpointer->newest;
	checkpointer->kept_older = checkpointer->older;
	if (checkpointer->index != checkpointer->newest)
		checkpointer->older = checkpointer->newest;
	checkpointer->newest = checkpointer->index;
	checkpointer->needless = needless(checkpointer);
	checkpointer->first = (struct segment_id){0};
	if (checkpointer->needless > 0)
		checkpointer->first = segments_first_with(&checkpointer->journal->commit.segments,
		                                          checkpointer->needless + 1);
	checkpointer->is_finishing = true;
	submit(checkpointer, &checkpointer->finish, &checkpointer->finish_watch,
	       "syncing it and reading it back");
}

static void slice_done(struct io_work *work)
{
	struct checkpoint_slice *slice = CONTAINER_OF(work, struct checkpoint_slice, work);

	slice->is_busy = false;
	hang_end(&slice->checkpointer->hang, &slice->watch);
	if (slice->rc < 0)
		lose(slice->checkpointer, slice->rc);
	go_on(slice->checkpointer);
}

static int save_step(struct checkpointer *checkpointer, struct buf *records)
{
	struct journal *journal = checkpointer->journal;
	const struct state_machine *machine = &journal->options.machine;
	uint64_t began_us = io_now_us(journal->io);
	int more = machine->save_step(machine->context, checkpointer->save, SLICE_BYTES, records);

	checkpointer->rest_us = (io_now_us(journal->io) - began_us) * REST_TIMES;
	if (checkpointer->rest_us > REST_US_MAX)
		checkpointer->rest_us = REST_US_MAX;
	return more;
}

static void take_slice(struct io_task *task)
{
	struct checkpointer *checkpointer = CONTAINER_OF(task, struct checkpointer, turn);
	struct checkpoint_slice *slice = free_slice(checkpointer);
	int more;

	checkpointer->is_turn_asked = false;
	if (!checkpointer->is_running || checkpointer->is_finishing) {
		journal_step_close(checkpointer->journal);
		return;
	}
	if (is_lost(checkpointer) || slice == NULL || checkpointer->save == NULL) {
		go_on(checkpointer);
		return;
	}
	buf_clear(&slice->records);
	more = save_step(checkpointer, &slice->records);
	if (slice->records.failed)
		lose(checkpointer, -ERR_NO_MEMORY);
	if (!more)
		end_save(checkpointer);
	slice->is_busy = true;
	submit(checkpointer, &slice->work, &slice->watch, "writing a piece of it");
	if (more)
		go_on(checkpointer);
}

static void tell(struct checkpointer *checkpointer)
{
	struct journal *journal = checkpointer->journal;

	if (checkpointer->rc < 0 && !atomic_load(&checkpointer->is_given_up))
		journal_notice(
		        journal, checkpointer->rc,
		        text_make("%s: the checkpoint of index %" PRIu64
		                  " failed: %s. The journal goes on without it; the next one "
		                  "is tried after as many changes again",
		                  journal->folder, checkpointer->index,
		                  checkpointer->text != NULL ? checkpointer->text
		                                             : err_text(checkpointer->rc)));
	else if (checkpointer->rc == 0 && checkpointer->clean_rc < 0)
		journal_notice(journal, checkpointer->clean_rc,
		               text_make("%s: files that a checkpoint made needless could not be "
		                         "removed: %s",
		                         journal->folder, err_text(checkpointer->clean_rc)));
}

static void finish_done(struct io_work *work)
{
	struct checkpointer *checkpointer = CONTAINER_OF(work, struct checkpointer, finish);
	void (*done)(void *context, int rc, uint64_t index) = checkpointer->done;

	hang_end(&checkpointer->hang, &checkpointer->finish_watch);
	checkpointer->is_finishing = checkpointer->is_running = false;
	if (checkpointer->rc < 0) {
		checkpointer->newest = checkpointer->kept_newest;
		checkpointer->older = checkpointer->kept_older;
	}
	checkpointer->journal->stats.segments -= checkpointer->segments_removed;
	if (checkpointer->segments_removed > 0)
		segments_drop(&checkpointer->journal->commit.segments, checkpointer->needless + 1);
	if (checkpointer->rc == 0 && checkpointer->needless > 0 &&
	    checkpointer->journal->ops->compacted != NULL)
		checkpointer->journal->ops->compacted(checkpointer->journal,
		                                      checkpointer->needless);
	tell(checkpointer);
	mem_free(checkpointer->text);
	checkpointer->text = NULL;
	for (size_t i = 0; i < COUNT_OF(checkpointer->slices); i++)
		buf_finish(&checkpointer->slices[i].records);
	if (done != NULL)
		done(checkpointer->done_context, checkpointer->rc, checkpointer->index);
	checkpointer_count(checkpointer, 0, 0); /* the next one may have become due */
	journal_step_close(checkpointer->journal);
}

static void hangs(struct hang *hang)
{
	struct checkpointer *checkpointer = CONTAINER_OF(hang, struct checkpointer, hang);
	struct journal *journal = checkpointer->journal;
	char name[FOLDER_NAME_BYTES];

	if (checkpointer->is_hang_told)
		return;
	checkpointer->is_hang_told = true;
	folder_checkpoint_name(checkpointer->index, name);
	journal_notice(journal, -ERR_AGAIN,
	               text_make("%s/%s.tmp: %s has taken %" PRIu64
	                         " s so far; the disk is slow or hangs. The journal goes on "
	                         "without this checkpoint",
	                         journal->folder, name, hang_what(hang),
	                         hang_us(hang) / 1000 / 1000));
}

void checkpointer_init(struct checkpointer *checkpointer, struct journal *journal)
{
	*checkpointer = (struct checkpointer){
	        .journal = journal,
	        .turn = {.run = take_slice},
	        .finish = {.run = run_finish, .done = finish_done},
	};
	io_timer_init(journal->io, &checkpointer->rest, rest_is_over);
	hang_init(&checkpointer->hang, journal->io, journal->options.sync_hang_ms * HANG_TIMES,
	          hangs);
	for (size_t i = 0; i < COUNT_OF(checkpointer->slices); i++) {
		checkpointer->slices[i].work =
		        (struct io_work){.run = run_slice, .done = slice_done};
		checkpointer->slices[i].checkpointer = checkpointer;
		buf_init(&checkpointer->slices[i].records);
	}
}

int checkpointer_start(struct checkpointer *checkpointer,
                       void (*done)(void *context, int rc, uint64_t index), void *context)
{
	struct journal *journal = checkpointer->journal;
	const struct state_machine *machine = &journal->options.machine;

	if (checkpointer->is_running || checkpointer->is_barred ||
	    journal->applied.index < checkpointer->newest)
		return -ERR_BUSY;
	checkpointer->is_running = true;
	checkpointer->is_hang_told = false;
	checkpointer->rc = checkpointer->clean_rc = 0;
	checkpointer->segments_removed = 0;
	atomic_store(&checkpointer->is_given_up, false);
	checkpointer->done = done;
	checkpointer->done_context = context;
	checkpointer->entries = checkpointer->bytes = 0;
	checkpointer->save = machine->save_begin(machine->context, &checkpointer->index,
	                                         &checkpointer->digest, &checkpointer->records);
	CHECK(checkpointer->save != NULL && checkpointer->index == journal->applied.index);
	checkpointer->header = (struct checkpoint_header){
	        .index = checkpointer->index,
	        .epoch = journal->applied.epoch,
	        .chain = journal->applied.chain,
	        .created_ms = io_wall_ms(journal->io),
	};
	memcpy(checkpointer->header.cluster_id, journal->marker.cluster_id,
	       sizeof(checkpointer->header.cluster_id));
	if (journal->ops->members != NULL)
		journal->ops->members(journal, &checkpointer->header);
	ask_turn(checkpointer);
	return 0;
}

void checkpointer_loaded(struct checkpointer *checkpointer, uint64_t index, uint64_t older)
{
	checkpointer->newest = index;
	checkpointer->older = older;
}

void checkpointer_count(struct checkpointer *checkpointer, uint64_t entries, uint64_t bytes)
{
	const struct journal_options *options = &checkpointer->journal->options;

	checkpointer->entries += entries;
	checkpointer->bytes += bytes;
	if ((checkpointer->journal->phase != JOURNAL_LEADING &&
	     checkpointer->journal->phase != JOURNAL_FOLLOWING) ||
	    checkpointer->journal->is_closing)
		return;
	if ((options->checkpoint_entries > 0 &&
	     checkpointer->entries >= options->checkpoint_entries) ||
	    (options->checkpoint_bytes > 0 && checkpointer->bytes >= options->checkpoint_bytes))
		(void)checkpointer_start(checkpointer, NULL, NULL); /* one may be running */
}

void checkpointer_durable(struct checkpointer *checkpointer)
{
	if (checkpointer->is_running && !checkpointer->is_finishing && checkpointer->save == NULL)
		go_on(checkpointer);
}

void checkpointer_bar(struct checkpointer *checkpointer, bool is_barred)
{
	checkpointer->is_barred = is_barred;
}

bool checkpointer_stop(struct checkpointer *checkpointer)
{
	if (!checkpointer->is_running)
		return !checkpointer->is_turn_asked;
	atomic_store(&checkpointer->is_given_up, true);
	if (!checkpointer->is_finishing)
		ask_turn(checkpointer);
	return false;
}
