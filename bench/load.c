/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/load.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "bench/clock.h"
#include "bench/load_private.h"

enum {
	EVENTS_MAX = 256,   /* of one turn */
	TICK_MS = 10,       /* between looks at what is late */
	MOVE_PAUSE_MS = 10, /* before a second move in a row; with fewer lanes, 1 ms a lane */
};

/* ---- blocks ---- */

static int report_some(struct load *load, const struct waiting *waiting, size_t count)
{
	struct stand_in_block blocks[STAND_IN_BLOCKS_MAX];

	for (size_t i = 0; i < count; i++) {
		const struct task *task = &waiting[i].slot->task;

		blocks[i] = (struct stand_in_block){task->block_id, task->stamp, BLOCK_BYTES_USED};
	}
	return stand_in_report(load->stand_in, blocks, count);
}

/* Reports the blocks that this turn has got, and lets their operations go on. */
static void report_blocks(struct load *load)
{
	for (size_t done = 0; done < load->waiting_count; done += STAND_IN_BLOCKS_MAX) {
		const struct waiting *waiting = load->waiting + done;
		size_t left = load->waiting_count - done;
		size_t count = left < STAND_IN_BLOCKS_MAX ? left : STAND_IN_BLOCKS_MAX;
		int rc = report_some(load, waiting, count);

		for (size_t i = 0; i < count; i++) {
			if (!waiting[i].slot->is_busy)
				continue; /* lost meanwhile */
			if (rc < 0)
				lane_lost(waiting[i].lane, rc, clock_now_ns());
			else
				lane_begin_call(waiting[i].lane, waiting[i].slot, clock_now_ns());
		}
	}
	load->waiting_count = 0;
	for (uint32_t i = 0; i < load->options->connections; i++) {
		struct lane *lane = &load->lanes[i];

		if (lane->client.state == CLIENT_OPEN && client_flush(&lane->client) < 0)
			lane_lost(lane, -ERR_CLOSED, clock_now_ns());
	}
}

int load_add_stand_in(struct load *load, struct str *ret_pool)
{
	const struct options *options = load->options;
	int rc = stand_in_create(&options->addresses[0], str_of(options->user), options->timeout_ns,
	                         &load->stand_in);

	if (rc < 0)
		return rc;
	load->waiting =
	        mem_must_alloc(sizeof(*load->waiting) * options->connections * options->inflight);
	*ret_pool = stand_in_pool(load->stand_in);
	return 0;
}

/* ---- time ---- */

/* Gives up calls that are too late for good, and moves a lane that waits too long. */
static void look_for_late(struct lane *lane, uint64_t now)
{
	const struct options *options = lane->load->options;
	bool is_stuck = false, is_late = false;

	for (uint32_t i = 0; i < options->inflight; i++) {
		struct slot *slot = &lane->slots[i];

		if (!slot->is_busy)
			continue;
		is_stuck |= now - slot->sent_ns > REPEAT_AFTER_MS * NS_PER_MS;
		if (now - slot->first_ns <= options->timeout_ns)
			continue;
		is_late = true;
		if (!options->retry)
			continue;
		measure_error(lane->load->measure, "%.*s: no answer in time",
		              STR_ARGS(message_method_name(slot->task.method)));
		lane_end_operation(lane, slot, now);
	}
	if (lane->client.state != CLIENT_CLOSED && (is_late || (options->retry && is_stuck)))
		lane_lost(lane, -ERR_TIMEOUT, now);
}

static void tick(struct load *load, uint64_t now)
{
	load->tick_at_ns = now + load->pause_ns;
	for (uint32_t i = 0; i < load->options->connections; i++) {
		struct lane *lane = &load->lanes[i];

		if (lane->busy > 0)
			look_for_late(lane, now);
		if (lane->client.state == CLIENT_CLOSED && lane->connect_at_ns <= now)
			lane_connect(lane, now);
	}
}

/* ---- the end before time ---- */

static void end_signals(sigset_t *ret_set)
{
	sigemptyset(ret_set);
	sigaddset(ret_set, SIGTERM);
	sigaddset(ret_set, SIGINT);
}

/* Epoll's data is NULL. */
static int watch_signals(struct load *load)
{
	struct epoll_event event = {.events = EPOLLIN};
	sigset_t set;

	end_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	load->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (load->signal_fd < 0 ||
	    epoll_ctl(load->epoll_fd, EPOLL_CTL_ADD, load->signal_fd, &event) < 0)
		return err_from_errno(errno);
	return 0;
}

static void take_signal(struct load *load)
{
	struct signalfd_siginfo first;
	sigset_t set;

	if (read(load->signal_fd, &first, sizeof(first)) != sizeof(first))
		return;
	close(load->signal_fd);
	load->signal_fd = -1;
	end_signals(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* ---- the loop ---- */

/* One turn of the loop, not beyond `until`.  Returns the time. */
static uint64_t turn(struct load *load, uint64_t now, uint64_t until)
{
	struct epoll_event events[EVENTS_MAX];
	uint64_t wake_ns = load->tick_at_ns < until ? load->tick_at_ns : until;
	int wait_ms = wake_ns <= now ? 0 : (int)((wake_ns - now + NS_PER_MS - 1) / NS_PER_MS);
	int count = epoll_wait(load->epoll_fd, events, EVENTS_MAX, wait_ms);

	for (int i = 0; i < count; i++) {
		if (events[i].data.ptr == NULL)
			take_signal(load);
		else
			lane_on_event(events[i].data.ptr, events[i].events);
	}
	if (load->waiting_count > 0)
		report_blocks(load);
	now = clock_now_ns();
	if (now >= load->tick_at_ns)
		tick(load, now);
	return now;
}

/* ---- one run ---- */

static void begin(struct load *load, uint64_t now)
{
	const struct options *options = load->options;

	for (uint32_t i = 0; i < options->connections; i++) {
		struct lane *lane = &load->lanes[i];

		for (uint32_t s = 0; s < options->inflight; s++) {
			plan_assign(load->plan, (uint64_t)i * options->inflight + s,
			            &lane->slots[s].task);
			if (lane->connect_at_ns != UINT64_MAX)
				lane_begin_operation(lane, &lane->slots[s], now);
		}
		if (lane->client.state == CLIENT_OPEN && client_flush(&lane->client) < 0)
			lane_lost(lane, -ERR_CLOSED, now);
	}
}

/* When load_run() has to do something by the clock. */
static uint64_t next_change(const struct load *load, uint64_t begin_at, uint64_t end_at)
{
	if (!load->is_issuing)
		return UINT64_MAX;
	return load->measure->is_on ? end_at : begin_at;
}

void load_run(struct load *load, struct plan *plan, uint64_t warmup_ns, uint64_t duration_ns)
{
	struct measure *measure = load->measure;
	uint64_t now = clock_now_ns();
	uint64_t begin_at = now + warmup_ns;
	uint64_t end_at = duration_ns == 0 ? UINT64_MAX : begin_at + duration_ns;

	load->plan = plan;
	load->is_issuing = true;
	if (warmup_ns == 0)
		measure_begin(measure, now);
	begin(load, now);
	while (load->busy > 0) {
		now = turn(load, now, next_change(load, begin_at, end_at));
		if (!load->is_issuing)
			continue;
		if (load->signal_fd < 0)
			end_at = now;
		if (!measure->is_on && (now >= begin_at || now >= end_at))
			measure_begin(measure, now);
		if (now >= end_at) {
			measure_end(measure, now);
			load->is_issuing = false;
		}
	}
	if (measure->is_on)
		measure_end(measure, now);
}

/* ---- begin and end ---- */

static int wait_for_connections(struct load *load)
{
	uint64_t now = clock_now_ns(), end_at = now + load->options->timeout_ns;

	while (now < end_at) {
		uint32_t open = 0;

		for (uint32_t i = 0; i < load->options->connections; i++) {
			if (load->lanes[i].connect_at_ns == UINT64_MAX)
				return -ERR_REFUSED;
			open += load->lanes[i].client.state == CLIENT_OPEN;
		}
		if (open == load->options->connections)
			return 0;
		now = turn(load, now, end_at);
	}
	return -ERR_TIMEOUT;
}

static int create_lanes(struct load *load)
{
	const struct options *options = load->options;

	load->lanes = mem_must_zalloc(options->connections * sizeof(*load->lanes));
	for (uint32_t i = 0; i < options->connections; i++) {
		struct lane *lane = &load->lanes[i];
		int rc = client_init(&lane->client, load->epoll_fd);

		if (rc < 0)
			return rc;
		lane->load = load;
		lane->slots = mem_must_zalloc(options->inflight * sizeof(*lane->slots));
		for (uint32_t s = 0; s < options->inflight; s++)
			lane->slots[s].call_id = (int32_t)s - (int32_t)options->inflight;
	}
	return 0;
}

int load_create(const struct options *options, struct measure *measure, struct load **ret_load)
{
	struct load *load = mem_must_zalloc(sizeof(*load));
	uint32_t pause_ms =
	        options->connections < MOVE_PAUSE_MS ? options->connections : MOVE_PAUSE_MS;
	int rc;

	load->options = options;
	load->measure = measure;
	load->pause_ns = (options->retry ? pause_ms : TICK_MS) * NS_PER_MS;
	load->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	load->signal_fd = -1;
	rc = load->epoll_fd < 0 ? err_from_errno(errno) : watch_signals(load);
	if (rc == 0)
		rc = create_lanes(load);
	for (uint32_t i = 0; rc == 0 && i < options->connections; i++)
		lane_connect(&load->lanes[i], clock_now_ns());
	if (rc == 0)
		rc = wait_for_connections(load);
	if (rc < 0) {
		load_destroy(load);
		return rc;
	}
	*ret_load = load;
	return 0;
}

void load_destroy(struct load *load)
{
	if (load == NULL)
		return;
	for (uint32_t i = 0; load->lanes != NULL && i < load->options->connections; i++) {
		if (load->lanes[i].slots != NULL)
			client_finish(&load->lanes[i].client);
		mem_free(load->lanes[i].slots);
	}
	if (load->signal_fd >= 0)
		close(load->signal_fd);
	if (load->epoll_fd >= 0)
		close(load->epoll_fd);
	buf_finish(&load->request);
	stand_in_destroy(load->stand_in);
	mem_free(load->waiting);
	mem_free(load->lanes);
	mem_free(load);
}
