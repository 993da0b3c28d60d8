/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/transfer_private.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "wire/pb.h"

enum {
	IDLE_MS = 10 * 60 * 1000,    /* in the middle of an operation */
	BETWEEN_MS = 60 * 1000,      /* until the next one; HDFS: dfs.client.socket-timeout */
	INPUT_MORE_BYTES = 64 << 10, /* than the longest thing that may come */
};

/* ---- life ---- */

static void free_transfer(struct transfer *transfer)
{
	transfer_end_write(transfer);
	transfer_end_read(transfer);
	list_remove(&transfer->node);
	transfer->worker->transfer_count--;
	buf_finish(&transfer->in);
	transfer->magic = 0;
	mem_free(transfer);
}

void transfer_close(struct transfer *transfer)
{
	OBJ_CHECK(transfer, TRANSFER_MAGIC);
	io_timer_stop(&transfer->idle);
	if (transfer->conn != NULL)
		io_conn_close_after_write(transfer->conn, 2000);
	transfer->conn = NULL;
	if (!transfer->has_job && !transfer->is_parsing)
		free_transfer(transfer);
}

void transfer_close_all(struct worker *worker)
{
	LIST_FOR_EACH_SAFE (node, &worker->transfers)
		transfer_close(CONTAINER_OF(node, struct transfer, node));
}

bool transfer_writes(const struct worker *worker, uint64_t block_id)
{
	LIST_FOR_EACH (node, &worker->transfers) {
		const struct transfer *transfer = CONTAINER_OF(node, struct transfer, node);

		if (transfer->phase == TRANSFER_WRITING && transfer->block.id == block_id)
			return true;
	}
	return false;
}

/* ---- bytes in and out ---- */

struct cursor transfer_input(const struct transfer *transfer)
{
	return cursor_make(transfer->in.data + transfer->in_at,
	                   transfer->in.size - transfer->in_at);
}

void transfer_consume(struct transfer *transfer, const struct cursor *cursor)
{
	transfer->in_at = (size_t)(cursor->at - transfer->in.data);
	if (transfer->in_at * 2 >= transfer->in.size) {
		buf_consume(&transfer->in, transfer->in_at);
		transfer->in_at = 0;
	}
}

void transfer_send(struct transfer *transfer, const struct buf *buf)
{
	struct str piece = buf_str(buf);

	if (transfer->conn != NULL && !buf->failed)
		io_conn_write(transfer->conn, &piece, 1);
}

void transfer_reply(struct transfer *transfer, Transfer__Status status, const char *text)
{
	Transfer__BlockOpResponse reply = TRANSFER__BLOCK_OP_RESPONSE__INIT;
	struct buf buf = {0};

	reply.status = status;
	reply.has_message = text != NULL;
	reply.message = pb_bytes(str_of(text));
	wire_op_reply_append(&buf, &reply);
	transfer_send(transfer, &buf);
	buf_finish(&buf);
}

static void on_data(void *context, const uint8_t *data, size_t size)
{
	struct transfer *transfer = context;

	buf_append(&transfer->in, data, size);
	if (transfer->in.failed)
		transfer_close(transfer);
	else
		transfer_parse(transfer);
}

static void on_drained(void *context)
{
	struct transfer *transfer = context;

	io_timer_start(&transfer->idle, (uint64_t)IDLE_MS * 1000);
	if (transfer->phase == TRANSFER_READING)
		transfer_read_on(transfer);
}

static void on_end(void *context, int rc)
{
	(void)rc;
	transfer_close(context);
}

static void on_idle(struct io_timer *timer)
{
	transfer_close(CONTAINER_OF(timer, struct transfer, idle));
}

void transfer_accept(struct worker *worker, struct io_conn *conn)
{
	static const struct io_conn_ops ops = {
	        .on_data = on_data, .on_drained = on_drained, .on_end = on_end};
	struct transfer *transfer = worker->transfer_count < worker->options.transfers_max
	                                    ? mem_zalloc(sizeof(*transfer))
	                                    : NULL;

	if (transfer == NULL) {
		log_event(LOG_WORKER_FULL, "%s: %zu transfers are open", io_conn_peer(conn),
		          worker->transfer_count);
		io_conn_close(conn);
		return;
	}
	transfer->magic = TRANSFER_MAGIC;
	transfer->worker = worker;
	transfer->conn = conn;
	transfer->disk = worker_disk(worker);
	list_append(&worker->transfers, &transfer->node);
	worker->transfer_count++;
	io_timer_init(worker->io, &transfer->idle, on_idle);
	io_timer_start(&transfer->idle, (uint64_t)BETWEEN_MS * 1000);
	io_conn_start(conn, &ops, transfer);
}

/* ---- disk jobs ---- */

void transfer_submit(struct transfer *transfer, void (*run)(struct io_work *work),
                     void (*done)(struct io_work *work))
{
	CHECK(!transfer->has_job);
	transfer->has_job = true;
	transfer->work = (struct io_work){.run = run, .done = done};
	io_thread_submit(transfer->disk, &transfer->work);
}

bool transfer_job_done(struct transfer *transfer)
{
	OBJ_CHECK(transfer, TRANSFER_MAGIC);
	transfer->has_job = false;
	if (transfer->conn != NULL)
		return true;
	free_transfer(transfer);
	return false;
}

/* ---- operations ---- */

static bool begin(struct transfer *transfer, uint8_t opcode, struct str message,
                  struct arena *arena)
{
	Transfer__OpWriteBlock *write;
	Transfer__OpReadBlock *read;
	Transfer__OpBlockChecksum *sum;

	switch (opcode) {
	case WIRE_OP_WRITE_BLOCK:
		return pb_unpack(&transfer__op_write_block__descriptor, message, arena, &write) ==
		               0 &&
		       transfer_begin_write(transfer, write);
	case WIRE_OP_READ_BLOCK:
		return pb_unpack(&transfer__op_read_block__descriptor, message, arena, &read) ==
		               0 &&
		       transfer_begin_read(transfer, read);
	case WIRE_OP_BLOCK_CHECKSUM:
		return pb_unpack(&transfer__op_block_checksum__descriptor, message, arena, &sum) ==
		               0 &&
		       transfer_begin_sum(transfer, sum);
	case WIRE_OP_REPLACE_BLOCK:
	case WIRE_OP_COPY_BLOCK:
	case WIRE_OP_TRANSFER_BLOCK:
	case WIRE_OP_REQUEST_SHORT_CIRCUIT_FDS:
	case WIRE_OP_RELEASE_SHORT_CIRCUIT_FDS:
	case WIRE_OP_REQUEST_SHORT_CIRCUIT_SHM:
	case WIRE_OP_BLOCK_GROUP_CHECKSUM:
		transfer_reply(transfer, TRANSFER__STATUS__ERROR_UNSUPPORTED,
		               "this operation is not supported by this worker");
		return true;
	default: return false;
	}
}

/* After a read, clients may say how it went; the version of an operation begins with a zero. */
static int skip_read_status(struct transfer *transfer, struct cursor *input)
{
	struct str bytes;
	int rc;

	if (cursor_left(input) == 0)
		return -ERR_AGAIN;
	if (*input->at == 0)
		return 0;
	rc = pb_take_delimited(input, 64, &bytes);
	if (rc == 0)
		transfer_consume(transfer, input);
	return rc == 0 ? 1 : rc;
}

/* One operation, if it is all there; false: close. */
static bool take_operation(struct transfer *transfer, bool *ret_again)
{
	struct cursor input = transfer_input(transfer);
	struct arena arena;
	struct str message = {0};
	uint8_t opcode = 0;
	bool is_fine;
	int rc = skip_read_status(transfer, &input);

	*ret_again = rc == 1;
	if (rc == 1 || rc == -ERR_AGAIN)
		return true;
	if (rc == 0)
		rc = wire_op_take(&input, &opcode, &message);
	if (rc < 0)
		return rc == -ERR_AGAIN;
	arena_init(&arena, TRANSFER_ARENA_BYTES_MAX);
	is_fine = begin(transfer, opcode, message, &arena);
	arena_finish(&arena);
	transfer_consume(transfer, &input);
	*ret_again = is_fine;
	return is_fine;
}

/* Reading pauses while more waits than one operation or packet, or than the disk should take. */
static bool has_enough(const struct transfer *transfer)
{
	size_t longest =
	        transfer->phase == TRANSFER_WRITING ? WIRE_PACKET_BYTES_MAX : WIRE_OP_BYTES_MAX;

	return transfer->in.size - transfer->in_at > longest + INPUT_MORE_BYTES ||
	       transfer_is_behind(transfer);
}

static void wait_for_more(struct transfer *transfer)
{
	bool is_between = transfer->phase == TRANSFER_OPERATION && !transfer->has_job;
	bool should_pause = has_enough(transfer);

	io_timer_start(&transfer->idle, (uint64_t)(is_between ? BETWEEN_MS : IDLE_MS) * 1000);
	if (should_pause && !transfer->is_paused)
		io_conn_pause(transfer->conn);
	if (!should_pause && transfer->is_paused)
		io_conn_resume(transfer->conn);
	transfer->is_paused = should_pause;
}

void transfer_parse(struct transfer *transfer)
{
	bool is_fine = true, again = true;

	if (transfer->is_parsing)
		return;
	transfer->is_parsing = true;
	while (is_fine && again && transfer->conn != NULL) {
		again = false;
		if (transfer->phase == TRANSFER_OPERATION && !transfer->has_job)
			is_fine = take_operation(transfer, &again);
		else if (transfer->phase == TRANSFER_WRITING)
			is_fine = transfer_take_packets(transfer);
	}
	transfer->is_parsing = false;
	if (!is_fine || transfer->conn == NULL)
		transfer_close(transfer);
	else
		wait_for_more(transfer);
}
