/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ClientProtocol: getBlockLocations.
 *
 * After a start workers have not reported yet.  A read that finds no location then waits for one
 * instead of failing: only Java's client would come again.
 */
#include "base/err.h"
#include "master/safe_mode.h"
#include "master/workers.h"
#include "service/handlers.h"
#include "service/status.h"
#include "wire/hot_requests.h"

/* In steps, for a report rarely brings one block only. */
enum { WAITS_MAX = 8 };

struct locating {
	struct replica_wait wait;
	struct call *call;
	uint64_t end_us; /* io_now_us */
	unsigned waits;
};

static void on_replica(struct replica_wait *wait, bool is_reached)
{
	struct locating *locating = CONTAINER_OF(wait, struct locating, wait);

	if (!is_reached)
		locating->waits = WAITS_MAX;
	call_read(locating->call, serve_get_block_locations);
}

static struct locating *begin_waits(struct call *call)
{
	struct locating *locating = arena_alloc(call_arena(call), sizeof(*locating));

	if (locating == NULL)
		return NULL;
	*locating = (struct locating){
	        .call = call,
	        .end_us = io_now_us(call_io(call)) + call_options(call)->location_wait_ms * 1000,
	};
	return locating;
}

/* True: parked until a location comes. */
static bool wait_for_locations(struct call *call, const struct ns_blocks *blocks)
{
	struct locating *locating = call->steps;
	const struct block *missing;
	uint64_t now_us;

	if (!safe_mode_is_starting(call_master(call)))
		return false;
	missing = status_find_missing(call, blocks);
	if (missing == NULL)
		return false;
	if (locating == NULL)
		locating = call->steps = begin_waits(call);
	now_us = io_now_us(call_io(call));
	if (locating == NULL || locating->waits++ >= WAITS_MAX || now_us >= locating->end_us)
		return false;
	locating->wait = (struct replica_wait){.done = on_replica, .block = *missing, .count = 1};
	workers_wait(master_workers(call_master(call)), &locating->wait, locating->end_us - now_us);
	return true;
}

static void reply(struct call *call, const struct ns_blocks *blocks)
{
	struct wire_blocks_reply reply = {.has_blocks = true};

	if (!status_blocks(call, blocks, &reply.blocks)) {
		call_refuse(call, -ERR_TOO_LARGE, (struct str){0});
		return;
	}
	wire_blocks_reply_encode(call_reply_begin(call), &reply);
	call_reply_end(call);
}

static int check_range(struct call *call, const struct wire_get_block_locations *request)
{
	const char *what = request->offset > INT64_MAX   ? "offset"
	                   : request->length > INT64_MAX ? "length"
	                                                 : NULL;

	if (what == NULL)
		return 0;
	return call_why(call, -ERR_ILLEGAL_ARGUMENT, "Negative %s is not supported. File: %.*s",
	                what, STR_ARGS(request->path));
}

void serve_get_block_locations(struct call *call)
{
	struct wire_get_block_locations request;
	struct ns_blocks blocks;
	int rc = wire_get_block_locations_decode(call->rpc->request, NULL, &request);

	if (rc < 0) {
		call_refuse(call, call_bad_request(rc), (struct str){0});
		return;
	}
	rc = check_range(call, &request);
	if (rc == 0)
		rc = ns_file_blocks(call_namespace(call), &call->caller, request.path,
		                    request.offset, request.length, call_arena(call), &call->text,
		                    &blocks);
	if (rc < 0)
		call_refuse(call, rc, call->text);
	else if (status_must_refer(call, &blocks))
		call_refer(call, "READ");
	else if (!wait_for_locations(call, &blocks))
		reply(call, &blocks);
}
