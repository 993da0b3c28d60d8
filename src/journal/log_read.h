/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries that are no longer in memory, read from the segments of the folder: for peers that lag.
 *
 * A few segments are kept open where the last reads ended, so that a peer that fetches one range
 * after the other has each segment read once, and several peers do not disturb each other.
 *
 * The folder lives on meanwhile.  The newest segment is written to: what was read ahead of it is
 * read again, and where it ends the rest is not to be had yet.  Old ones are removed: then what was
 * in them is not to be had any more, unless it is still open here.
 *
 * Everything blocks, on one thread at a time.
 */
#ifndef HOLDFAST_JOURNAL_LOG_READ_H
#define HOLDFAST_JOURNAL_LOG_READ_H

#include "base/buf.h"
#include "io/io.h"
#include "journal/folder.h"

struct log_reader;

/* `folder` must outlive the reader. */
int log_reader_create(struct io *io, const char *folder, struct log_reader **ret_reader);
void log_reader_destroy(struct log_reader *reader); /* NULL is fine */

struct log_range {
	const char *cluster_id;
	/* That count, oldest first (struct segments): each up to the one before the next one's
	 * first index.  A copy, if the thread is not the one that changes them. */
	const struct segment_id *segments;
	size_t segment_count;
	uint64_t first, last; /* wanted; what is here of them was synced */
	size_t bytes_max;     /* but at least one entry */
};

/* Appends whole entries from `first` on, encoded and checked, as far as one segment goes; *ret_last
 * is the last of them.  -ERR_NO_FILE: `first` is not to be had here, too old or not written yet.
 * -ERR_DAMAGED and others: *ret_text; nothing was appended. */
int log_reader_read(struct log_reader *reader, const struct log_range *range, struct buf *entries,
                    uint64_t *ret_last, char **ret_text);
/* Closes what is open: nobody lags, or segments were removed whose room is wanted. */
void log_reader_rest(struct log_reader *reader);

#endif
