/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a checkpoint file block by block, past the page cache.  Blocks the caller; one thread at a
 * time.  Whether the file is good is only known when its footer was read.
 */
#ifndef HOLDFAST_JOURNAL_CHECKPOINT_READ_H
#define HOLDFAST_JOURNAL_CHECKPOINT_READ_H

#include <stdatomic.h>

#include "format/checkpoint.h"
#include "io/io.h"

struct checkpoint_reader;

/* Any error after this: *ret_text.  `path` is copied; the file's name does not matter. */
int checkpoint_reader_open(struct io *io, const char *path, const char *cluster_id,
                           struct checkpoint_reader **ret_reader, char **ret_text);
/* The one that has this index, by its name and by its header. */
int checkpoint_reader_open_index(struct io *io, const char *folder, uint64_t index,
                                 const char *cluster_id, struct checkpoint_reader **ret_reader,
                                 char **ret_text);
void checkpoint_reader_close(struct checkpoint_reader *reader); /* NULL is fine */

const struct checkpoint_header *checkpoint_reader_header(const struct checkpoint_reader *reader);
uint64_t checkpoint_reader_file_bytes(const struct checkpoint_reader *reader);

/* 1: the next block's records were appended; 0: that was all, footer and counts are right.
 * -ERR_DAMAGED and others: *ret_text. */
int checkpoint_reader_next(struct checkpoint_reader *reader, struct buf *records, char **ret_text);
/* Reads all that is left, for what is wrong with it.  *is_given_up (may be NULL) ends that early:
 * -ERR_CLOSED. */
int checkpoint_reader_check(struct checkpoint_reader *reader, const atomic_bool *is_given_up,
                            char **ret_text);
/* After either of them returned 0. */
const struct checkpoint_footer *checkpoint_reader_footer(const struct checkpoint_reader *reader);
/* Bytes of the file read so far. */
uint64_t checkpoint_reader_at(const struct checkpoint_reader *reader);

#endif
