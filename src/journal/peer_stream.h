/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts what a connection brings into frames.  A frame that came whole in one piece is not copied.
 *
 *   add() > next(), next() ... until there is none > settle() > add() ...
 */
#ifndef HOLDFAST_JOURNAL_PEER_STREAM_H
#define HOLDFAST_JOURNAL_PEER_STREAM_H

#include "base/buf.h"
#include "journal/peer_wire.h"

struct peer_stream {
	struct buf kept;  /* what came before and was no whole frame */
	struct str added; /* what came now, if nothing was kept */
	size_t taken;
};

void peer_stream_finish(struct peer_stream *stream); /* it may be used again */

/* `data` is borrowed until settle(). */
void peer_stream_add(struct peer_stream *stream, const uint8_t *data, size_t size);
/* 1: the next frame, decoded; what it points to is good until settle().  0: no whole one is left.
 * < 0, with *ret_why: no frame, or one of more than bytes_max. */
int peer_stream_next(struct peer_stream *stream, size_t bytes_max, struct peer_frame *frame,
                     const char **ret_why);
/* -ERR_NO_MEMORY: what is left of it could not be kept. */
int peer_stream_settle(struct peer_stream *stream);

#endif
