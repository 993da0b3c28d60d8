/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the configuration to a client: which masters there are, and as whom to call them.
 */
#ifndef HOLDFAST_CLI_CONNECT_H
#define HOLDFAST_CLI_CONNECT_H

#include "cli/site.h"
#include "client/client.h"

enum { CLI_ADDRESSES_MAX = 32 };
struct cli_addresses {
	struct client_address items[CLI_ADDRESSES_MAX];
	char *hosts[CLI_ADDRESSES_MAX]; /* what the items point to */
	size_t count;                   /* at least 1 */
};

/* Where the masters of `uri` are: hdfs://NAMESERVICE, hdfs://HOST[:PORT], alluxio://H1:P1,H2:P2.
 * Empty, or without an authority: of fs.defaultFS; without that alluxio.master.rpc.addresses, or
 * this machine's master.  CLI_OK, or the exit status after printing. */
int cli_addresses_find(const struct cli_site *site, struct str uri,
                       struct cli_addresses *ret_addresses);
/* One master. */
void cli_addresses_of(struct str host, uint16_t port, struct cli_addresses *ret_addresses);
void cli_addresses_finish(struct cli_addresses *addresses);

/* HADOOP_USER_NAME, else the process's user. */
const char *cli_user(const struct cli_site *site);

/* A client of these masters.  refused_ms: how long to try while none accepts a connection.  CLI_OK,
 * or the exit status after printing. */
int cli_connect(const struct cli_site *site, const struct cli_addresses *addresses,
                unsigned refused_ms, struct client **ret_client);

/* Tells what went wrong with the last call; returns CLI_FAILURE. */
int cli_call_failed(const struct cli_site *site, const struct client *client);

#endif
