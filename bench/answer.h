/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is the answer right?  Each function takes the reply message of a successful call and returns NULL
 * when it says what it must, else what is wrong with it.
 */
#ifndef HOLDFAST_BENCH_ANSWER_H
#define HOLDFAST_BENCH_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* mkdirs, complete, delete, rename: result is true. */
const char *answer_check_true(struct str reply);
/* complete: a good answer, "ask again" (HDFS takes reports in beside its calls). */
bool answer_is_false(struct str reply);

/* getFileInfo, create: an empty file of this mode.  *ret_file_id only when right. */
const char *answer_check_file(struct str reply, uint32_t mode, uint64_t *ret_file_id);

/* The same at a fraction of the cost, for replies whose fields stand in order: true when type,
 * name, length and mode are right, without a look at the rest.  False proves nothing. */
bool answer_is_file(struct str reply, uint32_t mode);

/* getFileInfo: a directory. */
const char *answer_check_directory(struct str reply);

/* addBlock: an empty block of this pool, on one worker at least.  Outputs only when right. */
const char *answer_check_block(struct str reply, struct str pool, uint64_t *ret_id,
                               uint64_t *ret_stamp);

struct answer_listing {
	uint32_t count;     /* entries */
	uint32_t remaining; /* that a further call would give */
	uint64_t looked_at; /* the entry that is decoded; the others are only counted */
	struct str name;    /* of that entry ... */
	uint32_t mode;      /* ... which is an empty file of this mode */
};
const char *answer_check_listing(struct str reply, const struct answer_listing *wanted);

#endif
