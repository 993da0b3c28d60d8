/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sending a block: disk jobs read pieces of whole chunks, which leave as packets with the checksums
 * that the block was written with; the reader checks them.  The next job starts when the client has
 * taken most of what was sent.
 */
#include "worker/transfer_private.h"

#include "base/err.h"
#include "base/log.h"
#include "wire/pb.h"

enum { PACKET_DATA_BYTES = 64512 /* 126 chunks of 512: some 64 KiB with head and checksums */ };

/* ---- packets ---- */

/* About so many bytes, in whole chunks: writers choose how long these are. */
static size_t whole_chunks(const struct read_state *read, size_t bytes)
{
	size_t chunk = read->checksum.chunk_bytes;

	return chunk > bytes ? chunk : bytes / chunk * chunk;
}

static void append_packet(struct read_state *read, struct buf *out, uint64_t offset, size_t from,
                          size_t size)
{
	size_t chunk = read->checksum.chunk_bytes;
	size_t sums = read->send_checksums ? (size + chunk - 1) / chunk * WIRE_CHECKSUM_BYTES : 0;
	struct wire_packet packet = {
	        .offset = (int64_t)(offset + from),
	        .seqno = read->seqno++,
	        .is_last = size == 0,
	        .checksum_size = (uint32_t)sums,
	        .data_size = (uint32_t)size,
	};

	wire_packet_header_append(out, &packet);
	if (size == 0)
		return;
	if (sums > 0)
		buf_append(out, read->checksums.data + from / chunk * WIRE_CHECKSUM_BYTES, sums);
	buf_append(out, read->data.data + from, size);
}

static void finish_read(struct transfer *transfer)
{
	struct buf out = {0};

	append_packet(&transfer->read, &out, transfer->read.end, 0, 0);
	transfer_send(transfer, &out);
	buf_finish(&out);
	transfer_end_read(transfer);
	transfer->phase = TRANSFER_OPERATION;
	transfer_parse(transfer);
}

/* ---- jobs ---- */

void transfer_read_piece(struct transfer *transfer)
{
	struct read_state *read = &transfer->read;
	size_t size = whole_chunks(read, TRANSFER_READ_BYTES);

	if (size > read->end - read->at)
		size = (size_t)(read->end - read->at);
	buf_clear(&read->data);
	buf_clear(&read->checksums);
	transfer->job_rc =
	        replica_reader_read(read->reader, read->at, size, &read->data, &read->checksums);
}

static void read_run(struct io_work *work)
{
	transfer_read_piece(CONTAINER_OF(work, struct transfer, work));
}

static void read_done(struct io_work *work)
{
	struct transfer *transfer = CONTAINER_OF(work, struct transfer, work);
	struct read_state *read = &transfer->read;
	size_t step = whole_chunks(read, PACKET_DATA_BYTES);
	struct buf out = {0};

	if (!transfer_job_done(transfer))
		return;
	if (transfer->job_rc < 0) {
		log_event(LOG_WORKER_DISK, "blk_%llu cannot be read: %s",
		          (unsigned long long)transfer->block.id, err_text(transfer->job_rc));
		transfer_close(transfer);
		return;
	}
	for (size_t from = 0; from < read->data.size; from += step) {
		size_t left = read->data.size - from;

		append_packet(read, &out, read->at, from, left < step ? left : step);
	}
	read->at += read->data.size;
	transfer_send(transfer, &out);
	buf_finish(&out);
	transfer_read_on(transfer);
}

void transfer_read_on(struct transfer *transfer)
{
	struct read_state *read = &transfer->read;

	if (transfer->has_job || !read->was_opened)
		return;
	if (read->at >= read->end)
		finish_read(transfer);
	else if (io_conn_queued(transfer->conn) < TRANSFER_QUEUED_BYTES_MAX)
		transfer_submit(transfer, read_run, read_done);
}

/* ---- begin and end ---- */

void transfer_open_replica(struct transfer *transfer)
{
	transfer->job_rc = replica_reader_open(
	        transfer->worker->io, block_store_folder(transfer->worker->store), &transfer->block,
	        &transfer->read.checksum, &transfer->read.reader);
}

static void open_run(struct io_work *work)
{
	transfer_open_replica(CONTAINER_OF(work, struct transfer, work));
}

/* Widens the range to whole chunks and says how the checksums are made. */
static void reply_to_read(struct transfer *transfer)
{
	Transfer__BlockOpResponse reply = TRANSFER__BLOCK_OP_RESPONSE__INIT;
	Transfer__ReadOpChecksumInfo info = TRANSFER__READ_OP_CHECKSUM_INFO__INIT;
	Transfer__Checksum checksum = TRANSFER__CHECKSUM__INIT;
	struct read_state *read = &transfer->read;
	uint64_t chunk = read->checksum.chunk_bytes;
	struct buf buf = {0};

	read->at -= read->at % chunk;
	read->end = (read->end + chunk - 1) / chunk * chunk;
	if (read->end > transfer->block.length)
		read->end = transfer->block.length;
	checksum.type =
	        read->send_checksums ? read->checksum.type : HDFS__CHECKSUM_TYPE__CHECKSUM_NULL;
	checksum.bytes_per_checksum = read->checksum.chunk_bytes;
	info.checksum = &checksum;
	info.chunk_offset = read->at;
	reply.status = TRANSFER__STATUS__SUCCESS;
	reply.read_op_checksum_info = &info;
	wire_op_reply_append(&buf, &reply);
	transfer_send(transfer, &buf);
	buf_finish(&buf);
}

static void open_done(struct io_work *work)
{
	struct transfer *transfer = CONTAINER_OF(work, struct transfer, work);

	if (!transfer_job_done(transfer))
		return;
	if (transfer->job_rc < 0) {
		log_event(LOG_WORKER_DISK, "blk_%llu cannot be read: %s",
		          (unsigned long long)transfer->block.id, err_text(transfer->job_rc));
		transfer_reply(transfer, TRANSFER__STATUS__ERROR, err_text(transfer->job_rc));
		transfer_close(transfer);
		return;
	}
	transfer->read.was_opened = true;
	reply_to_read(transfer);
	transfer_read_on(transfer);
}

const char *transfer_reason_to_refuse(const struct worker *worker, const Hdfs__ExtendedBlock *asked,
                                      uint64_t offset)
{
	const struct stored_block *block = block_store_find(worker->store, asked->block_id);

	if (!str_equal(pb_str(asked->pool_id), str_of(block_store_pool(worker->store))))
		return "unknown block pool";
	if (block == NULL || block->stamp < asked->generation_stamp)
		return "no such block here";
	if (block->state == BLOCK_WAITING_RECOVERY)
		return "the block waits for recovery: this worker ended while it was written";
	if (offset > block->length)
		return "the offset is behind the end of the block";
	return NULL;
}

bool transfer_begin_read(struct transfer *transfer, const Transfer__OpReadBlock *op)
{
	const Hdfs__ExtendedBlock *asked = op->header->base_header->block;
	const char *reason = transfer_reason_to_refuse(transfer->worker, asked, op->offset);
	uint64_t left;

	if (reason != NULL) {
		transfer_reply(transfer, TRANSFER__STATUS__ERROR, reason);
		return true;
	}
	transfer->block = *block_store_find(transfer->worker->store, asked->block_id);
	left = transfer->block.length - op->offset;
	transfer->read = (struct read_state){
	        .at = op->offset,
	        .end = op->offset + (op->len < left ? op->len : left),
	        .send_checksums = !op->has_send_checksums || op->send_checksums,
	};
	transfer->phase = TRANSFER_READING;
	transfer_submit(transfer, open_run, open_done);
	return true;
}

void transfer_end_read(struct transfer *transfer)
{
	if (transfer->phase != TRANSFER_READING && transfer->phase != TRANSFER_SUMMING)
		return;
	replica_reader_close(transfer->read.reader);
	buf_finish(&transfer->read.data);
	buf_finish(&transfer->read.checksums);
	transfer->read = (struct read_state){0};
}
