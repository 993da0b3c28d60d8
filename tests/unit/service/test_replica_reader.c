/* SPDX-License-Identifier: Apache-2.0 */
#include "service/replica_reader.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"

static void encode(struct buf *buf, int64_t id, uint64_t bytes, uint64_t stamp, uint64_t state)
{
	buf_append_varint(buf, (uint64_t)id << 1 ^ (uint64_t)(id >> 63));
	buf_append_varint(buf, bytes);
	buf_append_varint(buf, stamp);
	buf_append_varint(buf, state);
}

static void assert_replica(const struct replica *replica, uint64_t id, uint64_t bytes,
                           uint64_t stamp, enum replica_state state)
{
	assert_int_equal(replica->block.id, id);
	assert_int_equal(replica->block.length, bytes);
	assert_int_equal(replica->block.stamp, stamp);
	assert_int_equal(replica->state, state);
}

/* Two replicas, the second of an id below zero, in buffers of `piece` bytes. */
static void read_in_pieces(size_t piece)
{
	Datanode__StorageBlockReport report = DATANODE__STORAGE_BLOCK_REPORT__INIT;
	ProtobufCBinaryData pieces[64];
	struct replica_reader reader;
	struct replica replica;
	struct buf bytes;

	buf_init(&bytes);
	encode(&bytes, 1073741825, 134217728, 1001, 0);
	encode(&bytes, -5, 77, 1002, 1);
	for (size_t at = 0; at < bytes.size; at += piece) {
		size_t left = bytes.size - at;

		pieces[report.n_blocks_buffers++] = (ProtobufCBinaryData){
		        .data = bytes.data + at, .len = left < piece ? left : piece};
	}
	report.blocks_buffers = pieces;
	report.has_number_of_blocks = true;
	report.number_of_blocks = 2;
	replica_reader_init(&reader, &report);
	assert_int_equal(replica_reader_next(&reader, &replica), 1);
	assert_replica(&replica, 1073741825, 134217728, 1001, REPLICA_FINALIZED);
	assert_int_equal(replica_reader_next(&reader, &replica), 1);
	assert_replica(&replica, (uint64_t)-5, 77, 1002, REPLICA_BEING_WRITTEN);
	assert_int_equal(replica_reader_next(&reader, &replica), 0);
	buf_finish(&bytes);
}

static void buffers_may_be_cut_anywhere(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < 32; piece++)
		read_in_pieces(piece);
}

static void an_empty_store_has_no_replicas(void **state)
{
	Datanode__StorageBlockReport report = DATANODE__STORAGE_BLOCK_REPORT__INIT;
	ProtobufCBinaryData empty = {0};
	struct replica_reader reader;
	struct replica replica;

	(void)state;
	replica_reader_init(&reader, &report);
	assert_int_equal(replica_reader_next(&reader, &replica), 0);
	report.has_number_of_blocks = true;
	report.blocks_buffers = &empty;
	report.n_blocks_buffers = 1;
	replica_reader_init(&reader, &report);
	assert_int_equal(replica_reader_next(&reader, &replica), 0);
}

static void a_count_above_the_bytes_is_refused(void **state)
{
	Datanode__StorageBlockReport report = DATANODE__STORAGE_BLOCK_REPORT__INIT;
	uint8_t bytes[] = {2, 3, 4, 0};
	ProtobufCBinaryData buffer = {.data = bytes, .len = sizeof(bytes)};
	struct replica_reader reader;
	struct replica replica;

	(void)state;
	report.blocks_buffers = &buffer;
	report.n_blocks_buffers = 1;
	report.has_number_of_blocks = true;
	report.number_of_blocks = UINT64_MAX;
	replica_reader_init(&reader, &report);
	assert_int_equal(replica_reader_next(&reader, &replica), 1);
	assert_int_equal(replica_reader_next(&reader, &replica), -ERR_BAD_MESSAGE);
}

static void an_unknown_state_is_refused(void **state)
{
	Datanode__StorageBlockReport report = DATANODE__STORAGE_BLOCK_REPORT__INIT;
	uint8_t bytes[] = {2, 3, 4, 5};
	ProtobufCBinaryData buffer = {.data = bytes, .len = sizeof(bytes)};
	struct replica_reader reader;
	struct replica replica;

	(void)state;
	report.blocks_buffers = &buffer;
	report.n_blocks_buffers = 1;
	report.has_number_of_blocks = true;
	report.number_of_blocks = 1;
	replica_reader_init(&reader, &report);
	assert_int_equal(replica_reader_next(&reader, &replica), -ERR_BAD_MESSAGE);
}

#define NONE UINT64_MAX

static void begin_numbers(struct replica_reader *reader, Datanode__StorageBlockReport *report,
                          uint64_t *numbers, size_t count)
{
	datanode__storage_block_report__init(report);
	report->blocks = numbers;
	report->n_blocks = count;
	replica_reader_init(reader, report);
}

static void numbers_have_finalized_ones_first(void **state)
{
	uint64_t numbers[] = {2,    1,    10,   100, 1000, 11,   101, 1001,
	                      NONE, NONE, NONE, 12,  102,  1002, 2};
	Datanode__StorageBlockReport report;
	struct replica_reader reader;
	struct replica replica;

	(void)state;
	begin_numbers(&reader, &report, numbers, COUNT_OF(numbers));
	assert_int_equal(replica_reader_next(&reader, &replica), 1);
	assert_replica(&replica, 10, 100, 1000, REPLICA_FINALIZED);
	assert_int_equal(replica_reader_next(&reader, &replica), 1);
	assert_replica(&replica, 11, 101, 1001, REPLICA_FINALIZED);
	assert_int_equal(replica_reader_next(&reader, &replica), 1);
	assert_replica(&replica, 12, 102, 1002, REPLICA_WAITING_RECOVERY);
	assert_int_equal(replica_reader_next(&reader, &replica), 0);
}

static void numbers_that_end_early_are_refused(void **state)
{
	uint64_t numbers[] = {1, 1, 10, 100, 1000, NONE, NONE, NONE, 12, 102, 1002, 2};
	Datanode__StorageBlockReport report;
	struct replica_reader reader;
	struct replica replica;

	(void)state;
	for (size_t count = 2; count < COUNT_OF(numbers); count++) {
		int rc = 1;

		begin_numbers(&reader, &report, numbers, count);
		while (rc == 1)
			rc = replica_reader_next(&reader, &replica);
		assert_int_equal(rc, -ERR_BAD_MESSAGE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(buffers_may_be_cut_anywhere),
	        cmocka_unit_test(an_empty_store_has_no_replicas),
	        cmocka_unit_test(a_count_above_the_bytes_is_refused),
	        cmocka_unit_test(an_unknown_state_is_refused),
	        cmocka_unit_test(numbers_have_finalized_ones_first),
	        cmocka_unit_test(numbers_that_end_early_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
