/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The retry table: what was answered to which call, so that a repeated call is answered once.
 *
 * Rows stand in the order of their age in two queues, one of HDFS's at-most-once calls, which are
 * kept longer, and one of the others.  They are written once.  A row is found as long as its age is
 * not below its queue's line; lines are moved by entries only, and what lies below them is taken
 * away a few rows at a time, so that no entry is long.
 *
 * A row takes 28 bytes, its index 4; the client's 16 bytes are kept once for all its rows.
 */
#ifndef HOLDFAST_NAMESPACE_RETRY_H
#define HOLDFAST_NAMESPACE_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "namespace/hash_index.h"
#include "namespace/pool.h"

enum retry_class { RETRY_AT_MOST_ONCE, RETRY_OTHERS, RETRY_CLASSES };

enum retry_flags { RETRY_VALUE = 1 << 0 /* the method returned true */ };

enum { RETRY_CLIENT_BYTES = 16 };

struct retry_row {
	enum retry_class which;
	uint8_t client_id[RETRY_CLIENT_BYTES];
	int32_t call_id;
	uint8_t kind; /* of the entry */
	uint8_t rc;   /* error code, positive; 0: succeeded */
	uint16_t flags;
	uint64_t inode;  /* of what was made or changed; new_stamp: the stamp; below 2^48 */
	uint64_t age_ms; /* below 2^48 */
};

struct retry_queue {
	uint64_t line;        /* rows below this age are forgotten */
	uint64_t head;        /* sequence number of the first row */
	uint64_t tail;        /* of the next one */
	uint32_t first_chunk; /* the oldest that is kept: a hold may still read it */
	uint32_t head_chunk;  /* 0: none is there yet for the next row */
	uint32_t last_chunk;
};

struct retries {
	struct retry_queue queues[RETRY_CLASSES];
	struct pool chunks;
	struct pool clients;
	struct hash_index of_calls;
	struct hash_index of_clients;
	uint32_t last_client; /* that a row was added for; 0: none */
	struct list holds;
};

/* The seed: see hash_index.h. */
void retries_init(struct retries *retries, uint64_t seed);
void retries_finish(struct retries *retries);
uint64_t retries_rows(const struct retries *retries);
uint64_t retries_bytes(const struct retries *retries);

/* False: not known, or forgotten. */
bool retries_find(const struct retries *retries, const uint8_t *client_id, int32_t call_id,
                  struct retry_row *ret_row);
/* A look-up follows: what it will want is asked from memory now. */
void retries_prefetch(const struct retries *retries, const uint8_t *client_id, int32_t call_id);
/* Ages may not fall within a class. */
void retries_add(struct retries *retries, const struct retry_row *row);
/* Takes away one row below its queue's line; false: there is none. */
bool retries_forget(struct retries *retries, enum retry_class which, struct retry_row *ret_row);
/* Age of the oldest row that takes memory; false: none. */
bool retries_oldest(const struct retries *retries, enum retry_class which, uint64_t *ret_age_ms);

/* The rows of an instant, while others are added and taken away. */
struct retry_hold {
	struct list node;
	uint64_t next[RETRY_CLASSES];
	uint64_t end[RETRY_CLASSES];
	uint32_t chunk[RETRY_CLASSES]; /* that has the next row */
};
void retries_hold(struct retries *retries, struct retry_hold *ret_hold);
void retries_release(struct retries *retries, struct retry_hold *hold);
/* The next row, each once; false: no more. */
bool retries_hold_next(struct retries *retries, struct retry_hold *hold, struct retry_row *ret_row);

#endif
