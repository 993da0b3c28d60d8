/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/load_private.h"

#include <sys/epoll.h>

#include "base/cursor.h"
#include "base/err.h"
#include "bench/clock.h"
#include "proto/rpc.pb-c.h"
#include "wire/protocols.h"
#include "wire/rpc_header.h"

/* ---- calls ---- */

/* A lane that is not connected sends its calls when it is. */
static void send_call(struct lane *lane, struct slot *slot, uint64_t now)
{
	struct load *load = lane->load;
	struct message_call call;

	slot->sent_ns = now;
	if (lane->client.state != CLIENT_OPEN)
		return;
	if (++slot->repeats > 0)
		load->measure->repeats++;
	buf_clear(&load->request);
	plan_encode(load->plan, &slot->task, &load->request);
	call = (struct message_call){
	        .protocol = STR(WIRE_CLIENT_PROTOCOL),
	        .method = message_method_name(slot->task.method),
	        .call_id = slot->call_id,
	        .retry_count = slot->repeats,
	        .request = buf_str(&load->request),
	};
	client_queue_call(&lane->client, &call);
}

void lane_begin_call(struct lane *lane, struct slot *slot, uint64_t now)
{
	slot->call_id += (int32_t)lane->load->options->inflight;
	slot->repeats = -1;
	slot->first_ns = now;
	send_call(lane, slot, now);
}

void lane_begin_operation(struct lane *lane, struct slot *slot, uint64_t now)
{
	struct load *load = lane->load;

	CHECK(!slot->is_busy);
	/* After 2^31 calls the ids of a connection are used up. */
	if (!load->is_issuing || slot->call_id > INT32_MAX - 2 * (int32_t)load->options->inflight ||
	    !plan_next(load->plan, &slot->task))
		return;
	slot->is_busy = true;
	lane->busy++;
	load->busy++;
	slot->began_ns = now;
	lane_begin_call(lane, slot, now);
}

static void free_slot(struct lane *lane, struct slot *slot)
{
	slot->is_busy = false;
	lane->busy--;
	lane->load->busy--;
}

void lane_end_operation(struct lane *lane, struct slot *slot, uint64_t now)
{
	free_slot(lane, slot);
	lane_begin_operation(lane, slot, now);
}

static void answered_well(struct lane *lane, struct slot *slot, uint64_t now)
{
	struct measure *measure = lane->load->measure;

	lane->moves = 0;
	measure_answer(measure, slot->first_ns, now);
	switch (plan_go_on(lane->load->plan, &slot->task)) {
	case PLAN_CALL: lane_begin_call(lane, slot, now); return;
	case PLAN_REPORT:
		lane->load->waiting[lane->load->waiting_count++] =
		        (struct waiting){.lane = lane, .slot = slot};
		return;
	case PLAN_DONE: break;
	}
	measure_op(measure, now - slot->began_ns);
	lane_end_operation(lane, slot, now);
}

static bool is_class(const struct wire_rpc_response *header, int rc)
{
	return str_equal(header->exception_class, str_of(err_java_class(rc)));
}

/* The server said no. */
static void refused(struct lane *lane, struct slot *slot, const struct wire_rpc_response *header,
                    uint64_t now)
{
	struct load *load = lane->load;

	if (load->options->retry && is_class(header, ERR_STANDBY)) {
		lane_lost(lane, -ERR_STANDBY, now);
		return;
	}
	if (load->options->retry && is_class(header, ERR_RETRIABLE))
		return; /* as if it had not answered */
	if (plan_accepts(load->plan, &slot->task, header->exception_class)) {
		measure_answer(load->measure, slot->first_ns, now);
		measure_op(load->measure, now - slot->began_ns);
	} else {
		measure_error(load->measure, "%.*s: %.*s: %.*s",
		              STR_ARGS(message_method_name(slot->task.method)),
		              STR_ARGS(header->exception_class), STR_ARGS(header->exception_text));
	}
	lane_end_operation(lane, slot, now);
}

static struct slot *slot_of(struct lane *lane, const struct wire_rpc_response *header)
{
	struct slot *slot;

	if (header->call_id < 0)
		return NULL;
	slot = &lane->slots[(uint32_t)header->call_id % lane->load->options->inflight];
	if (!slot->is_busy || slot->call_id != header->call_id)
		return NULL;
	if (header->client_id.size > 0 &&
	    !str_equal(header->client_id, str_make(lane->client.id, CLIENT_ID_BYTES)))
		return NULL;
	return slot;
}

/* 0, or why the connection cannot be used any more. */
static int take_reply(struct lane *lane, struct str frame, uint64_t now)
{
	struct load *load = lane->load;
	struct cursor cursor = cursor_of(frame);
	struct wire_rpc_response header;
	struct str message;
	struct slot *slot;
	const char *wrong;

	if (wire_rpc_response_take(&cursor, &header) < 0)
		return -ERR_DAMAGED;
	if (header.status == RPC__RPC_STATUS__FATAL) {
		measure_error(load->measure, "fatal: %.*s: %.*s", STR_ARGS(header.exception_class),
		              STR_ARGS(header.exception_text));
		return -ERR_CLOSED;
	}
	slot = slot_of(lane, &header);
	if (slot == NULL) {
		measure_error(load->measure, "an answer to call %d, which is not in flight",
		              header.call_id);
		return -ERR_DAMAGED;
	}
	if (header.status == RPC__RPC_STATUS__ERROR) {
		refused(lane, slot, &header, now);
		return 0;
	}
	if (wire_rpc_message_take(&cursor, &message) < 0)
		return -ERR_DAMAGED;
	wrong = plan_check(load->plan, &slot->task, message);
	if (wrong == NULL) {
		answered_well(lane, slot, now);
		return 0;
	}
	measure_error(load->measure, "%.*s: wrong answer: %s",
	              STR_ARGS(message_method_name(slot->task.method)), wrong);
	lane_end_operation(lane, slot, now);
	return 0;
}

/* ---- connections ---- */

void lane_connect(struct lane *lane, uint64_t now)
{
	const struct options *options = lane->load->options;
	int rc;

	lane->connect_at_ns = 0;
	for (uint32_t i = 0; i < options->inflight; i++)
		lane->slots[i].sent_ns = now;
	rc = client_connect(&lane->client, &options->addresses[lane->address],
	                    str_of(options->user));
	if (rc < 0)
		lane_lost(lane, rc, now);
}

void lane_lost(struct lane *lane, int rc, uint64_t now)
{
	struct load *load = lane->load;

	client_close(&lane->client);
	if (load->options->retry) {
		lane->address = (lane->address + 1) % load->options->address_count;
		lane->connect_at_ns = lane->moves++ == 0 ? now : now + load->pause_ns;
		if (lane->connect_at_ns < load->tick_at_ns)
			load->tick_at_ns = lane->connect_at_ns;
		return;
	}
	lane->connect_at_ns = UINT64_MAX;
	for (uint32_t i = 0; i < load->options->inflight; i++) {
		struct slot *slot = &lane->slots[i];

		if (!slot->is_busy)
			continue;
		measure_error(load->measure, "%.*s: no answer: %s",
		              STR_ARGS(message_method_name(slot->task.method)), err_text(rc));
		free_slot(lane, slot);
	}
}

static int lane_read(struct lane *lane)
{
	int rc = client_read(&lane->client);
	uint64_t now = clock_now_ns();

	while (rc == 0) {
		struct str frame;

		rc = client_next_frame(&lane->client, &frame);
		if (rc < 0 || frame.size == 0)
			break;
		rc = take_reply(lane, frame, now);
		if (lane->client.state != CLIENT_OPEN)
			return 0;
	}
	return rc < 0 ? rc : client_flush(&lane->client);
}

static int lane_opened(struct lane *lane)
{
	int rc = client_finish_connect(&lane->client);
	uint64_t now = clock_now_ns();

	if (rc < 0)
		return rc;
	for (uint32_t i = 0; i < lane->load->options->inflight; i++) {
		if (lane->slots[i].is_busy)
			send_call(lane, &lane->slots[i], now);
	}
	return client_flush(&lane->client);
}

void lane_on_event(struct lane *lane, uint32_t events)
{
	int rc = 0;

	switch (lane->client.state) {
	case CLIENT_CLOSED: return;
	case CLIENT_CONNECTING: rc = lane_opened(lane); break;
	case CLIENT_OPEN:
		if (events & EPOLLOUT)
			rc = client_flush(&lane->client);
		if (rc == 0 && (events & ~(uint32_t)EPOLLOUT))
			rc = lane_read(lane);
		break;
	}
	if (rc < 0)
		lane_lost(lane, rc, clock_now_ns());
}
