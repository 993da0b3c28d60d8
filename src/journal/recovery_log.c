/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/recovery_log.h"

#include "base/err.h"
#include "base/mem.h"
#include "format/command.h"

enum { ROOM_MIN = 8 };

void recovery_log_finish(struct recovery_log *log)
{
	mem_free(log->runs);
	mem_free(log->lists);
	segments_finish(&log->segments);
	*log = (struct recovery_log){0};
}

/* Room for one more row in a table. */
static int reserve(void **rows, size_t count, size_t *room, size_t row_bytes)
{
	size_t more = *room == 0 ? ROOM_MIN : 2 * *room;
	void *bigger;

	if (count < *room)
		return 0;
	bigger = mem_realloc(*rows, more * row_bytes);
	if (bigger == NULL)
		return -ERR_NO_MEMORY;
	*rows = bigger;
	*room = more;
	return 0;
}

static int add_list(struct recovery_log *log, uint64_t index, struct str bytes)
{
	void *rows = log->lists;
	int rc = reserve(&rows, log->list_count, &log->list_room, sizeof(*log->lists));

	log->lists = rows;
	if (rc == 0)
		rc = raft_members_decode(bytes, &log->lists[log->list_count].members);
	if (rc == 0)
		log->lists[log->list_count++].index = index;
	return rc;
}

static int add_run(struct recovery_log *log, uint64_t index, uint64_t epoch)
{
	void *rows = log->runs;
	int rc = reserve(&rows, log->run_count, &log->run_room, sizeof(*log->runs));

	log->runs = rows;
	if (rc == 0)
		log->runs[log->run_count++] = (struct raft_run){.first = index, .term = epoch};
	return rc;
}

int recovery_log_begin(struct recovery_log *log, const struct checkpoint_header *checkpoint)
{
	log->run_count = log->list_count = 0;
	log->base = (struct entry){0};
	if (checkpoint != NULL)
		log->base = (struct entry){.index = checkpoint->index,
		                           .epoch = checkpoint->epoch,
		                           .chain = checkpoint->chain};
	log->last = log->base;
	log->mark = log->base.index;
	if (checkpoint == NULL || checkpoint->members_bytes == 0)
		return 0;
	return add_list(log, checkpoint->members_index,
	                str_make(checkpoint->members, checkpoint->members_bytes));
}

int recovery_log_add(struct recovery_log *log, const struct entry *entry)
{
	int rc = 0;

	if (log->run_count == 0 || log->runs[log->run_count - 1].term != entry->epoch)
		rc = add_run(log, entry->index, entry->epoch);
	if (rc == 0 && entry->kind == ENTRY_members)
		rc = add_list(log, entry->index, entry->payload);
	return rc;
}
