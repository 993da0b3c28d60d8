/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a segment file batch by batch, past the page cache.  Blocks; one thread at a time.
 */
#ifndef HOLDFAST_JOURNAL_SEGMENT_READ_H
#define HOLDFAST_JOURNAL_SEGMENT_READ_H

#include "format/segment_scan.h"
#include "io/io.h"
#include "journal/folder.h"

struct segment_reader;

/* Opens the file and checks its header against its name and the cluster.  -ERR_DAMAGED,
 * -ERR_FOREIGN, ...: *ret_text. */
int segment_reader_open(struct io *io, const char *folder, struct segment_id id,
                        const char *cluster_id, struct segment_reader **ret_reader,
                        char **ret_text);
void segment_reader_close(struct segment_reader *reader); /* NULL is fine */

const struct segment_header *segment_reader_header(const struct segment_reader *reader);
/* Where it stands and what it found; scan->body is valid until the next call. */
const struct segment_scan *segment_reader_scan(const struct segment_reader *reader);

/* The next batch, or how the segment ends; never SEGMENT_MORE.  < 0: it could not be read. */
int segment_reader_next(struct segment_reader *reader, enum segment_finding *ret_finding,
                        char **ret_text);

/* What was read ahead is read again, as it may have been written since. */
void segment_reader_refresh(struct segment_reader *reader);

/* After HOLE or ROT: looks at the rest of the file for how far it went (format/segment_reach.h). 1:
 * *ret_epoch and *ret_index are its greatest; 0: that cannot be known.  < 0: it could not be read.
 */
int segment_reader_reach(struct segment_reader *reader, uint64_t *ret_epoch, uint64_t *ret_index,
                         char **ret_text);

/* Says what a TORN, HOLE or ROT is, and where: file, offset, index. */
char *segment_reader_describe(const struct segment_reader *reader, enum segment_finding finding);

#endif
