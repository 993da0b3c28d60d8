/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ClientProtocol: reading names.
 */
#include "base/err.h"
#include "proto/client.pb-c.h"
#include "service/handlers.h"
#include "service/reserved.h"
#include "service/rights.h"
#include "service/status.h"
#include "wire/hot_requests.h"

/* ---- getListing ---- */

struct listing {
	struct call *call;
	struct wire_listing_writer writer;
	struct wire_file_status entry; /* filled again for each: this loop is hot */
	bool is_begun;
	bool has_locations; /* asked for */
	bool is_full;       /* the call's memory is used up: the page ends before this entry */
	uint64_t locations; /* wanted of the files so far */
};

static void begin_listing(struct listing *listing)
{
	if (!listing->is_begun)
		wire_listing_begin(&listing->writer, call_reply_begin(listing->call));
	listing->is_begun = true;
}

static bool add_locations(struct listing *listing, const struct ns_status *status)
{
	struct call *call = listing->call;
	struct wire_located_blocks *located = arena_alloc(call_arena(call), sizeof(*located));
	struct ns_blocks blocks;

	if (located == NULL ||
	    !ns_inode_blocks(call_namespace(call), status->inode, call_arena(call), &blocks) ||
	    !status_blocks(call, &blocks, located))
		return false;
	listing->entry.locations = located;
	listing->locations += blocks.count * status->replication;
	return true;
}

static bool add_entry(void *context, const struct ns_status *status)
{
	struct listing *listing = context;

	status_fill(status, status->name, &listing->entry);
	listing->entry.locations = NULL;
	if (listing->has_locations && status->type == NS_FILE && !add_locations(listing, status)) {
		listing->is_full = true;
		return false;
	}
	begin_listing(listing);
	wire_listing_add(&listing->writer, &listing->entry);
	/* HDFS counts locations, too, as many as there should be (FSDirStatAndListingOp): a page of
	 * located files may be shorter. */
	return listing->locations < call_options(listing->call)->list_entries_max;
}

static void end_listing(struct listing *listing, uint64_t remaining)
{
	remaining += listing->is_full;
	begin_listing(listing);
	wire_listing_end(&listing->writer,
	                 remaining > UINT32_MAX ? UINT32_MAX : (uint32_t)remaining);
	call_reply_end(listing->call);
}

void serve_get_listing(struct call *call)
{
	struct wire_get_listing request;
	struct listing listing = {.call = call};
	struct str message = {0};
	uint64_t remaining;
	int rc = wire_get_listing_decode(call->rpc->request, NULL, &request);

	if (rc < 0) {
		call_refuse(call, call_bad_request(rc), message);
		return;
	}
	if (request.need_location && status_must_refer_all(call)) {
		call_refer(call, "READ");
		return;
	}
	listing.has_locations = request.need_location;
	rc = ns_list(call_namespace(call), &call->caller, request.path, request.start_after,
	             call_options(call)->list_entries_max, add_entry, &listing, call_arena(call),
	             &message, &remaining);
	if (rc == 0 && listing.is_full && !listing.is_begun)
		rc = -ERR_TOO_LARGE;
	if (rc == 0)
		end_listing(&listing, remaining);
	else if (rc != -ERR_NOT_FOUND || message.size > 0)
		call_refuse(call, rc, message);
	else if (!reserved_list(call, request.path))
		call_reply_empty(call);
}

/* ---- one file ---- */

static int look_up(struct call *call, struct str path, struct ns_status *ret_status)
{
	struct ns_lookup lookup = {.path = path, .caller = &call->caller};

	ns_lookup(call_namespace(call), &lookup, 1, call_arena(call));
	call->text = lookup.message;
	if (lookup.rc == 0)
		*ret_status = lookup.status;
	return lookup.rc;
}

/* A file, or the call was refused as HDFS does. */
static bool find_file(struct call *call, struct str path, struct ns_status *ret_status)
{
	int rc = look_up(call, path, ret_status);

	if (rc == -ERR_NOT_FOUND && call->text.size == 0)
		call_why(call, rc, "File does not exist: %.*s", STR_ARGS(path));
	else if (rc == 0 && ret_status->type != NS_FILE)
		rc = call_why(call, -ERR_IS_DIRECTORY, "Path is not a file: %.*s", STR_ARGS(path));
	if (rc < 0)
		call_refuse(call, rc, call->text);
	return rc == 0;
}

void serve_get_preferred_block_size(struct call *call)
{
	Hdfs__GetPreferredBlockSizeResponse reply = HDFS__GET_PREFERRED_BLOCK_SIZE_RESPONSE__INIT;
	Hdfs__GetPreferredBlockSizeRequest *request;
	struct ns_status status;

	if (call_unpack(call, &hdfs__get_preferred_block_size_request__descriptor, &request) < 0 ||
	    !find_file(call, pb_str(request->filename), &status))
		return;
	reply.bsize = status.block_size;
	call_reply_pb(call, &reply.base);
}

void serve_is_file_closed(struct call *call)
{
	Hdfs__IsFileClosedRequest *request;
	struct ns_status status;

	if (call_unpack(call, &hdfs__is_file_closed_request__descriptor, &request) < 0 ||
	    !find_file(call, pb_str(request->src), &status))
		return;
	call_reply_bool(call, !status.is_under_construction);
}

static int locate_file(struct call *call, const struct ns_status *status,
                       struct wire_file_status *to)
{
	struct wire_located_blocks *located = arena_alloc(call_arena(call), sizeof(*located));
	struct ns_blocks blocks;

	to->locations = located;
	if (located == NULL ||
	    !ns_inode_blocks(call_namespace(call), status->inode, call_arena(call), &blocks))
		return -ERR_TOO_LARGE;
	if (status_must_refer(call, &blocks))
		return -ERR_STANDBY;
	return status_blocks(call, &blocks, located) ? 0 : -ERR_TOO_LARGE;
}

void serve_get_located_file_info(struct call *call)
{
	struct wire_status_reply reply = {.has_status = true};
	Hdfs__GetLocatedFileInfoRequest *request;
	struct ns_status status;
	int rc;

	if (call_unpack(call, &hdfs__get_located_file_info_request__descriptor, &request) < 0)
		return;
	rc = look_up(call, pb_str(request->src), &status);
	if (rc == -ERR_NOT_FOUND && call->text.size == 0) {
		reply.has_status = reserved_status(pb_str(request->src), &reply.status);
		rc = 0;
	} else if (rc == 0) {
		status_fill(&status, (struct str){0}, &reply.status);
		if (status.type == NS_FILE)
			rc = locate_file(call, &status, &reply.status);
	}
	if (rc == -ERR_STANDBY) {
		call_refer(call, "READ");
		return;
	}
	if (rc < 0) {
		call_refuse(call, rc, call->text);
		return;
	}
	wire_status_reply_encode(call_reply_begin(call), &reply);
	call_reply_end(call);
}

void serve_check_access(struct call *call)
{
	Hdfs__CheckAccessRequest *request;
	struct str message = {0};
	int rc;

	if (call_unpack(call, &hdfs__check_access_request__descriptor, &request) < 0)
		return;
	rc = ns_check_access(call_namespace(call), &call->caller, pb_str(request->path),
	                     request->mode, call_arena(call), &message);
	if (rc == 0)
		call_reply_empty(call);
	else
		call_refuse(call, rc, message);
}

/* ---- summaries: rights below are checked first, in slices ---- */

struct summary {
	struct str path;
	void (*reply)(struct call *call, const struct ns_status *status,
	              const struct ns_summary *summary);
};

enum { SUMMARY_ACTION = 5 }; /* r-x on every directory */

static void summarize(struct call *call, const struct ns_caller *caller);
static void reply_usage(struct call *call, const struct ns_status *status,
                        const struct ns_summary *summary);

/* Rights are checked already. */
static void summarize_checked(struct call *call)
{
	struct ns_caller allowed = call->caller;

	allowed.is_superuser = true;
	summarize(call, &allowed);
}

static void on_summary_rights(struct call *call, int rc, uint64_t index)
{
	(void)index;
	if (rc < 0)
		call_refuse(call, rc, call->text);
	else
		call_read(call, summarize_checked);
}

/* HDFS has other words where it asks for a usage. */
static void tell_usage_missing(struct call *call)
{
	static const struct str usual = {.data = "File does not exist", .size = 19};
	struct str text = call->text;

	if (str_starts_with(text, usual))
		call_why(call, 0, "File/Directory does not exist%.*s",
		         (int)(text.size - usual.size), text.data + usual.size);
}

static void summarize(struct call *call, const struct ns_caller *caller)
{
	struct summary *step = call->steps;
	struct ns_summary summary;
	struct ns_status status;
	int rc = ns_content_summary(call_namespace(call), caller, step->path, call_arena(call),
	                            &call->text, &summary);

	if (rc == -ERR_AGAIN) {
		rights_check(call, step->path, SUMMARY_ACTION, on_summary_rights);
		return;
	}
	if (rc == 0)
		rc = look_up(call, step->path, &status);
	if (rc == -ERR_NOT_FOUND && step->reply == reply_usage)
		tell_usage_missing(call);
	if (rc < 0)
		call_refuse(call, rc, call->text);
	else
		step->reply(call, &status, &summary);
}

static void begin_summary(struct call *call, ProtobufCBinaryData path,
                          void (*reply)(struct call *call, const struct ns_status *status,
                                        const struct ns_summary *summary))
{
	struct summary *step = call_alloc(call, sizeof(*step));

	if (step == NULL)
		return;
	*step = (struct summary){.path = pb_str(path), .reply = reply};
	call->steps = step;
	summarize(call, &call->caller);
}

/* Quotas are not supported; only the root has one, which HDFS gives it. */
static uint64_t name_quota(const struct ns_status *status)
{
	return status->inode == NS_INODE_ROOT ? INT64_MAX : UINT64_MAX;
}

static void reply_summary(struct call *call, const struct ns_status *status,
                          const struct ns_summary *summary)
{
	Hdfs__ContentSummary content = HDFS__CONTENT_SUMMARY__INIT;
	Hdfs__GetContentSummaryResponse reply = HDFS__GET_CONTENT_SUMMARY_RESPONSE__INIT;

	content.length = summary->length;
	content.file_count = summary->files;
	content.directory_count = summary->directories;
	content.quota = name_quota(status);
	content.space_consumed = summary->space;
	content.space_quota = UINT64_MAX;
	content.has_snapshot_length = true;
	content.has_snapshot_file_count = true;
	content.has_snapshot_directory_count = true;
	content.has_snapshot_space_consumed = true;
	content.has_erasure_coding_policy = true;
	if (status->type == NS_FILE)
		content.erasure_coding_policy = pb_bytes(STR("Replicated"));
	reply.summary = &content;
	call_reply_pb(call, &reply.base);
}

void serve_get_content_summary(struct call *call)
{
	Hdfs__GetContentSummaryRequest *request;

	if (call_unpack(call, &hdfs__get_content_summary_request__descriptor, &request) == 0)
		begin_summary(call, request->path, reply_summary);
}

static void reply_usage(struct call *call, const struct ns_status *status,
                        const struct ns_summary *summary)
{
	Hdfs__QuotaUsage usage = HDFS__QUOTA_USAGE__INIT;
	Hdfs__GetQuotaUsageResponse reply = HDFS__GET_QUOTA_USAGE_RESPONSE__INIT;

	usage.file_and_directory_count = summary->files + summary->directories;
	usage.quota = name_quota(status);
	usage.space_consumed = summary->space;
	usage.space_quota = UINT64_MAX;
	reply.usage = &usage;
	call_reply_pb(call, &reply.base);
}

void serve_get_quota_usage(struct call *call)
{
	Hdfs__GetQuotaUsageRequest *request;

	if (call_unpack(call, &hdfs__get_quota_usage_request__descriptor, &request) == 0)
		begin_summary(call, request->path, reply_usage);
}
