/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "unit/wire/frame.h"
#include "wire/datatransfer.h"
#include "wire/pb.h"

static void assert_bytes(const struct buf *buf, const char *hex)
{
	struct buf expected = {0};

	append_hex(&expected, hex);
	assert_int_equal(buf->size, expected.size);
	assert_memory_equal(buf->data, expected.data, expected.size);
	buf_finish(&expected);
}

/* ---- operations ---- */

static void append_read_op(struct buf *buf)
{
	Hdfs__ExtendedBlock block = HDFS__EXTENDED_BLOCK__INIT;
	Transfer__BaseHeader base = TRANSFER__BASE_HEADER__INIT;
	Transfer__ClientOperationHeader header = TRANSFER__CLIENT_OPERATION_HEADER__INIT;
	Transfer__OpReadBlock op = TRANSFER__OP_READ_BLOCK__INIT;

	block.pool_id = pb_bytes(STR("BP-1"));
	block.block_id = 1073741825;
	block.generation_stamp = 1001;
	base.block = &block;
	header.base_header = &base;
	header.client_name = pb_bytes(STR("me"));
	op.header = &header;
	op.offset = 512;
	op.len = 100;
	wire_op_append(buf, WIRE_OP_READ_BLOCK, &op.base);
}

static void an_operation_has_version_opcode_and_message(void **state)
{
	struct buf buf = {0};

	(void)state;
	append_read_op(&buf);
	assert_bytes(&buf, "001c511e" /* 28, 81, 25 + 3 + 2 bytes */
	                   "0a17"
	                   "0a11"
	                   "0a0f"
	                   "0a0442502d31"
	                   "108180808004"
	                   "18e907" /* block: 6 + 6 + 3 */
	                   "12026d65"
	                   "108004"
	                   "1864");
	buf_finish(&buf);
}

static void an_operation_waits_for_its_bytes(void **state)
{
	struct buf buf = {0};
	struct arena arena;
	Transfer__OpReadBlock *op;
	uint8_t opcode;
	struct str message;
	struct cursor c;

	(void)state;
	append_read_op(&buf);
	for (size_t size = 0; size < buf.size; size++) {
		c = cursor_make(buf.data, size);
		assert_int_equal(wire_op_take(&c, &opcode, &message), -ERR_AGAIN);
		assert_int_equal(cursor_left(&c), size);
	}
	c = cursor_of(buf_str(&buf));
	assert_int_equal(wire_op_take(&c, &opcode, &message), 0);
	assert_int_equal(opcode, WIRE_OP_READ_BLOCK);
	assert_int_equal(cursor_left(&c), 0);
	arena_init(&arena, 0);
	assert_int_equal(pb_unpack(&transfer__op_read_block__descriptor, message, &arena, &op), 0);
	assert_int_equal(op->offset, 512);
	arena_finish(&arena);
	buf_finish(&buf);
}

static void another_version_is_refused(void **state)
{
	uint8_t opcode;
	struct str message;
	struct cursor c = cursor_make("\x00\x1b\x51\x00", 4);

	(void)state;
	assert_int_equal(wire_op_take(&c, &opcode, &message), -ERR_INVALID);
}

static void no_reply_is_shorter_than_five_bytes(void **state)
{
	Transfer__BlockOpResponse reply = TRANSFER__BLOCK_OP_RESPONSE__INIT;
	struct buf buf = {0};

	(void)state;
	wire_op_reply_append(&buf, &reply);
	assert_bytes(&buf, "0408001200");
	assert_int_equal(buf.size, WIRE_REPLY_BYTES_MIN);
	buf_clear(&buf);
	reply.status = TRANSFER__STATUS__ERROR;
	reply.first_bad_link = pb_bytes(STR("1.2.3.4:5"));
	reply.has_first_bad_link = true;
	wire_op_reply_append(&buf, &reply);
	assert_bytes(&buf, "0d08011209312e322e332e343a35");
	buf_finish(&buf);
}

/* ---- packets ---- */

static void a_packet_header_is_25_bytes_or_27_with_sync(void **state)
{
	struct wire_packet packet = {
	        .offset = 512, .seqno = 3, .checksum_size = 8, .data_size = 1000};
	struct buf buf = {0};

	(void)state;
	wire_packet_header_append(&buf, &packet);
	assert_bytes(&buf, "000003f4" /* 4 + 8 + 1000 */
	                   "0019"
	                   "090002000000000000"
	                   "110300000000000000"
	                   "1800"
	                   "25e8030000");
	buf_clear(&buf);
	packet.sync = true;
	packet.is_last = true;
	packet.seqno = WIRE_SEQNO_HEARTBEAT;
	wire_packet_header_append(&buf, &packet);
	assert_bytes(&buf, "000003f4"
	                   "001b"
	                   "090002000000000000"
	                   "11ffffffffffffffff"
	                   "1801"
	                   "25e8030000"
	                   "2801");
	buf_finish(&buf);
}

static void a_packet_header_is_read_before_its_data_came(void **state)
{
	const struct wire_packet packet = {.offset = INT64_MAX,
	                                   .seqno = 1,
	                                   .is_last = false,
	                                   .sync = true,
	                                   .checksum_size = 512,
	                                   .data_size = 65536};
	struct wire_packet read;
	struct buf buf = {0};
	struct cursor c;

	(void)state;
	wire_packet_header_append(&buf, &packet);
	for (size_t size = 0; size < buf.size; size++) {
		c = cursor_make(buf.data, size);
		assert_int_equal(wire_packet_header_take(&c, &read), -ERR_AGAIN);
		assert_int_equal(cursor_left(&c), size);
	}
	buf_append(&buf, "data", 4);
	c = cursor_of(buf_str(&buf));
	assert_int_equal(wire_packet_header_take(&c, &read), 0);
	assert_int_equal(cursor_left(&c), 4);
	assert_true(read.offset == packet.offset && read.seqno == packet.seqno);
	assert_false(read.is_last);
	assert_true(read.sync);
	assert_int_equal(read.checksum_size, 512);
	assert_int_equal(read.data_size, 65536);
	buf_finish(&buf);
}

static int take_packet(const char *hex)
{
	struct buf buf = {0};
	struct wire_packet packet;
	struct cursor c;
	int rc;

	append_hex(&buf, hex);
	c = cursor_of(buf_str(&buf));
	rc = wire_packet_header_take(&c, &packet);
	buf_finish(&buf);
	return rc;
}

static void lengths_that_lie_are_refused(void **state)
{
#define HEADER "090000000000000000110000000000000000180025"
	(void)state;
	assert_int_equal(take_packet("00000004"
	                             "0019" HEADER "00000000"),
	                 0);
	/* more data than the packet has; a negative size */
	assert_int_equal(take_packet("00000004"
	                             "0019" HEADER "01000000"),
	                 -ERR_INVALID);
	assert_int_equal(take_packet("00000010"
	                             "0019" HEADER "ffffffff"),
	                 -ERR_INVALID);
	/* PLEN that does not hold itself, PLEN past the limit or negative, HLEN past the limit */
	assert_int_equal(take_packet("00000003"
	                             "0019" HEADER "00000000"),
	                 -ERR_INVALID);
	assert_int_equal(take_packet("01000001"
	                             "0019"),
	                 -ERR_TOO_LARGE);
	assert_int_equal(take_packet("ffffffff"
	                             "0019"),
	                 -ERR_TOO_LARGE);
	assert_int_equal(take_packet("00000004"
	                             "ffff"),
	                 -ERR_INVALID);
	/* no header at all */
	assert_int_equal(take_packet("00000004"
	                             "0000"),
	                 -ERR_INVALID);
#undef HEADER
}

/* ---- acknowledgements ---- */

static void an_ack_has_statuses_and_flags(void **state)
{
	const struct wire_ack ack = {
	        .seqno = 5,
	        .count = 2,
	        .statuses = {TRANSFER__STATUS__SUCCESS, TRANSFER__STATUS__ERROR_CHECKSUM},
	};
	struct buf buf = {0};

	(void)state;
	wire_ack_append(&buf, &ack);
	assert_bytes(&buf, "0c"
	                   "080a"
	                   "10001002"
	                   "1800"
	                   "22020002");
	buf_finish(&buf);
}

static void no_ack_is_shorter_than_five_bytes(void **state)
{
	const struct wire_ack ack = {.seqno = WIRE_SEQNO_HEARTBEAT};
	struct buf buf = {0};

	(void)state;
	wire_ack_append(&buf, &ack);
	assert_bytes(&buf, "0408011800");
	buf_finish(&buf);
}

static void acks_come_back_as_they_were_sent(void **state)
{
	static const int64_t seqnos[] = {0, 1, -1, -2, INT64_MAX, INT64_MIN};
	struct buf buf = {0};

	(void)state;
	for (uint32_t count = 0; count <= WIRE_PIPELINE_MAX; count++) {
		struct wire_ack ack = {.seqno = seqnos[count % COUNT_OF(seqnos)], .count = count};
		struct wire_ack read;
		struct cursor c;

		for (uint32_t i = 0; i < count; i++)
			ack.statuses[i] = (uint8_t)(i % 14);
		buf_clear(&buf);
		wire_ack_append(&buf, &ack);
		for (size_t size = 0; size < buf.size; size++) {
			c = cursor_make(buf.data, size);
			assert_int_equal(wire_ack_take(&c, &read), -ERR_AGAIN);
		}
		c = cursor_of(buf_str(&buf));
		assert_int_equal(wire_ack_take(&c, &read), 0);
		assert_true(read.seqno == ack.seqno && read.count == count);
		assert_memory_equal(read.statuses, ack.statuses, count);
	}
	buf_finish(&buf);
}

static int take_ack(const char *hex, struct wire_ack *ret_ack)
{
	struct buf buf = {0};
	struct cursor c;
	int rc;

	append_hex(&buf, hex);
	c = cursor_of(buf_str(&buf));
	rc = wire_ack_take(&c, ret_ack);
	buf_finish(&buf);
	return rc;
}

static void bad_acks_are_refused(void **state)
{
	struct wire_ack ack;

	(void)state;
	assert_int_equal(take_ack("021000", &ack), -ERR_INVALID);     /* no seqno */
	assert_int_equal(take_ack("04080a100e", &ack), -ERR_INVALID); /* no such status */
	assert_int_equal(take_ack("040a0a1000", &ack), -ERR_INVALID); /* wire type */
	assert_int_equal(take_ack("ffff7f", &ack), -ERR_TOO_LARGE);   /* two million bytes */
	assert_int_equal(take_ack("06080a12020001", &ack), 0);        /* packed statuses */
	assert_int_equal(ack.count, 2);
	assert_int_equal(
	        take_ack("25080a1221"
	                 "000000000000000000000000000000000000000000000000000000000000000000",
	                 &ack),
	        -ERR_INVALID); /* 33 workers */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(an_operation_has_version_opcode_and_message),
	        cmocka_unit_test(an_operation_waits_for_its_bytes),
	        cmocka_unit_test(another_version_is_refused),
	        cmocka_unit_test(no_reply_is_shorter_than_five_bytes),
	        cmocka_unit_test(a_packet_header_is_25_bytes_or_27_with_sync),
	        cmocka_unit_test(a_packet_header_is_read_before_its_data_came),
	        cmocka_unit_test(lengths_that_lie_are_refused),
	        cmocka_unit_test(an_ack_has_statuses_and_flags),
	        cmocka_unit_test(no_ack_is_shorter_than_five_bytes),
	        cmocka_unit_test(acks_come_back_as_they_were_sent),
	        cmocka_unit_test(bad_acks_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
