/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accepting connections.
 *
 * Not libuv's listener: when descriptors run out it accepts and drops the waiting clients, and some
 * of them give up for good when that happens.  Here they wait in the kernel's backlog instead.
 * Accepting also pauses a little before the limit, so that a flood of clients leaves descriptors
 * for files.  While paused the socket is not polled, so nobody spins.
 */
#include "io/io_private.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"

enum {
	ACCEPTS_PER_TURN = 256, /* others get their turn during a storm */
	RETRY_US = 50 * 1000,   /* while out of descriptors */
	DESCRIPTORS_KEPT = 64,  /* for files; at most a quarter of the limit */
	KEEPALIVE_IDLE_S = 300, /* finds clients whose machine is gone */
	KEEPALIVE_INTERVAL_S = 30,
	HOST_BYTES_MAX = 256,
};

struct io_listener {
	struct io *io;
	int fd;
	int descriptor_max; /* the highest that a connection may have */
	int last_accepted;  /* descriptor */
	uv_poll_t poll;
	struct io_timer retry;
	bool is_closed;
	void (*on_accept)(void *context, struct io_conn *conn);
	void *context;
};

static void on_readable(uv_poll_t *poll, int status, int events);

static void read_limit(struct io_listener *listener)
{
	uint64_t limit = io_descriptors_max(listener->io);
	int total = limit > INT32_MAX ? INT32_MAX : (int)limit;
	int kept;

	kept = total / 4 < DESCRIPTORS_KEPT ? total / 4 : DESCRIPTORS_KEPT;
	listener->descriptor_max = total - kept - 1;
}

/* The kernel gives the lowest free descriptor: while the last one was low there is room. */
static bool has_room(struct io_listener *listener)
{
	int fd;

	if (listener->last_accepted < listener->descriptor_max)
		return true;
	fd = fcntl(listener->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return false;
	close(fd);
	return fd <= listener->descriptor_max;
}

static void pause_accepting(struct io_listener *listener)
{
	uv_poll_stop(&listener->poll);
	io_timer_start(&listener->retry, RETRY_US);
	io_shortage_met(listener->io);
}

static void resume_accepting(struct io_timer *timer)
{
	struct io_listener *listener = CONTAINER_OF(timer, struct io_listener, retry);

	read_limit(listener);
	if (has_room(listener))
		uv_poll_start(&listener->poll, UV_READABLE, on_readable);
	else
		pause_accepting(listener);
}

/* False: no more this turn. */
static bool accept_one(struct io_listener *listener)
{
	union io_address peer;
	socklen_t size = sizeof(peer);
	struct io_conn *conn;
	int fd;

	if (!has_room(listener)) {
		pause_accepting(listener);
		return false;
	}
	fd = accept4(listener->fd, &peer.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			pause_accepting(listener);
		/* Others tell of one client that is gone already. */
		return errno == EINTR || errno == ECONNABORTED || errno == EPROTO;
	}
	listener->last_accepted = fd;
	if (io_conn_adopt(listener->io, fd, &peer, &conn) == 0)
		listener->on_accept(listener->context, conn);
	return true;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct io_listener *listener = poll->data;

	(void)events;
	if (status < 0) { /* libuv has stopped it */
		pause_accepting(listener);
		return;
	}
	for (int i = 0; i < ACCEPTS_PER_TURN && !listener->is_closed; i++)
		if (!accept_one(listener))
			return;
}

/* Connections inherit the options of the socket that accepts them. */
static int open_socket(const union io_address *address, int backlog)
{
	int on = 1, off = 0, idle_s = KEEPALIVE_IDLE_S, interval_s = KEEPALIVE_INTERVAL_S;
	int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return err_from_errno(errno);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address->any.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof(interval_s));
	if (bind(fd, &address->any, io_address_size(address)) == 0 && listen(fd, backlog) == 0)
		return fd;
	rc = err_from_errno(errno);
	close(fd);
	return rc;
}

static int open_host(const char *host, uint16_t port, int backlog)
{
	union io_address addresses[IO_LOOKUP_ADDRESSES_MAX];
	char bare[HOST_BYTES_MAX];
	size_t count;
	int rc = io_address_host(host, bare, sizeof(bare));

	if (rc < 0)
		return rc;
	if (io_address_parse(bare, port, &addresses[0]))
		return open_socket(&addresses[0], backlog);
	rc = io_lookup_now(bare, port, addresses, &count);
	if (rc < 0)
		return rc;
	/* Of a name's addresses the IPv4 one, which every client reaches. */
	for (size_t i = 0; i < count; i++)
		if (addresses[i].any.sa_family == AF_INET)
			return open_socket(&addresses[i], backlog);
	return open_socket(&addresses[0], backlog);
}

/* All addresses of both families; of IPv4 alone where the machine has no IPv6. */
static int open_everywhere(uint16_t port, int backlog)
{
	union io_address address;
	int fd;

	CHECK(io_address_parse("::", port, &address));
	fd = open_socket(&address, backlog);
	if (fd >= 0 || fd == -ERR_IN_USE || fd == -ERR_ACCESS)
		return fd;
	CHECK(io_address_parse("0.0.0.0", port, &address));
	return open_socket(&address, backlog);
}

int io_listen(struct io *io, const struct io_listen_options *options,
              struct io_listener **ret_listener)
{
	struct io_listener *listener = mem_zalloc(sizeof(*listener));
	int rc;

	if (listener == NULL)
		return -ERR_NO_MEMORY;
	rc = options->host == NULL ? open_everywhere(options->port, options->backlog)
	                           : open_host(options->host, options->port, options->backlog);
	if (rc < 0) {
		mem_free(listener);
		return rc;
	}
	listener->io = io;
	listener->fd = rc;
	listener->on_accept = options->on_accept;
	listener->context = options->context;
	rc = uv_poll_init(&io->loop, &listener->poll, listener->fd);
	if (rc < 0) {
		close(listener->fd);
		mem_free(listener);
		return io_err_from_uv(rc);
	}
	listener->poll.data = listener;
	io_timer_init(io, &listener->retry, resume_accepting);
	read_limit(listener);
	uv_poll_start(&listener->poll, UV_READABLE, on_readable);
	*ret_listener = listener;
	return 0;
}

uint16_t io_listener_port(const struct io_listener *listener)
{
	union io_address address = {0};
	socklen_t size = sizeof(address);

	CHECK(getsockname(listener->fd, &address.any, &size) == 0);
	return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port
	                                               : address.v4.sin_port);
}

static void on_closed(uv_handle_t *handle)
{
	mem_free(handle->data);
}

void io_listener_close(struct io_listener *listener)
{
	if (listener == NULL)
		return;
	listener->is_closed = true;
	io_timer_stop(&listener->retry);
	uv_poll_stop(&listener->poll);
	close(listener->fd);
	uv_close((uv_handle_t *)&listener->poll, on_closed);
}
