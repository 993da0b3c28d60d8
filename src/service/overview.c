/* SPDX-License-Identifier: Apache-2.0 */
/*
 * StatusProtocol: what a master tells of itself, in every role.
 */
#include <inttypes.h>

#include "base/err.h"
#include "journal/journal.h"
#include "master/safe_mode.h"
#include "master/workers.h"
#include "proto/status.pb-c.h"
#include "service/call.h"
#include "service/handlers.h"

static void append_journal(struct buf *json, const struct journal *journal)
{
	struct journal_progress progress;
	struct journal_stats stats;

	journal_progress(journal, &progress);
	journal_stats(journal, &stats);
	buf_append_format(
	        json,
	        "\"epoch\":%" PRIu64 ",\"last_index\":%" PRIu64 ",\"commit_index\":%" PRIu64
	        ",\"start_target\":%" PRIu64 ",\"start_eta_ms\":%" PRId64,
	        journal_epoch(journal), journal_last_index(journal), journal_commit_index(journal),
	        progress.target, progress.eta_ms == UINT64_MAX ? -1 : (int64_t)progress.eta_ms);
	buf_append_format(
	        json,
	        ",\"syncs\":%" PRIu64 ",\"entries\":%" PRIu64 ",\"journal_bytes\":%" PRIu64
	        ",\"sync_us_mean\":%" PRIu64 ",\"sync_us_max\":%" PRIu64 ",\"segments\":%" PRIu64
	        ",\"newest_checkpoint\":%" PRIu64 ",\"refused_no_space\":%" PRIu64 ",",
	        stats.batches, stats.entries, stats.bytes,
	        stats.batches == 0 ? 0 : stats.sync_us_sum / stats.batches, stats.sync_us_max,
	        stats.segments, stats.newest_checkpoint, stats.refused_no_space);
}

static void append_namespace(struct buf *json, const struct namespace *ns)
{
	struct hash128 digest = ns_digest(ns);
	struct ns_retry_stats retry;
	struct ns_counts counts;

	ns_counts(ns, &counts);
	ns_retry_stats(ns, &retry);
	buf_append_format(json,
	                  "\"applied_index\":%" PRIu64 ",\"digest\":\"%016" PRIx64 "%016" PRIx64
	                  "\",\"files\":%" PRIu64 ",\"directories\":%" PRIu64 ",\"blocks\":%" PRIu64
	                  ",\"open_files\":%" PRIu64 ",\"left_to_reclaim\":%" PRIu64,
	                  ns_applied(ns), digest.high, digest.low, counts.files, counts.directories,
	                  counts.blocks, counts.under_construction, counts.left_to_reclaim);
	buf_append_format(json,
	                  ",\"namespace_bytes\":%" PRIu64 ",\"retry_rows\":%" PRIu64
	                  ",\"retry_bytes\":%" PRIu64 ",",
	                  counts.bytes_of_memory, retry.rows, retry.bytes);
}

static void append_workers(struct buf *json, struct master *master)
{
	struct workers_totals totals;

	workers_totals(master_workers(master), &totals);
	buf_append_format(json,
	                  "\"workers\":{\"live\":%u,\"stale\":%u,\"dead\":%u,\"capacity\":%" PRIu64
	                  ",\"used\":%" PRIu64 ",\"remaining\":%" PRIu64 "}",
	                  totals.live, totals.stale, totals.dead, totals.capacity, totals.used,
	                  totals.remaining);
}

void status_get(struct call *call)
{
	Status__GetStatusResponse reply = STATUS__GET_STATUS_RESPONSE__INIT;
	struct master *master = call_master(call);
	struct io *io = call_io(call);
	struct buf json = {0};

	buf_append_format(&json,
	                  "{\"role\":\"%s\",\"pid\":%d,\"resident_bytes\":%" PRIu64
	                  ",\"safe_mode\":%s,",
	                  master_role_name(master_role(master)), io_process_id(io),
	                  io_process_memory(io), safe_mode_refuses(master) ? "true" : "false");
	append_journal(&json, master_journal(master));
	append_namespace(&json, master_namespace(master));
	append_workers(&json, master);
	buf_append_u8(&json, '}');
	reply.json = pb_bytes(buf_str(&json));
	if (json.failed)
		call_refuse(call, -ERR_NO_MEMORY, (struct str){0});
	else
		call_reply_pb(call, &reply.base);
	buf_finish(&json);
}
