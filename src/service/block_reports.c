/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DatanodeProtocol: which replicas a worker has.
 *
 * A full report may be of millions: it is handed in in slices, one a turn of the loop (slices.c).
 * Changes of a worker whose full report is still being handed in are refused, to come again: they
 * would be overtaken by it.
 */
#include "base/err.h"
#include "service/datanode.h"
#include "service/handlers.h"
#include "service/replica_reader.h"
#include "service/service_private.h"
#include "service/status.h"

enum { SLICE_REPLICAS = 4000 }; /* about half a millisecond */

struct report_walk {
	struct slices slices;
	struct call *call;
	Datanode__BlockReportRequest *request;
	size_t store;               /* being read */
	struct full_report *report; /* of it; NULL: not begun */
	struct replica_reader reader;
	struct replica slice[SLICE_REPLICAS];
};

static struct str worker_of(const struct report_walk *walk)
{
	return pb_str(walk->request->registration->datanode_id->datanode_uuid);
}

/* A worker that is not known answers to a heartbeat's order, or to this one. */
static void order_registration(struct call *call)
{
	Datanode__BlockReportResponse reply = DATANODE__BLOCK_REPORT_RESPONSE__INIT;
	Datanode__DatanodeCommand command = DATANODE__DATANODE_COMMAND__INIT;
	Datanode__RegisterCommand registration = DATANODE__REGISTER_COMMAND__INIT;

	command.cmd_type = DATANODE__DATANODE_COMMAND__TYPE__REGISTER;
	command.register_cmd = &registration;
	reply.cmd = &command;
	call_reply_pb(call, &reply.base);
}

static void end_badly(struct report_walk *walk, int rc)
{
	workers_report_abort(walk->report);
	if (rc == -ERR_NOT_FOUND || rc == -ERR_CHANGED)
		order_registration(walk->call);
	else if (rc == -ERR_BUSY)
		call_refuse(walk->call, -ERR_RETRIABLE,
		            STR("Another report of this worker is being read"));
	else
		call_refuse(walk->call, rc, (struct str){0});
}

/* A report may come in several calls; the last of them tells which stores there are. */
static bool is_last_call(const Datanode__BlockReportContext *context)
{
	return context == NULL || (int64_t)context->cur_rpc + 1 >= context->total_rpcs;
}

static void end_well(struct report_walk *walk)
{
	if (is_last_call(walk->request->context))
		workers_report_all(master_workers(call_master(walk->call)), worker_of(walk));
	call_reply_empty(walk->call);
}

static int begin_store(struct report_walk *walk)
{
	const Datanode__StorageBlockReport *report = walk->request->reports[walk->store];

	replica_reader_init(&walk->reader, report);
	return workers_report_begin(master_workers(call_master(walk->call)), worker_of(walk),
	                            pb_str(report->storage->storage_uuid),
	                            (uint8_t)report->storage->storage_type, &walk->report);
}

/* 1: more to read of this store. */
static int add_slice(struct report_walk *walk)
{
	size_t count = 0;
	int more = 1;
	int rc;

	while (count < SLICE_REPLICAS) {
		more = replica_reader_next(&walk->reader, &walk->slice[count]);
		if (more <= 0)
			break;
		count++;
	}
	if (more < 0)
		return more;
	rc = workers_report_add(walk->report, walk->slice, count);
	return rc < 0 ? rc : more;
}

/* At once when the store before is done: between two of them changes would be taken, and overtaken.
 * False: there is none, and the call was answered. */
static bool begin_next_store(struct report_walk *walk)
{
	int rc;

	if (walk->store == walk->request->n_reports) {
		end_well(walk);
		return false;
	}
	rc = begin_store(walk);
	if (rc < 0)
		end_badly(walk, rc);
	return rc == 0;
}

static bool step(struct slices *slices)
{
	struct report_walk *walk = CONTAINER_OF(slices, struct report_walk, slices);
	int rc = add_slice(walk);

	if (rc == 1)
		return true;
	if (rc < 0) {
		end_badly(walk, rc);
		return false;
	}
	workers_report_end(walk->report);
	walk->report = NULL;
	walk->store++;
	return begin_next_store(walk);
}

static bool is_our_pool(struct call *call, struct str pool)
{
	struct str ours = status_pool(call);

	if (str_equal(pool, ours))
		return true;
	call_why(call, 0, "Unexpected BlockPoolId %.*s - expected %.*s", STR_ARGS(pool),
	         STR_ARGS(ours));
	call_refuse(call, -ERR_WRITE_REFUSED, call->text);
	return false;
}

void datanode_block_report(struct call *call)
{
	Datanode__BlockReportRequest *request;
	struct report_walk *walk;

	if (call_unpack(call, &datanode__block_report_request__descriptor, &request) < 0 ||
	    !datanode_is_ours(call, request->registration) ||
	    !is_our_pool(call, pb_str(request->block_pool_id)))
		return;
	walk = call_alloc(call, sizeof(*walk));
	if (walk == NULL)
		return;
	walk->slices.step = step;
	walk->call = call;
	walk->request = request;
	walk->store = 0;
	walk->report = NULL;
	if (begin_next_store(walk))
		slices_begin(call->service, &walk->slices);
}

/* ---- changes ---- */

static int take_changes(struct call *call, struct str worker,
                        const Datanode__StorageReceivedDeletedBlocks *store)
{
	struct replica_change *changes =
	        arena_alloc(call_arena(call), store->n_blocks * sizeof(*changes));
	uint8_t type = store->storage == NULL ? HDFS__STORAGE_TYPE__DISK
	                                      : (uint8_t)store->storage->storage_type;

	if (changes == NULL)
		return -ERR_TOO_LARGE;
	for (size_t i = 0; i < store->n_blocks; i++) {
		const Datanode__ReceivedDeletedBlockInfo *from = store->blocks[i];

		changes[i] = (struct replica_change){
		        .block = {.id = from->block->block_id,
		                  .stamp = from->block->gen_stamp,
		                  .length = from->block->num_bytes},
		        .event = (enum replica_event)from->status,
		};
	}
	return workers_report_changes(master_workers(call_master(call)), worker,
	                              pb_str(store->storage_uuid), type, changes, store->n_blocks);
}

void datanode_block_changes(struct call *call)
{
	Datanode__BlockReceivedAndDeletedRequest *request;
	struct str worker;
	int rc = 0;

	if (call_unpack(call, &datanode__block_received_and_deleted_request__descriptor, &request) <
	            0 ||
	    !datanode_is_ours(call, request->registration) ||
	    !is_our_pool(call, pb_str(request->block_pool_id)))
		return;
	worker = pb_str(request->registration->datanode_id->datanode_uuid);
	for (size_t i = 0; i < request->n_blocks && rc == 0; i++)
		rc = take_changes(call, worker, request->blocks[i]);
	if (rc == 0)
		call_reply_empty(call);
	else if (rc == -ERR_BUSY)
		call_refuse(call, -ERR_RETRIABLE,
		            STR("A full report of this worker is being read"));
	else if (rc == -ERR_NOT_FOUND)
		call_refuse(call, -ERR_WRITE_REFUSED,
		            STR("Incremental report from a dead or unregistered node"));
	else
		call_refuse(call, rc, (struct str){0});
}
