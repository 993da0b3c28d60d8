/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/options.h"

#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "bench/clock.h"

enum { CONNECTIONS_MAX = 100000, INFLIGHT_MAX = 4096, SECONDS_MAX = 86400 };

static const char usage[] =
        "usage: loadgen --target HOST:PORT [--prepare] [--op OPERATION] [option...]\n"
        "Calls a NameNode, checks every answer, prints one line of JSON.\n"
        "\n"
        "  --target HOST:PORT     the NameNode\n"
        "  --retry HOST:PORT,...  instead: several masters; a call that has no answer after 200 "
        "ms\n"
        "                         is repeated at the next one under the same client and call id\n"
        "  --prepare              first make the files that reads go to (existing ones are kept)\n"
        "  --op OPERATION         getFileInfo, getListing, mkdirs, create, delete, rename, mixed,\n"
        "                         blocks (files of one block, reported by a stand-in for a\n"
        "                         worker), root (getFileInfo of /)\n"
        "  --connections N        1\n"
        "  --inflight N           calls in flight on each connection, 1\n"
        "  --seconds S            how long to measure, 5\n"
        "  --count N              instead: stop after N operations\n"
        "  --warmup S             before measuring, 1; with --count 0\n"
        "                         SIGTERM ends a run before its time\n"
        "  --files N              prepared files (delete: files to delete), 100000\n"
        "  --per-dir N            entries of a directory, so of a listing, 1000\n"
        "  --name-bytes N         length of a file's name, 16\n"
        "  --base PATH            where to work, /bench\n"
        "  --user NAME            who calls; the user that runs this\n"
        "  --timeout S            an answer that takes longer is an error, 10\n"
        "  --server-pid PID       report this process's CPU time per call\n"
        "  --show-gaps MS         say on standard error when no answer came for that long\n"
        "\n"
        "Exit status: 0, or 1 when an answer was wrong or missing, or 2 when it could not begin.\n";

static int fail(const char *option, const char *value, const char *wanted)
{
	fprintf(stderr, "loadgen: --%s %s: %s\n", option, value, wanted);
	return -ERR_INVALID;
}

static int parse_number(const char *option, const char *text, uint64_t least, uint64_t most,
                        uint64_t *ret_value)
{
	char wanted[80], *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || value < least ||
	    value > most) {
		snprintf(wanted, sizeof(wanted), "must be a number from %llu to %llu",
		         (unsigned long long)least, (unsigned long long)most);
		return fail(option, text, wanted);
	}
	*ret_value = value;
	return 0;
}

static int parse_seconds(const char *option, const char *text, uint64_t *ret_ns)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end != '\0' || !(value >= 0 && value <= SECONDS_MAX))
		return fail(option, text, "must be seconds, 0 to 86400, fractions too");
	*ret_ns = (uint64_t)(value * (double)NS_PER_S);
	return 0;
}

static int parse_addresses(const char *option, char *text, struct options *options)
{
	char *rest = text;
	const char *one;

	options->address_count = 0;
	while ((one = strsep(&rest, ",")) != NULL) {
		int rc;

		if (options->address_count == ADDRESSES_MAX)
			return fail(option, one, "is one address too many");
		rc = address_parse(one, &options->addresses[options->address_count++]);
		if (rc == -ERR_NO_HOST)
			return fail(option, one, "the host name does not resolve");
		if (rc < 0)
			return fail(option, one, "must be HOST:PORT");
	}
	return 0;
}

enum option_id {
	ID_TARGET = 1,
	ID_RETRY,
	ID_PREPARE,
	ID_OP,
	ID_CONNECTIONS,
	ID_INFLIGHT,
	ID_SECONDS,
	ID_COUNT,
	ID_WARMUP,
	ID_FILES,
	ID_PER_DIR,
	ID_NAME_BYTES,
	ID_BASE,
	ID_USER,
	ID_TIMEOUT,
	ID_SERVER_PID,
	ID_SHOW_GAPS,
	ID_HELP,
};

static const struct option table[] = {
        {"target", required_argument, NULL, ID_TARGET},
        {"retry", required_argument, NULL, ID_RETRY},
        {"prepare", no_argument, NULL, ID_PREPARE},
        {"op", required_argument, NULL, ID_OP},
        {"connections", required_argument, NULL, ID_CONNECTIONS},
        {"inflight", required_argument, NULL, ID_INFLIGHT},
        {"seconds", required_argument, NULL, ID_SECONDS},
        {"count", required_argument, NULL, ID_COUNT},
        {"warmup", required_argument, NULL, ID_WARMUP},
        {"files", required_argument, NULL, ID_FILES},
        {"per-dir", required_argument, NULL, ID_PER_DIR},
        {"name-bytes", required_argument, NULL, ID_NAME_BYTES},
        {"base", required_argument, NULL, ID_BASE},
        {"user", required_argument, NULL, ID_USER},
        {"timeout", required_argument, NULL, ID_TIMEOUT},
        {"server-pid", required_argument, NULL, ID_SERVER_PID},
        {"show-gaps", required_argument, NULL, ID_SHOW_GAPS},
        {"help", no_argument, NULL, ID_HELP},
        {0},
};

/* `number` takes the options that are stored in a narrower field. */
static int take_option(enum option_id id, const char *name, char *value, struct options *options)
{
	uint64_t number = 0;
	int rc = 0;

	switch (id) {
	case ID_TARGET: options->retry = false; return parse_addresses(name, value, options);
	case ID_RETRY: options->retry = true; return parse_addresses(name, value, options);
	case ID_PREPARE: options->prepare = true; return 0;
	case ID_OP:
		options->has_op = true;
		if (op_parse(value, &options->op) < 0)
			return fail(name, value, "is no operation; --help lists them");
		return 0;
	case ID_CONNECTIONS:
		rc = parse_number(name, value, 1, CONNECTIONS_MAX, &number);
		options->connections = (uint32_t)number;
		return rc;
	case ID_INFLIGHT:
		rc = parse_number(name, value, 1, INFLIGHT_MAX, &number);
		options->inflight = (uint32_t)number;
		return rc;
	case ID_SECONDS: return parse_seconds(name, value, &options->duration_ns);
	case ID_COUNT: return parse_number(name, value, 1, INT64_MAX, &options->count);
	case ID_WARMUP: return parse_seconds(name, value, &options->warmup_ns);
	case ID_FILES: return parse_number(name, value, 1, INT64_MAX, &options->files);
	case ID_PER_DIR:
		rc = parse_number(name, value, 1, 1 << 20, &number);
		options->per_dir = (uint32_t)number;
		return rc;
	case ID_NAME_BYTES:
		rc = parse_number(name, value, NAME_BYTES_MIN, NAME_BYTES_MAX, &number);
		options->name_bytes = (unsigned)number;
		return rc;
	case ID_BASE: options->base = value; return 0;
	case ID_USER: options->user = value; return 0;
	case ID_TIMEOUT: return parse_seconds(name, value, &options->timeout_ns);
	case ID_SERVER_PID:
		rc = parse_number(name, value, 1, INT32_MAX, &number);
		options->server_pid = (int)number;
		return rc;
	case ID_SHOW_GAPS:
		rc = parse_number(name, value, 1, 1000 * SECONDS_MAX, &number);
		options->shown_gap_ns = number * NS_PER_MS;
		return rc;
	case ID_HELP: fputs(usage, stdout); exit(0);
	}
	return -ERR_INVALID;
}

static const char *user_of_process(void)
{
	const struct passwd *user = getpwuid(geteuid());

	return user == NULL ? "bench" : user->pw_name;
}

static int check_together(struct options *options)
{
	const char *wrong = NULL;

	if (options->address_count == 0)
		wrong = "--target HOST:PORT is missing";
	else if (!options->retry && options->address_count > 1)
		wrong = "--target takes one address; --retry takes several";
	else if (!options->has_op && !options->prepare)
		wrong = "nothing to do: --op or --prepare is missing";
	else if (options->files / options->per_dir > UINT32_MAX)
		wrong = "--files is too large for --per-dir";
	else if (options->op == OP_GET_LISTING && options->files < options->per_dir)
		wrong = "--files must fill one directory of --per-dir entries";
	else if (options->op == OP_BLOCKS && options->retry)
		wrong = "--op blocks takes one --target, not --retry";
	else if (options->count == 0 && options->duration_ns == 0)
		wrong = "--seconds must be more than 0";
	if (wrong == NULL)
		return 0;
	fprintf(stderr, "loadgen: %s (--help says more)\n", wrong);
	return -ERR_INVALID;
}

int options_parse(int argc, char **argv, struct options *ret_options)
{
	struct options options = {
	        .base = "/bench",
	        .files = 100000,
	        .per_dir = 1000,
	        .name_bytes = 16,
	        .connections = 1,
	        .inflight = 1,
	        .duration_ns = 5 * NS_PER_S,
	        .warmup_ns = UINT64_MAX, /* not said */
	        .timeout_ns = 10 * NS_PER_S,
	        .shown_gap_ns = UINT64_MAX,
	};
	int id, place = 0, rc;

	while ((id = getopt_long(argc, argv, "", table, &place)) != -1) {
		rc = id == '?' ? -ERR_INVALID
		               : take_option(id, table[place].name, optarg, &options);
		if (rc < 0)
			return rc;
	}
	if (optind < argc) {
		fprintf(stderr, "loadgen: %s: not an option (--help lists them)\n", argv[optind]);
		return -ERR_INVALID;
	}
	rc = check_together(&options);
	if (rc < 0)
		return rc;
	if (options.warmup_ns == UINT64_MAX)
		options.warmup_ns = options.count > 0 ? 0 : NS_PER_S;
	if (options.user == NULL)
		options.user = user_of_process();
	*ret_options = options;
	return 0;
}
