/* SPDX-License-Identifier: Apache-2.0 */
/*
 * getFileInfo and its likes: the requests of a turn are decoded, looked up and answered together,
 * so that the namespace can prefetch what all of them will touch.
 */
#include "base/err.h"
#include "service/reserved.h"
#include "service/service_private.h"
#include "service/status.h"
#include "wire/hot_requests.h"

enum { BATCH = 64 };

/* Drops the calls that make no sense, and returns how many are left. */
static size_t decode(struct call **calls, size_t count, struct ns_lookup *lookups)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		struct wire_get_file_info request;
		int rc = wire_get_file_info_decode(calls[i]->rpc->request, NULL, &request);

		if (rc < 0) {
			call_refuse(calls[i], call_bad_request(rc), (struct str){0});
			continue;
		}
		calls[kept] = calls[i];
		lookups[kept] =
		        (struct ns_lookup){.path = request.path, .caller = &calls[i]->caller};
		kept++;
	}
	return kept;
}

/* A path that is not there is an answer, not an error; one that cannot be is (/.reserved/.inodes).
 */
static void answer(struct call *call, const struct ns_lookup *lookup)
{
	struct wire_status_reply reply = {.has_status = lookup->rc == 0};

	if (lookup->rc < 0 && (lookup->rc != -ERR_NOT_FOUND || lookup->message.size > 0)) {
		call_refuse(call, lookup->rc, lookup->message);
		return;
	}
	if (reply.has_status)
		status_fill(&lookup->status, (struct str){0}, &reply.status);
	else
		reply.has_status = reserved_status(lookup->path, &reply.status);
	wire_status_reply_encode(call_reply_begin(call), &reply);
	call_reply_end(call);
}

static void answer_batch(struct service *service, struct call **calls, size_t count)
{
	struct ns_lookup lookups[BATCH];

	count = decode(calls, count, lookups);
	ns_lookup(master_namespace(service->options.master), lookups, count, &service->texts);
	for (size_t i = 0; i < count; i++)
		answer(calls[i], &lookups[i]);
	arena_reset(&service->texts);
}

void lookups_answer(struct service *service, struct call **calls, size_t count)
{
	for (size_t done = 0; done < count; done += BATCH) {
		size_t left = count - done;

		answer_batch(service, calls + done, left < BATCH ? left : BATCH);
	}
}
