/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Block id -> numbers of the stores that hold a replica.
 *
 * Ids are handed out one after the other, so they are kept in pages of 512: an entry of a page is
 * one uint32_t, 9 bits of the id and 23 bits of the store's number, sorted by id.  A dense page
 * costs 4 bytes a replica plus at most a quarter of slack; a page and its place in the directory
 * cost some 80 bytes more, whatever it holds.  Nothing grows in one long step: a page grows alone,
 * and the directory has one word a page.
 *
 * The numbers mean nothing here (stores.h).  A walk visits every page once, also while others are
 * added and removed between its steps.
 */
#ifndef HOLDFAST_MASTER_LOCATIONS_H
#define HOLDFAST_MASTER_LOCATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct locations;

enum { LOCATION_NUMBER_MAX = (1 << 23) - 1 };

struct locations *locations_create(void); /* NULL: out of memory */
void locations_destroy(struct locations *locations);

/* 0 also when it is there already; -ERR_NO_MEMORY. */
int locations_add(struct locations *locations, uint64_t block_id, uint32_t number);
bool locations_remove(struct locations *locations, uint64_t block_id, uint32_t number);
/* How many there are; at most count_max are written. */
size_t locations_get(const struct locations *locations, uint64_t block_id, uint32_t *ret_numbers,
                     size_t count_max);
void locations_remove_block(struct locations *locations, uint64_t block_id);

/* One walk at a time.  visit() may shorten `numbers` in place and returns how many are left; it
 * may not call locations_*.  step() visits one page and is false when there is none left. */
typedef size_t locations_visit_fn(void *context, uint64_t block_id, uint32_t *numbers,
                                  size_t count);
void locations_walk_begin(struct locations *locations);
bool locations_walk_step(struct locations *locations, locations_visit_fn *visit, void *context);

uint64_t locations_count(const struct locations *locations); /* replicas */
uint64_t locations_bytes(const struct locations *locations); /* of memory */

#endif
