/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every broken twin of what is around the consensus core (base/twins.def) must be found by a run of
 * a cluster, and the same run without the bug must find nothing.
 *
 *   sim_twins          all, from seed 1 on; the table of docs/twins.md
 *   sim_twins NAME     that one
 *   sim_twins NAME S   that one, seed S, with all that the run says
 *   sim_twins NAME S -  the same without the bug
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/twins.h"
#include "sim/cluster.h"

/* Of a processor, so that what else the machine does fails no twin. */
enum { SECONDS_MAX = 120, FAILURE_BYTES = 1024 };

enum twin twin_running;

static const char *const names[] = {
        "none",
#define TWIN(name, text) #name,
#include "base/twins.def"
#undef TWIN
};

static const char *const texts[] = {
        "",
#define TWIN(name, text) text,
#include "base/twins.def"
#undef TWIN
};

/* Where chaos alone would take long. */
static const struct cluster_plot plots[TWINS_END] = {
        [TWIN_NOT_WRITTEN_AT_CUT] = {.size = 5,
                                     .abandons = true,
                                     .hold_ms = 20,
                                     .scene = scene_cut_and_committed},
        /* Die in a write, start, lose the power. */
        [TWIN_READABLE_IS_DURABLE] = {.size = 3,
                                      .weights = {[FAULT_DIE_IN_OPERATION] = 10,
                                                  [FAULT_KILL] = 5,
                                                  [FAULT_POWER_CUT] = 10,
                                                  [FAULT_ALL_AT_ONCE] = 2},
                                      .trouble_us = 60000,
                                      .longest_us = 300000},
        [TWIN_ROT_CUT_AS_TORN] = {.size = 3,
                                  .weights = {[FAULT_ROT] = 10,
                                              [FAULT_KILL] = 5,
                                              [FAULT_POWER_CUT] = 5,
                                              [FAULT_PARTITION] = 8},
                                  .trouble_us = 60000,
                                  .longest_us = 300000},
        [TWIN_BOOT_FORGOTTEN] = {.size = 3,
                                 .syncs_behind = true,
                                 .weights = {[FAULT_POWER_CUT] = 10,
                                             [FAULT_KILL] = 2,
                                             [FAULT_SLOW_DISK] = 10,
                                             [FAULT_PARTITION] = 5},
                                 .trouble_us = 100000,
                                 .longest_us = 300000},
        [TWIN_STALE_BATCH_COUNTS] = {.size = 3, .scene = scene_cut_while_written},
        [TWIN_STALE_SYNC_COUNTS] = {.size = 3,
                                    .syncs_behind = true,
                                    .scene = scene_cut_while_written},
        [TWIN_RELOAD_INCOMPLETE] = {.size = 3, .scene = scene_bad_memory},
        [TWIN_ODD_IS_SHOWN] = {.size = 3, .scene = scene_bad_memory},
        [TWIN_ODD_SENDS_ELSEWHERE] = {.size = 3, .scene = scene_bad_memory},
        [TWIN_ODD_OVER_UNPROVED] = {.size = 3, .scene = scene_bad_memory},
        [TWIN_END_NOT_SYNCED] = {.size = 3,
                                 .syncs_behind = true,
                                 .scene = scene_lost_behind_segment},
        [TWIN_VOTE_IN_ONE_SLOT] = {.size = 3,
                                   .weights = {[FAULT_ROT] = 10,
                                               [FAULT_KILL] = 10,
                                               [FAULT_POWER_CUT] = 5,
                                               [FAULT_TRANSFER] = 10,
                                               [FAULT_PARTITION] = 8},
                                   .trouble_us = 60000,
                                   .longest_us = 300000},
        /* One slot has what counted before, and the other one rots. */
        [TWIN_VOTE_NOT_READ_BACK] = {.size = 3,
                                     .weights = {[FAULT_ASTRAY] = 20,
                                                 [FAULT_ROT] = 20,
                                                 [FAULT_KILL] = 10,
                                                 [FAULT_TRANSFER] = 10},
                                     .trouble_us = 20000,
                                     .longest_us = 100000},
        [TWIN_HERE_BESIDE_VOTE] = {.size = 1,
                                   .is_lone_kind = true,
                                   .grows = true,
                                   .weights = {[FAULT_KILL] = 5},
                                   .trouble_us = 300000,
                                   .longest_us = 1000000,
                                   .scene = scene_lone_grown},
        [TWIN_PACKED_AS_SENT] = {.size = 3, .scene = scene_wiped_and_packed},
        [TWIN_NAMED_BY_ANYBODY] = {.size = 3, .scene = scene_recovered},
        [TWIN_RECOVERED_HISTORY] = {.size = 3, .scene = scene_recovered_for_nothing},
        [TWIN_IDS_TWICE] = {.size = 3, .scene = scene_recovered},
        [TWIN_VOTE_NOT_RECORDED] =
                {.size = 3,
                 .weights = {[FAULT_KILL] = 10, [FAULT_PARTITION] = 5, [FAULT_TRANSFER] = 10},
                 .trouble_us = 60000,
                 .longest_us = 300000},
};

static int run_plotted(enum twin twin, uint64_t seed)
{
	return cluster_run_plot(seed, plots[twin].size == 0 ? NULL : &plots[twin]);
}

/* The line that tells what is wrong, without seed and time. */
static void read_failure(FILE *from, char *failure)
{
	char line[FAILURE_BYTES];

	failure[0] = '\0';
	while (fgets(line, sizeof(line), from) != NULL) {
		const char *at = strstr(line, " s: ");

		if (strncmp(line, "seed ", 5) == 0 && at != NULL)
			snprintf(failure, FAILURE_BYTES, "%s", at + 4);
		else if (failure[0] == '\0' && strstr(line, ".c:") != NULL)
			snprintf(failure, FAILURE_BYTES, "%s", line);
	}
	failure[strcspn(failure, "\n")] = '\0';
}

/* True: nothing was found. */
static bool run(enum twin twin, enum twin plot, uint64_t seed, char *failure)
{
	int ends[2], status;
	FILE *from;

	fflush(stdout);
	if (pipe(ends) != 0)
		abort();
	if (fork() == 0) {
		twin_running = twin;
		dup2(ends[1], STDERR_FILENO);
		if (freopen("/dev/null", "w", stdout) == NULL)
			abort();
		setrlimit(RLIMIT_CPU, &(struct rlimit){SECONDS_MAX, SECONDS_MAX});
		_exit(run_plotted(plot, seed));
	}
	close(ends[1]);
	from = fdopen(ends[0], "r");
	read_failure(from, failure);
	fclose(from);
	wait(&status);
	if (failure[0] == '\0' && WIFSIGNALED(status))
		snprintf(failure, FAILURE_BYTES, "signal %d", WTERMSIG(status));
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* All runs so far. */
static time_t spent_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_CHILDREN, &usage);
	return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec;
}

static bool find(enum twin twin)
{
	char failure[FAILURE_BYTES];
	time_t end = spent_seconds() + SECONDS_MAX;
	uint64_t seed;

	for (seed = 1; spent_seconds() < end; seed++) {
		if (run(twin, twin, seed, failure))
			continue;
		printf("| %s | %s | %" PRIu64 " | %s |\n", names[twin], texts[twin], seed, failure);
		fflush(stdout);
		if (run(TWIN_NONE, twin, seed, failure))
			return true;
		printf("%s, seed %" PRIu64 ": found without the bug as well: %s\n", names[twin],
		       seed, failure);
		return false;
	}
	printf("%s: not found in %d s, by %" PRIu64 " seeds\n", names[twin], SECONDS_MAX, seed - 1);
	return false;
}

static int usage(const char *program)
{
	fprintf(stderr, "usage: %s [TWIN [SEED]]\ntwins:", program);
	for (int twin = TWIN_NONE + 1; twin < TWINS_END; twin++)
		fprintf(stderr, " %s", names[twin]);
	fputc('\n', stderr);
	return 2;
}

int main(int argc, char **argv)
{
	bool is_known = argc == 1, are_found = true;

	for (int twin = TWIN_NONE + 1; twin < TWINS_END; twin++) {
		if (argc > 1 && strcmp(argv[1], names[twin]) != 0)
			continue;
		is_known = true;
		if (argc > 2) {
			twin_running = argc > 3 ? TWIN_NONE : (enum twin)twin;
			return run_plotted((enum twin)twin, strtoull(argv[2], NULL, 10));
		}
		are_found &= find((enum twin)twin);
	}
	return is_known ? !are_found : usage(argv[0]);
}
