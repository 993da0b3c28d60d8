/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/fields_private.h"

#include "proto/hdfs.pb-c.h"

enum {
	WIRE_ARRAY_COUNT_MIN = 4,
	WIRE_ARRAY_COUNT_MAX = 1 << 18, /* far above what anybody sends */
};

void *wire_allocate(struct wire_context *context, size_t size)
{
	void *memory = context->arena == NULL ? NULL : arena_alloc(context->arena, size);

	if (memory == NULL)
		context->ran_out = true;
	return memory;
}

/* Arrays grow by doubling: the capacity follows from the count. */
void *wire_append(struct wire_context *context, void *array_pointer, size_t *count, size_t size)
{
	uint8_t *array;
	bool is_full =
	        *count == 0 || (*count >= WIRE_ARRAY_COUNT_MIN && (*count & (*count - 1)) == 0);

	if (*count == WIRE_ARRAY_COUNT_MAX) {
		context->ran_out = true;
		return NULL;
	}
	memcpy(&array, array_pointer, sizeof(array));
	if (is_full) {
		size_t capacity = *count == 0 ? WIRE_ARRAY_COUNT_MIN : 2 * *count;
		uint8_t *bigger = wire_allocate(context, capacity * size);

		if (bigger == NULL)
			return NULL;
		if (*count > 0)
			memcpy(bigger, array, *count * size);
		array = bigger;
		memcpy(array_pointer, &array, sizeof(array));
	}
	return array + (*count)++ * size;
}

void wire_get_mode(struct cursor *c, struct wire_context *context, bool again, uint32_t *value)
{
	struct cursor body = cursor_of(wire_read_bytes(c));
	uint64_t seen = 0;
	uint32_t tag;

	(void)context;
	while (wire_read_tag(&body, &tag)) {
		if (tag == WIRE_TAG(1, WIRE_VARINT)) {
			*value = (uint32_t)cursor_varint(&body);
			wire_see(&seen, 1);
		} else {
			pb_check_field(&hdfs__fs_permission__descriptor, &body, tag, &seen);
		}
	}
	if (again || body.failed || seen == 0)
		cursor_fail(c);
}
