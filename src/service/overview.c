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
#include "service/quorum.h"
#include "service/service_private.h"

/* What others sent, or an operator wrote. */
static void append_text(struct buf *json, const char *name, const char *text)
{
	buf_append_format(json, "\"%s\":\"", name);
	for (; *text != 0; text++) {
		uint8_t byte = (uint8_t)*text;

		if (byte < ' ' || byte == '"' || byte == '\\' || byte > '~')
			buf_append_format(json, "\\u%04x", byte);
		else
			buf_append_u8(json, byte);
	}
	buf_append_str(json, STR("\","));
}

static void append_text_or_null(struct buf *json, const char *name, const char *text)
{
	if (text == NULL)
		buf_append_format(json, "\"%s\":null,", name);
	else
		append_text(json, name, text);
}

/* [[microseconds, syncs that took less and are not counted before], ...]; the last has -1. */
static void append_syncs(struct buf *json, const struct journal_stats *stats)
{
	const char *comma = "";

	buf_append_str(json, STR("\"sync_us_histogram\":["));
	for (size_t n = 0; n < JOURNAL_SYNC_CLASSES; n++) {
		bool is_last = n + 1 == JOURNAL_SYNC_CLASSES;

		if (stats->sync_classes[n] == 0)
			continue;
		buf_append_format(json, "%s[%" PRId64 ",%" PRIu64 "]", comma,
		                  is_last ? -1 : (int64_t)JOURNAL_SYNC_CLASS_US << n,
		                  stats->sync_classes[n]);
		comma = ",";
	}
	buf_append_str(json, STR("],"));
}

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
	        ",\"newest_checkpoint\":%" PRIu64 ",\"refused_no_space\":%" PRIu64
	        ",\"is_out_of_room\":%s,\"room_needed_bytes\":%" PRIu64 ",",
	        stats.batches, stats.entries, stats.bytes,
	        stats.batches == 0 ? 0 : stats.sync_us_sum / stats.batches, stats.sync_us_max,
	        stats.segments, stats.newest_checkpoint, stats.refused_no_space,
	        stats.is_out_of_room ? "true" : "false", stats.room_needed_bytes);
	append_text_or_null(json, "disk_work", stats.disk_work);
	buf_append_format(json, "\"disk_work_ms\":%" PRIu64 ",", stats.disk_work_us / 1000);
	append_syncs(json, &stats);
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
	                  ",\"used\":%" PRIu64 ",\"remaining\":%" PRIu64
	                  ",\"location_bytes\":%" PRIu64 "}",
	                  totals.live, totals.stale, totals.dead, totals.capacity, totals.used,
	                  totals.remaining, totals.location_bytes);
}

/* ---- several masters ---- */

static void append_flag(struct buf *json, const char *name, bool value)
{
	buf_append_format(json, "\"%s\":%s,", name, value ? "true" : "false");
}

static int64_t or_never(uint64_t ms)
{
	return ms == UINT64_MAX ? -1 : (int64_t)ms;
}

static void append_member(struct buf *json, const struct journal_member *member)
{
	buf_append_str(json, STR("{\"id\":\""));
	for (size_t i = 0; i < sizeof(member->id); i++)
		buf_append_format(json, "%02x", member->id[i]);
	buf_append_str(json, STR("\","));
	append_text(json, "address", member->address);
	append_text(json, "service_address", member->service_address);
	append_flag(json, "is_voter", member->is_voter);
	append_flag(json, "is_self", member->is_self);
	append_flag(json, "is_primary", member->is_primary);
	append_flag(json, "is_connected", member->is_connected);
	append_flag(json, "gets_checkpoint", member->gets_checkpoint);
	buf_append_format(
	        json,
	        "\"priority\":%u,\"match\":%" PRIu64 ",\"heard_ms_ago\":%" PRId64 ",\"health\":%u}",
	        member->priority, member->match, or_never(member->heard_ms_ago), member->health);
}

static void append_quorum(struct buf *json, const struct journal *journal)
{
	struct journal_quorum quorum;

	journal_quorum(journal, &quorum);
	buf_append_format(json, "\"term\":%" PRIu64 ",\"quorum\":{", quorum.term);
	append_text(json, "role", quorum.role);
	append_text_or_null(json, "waits_for", quorum.waits_for);
	append_flag(json, "is_changing", quorum.is_changing);
	append_flag(json, "syncs_behind", quorum.syncs_behind);
	append_flag(json, "differs_from_primary", quorum.is_odd);
	append_flag(json, "survives_a_failure", quorum_survives_a_failure(&quorum));
	buf_append_format(json,
	                  "\"term\":%" PRIu64 ",\"commit\":%" PRIu64 ",\"applied\":%" PRIu64
	                  ",\"synced\":%" PRIu64 ",\"last\":%" PRIu64
	                  ",\"tail_bytes\":%zu,\"primary_heard_ms_ago\":%" PRId64
	                  ",\"lag_ms\":%" PRId64 ",\"members\":[",
	                  quorum.term, quorum.commit, quorum.applied, quorum.synced, quorum.last,
	                  quorum.tail_bytes, or_never(quorum.primary_heard_ms_ago),
	                  or_never(quorum.lag_ms));
	for (size_t i = 0; i < quorum.count; i++) {
		if (i > 0)
			buf_append_u8(json, ',');
		append_member(json, &quorum.members[i]);
	}
	buf_append_str(json, STR("]},"));
}

static void append_failover(struct buf *json, const struct master_promotion *promotion)
{
	if (promotion->at_wall_ms == 0) {
		buf_append_str(json, STR("\"last_failover\":null,"));
		return;
	}
	buf_append_format(
	        json,
	        "\"last_failover\":{\"at_ms\":%" PRIu64 ",\"epoch\":%" PRIu64
	        ",\"unheard_ms\":%" PRId64 ",\"promotion_ms\":%" PRIu64 ".%03u},",
	        promotion->at_wall_ms, promotion->epoch,
	        promotion->unheard_us == UINT64_MAX ? -1 : (int64_t)(promotion->unheard_us / 1000),
	        promotion->promotion_us / 1000, (unsigned)(promotion->promotion_us % 1000));
}

static void append_waiting(struct buf *json, struct call *call)
{
	size_t held_calls;
	size_t held_bytes;
	size_t forwarded_calls;
	size_t forwarded_bytes;

	master_held(call_master(call), &held_calls, &held_bytes);
	forwarder_load(call->service->forwarder, &forwarded_calls, &forwarded_bytes);
	buf_append_format(json,
	                  "\"held_calls\":%zu,\"held_bytes\":%zu,\"forwarded_calls\":%zu,"
	                  "\"forwarded_bytes\":%zu,",
	                  held_calls, held_bytes, forwarded_calls, forwarded_bytes);
}

static void append_process(struct buf *json, const struct service *service)
{
	const struct service_options *options = &service->options;

	buf_append_format(json,
	                  "\"version\":\"%s\",\"started_at_ms\":%" PRIu64
	                  ",\"pid\":%d,\"resident_bytes\":%" PRIu64 ",",
	                  options->version == NULL ? "" : options->version,
	                  service->started_wall_ms, io_process_id(options->io),
	                  io_process_memory(options->io));
}

void status_get(struct call *call)
{
	Status__GetStatusResponse reply = STATUS__GET_STATUS_RESPONSE__INIT;
	struct master *master = call_master(call);
	struct buf json = {0};

	buf_append_format(&json, "{\"role\":\"%s\",\"safe_mode\":%s,",
	                  master_role_name(master_role(master)),
	                  safe_mode_refuses(master) ? "true" : "false");
	append_process(&json, call->service);
	append_flag(&json, "is_out_of_descriptors", io_is_short(call->service->options.io));
	append_journal(&json, master_journal(master));
	append_quorum(&json, master_journal(master));
	append_failover(&json, master_last_promotion(master));
	append_waiting(&json, call);
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
