/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "client/client_private.h"
#include "client/data_conn.h"
#include "client/files.h"
#include "wire/datatransfer.h"
#include "wire/hot_replies.h"
#include "wire/hot_requests.h"
#include "wire/pb.h"
#include "wire/protocols.h"

enum {
	LOCATE_TRIES_MAX = 3, /* dfs.client.max.block.acquire.failures */
	LOCATE_PAUSE_MS = 500,
	LOCATE_ARENA_BYTES_MAX = 64 << 20,
	CHECKSUM_BYTES = 4,
};

struct file_reader {
	struct client *client;
	struct str path;
	uint64_t at;  /* next byte of the file */
	uint64_t end; /* first byte not wanted */
	file_sink_fn *sink;
	void *context;
	int sink_rc; /* the sink's refusal: no other location helps */
};

/* How a worker's checksums are made. */
struct checksum_kind {
	Hdfs__ChecksumType type;
	uint32_t chunk_bytes;
};

/* ---- packets of one block from one worker ---- */

static bool chunk_is_right(const struct checksum_kind *kind, const uint8_t *sum,
                           const uint8_t *data, size_t size)
{
	uint32_t want =
	        (uint32_t)sum[0] << 24 | (uint32_t)sum[1] << 16 | (uint32_t)sum[2] << 8 | sum[3];

	if (kind->type == HDFS__CHECKSUM_TYPE__CHECKSUM_CRC32)
		return crc32_zlib(0, data, size) == want;
	return crc32c(0, data, size) == want;
}

static bool packet_is_right(const struct checksum_kind *kind, const struct wire_packet *packet,
                            const uint8_t *sums, const uint8_t *data)
{
	size_t chunks;

	if (kind->type == HDFS__CHECKSUM_TYPE__CHECKSUM_NULL)
		return packet->checksum_size == 0;
	chunks = (packet->data_size + kind->chunk_bytes - 1) / kind->chunk_bytes;
	if (packet->checksum_size != chunks * CHECKSUM_BYTES)
		return false;
	for (size_t i = 0; i < chunks; i++) {
		size_t from = i * kind->chunk_bytes;
		size_t left = packet->data_size - from;

		if (!chunk_is_right(kind, sums + i * CHECKSUM_BYTES, data + from,
		                    left < kind->chunk_bytes ? left : kind->chunk_bytes))
			return false;
	}
	return true;
}

/* Hands on what of the packet is wanted; block_at is the block's place in the file. */
static int deliver(struct file_reader *reader, uint64_t block_at, const struct wire_packet *packet,
                   const uint8_t *data)
{
	uint64_t from = block_at + (uint64_t)packet->offset;
	uint64_t to = from + packet->data_size;

	if (from > reader->at)
		return -ERR_DAMAGED; /* bytes are missing in between */
	if (to > reader->end)
		to = reader->end;
	if (to <= reader->at)
		return 0;
	reader->sink_rc = reader->sink(reader->context, data + (reader->at - from),
	                               (size_t)(to - reader->at));
	if (reader->sink_rc < 0)
		return reader->sink_rc;
	reader->at = to;
	return 0;
}

/* Takes one packet if it is all there; -ERR_AGAIN if not; 1 after the block's last. */
static int take_packet(struct file_reader *reader, struct data_conn *dc,
                       const struct checksum_kind *kind, uint64_t block_at)
{
	struct cursor input = data_conn_input(dc);
	struct wire_packet packet;
	struct str sums, data;
	int rc = wire_packet_header_take(&input, &packet);

	if (rc < 0)
		return rc;
	if (cursor_left(&input) < (size_t)packet.checksum_size + packet.data_size)
		return -ERR_AGAIN;
	if (packet.offset < 0)
		return -ERR_INVALID;
	sums = cursor_bytes(&input, packet.checksum_size);
	data = cursor_bytes(&input, packet.data_size);
	if (!packet_is_right(kind, &packet, (const uint8_t *)sums.data, (const uint8_t *)data.data))
		return client_fail(reader->client, -ERR_DAMAGED,
		                   "worker %s sent data that does not match its checksums",
		                   dc->worker);
	rc = deliver(reader, block_at, &packet, (const uint8_t *)data.data);
	data_conn_consume(dc, &input);
	return rc < 0 ? rc : packet.is_last;
}

static int read_packets(struct file_reader *reader, struct data_conn *dc,
                        const struct checksum_kind *kind, uint64_t block_at, uint64_t block_end)
{
	for (;;) {
		int rc = take_packet(reader, dc, kind, block_at);

		if (rc == 1 || (rc == 0 && reader->at >= block_end))
			break;
		if (rc == -ERR_AGAIN)
			rc = data_conn_wait(dc);
		if (rc < 0)
			return rc;
	}
	if (reader->at < block_end)
		return client_fail(reader->client, -ERR_DAMAGED,
		                   "worker %s has fewer bytes of the block than the master says",
		                   dc->worker);
	return 0;
}

static int operate_read(struct file_reader *reader, struct data_conn *dc,
                        const struct wire_located_block *block, uint64_t length,
                        struct checksum_kind *ret_kind)
{
	Transfer__ClientOperationHeader header = TRANSFER__CLIENT_OPERATION_HEADER__INIT;
	Transfer__BaseHeader base = TRANSFER__BASE_HEADER__INIT;
	Transfer__OpReadBlock message = TRANSFER__OP_READ_BLOCK__INIT;
	Hdfs__ExtendedBlock extended = HDFS__EXTENDED_BLOCK__INIT;
	Transfer__BlockOpResponse *reply;
	struct arena arena;
	int rc;

	extended.pool_id = pb_bytes(block->block.pool);
	extended.block_id = block->block.id;
	extended.generation_stamp = block->block.stamp;
	extended.has_num_bytes = true;
	extended.num_bytes = block->block.size;
	base.block = &extended;
	header.base_header = &base;
	header.client_name = pb_bytes(str_of(client_name(reader->client)));
	message.header = &header;
	message.offset = reader->at - block->offset;
	message.len = length;
	arena_init(&arena, LOCATE_ARENA_BYTES_MAX);
	rc = data_conn_operate(dc, WIRE_OP_READ_BLOCK, &message.base, &arena, &reply);
	if (rc == 0 && (reply->read_op_checksum_info == NULL ||
	                reply->read_op_checksum_info->checksum->bytes_per_checksum == 0))
		rc = client_fail(reader->client, -ERR_INVALID,
		                 "worker %s did not say how its checksums are made", dc->worker);
	if (rc == 0) {
		ret_kind->type = reply->read_op_checksum_info->checksum->type;
		ret_kind->chunk_bytes = reply->read_op_checksum_info->checksum->bytes_per_checksum;
	}
	arena_finish(&arena);
	return rc;
}

static int read_from_worker(struct file_reader *reader, const struct wire_located_block *block,
                            const struct wire_datanode *worker)
{
	uint64_t block_end = block->offset + block->block.size;
	struct checksum_kind kind = {0};
	struct data_conn dc;
	int rc;

	if (block_end > reader->end)
		block_end = reader->end;
	rc = data_conn_open(reader->client, worker, &dc);
	if (rc < 0)
		return rc;
	rc = operate_read(reader, &dc, block, block_end - reader->at, &kind);
	if (rc == 0)
		rc = read_packets(reader, &dc, &kind, block->offset, block_end);
	data_conn_close(&dc);
	return rc;
}

/* ---- the file ---- */

/* Goes on at reader->at: what a failed worker delivered is not read again. */
static int read_block(struct file_reader *reader, const struct wire_located_block *block)
{
	int rc = -ERR_IO;

	if (block->location_count == 0)
		return client_fail(reader->client, -ERR_IO,
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

static int locate(struct file_reader *reader, struct arena *arena, struct wire_located_blocks *ret)
{
	struct wire_get_block_locations message = {.path = reader->path, .offset = reader->at};
	struct wire_blocks_reply reply;
	struct buf request = {0};
	struct str response;
	int rc;

	message.length = reader->end == UINT64_MAX ? INT64_MAX : reader->end - reader->at;
	wire_get_block_locations_encode(&request, &message);
	rc = client_call(reader->client, WIRE_CLIENT_PROTOCOL, "getBlockLocations",
	                 buf_str(&request), arena, &response);
	buf_finish(&request);
	if (rc < 0)
		return rc;
	rc = wire_blocks_reply_decode(response, arena, &reply);
	if (rc < 0)
		return client_fail(reader->client, rc,
		                   "getBlockLocations: the answer cannot be read");
	if (!reply.has_blocks)
		return client_fail(reader->client, -ERR_NOT_FOUND, "File does not exist: %.*s",
		                   STR_ARGS(reader->path));
	*ret = reply.blocks;
	return 0;
}

/* Reads as far as one answer about locations carries. */
static int read_located(struct file_reader *reader, struct arena *arena)
{
	struct wire_located_blocks located;
	int rc = locate(reader, arena, &located);

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
	if (reader->at < reader->end)
		return client_fail(reader->client, -ERR_IO, "%.*s: no block at offset %llu",
		                   STR_ARGS(reader->path), (unsigned long long)reader->at);
	return 0;
}

int file_read(struct client *client, struct str path, uint64_t offset, uint64_t length,
              file_sink_fn *sink, void *context)
{
	struct file_reader reader = {
	        .client = client,
	        .path = path,
	        .at = offset,
	        .end = length > UINT64_MAX - offset ? UINT64_MAX : offset + length,
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
		client_pause(client, LOCATE_PAUSE_MS);
	}
	arena_finish(&arena);
	return rc;
}
