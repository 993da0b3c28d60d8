/* SPDX-License-Identifier: Apache-2.0 */
/* What a core does not begin with: options that make no sense, and a log that is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "raft/raft.h"

enum { LAST = 5, TERM = 2 };

static const char *const addresses[] = {"a:1", "b:1", "c:1"};
static char endless_address[RAFT_ADDRESS_BYTES_MAX + 2];
static const char *const endless[] = {endless_address};
static const char *const many[RAFT_MEMBERS_MAX + 1] = {"a:1", "b:1", "c:1", "d:1", "e:1",
                                                       "f:1", "g:1", "h:1", "i:1", "j:1"};

static const struct raft_run run = {.first = 1, .term = TERM};
static const struct raft_list list = {
        .index = 1,
        .members = {.count = 1, .member = {{.id = {"a"}, .is_voter = true, .address = "a:1"}}},
};

static const struct raft_options good_options = {
        .self = {"a"},
        .address = "a:1",
        .addresses = addresses,
        .address_count = 3,
        .election_min_ms = 100,
        .election_max_ms = 150,
        .heartbeat_ms = 10,
        .retry_ms = 10,
        .append_bytes_max = 1000,
        .window_bytes_max = 1000,
        .chunk_bytes_max = 1000,
};

static const struct raft_start good_start = {
        .now_ms = 1000,
        .vote = {.term = TERM, .history = {"h"}},
        .runs = &run,
        .run_count = 1,
        .last = LAST,
        .commit = LAST,
        .lists = &list,
        .list_count = 1,
};

static int create(const struct raft_options *options, const struct raft_start *start)
{
	struct raft *core = NULL;
	int rc = raft_create(options, start, &core);

	assert_true((rc == 0) == (core != NULL));
	raft_destroy(core);
	return rc;
}

#define REFUSES_OPTION(...)                                                                        \
	do {                                                                                       \
		struct raft_options options = good_options;                                        \
		__VA_ARGS__;                                                                       \
		assert_int_equal(create(&options, &good_start), -ERR_INVALID);                     \
	} while (0)

static void options_that_contradict_themselves_are_refused(void **state)
{
	(void)state;
	memset(endless_address, 'x', RAFT_ADDRESS_BYTES_MAX + 1);
	assert_int_equal(create(&good_options, &good_start), 0);
	REFUSES_OPTION(options.self = (struct raft_id){0});
	REFUSES_OPTION(options.address = NULL);
	REFUSES_OPTION(options.address = "");
	REFUSES_OPTION(options.address = endless_address);
	REFUSES_OPTION(options.addresses = endless, options.address_count = 1);
	REFUSES_OPTION(options.addresses = many, options.address_count = RAFT_MEMBERS_MAX + 1);
	REFUSES_OPTION(options.election_min_ms = 0);
	REFUSES_OPTION(options.election_max_ms = 99);
	REFUSES_OPTION(options.election_max_ms = options.election_min_ms =
	                       RAFT_ELECTION_MS_MAX + 1);
	REFUSES_OPTION(options.heartbeat_ms = 0);
	REFUSES_OPTION(options.heartbeat_ms = 100);
	REFUSES_OPTION(options.retry_ms = 0);
	REFUSES_OPTION(options.append_bytes_max = 0);
	REFUSES_OPTION(options.window_bytes_max = 0);
	REFUSES_OPTION(options.chunk_bytes_max = 0);
}

#define REFUSES_START(...)                                                                         \
	do {                                                                                       \
		struct raft_start start = good_start;                                              \
		__VA_ARGS__;                                                                       \
		assert_int_equal(create(&good_options, &start), -ERR_INVALID);                     \
	} while (0)

static void a_log_that_is_none_is_refused(void **state)
{
	const struct raft_run late = {.first = 2, .term = TERM},
	                      beyond = {.first = 9, .term = TERM},
	                      falling[] = {{.first = 1, .term = 2}, {.first = 3, .term = 1}},
	                      twice[] = {{.first = 1, .term = 1}, {.first = 1, .term = 2}};
	const struct raft_list empty = {.index = 1},
	                       outside = {.index = LAST + 1, .members.count = 1},
	                       crowded = {.index = 1, .members.count = RAFT_MEMBERS_MAX + 1},
	                       same[] = {list, list};

	(void)state;
	assert_int_equal(create(&good_options, &good_start), 0);
	REFUSES_START(start.base = LAST + 1);
	REFUSES_START(start.commit = LAST + 1);
	REFUSES_START(start.base = 2, start.commit = 1);
	REFUSES_START(start.run_count = 0);
	REFUSES_START(start.last = start.commit = 0);
	REFUSES_START(start.runs = &late);
	REFUSES_START(start.runs = &beyond);
	REFUSES_START(start.runs = falling, start.run_count = 2);
	REFUSES_START(start.runs = twice, start.run_count = 2);
	REFUSES_START(start.lists = &empty);
	REFUSES_START(start.lists = &outside);
	REFUSES_START(start.lists = &crowded);
	REFUSES_START(start.lists = same, start.list_count = 2);
	/* Whoever wrote that term had a record of it. */
	REFUSES_START(start.vote.term = TERM - 1);
	/* Others are members, and nobody knows of which cluster. */
	REFUSES_START(memset(&start.vote.history, 0, sizeof(start.vote.history)));
}

/* Wherever it happens. */
static void lack_of_memory_ends_the_start(void **state)
{
	bool has_failed = true;
	int failures = 0;

	(void)state;
	for (int n = 0; has_failed; n++) {
		int rc;

		mem_fail_after(n);
		rc = create(&good_options, &good_start);
		has_failed = mem_has_failed();
		mem_fail_after(-1);
		assert_int_equal(rc, has_failed ? -ERR_NO_MEMORY : 0);
		failures += has_failed;
	}
	assert_int_equal(failures, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(options_that_contradict_themselves_are_refused),
	        cmocka_unit_test(a_log_that_is_none_is_refused),
	        cmocka_unit_test(lack_of_memory_ends_the_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
