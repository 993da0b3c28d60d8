/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/piece_pack.h"

#include <stdint.h>
#include <zlib.h>

#include "base/err.h"

enum { GZIP = 16 + MAX_WBITS, MEMORY_LEVEL = 8 };

bool piece_pack(struct str piece, int level, struct buf *buf)
{
	z_stream stream = {.next_in = (z_const Bytef *)piece.data};
	size_t room = piece.size - 1;
	int rc;

	if (piece.size < 2 || piece.size > UINT32_MAX || !buf_reserve(buf, room) ||
	    deflateInit2(&stream, level, Z_DEFLATED, GZIP, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) !=
	            Z_OK)
		return false;
	stream.avail_in = (uInt)piece.size;
	stream.next_out = buf->data + buf->size;
	stream.avail_out = (uInt)room;
	rc = deflate(&stream, Z_FINISH);
	if (rc == Z_STREAM_END)
		buf->size += room - stream.avail_out;
	deflateEnd(&stream);
	return rc == Z_STREAM_END;
}

int piece_unpack(struct str packed, size_t size, struct buf *buf)
{
	z_stream stream = {.next_in = (z_const Bytef *)packed.data};
	bool is_whole;

	if (size == 0 || packed.size > UINT32_MAX || size > UINT32_MAX)
		return -ERR_DAMAGED;
	if (!buf_reserve(buf, size) || inflateInit2(&stream, GZIP) != Z_OK)
		return -ERR_NO_MEMORY;
	stream.avail_in = (uInt)packed.size;
	stream.next_out = buf->data + buf->size;
	stream.avail_out = (uInt)size;
	is_whole = inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_in == 0 &&
	           stream.avail_out == 0;
	inflateEnd(&stream);
	if (!is_whole)
		return -ERR_DAMAGED;
	buf->size += size;
	return 0;
}
