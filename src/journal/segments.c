/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/segments.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"

enum { CAPACITY_MIN = 16 };

bool segments_reserve(struct segments *segments)
{
	size_t capacity = segments->capacity == 0 ? CAPACITY_MIN : 2 * segments->capacity;
	struct segment_id *ids;

	if (segments->count < segments->capacity)
		return true;
	ids = mem_realloc(segments->ids, capacity * sizeof(*ids));
	if (ids == NULL)
		return false;
	segments->ids = ids;
	segments->capacity = capacity;
	return true;
}

void segments_add(struct segments *segments, struct segment_id id)
{
	CHECK(segments->count < segments->capacity);
	segments->ids[segments->count++] = id;
}

void segments_remove_newest(struct segments *segments)
{
	CHECK(segments->count > 0);
	segments->count--;
}

void segments_cut(struct segments *segments, uint64_t last)
{
	while (segments->count > 0 && segments->ids[segments->count - 1].first_index > last)
		segments->count--;
}

static size_t count_before(const struct segments *segments, uint64_t index)
{
	size_t count = 0;

	while (count + 1 < segments->count && segments->ids[count + 1].first_index <= index)
		count++;
	return count;
}

struct segment_id segments_first_with(const struct segments *segments, uint64_t index)
{
	if (segments->count == 0 || segments->ids[0].first_index > index)
		return (struct segment_id){0};
	return segments->ids[count_before(segments, index)];
}

void segments_drop(struct segments *segments, uint64_t index)
{
	size_t gone = count_before(segments, index);

	if (gone == 0)
		return;
	segments->count -= gone;
	memmove(segments->ids, segments->ids + gone, segments->count * sizeof(*segments->ids));
}

struct segment_id segments_newest(const struct segments *segments)
{
	return segments->count == 0 ? (struct segment_id){0} : segments->ids[segments->count - 1];
}

void segments_finish(struct segments *segments)
{
	mem_free(segments->ids);
	*segments = (struct segments){0};
}
