/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/tail.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "format/command.h"
#include "journal/peer_wire.h"

enum { BLOCK_BYTES = 256 * 1024, PAGE_ENTRIES = 1024, PAGES_MIN = 16 };

struct tail_block {
	struct list node;
	size_t size;
	size_t used;
	size_t entries;
	uint8_t bytes[];
};

/* ---- blocks ---- */

static struct tail_block *newest_block(const struct tail *tail)
{
	return list_is_empty(&tail->blocks)
	               ? NULL
	               : CONTAINER_OF(tail->blocks.prev, struct tail_block, node);
}

static void free_block(struct tail_block *block)
{
	list_remove(&block->node);
	mem_free(block);
}

static bool reserve_block(struct tail *tail, size_t size)
{
	size_t bytes = size > BLOCK_BYTES ? size : BLOCK_BYTES;
	struct tail_block *block;

	if (!list_is_empty(&tail->blocks)) {
		block = newest_block(tail);
		if (block->size - block->used >= size)
			return true;
		if (block->entries == 0) /* all of it was trimmed */
			free_block(block);
	}
	block = mem_alloc(sizeof(*block) + bytes);
	if (block == NULL)
		return false;
	block->size = bytes;
	block->used = block->entries = 0;
	list_append(&tail->blocks, &block->node);
	return true;
}

/* ---- pages ---- */

struct tail_page {
	struct tail_entry entries[PAGE_ENTRIES];
};

static uint64_t page_of(uint64_t index)
{
	return index / PAGE_ENTRIES;
}

static struct tail_page **page_slot(const struct tail *tail, uint64_t number)
{
	return &tail->pages[number & (tail->capacity - 1)];
}

static struct tail_entry *place(const struct tail *tail, uint64_t index)
{
	return &(*page_slot(tail, page_of(index)))->entries[index % PAGE_ENTRIES];
}

/* Slots for so many pages from that of the first entry on. */
static bool reserve_slots(struct tail *tail, uint64_t pages)
{
	uint64_t number = page_of(tail->first);
	struct tail grown = {.capacity = tail->capacity == 0 ? PAGES_MIN : tail->capacity};

	if (pages <= tail->capacity)
		return true;
	while (grown.capacity < pages)
		grown.capacity *= 2;
	grown.pages = mem_zalloc(grown.capacity * sizeof(struct tail_page *));
	if (grown.pages == NULL)
		return false;
	for (size_t i = 0; i < tail->capacity; i++)
		*page_slot(&grown, number + i) = *page_slot(tail, number + i);
	mem_free(tail->pages);
	tail->pages = grown.pages;
	tail->capacity = grown.capacity;
	return true;
}

static bool reserve_entries(struct tail *tail, size_t more)
{
	uint64_t last = page_of(tail->last + more);

	if (!reserve_slots(tail, last - page_of(tail->first) + 1))
		return false;
	for (uint64_t number = page_of(tail->last + 1); number <= last; number++) {
		struct tail_page **slot = page_slot(tail, number);

		if (*slot == NULL)
			*slot = mem_alloc(sizeof(**slot));
		if (*slot == NULL)
			return false;
	}
	return true;
}

static void free_page(struct tail *tail, uint64_t number)
{
	struct tail_page **slot = page_slot(tail, number);

	mem_free(*slot);
	*slot = NULL;
}

bool tail_reserve(struct tail *tail, size_t count, size_t bytes)
{
	return reserve_entries(tail, count) && reserve_block(tail, bytes);
}

void tail_add(struct tail *tail, const struct entry *entry, struct str encoded,
              struct journal_append *append)
{
	struct tail_block *block = newest_block(tail);
	uint8_t *bytes = block->bytes + block->used;

	CHECK(entry->index == tail->last + 1);
	CHECK(block->size - block->used >= encoded.size);
	memcpy(bytes, encoded.data, encoded.size);
	block->used += encoded.size;
	block->entries++;
	tail->bytes += encoded.size;
	tail->last++;
	*place(tail, tail->last) = (struct tail_entry){
	        .block = block,
	        .bytes = bytes,
	        .size = (uint32_t)encoded.size,
	        .kind = entry->kind,
	        .epoch = entry->epoch,
	        .chain = entry->chain,
	        .append = append,
	};
}

/* ---- looking ---- */

struct tail_entry *tail_at(const struct tail *tail, uint64_t index)
{
	CHECK(tail_holds(tail, index));
	return place(tail, index);
}

struct entry tail_ends_at(const struct tail *tail, uint64_t index)
{
	const struct tail_entry *entry;

	if (index == tail->before.index)
		return tail->before;
	entry = tail_at(tail, index);
	return (struct entry){.index = index, .epoch = entry->epoch, .chain = entry->chain};
}

void tail_decode(const struct tail *tail, uint64_t index, struct journal_entry *ret_entry)
{
	const struct tail_entry *held = tail_at(tail, index);
	struct cursor c = cursor_of(str_make(held->bytes, held->size));
	struct entry entry;

	CHECK(entry_next(&c, &entry) && entry.index == index);
	*ret_entry = (struct journal_entry){
	        .index = index,
	        .epoch = entry.epoch,
	        .kind = entry.kind,
	        .version = entry.version,
	        .payload = entry.payload,
	        .append = held->append,
	};
}

size_t tail_range(const struct tail *tail, uint64_t first, uint64_t last, size_t bytes_max,
                  struct str *pieces, size_t pieces_max, uint64_t *ret_last)
{
	const struct tail_block *block = NULL;
	size_t bytes = 0, used = 0, breaks = 0;
	uint64_t index, epoch = tail_at(tail, first)->epoch;

	for (index = first; index <= last; index++) {
		const struct tail_entry *entry = tail_at(tail, index);

		breaks += entry->epoch != epoch || entry->kind == ENTRY_members;
		epoch = entry->epoch;
		if (index > first && (bytes + entry->size > bytes_max || breaks > PEER_BREAKS_MAX))
			break;
		if (entry->block != block && used == pieces_max)
			break;
		if (entry->block != block)
			pieces[used++] = str_make(entry->bytes, 0);
		block = entry->block;
		pieces[used - 1].size += entry->size;
		bytes += entry->size;
	}
	*ret_last = index - 1;
	return used;
}

/* ---- dropping ---- */

void tail_cut(struct tail *tail, uint64_t first)
{
	CHECK(first >= tail->first);
	for (; tail->last >= first; tail->last--) {
		const struct tail_entry *entry = place(tail, tail->last);
		struct tail_block *block = entry->block;

		tail->bytes -= entry->size;
		block->used -= entry->size;
		if (--block->entries > 0)
			continue;
		if (block == newest_block(tail))
			block->used = 0; /* room that was reserved in it stays */
		else
			free_block(block);
	}
}

void tail_trim(struct tail *tail, uint64_t index, size_t bytes_max)
{
	while (tail->bytes > bytes_max && tail->first <= index && tail->first <= tail->last) {
		const struct tail_entry *entry = place(tail, tail->first);
		struct tail_block *block = entry->block;

		tail->before = (struct entry){
		        .index = tail->first, .epoch = entry->epoch, .chain = entry->chain};
		tail->bytes -= entry->size;
		if (--block->entries == 0 && block != newest_block(tail))
			free_block(block);
		if (++tail->first % PAGE_ENTRIES == 0)
			free_page(tail, page_of(tail->first) - 1);
	}
}

/* ---- life ---- */

void tail_init(struct tail *tail, const struct entry *before)
{
	*tail = (struct tail){.first = before->index + 1, .last = before->index, .before = *before};
	list_init(&tail->blocks);
}

void tail_reset(struct tail *tail, const struct entry *before)
{
	tail_finish(tail);
	tail_init(tail, before);
}

void tail_finish(struct tail *tail)
{
	while (!list_is_empty(&tail->blocks))
		free_block(newest_block(tail));
	for (size_t i = 0; i < tail->capacity; i++)
		mem_free(tail->pages[i]);
	mem_free(tail->pages);
	tail->pages = NULL;
	tail->capacity = 0;
}
