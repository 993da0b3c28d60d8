/* SPDX-License-Identifier: Apache-2.0 */
#include "security/groups.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"

enum { QUESTIONS_MAX = 4 };

/* A directory that answers when the test says so. */
struct fixture {
	struct groups *groups;
	struct groups_question *asked[16];
	size_t asked_count;
};

struct caller {
	struct groups_waiter waiter;
	struct groups_user *user;
};

static void ask(void *context, struct groups_question *question)
{
	struct fixture *f = context;

	f->asked[f->asked_count++] = question;
}

static void known(struct groups_waiter *waiter, struct groups_user *user)
{
	CONTAINER_OF(waiter, struct caller, waiter)->user = user;
}

static int setup(void **state)
{
	static struct fixture f;
	struct groups_options options = {
	        .superuser = STR("hdfs"),
	        .supergroup = STR("supergroup"),
	        .keep_ms = 300000,
	        .keep_failed_ms = 30000,
	        .users_max = 2,
	        .questions_max = QUESTIONS_MAX,
	        .ask = ask,
	        .context = &f,
	};

	f = (struct fixture){0};
	*state = &f;
	return groups_create(&options, &f.groups);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	groups_destroy(f->groups);
	return 0;
}

static int find(struct fixture *f, struct caller *caller, const char *user, uint64_t now_ms)
{
	*caller = (struct caller){.waiter.done = known};
	return groups_find(f->groups, str_of(user), now_ms, &caller->waiter, &caller->user);
}

/* Answers the newest question. */
static void answer(struct fixture *f, int rc, const char *names, uint64_t now_ms)
{
	assert_true(f->asked_count > 0);
	groups_answer(f->asked[--f->asked_count], rc, str_of(names), now_ms);
}

static void learn(struct fixture *f, const char *user, const char *names, uint64_t now_ms)
{
	struct caller caller;

	assert_int_equal(find(f, &caller, user, now_ms), -ERR_AGAIN);
	answer(f, 0, names, now_ms);
	groups_release(caller.user);
}

static void the_process_user_needs_no_question(void **state)
{
	struct fixture *f = *state;
	struct caller caller;

	assert_int_equal(find(f, &caller, "hdfs", 0), 0);
	assert_true(caller.user->is_superuser);
	assert_int_equal(f->asked_count, 0);
	groups_release(caller.user);
}

static void the_process_users_groups_can_be_listed(void **state)
{
	struct fixture *f = *state;
	struct caller caller = {.waiter.done = known};

	assert_int_equal(groups_list(f->groups, STR("hdfs"), 0, &caller.waiter, &caller.user),
	                 -ERR_AGAIN);
	answer(f, 0, "hadoop,adm", 0);
	assert_int_equal(caller.user->group_count, 2);
	assert_true(caller.user->is_superuser);
	groups_release(caller.user);
}

static void a_new_user_waits_for_the_directory_and_keeps_the_order(void **state)
{
	struct fixture *f = *state;
	struct caller caller;

	assert_int_equal(find(f, &caller, "alice", 0), -ERR_AGAIN);
	assert_string_equal(f->asked[0]->user.data, "alice");
	assert_null(caller.user);
	answer(f, 0, "staff,users", 0);
	assert_int_equal(caller.user->group_count, 2);
	assert_true(str_equal(caller.user->groups[0], STR("staff")));
	assert_true(str_equal(caller.user->groups[1], STR("users")));
	assert_false(caller.user->is_superuser);
	groups_release(caller.user);
}

static void members_of_the_supergroup_are_superusers(void **state)
{
	struct fixture *f = *state;
	struct caller caller;

	learn(f, "alice", "users,supergroup", 0);
	assert_int_equal(find(f, &caller, "alice", 1), 0);
	assert_true(caller.user->is_superuser);
	groups_release(caller.user);
}

static void callers_of_one_user_share_a_question(void **state)
{
	struct fixture *f = *state;
	struct caller first, second;

	assert_int_equal(find(f, &first, "alice", 0), -ERR_AGAIN);
	assert_int_equal(find(f, &second, "alice", 0), -ERR_AGAIN);
	assert_int_equal(f->asked_count, 1);
	answer(f, 0, "staff", 0);
	assert_non_null(first.user);
	assert_ptr_equal(first.user, second.user);
	groups_release(first.user);
	groups_release(second.user);
}

static void old_groups_are_asked_for_again_and_only_the_first_caller_waits(void **state)
{
	struct fixture *f = *state;
	struct caller first, second;

	learn(f, "alice", "staff", 0);
	assert_int_equal(find(f, &first, "alice", 299999), 0);
	groups_release(first.user);
	assert_int_equal(find(f, &first, "alice", 300000), -ERR_AGAIN);
	assert_int_equal(find(f, &second, "alice", 300000), 0);
	assert_true(str_equal(second.user->groups[0], STR("staff")));
	groups_release(second.user);
	answer(f, 0, "newstaff", 300001);
	assert_true(str_equal(first.user->groups[0], STR("newstaff")));
	groups_release(first.user);
}

static void a_failing_directory_leaves_the_old_groups(void **state)
{
	struct fixture *f = *state;
	struct caller caller;

	learn(f, "alice", "staff", 0);
	assert_int_equal(find(f, &caller, "alice", 300000), -ERR_AGAIN);
	answer(f, -ERR_IO, "", 300000);
	assert_true(str_equal(caller.user->groups[0], STR("staff")));
	groups_release(caller.user);
	assert_int_equal(find(f, &caller, "alice", 329999), 0);
	groups_release(caller.user);
	assert_int_equal(find(f, &caller, "alice", 330000), -ERR_AGAIN);
	answer(f, 0, "staff", 330000);
	groups_release(caller.user);
}

static void a_user_without_groups_is_asked_for_again_sooner(void **state)
{
	struct fixture *f = *state;
	struct caller caller;

	learn(f, "nobody", "", 0);
	assert_int_equal(find(f, &caller, "nobody", 29999), 0);
	assert_int_equal(caller.user->group_count, 0);
	groups_release(caller.user);
	assert_int_equal(find(f, &caller, "nobody", 30000), -ERR_AGAIN);
	answer(f, -ERR_IO, "", 30000);
	groups_release(caller.user);
}

static void questions_on_their_way_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct caller callers[QUESTIONS_MAX], late;
	const char *names[] = {"a", "b", "c", "d"};

	for (size_t i = 0; i < QUESTIONS_MAX; i++)
		assert_int_equal(find(f, &callers[i], names[i], 0), -ERR_AGAIN);
	assert_int_equal(find(f, &late, "e", 0), -ERR_BUSY);
	assert_int_equal(groups_questions(f->groups), QUESTIONS_MAX);
	for (size_t i = 0; i < QUESTIONS_MAX; i++)
		answer(f, 0, "", 0);
	for (size_t i = 0; i < QUESTIONS_MAX; i++)
		groups_release(callers[i].user);
	assert_int_equal(groups_questions(f->groups), 0);
}

static void the_user_not_used_for_longest_is_forgotten(void **state)
{
	struct fixture *f = *state;
	struct caller caller;

	learn(f, "a", "x", 0);
	learn(f, "b", "x", 0);
	assert_int_equal(find(f, &caller, "a", 0), 0);
	groups_release(caller.user);
	learn(f, "c", "x", 0);
	assert_int_equal(find(f, &caller, "a", 0), 0);
	groups_release(caller.user);
	learn(f, "b", "x", 0); /* asked again: it was forgotten */
}

static void a_user_outlives_being_forgotten(void **state)
{
	struct fixture *f = *state;
	struct caller caller;

	learn(f, "a", "x", 0);
	assert_int_equal(find(f, &caller, "a", 0), 0);
	learn(f, "b", "x", 0);
	learn(f, "c", "x", 0);
	assert_true(str_equal(caller.user->name, STR("a")));
	groups_release(caller.user);
}

static void forgetting_asks_again(void **state)
{
	struct fixture *f = *state;
	struct caller caller;

	learn(f, "a", "x", 0);
	groups_forget(f->groups);
	assert_int_equal(find(f, &caller, "a", 1), -ERR_AGAIN);
	answer(f, 0, "y", 1);
	assert_true(str_equal(caller.user->groups[0], STR("y")));
	groups_release(caller.user);
}

static void names_that_no_user_can_have_are_refused(void **state)
{
	struct fixture *f = *state;
	char longest[GROUPS_NAME_BYTES_MAX + 1];
	struct caller caller = {.waiter.done = known};
	struct str names[] = {STR(""), STR("hd\0fs"), str_make(longest, sizeof(longest))};

	memset(longest, 'a', sizeof(longest));
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		assert_int_equal(groups_list(f->groups, names[i], 0, &caller.waiter, &caller.user),
		                 -ERR_INVALID);
		assert_int_equal(groups_find(f->groups, names[i], 0, &caller.waiter, &caller.user),
		                 -ERR_INVALID);
	}
	assert_int_equal(f->asked_count, 0);
}

static void an_answer_that_finds_no_memory_is_asked_for_again(void **state)
{
	struct fixture *f = *state;
	struct caller caller;

	assert_int_equal(find(f, &caller, "a", 0), -ERR_AGAIN);
	mem_fail_after(0);
	answer(f, 0, "x", 0);
	mem_fail_after(-1);
	assert_null(caller.user);
	answer(f, 0, "x", 0);
	assert_int_equal(caller.user->group_count, 1);
	groups_release(caller.user);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	        TEST(the_process_user_needs_no_question),
	        TEST(the_process_users_groups_can_be_listed),
	        TEST(a_new_user_waits_for_the_directory_and_keeps_the_order),
	        TEST(members_of_the_supergroup_are_superusers),
	        TEST(callers_of_one_user_share_a_question),
	        TEST(old_groups_are_asked_for_again_and_only_the_first_caller_waits),
	        TEST(a_failing_directory_leaves_the_old_groups),
	        TEST(a_user_without_groups_is_asked_for_again_sooner),
	        TEST(questions_on_their_way_are_bounded),
	        TEST(the_user_not_used_for_longest_is_forgotten),
	        TEST(a_user_outlives_being_forgotten),
	        TEST(forgetting_asks_again),
	        TEST(names_that_no_user_can_have_are_refused),
	        TEST(an_answer_that_finds_no_memory_is_asked_for_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
