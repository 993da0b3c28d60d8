/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "worker/block_store.h"
#include "worker/replica_file.h"

enum { CHUNK = 512 };

struct fixture {
	struct io *io;
	char folder[64];
	struct block_store *store;
};

static struct block_store *open_store(struct fixture *f)
{
	struct block_store *store = NULL;
	char *text = NULL;
	int rc = block_store_open(f->io, f->folder, &store, &text);

	if (rc < 0)
		fail_msg("%s", text);
	return store;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	snprintf(f->folder, sizeof(f->folder), "/tmp/holdfast-store-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	assert_int_equal(io_create(&f->io), 0);
	f->store = open_store(f);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	char command[128];

	block_store_close(f->store);
	io_destroy(f->io);
	snprintf(command, sizeof(command), "rm -rf %s", f->folder);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

/* Writes a replica of `size` bytes and finalizes it if asked to. */
static void write_replica(struct fixture *f, uint64_t id, size_t size, bool finalizes)
{
	struct stored_block block = {.id = id, .stamp = 1001, .state = BLOCK_BEING_WRITTEN};
	struct wire_checksum checksum = {.type = 2, .chunk_bytes = CHUNK};
	struct replica_writer *writer;
	uint8_t data[CHUNK];

	assert_int_equal(block_store_add(f->store, &block), 0);
	assert_int_equal(replica_writer_open(f->io, f->folder, &block, &checksum, &writer), 0);
	for (size_t at = 0; at < size; at += CHUNK) {
		size_t piece = size - at < CHUNK ? size - at : CHUNK;
		uint32_t sum;
		uint8_t bytes[4];

		memset(data, (int)(at / CHUNK), piece);
		sum = crc32c(0, data, piece);
		for (int i = 0; i < 4; i++)
			bytes[i] = (uint8_t)(sum >> (24 - 8 * i));
		assert_int_equal(
		        replica_writer_write(writer, at, str_make(data, piece), str_make(bytes, 4)),
		        0);
	}
	if (finalizes) {
		assert_int_equal(replica_writer_finalize(writer), 0);
		block_store_update(f->store, replica_writer_block(writer));
	}
	replica_writer_close(writer);
}

static void reopen(struct fixture *f)
{
	block_store_close(f->store);
	f->store = open_store(f);
}

static void finalized_replicas_are_found_after_a_restart(void **state)
{
	struct fixture *f = *state;
	const struct stored_block *block;

	write_replica(f, 1073741825, 1300, true);
	write_replica(f, 1073741826, 0, true);
	reopen(f);
	block = block_store_find(f->store, 1073741825);
	assert_non_null(block);
	assert_int_equal(block->length, 1300);
	assert_int_equal(block->stamp, 1001);
	assert_int_equal(block->state, BLOCK_FINALIZED);
	assert_int_equal(block_store_find(f->store, 1073741826)->length, 0);
	assert_int_equal(block_store_count(f->store), 2);
	assert_int_equal(block_store_bytes(f->store), 1300);
}

static void ids_with_a_common_beginning_are_not_mixed_up(void **state)
{
	struct fixture *f = *state;

	write_replica(f, 1, 100, true);
	write_replica(f, 1ull << 32 | 1, 200, true);
	write_replica(f, 10, 300, true);
	reopen(f);
	assert_int_equal(block_store_count(f->store), 3);
	assert_int_equal(block_store_find(f->store, 1)->length, 100);
	assert_int_equal(block_store_find(f->store, 10)->length, 300);
}

static void a_replica_that_was_being_written_waits_for_recovery(void **state)
{
	struct fixture *f = *state;

	write_replica(f, 5, 512, false);
	reopen(f);
	assert_int_equal(block_store_find(f->store, 5)->state, BLOCK_WAITING_RECOVERY);
}

static void a_deleted_replica_is_gone_after_a_restart(void **state)
{
	struct fixture *f = *state;

	write_replica(f, 9, 512, true);
	assert_int_equal(replica_delete(f->io, f->folder, block_store_find(f->store, 9)), 0);
	reopen(f);
	assert_null(block_store_find(f->store, 9));
}

static void data_without_checksums_is_not_offered(void **state)
{
	struct fixture *f = *state;
	char path[256];

	write_replica(f, 9, 512, true);
	snprintf(path, sizeof(path), "%s/finalized/subdir0/subdir0/blk_9_1001.meta", f->folder);
	assert_int_equal(io_unlink(f->io, path), 0);
	reopen(f);
	assert_null(block_store_find(f->store, 9));
}

static void reading_returns_what_was_written(void **state)
{
	struct fixture *f = *state;
	struct wire_checksum checksum;
	struct replica_reader *reader;
	struct buf data = {0}, sums = {0};

	write_replica(f, 7, 1300, true);
	assert_int_equal(replica_reader_open(f->io, f->folder, block_store_find(f->store, 7),
	                                     &checksum, &reader),
	                 0);
	assert_int_equal(checksum.type, 2);
	assert_int_equal(checksum.chunk_bytes, CHUNK);
	assert_int_equal(replica_reader_read(reader, 512, 4096, &data, &sums), 0);
	assert_int_equal(data.size, 1300 - 512);
	assert_int_equal(sums.size, 8);
	assert_int_equal(data.data[0], 1);
	assert_int_equal(data.data[512], 2);
	buf_finish(&data);
	buf_finish(&sums);
	replica_reader_close(reader);
}

static void write_piece(struct replica_writer *writer, uint64_t offset, struct str data)
{
	struct wire_checksum checksum = {.type = 2, .chunk_bytes = CHUNK};
	struct buf sums = {0};

	wire_checksums_append(&sums, &checksum, data);
	assert_int_equal(replica_writer_write(writer, offset, data, buf_str(&sums)), 0);
	buf_finish(&sums);
}

static void must_read(struct replica_reader *reader, struct str expected)
{
	struct wire_checksum checksum = {.type = 2, .chunk_bytes = CHUNK};
	struct buf data = {0}, sums = {0};

	assert_int_equal(replica_reader_read(reader, 0, 4096, &data, &sums), 0);
	assert_true(str_equal(buf_str(&data), expected));
	assert_true(wire_checksums_fit(&checksum, buf_str(&data), buf_str(&sums)));
	buf_finish(&data);
	buf_finish(&sums);
}

static void a_reader_of_an_open_replica_sees_its_length_while_it_grows_and_is_moved(void **state)
{
	struct fixture *f = *state;
	struct stored_block block = {.id = 7, .stamp = 1001, .state = BLOCK_BEING_WRITTEN};
	struct wire_checksum checksum = {.type = 2, .chunk_bytes = CHUNK};
	struct replica_writer *writer;
	struct replica_reader *early, *late;
	uint8_t data[700];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	assert_int_equal(replica_writer_open(f->io, f->folder, &block, &checksum, &writer), 0);
	write_piece(writer, 0, str_make(data, 600));
	block = *replica_writer_block(writer);
	assert_int_equal(block.length, 600);
	assert_int_equal(replica_reader_open(f->io, f->folder, &block, &checksum, &early), 0);
	write_piece(writer, 512, str_make(data + 512, 700 - 512));
	must_read(early, str_make(data, 600));
	assert_int_equal(replica_writer_finalize(writer), 0);
	assert_int_equal(replica_reader_open(f->io, f->folder, &block, &checksum, &late), 0);
	must_read(early, str_make(data, 600));
	must_read(late, str_make(data, 600));
	replica_reader_close(early);
	replica_reader_close(late);
	replica_writer_close(writer);
}

static void a_replica_grows_only_at_its_last_chunk(void **state)
{
	struct fixture *f = *state;
	struct stored_block block = {.id = 7, .stamp = 1001, .state = BLOCK_BEING_WRITTEN};
	struct wire_checksum checksum = {.type = 2, .chunk_bytes = CHUNK};
	struct replica_writer *writer;
	uint8_t data[2 * CHUNK] = {0};
	struct str sums = str_make(data, 8), sum = str_make(data, 4);

	assert_int_equal(replica_writer_open(f->io, f->folder, &block, &checksum, &writer), 0);
	write_piece(writer, 0, str_make(data, CHUNK + 10));
	assert_int_equal(replica_writer_write(writer, 0, str_make(data, 2 * CHUNK), sums),
	                 -ERR_INVALID);
	assert_int_equal(replica_writer_write(writer, CHUNK, str_make(data, 10), sum),
	                 -ERR_INVALID);
	assert_int_equal(replica_writer_write(writer, CHUNK + 10, str_make(data, 10), sum),
	                 -ERR_INVALID);
	assert_int_equal(replica_writer_write(writer, 2 * CHUNK, str_make(data, 10), sum),
	                 -ERR_INVALID);
	assert_int_equal(replica_writer_write(writer, CHUNK, str_make(data, 11), sums),
	                 -ERR_INVALID);
	assert_int_equal(replica_writer_write(writer, CHUNK, str_make(data, 11), sum), 0);
	assert_int_equal(replica_writer_block(writer)->length, CHUNK + 11);
	replica_writer_close(writer);
}

static void a_shortened_file_is_damage(void **state)
{
	struct fixture *f = *state;
	struct wire_checksum checksum;
	struct replica_reader *reader;
	struct buf data = {0}, sums = {0};
	struct io_file *file;
	char path[256];

	write_replica(f, 7, 1300, true);
	snprintf(path, sizeof(path), "%s/finalized/subdir0/subdir0/blk_7", f->folder);
	assert_int_equal(io_file_open(f->io, path, IO_OPEN_WRITE, &file), 0);
	assert_int_equal(io_file_truncate(file, 600), 0);
	io_file_close(file);
	assert_int_equal(replica_reader_open(f->io, f->folder, block_store_find(f->store, 7),
	                                     &checksum, &reader),
	                 0);
	assert_int_equal(replica_reader_read(reader, 0, 4096, &data, &sums), -ERR_DAMAGED);
	buf_finish(&data);
	buf_finish(&sums);
	replica_reader_close(reader);
}

static void a_second_worker_is_refused(void **state)
{
	struct fixture *f = *state;
	struct block_store *second;
	char *text = NULL;

	assert_int_equal(block_store_open(f->io, f->folder, &second, &text), -ERR_IN_USE);
	assert_non_null(strstr(text, "running worker"));
	mem_free(text);
}

static void a_folder_of_something_else_is_refused(void **state)
{
	struct fixture *f = *state;
	char path[128], command[512];
	struct block_store *second;
	char *text = NULL;

	snprintf(path, sizeof(path), "%s/other", f->folder);
	snprintf(command, sizeof(command), "mkdir %s && touch %s/my-thesis.txt", path, path);
	assert_int_equal(system(command), 0);
	assert_int_equal(block_store_open(f->io, path, &second, &text), -ERR_FOREIGN);
	mem_free(text);
}

static void a_folder_belongs_to_its_first_cluster(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(block_store_bind(f->store, STR("CID-a"), 1, STR("BP-a")), 0);
	reopen(f);
	assert_string_equal(block_store_pool(f->store), "BP-a");
	assert_int_equal(block_store_bind(f->store, STR("CID-a"), 1, STR("BP-a")), 0);
	assert_int_equal(block_store_bind(f->store, STR("CID-b"), 1, STR("BP-b")), -ERR_FOREIGN);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        TEST(finalized_replicas_are_found_after_a_restart),
	        TEST(ids_with_a_common_beginning_are_not_mixed_up),
	        TEST(a_replica_that_was_being_written_waits_for_recovery),
	        TEST(a_deleted_replica_is_gone_after_a_restart),
	        TEST(data_without_checksums_is_not_offered),
	        TEST(reading_returns_what_was_written),
	        TEST(a_reader_of_an_open_replica_sees_its_length_while_it_grows_and_is_moved),
	        TEST(a_replica_grows_only_at_its_last_chunk),
	        TEST(a_shortened_file_is_damage),
	        TEST(a_second_worker_is_refused),
	        TEST(a_folder_of_something_else_is_refused),
	        TEST(a_folder_belongs_to_its_first_cluster),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
