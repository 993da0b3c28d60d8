/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checksum of a block (op 85): MD5 of its chunks' checksums.  Disk jobs read the block piece by
 * piece.
 *
 * What cannot be answered closes the connection: hdfs-cli does not look at the status of a reply
 * and would print the checksum of nothing.
 */
#include "worker/transfer_private.h"

#include "base/err.h"
#include "base/log.h"
#include "wire/pb.h"

static void refuse(struct transfer *transfer, const char *reason)
{
	log_event(LOG_NOTE, "no checksum of blk_%llu: %s", (unsigned long long)transfer->block.id,
	          reason);
	transfer_close(transfer);
}

static void reply_with_sum(struct transfer *transfer)
{
	Transfer__BlockOpResponse reply = TRANSFER__BLOCK_OP_RESPONSE__INIT;
	Transfer__OpBlockChecksumResponse sum = TRANSFER__OP_BLOCK_CHECKSUM_RESPONSE__INIT;
	Hdfs__BlockChecksumOptions options = HDFS__BLOCK_CHECKSUM_OPTIONS__INIT;
	struct read_state *read = &transfer->read;
	uint8_t digest[MD5_BYTES];
	struct buf buf = {0};

	sum.crc_per_block = read->sum.size / WIRE_CHECKSUM_BYTES;
	md5_finish(&read->sum, digest);
	options.has_block_checksum_type = true;
	options.block_checksum_type = HDFS__BLOCK_CHECKSUM_TYPE__MD5CRC;
	sum.bytes_per_crc = read->checksum.chunk_bytes;
	sum.block_checksum = (ProtobufCBinaryData){.data = digest, .len = sizeof(digest)};
	sum.has_crc_type = true;
	sum.crc_type = read->checksum.type;
	sum.block_checksum_options = &options;
	reply.status = TRANSFER__STATUS__SUCCESS;
	reply.checksum_response = &sum;
	wire_op_reply_append(&buf, &reply);
	transfer_send(transfer, &buf);
	buf_finish(&buf);
}

static void sum_run(struct io_work *work)
{
	transfer_read_piece(CONTAINER_OF(work, struct transfer, work));
}

/* A chunk of which only the beginning counts gets a checksum of its own. */
static void add_piece(struct transfer *transfer)
{
	struct read_state *read = &transfer->read;

	if (read->end < transfer->block.length) {
		buf_clear(&read->checksums);
		wire_checksums_append(&read->checksums, &read->checksum, buf_str(&read->data));
	}
	md5_add(&read->sum, read->checksums.data, read->checksums.size);
	read->at += read->data.size;
}

static void sum_done(struct io_work *work)
{
	struct transfer *transfer = CONTAINER_OF(work, struct transfer, work);
	struct read_state *read = &transfer->read;

	if (!transfer_job_done(transfer))
		return;
	if (transfer->job_rc < 0) {
		refuse(transfer, err_text(transfer->job_rc));
		return;
	}
	add_piece(transfer);
	if (read->at < read->end) {
		transfer_submit(transfer, sum_run, sum_done);
		return;
	}
	reply_with_sum(transfer);
	transfer_end_read(transfer);
	transfer->phase = TRANSFER_OPERATION;
	transfer_parse(transfer);
}

static void open_run(struct io_work *work)
{
	struct transfer *transfer = CONTAINER_OF(work, struct transfer, work);

	transfer_open_replica(transfer);
	if (transfer->job_rc == 0)
		transfer_read_piece(transfer);
}

bool transfer_begin_sum(struct transfer *transfer, const Transfer__OpBlockChecksum *op)
{
	const Hdfs__ExtendedBlock *asked = op->header->block;
	const char *reason = transfer_reason_to_refuse(transfer->worker, asked, 0);
	const Hdfs__BlockChecksumOptions *options = op->block_checksum_options;

	if (reason == NULL && options != NULL && options->has_block_checksum_type &&
	    options->block_checksum_type != HDFS__BLOCK_CHECKSUM_TYPE__MD5CRC)
		reason = "only MD5 of CRCs is supported";
	transfer->block.id = asked->block_id;
	if (reason != NULL) {
		refuse(transfer, reason);
		return true;
	}
	transfer->block = *block_store_find(transfer->worker->store, asked->block_id);
	transfer->read = (struct read_state){
	        .end = asked->num_bytes < transfer->block.length ? asked->num_bytes
	                                                         : transfer->block.length,
	};
	md5_init(&transfer->read.sum);
	transfer->phase = TRANSFER_SUMMING;
	transfer_submit(transfer, open_run, sum_done);
	return true;
}
