/* SPDX-License-Identifier: Apache-2.0 */
#include "service/service.h"

#include "base/err.h"
#include "base/mem.h"
#include "service/service_private.h"

enum {
	GROUPS_USERS_MAX = 65536,
	TEXTS_BYTES_MAX = 1 << 20,
	/* What is about files is short.  A path of a hundred megabytes would be looked through, and
	 * copied, for so long that the other masters elect another primary. */
	REQUEST_BYTES_MAX = 1 << 20,
};

/* ---- a call's beginning and end ---- */

static struct call *make_call(struct service *service)
{
	struct call *call;

	if (list_is_empty(&service->idle_calls))
		return mem_alloc(sizeof(*call));
	call = LIST_FIRST(&service->idle_calls, struct call, node);
	list_remove(&call->node);
	return call;
}

void service_end_call(struct call *call)
{
	groups_release(call->user);
	call->service->calls--;
	list_append(&call->service->idle_calls, &call->node);
}

void service_start_write(struct call *call)
{
	struct command *command = call_command(call, call->method->answer);
	int rc;

	if (command == NULL)
		return;
	rc = call->method->fill(call, command);
	if (rc < 0)
		call_refuse(call, rc, call->text);
	else
		call_propose(call);
}

/* A command is judged by what the journal says already when it is filled in: by whose blocks are
 * ours, for one. */
static void begin_write(struct call *call)
{
	struct ns_identity identity;

	if (ns_identity(call_namespace(call), &identity))
		service_start_write(call);
	else
		call_read(call, service_start_write);
}

static void start_read(struct call *call)
{
	call_read(call, call->method->start);
}

/* Under a proof, but perhaps another's. */
static void check_primary(struct call *call)
{
	switch (master_role(call_master(call))) {
	case MASTER_PRIMARY: call->method->start(call); break;
	case MASTER_PROMOTING: call_read(call, check_primary); break;
	default: call_refer(call, "WRITE");
	}
}

static void start_read_of_primary(struct call *call)
{
	call_read(call, check_primary);
}

static void refuse_absent(struct call *call)
{
	const struct method *method = call->method;

	if (method->text.size == 0)
		call_why(call, method->refusal, "%.*s is not supported", STR_ARGS(method->name));
	else
		call->text = method->text;
	call_refuse(call, method->refusal, call->text);
}

static bool is_too_large(const struct call *call)
{
	return call->method->kind != METHOD_FREE && call->rpc->request.size > REQUEST_BYTES_MAX;
}

static void refuse_large(struct call *call)
{
	call_why(call, -ERR_TOO_LARGE, "The request of %.*s takes %zu bytes; it may have %d",
	         STR_ARGS(call->method->name), call->rpc->request.size, REQUEST_BYTES_MAX);
	call_refuse(call, -ERR_TOO_LARGE, call->text);
}

void service_start_call(struct call *call)
{
	const struct method *method = call->method;

	if (is_too_large(call)) {
		refuse_large(call);
		return;
	}
	switch (method->kind) {
	case METHOD_FREE:
		if (method->is_for_superusers)
			call_identify_superuser(call, method->text, method->start);
		else
			method->start(call);
		break;
	case METHOD_LOOKUP: call_identify(call, start_read); break;
	case METHOD_READ:
		call_identify(call, method->is_for_primary ? start_read_of_primary : start_read);
		break;
	case METHOD_WRITE: call_identify(call, begin_write); break;
	case METHOD_ABSENT: refuse_absent(call); break;
	case METHOD_PROTOCOL: CHECK(false);
	}
}

static void refuse_unknown(struct rpc_call *rpc, int rc)
{
	struct str text =
	        rc == -ERR_NO_PROTOCOL
	                ? arena_format(&rpc->arena, "Unknown protocol: %.*s",
	                               STR_ARGS(rpc->protocol))
	                : arena_format(&rpc->arena, "Unknown method %.*s called on %.*s protocol.",
	                               STR_ARGS(rpc->method), STR_ARGS(rpc->protocol));

	rpc_reply_error(rpc, rc, text);
}

static void begin_call(struct service *service, struct rpc_call *rpc)
{
	const struct method *method;
	struct call *call;
	int rc = methods_find(service->methods, rpc->protocol, rpc->method, &method);

	if (rc < 0) {
		refuse_unknown(rpc, rc);
		return;
	}
	call = make_call(service);
	if (call == NULL) {
		rpc_reply_error(rpc, -ERR_RETRIABLE, (struct str){0});
		return;
	}
	*call = (struct call){
	        .service = service,
	        .rpc = rpc,
	        .method = method,
	        .caller.user = rpc->identity->user,
	        .has_client_id = rpc->has_client_id,
	        .call_id = rpc->call_id,
	};
	memcpy(call->client_id, rpc->client_id, sizeof(call->client_id));
	list_init(&call->node);
	service->calls++;
	service_start_call(call);
}

void service_restart_call(struct call *call)
{
	groups_release(call->user);
	call->user = NULL;
	call->caller = (struct ns_caller){.user = call->rpc->identity->user};
	call->text = (struct str){0};
	call->index = 0;
	call->command = NULL;
	call->tries = 0;
	call->again = NULL;
	call->steps = NULL;
	service_start_call(call);
}

void service_on_calls(void *context, struct rpc_call **calls, size_t count)
{
	struct service *service = context;
	const struct namespace *ns = master_namespace(service->options.master);

	for (size_t i = 0; i < count; i++) {
		if (calls[i]->has_client_id)
			ns_retry_prefetch(ns, calls[i]->client_id, calls[i]->call_id);
	}
	for (size_t i = 0; i < count; i++)
		begin_call(service, calls[i]);
	turn_flush(service);
}

/* ---- who calls ---- */

static void take_user(struct call *call)
{
	call->caller.groups =
	        (struct strs){.items = call->user->groups, .count = call->user->group_count};
	call->caller.is_superuser = call->user->is_superuser;
	call->next(call);
}

static void on_user_known(struct groups_waiter *waiter, struct groups_user *user)
{
	struct call *call = CONTAINER_OF(waiter, struct call, waiter);

	call->user = user;
	take_user(call);
}

void call_refuse_unknown_user(struct call *call, int rc)
{
	if (rc == -ERR_INVALID)
		call_refuse(call, rc, STR("No user can have this name"));
	else
		call_refuse(call, -ERR_RETRIABLE, STR("Too many users are being looked up"));
}

void call_identify(struct call *call, method_start_fn *next)
{
	struct service *service = call->service;
	int rc;

	if (!service->options.has_permissions) {
		call->caller.is_superuser = true;
		next(call);
		return;
	}
	call->next = next;
	call->waiter.done = on_user_known;
	rc = groups_find(service->groups, call->caller.user, call->rpc->arrived_us / 1000,
	                 &call->waiter, &call->user);
	if (rc == 0)
		take_user(call);
	else if (rc != -ERR_AGAIN)
		call_refuse_unknown_user(call, rc);
}

/* next() of call_identify_superuser(), after the caller is known. */
struct superuser_step {
	struct str what;
	method_start_fn *next;
};

static void check_superuser(struct call *call)
{
	struct superuser_step *step = call->steps;

	if (call->caller.is_superuser) {
		step->next(call);
		return;
	}
	call_why(call, -ERR_PERMISSION,
	         "Access denied for user %.*s. Superuser privilege is required%s%.*s",
	         STR_ARGS(call->caller.user), step->what.size > 0 ? " for operation " : "",
	         STR_ARGS(step->what));
	call_refuse(call, -ERR_PERMISSION, call->text);
}

void call_identify_superuser(struct call *call, struct str what, method_start_fn *next)
{
	struct superuser_step *step = call_alloc(call, sizeof(*step));

	if (step == NULL)
		return;
	*step = (struct superuser_step){.what = what, .next = next};
	call->steps = step;
	call_identify(call, check_superuser);
}

/* ---- life ---- */

static int make_groups(struct service *service)
{
	struct groups_options options = {
	        .superuser = service->options.superuser,
	        .supergroup = service->options.supergroup,
	        .keep_ms = service->options.groups_ms,
	        .keep_failed_ms = service->options.groups_failed_ms,
	        .users_max = GROUPS_USERS_MAX,
	        .questions_max = DIRECTORY_QUESTIONS_MAX,
	        .ask = directory_ask,
	        .context = service->directory,
	};

	return groups_create(&options, &service->groups);
}

int service_create(const struct service_options *options, struct service **ret_service)
{
	struct service *service = mem_zalloc(sizeof(*service));
	int rc;

	if (service == NULL)
		return -ERR_NO_MEMORY;
	service->options = *options;
	service->started_wall_ms = io_wall_ms(options->io);
	list_init(&service->idle_calls);
	arena_init(&service->texts, TEXTS_BYTES_MAX);
	turn_init(service);
	slices_init(service);
	service->methods = methods_create();
	rc = service->methods == NULL ? -ERR_NO_MEMORY
	                              : directory_create(options, &service->directory);
	if (rc == 0)
		rc = make_groups(service);
	if (rc == 0)
		rc = forwarder_create(&service->options, &service->forwarder);
	if (rc < 0) {
		service_destroy(service);
		return rc;
	}
	*ret_service = service;
	return 0;
}

void service_stop(struct service *service)
{
	forwarder_stop(service->forwarder);
}

bool service_is_idle(const struct service *service)
{
	return service->calls == 0 && groups_questions(service->groups) == 0;
}

void service_destroy(struct service *service)
{
	if (service == NULL)
		return;
	CHECK(service->calls == 0);
	turn_finish(service);
	forwarder_destroy(service->forwarder);
	groups_destroy(service->groups);
	directory_destroy(service->directory);
	methods_destroy(service->methods);
	arena_finish(&service->texts);
	LIST_FOR_EACH_SAFE (node, &service->idle_calls)
		mem_free(CONTAINER_OF(node, struct call, node));
	mem_free(service);
}
