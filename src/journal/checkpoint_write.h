/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes one checkpoint file.  Everything here blocks and runs on a thread, one call at a time.
 */
#ifndef HOLDFAST_JOURNAL_CHECKPOINT_WRITE_H
#define HOLDFAST_JOURNAL_CHECKPOINT_WRITE_H

#include <stdatomic.h>

#include "format/checkpoint.h"
#include "io/io.h"
#include "journal/folder.h"

struct checkpoint_writer;

/* `folder` must outlive the writer. */
int checkpoint_writer_create(struct io *io, const char *folder,
                             const struct checkpoint_header *header,
                             struct checkpoint_writer **ret_writer);
/* Removes the file unless it was finished.  NULL is fine. */
void checkpoint_writer_destroy(struct checkpoint_writer *writer);

/* Packs and writes records as one block. */
int checkpoint_writer_add(struct checkpoint_writer *writer, struct str records);
/* Footer, sync, reading back, its own name, sync of the folder.  *is_given_up ends the reading back
 * early (-ERR_CLOSED).  *ret_text: what was wrong when it was read back. */
int checkpoint_writer_finish(struct checkpoint_writer *writer, uint64_t records,
                             struct hash128 digest, const atomic_bool *is_given_up,
                             char **ret_text);

/* Removes checkpoints but `newest` and `older`, and segments that by name come before `first`
 * (zeros: none does), the oldest first. */
int checkpoint_clean(struct io *io, const char *folder, uint64_t newest, uint64_t older,
                     struct segment_id first, uint64_t *ret_segments);

#endif
