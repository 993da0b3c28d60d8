/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/log.h"
#include "unit/journal/house.h"

/* Waits until the next segment is prepared, so that appends are taken. */
static void open_ready(struct house *house)
{
	house_format(house);
	house_open(house);
	house_fill(house, 1, 10);
}

static void an_append_is_answered_once_and_applied_before(void **state)
{
	struct house *house = *state;
	struct house_append request;

	open_ready(house);
	assert_int_equal(house_append(house, &request, STR("some change")), 0);
	assert_int_equal(request.append.index, 3);
	assert_int_equal(request.done_calls, 0);
	assert_int_equal(house->toy.count, 2);
	assert_int_equal(journal_last_index(house->journal), 3);
	assert_int_equal(journal_commit_index(house->journal), 2);
	RUN_UNTIL(house->io, request.done_calls > 0);
	assert_int_equal(request.outcome, JOURNAL_COMMITTED);
	assert_int_equal(house->toy.count, 3);
	assert_int_equal(house->toy.hashes[2], toy_hash(STR("some change")));
	assert_int_equal(journal_commit_index(house->journal), 3);
	house_close(house);
	assert_int_equal(request.done_calls, 1);
}

static void appends_of_one_turn_go_together_and_are_answered_in_order(void **state)
{
	enum { COUNT = 200 };
	struct house *house = *state;
	struct house_append requests[COUNT];
	struct journal_stats before, after;
	size_t apply_calls;

	open_ready(house);
	journal_stats(house->journal, &before);
	apply_calls = house->toy.apply_calls;
	for (size_t i = 0; i < COUNT; i++) {
		assert_int_equal(house_append(house, &requests[i], STR("change")), 0);
		assert_int_equal(requests[i].append.index, 3 + i);
	}
	RUN_UNTIL(house->io, requests[COUNT - 1].done_calls == 1);
	journal_stats(house->journal, &after);
	assert_int_equal(after.batches - before.batches, 1);
	assert_int_equal(after.entries - before.entries, COUNT);
	assert_int_equal(house->toy.apply_calls - apply_calls, 1);
	for (size_t i = 1; i < COUNT; i++)
		assert_true(requests[i - 1].order < requests[i].order);
}

static void what_was_answered_is_there_after_a_start(void **state)
{
	struct house *house = *state;
	uint64_t *hashes;
	size_t count;

	house_format(house);
	house_open(house);
	house_fill(house, 300, 2000);
	count = house->toy.count;
	hashes = calloc(count, sizeof(*hashes));
	memcpy(hashes, house->toy.hashes, count * sizeof(*hashes));
	house_close(house);
	house_open(house);
	assert_int_equal(house->toy.count, count);
	assert_memory_equal(house->toy.hashes, hashes, count * sizeof(*hashes));
	free(hashes);
	/* 600 KB in segments of 256: there are several. */
	assert_true(house_count(house, "segment-") >= 3);
}

static void each_start_has_its_own_epoch(void **state)
{
	struct house *house = *state;
	uint64_t before;

	house_format(house);
	house_open(house);
	before = journal_epoch(house->journal);
	house_close(house);
	house_open(house);
	assert_true(journal_epoch(house->journal) > before);
}

static void an_entry_above_the_limit_is_refused(void **state)
{
	struct house *house = *state;
	struct house_append request;
	char *bytes = calloc(1, house->options.entry_bytes_max + 1);

	open_ready(house);
	assert_int_equal(
	        house_append(house, &request, str_make(bytes, house->options.entry_bytes_max + 1)),
	        -ERR_TOO_LARGE);
	assert_int_equal(journal_last_index(house->journal), 2);
	house_fill(house, 1, house->options.entry_bytes_max);
	assert_int_equal(house->toy.count, 3);
	assert_int_equal(request.done_calls, 0);
	free(bytes);
}

static void an_entry_larger_than_a_segment_finds_room(void **state)
{
	struct house *house = *state;

	house->options.segment_bytes = 16 * 1024;
	open_ready(house);
	house_fill(house, 2, 90 * 1000);
	house_fill(house, 2, 100);
	house_close(house);
	house_open(house);
	assert_int_equal(house->toy.count, 6);
}

static void above_the_limit_in_flight_appends_wait_for_room(void **state)
{
	enum { COUNT = 64 };
	struct house *house = *state;
	struct house_append requests[COUNT];
	char bytes[40000] = {0};
	size_t taken = 0, room_calls;
	int rc = 0;

	house->options.segment_bytes = 8 << 20;
	open_ready(house);
	/* The first segment of a run is small; wait for a large one. */
	house_fill(house, 40, 50000);
	room_calls = house->room_calls;
	while (taken < COUNT && rc == 0) {
		rc = house_append(house, &requests[taken], str_make(bytes, sizeof(bytes)));
		taken += rc == 0;
	}
	assert_int_equal(rc, -ERR_AGAIN);
	assert_true(taken >= 2 && taken * sizeof(bytes) <= house->options.inflight_bytes_max);
	RUN_UNTIL(house->io, house->room_calls > room_calls);
	RUN_UNTIL(house->io, requests[taken - 1].done_calls == 1);
	house_fill(house, 1, 1000);
}

static void closing_answers_what_is_in_flight(void **state)
{
	enum { COUNT = 50 };
	struct house *house = *state;
	struct house_append requests[COUNT], late;

	open_ready(house);
	for (size_t i = 0; i < COUNT; i++)
		assert_int_equal(house_append(house, &requests[i], STR("change")), 0);
	house->is_closed = false;
	journal_close(house->journal, house_on_closed, house);
	assert_int_equal(house_append(house, &late, STR("too late")), -ERR_STANDBY);
	assert_false(house->is_closed);
	RUN_UNTIL(house->io, house->is_closed);
	for (size_t i = 0; i < COUNT; i++) {
		assert_int_equal(requests[i].done_calls, 1);
		assert_int_equal(requests[i].outcome, JOURNAL_COMMITTED);
	}
	toy_clear(&house->toy);
	house->phase = JOURNAL_STARTING;
	house_open(house);
	assert_int_equal(house->toy.count, 2 + COUNT);
}

static void a_journal_may_be_closed_at_once(void **state)
{
	struct house *house = *state;
	char *text = NULL;

	house_format(house);
	for (int turns = 0; turns < 12; turns++) {
		assert_int_equal(journal_open(&house->options, &house->journal, &text), 0);
		for (int i = 0; i < turns; i++)
			io_run_once(house->io, 1);
		house_close(house);
	}
	house_open(house);
	assert_int_equal(house->toy.count, 1);
}

static void before_it_leads_appends_and_reads_are_refused(void **state)
{
	struct house *house = *state;
	struct house_append request;
	char *text = NULL;

	house_format(house);
	assert_int_equal(journal_open(&house->options, &house->journal, &text), 0);
	assert_int_equal(house_append(house, &request, STR("early")), -ERR_STANDBY);
	RUN_UNTIL(house->io, house->phase == JOURNAL_LEADING);
	assert_int_equal(house->toy.count, 1);
}

struct read {
	struct journal_read read;
	int rc;
	uint64_t index;
};

static void read_done(struct journal_read *read, int rc, uint64_t index)
{
	CONTAINER_OF(read, struct read, read)->rc = rc;
	CONTAINER_OF(read, struct read, read)->index = index;
}

static void a_lone_master_proves_its_primacy_at_once(void **state)
{
	struct house *house = *state;
	struct read read = {.read.done = read_done, .rc = 1};
	char *text = NULL;

	house_format(house);
	assert_int_equal(journal_open(&house->options, &house->journal, &text), 0);
	journal_read_index(house->journal, &read.read);
	assert_int_equal(read.rc, -ERR_STANDBY);
	RUN_UNTIL(house->io, house->phase == JOURNAL_LEADING);
	house_fill(house, 3, 10);
	journal_read_index(house->journal, &read.read);
	assert_int_equal(read.rc, 0);
	assert_int_equal(read.index, 4);
}

/* A batch is one sync at least, so a limit of none but a millisecond is soon passed by one that
 * begins a segment. */
static void a_sync_that_hangs_ends_the_process(void **state)
{
	struct house *house = *state;
	int status;
	pid_t child;

	house_format(house);
	child = fork();
	if (child == 0) {
		struct io *io;

		log_set_level(LOG_LEVEL_ERROR + 1);
		if (io_create(&io) != 0)
			_exit(99);
		house->io = house->options.io = io;
		house->options.sync_hang_ms = 1;
		house->options.segment_bytes = 16 * 1024;
		house_open(house);
		house_fill(house, 5000, 8000);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EXIT_DAMAGE);
	house_open(house);
}

#define IN_HOUSE(test) cmocka_unit_test_setup_teardown(test, house_setup, house_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        IN_HOUSE(an_append_is_answered_once_and_applied_before),
	        IN_HOUSE(appends_of_one_turn_go_together_and_are_answered_in_order),
	        IN_HOUSE(what_was_answered_is_there_after_a_start),
	        IN_HOUSE(each_start_has_its_own_epoch),
	        IN_HOUSE(an_entry_above_the_limit_is_refused),
	        IN_HOUSE(an_entry_larger_than_a_segment_finds_room),
	        IN_HOUSE(above_the_limit_in_flight_appends_wait_for_room),
	        IN_HOUSE(closing_answers_what_is_in_flight),
	        IN_HOUSE(a_journal_may_be_closed_at_once),
	        IN_HOUSE(before_it_leads_appends_and_reads_are_refused),
	        IN_HOUSE(a_lone_master_proves_its_primacy_at_once),
	        IN_HOUSE(a_sync_that_hangs_ends_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
