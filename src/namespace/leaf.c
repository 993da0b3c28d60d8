/* SPDX-License-Identifier: Apache-2.0 */
#include "namespace/leaf.h"

#include <immintrin.h>
#include <string.h>

#include "base/check.h"
#include "base/hash.h"
#include "namespace/record.h"

enum {
	OFFSET_BITS = 10,
	OFFSET_MASK = (1 << OFFSET_BITS) - 1,
	GROUP_BYTES = 9, /* u64 parent, u8 first slot */
	SLOT_BYTES = 2,
};
static_assert(LEAF_BYTES_MAX <= 1 << OFFSET_BITS, "a slot can name every byte");

/* ---- the parts ---- */

static uint8_t *group_at(const struct leaf *leaf, unsigned group)
{
	return (uint8_t *)(leaf + 1) + (size_t)group * GROUP_BYTES;
}

static uint64_t group_parent(const struct leaf *leaf, unsigned group)
{
	uint64_t parent;

	memcpy(&parent, group_at(leaf, group), sizeof(parent));
	return parent;
}

static unsigned group_first(const struct leaf *leaf, unsigned group)
{
	return group == leaf->groups ? leaf->node.count : group_at(leaf, group)[8];
}

/* Slots are not aligned when the number of groups is odd. */
static uint8_t *slot_at(const struct leaf *leaf, unsigned slot)
{
	return group_at(leaf, leaf->groups) + (size_t)slot * SLOT_BYTES;
}

static uint16_t slot_get(const struct leaf *leaf, unsigned slot)
{
	uint16_t value;

	memcpy(&value, slot_at(leaf, slot), sizeof(value));
	return value;
}

static void slot_set(struct leaf *leaf, unsigned slot, uint16_t value)
{
	memcpy(slot_at(leaf, slot), &value, sizeof(value));
}

static size_t leaf_size(const struct leaf *leaf)
{
	return (size_t)leaf->node.granules * GRANULE_BYTES;
}

static size_t front_bytes(const struct leaf *leaf)
{
	return sizeof(*leaf) + (size_t)leaf->groups * GROUP_BYTES +
	       (size_t)leaf->node.count * SLOT_BYTES;
}

void leaf_init(struct leaf *leaf, uint32_t number)
{
	struct node node = leaf->node;

	*leaf = (struct leaf){.node = node, .number = number};
	leaf->node.count = 0;
	leaf->heap = (uint16_t)leaf_size(leaf);
}

uint16_t leaf_fingerprint(struct str name)
{
	return (uint16_t)(hash64(0, name.data, name.size) & ~(uint64_t)OFFSET_MASK);
}

uint8_t *leaf_record(const struct leaf *leaf, unsigned slot)
{
	return (uint8_t *)leaf + (slot_get(leaf, slot) & OFFSET_MASK);
}

/* ---- finding ---- */

/* The group of `parent`, or where it would stand. */
static bool find_group(const struct leaf *leaf, uint64_t parent, unsigned *ret_group)
{
	unsigned group = 0;

	while (group < leaf->groups && group_parent(leaf, group) < parent)
		group++;
	*ret_group = group;
	return group < leaf->groups && group_parent(leaf, group) == parent;
}

static unsigned group_of_slot(const struct leaf *leaf, unsigned slot)
{
	unsigned group = 0;

	while (group + 1u < leaf->groups && group_first(leaf, group + 1) <= slot)
		group++;
	return group;
}

uint64_t leaf_parent(const struct leaf *leaf, unsigned slot)
{
	return group_parent(leaf, group_of_slot(leaf, slot));
}

unsigned leaf_group_end(const struct leaf *leaf, unsigned slot)
{
	return group_first(leaf, group_of_slot(leaf, slot) + 1);
}

static bool has_fingerprint(const struct leaf *leaf, unsigned slot, uint16_t fingerprint)
{
	return ((slot_get(leaf, slot) ^ fingerprint) & ~OFFSET_MASK) == 0;
}

/* Looks at eight slots at once. */
static unsigned skip_eights(const struct leaf *leaf, unsigned slot, unsigned end,
                            uint16_t fingerprint)
{
	__m128i mask = _mm_set1_epi16((short)~OFFSET_MASK);
	__m128i wanted = _mm_set1_epi16((short)(fingerprint & ~OFFSET_MASK));

	for (; slot + 8 <= end; slot += 8) {
		__m128i eight = _mm_loadu_si128((const __m128i *)(void *)slot_at(leaf, slot));
		__m128i hits = _mm_cmpeq_epi16(_mm_and_si128(eight, mask), wanted);

		if (_mm_movemask_epi8(hits) != 0)
			break;
	}
	return slot;
}

bool leaf_candidate(const struct leaf *leaf, uint64_t parent, uint16_t fingerprint, unsigned *slot)
{
	unsigned group;
	unsigned first;
	unsigned end;

	if (!find_group(leaf, parent, &group))
		return false;
	first = group_first(leaf, group);
	end = group_first(leaf, group + 1);
	if (*slot < first)
		*slot = first;
	*slot = skip_eights(leaf, *slot, end, fingerprint);
	while (*slot < end && !has_fingerprint(leaf, *slot, fingerprint))
		(*slot)++;
	return *slot < end;
}

static int compare_at(const struct leaf *leaf, unsigned slot, struct str name)
{
	return str_compare(record_name(leaf_record(leaf, slot)), name);
}

bool leaf_place(const struct leaf *leaf, uint64_t parent, struct str name,
                struct leaf_place *ret_place)
{
	unsigned group;
	bool has_group = find_group(leaf, parent, &group);
	unsigned low = group_first(leaf, group);
	unsigned high = has_group ? group_first(leaf, group + 1) : low;
	bool is_there = false;

	if (low < high && compare_at(leaf, high - 1, name) < 0)
		low = high; /* names are mostly made in order */
	while (low < high) {
		unsigned middle = (low + high) / 2;
		int order = compare_at(leaf, middle, name);

		if (order < 0) {
			low = middle + 1;
		} else {
			is_there |= order == 0;
			high = middle;
		}
	}
	*ret_place = (struct leaf_place){group, low, has_group};
	return is_there;
}

bool leaf_find_id(const struct leaf *leaf, uint64_t id, unsigned *ret_slot)
{
	for (unsigned slot = 0; slot < leaf->node.count; slot++)
		if (record_id(leaf_record(leaf, slot)) == id) {
			*ret_slot = slot;
			return true;
		}
	return false;
}

/* ---- room ---- */

size_t leaf_bytes_for(const struct leaf_place *place, size_t record_bytes)
{
	return record_bytes + SLOT_BYTES + (place->has_group ? 0 : GROUP_BYTES);
}

size_t leaf_bytes_free(const struct leaf *leaf)
{
	return leaf->heap - front_bytes(leaf);
}

size_t leaf_bytes_used(const struct leaf *leaf)
{
	return front_bytes(leaf) + leaf_size(leaf) - leaf->heap - leaf->waste;
}

/* ---- changing ---- */

static void shift_groups(struct leaf *leaf, unsigned from, int by)
{
	for (unsigned group = from; group < leaf->groups; group++)
		group_at(leaf, group)[8] = (uint8_t)(group_at(leaf, group)[8] + by);
}

static void open_group(struct leaf *leaf, unsigned group, uint64_t parent, unsigned first)
{
	uint8_t *at = group_at(leaf, group);

	memmove(at + GROUP_BYTES, at, front_bytes(leaf) - (size_t)(at - (uint8_t *)leaf));
	memcpy(at, &parent, sizeof(parent));
	at[8] = (uint8_t)first;
	leaf->groups++;
}

static void close_group(struct leaf *leaf, unsigned group)
{
	uint8_t *at = group_at(leaf, group);

	memmove(at, at + GROUP_BYTES,
	        front_bytes(leaf) - (size_t)(at + GROUP_BYTES - (uint8_t *)leaf));
	leaf->groups--;
}

void leaf_insert(struct leaf *leaf, const struct leaf_place *place, uint64_t parent,
                 uint16_t fingerprint, const uint8_t *record, size_t record_bytes)
{
	uint8_t *at;

	CHECK(leaf_bytes_free(leaf) >= leaf_bytes_for(place, record_bytes));
	if (!place->has_group)
		open_group(leaf, place->group, parent, place->slot);
	at = slot_at(leaf, place->slot);
	memmove(at + SLOT_BYTES, at, (leaf->node.count - place->slot) * (size_t)SLOT_BYTES);
	leaf->node.count++;
	shift_groups(leaf, place->group + 1, 1);
	leaf->heap = (uint16_t)(leaf->heap - record_bytes);
	memcpy((uint8_t *)leaf + leaf->heap, record, record_bytes);
	slot_set(leaf, place->slot, (uint16_t)(leaf->heap | (fingerprint & ~OFFSET_MASK)));
}

void leaf_remove(struct leaf *leaf, const struct leaf_place *place)
{
	uint8_t *record = leaf_record(leaf, place->slot);
	size_t record_bytes = record_size(record);
	uint8_t *at = slot_at(leaf, place->slot);
	unsigned left = group_first(leaf, place->group + 1) - group_first(leaf, place->group) - 1;

	if (record == (uint8_t *)leaf + leaf->heap)
		leaf->heap = (uint16_t)(leaf->heap + record_bytes);
	else
		leaf->waste = (uint16_t)(leaf->waste + record_bytes);
	memmove(at, at + SLOT_BYTES, (leaf->node.count - place->slot - 1) * (size_t)SLOT_BYTES);
	leaf->node.count--;
	shift_groups(leaf, place->group + 1, -1);
	if (left == 0)
		close_group(leaf, place->group);
}

void leaf_append(struct leaf *to_leaf, const struct leaf *leaf, unsigned from, unsigned to)
{
	for (unsigned slot = from; slot < to; slot++) {
		const uint8_t *record = leaf_record(leaf, slot);
		uint64_t parent = leaf_parent(leaf, slot);
		struct leaf_place place = {.group = to_leaf->groups, .slot = to_leaf->node.count};

		if (to_leaf->groups > 0 && group_parent(to_leaf, to_leaf->groups - 1u) == parent) {
			place.group--;
			place.has_group = true;
		}
		leaf_insert(to_leaf, &place, parent, slot_get(leaf, slot), record,
		            record_size(record));
	}
}

void leaf_copy(struct leaf *leaf, const struct leaf *from)
{
	size_t records = leaf_size(from) - from->heap;
	size_t moved = leaf_size(leaf) - leaf_size(from);

	CHECK(from->waste == 0);
	leaf->node.count = from->node.count;
	leaf->groups = from->groups;
	leaf->run = from->run;
	leaf->run_slot = from->run_slot;
	leaf->heap = (uint16_t)(from->heap + moved);
	memcpy(leaf + 1, from + 1, front_bytes(from) - sizeof(*from));
	memcpy((uint8_t *)leaf + leaf->heap, (const uint8_t *)from + from->heap, records);
	for (unsigned slot = 0; slot < leaf->node.count; slot++)
		slot_set(leaf, slot, (uint16_t)(slot_get(leaf, slot) + moved));
}

void leaf_pack(struct leaf *leaf)
{
	uint64_t space[LEAF_BYTES_MAX / sizeof(uint64_t)];
	struct leaf *copy = (struct leaf *)(void *)space;

	if (leaf->waste == 0)
		return;
	memcpy(copy, leaf, sizeof(*leaf));
	copy->groups = 0;
	copy->node.count = 0;
	copy->waste = 0;
	copy->heap = (uint16_t)leaf_size(leaf);
	leaf_append(copy, leaf, 0, leaf->node.count);
	memcpy(leaf, copy, leaf_size(leaf));
}
