/* SPDX-License-Identifier: Apache-2.0 */
#include "format/marker.h"

#include <inttypes.h>

#include "base/err.h"
#include "base/hash.h"

static const char first_line[] = "holdfast journal 1\n";
static const struct str no_cluster = {.data = "-", .size = 1};

bool cluster_id_is_valid(struct str id)
{
	for (size_t i = 0; i < id.size; i++) {
		if (id.data[i] <= ' ' || id.data[i] > '~')
			return false;
	}
	return id.size > 0 && id.size <= CLUSTER_ID_BYTES_MAX && !str_equal(id, no_cluster);
}

void marker_encode(const struct marker *marker, struct buf *buf)
{
	size_t start = buf->size;

	buf_append_format(buf, "%scluster %s\nmember ", first_line,
	                  marker->cluster_id[0] == '\0' ? no_cluster.data : marker->cluster_id);
	for (size_t i = 0; i < MEMBER_ID_BYTES; i++)
		buf_append_format(buf, "%02x", marker->member[i]);
	buf_append_format(buf, "\ncreated %" PRIu64 "\n", marker->created_ms);
	if (!buf->failed)
		buf_append_format(buf, "check %08" PRIx32 "\n",
		                  crc32c(0, buf->data + start, buf->size - start));
}

/* 0 for what is no digit: decoding compares with what it would write itself. */
static unsigned hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 0;
}

/* The rest of the line after `word` and a space; the cursor moves past it.  NULL data: another
 * line. */
static struct str line_after(struct str *text, const char *word)
{
	struct str start = str_of(word);
	const char *end = text->size == 0 ? NULL : memchr(text->data, '\n', text->size);
	struct str line;

	if (end == NULL || !str_starts_with(*text, start) || text->data[start.size] != ' ')
		return (struct str){0};
	line = str_make(text->data + start.size + 1, (size_t)(end - text->data) - start.size - 1);
	text->size -= (size_t)(end + 1 - text->data);
	text->data = end + 1;
	return line;
}

int marker_decode(struct str text, struct marker *ret_marker)
{
	struct str all = text;
	struct str version = line_after(&text, "holdfast journal");
	struct marker marker = {0};
	struct str value;
	struct buf again;
	bool is_same, has_failed;

	if (version.data != NULL && !str_equal(version, STR("1")))
		return -ERR_UNSUPPORTED;
	value = line_after(&text, "cluster");
	if (cluster_id_is_valid(value))
		memcpy(marker.cluster_id, value.data, value.size);
	else if (!str_equal(value, no_cluster))
		return -ERR_DAMAGED;
	value = line_after(&text, "member");
	if (value.size != 2 * (size_t)MEMBER_ID_BYTES)
		return -ERR_DAMAGED;
	for (size_t i = 0; i < MEMBER_ID_BYTES; i++) {
		marker.member[i] = (uint8_t)(hex_digit(value.data[2 * i]) << 4 |
		                             hex_digit(value.data[2 * i + 1]));
	}
	value = line_after(&text, "created");
	for (size_t i = 0; i < value.size && i < 20; i++)
		marker.created_ms = marker.created_ms * 10 + (uint64_t)(value.data[i] - '0');
	/* What was read must be written the same way: this checks every byte, the CRC too. */
	buf_init(&again);
	marker_encode(&marker, &again);
	is_same = str_equal(all, buf_str(&again));
	has_failed = again.failed;
	buf_finish(&again);
	if (has_failed)
		return -ERR_NO_MEMORY;
	if (!is_same)
		return -ERR_DAMAGED;
	*ret_marker = marker;
	return 0;
}
