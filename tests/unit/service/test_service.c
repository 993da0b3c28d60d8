/* SPDX-License-Identifier: Apache-2.0 */
#include "service/service.h"

#include <pthread.h>

#include "unit/service/stack.h"
#include "wire/hot_replies.h"
#include "wire/hot_requests.h"

/* A directory whose answers about "slow" come when the test lets them. */
struct directory {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_open;
	unsigned questions;
};

static int user_groups(void *context, const char *user, struct buf *groups)
{
	struct directory *directory = context;

	pthread_mutex_lock(&directory->lock);
	directory->questions++;
	while (strcmp(user, "slow") == 0 && !directory->is_open)
		pthread_cond_wait(&directory->changed, &directory->lock);
	pthread_mutex_unlock(&directory->lock);
	buf_append_str(groups, str_of(strcmp(user, "admin") == 0 ? "users,supergroup" : "users"));
	return 0;
}

static void open_directory(struct directory *directory)
{
	pthread_mutex_lock(&directory->lock);
	directory->is_open = true;
	pthread_cond_broadcast(&directory->changed);
	pthread_mutex_unlock(&directory->lock);
}

struct fixture {
	struct directory directory;
	struct stack stack;
	struct caller root;
};

static int setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){.directory = {.lock = PTHREAD_MUTEX_INITIALIZER,
	                                   .changed = PTHREAD_COND_INITIALIZER}};
	stack_init(&f.stack, user_groups, &f.directory);
	caller_init(&f.root, &f.stack, "hdfs");
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	caller_finish(&f->root);
	stack_finish(&f->stack);
	return 0;
}

/* ---- what callers ask ---- */

static int mkdirs(struct fixture *f, struct caller *caller, const char *path, uint32_t mode)
{
	struct wire_mkdirs request = {.path = str_of(path), .mode = mode, .create_parent = true};
	struct buf message;
	int rc;

	buf_init(&message);
	wire_mkdirs_encode(&message, &request);
	rc = caller_call(caller, &f->stack, "mkdirs", &message);
	buf_finish(&message);
	return rc;
}

static int delete_as(struct fixture *f, struct caller *caller, const char *path, bool recursive)
{
	struct wire_delete request = {.path = str_of(path), .recursive = recursive};
	struct buf message;
	int rc;

	buf_init(&message);
	wire_delete_encode(&message, &request);
	rc = caller_call(caller, &f->stack, "delete", &message);
	buf_finish(&message);
	return rc;
}

static int delete (struct fixture *f, struct caller *caller, const char *path)
{
	return delete_as(f, caller, path, true);
}

static bool exists(struct fixture *f, const char *path)
{
	struct wire_get_file_info request = {.path = str_of(path)};
	struct wire_status_reply reply;
	struct buf message;

	buf_init(&message);
	wire_get_file_info_encode(&message, &request);
	assert_int_equal(caller_call(&f->root, &f->stack, "getFileInfo", &message), 0);
	assert_int_equal(wire_status_reply_decode(str_make(f->root.response, f->root.response_size),
	                                          NULL, &reply),
	                 0);
	buf_finish(&message);
	return reply.has_status;
}

/* ---- tests ---- */

static void a_slow_directory_holds_up_only_the_user_it_is_asked_about(void **state)
{
	struct fixture *f = *state;
	struct wire_get_file_info request = {.path = STR("/")};
	struct caller slow;
	struct buf message;

	caller_init(&slow, &f->stack, "slow");
	buf_init(&message);
	wire_get_file_info_encode(&message, &request);
	caller_send(&slow, "getFileInfo", buf_str(&message));
	for (int i = 0; i < 20; i++)
		assert_true(exists(f, "/"));
	assert_false(slow.is_answered);
	open_directory(&f->directory);
	stack_run_until(&f->stack, &slow.is_answered);
	assert_int_equal(slow.rc, 0);
	buf_finish(&message);
	caller_finish(&slow);
}

static void groups_are_asked_for_once(void **state)
{
	struct fixture *f = *state;
	struct caller user;

	caller_init(&user, &f->stack, "user");
	for (int i = 0; i < 5; i++)
		assert_int_equal(mkdirs(f, &user, "/", 0755), 0);
	assert_int_equal(f->directory.questions, 1);
	caller_finish(&user);
}

static void members_of_the_supergroup_may_everything(void **state)
{
	struct fixture *f = *state;
	struct caller admin, user;

	caller_init(&admin, &f->stack, "admin");
	caller_init(&user, &f->stack, "user");
	assert_int_equal(mkdirs(f, &admin, "/admins", 0755), 0);
	assert_int_not_equal(mkdirs(f, &user, "/users", 0755), 0);
	assert_string_equal(user.exception, "org.apache.hadoop.security.AccessControlException");
	assert_string_equal(user.text, "Permission denied: user=user, access=WRITE, "
	                               "inode=\"/\":hdfs:supergroup:drwxr-xr-x");
	caller_finish(&user);
	caller_finish(&admin);
}

enum { BURST = 1000 };

struct burst_call {
	struct rpc_request request;
	unsigned *answered;
};

static void on_burst_answer(struct rpc_request *request, const struct rpc_outcome *outcome)
{
	struct burst_call *call = CONTAINER_OF(request, struct burst_call, request);

	assert_int_equal(outcome->rc, 0);
	++*call->answered;
}

static void a_burst_of_calls_of_every_kind_is_answered(void **state)
{
	static const char *const methods[] = {"getFileInfo", "getListing", "getFileInfo",
	                                      "getContentSummary", "mkdirs"};
	struct fixture *f = *state;
	struct burst_call *calls = mem_must_zalloc(BURST * sizeof(*calls));
	struct wire_mkdirs mkdirs_root = {.path = STR("/"), .mode = 0755};
	struct wire_get_listing list_root = {.path = STR("/")};
	unsigned answered = 0;
	struct buf messages[2];

	for (size_t i = 0; i < COUNT_OF(messages); i++)
		buf_init(&messages[i]);
	wire_mkdirs_encode(&messages[0], &mkdirs_root);
	wire_get_listing_encode(&messages[1], &list_root);
	for (size_t i = 0; i < BURST; i++) {
		const char *method = methods[i % COUNT_OF(methods)];

		calls[i].answered = &answered;
		calls[i].request = (struct rpc_request){
		        .protocol = WIRE_CLIENT_PROTOCOL,
		        .method = method,
		        /* Other requests begin with the path, too, and skip the rest. */
		        .message = buf_str(&messages[strcmp(method, "mkdirs") != 0]),
		        .call_id = rpc_client_next_call_id(f->root.client),
		        .done = on_burst_answer,
		};
		rpc_client_call(f->root.client, &calls[i].request);
	}
	while (answered < BURST)
		io_run_once(f->stack.io, 10);
	for (size_t i = 0; i < COUNT_OF(messages); i++)
		buf_finish(&messages[i]);
	mem_free(calls);
}

static void a_tree_with_foreign_directories_is_deleted_when_its_rights_allow_it(void **state)
{
	struct fixture *f = *state;
	char path[64];
	struct caller user;

	caller_init(&user, &f->stack, "user");
	assert_int_equal(mkdirs(f, &f->root, "/open", 0777), 0);
	assert_int_equal(mkdirs(f, &user, "/open/tree", 0777), 0);
	for (int i = 0; i < 50; i++) {
		snprintf(path, sizeof(path), "/open/tree/%d/leaf", i);
		assert_int_equal(mkdirs(f, &f->root, path, 0777), 0);
	}
	assert_int_equal(mkdirs(f, &f->root, "/open/tree/closed/leaf", 0755), 0);
	assert_int_not_equal(delete (f, &user, "/open/tree"), 0);
	assert_string_equal(user.exception, "org.apache.hadoop.security.AccessControlException");
	assert_true(exists(f, "/open/tree/49/leaf"));
	assert_int_equal(delete (f, &f->root, "/open/tree/closed"), 0);
	assert_int_equal(delete (f, &user, "/open/tree"), 0);
	assert_false(exists(f, "/open/tree"));
	caller_finish(&user);
}

/* More than is checked in one turn. */
static void a_large_directory_is_refused_because_it_is_not_empty(void **state)
{
	struct fixture *f = *state;
	char path[64];
	struct caller user;

	caller_init(&user, &f->stack, "user");
	assert_int_equal(mkdirs(f, &f->root, "/open", 0777), 0);
	for (int i = 0; i < 1100; i++) {
		snprintf(path, sizeof(path), "/open/large/%d", i);
		assert_int_equal(mkdirs(f, &user, path, 0777), 0);
	}
	assert_int_not_equal(delete_as(f, &user, "/open/large", false), 0);
	assert_string_equal(user.exception,
	                    "org.apache.hadoop.fs.PathIsNotEmptyDirectoryException");
	caller_finish(&user);
}

static void a_repeated_delete_is_answered_as_the_first_whatever_the_rights_are_now(void **state)
{
	struct fixture *f = *state;
	struct wire_delete request = {.path = STR("/open/tree"), .recursive = true};
	struct caller user;
	struct buf message;

	caller_init(&user, &f->stack, "user");
	buf_init(&message);
	wire_delete_encode(&message, &request);
	assert_int_equal(mkdirs(f, &f->root, "/open", 0777), 0);
	assert_int_equal(mkdirs(f, &user, "/open/tree/leaf", 0777), 0);
	assert_int_equal(caller_call(&user, &f->stack, "delete", &message), 0);
	assert_int_equal(delete (f, &f->root, "/open"), 0);
	assert_int_equal(mkdirs(f, &f->root, "/open", 0700), 0);
	assert_int_equal(mkdirs(f, &f->root, "/open/tree/leaf", 0700), 0);
	user.is_answered = false;
	user.request.retry_count = 1;
	rpc_client_call(user.client, &user.request);
	stack_run_until(&f->stack, &user.is_answered);
	assert_int_equal(user.rc, 0);
	assert_true(exists(f, "/open/tree/leaf"));
	buf_finish(&message);
	caller_finish(&user);
}

enum { SUMMARIES = 40 };

/* Answers of the burst, and how many there were when somebody else was answered. */
struct crowd {
	struct caller other;
	struct buf look;
	struct burst_call calls[SUMMARIES];
	unsigned answered;
};

static void on_crowd_answer(struct rpc_request *request, const struct rpc_outcome *outcome)
{
	struct burst_call *call = CONTAINER_OF(request, struct burst_call, request);
	struct crowd *crowd = CONTAINER_OF(call->answered, struct crowd, answered);

	assert_int_equal(outcome->rc, 0);
	if (++crowd->answered == 1)
		caller_send(&crowd->other, "getFileInfo", buf_str(&crowd->look));
}

static void many_checks_of_rights_do_not_hold_up_others(void **state)
{
	struct fixture *f = *state;
	struct crowd crowd = {0};
	struct wire_get_file_info look = {.path = STR("/open/large")};
	struct caller user;
	char path[64];

	caller_init(&user, &f->stack, "user");
	caller_init(&crowd.other, &f->stack, "admin");
	buf_init(&crowd.look);
	wire_get_file_info_encode(&crowd.look, &look);
	assert_int_equal(mkdirs(f, &f->root, "/open", 0777), 0);
	for (int i = 0; i < 1100; i++) {
		snprintf(path, sizeof(path), "/open/large/%d", i);
		assert_int_equal(mkdirs(f, &user, path, i % 2 == 0 ? 0755 : 0775), 0);
	}
	caller_send(&crowd.other, "getFileInfo", buf_str(&crowd.look));
	stack_run_until(&f->stack, &crowd.other.is_answered);
	for (size_t i = 0; i < SUMMARIES; i++) {
		crowd.calls[i].answered = &crowd.answered;
		crowd.calls[i].request = (struct rpc_request){
		        .protocol = WIRE_CLIENT_PROTOCOL,
		        .method = "getContentSummary",
		        .message = buf_str(&crowd.look),
		        .call_id = rpc_client_next_call_id(user.client),
		        .done = on_crowd_answer,
		};
		rpc_client_call(user.client, &crowd.calls[i].request);
	}
	while (crowd.answered == 0)
		io_run_once(f->stack.io, 10);
	stack_run_until(&f->stack, &crowd.other.is_answered);
	assert_true(crowd.answered < SUMMARIES / 2);
	while (crowd.answered < SUMMARIES)
		io_run_once(f->stack.io, 10);
	buf_finish(&crowd.look);
	caller_finish(&crowd.other);
	caller_finish(&user);
}

static void callers_that_leave_are_forgotten(void **state)
{
	struct fixture *f = *state;
	struct wire_get_file_info request = {.path = STR("/")};
	struct caller slow[20];
	struct buf message;
	bool is_idle = false;

	buf_init(&message);
	wire_get_file_info_encode(&message, &request);
	for (size_t i = 0; i < COUNT_OF(slow); i++) {
		caller_init(&slow[i], &f->stack, "slow");
		caller_send(&slow[i], "getFileInfo", buf_str(&message));
	}
	assert_true(exists(f, "/"));
	for (size_t i = 0; i < COUNT_OF(slow); i++)
		caller_finish(&slow[i]);
	assert_true(exists(f, "/"));
	assert_false(service_is_idle(f->stack.service));
	open_directory(&f->directory);
	while (!is_idle) {
		io_run_once(f->stack.io, 10);
		is_idle = service_is_idle(f->stack.service);
	}
	buf_finish(&message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	        TEST(a_slow_directory_holds_up_only_the_user_it_is_asked_about),
	        TEST(groups_are_asked_for_once),
	        TEST(members_of_the_supergroup_may_everything),
	        TEST(a_burst_of_calls_of_every_kind_is_answered),
	        TEST(a_tree_with_foreign_directories_is_deleted_when_its_rights_allow_it),
	        TEST(a_large_directory_is_refused_because_it_is_not_empty),
	        TEST(a_repeated_delete_is_answered_as_the_first_whatever_the_rights_are_now),
	        TEST(many_checks_of_rights_do_not_hold_up_others),
	        TEST(callers_that_leave_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
