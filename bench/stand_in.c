/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/stand_in.h"

#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/check.h"
#include "base/cursor.h"
#include "base/err.h"
#include "base/mem.h"
#include "bench/client.h"
#include "bench/clock.h"
#include "proto/datanode.pb-c.h"
#include "proto/rpc.pb-c.h"
#include "wire/pb.h"
#include "wire/protocols.h"
#include "wire/rpc_header.h"

enum {
	HEARTBEAT_MS = 1000,
	LAYOUT_VERSION = -57, /* of Hadoop's DataNodes */
};
#define CAPACITY_BYTES (UINT64_C(1) << 50) /* so that it never looks full */
#define STORAGE        STR("DS-holdfast-loadgen")

struct stand_in {
	struct client client;
	int epoll_fd;
	uint64_t timeout_ns;
	int32_t call_id;
	uint64_t heartbeat_at_ns;
	struct buf request;
	struct arena arena; /* of one call */
	struct arena kept;  /* what the registration points to */
	Server__NamespaceInfo *info;
	Hdfs__DatanodeID id;
	Server__StorageInfo storage_info;
	Server__BlockKey key;
	Server__ExportedBlockKeys keys;
	Datanode__DatanodeRegistration registration;
	Hdfs__DatanodeStorage storage;
	uint64_t report_lease; /* to be told with a full report */
};

/* ---- calls that block ---- */

static int wait_ready(struct stand_in *stand_in)
{
	struct epoll_event event;
	int count =
	        epoll_wait(stand_in->epoll_fd, &event, 1, (int)(stand_in->timeout_ns / NS_PER_MS));

	return count > 0 ? 0 : -ERR_TIMEOUT;
}

static int take_reply(struct stand_in *stand_in, struct str frame,
                      const ProtobufCMessageDescriptor *type, void *ret_reply)
{
	struct cursor cursor = cursor_of(frame);
	struct wire_rpc_response header;
	struct str message;

	if (wire_rpc_response_take(&cursor, &header) < 0 || header.call_id != stand_in->call_id)
		return -ERR_DAMAGED;
	if (header.status != RPC__RPC_STATUS__SUCCESS) {
		fprintf(stderr, "loadgen: a worker is refused: %.*s: %.*s\n",
		        STR_ARGS(header.exception_class), STR_ARGS(header.exception_text));
		return -ERR_REFUSED;
	}
	if (wire_rpc_message_take(&cursor, &message) < 0)
		return -ERR_DAMAGED;
	return type == NULL ? 0 : pb_unpack(type, message, &stand_in->arena, ret_reply);
}

/* type NULL: the reply's content does not matter.  The reply lives until the next call. */
static int call(struct stand_in *stand_in, struct str method, const ProtobufCMessage *request,
                const ProtobufCMessageDescriptor *type, void *ret_reply)
{
	struct message_call message = {
	        .protocol = STR(WIRE_DATANODE_PROTOCOL),
	        .method = method,
	        .call_id = ++stand_in->call_id,
	};
	struct str frame = {0};
	int rc;

	arena_reset(&stand_in->arena);
	buf_clear(&stand_in->request);
	pb_append(&stand_in->request, request);
	message.request = buf_str(&stand_in->request);
	client_queue_call(&stand_in->client, &message);
	rc = stand_in->request.failed ? -ERR_NO_MEMORY : client_flush(&stand_in->client);
	while (rc == 0 && frame.size == 0) {
		rc = wait_ready(stand_in);
		if (rc == 0)
			rc = client_flush(&stand_in->client);
		if (rc == 0)
			rc = client_read(&stand_in->client);
		if (rc == 0)
			rc = client_next_frame(&stand_in->client, &frame);
	}
	return rc < 0 ? rc : take_reply(stand_in, frame, type, ret_reply);
}

/* ---- what a worker says ---- */

static int heartbeat(struct stand_in *stand_in, bool wants_report_lease)
{
	Datanode__HeartbeatRequest request = DATANODE__HEARTBEAT_REQUEST__INIT;
	Hdfs__StorageReport report = HDFS__STORAGE_REPORT__INIT, *reports[] = {&report};
	Datanode__HeartbeatResponse *reply;
	int rc;

	report.storage_uuid = pb_bytes(STORAGE);
	report.storage = &stand_in->storage;
	report.has_capacity = report.has_remaining = true;
	report.capacity = report.remaining = CAPACITY_BYTES;
	request.registration = &stand_in->registration;
	request.n_reports = COUNT_OF(reports);
	request.reports = reports;
	request.has_request_full_block_report_lease = true;
	request.request_full_block_report_lease = wants_report_lease;
	rc = call(stand_in, STR("sendHeartbeat"), &request.base,
	          &datanode__heartbeat_response__descriptor, &reply);
	if (rc < 0)
		return rc;
	stand_in->report_lease = reply->full_block_report_lease_id;
	stand_in->heartbeat_at_ns = clock_now_ns() + HEARTBEAT_MS * NS_PER_MS;
	return 0;
}

static int full_report(struct stand_in *stand_in)
{
	Datanode__BlockReportRequest request = DATANODE__BLOCK_REPORT_REQUEST__INIT;
	Datanode__StorageBlockReport report = DATANODE__STORAGE_BLOCK_REPORT__INIT;
	Datanode__StorageBlockReport *reports[] = {&report};
	Datanode__BlockReportContext context = DATANODE__BLOCK_REPORT_CONTEXT__INIT;

	report.storage = &stand_in->storage;
	report.has_number_of_blocks = true;
	context.total_rpcs = 1;
	context.id = (int64_t)(clock_now_ns() | 1);
	context.has_lease_id = true;
	context.lease_id = stand_in->report_lease;
	request.registration = &stand_in->registration;
	request.block_pool_id = stand_in->info->block_pool_id;
	request.n_reports = COUNT_OF(reports);
	request.reports = reports;
	request.context = &context;
	return call(stand_in, STR("blockReport"), &request.base, NULL, NULL);
}

static int ask_version(struct stand_in *stand_in)
{
	Rpc__Empty request = RPC__EMPTY__INIT;
	Server__VersionResponse *reply;
	int rc = call(stand_in, STR("versionRequest"), &request.base,
	              &server__version_response__descriptor, &reply);

	if (rc < 0)
		return rc;
	/* The answer outlives its call: the arenas change places. */
	stand_in->info = reply->info;
	stand_in->kept = stand_in->arena;
	arena_init(&stand_in->arena, /* limit= */ 0);
	return 0;
}

static void fill_registration(struct stand_in *stand_in)
{
	hdfs__datanode_id__init(&stand_in->id);
	stand_in->id.ip_addr = stand_in->id.host_name = pb_bytes(STR("127.0.0.1"));
	stand_in->id.datanode_uuid = pb_bytes(STR("00000000-0000-4000-8000-686f6c646661"));
	stand_in->id.xfer_port = stand_in->id.info_port = stand_in->id.ipc_port = 1;
	stand_in->storage_info = *stand_in->info->storage_info;
	stand_in->storage_info.layout_version = (uint32_t)LAYOUT_VERSION;
	server__block_key__init(&stand_in->key);
	server__exported_block_keys__init(&stand_in->keys);
	stand_in->keys.current_key = &stand_in->key;
	datanode__datanode_registration__init(&stand_in->registration);
	stand_in->registration.datanode_id = &stand_in->id;
	stand_in->registration.storage_info = &stand_in->storage_info;
	stand_in->registration.keys = &stand_in->keys;
	stand_in->registration.software_version = stand_in->info->software_version;
	hdfs__datanode_storage__init(&stand_in->storage);
	stand_in->storage.storage_uuid = pb_bytes(STORAGE);
}

static int enlist(struct stand_in *stand_in)
{
	Datanode__RegisterDatanodeRequest request = DATANODE__REGISTER_DATANODE_REQUEST__INIT;
	int rc = ask_version(stand_in);

	if (rc < 0)
		return rc;
	fill_registration(stand_in);
	request.registration = &stand_in->registration;
	rc = call(stand_in, STR("registerDatanode"), &request.base, NULL, NULL);
	if (rc == 0)
		rc = heartbeat(stand_in, /* wants_report_lease= */ true);
	return rc < 0 ? rc : full_report(stand_in);
}

/* ---- the outside ---- */

int stand_in_create(const struct address *address, struct str user, uint64_t timeout_ns,
                    struct stand_in **ret_stand_in)
{
	struct stand_in *stand_in = mem_must_zalloc(sizeof(*stand_in));
	int rc;

	stand_in->timeout_ns = timeout_ns;
	stand_in->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	rc = client_init(&stand_in->client, stand_in->epoll_fd);
	if (rc == 0)
		rc = client_connect(&stand_in->client, address, user);
	if (rc == 0)
		rc = wait_ready(stand_in);
	if (rc == 0)
		rc = client_finish_connect(&stand_in->client);
	if (rc == 0)
		rc = enlist(stand_in);
	if (rc < 0) {
		stand_in_destroy(stand_in);
		return rc;
	}
	*ret_stand_in = stand_in;
	return 0;
}

void stand_in_destroy(struct stand_in *stand_in)
{
	if (stand_in == NULL)
		return;
	client_finish(&stand_in->client);
	if (stand_in->epoll_fd >= 0)
		close(stand_in->epoll_fd);
	buf_finish(&stand_in->request);
	arena_finish(&stand_in->arena);
	arena_finish(&stand_in->kept);
	mem_free(stand_in);
}

struct str stand_in_pool(const struct stand_in *stand_in)
{
	return pb_str(stand_in->info->block_pool_id);
}

static int report_some(struct stand_in *stand_in, const struct stand_in_block *blocks, size_t count)
{
	Datanode__BlockReceivedAndDeletedRequest request =
	        DATANODE__BLOCK_RECEIVED_AND_DELETED_REQUEST__INIT;
	Datanode__StorageReceivedDeletedBlocks storage =
	        DATANODE__STORAGE_RECEIVED_DELETED_BLOCKS__INIT;
	Datanode__StorageReceivedDeletedBlocks *storages[] = {&storage};
	Datanode__ReceivedDeletedBlockInfo infos[STAND_IN_BLOCKS_MAX],
	        *pointers[STAND_IN_BLOCKS_MAX];
	Hdfs__Block of_infos[STAND_IN_BLOCKS_MAX];

	for (size_t i = 0; i < count; i++) {
		hdfs__block__init(&of_infos[i]);
		of_infos[i].block_id = blocks[i].id;
		of_infos[i].gen_stamp = blocks[i].stamp;
		of_infos[i].has_num_bytes = true;
		of_infos[i].num_bytes = blocks[i].size;
		datanode__received_deleted_block_info__init(&infos[i]);
		infos[i].block = &of_infos[i];
		infos[i].status = DATANODE__RECEIVED_DELETED_BLOCK_INFO__STATUS__RECEIVED;
		pointers[i] = &infos[i];
	}
	storage.storage_uuid = pb_bytes(STORAGE);
	storage.storage = &stand_in->storage;
	storage.n_blocks = count;
	storage.blocks = pointers;
	request.registration = &stand_in->registration;
	request.block_pool_id = stand_in->info->block_pool_id;
	request.n_blocks = COUNT_OF(storages);
	request.blocks = storages;
	return call(stand_in, STR("blockReceivedAndDeleted"), &request.base, NULL, NULL);
}

int stand_in_report(struct stand_in *stand_in, const struct stand_in_block *blocks, size_t count)
{
	int rc = 0;

	CHECK(count <= STAND_IN_BLOCKS_MAX);
	if (clock_now_ns() >= stand_in->heartbeat_at_ns)
		rc = heartbeat(stand_in, /* wants_report_lease= */ false);
	return rc < 0 ? rc : report_some(stand_in, blocks, count);
}
