/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/datatransfer.h"

#include "wire/kinds_private.h"

/* ---- operations and replies ---- */

enum { OP_HEAD_BYTES = 3 };

void wire_op_append(struct buf *buf, enum wire_opcode opcode, const ProtobufCMessage *message)
{
	buf_append_be(buf, WIRE_TRANSFER_VERSION, 2);
	buf_append_u8(buf, (uint8_t)opcode);
	pb_append_delimited(buf, message);
}

int wire_op_take(struct cursor *cursor, uint8_t *ret_opcode, struct str *ret_message)
{
	struct cursor c = *cursor;
	uint8_t opcode;
	int rc;

	if (cursor_left(&c) < OP_HEAD_BYTES)
		return -ERR_AGAIN;
	if (cursor_be(&c, 2) != WIRE_TRANSFER_VERSION)
		return -ERR_INVALID;
	opcode = cursor_u8(&c);
	rc = pb_take_delimited(&c, WIRE_OP_BYTES_MAX, ret_message);
	if (rc < 0)
		return rc;
	*ret_opcode = opcode;
	*cursor = c;
	return 0;
}

void wire_op_reply_append(struct buf *buf, const Transfer__BlockOpResponse *reply)
{
	Transfer__BlockOpResponse whole = *reply;

	whole.has_first_bad_link = true;
	pb_append_delimited(buf, &whole.base);
}

int wire_op_reply_take(struct cursor *cursor, struct str *ret_message)
{
	return pb_take_delimited(cursor, WIRE_OP_BYTES_MAX, ret_message);
}

/* ---- packets ---- */

enum {
	PACKET_HEAD_BYTES = 6,         /* PLEN and HLEN */
	PACKET_LENGTH_BYTES = 4,       /* PLEN counts itself */
	PACKET_HEADER_BYTES_MAX = 512, /* far above what any version sends */
};

#define PACKET_HEADER(FIELD)                                                                       \
	FIELD(1, REQUIRED, SFIXED64, offset)                                                       \
	FIELD(2, REQUIRED, SFIXED64, seqno)                                                        \
	FIELD(3, REQUIRED, BOOL, is_last)                                                          \
	FIELD(4, REQUIRED, SFIXED32, data_size)                                                    \
	FIELD(5, SPARSE, BOOL, sync)

struct wire_packet_header {
	PACKET_HEADER(WIRE_MEMBER)
};
WIRE_BODY(packet_header, PACKET_HEADER, transfer__packet_header__descriptor)

void wire_packet_header_append(struct buf *buf, const struct wire_packet *packet)
{
	struct wire_packet_header header = {
	        .offset = packet->offset,
	        .seqno = packet->seqno,
	        .is_last = packet->is_last,
	        .data_size = (int32_t)packet->data_size,
	        .sync = packet->sync,
	};
	uint64_t plen = (uint64_t)PACKET_LENGTH_BYTES + packet->checksum_size + packet->data_size;
	size_t hlen, place;

	CHECK(plen <= WIRE_PACKET_BYTES_MAX);
	if (!buf_reserve(buf, PACKET_HEAD_BYTES + bound_packet_header(&header)))
		return;
	place = buf->size;
	hlen = (size_t)(write_packet_header(buf->data + place + PACKET_HEAD_BYTES, &header) -
	                (buf->data + place + PACKET_HEAD_BYTES));
	buf_append_be(buf, plen, 4);
	buf_append_be(buf, hlen, 2);
	buf->size += hlen;
}

int wire_packet_header_take(struct cursor *cursor, struct wire_packet *ret_packet)
{
	struct cursor c = *cursor;
	struct wire_context context = {0};
	struct wire_packet_header header;
	uint32_t plen, hlen;

	if (cursor_left(&c) < PACKET_HEAD_BYTES)
		return -ERR_AGAIN;
	plen = (uint32_t)cursor_be(&c, 4);
	hlen = (uint32_t)cursor_be(&c, 2);
	if (plen < PACKET_LENGTH_BYTES || hlen > PACKET_HEADER_BYTES_MAX)
		return -ERR_INVALID;
	if (plen > WIRE_PACKET_BYTES_MAX)
		return -ERR_TOO_LARGE;
	if (cursor_left(&c) < hlen)
		return -ERR_AGAIN;
	if (!read_packet_header(cursor_of(cursor_bytes(&c, hlen)), &context, &header))
		return -ERR_INVALID;
	if (header.data_size < 0 || (uint32_t)header.data_size > plen - PACKET_LENGTH_BYTES)
		return -ERR_INVALID;
	*ret_packet = (struct wire_packet){
	        .offset = header.offset,
	        .seqno = header.seqno,
	        .is_last = header.is_last,
	        .sync = header.sync,
	        .checksum_size = plen - PACKET_LENGTH_BYTES - (uint32_t)header.data_size,
	        .data_size = (uint32_t)header.data_size,
	};
	*cursor = c;
	return 0;
}

/* ---- acknowledgements ---- */

enum ack_field { ACK_SEQNO = 1, ACK_STATUS = 2, ACK_DOWNSTREAM_NANOS = 3, ACK_FLAG = 4 };
enum { ACK_BYTES_MAX = 4096 };

void wire_ack_append(struct buf *buf, const struct wire_ack *ack)
{
	uint8_t *start, *at;

	CHECK(ack->count <= WIRE_PIPELINE_MAX);
	if (!buf_reserve(buf, ACK_BYTES_MAX))
		return;
	start = buf->data + buf->size + 1;
	at = wire_write_tag(start, ACK_SEQNO, WIRE_VARINT);
	at = wire_write_varint(at, wire_zigzag64(ack->seqno));
	for (uint32_t i = 0; i < ack->count; i++)
		at = wire_put_transfer_status(at, ACK_STATUS, &(uint32_t){ack->statuses[i]});
	at = wire_write_tag(at, ACK_DOWNSTREAM_NANOS, WIRE_VARINT);
	at = wire_write_varint(at, 0);
	if (ack->count > 0)
		at = wire_put_bytes(at, ACK_FLAG,
		                    &(struct str){(const char *)ack->statuses, ack->count});
	buf->size += (size_t)(wire_close(start, at) - start) + 1;
}

static void read_status(struct cursor *c, struct wire_ack *ack)
{
	uint32_t status;

	wire_get_transfer_status(c, NULL, false, &status);
	if (ack->count == WIRE_PIPELINE_MAX) {
		cursor_fail(c);
		return;
	}
	ack->statuses[ack->count++] = (uint8_t)status;
}

static void read_statuses(struct cursor *c, struct wire_ack *ack)
{
	struct cursor statuses = cursor_of(wire_read_bytes(c));

	while (cursor_left(&statuses) > 0)
		read_status(&statuses, ack);
	if (statuses.failed)
		cursor_fail(c);
}

static bool read_ack(struct cursor c, struct wire_ack *ret_ack)
{
	struct wire_ack ack = {0};
	bool has_seqno = false;
	uint64_t seen = 0;
	uint32_t tag;

	while (wire_read_tag(&c, &tag)) {
		switch (tag) {
		case WIRE_TAG(ACK_SEQNO, WIRE_VARINT):
			ack.seqno = wire_unzigzag64(cursor_varint(&c));
			has_seqno = true;
			break;
		case WIRE_TAG(ACK_STATUS, WIRE_VARINT): read_status(&c, &ack); break;
		case WIRE_TAG(ACK_STATUS, WIRE_LENGTH): read_statuses(&c, &ack); break;
		default: pb_check_field(&transfer__pipeline_ack__descriptor, &c, tag, &seen);
		}
	}
	if (c.failed || !has_seqno)
		return false;
	*ret_ack = ack;
	return true;
}

int wire_ack_take(struct cursor *cursor, struct wire_ack *ret_ack)
{
	struct cursor c = *cursor;
	struct str message;
	int rc = pb_take_delimited(&c, ACK_BYTES_MAX, &message);

	if (rc < 0)
		return rc;
	if (!read_ack(cursor_of(message), ret_ack))
		return -ERR_INVALID;
	*cursor = c;
	return 0;
}
