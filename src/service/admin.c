/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The small protocols of dfsadmin and `hdfs groups`.
 */
#include "base/err.h"
#include "proto/admin.pb-c.h"
#include "service/handlers.h"
#include "service/service_private.h"

static void reply_groups(struct call *call)
{
	Admin__GetGroupsForUserResponse reply = ADMIN__GET_GROUPS_FOR_USER_RESPONSE__INIT;
	size_t count = call->user->group_count;

	reply.groups = call_alloc(call, count * sizeof(*reply.groups));
	if (reply.groups == NULL)
		return;
	for (size_t i = 0; i < count; i++)
		reply.groups[reply.n_groups++] = pb_bytes(call->user->groups[i]);
	call_reply_pb(call, &reply.base);
}

static void on_groups_known(struct groups_waiter *waiter, struct groups_user *user)
{
	struct call *call = CONTAINER_OF(waiter, struct call, waiter);

	call->user = user;
	reply_groups(call);
}

void admin_get_groups(struct call *call)
{
	Admin__GetGroupsForUserRequest *request;
	int rc;

	if (call_unpack(call, &admin__get_groups_for_user_request__descriptor, &request) < 0)
		return;
	call->waiter.done = on_groups_known;
	rc = groups_list(call->service->groups, pb_str(request->user), call->rpc->arrived_us / 1000,
	                 &call->waiter, &call->user);
	if (rc == 0)
		reply_groups(call);
	else if (rc != -ERR_AGAIN)
		call_refuse_unknown_user(call, rc);
}

void admin_refresh_groups(struct call *call)
{
	groups_forget(call->service->groups);
	call_reply_empty(call);
}
