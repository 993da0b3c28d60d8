/* SPDX-License-Identifier: Apache-2.0 */
#include "client/data_conn.h"

#include <stdio.h>

#include "base/err.h"
#include "client/client_private.h"
#include "wire/pb.h"

enum {
	IN_BYTES_MAX = 4 << 20,     /* reading pauses above */
	MOVE_TIMEOUT_MS = 65000,    /* without a byte in or out */
	CONNECT_TIMEOUT_MS = 20000, /* of one worker */
};

static void on_data(void *context, const uint8_t *data, size_t size)
{
	struct data_conn *dc = context;

	buf_append(&dc->in, data, size);
	if (dc->in.failed)
		dc->rc = -ERR_NO_MEMORY;
	if (dc->in.size - dc->in_at > IN_BYTES_MAX && !dc->is_paused) {
		dc->is_paused = true;
		io_conn_pause(dc->conn);
	}
}

static void on_end(void *context, int rc)
{
	struct data_conn *dc = context;

	dc->rc = rc < 0 ? rc : -ERR_CLOSED;
}

static void on_drained(void *context)
{
	(void)context; /* data_conn_wait() has woken up, which is all */
}

static void on_connect(void *context, int rc)
{
	struct data_conn *dc = context;

	dc->is_connected = rc == 0;
	dc->rc = rc;
}

int data_conn_open(struct client *client, const struct wire_datanode *worker, struct data_conn *dc)
{
	static const struct io_conn_ops ops = {
	        .on_data = on_data, .on_drained = on_drained, .on_end = on_end};
	char host[64];
	int rc;

	*dc = (struct data_conn){.client = client};
	snprintf(host, sizeof(host), "%.*s", STR_ARGS(worker->id.ip));
	snprintf(dc->worker, sizeof(dc->worker), "%s:%u", host, (unsigned)worker->id.transfer_port);
	rc = io_connect(client->io, host, (uint16_t)worker->id.transfer_port, CONNECT_TIMEOUT_MS,
	                on_connect, dc, &dc->conn);
	while (rc == 0 && !dc->is_connected && dc->rc == 0)
		io_run_once(client->io, -1);
	if (rc == 0)
		rc = dc->rc;
	if (rc < 0) {
		data_conn_close(dc);
		return client_fail(client, rc, "worker %s: %s", dc->worker, err_text(rc));
	}
	io_conn_start(dc->conn, &ops, dc);
	return 0;
}

void data_conn_close(struct data_conn *dc)
{
	if (dc->conn != NULL)
		io_conn_close(dc->conn);
	dc->conn = NULL;
	buf_finish(&dc->in);
}

static void do_nothing(struct io_timer *timer)
{
	(void)timer;
}

int data_conn_wait(struct data_conn *dc)
{
	struct io *io = dc->client->io;
	size_t had = dc->in.size;
	size_t queued = io_conn_queued(dc->conn);
	struct io_timer timeout;

	io_timer_init(io, &timeout, do_nothing);
	io_timer_start(&timeout, (uint64_t)MOVE_TIMEOUT_MS * 1000);
	while (dc->rc == 0 && dc->in.size == had && io_conn_queued(dc->conn) == queued &&
	       io_timer_is_started(&timeout))
		io_run_once(io, -1);
	if (dc->rc == 0 && !io_timer_is_started(&timeout))
		dc->rc = -ERR_TIMEOUT;
	io_timer_stop(&timeout);
	/* What arrived before the end is still read. */
	if (dc->rc < 0 && dc->in.size == had)
		return client_fail(dc->client, dc->rc, "worker %s: %s", dc->worker,
		                   err_text(dc->rc));
	return 0;
}

void data_conn_write(struct data_conn *dc, const struct str *pieces, size_t count)
{
	if (dc->rc == 0)
		io_conn_write(dc->conn, pieces, count);
}

struct cursor data_conn_input(const struct data_conn *dc)
{
	return cursor_make(dc->in.data + dc->in_at, dc->in.size - dc->in_at);
}

void data_conn_consume(struct data_conn *dc, const struct cursor *cursor)
{
	dc->in_at = (size_t)(cursor->at - dc->in.data);
	if (dc->in_at * 2 >= dc->in.size) {
		buf_consume(&dc->in, dc->in_at);
		dc->in_at = 0;
	}
	if (dc->is_paused && dc->in.size - dc->in_at < IN_BYTES_MAX / 2) {
		dc->is_paused = false;
		if (dc->rc == 0)
			io_conn_resume(dc->conn);
	}
}

static int take_reply(struct data_conn *dc, struct arena *arena, Transfer__BlockOpResponse **ret)
{
	struct str bytes;

	for (;;) {
		struct cursor input = data_conn_input(dc);
		int rc = dc->in.size == dc->in_at ? -ERR_AGAIN : wire_op_reply_take(&input, &bytes);

		if (rc == 0) {
			rc = pb_unpack(&transfer__block_op_response__descriptor, bytes, arena, ret);
			data_conn_consume(dc, &input);
			return rc;
		}
		if (rc != -ERR_AGAIN)
			return client_fail(dc->client, rc, "worker %s: the reply cannot be read",
			                   dc->worker);
		rc = data_conn_wait(dc);
		if (rc < 0)
			return rc;
	}
}

int data_conn_operate(struct data_conn *dc, enum wire_opcode opcode,
                      const ProtobufCMessage *message, struct arena *arena,
                      Transfer__BlockOpResponse **ret_reply)
{
	Transfer__BlockOpResponse *reply = NULL;
	struct buf request = {0};
	struct str piece;
	int rc;

	wire_op_append(&request, opcode, message);
	piece = buf_str(&request);
	data_conn_write(dc, &piece, 1);
	buf_finish(&request);
	rc = take_reply(dc, arena, &reply);
	if (rc < 0)
		return rc;
	CHECK(reply != NULL);
	if (reply->status != TRANSFER__STATUS__SUCCESS) {
		struct str text =
		        reply->has_message ? pb_str(reply->message) : STR("no reason given");

		return client_fail(dc->client, -ERR_IO, "worker %s refused: %.*s", dc->worker,
		                   STR_ARGS(text));
	}
	*ret_reply = reply;
	return 0;
}
