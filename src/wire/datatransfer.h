/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DataTransferProtocol, for workers and clients: how operations, replies, packets and
 * acknowledgements lie on the connection.  Pure functions; messages are those of
 * proto/transfer.proto.
 *
 *   operation = u16be 28 | u8 opcode | varint length, message
 *   reply     = varint length, BlockOpResponse
 *   packet    = u32be PLEN | u16be HLEN | PacketHeader | checksums | data
 *               PLEN = 4 + checksums + data;  HLEN = 25, or 27 with the sync flag
 *   ack       = varint length, PipelineAck
 *
 * The take functions return -ERR_AGAIN and leave the cursor alone while the bytes are not all
 * there, -ERR_INVALID or -ERR_TOO_LARGE when the connection should be closed.
 *
 * A Go client waits for five bytes before it looks at a reply: none of ours is shorter.
 */
#ifndef HOLDFAST_WIRE_DATATRANSFER_H
#define HOLDFAST_WIRE_DATATRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/cursor.h"
#include "base/str.h"
#include "proto/transfer.pb-c.h"

enum wire_opcode {
	WIRE_OP_WRITE_BLOCK = 80,
	WIRE_OP_READ_BLOCK = 81,
	WIRE_OP_REPLACE_BLOCK = 83,
	WIRE_OP_COPY_BLOCK = 84,
	WIRE_OP_BLOCK_CHECKSUM = 85,
	WIRE_OP_TRANSFER_BLOCK = 86,
	WIRE_OP_REQUEST_SHORT_CIRCUIT_FDS = 87,
	WIRE_OP_RELEASE_SHORT_CIRCUIT_FDS = 88,
	WIRE_OP_REQUEST_SHORT_CIRCUIT_SHM = 89,
	WIRE_OP_BLOCK_GROUP_CHECKSUM = 90,
};

enum {
	WIRE_TRANSFER_VERSION = 28,
	WIRE_PACKET_BYTES_MAX = 16 << 20, /* PLEN; dfs.data.transfer.max.packet.size */
	WIRE_OP_BYTES_MAX = 1 << 20,      /* of an operation's message */
	WIRE_REPLY_BYTES_MIN = 5,
	WIRE_PIPELINE_MAX = 32, /* workers that one acknowledgement may speak for */
};

/* ---- operations and replies ---- */

void wire_op_append(struct buf *buf, enum wire_opcode opcode, const ProtobufCMessage *message);
/* -ERR_INVALID: another version.  ret_opcode may be one we do not know. */
MUST_USE int wire_op_take(struct cursor *cursor, uint8_t *ret_opcode, struct str *ret_message);

/* Writes an empty first_bad_link where there is none: it must be there, and it makes five bytes. */
void wire_op_reply_append(struct buf *buf, const Transfer__BlockOpResponse *reply);
MUST_USE int wire_op_reply_take(struct cursor *cursor, struct str *ret_message);

/* ---- packets ---- */

struct wire_packet {
	int64_t offset; /* of the data in the block */
	int64_t seqno;  /* WIRE_SEQNO_HEARTBEAT: says only that the client lives */
	bool is_last;   /* of the block; carries no data */
	bool sync;      /* force to stable storage */
	uint32_t checksum_size;
	uint32_t data_size;
};

enum { WIRE_SEQNO_HEARTBEAT = -1, WIRE_SEQNO_OUT_OF_BAND = -2 };

/* PLEN, HLEN and header; checksum_size + data_size bytes must follow. */
void wire_packet_header_append(struct buf *buf, const struct wire_packet *packet);
/* The cursor then stands at the checksums, which need not be there yet. */
MUST_USE int wire_packet_header_take(struct cursor *cursor, struct wire_packet *ret_packet);

/* ---- acknowledgements ---- */

struct wire_ack {
	int64_t seqno;
	uint32_t count;                      /* of workers, the one that answers first */
	uint8_t statuses[WIRE_PIPELINE_MAX]; /* Transfer__Status */
};

void wire_ack_append(struct buf *buf, const struct wire_ack *ack);
MUST_USE int wire_ack_take(struct cursor *cursor, struct wire_ack *ret_ack);

#endif
