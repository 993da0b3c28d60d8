/* SPDX-License-Identifier: Apache-2.0 */
/* Acknowledging before the sync: what the death of a process costs, and that of a machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "journal/vote_file.h"
#include "unit/journal/fake_peers.h"

enum { BLOCK = 4096, ACKNOWLEDGED = 8 };

/* Goes on in a copy of the folder, as it was then: the process was killed.  `is_crash`: so was the
 * machine. */
static void kill_it(struct world *w, bool is_crash)
{
	struct house *house = w->house;
	char command[512], copy[128];
	struct vote_file *file;
	struct vote vote;
	char *text = NULL;

	snprintf(copy, sizeof(copy), "%s/killed", house->top);
	snprintf(command, sizeof(command), "cp -r '%s' '%s'", house->folder, copy);
	assert_int_equal(system(command), 0);
	house_close(house);
	memcpy(house->folder, copy, sizeof(copy));
	assert_int_equal(vote_file_open(house->io, copy, &file, &text), 0);
	vote = *vote_file_vote(file);
	assert_true(vote.unsynced_boot != 0);
	vote.unsynced_boot += is_crash;
	assert_int_equal(vote_file_write(file, &vote), 0);
	vote_file_close(file);
}

static struct vote vote_of(struct world *w)
{
	struct vote vote;
	char *text = NULL;

	assert_int_equal(vote_file_read(w->house->io, w->house->folder, &vote, &text), 0);
	return vote;
}

/* One block with a batch each, after the first one of this segment. */
static void acknowledge_some(struct world *w)
{
	join(w);
	RUN_UNTIL(w->house->io, w->b.match >= w->last);
	house_close(w->house);
	w->replication.syncs_behind = true;
	open_journal_of(w);
	be_elected(w);
	house_fill(w->house, ACKNOWLEDGED, 100);
}

/* The device has got a later batch, and not this one. */
static void lose_a_batch(struct world *w)
{
	static const uint8_t zeros[BLOCK];
	FILE *file = fopen(house_newest(w->house, "segment-"), "r+b");

	assert_non_null(file);
	assert_int_equal(fseek(file, 4 * BLOCK, SEEK_SET), 0);
	assert_int_equal(fwrite(zeros, sizeof(zeros), 1, file), 1);
	fclose(file);
}

static void death_of_the_process_loses_nothing_that_is_not_synced(void **state)
{
	struct world *w = *state;
	uint64_t last;

	acknowledge_some(w);
	last = journal_last_index(w->house->journal);
	kill_it(w, false);
	open_journal_of(w);
	assert_int_equal(vote_of(w).bound, VOTE_NO_BOUND);
	be_elected(w);
	assert_in_range(w->house->toy.count, last, last + 1); /* and its own first entry */
	assert_false(was_noticed(w, "unsafe.flush"));
}

static void after_a_crash_of_the_machine_others_are_asked_first(void **state)
{
	struct world *w = *state;

	acknowledge_some(w);
	kill_it(w, true);
	lose_a_batch(w);
	open_journal_of(w);
	assert_true(was_noticed(w, "unsafe.flush.enabled"));
	assert_false(was_noticed(w, "hole"));
	assert_int_equal(vote_of(w).bound, VOTE_BOUND_UNKNOWN);
	/* b has led meanwhile, from where this one had acknowledged to it. */
	w->b.votes = false;
	add_entry(w, journal_epoch(w->house->journal) + 5, ENTRY_term, (struct str){0});
	lead(&w->b, w->entries[w->last].epoch, w->last - 1);
}

static void an_end_in_good_order_leaves_nothing_to_ask(void **state)
{
	struct world *w = *state;

	acknowledge_some(w);
	assert_true(vote_of(w).unsynced_boot != 0);
	house_close(w->house);
	assert_int_equal(vote_of(w).unsynced_boot, 0);
	open_journal_of(w);
	assert_int_equal(vote_of(w).bound, VOTE_NO_BOUND);
	be_elected(w);
}

/* Rot is rot, and told apart, as long as the machine is up. */
static void what_is_missing_without_a_crash_is_damage(void **state)
{
	struct world *w = *state;

	acknowledge_some(w);
	kill_it(w, false);
	lose_a_batch(w);
	open_journal_of(w);
	assert_int_equal(vote_of(w).bound, VOTE_BOUND);
	assert_true(vote_of(w).bound_index > w->house->toy.count);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(death_of_the_process_loses_nothing_that_is_not_synced),
	        TEST(after_a_crash_of_the_machine_others_are_asked_first),
	        TEST(an_end_in_good_order_leaves_nothing_to_ask),
	        TEST(what_is_missing_without_a_crash_is_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
