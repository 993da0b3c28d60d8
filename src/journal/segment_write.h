/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One segment being made and written.
 *
 *   prepared   a file of zeros under a temporary name, synced; nobody would miss it
 *   named      it is known which entry will be its first; still the same on the disk
 *   begun      header and first batch are in it, it has its own name, the folder is synced
 *
 * Header and first batch are written and synced under the temporary name and then renamed, so a
 * segment is there whole or not at all.  Nothing here is retried.
 *
 * Zeroing, beginning and writing block and run on a thread, one at a time; the rest is the loop's.
 */
#ifndef HOLDFAST_JOURNAL_SEGMENT_WRITE_H
#define HOLDFAST_JOURNAL_SEGMENT_WRITE_H

#include "base/str.h"
#include "format/segment.h"
#include "io/io.h"
#include "journal/folder.h"
#include "journal/pages.h"

struct segment_writer {
	struct io *io;
	const char *folder; /* borrowed */
	char *temporary;    /* path before it is begun */
	char *path;         /* path after */
	struct io_file *file;
	struct segment_header header; /* block and file size from the start; the rest when named */
	uint64_t zeroed;              /* bytes */
	uint64_t at;                  /* where the next batch goes; its user moves it on */
	bool syncs_behind;            /* batches but the first are not durable when written */
	bool is_begun;
};

/* Makes the temporary file; `number` tells it from others of this process.  `folder` must outlive
 * the writer. */
int segment_writer_create(struct io *io, const char *folder, uint64_t number, uint64_t file_bytes,
                          bool syncs_behind, struct segment_writer **ret_writer);
/* Closes; removes the file if it was not begun.  NULL is fine.  Blocks. */
void segment_writer_destroy(struct segment_writer *writer);

/* Writes another piece of zeros, as large as `zeros`.  1: more to do; 0: prepared and synced. */
int segment_writer_zero(struct segment_writer *writer, const struct pages *zeros);

/* Sets the header but for the sizes, which the writer knows. */
void segment_writer_name(struct segment_writer *writer, const struct segment_header *header);
struct segment_id segment_writer_id(const struct segment_writer *writer);

/* True if a batch of so many bytes may be written at `at`: a block of zeros must follow it. */
bool segment_writer_has_room(const struct segment_writer *writer, uint64_t at, size_t size);

/* Header and first batch, durable under the segment's own name when it returns. */
int segment_writer_begin(struct segment_writer *writer, const struct pages *batch, size_t size);
/* Another batch, durable when it returns; with syncs_behind only when its file is synced. */
int segment_writer_write(struct segment_writer *writer, const struct pages *batch, size_t size,
                         uint64_t offset);

#endif
