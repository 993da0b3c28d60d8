/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The replies of one turn of the echo server: gathered from all connections, then made durable
 * together if any of them must be, then sent with one writev() a connection.  Short replies are
 * copied together; long ones are sent from where they lie.
 */
#ifndef HOLDFAST_BENCH_ROUND_H
#define HOLDFAST_BENCH_ROUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/buf.h"
#include "base/str.h"
#include "bench/sync_file.h"
#include "wire/rpc_header.h"

/* One connection of the echo server. */
struct peer {
	int fd;
	int epoll_fd;
	bool is_greeted; /* the preamble came */
	bool is_broken;  /* closed at the end of the turn */
	struct buf in;   /* the beginning of a frame that is not whole yet */
	struct buf unsent;
	size_t unsent_at;
	struct wire_method_cache cache;
};

/* Sends what the kernel did not take at once; reading waits for it. */
int peer_send_rest(struct peer *peer);

struct round_share;

struct round {
	struct sync_file *file; /* NULL: nothing is durable */
	struct buf bytes;       /* headers and short replies; never grows */
	struct iovec *pieces;
	size_t piece_count;
	struct round_share *shares; /* whose pieces they are */
	size_t share_count;
};

/* Lives as long as the process. */
int round_init(struct round *round, struct sync_file *file);

/* The replies that follow are this connection's. */
void round_begin_peer(struct round *round, struct peer *peer);
/* Adds a record to be durable before any reply of this round leaves.  -ERR_TOO_LARGE. */
int round_add_record(struct round *round, struct str message);
/* `body` has its length before it and stays until the round has ended.  At mode_at, unless 0, a
 * short one is sent with the byte `mode`. */
int round_add_reply(struct round *round, const struct wire_rpc_request *call, struct str body,
                    size_t mode_at, uint8_t mode);
/* Syncs and sends.  A sync that fails stops the process; a connection that fails is marked. */
void round_end(struct round *round);

#endif
