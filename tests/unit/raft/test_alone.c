/* SPDX-License-Identifier: Apache-2.0 */
/* A master that was always alone: no history, and no list of members on its disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/raft/core.h"

enum { LAST = 5, TERM = 1 };

struct world {
	struct raft *core;
	struct raft_update update;
	uint64_t now_ms;
	struct raft_vote record; /* on disk */
	struct raft_list list;   /* in the log; no members: none is */
};

static void step(struct world *w, struct raft_event event)
{
	event.now_ms = w->now_ms;
	assert_int_equal(raft_step(w->core, &event, &w->update), 0);
	if (w->update.what & RAFT_MEMBERS)
		w->list = *raft_members(w->core);
	if (w->update.what & RAFT_PERSIST_VOTE) {
		w->record = w->update.vote;
		step(w, (struct raft_event){.kind = RAFT_VOTE_SYNCED,
		                            .vote_synced = w->update.vote_number});
	}
}

/* From what is on disk. */
static int start(struct world *w, uint64_t last)
{
	static const char *const address = "a:1";
	struct raft_options options = options_of('a', address, NULL, 0);
	struct raft_run run = {.first = 1, .term = TERM};
	struct raft_list own = list_of('a', &address, 1, 1);
	struct raft_start begin = {
	        .now_ms = w->now_ms,
	        .vote = w->record,
	        .runs = &run,
	        .run_count = 1,
	        .last = last,
	        .commit = last,
	        .lists = w->list.members.count == 0 ? &own : &w->list,
	        .list_count = 1,
	};

	own.index = 0; /* its host says so; nothing is written */
	return raft_create(&options, &begin, &w->core);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	w->now_ms = 1000;
	w->record.term = TERM;
	assert_int_equal(start(w, LAST), 0);
	for (int i = 0; i < 2; i++)
		step(w, (struct raft_event){.kind = RAFT_TICK});
	*state = w;
	return 0;
}

static void who_was_given_a_priority_starts_again(void **state)
{
	struct world *w = *state;
	struct raft_status status;

	raft_status(w->core, &status);
	assert_int_equal(status.role, RAFT_LEADER);
	step(w, (struct raft_event){
	                .kind = RAFT_CHANGE,
	                .change = {.kind = RAFT_CHANGE_PRIORITY, .id = id_of('a'), .priority = 7}});
	raft_status(w->core, &status);
	raft_destroy(w->core);
	w->core = NULL;
	assert_int_equal(start(w, status.last), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(who_was_given_a_priority_starts_again, setup,
	                                        teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
