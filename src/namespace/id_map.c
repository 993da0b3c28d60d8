/* SPDX-License-Identifier: Apache-2.0 */
/*
 * id: | region: 32 bits | branch: 10 | page: 10 | slot: 12 |
 *
 * A page is a list while fewer than LIST_MAX of its ids live, an array above; it goes back to a
 * list below LIST_AGAIN.  Between the two it stays what it is, so it does not flap.
 */
#include "namespace/id_map.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"

enum {
	PAGE_IDS = 4096,
	BRANCH_PAGES = 1024,
	REGION_BRANCHES = 1024,
	LIST_MAX = 2048,
	LIST_AGAIN = 1024,
	LIST_CAPACITY_MIN = 8,
};

struct id_page {
	uint16_t live;
	uint16_t capacity; /* of a list */
	bool is_list;
	bool is_wide;    /* values of 8 bytes, as they are */
	uint64_t base;   /* narrow: value = base + what is stored - 1; 0 in an array: no such id */
	uint16_t *slots; /* of a list, sorted; NULL in an array */
	void *values;    /* uint32_t[] or uint64_t[] */
};

struct id_branch {
	struct id_page *pages[BRANCH_PAGES];
	uint32_t live; /* pages */
};

struct id_region {
	uint64_t number; /* id >> 32 */
	struct id_branch *branches[REGION_BRANCHES];
	uint32_t live; /* branches */
};

void id_map_init(struct id_map *map)
{
	*map = (struct id_map){0};
}

/* ---- values of a page ---- */

static bool fits(const struct id_page *page, uint64_t value)
{
	return value >= page->base && value - page->base < UINT32_MAX;
}

static bool page_load(const struct id_page *page, uint32_t at, uint64_t *ret_value)
{
	uint64_t stored = page->is_wide ? ((const uint64_t *)page->values)[at]
	                                : ((const uint32_t *)page->values)[at];

	if (stored == 0)
		return false;
	*ret_value = page->base + stored - 1;
	return true;
}

static void page_store(struct id_page *page, uint32_t at, uint64_t value)
{
	uint64_t stored = value - page->base + 1;

	if (page->is_wide)
		((uint64_t *)page->values)[at] = stored;
	else
		((uint32_t *)page->values)[at] = (uint32_t)stored;
}

static void page_erase(struct id_page *page, uint32_t at)
{
	if (page->is_wide)
		((uint64_t *)page->values)[at] = 0;
	else
		((uint32_t *)page->values)[at] = 0;
}

static size_t value_size(const struct id_page *page)
{
	return page->is_wide ? sizeof(uint64_t) : sizeof(uint32_t);
}

static uint64_t page_bytes(const struct id_page *page)
{
	size_t places = page->is_list ? page->capacity : PAGE_IDS;

	return sizeof(*page) + places * (value_size(page) + (page->is_list ? sizeof(uint16_t) : 0));
}

/* ---- changing a page's form ---- */

/* First place of a list whose slot is not below `slot`. */
static uint32_t list_place(const struct id_page *page, uint32_t slot)
{
	uint32_t low = 0;
	uint32_t high = page->live;

	if (high == 0)
		return 0;
	if (page->slots[high - 1] < slot)
		return high;                   /* ids arrive in order */
	low = (uint32_t)slot - page->slots[0]; /* its place if none is missing before it */
	if (slot >= page->slots[0] && low < high && page->slots[low] == slot)
		return low;
	low = 0;
	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (page->slots[middle] < slot)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void page_resize_list(struct id_page *page, uint32_t capacity)
{
	page->capacity = (uint16_t)capacity;
	page->slots = mem_must_realloc(page->slots, capacity * sizeof(*page->slots));
	page->values = mem_must_realloc(page->values, capacity * value_size(page));
}

static void page_to_array(struct id_page *page)
{
	struct id_page array = {.live = page->live, .is_wide = page->is_wide, .base = page->base};

	array.values = mem_must_zalloc(PAGE_IDS * value_size(page));
	for (uint32_t i = 0; i < page->live; i++) {
		uint64_t value = 0;

		page_load(page, i, &value);
		page_store(&array, page->slots[i], value);
	}
	mem_free(page->slots);
	mem_free(page->values);
	*page = array;
}

static void page_to_list(struct id_page *page)
{
	struct id_page list = {.is_list = true, .is_wide = page->is_wide, .base = page->base};
	uint64_t value;

	page_resize_list(&list, page->live < LIST_CAPACITY_MIN ? LIST_CAPACITY_MIN : page->live);
	for (uint32_t slot = 0; slot < PAGE_IDS; slot++) {
		if (!page_load(page, slot, &value))
			continue;
		list.slots[list.live] = (uint16_t)slot;
		page_store(&list, list.live++, value);
	}
	mem_free(page->values);
	*page = list;
}

static void page_widen(struct id_page *page)
{
	size_t places = page->is_list ? page->capacity : PAGE_IDS;
	uint64_t *values = mem_must_zalloc(places * sizeof(*values));
	uint64_t value;

	for (size_t i = 0; i < (page->is_list ? page->live : PAGE_IDS); i++)
		if (page_load(page, (uint32_t)i, &value))
			values[i] = value + 1;
	mem_free(page->values);
	page->values = values;
	page->base = 0;
	page->is_wide = true;
}

/* ---- one id in a page ---- */

static bool page_get(const struct id_page *page, uint32_t slot, uint64_t *ret_value)
{
	uint32_t place = slot;

	if (page->is_list) {
		place = list_place(page, slot);
		if (place == page->live || page->slots[place] != slot)
			return false;
	}
	return page_load(page, place, ret_value);
}

static void list_insert(struct id_page *page, uint32_t place, uint32_t slot)
{
	size_t size = value_size(page);
	uint8_t *values;

	if (page->live == page->capacity)
		page_resize_list(page,
		                 page->capacity == 0 ? LIST_CAPACITY_MIN : page->capacity * 2u);
	values = page->values;
	memmove(page->slots + place + 1, page->slots + place,
	        (page->live - place) * sizeof(*page->slots));
	memmove(values + (place + 1) * size, values + place * size, (page->live - place) * size);
	page->slots[place] = (uint16_t)slot;
}

/* True when the id is new. */
static bool page_set(struct id_page *page, uint32_t slot, uint64_t value)
{
	uint32_t place = slot;
	bool is_new;
	uint64_t old;

	if (!page->is_wide && !fits(page, value))
		page_widen(page);
	if (page->is_list && page->live == LIST_MAX)
		page_to_array(page);
	if (page->is_list) {
		place = list_place(page, slot);
		is_new = place == page->live || page->slots[place] != slot;
		if (is_new)
			list_insert(page, place, slot);
	} else {
		is_new = !page_load(page, place, &old);
	}
	page_store(page, place, value);
	page->live += is_new;
	return is_new;
}

static bool page_remove(struct id_page *page, uint32_t slot)
{
	uint32_t place = slot;
	size_t size = value_size(page);
	uint8_t *values = page->values;
	uint64_t old;

	if (!page_get(page, slot, &old))
		return false;
	page->live--;
	if (page->is_list) {
		place = list_place(page, slot);
		memmove(page->slots + place, page->slots + place + 1,
		        (page->live - place) * sizeof(*page->slots));
		memmove(values + place * size, values + (place + 1) * size,
		        (page->live - place) * size);
		if (page->capacity > LIST_CAPACITY_MIN && page->live < page->capacity / 4)
			page_resize_list(page, page->capacity / 2);
	} else {
		page_erase(page, place);
		if (page->live < LIST_AGAIN)
			page_to_list(page);
	}
	return true;
}

static void page_destroy(struct id_page *page)
{
	mem_free(page->slots);
	mem_free(page->values);
	mem_free(page);
}

/* ---- pages ---- */

static uint32_t region_place(const struct id_map *map, uint64_t number)
{
	uint32_t place = 0;

	while (place < map->region_count && map->regions[place]->number < number)
		place++;
	return place;
}

static struct id_page **page_link(const struct id_map *map, uint64_t id)
{
	uint32_t place = region_place(map, id >> 32);
	struct id_branch *branch;

	if (place == map->region_count || map->regions[place]->number != id >> 32)
		return NULL;
	branch = map->regions[place]->branches[id >> 22 & (REGION_BRANCHES - 1)];
	return branch == NULL ? NULL : &branch->pages[id >> 12 & (BRANCH_PAGES - 1)];
}

static struct id_page *find_page(const struct id_map *map, uint64_t id)
{
	struct id_page **link = page_link(map, id);

	return link == NULL ? NULL : *link;
}

static struct id_region *make_region(struct id_map *map, uint64_t number)
{
	uint32_t place = region_place(map, number);
	struct id_region *region;

	if (place < map->region_count && map->regions[place]->number == number)
		return map->regions[place];
	region = mem_must_zalloc(sizeof(*region));
	region->number = number;
	map->bytes += sizeof(*region);
	map->regions = mem_must_realloc(map->regions,
	                                (map->region_count + 1) * sizeof(struct id_region *));
	memmove(map->regions + place + 1, map->regions + place,
	        (map->region_count - place) * sizeof(struct id_region *));
	map->regions[place] = region;
	map->region_count++;
	return region;
}

static struct id_page *make_page(struct id_map *map, uint64_t id, uint64_t value)
{
	struct id_region *region = make_region(map, id >> 32);
	struct id_branch **branch = &region->branches[id >> 22 & (REGION_BRANCHES - 1)];
	struct id_page *page = mem_must_zalloc(sizeof(*page));

	if (*branch == NULL) {
		*branch = mem_must_zalloc(sizeof(**branch));
		map->bytes += sizeof(**branch);
		region->live++;
	}
	page->is_list = true;
	page->base = value > UINT32_MAX / 2 ? value - UINT32_MAX / 2 : 0;
	map->bytes += page_bytes(page);
	(*branch)->pages[id >> 12 & (BRANCH_PAGES - 1)] = page;
	(*branch)->live++;
	return page;
}

/* Takes away the page of `id`, and what hung only on it. */
static void drop_page(struct id_map *map, uint64_t id)
{
	uint32_t place = region_place(map, id >> 32);
	struct id_region *region = map->regions[place];
	struct id_branch **branch = &region->branches[id >> 22 & (REGION_BRANCHES - 1)];
	struct id_page **page = &(*branch)->pages[id >> 12 & (BRANCH_PAGES - 1)];

	map->bytes -= page_bytes(*page);
	page_destroy(*page);
	*page = NULL;
	if (--(*branch)->live > 0)
		return;
	mem_free(*branch);
	*branch = NULL;
	map->bytes -= sizeof(**branch);
	if (--region->live > 0)
		return;
	mem_free(region);
	map->bytes -= sizeof(*region);
	map->region_count--;
	memmove(map->regions + place, map->regions + place + 1,
	        (map->region_count - place) * sizeof(struct id_region *));
}

void id_map_finish(struct id_map *map)
{
	for (uint32_t r = 0; r < map->region_count; r++) {
		struct id_region *region = map->regions[r];

		for (uint32_t b = 0; b < REGION_BRANCHES; b++) {
			struct id_branch *branch = region->branches[b];

			for (uint32_t p = 0; branch != NULL && p < BRANCH_PAGES; p++)
				if (branch->pages[p] != NULL)
					page_destroy(branch->pages[p]);
			mem_free(branch);
		}
		mem_free(region);
	}
	mem_free(map->regions);
	*map = (struct id_map){0};
}

bool id_map_get(const struct id_map *map, uint64_t id, uint64_t *ret_value)
{
	const struct id_page *page = find_page(map, id);

	return page != NULL && page_get(page, id & (PAGE_IDS - 1), ret_value);
}

void id_map_set(struct id_map *map, uint64_t id, uint64_t value)
{
	struct id_page *page = find_page(map, id);

	CHECK(value < UINT64_MAX);
	if (page == NULL)
		page = make_page(map, id, value);
	map->bytes -= page_bytes(page);
	map->count += page_set(page, id & (PAGE_IDS - 1), value);
	map->bytes += page_bytes(page);
}

void id_map_remove(struct id_map *map, uint64_t id)
{
	struct id_page *page = find_page(map, id);

	if (page == NULL)
		return;
	map->bytes -= page_bytes(page);
	map->count -= page_remove(page, id & (PAGE_IDS - 1));
	map->bytes += page_bytes(page);
	if (page->live == 0)
		drop_page(map, id);
}

void id_map_prefetch(const struct id_map *map, uint64_t id)
{
	const struct id_page *page = find_page(map, id);

	if (page != NULL && !page->is_list)
		__builtin_prefetch((const uint8_t *)page->values +
		                   (id & (PAGE_IDS - 1)) * value_size(page));
}

/* The first page that has ids from *at on; raises *at to its first id if that is higher. */
static const struct id_page *next_page(const struct id_map *map, uint64_t *at)
{
	for (uint32_t r = region_place(map, *at >> 32); r < map->region_count; r++) {
		const struct id_region *region = map->regions[r];
		uint64_t id = *at > region->number << 32 ? *at : region->number << 32;

		do {
			uint64_t branch_number = id >> 22 & (REGION_BRANCHES - 1);
			const struct id_branch *branch = region->branches[branch_number];

			if (branch == NULL) {
				id = (id | ((1 << 22) - 1)) + 1;
			} else if (branch->pages[id >> 12 & (BRANCH_PAGES - 1)] == NULL) {
				id = (id | (PAGE_IDS - 1)) + 1;
			} else {
				*at = id;
				return branch->pages[id >> 12 & (BRANCH_PAGES - 1)];
			}
		} while (id >> 32 == region->number);
	}
	return NULL;
}

/* Whether to go on. */
static bool page_each(const struct id_page *page, uint64_t first, uint64_t from,
                      bool (*each)(void *context, uint64_t id, uint64_t value), void *context)
{
	uint32_t slot = from > first ? (uint32_t)(from - first) : 0;
	uint32_t place = page->is_list ? list_place(page, slot) : slot;
	uint32_t places = page->is_list ? page->live : PAGE_IDS;
	uint64_t value;

	for (; place < places; place++) {
		uint64_t id = first + (page->is_list ? page->slots[place] : place);

		if (page_load(page, place, &value) && !each(context, id, value))
			return false;
	}
	return true;
}

void id_map_each(const struct id_map *map, uint64_t from,
                 bool (*each)(void *context, uint64_t id, uint64_t value), void *context)
{
	for (uint64_t at = from;;) {
		const struct id_page *page = next_page(map, &at);

		if (page == NULL ||
		    !page_each(page, at & ~(uint64_t)(PAGE_IDS - 1), at, each, context))
			return;
		at = (at | (PAGE_IDS - 1)) + 1;
		if (at == 0)
			return;
	}
}
