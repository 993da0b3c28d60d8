/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal of a lone master dies at every operation of its disk, twice in a row; the n-th write,
 * sync and allocation fails, for every n.  Afterwards it starts again and nothing is lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "sim/journal_life.h"

static struct history history;

static const struct life_options usual = {
        .appends = 150,
        .segment_bytes = 20 * 4096,
        .checkpoint_entries = 25,
        .inflight = 6,
        .payload_max = 1500,
        .fail_allocation = -1,
};

static void begin_empty(struct life *life, uint64_t seed)
{
	memset(life, 0, sizeof(*life));
	life->world = sim_world_create(seed);
	life->machine = sim_machine_create(life->world, seed + 1);
	life->history = &history;
	life->options = usual;
	memset(&history, 0, sizeof(history));
}

static void begin(struct life *life, uint64_t seed)
{
	begin_empty(life, seed);
	life_format(life);
}

static void set_faults(struct life *life, int64_t die_in, int64_t fail_write_in,
                       int64_t fail_sync_in)
{
	const struct sim_disk_faults faults = {
	        .die_in = die_in, .fail_write_in = fail_write_in, .fail_sync_in = fail_sync_in};

	sim_disk_set_faults(sim_machine_disk(life->machine), &faults);
}

/* A life that nothing happens to: it must lead, take appends and close. */
static void live_well(struct life *life, uint64_t appends)
{
	set_faults(life, -1, -1, -1);
	life->options = usual;
	life->options.appends = appends;
	if (life_run(life) != LIFE_CLOSED)
		life_wrong("a life without faults ended with %d: %s %s", life->end, life->text,
		           life->notices);
	sim_machine_kill(life->machine, /* power_cut: */ true);
	life_verify(life);
}

enum { REACHED = 0, NOT_REACHED = 1 };

struct run {
	uint64_t seed;
	int64_t n;
	int64_t second; /* operation of the second life at which it dies too; < 0: it does not */
	bool cut, second_cut;
	uint64_t appends; /* 0: as usual */
};

/* For whoever has to find out why it failed. */
static void say_run(const struct run *run)
{
	life_say("seed %lu n %ld cut %d second %ld cut %d", (unsigned long)run->seed, (long)run->n,
	         run->cut, (long)run->second, run->second_cut);
}

/* ---- deaths ---- */

static int die_twice(void *context)
{
	const struct run *run = context;
	struct life life;
	bool was_reached;

	begin(&life, run->seed);
	if (run->appends > 0)
		life.options.appends = run->appends;
	set_faults(&life, run->n, -1, -1);
	was_reached = life_run(&life) == LIFE_DIED;
	if (!was_reached && life.end != LIFE_CLOSED)
		life_wrong("a life that was to die ended with %d: %s", life.end, life.text);
	sim_machine_kill(life.machine, run->cut);
	if (run->second >= 0) {
		set_faults(&life, run->second, -1, -1);
		if (life_run(&life) == LIFE_FAILED)
			life_wrong("it does not start after a death: %s", life.text);
		sim_machine_kill(life.machine, run->second_cut);
	}
	live_well(&life, 10);
	live_well(&life, 0);
	return was_reached ? REACHED : NOT_REACHED;
}

/* Both ways to die at operation n, alone and followed by a second death at once. */
static int die_at(void *context)
{
	struct run *run = context;
	struct random random = random_make(run->seed);
	int result = NOT_REACHED;

	for (int variant = 0; variant < 6; variant++) {
		run->seed = random_u64(&random);
		run->cut = variant % 2;
		run->second = variant < 2 ? -1 : (int64_t)random_below(&random, 40);
		run->second_cut = random_chance(&random, 1, 2);
		say_run(run);
		if (die_twice(run) == REACHED)
			result = REACHED;
	}
	return result;
}

static void it_may_die_at_any_operation_and_again_at_once(void **state)
{
	struct run run = {0};
	int result;

	(void)state;
	do {
		run.seed = (uint64_t)run.n;
		result = life_fork(die_at, &run);
		assert_true(result >= 0);
		run.n++;
	} while (result == REACHED);
	printf("died at each of %ld operations\n", (long)run.n);
	assert_true(run.n > 100);
}

/* ---- format ---- */

/* Without a journal in the folder before; then format is called again, and must make one. */
static int die_in_format(void *context)
{
	const struct run *run = context;
	struct life life;
	bool was_reached;

	say_run(run);
	begin_empty(&life, run->seed);
	set_faults(&life, run->n, -1, -1);
	was_reached = life_try_format(&life) == LIFE_DIED;
	sim_machine_kill(life.machine, run->cut);
	set_faults(&life, -1, -1, -1);
	if (life_run(&life) != LIFE_CLOSED && life.rc != -ERR_ABSENT)
		life_wrong("a start after a death in format ended with %d: %s", life.end,
		           life.text);
	sim_machine_kill(life.machine, /* power_cut: */ true);
	memset(&history, 0, sizeof(history));
	life_format(&life);
	live_well(&life, 10);
	return was_reached ? REACHED : NOT_REACHED;
}

static void format_may_die_at_any_operation_and_is_repeated(void **state)
{
	struct run run = {0};
	int result;

	(void)state;
	do {
		result = NOT_REACHED;
		for (int variant = 0; variant < 8; variant++) {
			int one;

			run.seed = (uint64_t)(8 * run.n + variant);
			run.cut = variant % 2;
			one = life_fork(die_in_format, &run);
			assert_true(one >= 0);
			if (one == REACHED)
				result = REACHED;
		}
		run.n++;
	} while (result == REACHED);
	printf("died at each of %ld operations\n", (long)run.n);
	assert_true(run.n > 10);
}

/* Few operations, so that every pair can be tried. */
static int die_at_every_pair(void *context)
{
	struct run *run = context;
	struct random random = random_make(run->seed);
	int result = NOT_REACHED;

	run->appends = 8;
	for (run->second = 0; run->second < 12; run->second++) {
		for (int variant = 0; variant < 4; variant++) {
			run->seed = random_u64(&random);
			run->cut = variant % 2;
			run->second_cut = variant / 2;
			say_run(run);
			if (die_twice(run) == REACHED)
				result = REACHED;
		}
	}
	return result;
}

static void it_may_die_at_every_pair_of_operations(void **state)
{
	struct run run = {0};
	int result;

	(void)state;
	do {
		run.seed = (uint64_t)run.n;
		result = life_fork(die_at_every_pair, &run);
		assert_true(result >= 0);
		run.n++;
	} while (result == REACHED);
	printf("died at each of %ld operations\n", (long)run.n);
	assert_true(run.n > 10);
}

/* ---- failures ---- */

/* A life under these faults ends with a word, and nothing is lost by it. */
static int fail_once(struct run *run, const struct sim_disk_faults *faults, int64_t allocation)
{
	struct life life;
	enum life_end end;
	bool has_failed;

	say_run(run);
	begin(&life, run->seed);
	live_well(&life, 60); /* so that there is a checkpoint to be read */
	life.options = usual;
	sim_disk_set_faults(sim_machine_disk(life.machine), faults);
	life.options.fail_allocation = allocation;
	end = life_run(&life);
	has_failed = sim_disk_has_failed(sim_machine_disk(life.machine));
	if (end == LIFE_STUCK || end == LIFE_DIED)
		life_wrong("a life with a failure ended with %d", end);
	if (end != LIFE_CLOSED && life.text[0] == '\0')
		life_wrong("it ended without a word");
	if (end != LIFE_CLOSED && faults->fail_read_at > 0)
		life_wrong("one read that failed ended it: %s", life.text);
	sim_machine_kill(life.machine, run->cut);
	live_well(&life, 10);
	live_well(&life, 0);
	if (allocation >= 0)
		return end == LIFE_CLOSED && !mem_has_failed() ? NOT_REACHED : REACHED;
	return end == LIFE_CLOSED && life.notices[0] == '\0' && !has_failed ? NOT_REACHED : REACHED;
}

static const struct sim_disk_faults no_faults = {
        .die_in = -1, .fail_write_in = -1, .fail_sync_in = -1};

static int fail_write(void *context)
{
	struct run *run = context;
	struct sim_disk_faults faults = no_faults;

	faults.fail_write_in = run->n;
	return fail_once(run, &faults, -1);
}

static int fail_sync(void *context)
{
	struct run *run = context;
	struct sim_disk_faults faults = no_faults;

	faults.fail_sync_in = run->n;
	return fail_once(run, &faults, -1);
}

static int fail_names(void *context)
{
	struct run *run = context;
	struct sim_disk_faults faults = no_faults;

	faults.fail_names_at = (uint64_t)run->n + 1;
	return fail_once(run, &faults, -1);
}

static int fail_read(void *context)
{
	struct run *run = context;
	struct sim_disk_faults faults = no_faults;

	faults.fail_read_at = (uint64_t)run->n + 1;
	return fail_once(run, &faults, -1);
}

static int fail_allocation(void *context)
{
	struct run *run = context;

	return fail_once(run, &no_faults, run->n);
}

/* Until it is not reached any more many times in a row. */
static int64_t for_every_n(int (*body)(void *context))
{
	struct random random = random_make(11);
	struct run run = {0};

	for (int missed = 0; missed < 10; run.n++) {
		bool was_reached = false;

		for (int cut = 0; cut < 2; cut++) {
			int result;

			run.seed = random_u64(&random);
			run.cut = cut;
			result = life_fork(body, &run);
			assert_true(result >= 0);
			was_reached |= result == REACHED;
		}
		missed = was_reached ? 0 : missed + 1;
	}
	return run.n;
}

static void the_nth_write_may_fail(void **state)
{
	(void)state;
	printf("%ld writes\n", (long)for_every_n(fail_write));
}

static void the_nth_sync_may_fail(void **state)
{
	(void)state;
	printf("%ld syncs\n", (long)for_every_n(fail_sync));
}

static void the_nth_change_of_names_may_fail(void **state)
{
	(void)state;
	printf("%ld changes of names, and files opened\n", (long)for_every_n(fail_names));
}

static void the_nth_read_may_fail(void **state)
{
	(void)state;
	printf("%ld reads\n", (long)for_every_n(fail_read));
}

static void the_nth_allocation_may_fail(void **state)
{
	(void)state;
	printf("%ld allocations\n", (long)for_every_n(fail_allocation));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(it_may_die_at_any_operation_and_again_at_once),
	        cmocka_unit_test(format_may_die_at_any_operation_and_is_repeated),
	        cmocka_unit_test(it_may_die_at_every_pair_of_operations),
	        cmocka_unit_test(the_nth_write_may_fail),
	        cmocka_unit_test(the_nth_sync_may_fail),
	        cmocka_unit_test(the_nth_change_of_names_may_fail),
	        cmocka_unit_test(the_nth_read_may_fail),
	        cmocka_unit_test(the_nth_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
