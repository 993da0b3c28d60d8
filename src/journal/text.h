/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts for the operator: what, where, what to do next.  mem_free() them; NULL when memory ran out,
 * which every taker of a text allows for.
 */
#ifndef HOLDFAST_JOURNAL_TEXT_H
#define HOLDFAST_JOURNAL_TEXT_H

#include "base/check.h"

char *text_make(const char *format, ...) PRINTF_LIKE(1, 2);
/* "PATH: cannot WHAT: reason". */
char *text_of_error(const char *path, const char *what, int rc);

#endif
