/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/sim_kit.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "master_kit.h"
#include "unit/journal/alone.h"

struct master_options sim_kit_options(struct io *io)
{
	struct master_options options = kit_options(io, SIM_KIT_FOLDER);

	options.limits.block_size_min = 1 << 20;
	options.replica_wait_ms = 2000;
	options.startup_safe_mode_ms = 60000;
	options.journal = (struct journal_options){.io = io,
	                                           .replication = &alone_replication,
	                                           .segment_bytes = 256 << 10,
	                                           .checkpoint_entries = 300,
	                                           .checkpoint_bytes = 1 << 20,
	                                           .inflight_bytes_max = 1 << 20,
	                                           .entry_bytes_max = 64 << 10,
	                                           .batch_bytes_max = 64 << 10,
	                                           .sync_hang_ms = SIM_KIT_HANG_MS};
	return options;
}

/* ---- runs ---- */

/* In a process of its own, whose first line is kept in `line`. */
static int run_in_child(int (*run)(uint64_t seed), uint64_t seed, char *line, size_t size)
{
	int ends[2], status;
	pid_t child;
	FILE *from;

	fflush(stdout);
	if (pipe(ends) != 0)
		abort();
	child = fork();
	if (child == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		status = run(seed);
		fflush(stdout);
		_exit(status);
	}
	close(ends[1]);
	from = fdopen(ends[0], "r");
	line[0] = '\0';
	if (fgets(line, (int)size, from) == NULL)
		line[0] = '\0';
	fclose(from);
	waitpid(child, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	fprintf(stderr, "seed %" PRIu64 " failed (status %d)\n", seed, status);
	return 1;
}

/* The number before `word` in the line of a run; 0: there is none. */
static double figure(const char *line, const char *word)
{
	const char *at = strstr(line, word);

	if (at == NULL)
		return 0;
	while (at > line && (isdigit((unsigned char)at[-1]) || at[-1] == '.'))
		at--;
	return strtod(at, NULL);
}

struct sums {
	uint64_t seeds;
	double events, simulated, failovers;
};

static void add_up(struct sums *sums, const char *line)
{
	sums->seeds++;
	sums->events += figure(line, " events");
	sums->simulated += figure(line, " simulated seconds");
	sums->failovers += figure(line, " failovers");
}

static void print_sums(const struct sums *sums, uint64_t first_seed, double elapsed)
{
	printf("%" PRIu64 " seeds from %" PRIu64 " in %.1f s: %.0f simulated seconds, %.0f steps "
	       "a second",
	       sums->seeds, first_seed, elapsed, sums->simulated, sums->events / elapsed);
	if (sums->failovers > 0)
		printf(", %.0f failovers, %.1f a second", sums->failovers,
		       sums->failovers / elapsed);
	putchar('\n');
}

static int run_for(int (*run)(uint64_t seed), double seconds, uint64_t first_seed)
{
	struct timespec begin, now;
	struct sums sums = {0};
	double elapsed;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	do {
		char line[1024], again[1024];

		if (run_in_child(run, first_seed + sums.seeds, line, sizeof(line)) != 0)
			return 1;
		/* now and then the same seed once more: it must do the same */
		if (sums.seeds % 16 == 0) {
			if (run_in_child(run, first_seed + sums.seeds, again, sizeof(again)) != 0)
				return 1;
			if (strcmp(line, again) != 0) {
				fprintf(stderr, "the same seed differs:\n%s%s", line, again);
				return 1;
			}
		}
		add_up(&sums, line);
		clock_gettime(CLOCK_MONOTONIC, &now);
		elapsed = (double)(now.tv_sec - begin.tv_sec) +
		          (double)(now.tv_nsec - begin.tv_nsec) / 1e9;
	} while (elapsed < seconds);
	print_sums(&sums, first_seed, elapsed);
	return 0;
}

static int usage(const char *program, bool is_asked)
{
	fprintf(is_asked ? stdout : stderr,
	        "usage: %s [--seed S | --seconds T]\n"
	        "One seed, with SIM_LOG=1 all that happens; or new seeds for so many seconds\n"
	        "(HOLDFAST_SIM_SECONDS, 5).\n",
	        program);
	return is_asked ? 0 : 2;
}

int sim_kit_main(int argc, char **argv, int (*run)(uint64_t seed))
{
	const char *seconds = getenv("HOLDFAST_SIM_SECONDS");
	uint64_t seed = (uint64_t)time(NULL) << 20;

	if (argc == 3 && strcmp(argv[1], "--seed") == 0)
		return run(strtoull(argv[2], NULL, 10));
	if (argc == 3 && strcmp(argv[1], "--seconds") == 0)
		seconds = argv[2];
	else if (argc > 1)
		return usage(argv[0], strcmp(argv[1], "--help") == 0);
	printf("first seed %" PRIu64 "\n", seed);
	return run_for(run, seconds == NULL ? 5 : strtod(seconds, NULL), seed);
}
