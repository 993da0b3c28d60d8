/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/err.h"
#include "unit/journal/house.h"

struct result {
	int calls;
	int rc;
	uint64_t index;
};

static void checkpoint_done(void *context, int rc, uint64_t index)
{
	struct result *result = context;

	result->calls++;
	result->rc = rc;
	result->index = index;
}

static uint64_t checkpoint(struct house *house)
{
	struct result result = {0};

	assert_int_equal(journal_checkpoint(house->journal, checkpoint_done, &result), 0);
	assert_int_equal(result.calls, 0);
	RUN_UNTIL(house->io, result.calls > 0);
	assert_int_equal(result.rc, 0);
	return result.index;
}

static void a_start_loads_the_newest_checkpoint_and_replays_the_rest(void **state)
{
	struct house *house = *state;
	struct journal_stats stats;

	house_format(house);
	house_open(house);
	house_fill(house, 20, 100);
	assert_int_equal(checkpoint(house), 21);
	house_fill(house, 5, 100);
	house_close(house);
	house_open(house);
	assert_int_equal(house->toy.loads, 1);
	assert_int_equal(house->toy.count, 26);
	journal_stats(house->journal, &stats);
	assert_int_equal(stats.newest_checkpoint, 21);
}

static void it_is_of_one_instant_though_written_beside_service(void **state)
{
	struct house *house = *state;
	struct house_append request;
	struct result result = {0};

	house->toy.saves_nothing = true;
	house_format(house);
	house_open(house);
	house_fill(house, 30, 100);
	assert_int_equal(journal_checkpoint(house->journal, checkpoint_done, &result), 0);
	assert_int_equal(journal_checkpoint(house->journal, NULL, NULL), -ERR_BUSY);
	assert_int_equal(house_append(house, &request, STR("meanwhile")), 0);
	RUN_UNTIL(house->io, request.done_calls == 1);
	assert_int_equal(result.calls, 0);
	house->toy.saves_nothing = false;
	RUN_UNTIL(house->io, result.calls == 1);
	assert_int_equal(result.index, 31);
	house_close(house);
	house_open(house);
	assert_int_equal(house->toy.loads, 1);
	assert_int_equal(house->toy.count, 32);
}

/* What a start replays counts too: entry 1 here. */
static void it_starts_by_itself_after_so_many_entries(void **state)
{
	struct house *house = *state;

	house->options.checkpoint_entries = 10;
	house_format(house);
	house_open(house);
	house_fill(house, 8, 100);
	assert_int_equal(house_count(house, "checkpoint-"), 0);
	house_fill(house, 1, 100);
	RUN_UNTIL(house->io, house_count(house, "checkpoint-00000000000000000010") == 1);
}

static void one_that_became_due_while_another_was_written_follows(void **state)
{
	struct house *house = *state;

	house->options.checkpoint_entries = 10;
	house->toy.saves_nothing = true;
	house_format(house);
	house_open(house);
	house_fill(house, 24, 100);
	RUN_UNTIL(house->io, house_count(house, "checkpoint-00000000000000000010.tmp") == 1);
	house->toy.saves_nothing = false;
	RUN_UNTIL(house->io, house_count(house, "checkpoint-00000000000000000025") == 1);
}

static void it_starts_by_itself_after_so_many_bytes(void **state)
{
	struct house *house = *state;

	house->options.checkpoint_bytes = 50 * 1000;
	house_format(house);
	house_open(house);
	house_fill(house, 4, 10 * 1000);
	assert_int_equal(house_count(house, "checkpoint-"), 0);
	house_fill(house, 1, 10 * 1000);
	RUN_UNTIL(house->io, house_count(house, "checkpoint-00000000000000000006") == 1);
}

static void two_are_kept_and_the_segments_from_the_older_one_on(void **state)
{
	struct house *house = *state;
	struct journal_stats stats;

	house->options.segment_bytes = 32 * 1024;
	house_format(house);
	house_open(house);
	for (int i = 0; i < 4; i++) {
		house_fill(house, 20, 4000);
		checkpoint(house);
	}
	assert_int_equal(house_count(house, "checkpoint-"), 2);
	assert_int_equal(house_count(house, "checkpoint-00000000000000000061"), 1);
	assert_int_equal(house_count(house, "checkpoint-00000000000000000081"), 1);
	/* Such an entry alone takes two blocks, a segment of eight has room for three: 20 entries
	 * need 7 segments, 80 would need 27. */
	assert_true(house_count(house, "segment-") <= 10);
	journal_stats(house->journal, &stats);
	assert_int_equal(stats.segments, house_count(house, "segment-"));
	house_close(house);
	/* The older one and its segments carry a start alone. */
	house_flip(house_newest(house, "checkpoint-"), 200);
	house_open(house);
	assert_int_equal(house->toy.loads, 1);
	assert_int_equal(house->toy.count, 81);
	buf_append_u8(&house->notices, 0);
	assert_non_null(strstr((char *)house->notices.data, "checkpoint-00000000000000000081"));
}

static void segments_stay_if_asked_for(void **state)
{
	struct house *house = *state;

	house->options.segment_bytes = 32 * 1024;
	house->options.keep_segments = true;
	house_format(house);
	house_open(house);
	for (int i = 0; i < 4; i++) {
		house_fill(house, 20, 4000);
		checkpoint(house);
	}
	assert_int_equal(house_count(house, "checkpoint-"), 2);
	assert_true(house_count(house, "segment-") >= 27);
}

static void one_at_the_same_index_does_not_push_the_older_out(void **state)
{
	struct house *house = *state;

	house_format(house);
	house_open(house);
	house_fill(house, 5, 100);
	checkpoint(house);
	house_fill(house, 5, 100);
	checkpoint(house);
	checkpoint(house);
	assert_int_equal(house_count(house, "checkpoint-00000000000000000006"), 1);
	assert_int_equal(house_count(house, "checkpoint-00000000000000000011"), 1);
}

static void one_that_the_state_machine_does_not_take_is_passed_over(void **state)
{
	struct house *house = *state;

	house_format(house);
	house_open(house);
	house_fill(house, 5, 100);
	checkpoint(house);
	house_fill(house, 5, 100);
	house_close(house);
	house->toy.load_step_rc = -ERR_UNSUPPORTED;
	house_open(house);
	assert_int_equal(house->toy.loads, 0);
	assert_int_equal(house->toy.count, 11);
	buf_append_u8(&house->notices, 0);
	assert_non_null(strstr((char *)house->notices.data, "cannot be loaded"));
}

static void closing_gives_up_the_one_being_written(void **state)
{
	struct house *house = *state;
	struct result result = {0};

	house->toy.saves_nothing = true;
	house_format(house);
	house_open(house);
	house_fill(house, 30, 100);
	assert_int_equal(journal_checkpoint(house->journal, checkpoint_done, &result), 0);
	io_run_once(house->io, 10);
	house_close(house);
	assert_int_equal(result.calls, 1);
	assert_int_equal(house_count(house, "checkpoint-"), result.rc == 0 ? 1 : 0);
	assert_int_equal(house_count(house, "checkpoint-00000000000000000031.tmp"), 0);
	house_open(house);
	assert_int_equal(house->toy.count, 31);
}

#define IN_HOUSE(test) cmocka_unit_test_setup_teardown(test, house_setup, house_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        IN_HOUSE(a_start_loads_the_newest_checkpoint_and_replays_the_rest),
	        IN_HOUSE(it_is_of_one_instant_though_written_beside_service),
	        IN_HOUSE(it_starts_by_itself_after_so_many_entries),
	        IN_HOUSE(one_that_became_due_while_another_was_written_follows),
	        IN_HOUSE(it_starts_by_itself_after_so_many_bytes),
	        IN_HOUSE(two_are_kept_and_the_segments_from_the_older_one_on),
	        IN_HOUSE(segments_stay_if_asked_for),
	        IN_HOUSE(one_at_the_same_index_does_not_push_the_older_out),
	        IN_HOUSE(one_that_the_state_machine_does_not_take_is_passed_over),
	        IN_HOUSE(closing_gives_up_the_one_being_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
