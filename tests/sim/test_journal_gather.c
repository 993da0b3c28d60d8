/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Group commit under callers that each wait for their answer and call again a little later: few of
 * them must stay one group, and one alone must not wait for others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "sim/journal_life.h"
#include "unit/journal/alone.h"

enum { CALLERS_MAX = 64, CALLS = 4000, THINK_US = 30 };

struct crowd;

struct caller {
	struct journal_append append;
	struct io_timer think;
	struct crowd *crowd;
};

struct crowd {
	struct io *io;
	struct journal *journal;
	struct toy toy;
	struct caller callers[CALLERS_MAX];
	size_t count;
	uint64_t calls;
	uint64_t begin_us, end_us;
	struct journal_stats begin, end;
};

static void call(struct io_timer *timer)
{
	struct caller *caller = CONTAINER_OF(timer, struct caller, think);

	caller->append.payload = STR("a change of the usual size, more or less");
	/* Not yet prepared: again later. */
	if (journal_append(caller->crowd->journal, &caller->append) < 0)
		io_timer_start(timer, 1000);
}

static void answered(struct journal_append *append, enum journal_outcome outcome)
{
	struct caller *caller = CONTAINER_OF(append, struct caller, append);
	struct crowd *crowd = caller->crowd;

	(void)outcome;
	crowd->calls++;
	if (crowd->calls == CALLS / 4) { /* all have begun */
		crowd->begin_us = io_now_us(crowd->io);
		journal_stats(crowd->journal, &crowd->begin);
	}
	if (crowd->calls == CALLS) {
		crowd->end_us = io_now_us(crowd->io);
		journal_stats(crowd->journal, &crowd->end);
	}
	io_timer_start(&caller->think, THINK_US);
}

static void on_phase(void *context, const struct journal_progress *progress)
{
	struct crowd *crowd = context;

	for (size_t i = 0; progress->phase == JOURNAL_LEADING && i < crowd->count; i++) {
		crowd->callers[i].crowd = crowd;
		crowd->callers[i].append.kind = 10;
		crowd->callers[i].append.done = answered;
		io_timer_init(crowd->io, &crowd->callers[i].think, call);
		io_timer_start(&crowd->callers[i].think, 10 * i);
	}
}

static void start(void *context)
{
	struct crowd *crowd = context;
	const struct journal_options options = {
	        .io = crowd->io,
	        .folder = LIFE_FOLDER,
	        .machine = toy_machine(&crowd->toy),
	        .segment_bytes = 64 << 20,
	        .inflight_bytes_max = 1 << 20,
	        .entry_bytes_max = 1 << 16,
	        .batch_bytes_max = 1 << 16,
	        .sync_hang_ms = 5000,
	        .replication = &alone_replication,
	        .context = crowd,
	        .on_phase = on_phase,
	};
	char *text = NULL;

	CHECK(journal_open(&options, &crowd->journal, &text) == 0);
}

/* Entries a batch; *ret_call_us: how long a call takes, from one to the next. */
static double run(size_t callers, double *ret_call_us)
{
	static struct history history;
	struct crowd *crowd = mem_must_zalloc(sizeof(*crowd));
	struct life life = {.history = &history};
	double entries, batches;

	life.world = sim_world_create(callers);
	life.machine = sim_machine_create(life.world, 3);
	life_format(&life);
	crowd->count = callers;
	crowd->io = sim_machine_start(life.machine);
	sim_machine_run(life.machine, start, crowd);
	while (crowd->calls < CALLS)
		assert_true(sim_world_step(life.world));
	entries = (double)(crowd->end.entries - crowd->begin.entries);
	batches = (double)(crowd->end.batches - crowd->begin.batches);
	*ret_call_us = (double)(crowd->end_us - crowd->begin_us) / (entries / (double)callers);
	sim_machine_kill(life.machine, /* power_cut: */ false);
	sim_machine_destroy(life.machine);
	sim_world_destroy(life.world);
	return entries / batches;
}

static void few_callers_stay_one_group(void **state)
{
	double call_us;

	(void)state;
	for (size_t callers = 2; callers <= 16; callers *= 2) {
		double entries = run(callers, &call_us);

		printf("%zu callers: %.1f entries a batch, %.0f us a call\n", callers, entries,
		       call_us);
		assert_true(entries > 0.9 * (double)callers);
	}
}

/* A simulated sync takes 120 to 180 us, a hand-over between threads up to 40, twice. */
static void one_caller_does_not_wait_for_others(void **state)
{
	double call_us;

	(void)state;
	assert_true(run(1, &call_us) == 1);
	printf("1 caller: %.0f us a call\n", call_us);
	assert_true(call_us < 180 + 2 * 40 + THINK_US);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(few_callers_stay_one_group),
	        cmocka_unit_test(one_caller_does_not_wait_for_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
