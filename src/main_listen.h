/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a master listens, by the configuration.
 *
 * Both dialects name a port.  Alluxio's (alluxio.master.rpc.port) is taken when one of its
 * properties is set or HDFS's names none; HDFS's is dfs.namenode.rpc-address or, as in Hadoop,
 * fs.defaultFS.  As long as authentication is simple, anybody who reaches a port is who he says he
 * is: without an address in the configuration it is loopback's.  A list of masters names one: this
 * machine's.
 */
#ifndef HOLDFAST_MAIN_LISTEN_H
#define HOLDFAST_MAIN_LISTEN_H

#include <stddef.h>
#include <stdint.h>

#include "cli/site.h"

enum { LISTEN_MAX = 2, LISTEN_HOST_BYTES_MAX = 256 };

struct listen_address {
	char host[LISTEN_HOST_BYTES_MAX];
	uint16_t port;
};

/* Returns how many, different from each other. */
size_t listen_addresses(const struct cli_site *site, struct listen_address *ret_addresses);

#endif
