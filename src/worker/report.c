/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In buffers, a replica is four varints: id (zig-zag), length, stamp, state; a buffer is at most
 * 64 KiB.  As a list: how many are finalized, how many are not, triples (id, length, stamp) of the
 * finalized, a triple of -1, then quadruples with the state.
 */
#include "worker/report.h"

#include "base/mem.h"
#include "wire/pb.h"

enum { BUFFER_BYTES_MAX = 64 << 10, REPLICA_BYTES_MAX = 40 };

struct report {
	struct buf bytes;                /* all buffers, one behind the other */
	struct buf ends;                 /* u64: where each full one ends in bytes */
	size_t begin;                    /* of the one being filled */
	struct buf numbers;              /* u64 in memory order */
	enum block_state finalized_pass; /* as a list: which replicas this pass takes */
	uint64_t finalized;
	uint64_t others;
};

/* ---- in buffers ---- */

static void add_to_buffer(void *context, const struct stored_block *block)
{
	struct report *report = context;

	if (report->bytes.size - report->begin > BUFFER_BYTES_MAX - REPLICA_BYTES_MAX) {
		uint64_t end = report->bytes.size;

		buf_append(&report->ends, &end, sizeof(end));
		report->begin = report->bytes.size;
	}
	buf_append_varint(&report->bytes, block->id << 1 ^ (uint64_t)((int64_t)block->id >> 63));
	buf_append_varint(&report->bytes, block->length);
	buf_append_varint(&report->bytes, block->stamp);
	buf_append_varint(&report->bytes, block->state);
}

static void append_in_buffers(const struct block_store *store, struct report *report,
                              Datanode__BlockReportRequest *request,
                              Datanode__StorageBlockReport *of_storage, struct buf *buf)
{
	uint64_t end;
	size_t count, begin = 0;
	ProtobufCBinaryData *buffers;

	block_store_each(store, add_to_buffer, report);
	end = report->bytes.size;
	buf_append(&report->ends, &end, sizeof(end));
	count = report->ends.size / sizeof(end);
	buffers = mem_alloc(count * sizeof(*buffers));
	if (buffers == NULL || report->bytes.failed || report->ends.failed) {
		mem_free(buffers);
		buf->failed = true;
		return;
	}
	for (size_t i = 0; i < count; i++) {
		memcpy(&end, report->ends.data + i * sizeof(end), sizeof(end));
		buffers[i] = pb_bytes(str_make(report->bytes.data + begin, (size_t)end - begin));
		begin = (size_t)end;
	}
	of_storage->has_number_of_blocks = true;
	of_storage->number_of_blocks = block_store_count(store);
	of_storage->n_blocks_buffers = count;
	of_storage->blocks_buffers = buffers;
	pb_append(buf, &request->base);
	mem_free(buffers);
}

/* ---- as a list ---- */

static void add_number(struct report *report, uint64_t number)
{
	buf_append(&report->numbers, &number, sizeof(number));
}

static void count_block(void *context, const struct stored_block *block)
{
	struct report *report = context;

	if (block->state == BLOCK_FINALIZED)
		report->finalized++;
	else
		report->others++;
}

static void add_to_list(void *context, const struct stored_block *block)
{
	struct report *report = context;

	if ((block->state == BLOCK_FINALIZED) != (report->finalized_pass == BLOCK_FINALIZED))
		return;
	add_number(report, block->id);
	add_number(report, block->length);
	add_number(report, block->stamp);
	if (block->state != BLOCK_FINALIZED)
		add_number(report, block->state);
}

static void append_as_list(const struct block_store *store, struct report *report,
                           Datanode__BlockReportRequest *request,
                           Datanode__StorageBlockReport *of_storage, struct buf *buf)
{
	block_store_each(store, count_block, report);
	add_number(report, report->finalized);
	add_number(report, report->others);
	report->finalized_pass = BLOCK_FINALIZED;
	block_store_each(store, add_to_list, report);
	for (int i = 0; i < 3; i++)
		add_number(report, UINT64_MAX);
	report->finalized_pass = BLOCK_BEING_WRITTEN;
	block_store_each(store, add_to_list, report);
	if (report->numbers.failed) {
		buf->failed = true;
		return;
	}
	of_storage->n_blocks = report->numbers.size / sizeof(uint64_t);
	of_storage->blocks = (uint64_t *)(void *)report->numbers.data;
	pb_append(buf, &request->base);
}

void worker_report_append(const struct block_store *store, Datanode__BlockReportRequest *request,
                          bool in_buffers, struct buf *buf)
{
	Datanode__StorageBlockReport of_storage = DATANODE__STORAGE_BLOCK_REPORT__INIT;
	Datanode__StorageBlockReport *reports[] = {&of_storage};
	Hdfs__DatanodeStorage storage = HDFS__DATANODE_STORAGE__INIT;
	struct report report = {0};

	storage.storage_uuid = pb_bytes(str_of(block_store_storage_uuid(store)));
	of_storage.storage = &storage;
	request->n_reports = 1;
	request->reports = reports;
	if (in_buffers)
		append_in_buffers(store, &report, request, &of_storage, buf);
	else
		append_as_list(store, &report, request, &of_storage, buf);
	buf_finish(&report.bytes);
	buf_finish(&report.ends);
	buf_finish(&report.numbers);
}
