/* SPDX-License-Identifier: Apache-2.0 */
/* Packed pieces come back as they were, or not at all, and never larger than was said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/check.h"
#include "base/err.h"
#include "base/random.h"
#include "journal/piece_pack.h"

enum { PIECE = 5000, RUN = 1 << 20 };

struct world {
	struct buf piece;  /* every third byte is random */
	struct buf packed; /* behind "head" */
	struct buf back;
};

/* Gzip member of "hold hold hold hold hold hold hold", made by gzip -n. */
static const uint8_t by_gzip[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03,
                                  0xcb, 0xc8, 0xcf, 0x49, 0x51, 0xc8, 0xc0, 0x47, 0x00, 0x00,
                                  0x62, 0x9d, 0x5f, 0x94, 0x22, 0x00, 0x00, 0x00};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct random random = random_make(1);

	for (size_t i = 0; i < PIECE; i++)
		buf_append_u8(&w->piece, i % 3 == 0 ? (uint8_t)random_u64(&random) : 'x');
	buf_append(&w->packed, "head", 4);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	buf_finish(&w->piece);
	buf_finish(&w->packed);
	buf_finish(&w->back);
	free(w);
	return 0;
}

static struct str packed_of(const struct world *w)
{
	return str_make(w->packed.data + 4, w->packed.size - 4);
}

/* In memory of exactly that size, so that a read past its end is noticed. */
static int unpack(struct world *w, struct str packed, size_t size)
{
	char *copy = malloc(packed.size + 1);
	int rc;

	memcpy(copy, packed.data, packed.size);
	copy = realloc(copy, packed.size > 0 ? packed.size : 1);
	buf_finish(&w->back);
	rc = piece_unpack(str_make(copy, packed.size), size, &w->back);
	assert_int_equal(w->back.size, rc < 0 ? 0 : size);
	free(copy);
	return rc;
}

static void what_is_packed_comes_back_at_every_level(void **state)
{
	struct world *w = *state;

	for (int level = -1; level <= 9; level++) {
		w->packed.size = 4;
		if (level == 0) { /* does not compress: never smaller */
			assert_false(piece_pack(buf_str(&w->piece), level, &w->packed));
			assert_int_equal(w->packed.size, 4);
			continue;
		}
		assert_true(piece_pack(buf_str(&w->piece), level, &w->packed));
		assert_in_range(packed_of(w).size, 1, PIECE - 1);
		assert_memory_equal(w->packed.data, "head", 4);
		assert_int_equal(unpack(w, packed_of(w), PIECE), 0);
		assert_memory_equal(w->back.data, w->piece.data, PIECE);
	}
}

static void a_higher_level_packs_better(void **state)
{
	struct world *w = *state;
	size_t fast;

	assert_true(piece_pack(buf_str(&w->piece), 1, &w->packed));
	fast = packed_of(w).size;
	w->packed.size = 4;
	assert_true(piece_pack(buf_str(&w->piece), 9, &w->packed));
	assert_true(packed_of(w).size < fast);
}

static void what_gzip_made_is_taken(void **state)
{
	struct world *w = *state;

	assert_int_equal(unpack(w, str_make(by_gzip, sizeof(by_gzip)), 34), 0);
	assert_memory_equal(w->back.data, "hold hold hold hold hold hold hold", 34);
}

static void what_would_not_become_smaller_is_left_as_it_is(void **state)
{
	struct world *w = *state;
	struct random random = random_make(2);

	for (size_t size = 0; size < 600; size++) {
		uint8_t noise[600];

		for (size_t i = 0; i < size; i++)
			noise[i] = (uint8_t)random_u64(&random);
		assert_false(piece_pack(str_make(noise, size), 9, &w->packed));
		assert_int_equal(w->packed.size, 4);
	}
}

static void another_size_than_was_said_is_refused(void **state)
{
	struct world *w = *state;

	assert_true(piece_pack(buf_str(&w->piece), 1, &w->packed));
	assert_int_equal(unpack(w, packed_of(w), PIECE - 1), -ERR_DAMAGED);
	assert_int_equal(unpack(w, packed_of(w), PIECE + 1), -ERR_DAMAGED);
	assert_int_equal(unpack(w, packed_of(w), 1), -ERR_DAMAGED);
	assert_int_equal(unpack(w, packed_of(w), 0), -ERR_DAMAGED);
	assert_int_equal(unpack(w, packed_of(w), (size_t)UINT32_MAX + 1), -ERR_DAMAGED);
}

/* A thousand times larger than it came, were it not for the bound. */
static void a_bomb_fills_no_more_than_was_said(void **state)
{
	struct world *w = *state;
	uint8_t *zeros = calloc(1, RUN);

	assert_true(piece_pack(str_make(zeros, RUN), 9, &w->packed));
	assert_true(packed_of(w).size < RUN / 900);
	assert_int_equal(unpack(w, packed_of(w), 2000), -ERR_DAMAGED);
	assert_true(w->back.capacity < 64 << 10);
	free(zeros);
}

static void parts_and_more_than_one_member_are_refused(void **state)
{
	struct world *w = *state;
	struct str whole;

	assert_true(piece_pack(buf_str(&w->piece), 1, &w->packed));
	whole = packed_of(w);
	for (size_t size = 0; size < whole.size; size++)
		assert_int_equal(unpack(w, str_make(whole.data, size), PIECE), -ERR_DAMAGED);
	buf_append(&w->packed, by_gzip, sizeof(by_gzip));
	assert_int_equal(unpack(w, packed_of(w), PIECE), -ERR_DAMAGED);
	assert_int_equal(unpack(w, packed_of(w), PIECE + 34), -ERR_DAMAGED);
}

/* Time and system in gzip's header mean nothing and are not covered by its checksum. */
static void flipped_bits_are_found_or_change_nothing(void **state)
{
	struct world *w = *state;

	assert_true(piece_pack(buf_str(&w->piece), 1, &w->packed));
	for (size_t at = 4; at < w->packed.size; at++) {
		w->packed.data[at] ^= 1 << at % 8;
		if (unpack(w, packed_of(w), PIECE) == 0)
			assert_memory_equal(w->back.data, w->piece.data, PIECE);
		else
			assert_true(at - 4 < 4 || at - 4 >= 8);
		w->packed.data[at] ^= 1 << at % 8;
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(what_is_packed_comes_back_at_every_level),
	        TEST(a_higher_level_packs_better),
	        TEST(what_gzip_made_is_taken),
	        TEST(what_would_not_become_smaller_is_left_as_it_is),
	        TEST(another_size_than_was_said_is_refused),
	        TEST(a_bomb_fills_no_more_than_was_said),
	        TEST(parts_and_more_than_one_member_are_refused),
	        TEST(flipped_bits_are_found_or_change_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
