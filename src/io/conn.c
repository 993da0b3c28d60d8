/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TCP connection: reading and ending.  (Writing: conn_write.c.)
 *
 * Reading: all connections read into one buffer of the loop, whose bytes are handed on before the
 * next one reads, so an idle connection holds no buffer.
 *
 * Ending: an error of a write is reported at the end of the turn (end_hook), never inside the call;
 * on_end runs once.  A connection that is closed with bytes still queued is reset, so that the peer
 * does not take half an answer for a whole one.
 */
#include "io/io_private.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"

struct io_lingering {
	struct io_conn *conn;
	struct io_timer timer;
	struct list node; /* in io->lingering */
};

int io_err_from_uv(int status)
{
	if (status == UV_EOF)
		return -ERR_CLOSED;
	return status < 0 ? err_from_errno(-status) : 0; /* libuv's codes are negated errnos */
}

/* ---- ending ---- */

static void end(struct io_conn *conn, int rc)
{
	if (conn->is_ended)
		return;
	conn->is_ended = true;
	uv_read_stop((uv_stream_t *)&conn->tcp);
	if (conn->lingering == NULL)
		conn->ops->on_end(conn->context, rc);
	else if (rc < 0 || conn->sending == NULL)
		io_conn_close(conn);
	/* else the peer only stopped talking: it may still want the rest */
}

static void run_end_hook(struct io_hook *hook)
{
	struct io_conn *conn = CONTAINER_OF(hook, struct io_conn, end_hook);

	if (conn->ops != NULL || conn->lingering != NULL)
		end(conn, conn->end_rc);
}

void io_conn_fail(struct io_conn *conn, int rc)
{
	if (conn->end_rc < 0)
		return;
	conn->end_rc = rc;
	io_at_turn_end(conn->io, &conn->end_hook);
}

int io_conn_create(struct io *io, struct io_conn **ret_conn)
{
	struct io_conn *conn = mem_zalloc(sizeof(*conn));

	if (conn == NULL)
		return -ERR_NO_MEMORY;
	CHECK(uv_tcp_init(&io->loop, &conn->tcp) == 0); /* makes no socket yet: cannot fail */
	conn->tcp.data = conn;
	conn->io = io;
	conn->end_hook.run = run_end_hook;
	*ret_conn = conn;
	return 0;
}

int io_conn_adopt(struct io *io, int fd, const union io_address *peer, struct io_conn **ret_conn)
{
	struct io_conn *conn;
	int rc = io_conn_create(io, &conn);

	if (rc < 0) {
		close(fd);
		return rc;
	}
	rc = uv_tcp_open(&conn->tcp, fd);
	if (rc < 0) {
		close(fd);
		io_conn_close(conn);
		return io_err_from_uv(rc);
	}
	rc = io_conn_set_peer(conn, peer);
	if (rc < 0) {
		io_conn_close(conn);
		return rc;
	}
	*ret_conn = conn;
	return 0;
}

/* ---- reading ---- */

static void give_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buf)
{
	struct io_conn *conn = handle->data;

	(void)suggested;
	*ret_buf = uv_buf_init((char *)conn->io->read_buffer, IO_READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buf)
{
	struct io_conn *conn = stream->data;

	if (got > 0 && conn->lingering == NULL)
		conn->ops->on_data(conn->context, (const uint8_t *)buf->base, (size_t)got);
	else if (got < 0)
		end(conn, got == UV_EOF ? 0 : io_err_from_uv((int)got));
}

static void start_reading(struct io_conn *conn)
{
	int rc = uv_read_start((uv_stream_t *)&conn->tcp, give_buffer, on_read);

	if (rc < 0 && rc != UV_EALREADY)
		io_conn_fail(conn, io_err_from_uv(rc));
}

void io_conn_start(struct io_conn *conn, const struct io_conn_ops *ops, void *context)
{
	conn->ops = ops;
	conn->context = context;
	if (conn->end_rc < 0)
		io_at_turn_end(conn->io, &conn->end_hook);
	else
		start_reading(conn);
}

void io_conn_pause(struct io_conn *conn)
{
	conn->is_paused = true;
	uv_read_stop((uv_stream_t *)&conn->tcp);
}

void io_conn_resume(struct io_conn *conn)
{
	if (!conn->is_paused)
		return;
	conn->is_paused = false;
	if (!conn->is_ended && conn->end_rc == 0)
		start_reading(conn);
}

bool io_conn_is_open(const struct io_conn *conn)
{
	struct pollfd poll_fd = {.events = POLLRDHUP};

	if (conn->is_ended || conn->end_rc < 0 ||
	    uv_fileno((const uv_handle_t *)&conn->tcp, &poll_fd.fd) < 0)
		return false;
	return poll(&poll_fd, 1, 0) == 0;
}

const char *io_conn_peer(const struct io_conn *conn)
{
	return conn->peer;
}

const char *io_conn_peer_address(const struct io_conn *conn)
{
	return conn->address;
}

/* ---- closing ---- */

void io_conn_free(struct io_conn *conn)
{
	io_conn_free_sending(conn);
	mem_free(conn->connecting);
	mem_free(conn->peer);
	mem_free(conn);
}

static void on_closed(uv_handle_t *handle)
{
	io_conn_free(handle->data);
}

static void stop_lingering(struct io_conn *conn)
{
	io_timer_stop(&conn->lingering->timer);
	list_remove(&conn->lingering->node);
	mem_free(conn->lingering);
	conn->lingering = NULL;
}

void io_conn_close(struct io_conn *conn)
{
	bool has_queued;

	if (conn == NULL)
		return;
	CHECK(!conn->is_closed);
	conn->is_closed = true;
	has_queued = io_conn_queued(conn) > 0;
	if (conn->lingering != NULL)
		stop_lingering(conn);
	io_hook_cancel(&conn->end_hook);
	if (conn->connecting != NULL && io_connecting_abandon(conn))
		return;
	if (!has_queued || uv_tcp_close_reset(&conn->tcp, on_closed) < 0)
		uv_close((uv_handle_t *)&conn->tcp, on_closed);
}

/* No more will be written: tells the peer, which closes then. */
void io_conn_finish_lingering(struct io_conn *conn)
{
	uv_os_fd_t fd;

	if (conn->is_ended || uv_fileno((uv_handle_t *)&conn->tcp, &fd) < 0 ||
	    shutdown(fd, SHUT_WR) < 0)
		io_conn_close(conn);
}

static void linger_is_over(struct io_timer *timer)
{
	io_conn_close(CONTAINER_OF(timer, struct io_lingering, timer)->conn);
}

static bool start_lingering(struct io_conn *conn, unsigned linger_ms)
{
	struct io_lingering *lingering = mem_zalloc(sizeof(*lingering));

	if (lingering == NULL)
		return false;
	lingering->conn = conn;
	io_timer_init(conn->io, &lingering->timer, linger_is_over);
	io_timer_start(&lingering->timer, (uint64_t)linger_ms * 1000);
	list_append(&conn->io->lingering, &lingering->node);
	conn->lingering = lingering;
	conn->ops = NULL;
	return true;
}

void io_conn_close_after_write(struct io_conn *conn, unsigned linger_ms)
{
	if (conn->ops == NULL || conn->is_ended || conn->end_rc < 0 ||
	    !start_lingering(conn, linger_ms)) {
		io_conn_close(conn);
		return;
	}
	start_reading(conn); /* to see the peer close; what it still says is dropped */
	if (conn->sending == NULL)
		io_conn_finish_lingering(conn);
}

void io_conn_end_lingering(struct io *io)
{
	LIST_FOR_EACH_SAFE (node, &io->lingering) {
		io_conn_close(CONTAINER_OF(node, struct io_lingering, node)->conn);
	}
}
