/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DatanodeProtocol: registration, heartbeats and what workers complain about.
 *
 * Answered in every role: workers talk to all masters, and obey the one that claims ACTIVE with the
 * greatest txid.  ACTIVE is claimed, and orders are given, only under a proof of primacy that began
 * when the worker had asked.
 */
#include "base/err.h"
#include "base/log.h"
#include "proto/client.pb-c.h"
#include "proto/datanode.pb-c.h"
#include "service/datanode.h"
#include "service/handlers.h"
#include "service/keys.h"
#include "service/status.h"

enum {
	LAYOUT_VERSION = -67, /* of a NameNode of Hadoop 3.4 */
	CAPABILITY_BUFFERED_REPORTS = 1,
	PORT_MAX = 65535,
};

/* The release of Hadoop whose protocols are spoken here; DataNodes refuse a NameNode below 2.1. */
#define SOFTWARE_VERSION STR("3.4.3")
#define BUILD_VERSION    STR("holdfast")

/* ---- identity ---- */

static void fill_storage_info(const struct ns_identity *identity, Server__StorageInfo *info)
{
	server__storage_info__init(info);
	info->layout_version = (uint32_t)LAYOUT_VERSION;
	info->namespace_id = identity->namespace_id;
	info->cluster_id = pb_bytes(identity->cluster_id);
	info->ctime = identity->ctime_ms;
}

static Server__HaStatus__State state_of(bool is_active)
{
	return is_active ? SERVER__HA_STATUS__STATE__ACTIVE : SERVER__HA_STATUS__STATE__STANDBY;
}

/* In the call's arena. */
struct claim {
	struct primacy_wait wait;
	struct call *call;
	Datanode__HeartbeatRequest *beat;
};

/* reached() runs when it is known whether this master is primary. */
static void begin_claim(struct call *call, Datanode__HeartbeatRequest *beat,
                        void (*reached)(struct primacy_wait *wait, int rc))
{
	struct claim *claim = call_alloc(call, sizeof(*claim));

	if (claim == NULL)
		return;
	*claim = (struct claim){.wait.reached = reached, .call = call, .beat = beat};
	master_prove(call_master(call), &claim->wait);
}

static void reply_version(struct primacy_wait *wait, int rc)
{
	struct call *call = CONTAINER_OF(wait, struct claim, wait)->call;
	Server__VersionResponse reply = SERVER__VERSION_RESPONSE__INIT;
	Server__NamespaceInfo info = SERVER__NAMESPACE_INFO__INIT;
	Server__StorageInfo storage;
	struct ns_identity identity;

	if (!ns_identity(call_namespace(call), &identity)) {
		call_refuse(call, -ERR_RETRIABLE, STR("NameNode still not started"));
		return;
	}
	fill_storage_info(&identity, &storage);
	info.build_version = pb_bytes(BUILD_VERSION);
	info.block_pool_id = pb_bytes(identity.block_pool_id);
	info.storage_info = &storage;
	info.software_version = pb_bytes(SOFTWARE_VERSION);
	info.has_capabilities = true;
	info.capabilities = CAPABILITY_BUFFERED_REPORTS;
	info.has_state = true;
	info.state = state_of(rc == 0);
	reply.info = &info;
	call_reply_pb(call, &reply.base);
}

void datanode_version(struct call *call)
{
	begin_claim(call, NULL, reply_version);
}

bool datanode_is_ours(struct call *call, const Datanode__DatanodeRegistration *registration)
{
	const Server__StorageInfo *info = registration->storage_info;
	struct ns_identity ours;

	if (!ns_identity(call_namespace(call), &ours)) {
		call_refuse(call, -ERR_RETRIABLE, STR("NameNode still not started"));
		return false;
	}
	if (str_equal(pb_str(info->cluster_id), ours.cluster_id) &&
	    info->namespace_id == ours.namespace_id && info->ctime == ours.ctime_ms)
		return true;
	call_why(call, 0,
	         "Unregistered server: %.*s at %.*s belongs to cluster %.*s, namespace %u; this is "
	         "cluster %.*s, namespace %u",
	         STR_ARGS(pb_str(registration->datanode_id->datanode_uuid)),
	         STR_ARGS(call_address(call)), STR_ARGS(pb_str(info->cluster_id)),
	         info->namespace_id, STR_ARGS(ours.cluster_id), ours.namespace_id);
	call_refuse(call, -ERR_UNREGISTERED, call->text);
	return false;
}

/* ---- registration ---- */

static bool has_ports(const Hdfs__DatanodeID *id)
{
	return id->xfer_port <= PORT_MAX && id->info_port <= PORT_MAX && id->ipc_port <= PORT_MAX &&
	       id->info_secure_port <= PORT_MAX;
}

void datanode_register(struct call *call)
{
	Datanode__RegisterDatanodeRequest *request;
	Datanode__RegisterDatanodeResponse reply = DATANODE__REGISTER_DATANODE_RESPONSE__INIT;
	Hdfs__DatanodeID *id;
	struct worker_identity identity;
	struct no_keys none;
	int rc = -ERR_ILLEGAL_ARGUMENT;

	if (call_unpack(call, &datanode__register_datanode_request__descriptor, &request) < 0 ||
	    !datanode_is_ours(call, request->registration))
		return;
	id = request->registration->datanode_id;
	identity = (struct worker_identity){
	        .uuid = pb_str(id->datanode_uuid),
	        .address = call_address(call),
	        .host = pb_str(id->host_name),
	        .version = pb_str(request->registration->software_version),
	        .transfer_port = (uint16_t)id->xfer_port,
	        .info_port = (uint16_t)id->info_port,
	        .info_secure_port = (uint16_t)id->info_secure_port,
	        .ipc_port = (uint16_t)id->ipc_port,
	};
	if (has_ports(id))
		rc = workers_register(master_workers(call_master(call)), &identity);
	if (rc < 0) {
		call_refuse(call, rc, (struct str){0});
		return;
	}
	/* What it sent, with the address that its connection came from. */
	id->ip_addr = pb_bytes(identity.address);
	request->registration->keys = no_keys(&none);
	reply.registration = request->registration;
	call_reply_pb(call, &reply.base);
}

/* ---- heartbeats ---- */

static void fill_store(const Hdfs__StorageReport *from, struct worker_store *to)
{
	*to = (struct worker_store){
	        .uuid = pb_str(from->storage_uuid),
	        .storage_type = from->storage == NULL ? HDFS__STORAGE_TYPE__DISK
	                                              : (uint8_t)from->storage->storage_type,
	        .is_failed = from->failed,
	        .capacity = from->capacity,
	        .used = from->dfs_used,
	        .remaining = from->remaining,
	        .pool_used = from->block_pool_used,
	        .other_used = from->non_dfs_used,
	};
}

/* 0: the orders; < 0: the call was refused. */
static int take_beat(struct call *call, const Datanode__HeartbeatRequest *request, bool is_active,
                     struct worker_orders *ret_orders)
{
	struct worker_store *stores = call_alloc(call, request->n_reports * sizeof(*stores));
	struct worker_beat beat = {
	        .uuid = pb_str(request->registration->datanode_id->datanode_uuid),
	        .stores = stores,
	        .store_count = request->n_reports,
	        .transfers = request->xmits_in_progress,
	        .xceivers = request->xceiver_count,
	        .failed_volumes = request->failed_volumes,
	        .wants_report_lease = request->request_full_block_report_lease,
	        .takes_no_orders = !is_active,
	};
	int rc;

	if (stores == NULL)
		return -ERR_NO_MEMORY;
	for (size_t i = 0; i < request->n_reports; i++)
		fill_store(request->reports[i], &stores[i]);
	rc = workers_heartbeat(master_workers(call_master(call)), &beat, call_arena(call),
	                       ret_orders);
	if (rc < 0)
		call_refuse(call, rc, (struct str){0});
	return rc;
}

/* The messages of one answer, and room for what they point to. */
struct orders_reply {
	Datanode__HeartbeatResponse response;
	Server__HaStatus status;
	Datanode__DatanodeCommand command;
	Datanode__DatanodeCommand *commands[1];
	Datanode__RegisterCommand registration;
	Datanode__BlockCommand blocks;
};

static void add_command(struct orders_reply *reply, Datanode__DatanodeCommand__Type type)
{
	datanode__datanode_command__init(&reply->command);
	reply->command.cmd_type = type;
	reply->commands[0] = &reply->command;
	reply->response.cmds = reply->commands;
	reply->response.n_cmds = 1;
}

static bool add_deletions(struct call *call, const struct worker_orders *orders,
                          struct orders_reply *reply)
{
	size_t count = orders->deletion_count;
	Hdfs__Block *blocks = arena_alloc(call_arena(call), count * sizeof(*blocks));
	Hdfs__Block **pointers = arena_alloc(call_arena(call), count * sizeof(Hdfs__Block *));

	if (blocks == NULL || pointers == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		hdfs__block__init(&blocks[i]);
		blocks[i].block_id = orders->deletions[i].id;
		blocks[i].gen_stamp = orders->deletions[i].stamp;
		blocks[i].has_num_bytes = true;
		blocks[i].num_bytes = orders->deletions[i].length;
		pointers[i] = &blocks[i];
	}
	datanode__block_command__init(&reply->blocks);
	reply->blocks.action = DATANODE__BLOCK_COMMAND__ACTION__INVALIDATE;
	reply->blocks.block_pool_id = pb_bytes(status_pool(call));
	reply->blocks.blocks = pointers;
	reply->blocks.n_blocks = count;
	add_command(reply, DATANODE__DATANODE_COMMAND__TYPE__BLOCK);
	reply->command.blk_cmd = &reply->blocks;
	return true;
}

static void reply_orders(struct call *call, bool is_active, const struct worker_orders *orders)
{
	struct orders_reply reply;

	datanode__heartbeat_response__init(&reply.response);
	server__ha_status__init(&reply.status);
	reply.status.state = state_of(is_active);
	reply.status.txid = master_heartbeat_txid(call_master(call));
	reply.response.ha_status = &reply.status;
	reply.response.has_full_block_report_lease_id = true;
	reply.response.full_block_report_lease_id = orders->report_lease;
	if (orders->must_register) {
		datanode__register_command__init(&reply.registration);
		add_command(&reply, DATANODE__DATANODE_COMMAND__TYPE__REGISTER);
		reply.command.register_cmd = &reply.registration;
	} else if (orders->deletion_count > 0 && !add_deletions(call, orders, &reply)) {
		call_refuse(call, -ERR_RETRIABLE, STR("Out of memory"));
		return;
	}
	call_reply_pb(call, &reply.response.base);
}

static void answer_beat(struct primacy_wait *wait, int rc)
{
	struct claim *claim = CONTAINER_OF(wait, struct claim, wait);
	struct worker_orders orders = {0};

	if (datanode_is_ours(claim->call, claim->beat->registration) &&
	    take_beat(claim->call, claim->beat, rc == 0, &orders) == 0)
		reply_orders(claim->call, rc == 0, &orders);
}

void datanode_heartbeat(struct call *call)
{
	Datanode__HeartbeatRequest *request;

	if (call_unpack(call, &datanode__heartbeat_request__descriptor, &request) == 0)
		begin_claim(call, request, answer_beat);
}

/* ---- complaints ---- */

void datanode_error_report(struct call *call)
{
	Datanode__ErrorReportRequest *request;

	if (call_unpack(call, &datanode__error_report_request__descriptor, &request) < 0 ||
	    !datanode_is_ours(call, request->registration))
		return;
	log_event(LOG_WORKER_COMPLAINS, "uuid=%.*s address=%.*s code=%u: %.*s",
	          STR_ARGS(pb_str(request->registration->datanode_id->datanode_uuid)),
	          STR_ARGS(call_address(call)), request->error_code,
	          STR_ARGS(pb_str(request->msg)));
	call_reply_empty(call);
}

static void report_bad(struct call *call, const Hdfs__LocatedBlock *located)
{
	struct block block = {
	        .id = located->b->block_id,
	        .stamp = located->b->generation_stamp,
	        .length = located->b->num_bytes,
	};

	if (!str_equal(pb_str(located->b->pool_id), status_pool(call)))
		return;
	for (size_t i = 0; i < located->n_locs; i++)
		workers_report_bad(master_workers(call_master(call)),
		                   pb_str(located->locs[i]->id->datanode_uuid), &block);
}

/* ClientProtocol's message is the same. */
void datanode_report_bad_blocks(struct call *call)
{
	Datanode__ReportBadBlocksRequest *request;

	if (call_unpack(call, &datanode__report_bad_blocks_request__descriptor, &request) < 0)
		return;
	for (size_t i = 0; i < request->n_blocks; i++)
		report_bad(call, request->blocks[i]);
	call_reply_empty(call);
}
