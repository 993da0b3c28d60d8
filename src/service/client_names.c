/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ClientProtocol: changing names.
 */
#include "base/err.h"
#include "proto/client.pb-c.h"
#include "service/handlers.h"
#include "service/rights.h"
#include "wire/hot_requests.h"

void serve_answer_value(struct call *call, const struct ns_result *result)
{
	call_reply_bool(call, result->value);
}

void serve_answer_empty(struct call *call, const struct ns_result *result)
{
	(void)result;
	call_reply_empty(call);
}

int serve_mkdirs(struct call *call, struct command *command)
{
	struct wire_mkdirs request;
	int rc = wire_mkdirs_decode(call->rpc->request, NULL, &request);

	if (rc < 0)
		return call_bad_request(rc);
	command->kind = ENTRY_mkdirs;
	command->mkdirs = (struct command_mkdirs){
	        .path = request.path,
	        .mode = request.mode & CALL_MODE_BITS,
	        .create_parent = request.create_parent,
	};
	return 0;
}

int serve_rename(struct call *call, struct command *command)
{
	struct wire_rename request;
	int rc = wire_rename_decode(call->rpc->request, NULL, &request);

	if (rc < 0)
		return call_bad_request(rc);
	command->kind = ENTRY_rename;
	command->rename =
	        (struct command_rename){.source = request.source, .target = request.target};
	return 0;
}

int serve_rename2(struct call *call, struct command *command)
{
	struct wire_rename2 request;
	int rc = wire_rename2_decode(call->rpc->request, NULL, &request);

	if (rc < 0)
		return call_bad_request(rc);
	command->kind = ENTRY_rename2;
	command->rename2 = (struct command_rename2){
	        .source = request.source,
	        .target = request.target,
	        .overwrite = request.overwrite,
	};
	return 0;
}

/* ---- delete: of a large tree the rights below are checked first, in slices ---- */

enum { DELETE_ACTION = 7 }; /* rwx on every directory that is not empty */

/* What was done before is answered as it was then, whatever the rights are now. */
static bool is_repeat(struct call *call)
{
	struct ns_result first;

	return ns_retry_find(call_namespace(call), call->command, call_arena(call), &first);
}

static void on_delete_rights(struct call *call, int rc, uint64_t index)
{
	if (rc < 0 && !is_repeat(call)) {
		call_refuse(call, rc, call->text);
		return;
	}
	call->command->delete.checked_index = index;
	call_propose(call);
}

static void check_delete_rights(struct call *call)
{
	rights_check(call, call->command->delete.path, DELETE_ACTION, on_delete_rights);
}

int serve_delete(struct call *call, struct command *command)
{
	struct wire_delete request;
	int rc = wire_delete_decode(call->rpc->request, NULL, &request);

	if (rc < 0)
		return call_bad_request(rc);
	command->kind = ENTRY_delete;
	command->delete =
	        (struct command_delete){.path = request.path, .recursive = request.recursive};
	call->again = check_delete_rights;
	return 0;
}

/* ---- attributes ---- */

int serve_set_permission(struct call *call, struct command *command)
{
	Hdfs__SetPermissionRequest *request;
	int rc = call_unpack_command(call, &hdfs__set_permission_request__descriptor, &request);

	if (rc < 0)
		return rc;
	command->kind = ENTRY_set_permission;
	command->set_permission = (struct command_set_permission){
	        .path = pb_str(request->src),
	        .mode = request->permission->perm & CALL_MODE_BITS,
	};
	return 0;
}

int serve_set_owner(struct call *call, struct command *command)
{
	Hdfs__SetOwnerRequest *request;
	int rc = call_unpack_command(call, &hdfs__set_owner_request__descriptor, &request);

	if (rc < 0)
		return rc;
	command->kind = ENTRY_set_owner;
	command->set_owner = (struct command_set_owner){
	        .path = pb_str(request->src),
	        .owner = pb_str(request->username),
	        .group = pb_str(request->groupname),
	};
	return 0;
}

int serve_set_times(struct call *call, struct command *command)
{
	Hdfs__SetTimesRequest *request;
	int rc = call_unpack_command(call, &hdfs__set_times_request__descriptor, &request);

	if (rc < 0)
		return rc;
	command->kind = ENTRY_set_times;
	command->set_times = (struct command_set_times){
	        .path = pb_str(request->src),
	        .mtime_ms = request->mtime,
	        .atime_ms = request->atime,
	};
	return 0;
}

int serve_set_replication(struct call *call, struct command *command)
{
	Hdfs__SetReplicationRequest *request;
	int rc = call_unpack_command(call, &hdfs__set_replication_request__descriptor, &request);

	if (rc < 0)
		return rc;
	command->kind = ENTRY_set_replication;
	command->set_replication = (struct command_set_replication){
	        .path = pb_str(request->src),
	        .replication = (uint16_t)request->replication,
	};
	return 0;
}
