/* SPDX-License-Identifier: Apache-2.0 */
#include "namespace/region.h"

#include <sys/mman.h>

#include "base/check.h"

enum {
	PAGE_BYTES = 4096,
	HALVINGS_MAX = 6,
	AHEAD_BYTES_MAX = 256 * 1024, /* a small region: as much as it has */
};

void region_init(struct region *region, size_t size)
{
	for (int halvings = 0; halvings <= HALVINGS_MAX; halvings++, size /= 2) {
		void *base = mmap(NULL, size, PROT_READ | PROT_WRITE,
		                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		if (base != MAP_FAILED) {
			*region = (struct region){.base = base, .size = size};
			return;
		}
	}
	fatal_damage("cannot reserve %zu bytes of address space for the namespace; "
	             "raise the limit (ulimit -v), or set vm.overcommit_memory to 0 or 1",
	             size);
}

void region_finish(struct region *region)
{
	if (region->base != NULL)
		munmap(region->base, region->size);
	*region = (struct region){0};
}

void region_back_more(struct region *region, size_t end)
{
	size_t ahead = region->backed < AHEAD_BYTES_MAX ? region->backed : AHEAD_BYTES_MAX;
	size_t to = (end + ahead + PAGE_BYTES - 1) & ~(size_t)(PAGE_BYTES - 1);

	if (to > region->size)
		to = region->size;
	/* Refused (before Linux 5.14, or for want of memory): faults will do it. */
	(void)madvise(region->base + region->backed, to - region->backed, MADV_POPULATE_WRITE);
	region->backed = to;
}

void region_give_back(struct region *region, size_t offset, size_t size)
{
	size_t first = (offset + PAGE_BYTES - 1) & ~(size_t)(PAGE_BYTES - 1);
	size_t end = (offset + size) & ~(size_t)(PAGE_BYTES - 1);

	CHECK(offset <= region->size && size <= region->size - offset);
	if (first < end)
		madvise(region->base + first, end - first, MADV_DONTNEED);
}
