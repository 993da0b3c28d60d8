/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries for a peer that lags further than the tail goes back: read from segments, beside the
 * loop.  Where those are damaged it gets a checkpoint that holds what it lacks, and one is written
 * if there is none.
 */
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "format/command.h"
#include "journal/replicated.h"
#include "journal/text.h"

enum { TELL_EVERY_US = 60 * 1000 * 1000 };

struct log_fetch {
	struct io_work work;
	struct replicated *replicated;
	struct raft_fetch fetch;
	struct segments segments; /* a copy */
	char cluster_id[CLUSTER_ID_BYTES_MAX + 1];
	struct buf entries;
	uint64_t last;
	int rc;
	char *text;
};

/* ---- on the work thread ---- */

static void run(struct io_work *work)
{
	struct log_fetch *fetch = CONTAINER_OF(work, struct log_fetch, work);
	const struct log_range range = {
	        .cluster_id = fetch->cluster_id,
	        .segments = fetch->segments.ids,
	        .segment_count = fetch->segments.count,
	        .first = fetch->fetch.first,
	        .last = fetch->fetch.last,
	        .bytes_max = fetch->fetch.bytes_max,
	};

	fetch->rc = log_reader_read(fetch->replicated->log, &range, &fetch->entries, &fetch->last,
	                            &fetch->text);
}

/* ---- on the loop ---- */

static void destroy(struct log_fetch *fetch)
{
	segments_finish(&fetch->segments);
	buf_finish(&fetch->entries);
	mem_free(fetch->text);
	mem_free(fetch);
}

/* A message has room for few changes of epoch and few lists of members. */
static void shorten(struct log_fetch *fetch)
{
	struct cursor c = cursor_of(buf_str(&fetch->entries));
	const uint8_t *start = c.at, *end = c.at;
	uint64_t epoch = 0;
	size_t breaks = 0;
	struct entry entry;

	for (; entry_next(&c, &entry); end = c.at) {
		breaks += entry.epoch != epoch || entry.kind == ENTRY_members;
		epoch = entry.epoch;
		if (breaks > PEER_BREAKS_MAX)
			break;
		fetch->last = entry.index;
	}
	fetch->entries.size = (size_t)(end - start);
}

/* They are asked for again with every heartbeat. */
static void tell(struct log_fetch *fetch)
{
	struct replicated *replicated = fetch->replicated;
	uint64_t now_us = io_now_us(replicated->journal->io);

	if (replicated->log_told_us != 0 && now_us - replicated->log_told_us < TELL_EVERY_US)
		return;
	replicated->log_told_us = now_us;
	journal_notice(replicated->journal, fetch->rc, fetch->text);
	fetch->text = NULL;
}

/* The log begins after the newest checkpoint, as far as peers are concerned. */
static void give_up_older(const struct log_fetch *fetch)
{
	struct journal *journal = fetch->replicated->journal;
	struct checkpointer *checkpointer = &journal->checkpointer;
	struct raft_event event = {.kind = RAFT_COMPACTED, .compacted = checkpointer->newest};

	if (checkpointer->is_running || journal->applied.index < fetch->fetch.first)
		return;
	if (event.compacted < fetch->fetch.first)
		(void)checkpointer_start(checkpointer, NULL, NULL); /* a later try may */
	else if (event.compacted <= journal->applied.index)
		replicated_step(fetch->replicated, &event);
}

static void done(struct io_work *work)
{
	struct log_fetch *fetch = CONTAINER_OF(work, struct log_fetch, work);
	struct replicated *replicated = fetch->replicated;
	struct journal *journal = replicated->journal;

	replicated->works--;
	if (fetch->rc == 0) {
		shorten(fetch);
		replicated->carried[0] = buf_str(&fetch->entries);
		replicated->carried_count = 1;
	} else if (fetch->rc != -ERR_NO_FILE) {
		tell(fetch);
	}
	replicated_fetched(replicated, &fetch->fetch, fetch->rc == 0 ? fetch->last : 0);
	if (fetch->rc == -ERR_DAMAGED)
		give_up_older(fetch);
	destroy(fetch);
	journal_step_close(journal);
}

static bool copy_segments(struct segments *to, const struct segments *from)
{
	for (size_t i = 0; i < from->count; i++) {
		if (!segments_reserve(to))
			return false;
		segments_add(to, from->ids[i]);
	}
	return true;
}

/* A peer that gets no further than the tail's beginning runs after it as long as entries come. */
static uint64_t last_to_read(const struct replicated *replicated, uint64_t wanted)
{
	uint64_t before_tail = replicated->tail.first - 1;
	uint64_t durable = replicated->journal->commit.durable;
	uint64_t here = durable > before_tail ? durable : before_tail;

	return wanted < here ? wanted : here;
}

void replicated_read_log(struct replicated *replicated, const struct raft_fetch *wanted)
{
	struct journal *journal = replicated->journal;
	struct log_fetch *fetch = mem_zalloc(sizeof(*fetch));

	if (fetch == NULL || !copy_segments(&fetch->segments, &journal->commit.segments)) {
		if (fetch != NULL)
			destroy(fetch);
		replicated_fetched(replicated, wanted, 0);
		return;
	}
	fetch->work = (struct io_work){.run = run, .done = done};
	fetch->replicated = replicated;
	fetch->fetch = *wanted;
	fetch->fetch.last = last_to_read(replicated, wanted->last);
	memcpy(fetch->cluster_id, journal->marker.cluster_id, sizeof(fetch->cluster_id));
	buf_init(&fetch->entries);
	replicated->works++;
	io_thread_submit(journal->work_thread, &fetch->work);
}
