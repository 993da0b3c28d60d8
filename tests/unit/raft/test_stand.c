/* SPDX-License-Identifier: Apache-2.0 */
/* Who may not stand for election.  The test speaks for the peers, and is the clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "unit/raft/leader.h"

static int setup(void **state)
{
	return set_up(state, 3, 5);
}

/* Its state was found to be a wrong one, say, while it waited for the votes. */
static void who_may_stand_no_more_is_not_elected_by_votes_on_their_way(void **state)
{
	struct world *w = *state;

	stand(w);
	step(w, (struct raft_event){.kind = RAFT_CONDITION, .condition = {.may_stand = false}});
	assert_int_equal(w->status.role, RAFT_FOLLOWER);
	get_vote(w);
	assert_int_equal(w->status.role, RAFT_FOLLOWER);
}

static void who_may_stand_again_is_elected(void **state)
{
	struct world *w = *state;

	stand(w);
	step(w, (struct raft_event){.kind = RAFT_CONDITION, .condition = {.may_stand = false}});
	step(w, (struct raft_event){.kind = RAFT_CONDITION, .condition = {.may_stand = true}});
	be_elected(w);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(who_may_stand_no_more_is_not_elected_by_votes_on_their_way),
	        TEST(who_may_stand_again_is_elected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
