/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

static _Atomic int64_t fail_countdown = -1;
static _Atomic int has_failed;

void mem_fail_after(int64_t count)
{
	has_failed = 0;
	fail_countdown = count;
}

int mem_has_failed(void)
{
	return has_failed;
}

static int must_fail_now(void)
{
	if (atomic_load_explicit(&fail_countdown, memory_order_relaxed) < 0)
		return 0;
	if (atomic_fetch_sub(&fail_countdown, 1) != 0)
		return 0;
	has_failed = 1;
	return 1;
}

void *mem_alloc(size_t size)
{
	return must_fail_now() ? NULL : malloc(size == 0 ? 1 : size);
}

void *mem_zalloc(size_t size)
{
	return must_fail_now() ? NULL : calloc(1, size == 0 ? 1 : size);
}

void *mem_realloc(void *memory, size_t size)
{
	return must_fail_now() ? NULL : realloc(memory, size == 0 ? 1 : size);
}

char *mem_strdup(struct str s)
{
	char *copy = mem_alloc(s.size + 1);

	if (copy == NULL)
		return NULL;
	if (s.size > 0)
		memcpy(copy, s.data, s.size);
	copy[s.size] = '\0';
	return copy;
}

void mem_free(void *memory)
{
	free(memory);
}

static void *must(void *memory, size_t size)
{
	if (memory == NULL)
		fatal_damage("out of memory: %zu bytes could not be had; give this process more",
		             size);
	return memory;
}

void *mem_must_alloc(size_t size)
{
	return must(malloc(size == 0 ? 1 : size), size);
}

void *mem_must_zalloc(size_t size)
{
	return must(calloc(1, size == 0 ? 1 : size), size);
}

void *mem_must_realloc(void *memory, size_t size)
{
	return must(realloc(memory, size == 0 ? 1 : size), size);
}

char *mem_must_strdup(struct str s)
{
	char *copy = mem_must_alloc(s.size + 1);

	if (s.size > 0)
		memcpy(copy, s.data, s.size);
	copy[s.size] = '\0';
	return copy;
}

void mem_cleanup(void *pointer_to_pointer)
{
	void *memory;

	memcpy(&memory, pointer_to_pointer, sizeof(memory));
	free(memory);
}
