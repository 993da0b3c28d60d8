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

void ha_refuse_transition(struct call *call)
{
	call_refuse(call, -ERR_SERVICE_FAILED,
	            STR("This master's role is not chosen by hand: it alone has the journal"));
}
