/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stores (volumes) of workers, and the numbers by which locations name them.
 *
 * A full report gives its store a second number, under which its replicas are noted once more.
 * When the report ends, the old number is retired, and with it everything that was not reported,
 * at once; when it is given up, the new one is.  A retired number names no store; it is used again
 * only after a whole scan that began after its retirement has removed its last traces.
 */
#ifndef HOLDFAST_MASTER_STORES_H
#define HOLDFAST_MASTER_STORES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "master/deletions.h"

struct worker;

struct store {
	struct worker *worker;
	char *uuid;
	uint8_t storage_type;
	bool is_failed;   /* its replicas do not count */
	bool is_reported; /* has brought a full report since its worker registered */
	bool is_stale;    /* no full report since promotion: may hold less than we think */
	uint32_t number;
	uint32_t next_number; /* of the report being taken; 0: none */
	uint64_t round;       /* of its worker's reports, when it was last reported */
	uint64_t blocks;      /* locations, as of the last scan */
	uint64_t counted;     /* the same, of the scan that runs */
	struct deletions deletions;
};

/* Number 0 is never given. */
struct store_numbers {
	struct store **stores; /* by number; NULL: retired or free */
	uint32_t count;
	uint32_t capacity;
	struct number_stack {
		uint32_t *items;
		uint32_t count;
		uint32_t capacity;
	} free, retired, fading; /* fading: the scan that runs now removes their traces */
};

void store_numbers_init(struct store_numbers *numbers);
void store_numbers_finish(struct store_numbers *numbers);
/* -ERR_TOO_LARGE, -ERR_NO_MEMORY. */
int store_numbers_take(struct store_numbers *numbers, struct store *store, uint32_t *ret_number);
void store_numbers_retire(struct store_numbers *numbers, uint32_t number);
/* A scan of all places where numbers stand begins; a whole one has ended. */
void store_numbers_scan_begins(struct store_numbers *numbers);
void store_numbers_scan_ended(struct store_numbers *numbers);
/* NULL: retired. */
struct store *store_of(const struct store_numbers *numbers, uint32_t number);

#endif
