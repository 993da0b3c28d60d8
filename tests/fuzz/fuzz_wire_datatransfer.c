/* SPDX-License-Identifier: Apache-2.0 */
/* What stands on a data connection; packet headers and acknowledgements are held against
 * protobuf-c. */
#include "base/check.h"
#include "base/err.h"
#include "wire/datatransfer.h"
#include "wire/pb.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_op(struct cursor c)
{
	uint8_t opcode;
	struct str message;

	if (wire_op_take(&c, &opcode, &message) == 0)
		CHECK(message.size <= WIRE_OP_BYTES_MAX);
}

/* The header's bytes are those between the six of its head and where the cursor stands. */
static void check_packet(struct cursor c, struct arena *arena)
{
	const uint8_t *start = c.at;
	struct wire_packet packet;
	Transfer__PacketHeader *header;
	int rc = wire_packet_header_take(&c, &packet);

	if (rc < 0) {
		CHECK(c.at == start);
		return;
	}
	CHECK((uint64_t)packet.data_size + packet.checksum_size <= WIRE_PACKET_BYTES_MAX);
	CHECK(pb_unpack(&transfer__packet_header__descriptor,
	                str_make(start + 6, (size_t)(c.at - start) - 6), arena, &header) == 0);
	CHECK(packet.offset == header->offset_in_block && packet.seqno == header->seqno);
	CHECK(packet.is_last == (header->last_packet_in_block != 0));
	CHECK(packet.data_size == (uint32_t)header->data_len);
	CHECK(packet.sync == (header->sync_block != 0));
}

static void check_ack(struct cursor c, struct arena *arena)
{
	struct cursor same = c;
	struct str message;
	struct wire_ack ack;
	Transfer__PipelineAck *pb_ack;
	int rc = wire_ack_take(&c, &ack);
	int pb_rc = pb_take_delimited(&same, 4096, &message);

	if (pb_rc == 0)
		pb_rc = pb_unpack(&transfer__pipeline_ack__descriptor, message, arena, &pb_ack);
	if (pb_rc == 0 && pb_ack->n_reply > WIRE_PIPELINE_MAX)
		pb_rc = -ERR_INVALID;
	CHECK(rc == pb_rc);
	if (rc < 0)
		return;
	CHECK(ack.seqno == pb_ack->seqno && ack.count == pb_ack->n_reply);
	for (uint32_t i = 0; i < ack.count; i++)
		CHECK(ack.statuses[i] == pb_ack->reply[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_make(data, size);
	struct arena arena;

	arena_init(&arena, 16 << 20);
	check_op(c);
	check_packet(c, &arena);
	check_ack(c, &arena);
	arena_finish(&arena);
	return 0;
}
