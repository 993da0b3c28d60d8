/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the client share.
 *
 *   client.c          the connection, and the life of calls on it
 *   client_message.c  what is said and heard there
 */
#ifndef HOLDFAST_RPC_CLIENT_PRIVATE_H
#define HOLDFAST_RPC_CLIENT_PRIVATE_H

#include "rpc/rpc_client.h"

#include "rpc/frames.h"

struct rpc_client {
	struct io *io;
	char *host;
	char *user;
	char *real_user; /* NULL: none */
	char *protocol;
	uint16_t port;
	unsigned connect_timeout_ms;
	unsigned ping_ms;
	uint8_t client_id[16];
	int32_t next_call_id;

	struct io_conn *conn; /* NULL: closed */
	bool is_open;         /* connected */
	struct frames frames;
	struct buf out;       /* to be sent at the end of the turn */
	uint64_t traffic_us;  /* bytes last went or came */
	struct io_hook flush; /* sends what waits */
	struct io_hook fail;  /* reports fail_rc: not inside the call */
	int fail_rc;
	struct io_timer ping;

	struct list waiting; /* requests */
	struct list sent;
	struct list ending;
	unsigned busy; /* callbacks on the stack */
	bool is_destroyed;
};

/* ---- client.c ---- */
/* Takes it off its list and runs done(); outcome->was_sent is filled in. */
void client_request_ended(struct rpc_request *request, const struct rpc_outcome *outcome);
/* Closes; every request ends so. */
void client_disconnect(struct rpc_client *client, const struct rpc_outcome *outcome);
/* Between the two the client's memory stays, whatever a done() does. */
void client_enter(struct rpc_client *client);
void client_leave(struct rpc_client *client);

/* ---- client_message.c ---- */
void client_append_greeting(struct buf *buf, const struct rpc_client *client);
void client_append_call(struct buf *buf, const struct rpc_client *client,
                        const struct rpc_request *request);
void client_append_ping(struct buf *buf, const struct rpc_client *client);
/* A frame from the server; may disconnect. */
void client_take_response(struct rpc_client *client, struct str bytes);

#endif
