/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts a stream of bytes into frames (u32be length, then so many bytes), for both ends.
 *
 * A frame that lies whole in the input is handed out in place.  One that comes in pieces is put
 * together here, in memory that grows with what came, never with what the length promises, and is
 * then handed out with its memory.  Between frames no memory is held.
 */
#ifndef HOLDFAST_RPC_FRAMES_H
#define HOLDFAST_RPC_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/cursor.h"
#include "base/str.h"

struct frames {
	size_t frame_bytes_max;
	uint8_t *partial; /* of a frame that began, with its length */
	size_t size;      /* bytes of it that came */
	size_t capacity;
};

struct frame {
	struct str bytes; /* without the length */
	uint8_t *memory;  /* the taker's, to mem_free(); NULL: bytes are the input's */
};

void frames_init(struct frames *frames, size_t frame_bytes_max);
void frames_finish(struct frames *frames);

/* 1: a frame.  0: the input is used up.  -ERR_TOO_LARGE: a length over the limit, or negative.
 * -ERR_NO_MEMORY.  After an error the stream cannot be gone on with. */
MUST_USE int frames_next(struct frames *frames, struct cursor *input, struct frame *ret_frame);

/* Bytes held. */
static inline size_t frames_held(const struct frames *frames)
{
	return frames->capacity;
}

#endif
