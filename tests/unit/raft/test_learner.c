/* SPDX-License-Identifier: Apache-2.0 */
/* How a learner is let in and brought up to date.  The test speaks for all peers, and is the clock.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/raft/leader.h"

enum { LAST = 100, TOGETHER_MS = 10 * 60 * 1000 };

/* Time goes on, and the voters, who have entries up to `match`, answer. */
static void pass_with(struct world *w, uint64_t ms, uint64_t match)
{
	for (uint64_t end_ms = w->now_ms + ms; w->now_ms < end_ms;) {
		w->now_ms += end_ms - w->now_ms < HEARTBEAT_MS ? end_ms - w->now_ms : HEARTBEAT_MS;
		step(w, (struct raft_event){.kind = RAFT_TICK});
		answer_heartbeat(w, 'b', match < w->status.last ? match : w->status.last);
		answer_heartbeat(w, 'c', match < w->status.last ? match : w->status.last);
	}
}

/* ... who have everything ... */
static void pass(struct world *w, uint64_t ms)
{
	pass_with(w, ms, UINT64_MAX);
}

static int setup(void **state)
{
	return set_up(state, 4, LAST);
}

static int setup_without_it(void **state)
{
	return set_up(state, 3, LAST);
}

static int setup_where_leave_is_needed(void **state)
{
	return set_up_with(state, 3, LAST, true);
}

/* The leader reads what was asked for, up to `last`, and sends it.  Returns when. */
static uint64_t send_up_to(struct world *w, uint64_t last)
{
	step(w, (struct raft_event){
	                .kind = RAFT_FETCHED,
	                .fetched = {.number = w->fetch.number, .last = last, .bytes = 10}});
	w->fetch.number = 0;
	return w->now_ms;
}

static void answer_append(struct world *w, uint64_t match, uint64_t sent_ms)
{
	receive(w, 'd',
	        (struct raft_message){.kind = RAFT_MESSAGE_APPEND_REPLY,
	                              .append_reply = {.match = match,
	                                               .sent_ms = sent_ms,
	                                               .number = w->sent.number}});
}

/* The learner says where its log ends. */
static void be_found(struct world *w, uint64_t last)
{
	receive(w, 'd',
	        (struct raft_message){.kind = RAFT_MESSAGE_APPEND_REPLY,
	                              .append_reply = {.number = 1,
	                                               .refusal = RAFT_LOG_DIFFERS,
	                                               .hint = last,
	                                               .hint_term = 1}});
	pass(w, HEARTBEAT_MS);
	answer_append(w, last, w->now_ms);
	assert_int_equal(w->fetch.first, last + 1);
}

static void a_learner_gets_one_piece_at_a_time_and_rests_longer_than_that_took(void **state)
{
	enum { TOOK_MS = 20, REST_TIMES = 4 };
	struct world *w = *state;
	uint64_t sent_ms;

	be_elected(w);
	be_found(w, 5);
	sent_ms = send_up_to(w, 10);
	pass(w, TOOK_MS);
	assert_int_equal(w->fetch.number, 0);
	answer_append(w, 10, sent_ms);
	pass(w, REST_TIMES * TOOK_MS - 1);
	assert_int_equal(w->fetch.number, 0);
	pass(w, 1);
	assert_int_not_equal(w->fetch.number, 0);
	assert_int_equal(w->fetch.first, 11);
}

/* Each time it has got as far as the log went, the log is as far ahead again. */
static void a_learner_that_does_not_gain_on_the_log_rests_no_more(void **state)
{
	struct world *w = *state;

	be_elected(w);
	be_found(w, 5);
	for (int round = 0; round < 2; round++) {
		uint64_t last = w->status.last, sent_ms = send_up_to(w, last);

		assert_int_not_equal(sent_ms, 0);
		pass(w, 2 * ELECTION_MS);
		step(w, (struct raft_event){.kind = RAFT_PROPOSED, .proposed = 10});
		w->fetch.number = 0;
		answer_append(w, last, sent_ms);
		if (round == 0) {
			assert_int_equal(w->fetch.number, 0);
			pass(w, 2 * ELECTION_MS);
		}
		assert_int_not_equal(w->fetch.number, 0);
	}
}

static void sync_own(struct world *w)
{
	step(w, (struct raft_event){.kind = RAFT_SYNCED,
	                            .synced = {.generation = w->update.append.generation,
	                                       .last = w->update.append.last}});
}

static bool is_promoted(const struct world *w)
{
	const struct raft_list *list = raft_members(w->core);

	return raft_member_by_id(&list->members, id_of('d'))->is_voter;
}

/* It had everything while another change was under way, and when that is over it lacks much. */
static void a_learner_that_fell_behind_again_is_not_promoted(void **state)
{
	struct world *w = *state;
	uint64_t change, before;

	be_elected(w);
	pass(w, HEARTBEAT_MS);
	step(w, (struct raft_event){
	                .kind = RAFT_CHANGE,
	                .change = {.kind = RAFT_CHANGE_PRIORITY, .id = id_of('b'), .priority = 7}});
	sync_own(w);
	change = w->status.last;
	answer_append(w, change, w->now_ms);
	step(w, (struct raft_event){.kind = RAFT_PROPOSED, .proposed = 10});
	sync_own(w);
	before = w->status.last;
	for (int i = 0; i < 2 * ELECTION_MS / HEARTBEAT_MS; i++) {
		pass_with(w, HEARTBEAT_MS, change - 1);
		answer_append(w, change, w->now_ms); /* it is heard */
	}
	pass(w, HEARTBEAT_MS);
	assert_int_equal(w->status.commit, before);
	assert_false(is_promoted(w));
	answer_append(w, before, w->now_ms);
	answer_append(w, w->status.last, w->now_ms);
	assert_true(is_promoted(w));
}

/* ---- newcomers ---- */

static const struct raft_message *find_message(const struct raft_update *update,
                                               enum raft_message_kind kind)
{
	for (size_t i = 0; i < update->message_count; i++)
		if (update->messages[i].kind == kind)
			return &update->messages[i];
	fail_msg("no such message");
	return NULL;
}

/* What a newcomer that is configured with these addresses asks of the leader, whose list it is told
 * by it. */
static struct raft_join_message join_of(struct world *w, char name, const char *const *addresses,
                                        size_t count)
{
	const char *own = addresses[count - 1];
	struct raft_options options = options_of(name, own, addresses, count);
	struct raft_start start = {.now_ms = w->now_ms};
	struct raft_event event = {.kind = RAFT_TICK, .now_ms = w->now_ms};
	struct raft_message answer = {
	        .kind = RAFT_MESSAGE_ANSWER,
	        .from = id_of('a'),
	        .to = id_of(name),
	        .history = id_of('h'),
	        .term = w->status.term,
	        .answer = {.address = "a:1", .leader = id_of('a'), .list = raft_members(w->core)}};
	struct raft_update update;
	struct raft_join_message join;
	struct raft *newcomer;

	assert_int_equal(raft_create(&options, &start, &newcomer), 0);
	assert_int_equal(raft_step(newcomer, &event, &update), 0);
	answer.answer.token = find_message(&update, RAFT_MESSAGE_ASK)->ask.token;
	event = (struct raft_event){.kind = RAFT_RECEIVED, .now_ms = w->now_ms, .message = &answer};
	assert_int_equal(raft_step(newcomer, &event, &update), 0);
	join = find_message(&update, RAFT_MESSAGE_JOIN)->join;
	join.address = own;
	raft_destroy(newcomer);
	return join;
}

/* Nobody there has configured it. */
static enum raft_refusal ask_to_join(struct world *w, char name, const char *const *addresses,
                                     size_t count)
{
	receive(w, name,
	        (struct raft_message){.kind = RAFT_MESSAGE_JOIN,
	                              .join = join_of(w, name, addresses, count)});
	return find_message(&w->update, RAFT_MESSAGE_JOIN_REPLY)->join.refusal;
}

static void lead_all(struct world *w)
{
	be_elected(w);
	pass(w, HEARTBEAT_MS);
}

static void commit(struct world *w)
{
	sync_own(w);
	pass(w, HEARTBEAT_MS);
	assert_int_equal(w->status.commit, w->status.last);
}

static void a_newcomer_that_names_all_members_is_let_in(void **state)
{
	static const char *const all[] = {"c:1", "b:1", "x:1", "a:1", "d:1"};
	struct world *w = *state;

	lead_all(w);
	assert_int_equal(ask_to_join(w, 'd', all, 5), RAFT_OK);
	assert_false(is_promoted(w));
}

static void a_newcomer_that_lacks_members_is_not(void **state)
{
	static const char *const some[] = {"a:1", "b:1", "x:1", "d:1"};
	struct world *w = *state;
	uint64_t before;

	lead_all(w);
	before = w->status.last;
	assert_int_equal(ask_to_join(w, 'd', some, 4), RAFT_NOT_CONFIGURED);
	assert_int_equal(w->status.last, before);
}

/* The list that it was told is not the newest one any more, but the members are the same. */
static void what_else_is_said_of_members_does_not_matter(void **state)
{
	static const char *const all[] = {"a:1", "b:1", "c:1", "d:1"};
	struct world *w = *state;
	struct raft_join_message join;

	lead_all(w);
	join = join_of(w, 'd', all, 4);
	step(w, (struct raft_event){
	                .kind = RAFT_CHANGE,
	                .change = {.kind = RAFT_CHANGE_PRIORITY, .id = id_of('b'), .priority = 7}});
	commit(w);
	receive(w, 'd', (struct raft_message){.kind = RAFT_MESSAGE_JOIN, .join = join});
	assert_int_equal(find_message(&w->update, RAFT_MESSAGE_JOIN_REPLY)->join.refusal, RAFT_OK);
}

static void where_leave_is_needed_names_do_not_help(void **state)
{
	static const char *const all[] = {"a:1", "b:1", "c:1", "d:1"};
	struct world *w = *state;

	lead_all(w);
	assert_int_equal(ask_to_join(w, 'd', all, 4), RAFT_LEAVE_NEEDED);
}

/* Their lists have the old members and themselves. */
static void newcomers_that_do_not_know_of_each_other_queue(void **state)
{
	static const char *const lists[3][4] = {
	        {"a:1", "b:1", "c:1", "d:1"},
	        {"a:1", "b:1", "c:1", "e:1"},
	        {"a:1", "b:1", "c:1", "f:1"},
	};
	struct world *w = *state;

	lead_all(w);
	assert_int_equal(ask_to_join(w, 'd', lists[0], 4), RAFT_OK);
	assert_int_equal(ask_to_join(w, 'e', lists[1], 4), RAFT_CHANGE_RUNS);
	commit(w);
	assert_int_equal(ask_to_join(w, 'e', lists[1], 4), RAFT_OK);
	commit(w);
	step(w, (struct raft_event){.kind = RAFT_COMPACTED, .compacted = w->status.commit});
	assert_int_equal(ask_to_join(w, 'f', lists[2], 4), RAFT_OK);
}

static void a_member_that_came_long_ago_must_be_named(void **state)
{
	static const char *const lists[2][4] = {
	        {"a:1", "b:1", "c:1", "d:1"},
	        {"a:1", "b:1", "c:1", "e:1"},
	};
	struct world *w = *state;

	lead_all(w);
	assert_int_equal(ask_to_join(w, 'd', lists[0], 4), RAFT_OK);
	commit(w);
	pass(w, TOGETHER_MS);
	assert_int_equal(ask_to_join(w, 'e', lists[1], 4), RAFT_NOT_CONFIGURED);
}

/* What it names was never all. */
static void half_of_what_was_a_list_is_none(void **state)
{
	static const char *const lists[3][4] = {
	        {"a:1", "b:1", "c:1", "d:1"},
	        {"a:1", "b:1", "e:1"},
	        {"a:1", "b:1", "d:1", "e:1"},
	};
	struct world *w = *state;

	lead_all(w);
	assert_int_equal(ask_to_join(w, 'd', lists[0], 4), RAFT_OK);
	commit(w);
	assert_int_equal(ask_to_join(w, 'e', lists[1], 3), RAFT_NOT_CONFIGURED);
	assert_int_equal(ask_to_join(w, 'e', lists[2], 4), RAFT_NOT_CONFIGURED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(
	                a_learner_gets_one_piece_at_a_time_and_rests_longer_than_that_took, setup,
	                teardown),
	        cmocka_unit_test_setup_teardown(
	                a_learner_that_does_not_gain_on_the_log_rests_no_more, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_learner_that_fell_behind_again_is_not_promoted,
	                                        setup, teardown),
	        cmocka_unit_test_setup_teardown(a_newcomer_that_names_all_members_is_let_in,
	                                        setup_without_it, teardown),
	        cmocka_unit_test_setup_teardown(a_newcomer_that_lacks_members_is_not,
	                                        setup_without_it, teardown),
	        cmocka_unit_test_setup_teardown(what_else_is_said_of_members_does_not_matter,
	                                        setup_without_it, teardown),
	        cmocka_unit_test_setup_teardown(where_leave_is_needed_names_do_not_help,
	                                        setup_where_leave_is_needed, teardown),
	        cmocka_unit_test_setup_teardown(newcomers_that_do_not_know_of_each_other_queue,
	                                        setup_without_it, teardown),
	        cmocka_unit_test_setup_teardown(a_member_that_came_long_ago_must_be_named,
	                                        setup_without_it, teardown),
	        cmocka_unit_test_setup_teardown(half_of_what_was_a_list_is_none, setup_without_it,
	                                        teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
