/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/random.h"
#include "rpc/frames.h"

enum { FRAME_MAX = 100000 };

static void frame_in_one_piece_is_handed_out_in_place(void **state)
{
	static const uint8_t bytes[] = {0, 0, 0, 3, 'a', 'b', 'c', 0, 0, 0, 0, 0, 0};
	struct cursor input = cursor_make(bytes, sizeof(bytes));
	struct frames frames;
	struct frame frame;

	(void)state;
	frames_init(&frames, FRAME_MAX);
	assert_int_equal(frames_next(&frames, &input, &frame), 1);
	assert_ptr_equal(frame.bytes.data, bytes + 4);
	assert_int_equal(frame.bytes.size, 3);
	assert_null(frame.memory);
	assert_int_equal(frames_held(&frames), 0);
	assert_int_equal(frames_next(&frames, &input, &frame), 1);
	assert_int_equal(frame.bytes.size, 0);
	assert_int_equal(frames_next(&frames, &input, &frame), 0);
	assert_int_equal(cursor_left(&input), 0);
	assert_true(frames_held(&frames) > 0);
	frames_finish(&frames);
}

/* Frames of all sizes, cut anywhere. */
static void cut_frames_come_out_whole_and_in_order(void **state)
{
	enum { COUNT = 400, STREAM_MAX = 4 << 20 };
	static uint8_t stream[STREAM_MAX];
	struct random random = random_make(5);
	size_t sizes[COUNT], size = 0, at = 0, found = 0, in_pieces = 0;
	struct frames frames;

	(void)state;
	frames_init(&frames, FRAME_MAX);
	for (int i = 0; i < COUNT; i++) {
		sizes[i] = random_below(&random, random_chance(&random, 1, 20) ? 60000 : 200);
		for (int shift = 24; shift >= 0; shift -= 8)
			stream[size++] = (uint8_t)(sizes[i] >> shift);
		memset(stream + size, i, sizes[i]);
		size += sizes[i];
	}
	while (at < size) {
		size_t piece = 1 + random_below(&random, 3000);
		struct cursor input;
		struct frame frame;

		if (piece > size - at)
			piece = size - at;
		input = cursor_make(stream + at, piece);
		at += piece;
		while (frames_next(&frames, &input, &frame) == 1) {
			assert_int_equal(frame.bytes.size, sizes[found]);
			for (size_t i = 0; i < frame.bytes.size; i++)
				assert_int_equal((uint8_t)frame.bytes.data[i], (uint8_t)found);
			in_pieces += frame.memory != NULL;
			mem_free(frame.memory);
			found++;
		}
	}
	assert_int_equal(found, COUNT);
	assert_true(in_pieces > 0 && in_pieces < COUNT);
	frames_finish(&frames);
}

static void giant_and_negative_lengths_are_refused(void **state)
{
	static const uint8_t lengths[][4] = {
	        {0x00, 0x01, 0x86, 0xa1}, {0x7f, 0xff, 0xff, 0xff}, {0xff, 0xff, 0xff, 0xff}};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		for (size_t cut = 0; cut < 4; cut++) {
			struct cursor input = cursor_make(lengths[i], cut);
			struct frames frames;
			struct frame frame;

			frames_init(&frames, FRAME_MAX);
			assert_int_equal(frames_next(&frames, &input, &frame), 0);
			input = cursor_make(lengths[i] + cut, 4 - cut);
			assert_int_equal(frames_next(&frames, &input, &frame), -ERR_TOO_LARGE);
			frames_finish(&frames);
		}
	}
}

static void memory_grows_with_what_came_and_not_with_what_was_promised(void **state)
{
	static const uint8_t begin[] = {0x07, 0xff, 0xff, 0xff, 'x'};
	struct cursor input = cursor_make(begin, sizeof(begin));
	struct frames frames;
	struct frame frame;

	(void)state;
	frames_init(&frames, 128 << 20);
	assert_int_equal(frames_next(&frames, &input, &frame), 0);
	assert_in_range(frames_held(&frames), 5, 1024);
	frames_finish(&frames);
}

static void failing_allocation_is_an_error_and_leaks_nothing(void **state)
{
	static const uint8_t begin[] = {0, 0, 0, 9, 'x'};
	struct cursor input = cursor_make(begin, sizeof(begin));
	struct frames frames;
	struct frame frame;

	(void)state;
	frames_init(&frames, FRAME_MAX);
	mem_fail_after(0);
	assert_int_equal(frames_next(&frames, &input, &frame), -ERR_NO_MEMORY);
	mem_fail_after(-1);
	frames_finish(&frames);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(frame_in_one_piece_is_handed_out_in_place),
	        cmocka_unit_test(cut_frames_come_out_whole_and_in_order),
	        cmocka_unit_test(giant_and_negative_lengths_are_refused),
	        cmocka_unit_test(memory_grows_with_what_came_and_not_with_what_was_promised),
	        cmocka_unit_test(failing_allocation_is_an_error_and_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
