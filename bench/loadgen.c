/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The load generator: calls a NameNode, checks every answer, prints one line of JSON.
 */
#include <stdio.h>
#include <sys/random.h>
#include <sys/resource.h>

#include "base/err.h"
#include "bench/load.h"

enum { EXIT_ALL_RIGHT, EXIT_WRONG_ANSWERS, EXIT_NOT_BEGUN };

struct run {
	struct options options;
	struct names names;
	uint64_t seed;
	struct load *load;
	struct str pool; /* of the NameNode's blocks, for OP_BLOCKS */
	enum op latest;
	struct measure measure; /* of the latest operation */
};

/* Runs one operation to its end.  False: an answer was wrong or missing. */
static bool run_plan(struct run *run, enum op op, uint64_t limit, uint64_t warmup_ns,
                     uint64_t duration_ns)
{
	struct plan plan = {
	        .op = op,
	        .names = &run->names,
	        .files = run->options.files,
	        .per_dir = run->options.per_dir,
	        .limit = limit,
	        .random = random_make(run->seed),
	        .pool = run->pool,
	};

	run->latest = op;
	measure_init(&run->measure, run->options.server_pid, run->options.shown_gap_ns);
	load_run(run->load, &plan, warmup_ns, duration_ns);
	return run->measure.errors == 0;
}

/* Makes what the operation will need; the last step is what gets reported. */
static bool run_all(struct run *run)
{
	const struct options *options = &run->options;
	uint64_t slots = (uint64_t)options->connections * options->inflight;
	uint64_t limit = options->count;

	if (options->prepare && !run_plan(run, OP_PREPARE, options->files, 0, 0))
		return false;
	if (!options->has_op)
		return true;
	if (options->op == OP_RENAME && !run_plan(run, OP_CREATE, slots, 0, 0))
		return false;
	if (options->op == OP_DELETE) {
		if (!run_plan(run, OP_CREATE, options->files, 0, 0))
			return false;
		if (limit == 0 || limit > options->files)
			limit = options->files;
	}
	return run_plan(run, options->op, limit, options->warmup_ns,
	                options->count > 0 ? 0 : options->duration_ns);
}

static int begin(struct run *run, int argc, char **argv)
{
	struct options *options = &run->options;
	struct rlimit descriptors;
	int rc = options_parse(argc, argv, options);

	if (rc < 0)
		return rc;
	if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0) {
		descriptors.rlim_cur = descriptors.rlim_max;
		setrlimit(RLIMIT_NOFILE, &descriptors);
	}
	if (getrandom(&run->seed, sizeof(run->seed), 0) != sizeof(run->seed)) {
		fprintf(stderr, "loadgen: the system gives no random numbers\n");
		return -ERR_IO;
	}
	rc = names_init(&run->names, str_of(options->base), (uint32_t)run->seed,
	                options->name_bytes);
	if (rc < 0) {
		fprintf(stderr,
		        "loadgen: --base %s: must begin with /, not end with it, and have at most "
		        "%d bytes\n",
		        options->base, BASE_BYTES_MAX);
		return rc;
	}
	measure_init(&run->measure, 0, UINT64_MAX);
	rc = load_create(options, &run->measure, &run->load);
	if (rc == 0 && options->has_op && options->op == OP_BLOCKS)
		rc = load_add_stand_in(run->load, &run->pool);
	if (rc < 0)
		fprintf(stderr, "loadgen: cannot begin: %s\n", err_text(rc));
	return rc;
}

int main(int argc, char **argv)
{
	struct run run = {0};
	bool is_right;

	if (begin(&run, argc, argv) < 0) {
		load_destroy(run.load);
		return EXIT_NOT_BEGUN;
	}
	is_right = run_all(&run);
	measure_print(&run.measure, op_name(run.latest), run.options.connections,
	              run.options.inflight, stdout);
	load_destroy(run.load);
	return is_right ? EXIT_ALL_RIGHT : EXIT_WRONG_ANSWERS;
}
