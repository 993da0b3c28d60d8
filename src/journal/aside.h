/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clears the place for a new journal: one that is there already is moved aside, never erased.
 */
#ifndef HOLDFAST_JOURNAL_ASIDE_H
#define HOLDFAST_JOURNAL_ASIDE_H

#include "io/io.h"

/* Renames the folder to FOLDER.before-format-UTC, if there is anything in it, and only if no
 * process uses it and every file is known by name and magic.  *ret_aside (mem_free): where it went;
 * NULL: there was nothing.  After an error nothing was changed; *ret_text. */
int aside_move(struct io *io, const char *folder, char **ret_aside, char **ret_text);

#endif
