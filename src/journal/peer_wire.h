/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What masters say to each other, as bytes: messages of the consensus core, and a few frames of
 * their hosts.  (Who says it to whom: journal/peer_link.h.)
 *
 * A frame, little endian:
 *    0  4  length of the whole frame
 *    4  4  CRC32C of the frame without this field and without the payload
 *    8  4  length of the payload, the frame's last bytes
 *   12  4  CRC32C of the payload if it is a piece of a checkpoint, else 0: entries have their own
 *   16  1  kind: 1 hello, 2 beat, 3 ping, 4 pong, 16 + n message n of the core
 *   17  n  fields, in the order of their encoding; texts are a length of 2 bytes and the bytes
 *          payload: APPEND entries (format/entry.h), CHUNK a piece of a checkpoint, packed
 *          (journal/piece_pack.h) exactly if it is smaller than the size in the fields
 *
 * A hello begins with a magic number and the version of all this.  The envelope and those two stay
 * as they are in every version, so masters of different ones can say so.  What a later release adds
 * gets a bit among the features in the hello, and is sent only to who has said that bit; bits that
 * are unknown mean nothing.  There is one way to write each frame.
 *
 * Bytes come from outside and are judged whole: lengths, counts, numbers out of range, entries that
 * do not follow each other.  What only a log can judge (the first entry's chain hash, terms against
 * one's own) is left to the host and the core.  Pure: no clock, no socket, no allocation but buf's.
 */
#ifndef HOLDFAST_JOURNAL_PEER_WIRE_H
#define HOLDFAST_JOURNAL_PEER_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/str.h"
#include "format/segment.h"
#include "raft/raft.h"

enum {
	PEER_VERSION = 3,
	PEER_HEAD_BYTES_MAX = 4096, /* a frame without its payload */
	PEER_RUNS_MAX = 64,         /* in one APPEND: whoever sends splits */
	PEER_LISTS_MAX = 8,
	PEER_BREAKS_MAX = 7, /* changes of epoch and lists together: what a sender keeps to */
	PEER_DIGESTS_MAX = 8,
	PEER_PIECE_BYTES_MAX = 64 << 20, /* of a checkpoint, unpacked */
	PEER_TAKES_PACKED = 1,           /* feature: pieces may come packed */
	PEER_FEATURES = PEER_TAKES_PACKED,
};

/* The first frame of each direction. */
struct peer_hello {
	uint16_t version;                          /* set by encode */
	uint32_t features;                         /* bits of PEER_FEATURES, and unknown ones */
	char cluster_id[CLUSTER_ID_BYTES_MAX + 1]; /* empty: bound to none yet */
	struct raft_id id;                         /* of the member that speaks */
	char address[RAFT_ADDRESS_BYTES_MAX + 1];  /* where it listens for masters */
	char service_address[RAFT_ADDRESS_BYTES_MAX + 1]; /* ... for clients; may be empty */
};

/* How a master is: said by its host now and then. */
struct peer_beat {
	uint64_t applied; /* index */
	size_t digest_count;
	struct peer_digest {
		uint64_t index;
		struct hash128 digest;
	} digests[PEER_DIGESTS_MAX]; /* of the state after that entry */
};

/* Is anybody there, and what time is it?  Either side of a connection asks; the pong returns
 * `sent_us`. */
struct peer_ping {
	uint64_t sent_us; /* clock of who asked */
	uint64_t wall_ms; /* of who speaks */
};

/* A message and all that it points to; the payload lies in the frame. */
struct peer_message {
	struct raft_message message; /* to_address does not travel */
	struct str payload;
	/* private */
	char address[RAFT_ADDRESS_BYTES_MAX + 1];
	struct raft_run runs[PEER_RUNS_MAX];
	struct raft_list lists[PEER_LISTS_MAX];
};

enum peer_frame_kind {
	PEER_HELLO = 1,
	PEER_BEAT = 2,
	PEER_PING = 3,
	PEER_PONG = 4,
	PEER_MESSAGE = 16, /* and above */
};

struct peer_frame {
	enum peer_frame_kind kind;
	union {
		struct peer_hello hello;
		struct peer_beat beat;
		struct peer_ping ping; /* PING and PONG */
		struct peer_message message;
	};
};

/* ---- encoding: appends; out of memory: buf->failed ---- */

void peer_wire_encode_hello(const struct peer_hello *hello, struct buf *buf);
void peer_wire_encode_beat(const struct peer_beat *beat, struct buf *buf);
void peer_wire_encode_ping(enum peer_frame_kind kind, const struct peer_ping *ping,
                           struct buf *buf);
/* The frame up to its payload, which follows it on the connection as it is.  For a CHUNK all of
 * message->chunk.size or fewer bytes, then packed; for an APPEND entries prev + 1 to last; other
 * kinds have none. */
void peer_wire_encode_message(const struct raft_message *message, const struct str *payload,
                              size_t pieces, struct buf *buf);

/* ---- decoding ---- */

/* Bytes of the frame that begins here.  0: too few of them to tell.  -ERR_BAD_MESSAGE: nothing
 * that begins like this is a frame; -ERR_TOO_LARGE: more than bytes_max. */
int peer_wire_frame_size(struct str bytes, size_t bytes_max, size_t *ret_size);

/* One whole frame.  *frame is memory to work in, of no meaning after a failure:
 *   -ERR_DAMAGED           a checksum
 *   -ERR_PROTOCOL_VERSION  a hello of another version, which is frame->hello.version
 *   -ERR_UNSUPPORTED       of a later release
 *   -ERR_TOO_LARGE         an APPEND of more runs or lists than fit
 *   -ERR_BAD_MESSAGE       anything else
 * *ret_why then says what, in a few words. */
int peer_wire_decode(struct str bytes, struct peer_frame *frame, const char **ret_why);

#endif
