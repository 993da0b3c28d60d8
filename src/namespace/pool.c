/* SPDX-License-Identifier: Apache-2.0 */
#include "namespace/pool.h"

#include <string.h>

#include "base/check.h"

void pool_init(struct pool *pool, size_t row_size, uint32_t rows_max)
{
	CHECK(row_size >= sizeof(uint32_t));
	*pool = (struct pool){.row_size = row_size, .fresh = 1};
	region_init(&pool->memory, row_size * rows_max);
}

void pool_finish(struct pool *pool)
{
	region_finish(&pool->memory);
}

uint32_t pool_take(struct pool *pool)
{
	uint32_t number = pool->free;

	if (number != 0) {
		memcpy(&pool->free, pool_at(pool, number), sizeof(pool->free));
	} else {
		number = pool->fresh;
		if ((size_t)(number + 1) * pool->row_size > pool->memory.size)
			fatal_damage("a table of the namespace is full at %u rows of %zu bytes",
			             number, pool->row_size);
		pool->fresh++;
		region_reach(&pool->memory, pool_bytes(pool));
	}
	memset(pool_at(pool, number), 0, pool->row_size);
	pool->used++;
	return number;
}

void pool_free(struct pool *pool, uint32_t number)
{
	CHECK(number > 0 && number < pool->fresh && pool->used > 0);
	memcpy(pool_at(pool, number), &pool->free, sizeof(pool->free));
	pool->free = number;
	pool->used--;
}
