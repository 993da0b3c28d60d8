/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An entry: one record of the journal, as bytes.
 *
 *    0  4  length of the whole entry
 *    4  4  CRC32C of the entry without this field
 *    8  8  index, from 1, no holes
 *   16  8  epoch of the writer that first wrote it
 *   24  2  kind (format/entry_kinds.def)
 *   26  1  version of the kind's fields
 *   27  1  zero
 *   28  n  payload
 *  28+n 8  chain hash: a fast hash of bytes 8 to 28+n, seeded with the chain hash of the entry
 *          before (0 before entry 1)
 *
 * Little endian.  The CRC says whether these bytes are what was written; index and chain say
 * whether this is the entry that follows the one before.  So a hole and corruption are told apart.
 * An entry is copied from segment to segment unchanged: index, epoch and chain are its own.
 */
#ifndef HOLDFAST_FORMAT_ENTRY_H
#define HOLDFAST_FORMAT_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "base/str.h"

enum {
	ENTRY_HEADER_BYTES = 28,
	ENTRY_CHAIN_BYTES = 8,
	ENTRY_OVERHEAD_BYTES = ENTRY_HEADER_BYTES + ENTRY_CHAIN_BYTES
};

struct entry {
	uint64_t index;
	uint64_t epoch;
	uint16_t kind;
	uint8_t version;
	struct str payload;
	uint64_t chain; /* hash of this entry and all before it */
};

static inline size_t entry_size(size_t payload_bytes)
{
	return payload_bytes + ENTRY_OVERHEAD_BYTES;
}

/* Appends the entry and sets entry->chain.  Out of memory: buf->failed, the content of buf is then
 * what it was. */
void entry_encode(struct entry *entry, uint64_t chain_before, struct buf *buf);

/* Takes the next entry from bytes that entry_check() went over before; payload points into them.
 * False: no whole entry is left there. */
bool entry_next(struct cursor *bytes, struct entry *ret_entry);

enum entry_finding {
	ENTRY_GOOD,
	ENTRY_BAD,    /* length, checksum or reserved bits */
	ENTRY_HOLE,   /* good by itself, but its index is not the next one */
	ENTRY_FOREIGN /* its chain hash or epoch does not follow from the entry before */
};
/* Takes the next entry and checks it against the one before (index, epoch, chain; all 0 before
 * entry 1).  The cursor moves, and *ret_entry is set, only when it is good. */
enum entry_finding entry_check(struct cursor *bytes, const struct entry *before,
                               struct entry *ret_entry);

#endif
