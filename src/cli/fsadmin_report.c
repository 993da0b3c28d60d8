/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fsadmin report: the cluster in some twenty lines.
 */
#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "cli/fsadmin.h"
#include "cli/quorum.h"
#include "cli/status.h"
#include "wire/pb.h"

static const struct {
	const char *name, *what;
	const char *why_not; /* NULL: there is a report */
} categories[] = {
        {"capacity", "worker capacity information", NULL},
        {"metrics", "metrics information",
         "This version serves no metrics of Alluxio's; `holdfast status --json` has a master's "
         "figures."},
        {"summary", "cluster summary", NULL},
        {"ufs", "under storage system information",
         "There is no under storage: the workers' folders are where files are kept."},
        {"jobservice", "job service metrics information",
         "There are no job masters in this version, so there is no job service to report on."},
};

/* ---- the masters ---- */

static void print_row(const char *address, const char *state, const char *version)
{
	printf("    %-32s %-8s %-32s\n", address, state, version);
}

/* Each is asked itself: versions may differ while masters are replaced one by one. */
static void print_master(struct shell *shell, const Quorum__Member *member)
{
	struct str address = pb_str(member->service_address);
	struct client_address at;
	struct cli_addresses one;
	struct str host;
	json_t *status = NULL;
	struct buf why = {0};

	if (!cli_address_read(address, 0, &host, &at.port))
		return;
	cli_addresses_of(host, at.port, &one);
	status = cli_status_ask(&shell->site, &one.items[0], &why);
	print_row(cli_text(&shell->arena, "%.*s", STR_ARGS(address)).data,
	          status == NULL       ? "LOST"
	          : member->is_primary ? "PRIMARY"
	                               : "STANDBY",
	          status == NULL ? "" : cli_status_text(status, "version"));
	json_decref(status);
	buf_finish(&why);
	cli_addresses_finish(&one);
}

static void print_masters(struct shell *shell, const Quorum__GetQuorumResponse *quorum)
{
	print_row("Master Address", "State", "Version");
	for (size_t round = 0; round < 2; round++) {
		for (size_t i = 0; i < quorum->n_members; i++) {
			if (quorum->members[i]->is_primary == (round == 0))
				print_master(shell, quorum->members[i]);
		}
	}
}

static void print_journal(const Quorum__GetQuorumResponse *quorum)
{
	printf("    Raft-based Journal: true\n    Raft Journal Addresses: \n");
	for (size_t i = 0; i < quorum->n_members; i++)
		printf("        %.*s\n", STR_ARGS(pb_str(quorum->members[i]->address)));
}

/* ---- the rest ---- */

static void print_start(const struct cli_site *site, const json_t *status)
{
	uint64_t started_ms = (uint64_t)cli_status_number(status, "started_at_ms");
	uint64_t now_ms = io_wall_ms(site->io);
	uint64_t up_s = now_ms > started_ms ? (now_ms - started_ms) / 1000 : 0;
	char started[TIME_TEXT_BYTES];

	shell_time_text(started_ms, TIME_MILLISECONDS, started);
	printf("    Started: %s\n", started);
	printf("    Uptime: %" PRIu64 " day(s), %" PRIu64 " hour(s), %" PRIu64
	       " minute(s), and %" PRIu64 " second(s)\n",
	       up_s / 86400, up_s / 3600 % 24, up_s / 60 % 60, up_s % 60);
}

/* The title, and the tier that all workers' space is in. */
static void print_space(const char *title, uint64_t bytes)
{
	char text[ALLUXIO_SIZE_BYTES];

	alluxio_size_text(bytes, true, text);
	printf("    %s Capacity: %s\n", title, text);
	if (bytes > 0)
		printf("        Tier: HDD  Size: %s\n", text);
}

static void print_workers(const json_t *status)
{
	const json_t *workers = json_object_get(status, "workers");
	long long live = cli_status_number(workers, "live") + cli_status_number(workers, "stale");
	char text[ALLUXIO_SIZE_BYTES];

	printf("    Live Workers: %lld\n", live);
	printf("    Lost Workers: %lld\n", cli_status_number(workers, "dead"));
	/* without a worker the master says 1, for Hadoop's tools divide by it */
	print_space("Total", live == 0 ? 0 : (uint64_t)cli_status_number(workers, "capacity"));
	print_space("Used", (uint64_t)cli_status_number(workers, "used"));
	printf("    Free Capacity: %s\n",
	       alluxio_size_text((uint64_t)cli_status_number(workers, "remaining"), true, text));
}

static void print_summary(struct shell *shell, const struct client_address *master,
                          const Quorum__GetQuorumResponse *quorum, const json_t *status)
{
	printf("Alluxio cluster summary: \n");
	printf("    Master Address: " HOST_PORT_FORMAT "\n", HOST_PORT_ARGS(*master));
	printf("    Web Port: %" PRId64 "\n",
	       config_int(shell->site.config, CONFIG_KEY_ALLUXIO_MASTER_WEB_PORT));
	printf("    Rpc Port: %u\n", (unsigned)master->port);
	print_start(&shell->site, status);
	printf("    Version: %s\n", cli_status_text(status, "version"));
	printf("    Safe Mode: %s\n",
	       json_is_true(json_object_get(status, "safe_mode")) ? "true" : "false");
	printf("    Zookeeper Enabled: false\n");
	print_journal(quorum);
	print_masters(shell, quorum);
	print_workers(status);
}

static int summarize(struct shell *shell, const struct cli_addresses *masters, struct buf *why)
{
	struct cli_primary primary;
	json_t *status = NULL;

	if (cli_primary_find(&shell->site, masters, &shell->arena, &primary, why) == 0) {
		buf_clear(why);
		status = cli_status_ask(&shell->site, &primary.address, why);
	}
	if (status == NULL) {
		fsadmin_tell(why);
		return alluxio_fail("Cannot connect to Alluxio leader master.");
	}
	print_summary(shell, &primary.address, primary.quorum, status);
	json_decref(status);
	return 0;
}

/* ---- the command ---- */

static int refuse_category(const struct alluxio_command *command)
{
	printf("%s %s\n%s\n", command->name, command->usage, command->summary);
	printf("Where [category] is an optional argument. If no arguments are passed in, summary "
	       "information will be printed out.\n[category] can be one of the following:\n");
	for (size_t i = 0; i < COUNT_OF(categories); i++)
		printf("    %-16s %s\n", categories[i].name, categories[i].what);
	return alluxio_fail("\nreport category is invalid.");
}

int fsadmin_report(struct shell *shell, const struct alluxio_options *options)
{
	const char *category = options->count == 0 ? "summary" : options->arguments[0];
	struct cli_addresses masters;
	struct buf why = {0};
	size_t known = 0;
	int rc;

	while (known < COUNT_OF(categories) && strcmp(category, categories[known].name) != 0)
		known++;
	if (known == COUNT_OF(categories))
		return refuse_category(options->command);
	if (categories[known].why_not != NULL)
		return alluxio_fail("%s", categories[known].why_not);
	if (cli_masters_find(&shell->site, &masters) != CLI_OK)
		return -ERR_INVALID;
	rc = strcmp(category, "capacity") == 0 ? fsadmin_capacity(shell, &masters, options, &why)
	                                       : summarize(shell, &masters, &why);
	cli_addresses_finish(&masters);
	buf_finish(&why);
	return rc;
}
