/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that dies together: one arena a call.  Blocks are kept over arena_reset().
 *
 * A limit in bytes bounds what one call may take; past it, and when the machine has no more,
 * arena_alloc() returns NULL.
 */
#ifndef HOLDFAST_BASE_ARENA_H
#define HOLDFAST_BASE_ARENA_H

#include <stddef.h>

#include "base/check.h"
#include "base/str.h"

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first */
	size_t used;                /* bytes handed out since the last reset */
	size_t limit;               /* bytes that may be handed out; 0 = no limit */
};

void arena_init(struct arena *arena, size_t limit);
void arena_finish(struct arena *arena);
/* Forgets everything; keeps one block. */
void arena_reset(struct arena *arena);

/* 16-byte aligned, uninitialised; NULL past the limit. */
void *arena_alloc(struct arena *arena, size_t size);
/* Copies; data is NULL past the limit. */
struct str arena_copy(struct arena *arena, struct str s);
/* printf into the arena; data is NULL past the limit.  NUL-terminated beyond size. */
struct str arena_format(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
