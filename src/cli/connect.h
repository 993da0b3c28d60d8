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

/* Where the masters of `uri` are: hdfs://NAMESERVICE, hdfs://HOST[:PORT], alluxio://H1:P1,H2:P2,
 * alluxio://ebj@NAME (alluxio.master.nameservices.NAME).
 * Empty, or without an authority: of fs.defaultFS; without that alluxio.master.rpc.addresses; the
 * hosts of alluxio.master.embedded.journal.addresses; this machine's master.  CLI_OK, or the exit
 * status after printing. */
int cli_addresses_find(const struct cli_site *site, struct str uri,
                       struct cli_addresses *ret_addresses);
/* All masters of this cluster, for workers and for commands about masters: what Alluxio's lists
 * name, else as for an empty URI.  CLI_OK, or the exit status after printing. */
int cli_masters_find(const struct cli_site *site, struct cli_addresses *ret_addresses);
/* Cuts "host:port", "[::1]:port" or, unless default_port is 0, "host".  False: none of these. */
bool cli_address_read(struct str text, uint16_t default_port, struct str *ret_host,
                      uint16_t *ret_port);
/* One master. */
void cli_addresses_of(struct str host, uint16_t port, struct cli_addresses *ret_addresses);
void cli_addresses_finish(struct cli_addresses *addresses);

/* HADOOP_USER_NAME, else the process's user. */
const char *cli_user(const struct cli_site *site);

/* How long a client tries. */
struct cli_patience {
	unsigned connect_ms; /* one connection */
	unsigned call_ms;    /* one attempt of a call */
	unsigned whole_ms;   /* a call with all its attempts */
	unsigned refused_ms; /* while no master accepts a connection */
};
/* As people wait for their files; for one master's state. */
extern const struct cli_patience cli_patient, cli_brief;

/* A client of these masters.  CLI_OK, or the exit status after printing. */
int cli_connect(const struct cli_site *site, const struct cli_addresses *addresses,
                const struct cli_patience *patience, struct client **ret_client);

/* Tells what went wrong with the last call; returns CLI_FAILURE. */
int cli_call_failed(const struct cli_site *site, const struct client *client);

#endif
