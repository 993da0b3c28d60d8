/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the core knows of the log: where it begins and ends, the term of each entry, the lists of
 * members in it.  Terms are kept as runs, one for each leader that wrote here.
 *
 *   base <= commit <= last,  base <= synced <= last.  `synced` stands apart from `commit`: a
 * majority can commit while the disk here is the slow one.
 */
#ifndef HOLDFAST_RAFT_LOG_H
#define HOLDFAST_RAFT_LOG_H

#include "raft/raft.h"

struct log {
	uint64_t base, base_term; /* last entry before the log; 0, 0: it begins at 1 */
	uint64_t last;
	uint64_t synced;
	uint64_t commit;
	uint64_t generation; /* one more with each cut: a sync's report of before does not count */
	struct raft_run *runs;
	size_t run_count, run_room;
	/* By index.  One of the first is in effect at the base, if any was. */
	struct raft_list *lists;
	size_t list_count, list_room;
};

int log_init(struct log *log, const struct raft_start *start);
void log_finish(struct log *log);
/* Room for so many more rows.  -ERR_NO_MEMORY: as before. */
int log_reserve(struct log *log, size_t runs, size_t lists);

static inline bool log_holds(const struct log *log, uint64_t index)
{
	return index >= log->base && index <= log->last;
}

/* Of an entry that it holds, or of the base. */
uint64_t log_term(const struct log *log, uint64_t index);
/* The highest index <= `index` (not below the base) that may agree with a log whose entry there has
 * `term`.  base - 1: not even the base. */
uint64_t log_agreement(const struct log *log, uint64_t index, uint64_t term);
/* True if a log that ends with (a_term, a) is not below one that ends with (b_term, b): Raft
 * 5.4.1. */
static inline bool log_is_not_below(uint64_t a_term, uint64_t a, uint64_t b_term, uint64_t b)
{
	return a_term != b_term ? a_term > b_term : a >= b;
}

/* Entries last + 1 to `last` of one term.  Room was reserved. */
void log_append(struct log *log, uint64_t last, uint64_t term);
void log_add_list(struct log *log, uint64_t index, const struct raft_members *members,
                  uint64_t came_ms);
/* Drops what follows `last`. */
void log_cut(struct log *log, uint64_t last);
/* Entries up to `index` (committed) are gone; of the lists in effect up to there those stay that
 * were after old_ms. */
void log_compact(struct log *log, uint64_t index, uint64_t old_ms);
/* Nothing but a checkpoint is left. */
void log_reset(struct log *log, uint64_t index, uint64_t term, const struct raft_list *list);

/* NULL: none. */
const struct raft_list *log_list_at(const struct log *log, uint64_t index);
/* The newest list up to `index` that has that member; NULL: none. */
const struct raft_list *log_seat(const struct log *log, struct raft_id id, uint64_t index);
/* The list in effect at `index` is without that member, which an older one has. */
bool log_was_taken_out(const struct log *log, struct raft_id id, uint64_t index);
static inline const struct raft_list *log_list(const struct log *log)
{
	return log->list_count == 0 ? NULL : &log->lists[log->list_count - 1];
}

#endif
