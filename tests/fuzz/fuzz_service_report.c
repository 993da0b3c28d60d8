/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's full report in both encodings: whatever the bytes are, reading ends, stays inside
 * them, and never yields more replicas than they can hold.
 */
#include "base/arena.h"
#include "base/check.h"
#include "service/replica_reader.h"
#include "wire/pb.h"

enum { REPLICA_BYTES_MIN = 3, ARENA_BYTES_MAX = 64 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(const Datanode__StorageBlockReport *report, size_t size)
{
	struct replica_reader reader;
	struct replica replica;
	size_t count = 0;

	replica_reader_init(&reader, report);
	while (replica_reader_next(&reader, &replica) == 1)
		CHECK(++count <= size / REPLICA_BYTES_MIN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Datanode__StorageBlockReport *report;
	struct arena arena;

	arena_init(&arena, ARENA_BYTES_MAX);
	if (pb_unpack(&datanode__storage_block_report__descriptor, str_make(data, size), &arena,
	              &report) == 0)
		read_all(report, size);
	arena_finish(&arena);
	return 0;
}
