/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections between masters, over which the consensus core's messages travel.
 *
 *   core > host (journal) > PEER LINK > io > ... > PEER LINK > host > core
 *
 * A master talks to another on a connection that it opened, and is answered on the one that the
 * other opened: a way that is cut in one direction is cut in that one only.  Both sides begin with
 * a hello, and both judge the other's: another version, another cluster (both are bound to one, and
 * they differ), or one's own id is refused, and both tell their operators.
 *
 * Connections are made by sending.  The first message to an address opens one; it stays while there
 * is something to say.  After a failure the next is tried when something is sent, retry_ms later at
 * the earliest, or at once if the other has meanwhile said hello.  Names are looked up afresh each
 * time.  What is sent meanwhile, or is too much for a peer that does not read, is dropped and
 * counted; the core repeats everything.
 *
 * A peer is asked several times in silence_ms whether it is there; one that has said nothing for
 * that long is cut, for a connection that was interrupted for minutes would take minutes more to
 * come to life by itself.  So are accepted ones that do not say hello.
 *
 * Memory: of each peer at most queue_bytes_max unsent; of all accepted connections, of which there
 * are at most 64, about four frames that have not come whole: beyond that whoever has been at one
 * for the longest is cut off.  Before its hello, 4 KiB each.
 *
 * Threads: the loop's.  on_message and on_beat may send, no callback may close the link.  A message
 * is delivered in the turn in which the last of it came, in the order of its connection.
 */
#ifndef HOLDFAST_JOURNAL_PEER_LINK_H
#define HOLDFAST_JOURNAL_PEER_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "io/io.h"
#include "journal/peer_wire.h"
#include "raft/raft.h"

struct peer_link;

struct peer_link_options {
	struct io *io;
	struct raft_id self;
	const char *cluster_id;      /* empty: bound to none yet */
	const char *address;         /* host:port under which the other masters reach this one */
	const char *service_address; /* host:port that this master's clients call */
	const char *bind_host;       /* NULL: all addresses; the port is `address`'s */
	uint64_t retry_ms;
	uint64_t silence_ms;
	size_t frame_bytes_max; /* the same, or more, at every peer: a larger one is refused */
	size_t queue_bytes_max; /* at least frame_bytes_max */
	/* Callbacks on the loop, with `context`; what they are given is good during the call. */
	void *context;
	/* message->message.from is the member that said hello on this connection. */
	void (*on_message)(void *context, const struct peer_message *message);
	void (*on_beat)(void *context, struct raft_id from, const struct peer_beat *beat);
	/* Worth a line in the log: connected (rc 0), lost, refused.  The same text comes once a
	 * minute at most, and no more than 16 different ones. */
	void (*on_notice)(void *context, int rc, const char *text);
	/* Who answers at this address, which was called, belongs to another cluster.  May come
	 * again. */
	void (*on_foreign)(void *context, const char *address);
};

/* Listens.  Copies the options' texts.  -ERR_INVALID: an address that is none; -ERR_IN_USE, ...:
 * *ret_text is for the operator (mem_free). */
int peer_link_open(const struct peer_link_options *options, struct peer_link **ret_link,
                   char **ret_text);
/* Everything is dropped.  NULL is fine. */
void peer_link_close(struct peer_link *link);
/* The cluster that this master now belongs to, for hellos to come. */
void peer_link_bind(struct peer_link *link, const char *cluster_id);

/* ---- sending: never blocks, never fails, keeps nothing of what it is given ---- */

/* Leaves at the end of the turn with what else goes to that address. */
void peer_link_send(struct peer_link *link, const char *address, const struct raft_message *message,
                    const struct str *payload, size_t pieces);
void peer_link_beat(struct peer_link *link, const char *address, const struct peer_beat *beat);

/* ---- what is known of the others ---- */

struct peer_link_status {
	struct raft_id id;           /* of who last said hello from there; none: nobody did */
	const char *service_address; /* as it said; empty: never; good until the next turn */
	bool is_connected;           /* our connection there, and it has said hello on it */
	uint64_t heard_ms_ago;       /* on any connection; all ones: never */
	int64_t skew_ms;             /* its wall clock less ours, as of the last pong; 0: unknown */
	uint64_t round_trip_us;      /* of the last pong; 0: unknown */
	size_t queued_bytes;
	uint64_t dropped; /* messages, for want of a connection or of room */
};
/* False: nothing was ever sent there nor heard from there. */
bool peer_link_status(const struct peer_link *link, const char *address,
                      struct peer_link_status *ret_status);
/* Where that member last said hello from; NULL: nowhere.  Good until the next turn. */
const char *peer_link_address(const struct peer_link *link, struct raft_id id);
/* The features that it has (journal/peer_wire.h); 0: never heard. */
uint32_t peer_link_features(const struct peer_link *link, struct raft_id id);
/* The id of the cluster that it says it belongs to; empty: none yet.  NULL: never heard. */
const char *peer_link_cluster(const struct peer_link *link, struct raft_id id);
/* Calls that member anew, for it has been bound to its cluster since it said hello. */
void peer_link_call_anew(struct peer_link *link, struct raft_id id);

#endif
