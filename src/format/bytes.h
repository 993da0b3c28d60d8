/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the folder's encoders of fixed layouts: integers in place, and checksums that leave out their
 * own four bytes.
 */
#ifndef HOLDFAST_FORMAT_BYTES_H
#define HOLDFAST_FORMAT_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/cursor.h"
#include "base/hash.h"

/* Little endian; *at moves on. */
static inline void put_le(uint8_t **at, uint64_t value, size_t bytes)
{
	memcpy(*at, &value, bytes);
	*at += bytes;
}

static inline void put_bytes(uint8_t **at, const void *data, size_t size)
{
	memcpy(*at, data, size);
	*at += size;
}

static inline uint32_t crc_around(const uint8_t *bytes, size_t size, size_t crc_at)
{
	uint32_t crc = crc32c(0, bytes, crc_at);

	return crc32c(crc, bytes + crc_at + 4, size - crc_at - 4);
}

static inline void crc_put(uint8_t *bytes, size_t size, size_t crc_at)
{
	uint8_t *at = bytes + crc_at;

	put_le(&at, crc_around(bytes, size, crc_at), 4);
}

static inline bool crc_holds(const uint8_t *bytes, size_t size, size_t crc_at)
{
	struct cursor c = cursor_make(bytes + crc_at, 4);

	return cursor_le(&c, 4) == crc_around(bytes, size, crc_at);
}

#endif
