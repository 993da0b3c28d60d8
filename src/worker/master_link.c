/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's talk with one master, in this order, one call at a time:
 *
 *   version > register > heartbeat, which grants the full report > full report > changes,
 * heartbeats
 *
 * A change is sent at once.  A master that forgot the worker answers a heartbeat with the order to
 * register, and everything begins again.  Registering drops the changes that wait: the full report
 * that follows has them.  Source: HDFS BPServiceActor (reference of fields: proto/datanode.proto).
 */
#include "worker/worker_private.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "rpc/rpc_client.h"
#include "wire/pb.h"
#include "wire/protocols.h"
#include "worker/report.h"

enum {
	LINK_MAGIC = 0x686c696e,
	LINK_ARENA_BYTES_MAX = 64 << 20,
	LINK_RETRY_MS = 1000,
	LINK_CALL_TIMEOUT_MS = 60000,
	LINK_CONNECT_TIMEOUT_MS = 5000,
	LINK_CHANGES_MAX = 1000,            /* in one message */
	LINK_CHANGES_KEPT_MAX = 100 * 1000, /* for a master that does not answer */
	RESPONSE_BYTES_MAX = 64 << 20,
	LAYOUT_VERSION = -57,
};

struct change {
	struct stored_block block;
	Datanode__ReceivedDeletedBlockInfo__Status event;
};

enum link_call { CALL_NONE, CALL_VERSION, CALL_REGISTER, CALL_BEAT, CALL_REPORT, CALL_CHANGES };

struct master_link {
	uint32_t magic;
	struct worker *worker;
	char address[96]; /* for texts */
	struct rpc_client *rpc;
	struct rpc_request request;
	struct buf message;
	enum link_call call; /* under way */
	struct io_timer timer;
	bool knows_cluster;
	bool is_foreign;
	bool is_registered;
	bool is_unreachable; /* said in the log */
	bool takes_buffers;  /* capability bit 0 */
	struct buf cluster_id;
	uint32_t namespace_id;
	uint64_t ctime;
	bool needs_report;
	uint64_t report_lease; /* granted; 0: none */
	uint64_t next_beat_us;
	uint64_t next_report_us;
	struct change *changes;
	size_t change_count;
	size_t change_capacity;
	size_t changes_sent; /* of these, in the call under way */
};

static void step(struct master_link *link);

/* ---- messages ---- */

/* What every message of a worker carries. */
struct registration {
	Datanode__DatanodeRegistration message;
	Hdfs__DatanodeID id;
	Server__StorageInfo storage;
	Server__ExportedBlockKeys keys;
	Server__BlockKey key;
};

static void fill_registration(const struct master_link *link, struct registration *r)
{
	const struct worker *worker = link->worker;

	datanode__datanode_registration__init(&r->message);
	hdfs__datanode_id__init(&r->id);
	server__storage_info__init(&r->storage);
	server__exported_block_keys__init(&r->keys);
	server__block_key__init(&r->key);
	r->id.ip_addr = pb_bytes(STR("127.0.0.1")); /* the master takes the socket's */
	r->id.host_name = pb_bytes(str_of(io_host_name(worker->io)));
	r->id.datanode_uuid = pb_bytes(str_of(block_store_worker_uuid(worker->store)));
	r->id.xfer_port = worker_transfer_port(worker);
	r->id.ipc_port = worker->ipc == NULL ? 0 : worker_ipc_port(worker->ipc);
	r->id.info_port = worker->options.info_port;
	r->storage.layout_version = (uint32_t)LAYOUT_VERSION;
	r->storage.namespace_id = link->namespace_id;
	r->storage.cluster_id = pb_bytes(buf_str(&link->cluster_id));
	r->storage.ctime = link->ctime;
	r->keys.current_key = &r->key;
	r->message.datanode_id = &r->id;
	r->message.storage_info = &r->storage;
	r->message.keys = &r->keys;
	r->message.software_version = pb_bytes(str_of(worker->options.version));
}

static void append_beat(struct master_link *link)
{
	struct worker *worker = link->worker;
	Datanode__HeartbeatRequest beat = DATANODE__HEARTBEAT_REQUEST__INIT;
	Hdfs__StorageReport report = HDFS__STORAGE_REPORT__INIT, *reports[] = {&report};
	Hdfs__DatanodeStorage storage = HDFS__DATANODE_STORAGE__INIT;
	struct registration registration;
	struct io_space space = {0};

	fill_registration(link, &registration);
	if (io_space(worker->io, block_store_folder(worker->store), &space) < 0)
		report.failed = report.has_failed = true;
	storage.storage_uuid = pb_bytes(str_of(block_store_storage_uuid(worker->store)));
	report.storage = &storage;
	report.storage_uuid = storage.storage_uuid;
	report.has_capacity = report.has_dfs_used = report.has_remaining = true;
	report.has_block_pool_used = true;
	report.capacity = space.capacity;
	report.dfs_used = report.block_pool_used = block_store_bytes(worker->store);
	report.remaining = space.available > worker->options.reserved_bytes
	                           ? space.available - worker->options.reserved_bytes
	                           : 0;
	report.has_non_dfs_used = true;
	report.non_dfs_used = space.capacity > report.dfs_used + space.available
	                              ? space.capacity - report.dfs_used - space.available
	                              : 0;
	beat.registration = &registration.message;
	beat.n_reports = 1;
	beat.reports = reports;
	beat.has_xceiver_count = true;
	beat.xceiver_count = (uint32_t)worker->transfer_count;
	beat.has_request_full_block_report_lease = true;
	beat.request_full_block_report_lease = link->needs_report;
	pb_append(&link->message, &beat.base);
}

static void append_register(struct master_link *link)
{
	Datanode__RegisterDatanodeRequest request = DATANODE__REGISTER_DATANODE_REQUEST__INIT;
	struct registration registration;

	fill_registration(link, &registration);
	request.registration = &registration.message;
	pb_append(&link->message, &request.base);
}

static void append_report(struct master_link *link)
{
	Datanode__BlockReportRequest request = DATANODE__BLOCK_REPORT_REQUEST__INIT;
	Datanode__BlockReportContext context = DATANODE__BLOCK_REPORT_CONTEXT__INIT;
	struct worker *worker = link->worker;
	struct registration registration;

	fill_registration(link, &registration);
	request.registration = &registration.message;
	request.block_pool_id = pb_bytes(str_of(block_store_pool(worker->store)));
	context.total_rpcs = 1;
	context.id = (int64_t)io_now_us(worker->io);
	context.has_lease_id = true;
	context.lease_id = link->report_lease;
	request.context = &context;
	worker_report_append(worker->store, &request, link->takes_buffers, &link->message);
}

static void append_changes(struct master_link *link)
{
	Datanode__BlockReceivedAndDeletedRequest request =
	        DATANODE__BLOCK_RECEIVED_AND_DELETED_REQUEST__INIT;
	Datanode__StorageReceivedDeletedBlocks
	        of_storage = DATANODE__STORAGE_RECEIVED_DELETED_BLOCKS__INIT,
	        *storages[] = {&of_storage};
	Datanode__ReceivedDeletedBlockInfo infos[LINK_CHANGES_MAX], *pointers[LINK_CHANGES_MAX];
	Hdfs__Block blocks[LINK_CHANGES_MAX];
	Hdfs__DatanodeStorage storage = HDFS__DATANODE_STORAGE__INIT;
	struct registration registration;
	struct worker *worker = link->worker;
	size_t count =
	        link->change_count < LINK_CHANGES_MAX ? link->change_count : LINK_CHANGES_MAX;

	for (size_t i = 0; i < count; i++) {
		hdfs__block__init(&blocks[i]);
		blocks[i].block_id = link->changes[i].block.id;
		blocks[i].gen_stamp = link->changes[i].block.stamp;
		blocks[i].has_num_bytes = true;
		blocks[i].num_bytes = link->changes[i].block.length;
		datanode__received_deleted_block_info__init(&infos[i]);
		infos[i].block = &blocks[i];
		infos[i].status = link->changes[i].event;
		pointers[i] = &infos[i];
	}
	fill_registration(link, &registration);
	storage.storage_uuid = pb_bytes(str_of(block_store_storage_uuid(worker->store)));
	of_storage.storage_uuid = storage.storage_uuid;
	of_storage.storage = &storage;
	of_storage.n_blocks = count;
	of_storage.blocks = pointers;
	request.registration = &registration.message;
	request.block_pool_id = pb_bytes(str_of(block_store_pool(worker->store)));
	request.n_blocks = 1;
	request.blocks = storages;
	link->changes_sent = count;
	pb_append(&link->message, &request.base);
}

/* ---- answers ---- */

static int take_version(struct master_link *link, struct str response, struct arena *arena)
{
	Server__VersionResponse *version;
	const Server__StorageInfo *storage;
	int rc = pb_unpack(&server__version_response__descriptor, response, arena, &version);

	if (rc < 0)
		return rc;
	storage = version->info->storage_info;
	buf_clear(&link->cluster_id);
	buf_append_str(&link->cluster_id, pb_str(storage->cluster_id));
	link->namespace_id = storage->namespace_id;
	link->ctime = storage->ctime;
	link->takes_buffers = version->info->has_capabilities && (version->info->capabilities & 1);
	rc = block_store_bind(link->worker->store, pb_str(storage->cluster_id),
	                      storage->namespace_id, pb_str(version->info->block_pool_id));
	link->is_foreign = rc == -ERR_FOREIGN;
	if (link->is_foreign)
		log_event(LOG_WORKER_FOREIGN, "%s is of cluster %.*s", link->address,
		          STR_ARGS(pb_str(storage->cluster_id)));
	link->knows_cluster = rc == 0;
	return rc;
}

static void registered(struct master_link *link)
{
	link->is_registered = true;
	link->needs_report = true;
	link->report_lease = 0;
	link->change_count = 0;
	link->next_beat_us = 0;
	log_event(LOG_WORKER_MASTER, "registered at %s", link->address);
}

static void obey(struct master_link *link, const Datanode__DatanodeCommand *command)
{
	const Datanode__BlockCommand *blocks = command->blk_cmd;

	if (command->cmd_type != DATANODE__DATANODE_COMMAND__TYPE__BLOCK || blocks == NULL ||
	    blocks->action != DATANODE__BLOCK_COMMAND__ACTION__INVALIDATE)
		return;
	for (size_t i = 0; i < blocks->n_blocks; i++) {
		const struct stored_block *block =
		        block_store_find(link->worker->store, blocks->blocks[i]->block_id);

		if (block != NULL && block->stamp == blocks->blocks[i]->gen_stamp &&
		    !transfer_writes(link->worker, block->id))
			worker_delete(link->worker, block);
	}
}

static int take_beat(struct master_link *link, struct str response, struct arena *arena)
{
	Datanode__HeartbeatResponse *beat;
	int rc = pb_unpack(&datanode__heartbeat_response__descriptor, response, arena, &beat);
	bool obeys;

	if (rc < 0)
		return rc;
	worker_heard(link->worker);
	obeys = worker_obeys(link->worker, link,
	                     beat->ha_status->state == SERVER__HA_STATUS__STATE__ACTIVE,
	                     beat->ha_status->txid);
	if (beat->has_full_block_report_lease_id)
		link->report_lease = beat->full_block_report_lease_id;
	for (size_t i = 0; i < beat->n_cmds; i++) {
		if (beat->cmds[i]->cmd_type == DATANODE__DATANODE_COMMAND__TYPE__REGISTER)
			link->is_registered = false;
		else if (obeys)
			obey(link, beat->cmds[i]);
	}
	return 0;
}

static void report_sent(struct master_link *link)
{
	link->needs_report = false;
	link->report_lease = 0;
	link->next_report_us = io_now_us(link->worker->io) + link->worker->options.report_ms * 1000;
}

static void changes_taken(struct master_link *link)
{
	link->change_count -= link->changes_sent;
	memmove(link->changes, link->changes + link->changes_sent,
	        link->change_count * sizeof(*link->changes));
}

static int take_answer(struct master_link *link, enum link_call call, struct str response)
{
	struct arena arena;
	int rc = 0;

	arena_init(&arena, LINK_ARENA_BYTES_MAX);
	switch (call) {
	case CALL_NONE: break;
	case CALL_VERSION: rc = take_version(link, response, &arena); break;
	case CALL_REGISTER: registered(link); break;
	case CALL_BEAT: rc = take_beat(link, response, &arena); break;
	case CALL_REPORT: report_sent(link); break;
	case CALL_CHANGES: changes_taken(link); break;
	}
	arena_finish(&arena);
	return rc;
}

/* An exception other than "not now" means that this master does not know the worker any more.
 * Orders may have been in an answer that was lost: the master gives each once, and again for what a
 * full report shows. */
static void call_failed(struct master_link *link, enum link_call call,
                        const struct rpc_outcome *outcome)
{
	if (outcome->exception_class.size > 0)
		link->is_registered = false;
	else
		link->knows_cluster = false; /* another master may answer there next */
	if (call == CALL_BEAT && outcome->was_sent) {
		link->needs_report = true;
		link->next_beat_us = 0; /* which grants the report */
	}
	if (!link->is_unreachable)
		log_event(LOG_WORKER_MASTER, "%s does not answer: %s %.*s", link->address,
		          err_text(outcome->rc), STR_ARGS(outcome->exception_text));
	link->is_unreachable = true;
	io_timer_start(&link->timer, (uint64_t)LINK_RETRY_MS * 1000);
}

static void call_done(struct rpc_request *request, const struct rpc_outcome *outcome)
{
	struct master_link *link = CONTAINER_OF(request, struct master_link, request);
	enum link_call call = link->call;
	int rc;

	link->call = CALL_NONE;
	if (outcome->rc != 0) {
		call_failed(link, call, outcome);
		return;
	}
	link->is_unreachable = false;
	rc = take_answer(link, call, outcome->response);
	if (rc < 0) {
		log_event(LOG_WORKER_MASTER, "%s: an answer cannot be used: %s", link->address,
		          err_text(rc));
		io_timer_start(&link->timer, (uint64_t)LINK_RETRY_MS * 1000);
		return;
	}
	step(link);
}

/* ---- what to say next ---- */

static void say(struct master_link *link, enum link_call call, const char *method,
                void (*append)(struct master_link *link))
{
	buf_clear(&link->message);
	if (append != NULL)
		append(link);
	if (link->message.failed) {
		io_timer_start(&link->timer, (uint64_t)LINK_RETRY_MS * 1000);
		return;
	}
	link->call = call;
	link->request = (struct rpc_request){
	        .protocol = WIRE_DATANODE_PROTOCOL,
	        .method = method,
	        .message = buf_str(&link->message),
	        .call_id = rpc_client_next_call_id(link->rpc),
	        .timeout_ms = LINK_CALL_TIMEOUT_MS,
	        .done = call_done,
	};
	rpc_client_call(link->rpc, &link->request);
}

static void step(struct master_link *link)
{
	uint64_t now_us = io_now_us(link->worker->io);

	if (link->call != CALL_NONE || link->is_foreign)
		return;
	if (link->next_report_us != 0 && now_us >= link->next_report_us) {
		link->needs_report = true;
		link->next_report_us = 0;
	}
	if (!link->knows_cluster) {
		say(link, CALL_VERSION, "versionRequest", NULL);
	} else if (!link->is_registered) {
		say(link, CALL_REGISTER, "registerDatanode", append_register);
	} else if (link->needs_report && link->report_lease != 0) {
		/* What changed before the report is in it. */
		link->change_count = 0;
		say(link, CALL_REPORT, "blockReport", append_report);
	} else if (link->change_count > 0 && !link->needs_report) {
		say(link, CALL_CHANGES, "blockReceivedAndDeleted", append_changes);
	} else if (now_us >= link->next_beat_us) {
		link->next_beat_us = now_us + link->worker->options.heartbeat_ms * 1000;
		say(link, CALL_BEAT, "sendHeartbeat", append_beat);
	} else {
		io_timer_start(&link->timer, link->next_beat_us - now_us);
	}
}

static void on_timer(struct io_timer *timer)
{
	step(CONTAINER_OF(timer, struct master_link, timer));
}

static bool make_room_for_change(struct master_link *link)
{
	size_t capacity = link->change_capacity == 0 ? 64 : link->change_capacity * 2;
	struct change *changes;

	if (link->change_count >= LINK_CHANGES_KEPT_MAX)
		return false;
	if (link->change_count < link->change_capacity)
		return true;
	changes = mem_realloc(link->changes, capacity * sizeof(*changes));
	if (changes == NULL)
		return false;
	link->changes = changes;
	link->change_capacity = capacity;
	return true;
}

void master_link_tell(struct master_link *link, const struct stored_block *block,
                      Datanode__ReceivedDeletedBlockInfo__Status event)
{
	if (!make_room_for_change(link)) {
		link->needs_report = true; /* the full report says it instead */
		return;
	}
	link->changes[link->change_count++] = (struct change){.block = *block, .event = event};
	step(link);
}

/* ---- life ---- */

int master_link_create(struct worker *worker, const struct client_address *address,
                       struct master_link **ret_link)
{
	struct rpc_client_options options = {
	        .io = worker->io,
	        .host = address->host,
	        .port = address->port,
	        .user = io_user_name(worker->io),
	        .protocol = WIRE_DATANODE_PROTOCOL,
	        .connect_timeout_ms = LINK_CONNECT_TIMEOUT_MS,
	        .response_bytes_max = RESPONSE_BYTES_MAX,
	};
	struct master_link *link = mem_zalloc(sizeof(*link));
	int rc;

	if (link == NULL)
		return -ERR_NO_MEMORY;
	link->magic = LINK_MAGIC;
	link->worker = worker;
	snprintf(link->address, sizeof(link->address), HOST_PORT_FORMAT, HOST_PORT_ARGS(*address));
	io_random(worker->io, options.client_id, sizeof(options.client_id));
	io_timer_init(worker->io, &link->timer, on_timer);
	rc = rpc_client_create(&options, &link->rpc);
	if (rc < 0) {
		master_link_destroy(link);
		return rc;
	}
	io_timer_start(&link->timer, 0);
	*ret_link = link;
	return 0;
}

void master_link_destroy(struct master_link *link)
{
	if (link == NULL)
		return;
	OBJ_CHECK(link, LINK_MAGIC);
	if (link->call != CALL_NONE)
		rpc_client_cancel(&link->request);
	io_timer_stop(&link->timer);
	if (link->rpc != NULL)
		rpc_client_destroy(link->rpc);
	buf_finish(&link->message);
	buf_finish(&link->cluster_id);
	mem_free(link->changes);
	link->magic = 0;
	mem_free(link);
}
