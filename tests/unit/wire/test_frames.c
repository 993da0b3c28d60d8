/* SPDX-License-Identifier: Apache-2.0 */
/* Recorded frames: read as the programs that sent them meant them, and written again alike. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/client.pb-c.h"
#include "proto/datanode.pb-c.h"
#include "proto/rpc.pb-c.h"
#include "unit/wire/frame.h"
#include "unit/wire/recorded.h"
#include "wire/hot_replies.h"
#include "wire/hot_requests.h"
#include "wire/pb.h"
#include "wire/protocols.h"

#define assert_text(s, text) assert_true(str_equal(s, STR(text)))

#define POOL  "BP-329324141-127.0.0.1-1795273482185"
#define NODE  "eac78ed3-01ed-4a4d-9a5c-92ba79eb7073"
#define DISK  "DS-3f9eb9c6-6606-430c-bace-8d305f2f39e9"
#define FILE_ "/x/hello.txt._COPYING_"
#define JAVA  "DFSClient_NONMAPREDUCE_925313369_1"

/* Writes `value` with encode_m and compares the whole frame. */
#define assert_rebuilt(frame, is_call, m, value)                                                   \
	do {                                                                                       \
		struct buf ours = {0};                                                             \
		wire_##m##_encode(&ours, value);                                                   \
		assert_true(frame_is_rebuilt(frame, is_call, buf_str(&ours)));                     \
		buf_finish(&ours);                                                                 \
	} while (0)

/* The same without the headers: Go leaves out the retry count, we never do. */
#define assert_message_rebuilt(frame, m, value)                                                    \
	do {                                                                                       \
		struct buf ours = {0};                                                             \
		wire_##m##_encode(&ours, value);                                                   \
		assert_true(str_equal((frame)->message, buf_str(&ours)));                          \
		buf_finish(&ours);                                                                 \
	} while (0)

static void a_java_call_has_its_headers(void **state)
{
	struct frame f;
	struct wire_get_file_info m;

	(void)state;
	frame_read_call(&f, JAVA_GET_FILE_INFO);
	assert_true(f.request.has_kind && f.request.kind == RPC__RPC_KIND__RPC_PROTOCOL_BUFFER);
	assert_true(f.request.has_op && f.request.op == RPC__RPC_OPERATION__RPC_FINAL_PACKET);
	assert_int_equal(f.request.call_id, 0);
	assert_int_equal(f.request.client_id.size, 16);
	assert_int_equal((uint8_t)f.request.client_id.data[0], 0xb2);
	assert_int_equal(f.request.retry_count, 0);
	assert_true(f.request.has_caller);
	assert_text(f.request.caller.context, "CLI");
	assert_int_equal(f.request.state_id, 0);
	assert_text(f.method.name, "getFileInfo");
	assert_text(f.method.protocol, WIRE_CLIENT_PROTOCOL);
	assert_int_equal(f.method.version, 1);
	assert_int_equal(wire_get_file_info_decode(f.message, NULL, &m), 0);
	assert_text(m.path, "/");
	assert_rebuilt(&f, true, get_file_info, &m);
	frame_close(&f);
}

static void a_connection_context_has_a_negative_call_id(void **state)
{
	struct frame f;
	struct cursor c;
	Rpc__IpcConnectionContext *context;

	(void)state;
	c = frame_open(&f, JAVA_CONTEXT);
	assert_int_equal(wire_rpc_request_take(&c, &f.request), 0);
	assert_int_equal(f.request.call_id, WIRE_CALL_CONTEXT);
	assert_int_equal(f.request.retry_count, -1);
	assert_int_equal(wire_rpc_message_take(&c, &f.message), 0);
	assert_int_equal(
	        pb_unpack(&rpc__ipc_connection_context__descriptor, f.message, &f.arena, &context),
	        0);
	assert_text(pb_str(context->user_info->effective_user), "root");
	assert_false(context->user_info->has_real_user);
	assert_text(pb_str(context->protocol), WIRE_CLIENT_PROTOCOL);
	frame_close(&f);
}

static void the_root_is_read_and_written_as_hadoop_does(void **state)
{
	struct frame f;
	struct wire_status_reply m;

	(void)state;
	frame_read_reply(&f, JAVA_GET_FILE_INFO_REPLY);
	assert_int_equal(f.response.call_id, 0);
	assert_int_equal(f.response.status, RPC__RPC_STATUS__SUCCESS);
	assert_int_equal(f.response.version, WIRE_IPC_VERSION);
	assert_int_equal(f.response.client_id.size, 16);
	assert_int_equal(f.response.retry_count, 0);
	assert_int_equal(wire_status_reply_decode(f.message, &f.arena, &m), 0);
	assert_true(m.has_status);
	assert_int_equal(m.status.type, HDFS__FILE_STATUS__FILE_TYPE__IS_DIR);
	assert_int_equal(m.status.path.size, 0);
	assert_int_equal(m.status.mode, 0755);
	assert_text(m.status.owner, "root");
	assert_text(m.status.group, "supergroup");
	assert_int_equal(m.status.file_id, 16385);
	assert_int_equal(m.status.children, 0);
	assert_int_equal(m.status.flags, HDFS__FILE_STATUS__FLAGS__SNAPSHOT_ENABLED);
	assert_rebuilt(&f, false, status_reply, &m);
	frame_close(&f);
}

static void a_missing_path_is_an_empty_reply(void **state)
{
	struct frame f;
	struct wire_status_reply m;

	(void)state;
	frame_read_reply(&f, JAVA_MISSING_REPLY);
	assert_int_equal(wire_status_reply_decode(f.message, &f.arena, &m), 0);
	assert_false(m.has_status);
	assert_rebuilt(&f, false, status_reply, &m);
	frame_close(&f);
}

static void mkdirs_has_both_modes(void **state)
{
	struct frame f;
	struct wire_mkdirs m;
	struct wire_bool_reply reply;

	(void)state;
	frame_read_call(&f, JAVA_MKDIRS);
	assert_int_equal(wire_mkdirs_decode(f.message, NULL, &m), 0);
	assert_text(m.path, "/x");
	assert_int_equal(m.mode, 0755);
	assert_true(m.create_parent);
	assert_true(m.has_unmasked);
	assert_int_equal(m.unmasked, 0777);
	assert_rebuilt(&f, true, mkdirs, &m);
	frame_close(&f);

	frame_read_reply(&f, JAVA_MKDIRS_REPLY);
	assert_int_equal(wire_bool_reply_decode(f.message, NULL, &reply), 0);
	assert_true(reply.result);
	assert_rebuilt(&f, false, bool_reply, &reply);
	frame_close(&f);
}

static void create_of_java_and_of_go(void **state)
{
	struct frame f;
	struct wire_create m;

	(void)state;
	frame_read_call(&f, JAVA_CREATE);
	assert_int_equal(wire_create_decode(f.message, NULL, &m), 0);
	assert_text(m.path, FILE_);
	assert_int_equal(m.mode, 0644);
	assert_text(m.client_name, JAVA);
	assert_int_equal(m.flags, HDFS__CREATE_FLAG__CREATE | HDFS__CREATE_FLAG__OVERWRITE);
	assert_true(m.create_parent);
	assert_int_equal(m.replication, 1);
	assert_int_equal(m.block_size, 134217728);
	assert_true(m.has_unmasked);
	assert_int_equal(m.unmasked, 0666);
	frame_close(&f);

	frame_read_call(&f, GO_CREATE);
	assert_int_equal(f.request.retry_count, -1);
	assert_false(f.request.has_caller);
	assert_int_equal(wire_create_decode(f.message, NULL, &m), 0);
	assert_text(m.client_name, "go-hdfs-nKsbbCsmuNQdWrGe");
	assert_false(m.create_parent);
	assert_false(m.has_unmasked);
	assert_message_rebuilt(&f, create, &m);
	frame_close(&f);
}

static void create_answers_with_the_new_file(void **state)
{
	struct frame f;
	struct wire_status_reply m;

	(void)state;
	frame_read_reply(&f, JAVA_CREATE_REPLY);
	assert_int_equal(wire_status_reply_decode(f.message, &f.arena, &m), 0);
	assert_true(m.has_status);
	assert_int_equal(m.status.type, HDFS__FILE_STATUS__FILE_TYPE__IS_FILE);
	assert_int_equal(m.status.mtime, 1795273512302);
	assert_int_equal(m.status.replication, 1);
	assert_int_equal(m.status.block_size, 134217728);
	assert_int_equal(m.status.file_id, 16387);
	assert_rebuilt(&f, false, status_reply, &m);
	frame_close(&f);
}

static void add_block_and_its_location(void **state)
{
	struct frame f;
	struct wire_add_block m;
	struct wire_block_reply reply;
	const struct wire_location *location;

	(void)state;
	frame_read_call(&f, JAVA_ADD_BLOCK);
	assert_int_equal(wire_add_block_decode(f.message, &f.arena, &m), 0);
	assert_text(m.path, FILE_);
	assert_text(m.client_name, JAVA);
	assert_false(m.has_previous);
	assert_int_equal(m.excluded_count, 0);
	assert_int_equal(m.file_id, 16387);
	assert_rebuilt(&f, true, add_block, &m);
	frame_close(&f);

	frame_read_reply(&f, JAVA_ADD_BLOCK_REPLY);
	assert_int_equal(wire_block_reply_decode(f.message, &f.arena, &reply), 0);
	assert_text(reply.block.block.pool, POOL);
	assert_int_equal(reply.block.block.id, 1073741825);
	assert_int_equal(reply.block.block.stamp, 1001);
	assert_int_equal(reply.block.location_count, 1);
	location = &reply.block.locations[0];
	assert_text(location->node->id.uuid, NODE);
	assert_int_equal(location->node->id.transfer_port, 23101);
	assert_int_equal(location->node->capacity, 270553174016);
	assert_text(location->node->rack, "/default-rack");
	assert_int_equal(location->storage_type, HDFS__STORAGE_TYPE__DISK);
	assert_text(location->storage_id, DISK);
	assert_rebuilt(&f, false, block_reply, &reply);
	frame_close(&f);
}

static void complete_of_java_and_of_go(void **state)
{
	struct frame f;
	struct wire_complete m;

	(void)state;
	frame_read_call(&f, JAVA_COMPLETE);
	assert_int_equal(wire_complete_decode(f.message, NULL, &m), 0);
	assert_true(m.has_last);
	assert_int_equal(m.last.size, 11);
	assert_int_equal(m.file_id, 16387);
	assert_rebuilt(&f, true, complete, &m);
	frame_close(&f);

	frame_read_call(&f, GO_COMPLETE);
	assert_int_equal(wire_complete_decode(f.message, NULL, &m), 0);
	assert_int_equal(m.last.id, 1073741826);
	assert_int_equal(m.last.stamp, 1002);
	assert_int_equal(m.file_id, 0);
	frame_close(&f);
}

static void rename_and_delete(void **state)
{
	struct frame f;
	struct wire_rename rename;
	struct wire_delete delete;

	(void)state;
	frame_read_call(&f, JAVA_RENAME);
	assert_int_equal(wire_rename_decode(f.message, NULL, &rename), 0);
	assert_text(rename.source, FILE_);
	assert_text(rename.target, "/x/hello.txt");
	assert_rebuilt(&f, true, rename, &rename);
	frame_close(&f);

	frame_read_call(&f, JAVA_DELETE);
	assert_int_equal(wire_delete_decode(f.message, NULL, &delete), 0);
	assert_text(delete.path, "/x/hello.txt");
	assert_false(delete.recursive);
	assert_rebuilt(&f, true, delete, &delete);
	frame_close(&f);
}

static void block_locations_and_the_last_block(void **state)
{
	struct frame f;
	struct wire_get_block_locations m;
	struct wire_blocks_reply reply;

	(void)state;
	frame_read_call(&f, JAVA_GET_BLOCK_LOCATIONS);
	assert_int_equal(wire_get_block_locations_decode(f.message, NULL, &m), 0);
	assert_int_equal(m.offset, 0);
	assert_int_equal(m.length, 1342177280);
	assert_rebuilt(&f, true, get_block_locations, &m);
	frame_close(&f);

	frame_read_reply(&f, JAVA_GET_BLOCK_LOCATIONS_REPLY);
	assert_int_equal(wire_blocks_reply_decode(f.message, &f.arena, &reply), 0);
	assert_int_equal(reply.blocks.file_length, 11);
	assert_int_equal(reply.blocks.blocks_count, 1);
	assert_int_equal(reply.blocks.blocks[0].block.size, 11);
	assert_false(reply.blocks.is_under_construction);
	assert_non_null(reply.blocks.last);
	assert_int_equal(reply.blocks.last->location_count, 1);
	assert_true(reply.blocks.is_last_complete);
	assert_rebuilt(&f, false, blocks_reply, &reply);
	frame_close(&f);
}

static void a_block_without_locations_has_hadoops_odd_offset(void **state)
{
	struct frame f;
	struct wire_block_reply reply;

	(void)state;
	frame_read_reply(&f, GO_UPDATE_BLOCK_REPLY);
	assert_int_equal(wire_block_reply_decode(f.message, &f.arena, &reply), 0);
	assert_true(reply.block.offset == UINT64_MAX);
	assert_int_equal(reply.block.location_count, 0);
	assert_rebuilt(&f, false, block_reply, &reply);
	frame_close(&f);
}

static void listing_has_local_names(void **state)
{
	struct frame f;
	struct wire_get_listing m;
	struct wire_listing_reply reply;

	(void)state;
	frame_read_call(&f, GO_GET_LISTING);
	assert_int_equal(wire_get_listing_decode(f.message, NULL, &m), 0);
	assert_text(m.path, "/");
	assert_int_equal(m.start_after.size, 0);
	assert_false(m.need_location);
	assert_message_rebuilt(&f, get_listing, &m);
	frame_close(&f);

	frame_read_reply(&f, GO_GET_LISTING_REPLY);
	assert_int_equal(f.response.retry_count, -1);
	assert_int_equal(wire_listing_reply_decode(f.message, &f.arena, &reply), 0);
	assert_true(reply.has_listing);
	assert_int_equal(reply.listing.entries_count, 1);
	assert_text(reply.listing.entries[0].path, "x");
	assert_int_equal(reply.listing.entries[0].mtime, 1795273518669);
	assert_int_equal(reply.listing.remaining, 0);
	assert_rebuilt(&f, false, listing_reply, &reply);
	frame_close(&f);
}

/* Unpacks by protobuf-c; the frame must come out again. */
static void *unpacked(struct frame *f, bool is_call, const ProtobufCMessageDescriptor *type)
{
	struct buf ours = {0};
	void *message = NULL;

	assert_int_equal(pb_unpack(type, f->message, &f->arena, &message), 0);
	pb_append(&ours, message);
	assert_true(frame_is_rebuilt(f, is_call, buf_str(&ours)));
	buf_finish(&ours);
	return message;
}

static void datanode_messages_go_through_protobuf_c(void **state)
{
	struct frame f;
	Datanode__RegisterDatanodeRequest *reg;
	Datanode__HeartbeatRequest *beat;
	Datanode__HeartbeatResponse *answer;
	Datanode__BlockReportRequest *report;

	(void)state;
	frame_read_call(&f, DATANODE_REGISTER);
	reg = unpacked(&f, true, &datanode__register_datanode_request__descriptor);
	assert_text(pb_str(reg->registration->datanode_id->datanode_uuid), NODE);
	assert_int_equal((int32_t)reg->registration->storage_info->layout_version, -57);
	frame_close(&f);

	frame_read_call(&f, DATANODE_HEARTBEAT);
	beat = unpacked(&f, true, &datanode__heartbeat_request__descriptor);
	assert_int_equal(beat->n_reports, 1);
	assert_text(pb_str(beat->reports[0]->storage_uuid), DISK);
	assert_true(beat->request_full_block_report_lease);
	frame_close(&f);

	frame_read_reply(&f, DATANODE_HEARTBEAT_REPLY);
	answer = unpacked(&f, false, &datanode__heartbeat_response__descriptor);
	assert_int_equal(answer->n_cmds, 1);
	assert_int_equal(answer->cmds[0]->blk_cmd->action,
	                 DATANODE__BLOCK_COMMAND__ACTION__INVALIDATE);
	assert_int_equal(answer->ha_status->txid, 9);
	frame_close(&f);

	frame_read_call(&f, DATANODE_BLOCK_REPORT);
	report = unpacked(&f, true, &datanode__block_report_request__descriptor);
	assert_int_equal(report->reports[0]->n_blocks_buffers, 1);
	assert_true(report->context->lease_id == 10245746492897259329u);
	frame_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_java_call_has_its_headers),
	        cmocka_unit_test(a_connection_context_has_a_negative_call_id),
	        cmocka_unit_test(the_root_is_read_and_written_as_hadoop_does),
	        cmocka_unit_test(a_missing_path_is_an_empty_reply),
	        cmocka_unit_test(mkdirs_has_both_modes),
	        cmocka_unit_test(create_of_java_and_of_go),
	        cmocka_unit_test(create_answers_with_the_new_file),
	        cmocka_unit_test(add_block_and_its_location),
	        cmocka_unit_test(complete_of_java_and_of_go),
	        cmocka_unit_test(rename_and_delete),
	        cmocka_unit_test(block_locations_and_the_last_block),
	        cmocka_unit_test(a_block_without_locations_has_hadoops_odd_offset),
	        cmocka_unit_test(listing_has_local_names),
	        cmocka_unit_test(datanode_messages_go_through_protobuf_c),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
