/* SPDX-License-Identifier: Apache-2.0 */
/*
 * same_m(a, b): the hand codec's struct says what protobuf-c's does, field by field.
 */
#ifndef HOLDFAST_TESTS_WIRE_SAME_H
#define HOLDFAST_TESTS_WIRE_SAME_H

#include "proto/client.pb-c.h"
#include "proto/hdfs.pb-c.h"
#include "proto/rpc.pb-c.h"
#include "wire/hot_replies.h"
#include "wire/hot_requests.h"
#include "wire/pb.h"
#include "wire/rpc_header.h"

static inline bool same_bytes(struct str a, ProtobufCBinaryData b)
{
	return str_equal(a, pb_str(b));
}

static inline bool same_mode(bool has_mode, uint32_t mode, const Hdfs__FsPermission *b)
{
	return has_mode == (b != NULL) && (b == NULL || mode == b->perm);
}

/* ---- headers ---- */

static inline bool same_caller_context(const struct wire_caller_context *a,
                                       const Rpc__CallerContext *b)
{
	return same_bytes(a->context, b->context) && same_bytes(a->signature, b->signature);
}

static inline bool same_rpc_request(const struct wire_rpc_request *a,
                                    const Rpc__RpcRequestHeader *b)
{
	return a->has_kind == b->has_rpc_kind && (!a->has_kind || a->kind == b->rpc_kind) &&
	       a->has_op == b->has_rpc_op && (!a->has_op || a->op == b->rpc_op) &&
	       a->call_id == b->call_id && same_bytes(a->client_id, b->client_id) &&
	       a->retry_count == b->retry_count && a->has_caller == (b->caller_context != NULL) &&
	       (!a->has_caller || same_caller_context(&a->caller, b->caller_context)) &&
	       a->state_id == b->state_id;
}

static inline bool same_rpc_method(const struct wire_rpc_method *a, const Rpc__RequestHeader *b)
{
	return same_bytes(a->name, b->method_name) &&
	       same_bytes(a->protocol, b->declaring_class_protocol_name) &&
	       a->version == b->client_protocol_version;
}

static inline bool same_rpc_response(const struct wire_rpc_response *a,
                                     const Rpc__RpcResponseHeader *b)
{
	return (uint32_t)a->call_id == b->call_id && a->status == b->status &&
	       a->version == b->server_ipc_version_num &&
	       same_bytes(a->exception_class, b->exception_class_name) &&
	       same_bytes(a->exception_text, b->error_msg) &&
	       a->detail == (b->has_error_detail ? b->error_detail : 0) &&
	       same_bytes(a->client_id, b->client_id) && a->retry_count == b->retry_count &&
	       a->state_id == b->state_id;
}

/* ---- blocks ---- */

static inline bool same_block(const struct wire_block *a, const Hdfs__ExtendedBlock *b)
{
	return same_bytes(a->pool, b->pool_id) && a->id == b->block_id &&
	       a->stamp == b->generation_stamp && a->size == b->num_bytes;
}

static inline bool same_token(const struct wire_token *a, const Hdfs__Token *b)
{
	return same_bytes(a->identifier, b->identifier) && same_bytes(a->password, b->password) &&
	       same_bytes(a->kind, b->kind) && same_bytes(a->service, b->service);
}

static inline bool same_datanode_id(const struct wire_datanode_id *a, const Hdfs__DatanodeID *b)
{
	return same_bytes(a->ip, b->ip_addr) && same_bytes(a->host, b->host_name) &&
	       same_bytes(a->uuid, b->datanode_uuid) && a->transfer_port == b->xfer_port &&
	       a->info_port == b->info_port && a->ipc_port == b->ipc_port &&
	       a->info_secure_port == b->info_secure_port;
}

static inline bool same_datanode(const struct wire_datanode *a, const Hdfs__DatanodeInfo *b)
{
	return same_datanode_id(&a->id, b->id) && a->capacity == b->capacity &&
	       a->used == b->dfs_used && a->remaining == b->remaining &&
	       a->pool_used == b->block_pool_used && a->last_update == b->last_update &&
	       a->transfers == b->xceiver_count && same_bytes(a->rack, b->location) &&
	       a->other_used == b->non_dfs_used && a->admin_state == b->admin_state &&
	       a->cache_capacity == b->cache_capacity && a->cache_used == b->cache_used &&
	       a->last_update_mono == b->last_update_monotonic &&
	       same_bytes(a->upgrade_domain, b->upgrade_domain) &&
	       a->last_report == b->last_block_report_time &&
	       a->last_report_mono == b->last_block_report_monotonic && a->blocks == b->num_blocks;
}

static inline bool same_location(const struct wire_location *a, const Hdfs__LocatedBlock *b,
                                 size_t i)
{
	ProtobufCBinaryData no_id = {0};

	return same_datanode(a->node, b->locs[i]) &&
	       a->storage_type ==
	               (i < b->n_storage_types ? b->storage_types[i] : HDFS__STORAGE_TYPE__DISK) &&
	       same_bytes(a->storage_id, i < b->n_storage_ids ? b->storage_ids[i] : no_id) &&
	       a->is_cached == (i < b->n_is_cached && b->is_cached[i]);
}

static inline bool same_located_block(const struct wire_located_block *a,
                                      const Hdfs__LocatedBlock *b)
{
	if (!same_block(&a->block, b->b) || a->offset != b->offset ||
	    a->location_count != b->n_locs || a->is_corrupt != (b->corrupt != 0) ||
	    !same_token(&a->token, b->block_token))
		return false;
	for (size_t i = 0; i < a->location_count; i++) {
		if (!same_location(&a->locations[i], b, i))
			return false;
	}
	return true;
}

static inline bool same_located_blocks(const struct wire_located_blocks *a,
                                       const Hdfs__LocatedBlocks *b)
{
	if (a->file_length != b->file_length || a->blocks_count != b->n_blocks ||
	    a->is_under_construction != (b->under_construction != 0) ||
	    (a->last == NULL) != (b->last_block == NULL) ||
	    (a->last != NULL && !same_located_block(a->last, b->last_block)) ||
	    a->is_last_complete != (b->is_last_block_complete != 0))
		return false;
	for (size_t i = 0; i < a->blocks_count; i++) {
		if (!same_located_block(&a->blocks[i], b->blocks[i]))
			return false;
	}
	return true;
}

/* ---- requests ---- */

static inline bool same_get_file_info(const struct wire_get_file_info *a,
                                      const Hdfs__GetFileInfoRequest *b)
{
	return same_bytes(a->path, b->src);
}

static inline bool same_get_listing(const struct wire_get_listing *a,
                                    const Hdfs__GetListingRequest *b)
{
	return same_bytes(a->path, b->src) && same_bytes(a->start_after, b->start_after) &&
	       a->need_location == (b->need_location != 0);
}

static inline bool same_get_block_locations(const struct wire_get_block_locations *a,
                                            const Hdfs__GetBlockLocationsRequest *b)
{
	return same_bytes(a->path, b->src) && a->offset == b->offset && a->length == b->length;
}

static inline bool same_mkdirs(const struct wire_mkdirs *a, const Hdfs__MkdirsRequest *b)
{
	return same_bytes(a->path, b->src) && same_mode(true, a->mode, b->masked) &&
	       a->create_parent == (b->create_parent != 0) &&
	       same_mode(a->has_unmasked, a->unmasked, b->unmasked);
}

static inline bool same_rename(const struct wire_rename *a, const Hdfs__RenameRequest *b)
{
	return same_bytes(a->source, b->src) && same_bytes(a->target, b->dst);
}

static inline bool same_rename2(const struct wire_rename2 *a, const Hdfs__Rename2Request *b)
{
	return same_bytes(a->source, b->src) && same_bytes(a->target, b->dst) &&
	       a->overwrite == (b->overwrite_dest != 0) &&
	       a->move_to_trash == (b->move_to_trash != 0);
}

static inline bool same_delete(const struct wire_delete *a, const Hdfs__DeleteRequest *b)
{
	return same_bytes(a->path, b->src) && a->recursive == (b->recursive != 0);
}

static inline bool same_create(const struct wire_create *a, const Hdfs__CreateRequest *b)
{
	return same_bytes(a->path, b->src) && same_mode(true, a->mode, b->masked) &&
	       same_bytes(a->client_name, b->client_name) && a->flags == b->create_flag &&
	       a->create_parent == (b->create_parent != 0) && a->replication == b->replication &&
	       a->block_size == b->block_size &&
	       same_mode(a->has_unmasked, a->unmasked, b->unmasked) &&
	       same_bytes(a->ec_policy, b->ec_policy_name) &&
	       same_bytes(a->storage_policy, b->storage_policy);
}

static inline bool same_add_block(const struct wire_add_block *a, const Hdfs__AddBlockRequest *b)
{
	uint32_t flags = 0;

	if (!same_bytes(a->path, b->src) || !same_bytes(a->client_name, b->client_name) ||
	    a->has_previous != (b->previous != NULL) ||
	    (a->has_previous && !same_block(&a->previous, b->previous)) ||
	    a->excluded_count != b->n_exclude_nodes || a->file_id != b->file_id ||
	    a->favored_count != b->n_favored_nodes)
		return false;
	for (size_t i = 0; i < a->excluded_count; i++) {
		if (!same_datanode(&a->excluded[i], b->exclude_nodes[i]))
			return false;
	}
	for (size_t i = 0; i < a->favored_count; i++) {
		if (!same_bytes(a->favored[i], b->favored_nodes[i]))
			return false;
	}
	for (size_t i = 0; i < b->n_flags; i++)
		flags |= BIT(b->flags[i]);
	return a->flags == flags;
}

static inline bool same_complete(const struct wire_complete *a, const Hdfs__CompleteRequest *b)
{
	return same_bytes(a->path, b->src) && same_bytes(a->client_name, b->client_name) &&
	       a->has_last == (b->last != NULL) &&
	       (!a->has_last || same_block(&a->last, b->last)) && a->file_id == b->file_id;
}

/* ---- replies ---- */

static inline bool same_file_status(const struct wire_file_status *a, const Hdfs__FileStatus *b)
{
	return a->type == b->file_type && same_bytes(a->path, b->path) && a->length == b->length &&
	       same_mode(true, a->mode, b->permission) && same_bytes(a->owner, b->owner) &&
	       same_bytes(a->group, b->group) && a->mtime == b->mtime && a->atime == b->atime &&
	       same_bytes(a->symlink, b->symlink) && a->replication == b->block_replication &&
	       a->block_size == b->blocksize && (a->locations == NULL) == (b->locations == NULL) &&
	       (a->locations == NULL || same_located_blocks(a->locations, b->locations)) &&
	       a->file_id == b->file_id && a->children == b->children_num &&
	       a->storage_policy == b->storage_policy && a->flags == b->flags;
}

static inline bool same_status_reply(const struct wire_status_reply *a,
                                     const Hdfs__GetFileInfoResponse *b)
{
	return a->has_status == (b->fs != NULL) &&
	       (!a->has_status || same_file_status(&a->status, b->fs));
}

static inline bool same_blocks_reply(const struct wire_blocks_reply *a,
                                     const Hdfs__GetBlockLocationsResponse *b)
{
	return a->has_blocks == (b->locations != NULL) &&
	       (!a->has_blocks || same_located_blocks(&a->blocks, b->locations));
}

static inline bool same_block_reply(const struct wire_block_reply *a,
                                    const Hdfs__AddBlockResponse *b)
{
	return same_located_block(&a->block, b->block);
}

static inline bool same_bool_reply(const struct wire_bool_reply *a, const Hdfs__MkdirsResponse *b)
{
	return a->result == (b->result != 0);
}

static inline bool same_listing(const struct wire_listing *a, const Hdfs__DirectoryListing *b)
{
	if (a->entries_count != b->n_partial_listing || a->remaining != b->remaining_entries)
		return false;
	for (size_t i = 0; i < a->entries_count; i++) {
		if (!same_file_status(&a->entries[i], b->partial_listing[i]))
			return false;
	}
	return true;
}

static inline bool same_listing_reply(const struct wire_listing_reply *a,
                                      const Hdfs__GetListingResponse *b)
{
	return a->has_listing == (b->dir_list != NULL) &&
	       (!a->has_listing || same_listing(&a->listing, b->dir_list));
}

#endif
