/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of client/. */
#ifndef HOLDFAST_CLIENT_CLIENT_PRIVATE_H
#define HOLDFAST_CLIENT_CLIENT_PRIVATE_H

#include "client/client.h"
#include "rpc/rpc_client.h"

enum { CLIENT_ARENA_BYTES_MAX = 256 << 20 };

struct client_server {
	char *host;
	uint16_t port;
	struct rpc_client *rpc;
};

struct client {
	uint32_t magic;
	struct io *io;
	unsigned call_timeout_ms, patience_ms, refused_ms; /* see client_options */
	void (*on_wait)(void *context, const char *method, struct str why, uint64_t left_s);
	void *wait_context;
	struct client_server *servers;
	size_t server_count;
	size_t current; /* the one that answered last */
	int32_t next_call_id;
	char *user;
	char name[40];
	struct client_failure failure;
	struct buf failure_class; /* what failure points to */
	struct buf failure_text;
	unsigned open_writers;
	struct io_timer renewal; /* of leases, while writers are open */
	struct rpc_request renewal_request;
	struct buf renewal_message;
	bool is_renewing;
};

/* Fills client_failure() with a text of ours and returns rc. */
int client_fail(struct client *client, int rc, const char *format, ...) PRINTF_LIKE(3, 4);
/* One client id for all masters: numbers are drawn here alone. */
int32_t client_next_call_id(struct client *client);

/* Leases are renewed in the background between these two. */
void client_writer_opened(struct client *client);
void client_writer_closed(struct client *client);

#endif
