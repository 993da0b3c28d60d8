/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of one size, named by 32-bit numbers from 1; a row never moves, and freed numbers are used
 * again.  A row's first 4 bytes are the pool's while it is free.
 */
#ifndef HOLDFAST_NAMESPACE_POOL_H
#define HOLDFAST_NAMESPACE_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "namespace/region.h"

enum { POOL_ROWS_MAX = 1 << 28 }; /* for tables without a reason of their own */

struct pool {
	struct region memory;
	size_t row_size;
	uint32_t fresh; /* numbers from here on were never handed out */
	uint32_t free;  /* first row given back */
	uint32_t used;  /* rows handed out */
};

/* Reserves room for `rows_max` rows; a full pool stops the process. */
void pool_init(struct pool *pool, size_t row_size, uint32_t rows_max);
void pool_finish(struct pool *pool);
uint32_t pool_take(struct pool *pool); /* zeroed */
void pool_free(struct pool *pool, uint32_t number);

static inline void *pool_at(const struct pool *pool, uint32_t number)
{
	return pool->memory.base + (size_t)number * pool->row_size;
}

static inline uint64_t pool_bytes(const struct pool *pool)
{
	return (uint64_t)pool->fresh * pool->row_size;
}

#endif
