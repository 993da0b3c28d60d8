/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/peer_stream.h"

#include "base/err.h"

enum { KEPT_BYTES = 64 << 10 }; /* memory that is held on to while nothing is kept */

void peer_stream_finish(struct peer_stream *stream)
{
	buf_finish(&stream->kept);
	*stream = (struct peer_stream){0};
}

static struct str rest(const struct peer_stream *stream)
{
	struct str all = stream->kept.size > 0 ? buf_str(&stream->kept) : stream->added;

	if (stream->taken == 0)
		return all;
	return str_make(all.data + stream->taken, all.size - stream->taken);
}

void peer_stream_add(struct peer_stream *stream, const uint8_t *data, size_t size)
{
	if (stream->kept.size == 0)
		stream->added = str_make(data, size);
	else
		buf_append(&stream->kept, data, size);
}

int peer_stream_next(struct peer_stream *stream, size_t bytes_max, struct peer_frame *frame,
                     const char **ret_why)
{
	struct str left = rest(stream);
	size_t size;
	int rc = peer_wire_frame_size(left, bytes_max, &size);

	if (rc < 0) {
		*ret_why = rc == -ERR_TOO_LARGE ? "a frame larger than is taken here"
		                                : "bytes that are no frame";
		return rc;
	}
	if (size == 0 || size > left.size)
		return 0;
	stream->taken += size;
	rc = peer_wire_decode(str_make(left.data, size), frame, ret_why);
	return rc < 0 ? rc : 1;
}

int peer_stream_settle(struct peer_stream *stream)
{
	struct str left = rest(stream);

	if (stream->kept.size == 0)
		buf_append_str(&stream->kept, left);
	else
		buf_consume(&stream->kept, stream->taken);
	stream->added = (struct str){0};
	stream->taken = 0;
	if (stream->kept.failed)
		return -ERR_NO_MEMORY;
	if (stream->kept.size == 0 && stream->kept.capacity > KEPT_BYTES)
		buf_finish(&stream->kept);
	return 0;
}
