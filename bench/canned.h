/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replies that the echo server has ready: right ones, so that the load generator's checks pass, at
 * no more cost than copying them.  Only a file's mode, which tells its number (names.h), is filled
 * in for each call.
 */
#ifndef HOLDFAST_BENCH_CANNED_H
#define HOLDFAST_BENCH_CANNED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "bench/message.h"

/* A reply message with its length before it. */
struct canned {
	struct buf bytes;
	size_t mode_at; /* place of the mode's low byte; 0: there is none */
};

struct canned_set {
	struct canned file;
	struct canned directory; /* of getFileInfo of "/" */
	struct canned listing;
	struct canned yes;
};

struct canned_options {
	uint32_t entries;    /* of a listing */
	unsigned name_bytes; /* of its names */
	bool is_wrong;       /* replies that a check must notice */
};

/* Lives as long as the process.  -ERR_NO_MEMORY. */
int canned_init(struct canned_set *set, const struct canned_options *options);

/* The reply to a call (its request message).  *ret_mode: low byte of the mode to put at mode_at. */
const struct canned *canned_for(const struct canned_set *set, enum method method,
                                struct str request, uint8_t *ret_mode);

#endif
