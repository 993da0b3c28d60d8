/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/journal.h"

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "journal/folder.h"
#include "journal/journal_private.h"
#include "journal/text.h"

enum { JOURNAL_MAGIC = 0x4a524e4c };

/* ---- telling ---- */

void journal_set_phase(struct journal *journal, enum journal_phase phase)
{
	struct journal_progress progress;

	journal->phase = phase;
	journal_progress(journal, &progress);
	if (journal->options.on_phase != NULL)
		journal->options.on_phase(journal->options.context, &progress);
}

void journal_notice(struct journal *journal, int rc, char *text)
{
	if (journal->options.on_notice != NULL)
		journal->options.on_notice(journal->options.context, rc,
		                           text == NULL ? err_text(rc) : text);
	mem_free(text);
}

void journal_fail(struct journal *journal, int rc, char *text)
{
	journal_set_phase(journal, JOURNAL_STOPPED);
	if (journal->options.on_failure != NULL)
		journal->options.on_failure(journal->options.context, rc,
		                            text == NULL ? err_text(rc) : text);
	mem_free(text);
}

void journal_has_room(struct journal *journal)
{
	journal->ops->has_room(journal);
}

void journal_write_rest(struct journal *journal)
{
	int rc = commit_rest(&journal->commit, buf_str(&journal->rest));

	if (rc == 0)
		buf_finish(&journal->rest);
	else if (rc != -ERR_AGAIN && rc != -ERR_NO_SPACE)
		journal_fail(journal, rc, NULL);
}

/* ---- appending and applying ---- */

int journal_append(struct journal *journal, struct journal_append *append)
{
	OBJ_CHECK(journal, JOURNAL_MAGIC);
	return journal->is_closing ? -ERR_STANDBY : journal->ops->append(journal, append);
}

void journal_apply(struct journal *journal, const struct journal_entry *entries, size_t count,
                   const struct entry *last)
{
	const struct state_machine *machine = &journal->options.machine;
	uint64_t bytes = 0;

	if (count == 0)
		return;
	machine->apply(machine->context, entries, count);
	journal->applied = *last;
	if (journal->commit_index < last->index)
		journal->commit_index = last->index;
	for (size_t i = 0; i < count; i++) {
		bytes += entry_size(entries[i].payload.size);
		if (entries[i].append != NULL)
			entries[i].append->done(entries[i].append, JOURNAL_COMMITTED);
	}
	if (journal->ops->applied != NULL)
		journal->ops->applied(journal);
	checkpointer_count(&journal->checkpointer, count, bytes);
}

void journal_read_index(struct journal *journal, struct journal_read *read)
{
	OBJ_CHECK(journal, JOURNAL_MAGIC);
	journal->ops->read_index(journal, read);
}

int journal_checkpoint(struct journal *journal, void (*done)(void *context, int rc, uint64_t index),
                       void *context)
{
	OBJ_CHECK(journal, JOURNAL_MAGIC);
	if ((journal->phase != JOURNAL_LEADING && journal->phase != JOURNAL_FOLLOWING) ||
	    journal->is_closing || journal->applied.index == 0)
		return -ERR_STANDBY;
	return checkpointer_start(&journal->checkpointer, done, context);
}

/* ---- the quorum ---- */

void journal_quorum(const struct journal *journal, struct journal_quorum *ret_quorum)
{
	OBJ_CHECK(journal, JOURNAL_MAGIC);
	*ret_quorum = (struct journal_quorum){
	        .term = journal->epoch,
	        .commit = journal->commit_index,
	        .applied = journal->applied.index,
	        .synced = journal->commit.synced,
	        .syncs_behind = journal->commit.behind.thread != NULL,
	        .last = journal->commit.last.index,
	        .primary_heard_ms_ago = UINT64_MAX,
	        .lag_ms = UINT64_MAX,
	        .is_odd = journal_is_odd(journal),
	};
	journal->ops->quorum(journal, ret_quorum);
}

static void answer_change(struct io_task *task)
{
	struct journal_change *change = CONTAINER_OF(task, struct journal_change, task);

	change->done(change, change->rc, change->text);
}

void journal_change_end(struct journal *journal, struct journal_change *change, int rc,
                        const char *text)
{
	change->rc = rc;
	change->text = text;
	change->task.run = answer_change;
	io_post(journal->io, &change->task);
}

void journal_change(struct journal *journal, struct journal_change *change)
{
	OBJ_CHECK(journal, JOURNAL_MAGIC);
	change->rc = 1;
	journal->ops->change(journal, change);
	if (change->rc <= 0)
		journal_change_end(journal, change, change->rc, change->text);
}

/* ---- opening ---- */

static void destroy_thread(struct io_thread *thread)
{
	if (thread != NULL)
		io_thread_destroy(thread);
}

static void destroy(struct journal *journal)
{
	/* Threads first: what they work on is freed after them. */
	destroy_thread(journal->sync_thread);
	destroy_thread(journal->work_thread);
	destroy_thread(journal->checkpoint_thread);
	if (journal->ops->destroy != NULL)
		journal->ops->destroy(journal);
	recovery_finish(&journal->recovery);
	recovery_log_finish(&journal->recovered_log);
	commit_finish(&journal->commit);
	prepare_finish(&journal->prepare);
	vote_file_close(journal->vote);
	buf_finish(&journal->rest);
	io_file_close(journal->lock);
	mem_free(journal->folder);
	mem_free(journal);
}

static int start_threads(struct journal *journal)
{
	int rc = io_thread_create(journal->io, "journal-sync", &journal->sync_thread);

	if (rc == 0)
		rc = io_thread_create(journal->io, "journal-work", &journal->work_thread);
	if (rc == 0)
		rc = io_thread_create(journal->io, "checkpoint", &journal->checkpoint_thread);
	if (rc == 0)
		io_thread_step_back(journal->checkpoint_thread);
	if (rc == 0 && journal->options.replication != NULL &&
	    journal->options.replication->syncs_behind)
		rc = behind_start(&journal->commit.behind);
	return rc;
}

/* Sizes that work together, whatever was configured. */
static void settle_options(struct journal *journal)
{
	struct journal_options *options = &journal->options;
	uint64_t block = SEGMENT_BLOCK_BYTES;

	options->folder = journal->folder;
	options->segment_bytes = (options->segment_bytes + block - 1) / block * block;
	if (options->segment_bytes < 4 * block) /* header, a batch, its mark, zeros */
		options->segment_bytes = 4 * block;
}

/* Everything that destroy() needs is set first. */
static int init(struct journal *journal, const struct journal_options *options)
{
	int commit_rc, prepare_rc;

	journal->magic = JOURNAL_MAGIC;
	journal->io = options->io;
	journal->options = *options;
	journal->ops = &journal_replicated_ops;
	journal->phase = JOURNAL_STARTING;
	journal->folder = mem_strdup(str_of(options->folder));
	settle_options(journal);
	buf_init(&journal->rest);
	checkpointer_init(&journal->checkpointer, journal);
	commit_rc = commit_init(&journal->commit, journal);
	prepare_rc = prepare_init(&journal->prepare, journal);
	if (journal->folder == NULL || commit_rc < 0 || prepare_rc < 0)
		return -ERR_NO_MEMORY;
	return journal->ops->create == NULL ? 0 : journal->ops->create(journal);
}

static int start(struct journal *journal, char **ret_text)
{
	int rc = folder_read_marker(journal->io, journal->folder, &journal->marker, ret_text);

	if (rc == 0)
		rc = folder_lock(journal->io, journal->folder, &journal->lock, ret_text);
	if (rc == 0)
		rc = start_threads(journal);
	if (rc == 0)
		rc = recovery_start(&journal->recovery, journal);
	if (rc == 0)
		batch_pool_touch(&journal->commit.pool);
	return rc;
}

int journal_open(const struct journal_options *options, struct journal **ret_journal,
                 char **ret_text)
{
	struct journal *journal = mem_zalloc(sizeof(*journal));
	char *text = NULL;
	int rc;

	if (journal == NULL) {
		*ret_text = NULL;
		return -ERR_NO_MEMORY;
	}
	rc = init(journal, options);
	if (rc == 0)
		rc = start(journal, &text);
	if (rc < 0) {
		destroy(journal);
		*ret_text = text;
		return rc;
	}
	*ret_journal = journal;
	return 0;
}

/* ---- closing ---- */

static void closed(struct io_task *task)
{
	struct journal *journal = CONTAINER_OF(task, struct journal, closed);

	journal->ops->closed(journal);
	journal->on_closed(journal->closed_context);
}

void journal_step_close(struct journal *journal)
{
	if (!journal->may_close || journal->is_closed || journal->recovery.is_reading ||
	    journal->prepare.is_busy || !checkpointer_stop(&journal->checkpointer) ||
	    !commit_drain(&journal->commit) ||
	    (journal->ops->close != NULL && !journal->ops->close(journal)))
		return;
	journal->is_closed = true;
	journal->phase = JOURNAL_STOPPED;
	io_post(journal->io, &journal->closed);
}

static void begin_close(struct io_task *task)
{
	struct journal *journal = CONTAINER_OF(task, struct journal, closing);

	journal->may_close = true;
	journal_step_close(journal);
}

/* From a later turn: one of our callbacks may be closing us, amid a message from another master. */
void journal_close(struct journal *journal, void (*on_closed)(void *context), void *context)
{
	OBJ_CHECK(journal, JOURNAL_MAGIC);
	CHECK(!journal->is_closing);
	journal->is_closing = true;
	journal->on_closed = on_closed;
	journal->closed_context = context;
	journal->closed.run = closed;
	journal->closing.run = begin_close;
	prepare_stop(&journal->prepare);
	io_post(journal->io, &journal->closing);
}

void journal_destroy(struct journal *journal)
{
	if (journal == NULL)
		return;
	OBJ_CHECK(journal, JOURNAL_MAGIC);
	CHECK(journal->is_closing);
	destroy(journal);
}

/* ---- figures ---- */

uint64_t journal_commit_index(const struct journal *journal)
{
	return journal->commit_index;
}

uint64_t journal_last_index(const struct journal *journal)
{
	return journal->commit.last.index;
}

uint64_t journal_epoch(const struct journal *journal)
{
	return journal->epoch;
}

void journal_progress(const struct journal *journal, struct journal_progress *ret_progress)
{
	const struct recovery *recovery = &journal->recovery;
	uint64_t elapsed_us =
	        recovery->start_us == 0 ? 0 : io_now_us(journal->io) - recovery->start_us;
	uint64_t done = recovery->bytes_done, total = recovery->bytes_total;

	*ret_progress = (struct journal_progress){
	        .phase = journal->phase,
	        .applied = journal->applied.index,
	        .target = recovery->target,
	        .bytes_done = done,
	        .bytes_total = total,
	        .elapsed_ms = elapsed_us / 1000,
	        .eta_ms = UINT64_MAX,
	};
	if (done > 0)
		ret_progress->eta_ms = (uint64_t)((double)elapsed_us / (double)done *
		                                  (double)(total > done ? total - done : 0) / 1000);
}

/* What is under way there, if it has taken longer. */
static void tell_disk_work(const struct hang *hang, struct journal_stats *stats)
{
	uint64_t us = hang_us(hang);

	if (us <= stats->disk_work_us)
		return;
	stats->disk_work = hang_what(hang);
	stats->disk_work_us = us;
}

void journal_stats(const struct journal *journal, struct journal_stats *ret_stats)
{
	*ret_stats = journal->stats;
	ret_stats->inflight_bytes = journal->commit.inflight_bytes;
	ret_stats->newest_checkpoint = journal->checkpointer.newest;
	ret_stats->is_out_of_room = journal->prepare.is_out_of_room;
	ret_stats->room_needed_bytes =
	        journal->prepare.is_out_of_room ? journal->prepare.room_bytes : 0;
	tell_disk_work(&journal->commit.hang, ret_stats);
	tell_disk_work(&journal->commit.behind.hang, ret_stats);
}
