/* SPDX-License-Identifier: Apache-2.0 */
#include "master/locations.h"

#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "base/list.h"
#include "base/mem.h"

enum {
	PAGE_BITS = 9,
	PAGE_IDS = 1 << PAGE_BITS,
	NUMBER_BITS = 32 - PAGE_BITS,
	PAGE_GROWTH_MIN = 8,
	DIRECTORY_SLOTS_MIN = 64,
	BLOCK_NUMBERS_MAX = 1024, /* of one block, that a visit sees */
};

struct page {
	struct list node;  /* all pages, for walks */
	uint64_t first_id; /* multiple of PAGE_IDS */
	uint32_t count;
	uint32_t capacity;
	uint32_t *entries; /* id within the page << NUMBER_BITS | number, sorted by id */
};

struct locations {
	struct page **slots; /* directory: open addressing by first_id */
	size_t slot_count;   /* a power of two */
	size_t page_count;
	struct list pages;
	struct list *walk; /* next page of the walk, or the list's head */
	uint64_t entry_count;
	uint64_t entry_capacity;
};

static size_t slot_of(const struct locations *locations, uint64_t first_id)
{
	return (size_t)((first_id >> PAGE_BITS) * 0x9e3779b97f4a7c15u >> 20) &
	       (locations->slot_count - 1);
}

static struct page **page_slot(const struct locations *locations, uint64_t first_id)
{
	size_t i = slot_of(locations, first_id);

	while (locations->slots[i] != NULL && locations->slots[i]->first_id != first_id)
		i = (i + 1) & (locations->slot_count - 1);
	return &locations->slots[i];
}

static struct page *page_find(const struct locations *locations, uint64_t block_id)
{
	return *page_slot(locations, block_id & ~(uint64_t)(PAGE_IDS - 1));
}

static uint32_t entry_make(uint64_t block_id, uint32_t number)
{
	return (uint32_t)(block_id & (PAGE_IDS - 1)) << NUMBER_BITS | number;
}

static uint32_t entry_number(uint32_t entry)
{
	return entry & LOCATION_NUMBER_MAX;
}

/* Place of the first entry whose id is not below the block's. */
static uint32_t page_lower_bound(const struct page *page, uint64_t block_id)
{
	uint32_t bound = entry_make(block_id, 0);
	uint32_t low = 0;
	uint32_t high = page->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (page->entries[middle] < bound)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_of_block(const struct page *page, uint32_t place, uint64_t block_id)
{
	return place < page->count &&
	       page->entries[place] >> NUMBER_BITS == (block_id & (PAGE_IDS - 1));
}

/* Place of the entry, or page->count. */
static uint32_t page_find_entry(const struct page *page, uint64_t block_id, uint32_t number)
{
	for (uint32_t i = page_lower_bound(page, block_id); is_of_block(page, i, block_id); i++)
		if (entry_number(page->entries[i]) == number)
			return i;
	return page->count;
}

struct locations *locations_create(void)
{
	struct locations *locations = mem_zalloc(sizeof(*locations));

	if (locations == NULL)
		return NULL;
	locations->slot_count = DIRECTORY_SLOTS_MIN;
	locations->slots = mem_zalloc(locations->slot_count * sizeof(struct page *));
	if (locations->slots == NULL) {
		mem_free(locations);
		return NULL;
	}
	list_init(&locations->pages);
	locations->walk = &locations->pages;
	return locations;
}

void locations_destroy(struct locations *locations)
{
	if (locations == NULL)
		return;
	LIST_FOR_EACH_SAFE (node, &locations->pages) {
		struct page *page = CONTAINER_OF(node, struct page, node);

		mem_free(page->entries);
		mem_free(page);
	}
	mem_free(locations->slots);
	mem_free(locations);
}

static int directory_grow(struct locations *locations)
{
	size_t count = locations->slot_count * 2;
	struct page **slots = mem_zalloc(count * sizeof(struct page *));

	if (slots == NULL)
		return -ERR_NO_MEMORY;
	mem_free(locations->slots);
	locations->slots = slots;
	locations->slot_count = count;
	LIST_FOR_EACH (node, &locations->pages) {
		struct page *page = CONTAINER_OF(node, struct page, node);

		*page_slot(locations, page->first_id) = page;
	}
	return 0;
}

static int page_create(struct locations *locations, uint64_t block_id, struct page **ret_page)
{
	struct page *page;

	if (locations->page_count * 2 >= locations->slot_count) {
		int rc = directory_grow(locations);

		if (rc < 0)
			return rc;
	}
	page = mem_zalloc(sizeof(*page));
	if (page == NULL)
		return -ERR_NO_MEMORY;
	page->first_id = block_id & ~(uint64_t)(PAGE_IDS - 1);
	*page_slot(locations, page->first_id) = page;
	list_append(&locations->pages, &page->node);
	locations->page_count++;
	*ret_page = page;
	return 0;
}

/* Takes the page out of the directory: entries after it move up, as open addressing asks. */
static void page_destroy(struct locations *locations, struct page *page)
{
	size_t mask = locations->slot_count - 1;
	size_t hole = (size_t)(page_slot(locations, page->first_id) - locations->slots);

	locations->slots[hole] = NULL;
	for (size_t i = (hole + 1) & mask; locations->slots[i] != NULL; i = (i + 1) & mask) {
		size_t home = slot_of(locations, locations->slots[i]->first_id);

		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		locations->slots[hole] = locations->slots[i];
		locations->slots[i] = NULL;
		hole = i;
	}
	if (locations->walk == &page->node)
		locations->walk = page->node.next;
	list_remove(&page->node);
	locations->page_count--;
	locations->entry_capacity -= page->capacity;
	mem_free(page->entries);
	mem_free(page);
}

static int page_resize(struct locations *locations, struct page *page, uint32_t capacity)
{
	uint32_t *entries = mem_realloc(page->entries, capacity * sizeof(*entries));

	if (entries == NULL)
		return -ERR_NO_MEMORY;
	locations->entry_capacity += (uint64_t)capacity - page->capacity;
	page->entries = entries;
	page->capacity = capacity;
	return 0;
}

static void page_remove_entries(struct locations *locations, struct page *page, uint32_t place,
                                uint32_t count)
{
	memmove(page->entries + place, page->entries + place + count,
	        (page->count - place - count) * sizeof(*page->entries));
	page->count -= count;
	locations->entry_count -= count;
	if (page->count == 0) {
		page_destroy(locations, page);
		return;
	}
	if (page->capacity > 2 * PAGE_GROWTH_MIN && page->count < page->capacity / 2)
		(void)page_resize(locations, page, page->count + page->count / 4);
}

int locations_add(struct locations *locations, uint64_t block_id, uint32_t number)
{
	struct page *page = page_find(locations, block_id);
	uint32_t place;
	int rc;

	CHECK(number <= LOCATION_NUMBER_MAX);
	if (page == NULL) {
		rc = page_create(locations, block_id, &page);
		if (rc < 0)
			return rc;
	}
	place = page_lower_bound(page, block_id);
	for (; is_of_block(page, place, block_id); place++)
		if (entry_number(page->entries[place]) == number)
			return 0;
	if (page->count == page->capacity) {
		rc = page_resize(locations, page,
		                 page->capacity + page->capacity / 4 + PAGE_GROWTH_MIN);
		if (rc < 0) {
			if (page->count == 0)
				page_destroy(locations, page);
			return rc;
		}
	}
	memmove(page->entries + place + 1, page->entries + place,
	        (page->count - place) * sizeof(*page->entries));
	page->entries[place] = entry_make(block_id, number);
	page->count++;
	locations->entry_count++;
	return 0;
}

bool locations_remove(struct locations *locations, uint64_t block_id, uint32_t number)
{
	struct page *page = page_find(locations, block_id);
	uint32_t place;

	if (page == NULL)
		return false;
	place = page_find_entry(page, block_id, number);
	if (place == page->count)
		return false;
	page_remove_entries(locations, page, place, 1);
	return true;
}

size_t locations_get(const struct locations *locations, uint64_t block_id, uint32_t *ret_numbers,
                     size_t count_max)
{
	const struct page *page = page_find(locations, block_id);
	size_t count = 0;

	if (page == NULL)
		return 0;
	for (uint32_t i = page_lower_bound(page, block_id); is_of_block(page, i, block_id); i++) {
		if (count < count_max)
			ret_numbers[count] = entry_number(page->entries[i]);
		count++;
	}
	return count;
}

void locations_remove_block(struct locations *locations, uint64_t block_id)
{
	struct page *page = page_find(locations, block_id);
	uint32_t place;
	uint32_t count = 0;

	if (page == NULL)
		return;
	place = page_lower_bound(page, block_id);
	while (is_of_block(page, place + count, block_id))
		count++;
	if (count > 0)
		page_remove_entries(locations, page, place, count);
}

void locations_walk_begin(struct locations *locations)
{
	locations->walk = locations->pages.next;
}

/* Shows the entries of one block to visit() and keeps what it leaves.  `from` is where they stand,
 * `to` where they go; returns how many were kept. */
static uint32_t visit_block(struct page *page, uint32_t from, uint32_t count, uint32_t to,
                            locations_visit_fn *visit, void *context)
{
	uint32_t numbers[BLOCK_NUMBERS_MAX];
	uint64_t block_id = page->first_id | page->entries[from] >> NUMBER_BITS;
	uint32_t seen = count < BLOCK_NUMBERS_MAX ? count : BLOCK_NUMBERS_MAX;
	size_t left;

	for (uint32_t i = 0; i < seen; i++)
		numbers[i] = entry_number(page->entries[from + i]);
	left = visit(context, block_id, numbers, seen);
	CHECK(left <= seen);
	for (size_t i = 0; i < left; i++)
		page->entries[to + i] = entry_make(block_id, numbers[i]);
	memmove(page->entries + to + left, page->entries + from + seen,
	        (count - seen) * sizeof(*page->entries));
	return (uint32_t)left + count - seen;
}

bool locations_walk_step(struct locations *locations, locations_visit_fn *visit, void *context)
{
	struct page *page;
	uint32_t to = 0;

	if (locations->walk == &locations->pages)
		return false;
	page = CONTAINER_OF(locations->walk, struct page, node);
	locations->walk = page->node.next;
	for (uint32_t from = 0; from < page->count;) {
		uint32_t id = page->entries[from] >> NUMBER_BITS;
		uint32_t count = 1;

		while (from + count < page->count &&
		       page->entries[from + count] >> NUMBER_BITS == id)
			count++;
		to += visit_block(page, from, count, to, visit, context);
		from += count;
	}
	if (to < page->count)
		page_remove_entries(locations, page, to, page->count - to);
	return true;
}

uint64_t locations_count(const struct locations *locations)
{
	return locations->entry_count;
}

uint64_t locations_bytes(const struct locations *locations)
{
	return sizeof(*locations) + locations->slot_count * sizeof(struct page *) +
	       locations->page_count * sizeof(struct page) +
	       locations->entry_capacity * sizeof(uint32_t);
}
