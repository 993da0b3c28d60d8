/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { ARENA_ALIGN = 16, ARENA_BLOCK_BYTES = 4096 };

struct arena_block {
	struct arena_block *next;
	size_t size; /* usable bytes */
	size_t used;
	size_t padding; /* keeps data aligned to ARENA_ALIGN */
	uint8_t data[];
};
static_assert(sizeof(struct arena_block) % ARENA_ALIGN == 0, "data must be aligned");

void arena_init(struct arena *arena, size_t limit)
{
	*arena = (struct arena){.limit = limit};
}

static void free_blocks(struct arena_block *block)
{
	while (block != NULL) {
		struct arena_block *next = block->next;

		mem_free(block);
		block = next;
	}
}

void arena_finish(struct arena *arena)
{
	free_blocks(arena->blocks);
	arena->blocks = NULL;
	arena->used = 0;
}

void arena_reset(struct arena *arena)
{
	arena->used = 0;
	if (arena->blocks == NULL)
		return;
	free_blocks(arena->blocks->next);
	arena->blocks->next = NULL;
	arena->blocks->used = 0;
}

static struct arena_block *add_block(struct arena *arena, size_t size)
{
	size_t usable = size > ARENA_BLOCK_BYTES ? size : ARENA_BLOCK_BYTES;
	struct arena_block *block = mem_alloc(sizeof(*block) + usable);

	if (block == NULL)
		return NULL;
	*block = (struct arena_block){.next = arena->blocks, .size = usable};
	arena->blocks = block;
	return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->blocks;
	void *memory;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	if (arena->limit != 0 && size > arena->limit - arena->used)
		return NULL;
	if (block == NULL || block->size - block->used < size) {
		block = add_block(arena, size);
		if (block == NULL)
			return NULL;
	}
	memory = block->data + block->used;
	block->used += size;
	arena->used += size;
	return memory;
}

struct str arena_copy(struct arena *arena, struct str s)
{
	char *copy = arena_alloc(arena, s.size);

	if (copy == NULL)
		return (struct str){0};
	if (s.size > 0)
		memcpy(copy, s.data, s.size);
	return str_make(copy, s.size);
}

struct str arena_format(struct arena *arena, const char *format, ...)
{
	va_list args;
	int length;
	char *text;

	va_start(args, format);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	text = length < 0 ? NULL : arena_alloc(arena, (size_t)length + 1);
	if (text == NULL)
		return (struct str){0};
	va_start(args, format);
	vsnprintf(text, (size_t)length + 1, format, args);
	va_end(args);
	return str_make(text, (size_t)length);
}
