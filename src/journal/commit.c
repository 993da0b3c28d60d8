/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/commit.h"

#include <inttypes.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "base/twins.h"
#include "journal/journal_private.h"

enum {
	MARK_BYTES = SEGMENT_BLOCK_BYTES, /* of a batch without entries */
	BATCH_BYTES_USUAL = 4 << 20,      /* more than this only for a single large entry */
	CALL_US = 4,                      /* what a call costs, network and all */
	GATHER_US = 100,                  /* longest wait for callers that will surely come */
	IDLE_US = 50000,                  /* then the last mark is written alone */
	SPIN_US = 50,
	SPIN_ENTRIES = 8,      /* spinning pays after a batch of so many */
	HERE_CALLERS = 64,     /* so few may be synced for on the loop, ... */
	HERE_SYNC_US = 1000,   /* ... by a disk that takes less than that, ... */
	HERE_QUIET_US = 10000, /* ... when nobody has read for so long */
	MEAN_WEIGHT = 8,
	MEAN_SYNC_US_FIRST = 200,
};

static const char a_sync[] = "a sync";

static void run_batch(struct io_work *work);  /* on the sync thread */
static void batch_done(struct io_work *work); /* on the loop */

/* ---- places ---- */

static uint64_t offset_after_filling(const struct commit *commit)
{
	size_t filling = commit->filling == NULL ? 0 : batch_size_with(commit->filling, 0);

	return commit->planned->at + filling;
}

static bool planned_has_room(const struct commit *commit, size_t size)
{
	return commit->planned != NULL &&
	       segment_writer_has_room(commit->planned, offset_after_filling(commit), size);
}

/* Nothing is added to it any more; it waits for its turn. */
static void close_filling(struct commit *commit)
{
	struct batch *batch = commit->filling;

	if (batch == NULL)
		return;
	batch_settle(batch);
	batch->header.offset = batch->segment->at;
	batch->segment->at += batch_size_with(batch, 0);
	list_append(&commit->full, &batch->node);
	commit->filling = NULL;
}

/* Batches go to `writer` from now on; its header names the end of the segment before. */
static void plan_segment(struct commit *commit, struct segment_writer *writer)
{
	struct segment_id before = segments_newest(&commit->segments);
	struct segment_header header = {
	        .epoch = commit->journal->ops->segment_epoch(commit->journal),
	        .first_index = commit->last.index + 1,
	        .before_epoch = before.epoch,
	        .before_first_index = before.first_index,
	        .before_end = commit->last.index,
	        .before_end_epoch = commit->last.epoch,
	        .before_end_chain = commit->last.chain,
	        .created_ms = io_wall_ms(commit->journal->io),
	};

	memcpy(header.cluster_id, commit->journal->marker.cluster_id, sizeof(header.cluster_id));
	segment_writer_name(writer, &header);
	commit->planned = writer;
	segments_add(&commit->segments, segment_writer_id(writer));
}

/* Begins a batch that has a place for `size` bytes of entries at least, and behind them for the
 * mark that says they are committed: on a full disk there is no other place for it, and without it
 * the next start would have to write them again. */
static int begin_batch(struct commit *commit, size_t size)
{
	size_t mark = size == 0 ? 0 : MARK_BYTES;
	size_t on_device = batch_size(size, SEGMENT_BLOCK_BYTES) + mark;
	bool is_fresh = commit->must_begin || !planned_has_room(commit, on_device);
	struct segment_writer *writer = NULL;
	struct batch *batch;
	int rc = 0;

	if (is_fresh && !segments_reserve(&commit->segments))
		return -ERR_NO_MEMORY;
	batch = batch_pool_take(&commit->pool);
	if (batch == NULL)
		return -ERR_NO_MEMORY;
	if (is_fresh)
		rc = prepare_take(&commit->journal->prepare, on_device, &writer);
	if (rc < 0) {
		batch_pool_give(&commit->pool, batch);
		return rc;
	}
	close_filling(commit);
	batch_begin(batch, &commit->last);
	batch->commit = commit;
	batch->generation = commit->generation;
	batch->work = (struct io_work){.run = run_batch, .done = batch_done};
	batch->begins_segment = is_fresh;
	batch->segment_before = is_fresh ? commit->planned : NULL;
	if (is_fresh)
		plan_segment(commit, writer);
	commit->must_begin = false;
	batch->segment = commit->planned;
	commit->filling = batch;
	return 0;
}

static bool filling_takes(const struct commit *commit, size_t size)
{
	const struct batch *batch = commit->filling;
	size_t most = commit->journal->options.batch_bytes_max;

	if (most > BATCH_BYTES_USUAL)
		most = BATCH_BYTES_USUAL;
	return batch != NULL && (batch->count == 0 || batch->body.size + size <= most) &&
	       segment_writer_has_room(batch->segment, batch->segment->at,
	                               batch_size_with(batch, size) + MARK_BYTES);
}

/* ---- appending ---- */

/* Takes the newest batch back that was not submitted, and the segment that it would have begun. */
static void take_back(struct commit *commit, struct batch *batch)
{
	if (batch->begins_segment) {
		segments_remove_newest(&commit->segments);
		segment_writer_destroy(batch->segment);
		commit->planned = batch->segment_before;
	}
	commit->waiting -= batch->count;
	commit->inflight_bytes -= batch->body.size;
	batch_pool_give(&commit->pool, batch);
}

/* The batch being filled has one more entry. */
static void added(struct commit *commit, size_t size)
{
	commit->last = commit->filling->last;
	commit->waiting++;
	commit->inflight_bytes += size;
	io_at_turn_end(commit->journal->io, &commit->turn_end);
}

/* Into the batch being filled. */
static int put(struct commit *commit, struct entry *entry, struct journal_append *append)
{
	int rc = batch_add(commit->filling, entry, append);

	if (rc == 0)
		added(commit, entry_size(entry->payload.size));
	return rc;
}

static int add(struct commit *commit, struct entry *entry, struct journal_append *append)
{
	size_t size = entry_size(entry->payload.size);
	int rc = filling_takes(commit, size) ? 0 : begin_batch(commit, size);

	return rc < 0 ? rc : put(commit, entry, append);
}

int commit_append(struct commit *commit, struct journal_append *append)
{
	const struct journal_options *options = &commit->journal->options;
	size_t size = entry_size(append->payload.size);
	struct entry entry = {
	        .index = commit->last.index + 1,
	        .epoch = commit->journal->epoch,
	        .kind = append->kind,
	        .version = append->version,
	        .payload = append->payload,
	};
	int rc = -ERR_AGAIN;

	if (append->payload.size > options->entry_bytes_max)
		return -ERR_TOO_LARGE;
	if (commit->inflight_bytes == 0 ||
	    commit->inflight_bytes + size <= options->inflight_bytes_max)
		rc = add(commit, &entry, append);
	if (rc == 0)
		append->index = entry.index;
	if (rc == -ERR_AGAIN || rc == -ERR_NO_SPACE)
		commit->wants_room = true;
	if (rc == -ERR_NO_SPACE)
		commit->journal->stats.refused_no_space++;
	return rc;
}

int commit_put(struct commit *commit, const struct entry *entry, struct str encoded)
{
	int rc = filling_takes(commit, encoded.size) ? 0 : begin_batch(commit, encoded.size);

	CHECK(entry->index == commit->last.index + 1);
	if (rc == 0)
		rc = batch_add_encoded(commit->filling, entry, encoded);
	if (rc == 0)
		added(commit, encoded.size);
	return rc;
}

struct str commit_newest(const struct commit *commit, size_t size)
{
	const struct buf *body = &commit->filling->body;

	return str_make(body->data + body->size - size, size);
}

int commit_rest(struct commit *commit, struct str bytes)
{
	struct cursor c = cursor_of(bytes);
	struct entry entry;
	int rc;

	commit->journal->prepare.is_vital = true;
	rc = begin_batch(commit, bytes.size);
	if (rc < 0)
		return rc;
	commit->journal->prepare.is_vital = false;
	while (rc == 0 && entry_next(&c, &entry))
		rc = put(commit, &entry, NULL);
	if (rc < 0) {
		/* Never a part of it: a fresh segment makes the old one's rest count no more. */
		take_back(commit, commit->filling);
		commit->filling = NULL;
	}
	return rc;
}

/* ---- cutting ---- */

/* What was not submitted is forgotten; what is on its way is of an end that does not count. */
static void forget_waiting(struct commit *commit)
{
	if (commit->filling != NULL)
		take_back(commit, commit->filling);
	commit->filling = NULL;
	while (!list_is_empty(&commit->full)) {
		struct batch *batch = LIST_LAST(&commit->full, struct batch, node);

		list_remove(&batch->node);
		take_back(commit, batch);
	}
	commit->must_begin = !IS_BROKEN(CUT_IN_PLACE);
	commit->generation++;
}

void commit_cut(struct commit *commit, const struct entry *last)
{
	forget_waiting(commit);
	if (commit->submitted.index > last->index)
		commit->submitted = *last;
	commit->last = commit->submitted; /* what lies between is put again */
	if (commit->durable > last->index)
		commit->durable = last->index;
	if (commit->synced > last->index)
		commit->synced = last->index;
	segments_cut(&commit->segments, commit->last.index);
}

void commit_begin_anew(struct commit *commit, const struct entry *last)
{
	forget_waiting(commit);
	commit->last = commit->submitted = *last;
	commit->durable = commit->synced = commit->marked = last->index;
	commit->segments.count = 0;
}

/* ---- on the sync thread ---- */

static void run_batch(struct io_work *work)
{
	struct batch *batch = CONTAINER_OF(work, struct batch, work);
	struct journal *journal = batch->commit->journal;

	batch_write(batch, journal->io, journal->vote, batch->commit->behind.boot);
}

/* ---- the way of a batch ---- */

static bool has_more(const struct commit *commit)
{
	return commit->filling != NULL || !list_is_empty(&commit->full);
}

/* Whether what waits is better written by the loop itself than handed over to the sync thread and
 * back: few call, all of them wait for this, and nobody else needs the loop meanwhile. */
static bool is_for_loop(const struct commit *commit)
{
	struct journal *journal = commit->journal;

	return journal->ops->has_thread_to_itself(journal) && journal->options.sync_hang_ms > 0 &&
	       commit->callers <= HERE_CALLERS && commit->waiting <= HERE_CALLERS &&
	       list_is_empty(&commit->full) && commit->filling != NULL &&
	       !commit->filling->begins_segment && commit->mean_sync_us < HERE_SYNC_US &&
	       io_now_us(journal->io) - commit->read_us > HERE_QUIET_US;
}

/* A master alone whose loop is busy answers clients, who want the processor that spinning takes;
 * one of several hears from its peers soon. */
static void choose_spin(struct journal *journal, const struct batch *batch)
{
	unsigned spin_us = batch->count >= SPIN_ENTRIES ? SPIN_US : 0;
	bool is_alone = journal->ops->has_thread_to_itself(journal);

	io_thread_set_spin(journal->sync_thread, spin_us, is_alone ? 0 : spin_us);
}

static void submit(struct commit *commit, void (*to)(struct io_thread *, struct io_work *))
{
	struct journal *journal = commit->journal;
	struct batch *batch;

	if (list_is_empty(&commit->full))
		close_filling(commit);
	batch = LIST_FIRST(&commit->full, struct batch, node);
	list_remove(&batch->node);
	commit->waiting -= batch->count;
	commit->in_flight = batch;
	commit->submitted = batch->last;
	commit->submitted_us = io_now_us(journal->io);
	commit->target = 0;
	io_timer_stop(&commit->gather);
	io_timer_stop(&commit->idle);
	batch->header.mark = commit_mark(commit);
	commit->marked = batch->header.mark;
	hang_begin(&commit->hang, &batch->watch, a_sync);
	choose_spin(journal, batch);
	to(journal->sync_thread, &batch->work);
}

/* The next batch closes the segment that is being synced. */
static bool is_held_up(const struct commit *commit)
{
	const struct batch *next = list_is_empty(&commit->full)
	                                   ? commit->filling
	                                   : LIST_FIRST(&commit->full, struct batch, node);

	return commit->behind.is_running && next != NULL && next->begins_segment;
}

static bool is_due(const struct commit *commit)
{
	return commit->in_flight == NULL && commit->waiting > 0 &&
	       commit->waiting >= commit->target && !is_held_up(commit) &&
	       (commit->gate == COMMIT_OPEN || IS_BROKEN(HERE_BESIDE_VOTE));
}

void commit_go_on(struct commit *commit)
{
	if (!is_due(commit))
		return;
	if (is_for_loop(commit))
		io_at_turn_end(commit->journal->io, &commit->turn_end);
	else
		submit(commit, io_thread_submit);
}

void commit_bar(struct commit *commit, enum commit_gate gate)
{
	commit->gate = gate;
	commit_go_on(commit);
}

/* How many entries the next batch should have. */
static uint64_t next_target(const struct commit *commit)
{
	uint64_t calls = commit->callers;

	return calls > 1 && calls * CALL_US < commit->mean_sync_us ? calls : 0;
}

/* The answers have left. */
static void gather(struct commit *commit)
{
	if (commit->in_flight == NULL && commit->target > 0 &&
	    !io_timer_is_started(&commit->gather))
		io_timer_start(&commit->gather, GATHER_US);
}

static void at_turn_end(struct io_hook *hook)
{
	struct commit *commit = CONTAINER_OF(hook, struct commit, turn_end);
	bool is_last = commit->is_last_hook;

	commit->is_last_hook = false;
	if (!is_due(commit)) {
		gather(commit);
	} else if (!is_for_loop(commit)) {
		submit(commit, io_thread_submit);
	} else if (is_last) {
		submit(commit, io_thread_run_here);
	} else { /* behind all that this turn has to send */
		commit->is_last_hook = true;
		io_at_turn_end(commit->journal->io, &commit->turn_end);
	}
}

static void gathered_long_enough(struct io_timer *timer)
{
	struct commit *commit = CONTAINER_OF(timer, struct commit, gather);

	commit->target = 0;
	commit_go_on(commit);
}

_Noreturn static void give_up_disk(const struct journal *journal, const char *what)
{
	fatal_damage("%s: %s has not returned for %" PRIu64 " ms, which counts as a failed "
	             "disk. Nothing after index %" PRIu64 " was acknowledged. Check the disk, then "
	             "start again",
	             journal->folder, what, journal->options.sync_hang_ms, journal->commit_index);
}

static void hangs(struct hang *hang)
{
	give_up_disk(CONTAINER_OF(hang, struct commit, hang)->journal, hang_what(hang));
}

static void hangs_here(void *context)
{
	give_up_disk(context, a_sync);
}

static size_t sync_class(uint64_t us)
{
	size_t n = 0;

	while (n + 1 < JOURNAL_SYNC_CLASSES && us >= (uint64_t)JOURNAL_SYNC_CLASS_US << n)
		n++;
	return n;
}

void commit_count_sync(struct commit *commit, uint64_t us)
{
	struct journal_stats *stats = &commit->journal->stats;

	stats->batches++;
	stats->sync_classes[sync_class(us)]++;
	stats->sync_us_sum += us;
	if (stats->sync_us_max < us)
		stats->sync_us_max = us;
}

static void count(struct commit *commit, const struct batch *batch)
{
	struct journal_stats *stats = &commit->journal->stats;

	if (commit->behind.thread == NULL)
		commit_count_sync(commit, batch->sync_us);
	stats->entries += batch->count;
	stats->bytes += batch->body.size;
	stats->segments += batch->begins_segment;
	commit->mean_sync_us =
	        (commit->mean_sync_us * (MEAN_WEIGHT - 1) + batch->sync_us) / MEAN_WEIGHT;
}

static void note_written(struct commit *commit, const struct batch *batch)
{
	if (batch->begins_segment) /* nothing is synced behind meanwhile */
		commit->behind.segment = batch->segment;
	if (batch->generation != commit->generation && !IS_BROKEN(STALE_BATCH_COUNTS))
		return;
	commit->durable = batch->last.index;
	if (commit->behind.thread == NULL || batch->begins_segment)
		commit->synced = batch->last.index;
}

static void batch_done(struct io_work *work)
{
	struct batch *batch = CONTAINER_OF(work, struct batch, work);
	struct commit *commit = batch->commit;
	struct journal *journal = commit->journal;

	hang_end(&commit->hang, &batch->watch);
	if (batch->rc < 0)
		fatal_damage("%s: %s failed: %s. Nothing after index %" PRIu64
		             " was acknowledged. %s, then start again",
		             batch->segment->path, batch->failed_at, err_text(batch->rc),
		             journal->commit_index,
		             batch->rc == -ERR_NO_DESCRIPTORS ? "Raise the limit of open files"
		                                              : "Check the disk");
	count(commit, batch);
	if (batch->begins_segment)
		segment_writer_destroy(batch->segment_before);
	commit->in_flight = NULL;
	commit->inflight_bytes -= batch->body.size;
	commit->callers = batch->count + commit->waiting;
	if (journal->phase == JOURNAL_LEADING)
		commit->target = next_target(commit);
	note_written(commit, batch);
	commit_go_on(commit);
	behind_go_on(&commit->behind);
	journal->ops->written(journal, batch);
	checkpointer_durable(&journal->checkpointer);
	if (commit->in_flight == NULL && commit->target > 0)
		io_at_turn_end(journal->io, &commit->turn_end);
	commit_mark_later(commit);
	batch_pool_give(&commit->pool, batch);
	commit_has_room(commit);
	journal_step_close(journal);
}

/* ---- marks alone ---- */

uint64_t commit_mark(const struct commit *commit)
{
	uint64_t committed = commit->journal->commit_index;

	if (IS_BROKEN(MARK_ABOVE_SYNCED))
		return committed;
	return committed < commit->synced ? committed : commit->synced;
}

void commit_mark_later(struct commit *commit)
{
	if (commit->in_flight == NULL && commit->marked < commit_mark(commit) &&
	    !io_timer_is_started(&commit->idle))
		io_timer_start(&commit->idle, IDLE_US);
}

/* False: there is nothing to mark, or no room for it (the next segment's header will say it). */
static bool write_mark(struct commit *commit)
{
	if (commit->in_flight != NULL || has_more(commit) || commit->gate != COMMIT_OPEN ||
	    commit->marked >= commit_mark(commit) || commit->must_begin ||
	    !planned_has_room(commit, MARK_BYTES) || begin_batch(commit, 0) < 0)
		return false;
	submit(commit, io_thread_submit);
	return true;
}

static void is_idle(struct io_timer *timer)
{
	write_mark(CONTAINER_OF(timer, struct commit, idle));
}

bool commit_drain(struct commit *commit)
{
	if (commit->pool.is_touching || commit->in_flight != NULL || commit->behind.is_running)
		return false;
	if (commit->gate == COMMIT_SHUT)
		forget_waiting(commit);
	if (has_more(commit)) {
		if (commit->gate == COMMIT_OPEN)
			submit(commit, io_thread_submit);
		return false;
	}
	behind_go_on(&commit->behind);
	return !commit->behind.is_running && !write_mark(commit);
}

void commit_has_room(struct commit *commit)
{
	const struct journal_options *options = &commit->journal->options;

	if (!commit->wants_room || commit->journal->is_closing)
		return;
	commit->wants_room = false;
	if (options->on_room != NULL)
		options->on_room(options->context);
}

/* ---- life ---- */

int commit_init(struct commit *commit, struct journal *journal)
{
	*commit = (struct commit){
	        .journal = journal,
	        .mean_sync_us = MEAN_SYNC_US_FIRST,
	        .turn_end = {.run = at_turn_end},
	};
	list_init(&commit->full);
	behind_init(&commit->behind, journal);
	io_timer_init(journal->io, &commit->gather, gathered_long_enough);
	hang_init(&commit->hang, journal->io, journal->options.sync_hang_ms, hangs);
	io_timer_init(journal->io, &commit->idle, is_idle);
	return batch_pool_init(&commit->pool, journal);
}

void commit_begin(struct commit *commit, const struct entry *last)
{
	struct journal *journal = commit->journal;

	commit->last = commit->submitted = *last;
	commit->marked = commit->durable = commit->synced = last->index;
	io_thread_watch(journal->sync_thread, journal->options.sync_hang_ms * 1000, hangs_here,
	                journal);
}

void commit_finish(struct commit *commit)
{
	io_timer_stop(&commit->gather);
	hang_finish(&commit->hang);
	io_timer_stop(&commit->idle);
	behind_finish(&commit->behind);
	batch_pool_finish(&commit->pool);
	segment_writer_destroy(commit->planned);
	segments_finish(&commit->segments);
}
