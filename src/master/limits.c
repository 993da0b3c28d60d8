/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits of memory.  All masters hold the same namespace, so they would die of it together: near
 * the limit admission refuses what makes it grow and lets deletes pass.
 */
#include <inttypes.h>

#include "base/err.h"
#include "base/log.h"
#include "master/master_private.h"

enum {
	MEMORY_LOOK_US = 100 * 1000,
	MEMORY_AGAIN_PART = 64, /* refusing ends this part of the limit below it */
};

static bool grows(const struct command *command)
{
	switch (command->kind) {
	case ENTRY_mkdirs:
	case ENTRY_create:
	case ENTRY_add_block: return true;
	default: return false;
	}
}

static void look_at_memory(struct master *master)
{
	uint64_t limit = master->options.memory_bytes_max;
	uint64_t now_us = io_now_us(master->io);
	struct ns_counts counts;

	if (master->memory_looked_us != 0 && now_us - master->memory_looked_us < MEMORY_LOOK_US)
		return;
	master->memory_looked_us = now_us;
	ns_counts(master->ns, &counts);
	if (!master->is_memory_short && counts.bytes_of_memory >= limit) {
		master->is_memory_short = true;
		log_event(LOG_MEMORY_REFUSED, "bytes=%" PRIu64 " limit=%" PRIu64,
		          counts.bytes_of_memory, limit);
	} else if (master->is_memory_short &&
	           counts.bytes_of_memory < limit - limit / MEMORY_AGAIN_PART) {
		master->is_memory_short = false;
		log_event(LOG_MEMORY_AGAIN, "bytes=%" PRIu64 " limit=%" PRIu64,
		          counts.bytes_of_memory, limit);
	}
}

bool limits_refuse_growth(struct master_write *write)
{
	struct master *master = write->master;

	if (master->options.memory_bytes_max == 0 || !grows(&write->command))
		return false;
	look_at_memory(master);
	if (!master->is_memory_short)
		return false;
	write_refusal(write, -ERR_NO_MEMORY,
	              arena_format(write->arena,
	                           "The master's memory for the namespace (%" PRIu64
	                           " bytes) is used up: nothing new can be made. Delete something "
	                           "or raise the limit.",
	                           master->options.memory_bytes_max));
	return true;
}

bool limits_retry_table_full(const struct master *master)
{
	uint64_t limit = master->options.retry_rows_max;

	return limit != 0 && ns_retry_rows(master->ns) + master->in_journal >= limit;
}
