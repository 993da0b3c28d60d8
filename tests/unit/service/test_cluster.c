/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several masters: what each of them answers, and what is forwarded.
 */
#include "service/service.h"

#include "proto/client.pb-c.h"
#include "proto/datanode.pb-c.h"
#include "proto/forward.pb-c.h"
#include "proto/ha.pb-c.h"
#include "proto/quorum.pb-c.h"
#include "unit/service/cluster.h"
#include "wire/hot_replies.h"
#include "wire/hot_requests.h"
#include "wire/pb.h"

enum { FORWARD_MS = 400 };

static int user_groups(void *context, const char *user, struct buf *groups)
{
	(void)context;
	(void)user;
	buf_append_str(groups, STR("users"));
	return 0;
}

static int setup(void **state)
{
	(void)state;
	cluster_init(/* forward_ms= */ 0, user_groups);
	return 0;
}

static int setup_forwarding(void **state)
{
	(void)state;
	cluster_init(FORWARD_MS, user_groups);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	cluster_finish();
	return 0;
}

/* ---- callers ---- */

static void caller_at(struct caller *caller, int place, const char *user)
{
	caller_init(caller, &cluster.stacks[place], user);
}

/* Of another protocol; the message is freed. */
static int ask(struct caller *caller, const char *protocol, const char *method,
               const ProtobufCMessage *message)
{
	struct buf bytes;

	buf_init(&bytes);
	if (message != NULL)
		pb_append(&bytes, message);
	caller->is_answered = false;
	caller->request = (struct rpc_request){
	        .protocol = protocol,
	        .method = method,
	        .message = buf_str(&bytes),
	        .call_id = rpc_client_next_call_id(caller->client),
	        .done = caller_answered,
	};
	rpc_client_call(caller->client, &caller->request);
	stack_run_until(&cluster.stacks[0], &caller->is_answered);
	buf_finish(&bytes);
	return caller->rc;
}

static void *answer_of(struct caller *caller, const ProtobufCMessageDescriptor *type)
{
	void *message =
	        protobuf_c_message_unpack(type, NULL, caller->response_size, caller->response);

	assert_non_null(message);
	return message;
}

struct sent {
	struct buf message;
};

static void send_mkdirs(struct caller *caller, struct sent *sent, const char *path)
{
	struct wire_mkdirs request = {.path = str_of(path), .mode = 0755, .create_parent = true};

	buf_init(&sent->message);
	wire_mkdirs_encode(&sent->message, &request);
	caller_send(caller, "mkdirs", buf_str(&sent->message));
}

static int await(struct caller *caller, struct sent *sent)
{
	stack_run_until(&cluster.stacks[0], &caller->is_answered);
	buf_finish(&sent->message);
	return caller->rc;
}

static int mkdirs(struct caller *caller, const char *path)
{
	struct sent sent;

	send_mkdirs(caller, &sent, path);
	return await(caller, &sent);
}

static int rename_path(struct caller *caller, const char *source, const char *target)
{
	struct wire_rename request = {.source = str_of(source), .target = str_of(target)};
	struct sent sent;

	buf_init(&sent.message);
	wire_rename_encode(&sent.message, &request);
	caller_send(caller, "rename", buf_str(&sent.message));
	return await(caller, &sent);
}

/* NULL owner: there is none. */
static void assert_owner(int place, const char *path, const char *owner)
{
	struct wire_get_file_info request = {.path = str_of(path)};
	struct wire_status_reply reply;
	struct caller caller;
	struct sent sent;

	caller_at(&caller, place, "somebody");
	buf_init(&sent.message);
	wire_get_file_info_encode(&sent.message, &request);
	caller_send(&caller, "getFileInfo", buf_str(&sent.message));
	assert_int_equal(await(&caller, &sent), 0);
	assert_int_equal(wire_status_reply_decode(str_make(caller.response, caller.response_size),
	                                          NULL, &reply),
	                 0);
	assert_int_equal(reply.has_status, owner != NULL);
	if (owner != NULL)
		assert_true(str_equal(reply.status.owner, str_of(owner)));
	caller_finish(&caller);
}

static void assert_standby(const struct caller *caller)
{
	char primary[32];

	assert_int_equal(caller->rc, -ERR_WRITE_REFUSED);
	assert_string_equal(caller->exception, "org.apache.hadoop.ipc.StandbyException");
	assert_non_null(strstr(caller->text, "is not supported in state standby"));
	snprintf(primary, sizeof(primary), "127.0.0.1:%u",
	         rpc_server_port(cluster.stacks[cluster.primary].server));
	assert_non_null(strstr(caller->text, primary));
}

/* ---- without forwarding ---- */

static void a_standby_answers_reads_and_sends_writes_away(void **state)
{
	struct caller at_primary;
	struct caller at_standby;

	(void)state;
	caller_at(&at_primary, 0, "alice");
	caller_at(&at_standby, 1, "alice");
	assert_int_equal(mkdirs(&at_primary, "/a"), 0);
	assert_owner(1, "/a", "alice");
	mkdirs(&at_standby, "/b");
	assert_standby(&at_standby);
	assert_owner(0, "/b", NULL);
	caller_finish(&at_primary);
	caller_finish(&at_standby);
}

static void a_hedged_write_has_one_effect_and_one_true_answer(void **state)
{
	struct caller callers[CLUSTER_MASTERS];
	struct sent sent[CLUSTER_MASTERS];
	int answers = 0;

	(void)state;
	for (int i = 0; i < CLUSTER_MASTERS; i++) {
		caller_at(&callers[i], i, "alice");
		send_mkdirs(&callers[i], &sent[i], "/a");
	}
	for (int i = 0; i < CLUSTER_MASTERS; i++)
		answers += await(&callers[i], &sent[i]) == 0;
	assert_int_equal(answers, 1);
	assert_int_equal(cluster.appended, 1);
	assert_standby(&callers[2]);
	for (int i = 0; i < CLUSTER_MASTERS; i++)
		caller_finish(&callers[i]);
}

static void a_standby_renews_no_lease(void **state)
{
	Hdfs__RenewLeaseRequest request = HDFS__RENEW_LEASE_REQUEST__INIT;
	struct caller caller;

	(void)state;
	request.client_name = pb_bytes(STR("writer"));
	caller_at(&caller, 1, "alice");
	ask(&caller, WIRE_CLIENT_PROTOCOL, "renewLease", &request.base);
	assert_standby(&caller);
	caller_finish(&caller);
	caller_at(&caller, 0, "alice");
	assert_int_equal(ask(&caller, WIRE_CLIENT_PROTOCOL, "renewLease", &request.base), 0);
	caller_finish(&caller);
}

static void a_held_write_is_sent_away_when_a_primary_answers(void **state)
{
	struct caller caller;
	struct sent sent;

	(void)state;
	cluster_move_primary(CLUSTER_NONE, JOURNAL_NOT_WRITTEN);
	caller_at(&caller, 1, "alice");
	send_mkdirs(&caller, &sent, "/a");
	for (int i = 0; i < 20; i++)
		io_run_once(cluster.stacks[0].io, 5);
	assert_false(caller.is_answered);
	cluster_move_primary(2, JOURNAL_NOT_WRITTEN);
	await(&caller, &sent);
	assert_standby(&caller);
	caller_finish(&caller);
}

/* Its retry table may lack what was done: Hadoop's client would do it again under another id. */
static void an_odd_standby_tells_a_write_nothing(void **state)
{
	struct caller caller;

	(void)state;
	cluster.journals[1].is_odd = true;
	caller_at(&caller, 1, "alice");
	assert_int_equal(mkdirs(&caller, "/a"), -ERR_CLOSED);
	assert_string_equal(caller.exception, "");
	assert_owner(0, "/a", NULL);
	caller_finish(&caller);
}

/* ---- workers ---- */

/* Worker w1, as it registers and says in every message. */
struct worker {
	Datanode__DatanodeRegistration message;
	Hdfs__DatanodeID id;
	Server__StorageInfo storage;
	Server__ExportedBlockKeys keys;
	Server__BlockKey key;
};

static void worker_init(struct worker *worker)
{
	datanode__datanode_registration__init(&worker->message);
	hdfs__datanode_id__init(&worker->id);
	server__storage_info__init(&worker->storage);
	server__exported_block_keys__init(&worker->keys);
	server__block_key__init(&worker->key);
	worker->storage.cluster_id = pb_bytes(STR("CID-test"));
	worker->storage.namespace_id = 7;
	worker->storage.ctime = 1;
	worker->id.datanode_uuid = pb_bytes(STR("w1"));
	worker->id.ip_addr = worker->id.host_name = pb_bytes(STR("w1"));
	worker->keys.current_key = &worker->key;
	worker->message.datanode_id = &worker->id;
	worker->message.storage_info = &worker->storage;
	worker->message.keys = &worker->keys;
	worker->message.software_version = pb_bytes(STR("3.4.3"));
}

static Server__HaStatus__State state_of_beat(struct caller *caller)
{
	Datanode__HeartbeatRequest beat = DATANODE__HEARTBEAT_REQUEST__INIT;
	Datanode__HeartbeatResponse *response;
	Server__HaStatus__State state;
	struct worker worker;

	worker_init(&worker);
	beat.registration = &worker.message;
	assert_int_equal(ask(caller, WIRE_DATANODE_PROTOCOL, "sendHeartbeat", &beat.base), 0);
	response = answer_of(caller, &datanode__heartbeat_response__descriptor);
	state = response->ha_status->state;
	protobuf_c_message_free_unpacked(&response->base, NULL);
	return state;
}

static void a_report_in_as_many_calls_as_a_number_can_say_is_taken(void **state)
{
	Datanode__RegisterDatanodeRequest registers = DATANODE__REGISTER_DATANODE_REQUEST__INIT;
	Datanode__BlockReportRequest report = DATANODE__BLOCK_REPORT_REQUEST__INIT;
	Datanode__BlockReportContext context = DATANODE__BLOCK_REPORT_CONTEXT__INIT;
	struct caller caller;
	struct worker worker;

	(void)state;
	caller_at(&caller, 0, "worker");
	worker_init(&worker);
	registers.registration = report.registration = &worker.message;
	assert_int_equal(ask(&caller, WIRE_DATANODE_PROTOCOL, "registerDatanode", &registers.base),
	                 0);
	report.block_pool_id = pb_bytes(STR("BP-test"));
	report.context = &context;
	context.total_rpcs = context.cur_rpc = INT32_MAX;
	assert_int_equal(ask(&caller, WIRE_DATANODE_PROTOCOL, "blockReport", &report.base), 0);
	context.total_rpcs = INT32_MIN;
	assert_int_equal(ask(&caller, WIRE_DATANODE_PROTOCOL, "blockReport", &report.base), 0);
	caller_finish(&caller);
}

static void active_is_claimed_under_a_proof_of_primacy_only(void **state)
{
	struct caller primary;
	struct caller standby;

	(void)state;
	caller_at(&primary, 0, "worker");
	caller_at(&standby, 1, "worker");
	assert_int_equal(state_of_beat(&primary), SERVER__HA_STATUS__STATE__ACTIVE);
	assert_int_equal(state_of_beat(&standby), SERVER__HA_STATUS__STATE__STANDBY);
	cluster.primary = CLUSTER_NONE; /* and the master does not know it yet */
	assert_int_equal(master_role(cluster.stacks[0].master), MASTER_PRIMARY);
	assert_int_equal(state_of_beat(&primary), SERVER__HA_STATUS__STATE__STANDBY);
	caller_finish(&primary);
	caller_finish(&standby);
}

/* ---- operators ---- */

static void every_master_shows_the_quorum(void **state)
{
	(void)state;
	for (int i = 0; i < CLUSTER_MASTERS; i++) {
		Quorum__GetQuorumResponse *quorum;
		struct caller caller;

		caller_at(&caller, i, "anybody");
		assert_int_equal(ask(&caller, WIRE_QUORUM_PROTOCOL, "getQuorum", NULL), 0);
		quorum = answer_of(&caller, &quorum__get_quorum_response__descriptor);
		assert_int_equal(quorum->n_members, CLUSTER_MASTERS);
		assert_true(quorum->members[0]->is_primary);
		assert_true(quorum->members[i]->is_self);
		assert_true(quorum->survives_a_failure);
		assert_true(
		        str_equal(pb_str(quorum->role), i == 0 ? STR("primary") : STR("standby")));
		protobuf_c_message_free_unpacked(&quorum->base, NULL);
		caller_finish(&caller);
	}
}

static int change(struct caller *caller, Quorum__ChangeKind kind)
{
	Quorum__ChangeRequest request = QUORUM__CHANGE_REQUEST__INIT;

	request.kind = kind;
	request.has_address = true;
	request.address = pb_bytes(STR("m2:19200"));
	return ask(caller, WIRE_QUORUM_PROTOCOL, "change", &request.base);
}

static void the_quorum_is_changed_by_superusers_at_the_primary(void **state)
{
	struct caller caller;

	(void)state;
	caller_at(&caller, 0, "alice");
	change(&caller, QUORUM__CHANGE_KIND__TRANSFER);
	assert_string_equal(caller.exception, "org.apache.hadoop.security.AccessControlException");
	caller_finish(&caller);
	caller_at(&caller, 1, "hdfs");
	change(&caller, QUORUM__CHANGE_KIND__TRANSFER);
	assert_standby(&caller);
	caller_finish(&caller);
	caller_at(&caller, 0, "hdfs");
	assert_int_equal(change(&caller, QUORUM__CHANGE_KIND__TRANSFER), 0);
	change(&caller, QUORUM__CHANGE_KIND__REMOVE);
	assert_string_equal(caller.text, "no member has this address");
	caller_finish(&caller);
}

/* Text and class are HDFS's: NameNode.checkHaStateChange. */
static void roles_are_not_changed_by_hand(void **state)
{
	Ha__TransitionToActiveRequest request = HA__TRANSITION_TO_ACTIVE_REQUEST__INIT;
	Ha__StateChangeRequestInfo info = HA__STATE_CHANGE_REQUEST_INFO__INIT;
	struct caller caller;

	(void)state;
	request.req_info = &info;
	caller_at(&caller, 1, "hdfs");
	ask(&caller, WIRE_HA_PROTOCOL, "transitionToActive", &request.base);
	assert_string_equal(caller.exception, "org.apache.hadoop.security.AccessControlException");
	assert_string_equal(caller.text, "Manual HA control for this NameNode is disallowed, "
	                                 "because automatic HA is enabled.");
	info.req_source = HA__REQUEST_SOURCE__REQUEST_BY_USER_FORCED;
	ask(&caller, WIRE_HA_PROTOCOL, "transitionToStandby", &request.base);
	assert_string_equal(caller.exception, "org.apache.hadoop.ha.ServiceFailedException");
	caller_finish(&caller);
}

static void roles_are_told_without_a_proof(void **state)
{
	(void)state;
	cluster.is_frozen = true;
	for (int i = 0; i < CLUSTER_MASTERS; i++) {
		Ha__GetServiceStatusResponse *status;
		struct caller caller;

		caller_at(&caller, i, "anybody");
		assert_int_equal(ask(&caller, WIRE_HA_PROTOCOL, "getServiceStatus", NULL), 0);
		status = answer_of(&caller, &ha__get_service_status_response__descriptor);
		assert_int_equal(status->state,
		                 i == 0 ? HA__SERVICE_STATE__ACTIVE : HA__SERVICE_STATE__STANDBY);
		protobuf_c_message_free_unpacked(&status->base, NULL);
		caller_finish(&caller);
	}
}

/* ---- forwarding ---- */

static void a_forwarded_write_is_the_callers_own(void **state)
{
	struct caller caller;

	(void)state;
	caller_at(&caller, 1, "alice");
	assert_int_equal(mkdirs(&caller, "/a"), 0);
	assert_owner(0, "/a", "alice");
	assert_int_equal(rename_path(&caller, "/missing", "/b"), 0);
	assert_int_equal(caller.response_size, 2);
	assert_int_equal(caller.response[1], false);
	caller_finish(&caller);
}

static void an_exception_comes_back_as_it_is(void **state)
{
	struct caller caller;

	(void)state;
	caller_at(&caller, 1, "alice");
	assert_int_equal(mkdirs(&caller, "/a"), 0);
	caller_finish(&caller);
	caller_at(&caller, 2, "bob");
	mkdirs(&caller, "/a/b");
	assert_string_equal(caller.exception, "org.apache.hadoop.security.AccessControlException");
	assert_non_null(strstr(caller.text, "user=bob"));
	caller_finish(&caller);
}

static void soft_state_is_changed_at_the_primary(void **state)
{
	Hdfs__RenewLeaseRequest request = HDFS__RENEW_LEASE_REQUEST__INIT;
	struct caller caller;

	(void)state;
	request.client_name = pb_bytes(STR("writer"));
	caller_at(&caller, 1, "alice");
	assert_int_equal(ask(&caller, WIRE_CLIENT_PROTOCOL, "renewLease", &request.base), 0);
	caller_finish(&caller);
}

/* Both have the same client id and call ids. */
static void two_ways_of_one_client(struct caller *first, int first_place, struct caller *second,
                                   int second_place)
{
	struct rpc_client_options options = {
	        .io = cluster.stacks[0].io,
	        .host = "127.0.0.1",
	        .user = "alice",
	        .protocol = WIRE_CLIENT_PROTOCOL,
	        .connect_timeout_ms = STACK_WAIT_MS,
	        .client_id = {1, 2, 3},
	};

	*first = *second = (struct caller){0};
	options.port = rpc_server_port(cluster.stacks[first_place].server);
	assert_int_equal(rpc_client_create(&options, &first->client), 0);
	options.port = rpc_server_port(cluster.stacks[second_place].server);
	assert_int_equal(rpc_client_create(&options, &second->client), 0);
}

static void a_repeat_is_known_by_whatever_way_it_comes(void **state)
{
	struct caller forwarded;
	struct caller direct;
	struct caller other;

	(void)state;
	caller_at(&other, 0, "alice");
	assert_int_equal(mkdirs(&other, "/a"), 0);
	two_ways_of_one_client(&forwarded, 1, &direct, 0);
	assert_int_equal(rename_path(&forwarded, "/a", "/b"), 0);
	assert_int_equal(forwarded.response[1], true);
	assert_int_equal(rename_path(&direct, "/a", "/b"), 0);
	assert_int_equal(direct.response[1], true); /* the first answer, though /a is gone */
	caller_finish(&forwarded);
	caller_finish(&direct);
	caller_finish(&other);
}

/* The primary took the call and answers no more. */
static void freeze_with(struct caller *caller, struct sent *sent, const char *path)
{
	cluster.is_frozen = true;
	send_mkdirs(caller, sent, path);
	while (cluster.queued == 0) {
		assert_false(caller->is_answered);
		io_run_once(cluster.stacks[0].io, 5);
	}
}

static void a_forwarded_call_goes_on_at_the_next_primary(void **state)
{
	struct caller caller;
	struct sent sent;

	(void)state;
	caller_at(&caller, 1, "alice");
	freeze_with(&caller, &sent, "/a");
	cluster_move_primary(2, JOURNAL_UNKNOWN);
	assert_int_equal(await(&caller, &sent), 0);
	assert_owner(1, "/a", "alice");
	caller_finish(&caller);
}

/* A frozen process closes no connection. */
static void a_forwarded_call_does_not_wait_for_a_primary_that_hangs(void **state)
{
	struct caller caller;
	struct sent sent;

	(void)state;
	caller_at(&caller, 1, "alice");
	freeze_with(&caller, &sent, "/a");
	cluster_usurp(2);
	assert_int_equal(await(&caller, &sent), 0);
	assert_owner(2, "/a", "alice");
	caller_finish(&caller);
}

static void a_forwarded_call_goes_on_here_when_this_is_the_next_primary(void **state)
{
	struct caller caller;
	struct sent sent;

	(void)state;
	caller_at(&caller, 1, "alice");
	freeze_with(&caller, &sent, "/a");
	cluster_move_primary(1, JOURNAL_UNKNOWN);
	assert_int_equal(await(&caller, &sent), 0);
	assert_owner(1, "/a", "alice");
	caller_finish(&caller);
}

/* The next primary had the entry: the second attempt must find it. */
static void a_forwarded_call_that_was_done_is_not_done_again(void **state)
{
	struct caller caller;
	struct sent sent;
	struct wire_rename request = {.source = STR("/a"), .target = STR("/b")};

	(void)state;
	caller_at(&caller, 1, "alice");
	assert_int_equal(mkdirs(&caller, "/a"), 0);
	cluster.is_frozen = true;
	buf_init(&sent.message);
	wire_rename_encode(&sent.message, &request);
	caller_send(&caller, "rename", buf_str(&sent.message));
	while (cluster.queued == 0)
		io_run_once(cluster.stacks[0].io, 5);
	cluster.queue[0].append->done(cluster.queue[0].append, JOURNAL_UNKNOWN);
	cluster.queue[0].append = NULL;
	cluster_move_primary(2, JOURNAL_COMMITTED);
	assert_int_equal(await(&caller, &sent), 0);
	assert_int_equal(caller.response[1], true);
	assert_owner(2, "/b", "alice");
	caller_finish(&caller);
}

static void a_call_that_may_be_done_is_dropped_not_sent_away(void **state)
{
	struct caller caller;
	struct sent sent;

	(void)state;
	caller_at(&caller, 1, "alice");
	freeze_with(&caller, &sent, "/a");
	cluster_move_primary(CLUSTER_NONE, JOURNAL_UNKNOWN);
	assert_int_equal(await(&caller, &sent), -ERR_CLOSED);
	assert_string_equal(caller.exception, "");
	caller_finish(&caller);
}

static void an_odd_standby_forwards_a_write(void **state)
{
	struct caller caller;

	(void)state;
	cluster.journals[1].is_odd = true;
	caller_at(&caller, 1, "alice");
	assert_int_equal(mkdirs(&caller, "/a"), 0);
	assert_owner(0, "/a", "alice");
	caller_finish(&caller);
}

/* The primary took it, and surely wrote nothing; then there is none. */
static void lose_primary_with(struct caller *caller, const char *path)
{
	struct sent sent;

	freeze_with(caller, &sent, path);
	cluster_move_primary(CLUSTER_NONE, JOURNAL_NOT_WRITTEN);
	await(caller, &sent);
}

static void a_call_that_was_surely_not_done_may_be_tried_elsewhere(void **state)
{
	struct caller caller;

	(void)state;
	caller_at(&caller, 1, "alice");
	lose_primary_with(&caller, "/a");
	assert_string_equal(caller.exception, "org.apache.hadoop.ipc.RetriableException");
	caller_finish(&caller);
}

/* That this attempt was surely not written says nothing of those before it. */
static void a_call_of_an_odd_standby_is_dropped_not_sent_away(void **state)
{
	struct caller caller;

	(void)state;
	cluster.journals[1].is_odd = true;
	caller_at(&caller, 1, "alice");
	lose_primary_with(&caller, "/a");
	assert_int_equal(caller.rc, -ERR_CLOSED);
	assert_string_equal(caller.exception, "");
	caller_finish(&caller);
}

static void nobody_but_a_superuser_forwards(void **state)
{
	Forward__ForwardRequest request = FORWARD__FORWARD_REQUEST__INIT;
	uint8_t id[16] = {1};
	struct caller caller;

	(void)state;
	request.user = pb_bytes(STR("hdfs"));
	request.address = pb_bytes(STR("10.0.0.1"));
	request.protocol = pb_bytes(STR(WIRE_CLIENT_PROTOCOL));
	request.method = pb_bytes(STR("mkdirs"));
	request.client_id = pb_bytes(str_make(id, sizeof(id)));
	caller_at(&caller, 0, "alice");
	ask(&caller, WIRE_FORWARD_PROTOCOL, "forward", &request.base);
	assert_string_equal(caller.exception, "org.apache.hadoop.security.AccessControlException");
	caller_finish(&caller);
}

static void what_is_forwarded_is_not_forwarded_again(void **state)
{
	struct wire_mkdirs mkdirs = {.path = STR("/a"), .mode = 0755, .create_parent = true};
	Forward__ForwardRequest request = FORWARD__FORWARD_REQUEST__INIT;
	uint8_t id[16] = {1};
	struct caller caller;
	struct buf message;

	(void)state;
	buf_init(&message);
	wire_mkdirs_encode(&message, &mkdirs);
	request.user = pb_bytes(STR("alice"));
	request.address = pb_bytes(STR("10.0.0.1"));
	request.protocol = pb_bytes(STR(WIRE_CLIENT_PROTOCOL));
	request.method = pb_bytes(STR("mkdirs"));
	request.client_id = pb_bytes(str_make(id, sizeof(id)));
	request.request = pb_bytes(buf_str(&message));
	caller_at(&caller, 1, "hdfs");
	ask(&caller, WIRE_FORWARD_PROTOCOL, "forward", &request.base);
	assert_standby(&caller);
	buf_finish(&message);
	caller_finish(&caller);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name)    cmocka_unit_test_setup_teardown(name, setup, teardown)
#define FORWARD(name) cmocka_unit_test_setup_teardown(name, setup_forwarding, teardown)
	        TEST(a_standby_answers_reads_and_sends_writes_away),
	        TEST(a_hedged_write_has_one_effect_and_one_true_answer),
	        TEST(a_standby_renews_no_lease),
	        TEST(a_held_write_is_sent_away_when_a_primary_answers),
	        TEST(an_odd_standby_tells_a_write_nothing),
	        TEST(active_is_claimed_under_a_proof_of_primacy_only),
	        TEST(a_report_in_as_many_calls_as_a_number_can_say_is_taken),
	        TEST(every_master_shows_the_quorum),
	        TEST(the_quorum_is_changed_by_superusers_at_the_primary),
	        TEST(roles_are_not_changed_by_hand),
	        TEST(roles_are_told_without_a_proof),
	        FORWARD(a_forwarded_write_is_the_callers_own),
	        FORWARD(an_exception_comes_back_as_it_is),
	        FORWARD(soft_state_is_changed_at_the_primary),
	        FORWARD(a_repeat_is_known_by_whatever_way_it_comes),
	        FORWARD(a_forwarded_call_goes_on_at_the_next_primary),
	        FORWARD(a_forwarded_call_does_not_wait_for_a_primary_that_hangs),
	        FORWARD(a_forwarded_call_goes_on_here_when_this_is_the_next_primary),
	        FORWARD(a_forwarded_call_that_was_done_is_not_done_again),
	        FORWARD(a_call_that_may_be_done_is_dropped_not_sent_away),
	        FORWARD(an_odd_standby_forwards_a_write),
	        FORWARD(a_call_that_was_surely_not_done_may_be_tried_elsewhere),
	        FORWARD(a_call_of_an_odd_standby_is_dropped_not_sent_away),
	        FORWARD(nobody_but_a_superuser_forwards),
	        FORWARD(what_is_forwarded_is_not_forwarded_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
