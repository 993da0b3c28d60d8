/* SPDX-License-Identifier: Apache-2.0 */
#include "main_listen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "main_replication.h"

#define LOOPBACK "127.0.0.1"

enum { HDFS_PORT = 8020, PORT_MAX = 65535 };

static void set_host(struct listen_address *address, struct str host)
{
	snprintf(address->host, sizeof(address->host), "%.*s", STR_ARGS(host));
}

/* ---- Alluxio's dialect ---- */

static bool is_alluxio_configured(const struct config *config)
{
	return config_is_set(config, CONFIG_KEY_ALLUXIO_MASTER_RPC_PORT) ||
	       config_is_set(config, CONFIG_KEY_ALLUXIO_MASTER_HOSTNAME) ||
	       config_is_set(config, CONFIG_KEY_ALLUXIO_MASTER_BIND_HOST) || cli_has_quorum(config);
}

static void alluxio_address(const struct cli_site *site, struct listen_address *ret_address)
{
	const struct config *config = site->config;
	struct str host = config_str(config, CONFIG_KEY_ALLUXIO_MASTER_BIND_HOST);

	if (host.size == 0)
		host = config_str(config, CONFIG_KEY_ALLUXIO_MASTER_HOSTNAME);
	if (host.size == 0)
		host = cli_has_quorum(config) ? replication_own_host(site) : STR(LOOPBACK);
	set_host(ret_address, host);
	ret_address->port = (uint16_t)config_int(config, CONFIG_KEY_ALLUXIO_MASTER_RPC_PORT);
}

/* ---- HDFS's dialect ---- */

/* hdfs://host[:port][/...]; a nameservice is no host. */
static bool default_fs_address(const struct config *config, struct listen_address *ret_address)
{
	const struct str scheme = STR("hdfs://");
	struct str uri = config_str(config, CONFIG_KEY_FS_DEFAULTFS);
	struct str rest, host;
	const char *slash, *colon;
	unsigned long port = HDFS_PORT;

	if (!str_starts_with(uri, scheme) || config_has(config, CONFIG_KEY_DFS_NAMESERVICES))
		return false;
	rest = str_make(uri.data + scheme.size, uri.size - scheme.size);
	slash = memchr(rest.data, '/', rest.size);
	if (slash != NULL)
		rest.size = (size_t)(slash - rest.data);
	host = rest;
	colon = memrchr(rest.data, ':', rest.size);
	if (colon != NULL && memchr(colon, ']', rest.size - (size_t)(colon - rest.data)) == NULL) {
		host.size = (size_t)(colon - rest.data);
		port = strtoul(colon + 1, NULL, 10);
	}
	if (host.size == 0 || port == 0 || port > PORT_MAX)
		return false;
	set_host(ret_address, host);
	ret_address->port = (uint16_t)port;
	return true;
}

static bool hdfs_address(const struct config *config, struct listen_address *ret_address)
{
	struct str bind = config_str(config, CONFIG_KEY_DFS_NAMENODE_RPC_BIND_HOST);

	if (config_has(config, CONFIG_KEY_DFS_NAMENODE_RPC_ADDRESS)) {
		struct config_address address =
		        config_address(config, CONFIG_KEY_DFS_NAMENODE_RPC_ADDRESS);

		set_host(ret_address, address.host);
		ret_address->port = address.port;
	} else if (!default_fs_address(config, ret_address)) {
		return false;
	}
	if (bind.size > 0)
		set_host(ret_address, bind);
	return true;
}

size_t listen_addresses(const struct cli_site *site, struct listen_address *ret_addresses)
{
	const struct config *config = site->config;
	size_t count = 0;

	count += hdfs_address(config, &ret_addresses[0]);
	if (count > 0 && !is_alluxio_configured(config))
		return count;
	alluxio_address(site, &ret_addresses[count]);
	if (count == 0 || ret_addresses[0].port != ret_addresses[1].port ||
	    strcmp(ret_addresses[0].host, ret_addresses[1].host) != 0)
		count++;
	return count;
}
