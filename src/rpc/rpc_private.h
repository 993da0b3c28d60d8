/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the server share.
 *
 *   conn.c    a connection: bytes in, calls out, closing
 *   call.c    calls and their memory
 *   reply.c   replies and their way out
 *   limits.c  who must wait
 *   sweep.c   who is cut
 *   server.c  the server's life, and the end of a turn
 *
 * At the end of a turn, in rounds: calls that arrived go to the service; the replies of each
 * connection leave in one write; connections that waited go on, which may bring more calls, until
 * all of what this turn read is used up, or waits for a limit.
 */
#ifndef HOLDFAST_RPC_PRIVATE_H
#define HOLDFAST_RPC_PRIVATE_H

#include "rpc/rpc.h"

#include "rpc/conn_parse.h"

enum { RPC_CONN_MAGIC = 0x52504331 };

/* Replies to one connection in one turn. */
struct output {
	struct buf bytes;
	size_t start;          /* where the first frame begins */
	struct rpc_conn *conn; /* NULL: nowhere */
	struct list node;      /* in server->outputs, or in the pool */
};

/* Why a connection does not read. */
enum conn_wait {
	WAIT_NOTHING,
	WAIT_OWN_CALLS, /* calls_per_conn_max */
	WAIT_UNSENT,    /* unsent_bytes_max */
	WAIT_SERVER,    /* calls_max, inflight_bytes_max; in server->waiting */
	WAIT_TURN,      /* may go on; in server->resumable */
};

struct rpc_conn {
	uint32_t magic;
	enum conn_wait wait;
	struct rpc_server *server;
	struct io_conn *io; /* NULL: closed; the struct lives until its last call ended */
	struct conn_parse parse;
	struct buf input;      /* read, and not parsed because of `wait` */
	struct output *output; /* of this turn; NULL: no replies yet */
	struct list node;      /* in server->conns while it is open */
	struct list stranger;  /* in server->strangers until it has said who it is */
	struct list wait_node; /* in server->waiting or ->resumable */
	uint64_t active_us;    /* bytes came; while it has not said who it is: accepted.  Like
	                          progress_us by sweep_clock_us() */
	uint64_t progress_us;  /* the peer took bytes, or there were none */
	uint64_t written;      /* bytes of replies, ever */
	uint64_t taken;        /* of these, bytes that the kernel had taken at progress_us */
	size_t held;           /* bytes that count in server->bytes_in_flight */
	uint32_t calls;        /* in flight */
};

struct rpc_server {
	struct rpc_server_options options;
	struct conn_rules rules;
	struct io_listener *listener;
	struct list conns;
	struct list strangers; /* oldest first */

	struct rpc_call **arrived; /* calls of this turn */
	size_t arrived_count;
	size_t arrived_capacity;
	struct io_hook deliver;

	struct list outputs; /* with replies of this turn */
	struct io_hook flush;
	struct rpc_call *replying; /* between reply_begin and reply_end */
	struct output nowhere;     /* replies to connections that are gone */
	struct buf head;           /* of the reply being ended */
	struct buf answer;         /* of the connection being parsed */

	struct list waiting;       /* for the server's limits, oldest first */
	struct list resumable;     /* their wait is over */
	struct rpc_conn *favoured; /* may pass the server's limits for one frame */
	struct io_hook resume;
	struct io_timer next_round; /* in a later turn */
	size_t round_bytes;         /* of replies since the last resume */
	struct io_timer sweep;
	uint64_t sweep_us;     /* between two sweeps */
	uint64_t sweep_due_us; /* the next one, while it is started */
	uint64_t deaf_us;      /* by how much sweeps came too late, ever */

	struct list free_calls;
	size_t free_call_count;
	struct list free_outputs;
	size_t free_output_count;

	struct rpc_server_stats stats;
};

/* ---- conn.c ---- */
void conn_accept(struct rpc_server *server, struct io_conn *io);
/* Parses what was left, and reads on if nothing holds it. */
void conn_go_on(struct rpc_conn *conn);
/* Calls in flight die; the struct goes with the last of them. */
void conn_close(struct rpc_conn *conn);
/* Counts what it holds of memory. */
void conn_account(struct rpc_conn *conn);
/* A call of it ended. */
void conn_call_ended(struct rpc_conn *conn);

/* ---- call.c ---- */
/* Takes call->frame.memory; NULL: no memory. */
struct rpc_call *call_create(struct rpc_conn *conn, struct conn_call *found, uint64_t now_us);
void call_free(struct rpc_call *call);
void call_empty_pool(struct rpc_server *server);

/* ---- reply.c ---- */
/* Sends bytes that are no reply to a call, behind the replies of this turn; false: no memory. */
bool reply_append_answer(struct rpc_conn *conn, struct str answer);
/* Sends now what stands in conn->output. */
void reply_flush(struct rpc_conn *conn);
void reply_flush_all(struct rpc_server *server);
void reply_drop_output(struct rpc_conn *conn);
void reply_empty_pool(struct rpc_server *server);

/* ---- limits.c ---- */
void limits_init(struct rpc_server *server);
/* False: reading stops here, and the connection will go on by itself. */
bool limits_let_read(struct rpc_conn *conn);
/* Something ended that connections may wait for. */
void limits_eased(struct rpc_server *server);
void limits_check_unsent(struct rpc_conn *conn);
void limits_conn_closed(struct rpc_conn *conn);
void limits_call_began(struct rpc_conn *conn);
void limits_call_ended(struct rpc_conn *conn);
/* Little is left of the server's limit of bytes. */
bool limits_are_bytes_short(const struct rpc_server *server);
/* What could be parsed was. */
void limits_parsed(struct rpc_conn *conn);

/* ---- sweep.c ---- */
void sweep_init(struct rpc_server *server);
/* Runs while there are connections. */
void sweep_start(struct rpc_server *server);
/* The time in which the server listened: it stands still while the process does. */
uint64_t sweep_clock_us(const struct rpc_server *server);

#endif
