/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two masters' links in one process, which talk over loopback; plain sockets play strangers.
 * Include after cmocka.h.
 */
#ifndef HOLDFAST_TESTS_UNIT_JOURNAL_PEER_SIDES_H
#define HOLDFAST_TESTS_UNIT_JOURNAL_PEER_SIDES_H

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/err.h"
#include "base/mem.h"
#include "journal/peer_link.h"
#include "unit/io/run_until.h"

enum { NEVER_MS = 3600 * 1000, FRAME_BYTES_MAX = 4 << 20, ACCEPTED_MAX = 64 };

/* One master. */
struct side {
	struct world *world;
	struct peer_link *link; /* NULL: closed */
	char address[64];
	struct peer_link_options options;
	size_t message_count;
	uint64_t term_sum; /* of messages */
	uint64_t last_term;
	bool is_in_order; /* terms went up */
	struct raft_id last_from;
	struct buf payload; /* of the last message */
	size_t run_count;
	size_t beat_count;
	struct peer_beat last_beat;
	struct raft_id last_beat_from;
	char foreign[RAFT_ADDRESS_BYTES_MAX + 1]; /* of the last on_foreign() */
	struct buf notices;                       /* lines */
	size_t notice_count;
	int last_notice;
};

struct world {
	struct io *io;
	struct side a, b;
};

static inline struct raft_id id_of(uint8_t byte)
{
	struct raft_id id;

	memset(id.bytes, byte, sizeof(id.bytes));
	return id;
}

/* ---- masters ---- */

static inline void on_message(void *context, const struct peer_message *message)
{
	struct side *side = context;

	side->message_count++;
	side->term_sum += message->message.term;
	side->is_in_order &= message->message.term > side->last_term;
	side->last_term = message->message.term;
	side->last_from = message->message.from;
	buf_clear(&side->payload);
	buf_append_str(&side->payload, message->payload);
	if (message->message.kind == RAFT_MESSAGE_APPEND)
		side->run_count = message->message.append.run_count;
}

static inline void on_beat(void *context, struct raft_id from, const struct peer_beat *beat)
{
	struct side *side = context;

	side->beat_count++;
	side->last_beat_from = from;
	side->last_beat = *beat;
}

static inline void on_notice(void *context, int rc, const char *text)
{
	struct side *side = context;

	side->notice_count++;
	side->last_notice = rc;
	buf_append_format(&side->notices, "%s\n", text);
}

static inline void on_foreign(void *context, const char *address)
{
	struct side *side = context;

	snprintf(side->foreign, sizeof(side->foreign), "%s", address);
}

static inline bool was_told(struct side *side, const char *words)
{
	return side->notices.size > 0 &&
	       memmem(side->notices.data, side->notices.size, words, strlen(words)) != NULL;
}

static inline void ignore_conn(void *context, struct io_conn *conn)
{
	(void)context;
	io_conn_close(conn);
}

/* One that nobody listens at. */
static inline uint16_t free_port(struct io *io)
{
	struct io_listen_options options = {
	        .host = "127.0.0.1", .backlog = 1, .on_accept = ignore_conn};
	struct io_listener *listener;
	uint16_t port;

	assert_int_equal(io_listen(io, &options, &listener), 0);
	port = io_listener_port(listener);
	io_listener_close(listener);
	return port;
}

static inline void side_init(struct world *w, struct side *side, uint8_t id)
{
	side->world = w;
	side->is_in_order = true;
	snprintf(side->address, sizeof(side->address), "127.0.0.1:%u", free_port(w->io));
	side->options = (struct peer_link_options){.io = w->io,
	                                           .self = id_of(id),
	                                           .cluster_id = "CID-1",
	                                           .address = side->address,
	                                           .service_address = "clients:8020",
	                                           .bind_host = "127.0.0.1",
	                                           .retry_ms = 10,
	                                           .silence_ms = NEVER_MS,
	                                           .frame_bytes_max = FRAME_BYTES_MAX,
	                                           .queue_bytes_max = FRAME_BYTES_MAX,
	                                           .context = side,
	                                           .on_message = on_message,
	                                           .on_beat = on_beat,
	                                           .on_notice = on_notice,
	                                           .on_foreign = on_foreign};
}

static inline void start(struct side *side)
{
	char *text = NULL;

	assert_int_equal(peer_link_open(&side->options, &side->link, &text), 0);
	assert_null(text);
}

static inline void stop(struct side *side)
{
	peer_link_close(side->link);
	side->link = NULL;
}

static inline void start_both(struct world *w)
{
	start(&w->a);
	start(&w->b);
}

static inline int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_int_equal(io_create(&w->io), 0);
	side_init(w, &w->a, 1);
	do /* neither listens yet, so they may be given the same port */
		side_init(w, &w->b, 2);
	while (strcmp(w->a.address, w->b.address) == 0);
	*state = w;
	return 0;
}

static inline int teardown(void **state)
{
	struct world *w = *state;

	stop(&w->a);
	stop(&w->b);
	buf_finish(&w->a.payload);
	buf_finish(&w->b.payload);
	buf_finish(&w->a.notices);
	buf_finish(&w->b.notices);
	io_destroy(w->io);
	free(w);
	return 0;
}

static inline void send_term(struct side *from, const char *address, uint64_t term)
{
	struct raft_message message = {
	        .kind = RAFT_MESSAGE_STAND, .from = from->options.self, .term = term};

	peer_link_send(from->link, address, &message, NULL, 0);
}

static inline struct peer_link_status status_of(struct side *side, const char *address)
{
	struct peer_link_status status = {.heard_ms_ago = 77};

	assert_true(peer_link_status(side->link, address, &status));
	return status;
}

static inline bool is_connected(struct side *side, const char *address)
{
	return status_of(side, address).is_connected;
}

static inline void connect_both(struct world *w)
{
	start_both(w);
	send_term(&w->a, w->b.address, 1);
	send_term(&w->b, w->a.address, 1);
	RUN_UNTIL(w->io, w->a.message_count == 1 && w->b.message_count == 1 &&
	                         is_connected(&w->a, w->b.address) &&
	                         is_connected(&w->b, w->a.address));
}

/* ---- strangers ---- */

static inline struct sockaddr_in loopback(const char *address)
{
	unsigned long port = strtoul(strchr(address, ':') + 1, NULL, 10);

	return (struct sockaddr_in){.sin_family = AF_INET,
	                            .sin_port = htons((uint16_t)port),
	                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static inline int dial(struct side *side)
{
	struct sockaddr_in address = loopback(side->address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* Listens where `side` would; connections are made by the kernel, and never read from. */
static inline int listen_dumbly(struct side *side)
{
	struct sockaddr_in address = loopback(side->address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

static inline void say(int fd, const struct buf *bytes)
{
	assert_int_equal(send(fd, bytes->data, bytes->size, MSG_NOSIGNAL), bytes->size);
}

/* On a connection of its own. */
static inline int dial_and_say(struct side *side, const struct buf *bytes)
{
	int fd = dial(side);

	say(fd, bytes);
	return fd;
}

static inline void encode_hello(struct buf *bytes, uint8_t id, const char *cluster_id)
{
	struct peer_hello hello = {.id = id_of(id), .address = "stranger:1"};

	snprintf(hello.cluster_id, sizeof(hello.cluster_id), "%s", cluster_id);
	buf_clear(bytes);
	peer_wire_encode_hello(&hello, bytes);
}

static inline void encode_term(struct buf *bytes, uint8_t from, uint64_t term)
{
	struct raft_message message = {
	        .kind = RAFT_MESSAGE_STAND, .from = id_of(from), .term = term};

	peer_wire_encode_message(&message, NULL, 0, bytes);
}

/* True when the other side has closed; what it said before is added to `heard`. */
static inline bool is_over(int fd, struct buf *heard)
{
	uint8_t bytes[4096];
	ssize_t got;

	while ((got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
		if (heard != NULL)
			buf_append(heard, bytes, (size_t)got);
	return got == 0 || errno != EAGAIN;
}

static inline bool was_answered(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 1;
}

/* Who says this loses the connection. */
static inline void is_cut_off_for(struct side *side, const struct buf *bytes)
{
	int fd = dial_and_say(side, bytes);

	RUN_UNTIL(side->world->io, is_over(fd, NULL));
	close(fd);
}

static inline void is_answered_for(struct side *side, const struct buf *bytes)
{
	int fd = dial_and_say(side, bytes);

	RUN_UNTIL(side->world->io, was_answered(fd));
	close(fd);
}

#endif
