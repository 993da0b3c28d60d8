/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/echo_server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/err.h"
#include "base/mem.h"
#include "bench/round.h"

enum {
	EVENTS_MAX = 1024,
	READ_BYTES = 256 << 10, /* of one turn and connection; no frame may be longer than half */
	PREAMBLE_BYTES = 7,
	BACKLOG = 4096,
};

struct echo {
	const struct echo_options *options;
	int epoll_fd;
	int listen_fd;
	struct round round;
	struct canned_set right, wrong;
	struct buf fixed; /* the reply of reply_bytes */
	uint64_t calls;
	uint8_t *input; /* READ_BYTES, for whoever is read */
};

/* ---- calls ---- */

static bool find_method(struct str name, enum method *ret_method)
{
	for (unsigned method = 0; method < METHOD_COUNT; method++) {
		if (str_equal(name, message_method_name((enum method)method))) {
			*ret_method = (enum method)method;
			return true;
		}
	}
	return false;
}

static bool is_read(enum method method)
{
	return method == METHOD_GET_FILE_INFO || method == METHOD_GET_LISTING;
}

static int answer(struct echo *echo, struct peer *peer, const struct wire_rpc_request *call,
                  struct cursor *frame)
{
	const struct canned_set *set = &echo->right;
	const struct canned *canned;
	struct wire_rpc_method header;
	struct str message;
	enum method method;
	uint8_t mode = 0;
	int rc;

	if (wire_rpc_method_take(frame, &peer->cache, &header) < 0 ||
	    wire_rpc_message_take(frame, &message) < 0 || !find_method(header.name, &method))
		return -ERR_INVALID;
	if (!is_read(method)) {
		rc = round_add_record(&echo->round, message);
		if (rc < 0)
			return rc;
	}
	echo->calls++;
	if (echo->options->wrong_every > 0 && echo->calls % echo->options->wrong_every == 0)
		set = &echo->wrong;
	if (echo->options->reply_bytes > 0)
		return round_add_reply(&echo->round, call, buf_str(&echo->fixed), 0, 0);
	canned = canned_for(set, method, message, &mode);
	return round_add_reply(&echo->round, call, buf_str(&canned->bytes), canned->mode_at, mode);
}

static int take_frame(struct echo *echo, struct peer *peer, struct str bytes)
{
	struct cursor frame = cursor_of(bytes);
	struct wire_rpc_request call;

	if (wire_rpc_request_take(&frame, &call) < 0)
		return -ERR_INVALID;
	return call.call_id < 0 ? 0 : answer(echo, peer, &call, &frame);
}

/* Takes whole frames off the front of `input`. */
static int take_frames(struct echo *echo, struct peer *peer, struct cursor *input)
{
	int rc = 0;

	if (!peer->is_greeted) {
		if (cursor_left(input) < PREAMBLE_BYTES)
			return 0;
		if (!str_starts_with(cursor_bytes(input, PREAMBLE_BYTES), STR("hrpc\t")))
			return -ERR_INVALID;
		peer->is_greeted = true;
	}
	while (rc == 0 && cursor_left(input) >= 4) {
		struct cursor ahead = *input;
		uint64_t size = cursor_be(&ahead, 4);

		if (size > READ_BYTES / 2)
			return -ERR_TOO_LARGE;
		if (cursor_left(&ahead) < size)
			break;
		rc = take_frame(echo, peer, cursor_bytes(&ahead, size));
		*input = ahead;
	}
	return rc;
}

/* ---- connections ---- */

static int peer_read(struct echo *echo, struct peer *peer)
{
	size_t kept = peer->in.size;
	struct cursor input;
	ssize_t size;
	int rc;

	if (kept > 0)
		memcpy(echo->input, peer->in.data, kept);
	size = recv(peer->fd, echo->input + kept, READ_BYTES - kept, 0);
	if (size < 0)
		return errno == EAGAIN ? 0 : err_from_errno(errno);
	if (size == 0)
		return -ERR_CLOSED;
	round_begin_peer(&echo->round, peer);
	input = cursor_make(echo->input, kept + (size_t)size);
	rc = take_frames(echo, peer, &input);
	buf_clear(&peer->in);
	buf_append(&peer->in, input.at, cursor_left(&input));
	return peer->in.failed ? -ERR_NO_MEMORY : rc;
}

static void peer_close(struct peer *peer)
{
	close(peer->fd);
	buf_finish(&peer->in);
	buf_finish(&peer->unsent);
	mem_free(peer);
}

static int accept_peer(struct echo *echo)
{
	const int on = 1;
	struct epoll_event event = {.events = EPOLLIN};
	struct peer *peer;
	int fd = accept4(echo->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return errno == EAGAIN || errno == ECONNABORTED ? 0 : err_from_errno(errno);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	peer = mem_must_zalloc(sizeof(*peer));
	peer->fd = fd;
	peer->epoll_fd = echo->epoll_fd;
	event.data.ptr = peer;
	return epoll_ctl(echo->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? err_from_errno(errno) : 0;
}

/* ---- the loop ---- */

static int on_event(struct echo *echo, const struct epoll_event *event)
{
	struct peer *peer = event->data.ptr;
	int rc;

	if (peer == NULL)
		return accept_peer(echo);
	rc = (event->events & EPOLLOUT) != 0 ? peer_send_rest(peer) : peer_read(echo, peer);
	if (rc < 0)
		peer->is_broken = true;
	return 0;
}

int echo_serve(struct echo *echo)
{
	struct epoll_event events[EVENTS_MAX];

	for (;;) {
		int count = epoll_wait(echo->epoll_fd, events, EVENTS_MAX, -1);
		int rc = 0;

		for (int i = 0; i < count && rc == 0; i++)
			rc = on_event(echo, &events[i]);
		if (rc < 0)
			return rc;
		round_end(&echo->round);
		for (int i = 0; i < count; i++) {
			struct peer *peer = events[i].data.ptr;

			if (peer != NULL && peer->is_broken)
				peer_close(peer);
		}
	}
}

static int listen_at(struct echo *echo)
{
	const int on = 1;
	struct epoll_event event = {.events = EPOLLIN};
	const struct address *address = &echo->options->address;

	echo->listen_fd =
	        socket(address->socket.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	echo->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (echo->listen_fd < 0 || echo->epoll_fd < 0)
		return err_from_errno(errno);
	setsockopt(echo->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(echo->listen_fd, (const struct sockaddr *)&address->socket, address->size) < 0 ||
	    listen(echo->listen_fd, BACKLOG) < 0 ||
	    epoll_ctl(echo->epoll_fd, EPOLL_CTL_ADD, echo->listen_fd, &event) < 0)
		return err_from_errno(errno);
	return 0;
}

static int prepare_replies(struct echo *echo)
{
	struct canned_options canned = echo->options->canned;
	struct buf zeros = {0};
	int rc = canned_init(&echo->right, &canned);

	canned.is_wrong = true;
	if (rc == 0)
		rc = canned_init(&echo->wrong, &canned);
	if (rc < 0)
		return rc;
	if (echo->options->reply_bytes > 0 && buf_reserve(&zeros, echo->options->reply_bytes)) {
		memset(zeros.data, 0, echo->options->reply_bytes);
		zeros.size = echo->options->reply_bytes;
	}
	wire_rpc_message_append(&echo->fixed, buf_str(&zeros));
	buf_finish(&zeros);
	echo->input = mem_must_alloc(READ_BYTES);
	return echo->fixed.failed ? -ERR_NO_MEMORY : 0;
}

int echo_create(const struct echo_options *options, struct sync_file *file, struct echo **ret_echo)
{
	struct echo *echo = mem_must_zalloc(sizeof(*echo));
	int rc;

	echo->options = options;
	rc = prepare_replies(echo);
	if (rc == 0)
		rc = round_init(&echo->round, file);
	if (rc == 0)
		rc = listen_at(echo);
	if (rc == 0)
		*ret_echo = echo;
	return rc;
}

uint16_t echo_port(const struct echo *echo)
{
	struct sockaddr_storage address = {0};
	socklen_t size = sizeof(address);

	getsockname(echo->listen_fd, (struct sockaddr *)&address, &size);
	return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
	                                           : ((struct sockaddr_in *)&address)->sin_port);
}
