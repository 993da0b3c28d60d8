/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/frames.h"

#include "base/err.h"
#include "base/mem.h"

enum { LENGTH_BYTES = 4, CAPACITY_MIN = 512 };

void frames_init(struct frames *frames, size_t frame_bytes_max)
{
	*frames = (struct frames){.frame_bytes_max = frame_bytes_max};
}

void frames_finish(struct frames *frames)
{
	mem_free(frames->partial);
	frames_init(frames, frames->frame_bytes_max);
}

/* Bytes of a frame with its length; < 0: over the limit.  A negative length is a huge one here. */
static int64_t frame_size(const struct frames *frames, const uint8_t *length)
{
	uint32_t size = (uint32_t)length[0] << 24 | (uint32_t)length[1] << 16 |
	                (uint32_t)length[2] << 8 | length[3];

	return size > frames->frame_bytes_max ? -ERR_TOO_LARGE : (int64_t)size + LENGTH_BYTES;
}

/* Room for `size` bytes of a frame that will have `whole`. */
static int make_room(struct frames *frames, size_t size, size_t whole)
{
	size_t capacity = 2 * frames->capacity;
	uint8_t *bigger;

	if (size <= frames->capacity)
		return 0;
	if (capacity < CAPACITY_MIN)
		capacity = CAPACITY_MIN;
	if (capacity < size)
		capacity = size;
	if (capacity > whole)
		capacity = whole;
	bigger = mem_realloc(frames->partial, capacity);
	if (bigger == NULL)
		return -ERR_NO_MEMORY;
	frames->partial = bigger;
	frames->capacity = capacity;
	return 0;
}

/* Takes input until the partial frame has `want` bytes of its `whole`, or the input ends. */
static int fill(struct frames *frames, struct cursor *input, size_t want, size_t whole)
{
	size_t now = want - frames->size;
	int rc;

	if (now > cursor_left(input))
		now = cursor_left(input);
	rc = make_room(frames, frames->size + now, whole);
	if (rc < 0)
		return rc;
	if (now == 0)
		return 0;
	memcpy(frames->partial + frames->size, input->at, now);
	cursor_bytes(input, now);
	frames->size += now;
	return 0;
}

static int next_in_pieces(struct frames *frames, struct cursor *input, struct frame *ret_frame)
{
	int64_t whole;
	int rc;

	if (cursor_left(input) == 0)
		return 0;
	if (frames->size < LENGTH_BYTES) {
		rc = fill(frames, input, LENGTH_BYTES, CAPACITY_MIN);
		if (rc < 0 || frames->size < LENGTH_BYTES)
			return rc;
	}
	whole = frame_size(frames, frames->partial);
	if (whole < 0)
		return (int)whole;
	rc = fill(frames, input, (size_t)whole, (size_t)whole);
	if (rc < 0 || frames->size < (size_t)whole)
		return rc;
	*ret_frame = (struct frame){
	        .bytes = str_make(frames->partial + LENGTH_BYTES, (size_t)whole - LENGTH_BYTES),
	        .memory = frames->partial,
	};
	frames_init(frames, frames->frame_bytes_max);
	return 1;
}

int frames_next(struct frames *frames, struct cursor *input, struct frame *ret_frame)
{
	int64_t whole;

	if (frames->size > 0 || cursor_left(input) < LENGTH_BYTES)
		return next_in_pieces(frames, input, ret_frame);
	whole = frame_size(frames, input->at);
	if (whole < 0)
		return (int)whole;
	if (cursor_left(input) < (size_t)whole)
		return next_in_pieces(frames, input, ret_frame);
	cursor_bytes(input, LENGTH_BYTES);
	*ret_frame = (struct frame){.bytes = cursor_bytes(input, (size_t)whole - LENGTH_BYTES)};
	return 1;
}
