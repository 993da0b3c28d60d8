/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Insides of the link between masters.
 *
 *   peer_link.c          the contract; who is still there
 *   peer_link_out.c      peers, by address, and our connections to them
 *   peer_link_in.c       connections that others opened
 *   peer_link_notice.c   what is said to the operator, and how often
 *   peer_stream.c        bytes to frames
 */
#ifndef HOLDFAST_JOURNAL_PEER_LINK_PRIVATE_H
#define HOLDFAST_JOURNAL_PEER_LINK_PRIVATE_H

#include "base/list.h"
#include "journal/peer_link.h"
#include "journal/peer_stream.h"

enum {
	PEERS_MAX = 32, /* more than the core's addresses and members together */
	ACCEPTED_MAX = 64,
	UNFINISHED_FRAMES_MAX = 4, /* of frame_bytes_max, that accepted ones keep together */
	PEER_CHECKS = 4,           /* in silence_ms, which is counted in them: a loop that stood
	                              still has not listened, and that is nobody else's fault */
	PEER_IDLE_CHECKS = 16,     /* without a send: the connection is not wanted any more */
	NOTICES_MAX = 16,          /* different ones in NOTICE_US */
	NOTICE_US = 60 * 1000 * 1000,
};

struct peer_notices {
	struct peer_notice {
		uint64_t text_hash;
		uint64_t said_us; /* 0: free */
	} rows[NOTICES_MAX];
};

struct peer_link {
	uint32_t magic;
	struct peer_link_options options; /* its texts: see `hello` */
	struct peer_hello hello;          /* ours */
	struct io_listener *listener;
	struct list peers; /* struct peer, the one wanted longest ago first */
	size_t peer_count;
	struct list accepted; /* struct peer_accepted, the oldest first */
	size_t accepted_count;
	struct io_timer check_timer;
	struct io_hook flush;    /* what was sent in this turn leaves */
	struct peer_frame frame; /* the one being looked at */
	struct buf small;        /* for frames that leave at once */
	struct peer_notices notices;
	bool is_calling; /* a callback runs */
};

/* ---- peer_link_out.c ---- */

/* Our connection to a peer.
 *
 *   APART > CONNECTING > GREETING > CONNECTED
 *
 * and from each of them back to APART. */
enum peer_state {
	PEER_APART,
	PEER_CONNECTING,
	PEER_GREETING,  /* we said hello; messages go out already */
	PEER_CONNECTED, /* so did the peer */
};

struct peer {
	struct peer_link *link;
	struct list node;
	char address[RAFT_ADDRESS_BYTES_MAX + 1];
	struct raft_id id; /* of who last said hello from there; none: nobody did */
	char own_address[RAFT_ADDRESS_BYTES_MAX + 1]; /* as it said then */
	char service_address[RAFT_ADDRESS_BYTES_MAX + 1];
	char cluster_id[CLUSTER_ID_BYTES_MAX + 1];
	uint32_t features; /* as it said; 0: never */
	uint64_t heard_us; /* on any connection; 0: never */
	unsigned unwanted; /* checks since something was last sent to it */
	uint64_t dropped;  /* messages */
	/* Our connection. */
	enum peer_state state;
	struct io_conn *conn; /* NULL: APART */
	struct buf unsent;    /* of this turn, or while connecting */
	struct peer_stream stream;
	unsigned unheard;  /* checks since its side of this connection last said something */
	uint64_t retry_us; /* not before */
	int64_t skew_ms;
	uint64_t round_trip_us;
	bool is_said_connected; /* what the operator heard last */
};

struct peer *peer_find(const struct peer_link *link, const char *address);
/* Makes room by forgetting the peer that was wanted longest ago.  NULL: no address, or no memory.
 */
struct peer *peer_find_or_add(struct peer_link *link, const char *address);
/* Sends a frame whose head lies at the end of peer->unsent, from `start` on, or drops it. */
void peer_push(struct peer *peer, size_t start, const struct str *payload, size_t pieces);
/* Opens the connection if there is none and it is time to try.  False: apart. */
bool peer_reach(struct peer *peer);
/* It said hello somewhere. */
/* Where there is a connection; the next message makes another one. */
void peer_call_anew(struct peer *peer);
void peer_said_hello(struct peer *peer, const struct peer_hello *hello);
void peer_flush(struct peer *peer);
/* Asks whether it is there, cuts what is silent or not wanted any more. */
void peer_check(struct peer *peer, uint64_t now_us);
void peer_destroy(struct peer *peer);
size_t peer_queued(const struct peer *peer);

/* ---- peer_link_in.c ---- */

struct peer_accepted {
	struct peer_link *link;
	struct list node;
	struct io_conn *conn;
	struct peer_stream stream;
	char from[RAFT_ADDRESS_BYTES_MAX + 1]; /* the socket's address, later its hello's */
	unsigned unheard;                      /* checks since it said something, hello or later */
	uint64_t unfinished_us;                /* since when a frame is; 0: none is */
	struct raft_id id;                     /* none: it has not said hello */
	struct peer *peer;                     /* NULL: no hello yet, or forgotten */
};

/* io_listen_options.on_accept */
void peer_accepted_begin(void *context, struct io_conn *conn);
void peer_accepted_check(struct peer_accepted *accepted, uint64_t now_us);
void peer_accepted_destroy(struct peer_accepted *accepted);

/* ---- peer_link.c ---- */

/* "host:port"; ret_host has room for all of it. */
bool peer_link_split(const char *address, char *ret_host, uint16_t *ret_port);
/* At once.  False: no memory. */
bool peer_link_say_hello(struct peer_link *link, struct io_conn *conn);
/* A ping or pong leaves at once, or not at all if much is queued. */
void peer_link_ping(struct peer_link *link, struct io_conn *conn, enum peer_frame_kind kind,
                    uint64_t sent_us);
/* 0: welcome; else why not, which was said to the operator.  `from`: who said it. */
int peer_link_judge(struct peer_link *link, const char *from, const struct peer_hello *hello);

/* ---- peer_link_notice.c ---- */

/* True: it was said. */
bool peer_link_notice(struct peer_link *link, int rc, const char *format, ...) PRINTF_LIKE(3, 4);
/* The master at `from` sent what cannot be used: the connection was cut. */
bool peer_link_notice_bad(struct peer_link *link, const char *from, int rc, const char *why);
bool peer_link_notice_silent(struct peer_link *link, const char *from);

#endif
