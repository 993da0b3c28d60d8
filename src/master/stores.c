/* SPDX-License-Identifier: Apache-2.0 */
#include "master/stores.h"

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "master/locations.h"

enum { NUMBERS_GROWTH_MIN = 64 };

void store_numbers_init(struct store_numbers *numbers)
{
	*numbers = (struct store_numbers){.count = 1};
}

void store_numbers_finish(struct store_numbers *numbers)
{
	mem_free(numbers->stores);
	mem_free(numbers->free.items);
	mem_free(numbers->retired.items);
	mem_free(numbers->fading.items);
}

/* Room in all three stacks for every number, so that retiring one cannot fail. */
static int stack_reserve(struct number_stack *stack, uint32_t capacity)
{
	uint32_t *items = mem_realloc(stack->items, capacity * sizeof(*items));

	if (items == NULL)
		return -ERR_NO_MEMORY;
	stack->items = items;
	stack->capacity = capacity;
	return 0;
}

static int numbers_grow(struct store_numbers *numbers)
{
	uint32_t capacity = numbers->capacity + numbers->capacity / 2 + NUMBERS_GROWTH_MIN;
	struct store **stores;

	if (numbers->count > LOCATION_NUMBER_MAX)
		return -ERR_TOO_LARGE;
	if (stack_reserve(&numbers->free, capacity) < 0 ||
	    stack_reserve(&numbers->retired, capacity) < 0 ||
	    stack_reserve(&numbers->fading, capacity) < 0)
		return -ERR_NO_MEMORY;
	stores = mem_realloc(numbers->stores, capacity * sizeof(struct store *));
	if (stores == NULL)
		return -ERR_NO_MEMORY;
	stores[0] = NULL;
	numbers->stores = stores;
	numbers->capacity = capacity;
	return 0;
}

static void stack_push(struct number_stack *stack, uint32_t number)
{
	CHECK(stack->count < stack->capacity);
	stack->items[stack->count++] = number;
}

int store_numbers_take(struct store_numbers *numbers, struct store *store, uint32_t *ret_number)
{
	uint32_t number;

	if (numbers->free.count > 0) {
		number = numbers->free.items[--numbers->free.count];
	} else {
		if (numbers->count >= numbers->capacity) {
			int rc = numbers_grow(numbers);

			if (rc < 0)
				return rc;
		}
		number = numbers->count++;
	}
	numbers->stores[number] = store;
	*ret_number = number;
	return 0;
}

void store_numbers_retire(struct store_numbers *numbers, uint32_t number)
{
	CHECK(numbers->stores[number] != NULL);
	numbers->stores[number] = NULL;
	stack_push(&numbers->retired, number);
}

void store_numbers_scan_begins(struct store_numbers *numbers)
{
	while (numbers->retired.count > 0)
		stack_push(&numbers->fading, numbers->retired.items[--numbers->retired.count]);
}

void store_numbers_scan_ended(struct store_numbers *numbers)
{
	while (numbers->fading.count > 0)
		stack_push(&numbers->free, numbers->fading.items[--numbers->fading.count]);
}

struct store *store_of(const struct store_numbers *numbers, uint32_t number)
{
	return numbers->stores[number];
}
