/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hdfs dfsadmin -report: space, blocks, and every worker.
 */
#include "cli/dfsadmin.h"

#include <string.h>
#include <time.h>

static const char rule[] = "-------------------------------------------------\n";

/* ---- texts ---- */

/* "270553174016 (251.97 GB)": at most two decimals, none that are zero. */
static void print_bytes(const char *title, uint64_t bytes)
{
	static const char *const units[] = {"B", "KB", "MB", "GB", "TB", "PB"};
	double size = (double)bytes;
	size_t unit = 0;
	char text[32];
	size_t length;

	for (; size >= 1024 && unit + 1 < COUNT_OF(units); unit++)
		size /= 1024;
	snprintf(text, sizeof(text), "%.2f", size);
	length = strlen(text);
	while (text[length - 1] == '0')
		length--;
	length -= text[length - 1] == '.';
	printf("%s: %llu (%.*s %s)\n", title, (unsigned long long)bytes, (int)length, text,
	       units[unit]);
}

static void print_percent(const char *title, uint64_t part, uint64_t whole, double if_nothing)
{
	printf("%s: %.2f%%\n", title,
	       whole == 0 ? if_nothing : 100.0 * (double)part / (double)whole);
}

/* "Thu Nov 26 08:01:02 UTC 2026", as Java's Date. */
static void print_time(const char *title, uint64_t wall_ms)
{
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm local;
	char text[64];

	if (localtime_r(&seconds, &local) == NULL ||
	    strftime(text, sizeof(text), "%a %b %d %H:%M:%S %Z %Y", &local) == 0)
		snprintf(text, sizeof(text), "%llu", (unsigned long long)wall_ms);
	printf("%s: %s\n", title, wall_ms == 0 ? "Never" : text);
}

/* ---- workers ---- */

static void print_worker(const Hdfs__DatanodeInfo *worker)
{
	static const char *const states[] = {"Normal", "Decommission in progress", "Decommissioned",
	                                     "Entering Maintenance", "In Maintenance"};
	const Hdfs__DatanodeID *id = worker->id;
	struct str ip = str_make(id->ip_addr.data, id->ip_addr.len);
	struct str host = str_make(id->host_name.data, id->host_name.len);

	printf("Name: %.*s:%u (%.*s)\nHostname: %.*s\n", STR_ARGS(ip), id->xfer_port,
	       STR_ARGS(host), STR_ARGS(host));
	printf("Decommission Status : %s\n", states[worker->admin_state % COUNT_OF(states)]);
	print_bytes("Configured Capacity", worker->capacity);
	print_bytes("DFS Used", worker->dfs_used);
	print_bytes("Non DFS Used", worker->non_dfs_used);
	print_bytes("DFS Remaining", worker->remaining);
	print_percent("DFS Used%", worker->dfs_used, worker->capacity, 100);
	print_percent("DFS Remaining%", worker->remaining, worker->capacity, 0);
	print_bytes("Configured Cache Capacity", worker->cache_capacity);
	print_bytes("Cache Used", worker->cache_used);
	print_bytes("Cache Remaining", worker->cache_capacity - worker->cache_used);
	print_percent("Cache Used%", worker->cache_used, worker->cache_capacity, 100);
	print_percent("Cache Remaining%", worker->cache_capacity - worker->cache_used,
	              worker->cache_capacity, 0);
	printf("Xceivers: %u\n", worker->xceiver_count);
	print_time("Last contact", worker->last_update);
	print_time("Last Block Report", worker->last_block_report_time);
	printf("Num of Blocks: %u\n\n\n", worker->num_blocks);
}

static int print_workers(struct shell *shell, const char *title, Hdfs__DatanodeReportType type,
                         bool if_none)
{
	const Hdfs__GetDatanodeReportResponse *report;

	if (client_workers(shell->client, type, &shell->arena, &report) < 0)
		return dfsadmin_call_failed(shell);
	if (report->n_di > 0 || if_none)
		printf("%s datanodes (%zu):\n\n", title, report->n_di);
	for (size_t i = 0; i < report->n_di; i++)
		print_worker(report->di[i]);
	return 0;
}

/* ---- the whole ---- */

static void print_space(const Hdfs__GetFsStatsResponse *stats)
{
	uint64_t present = stats->remaining + stats->used;

	print_bytes("Configured Capacity", stats->capacity);
	print_bytes("Present Capacity", present);
	print_bytes("DFS Remaining", stats->remaining);
	print_bytes("DFS Used", stats->used);
	print_percent("DFS Used%", stats->used, present, 0);
}

static void print_blocks(const Hdfs__GetFsReplicatedBlockStatsResponse *stats)
{
	printf("Replicated Blocks:\n"
	       "\tUnder replicated blocks: %llu\n"
	       "\tBlocks with corrupt replicas: %llu\n"
	       "\tMissing blocks: %llu\n"
	       "\tMissing blocks (with replication factor 1): %llu\n"
	       "\tLow redundancy blocks with highest priority to recover: %llu\n"
	       "\tPending deletion blocks: %llu\n",
	       (unsigned long long)stats->low_redundancy, (unsigned long long)stats->corrupt_blocks,
	       (unsigned long long)stats->missing_blocks,
	       (unsigned long long)stats->missing_repl_one_blocks,
	       (unsigned long long)stats->highest_prio_low_redundancy_blocks,
	       (unsigned long long)stats->pending_deletion_blocks);
	/* there are no erasure coded files */
	printf("Erasure Coded Block Groups: \n"
	       "\tLow redundancy block groups: 0\n"
	       "\tBlock groups with corrupt internal blocks: 0\n"
	       "\tMissing block groups: 0\n"
	       "\tLow redundancy blocks with highest priority to recover: 0\n"
	       "\tPending deletion blocks: 0\n\n");
}

static bool is_given(int argc, char **argv, const char *word)
{
	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], word) == 0)
			return true;
	}
	return false;
}

int dfsadmin_report(struct shell *shell, int argc, char **argv)
{
	bool live = is_given(argc, argv, "-live"), dead = is_given(argc, argv, "-dead");
	bool decommissioning = is_given(argc, argv, "-decommissioning");
	bool all = !live && !dead && !decommissioning;
	const Hdfs__GetFsReplicatedBlockStatsResponse *blocks;
	const Hdfs__GetFsStatsResponse *stats;
	int status = 0;

	if (client_fs_stats(shell->client, &shell->arena, &stats) < 0 ||
	    client_block_stats(shell->client, &shell->arena, &blocks) < 0)
		return dfsadmin_call_failed(shell);
	print_space(stats);
	print_blocks(blocks);
	printf("%s", rule);
	if (all || live)
		status = print_workers(shell, "Live", HDFS__DATANODE_REPORT_TYPE__LIVE, live);
	if (status == 0 && (all || dead))
		status = print_workers(shell, "Dead", HDFS__DATANODE_REPORT_TYPE__DEAD, dead);
	if (status == 0 && (all || decommissioning))
		status =
		        print_workers(shell, "Decommissioning",
		                      HDFS__DATANODE_REPORT_TYPE__DECOMMISSIONING, decommissioning);
	return status;
}
