/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/block_table.h"

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"

enum { CAPACITY_MIN = 1024 };

void block_table_finish(struct block_table *table)
{
	mem_free(table->slots);
	*table = (struct block_table){0};
}

static size_t home_of(const struct block_table *table, uint64_t id)
{
	return (size_t)hash64(0, &id, sizeof(id)) & (table->capacity - 1);
}

/* The slot of this id, or the free one where it would go. */
static struct stored_block *slot_of(const struct block_table *table, uint64_t id)
{
	size_t at = home_of(table, id);

	while (table->slots[at].id != 0 && table->slots[at].id != id)
		at = (at + 1) & (table->capacity - 1);
	return &table->slots[at];
}

struct stored_block *block_table_find(const struct block_table *table, uint64_t id)
{
	struct stored_block *slot;

	if (table->count == 0 || id == 0)
		return NULL;
	slot = slot_of(table, id);
	return slot->id == id ? slot : NULL;
}

static int grow(struct block_table *table)
{
	struct block_table bigger = {.capacity = table->capacity == 0 ? CAPACITY_MIN
	                                                              : table->capacity * 2,
	                             .count = table->count};

	bigger.slots = mem_zalloc(bigger.capacity * sizeof(*bigger.slots));
	if (bigger.slots == NULL)
		return -ERR_NO_MEMORY;
	for (size_t i = 0; i < table->capacity; i++) {
		if (table->slots[i].id != 0)
			*slot_of(&bigger, table->slots[i].id) = table->slots[i];
	}
	mem_free(table->slots);
	*table = bigger;
	return 0;
}

int block_table_add(struct block_table *table, const struct stored_block *block)
{
	CHECK(block->id != 0);
	if (table->count * 4 >= table->capacity * 3) {
		int rc = grow(table);

		if (rc < 0)
			return rc;
	}
	*slot_of(table, block->id) = *block;
	table->count++;
	return 0;
}

void block_table_remove(struct block_table *table, uint64_t id)
{
	struct stored_block *slot = block_table_find(table, id);
	size_t hole, at;

	if (slot == NULL)
		return;
	/* What follows moves up into the hole unless its own home lies behind it. */
	hole = (size_t)(slot - table->slots);
	for (at = (hole + 1) & (table->capacity - 1); table->slots[at].id != 0;
	     at = (at + 1) & (table->capacity - 1)) {
		size_t home = home_of(table, table->slots[at].id);

		if (((at - home) & (table->capacity - 1)) >=
		    ((at - hole) & (table->capacity - 1))) {
			table->slots[hole] = table->slots[at];
			hole = at;
		}
	}
	table->slots[hole] = (struct stored_block){0};
	table->count--;
}
