/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing to a TCP connection: at once while nothing is queued.  What the kernel does not take is
 * copied and given to libuv (`flying`); what is written meanwhile waits in `pending` and flies
 * next, for the kernel must not be asked past what is queued.
 */
#include "io/io_private.h"

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"

enum { PIECES_PER_CALL = 64 };

struct io_sending {
	uv_write_t request;
	struct io_conn *conn;
	struct buf flying; /* libuv has it */
	struct buf pending;
};

void io_conn_free_sending(struct io_conn *conn)
{
	if (conn->sending == NULL)
		return;
	buf_finish(&conn->sending->flying);
	buf_finish(&conn->sending->pending);
	mem_free(conn->sending);
	conn->sending = NULL;
}

static void on_written(uv_write_t *request, int status);

/* What is pending flies. */
static void send_pending(struct io_conn *conn)
{
	struct io_sending *sending = conn->sending;
	uv_buf_t bytes;
	int rc;

	buf_finish(&sending->flying);
	sending->flying = sending->pending;
	buf_init(&sending->pending);
	bytes = (uv_buf_t){.base = (char *)sending->flying.data, .len = sending->flying.size};
	rc = uv_write(&sending->request, (uv_stream_t *)&conn->tcp, &bytes, 1, on_written);
	if (rc < 0) {
		io_conn_free_sending(conn);
		io_conn_fail(conn, io_err_from_uv(rc));
	}
}

static void on_written(uv_write_t *request, int status)
{
	struct io_conn *conn = CONTAINER_OF(request, struct io_sending, request)->conn;

	if (conn->is_closed)
		return; /* freed with the connection */
	if (status == 0 && conn->sending->pending.size > 0) {
		send_pending(conn);
		return;
	}
	io_conn_free_sending(conn);
	if (status < 0)
		io_conn_fail(conn, io_err_from_uv(status));
	else if (conn->lingering != NULL)
		io_conn_finish_lingering(conn);
	else if (!conn->is_ended && conn->ops->on_drained != NULL)
		conn->ops->on_drained(conn->context);
}

/* Hands to the kernel what it takes now; -ERR_AGAIN when that is not all. */
static int write_now(struct io_conn *conn, const struct str *pieces, size_t count,
                     size_t *ret_taken)
{
	uv_buf_t bufs[PIECES_PER_CALL];

	for (size_t done = 0; done < count;) {
		unsigned now = 0;
		size_t size = 0;
		int sent;

		for (; now < PIECES_PER_CALL && done + now < count; now++) {
			const struct str *piece = &pieces[done + now];

			bufs[now] = (uv_buf_t){.base = (char *)piece->data, .len = piece->size};
			size += piece->size;
		}
		sent = uv_try_write((uv_stream_t *)&conn->tcp, bufs, now);
		if (sent < 0)
			return sent == UV_EAGAIN ? -ERR_AGAIN : io_err_from_uv(sent);
		*ret_taken += (size_t)sent;
		if ((size_t)sent < size)
			return -ERR_AGAIN;
		done += now;
	}
	return 0;
}

static bool start_sending(struct io_conn *conn)
{
	conn->sending = mem_zalloc(sizeof(*conn->sending));
	if (conn->sending == NULL)
		return false;
	conn->sending->conn = conn;
	return true;
}

/* Queues the pieces without their first `taken` bytes. */
static void queue(struct io_conn *conn, const struct str *pieces, size_t count, size_t taken)
{
	bool is_flying = conn->sending != NULL;
	struct buf *pending;

	if (!is_flying && !start_sending(conn)) {
		io_conn_fail(conn, -ERR_NO_MEMORY);
		return;
	}
	pending = &conn->sending->pending;
	for (size_t i = 0; i < count; i++) {
		size_t skipped = taken < pieces[i].size ? taken : pieces[i].size;

		taken -= skipped;
		buf_append(pending, pieces[i].data + skipped, pieces[i].size - skipped);
	}
	if (pending->failed)
		io_conn_fail(conn, -ERR_NO_MEMORY);
	if (is_flying)
		return;
	if (pending->failed)
		io_conn_free_sending(conn);
	else
		send_pending(conn);
}

void io_conn_write(struct io_conn *conn, const struct str *pieces, size_t count)
{
	size_t taken = 0;
	int rc = -ERR_AGAIN;

	CHECK(conn->lingering == NULL && !conn->is_closed);
	if (conn->is_ended || conn->end_rc < 0)
		return;
	if (conn->sending == NULL)
		rc = write_now(conn, pieces, count, &taken);
	if (rc == -ERR_AGAIN)
		queue(conn, pieces, count, taken);
	else if (rc < 0)
		io_conn_fail(conn, rc);
}

size_t io_conn_queued(const struct io_conn *conn)
{
	if (conn->sending == NULL)
		return 0;
	return uv_stream_get_write_queue_size((const uv_stream_t *)&conn->tcp) +
	       conn->sending->pending.size;
}
