/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ClientProtocol: what a path says of features that files can have in HDFS; and lists of things
 * that there are none of here.
 */
#include "base/err.h"
#include "proto/client.pb-c.h"
#include "service/call.h"
#include "service/handlers.h"
#include "service/policies.h"

enum { MAY_READ = 4 };

/* A list without entries that ends here: each of HDFS's has its has_more in field 2. */
void serve_answer_no_entries(struct call *call)
{
	Hdfs__NoEntriesResponse reply = HDFS__NO_ENTRIES_RESPONSE__INIT;

	call_reply_pb(call, &reply.base);
}

/* 0: it is there and may be read.  Else the code, with call->text. */
static int check_readable(struct call *call, struct str path)
{
	return ns_check_access(call_namespace(call), &call->caller, path, MAY_READ,
	                       call_arena(call), &call->text);
}

void serve_get_erasure_policy(struct call *call)
{
	Hdfs__GetErasureCodingPolicyRequest *request;
	int rc;

	if (call_unpack(call, &hdfs__get_erasure_coding_policy_request__descriptor, &request) < 0)
		return;
	rc = check_readable(call, pb_str(request->src));
	if (rc < 0)
		call_refuse(call, rc, call->text);
	else
		call_reply_empty(call);
}

void serve_get_zone(struct call *call)
{
	Hdfs__GetEZForPathRequest *request;
	int rc;

	if (call_unpack(call, &hdfs__get_ezfor_path_request__descriptor, &request) < 0)
		return;
	rc = check_readable(call, pb_str(request->src));
	if (rc < 0 && rc != -ERR_NOT_FOUND)
		call_refuse(call, rc, call->text);
	else
		call_reply_empty(call);
}

/* ---- storage policies ---- */

static Hdfs__StorageTypes *make_types(struct call *call, const struct policy_types *from)
{
	Hdfs__StorageTypes *types = arena_alloc(call_arena(call), sizeof(*types));

	if (types == NULL)
		return NULL;
	hdfs__storage_types__init(types);
	types->storage_types =
	        arena_alloc(call_arena(call), POLICY_TYPES_MAX * sizeof(*types->storage_types));
	for (size_t i = 0; types->storage_types != NULL && i < POLICY_TYPES_MAX; i++) {
		if (from->types[i] != 0)
			types->storage_types[types->n_storage_types++] = from->types[i];
	}
	return types->storage_types == NULL ? NULL : types;
}

static Hdfs__BlockStoragePolicy *make_policy(struct call *call, const struct policy *from)
{
	Hdfs__BlockStoragePolicy *policy = arena_alloc(call_arena(call), sizeof(*policy));

	if (policy == NULL)
		return NULL;
	hdfs__block_storage_policy__init(policy);
	policy->policy_id = from->id;
	policy->name = pb_bytes(from->name);
	policy->creation_policy = make_types(call, &from->creation);
	if (from->creation_fallback.types[0] != 0)
		policy->creation_fallback_policy = make_types(call, &from->creation_fallback);
	if (from->replication_fallback.types[0] != 0)
		policy->replication_fallback_policy = make_types(call, &from->replication_fallback);
	return policy->creation_policy == NULL ? NULL : policy;
}

void serve_get_storage_policies(struct call *call)
{
	Hdfs__GetStoragePoliciesResponse reply = HDFS__GET_STORAGE_POLICIES_RESPONSE__INIT;
	const struct policy *from = policies(&reply.n_policies);

	reply.policies = call_alloc(call, reply.n_policies * sizeof(*reply.policies));
	if (reply.policies == NULL)
		return;
	for (size_t i = 0; i < reply.n_policies; i++) {
		reply.policies[i] = make_policy(call, &from[i]);
		if (reply.policies[i] == NULL) {
			call_refuse(call, -ERR_RETRIABLE, STR("Out of memory"));
			return;
		}
	}
	call_reply_pb(call, &reply.base);
}

/* 0: nothing was chosen, and HDFS's default holds. */
static const struct policy *policy_of(uint8_t id)
{
	size_t count;
	const struct policy *all = policies(&count), *found = NULL;

	for (size_t i = 0; i < count; i++) {
		if (all[i].id == (id == 0 ? POLICY_DEFAULT : id))
			found = &all[i];
	}
	return found;
}

static int find_policy(struct call *call, struct str path, const struct policy **ret_policy)
{
	struct ns_lookup lookup = {.path = path, .caller = &call->caller};

	ns_lookup(call_namespace(call), &lookup, 1, call_arena(call));
	call->text = lookup.message;
	if (lookup.rc == -ERR_NOT_FOUND && lookup.message.size == 0)
		call_why(call, 0, "File/Directory does not exist: %.*s", STR_ARGS(path));
	if (lookup.rc < 0)
		return lookup.rc;
	*ret_policy = policy_of(lookup.status.storage_policy);
	return check_readable(call, path);
}

void serve_get_storage_policy(struct call *call)
{
	Hdfs__GetStoragePolicyResponse reply = HDFS__GET_STORAGE_POLICY_RESPONSE__INIT;
	const struct policy *policy = NULL;
	Hdfs__GetStoragePolicyRequest *request;
	int rc;

	if (call_unpack(call, &hdfs__get_storage_policy_request__descriptor, &request) < 0)
		return;
	rc = find_policy(call, pb_str(request->path), &policy);
	if (rc == 0 && policy == NULL)
		rc = -ERR_INTERNAL;
	if (rc == 0) {
		reply.storage_policy = make_policy(call, policy);
		rc = reply.storage_policy == NULL ? -ERR_RETRIABLE : 0;
	}
	if (rc < 0)
		call_refuse(call, rc, call->text);
	else
		call_reply_pb(call, &reply.base);
}
