/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ClientProtocol: writing files.
 */
#include "base/err.h"
#include "master/leases.h"
#include "master/safe_mode.h"
#include "master/workers.h"
#include "proto/client.pb-c.h"
#include "service/handlers.h"
#include "service/policies.h"
#include "service/status.h"
#include "wire/hot_requests.h"

/* A block of another cluster is none of ours. */
static int check_pool(struct call *call, struct str pool)
{
	struct str ours = status_pool(call);

	if (str_equal(pool, ours))
		return 0;
	return call_why(call, -ERR_WRITE_REFUSED, "Unexpected BlockPoolId %.*s - expected %.*s",
	                STR_ARGS(pool), STR_ARGS(ours));
}

static struct block block_of(const struct wire_block *block)
{
	return (struct block){.id = block->id, .stamp = block->stamp, .length = block->size};
}

static struct block block_of_pb(const Hdfs__ExtendedBlock *block)
{
	return (struct block){
	        .id = block->block_id,
	        .stamp = block->generation_stamp,
	        .length = block->num_bytes,
	};
}

/* ---- create ---- */

static int choose_policy(struct call *call, const struct wire_create *request, uint8_t *ret_policy)
{
	if (request->ec_policy.size > 0)
		return call_why(call, -ERR_UNSUPPORTED, "Erasure coding is not supported");
	if (request->storage_policy.size > 0) {
		if (policy_find(request->storage_policy, ret_policy))
			return 0;
		return call_why(call, -ERR_INVALID, "Cannot find a block policy with the name %.*s",
		                STR_ARGS(request->storage_policy));
	}
	if (request->flags & HDFS__CREATE_FLAG__LAZY_PERSIST)
		*ret_policy = POLICY_LAZY_PERSIST;
	return 0;
}

int serve_create(struct call *call, struct command *command)
{
	struct wire_create request;
	uint8_t policy = 0;
	int rc = wire_create_decode(call->rpc->request, NULL, &request);

	if (rc < 0)
		return call_bad_request(rc);
	rc = choose_policy(call, &request, &policy);
	if (rc < 0)
		return rc;
	command->kind = ENTRY_create;
	command->create = (struct command_create){
	        .path = request.path,
	        .mode = request.mode & CALL_MODE_BITS,
	        .holder = request.client_name,
	        .client_machine = call_address(call),
	        .flags = request.flags,
	        .create_parent = request.create_parent,
	        .replication = (uint16_t)request.replication,
	        .block_size = request.block_size,
	        .storage_policy = policy,
	};
	return 0;
}

void serve_answer_create(struct call *call, const struct ns_result *result)
{
	struct wire_status_reply reply = {.has_status = result->has_status};

	if (reply.has_status)
		status_fill(&result->status, (struct str){0}, &reply.status);
	wire_status_reply_encode(call_reply_begin(call), &reply);
	call_reply_end(call);
}

/* ---- addBlock ---- */

static int place(struct call *call, const struct wire_add_block *request)
{
	struct str *excluded =
	        arena_alloc(call_arena(call), request->excluded_count * sizeof(*excluded));
	struct placement placement = {
	        .writer_address = call_address(call),
	        .excluded = excluded,
	        .excluded_count = request->excluded_count,
	        .favored = request->favored,
	        .favored_count = request->favored_count,
	        .is_not_local =
	                request->flags & (BIT(HDFS__ADD_BLOCK_FLAG__NO_LOCAL_WRITE) |
	                                  BIT(HDFS__ADD_BLOCK_FLAG__IGNORE_CLIENT_LOCALITY)),
	};

	if (excluded == NULL)
		return -ERR_TOO_LARGE;
	for (size_t i = 0; i < request->excluded_count; i++)
		excluded[i] = request->excluded[i].id.uuid;
	call_place(call, &placement);
	return 0;
}

int serve_add_block(struct call *call, struct command *command)
{
	struct wire_add_block request;
	int rc = wire_add_block_decode(call->rpc->request, call_arena(call), &request);

	if (rc < 0)
		return call_bad_request(rc);
	if (request.has_previous)
		rc = check_pool(call, request.previous.pool);
	if (rc == 0)
		rc = place(call, &request);
	if (rc < 0)
		return rc;
	command->kind = ENTRY_add_block;
	command->add_block = (struct command_add_block){
	        .path = request.path,
	        .inode = request.file_id,
	        .holder = request.client_name,
	        .previous = request.has_previous ? block_of(&request.previous) : (struct block){0},
	};
	return 0;
}

void serve_answer_add_block(struct call *call, const struct ns_result *result)
{
	struct wire_block_reply reply;
	struct block block = result->block;

	block.length = 0;
	if (!status_new_block(call, &block, result->block_offset, &result->workers, &reply.block)) {
		call_refuse(call, -ERR_RETRIABLE, STR("Out of memory"));
		return;
	}
	wire_block_reply_encode(call_reply_begin(call), &reply);
	call_reply_end(call);
}

/* ---- the rest of a block's life ---- */

int serve_abandon_block(struct call *call, struct command *command)
{
	Hdfs__AbandonBlockRequest *request;
	int rc = call_unpack_command(call, &hdfs__abandon_block_request__descriptor, &request);

	if (rc == 0)
		rc = check_pool(call, pb_str(request->b->pool_id));
	if (rc < 0)
		return rc;
	command->kind = ENTRY_abandon_block;
	command->abandon_block = (struct command_abandon_block){
	        .path = pb_str(request->src),
	        .inode = request->file_id,
	        .holder = pb_str(request->holder),
	        .block = block_of_pb(request->b),
	};
	return 0;
}

int serve_complete(struct call *call, struct command *command)
{
	struct wire_complete request;
	int rc = wire_complete_decode(call->rpc->request, NULL, &request);

	if (rc < 0)
		return call_bad_request(rc);
	if (request.has_last)
		rc = check_pool(call, request.last.pool);
	if (rc < 0)
		return rc;
	command->kind = ENTRY_complete;
	command->complete = (struct command_complete){
	        .path = request.path,
	        .inode = request.file_id,
	        .holder = request.client_name,
	        .last = request.has_last ? block_of(&request.last) : (struct block){0},
	};
	return 0;
}

/* A length below 1 says that none is known. */
int serve_fsync(struct call *call, struct command *command)
{
	Hdfs__FsyncRequest *request;
	int rc = call_unpack_command(call, &hdfs__fsync_request__descriptor, &request);

	if (rc < 0)
		return rc;
	command->kind = ENTRY_fsync;
	command->fsync = (struct command_fsync){
	        .path = pb_str(request->src),
	        .inode = request->file_id,
	        .holder = pb_str(request->client),
	        .length = request->last_block_length > 0 ? (uint64_t)request->last_block_length
	                                                 : UINT64_MAX,
	};
	return 0;
}

int serve_new_stamp(struct call *call, struct command *command)
{
	Hdfs__UpdateBlockForPipelineRequest *request;
	int rc = call_unpack_command(call, &hdfs__update_block_for_pipeline_request__descriptor,
	                             &request);

	if (rc == 0)
		rc = check_pool(call, pb_str(request->block->pool_id));
	if (rc < 0)
		return rc;
	command->kind = ENTRY_new_stamp;
	command->new_stamp = (struct command_new_stamp){
	        .block = block_of_pb(request->block),
	        .holder = pb_str(request->client_name),
	};
	return 0;
}

/* The caller's block with its new stamp; no locations and no offset, as in HDFS. */
void serve_answer_new_stamp(struct call *call, const struct ns_result *result)
{
	struct block block = call->command->new_stamp.block;
	struct wire_block_reply reply = {.block.offset = UINT64_MAX};

	block.stamp = result->block.stamp;
	reply.block.block = status_block(status_pool(call), &block);
	wire_block_reply_encode(call_reply_begin(call), &reply);
	call_reply_end(call);
}

/* ---- leases ---- */

int serve_recover_lease(struct call *call, struct command *command)
{
	Hdfs__RecoverLeaseRequest *request;
	int rc = call_unpack_command(call, &hdfs__recover_lease_request__descriptor, &request);

	if (rc < 0)
		return rc;
	command->kind = ENTRY_recover_lease;
	command->recover_lease = (struct command_recover_lease){
	        .path = pb_str(request->src),
	        .holder = pb_str(request->client_name),
	};
	return 0;
}

void serve_renew_lease(struct call *call)
{
	Hdfs__RenewLeaseRequest *request;
	struct master *master = call_master(call);

	if (call_unpack(call, &hdfs__renew_lease_request__descriptor, &request) < 0)
		return;
	if (safe_mode_refuses(master)) {
		call_why(call, 0, "Cannot renew lease for %.*s",
		         STR_ARGS(pb_str(request->client_name)));
		call_refuse(call, -ERR_SAFE_MODE,
		            safe_mode_text(master, call->text, call_arena(call)));
		return;
	}
	leases_renew(master_leases(master), pb_str(request->client_name));
	call_reply_empty(call);
}
