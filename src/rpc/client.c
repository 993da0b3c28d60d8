/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's connection and its calls.
 *
 *   waiting   not sent: the connection is being opened, or the turn has not ended
 *   sent      the answer has not come
 *   ending    the connection broke under them; done() runs for one after the other
 *
 * done() may do anything, also call again, cancel others, or destroy the client: while `busy` the
 * memory stays, and nothing is kept over a done() but what is looked up again.
 */
#include "rpc/client_private.h"

#include "base/err.h"
#include "base/mem.h"
#include "proto/rpc.pb-c.h"

enum { OUT_KEPT_BYTES = 64 * 1024 };

/* ---- ends of requests ---- */

void client_request_ended(struct rpc_request *request, const struct rpc_outcome *outcome)
{
	struct rpc_outcome with_fate = *outcome;

	with_fate.was_sent = request->was_sent;
	list_remove(&request->node);
	io_timer_stop(&request->timer);
	request->done(request, &with_fate);
}

static void free_client(struct rpc_client *client)
{
	CHECK(list_is_empty(&client->waiting) && list_is_empty(&client->sent) &&
	      list_is_empty(&client->ending));
	buf_finish(&client->out);
	mem_free(client->host);
	mem_free(client->user);
	mem_free(client->real_user);
	mem_free(client->protocol);
	mem_free(client);
}

void client_enter(struct rpc_client *client)
{
	client->busy++;
}

void client_leave(struct rpc_client *client)
{
	client->busy--;
	if (client->busy == 0 && client->is_destroyed)
		free_client(client);
}

/* Of all requests there are now; those that their done() makes stay. */
static void end_all(struct rpc_client *client, const struct rpc_outcome *outcome)
{
	list_splice(&client->ending, &client->sent);
	list_splice(&client->ending, &client->waiting);
	while (!list_is_empty(&client->ending))
		client_request_ended(LIST_FIRST(&client->ending, struct rpc_request, node),
		                     outcome);
}

static void close_conn(struct rpc_client *client)
{
	io_conn_close(client->conn);
	client->conn = NULL;
	client->is_open = false;
	io_timer_stop(&client->ping);
	io_hook_cancel(&client->flush);
	frames_finish(&client->frames);
}

void client_disconnect(struct rpc_client *client, const struct rpc_outcome *outcome)
{
	client_enter(client);
	close_conn(client);
	end_all(client, outcome);
	client_leave(client);
}

static void time_is_up(struct io_timer *timer)
{
	struct rpc_request *request = CONTAINER_OF(timer, struct rpc_request, timer);

	client_request_ended(request, &(struct rpc_outcome){.rc = -ERR_TIMEOUT});
}

/* ---- the connection ---- */

static void send_out(struct rpc_client *client)
{
	struct str bytes = buf_str(&client->out);

	if (bytes.size == 0)
		return;
	io_conn_write(client->conn, &bytes, 1);
	client->traffic_us = io_now_us(client->io);
	if (client->out.capacity > OUT_KEPT_BYTES)
		buf_finish(&client->out);
	else
		buf_clear(&client->out);
}

/* All calls of the turn in one write. */
static void run_flush(struct io_hook *hook)
{
	struct rpc_client *client = CONTAINER_OF(hook, struct rpc_client, flush);

	LIST_FOR_EACH (node, &client->waiting) {
		struct rpc_request *request = CONTAINER_OF(node, struct rpc_request, node);

		client_append_call(&client->out, client, request);
		request->was_sent = true;
	}
	list_splice(&client->sent, &client->waiting);
	if (client->out.failed)
		client_disconnect(client, &(struct rpc_outcome){.rc = -ERR_NO_MEMORY});
	else
		send_out(client);
}

static void run_ping(struct io_timer *timer)
{
	struct rpc_client *client = CONTAINER_OF(timer, struct rpc_client, ping);
	uint64_t silent_us = io_now_us(client->io) - client->traffic_us;
	uint64_t ping_us = (uint64_t)client->ping_ms * 1000;

	if (silent_us >= ping_us) {
		client_append_ping(&client->out, client);
		if (!client->out.failed)
			send_out(client);
		silent_us = 0;
	}
	io_timer_start(timer, ping_us - silent_us);
}

static void on_data(void *context, const uint8_t *data, size_t size)
{
	struct rpc_client *client = context;
	struct cursor input = cursor_make(data, size);
	struct io_conn *conn = client->conn;
	struct frame frame;
	int rc = 0;

	client->traffic_us = io_now_us(client->io);
	client_enter(client);
	while (client->conn == conn && (rc = frames_next(&client->frames, &input, &frame)) == 1) {
		client_take_response(client, frame.bytes);
		mem_free(frame.memory);
	}
	if (client->conn == conn && rc < 0)
		client_disconnect(client, &(struct rpc_outcome){.rc = rc});
	client_leave(client);
}

static void on_end(void *context, int rc)
{
	client_disconnect(context, &(struct rpc_outcome){.rc = rc < 0 ? rc : -ERR_CLOSED});
}

static const struct io_conn_ops conn_ops = {.on_data = on_data, .on_end = on_end};

static void on_connect(void *context, int rc)
{
	struct rpc_client *client = context;

	if (rc < 0) {
		client_disconnect(client, &(struct rpc_outcome){.rc = rc});
		return;
	}
	client->is_open = true;
	io_conn_start(client->conn, &conn_ops, client);
	client_append_greeting(&client->out, client);
	io_at_turn_end(client->io, &client->flush);
	if (client->ping_ms > 0)
		io_timer_start(&client->ping, (uint64_t)client->ping_ms * 1000);
}

/* The connection could not even be tried. */
static void run_fail(struct io_hook *hook)
{
	struct rpc_client *client = CONTAINER_OF(hook, struct rpc_client, fail);

	if (client->conn != NULL) /* a later call succeeded in trying */
		return;
	client_enter(client);
	end_all(client, &(struct rpc_outcome){.rc = client->fail_rc});
	client_leave(client);
}

static void open_conn(struct rpc_client *client)
{
	buf_clear(&client->out);
	client->fail_rc = io_connect(client->io, client->host, client->port,
	                             client->connect_timeout_ms, on_connect, client, &client->conn);
	if (client->fail_rc < 0)
		io_at_turn_end(client->io, &client->fail);
}

/* ---- calls ---- */

int32_t rpc_client_next_call_id(struct rpc_client *client)
{
	int32_t id = client->next_call_id;

	client->next_call_id = id == INT32_MAX ? 0 : id + 1;
	return id;
}

void rpc_client_call(struct rpc_client *client, struct rpc_request *request)
{
	CHECK(!client->is_destroyed);
	request->client = client;
	request->was_sent = false;
	list_append(&client->waiting, &request->node);
	io_timer_init(client->io, &request->timer, time_is_up);
	if (request->timeout_ms > 0)
		io_timer_start(&request->timer, (uint64_t)request->timeout_ms * 1000);
	if (client->conn == NULL)
		open_conn(client);
	else if (client->is_open)
		io_at_turn_end(client->io, &client->flush);
}

void rpc_client_cancel(struct rpc_request *request)
{
	list_remove(&request->node);
	io_timer_stop(&request->timer);
}

/* ---- life ---- */

static int copy_text(const char *text, char **ret_copy)
{
	if (text == NULL)
		return 0;
	*ret_copy = mem_strdup(str_of(text));
	return *ret_copy == NULL ? -ERR_NO_MEMORY : 0;
}

static int copy_options(struct rpc_client *client, const struct rpc_client_options *options)
{
	size_t response_bytes_max = options->response_bytes_max;

	if (response_bytes_max == 0 || response_bytes_max > INT32_MAX)
		response_bytes_max = INT32_MAX;
	client->io = options->io;
	client->port = options->port;
	client->connect_timeout_ms = options->connect_timeout_ms;
	client->ping_ms = options->ping_ms;
	memcpy(client->client_id, options->client_id, sizeof(client->client_id));
	frames_init(&client->frames, response_bytes_max);
	if (copy_text(options->host, &client->host) < 0 ||
	    copy_text(options->user, &client->user) < 0 ||
	    copy_text(options->real_user, &client->real_user) < 0 ||
	    copy_text(options->protocol, &client->protocol) < 0)
		return -ERR_NO_MEMORY;
	return 0;
}

int rpc_client_create(const struct rpc_client_options *options, struct rpc_client **ret_client)
{
	struct rpc_client *client = mem_zalloc(sizeof(*client));
	int rc;

	if (client == NULL)
		return -ERR_NO_MEMORY;
	list_init(&client->waiting);
	list_init(&client->sent);
	list_init(&client->ending);
	client->flush.run = run_flush;
	client->fail.run = run_fail;
	rc = copy_options(client, options);
	if (rc < 0) {
		free_client(client);
		return rc;
	}
	io_timer_init(client->io, &client->ping, run_ping);
	*ret_client = client;
	return 0;
}

void rpc_client_destroy(struct rpc_client *client)
{
	if (client == NULL)
		return;
	client->is_destroyed = true;
	io_hook_cancel(&client->fail);
	client_disconnect(client, &(struct rpc_outcome){.rc = -ERR_CLOSED});
}
