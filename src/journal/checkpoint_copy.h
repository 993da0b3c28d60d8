/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checkpoints on their way from one master to another, as the bytes of the file.
 *
 *   checkpoint_source  gives pieces of one of ours
 *   checkpoint_sink    puts pieces together to a file, and takes it for a checkpoint only when all
 *                      of it was read back and found good
 *
 * Everything blocks, on one thread at a time each.
 */
#ifndef HOLDFAST_JOURNAL_CHECKPOINT_COPY_H
#define HOLDFAST_JOURNAL_CHECKPOINT_COPY_H

#include <stdatomic.h>

#include "base/buf.h"
#include "format/checkpoint.h"
#include "io/io.h"

/* ---- giving ---- */

struct checkpoint_source;

/* `folder` must outlive the source. */
int checkpoint_source_create(struct io *io, const char *folder,
                             struct checkpoint_source **ret_source);
void checkpoint_source_destroy(struct checkpoint_source *source); /* NULL is fine */

struct checkpoint_chunk {
	uint64_t index, epoch; /* last entry in the checkpoint */
	bool is_last;
};
/* Appends up to bytes_max bytes from `offset` of the checkpoint of `index`; 0: of the newest good
 * one.  A file that was begun stays open until its last piece, so that it can be read to its end
 * after it was removed; two at a time.  Offset 0 opens it again, for another may have taken its
 * place.  -ERR_NO_FILE: there is none, or not that one, or nothing is at `offset`: begin anew.
 * Others: *ret_text. */
int checkpoint_source_read(struct checkpoint_source *source, const char *cluster_id, uint64_t index,
                           uint64_t offset, size_t bytes_max, struct buf *bytes,
                           struct checkpoint_chunk *ret_chunk, char **ret_text);

/* ---- taking ---- */

struct checkpoint_sink;

/* `folder` must outlive the sink. */
int checkpoint_sink_create(struct io *io, const char *folder, struct checkpoint_sink **ret_sink);
/* Removes what was not finished.  NULL is fine. */
void checkpoint_sink_destroy(struct checkpoint_sink *sink);

/* The piece at `offset` of the checkpoint of `index`, durable when it returns.  Offset 0 begins the
 * file, and drops one that was begun before.  -ERR_INVALID: it does not follow the piece before;
 * this and any other error: nothing is kept, begin anew. */
int checkpoint_sink_store(struct checkpoint_sink *sink, uint64_t index, uint64_t offset,
                          struct str piece);
/* After the last piece: reads all of it; if it is a good checkpoint of that index and this cluster,
 * it is there under its own name, durably, when this returns.  Header and footer (either may be
 * NULL) say what it holds.  *is_given_up ends the reading early (-ERR_CLOSED).  After an error
 * nothing is kept; *ret_text. */
int checkpoint_sink_finish(struct checkpoint_sink *sink, const char *cluster_id,
                           const atomic_bool *is_given_up, struct checkpoint_header *ret_header,
                           struct checkpoint_footer *ret_footer, char **ret_text);

#endif
