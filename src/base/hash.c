/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

/* Into this file: what is hashed is short, and most of its cost was the call. */
#define XXH_INLINE_ALL
#include <isa-l/crc.h>
#include <xxhash.h>

/* ISA-L wants the register, not the finished value: ~ on the way in and out. */
uint32_t crc32c(uint32_t crc, const void *data, size_t size)
{
	const unsigned char *at = data;
	uint32_t state = ~crc;

	while (size > 0) {
		int piece = size > (1u << 30) ? 1 << 30 : (int)size;

		state = crc32_iscsi((unsigned char *)(uintptr_t)at, piece, state);
		at += piece;
		size -= (size_t)piece;
	}
	return ~state;
}

uint32_t crc32_zlib(uint32_t crc, const void *data, size_t size)
{
	return crc32_gzip_refl(crc, data, size);
}

uint64_t hash64(uint64_t seed, const void *data, size_t size)
{
	return XXH3_64bits_withSeed(data, size, seed);
}

struct hash128 hash128(uint64_t key, const void *data, size_t size)
{
	XXH128_hash_t hash = XXH3_128bits_withSeed(data, size, key);

	return (struct hash128){.low = hash.low64, .high = hash.high64};
}
