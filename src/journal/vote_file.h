/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vote record on disk (format/vote.h): read once, then changed by whole records, each written
 * to both slots, synced and read back before the call returns.  Blocks; one thread at a time.
 */
#ifndef HOLDFAST_JOURNAL_VOTE_FILE_H
#define HOLDFAST_JOURNAL_VOTE_FILE_H

#include "format/vote.h"
#include "io/io.h"

struct vote_file;

/* What the record says, for those who only look.  Errors as for vote_file_open(). */
int vote_file_read(struct io *io, const char *folder, struct vote *ret_vote, char **ret_text);

/* Reads past the page cache, and writes what it read again, to both slots, so that it is surely
 * durable.  Both slots bad or the file missing: *ret_text. */
int vote_file_open(struct io *io, const char *folder, struct vote_file **ret_file, char **ret_text);
/* A new file, for `format`; there whole and durable, or not at all. */
int vote_file_create(struct io *io, const char *folder, const struct vote *vote);
void vote_file_close(struct vote_file *file); /* NULL is fine */

/* What counted last. */
const struct vote *vote_file_vote(const struct vote_file *file);
/* Sets everything but the sequence.  After an error the file must not be used for promises. */
int vote_file_write(struct vote_file *file, const struct vote *vote);

#endif
