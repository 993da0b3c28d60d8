/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of a journal are changed, cut and removed, and the device runs full.  A start then either
 * has everything that was acknowledged or says what is wrong; it never has less.
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
static struct life life;

static const struct life_options usual = {
        .appends = 60,
        .segment_bytes = 20 * 4096,
        .checkpoint_entries = 25,
        .inflight = 6,
        .payload_max = 800,
        .fail_allocation = -1,
};

/* A journal that has seen two lives, closed. */
static void make_journal(bool keep_segments, uint64_t checkpoint_entries)
{
	memset(&life, 0, sizeof(life));
	memset(&history, 0, sizeof(history));
	life.world = sim_world_create(5);
	life.machine = sim_machine_create(life.world, 6);
	life.history = &history;
	life_format(&life);
	for (int i = 0; i < 2; i++) {
		life.options = usual;
		life.options.keep_segments = keep_segments;
		life.options.checkpoint_entries = checkpoint_entries;
		assert_int_equal(life_run(&life), LIFE_CLOSED);
		sim_machine_kill(life.machine, /* power_cut: */ true);
	}
	life_verify(&life);
	life.options.appends = 0;
}

static char **names;
static size_t name_count;

static void list_names(void)
{
	assert_int_equal(
	        sim_disk_list(sim_machine_disk(life.machine), LIFE_FOLDER, &names, &name_count), 0);
	assert_true(name_count > 5);
}

static bool is_kind(const char *name, const char *kind)
{
	return strncmp(name, kind, strlen(kind)) == 0;
}

static bool is_newest_segment(size_t place)
{
	return is_kind(names[place], "segment") &&
	       (place + 1 == name_count || !is_kind(names[place + 1], "segment"));
}

static const char *path_of(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", LIFE_FOLDER, name);
	return path;
}

static uint64_t size_of(const char *name)
{
	struct io_stat stat;

	assert_int_equal(sim_disk_stat(sim_machine_disk(life.machine), path_of(name), &stat), 0);
	return stat.size;
}

/* ---- what a start makes of it ---- */

struct damage {
	size_t place; /* of the name */
	uint64_t offset;
	uint8_t mask; /* 0: cut there */
	bool also_previous_checkpoint;
};

enum outcome { LED, LED_WITH_NOTICE, FAILED };

/* The start must say where the trouble is and what to do about it. */
static void check_text(const char *text)
{
	if (strstr(text, LIFE_FOLDER) == NULL)
		life_wrong("the text does not say where: %s", text);
}

static int start_once(void)
{
	switch (life_run(&life)) {
	case LIFE_CLOSED: return life.notices[0] == '\0' ? LED : LED_WITH_NOTICE;
	case LIFE_FAILED: check_text(life.text); return FAILED;
	default: life_wrong("the life ended with %d: %s", life.end, life.text);
	}
}

static void set_content(const char *name, const void *data, uint64_t size)
{
	struct sim_disk *disk = sim_machine_disk(life.machine);
	struct sim_inode *inode;

	CHECK(sim_disk_open(disk, path_of(name), IO_OPEN_WRITE, &inode) == 0);
	CHECK(sim_inode_truncate(disk, inode, size) == 0);
	CHECK(sim_inode_write(disk, inode, data, size, 0, false) == 0);
	CHECK(sim_inode_sync(disk, inode) == 0);
	sim_inode_close(disk, inode, false);
}

static void get_content(const char *name, void *data, uint64_t size)
{
	struct sim_disk *disk = sim_machine_disk(life.machine);
	struct sim_inode *inode;
	size_t got;

	CHECK(sim_disk_open(disk, path_of(name), IO_OPEN_READ, &inode) == 0);
	CHECK(sim_inode_read(disk, inode, data, size, 0, &got) == 0 && got == size);
	sim_inode_close(disk, inode, false);
}

static void do_damage(const struct damage *damage)
{
	const char *name = names[damage->place];
	uint8_t *content = mem_must_alloc(damage->offset + 1);

	if (damage->mask == 0) {
		get_content(name, content, damage->offset);
		set_content(name, content, damage->offset);
	} else {
		sim_disk_flip(sim_machine_disk(life.machine), path_of(name), damage->offset,
		              damage->mask);
	}
	mem_free(content);
}

static int start_damaged(void *context)
{
	const struct damage *damage = context;

	life_say("%s at %lu mask %d", names[damage->place], (unsigned long)damage->offset,
	         damage->mask);
	do_damage(damage);
	return start_once();
}

/* What must come of damage to this file; -1: either. */
static int expected(size_t place, const char *newest_checkpoint)
{
	if (is_newest_segment(place))
		return FAILED;
	if (strcmp(names[place], newest_checkpoint) == 0)
		return LED_WITH_NOTICE;
	if (is_kind(names[place], "checkpoint"))
		return LED;
	if (is_kind(names[place], "holdfast"))
		return FAILED;
	if (is_kind(names[place], "lock"))
		return LED;
	return -1;
}

static const char *newest_checkpoint(void)
{
	const char *newest = "";

	for (size_t i = 0; i < name_count; i++) {
		if (is_kind(names[i], "checkpoint"))
			newest = names[i];
	}
	return newest;
}

static uint64_t step_for(const char *name)
{
	if (is_kind(name, "segment"))
		return 97;
	return is_kind(name, "vote") ? 97 : 3;
}

struct harm {
	size_t place;
	uint64_t step;
	bool cuts;
};

/* Of the vote record one slot is enough, but not none. */
static int wanted(const struct harm *harm)
{
	if (is_kind(names[harm->place], "vote"))
		return harm->cuts ? FAILED : LED;
	return expected(harm->place, newest_checkpoint());
}

/* One damage after the other, each put right again.  (A file that is put right is as it was before:
 * a start without appends writes nothing but the vote record.) */
static int harm_file(void *context)
{
	const struct harm *harm = context;
	const char *name = names[harm->place];
	uint64_t size = size_of(name);
	uint8_t *content = mem_must_alloc(size + 1);
	int want = wanted(harm);

	for (uint64_t offset = 0; offset < size; offset += harm->step) {
		struct damage damage = {.place = harm->place,
		                        .offset = offset,
		                        .mask = harm->cuts ? 0 : (uint8_t)(1 << offset % 8)};
		int result;

		get_content(name, content, size);
		result = start_damaged(&damage);
		if (want >= 0 && result != want)
			life_wrong("%d instead of %d: %s", result, want, life.text);
		sim_machine_kill(life.machine, /* power_cut: */ false);
		set_content(name, content, size);
	}
	mem_free(content);
	return 0;
}

static void harm_every_file(bool cuts)
{
	make_journal(/* keep_segments: */ false, 25);
	list_names();
	for (size_t i = 0; i < name_count; i++) {
		struct harm harm = {.place = i, .step = step_for(names[i]), .cuts = cuts};

		if (is_kind(names[i], "prepared")) /* a leftover, removed by the first start */
			continue;
		assert_int_equal(life_fork(harm_file, &harm), 0);
	}
}

static void a_changed_byte_is_never_taken_for_the_truth(void **state)
{
	(void)state;
	harm_every_file(/* cuts: */ false);
}

static void a_cut_file_is_never_taken_for_the_truth(void **state)
{
	(void)state;
	harm_every_file(/* cuts: */ true);
}

static int start_without(void *context)
{
	const struct damage *damage = context;

	life_say("without %s", names[damage->place]);
	CHECK(sim_disk_unlink(sim_machine_disk(life.machine), path_of(names[damage->place])) == 0);
	return start_once();
}

static void a_missing_file_is_never_taken_for_the_truth(void **state)
{
	(void)state;
	make_journal(/* keep_segments: */ false, 25);
	list_names();
	for (size_t i = 0; i < name_count; i++) {
		struct damage damage = {.place = i};
		int result = life_fork(start_without, &damage);

		assert_true(result >= 0);
		if (is_newest_segment(i) || is_kind(names[i], "vote") ||
		    is_kind(names[i], "holdfast"))
			assert_int_equal(result, FAILED);
		else if (is_kind(names[i], "lock"))
			assert_int_equal(result, LED);
	}
}

/* Without checkpoints every segment is needed. */
static void every_segment_is_needed_when_there_is_no_checkpoint(void **state)
{
	(void)state;
	make_journal(/* keep_segments: */ false, /* checkpoint_entries: */ 0);
	list_names();
	for (size_t i = 0; i < name_count; i++) {
		struct damage damage = {.place = i, .offset = 4096 + 100, .mask = 1};

		if (!is_kind(names[i], "segment"))
			continue;
		assert_int_equal(life_fork(start_without, &damage), FAILED);
		assert_int_equal(life_fork(start_damaged, &damage), FAILED);
	}
}

/* ---- bad checkpoints ---- */

static int start_with_bad_checkpoints(void *context)
{
	(void)context;
	for (size_t i = 0; i < name_count; i++) {
		if (is_kind(names[i], "checkpoint"))
			sim_disk_flip(sim_machine_disk(life.machine), path_of(names[i]), 140, 4);
	}
	return start_once();
}

static void without_a_good_checkpoint_the_segments_are_replayed_if_all_are_there(void **state)
{
	(void)state;
	make_journal(/* keep_segments: */ true, 25);
	list_names();
	assert_int_equal(life_fork(start_with_bad_checkpoints, NULL), LED_WITH_NOTICE);
	make_journal(/* keep_segments: */ false, 25);
	list_names();
	assert_int_equal(life_fork(start_with_bad_checkpoints, NULL), FAILED);
}

/* ---- no room ---- */

static void set_capacity(struct sim_machine *machine, uint64_t capacity)
{
	const struct sim_disk_faults faults = {
	        .die_in = -1, .fail_write_in = -1, .fail_sync_in = -1, .capacity = capacity};

	sim_disk_set_faults(sim_machine_disk(machine), &faults);
}

static void set_room(struct sim_machine *machine, uint64_t room)
{
	struct io_space space;

	set_capacity(machine, 0);
	CHECK(sim_disk_space(sim_machine_disk(machine), &space) == 0);
	set_capacity(machine, space.capacity - space.available + room);
}

/* No room from the 20th acknowledgement on. */
static void take_room(struct sim_machine *machine, uint64_t count)
{
	if (count == 20)
		set_room(machine, 0);
}

struct make_room {
	struct sim_event event;
	struct sim_machine *machine;
};

static void give_room(struct sim_event *event)
{
	set_capacity(CONTAINER_OF(event, struct make_room, event)->machine, 0);
}

static int run_out_of_room(void *context)
{
	struct make_room room = {.event.run = give_room, .machine = life.machine};

	(void)context;
	life.options = usual;
	life.options.appends = 200;
	life.options.checkpoint_entries = 0;
	life.options.on_ack = take_room;
	sim_world_schedule(life.world, &room.event, 5 * 1000 * 1000);
	if (life_run(&life) != LIFE_CLOSED)
		life_wrong("it ended with %d: %s", life.end, life.text);
	if (life.refused_no_space == 0 || strstr(life.notices, "no room") == NULL ||
	    strstr(life.notices, "there is room again") == NULL)
		life_wrong("nobody was told: %s", life.notices);
	if (sim_world_now_us(life.world) < 5 * 1000 * 1000)
		life_wrong("there was room all the time");
	sim_machine_kill(life.machine, /* power_cut: */ true);
	life_verify(&life);
	life.options.appends = 0;
	life.options.on_ack = NULL;
	return start_once();
}

static void without_room_appends_are_refused_until_there_is(void **state)
{
	(void)state;
	make_journal(/* keep_segments: */ false, 25);
	assert_int_equal(life_fork(run_out_of_room, NULL), LED);
}

/* Dies with something past the last mark, then starts on a full device. */
static int start_without_room(void *context)
{
	const struct sim_disk_faults faults = {
	        .die_in = *(const int64_t *)context, .fail_write_in = -1, .fail_sync_in = -1};
	struct make_room room = {.event.run = give_room, .machine = life.machine};

	life.options = usual;
	life.options.checkpoint_entries = 0;
	sim_disk_set_faults(sim_machine_disk(life.machine), &faults);
	if (life_run(&life) != LIFE_DIED)
		life_wrong("it was to die");
	sim_machine_kill(life.machine, /* power_cut: */ false);
	set_room(life.machine, 0);
	sim_world_schedule(life.world, &room.event, 5 * 1000 * 1000);
	life.options.appends = 30;
	if (life_run(&life) != LIFE_CLOSED)
		life_wrong("it ended with %d: %s", life.end, life.text);
	sim_machine_kill(life.machine, /* power_cut: */ true);
	life_verify(&life);
	return strstr(life.notices, "no room") != NULL;
}

static void a_start_without_room_goes_on_when_there_is(void **state)
{
	int told = 0;

	(void)state;
	make_journal(/* keep_segments: */ false, 25);
	for (int64_t n = 5; n < 25; n++) {
		int result = life_fork(start_without_room, &n);

		assert_true(result >= 0);
		told += result;
	}
	assert_true(told > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_changed_byte_is_never_taken_for_the_truth),
	        cmocka_unit_test(a_cut_file_is_never_taken_for_the_truth),
	        cmocka_unit_test(a_missing_file_is_never_taken_for_the_truth),
	        cmocka_unit_test(every_segment_is_needed_when_there_is_no_checkpoint),
	        cmocka_unit_test(
	                without_a_good_checkpoint_the_segments_are_replayed_if_all_are_there),
	        cmocka_unit_test(without_room_appends_are_refused_until_there_is),
	        cmocka_unit_test(a_start_without_room_goes_on_when_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
