/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that a standby sends on to the primary, for clients that know one address.
 *
 *   client > standby: the master says that another is primary > FORWARD > primary > back
 *
 * The caller's identity, client id and call id travel along, and whether it was sent before, so the
 * retry table knows a call by whatever way it comes; who sent none gets one of ours.  All calls
 * share a few connections.
 *
 * A call whose attempt was sent and not answered may be in some journal.  It is never told to try
 * elsewhere: it starts again here with the same ids, which finds out whether it was done, or sends
 * it to the next primary; and when there is none for too long its connection is closed.  A frozen
 * primary closes no connection, so while calls are on their way it is looked whether another is
 * primary now.
 */
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "proto/forward.pb-c.h"
#include "rpc/rpc_client.h"
#include "service/service_private.h"
#include "wire/protocols.h"

enum {
	LINKS = 4, /* a big answer delays only the others on its connection */
	LOOK_US = 20 * 1000,
	CONNECT_TIMEOUT_MS = 2000,
	PING_MS = 5000,
	STOP_US = 1000 * 1000,
	CLIENT_ID_BYTES = 16,
};

struct forwarder {
	const struct service_options *options;
	char *user;                                  /* of the links */
	char address[JOURNAL_ADDRESS_BYTES_MAX + 1]; /* of the links' master; empty: none */
	struct rpc_client *links[LINKS];             /* NULL: not made yet */
	size_t next_link;
	struct list sent;    /* struct forwarding */
	struct list waiting; /* to start again */
	size_t calls;        /* in both */
	size_t bytes;        /* of those that were sent */
	struct io_timer timer;
	uint64_t stop_us; /* io_now_us: then nothing is waited for any more; 0: it goes on */
	uint8_t client_id[CLIENT_ID_BYTES]; /* for calls that have none */
	int32_t next_call_id;
};

/* In the call's arena, from the first attempt on. */
struct forwarding {
	struct call *call;
	struct rpc_request request;
	struct buf message;
	bool may_be_done;
	struct list node;
};

bool forward_may_be_done(const struct call *call)
{
	return call->forwarding != NULL && call->forwarding->may_be_done;
}

/* ---- the way back ---- */

static struct forwarder *forwarder_of(const struct forwarding *forwarding)
{
	return forwarding->call->service->forwarder;
}

static void start_again_soon(struct forwarding *forwarding)
{
	struct forwarder *forwarder = forwarder_of(forwarding);

	list_append(&forwarder->waiting, &forwarding->node);
	forwarder->calls++;
	if (!io_timer_is_started(&forwarder->timer))
		io_timer_start(&forwarder->timer, LOOK_US);
}

static void relay_answer(struct call *call, const struct rpc_outcome *outcome)
{
	buf_append_str(call_reply_begin(call), outcome->response);
	call->index = (uint64_t)outcome->state_id;
	call_reply_end(call);
}

static void relay_exception(struct call *call, const struct rpc_outcome *outcome)
{
	rpc_reply_exception(call->rpc, outcome->exception_class, outcome->exception_text);
	service_end_call(call);
}

static bool is_class(const struct rpc_outcome *outcome, int rc)
{
	return str_equal(outcome->exception_class, str_of(err_java_class(rc)));
}

static void on_answer(struct rpc_request *request, const struct rpc_outcome *outcome)
{
	struct forwarding *forwarding = CONTAINER_OF(request, struct forwarding, request);
	struct forwarder *forwarder = forwarder_of(forwarding);

	list_remove(&forwarding->node);
	forwarder->calls--;
	forwarder->bytes -= forwarding->message.size;
	buf_finish(&forwarding->message);
	if (outcome->rc == 0) {
		relay_answer(forwarding->call, outcome);
	} else if (outcome->exception_class.size == 0) {
		forwarding->may_be_done = forwarding->may_be_done || outcome->was_sent;
		start_again_soon(forwarding);
	} else if (is_class(outcome, -ERR_STANDBY) ||
	           (forwarding->may_be_done && is_class(outcome, -ERR_RETRIABLE))) {
		start_again_soon(forwarding);
	} else {
		relay_exception(forwarding->call, outcome);
	}
}

/* ---- links ---- */

static void cut_links(struct forwarder *forwarder)
{
	forwarder->address[0] = 0;
	for (size_t i = 0; i < LINKS; i++) {
		struct rpc_client *link = forwarder->links[i];

		forwarder->links[i] = NULL;
		rpc_client_destroy(link);
	}
}

/* The host is copied; [::1]:19200 stands for ::1. */
static bool split_address(const char *address, char host[JOURNAL_ADDRESS_BYTES_MAX + 1],
                          uint16_t *ret_port)
{
	const char *colon = strrchr(address, ':');
	size_t size = colon == NULL ? 0 : (size_t)(colon - address);
	unsigned long port = colon == NULL ? 0 : strtoul(colon + 1, NULL, 10);

	if (size == 0 || port == 0 || port > UINT16_MAX)
		return false;
	if (address[0] == '[' && address[size - 1] == ']') {
		address++;
		size -= 2;
	}
	memcpy(host, address, size);
	host[size] = 0;
	*ret_port = (uint16_t)port;
	return true;
}

static struct rpc_client *make_link(struct forwarder *forwarder)
{
	char host[JOURNAL_ADDRESS_BYTES_MAX + 1];
	struct io *io = forwarder->options->io;
	struct rpc_client_options options = {
	        .io = io,
	        .host = host,
	        .user = forwarder->user,
	        .protocol = WIRE_FORWARD_PROTOCOL,
	        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
	        .ping_ms = PING_MS,
	};
	struct rpc_client *link = NULL;

	io_random(io, options.client_id, sizeof(options.client_id));
	if (!split_address(forwarder->address, host, &options.port) ||
	    rpc_client_create(&options, &link) < 0)
		return NULL;
	return link;
}

/* NULL: no primary is known, or no memory. */
static struct rpc_client *link_to_primary(struct forwarder *forwarder)
{
	char address[JOURNAL_ADDRESS_BYTES_MAX + 1];
	size_t place;

	if (!master_find_primary(forwarder->options->master, address))
		return NULL;
	if (strcmp(address, forwarder->address) != 0) {
		cut_links(forwarder);
		memcpy(forwarder->address, address, sizeof(address));
	}
	place = forwarder->next_link++ % LINKS;
	if (forwarder->links[place] == NULL)
		forwarder->links[place] = make_link(forwarder);
	return forwarder->links[place];
}

/* ---- the way there ---- */

static void give_ids(struct forwarder *forwarder, struct call *call)
{
	if (call->has_client_id && call->call_id >= 0)
		return;
	call->has_client_id = true;
	memcpy(call->client_id, forwarder->client_id, sizeof(call->client_id));
	call->call_id = forwarder->next_call_id;
	forwarder->next_call_id = call->call_id == INT32_MAX ? 0 : call->call_id + 1;
}

static void append_request(struct forwarding *forwarding)
{
	Forward__ForwardRequest message = FORWARD__FORWARD_REQUEST__INIT;
	const struct call *call = forwarding->call;
	const struct rpc_call *rpc = call->rpc;

	message.user = pb_bytes(rpc->identity->user);
	message.has_real_user = rpc->identity->real_user.size > 0;
	message.real_user = pb_bytes(rpc->identity->real_user);
	message.address = pb_bytes(call_address(call));
	message.protocol = pb_bytes(rpc->protocol);
	message.method = pb_bytes(rpc->method);
	message.client_id = pb_bytes(str_make(call->client_id, sizeof(call->client_id)));
	message.call_id = call->call_id;
	message.request = pb_bytes(rpc->request);
	pb_append(&forwarding->message, &message.base);
}

/* False: not now. */
static bool send(struct forwarder *forwarder, struct forwarding *forwarding)
{
	const struct call *call = forwarding->call;
	size_t bytes = forwarder->bytes + call->rpc->request.size;
	struct rpc_client *link;

	if (forwarder->bytes > 0 && bytes > forwarder->options->forward_bytes_max)
		return false;
	link = link_to_primary(forwarder);
	if (link == NULL)
		return false;
	append_request(forwarding);
	if (forwarding->message.failed) {
		buf_finish(&forwarding->message);
		return false;
	}
	forwarding->request = (struct rpc_request){
	        .protocol = WIRE_FORWARD_PROTOCOL,
	        .method = "forward",
	        .message = buf_str(&forwarding->message),
	        .call_id = rpc_client_next_call_id(link),
	        .retry_count = forwarding->may_be_done || call->rpc->retry_count > 0,
	        .done = on_answer,
	};
	list_append(&forwarder->sent, &forwarding->node);
	forwarder->calls++;
	forwarder->bytes += forwarding->message.size;
	rpc_client_call(link, &forwarding->request);
	if (!io_timer_is_started(&forwarder->timer))
		io_timer_start(&forwarder->timer, LOOK_US);
	return true;
}

/* False: nobody waits for it, or it waited for long enough; the call was ended. */
static bool goes_on(struct forwarder *forwarder, struct call *call)
{
	uint64_t passed_us = io_now_us(forwarder->options->io) - call->rpc->arrived_us;

	if (!rpc_call_is_alive(call->rpc)) {
		call_drop(call);
		return false;
	}
	if (passed_us < forwarder->options->forward_ms * 1000)
		return true;
	call_refuse(call, -ERR_RETRIABLE,
	            STR("No primary master has answered for too long. Try again."));
	return false;
}

void forward_call(struct call *call, bool may_be_done)
{
	struct forwarder *forwarder = call->service->forwarder;
	struct forwarding *forwarding = call->forwarding;

	if (forwarding == NULL) {
		forwarding = call_alloc(call, sizeof(*forwarding));
		if (forwarding == NULL)
			return;
		*forwarding = (struct forwarding){.call = call};
		list_init(&forwarding->node);
		buf_init(&forwarding->message);
		give_ids(forwarder, call);
		call->forwarding = forwarding;
	}
	forwarding->may_be_done |= may_be_done;
	if (!goes_on(forwarder, call))
		return;
	if (!send(forwarder, forwarding))
		start_again_soon(forwarding);
}

/* ---- starting again ---- */

static void start_again(struct forwarder *forwarder, struct forwarding *forwarding)
{
	list_remove(&forwarding->node);
	forwarder->calls--;
	if (goes_on(forwarder, forwarding->call))
		service_restart_call(forwarding->call);
}

/* The links lead to who is not primary any more. */
static bool has_primary_moved(const struct forwarder *forwarder)
{
	char address[JOURNAL_ADDRESS_BYTES_MAX + 1];

	if (master_role(forwarder->options->master) == MASTER_PRIMARY)
		return true;
	return master_find_primary(forwarder->options->master, address) &&
	       strcmp(address, forwarder->address) != 0;
}

static bool is_stopped(const struct forwarder *forwarder)
{
	return forwarder->stop_us != 0 && io_now_us(forwarder->options->io) >= forwarder->stop_us;
}

static void look(struct io_timer *timer)
{
	struct forwarder *forwarder = CONTAINER_OF(timer, struct forwarder, timer);
	struct list waiting;

	if (!list_is_empty(&forwarder->sent) &&
	    (has_primary_moved(forwarder) || is_stopped(forwarder)))
		cut_links(forwarder);
	list_init(&waiting);
	list_splice(&waiting, &forwarder->waiting);
	while (!list_is_empty(&waiting))
		start_again(forwarder, LIST_FIRST(&waiting, struct forwarding, node));
	if (forwarder->calls > 0)
		io_timer_start(timer, LOOK_US);
}

/* ---- life ---- */

void forwarder_load(const struct forwarder *forwarder, size_t *ret_calls, size_t *ret_bytes)
{
	*ret_calls = forwarder->calls;
	*ret_bytes = forwarder->bytes;
}

int forwarder_create(const struct service_options *options, struct forwarder **ret_forwarder)
{
	struct forwarder *forwarder = mem_zalloc(sizeof(*forwarder));

	if (forwarder == NULL)
		return -ERR_NO_MEMORY;
	forwarder->user = mem_strdup(options->superuser);
	if (forwarder->user == NULL) {
		mem_free(forwarder);
		return -ERR_NO_MEMORY;
	}
	forwarder->options = options;
	list_init(&forwarder->sent);
	list_init(&forwarder->waiting);
	io_timer_init(options->io, &forwarder->timer, look);
	io_random(options->io, forwarder->client_id, sizeof(forwarder->client_id));
	*ret_forwarder = forwarder;
	return 0;
}

/* Whoever is primary may need this very master to answer. */
void forwarder_stop(struct forwarder *forwarder)
{
	forwarder->stop_us = io_now_us(forwarder->options->io) + STOP_US;
}

void forwarder_destroy(struct forwarder *forwarder)
{
	if (forwarder == NULL)
		return;
	CHECK(forwarder->calls == 0);
	io_timer_stop(&forwarder->timer);
	cut_links(forwarder);
	mem_free(forwarder->user);
	mem_free(forwarder);
}
