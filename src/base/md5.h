/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MD5 (RFC 1321), which HDFS makes the checksum of a block from.  For nothing that must resist
 * anybody.
 */
#ifndef HOLDFAST_BASE_MD5_H
#define HOLDFAST_BASE_MD5_H

#include <stddef.h>
#include <stdint.h>

enum { MD5_BYTES = 16, MD5_BLOCK_BYTES = 64 };

struct md5 {
	uint32_t state[4];
	uint64_t size; /* of all that was added */
	uint8_t rest[MD5_BLOCK_BYTES];
};

void md5_init(struct md5 *md5);
void md5_add(struct md5 *md5, const void *data, size_t size);
void md5_finish(struct md5 *md5, uint8_t ret_digest[MD5_BYTES]);

#endif
