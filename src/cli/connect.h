/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the configuration to a client: which masters there are, and as whom to call them.
 */
#ifndef HOLDFAST_CLI_CONNECT_H
#define HOLDFAST_CLI_CONNECT_H

#include "cli/site.h"
#include "client/client.h"

/* Like cli_site_init(), with the generic options of Hadoop's and Alluxio's tools: -conf FILE or
 * DIR, -D key=value, -Dkey=value, -fs URI, --config DIR.  They end at the first other argument. */
int cli_generic_init(struct cli_site *site, const char *command, int argc, char **argv,
                     int *ret_next);

enum { CLI_ADDRESSES_MAX = 32 };
struct cli_addresses {
	struct client_address items[CLI_ADDRESSES_MAX];
	size_t count; /* at least 1 */
};

/* Where the masters are: fs.defaultFS (a nameservice of dfs.ha.namenodes, or host:port); without it
 * alluxio.master.rpc.addresses, or this machine's master. */
void cli_addresses_find(const struct cli_site *site, struct cli_addresses *ret_addresses);
void cli_addresses_finish(struct cli_addresses *addresses);

/* A client of these masters.  User: HADOOP_USER_NAME, else the process's.  *ret_uri (mem_free) is
 * shown to people.  CLI_OK, or the exit status after printing. */
int cli_connect(struct cli_site *site, struct client **ret_client, char **ret_uri,
                const char **ret_user);

#endif
