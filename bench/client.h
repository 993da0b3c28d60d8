/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection of the load generator: an identity (client id), a socket that never blocks, and
 * buffers that grow to what the calls in flight need and then stay.
 *
 * The identity and the calls survive the socket: after client_close() the client may connect again,
 * elsewhere, and repeat them.
 *
 * Errors are negative codes; -ERR_CLOSED when the server closed.
 */
#ifndef HOLDFAST_BENCH_CLIENT_H
#define HOLDFAST_BENCH_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "bench/address.h"
#include "bench/message.h"

enum client_state { CLIENT_CLOSED, CLIENT_CONNECTING, CLIENT_OPEN };

enum { CLIENT_ID_BYTES = 16 };

struct client {
	enum client_state state;
	int fd;                      /* -1: closed */
	int epoll_fd;                /* where the socket is watched */
	uint8_t id[CLIENT_ID_BYTES]; /* random */
	struct buf in;               /* received, from in_at on not yet taken */
	size_t in_at;
	struct buf out; /* to be sent, from out_at on */
	size_t out_at;
	bool waits_for_room; /* the kernel took only a part of what is to be sent */
};

/* Draws the client id. */
int client_init(struct client *client, int epoll_fd);
void client_finish(struct client *client);

/* Begins to connect and watches the socket; epoll's data is the client.  The first bytes (preamble
 * and the connection's context) are queued. */
int client_connect(struct client *client, const struct address *address, struct str user);
/* To be called when the socket of a connecting client is ready. */
int client_finish_connect(struct client *client);
/* Drops what is buffered in both directions. */
void client_close(struct client *client);

void client_queue_call(struct client *client, const struct message_call *call);
/* Hands what is queued to the kernel. */
int client_flush(struct client *client);
/* Reads once what is there. */
int client_read(struct client *client);
/* The next whole frame without its length, valid until the next client_read(); empty when there is
 * none yet. */
int client_next_frame(struct client *client, struct str *ret_frame);

#endif
