/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/connect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

enum {
	PORT_HDFS = 8020,
	PORT_ALLUXIO = 19998,
	CONNECT_TIMEOUT_MS = 5000,
	CALL_TIMEOUT_MS = 60000,
	PATIENCE_MS = 120000,
	REFUSED_MS = 3000, /* while no master accepts a connection */
};

/* ---- generic options ---- */

/* Rewrites the options of other tools to ours: -fs URI is -D fs.defaultFS=URI, -conf FILE is
 * --conf with the file's folder. */
static char *translate(const char *option, const char *value)
{
	struct buf text = {0};

	if (strcmp(option, "-fs") == 0) {
		buf_append_format(&text, "-Dfs.defaultFS=%s", value);
	} else {
		const char *slash = strrchr(value, '/');
		const char *dot = strrchr(value, '.');
		bool is_file =
		        dot != NULL && (slash == NULL || dot > slash) && strcmp(dot, ".xml") == 0;

		if (is_file && slash != NULL)
			buf_append_format(&text, "--conf=%.*s", (int)(slash - value), value);
		else
			buf_append_format(&text, "--conf=%s", is_file ? "." : value);
	}
	buf_append_u8(&text, 0);
	return (char *)text.data;
}

static bool is_generic_with_value(const char *option)
{
	return strcmp(option, "-fs") == 0 || strcmp(option, "-conf") == 0 ||
	       strcmp(option, "--config") == 0;
}

static bool is_ours(const char *option)
{
	return strncmp(option, "-D", 2) == 0 || strncmp(option, "--conf", 6) == 0;
}

int cli_generic_init(struct cli_site *site, const char *command, int argc, char **argv,
                     int *ret_next)
{
	char **ours = mem_must_zalloc(((size_t)argc + 1) * sizeof(*ours));
	int count = 1, at = 1, parsed, status;

	ours[0] = argv[0];
	while (at < argc) {
		if (is_generic_with_value(argv[at]) && at + 1 < argc) {
			/* kept for the life of the process, as argv is */
			ours[count++] = translate(argv[at], argv[at + 1]);
			at += 2;
		} else if (is_ours(argv[at])) {
			bool has_value =
			        strcmp(argv[at], "-D") == 0 || strcmp(argv[at], "--conf") == 0;

			ours[count++] = argv[at++];
			if (has_value && at < argc)
				ours[count++] = argv[at++];
		} else {
			break;
		}
	}
	status = cli_site_init(site, command, count, ours, &parsed);
	mem_free(ours);
	*ret_next = at;
	return status;
}

/* ---- addresses ---- */

static void add_address(struct cli_addresses *addresses, struct str host, uint16_t port)
{
	if (addresses->count == CLI_ADDRESSES_MAX || host.size == 0)
		return;
	addresses->items[addresses->count++] =
	        (struct client_address){.host = mem_must_strdup(host), .port = port};
}

void cli_addresses_finish(struct cli_addresses *addresses)
{
	for (size_t i = 0; i < addresses->count; i++)
		mem_free((void *)(uintptr_t)addresses->items[i].host);
}

/* "host", "host:port", "[::1]:port". */
static void add_host_port(struct cli_addresses *addresses, struct str text, uint16_t default_port)
{
	const char *end = text.data + text.size, *colon = NULL;
	struct str host = text;
	uint16_t port = default_port;

	for (const char *at = text.data; at < end; at++) {
		if (*at == ':')
			colon = at;
		else if (*at == ']')
			colon = NULL;
	}
	if (colon != NULL) {
		host.size = (size_t)(colon - text.data);
		port = (uint16_t)strtoul(colon + 1, NULL, 10);
	}
	if (host.size > 2 && host.data[0] == '[' && host.data[host.size - 1] == ']')
		host = str_make(host.data + 1, host.size - 2);
	add_address(addresses, host, port);
}

/* Masters of a nameservice; false: there is no such one. */
static bool add_nameservice(struct cli_addresses *addresses, const struct config *config,
                            struct str nameservice)
{
	struct str ids = config_scoped_str(config, CONFIG_KEY_DFS_HA_NAMENODES, nameservice,
	                                   (struct str){0});
	struct str id;

	while (config_next_item(&ids, &id)) {
		struct config_address address;

		if (config_scoped_address(config, CONFIG_KEY_DFS_NAMENODE_RPC_ADDRESS, nameservice,
		                          id, &address))
			add_address(addresses, address.host, address.port);
	}
	return addresses->count > 0;
}

/* hdfs://authority/..., alluxio://h1:p1,h2:p2/...; false: another scheme. */
static bool add_uri(struct cli_addresses *addresses, const struct config *config, struct str uri)
{
	struct str rest;
	uint16_t port;

	if (str_starts_with(uri, STR("hdfs://"))) {
		rest = str_make(uri.data + 7, uri.size - 7);
		port = PORT_HDFS;
	} else if (str_starts_with(uri, STR("alluxio://"))) {
		rest = str_make(uri.data + 10, uri.size - 10);
		port = PORT_ALLUXIO;
	} else {
		return false;
	}
	for (size_t i = 0; i < rest.size; i++) {
		if (rest.data[i] == '/')
			rest.size = i;
	}
	if (rest.size == 0 || add_nameservice(addresses, config, rest))
		return true;
	while (rest.size > 0) {
		size_t size = 0;

		while (size < rest.size && strchr(",;+", rest.data[size]) == NULL)
			size++;
		add_host_port(addresses, str_make(rest.data, size), port);
		size += size < rest.size;
		rest = str_make(rest.data + size, rest.size - size);
	}
	return true;
}

static void add_alluxio(struct cli_addresses *addresses, const struct config *config)
{
	size_t count = config_count(config, CONFIG_KEY_ALLUXIO_MASTER_RPC_ADDRESSES);

	for (size_t i = 0; i < count; i++) {
		struct config_address address =
		        config_address_item(config, CONFIG_KEY_ALLUXIO_MASTER_RPC_ADDRESSES, i);

		add_address(addresses, address.host, address.port);
	}
	if (addresses->count == 0)
		add_address(addresses,
		            config_has(config, CONFIG_KEY_ALLUXIO_MASTER_HOSTNAME)
		                    ? config_str(config, CONFIG_KEY_ALLUXIO_MASTER_HOSTNAME)
		                    : STR("127.0.0.1"),
		            (uint16_t)config_int(config, CONFIG_KEY_ALLUXIO_MASTER_RPC_PORT));
}

static char *make_uri(const struct cli_addresses *addresses, struct str uri)
{
	struct buf text = {0};
	size_t slashes = 0, size = 0;

	/* what was configured, without its path; else the address that was derived */
	for (; size < uri.size && slashes < 3; size++)
		slashes += uri.data[size] == '/';
	if (slashes == 3)
		size--;
	if (str_starts_with(uri, STR("hdfs://")) && uri.size > 7)
		buf_append(&text, uri.data, size);
	else
		buf_append_format(&text, "hdfs://%s:%u", addresses->items[0].host,
		                  (unsigned)addresses->items[0].port);
	buf_append_u8(&text, 0);
	return (char *)text.data;
}

void cli_addresses_find(const struct cli_site *site, struct cli_addresses *ret_addresses)
{
	struct str uri = config_str(site->config, CONFIG_KEY_FS_DEFAULTFS);

	*ret_addresses = (struct cli_addresses){0};
	if (!config_is_set(site->config, CONFIG_KEY_FS_DEFAULTFS) ||
	    !add_uri(ret_addresses, site->config, uri) || ret_addresses->count == 0)
		add_alluxio(ret_addresses, site->config);
}

int cli_connect(struct cli_site *site, struct client **ret_client, char **ret_uri,
                const char **ret_user)
{
	struct str uri = config_str(site->config, CONFIG_KEY_FS_DEFAULTFS);
	const char *user = io_environment(site->io, "HADOOP_USER_NAME");
	struct cli_addresses addresses;
	struct client_options options = {
	        .io = site->io,
	        .addresses = addresses.items,
	        .user = user != NULL && user[0] != '\0' ? user : io_user_name(site->io),
	        .connect_timeout_ms = CONNECT_TIMEOUT_MS,
	        .call_timeout_ms = CALL_TIMEOUT_MS,
	        .patience_ms = PATIENCE_MS,
	        .refused_ms = REFUSED_MS,
	};
	int rc;

	cli_addresses_find(site, &addresses);
	options.address_count = addresses.count;
	rc = client_create(&options, ret_client);
	if (rc == 0) {
		*ret_uri = make_uri(&addresses, uri);
		*ret_user = options.user;
	}
	cli_addresses_finish(&addresses);
	return rc < 0 ? cli_fail(site, "no client can be made: %s", err_text(rc)) : CLI_OK;
}
