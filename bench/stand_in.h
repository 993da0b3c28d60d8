/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands in for a worker, so that files with blocks can be made as fast as a NameNode takes them:
 * it registers over DatanodeProtocol, sends heartbeats, and reports blocks that nobody has written.
 *
 * Its calls block; a heartbeat goes out before a report when one is due.
 */
#ifndef HOLDFAST_BENCH_STAND_IN_H
#define HOLDFAST_BENCH_STAND_IN_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "bench/address.h"

struct stand_in;

/* Registers with the NameNode at `address`, with a full report of no block.  What a NameNode says
 * when it refuses goes to standard error. */
int stand_in_create(const struct address *address, struct str user, uint64_t timeout_ns,
                    struct stand_in **ret_stand_in);
void stand_in_destroy(struct stand_in *stand_in);

/* The NameNode's block pool. */
struct str stand_in_pool(const struct stand_in *stand_in);

struct stand_in_block {
	uint64_t id;
	uint64_t stamp;
	uint64_t size;
};
enum { STAND_IN_BLOCKS_MAX = 256 }; /* of one report */

/* Reports the blocks as received. */
int stand_in_report(struct stand_in *stand_in, const struct stand_in_block *blocks, size_t count);

#endif
