/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocation.  mem_alloc() and friends may return NULL: journal, checkpoint, configuration and
 * network code use them and pass -ERR_NO_MEMORY on.  The _must forms stop the process: for apply
 * (one master must not skip what the others did) and for start-up.
 *
 * Tests make the n-th allocation fail with mem_fail_after(): every mem_alloc/mem_realloc counts.
 */
#ifndef HOLDFAST_BASE_MEM_H
#define HOLDFAST_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

void *mem_alloc(size_t size);                 /* uninitialised */
void *mem_zalloc(size_t size);                /* zeroed */
void *mem_realloc(void *memory, size_t size); /* old memory stays valid when NULL comes back */
char *mem_strdup(struct str s);               /* NUL-terminated copy */
void mem_free(void *memory);

void *mem_must_alloc(size_t size);
void *mem_must_zalloc(size_t size);
void *mem_must_realloc(void *memory, size_t size);
char *mem_must_strdup(struct str s);

/* For CLEANUP(mem_cleanup): frees what the variable points to. */
void mem_cleanup(void *pointer_to_pointer);

/* The allocation after `count` more successes fails, once; < 0 switches this off. */
void mem_fail_after(int64_t count);
/* True when the failure asked for has happened. */
int mem_has_failed(void);

#endif
