/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A packed piece of a checkpoint from any bytes; the first two say how large it claims to be.  The
 * same bytes, taken for a piece, must come back from the way there and back.
 */
#include <stdint.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "journal/piece_pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_come_back(struct str piece, int level)
{
	struct buf packed, back;

	buf_init(&packed);
	buf_init(&back);
	if (piece_pack(piece, level, &packed)) {
		CHECK(packed.size < piece.size);
		CHECK(piece_unpack(buf_str(&packed), piece.size, &back) == 0);
		CHECK(str_equal(piece, buf_str(&back)));
	}
	buf_finish(&packed);
	buf_finish(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf unpacked;
	size_t claimed;
	uint8_t *copy;

	if (size < 2)
		return 0;
	claimed = data[0] | (size_t)data[1] << 8;
	copy = mem_must_alloc(size);
	memcpy(copy, data + 2, size - 2);
	buf_init(&unpacked);
	if (piece_unpack(str_make(copy, size - 2), claimed, &unpacked) == 0)
		CHECK(unpacked.size == claimed);
	else
		CHECK(unpacked.size == 0);
	must_come_back(str_make(copy, size - 2), data[0] % 11 - 1);
	buf_finish(&unpacked);
	mem_free(copy);
	return 0;
}
