/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replicas of one store that are to be deleted: a queue, in chunks of what one heartbeat takes.
 */
#ifndef HOLDFAST_MASTER_DELETIONS_H
#define HOLDFAST_MASTER_DELETIONS_H

#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "format/command.h"

struct deletions {
	struct list chunks;
	size_t count;
};

void deletions_init(struct deletions *deletions);
void deletions_clear(struct deletions *deletions);
/* -ERR_NO_MEMORY. */
int deletions_add(struct deletions *deletions, uint64_t block_id, uint64_t stamp, uint64_t now_us);
/* Forgets the oldest, as far as they were added before then; returns how many. */
size_t deletions_forget(struct deletions *deletions, uint64_t before_us);
/* Moves at most count_max of the oldest to ret_blocks; returns how many. */
size_t deletions_take(struct deletions *deletions, struct block *ret_blocks, size_t count_max);

#endif
