/* SPDX-License-Identifier: Apache-2.0 */
#include "raft/log.h"

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"

enum { ROOM_MIN = 4 };

/* Runs and lists ascend and lie where the start says that entries are. */
static bool is_consistent(const struct raft_start *start)
{
	uint64_t term = start->base_term, next = start->base + 1;

	if (start->last < start->base || start->commit < start->base || start->commit > start->last)
		return false;
	if ((start->last > start->base) != (start->run_count > 0))
		return false;
	for (size_t i = 0; i < start->run_count; i++) {
		const struct raft_run *run = &start->runs[i];

		if (run->first < next || run->first > start->last || run->term < term ||
		    (i == 0 && run->first != next))
			return false;
		next = run->first + 1;
		term = run->term;
	}
	for (size_t i = 0; i < start->list_count; i++) {
		const struct raft_list *list = &start->lists[i];

		if (list->index > start->last || list->members.count == 0 ||
		    list->members.count > RAFT_MEMBERS_MAX ||
		    (i > 0 && list->index <= start->lists[i - 1].index))
			return false;
	}
	return true;
}

int log_init(struct log *log, const struct raft_start *start)
{
	int rc;

	*log = (struct log){
	        .base = start->base,
	        .base_term = start->base_term,
	        .last = start->base,
	        .commit = start->commit,
	};
	if (!is_consistent(start))
		return -ERR_INVALID;
	rc = log_reserve(log, start->run_count, start->list_count);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < start->run_count; i++)
		log_append(log,
		           i + 1 < start->run_count ? start->runs[i + 1].first - 1 : start->last,
		           start->runs[i].term);
	for (size_t i = 0; i < start->list_count; i++)
		log_add_list(log, start->lists[i].index, &start->lists[i].members, 0);
	log->synced = log->last;
	return 0;
}

void log_finish(struct log *log)
{
	mem_free(log->runs);
	mem_free(log->lists);
}

static int reserve(void **rows, size_t *room, size_t count, size_t row_bytes)
{
	size_t bigger = *room * 2 > ROOM_MIN ? *room * 2 : ROOM_MIN;
	void *moved;

	if (count <= *room)
		return 0;
	if (bigger < count)
		bigger = count;
	moved = mem_realloc(*rows, bigger * row_bytes);
	if (moved == NULL)
		return -ERR_NO_MEMORY;
	*rows = moved;
	*room = bigger;
	return 0;
}

int log_reserve(struct log *log, size_t runs, size_t lists)
{
	int rc = reserve((void **)&log->runs, &log->run_room, log->run_count + runs,
	                 sizeof(log->runs[0]));

	if (rc < 0)
		return rc;
	return reserve((void **)&log->lists, &log->list_room, log->list_count + lists,
	               sizeof(log->lists[0]));
}

/* The run that `index` lies in; run_count if it lies before the first. */
static size_t run_of(const struct log *log, uint64_t index)
{
	size_t low = 0, high = log->run_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (log->runs[middle].first <= index)
			low = middle + 1;
		else
			high = middle;
	}
	return low == 0 ? log->run_count : low - 1;
}

uint64_t log_term(const struct log *log, uint64_t index)
{
	CHECK(log_holds(log, index));
	if (index == log->base)
		return log->base_term;
	return log->runs[run_of(log, index)].term;
}

uint64_t log_agreement(const struct log *log, uint64_t index, uint64_t term)
{
	if (index > log->last)
		index = log->last;
	while (index > log->base) {
		const struct raft_run *run = &log->runs[run_of(log, index)];

		if (run->term <= term)
			return index;
		index = run->first - 1;
	}
	return log->base == 0 || log->base_term <= term ? log->base : log->base - 1;
}

void log_append(struct log *log, uint64_t last, uint64_t term)
{
	uint64_t end_term = log_term(log, log->last);

	CHECK(last > log->last && term >= end_term);
	if (log->run_count == 0 || term != end_term) {
		CHECK(log->run_count < log->run_room);
		log->runs[log->run_count++] =
		        (struct raft_run){.first = log->last + 1, .term = term};
	}
	log->last = last;
}

void log_add_list(struct log *log, uint64_t index, const struct raft_members *members,
                  uint64_t came_ms)
{
	CHECK(log->list_count < log->list_room);
	log->lists[log->list_count++] =
	        (struct raft_list){.index = index, .members = *members, .came_ms = came_ms};
}

void log_cut(struct log *log, uint64_t last)
{
	CHECK(last >= log->commit && last < log->last);
	while (log->run_count > 0 && log->runs[log->run_count - 1].first > last)
		log->run_count--;
	while (log->list_count > 0 && log->lists[log->list_count - 1].index > last)
		log->list_count--;
	log->last = last;
	if (log->synced > last)
		log->synced = last;
	log->generation++;
}

void log_compact(struct log *log, uint64_t index, uint64_t old_ms)
{
	size_t runs = 0, lists = 0;
	uint64_t term;

	CHECK(index <= log->commit && index <= log->synced);
	if (index <= log->base)
		return;
	term = log_term(log, index);
	while (runs < log->run_count && log->runs[runs].first <= index)
		runs++;
	if (runs > 0 && index < log->last &&
	    (runs == log->run_count || log->runs[runs].first > index + 1))
		log->runs[--runs].first = index + 1;
	memmove(log->runs, log->runs + runs, (log->run_count - runs) * sizeof(log->runs[0]));
	log->run_count -= runs;
	while (lists + 1 < log->list_count && log->lists[lists + 1].index <= index &&
	       log->lists[lists + 1].came_ms <= old_ms)
		lists++;
	memmove(log->lists, log->lists + lists, (log->list_count - lists) * sizeof(log->lists[0]));
	log->list_count -= lists;
	log->base = index;
	log->base_term = term;
}

void log_reset(struct log *log, uint64_t index, uint64_t term, const struct raft_list *list)
{
	log->base = log->last = log->synced = log->commit = index;
	log->base_term = term;
	log->run_count = 0;
	log->list_count = 0;
	if (list != NULL)
		log_add_list(log, list->index, &list->members, 0);
	log->generation++;
}

const struct raft_list *log_list_at(const struct log *log, uint64_t index)
{
	for (size_t i = log->list_count; i-- > 0;)
		if (log->lists[i].index <= index)
			return &log->lists[i];
	return NULL;
}

const struct raft_list *log_seat(const struct log *log, struct raft_id id, uint64_t index)
{
	for (size_t i = log->list_count; i-- > 0;)
		if (log->lists[i].index <= index &&
		    raft_member_by_id(&log->lists[i].members, id) != NULL)
			return &log->lists[i];
	return NULL;
}

bool log_was_taken_out(const struct log *log, struct raft_id id, uint64_t index)
{
	bool was_in = false, is_in = false;

	for (size_t i = 0; i < log->list_count && log->lists[i].index <= index; i++) {
		is_in = raft_member_by_id(&log->lists[i].members, id) != NULL;
		was_in |= is_in;
	}
	return was_in && !is_in;
}
