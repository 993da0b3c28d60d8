/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries from any bytes.  If the first byte is odd, length and checksum of the first entry are put
 * right before, so that what lies behind them is reached.  What is good must encode to the same
 * bytes.
 */
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "format/bytes.h"
#include "format/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_encode_the_same(struct entry entry, uint64_t chain_before, struct str bytes)
{
	struct buf again;

	buf_init(&again);
	entry_encode(&entry, chain_before, &again);
	CHECK(str_equal(bytes, buf_str(&again)));
	buf_finish(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = mem_must_alloc(size + 1);
	struct entry before = {0}, entry;
	struct cursor c, walk;

	memcpy(copy, data, size);
	if (size > ENTRY_OVERHEAD_BYTES && (data[0] & 1)) {
		uint8_t *at = copy;

		put_le(&at, size, 4);
		crc_put(copy, size, 4);
	}
	c = walk = cursor_make(copy, size);
	if (entry_next(&walk, &entry)) {
		before.index = entry.index - 1;
		before.epoch = entry.epoch;
	}
	for (;;) {
		const uint8_t *start = c.at;

		if (entry_check(&c, &before, &entry) != ENTRY_GOOD)
			break;
		CHECK(entry.index == before.index + 1 && entry.epoch >= before.epoch);
		must_encode_the_same(entry, before.chain, str_make(start, (size_t)(c.at - start)));
		before = entry;
	}
	mem_free(copy);
	return 0;
}
