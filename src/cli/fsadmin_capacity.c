/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fsadmin report capacity [-live | -lost | -workers HOST,...]: the space of all workers, or of
 * some. A worker's space is all in one tier.
 */
#include <string.h>

#include "base/err.h"
#include "cli/fsadmin.h"
#include "cli/quorum.h"
#include "client/names.h"
#include "wire/pb.h"

enum { LIVE, LOST, WORKERS }; /* bits of the command's options */
enum { NAME_WIDTH_MIN = 16, NAME_GAP = 5 };

struct selection {
	const char *title;
	Hdfs__DatanodeReportType type;
	const char *hosts; /* separated by commas; NULL: all */
};

static struct selection select_workers(const struct alluxio_options *options)
{
	if (alluxio_has(options, LIVE))
		return (struct selection){"live", HDFS__DATANODE_REPORT_TYPE__LIVE, NULL};
	if (alluxio_has(options, LOST))
		return (struct selection){"lost", HDFS__DATANODE_REPORT_TYPE__DEAD, NULL};
	if (alluxio_has(options, WORKERS))
		return (struct selection){"specified", HDFS__DATANODE_REPORT_TYPE__ALL,
		                          options->values[WORKERS]};
	return (struct selection){"all", HDFS__DATANODE_REPORT_TYPE__ALL, NULL};
}

static bool is_named(const char *hosts, struct str host)
{
	for (size_t length; *hosts != '\0'; hosts += length + (hosts[length] == ',')) {
		length = strcspn(hosts, ",");
		if (str_equal(str_make(hosts, length), host))
			return true;
	}
	return false;
}

static struct str host_of(const Hdfs__DatanodeInfo *worker)
{
	return str_make(worker->id->host_name.data, worker->id->host_name.len);
}

/* Leaves out who is not named; returns how many are left. */
static size_t keep_named(Hdfs__DatanodeInfo **workers, size_t count, const char *hosts)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (hosts == NULL || is_named(hosts, host_of(workers[i])))
			workers[kept++] = workers[i];
	return kept;
}

/* ---- printing ---- */

static int percent(uint64_t part, uint64_t whole)
{
	return whole == 0 ? 0 : (int)(100.0 * (double)part / (double)whole);
}

static void print_space(const char *title, uint64_t bytes)
{
	char text[ALLUXIO_SIZE_BYTES];

	alluxio_size_text(bytes, true, text);
	printf("    %s Capacity: %s\n        Tier: HDD  Size: %s\n", title, text, text);
}

static void print_totals(Hdfs__DatanodeInfo *const *workers, size_t count)
{
	uint64_t capacity = 0, used = 0;

	for (size_t i = 0; i < count; i++) {
		capacity += workers[i]->capacity;
		used += workers[i]->dfs_used;
	}
	print_space("Total", capacity);
	print_space("Used", used);
	printf("    Used Percentage: %d%%\n    Free Percentage: %d%%\n", percent(used, capacity),
	       100 - percent(used, capacity));
}

static int name_width(Hdfs__DatanodeInfo *const *workers, size_t count)
{
	size_t longest = 0;

	for (size_t i = 0; i < count; i++)
		if (host_of(workers[i]).size > longest)
			longest = host_of(workers[i]).size;
	return longest < NAME_WIDTH_MIN ? NAME_WIDTH_MIN : (int)longest + NAME_GAP;
}

static void print_worker(const Hdfs__DatanodeInfo *worker, int width, uint64_t now_ms)
{
	uint64_t heard_ms = worker->last_update;
	struct str host = host_of(worker);
	char text[ALLUXIO_SIZE_BYTES];

	printf("%.*s%*s ", STR_ARGS(host), width - (int)host.size, "");
	printf("%-16llu %-13s %s\n",
	       (unsigned long long)(now_ms > heard_ms ? (now_ms - heard_ms) / 1000 : 0), "capacity",
	       alluxio_size_text(worker->capacity, true, text));
	printf("%*s %-16s %-13s %s (%d%%)\n", width, "", "", "used",
	       alluxio_size_text(worker->dfs_used, true, text),
	       percent(worker->dfs_used, worker->capacity));
}

static void print_report(const struct cli_site *site, const struct selection *selection,
                         Hdfs__DatanodeInfo *const *workers, size_t count)
{
	uint64_t now_ms = io_wall_ms(site->io);
	int width = name_width(workers, count);

	printf("Capacity information for %s workers: \n", selection->title);
	print_totals(workers, count);
	printf("\n%-*s %-16s %-13s %s\n", width, "Worker Name", "Last Heartbeat", "Storage", "HDD");
	for (size_t i = 0; i < count; i++)
		print_worker(workers[i], width, now_ms);
}

/* ---- asking ---- */

static int ask(struct shell *shell, const struct client_address *master,
               Hdfs__DatanodeReportType type, const Hdfs__GetDatanodeReportResponse **ret_report,
               struct buf *why)
{
	struct cli_addresses one;
	struct client *client;
	int rc = -ERR_UNREACHABLE;

	cli_addresses_of(str_of(master->host), master->port, &one);
	if (cli_connect(&shell->site, &one, &cli_brief, &client) == CLI_OK) {
		rc = client_workers(client, type, &shell->arena, ret_report);
		if (rc < 0)
			buf_append_str(why, client_failure(client)->text);
		client_destroy(client);
	}
	cli_addresses_finish(&one);
	return rc;
}

int fsadmin_capacity(struct shell *shell, const struct cli_addresses *masters,
                     const struct alluxio_options *options, struct buf *why)
{
	struct selection selection = select_workers(options);
	const Hdfs__GetDatanodeReportResponse *report;
	struct cli_primary primary;
	size_t count;
	int rc = cli_primary_find(&shell->site, masters, &shell->arena, &primary, why);

	if (rc == 0) {
		buf_clear(why);
		rc = ask(shell, &primary.address, selection.type, &report, why);
	}
	if (rc < 0) {
		fsadmin_tell(why);
		return alluxio_fail("Cannot connect to Alluxio leader master.");
	}
	count = keep_named(report->di, report->n_di, selection.hosts);
	if (count == 0)
		printf("No workers found.\n");
	else
		print_report(&shell->site, &selection, report->di, count);
	return 0;
}
