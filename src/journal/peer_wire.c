/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/peer_wire_private.h"

#include "base/check.h"
#include "base/err.h"
#include "format/bytes.h"
#include "format/marker.h"

enum {
	LENGTH_AT = 0,
	CRC_AT = 4,
	PAYLOAD_LENGTH_AT = 8,
	PAYLOAD_CRC_AT = 12,
	KIND_AT = 16,
	FIELDS_AT = 17,
	HELLO_MAGIC = 0x50444648, /* "HFDP" */
};

/* ---- fields ---- */

void peer_fields_fail(struct peer_fields *fields, int rc, const char *why)
{
	if (fields->rc == 0) {
		fields->rc = rc;
		fields->why = why;
	}
	cursor_fail(&fields->in);
}

static uint64_t number(struct peer_fields *fields, uint64_t value, size_t bytes)
{
	if (fields->out == NULL)
		return cursor_le(&fields->in, bytes);
	buf_append_le(fields->out, value, bytes);
	return value;
}

void peer_field_u16(struct peer_fields *fields, uint16_t *value)
{
	*value = (uint16_t)number(fields, *value, 2);
}

void peer_field_u32(struct peer_fields *fields, uint32_t *value)
{
	*value = (uint32_t)number(fields, *value, 4);
}

void peer_field_u64(struct peer_fields *fields, uint64_t *value)
{
	*value = number(fields, *value, 8);
}

void peer_field_bool(struct peer_fields *fields, bool *value)
{
	uint64_t byte = number(fields, *value, 1);

	if (byte > 1)
		peer_fields_fail(fields, -ERR_BAD_MESSAGE, "a flag that is neither 0 nor 1");
	*value = byte == 1;
}

void peer_field_id(struct peer_fields *fields, struct raft_id *id)
{
	struct str bytes;

	if (fields->out != NULL) {
		buf_append(fields->out, id->bytes, RAFT_ID_BYTES);
		return;
	}
	bytes = cursor_bytes(&fields->in, RAFT_ID_BYTES);
	if (!fields->in.failed)
		memcpy(id->bytes, bytes.data, RAFT_ID_BYTES);
}

static bool is_printable(struct str text)
{
	for (size_t i = 0; i < text.size; i++)
		if ((unsigned char)text.data[i] <= ' ' || text.data[i] == 0x7f)
			return false;
	return true;
}

void peer_encode_text(struct buf *buf, const char *text, size_t bytes_max)
{
	struct str bytes = str_of(text);

	CHECK(bytes.size <= bytes_max);
	buf_append_le(buf, bytes.size, 2);
	buf_append_str(buf, bytes);
}

void peer_field_text(struct peer_fields *fields, char *text, size_t bytes_max)
{
	struct str bytes;

	if (fields->out != NULL) {
		peer_encode_text(fields->out, text, bytes_max);
		return;
	}
	bytes = cursor_bytes(&fields->in, cursor_le(&fields->in, 2));
	if (bytes.size > bytes_max || !is_printable(bytes)) {
		peer_fields_fail(fields, -ERR_BAD_MESSAGE,
		                 "a text that is too long or not printable");
		return;
	}
	if (bytes.size > 0)
		memcpy(text, bytes.data, bytes.size);
	text[bytes.size] = '\0';
}

/* ---- frames of hosts ---- */

static void fields_of_hello(struct peer_fields *fields, struct peer_hello *hello)
{
	uint32_t magic = HELLO_MAGIC;

	peer_field_u32(fields, &magic);
	peer_field_u16(fields, &hello->version);
	if (magic != HELLO_MAGIC)
		peer_fields_fail(fields, -ERR_BAD_MESSAGE, "a hello with another magic number");
	else if (hello->version != PEER_VERSION)
		peer_fields_fail(fields, -ERR_PROTOCOL_VERSION, "another version of this protocol");
	peer_field_u32(fields, &hello->features);
	peer_field_text(fields, hello->cluster_id, CLUSTER_ID_BYTES_MAX);
	peer_field_id(fields, &hello->id);
	peer_field_text(fields, hello->address, RAFT_ADDRESS_BYTES_MAX);
	peer_field_text(fields, hello->service_address, RAFT_ADDRESS_BYTES_MAX);
}

static void judge_hello(struct peer_fields *fields, const struct peer_hello *hello)
{
	struct str cluster_id = str_of(hello->cluster_id);

	if (raft_id_is_none(hello->id))
		peer_fields_fail(fields, -ERR_BAD_MESSAGE, "a hello without a member's id");
	else if (hello->address[0] == '\0')
		peer_fields_fail(fields, -ERR_BAD_MESSAGE, "a hello without an address");
	else if (cluster_id.size > 0 && !cluster_id_is_valid(cluster_id))
		peer_fields_fail(fields, -ERR_BAD_MESSAGE, "a cluster id that is none");
}

static void fields_of_beat(struct peer_fields *fields, struct peer_beat *beat)
{
	uint16_t count = (uint16_t)beat->digest_count;

	peer_field_u64(fields, &beat->applied);
	peer_field_u16(fields, &count);
	if (count > PEER_DIGESTS_MAX) {
		peer_fields_fail(fields, -ERR_BAD_MESSAGE, "more digests than there may be");
		return;
	}
	beat->digest_count = count;
	for (size_t i = 0; i < count; i++) {
		peer_field_u64(fields, &beat->digests[i].index);
		peer_field_u64(fields, &beat->digests[i].digest.low);
		peer_field_u64(fields, &beat->digests[i].digest.high);
	}
}

static void fields_of_ping(struct peer_fields *fields, struct peer_ping *ping)
{
	peer_field_u64(fields, &ping->sent_us);
	peer_field_u64(fields, &ping->wall_ms);
}

/* ---- encoding ---- */

static size_t begin(struct buf *buf, unsigned kind)
{
	static const uint8_t envelope[KIND_AT];
	size_t start = buf->size;

	buf_append(buf, envelope, sizeof(envelope));
	buf_append_u8(buf, (uint8_t)kind);
	return start;
}

static void end(struct buf *buf, size_t start, size_t payload_size, uint32_t payload_crc)
{
	size_t head = buf->size - start;
	uint8_t *at;

	if (buf->failed)
		return;
	CHECK(head <= PEER_HEAD_BYTES_MAX && payload_size <= UINT32_MAX - head);
	at = buf->data + start;
	put_le(&at, head + payload_size, 4);
	put_le(&at, 0, 4);
	put_le(&at, payload_size, 4);
	put_le(&at, payload_crc, 4);
	crc_put(buf->data + start, head, CRC_AT);
}

void peer_wire_encode_hello(const struct peer_hello *hello, struct buf *buf)
{
	struct peer_hello copy = *hello;
	size_t start = begin(buf, PEER_HELLO);

	copy.version = PEER_VERSION;
	fields_of_hello(&(struct peer_fields){.out = buf}, &copy);
	end(buf, start, 0, 0);
}

void peer_wire_encode_beat(const struct peer_beat *beat, struct buf *buf)
{
	struct peer_beat copy = *beat;
	size_t start = begin(buf, PEER_BEAT);

	CHECK(beat->digest_count <= PEER_DIGESTS_MAX);
	fields_of_beat(&(struct peer_fields){.out = buf}, &copy);
	end(buf, start, 0, 0);
}

void peer_wire_encode_ping(enum peer_frame_kind kind, const struct peer_ping *ping, struct buf *buf)
{
	struct peer_ping copy = *ping;
	size_t start = begin(buf, kind);

	CHECK(kind == PEER_PING || kind == PEER_PONG);
	fields_of_ping(&(struct peer_fields){.out = buf}, &copy);
	end(buf, start, 0, 0);
}

void peer_wire_encode_message(const struct raft_message *message, const struct str *payload,
                              size_t pieces, struct buf *buf)
{
	size_t start = begin(buf, PEER_MESSAGE + (unsigned)message->kind);
	struct raft_message copy = *message;
	size_t payload_size = 0;
	uint32_t payload_crc = 0;

	peer_fields_of_message(&(struct peer_fields){.out = buf}, &copy, NULL);
	for (size_t i = 0; i < pieces; i++) {
		payload_size += payload[i].size;
		if (message->kind == RAFT_MESSAGE_CHUNK)
			payload_crc = crc32c(payload_crc, payload[i].data, payload[i].size);
	}
	CHECK(payload_size == 0 || message->kind == RAFT_MESSAGE_APPEND ||
	      (message->kind == RAFT_MESSAGE_CHUNK && payload_size <= message->chunk.size));
	end(buf, start, payload_size, payload_crc);
}

/* ---- decoding ---- */

static uint32_t u32_at(struct str bytes, size_t at)
{
	struct cursor c = cursor_make(bytes.data + at, 4);

	return (uint32_t)cursor_le(&c, 4);
}

int peer_wire_frame_size(struct str bytes, size_t bytes_max, size_t *ret_size)
{
	uint32_t length, payload;

	if (bytes.size < KIND_AT) {
		*ret_size = 0;
		return 0;
	}
	length = u32_at(bytes, LENGTH_AT);
	payload = u32_at(bytes, PAYLOAD_LENGTH_AT);
	if (length < FIELDS_AT || payload > length - FIELDS_AT ||
	    length - payload > PEER_HEAD_BYTES_MAX)
		return -ERR_BAD_MESSAGE;
	if (length > bytes_max)
		return -ERR_TOO_LARGE;
	*ret_size = length;
	return 0;
}

/* Of every kind but messages. */
static void decode_own(struct peer_fields *fields, struct peer_frame *frame)
{
	switch (frame->kind) {
	case PEER_HELLO:
		frame->hello = (struct peer_hello){0};
		fields_of_hello(fields, &frame->hello);
		judge_hello(fields, &frame->hello);
		break;
	case PEER_BEAT: fields_of_beat(fields, &frame->beat); break;
	case PEER_PING:
	case PEER_PONG: fields_of_ping(fields, &frame->ping); break;
	default: peer_fields_fail(fields, -ERR_UNSUPPORTED, "a kind of frame that is unknown here");
	}
}

static void decode_message(struct peer_fields *fields, unsigned kind, struct str payload,
                           uint32_t payload_crc, struct peer_message *message)
{
	if (kind >= RAFT_MESSAGE_KINDS) {
		peer_fields_fail(fields, -ERR_UNSUPPORTED,
		                 "a kind of message that is unknown here");
		return;
	}
	message->message = (struct raft_message){.kind = (enum raft_message_kind)kind};
	peer_fields_of_message(fields, &message->message, message);
	if (!fields->in.failed)
		peer_decode_payload(fields, payload, payload_crc, message);
}

int peer_wire_decode(struct str bytes, struct peer_frame *frame, const char **ret_why)
{
	struct peer_fields fields = {0};
	size_t size, head;
	unsigned kind;
	int rc = peer_wire_frame_size(bytes, bytes.size, &size);

	if (rc < 0 || size == 0 || size != bytes.size) {
		*ret_why = "lengths that contradict each other";
		return -ERR_BAD_MESSAGE;
	}
	head = size - u32_at(bytes, PAYLOAD_LENGTH_AT);
	if (!crc_holds((const uint8_t *)bytes.data, head, CRC_AT)) {
		*ret_why = "a frame with a wrong checksum";
		return -ERR_DAMAGED;
	}
	kind = (uint8_t)bytes.data[KIND_AT];
	fields.in = cursor_make(bytes.data + FIELDS_AT, head - FIELDS_AT);
	if (kind >= PEER_MESSAGE) {
		frame->kind = PEER_MESSAGE;
		decode_message(&fields, kind - PEER_MESSAGE,
		               str_make(bytes.data + head, size - head),
		               u32_at(bytes, PAYLOAD_CRC_AT), &frame->message);
	} else {
		frame->kind = (enum peer_frame_kind)kind;
		decode_own(&fields, frame);
		if (size != head || u32_at(bytes, PAYLOAD_CRC_AT) != 0)
			peer_fields_fail(&fields, -ERR_BAD_MESSAGE, "a payload where none belongs");
	}
	if (fields.in.failed || cursor_left(&fields.in) > 0)
		peer_fields_fail(&fields, -ERR_BAD_MESSAGE,
		                 "a frame that is too short or too long");
	if (fields.rc < 0)
		*ret_why = fields.why;
	return fields.rc;
}
