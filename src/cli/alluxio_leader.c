/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leader, masterInfo: which masters there are, and which one is primary.
 */
#include "cli/alluxio.h"
#include "cli/quorum.h"

/* False: none is primary. */
static bool find_leader(struct shell *shell, const struct cli_addresses *all,
                        struct client_address *ret_leader)
{
	struct cli_primary primary;
	struct buf why = {0};
	int rc = cli_primary_find(&shell->site, all, &shell->arena, &primary, &why);

	buf_finish(&why);
	if (rc == 0)
		*ret_leader = primary.address;
	return rc == 0;
}

int alluxio_leader(struct shell *shell, const struct alluxio_options *options)
{
	struct client_address leader;
	struct cli_addresses all;

	(void)options;
	printf("This command will be deprecated as of v3.0, please use masterInfo command\n");
	fflush(stdout);
	if (cli_masters_find(&shell->site, &all) != CLI_OK)
		return 0; /* as the real one ends */
	if (find_leader(shell, &all, &leader))
		printf("%s\n", leader.host);
	else
		fprintf(stderr, "Failed to get the leader master.\n");
	cli_addresses_finish(&all);
	return 0;
}

int alluxio_master_info(struct shell *shell, const struct alluxio_options *options)
{
	struct client_address leader;
	struct cli_addresses all;

	(void)options;
	if (cli_masters_find(&shell->site, &all) != CLI_OK)
		return alluxio_fail("Failed to find all master addresses");
	if (find_leader(shell, &all, &leader))
		printf("Current leader master: " HOST_PORT_FORMAT "\n", HOST_PORT_ARGS(leader));
	else
		printf("Failed to find leader master\n");
	printf("All masters: [");
	for (size_t i = 0; i < all.count; i++)
		printf("%s" HOST_PORT_FORMAT, i == 0 ? "" : ", ", HOST_PORT_ARGS(all.items[i]));
	printf("]\n");
	cli_addresses_finish(&all);
	return 0;
}
