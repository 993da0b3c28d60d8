/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A state that is not the primary's, for whatever reason: bad memory, a bug, a file that rotted and
 * checked nevertheless.
 *
 *   differs > noted in the folder, durably > checkpoint loaded again, entries applied again
 *           > equal at a later comparison: forgotten
 *           > not: neither promoted nor shown to clients, until it is
 *
 * The note stays over a restart, which loads the checkpoint as well.  It is loaded once in a life,
 * and only if what follows it is still in memory; else the next start must do it.  An operator who
 * knows better removes the file, or formats the folder.
 */
#ifndef HOLDFAST_JOURNAL_REPLICATED_ODD_H
#define HOLDFAST_JOURNAL_REPLICATED_ODD_H

#include "journal/replicated.h"

/* Looks for a note of an earlier life. */
int replicated_odd_init(struct replicated *replicated);
/* The state after `index` is another; `text` (taken) says so, and whose. */
void replicated_odd_found(struct replicated *replicated, uint64_t index, char *text);
/* The same before the process ends: blocks, and loads nothing. */
void replicated_odd_note(struct replicated *replicated, const char *text);
/* The state after `index` is the primary's, after all or again. */
void replicated_odd_over(struct replicated *replicated, uint64_t index);

#endif
