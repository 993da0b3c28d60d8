/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two files of a replica: data and checksums.  Functions block; they run on a disk thread, and
 * use nothing but the folder's path.
 *
 * A replica is written under rbw/ and moved to finalized/ once its data, its checksums and then the
 * folders are synced: what is reported to a master survives a power cut.
 *
 * It can be read meanwhile.  Bytes of data that a reader may see never change, but the checksum of
 * the last chunk, if that is not full, is replaced as the chunk grows: a reader brings the one that
 * goes with its length (stored_block.last_sum) and does not take it from the file.
 */
#ifndef HOLDFAST_WORKER_REPLICA_FILE_H
#define HOLDFAST_WORKER_REPLICA_FILE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/check.h"
#include "io/io.h"
#include "wire/checksums.h"
#include "worker/block_store.h"

enum { REPLICA_PATH_MAX = 4096, REPLICA_META_HEADER_BYTES = 7 };

/* ---- writing ---- */

struct replica_writer;

MUST_USE int replica_writer_open(struct io *io, const char *folder,
                                 const struct stored_block *block,
                                 const struct wire_checksum *checksum,
                                 struct replica_writer **ret_writer);
/* Whole chunks, only the last of which may be short; offset is that of the chunk that the length
 * ends in, and the length grows.  -ERR_INVALID: it is another. */
MUST_USE int replica_writer_write(struct replica_writer *writer, uint64_t offset, struct str data,
                                  struct str checksums);
/* What was written survives a power cut. */
MUST_USE int replica_writer_sync(struct replica_writer *writer);
/* Syncs and moves the replica to its place.  The writer must still be closed. */
MUST_USE int replica_writer_finalize(struct replica_writer *writer);
/* Removes the files if nothing was written; frees. */
void replica_writer_close(struct replica_writer *writer); /* NULL is fine */
/* As it stands: after the last write, or finalized. */
const struct stored_block *replica_writer_block(const struct replica_writer *writer);

/* ---- reading ---- */

struct replica_reader;

/* A block being written may be finalized meanwhile: it is found in either place. */
MUST_USE int replica_reader_open(struct io *io, const char *folder,
                                 const struct stored_block *block,
                                 struct wire_checksum *ret_checksum,
                                 struct replica_reader **ret_reader);
/* Whole chunks from `offset` (a multiple of chunk_bytes), at most `size` bytes: appends data and
 * checksums.  -ERR_DAMAGED: a file is shorter than it must be. */
MUST_USE int replica_reader_read(struct replica_reader *reader, uint64_t offset, size_t size,
                                 struct buf *data, struct buf *checksums);
void replica_reader_close(struct replica_reader *reader); /* NULL is fine */

/* ---- deleting, scanning ---- */

MUST_USE int replica_delete(struct io *io, const char *folder, const struct stored_block *block);

#endif
