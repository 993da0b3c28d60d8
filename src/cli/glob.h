/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patterns of names: * ? [a-z] [^a] {a,b}, and a backslash before what is meant literally.  Inside
 * of cli/.
 */
#ifndef HOLDFAST_CLI_GLOB_H
#define HOLDFAST_CLI_GLOB_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

/* One component against a pattern without braces. */
bool glob_matches(struct str name, const char *pattern);
bool glob_is_pattern(const char *text);
/* What Hadoop finds wrong with a component, in its words; false: nothing. */
bool glob_problem(struct arena *arena, const char *component, struct str *ret_text);
/* Writes out braces: hands every alternative to `each`, until one returns < 0. */
int glob_alternatives(struct arena *arena, const char *text,
                      int (*each)(void *context, const char *text), void *context);

#endif
