/* SPDX-License-Identifier: Apache-2.0 */
#include "client/names.h"

#include "base/err.h"
#include "client/client_private.h"
#include "wire/hot_requests.h"
#include "wire/pb.h"
#include "wire/protocols.h"

enum { PAGE_ARENA_BYTES_MAX = 64 << 20 };

/* ---- the ways of a call ---- */

/* Calls with a request built in buf, which is freed. */
static int call_with(struct client *client, const char *method, struct buf *request,
                     struct arena *arena, struct str *ret_response)
{
	int rc = request->failed ? client_fail(client, -ERR_NO_MEMORY, "%s: out of memory", method)
	                         : client_call(client, WIRE_CLIENT_PROTOCOL, method,
	                                       buf_str(request), arena, ret_response);

	buf_finish(request);
	return rc;
}

static int bad_response(struct client *client, const char *method, int rc)
{
	return rc < 0 ? client_fail(client, rc, "%s: the answer cannot be read: %s", method,
	                            err_text(rc))
	              : 0;
}

static int call_for_bool(struct client *client, const char *method, struct buf *request,
                         bool *ret_result)
{
	struct wire_bool_reply reply = {0};
	struct arena arena;
	struct str response = {0};
	int rc;

	arena_init(&arena, CLIENT_ARENA_BYTES_MAX);
	rc = call_with(client, method, request, &arena, &response);
	if (rc == 0)
		rc = bad_response(client, method, wire_bool_reply_decode(response, NULL, &reply));
	if (rc == 0)
		*ret_result = reply.result;
	arena_finish(&arena);
	return rc;
}

static int call_for_nothing(struct client *client, const char *method, struct buf *request)
{
	struct arena arena;
	struct str response = {0};
	int rc;

	arena_init(&arena, CLIENT_ARENA_BYTES_MAX);
	rc = call_with(client, method, request, &arena, &response);
	arena_finish(&arena);
	return rc;
}

static int call_for_nothing_pb(struct client *client, const char *method,
                               const ProtobufCMessage *message)
{
	struct buf request = {0};

	pb_append(&request, message);
	return call_for_nothing(client, method, &request);
}

/* The response unpacked as `type`. */
static int call_for_message(struct client *client, const char *method, struct buf *request,
                            const ProtobufCMessageDescriptor *type, struct arena *arena,
                            void *ret_message)
{
	struct str response = {0};
	int rc = call_with(client, method, request, arena, &response);

	if (rc < 0)
		return rc;
	return bad_response(client, method, pb_unpack(type, response, arena, ret_message));
}

/* ---- reading ---- */

int client_stat(struct client *client, struct str path, struct arena *arena, bool *ret_exists,
                struct wire_file_status *ret_status)
{
	struct wire_get_file_info message = {.path = path};
	struct wire_status_reply reply = {0};
	struct buf request = {0};
	struct str response = {0};
	int rc;

	wire_get_file_info_encode(&request, &message);
	rc = call_with(client, "getFileInfo", &request, arena, &response);
	if (rc < 0)
		return rc;
	rc = bad_response(client, "getFileInfo", wire_status_reply_decode(response, arena, &reply));
	if (rc < 0)
		return rc;
	*ret_exists = reply.has_status;
	if (reply.has_status)
		*ret_status = reply.status;
	return 0;
}

struct page {
	struct arena arena;
	struct wire_listing listing;
	struct buf last; /* name after which the next page starts */
};

static int read_page(struct client *client, struct str path, struct page *page)
{
	struct wire_get_listing message = {.path = path, .start_after = buf_str(&page->last)};
	struct wire_listing_reply reply = {0};
	struct buf request = {0};
	struct str response = {0};
	int rc;

	arena_reset(&page->arena);
	wire_get_listing_encode(&request, &message);
	rc = call_with(client, "getListing", &request, &page->arena, &response);
	if (rc < 0)
		return rc;
	rc = bad_response(client, "getListing",
	                  wire_listing_reply_decode(response, &page->arena, &reply));
	if (rc < 0)
		return rc;
	if (!reply.has_listing)
		return client_fail(client, -ERR_NOT_FOUND, "File %.*s does not exist.",
		                   STR_ARGS(path));
	page->listing = reply.listing;
	return 0;
}

int client_list(struct client *client, struct str path, client_entry_fn *each, void *context)
{
	struct page page = {0};
	int rc;

	arena_init(&page.arena, PAGE_ARENA_BYTES_MAX);
	do {
		rc = read_page(client, path, &page);
		for (size_t i = 0; rc >= 0 && i < page.listing.entries_count; i++)
			rc = each(context, &page.listing.entries[i]);
		if (rc < 0 || page.listing.entries_count == 0)
			break;
		buf_clear(&page.last);
		buf_append_str(&page.last,
		               page.listing.entries[page.listing.entries_count - 1].path);
	} while (page.listing.remaining > 0);
	buf_finish(&page.last);
	arena_finish(&page.arena);
	return rc;
}

int client_content_summary(struct client *client, struct str path, struct arena *arena,
                           const Hdfs__ContentSummary **ret_summary)
{
	Hdfs__GetContentSummaryRequest message = HDFS__GET_CONTENT_SUMMARY_REQUEST__INIT;
	Hdfs__GetContentSummaryResponse *reply;
	struct buf request = {0};
	int rc;

	message.path = pb_bytes(path);
	pb_append(&request, &message.base);
	rc = call_for_message(client, "getContentSummary", &request,
	                      &hdfs__get_content_summary_response__descriptor, arena, &reply);
	if (rc == 0)
		*ret_summary = reply->summary;
	return rc;
}

int client_fs_stats(struct client *client, struct arena *arena,
                    const Hdfs__GetFsStatsResponse **ret_stats)
{
	struct buf request = {0};

	return call_for_message(client, "getFsStats", &request,
	                        &hdfs__get_fs_stats_response__descriptor, arena, ret_stats);
}

int client_block_stats(struct client *client, struct arena *arena,
                       const Hdfs__GetFsReplicatedBlockStatsResponse **ret_stats)
{
	struct buf request = {0};

	return call_for_message(client, "getFsReplicatedBlockStats", &request,
	                        &hdfs__get_fs_replicated_block_stats_response__descriptor, arena,
	                        ret_stats);
}

int client_server_defaults(struct client *client, struct arena *arena,
                           const Hdfs__FsServerDefaults **ret_defaults)
{
	Hdfs__GetServerDefaultsResponse *reply;
	struct buf request = {0};
	int rc = call_for_message(client, "getServerDefaults", &request,
	                          &hdfs__get_server_defaults_response__descriptor, arena, &reply);

	if (rc == 0)
		*ret_defaults = reply->server_defaults;
	return rc;
}

int client_count_xattrs(struct client *client, struct str path, size_t *ret_count)
{
	Hdfs__GetXAttrsRequest message = HDFS__GET_XATTRS_REQUEST__INIT;
	const Hdfs__GetXAttrsResponse *response;
	struct buf request = {0};
	struct arena arena;
	int rc;

	arena_init(&arena, CLIENT_ARENA_BYTES_MAX);
	message.src = pb_bytes(path);
	pb_append(&request, &message.base);
	rc = call_for_message(client, "getXAttrs", &request, &hdfs__get_xattrs_response__descriptor,
	                      &arena, &response);
	if (rc == 0)
		*ret_count = response->n_x_attrs;
	arena_finish(&arena);
	return rc;
}

int client_check_access(struct client *client, struct str path, unsigned action)
{
	Hdfs__CheckAccessRequest message = HDFS__CHECK_ACCESS_REQUEST__INIT;

	message.path = pb_bytes(path);
	message.mode = (Hdfs__AclEntry__FsAction)action;
	return call_for_nothing_pb(client, "checkAccess", &message.base);
}

int client_workers(struct client *client, Hdfs__DatanodeReportType type, struct arena *arena,
                   const Hdfs__GetDatanodeReportResponse **ret_report)
{
	Hdfs__GetDatanodeReportRequest message = HDFS__GET_DATANODE_REPORT_REQUEST__INIT;
	struct buf request = {0};

	message.type = type;
	pb_append(&request, &message.base);
	return call_for_message(client, "getDatanodeReport", &request,
	                        &hdfs__get_datanode_report_response__descriptor, arena, ret_report);
}

/* ---- changing ---- */

int client_mkdirs(struct client *client, struct str path, uint32_t mode, bool create_parent,
                  bool *ret_made)
{
	struct wire_mkdirs message = {.path = path, .mode = mode, .create_parent = create_parent};
	struct buf request = {0};

	wire_mkdirs_encode(&request, &message);
	return call_for_bool(client, "mkdirs", &request, ret_made);
}

int client_delete(struct client *client, struct str path, bool recursive, bool *ret_deleted)
{
	struct wire_delete message = {.path = path, .recursive = recursive};
	struct buf request = {0};

	wire_delete_encode(&request, &message);
	return call_for_bool(client, "delete", &request, ret_deleted);
}

int client_rename(struct client *client, struct str source, struct str target, bool *ret_renamed)
{
	struct wire_rename message = {.source = source, .target = target};
	struct buf request = {0};

	wire_rename_encode(&request, &message);
	return call_for_bool(client, "rename", &request, ret_renamed);
}

int client_rename2(struct client *client, struct str source, struct str target, bool overwrite)
{
	struct wire_rename2 message = {.source = source, .target = target, .overwrite = overwrite};
	struct buf request = {0};

	wire_rename2_encode(&request, &message);
	return call_for_nothing(client, "rename2", &request);
}

int client_set_permission(struct client *client, struct str path, uint32_t mode)
{
	Hdfs__SetPermissionRequest message = HDFS__SET_PERMISSION_REQUEST__INIT;
	Hdfs__FsPermission permission = HDFS__FS_PERMISSION__INIT;

	permission.perm = mode;
	message.src = pb_bytes(path);
	message.permission = &permission;
	return call_for_nothing_pb(client, "setPermission", &message.base);
}

int client_set_owner(struct client *client, struct str path, struct str owner, struct str group)
{
	Hdfs__SetOwnerRequest message = HDFS__SET_OWNER_REQUEST__INIT;

	message.src = pb_bytes(path);
	message.has_username = owner.size > 0;
	message.username = pb_bytes(owner);
	message.has_groupname = group.size > 0;
	message.groupname = pb_bytes(group);
	return call_for_nothing_pb(client, "setOwner", &message.base);
}

int client_set_times(struct client *client, struct str path, uint64_t mtime_ms, uint64_t atime_ms)
{
	Hdfs__SetTimesRequest message = HDFS__SET_TIMES_REQUEST__INIT;

	message.src = pb_bytes(path);
	message.mtime = mtime_ms;
	message.atime = atime_ms;
	return call_for_nothing_pb(client, "setTimes", &message.base);
}

int client_set_replication(struct client *client, struct str path, uint16_t replication,
                           bool *ret_done)
{
	Hdfs__SetReplicationRequest message = HDFS__SET_REPLICATION_REQUEST__INIT;
	struct buf request = {0};

	message.src = pb_bytes(path);
	message.replication = replication;
	pb_append(&request, &message.base);
	return call_for_bool(client, "setReplication", &request, ret_done);
}

int client_set_safe_mode(struct client *client, Hdfs__SafeModeAction action, bool *ret_is_on)
{
	Hdfs__SetSafeModeRequest message = HDFS__SET_SAFE_MODE_REQUEST__INIT;
	struct buf request = {0};

	message.action = action;
	pb_append(&request, &message.base);
	return call_for_bool(client, "setSafeMode", &request, ret_is_on);
}
