/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/behind.h"

#include <inttypes.h>

#include "base/err.h"
#include "base/twins.h"
#include "journal/journal_private.h"

enum { BOOT_TEXT_BYTES_MAX = 256 };

/* Is no machine's. */
static const uint64_t unknown_boot = UINT64_MAX;

static uint64_t read_boot(struct io *io)
{
	struct buf text;
	uint64_t boot = unknown_boot;

	buf_init(&text);
	if (io_read_file(io, "/proc/sys/kernel/random/boot_id", BOOT_TEXT_BYTES_MAX, &text) == 0)
		boot = hash64(0, text.data, text.size);
	buf_finish(&text);
	return boot == 0 ? 1 : boot;
}

bool behind_is_same_boot(struct io *io, uint64_t boot)
{
	return boot != unknown_boot && boot == read_boot(io);
}

/* ---- on its thread ---- */

static void run(struct io_work *work)
{
	struct behind *behind = CONTAINER_OF(work, struct behind, work);
	struct io *io = behind->journal->io;
	uint64_t start_us = io_now_us(io);

	behind->rc = io_file_sync(behind->segment->file);
	behind->sync_us = io_now_us(io) - start_us;
}

/* ---- on the loop ---- */

static void done(struct io_work *work)
{
	struct behind *behind = CONTAINER_OF(work, struct behind, work);
	struct journal *journal = behind->journal;
	struct commit *commit = &journal->commit;

	hang_end(&behind->hang, &behind->watch);
	if (behind->rc < 0)
		fatal_damage("%s: a sync failed: %s. What was acknowledged after index %" PRIu64
		             " may be lost here. Check the disk, then start again",
		             behind->segment->path, err_text(behind->rc), commit->synced);
	behind->is_running = false;
	commit_count_sync(commit, behind->sync_us);
	if ((behind->generation == commit->generation || IS_BROKEN(STALE_SYNC_COUNTS)) &&
	    commit->synced < behind->index)
		commit->synced = behind->index;
	commit_go_on(commit);
	behind_go_on(behind);
	checkpointer_durable(&journal->checkpointer);
	commit_mark_later(commit);
	journal_step_close(journal);
}

static void hangs(struct hang *hang)
{
	struct journal *journal = CONTAINER_OF(hang, struct behind, hang)->journal;

	fatal_damage("%s: %s has not returned for %" PRIu64
	             " ms, which counts as a failed disk. What was acknowledged after index "
	             "%" PRIu64 " may be lost here. Check the disk, then start again",
	             journal->folder, hang_what(hang), journal->options.sync_hang_ms,
	             journal->commit.synced);
}

void behind_go_on(struct behind *behind)
{
	struct journal *journal = behind->journal;
	const struct commit *commit = &journal->commit;

	/* The beginning of a segment syncs the one before, and then closes it. */
	if (behind->thread == NULL || behind->is_running || commit->synced >= commit->durable ||
	    (commit->in_flight != NULL && commit->in_flight->begins_segment))
		return;
	behind->is_running = true;
	behind->index = commit->durable;
	behind->generation = commit->generation;
	hang_begin(&behind->hang, &behind->watch, "a sync");
	io_thread_submit(behind->thread, &behind->work);
}

/* ---- life ---- */

void behind_init(struct behind *behind, struct journal *journal)
{
	*behind = (struct behind){.journal = journal, .work = {.run = run, .done = done}};
	hang_init(&behind->hang, journal->io, journal->options.sync_hang_ms, hangs);
}

int behind_start(struct behind *behind)
{
	behind->boot = read_boot(behind->journal->io);
	return io_thread_create(behind->journal->io, "journal-behind", &behind->thread);
}

void behind_finish(struct behind *behind)
{
	hang_finish(&behind->hang);
	if (behind->thread != NULL)
		io_thread_destroy(behind->thread);
	behind->thread = NULL;
}
