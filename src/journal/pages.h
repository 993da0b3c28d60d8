/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory for reads and writes past the page cache: aligned to IO_BLOCK_BYTES.
 */
#ifndef HOLDFAST_JOURNAL_PAGES_H
#define HOLDFAST_JOURNAL_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "io/io.h"

struct pages {
	uint8_t *data;
	size_t size;
	void *memory; /* private: what was allocated */
};

/* Replaces the pages by others of at least `size` bytes, content undefined; false, and the old ones
 * stay, when memory ran out. */
static inline bool pages_resize(struct pages *pages, size_t size)
{
	uint8_t *memory;

	size = (size + IO_BLOCK_BYTES - 1) / IO_BLOCK_BYTES * IO_BLOCK_BYTES;
	memory = mem_alloc(size + IO_BLOCK_BYTES);
	if (memory == NULL)
		return false;
	mem_free(pages->memory);
	pages->memory = memory;
	pages->data = memory + IO_BLOCK_BYTES - (uintptr_t)memory % IO_BLOCK_BYTES;
	pages->size = size;
	return true;
}

static inline void pages_finish(struct pages *pages)
{
	mem_free(pages->memory);
	*pages = (struct pages){0};
}

#endif
