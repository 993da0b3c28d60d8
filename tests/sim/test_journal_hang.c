/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A checkpoint that does not get on while the journal beside it does: a device that is busy with
 * large writes, or a file system that keeps one of two files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "sim/journal_life.h"

enum {
	SECOND_US = 1000 * 1000,
	CHECKPOINT = 2000,
	APPENDS = 2 * CHECKPOINT - 2, /* it stays the only one */
	SYNC_DELAY_US = 50 * 1000,
	TOLD_AFTER_S = 60, /* six times what a sync of the journal may take */
	SLOW_S = TOLD_AFTER_S - 10,
	HANGS_S = 2 * TOLD_AFTER_S, /* and so does what follows */
};

#define NAME LIFE_FOLDER "/checkpoint-00000000000000002000.tmp: "
#define REST "; the disk is slow or hangs. The journal goes on without this checkpoint\n"

static struct history history;
static struct life life;
static uint64_t began_us, told_us;
static uint64_t rest_takes_s; /* the work after the first piece; 0: as long as that */

static void checkpoints_take(uint64_t seconds)
{
	sim_machine_set_thread_delay(life.machine, "checkpoint", seconds * SECOND_US);
}

/* A checkpoint is due when entry 1, which is format's, and the others are applied.  It has one
 * piece, as there are few entries. */
static void look(struct sim_machine *machine, uint64_t acks)
{
	(void)machine;
	if (acks + 1 == CHECKPOINT)
		began_us = sim_world_now_us(life.world);
	if (acks == CHECKPOINT && rest_takes_s > 0)
		checkpoints_take(rest_takes_s);
	if (told_us == 0 && life.notices[0] != '\0')
		told_us = sim_world_now_us(life.world);
}

static int setup(void **state)
{
	(void)state;
	history = (struct history){0};
	began_us = told_us = rest_takes_s = 0;
	life = (struct life){.world = sim_world_create(1), .history = &history};
	life.machine = sim_machine_create(life.world, 2);
	life_format(&life);
	life.options = (struct life_options){
	        .appends = APPENDS,
	        .segment_bytes = 1 << 20,
	        .checkpoint_entries = CHECKPOINT,
	        .inflight = 1,
	        .payload_max = 100,
	        .fail_allocation = -1,
	        .time_limit_us = 3600ull * SECOND_US,
	        .on_ack = look,
	};
	sim_machine_set_disk_delay(life.machine, SYNC_DELAY_US);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sim_machine_kill(life.machine, /* power_cut: */ false);
	sim_machine_destroy(life.machine);
	sim_world_destroy(life.world);
	return 0;
}

/* The journal goes on meanwhile. */
static void live(void)
{
	assert_int_equal(life_run(&life), LIFE_CLOSED);
	assert_int_equal(history.acked_count, APPENDS);
}

static void assert_told_after(uint64_t seconds)
{
	assert_in_range(told_us - began_us, seconds * SECOND_US, (seconds + 1) * SECOND_US);
}

static void one_that_hangs_is_told_once(void **state)
{
	(void)state;
	checkpoints_take(HANGS_S);
	live();
	assert_told_after(TOLD_AFTER_S);
	assert_string_equal(life.notices, NAME "writing a piece of it has taken 60 s so far" REST);
}

static void one_that_hangs_at_its_end_is_told(void **state)
{
	(void)state;
	checkpoints_take(SLOW_S);
	rest_takes_s = HANGS_S;
	live();
	assert_told_after(SLOW_S + TOLD_AFTER_S);
	assert_string_equal(life.notices,
	                    NAME "syncing it and reading it back has taken 60 s so far" REST);
}

static void one_that_gets_on_slowly_is_not_told(void **state)
{
	(void)state;
	checkpoints_take(SLOW_S);
	live();
	assert_string_equal(life.notices, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	        TEST(one_that_hangs_is_told_once),
	        TEST(one_that_hangs_at_its_end_is_told),
	        TEST(one_that_gets_on_slowly_is_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
