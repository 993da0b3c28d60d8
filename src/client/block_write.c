/* SPDX-License-Identifier: Apache-2.0 */
#include "client/block_write.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "client/client_private.h"
#include "client/data_conn.h"
#include "wire/checksums.h"
#include "wire/datatransfer.h"
#include "wire/pb.h"

enum {
	BLOCK_WRITER_MAGIC = 0x68626c77,
	CHUNK_BYTES = 512,
	PACKET_CHUNKS = 126, /* a packet of 64 KiB with its checksums and header */
	PACKET_DATA_BYTES = CHUNK_BYTES * PACKET_CHUNKS,
	UNACKED_PACKETS_MAX = 80,
	QUEUED_BYTES_MAX = 1 << 20,
	ARENA_BYTES_MAX = 1 << 20,
};

static const struct wire_checksum checksum_kind = {
        .type = HDFS__CHECKSUM_TYPE__CHECKSUM_CRC32C,
        .chunk_bytes = CHUNK_BYTES,
};

struct block_writer {
	uint32_t magic;
	struct client *client;
	struct data_conn dc;
	uint64_t bytes;      /* handed in */
	uint64_t sent;       /* of these in packets */
	int64_t next_seqno;  /* of the next packet */
	int64_t acked_seqno; /* all up to here are acknowledged */
	size_t filled;       /* bytes in data */
	uint8_t data[PACKET_DATA_BYTES];
};

/* ---- set-up ---- */

/* The workers after the first, as messages. */
static int make_targets(const struct wire_located_block *block, struct arena *arena,
                        Transfer__OpWriteBlock *message)
{
	size_t count = block->location_count - 1;
	Hdfs__DatanodeInfo *infos = arena_alloc(arena, count * sizeof(*infos));
	Hdfs__DatanodeID *ids = arena_alloc(arena, count * sizeof(*ids));
	Hdfs__DatanodeInfo **targets = arena_alloc(arena, count * sizeof(*targets));
	Hdfs__StorageType *types = arena_alloc(arena, count * sizeof(*types));

	if (infos == NULL || ids == NULL || targets == NULL || types == NULL)
		return -ERR_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		const struct wire_location *location = &block->locations[i + 1];
		const struct wire_datanode_id *id = &location->node->id;

		hdfs__datanode_id__init(&ids[i]);
		ids[i].ip_addr = pb_bytes(id->ip);
		ids[i].host_name = pb_bytes(id->host);
		ids[i].datanode_uuid = pb_bytes(id->uuid);
		ids[i].xfer_port = id->transfer_port;
		ids[i].info_port = id->info_port;
		ids[i].ipc_port = id->ipc_port;
		hdfs__datanode_info__init(&infos[i]);
		infos[i].id = &ids[i];
		targets[i] = &infos[i];
		types[i] = (Hdfs__StorageType)location->storage_type;
	}
	message->n_targets = count;
	message->targets = targets;
	message->n_target_storage_types = count;
	message->target_storage_types = types;
	return 0;
}

static int set_up_pipeline(struct block_writer *writer, const struct wire_located_block *block)
{
	Transfer__ClientOperationHeader header = TRANSFER__CLIENT_OPERATION_HEADER__INIT;
	Transfer__BaseHeader base = TRANSFER__BASE_HEADER__INIT;
	Transfer__OpWriteBlock message = TRANSFER__OP_WRITE_BLOCK__INIT;
	Transfer__Checksum checksum = TRANSFER__CHECKSUM__INIT;
	Hdfs__ExtendedBlock extended = HDFS__EXTENDED_BLOCK__INIT;
	Transfer__BlockOpResponse *reply = NULL;
	struct arena arena;
	int rc;

	extended.pool_id = pb_bytes(block->block.pool);
	extended.block_id = block->block.id;
	extended.generation_stamp = block->block.stamp;
	base.block = &extended;
	header.base_header = &base;
	header.client_name = pb_bytes(str_of(client_name(writer->client)));
	checksum.type = checksum_kind.type;
	checksum.bytes_per_checksum = checksum_kind.chunk_bytes;
	message.header = &header;
	message.stage = TRANSFER__OP_WRITE_BLOCK__STAGE__PIPELINE_SETUP_CREATE;
	message.pipeline_size = (uint32_t)block->location_count;
	message.latest_generation_stamp = block->block.stamp;
	message.requested_checksum = &checksum;
	message.has_storage_type = true;
	message.storage_type = (Hdfs__StorageType)block->locations[0].storage_type;
	message.has_storage_id = true;
	message.storage_id = pb_bytes(block->locations[0].storage_id);
	arena_init(&arena, ARENA_BYTES_MAX);
	rc = make_targets(block, &arena, &message);
	if (rc == 0)
		rc = data_conn_operate(&writer->dc, WIRE_OP_WRITE_BLOCK, &message.base, &arena,
		                       &reply);
	arena_finish(&arena);
	return rc;
}

int block_writer_open(struct client *client, const struct wire_located_block *block,
                      struct block_writer **ret_writer)
{
	struct block_writer *writer;
	int rc;

	if (block->location_count == 0)
		return client_fail(client, -ERR_INVALID, "the master chose no worker for a block");
	writer = mem_zalloc(sizeof(*writer));
	if (writer == NULL)
		return client_fail(client, -ERR_NO_MEMORY, "out of memory");
	writer->magic = BLOCK_WRITER_MAGIC;
	writer->client = client;
	writer->acked_seqno = -1;
	rc = data_conn_open(client, block->locations[0].node, &writer->dc);
	if (rc == 0)
		rc = set_up_pipeline(writer, block);
	if (rc < 0) {
		block_writer_destroy(writer);
		return rc;
	}
	*ret_writer = writer;
	return 0;
}

void block_writer_destroy(struct block_writer *writer)
{
	if (writer == NULL)
		return;
	OBJ_CHECK(writer, BLOCK_WRITER_MAGIC);
	data_conn_close(&writer->dc);
	writer->magic = 0;
	mem_free(writer);
}

uint64_t block_writer_bytes(const struct block_writer *writer)
{
	return writer->bytes;
}

/* ---- packets and acknowledgements ---- */

static int check_ack(struct block_writer *writer, const struct wire_ack *ack)
{
	for (uint32_t i = 0; i < ack->count; i++) {
		if (ack->statuses[i] != TRANSFER__STATUS__SUCCESS)
			return client_fail(writer->client, -ERR_IO,
			                   "worker %u of the pipeline at %s failed (status %u)",
			                   i + 1, writer->dc.worker, ack->statuses[i]);
	}
	if (ack->seqno == WIRE_SEQNO_HEARTBEAT)
		return 0;
	if (ack->seqno != writer->acked_seqno + 1 || ack->seqno >= writer->next_seqno)
		return client_fail(writer->client, -ERR_INVALID,
		                   "worker %s acknowledged packets out of order",
		                   writer->dc.worker);
	writer->acked_seqno = ack->seqno;
	return 0;
}

/* Takes all acknowledgements that are there. */
static int take_acks(struct block_writer *writer)
{
	for (;;) {
		struct cursor input = data_conn_input(&writer->dc);
		struct wire_ack ack;
		int rc = cursor_left(&input) == 0 ? -ERR_AGAIN : wire_ack_take(&input, &ack);

		if (rc == -ERR_AGAIN)
			return 0;
		if (rc < 0)
			return client_fail(writer->client, rc,
			                   "worker %s: an acknowledgement cannot be read",
			                   writer->dc.worker);
		data_conn_consume(&writer->dc, &input);
		rc = check_ack(writer, &ack);
		if (rc < 0)
			return rc;
	}
}

/* Until at most `count` packets are unacknowledged and little is queued. */
static int wait_for_acks(struct block_writer *writer, int64_t count)
{
	for (;;) {
		int rc = take_acks(writer);

		if (rc < 0)
			return rc;
		if (writer->next_seqno - 1 - writer->acked_seqno <= count &&
		    io_conn_queued(writer->dc.conn) <= QUEUED_BYTES_MAX)
			return 0;
		rc = data_conn_wait(&writer->dc);
		if (rc < 0)
			return rc;
	}
}

static int send_packet(struct block_writer *writer, bool is_last)
{
	struct str data = str_make(writer->data, writer->filled);
	struct wire_packet packet = {
	        .offset = (int64_t)writer->sent,
	        .seqno = writer->next_seqno++,
	        .is_last = is_last,
	        .checksum_size = (uint32_t)wire_checksums_size(&checksum_kind, data.size),
	        .data_size = (uint32_t)data.size,
	};
	struct buf head = {0};
	struct str pieces[2];

	wire_packet_header_append(&head, &packet);
	wire_checksums_append(&head, &checksum_kind, data);
	if (head.failed) {
		buf_finish(&head);
		return client_fail(writer->client, -ERR_NO_MEMORY, "out of memory");
	}
	pieces[0] = buf_str(&head);
	pieces[1] = data;
	data_conn_write(&writer->dc, pieces, data.size > 0 ? 2 : 1);
	buf_finish(&head);
	writer->sent += data.size;
	writer->filled = 0;
	return wait_for_acks(writer, UNACKED_PACKETS_MAX);
}

int block_writer_write(struct block_writer *writer, const void *data, size_t size)
{
	const uint8_t *at = data;

	OBJ_CHECK(writer, BLOCK_WRITER_MAGIC);
	while (size > 0) {
		size_t room = PACKET_DATA_BYTES - writer->filled;
		size_t piece = size < room ? size : room;

		memcpy(writer->data + writer->filled, at, piece);
		writer->filled += piece;
		writer->bytes += piece;
		at += piece;
		size -= piece;
		if (writer->filled == PACKET_DATA_BYTES) {
			int rc = send_packet(writer, false);

			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

int block_writer_finish(struct block_writer *writer)
{
	int rc = 0;

	OBJ_CHECK(writer, BLOCK_WRITER_MAGIC);
	if (writer->filled > 0)
		rc = send_packet(writer, false);
	if (rc == 0)
		rc = send_packet(writer, true);
	return rc < 0 ? rc : wait_for_acks(writer, 0);
}
