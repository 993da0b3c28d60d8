/* SPDX-License-Identifier: Apache-2.0 */
#include "namespace/inner.h"

#include <string.h>

#include "base/check.h"

enum {
	INNER_BYTES = GRANULES_MAX * GRANULE_BYTES,
	SEPARATOR_HEAD = 9, /* u64 parent, u8 length */
};

void inner_init(struct inner *inner)
{
	inner->node.count = 0;
	inner->heap = INNER_BYTES;
	inner->waste = 0;
}

ref_t inner_child(const struct inner *inner, unsigned at)
{
	return inner->entries[at].child_low | (ref_t)inner->entries[at].child_high << 16;
}

void inner_set_child(struct inner *inner, unsigned at, ref_t child)
{
	inner->entries[at].child_low = (uint16_t)child;
	inner->entries[at].child_high = (uint16_t)(child >> 16);
}

static const uint8_t *separator_at(const struct inner *inner, unsigned at)
{
	return (const uint8_t *)inner + inner->entries[at].separator;
}

struct key inner_separator(const struct inner *inner, unsigned at)
{
	const uint8_t *bytes = separator_at(inner, at);
	struct key key;

	memcpy(&key.parent, bytes, sizeof(key.parent));
	key.name = str_make(bytes + SEPARATOR_HEAD, bytes[8]);
	return key;
}

static int key_compare(struct key a, uint64_t parent, struct str name)
{
	if (a.parent != parent)
		return a.parent < parent ? -1 : 1;
	return str_compare(a.name, name);
}

unsigned inner_find(const struct inner *inner, uint64_t parent, struct str name)
{
	unsigned low = 1; /* the first entry that may be above */
	unsigned high = inner->node.count;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (key_compare(inner_separator(inner, middle), parent, name) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low - 1;
}

unsigned inner_find_new(const struct inner *inner, uint64_t parent, struct str name)
{
	unsigned last = inner->node.count - 1u;

	if (last > 0 && key_compare(inner_separator(inner, last), parent, name) <= 0)
		return last;
	return inner_find(inner, parent, name);
}

static size_t front_bytes(const struct inner *inner)
{
	return sizeof(*inner) + inner->node.count * sizeof(struct inner_entry);
}

size_t inner_bytes_used(const struct inner *inner)
{
	return front_bytes(inner) + INNER_BYTES - inner->heap - inner->waste;
}

bool inner_has_room(const struct inner *inner, struct key separator)
{
	return inner_bytes_used(inner) + sizeof(struct inner_entry) + SEPARATOR_HEAD +
	               separator.name.size <=
	       INNER_BYTES;
}

static uint16_t keep_separator(struct inner *inner, struct key separator)
{
	uint8_t *bytes;

	inner->heap = (uint16_t)(inner->heap - SEPARATOR_HEAD - separator.name.size);
	bytes = (uint8_t *)inner + inner->heap;
	memcpy(bytes, &separator.parent, sizeof(separator.parent));
	bytes[8] = (uint8_t)separator.name.size;
	if (separator.name.size > 0)
		memcpy(bytes + SEPARATOR_HEAD, separator.name.data, separator.name.size);
	return inner->heap;
}

/* Closes the holes between separators. */
static void pack(struct inner *inner)
{
	uint64_t space[INNER_BYTES / sizeof(uint64_t)];
	struct inner *copy = (struct inner *)(void *)space;

	if (inner->waste == 0)
		return;
	memcpy(copy, inner, front_bytes(inner));
	copy->heap = INNER_BYTES;
	copy->waste = 0;
	for (unsigned at = 1; at < inner->node.count; at++)
		copy->entries[at].separator = keep_separator(copy, inner_separator(inner, at));
	memcpy(inner, copy, INNER_BYTES);
}

void inner_insert(struct inner *inner, unsigned at, ref_t child, struct key separator)
{
	size_t bytes = sizeof(struct inner_entry) + SEPARATOR_HEAD + separator.name.size;

	CHECK(inner_has_room(inner, separator));
	if (inner->heap - front_bytes(inner) < bytes)
		pack(inner);
	memmove(inner->entries + at + 1, inner->entries + at,
	        (inner->node.count - at) * sizeof(struct inner_entry));
	inner->node.count++;
	inner_set_child(inner, at, child);
	inner->entries[at].separator = at == 0 ? 0 : keep_separator(inner, separator);
}

static void forget_separator(struct inner *inner, unsigned at)
{
	if (at > 0)
		inner->waste =
		        (uint16_t)(inner->waste + SEPARATOR_HEAD + separator_at(inner, at)[8]);
	inner->entries[at].separator = 0;
}

void inner_remove(struct inner *inner, unsigned at)
{
	forget_separator(inner, at);
	if (at == 0 && inner->node.count > 1)
		forget_separator(inner, 1);
	inner->node.count--;
	memmove(inner->entries + at, inner->entries + at + 1,
	        (inner->node.count - at) * sizeof(struct inner_entry));
}

void inner_split(struct inner *inner, unsigned at, struct inner *right, struct key *ret_separator)
{
	CHECK(at > 0 && at < inner->node.count);
	*ret_separator = inner_separator(inner, at);
	for (unsigned i = at; i < inner->node.count; i++) {
		struct key separator = i == at ? (struct key){0} : inner_separator(inner, i);

		inner_insert(right, right->node.count, inner_child(inner, i), separator);
		forget_separator(inner, i);
	}
	inner->node.count = (uint8_t)at;
}

unsigned inner_middle(const struct inner *inner)
{
	size_t half = (inner_bytes_used(inner) - sizeof(*inner)) / 2;
	size_t left = sizeof(struct inner_entry);
	unsigned at = 1;

	for (; at + 1u < inner->node.count; at++) {
		size_t bytes =
		        sizeof(struct inner_entry) + SEPARATOR_HEAD + separator_at(inner, at)[8];

		if (left + bytes / 2 >= half)
			break;
		left += bytes;
	}
	return at;
}

void inner_merge(struct inner *inner, const struct inner *right, struct key separator)
{
	for (unsigned at = 0; at < right->node.count; at++)
		inner_insert(inner, inner->node.count, inner_child(right, at),
		             at == 0 ? separator : inner_separator(right, at));
}

struct key separator_between(struct key left, struct key right)
{
	size_t common = 0;

	if (left.parent != right.parent)
		return (struct key){.parent = right.parent};
	while (common < left.name.size && left.name.data[common] == right.name.data[common])
		common++;
	CHECK(common < right.name.size);
	return (struct key){.parent = right.parent, .name = str_make(right.name.data, common + 1)};
}
