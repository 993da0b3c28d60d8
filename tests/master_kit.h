/* SPDX-License-Identifier: Apache-2.0 */
/* For tests that run whole masters: a cluster as `format` makes it, and a master's usual options.
 */
#ifndef HOLDFAST_TESTS_MASTER_KIT_H
#define HOLDFAST_TESTS_MASTER_KIT_H

#include "format/command.h"
#include "journal/journal.h"
#include "master/master.h"

#define KIT_CLUSTER "CID-test"
#define KIT_POOL    "BP-test"

/* What the first entry says. */
static inline void kit_first_payload(const char *owner, uint16_t mode, struct buf *payload)
{
	struct command command = {.kind = ENTRY_cluster,
	                          .user = str_of(owner),
	                          .cluster = {.cluster_id = STR(KIT_CLUSTER),
	                                      .namespace_id = 7,
	                                      .block_pool_id = STR(KIT_POOL),
	                                      .ctime_ms = 1,
	                                      .owner = str_of(owner),
	                                      .group = STR("supergroup"),
	                                      .mode = mode}};

	buf_init(payload);
	command_encode(&command, payload);
}

/* A lone master's folder.  0, or why it could not be formatted; *ret_text (mem_free) says more. */
static inline int kit_format(struct io *io, const char *folder, const char *owner, char **ret_text)
{
	struct journal_format_options options = {
	        .io = io, .folder = folder, .cluster_id = STR(KIT_CLUSTER), .kind = ENTRY_cluster};
	struct buf payload;
	int rc;

	kit_first_payload(owner, 0755, &payload);
	options.payload = buf_str(&payload);
	rc = journal_format(&options, ret_text);
	buf_finish(&payload);
	return rc;
}

/* The journal's sizes and all callbacks are the test's. */
static inline struct master_options kit_options(struct io *io, const char *folder)
{
	return (struct master_options){
	        .io = io,
	        .folder = folder,
	        .limits = {.component_bytes_max = 255,
	                   .directory_items_max = 1 << 20,
	                   .file_blocks_max = 10000,
	                   .replication_min = 1,
	                   .replication_max = 512},
	        .retry_at_most_once_ms = 600000,
	        .retry_others_ms = 60000,
	        .retry_rows_max = 1 << 20,
	        .lease_soft_ms = 60000,
	        .lease_hard_ms = 1200000,
	        .worker_stale_ms = 30000,
	        .worker_dead_ms = 630000,
	        .replication_min = 1,
	        .hold_ms = 20000,
	        .hold_calls_max = 1000,
	        .hold_bytes_max = 1 << 20,
	        .replica_wait_ms = 100,
	        .startup_safe_mode_ms = 1000,
	};
}

#endif
