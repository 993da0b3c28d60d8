/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reserved address space: what grows in it never moves and is never copied, so that no structure
 * pauses while it grows.  Pages take memory when they are first written, and read as zero before.
 */
#ifndef HOLDFAST_NAMESPACE_REGION_H
#define HOLDFAST_NAMESPACE_REGION_H

#include <stddef.h>
#include <stdint.h>

struct region {
	uint8_t *base;
	size_t size;   /* bytes reserved */
	size_t backed; /* bytes from the base on that region_reach() made memory */
};

/* Reserves `size` bytes, or as much of it as the machine lets us have (half, a quarter, ...).
 * Stops the process when not even a 64th is to be had. */
void region_init(struct region *region, size_t size);
void region_finish(struct region *region);
/* private */
void region_back_more(struct region *region, size_t end);
/* For what grows from the base on: [0, end) is about to be used.  Pages up to there, and some
 * behind them, become memory by one system call, which costs less than a fault for each. */
static inline void region_reach(struct region *region, size_t end)
{
	if (end > region->backed)
		region_back_more(region, end);
}
/* Gives the memory of whole pages inside [offset, offset + size) back; they read as zero again. */
void region_give_back(struct region *region, size_t offset, size_t size);

#endif
