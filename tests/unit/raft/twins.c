/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every broken twin must be found, and a good core on the same ground and seed must not be.
 *   raft_twins          all, as the table of docs/twins.md
 *   raft_twins NAME     that one, from seed 1 on
 */
#include <stdio.h>
#include <string.h>

#include "raft/twins.h"
#include "unit/raft/hunt.h"

enum { SEEDS_MAX = 2000 };

static bool find(int twin, uint64_t first)
{
	char failure[FX_FAILURE_BYTES];

	for (uint64_t seed = first; seed < first + SEEDS_MAX; seed++) {
		if (hunt_run(twin, seed, true, failure))
			continue;
		printf("| %s | %s | %ju | %s |\n", hunt_name(twin), hunt_text(twin),
		       (uintmax_t)seed, failure);
		(void)fflush(stdout);
		if (hunt_run(twin, seed, false, failure))
			return true;
		printf("%s, seed %ju: a good core fails too: %s\n", hunt_name(twin),
		       (uintmax_t)seed, failure);
		return false;
	}
	printf("%s: not found by %d seeds from %ju on\n", hunt_name(twin), SEEDS_MAX,
	       (uintmax_t)first);
	return false;
}

static int usage(const char *program)
{
	fprintf(stderr, "usage: %s [TWIN]\ntwins:", program);
	for (int twin = RAFT_TWIN_NONE + 1; twin < RAFT_TWINS_END; twin++)
		fprintf(stderr, " %s", hunt_name(twin));
	fputc('\n', stderr);
	return 2;
}

int main(int argc, char **argv)
{
	bool is_known = argc == 1, are_found = true;

	for (int twin = RAFT_TWIN_NONE + 1; twin < RAFT_TWINS_END; twin++) {
		if (argc > 1 && strcmp(argv[1], hunt_name(twin)) != 0)
			continue;
		is_known = true;
		are_found &= find(twin, argc == 1 ? hunt_seed(twin) : 1);
	}
	return is_known ? !are_found : usage(argv[0]);
}
