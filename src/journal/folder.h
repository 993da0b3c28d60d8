/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder of one master's journal: its marker, its lock, the names in it.
 *
 *   holdfast-journal          the marker: this folder holds a journal (format/marker.h)
 *   lock                      held by the running master; its pid stands in it
 *   vote                      two slots (format/vote.h)
 *   odd                       a note that the state was not the primary's (replicated_odd.h)
 *   segment-EPOCH-INDEX       format/segment.h; ordered by epoch, then by first index
 *   checkpoint-INDEX          format/checkpoint.h
 *   prepared-N.tmp, checkpoint-INDEX.tmp, checkpoint-INDEX.incoming.tmp, vote.tmp, odd.tmp,
 *   holdfast-journal.tmp      not finished when its writer ended; removed at the next start
 *
 * A folder without the marker is absent (perhaps its disk is not mounted), never empty.
 */
#ifndef HOLDFAST_JOURNAL_FOLDER_H
#define HOLDFAST_JOURNAL_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/marker.h"
#include "io/io.h"

#define FOLDER_MARKER "holdfast-journal"
#define FOLDER_LOCK   "lock"
#define FOLDER_VOTE   "vote"
#define FOLDER_ODD    "odd"

enum { FOLDER_NAME_BYTES = 64 };

struct segment_id {
	uint64_t epoch;
	uint64_t first_index;
};

/* As names are ordered: < 0, 0 or > 0.  For qsort() as well. */
int segment_id_compare(const void *a, const void *b);
/* Names in `name` (FOLDER_NAME_BYTES). */
void folder_segment_name(struct segment_id id, char *name);
void folder_checkpoint_name(uint64_t index, char *name);

/* FOLDER/NAME; NULL when memory ran out. */
char *folder_join(const char *folder, const char *name);

/* What a listing found, each kind in order. */
struct folder_names {
	struct segment_id *segments;
	size_t segment_count;
	uint64_t *checkpoints; /* indexes */
	size_t checkpoint_count;
	char **temporaries;
	size_t temporary_count;
	char **others; /* neither ours by name, nor lost+found */
	size_t other_count;
	char **all; /* private: what the pointers above point into */
	size_t all_count;
};
int folder_list(struct io *io, const char *folder, struct folder_names *ret_names);
void folder_names_finish(struct folder_names *names);
bool folder_has_segment(const struct folder_names *names, struct segment_id id);

/* Reads the marker.  -ERR_ABSENT and others: *ret_text. */
int folder_read_marker(struct io *io, const char *folder, struct marker *ret_marker,
                       char **ret_text);
/* Writes or replaces it, durably, and so that everything in the folder is durable before. */
int folder_write_marker(struct io *io, const char *folder, const struct marker *marker);

/* Takes the lock and writes our pid into it; held until the file is closed.  -ERR_IN_USE:
 * *ret_text names who has it. */
int folder_lock(struct io *io, const char *folder, struct io_file **ret_lock, char **ret_text);

#endif
