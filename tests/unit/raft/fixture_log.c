/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "unit/raft/fixture.h"

#include "base/check.h"

uint64_t fx_log_last(const struct fx_log *log)
{
	return log->base + log->count;
}

const struct fx_entry *fx_log_at(const struct fx_log *log, uint64_t index)
{
	CHECK(index > log->base && index <= fx_log_last(log));
	return &log->entries[index - log->base - 1];
}

uint64_t fx_log_term(const struct fx_log *log, uint64_t index)
{
	return index == log->base ? log->base_term : fx_log_at(log, index)->term;
}

uint64_t fx_log_chain(const struct fx_log *log, uint64_t index)
{
	return index == log->base ? log->base_chain : fx_log_at(log, index)->chain;
}

void fx_log_append(struct fx_log *log, struct fx_entry entry)
{
	if (log->count == log->room) {
		log->room = log->room == 0 ? 64 : log->room * 2;
		log->entries = mem_must_realloc(log->entries, log->room * sizeof(log->entries[0]));
	}
	log->entries[log->count++] = entry;
}

void fx_log_cut(struct fx_log *log, uint64_t last)
{
	CHECK(last >= log->base && last <= fx_log_last(log));
	log->count = last - log->base;
}

void fx_log_compact(struct fx_log *log, uint64_t index)
{
	size_t gone = index - log->base;

	CHECK(index >= log->base && index <= fx_log_last(log));
	if (gone == 0)
		return;
	for (size_t i = 0; i < gone; i++)
		if (log->entries[i].list != FX_NO_LIST) {
			log->base_list = log->entries[i].list;
			log->base_list_index = log->base + 1 + i;
		}
	log->base_term = log->entries[gone - 1].term;
	log->base_chain = log->entries[gone - 1].chain;
	log->base = index;
	log->count -= gone;
	memmove(log->entries, log->entries + gone, log->count * sizeof(log->entries[0]));
}

void fx_log_copy(struct fx_log *to, const struct fx_log *from)
{
	struct fx_entry *entries = to->entries;
	size_t room = to->room;

	if (room < from->count) {
		room = from->count;
		entries = mem_must_realloc(entries, room * sizeof(entries[0]));
	}
	if (from->count > 0)
		memcpy(entries, from->entries, from->count * sizeof(entries[0]));
	*to = *from;
	to->entries = entries;
	to->room = room;
}

void fx_log_finish(struct fx_log *log)
{
	mem_free(log->entries);
	*log = (struct fx_log){.base_list = FX_NO_LIST};
}
