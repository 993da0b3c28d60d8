/* SPDX-License-Identifier: Apache-2.0 */
/* How a cluster is formed.  The core tested is 'a', or 'b'; the test speaks for the others, and is
 * the clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/raft/core.h"

enum { ADDRESSES = 3 };

struct world {
	struct raft *core;
	struct raft_update update;
	uint64_t now_ms;
	struct raft_ask_message asked; /* last */
	bool has_formed;
	enum raft_refusal refusal; /* said last */
};

static void step(struct world *w, struct raft_event event)
{
	event.now_ms = w->now_ms;
	assert_int_equal(raft_step(w->core, &event, &w->update), 0);
	for (size_t i = 0; i < w->update.message_count; i++)
		if (w->update.messages[i].kind == RAFT_MESSAGE_ASK)
			w->asked = w->update.messages[i].ask;
	if (w->update.what & RAFT_REFUSED)
		w->refusal = w->update.refusal;
	w->has_formed |=
	        (w->update.what & RAFT_APPEND) != 0 && w->update.append.source == RAFT_FROM_FORMING;
}

/* An empty master answers under an address, and binds itself if it is told to. */
static void answer(struct world *w, char name, const char *address)
{
	struct raft_message message = {.kind = RAFT_MESSAGE_ANSWER,
	                               .from = id_of(name),
	                               .to = id_of('a'),
	                               .answer = {.address = address,
	                                          .token = w->asked.token,
	                                          .configured_hash = w->asked.configured_hash}};

	if (w->asked.binds)
		message.history = id_of('a');
	step(w, (struct raft_event){.kind = RAFT_RECEIVED, .message = &message});
}

/* Time for two askings, each answered from b:1 and c:1 by those two. */
static void be_answered_by(struct world *w, char at_b, char at_c)
{
	for (int asking = 0; asking < 3 && !w->has_formed; asking++) {
		w->now_ms += RETRY_MS;
		step(w, (struct raft_event){.kind = RAFT_TICK});
		answer(w, at_b, "b:1");
		answer(w, at_c, "c:1");
	}
}

static int set_up(void **state, char name)
{
	static const char *const addresses[ADDRESSES] = {"a:1", "b:1", "c:1"};
	struct world *w = calloc(1, sizeof(*w));
	struct raft_options options = options_of(name, addresses[name - 'a'], addresses, ADDRESSES);
	struct raft_start start = {.now_ms = 1000};

	w->now_ms = start.now_ms;
	assert_int_equal(raft_create(&options, &start, &w->core), 0);
	*state = w;
	return 0;
}

static int setup(void **state)
{
	return set_up(state, 'a');
}

static int setup_b(void **state)
{
	return set_up(state, 'b');
}

static void three_empty_masters_become_a_cluster(void **state)
{
	struct world *w = *state;

	be_answered_by(w, 'b', 'c');
	assert_true(w->has_formed);
	assert_int_equal(raft_members(w->core)->members.count, 3);
}

/* Two names of one machine, say: it would be two of three voters, and the list one that nobody
 * reads. */
static void one_master_under_two_addresses_does_not_take_two_seats(void **state)
{
	struct world *w = *state;

	be_answered_by(w, 'b', 'b');
	assert_false(w->has_formed);
	assert_int_equal(w->refusal, RAFT_SAME_MASTER);
	be_answered_by(w, 'b', 'c'); /* it was corrected */
	assert_true(w->has_formed);
}

/* ---- without those that are silent ---- */

static void have_only_b_answer(struct world *w)
{
	for (int asking = 0; asking < 3; asking++) {
		w->now_ms += RETRY_MS;
		step(w, (struct raft_event){.kind = RAFT_TICK});
		answer(w, 'b', "b:1");
	}
}

static void who_is_silent_is_waited_for(void **state)
{
	struct world *w = *state;
	struct raft_status status;

	have_only_b_answer(w);
	assert_false(w->has_formed);
	raft_status(w->core, &status);
	assert_int_equal(status.waiting, RAFT_WAITS_FOR_ANSWERS);
}

static void an_operator_may_form_without_those_that_are_silent(void **state)
{
	struct world *w = *state;

	have_only_b_answer(w);
	step(w, (struct raft_event){.kind = RAFT_FORM});
	have_only_b_answer(w);
	assert_true(w->has_formed);
	assert_int_equal(raft_members(w->core)->members.count, 2);
}

/* b belongs to a cluster, whose list does not have this master. */
static void hear_of_a_cluster(struct world *w, char history)
{
	struct raft_list list = {.index = 1, .members.count = 1};
	struct raft_message message = {.kind = RAFT_MESSAGE_ANSWER,
	                               .from = id_of('b'),
	                               .to = id_of('a'),
	                               .history = id_of(history),
	                               .answer = {.address = "b:1",
	                                          .token = w->asked.token,
	                                          .configured_hash = w->asked.configured_hash,
	                                          .last = 1,
	                                          .last_term = 1,
	                                          .leader = id_of('b'),
	                                          .list = &list}};

	list.members.member[0] =
	        (struct raft_member){.id = id_of('b'), .is_voter = true, .address = "b:1"};
	step(w, (struct raft_event){.kind = RAFT_RECEIVED, .message = &message});
}

static bool asks_to_join(const struct world *w)
{
	for (size_t i = 0; i < w->update.message_count; i++)
		if (w->update.messages[i].kind == RAFT_MESSAGE_JOIN)
			return true;
	return false;
}

static void nobody_forms_where_there_is_a_cluster(void **state)
{
	struct world *w = *state;

	w->now_ms += RETRY_MS;
	step(w, (struct raft_event){.kind = RAFT_TICK});
	hear_of_a_cluster(w, 'h');
	assert_true(asks_to_join(w));
	step(w, (struct raft_event){.kind = RAFT_FORM});
	assert_int_equal(w->refusal, RAFT_HAS_CLUSTER);
}

/* The cluster that it asked to be let in was given up and formatted meanwhile: nobody would take a
 * new one's entries from who belongs to that. */
static void who_is_bound_to_another_cluster_forms_none(void **state)
{
	struct world *w = *state;
	struct raft_status status;

	w->now_ms += RETRY_MS;
	step(w, (struct raft_event){.kind = RAFT_TICK});
	hear_of_a_cluster(w, 'h');
	be_answered_by(w, 'b', 'c');
	assert_false(w->has_formed);
	assert_false(w->asked.binds);
	raft_status(w->core, &status);
	assert_int_equal(status.waiting, RAFT_WAITS_FOR_OWN_FORMAT);
}

/* Whom it asked to be let in is whom it belongs to. */
static void who_is_bound_joins_no_other_cluster(void **state)
{
	struct world *w = *state;

	w->now_ms += RETRY_MS;
	step(w, (struct raft_event){.kind = RAFT_TICK});
	hear_of_a_cluster(w, 'h');
	hear_of_a_cluster(w, 'x');
	assert_false(asks_to_join(w));
	assert_int_equal(w->refusal, RAFT_FOREIGN);
}

/* ---- bound, as the lowest address asked for it ---- */

static void answer_b(struct world *w, char name, const char *address, char history)
{
	struct raft_message message = {.kind = RAFT_MESSAGE_ANSWER,
	                               .from = id_of(name),
	                               .to = id_of('b'),
	                               .answer = {.address = address,
	                                          .token = w->asked.token,
	                                          .configured_hash = w->asked.configured_hash}};

	if (history != 0)
		message.history = id_of(history);
	step(w, (struct raft_event){.kind = RAFT_RECEIVED, .message = &message});
}

static void be_bound(struct world *w)
{
	struct raft_message message = {.kind = RAFT_MESSAGE_ASK,
	                               .from = id_of('a'),
	                               .ask = {.address = "b:1", .binds = true}};

	step(w, (struct raft_event){.kind = RAFT_RECEIVED, .message = &message});
	assert_int_not_equal(w->update.what & RAFT_PERSIST_VOTE, 0);
	step(w,
	     (struct raft_event){.kind = RAFT_VOTE_SYNCED, .vote_synced = w->update.vote_number});
	w->now_ms += RETRY_MS;
	step(w, (struct raft_event){.kind = RAFT_TICK});
}

static enum raft_waiting waiting(struct world *w)
{
	struct raft_status status;

	step(w, (struct raft_event){.kind = RAFT_TICK});
	raft_status(w->core, &status);
	return status.waiting;
}

/* Its disk is full, say.  c is bound as b is, and neither is to be formatted. */
static void who_binds_the_others_and_is_silent_is_waited_for(void **state)
{
	struct world *w = *state;

	be_bound(w);
	answer_b(w, 'c', "c:1", 'a');
	assert_int_equal(waiting(w), RAFT_WAITS_FOR_ANSWERS);
	assert_int_equal(w->refusal, RAFT_OK);
	answer_b(w, 'a', "a:1", 'a');
	assert_int_equal(waiting(w), RAFT_WAITS_FOR_LOWEST);
}

/* It was formatted meanwhile. */
static void who_is_bound_to_one_that_is_gone_is_to_be_formatted(void **state)
{
	struct world *w = *state;

	be_bound(w);
	answer_b(w, 'c', "c:1", 'a');
	answer_b(w, 'A', "a:1", 0);
	assert_int_equal(waiting(w), RAFT_WAITS_FOR_OWN_FORMAT);
}

static void another_that_is_bound_elsewhere_is_to_be_formatted(void **state)
{
	struct world *w = *state;

	be_bound(w);
	answer_b(w, 'c', "c:1", 'x');
	assert_int_equal(waiting(w), RAFT_WAITS_FOR_FORMAT);
	assert_int_equal(w->refusal, RAFT_BOUND_ELSEWHERE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(three_empty_masters_become_a_cluster),
	        TEST(one_master_under_two_addresses_does_not_take_two_seats),
	        TEST(who_is_silent_is_waited_for),
	        TEST(an_operator_may_form_without_those_that_are_silent),
	        TEST(nobody_forms_where_there_is_a_cluster),
	        TEST(who_is_bound_to_another_cluster_forms_none),
	        TEST(who_is_bound_joins_no_other_cluster),
	        cmocka_unit_test_setup_teardown(who_binds_the_others_and_is_silent_is_waited_for,
	                                        setup_b, teardown),
	        cmocka_unit_test_setup_teardown(who_is_bound_to_one_that_is_gone_is_to_be_formatted,
	                                        setup_b, teardown),
	        cmocka_unit_test_setup_teardown(another_that_is_bound_elsewhere_is_to_be_formatted,
	                                        setup_b, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
