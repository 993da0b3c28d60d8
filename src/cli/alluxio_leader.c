/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leader, masterInfo: which masters there are, and which one answers.
 */
#include "cli/alluxio.h"
#include "cli/connect.h"

/* False: none answers. */
static bool find_leader(struct shell *shell, struct client_address *ret_leader)
{
	const Hdfs__GetFsStatsResponse *stats;

	if (client_fs_stats(shell->client, &shell->arena, &stats) < 0)
		return false;
	*ret_leader = client_current_master(shell->client);
	return true;
}

int alluxio_leader(struct shell *shell, const struct alluxio_options *options)
{
	struct client_address leader;

	(void)options;
	printf("This command will be deprecated as of v3.0, please use masterInfo command\n");
	if (find_leader(shell, &leader))
		printf("%s\n", leader.host);
	else
		fprintf(stderr, "Failed to get the leader master.\n");
	return 0;
}

int alluxio_master_info(struct shell *shell, const struct alluxio_options *options)
{
	struct client_address leader;
	struct cli_addresses all;

	(void)options;
	if (find_leader(shell, &leader))
		printf("Current leader master: %s:%u\n", leader.host, (unsigned)leader.port);
	else
		printf("Failed to find leader master\n");
	if (cli_addresses_find(&shell->site, (struct str){0}, &all) != CLI_OK)
		return alluxio_fail("Failed to find all master addresses");
	printf("All masters: [");
	for (size_t i = 0; i < all.count; i++)
		printf("%s%s:%u", i == 0 ? "" : ", ", all.items[i].host,
		       (unsigned)all.items[i].port);
	printf("]\n");
	cli_addresses_finish(&all);
	return 0;
}
