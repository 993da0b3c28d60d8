/* SPDX-License-Identifier: Apache-2.0 */
#include "client/client.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "client/client_private.h"
#include "wire/protocols.h"

enum {
	CLIENT_MAGIC = 0x68636c74,
	PAUSE_FIRST_MS = 50,
	PAUSE_MAX_MS = 2000,
	ATTEMPT_FIRST_MS = 500, /* of several masters one may hang; twice as long each round */
	NOT_READY_MS = 30000,   /* while there is no primary, or it is not ready */
	WAIT_TOLD_FIRST_MS = 2000,
	WAIT_TOLD_EACH_MS = 5000,
	PING_MS = 60000,
	RESPONSE_BYTES_MAX = 128 << 20,
};

/* ---- life ---- */

static int create_server(const struct rpc_client_options *options, struct client_server *server)
{
	server->port = options->port;
	server->host = mem_strdup(str_of(options->host));
	if (server->host == NULL)
		return -ERR_NO_MEMORY;
	return rpc_client_create(options, &server->rpc);
}

/* One client id for all, so that a call may be repeated at another master. */
static int create_servers(struct client *client, const struct client_options *options)
{
	struct rpc_client_options rpc = {
	        .io = client->io,
	        .user = client->user,
	        .protocol = WIRE_CLIENT_PROTOCOL,
	        .connect_timeout_ms = options->connect_timeout_ms,
	        .ping_ms = PING_MS,
	        .response_bytes_max = RESPONSE_BYTES_MAX,
	};

	io_random(client->io, rpc.client_id, sizeof(rpc.client_id));
	client->servers = mem_zalloc(options->address_count * sizeof(*client->servers));
	if (client->servers == NULL)
		return -ERR_NO_MEMORY;
	for (size_t i = 0; i < options->address_count; i++) {
		int rc;

		rpc.host = options->addresses[i].host;
		rpc.port = options->addresses[i].port;
		rc = create_server(&rpc, &client->servers[client->server_count++]);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int client_create(const struct client_options *options, struct client **ret_client)
{
	struct client *client;
	uint64_t random;
	int rc;

	CHECK(options->address_count > 0);
	client = mem_zalloc(sizeof(*client));
	if (client == NULL)
		return -ERR_NO_MEMORY;
	client->magic = CLIENT_MAGIC;
	client->io = options->io;
	client->call_timeout_ms = options->call_timeout_ms;
	client->patience_ms = options->patience_ms;
	client->refused_ms = options->refused_ms;
	client->on_wait = options->on_wait;
	client->wait_context = options->wait_context;
	client->user = mem_strdup(str_of(options->user));
	io_random(client->io, &random, sizeof(random));
	snprintf(client->name, sizeof(client->name), "HFClient_%016llx",
	         (unsigned long long)random);
	rc = client->user == NULL ? -ERR_NO_MEMORY : create_servers(client, options);
	if (rc < 0) {
		client_destroy(client);
		return rc;
	}
	*ret_client = client;
	return 0;
}

void client_destroy(struct client *client)
{
	if (client == NULL)
		return;
	OBJ_CHECK(client, CLIENT_MAGIC);
	CHECK(client->open_writers == 0);
	for (size_t i = 0; i < client->server_count; i++) {
		if (client->servers[i].rpc != NULL)
			rpc_client_destroy(client->servers[i].rpc);
		mem_free(client->servers[i].host);
	}
	mem_free(client->servers);
	mem_free(client->user);
	buf_finish(&client->failure_class);
	buf_finish(&client->failure_text);
	buf_finish(&client->renewal_message);
	client->magic = 0;
	mem_free(client);
}

const char *client_name(const struct client *client)
{
	return client->name;
}

struct client_address client_current_master(const struct client *client)
{
	const struct client_server *server = &client->servers[client->current];

	return (struct client_address){.host = server->host, .port = server->port};
}

int32_t client_next_call_id(struct client *client)
{
	int32_t id = client->next_call_id;

	client->next_call_id = id == INT32_MAX ? 0 : id + 1;
	return id;
}

/* ---- failures ---- */

const struct client_failure *client_failure(const struct client *client)
{
	return &client->failure;
}

static int set_failure(struct client *client, int rc, struct str java_class, struct str text)
{
	buf_clear(&client->failure_class);
	buf_append_str(&client->failure_class, java_class);
	buf_clear(&client->failure_text);
	buf_append_str(&client->failure_text, text);
	client->failure = (struct client_failure){
	        .rc = rc,
	        .java_class = buf_str(&client->failure_class),
	        .text = buf_str(&client->failure_text),
	};
	return rc;
}

int client_fail(struct client *client, int rc, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return set_failure(client, rc, (struct str){0}, str_of(text));
}

/* Our code for an exception that callers tell apart; others are -ERR_WRITE_REFUSED. */
static int code_of_class(struct str java_class)
{
	static const int codes[] = {
	        ERR_STANDBY,
	        ERR_RETRIABLE,
	        ERR_SAFE_MODE,
	        ERR_NO_METHOD,
	        ERR_NO_PROTOCOL,
	        ERR_NOT_FOUND,
	        ERR_EXISTS,
	        ERR_NOT_DIRECTORY,
	        ERR_NOT_EMPTY,
	        ERR_PERMISSION,
	        ERR_INVALID_PATH,
	        ERR_BEING_CREATED,
	        ERR_LEASE_EXPIRED,
	        ERR_UNSUPPORTED,
	        ERR_NOT_REPLICATED_YET,
	        ERR_RECOVERY_IN_PROGRESS,
	};

	for (size_t i = 0; i < COUNT_OF(codes); i++) {
		if (str_equal(java_class, str_of(err_java_class(codes[i]))))
			return -codes[i];
	}
	return -ERR_WRITE_REFUSED;
}

/* Java puts its stack trace behind the message. */
static struct str without_stack_trace(struct str text)
{
	for (size_t i = 0; i + 4 <= text.size; i++) {
		if (memcmp(text.data + i, "\n\tat", 4) == 0)
			return str_make(text.data, i);
	}
	return text;
}

/* ---- one call ---- */

struct attempt {
	struct rpc_request request;
	struct client *client;
	struct arena *arena;
	struct str response;
	int rc;
	bool is_done;
};

static void attempt_done(struct rpc_request *request, const struct rpc_outcome *outcome)
{
	struct attempt *attempt = CONTAINER_OF(request, struct attempt, request);

	attempt->is_done = true;
	attempt->rc = outcome->rc;
	if (outcome->rc == 0) {
		attempt->response = arena_copy(attempt->arena, outcome->response);
		if (attempt->response.data == NULL && outcome->response.size > 0)
			attempt->rc = -ERR_TOO_LARGE;
	} else if (outcome->exception_class.size > 0) {
		attempt->rc = set_failure(attempt->client, code_of_class(outcome->exception_class),
		                          outcome->exception_class,
		                          without_stack_trace(outcome->exception_text));
	}
}

/* Scripts look for the words of Hadoop's clients. */
static void fail_to_reach(struct client *client, const struct client_server *server, int rc)
{
	char address[IO_HOST_ADDRESS_BYTES];

	io_host_address(client->io, address);
	if (rc == -ERR_REFUSED)
		client_fail(client, rc,
		            "Call From %s/%s to " HOST_PORT_FORMAT
		            " failed on connection exception: "
		            "java.net.ConnectException: Connection refused; For more details see:  "
		            "http://wiki.apache.org/hadoop/ConnectionRefused",
		            io_host_name(client->io), address, HOST_PORT_ARGS(*server));
	else
		client_fail(client, rc, "Call From %s/%s to " HOST_PORT_FORMAT " failed: %s",
		            io_host_name(client->io), address, HOST_PORT_ARGS(*server),
		            err_text(rc));
}

static void run_attempt(struct attempt *attempt, struct client_server *server)
{
	struct client *client = attempt->client;

	attempt->is_done = false;
	client->failure.java_class = (struct str){0};
	rpc_client_call(server->rpc, &attempt->request);
	while (!attempt->is_done)
		io_run_once(client->io, -1);
	if (attempt->rc < 0 && client->failure.java_class.size == 0)
		fail_to_reach(client, server, attempt->rc);
}

static bool may_go_elsewhere(int rc)
{
	switch (-rc) {
	case ERR_STANDBY:
	case ERR_RETRIABLE:
	case ERR_CLOSED:
	case ERR_TIMEOUT:
	case ERR_REFUSED:
	case ERR_UNREACHABLE:
	case ERR_IO:
	case ERR_NO_HOST: return true;
	default: return false;
	}
}

static void do_nothing(struct io_timer *timer)
{
	(void)timer; /* the loop has woken up, which is all */
}

void client_pause(struct io *io, uint64_t delay_ms)
{
	struct io_timer timer;

	io_timer_init(io, &timer, do_nothing);
	io_timer_start(&timer, delay_ms * 1000);
	while (io_timer_is_started(&timer))
		io_run_once(io, -1);
}

/* How long the answer to an attempt is waited for. */
static unsigned attempt_ms(const struct client *client, size_t tried)
{
	unsigned most_ms = client->call_timeout_ms, ms = ATTEMPT_FIRST_MS;

	if (client->server_count == 1)
		return most_ms;
	for (size_t round = tried / client->server_count; round > 0 && ms < most_ms / 2; round--)
		ms *= 2;
	return ms < most_ms ? ms : most_ms;
}

/* How long a call that failed with rc is tried: of one that may be at work the answer is waited for
 * longer than for somebody who takes it. */
static uint64_t patience_ms(const struct client *client, int rc)
{
	bool may_be_at_work = rc == -ERR_TIMEOUT || rc == -ERR_CLOSED;

	return may_be_at_work || client->patience_ms < NOT_READY_MS ? client->patience_ms
	                                                            : NOT_READY_MS;
}

/* Whether a call that failed with rc is over: its patience has ended. */
static bool is_over(const struct client *client, int rc, uint64_t elapsed_ms, bool was_reached)
{
	if (!may_go_elsewhere(rc) || elapsed_ms >= patience_ms(client, rc))
		return true;
	if (rc == -ERR_STANDBY && client->server_count == 1)
		return true; /* it knows a primary, which this client does not */
	return !was_reached && elapsed_ms >= client->refused_ms;
}

/* Whoever waits is told why, after a while and then now and again. */
static void tell_waiting(const struct client *client, const char *method, int rc,
                         uint64_t elapsed_ms, uint64_t *next_ms)
{
	if (client->on_wait == NULL || elapsed_ms < *next_ms)
		return;
	*next_ms = elapsed_ms + WAIT_TOLD_EACH_MS;
	client->on_wait(client->wait_context, method, client->failure.text,
	                (patience_ms(client, rc) - elapsed_ms) / 1000);
}

int client_call(struct client *client, const char *protocol, const char *method, struct str request,
                struct arena *arena, struct str *ret_response)
{
	struct attempt attempt = {
	        .client = client,
	        .arena = arena,
	        .request = {.protocol = protocol,
	                    .method = method,
	                    .message = request,
	                    .done = attempt_done},
	};
	uint64_t began_us = io_now_us(client->io);
	uint64_t pause_ms = PAUSE_FIRST_MS;
	uint64_t elapsed_ms, tell_ms = WAIT_TOLD_FIRST_MS;
	bool was_reached = false; /* some master accepted a connection */

	OBJ_CHECK(client, CLIENT_MAGIC);
	attempt.request.call_id = client_next_call_id(client);
	for (size_t tried = 1;; tried++) {
		attempt.request.timeout_ms = attempt_ms(client, tried - 1);
		run_attempt(&attempt, &client->servers[client->current]);
		if (attempt.rc == 0)
			break;
		was_reached = was_reached ||
		              (attempt.rc != -ERR_REFUSED && attempt.rc != -ERR_UNREACHABLE &&
		               attempt.rc != -ERR_NO_HOST);
		elapsed_ms = (io_now_us(client->io) - began_us) / 1000;
		if (is_over(client, attempt.rc, elapsed_ms, was_reached))
			return attempt.rc;
		if (was_reached) /* else it is over soon */
			tell_waiting(client, method, attempt.rc, elapsed_ms, &tell_ms);
		if (attempt.rc != -ERR_RETRIABLE)
			client->current = (client->current + 1) % client->server_count;
		/* The first move to another master is at once. */
		if (tried % client->server_count == 0 || attempt.rc == -ERR_RETRIABLE) {
			client_pause(client->io, pause_ms);
			pause_ms = pause_ms * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : pause_ms * 2;
		}
		attempt.request.retry_count++;
	}
	*ret_response = attempt.response;
	return 0;
}
