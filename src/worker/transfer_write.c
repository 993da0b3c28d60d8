/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receiving a block.
 *
 * A packet is checked against its checksums when it is whole, gathered with others, written by one
 * disk job, and then acknowledged: from then on it can be read.  The empty last packet makes the
 * job sync and move the replica to its place; only then it is acknowledged, and told to the
 * masters.
 *
 * A client that flushed in the middle of a chunk sends that chunk's bytes again with those that
 * follow (HDFS: DFSOutputStream), or goes on in its middle and ends the packet with the chunk (Go's
 * client).  So the last chunk is kept in memory: what comes again must be what came before, and
 * what goes on is written with a checksum over the whole chunk.  Source of behaviour: HDFS
 * BlockReceiver.receivePacket(), which does not compare.
 */
#include "worker/transfer_private.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "wire/pb.h"

static void packets_finish(struct packets *packets)
{
	buf_finish(&packets->bytes);
	mem_free(packets->items);
	*packets = (struct packets){0};
}

/* ---- begin ---- */

static void open_run(struct io_work *work)
{
	struct transfer *transfer = CONTAINER_OF(work, struct transfer, work);

	transfer->job_rc = replica_writer_open(
	        transfer->worker->io, block_store_folder(transfer->worker->store), &transfer->block,
	        &transfer->write.checksum, &transfer->write.writer);
}

static void open_done(struct io_work *work)
{
	struct transfer *transfer = CONTAINER_OF(work, struct transfer, work);

	if (!transfer_job_done(transfer))
		return;
	if (transfer->job_rc < 0) {
		log_event(LOG_WORKER_DISK, "blk_%llu cannot be written: %s",
		          (unsigned long long)transfer->block.id, err_text(transfer->job_rc));
		transfer_reply(transfer, TRANSFER__STATUS__ERROR, err_text(transfer->job_rc));
		transfer_close(transfer);
		return;
	}
	transfer->write.was_opened = true;
	transfer_reply(transfer, TRANSFER__STATUS__SUCCESS, NULL);
	transfer_parse(transfer);
}

static struct wire_checksum checksum_of(const Transfer__OpWriteBlock *op)
{
	return (struct wire_checksum){
	        .type = op->requested_checksum->type,
	        .chunk_bytes = op->requested_checksum->bytes_per_checksum,
	};
}

static const char *reason_to_refuse(const struct transfer *transfer,
                                    const Transfer__OpWriteBlock *op)
{
	const Hdfs__ExtendedBlock *block = op->header->base_header->block;
	const char *pool = block_store_pool(transfer->worker->store);
	struct wire_checksum checksum = checksum_of(op);

	if (op->n_targets > 0)
		return "this worker does not hand blocks on to others yet: write with one replica";
	if (op->stage != TRANSFER__OP_WRITE_BLOCK__STAGE__PIPELINE_SETUP_CREATE)
		return "this worker does not append to or recover blocks yet";
	if (pool[0] == '\0' || !str_equal(pb_str(block->pool_id), str_of(pool)))
		return "unknown block pool";
	if (checksum.type == HDFS__CHECKSUM_TYPE__CHECKSUM_NULL ||
	    !wire_checksum_is_known(&checksum))
		return "the checksums asked for are not supported";
	return NULL;
}

bool transfer_begin_write(struct transfer *transfer, const Transfer__OpWriteBlock *op)
{
	const Hdfs__ExtendedBlock *block = op->header->base_header->block;
	const char *reason = reason_to_refuse(transfer, op);
	int rc;

	if (reason != NULL) {
		transfer_reply(transfer, TRANSFER__STATUS__ERROR, reason);
		return false;
	}
	transfer->block = (struct stored_block){
	        .id = block->block_id,
	        .stamp = block->generation_stamp,
	        .state = BLOCK_BEING_WRITTEN,
	};
	rc = block_store_add(transfer->worker->store, &transfer->block);
	if (rc < 0) {
		transfer->block.id = 0;
		transfer_reply(transfer,
		               rc == -ERR_FILE_EXISTS ? TRANSFER__STATUS__ERROR_EXISTS
		                                      : TRANSFER__STATUS__ERROR,
		               rc == -ERR_FILE_EXISTS ? "the block exists already" : err_text(rc));
		return false;
	}
	transfer->write = (struct write_state){.checksum = checksum_of(op)};
	transfer->phase = TRANSFER_WRITING;
	transfer_submit(transfer, open_run, open_done);
	return true;
}

/* ---- packets ---- */

/* NULL: out of memory. */
static struct packet_at *packets_add(struct packets *packets)
{
	if (packets->count == packets->capacity) {
		size_t capacity = packets->capacity == 0 ? 16 : packets->capacity * 2;
		struct packet_at *items =
		        mem_realloc(packets->items, capacity * sizeof(*packets->items));

		if (items == NULL)
			return NULL;
		packets->items = items;
		packets->capacity = capacity;
	}
	return &packets->items[packets->count++];
}

static void acknowledge(struct transfer *transfer, int64_t seqno, Transfer__Status status)
{
	struct wire_ack ack = {.seqno = seqno, .count = 1, .statuses = {(uint8_t)status}};
	struct buf buf = {0};

	wire_ack_append(&buf, &ack);
	transfer_send(transfer, &buf);
	buf_finish(&buf);
}

/* Whether the packet may follow what was received.  One without data only syncs. */
static bool packet_fits(const struct write_state *write, const struct wire_packet *packet)
{
	uint64_t offset = (uint64_t)packet->offset;
	uint64_t before = offset % write->checksum.chunk_bytes;

	if (write->has_last || packet->offset < 0 || offset > write->received)
		return false;
	if (packet->is_last || packet->data_size == 0)
		return packet->data_size == 0;
	return offset >= write->received - write->tail.size &&
	       (before == 0 || before + packet->data_size <= write->checksum.chunk_bytes);
}

/* Whether data that comes again is what came before. */
static bool repeats_the_same(const struct write_state *write, const struct wire_packet *packet,
                             struct str data)
{
	size_t again = (size_t)(write->received - (uint64_t)packet->offset);
	size_t size = again < data.size ? again : data.size;

	return size == 0 ||
	       memcmp(write->tail.data + write->tail.size - again, data.data, size) == 0;
}

/* A client that writes to memory (LAZY_PERSIST) leaves the checksums to the worker. */
static bool packet_is_unsummed(const struct wire_packet *packet)
{
	return packet->checksum_size == 0 && packet->data_size > 0;
}

/* Keeps the packet's data for the next job: checksums, then data, from the beginning of the last
 * chunk on. */
static void keep_data(struct write_state *write, struct packet_at *item, struct str sums,
                      struct str data)
{
	struct buf *bytes = &write->pending.bytes;
	uint64_t chunk_at = write->received - write->tail.size;
	uint64_t end = (uint64_t)item->packet.offset + data.size;
	size_t in_chunk = (size_t)((uint64_t)item->packet.offset - chunk_at);

	if (in_chunk > 0) {
		write->tail.size = in_chunk;
		buf_append_str(&write->tail, data);
		data = buf_str(&write->tail);
	}
	if (in_chunk > 0 || sums.size == 0)
		wire_checksums_append(bytes, &write->checksum, data);
	else
		buf_append_str(bytes, sums);
	item->packet.offset = (int64_t)chunk_at;
	item->packet.checksum_size = (uint32_t)(bytes->size - item->at);
	item->packet.data_size = (uint32_t)data.size;
	buf_append_str(bytes, data);
	if (bytes->failed || write->tail.failed)
		return;
	write->received = end;
	in_chunk = end % write->checksum.chunk_bytes;
	buf_clear(&write->tail);
	buf_append(&write->tail, bytes->data + bytes->size - in_chunk, in_chunk);
}

static bool keep_packet(struct write_state *write, const struct wire_packet *packet,
                        struct str sums, struct str data)
{
	struct packet_at *item = packets_add(&write->pending);

	if (item == NULL)
		return false;
	*item = (struct packet_at){.packet = *packet, .at = write->pending.bytes.size};
	item->packet.data_size = 0;
	if ((uint64_t)packet->offset + data.size > write->received)
		keep_data(write, item, sums, data);
	write->has_last = packet->is_last;
	return !write->pending.bytes.failed && !write->tail.failed;
}

static bool take_packet(struct transfer *transfer, const struct wire_packet *packet,
                        struct str sums, struct str data)
{
	struct write_state *write = &transfer->write;

	if (packet->seqno == WIRE_SEQNO_HEARTBEAT) {
		acknowledge(transfer, WIRE_SEQNO_HEARTBEAT, TRANSFER__STATUS__SUCCESS);
		return true;
	}
	if (packet_fits(write, packet) && repeats_the_same(write, packet, data) &&
	    (packet_is_unsummed(packet) || wire_checksums_fit(&write->checksum, data, sums)))
		return keep_packet(write, packet, sums, data);
	log_event(LOG_WORKER_BAD_PACKET, "blk_%llu from %s: packet %lld at %lld",
	          (unsigned long long)transfer->block.id, io_conn_peer(transfer->conn),
	          (long long)packet->seqno, (long long)packet->offset);
	acknowledge(transfer, packet->seqno, TRANSFER__STATUS__ERROR_CHECKSUM);
	return false;
}

/* ---- jobs ---- */

static int write_packets(struct write_state *write)
{
	for (size_t i = 0; i < write->active.count; i++) {
		const struct packet_at *item = &write->active.items[i];
		const uint8_t *bytes = write->active.bytes.data + item->at;
		int rc = 0;

		if (item->packet.data_size > 0)
			rc = replica_writer_write(write->writer, (uint64_t)item->packet.offset,
			                          str_make(bytes + item->packet.checksum_size,
			                                   item->packet.data_size),
			                          str_make(bytes, item->packet.checksum_size));
		if (rc == 0 && item->packet.sync)
			rc = replica_writer_sync(write->writer);
		if (rc == 0 && item->packet.is_last)
			rc = replica_writer_finalize(write->writer);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static void write_run(struct io_work *work)
{
	struct transfer *transfer = CONTAINER_OF(work, struct transfer, work);

	transfer->job_rc = write_packets(&transfer->write);
}

/* Readers may see what was written; a block that was finalized is told to the masters. */
static void publish(struct transfer *transfer)
{
	struct worker *worker = transfer->worker;

	transfer->block = *replica_writer_block(transfer->write.writer);
	block_store_update(worker->store, &transfer->block);
	if (transfer->block.state == BLOCK_FINALIZED)
		worker_tell(worker, &transfer->block,
		            DATANODE__RECEIVED_DELETED_BLOCK_INFO__STATUS__RECEIVED);
}

static void write_failed(struct transfer *transfer)
{
	log_event(LOG_WORKER_DISK, "blk_%llu cannot be written: %s",
	          (unsigned long long)transfer->block.id, err_text(transfer->job_rc));
	acknowledge(transfer, transfer->write.active.items[0].packet.seqno,
	            TRANSFER__STATUS__ERROR);
	transfer_close(transfer);
}

/* A replica that was moved to its place is there, even if its client has gone meanwhile. */
static void write_done(struct io_work *work)
{
	struct transfer *transfer = CONTAINER_OF(work, struct transfer, work);
	struct packets *active = &transfer->write.active;
	bool is_last = active->items[active->count - 1].packet.is_last;

	publish(transfer);
	if (!transfer_job_done(transfer))
		return;
	if (transfer->job_rc < 0) {
		write_failed(transfer);
		return;
	}
	for (size_t i = 0; i < active->count; i++)
		acknowledge(transfer, active->items[i].packet.seqno, TRANSFER__STATUS__SUCCESS);
	active->count = 0;
	buf_clear(&active->bytes);
	if (is_last) {
		transfer_end_write(transfer);
		transfer->phase = TRANSFER_OPERATION;
	}
	transfer_parse(transfer);
}

/* Gives what is pending to the disk, if it is free. */
static void write_on(struct transfer *transfer)
{
	struct write_state *write = &transfer->write;
	struct packets pending = write->pending;

	if (transfer->has_job || pending.count == 0)
		return;
	write->pending = write->active;
	write->active = pending;
	transfer_submit(transfer, write_run, write_done);
}

bool transfer_is_behind(const struct transfer *transfer)
{
	const struct packets *pending = &transfer->write.pending;

	return pending->bytes.size > TRANSFER_PENDING_BYTES_MAX ||
	       pending->count >= TRANSFER_PENDING_PACKETS_MAX;
}

bool transfer_take_packets(struct transfer *transfer)
{
	while (!transfer_is_behind(transfer)) {
		struct cursor input = transfer_input(transfer);
		struct wire_packet packet;
		struct str sums, data;
		int rc = wire_packet_header_take(&input, &packet);

		if (rc < 0 && rc != -ERR_AGAIN)
			return false;
		if (rc == -ERR_AGAIN ||
		    cursor_left(&input) < (size_t)packet.checksum_size + packet.data_size)
			break;
		sums = cursor_bytes(&input, packet.checksum_size);
		data = cursor_bytes(&input, packet.data_size);
		if (!take_packet(transfer, &packet, sums, data))
			return false;
		transfer_consume(transfer, &input);
	}
	if (transfer->write.was_opened)
		write_on(transfer);
	return true;
}

/* ---- end ---- */

/* A client that went before its last packet may have flushed: what it was told is written stays,
 * and can be read, until a master wants it deleted. */
static void keep_or_forget(struct transfer *transfer)
{
	if (transfer->block.state != BLOCK_BEING_WRITTEN || transfer->block.id == 0)
		return;
	if (transfer->block.length == 0)
		block_store_remove(transfer->worker->store, transfer->block.id);
	else
		worker_tell(transfer->worker, &transfer->block,
		            DATANODE__RECEIVED_DELETED_BLOCK_INFO__STATUS__RECEIVING);
}

void transfer_end_write(struct transfer *transfer)
{
	if (transfer->phase != TRANSFER_WRITING)
		return;
	keep_or_forget(transfer);
	replica_writer_close(transfer->write.writer);
	packets_finish(&transfer->write.pending);
	packets_finish(&transfer->write.active);
	buf_finish(&transfer->write.tail);
	transfer->write = (struct write_state){0};
}
