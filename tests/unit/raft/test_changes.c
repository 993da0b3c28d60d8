/* SPDX-License-Identifier: Apache-2.0 */
/* Who is let in, who is taken out, and what is refused.  The test speaks for all peers of the
 * leader 'a', and is the clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/raft/leader.h"

enum { LAST = 5, PRIORITY_PAUSE_MS = 30 * 1000 };

static int setup(void **state)
{
	return set_up(state, 3, LAST);
}

static int setup_where_leave_is_needed(void **state)
{
	return set_up_with(state, 3, LAST, true);
}

static void sync_own(struct world *w)
{
	if (w->update.what & RAFT_APPEND)
		step(w, (struct raft_event){.kind = RAFT_SYNCED,
		                            .synced = {.generation = w->update.append.generation,
		                                       .last = w->update.append.last}});
}

/* All that was decided is committed. */
static void settle(struct world *w)
{
	sync_own(w);
	answer_heartbeat(w, 'b', w->status.last);
	answer_heartbeat(w, 'c', w->status.last);
}

/* Time goes on, and the voters b and c answer. */
static void pass(struct world *w, uint64_t ms)
{
	for (uint64_t end_ms = w->now_ms + ms; w->now_ms < end_ms;) {
		w->now_ms += HEARTBEAT_MS;
		step(w, (struct raft_event){.kind = RAFT_TICK});
		settle(w);
	}
}

static void lead(struct world *w)
{
	be_elected(w);
	settle(w);
}

static enum raft_refusal change(struct world *w, struct raft_change change)
{
	step(w, (struct raft_event){.kind = RAFT_CHANGE, .change = change});
	return w->update.what & RAFT_REFUSED ? w->update.refusal : RAFT_OK;
}

static enum raft_refusal allow(struct world *w, const char *address)
{
	return change(w, (struct raft_change){.kind = RAFT_CHANGE_ALLOW, .address = address});
}

static enum raft_refusal take_out(struct world *w, char name)
{
	return change(w, (struct raft_change){.kind = RAFT_CHANGE_REMOVE, .id = id_of(name)});
}

static enum raft_refusal set_priority(struct world *w, char name, uint8_t priority)
{
	return change(w, (struct raft_change){.kind = RAFT_CHANGE_PRIORITY,
	                                      .id = id_of(name),
	                                      .priority = priority});
}

static enum raft_refusal join_from(struct world *w, char name, char history, const char *address)
{
	struct raft_message message = {.kind = RAFT_MESSAGE_JOIN, .join = {.address = address}};

	message.from = id_of(name);
	message.to = id_of('a');
	message.history = id_of(history);
	step(w, (struct raft_event){.kind = RAFT_RECEIVED, .message = &message});
	for (size_t i = 0; i < w->update.message_count; i++)
		if (w->update.messages[i].kind == RAFT_MESSAGE_JOIN_REPLY)
			return w->update.messages[i].join.refusal;
	fail_msg("no answer");
	return RAFT_OK;
}

static enum raft_refusal join(struct world *w, char name, const char *address)
{
	return join_from(w, name, 'h', address);
}

static bool is_member(const struct world *w, char name)
{
	return raft_member_by_id(&raft_members(w->core)->members, id_of(name)) != NULL;
}

/* ---- joining ---- */

static void whom_nobody_let_in_stays_outside(void **state)
{
	struct world *w = *state;

	assert_int_equal(join(w, 'd', "d:1"), RAFT_NOT_LEADER);
	lead(w);
	assert_int_equal(join(w, 'd', "d:1"), RAFT_NOT_CONFIGURED);
	assert_int_equal(join_from(w, 'd', 'x', "d:1"), RAFT_FOREIGN);
	assert_int_equal(join(w, 'd', ""), RAFT_MALFORMED);
	assert_int_equal(join(w, 'd', "c:1"), RAFT_ADDRESS_IN_USE);
	assert_int_equal(allow(w, ""), RAFT_MALFORMED);
	assert_int_equal(w->status.last, w->status.commit);
	assert_int_equal(allow(w, "d:1"), RAFT_OK);
	assert_int_equal(join(w, 'd', "d:1"), RAFT_OK);
	assert_true(is_member(w, 'd'));
}

static void who_needs_leave_is_told_so_and_joins_with_it(void **state)
{
	struct world *w = *state;

	lead(w);
	assert_int_equal(join(w, 'd', "d:1"), RAFT_LEAVE_NEEDED);
	assert_int_equal(allow(w, "d:1"), RAFT_OK);
	assert_int_equal(join(w, 'd', "d:1"), RAFT_OK);
}

/* Its folder was wiped before it could vote. */
static void a_silent_learner_gives_way_to_who_comes_from_its_address(void **state)
{
	struct world *w = *state;

	lead(w);
	allow(w, "d:1");
	assert_int_equal(join(w, 'd', "d:1"), RAFT_OK);
	settle(w);
	assert_int_equal(join(w, 'e', "d:1"), RAFT_ADDRESS_IN_USE);
	pass(w, 2 * ELECTION_MS);
	assert_int_equal(join(w, 'e', "d:1"), RAFT_OK);
	assert_true(is_member(w, 'e'));
	assert_false(is_member(w, 'd'));
}

static void who_was_taken_out_hears_of_it_when_that_is_committed(void **state)
{
	struct world *w = *state;

	lead(w);
	assert_int_equal(take_out(w, 'c'), RAFT_OK);
	assert_int_equal(join(w, 'c', "c:1"), RAFT_CHANGE_RUNS);
	step(w, (struct raft_event){.kind = RAFT_SYNCED, .synced = {.last = w->status.last}});
	answer_heartbeat(w, 'b', w->status.last);
	assert_int_equal(w->status.commit, w->status.last);
	assert_int_equal(join(w, 'c', "c:1"), RAFT_NOT_MEMBER);
}

static char nth_address[] = "?:1";

static const char *address_of(char name)
{
	nth_address[0] = name;
	return nth_address;
}

/* Learners from `first` to `last`. */
static void let_in(struct world *w, char first, char last)
{
	for (char name = first; name <= last; name++) {
		allow(w, address_of(name));
		assert_int_equal(join(w, name, address_of(name)), RAFT_OK);
		settle(w);
	}
}

static void a_cluster_has_so_many_members_and_no_more(void **state)
{
	struct world *w = *state;

	lead(w);
	let_in(w, 'd', 'i');
	assert_int_equal(raft_members(w->core)->members.count, RAFT_MEMBERS_MAX);
	assert_int_equal(allow(w, "j:1"), RAFT_OK);
	assert_int_equal(join(w, 'j', "j:1"), RAFT_TOO_MANY_MEMBERS);
	/* Who leaves is served for a while beside them. */
	for (char name = 'd'; name <= 'f'; name++) {
		assert_int_equal(take_out(w, name), RAFT_OK);
		settle(w);
	}
	let_in(w, 'k', 'm');
	assert_int_equal(raft_members(w->core)->members.count, RAFT_MEMBERS_MAX);
}

static void so_many_addresses_are_allowed_and_no_more(void **state)
{
	struct world *w = *state;
	char name = 'd';

	lead(w);
	for (size_t count = 3; count < 2 * RAFT_MEMBERS_MAX; count++)
		assert_int_equal(allow(w, address_of(name++)), RAFT_OK);
	assert_int_equal(allow(w, address_of(name)), RAFT_TOO_MANY_ADDRESSES);
}

/* ---- commands ---- */

static void commands_about_nobody_are_refused(void **state)
{
	struct world *w = *state;
	uint64_t last;

	assert_int_equal(take_out(w, 'b'), RAFT_NOT_LEADER);
	lead(w);
	last = w->status.last;
	assert_int_equal(take_out(w, 'x'), RAFT_UNKNOWN_MEMBER);
	assert_int_equal(set_priority(w, 'x', 7), RAFT_UNKNOWN_MEMBER);
	assert_int_equal(set_priority(w, 'b', 0), RAFT_OK); /* which it has */
	assert_int_equal(w->status.last, last);
}

/* ---- priorities ---- */

static bool is_told_to_stand(const struct world *w, char name)
{
	for (size_t i = 0; i < w->update.message_count; i++)
		if (w->update.messages[i].kind == RAFT_MESSAGE_STAND &&
		    raft_id_equal(w->update.messages[i].to, id_of(name)))
			return true;
	return false;
}

/* It is told in the step in which its answer says that it has everything. */
static bool is_handed_over(struct world *w, uint64_t ms, uint64_t written)
{
	for (uint64_t end_ms = w->now_ms + ms; w->now_ms < end_ms; w->now_ms += HEARTBEAT_MS) {
		uint64_t before = w->status.last;

		if (written > 0 && raft_takes_proposals(w->core)) {
			step(w, (struct raft_event){.kind = RAFT_PROPOSED, .proposed = written});
			sync_own(w);
		}
		answer_heartbeat(w, 'b', before);
		if (is_told_to_stand(w, 'b'))
			return true;
		answer_heartbeat(w, 'c', before);
	}
	return false;
}

static void primacy_goes_to_a_higher_priority_after_a_while(void **state)
{
	struct world *w = *state;

	lead(w);
	assert_int_equal(set_priority(w, 'b', 7), RAFT_OK);
	settle(w);
	assert_false(is_handed_over(w, PRIORITY_PAUSE_MS - ELECTION_MS, 0));
	assert_true(is_handed_over(w, 2 * ELECTION_MS, 0));
}

/* Whoever always has all but what was written a moment ago has never everything. */
static void it_does_so_while_entries_come_all_the_time(void **state)
{
	struct world *w = *state;

	lead(w);
	assert_int_equal(set_priority(w, 'b', 7), RAFT_OK);
	settle(w);
	assert_true(is_handed_over(w, PRIORITY_PAUSE_MS + 2 * ELECTION_MS, 1));
}

static void it_stays_where_the_higher_priority_has_a_worse_disk(void **state)
{
	struct world *w = *state;

	lead(w);
	assert_int_equal(set_priority(w, 'b', 7), RAFT_OK);
	settle(w);
	for (int i = 0; i < (PRIORITY_PAUSE_MS + ELECTION_MS) / HEARTBEAT_MS; i++) {
		w->now_ms += HEARTBEAT_MS;
		receive(w, 'b',
		        (struct raft_message){
		                .kind = RAFT_MESSAGE_APPEND_REPLY,
		                .append_reply = {.match = w->status.last, .health = 1}});
		assert_false(is_told_to_stand(w, 'b'));
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(whom_nobody_let_in_stays_outside),
	        cmocka_unit_test_setup_teardown(who_needs_leave_is_told_so_and_joins_with_it,
	                                        setup_where_leave_is_needed, teardown),
	        TEST(a_silent_learner_gives_way_to_who_comes_from_its_address),
	        TEST(who_was_taken_out_hears_of_it_when_that_is_committed),
	        TEST(a_cluster_has_so_many_members_and_no_more),
	        TEST(so_many_addresses_are_allowed_and_no_more),
	        TEST(commands_about_nobody_are_refused),
	        TEST(primacy_goes_to_a_higher_priority_after_a_while),
	        TEST(it_does_so_while_entries_come_all_the_time),
	        TEST(it_stays_where_the_higher_priority_has_a_worse_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
