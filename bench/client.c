/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/client.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/err.h"

enum {
	IN_BYTES = 256 << 10,        /* of the input buffer at first */
	READ_BYTES_MIN = 64 << 10,   /* room for one read */
	FRAME_BYTES_MAX = 128 << 20, /* Hadoop's ipc.maximum.response.length */
};

int client_init(struct client *client, int epoll_fd)
{
	*client = (struct client){.fd = -1, .epoll_fd = epoll_fd};
	if (getrandom(client->id, sizeof(client->id), 0) != sizeof(client->id))
		return err_from_errno(errno);
	return buf_reserve(&client->in, IN_BYTES) ? 0 : -ERR_NO_MEMORY;
}

void client_finish(struct client *client)
{
	client_close(client);
	buf_finish(&client->in);
	buf_finish(&client->out);
}

static int watch(struct client *client, int operation, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = client};

	return epoll_ctl(client->epoll_fd, operation, client->fd, &event) < 0
	               ? err_from_errno(errno)
	               : 0;
}

int client_connect(struct client *client, const struct address *address, struct str user)
{
	const int on = 1;
	int rc;

	client->fd =
	        socket(address->socket.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (client->fd < 0)
		return err_from_errno(errno);
	client->state = CLIENT_CONNECTING;
	setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	rc = connect(client->fd, (const struct sockaddr *)&address->socket, address->size);
	rc = rc < 0 && errno != EINPROGRESS ? err_from_errno(errno)
	                                    : watch(client, EPOLL_CTL_ADD, EPOLLOUT);
	if (rc < 0) {
		client_close(client);
		return rc;
	}
	message_hello(&client->out, str_make(client->id, sizeof(client->id)), user);
	return 0;
}

int client_finish_connect(struct client *client)
{
	socklen_t size = sizeof(int);
	int error = 0;

	if (getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		return err_from_errno(errno);
	if (error != 0)
		return err_from_errno(error);
	client->state = CLIENT_OPEN;
	return watch(client, EPOLL_CTL_MOD, EPOLLIN);
}

void client_close(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
	client->state = CLIENT_CLOSED;
	client->waits_for_room = false;
	buf_clear(&client->in);
	buf_clear(&client->out);
	client->in_at = client->out_at = 0;
}

void client_queue_call(struct client *client, const struct message_call *call)
{
	message_call(&client->out, str_make(client->id, sizeof(client->id)), call);
}

static int wait_for_room(struct client *client, bool waits)
{
	if (client->waits_for_room == waits)
		return 0;
	client->waits_for_room = waits;
	return watch(client, EPOLL_CTL_MOD, waits ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

int client_flush(struct client *client)
{
	if (client->out.failed)
		return -ERR_NO_MEMORY;
	while (client->out_at < client->out.size) {
		ssize_t sent = send(client->fd, client->out.data + client->out_at,
		                    client->out.size - client->out_at, MSG_NOSIGNAL);

		if (sent < 0 && errno == EAGAIN)
			return wait_for_room(client, true);
		if (sent < 0)
			return err_from_errno(errno);
		client->out_at += (size_t)sent;
	}
	buf_clear(&client->out);
	client->out_at = 0;
	return wait_for_room(client, false);
}

int client_read(struct client *client)
{
	struct buf *in = &client->in;
	ssize_t size;

	if (client->in_at == in->size) {
		buf_clear(in);
		client->in_at = 0;
	} else if (in->capacity - in->size < READ_BYTES_MIN) {
		buf_consume(in, client->in_at);
		client->in_at = 0;
	}
	if (!buf_reserve(in, READ_BYTES_MIN))
		return -ERR_NO_MEMORY;
	size = recv(client->fd, in->data + in->size, in->capacity - in->size, 0);
	if (size < 0)
		return errno == EAGAIN ? 0 : err_from_errno(errno);
	if (size == 0)
		return -ERR_CLOSED;
	in->size += (size_t)size;
	return 0;
}

int client_next_frame(struct client *client, struct str *ret_frame)
{
	struct cursor cursor =
	        cursor_make(client->in.data + client->in_at, client->in.size - client->in_at);
	uint64_t size;

	*ret_frame = (struct str){0};
	if (cursor_left(&cursor) < 4)
		return 0;
	size = cursor_be(&cursor, 4);
	if (size == 0 || size > FRAME_BYTES_MAX)
		return -ERR_DAMAGED;
	if (cursor_left(&cursor) < size)
		return 0;
	*ret_frame = cursor_bytes(&cursor, size);
	client->in_at += 4 + size;
	return 0;
}
