/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/checksums.h"

#include "base/cursor.h"
#include "base/hash.h"

bool wire_checksum_is_known(const struct wire_checksum *checksum)
{
	switch (checksum->type) {
	case HDFS__CHECKSUM_TYPE__CHECKSUM_NULL:
	case HDFS__CHECKSUM_TYPE__CHECKSUM_CRC32:
	case HDFS__CHECKSUM_TYPE__CHECKSUM_CRC32C:
		return checksum->chunk_bytes > 0 && checksum->chunk_bytes <= WIRE_CHUNK_BYTES_MAX;
	default: return false;
	}
}

size_t wire_checksums_size(const struct wire_checksum *checksum, size_t data_size)
{
	if (checksum->type == HDFS__CHECKSUM_TYPE__CHECKSUM_NULL)
		return 0;
	return (data_size + checksum->chunk_bytes - 1) / checksum->chunk_bytes *
	       WIRE_CHECKSUM_BYTES;
}

static struct str take_chunk(const struct wire_checksum *checksum, struct str *data)
{
	size_t size = data->size < checksum->chunk_bytes ? data->size : checksum->chunk_bytes;
	struct str chunk = str_make(data->data, size);

	*data = str_make(data->data + size, data->size - size);
	return chunk;
}

static uint32_t sum_of(const struct wire_checksum *checksum, struct str chunk)
{
	return checksum->type == HDFS__CHECKSUM_TYPE__CHECKSUM_CRC32
	               ? crc32_zlib(0, chunk.data, chunk.size)
	               : crc32c(0, chunk.data, chunk.size);
}

void wire_checksums_append(struct buf *buf, const struct wire_checksum *checksum, struct str data)
{
	if (checksum->type == HDFS__CHECKSUM_TYPE__CHECKSUM_NULL)
		return;
	while (data.size > 0)
		buf_append_be(buf, sum_of(checksum, take_chunk(checksum, &data)),
		              WIRE_CHECKSUM_BYTES);
}

bool wire_checksums_fit(const struct wire_checksum *checksum, struct str data, struct str sums)
{
	struct cursor want = cursor_of(sums);

	if (sums.size != wire_checksums_size(checksum, data.size))
		return false;
	while (cursor_left(&want) > 0) {
		if (cursor_be(&want, WIRE_CHECKSUM_BYTES) !=
		    sum_of(checksum, take_chunk(checksum, &data)))
			return false;
	}
	return true;
}
