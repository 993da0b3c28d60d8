/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Group commit: what is appended goes into batches, one batch at a time goes to the device, and
 * what came back is committed.
 *
 *   append > filling > [full, full ...] > in flight (sync thread) > commit, apply, done()
 *
 * One batch on its way: with two, a power cut could leave a lost batch before a whole one, which
 * reads as rot.  A batch has its place in a segment from the moment it is begun, so an append that
 * was accepted never waits for room.
 *
 * When to write.  Whatever waits goes in one write.  An idle journal writes at the end of the turn
 * in which something was appended.  When a sync ends with k answered and m waiting, and k + m calls
 * cost less than a sync, the next batch waits until k + m are there, at most GATHER_US from when
 * the answers left; else few callers would split into two groups that wait for each other.
 *
 * Who writes.  The sync thread; but a lone master's loop does it itself for few callers, as long as
 * nobody reads and the disk is quick: two hand-overs take as long as a sync, and there is nothing
 * that the loop could do meanwhile.  The thread then watches for a sync that hangs
 * (docs/decisions/0011).
 *
 * What may not be on the device before something else is waits while commit_bar() says so.
 *
 * Each batch carries the commit mark of what was synced before it.  When nothing follows for a
 * while, a batch without entries carries the last mark.
 *
 * Where syncs run behind (journal/behind.h) a batch that is written counts as durable.
 */
#ifndef HOLDFAST_JOURNAL_COMMIT_H
#define HOLDFAST_JOURNAL_COMMIT_H

#include "journal/batch_pool.h"
#include "journal/behind.h"
#include "journal/hang.h"
#include "journal/journal.h"
#include "journal/segments.h"

struct journal;

enum commit_gate {
	COMMIT_OPEN,
	COMMIT_BARRED, /* nothing more is given to the device */
	COMMIT_SHUT,   /* ... nor ever will: the journal is closing */
};

struct commit {
	struct journal *journal;
	struct batch *filling; /* NULL: nothing waits that could take more */
	struct list full;      /* batches that wait, oldest first */
	struct batch *in_flight;
	struct batch_pool pool;
	size_t waiting;                 /* entries in filling and full */
	struct segment_writer *planned; /* where the next batch goes; NULL before the first */
	struct segments segments;       /* that count: found at the start, or begun since */
	enum commit_gate gate;
	bool must_begin;        /* the next batch begins a segment: after a cut */
	uint64_t generation;    /* one more with each cut */
	struct entry submitted; /* last entry given to the sync thread, ... */
	uint64_t submitted_us;  /* ... and when */
	struct entry last;      /* last entry appended: index, epoch, chain */
	uint64_t durable;       /* index: counts as synced here, and not cut since */
	uint64_t synced;        /* index: surely is; less only if syncs run behind */
	struct behind behind;
	uint64_t marked;       /* commit mark of the last batch written */
	size_t inflight_bytes; /* appended, not committed */
	bool wants_room;       /* an append was refused: on_room is due */
	uint64_t callers;      /* entries answered by the last batch, or waiting behind it */
	uint64_t target;       /* entries to wait for before writing; 0: none */
	uint64_t mean_sync_us; /* moving */
	uint64_t read_us;      /* when a read was proved last; 0: never */
	bool is_last_hook;     /* turn_end runs behind the other hooks of the turn */
	struct io_hook turn_end;
	struct io_timer gather, idle;
	struct hang hang; /* of the sync thread's work */
};

int commit_init(struct commit *commit, struct journal *journal);
/* After commit_drain() returned true. */
void commit_finish(struct commit *commit);

/* Before the first append: `last` is the last entry of the journal. */
void commit_begin(struct commit *commit, const struct entry *last);
/* Entries that are in an older segment already, but surely durable only when they are written
 * again: into a fresh segment, under their own index and epoch, all of them in one batch.  `bytes`
 * are whole entries.  -ERR_AGAIN, -ERR_NO_SPACE: nothing happened.  Any other error: nothing was
 * written, and nothing may be appended any more. */
int commit_rest(struct commit *commit, struct str bytes);

int commit_append(struct commit *commit, struct journal_append *append);
/* An entry that has its index and epoch, encoded already; it follows the last one.  -ERR_AGAIN,
 * -ERR_NO_SPACE, -ERR_NO_MEMORY: nothing happened; has_room() tells when to try again. */
int commit_put(struct commit *commit, const struct entry *entry, struct str encoded);
/* The bytes of the entry just added, which is so large. */
struct str commit_newest(const struct commit *commit, size_t size);
/* The journal ends with `last` from now on: what is appended behind goes into a fresh segment,
 * whose header says so.  Until that is durable the journal on disk ends where it did. */
void commit_cut(struct commit *commit, const struct entry *last);
/* The journal has nothing but what a checkpoint that ends with `last` holds. */
void commit_begin_anew(struct commit *commit, const struct entry *last);
/* Entries up to here are synced here and committed: what a mark may say. */
uint64_t commit_mark(const struct commit *commit);
/* A mark is due, as the commit index moved without a batch. */
void commit_mark_later(struct commit *commit);

/* Writes the next batch, if it is time and nothing is in the way any more. */
void commit_go_on(struct commit *commit);
void commit_bar(struct commit *commit, enum commit_gate gate);
/* A sync took so long. */
void commit_count_sync(struct commit *commit, uint64_t us);

/* Writes what waits, if it ever may, and then the last mark.  True when there is nothing more to
 * do. */
bool commit_drain(struct commit *commit);
/* Runs on_room if somebody was refused. */
void commit_has_room(struct commit *commit);

#endif
