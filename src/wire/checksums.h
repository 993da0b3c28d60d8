/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checksums of a packet's data: one u32be for each chunk, the last of which may be short.
 */
#ifndef HOLDFAST_WIRE_CHECKSUMS_H
#define HOLDFAST_WIRE_CHECKSUMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "proto/hdfs.pb-c.h"

enum { WIRE_CHECKSUM_BYTES = 4, WIRE_CHUNK_BYTES_MAX = 1 << 20 };

struct wire_checksum {
	Hdfs__ChecksumType type;
	uint32_t chunk_bytes; /* of data that one covers */
};

/* NULL, CRC32 or CRC32C with chunks of a sensible size. */
bool wire_checksum_is_known(const struct wire_checksum *checksum);
/* Bytes that the checksums of data_size bytes take. */
size_t wire_checksums_size(const struct wire_checksum *checksum, size_t data_size);
void wire_checksums_append(struct buf *buf, const struct wire_checksum *checksum, struct str data);
/* False: too few, too many, or one that does not fit its chunk. */
bool wire_checksums_fit(const struct wire_checksum *checksum, struct str data, struct str sums);

#endif
