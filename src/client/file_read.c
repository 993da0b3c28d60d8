/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "client/client_private.h"
#include "client/data_conn.h"
#include "client/files.h"
#include "wire/checksums.h"
#include "wire/datatransfer.h"
#include "wire/hot_replies.h"
#include "wire/hot_requests.h"
#include "wire/pb.h"
#include "wire/protocols.h"

enum {
	LOCATE_TRIES_MAX = 3, /* dfs.client.max.block.acquire.failures */
	LOCATE_PAUSE_MS = 500,
	LOCATE_ARENA_BYTES_MAX = 64 << 20,
	REPLY_ARENA_BYTES_MAX = 1 << 20,
};

struct file_reader {
	struct client *client;
	struct str path;
	uint64_t at;  /* next byte of the file */
	uint64_t end; /* first byte not wanted */
	bool unchecked;
	file_sink_fn *sink;
	void *context;
	int sink_rc; /* the sink's refusal: no other location helps */
};

/* One block as one worker has it. */
struct replica {
	struct file_reader *reader;
	const struct wire_located_block *block;
	struct data_conn dc;
	struct wire_checksum checksum;
	uint64_t end; /* first byte of the file that is not wanted from this block */
};

static int replica_fail(const struct replica *replica, int rc, const char *what)
{
	return client_fail(replica->reader->client, rc, "%.*s: blk_%llu: worker %s %s",
	                   STR_ARGS(replica->reader->path),
	                   (unsigned long long)replica->block->block.id, replica->dc.worker, what);
}

/* ---- packets ---- */

/* Hands on what of the packet is wanted. */
static int deliver(struct replica *replica, const struct wire_packet *packet, struct str data)
{
	struct file_reader *reader = replica->reader;
	uint64_t from = replica->block->offset + (uint64_t)packet->offset;
	uint64_t to = from + data.size;

	if (from > reader->at)
		return replica_fail(replica, -ERR_DAMAGED, "left out bytes");
	if (to > replica->end)
		to = replica->end;
	if (to <= reader->at)
		return 0;
	reader->sink_rc =
	        reader->sink(reader->context, (const uint8_t *)data.data + (reader->at - from),
	                     (size_t)(to - reader->at));
	if (reader->sink_rc < 0)
		return reader->sink_rc;
	reader->at = to;
	return 0;
}

/* Takes one packet if it is all there; -ERR_AGAIN if not; 1 after the block's last. */
static int take_packet(struct replica *replica)
{
	struct cursor input = data_conn_input(&replica->dc);
	struct wire_packet packet;
	struct str sums, data;
	int rc = wire_packet_header_take(&input, &packet);

	if (rc == -ERR_AGAIN)
		return rc;
	if (rc < 0 || packet.offset < 0)
		return replica_fail(replica, -ERR_INVALID, "sent what is no packet");
	if (cursor_left(&input) < (size_t)packet.checksum_size + packet.data_size)
		return -ERR_AGAIN;
	sums = cursor_bytes(&input, packet.checksum_size);
	data = cursor_bytes(&input, packet.data_size);
	if (!replica->reader->unchecked && !wire_checksums_fit(&replica->checksum, data, sums))
		return replica_fail(replica, -ERR_DAMAGED,
		                    "sent data that does not match its checksums");
	rc = deliver(replica, &packet, data);
	data_conn_consume(&replica->dc, &input);
	return rc < 0 ? rc : packet.is_last;
}

static int read_packets(struct replica *replica)
{
	struct file_reader *reader = replica->reader;

	for (;;) {
		int rc = take_packet(replica);

		if (rc == 1 || (rc == 0 && reader->at >= replica->end))
			break;
		if (rc == -ERR_AGAIN)
			rc = data_conn_wait(&replica->dc);
		if (rc < 0)
			return rc;
	}
	return reader->at < replica->end
	               ? replica_fail(replica, -ERR_DAMAGED,
	                              "has fewer bytes of the block than the master says")
	               : 0;
}

/* ---- one block from one worker ---- */

static int take_checksum(struct replica *replica, const Transfer__BlockOpResponse *reply)
{
	const Transfer__ReadOpChecksumInfo *info = reply->read_op_checksum_info;

	if (info == NULL)
		return replica_fail(replica, -ERR_INVALID,
		                    "did not say how its checksums are made");
	replica->checksum = (struct wire_checksum){
	        .type = info->checksum->type,
	        .chunk_bytes = info->checksum->bytes_per_checksum,
	};
	return wire_checksum_is_known(&replica->checksum)
	               ? 0
	               : replica_fail(replica, -ERR_INVALID, "has checksums of an unknown kind");
}

static int operate(struct replica *replica)
{
	const struct wire_block *block = &replica->block->block;
	struct file_reader *reader = replica->reader;
	Transfer__ClientOperationHeader header = TRANSFER__CLIENT_OPERATION_HEADER__INIT;
	Transfer__BaseHeader base = TRANSFER__BASE_HEADER__INIT;
	Transfer__OpReadBlock message = TRANSFER__OP_READ_BLOCK__INIT;
	Hdfs__ExtendedBlock extended = HDFS__EXTENDED_BLOCK__INIT;
	Transfer__BlockOpResponse *reply = NULL;
	struct arena arena;
	int rc;

	extended.pool_id = pb_bytes(block->pool);
	extended.block_id = block->id;
	extended.generation_stamp = block->stamp;
	extended.has_num_bytes = true;
	extended.num_bytes = block->size;
	base.block = &extended;
	header.base_header = &base;
	header.client_name = pb_bytes(str_of(client_name(reader->client)));
	message.header = &header;
	message.offset = reader->at - replica->block->offset;
	message.len = replica->end - reader->at;
	arena_init(&arena, REPLY_ARENA_BYTES_MAX);
	rc = data_conn_operate(&replica->dc, WIRE_OP_READ_BLOCK, &message.base, &arena, &reply);
	if (rc == 0)
		rc = take_checksum(replica, reply);
	arena_finish(&arena);
	return rc;
}

static int read_from_worker(struct file_reader *reader, const struct wire_located_block *block,
                            const struct wire_datanode *worker)
{
	struct replica replica = {
	        .reader = reader, .block = block, .end = block->offset + block->block.size};
	int rc;

	if (replica.end > reader->end)
		replica.end = reader->end;
	rc = data_conn_open(reader->client, worker, &replica.dc);
	if (rc < 0)
		return rc;
	rc = operate(&replica);
	if (rc == 0)
		rc = read_packets(&replica);
	data_conn_close(&replica.dc);
	return rc;
}

/* Goes on at reader->at: what a failed worker delivered is not read again. */
static int read_block(struct file_reader *reader, const struct wire_located_block *block)
{
	int rc = -ERR_IO;

	if (block->location_count == 0)
		return client_fail(reader->client, rc,
		                   "Could not obtain block: blk_%llu_%llu file=%.*s: no worker "
		                   "has it",
		                   (unsigned long long)block->block.id,
		                   (unsigned long long)block->block.stamp, STR_ARGS(reader->path));
	for (size_t i = 0; i < block->location_count; i++) {
		rc = read_from_worker(reader, block, block->locations[i].node);
		if (rc == 0 || reader->sink_rc < 0)
			break;
	}
	return rc;
}

/* ---- the file ---- */

static int locate(struct client *client, const struct wire_get_block_locations *message,
                  struct arena *arena, struct wire_located_blocks *ret)
{
	struct wire_blocks_reply reply = {0};
	struct buf request = {0};
	struct str response = {0};
	int rc;

	wire_get_block_locations_encode(&request, message);
	rc = client_call(client, WIRE_CLIENT_PROTOCOL, "getBlockLocations", buf_str(&request),
	                 arena, &response);
	buf_finish(&request);
	if (rc < 0)
		return rc;
	rc = wire_blocks_reply_decode(response, arena, &reply);
	if (rc < 0)
		return client_fail(client, rc, "getBlockLocations: the answer cannot be read");
	if (!reply.has_blocks)
		return client_fail(client, -ERR_NOT_FOUND, "File does not exist: %.*s",
		                   STR_ARGS(message->path));
	*ret = reply.blocks;
	return 0;
}

/* Reads as far as one answer about locations carries. */
static int read_located(struct file_reader *reader, struct arena *arena)
{
	struct wire_get_block_locations message = {
	        .path = reader->path,
	        .offset = reader->at,
	        .length = reader->end == UINT64_MAX ? INT64_MAX : reader->end - reader->at,
	};
	struct wire_located_blocks located = {0};
	int rc = locate(reader->client, &message, arena, &located);

	if (rc < 0)
		return rc;
	if (reader->end > located.file_length)
		reader->end = located.file_length;
	for (size_t i = 0; i < located.blocks_count && reader->at < reader->end; i++) {
		const struct wire_located_block *block = &located.blocks[i];

		if (block->offset + block->block.size <= reader->at)
			continue;
		if (block->offset > reader->at)
			break;
		rc = read_block(reader, block);
		if (rc < 0)
			return rc;
	}
	return reader->at < reader->end
	               ? client_fail(reader->client, -ERR_IO, "%.*s: no block at offset %llu",
	                             STR_ARGS(reader->path), (unsigned long long)reader->at)
	               : 0;
}

int file_read(struct client *client, struct str path, const struct file_range *range,
              file_sink_fn *sink, void *context)
{
	struct file_reader reader = {
	        .client = client,
	        .path = path,
	        .at = range->offset,
	        .end = range->length > UINT64_MAX - range->offset ? UINT64_MAX
	                                                          : range->offset + range->length,
	        .unchecked = range->unchecked,
	        .sink = sink,
	        .context = context,
	};
	struct arena arena;
	int rc;

	arena_init(&arena, LOCATE_ARENA_BYTES_MAX);
	for (int tries = 1;; tries++) {
		uint64_t before = reader.at;

		rc = read_located(&reader, &arena);
		if (reader.at > before)
			tries = 1;
		/* The master's own refusal is final; a worker's may pass. */
		if (rc == 0 || reader.sink_rc < 0 || tries >= LOCATE_TRIES_MAX ||
		    client_failure(client)->java_class.size > 0)
			break;
		arena_reset(&arena);
		client_pause(client->io, LOCATE_PAUSE_MS);
	}
	arena_finish(&arena);
	return rc;
}

int file_locate(struct client *client, struct str path, file_block_fn *each, void *context)
{
	struct wire_get_block_locations message = {.path = path, .length = INT64_MAX};
	struct wire_located_blocks located = {.file_length = 1};
	struct arena arena;
	int rc = 0;

	arena_init(&arena, LOCATE_ARENA_BYTES_MAX);
	while (rc == 0 && message.offset < located.file_length) {
		uint64_t before = message.offset;

		arena_reset(&arena);
		rc = locate(client, &message, &arena, &located);
		for (size_t i = 0; rc == 0 && i < located.blocks_count; i++) {
			rc = each(context, &located.blocks[i]);
			message.offset = located.blocks[i].offset + located.blocks[i].block.size;
		}
		if (message.offset <= before)
			break; /* no more blocks, whatever the length says */
	}
	arena_finish(&arena);
	return rc;
}
