/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ClientProtocol: what there is to know about the cluster, and its safe mode.
 */
#include "base/err.h"
#include "master/safe_mode.h"
#include "master/workers.h"
#include "proto/client.pb-c.h"
#include "service/handlers.h"
#include "service/policies.h"
#include "service/status.h"
#include "wire/rpc_header.h"

/* Methods whose answer says "none" by having no fields. */
void serve_answer_nothing(struct call *call)
{
	call_reply_empty(call);
}

void serve_get_server_defaults(struct call *call)
{
	const struct service_options *options = call_options(call);
	Hdfs__GetServerDefaultsResponse reply = HDFS__GET_SERVER_DEFAULTS_RESPONSE__INIT;
	Hdfs__FsServerDefaults defaults = HDFS__FS_SERVER_DEFAULTS__INIT;

	defaults.block_size = options->block_size;
	defaults.bytes_per_checksum = options->bytes_per_checksum;
	defaults.write_packet_size = options->write_packet_size;
	defaults.replication = options->replication;
	defaults.file_buffer_size = options->file_buffer_size;
	defaults.has_encrypt_data_transfer = true;
	defaults.has_trash_interval = true;
	defaults.trash_interval = options->trash_interval_min;
	defaults.has_checksum_type = true;
	defaults.checksum_type = HDFS__CHECKSUM_TYPE__CHECKSUM_CRC32C;
	defaults.has_key_provider_uri = true; /* empty: Java asks no key server then */
	defaults.has_policy_id = true;
	policy_find(STR("HOT"), (uint8_t *)&defaults.policy_id);
	defaults.has_snapshot_trash_root_enabled = true;
	reply.server_defaults = &defaults;
	call_reply_pb(call, &reply.base);
}

/* ---- figures ---- */

void serve_get_fs_stats(struct call *call)
{
	Hdfs__GetFsStatsResponse reply = HDFS__GET_FS_STATS_RESPONSE__INIT;
	struct workers_totals totals;

	workers_totals(master_workers(call_master(call)), &totals);
	reply.capacity = totals.capacity;
	reply.used = totals.used;
	reply.remaining = totals.remaining;
	reply.under_replicated = totals.under_replicated;
	reply.corrupt_blocks = totals.corrupt;
	reply.missing_blocks = totals.missing;
	reply.has_missing_repl_one_blocks = true;
	reply.has_blocks_in_future = true;
	reply.has_pending_deletion_blocks = true;
	reply.pending_deletion_blocks = totals.pending_deletions;
	call_reply_pb(call, &reply.base);
}

void serve_get_block_stats(struct call *call)
{
	Hdfs__GetFsReplicatedBlockStatsResponse reply =
	        HDFS__GET_FS_REPLICATED_BLOCK_STATS_RESPONSE__INIT;
	struct workers_totals totals;

	workers_totals(master_workers(call_master(call)), &totals);
	reply.low_redundancy = totals.under_replicated;
	reply.corrupt_blocks = totals.corrupt;
	reply.missing_blocks = totals.missing;
	reply.pending_deletion_blocks = totals.pending_deletions;
	reply.has_highest_prio_low_redundancy_blocks = true;
	call_reply_pb(call, &reply.base);
}

/* Of erasure-coded files, which there are none of. */
void serve_get_group_stats(struct call *call)
{
	Hdfs__GetFsEcBlockGroupStatsResponse reply =
	        HDFS__GET_FS_EC_BLOCK_GROUP_STATS_RESPONSE__INIT;

	reply.has_highest_prio_low_redundancy_blocks = true;
	call_reply_pb(call, &reply.base);
}

void serve_upgrade_status(struct call *call)
{
	call_reply_bool(call, true);
}

/* ---- workers ---- */

struct worker_report {
	struct buf *to;
	struct buf node; /* one of them */
};

enum { REPORT_NODE_TAG = 1 << 3 | 2 }; /* GetDatanodeReportResponse.di */

static bool add_worker(void *context, const struct worker_info *worker)
{
	struct worker_report *report = context;
	struct wire_datanode node;

	status_worker(worker, &node);
	buf_clear(&report->node);
	wire_datanode_encode(&report->node, &node);
	buf_append_u8(report->to, REPORT_NODE_TAG);
	wire_rpc_message_append(report->to, buf_str(&report->node));
	return !report->node.failed;
}

void serve_get_datanode_report(struct call *call)
{
	Hdfs__GetDatanodeReportRequest *request;
	struct worker_report report;

	if (call_unpack(call, &hdfs__get_datanode_report_request__descriptor, &request) < 0)
		return;
	report.to = call_reply_begin(call);
	buf_init(&report.node);
	workers_each(master_workers(call_master(call)), status_liveness(request->type), add_worker,
	             &report);
	if (report.node.failed)
		report.to->failed = true;
	buf_finish(&report.node);
	call_reply_end(call);
}

/* ---- roles and safe mode ---- */

void serve_get_ha_state(struct call *call)
{
	Hdfs__GetHaServiceStateResponse reply = HDFS__GET_HA_SERVICE_STATE_RESPONSE__INIT;

	reply.state = status_role(call_master(call));
	call_reply_pb(call, &reply.base);
}

static void answer_safe_mode(struct call *call, const struct ns_result *result)
{
	(void)result;
	call_reply_bool(call, safe_mode_refuses(call_master(call)));
}

static void change_safe_mode(struct call *call, bool is_on)
{
	struct command *command = call_command(call, answer_safe_mode);

	if (command == NULL)
		return;
	if (!is_on)
		safe_mode_end_start(call_master(call));
	command->kind = ENTRY_safe_mode;
	command->safe_mode.is_on = is_on;
	/* dfsadmin asks every master, for HDFS's have a safe mode each, and fails at the first that
	 * refuses; three times the same is the same. */
	call->is_sent_on = true;
	call_propose(call);
}

static void enter_safe_mode(struct call *call)
{
	change_safe_mode(call, true);
}

static void leave_safe_mode(struct call *call)
{
	change_safe_mode(call, false);
}

static void reply_safe_mode(struct call *call)
{
	call_reply_bool(call, safe_mode_refuses(call_master(call)));
}

/* Without `checked` every role answers GET, for dfsadmin asks all masters; but one that is still
 * reading its journal does not know yet. */
void serve_set_safe_mode(struct call *call)
{
	Hdfs__SetSafeModeRequest *request;

	if (call_unpack(call, &hdfs__set_safe_mode_request__descriptor, &request) < 0)
		return;
	switch (request->action) {
	case HDFS__SAFE_MODE_ACTION__SAFEMODE_ENTER:
		call_identify_superuser(call, STR("safemode_enter"), enter_safe_mode);
		break;
	case HDFS__SAFE_MODE_ACTION__SAFEMODE_LEAVE:
		call_identify_superuser(call, STR("safemode_leave"), leave_safe_mode);
		break;
	case HDFS__SAFE_MODE_ACTION__SAFEMODE_FORCE_EXIT:
		call_identify_superuser(call, STR("safemode_force_exit"), leave_safe_mode);
		break;
	default:
		if (request->checked ||
		    status_role(call_master(call)) == HA__SERVICE_STATE__INITIALIZING)
			call_read(call, reply_safe_mode);
		else
			reply_safe_mode(call);
	}
}
