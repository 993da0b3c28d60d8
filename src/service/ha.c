/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HAServiceProtocol: health and role, for haadmin and failover controllers.
 */
#include "base/err.h"
#include "service/handlers.h"
#include "service/status.h"

void ha_monitor_health(struct call *call)
{
	call_reply_empty(call);
}

void ha_get_status(struct call *call)
{
	Ha__GetServiceStatusResponse reply = HA__GET_SERVICE_STATUS_RESPONSE__INIT;

	reply.state = status_role(call_master(call));
	reply.has_ready_to_become_active = true;
	reply.ready_to_become_active = reply.state != HA__SERVICE_STATE__INITIALIZING;
	if (!reply.ready_to_become_active) {
		reply.has_not_ready_reason = true;
		reply.not_ready_reason = pb_bytes(STR("The journal is still being read"));
	}
	call_reply_pb(call, &reply.base);
}

/* The three requests have the same fields.  HDFS: NameNode.checkHaStateChange. */
void ha_refuse_transition(struct call *call)
{
	Ha__TransitionToActiveRequest *request;

	if (call_unpack(call, &ha__transition_to_active_request__descriptor, &request) < 0)
		return;
	if (request->req_info->req_source == HA__REQUEST_SOURCE__REQUEST_BY_USER)
		call_refuse(call, -ERR_PERMISSION,
		            STR("Manual HA control for this NameNode is disallowed, because "
		                "automatic HA is enabled."));
	else
		call_refuse(call, -ERR_SERVICE_FAILED,
		            STR("The masters choose the primary themselves, by the quorum of their "
		                "journal: use 'fsadmin journal quorum elect'"));
}
