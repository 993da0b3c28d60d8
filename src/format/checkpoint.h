/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A checkpoint: the whole state at one index, as bytes.
 *
 * Header (4096 bytes, the rest is zero):
 *    0  8  magic "HFCHKPNT"
 *    8  4  version: 1
 *   12  4  CRC32C of the 4096 bytes without this field
 *   16  8  index: the last entry that is in it ...
 *   24  8  ... that entry's epoch ...
 *   32  8  ... and chain hash
 *   40  8  when it was begun, milliseconds since 1970 (only shown)
 *   48 64  cluster id, padded with zeros
 *  112  8  list of members in effect at that index: index of the entry that it came with ...
 *  120  4  ... and its bytes (raft/members.h); 0: none, the master was always alone
 *  124  4  zero
 *  128  n  the list
 * Blocks, each a header of 32 bytes and data:
 *    0  4  magic "HFCB"
 *    4  4  CRC32C of header (without this field) and data
 *    8  4  bytes of data here
 *   12  4  bytes of records in it
 *   16  4  how it is packed: 0 as it is, 1 zstd
 *   20  4  zero
 *   24  8  number of the block, from 0
 * Footer (96 bytes), after which the file ends:
 *    0  4  magic "HFCF"
 *    4  4  CRC32C of the 96 bytes without this field
 *    8  8  blocks
 *   16  8  records
 *   24  8  bytes of records
 *   32  8  its own offset in the file
 *   40 16  digest of the state (low, high)
 *   56  8  index   \
 *   64  8  epoch    > as in the header
 *   72  8  chain   /
 *   80  8  hash chained over the CRCs of all blocks
 *   88  8  zero
 *
 * Records are the state machine's and mean nothing here.  A checkpoint is written under a temporary
 * name, synced, read back, and only then renamed: one under its own name is whole, and its index
 * counts as a commit mark.  Little endian.
 */
#ifndef HOLDFAST_FORMAT_CHECKPOINT_H
#define HOLDFAST_FORMAT_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/str.h"
#include "format/segment.h"

enum {
	CHECKPOINT_HEADER_BYTES = 4096,
	CHECKPOINT_MEMBERS_BYTES_MAX = CHECKPOINT_HEADER_BYTES - 128,
	CHECKPOINT_BLOCK_HEADER_BYTES = 32,
	CHECKPOINT_FOOTER_BYTES = 96,
	CHECKPOINT_BLOCK_BYTES_MAX = 256 << 20, /* of records in one block */
};

struct checkpoint_header {
	uint64_t index;
	uint64_t epoch;
	uint64_t chain;
	uint64_t created_ms;
	char cluster_id[CLUSTER_ID_BYTES_MAX + 1];
	uint64_t members_index;
	uint32_t members_bytes; /* at most CHECKPOINT_MEMBERS_BYTES_MAX; 0: no list */
	uint8_t members[CHECKPOINT_MEMBERS_BYTES_MAX]; /* not looked at here */
};

struct checkpoint_block {
	uint32_t data_bytes;
	uint32_t record_bytes;
	uint32_t packing;
	uint64_t number;
	uint32_t crc;
};

struct checkpoint_footer {
	uint64_t blocks;
	uint64_t records;
	uint64_t record_bytes;
	uint64_t offset;
	struct hash128 digest;
	uint64_t index;
	uint64_t epoch;
	uint64_t chain;
	uint64_t blocks_hash;
};

/* Fills CHECKPOINT_HEADER_BYTES. */
void checkpoint_header_encode(const struct checkpoint_header *header, uint8_t *bytes);
/* -ERR_DAMAGED, -ERR_UNSUPPORTED: *ret_why. */
int checkpoint_header_decode(const uint8_t *bytes, struct checkpoint_header *ret_header,
                             const char **ret_why);

/* Packs `records` and appends a whole block. */
int checkpoint_block_encode(uint64_t number, struct str records, struct buf *buf,
                            struct checkpoint_block *ret_block);
/* What follows in the file, from CHECKPOINT_BLOCK_HEADER_BYTES of it. */
enum checkpoint_part { CHECKPOINT_BLOCK, CHECKPOINT_FOOTER, CHECKPOINT_NEITHER };
enum checkpoint_part checkpoint_part(const uint8_t *bytes);
/* The block's header alone: how much data follows.  Sizes are within bounds. */
int checkpoint_block_header(const uint8_t *bytes, struct checkpoint_block *ret_block,
                            const char **ret_why);
/* Header and data: checks them and appends the records to buf. */
int checkpoint_block_decode(const uint8_t *bytes, uint64_t number, struct buf *records,
                            struct checkpoint_block *ret_block, const char **ret_why);

/* Fills CHECKPOINT_FOOTER_BYTES. */
void checkpoint_footer_encode(const struct checkpoint_footer *footer, uint8_t *bytes);
int checkpoint_footer_decode(const uint8_t *bytes, struct checkpoint_footer *ret_footer,
                             const char **ret_why);

/* Counts over the blocks on the way, for writer and reader alike. */
struct checkpoint_tally {
	uint64_t blocks;
	uint64_t record_bytes;
	uint64_t file_bytes; /* header and blocks so far */
	uint64_t blocks_hash;
};
void checkpoint_tally_init(struct checkpoint_tally *tally);
void checkpoint_tally_add(struct checkpoint_tally *tally, const struct checkpoint_block *block);
/* The footer must say the same as the header and the blocks that were read; NULL: it does. */
const char *checkpoint_differs(const struct checkpoint_footer *footer,
                               const struct checkpoint_header *header,
                               const struct checkpoint_tally *tally, uint64_t file_bytes);

#endif
