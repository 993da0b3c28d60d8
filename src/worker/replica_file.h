/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two files of a replica: data and checksums.  Functions block; they run on a disk thread, and
 * use nothing but the folder's path.
 *
 * A replica is written under rbw/ and moved to finalized/ once its data, its checksums and then the
 * folders are synced: what is reported to a master survives a power cut.
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
/* offset is a multiple of chunk_bytes and not beyond what was written; what stood there is replaced
 * (a client may send a chunk again that was not full). */
MUST_USE int replica_writer_write(struct replica_writer *writer, uint64_t offset, struct str data,
                                  struct str checksums);
MUST_USE int replica_writer_sync(struct replica_writer *writer);
/* Syncs and moves the replica to its place.  The writer must still be closed. */
MUST_USE int replica_writer_finalize(struct replica_writer *writer);
/* Removes the files unless they were finalized; frees. */
void replica_writer_close(struct replica_writer *writer); /* NULL is fine */
uint64_t replica_writer_length(const struct replica_writer *writer);

/* ---- reading ---- */

struct replica_reader;

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
