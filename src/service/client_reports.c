/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ClientProtocol: what only superusers may see: stores of workers, open files, damaged ones.
 */
#include <stdlib.h>

#include "base/err.h"
#include "master/workers.h"
#include "proto/client.pb-c.h"
#include "service/handlers.h"
#include "service/status.h"
#include "wire/rpc_header.h"

/* ---- stores ---- */

struct store_reports {
	struct buf *to;
	struct buf report; /* of one worker */
	struct buf part;   /* of that */
};

enum { /* of GetDatanodeStorageReportResponse, of DatanodeStorageReport */
       TAG_REPORT = 1 << 3 | 2,
       TAG_WORKER = 1 << 3 | 2,
       TAG_STORE = 2 << 3 | 2
};

static void append_part(struct buf *to, uint8_t tag, struct buf *part)
{
	buf_append_u8(to, tag);
	wire_rpc_message_append(to, buf_str(part));
	buf_clear(part);
}

static void append_store(struct store_reports *reports, const struct worker_store *from)
{
	Hdfs__DatanodeStorage storage = HDFS__DATANODE_STORAGE__INIT;
	Hdfs__StorageReport store = HDFS__STORAGE_REPORT__INIT;

	storage.storage_uuid = pb_bytes(from->uuid);
	storage.has_state = true;
	storage.has_storage_type = true;
	storage.storage_type = (Hdfs__StorageType)from->storage_type;
	store.storage_uuid = storage.storage_uuid;
	store.storage = &storage;
	store.has_failed = true;
	store.failed = from->is_failed;
	store.has_capacity = true;
	store.capacity = from->capacity;
	store.has_dfs_used = true;
	store.dfs_used = from->used;
	store.has_remaining = true;
	store.remaining = from->remaining;
	store.has_block_pool_used = true;
	store.block_pool_used = from->pool_used;
	store.has_non_dfs_used = true;
	store.non_dfs_used = from->other_used;
	pb_append(&reports->part, &store.base);
	append_part(&reports->report, TAG_STORE, &reports->part);
}

static bool append_worker(void *context, const struct worker_info *worker)
{
	struct store_reports *reports = context;
	struct wire_datanode node;

	status_worker(worker, &node);
	wire_datanode_encode(&reports->part, &node);
	append_part(&reports->report, TAG_WORKER, &reports->part);
	for (size_t i = 0; i < worker->store_count; i++)
		append_store(reports, &worker->stores[i]);
	append_part(reports->to, TAG_REPORT, &reports->report);
	return !reports->report.failed && !reports->part.failed;
}

void serve_get_storage_report(struct call *call)
{
	Hdfs__GetDatanodeStorageReportRequest *request;
	struct store_reports reports = {0};

	if (call_unpack(call, &hdfs__get_datanode_storage_report_request__descriptor, &request) < 0)
		return;
	reports.to = call_reply_begin(call);
	workers_each(master_workers(call_master(call)), status_liveness(request->type),
	             append_worker, &reports);
	if (reports.report.failed || reports.part.failed)
		reports.to->failed = true;
	buf_finish(&reports.report);
	buf_finish(&reports.part);
	call_reply_end(call);
}

/* ---- open files ---- */

enum { OPEN_FILES_MAX = 1000 }; /* dfs.namenode.list.openfiles.num.responses */

/* False: it is gone, or its path does not begin so. */
static bool show_open_file(struct call *call, uint64_t id, struct str prefix,
                           Hdfs__OpenFilesBatchResponse *ret_file)
{
	struct buf path = {0};
	struct ns_lease lease;
	bool is_shown = ns_find_lease(call_namespace(call), id, &lease) &&
	                ns_path_of(call_namespace(call), id, &path) &&
	                str_starts_with(buf_str(&path), prefix);

	if (is_shown) {
		hdfs__open_files_batch_response__init(ret_file);
		ret_file->id = (int64_t)id;
		ret_file->path = pb_bytes(arena_copy(call_arena(call), buf_str(&path)));
		ret_file->client_name = pb_bytes(arena_copy(call_arena(call), lease.holder));
		ret_file->client_machine = pb_bytes(arena_copy(call_arena(call), lease.machine));
	}
	buf_finish(&path);
	return is_shown;
}

struct open_files {
	struct call *call;
	struct str prefix;
	Hdfs__OpenFilesBatchResponse *files;
	Hdfs__ListOpenFilesResponse *reply;
};

static void add_open_file(void *context, const struct ns_lease *lease)
{
	struct open_files *open = context;
	Hdfs__ListOpenFilesResponse *reply = open->reply;
	Hdfs__OpenFilesBatchResponse *file = &open->files[reply->n_entries];

	if (show_open_file(open->call, lease->inode, open->prefix, file))
		reply->entries[reply->n_entries++] = file;
}

/* What follows the inode `after`, as much as fits into one answer. */
static void add_open_files(struct open_files *open, uint64_t after)
{
	Hdfs__ListOpenFilesResponse *reply = open->reply;
	uint64_t next = after + 1;

	while (next != 0 && reply->n_entries < OPEN_FILES_MAX)
		next = ns_each_lease(call_namespace(open->call), next,
		                     OPEN_FILES_MAX - reply->n_entries, add_open_file, open);
	reply->has_more = next != 0;
}

static void list_open_files(struct call *call)
{
	const Hdfs__ListOpenFilesRequest *request = call->steps;
	Hdfs__ListOpenFilesResponse reply = HDFS__LIST_OPEN_FILES_RESPONSE__INIT;
	struct open_files open = {.call = call, .prefix = pb_str(request->path), .reply = &reply};
	bool wants_all = request->n_types == 0;

	open.files = call_alloc(call, OPEN_FILES_MAX * sizeof(*open.files));
	if (open.files == NULL)
		return;
	reply.entries = call_alloc(call, OPEN_FILES_MAX * sizeof(*reply.entries));
	if (reply.entries == NULL)
		return;
	for (size_t i = 0; i < request->n_types; i++)
		wants_all |= request->types[i] == HDFS__OPEN_FILES_TYPE__ALL_OPEN_FILES;
	if (wants_all) /* none keeps a worker from being decommissioned, for none is */
		add_open_files(&open, request->id > 0 ? (uint64_t)request->id : 0);
	reply.n_types = request->n_types;
	reply.types = request->types;
	call_reply_pb(call, &reply.base);
}

void serve_list_open_files(struct call *call)
{
	Hdfs__ListOpenFilesRequest *request;

	if (call_unpack(call, &hdfs__list_open_files_request__descriptor, &request) < 0)
		return;
	call->steps = request;
	call_read(call, list_open_files);
}

/* ---- damaged files ---- */

/* While a block is missing its file would have to be found: then nothing false is said. */
static void list_corrupt_files(struct call *call)
{
	const Hdfs__ListCorruptFileBlocksRequest *request = call->steps;
	Hdfs__ListCorruptFileBlocksResponse reply = HDFS__LIST_CORRUPT_FILE_BLOCKS_RESPONSE__INIT;
	Hdfs__CorruptFileBlocks none = HDFS__CORRUPT_FILE_BLOCKS__INIT;
	struct workers_totals totals;

	workers_totals(master_workers(call_master(call)), &totals);
	if (totals.missing > 0) {
		call_refuse(call, -ERR_UNSUPPORTED,
		            STR("Blocks are missing, and listing their files is not supported"));
		return;
	}
	none.cookie = request->has_cookie ? request->cookie : pb_bytes(STR("0"));
	reply.corrupt = &none;
	call_reply_pb(call, &reply.base);
}

void serve_list_corrupt_files(struct call *call)
{
	Hdfs__ListCorruptFileBlocksRequest *request;

	if (call_unpack(call, &hdfs__list_corrupt_file_blocks_request__descriptor, &request) < 0)
		return;
	call->steps = request;
	call_read(call, list_corrupt_files);
}

/* ---- the journal ---- */

static void reply_last_index(struct call *call)
{
	Hdfs__GetCurrentEditLogTxidResponse reply = HDFS__GET_CURRENT_EDIT_LOG_TXID_RESPONSE__INIT;

	reply.txid = (int64_t)ns_applied(call_namespace(call));
	call_reply_pb(call, &reply.base);
}

void serve_get_last_index(struct call *call)
{
	call_read(call, reply_last_index);
}

/* A folder that failed is not taken back while the master runs. */
void serve_restore_storage(struct call *call)
{
	Hdfs__RestoreFailedStorageRequest *request;

	if (call_unpack(call, &hdfs__restore_failed_storage_request__descriptor, &request) < 0)
		return;
	if (str_equal(pb_str(request->arg), STR("true")))
		call_refuse(call, -ERR_UNSUPPORTED,
		            STR("Restoring failed storage is not supported"));
	else
		call_reply_bool(call, false);
}

/* No upgrade rolls here that would have to be finalized. */
void serve_rolling_upgrade(struct call *call)
{
	Hdfs__RollingUpgradeRequest *request;

	if (call_unpack(call, &hdfs__rolling_upgrade_request__descriptor, &request) < 0)
		return;
	if (request->action == HDFS__ROLLING_UPGRADE_ACTION__QUERY)
		call_reply_empty(call);
	else
		call_refuse(call, -ERR_UNSUPPORTED, STR("Rolling upgrades are not supported"));
}
