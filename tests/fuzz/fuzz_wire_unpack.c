/* SPDX-License-Identifier: Apache-2.0 */
/* pb_unpack() of the widest messages from outside: what is taken survives packing; a starved arena
 * fails cleanly. */
#include "base/check.h"
#include "base/err.h"
#include "proto/admin.pb-c.h"
#include "proto/client.pb-c.h"
#include "proto/client_datanode.pb-c.h"
#include "proto/datanode.pb-c.h"
#include "proto/ha.pb-c.h"
#include "proto/inter_datanode.pb-c.h"
#include "proto/namenode.pb-c.h"
#include "proto/rpc.pb-c.h"
#include "proto/transfer.pb-c.h"
#include "proto/zkfc.pb-c.h"
#include "wire/pb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const ProtobufCMessageDescriptor *const types[] = {
        &rpc__ipc_connection_context__descriptor,
        &rpc__rpc_sasl__descriptor,
        &rpc__empty__descriptor,
        &hdfs__set_safe_mode_request__descriptor,
        &hdfs__set_xattr_request__descriptor,
        &hdfs__modify_acl_entries_request__descriptor,
        &hdfs__report_bad_blocks_request__descriptor,
        &hdfs__update_pipeline_request__descriptor,
        &hdfs__get_additional_datanode_request__descriptor,
        &hdfs__list_open_files_request__descriptor,
        &hdfs__append_response__descriptor,
        &hdfs__get_batched_listing_response__descriptor,
        &hdfs__get_snapshot_diff_report_listing_response__descriptor,
        &datanode__heartbeat_request__descriptor,
        &datanode__heartbeat_response__descriptor,
        &datanode__block_report_request__descriptor,
        &datanode__block_received_and_deleted_request__descriptor,
        &datanode__cache_report_request__descriptor,
        &datanode__commit_block_synchronization_request__descriptor,
        &transfer__op_write_block__descriptor,
        &transfer__op_read_block__descriptor,
        &transfer__op_block_group_checksum__descriptor,
        &transfer__block_op_response__descriptor,
        &transfer__pipeline_ack__descriptor,
        &transfer__packet_header__descriptor,
        &inter_datanode__init_replica_recovery_request__descriptor,
        &client_datanode__get_volume_report_response__descriptor,
        &namenode__get_blocks_response__descriptor,
        &namenode__end_checkpoint_request__descriptor,
        &ha__transition_to_active_request__descriptor,
        &zkfc__active_node_info__descriptor,
        &admin__refresh_response__descriptor,
};

/* What was taken comes out, and is taken and comes out the same again. */
static void check_packing(const ProtobufCMessageDescriptor *type, const ProtobufCMessage *message,
                          struct arena *arena)
{
	struct buf first = {0}, second = {0};
	void *again;

	pb_append(&first, message);
	CHECK(!first.failed);
	CHECK(pb_unpack(type, buf_str(&first), arena, &again) == 0);
	pb_append(&second, again);
	CHECK(str_equal(buf_str(&first), buf_str(&second)));
	buf_finish(&first);
	buf_finish(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const ProtobufCMessageDescriptor *type;
	struct arena arena;
	void *message;
	struct str bytes;
	int rc;

	if (size < 2)
		return 0;
	type = types[data[0] % COUNT_OF(types)];
	bytes = str_make(data + 2, size - 2);
	arena_init(&arena, 16 + 64 * (size_t)data[1]);
	rc = pb_unpack(type, bytes, &arena, &message);
	CHECK(rc == 0 || rc == -ERR_INVALID || rc == -ERR_NO_MEMORY);
	CHECK((rc == -ERR_INVALID) == !pb_check(type, bytes));
	arena_reset(&arena);
	arena.limit = 64 << 20;
	if (pb_unpack(type, bytes, &arena, &message) == 0)
		check_packing(type, message, &arena);
	arena_finish(&arena);
	return 0;
}
