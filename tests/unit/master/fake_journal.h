/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A journal that commits, loses and proves when the test says so.  Completions keep their order,
 * as every journal's do.  Include once in a test program.
 */
#ifndef HOLDFAST_TESTS_MASTER_FAKE_JOURNAL_H
#define HOLDFAST_TESTS_MASTER_FAKE_JOURNAL_H

#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "format/command.h"
#include "journal/journal.h"

enum { FAKE_QUEUE_MAX = 256 };

struct fake_entry {
	uint16_t kind;
	uint8_t version;
	uint64_t index;
	char *payload;
	size_t size;
	struct journal_append *append;
};

struct journal {
	struct journal_change *change; /* asked for, not answered */
	struct journal_options options;
	struct journal_progress progress;
	uint64_t epoch;
	uint64_t last_index;
	uint64_t commit_index;
	struct fake_entry queue[FAKE_QUEUE_MAX];
	size_t queued;
	size_t appended;     /* ever */
	int append_rc;       /* what journal_append() answers instead */
	bool holds_reads;    /* proofs wait for fake_prove() */
	const char *primary; /* another master's service address; a standby's proofs succeed */
	uint64_t primary_heard_ms_ago;
	struct list reads;
	size_t proofs; /* rounds */
	void (*on_closed)(void *context);
	void *closed_context;
};

static struct journal fake_journal;

int journal_open(const struct journal_options *options, struct journal **ret_journal,
                 char **ret_text)
{
	(void)ret_text;
	fake_journal = (struct journal){.options = *options, .last_index = 0};
	fake_journal.progress.phase = JOURNAL_STARTING;
	list_init(&fake_journal.reads);
	*ret_journal = &fake_journal;
	return 0;
}

bool journal_is_odd(const struct journal *journal)
{
	(void)journal;
	return false;
}

uint64_t journal_epoch(const struct journal *journal)
{
	return journal->epoch;
}

void journal_progress(const struct journal *journal, struct journal_progress *ret_progress)
{
	*ret_progress = journal->progress;
}

int journal_append(struct journal *journal, struct journal_append *append)
{
	struct fake_entry *entry = &journal->queue[journal->queued];

	if (journal->progress.phase != JOURNAL_LEADING)
		return -ERR_STANDBY;
	if (journal->append_rc != 0)
		return journal->append_rc;
	CHECK(journal->queued < FAKE_QUEUE_MAX);
	append->index = ++journal->last_index;
	*entry = (struct fake_entry){.kind = append->kind,
	                             .version = append->version,
	                             .index = append->index,
	                             .payload = mem_must_strdup(append->payload),
	                             .size = append->payload.size,
	                             .append = append};
	journal->queued++;
	journal->appended++;
	return 0;
}

void journal_read_index(struct journal *journal, struct journal_read *read)
{
	journal->proofs++;
	if (journal->progress.phase != JOURNAL_LEADING &&
	    (journal->progress.phase != JOURNAL_FOLLOWING || journal->primary == NULL)) {
		read->done(read, -ERR_STANDBY, 0);
		return;
	}
	if (journal->holds_reads)
		list_append(&journal->reads, &read->node);
	else
		read->done(read, 0, journal->commit_index);
}

void journal_quorum(const struct journal *journal, struct journal_quorum *ret_quorum)
{
	*ret_quorum = (struct journal_quorum){
	        .count = 1,
	        .members[0] = {.is_voter = true, .is_primary = journal->primary != NULL},
	        .primary_heard_ms_ago = journal->primary_heard_ms_ago,
	};
	if (journal->primary != NULL)
		snprintf(ret_quorum->members[0].service_address,
		         sizeof(ret_quorum->members[0].service_address), "%s", journal->primary);
}

void journal_change(struct journal *journal, struct journal_change *change)
{
	journal->change = change;
}

void journal_close(struct journal *journal, void (*on_closed)(void *context), void *context)
{
	journal->on_closed = on_closed;
	journal->closed_context = context;
}

void journal_destroy(struct journal *journal)
{
	(void)journal;
}

/* ---- what the test does ---- */

/* Answers the change that was asked for, if one was. */
static inline void fake_change_end(int rc)
{
	struct journal_change *change = fake_journal.change;

	fake_journal.change = NULL;
	if (change != NULL)
		change->done(change, rc, "");
}

static inline void fake_phase(enum journal_phase phase)
{
	fake_journal.progress.phase = phase;
	fake_journal.epoch += phase == JOURNAL_LEADING;
	fake_journal.options.on_phase(fake_journal.options.context, &fake_journal.progress);
}

/* The first `count` entries are one batch that is committed and applied. */
static inline void fake_commit(size_t count)
{
	struct journal *journal = &fake_journal;
	struct journal_entry entries[FAKE_QUEUE_MAX] = {0};
	struct fake_entry done[FAKE_QUEUE_MAX];

	CHECK(count <= journal->queued);
	for (size_t i = 0; i < count; i++) {
		done[i] = journal->queue[i];
		entries[i] = (struct journal_entry){
		        .index = done[i].index,
		        .epoch = journal->epoch,
		        .kind = done[i].kind,
		        .version = done[i].version,
		        .payload = str_make(done[i].payload, done[i].size),
		        .append = done[i].append,
		};
		journal->commit_index = done[i].index;
	}
	journal->queued -= count;
	memmove(journal->queue, journal->queue + count, journal->queued * sizeof(done[0]));
	journal->options.machine.apply(journal->options.machine.context, entries, count);
	for (size_t i = 0; i < count; i++) {
		done[i].append->done(done[i].append, JOURNAL_COMMITTED);
		mem_free(done[i].payload);
	}
}

static inline void fake_commit_all(void)
{
	fake_commit(fake_journal.queued);
}

/* Everything queued has this outcome; nothing of it is applied. */
static inline void fake_lose(enum journal_outcome outcome)
{
	struct journal *journal = &fake_journal;
	size_t count = journal->queued;
	struct fake_entry lost[FAKE_QUEUE_MAX];

	memcpy(lost, journal->queue, count * sizeof(lost[0]));
	journal->queued = 0;
	journal->last_index = journal->commit_index;
	for (size_t i = 0; i < count; i++) {
		mem_free(lost[i].payload);
		lost[i].append->done(lost[i].append, outcome);
	}
}

/* An entry of another master is committed. */
static inline void fake_follow(enum entry_kind kind, uint64_t age_ms)
{
	struct journal *journal = &fake_journal;
	struct command command = {.kind = kind, .age_ms = age_ms};
	struct journal_entry entry = {.kind = (uint16_t)kind};
	struct buf payload = {0};

	if (!entry_kind_is_journals(kind))
		command_encode(&command, &payload);
	entry.index = journal->commit_index = ++journal->last_index;
	entry.payload = buf_str(&payload);
	journal->options.machine.apply(journal->options.machine.context, &entry, 1);
	buf_finish(&payload);
}

static inline void fake_prove(int rc)
{
	struct list reads;

	list_init(&reads);
	list_splice(&reads, &fake_journal.reads);
	while (!list_is_empty(&reads)) {
		struct journal_read *read = LIST_FIRST(&reads, struct journal_read, node);

		list_remove(&read->node);
		read->done(read, rc, fake_journal.commit_index);
	}
}

static inline enum entry_kind fake_queued_kind(size_t place)
{
	CHECK(place < fake_journal.queued);
	return (enum entry_kind)fake_journal.queue[place].kind;
}

#endif
