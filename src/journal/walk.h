/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the offline tools: a folder's files as they are now, on a folder that a master uses too.
 *
 * The master removes old files and adds to the newest segment meanwhile.  So a file that is gone is
 * passed over, and a finding in the newest segment is believed only when a second look says the
 * same.
 */
#ifndef HOLDFAST_JOURNAL_WALK_H
#define HOLDFAST_JOURNAL_WALK_H

#include "journal/folder.h"
#include "journal/segment_read.h"

struct walk {
	struct io *io;
	const char *folder;
	struct marker marker;
	struct folder_names names;
};

/* *ret_text: no marker, or the folder cannot be read. */
int walk_begin(struct walk *walk, struct io *io, const char *folder, char **ret_text);
void walk_end(struct walk *walk);

/* Its name was taken from it, which is before it becomes shorter: what was read may be a part. */
bool walk_is_gone(const struct walk *walk, const char *name);

/* The last index that counts in names.segments[place]; all ones in the newest one.  Less than its
 * first one: nothing in it counts, for the journal was cut before it and went on in a later one. */
uint64_t walk_segment_end(const struct walk *walk, size_t place);

/* Reads a segment's batches.  `each` may be NULL, and stops by false.  0 and the finding at its end
 * (SEGMENT_BATCH: stopped early, or the rest does not count); -ERR_NO_FILE: it is gone, perhaps
 * after a part of it was read, and *ret_text means nothing; other errors: *ret_text.  *ret_scan is
 * what was found, *ret_text describes TORN, HOLE and ROT. */
int walk_segment(const struct walk *walk, size_t place,
                 bool (*each)(void *context, const struct segment_scan *scan), void *context,
                 struct segment_scan *ret_scan, enum segment_finding *ret_finding, char **ret_text);

#endif
