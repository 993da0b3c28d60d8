/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The echo server's command line (see echo_server.h), and the measurement of bare syncs.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/err.h"
#include "base/str.h"
#include "bench/clock.h"
#include "bench/echo_server.h"
#include "bench/hist.h"
#include "bench/names.h"
#include "bench/sync_probe.h"

static const char usage[] =
        "usage: echo --listen HOST:PORT [option...]\n"
        "       echo --sync FILE --probe N [--writers N] [--pause-us N]\n"
        "Answers Hadoop RPC calls from memory: the most that this machine can do.\n"
        "Says its port on standard output when it serves (port 0: any).\n"
        "\n"
        "  --reply-bytes N   every reply has N bytes; else they are a NameNode's\n"
        "  --entries N       of a directory, in the reply to getListing, 1000\n"
        "  --name-bytes N    of their names, 16\n"
        "  --sync FILE       one write and sync for all changes of a turn, before its replies\n"
        "  --probe N         only sync 4 KB N times and print how long that takes, as JSON\n"
        "  --writers N       of probes: so many at the same time, each in a file of its own,\n"
        "                    FILE.0, ...\n"
        "  --pause-us N      before each probe, 0\n"
        "  --wrong N         every N-th reply is wrong: a client that checks must notice\n";

enum option_id {
	ID_LISTEN = 1,
	ID_REPLY_BYTES,
	ID_ENTRIES,
	ID_NAME_BYTES,
	ID_SYNC,
	ID_PROBE,
	ID_WRITERS,
	ID_PAUSE,
	ID_WRONG,
	ID_HELP,
};

static const struct option table[] = {
        {"listen", required_argument, NULL, ID_LISTEN},
        {"reply-bytes", required_argument, NULL, ID_REPLY_BYTES},
        {"entries", required_argument, NULL, ID_ENTRIES},
        {"name-bytes", required_argument, NULL, ID_NAME_BYTES},
        {"sync", required_argument, NULL, ID_SYNC},
        {"probe", required_argument, NULL, ID_PROBE},
        {"writers", required_argument, NULL, ID_WRITERS},
        {"pause-us", required_argument, NULL, ID_PAUSE},
        {"wrong", required_argument, NULL, ID_WRONG},
        {"help", no_argument, NULL, ID_HELP},
        {0},
};

struct command_line {
	const char *listen;
	const char *sync_path;
	struct sync_probe_options probe; /* if its count is not 0 */
	struct echo_options echo;
};

static int parse_number(const char *option, const char *text, uint32_t least, uint32_t most,
                        uint32_t *ret_value)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || value < least || value > most) {
		fprintf(stderr, "echo: --%s %s: must be a number from %u to %u\n", option, text,
		        least, most);
		return -ERR_INVALID;
	}
	*ret_value = (uint32_t)value;
	return 0;
}

static int take_option(enum option_id id, const char *name, const char *value,
                       struct command_line *line)
{
	struct echo_options *echo = &line->echo;

	switch (id) {
	case ID_LISTEN: line->listen = value; return 0;
	case ID_REPLY_BYTES: return parse_number(name, value, 1, 16 << 20, &echo->reply_bytes);
	case ID_ENTRIES: return parse_number(name, value, 1, 1 << 20, &echo->canned.entries);
	case ID_NAME_BYTES:
		return parse_number(name, value, NAME_BYTES_MIN, NAME_BYTES_MAX,
		                    &echo->canned.name_bytes);
	case ID_SYNC: line->sync_path = value; return 0;
	case ID_PROBE: return parse_number(name, value, 1, 1000000, &line->probe.count);
	case ID_WRITERS:
		return parse_number(name, value, 1, SYNC_PROBE_WRITERS_MAX, &line->probe.writers);
	case ID_PAUSE: return parse_number(name, value, 0, 1000000, &line->probe.pause_us);
	case ID_WRONG: return parse_number(name, value, 1, UINT32_MAX, &echo->wrong_every);
	case ID_HELP: fputs(usage, stdout); exit(0);
	}
	return -ERR_INVALID;
}

static int parse(int argc, char **argv, struct command_line *ret_line)
{
	struct command_line line = {.probe.writers = 1,
	                            .echo.canned = {.entries = 1000, .name_bytes = 16}};
	int id, place = 0;

	while ((id = getopt_long(argc, argv, "", table, &place)) != -1) {
		if (id == '?' ||
		    take_option((enum option_id)id, table[place].name, optarg, &line) < 0)
			return -ERR_INVALID;
	}
	line.probe.path = line.sync_path;
	if (line.probe.count > 0 ? line.sync_path == NULL : line.listen == NULL) {
		fprintf(stderr, "echo: %s is missing (--help says more)\n",
		        line.probe.count > 0 ? "--sync FILE" : "--listen HOST:PORT");
		return -ERR_INVALID;
	}
	if (line.listen != NULL && address_parse(line.listen, &line.echo.address) < 0) {
		fprintf(stderr, "echo: --listen %s: must be HOST:PORT\n", line.listen);
		return -ERR_INVALID;
	}
	*ret_line = line;
	return 0;
}

static int probe(const struct command_line *line)
{
	struct hist hist;
	int rc;

	hist_clear(&hist);
	rc = sync_probe(&line->probe, &hist);
	if (rc < 0)
		return rc;
	printf("{\"syncs\": %u, \"p50_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f}\n",
	       line->probe.count, (double)hist_percentile(&hist, 50) / NS_PER_US,
	       (double)hist_percentile(&hist, 99) / NS_PER_US, (double)hist.max / NS_PER_US);
	return 0;
}

static int serve(const struct command_line *line)
{
	struct sync_file file;
	struct echo *echo;
	int rc = line->sync_path == NULL ? 0 : sync_file_open(&file, line->sync_path);

	if (rc == 0)
		rc = echo_create(&line->echo, line->sync_path == NULL ? NULL : &file, &echo);
	if (rc < 0)
		return rc;
	printf("echo: serving at port %u\n", echo_port(echo));
	fflush(stdout);
	return echo_serve(echo);
}

int main(int argc, char **argv)
{
	struct command_line line;
	struct rlimit descriptors;
	int rc;

	if (parse(argc, argv, &line) < 0)
		return 2;
	if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0) {
		descriptors.rlim_cur = descriptors.rlim_max;
		setrlimit(RLIMIT_NOFILE, &descriptors);
	}
	rc = line.probe.count > 0 ? probe(&line) : serve(&line);
	if (rc < 0)
		fprintf(stderr, "echo: stopped (listen %s, sync %s): %s\n",
		        line.listen == NULL ? "-" : line.listen,
		        line.sync_path == NULL ? "-" : line.sync_path, err_text(rc));
	return rc < 0 ? 1 : 0;
}
