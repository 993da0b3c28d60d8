/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scenes of a cluster that have a name, each from several seeds.
 *
 *   sim_scenes             all
 *   sim_scenes NAME S      that one, seed S
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/cluster.h"

enum { SEEDS = 5 };

static const struct {
	const char *name;
	struct cluster_plot plot;
} scenes[] = {
        {"one_of_three_wiped_comes_back_under_another_id", {.size = 3, .scene = scene_one_wiped}},
        {"two_of_three_wiped_serve_no_more", {.size = 3, .scene = scene_two_wiped}},
        {"a_first_start_waits_for_the_late_one", {.size = 3, .scene = scene_late}},
        {"who_dies_in_its_first_steps_is_a_member_none_the_less",
         {.size = 3, .scene = scene_bound_in_steps}},
        {"without_room_to_form_or_join_they_wait", {.size = 3, .scene = scene_no_room}},
        {"a_member_is_replaced_while_another_is_down",
         {.size = 5, .scene = scene_wiped_while_down}},
        {"one_grows_to_three", {.size = 1, .scene = scene_grown}},
        {"a_lone_one_is_moved_and_grows_to_three",
         {.size = 1,
          .is_lone_kind = true,
          .grows = true,
          .weights = {[FAULT_KILL] = 5,
                      [FAULT_POWER_CUT] = 5,
                      [FAULT_DIE_IN_OPERATION] = 5,
                      [FAULT_CLOSE] = 2,
                      [FAULT_PAUSE] = 3,
                      [FAULT_PARTITION] = 3,
                      [FAULT_CHECKPOINT] = 2},
          .trouble_us = 300000,
          .longest_us = 1000000,
          .scene = scene_lone_grown}},
        {"two_newcomers_that_do_not_know_of_each_other_join",
         {.size = 3, .scene = scene_joined_together}},
        {"all_three_are_replaced_one_after_the_other", {.size = 3, .scene = scene_all_replaced}},
        {"five_become_three_after_two_died", {.size = 5, .scene = scene_shrunk}},
        {"slow_ways_do_not_outlive_their_mending", {.size = 3, .scene = scene_slow_then_mended}},
        {"who_was_stopped_for_long_has_no_bad_disk", {.size = 3, .scene = scene_stopped}},
        {"a_lone_one_that_was_stopped_has_none_either",
         {.size = 1, .is_lone_kind = true, .scene = scene_stopped}},
        {"what_is_rotten_in_a_segment_goes_in_a_checkpoint",
         {.size = 3, .scene = scene_rotten_primary}},
        {"a_rotten_checkpoint_is_written_again", {.size = 3, .scene = scene_rotten_checkpoint}},
        {"a_state_that_differs_is_loaded_again_and_not_shown",
         {.size = 3, .scene = scene_bad_memory}},
        {"who_forgot_its_promises_joins_anew", {.size = 3, .scene = scene_rotten_vote}},
        {"one_goes_on_when_a_majority_is_lost_for_ever", {.size = 3, .scene = scene_recovered}},
        {"so_does_one_of_five", {.size = 5, .scene = scene_recovered}},
        {"who_is_recovered_for_nothing_is_no_member_any_more",
         {.size = 3, .scene = scene_recovered_for_nothing}},
        {"the_longest_goes_on_when_all_lost_what_was_not_synced",
         {.size = 3, .syncs_behind = true, .scene = scene_all_behind_lost}},
        {"what_was_cut_while_it_was_written_does_not_count",
         {.size = 3, .scene = scene_cut_while_written}},
        {"nor_does_it_with_syncs_behind",
         {.size = 3, .syncs_behind = true, .scene = scene_cut_while_written}},
        {"what_ends_a_segment_is_synced_before_the_next_one",
         {.size = 3, .syncs_behind = true, .scene = scene_lost_behind_segment}},
        {"who_lost_its_disk_takes_a_packed_checkpoint",
         {.size = 3, .scene = scene_wiped_and_packed}},
        {"what_one_has_cut_another_commits",
         {.size = 5, .abandons = true, .hold_ms = 20, .scene = scene_cut_and_committed}},
};

static int run(size_t scene, uint64_t seed)
{
	int status;

	fflush(stdout);
	if (fork() == 0) {
		if (freopen("/dev/null", "w", stdout) == NULL)
			abort();
		_exit(cluster_run_plot(seed, &scenes[scene].plot));
	}
	wait(&status);
	return status;
}

/* Of one scene there must be a seed as well. */
static int usage(const char *program)
{
	fprintf(stderr, "usage: %s [SCENE SEED]\nscenes:", program);
	for (size_t i = 0; i < COUNT_OF(scenes); i++)
		fprintf(stderr, " %s", scenes[i].name);
	fputc('\n', stderr);
	return 2;
}

int main(int argc, char **argv)
{
	int failed = 0;

	for (size_t i = 0; i < COUNT_OF(scenes); i++) {
		if (argc > 2 && strcmp(argv[1], scenes[i].name) == 0)
			return cluster_run_plot(strtoull(argv[2], NULL, 10), &scenes[i].plot);
		for (uint64_t seed = 1; argc == 1 && seed <= SEEDS; seed++) {
			if (run(i, seed) == 0)
				continue;
			printf("%s fails by seed %d\n", scenes[i].name, (int)seed);
			failed = 1;
		}
	}
	return argc == 1 ? failed : usage(argv[0]);
}
