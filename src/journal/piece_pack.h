/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pieces of checkpoints, packed for the way between masters: one gzip member each.
 *
 * A piece travels packed only if that makes it smaller; its size says which (journal/peer_wire.h).
 * Blocks, on any thread.
 */
#ifndef HOLDFAST_JOURNAL_PIECE_PACK_H
#define HOLDFAST_JOURNAL_PIECE_PACK_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

/* zlib's levels: -1 (its default) to 9.  False: it would not become smaller, or no memory; `buf`
 * is as it was. */
bool piece_pack(struct str piece, int level, struct buf *buf);
/* Appends exactly `size` bytes, however many the packed ones claim to be.  -ERR_DAMAGED: they are
 * not a piece of that size; -ERR_NO_MEMORY.  `buf` is as it was then. */
int piece_unpack(struct str packed, size_t size, struct buf *buf);

#endif
