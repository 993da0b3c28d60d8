/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checksums and hashes.
 *   crc32c       Castagnoli, as in Hadoop's packets and our segments
 *   hash64       fast, seeded; the chain from entry to entry, hash tables
 *   hash128      keyed; a record's share of the namespace digest
 */
#ifndef HOLDFAST_BASE_HASH_H
#define HOLDFAST_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hash128 {
	uint64_t low;
	uint64_t high;
};

/* CRC32C of data; `crc` is the value over what came before, 0 at the beginning. */
uint32_t crc32c(uint32_t crc, const void *data, size_t size);
/* CRC32 (zlib's polynomial), as hdfs-cli writes its packets. */
uint32_t crc32_zlib(uint32_t crc, const void *data, size_t size);

uint64_t hash64(uint64_t seed, const void *data, size_t size);
struct hash128 hash128(uint64_t key, const void *data, size_t size);

static inline bool hash128_equal(struct hash128 a, struct hash128 b)
{
	return a.low == b.low && a.high == b.high;
}

/* Sums modulo 2^128: the order of adding does not matter, and subtracting takes back. */
static inline struct hash128 hash128_add(struct hash128 a, struct hash128 b)
{
	struct hash128 sum = {.low = a.low + b.low, .high = a.high + b.high};

	sum.high += sum.low < a.low;
	return sum;
}

static inline struct hash128 hash128_subtract(struct hash128 a, struct hash128 b)
{
	struct hash128 rest = {.low = a.low - b.low, .high = a.high - b.high};

	rest.high -= a.low < b.low;
	return rest;
}

#endif
