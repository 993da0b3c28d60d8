/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/connect.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"

enum { PORT_HDFS = 8020, PORT_ALLUXIO = 19998 };

const struct cli_patience cli_patient = {
        .connect_ms = 5000, .call_ms = 60000, .whole_ms = 120000, .refused_ms = 3000};
const struct cli_patience cli_brief = {.connect_ms = 1000, .call_ms = 2000, .whole_ms = 2000};

/* ---- addresses ---- */

static bool has_address(const struct cli_addresses *addresses, struct str host, uint16_t port)
{
	for (size_t i = 0; i < addresses->count; i++) {
		if (addresses->items[i].port == port &&
		    str_equal(str_of(addresses->items[i].host), host))
			return true;
	}
	return false;
}

static void add_address(struct cli_addresses *addresses, struct str host, uint16_t port)
{
	char *copy;

	if (addresses->count == CLI_ADDRESSES_MAX || host.size == 0 ||
	    has_address(addresses, host, port))
		return;
	copy = mem_must_strdup(host);
	addresses->hosts[addresses->count] = copy;
	addresses->items[addresses->count++] = (struct client_address){.host = copy, .port = port};
}

void cli_addresses_finish(struct cli_addresses *addresses)
{
	for (size_t i = 0; i < addresses->count; i++)
		mem_free(addresses->hosts[i]);
}

static bool parse_port(struct str digits, uint16_t *ret_port)
{
	unsigned value = 0;

	for (size_t i = 0; i < digits.size; i++) {
		if (digits.data[i] < '0' || digits.data[i] > '9' || value > UINT16_MAX)
			return false;
		value = value * 10 + (unsigned)(digits.data[i] - '0');
	}
	*ret_port = (uint16_t)value;
	return digits.size > 0 && value <= UINT16_MAX;
}

bool cli_address_read(struct str text, uint16_t default_port, struct str *ret_host,
                      uint16_t *ret_port)
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
		if (!parse_port(str_make(colon + 1, (size_t)(end - colon - 1)), &port))
			return false;
	}
	if (host.size > 2 && host.data[0] == '[' && host.data[host.size - 1] == ']')
		host = str_make(host.data + 1, host.size - 2);
	if (host.size == 0 || port == 0)
		return false;
	*ret_host = host;
	*ret_port = port;
	return true;
}

/* Masters that a logical name stands for; false: there is no such one. */
static bool add_named(struct cli_addresses *addresses, const struct config *config,
                      enum config_key ids_key, enum config_key address_key, struct str name)
{
	struct str ids = config_scoped_str(config, ids_key, name, (struct str){0});
	struct str id;

	while (config_next_item(&ids, &id)) {
		struct config_address address;

		if (config_scoped_address(config, address_key, name, id, &address))
			add_address(addresses, address.host, address.port);
	}
	return addresses->count > 0;
}

static bool add_nameservice(struct cli_addresses *addresses, const struct config *config,
                            struct str name)
{
	return add_named(addresses, config, CONFIG_KEY_DFS_HA_NAMENODES,
	                 CONFIG_KEY_DFS_NAMENODE_RPC_ADDRESS, name);
}

/* alluxio://ebj@NAME */
static bool add_alluxio_name(struct cli_addresses *addresses, const struct config *config,
                             struct str name)
{
	return add_named(addresses, config, CONFIG_KEY_ALLUXIO_MASTER_NAMESERVICES,
	                 CONFIG_KEY_ALLUXIO_MASTER_RPC_ADDRESS, name);
}

static bool take_prefix(struct str *text, struct str prefix)
{
	if (!str_starts_with(*text, prefix))
		return false;
	*text = str_make(text->data + prefix.size, text->size - prefix.size);
	return true;
}

/* h1:p1,h2:p2; false: cannot be read. */
static bool add_written(struct cli_addresses *addresses, struct str list, uint16_t default_port)
{
	uint16_t port;
	struct str host;

	while (list.size > 0) {
		size_t size = 0;

		while (size < list.size && strchr(",;+", list.data[size]) == NULL)
			size++;
		if (!cli_address_read(str_make(list.data, size), default_port, &host, &port))
			return false;
		add_address(addresses, host, port);
		size += size < list.size;
		list = str_make(list.data + size, list.size - size);
	}
	return true;
}

/* What stands between the scheme and the path.  NULL, or what is wrong with it. */
static const char *add_authority(struct cli_addresses *addresses, const struct config *config,
                                 struct str authority, uint16_t default_port)
{
	if (take_prefix(&authority, STR("zk@")))
		return "ZooKeeper is not asked in this version; name the masters instead: "
		       "alluxio://HOST:PORT,HOST:PORT/";
	if (take_prefix(&authority, STR("ebj@")))
		return add_alluxio_name(addresses, config, authority)
		               ? NULL
		               : "no masters are configured under that name: "
		                 "alluxio.master.nameservices.NAME lists their ids, "
		                 "alluxio.master.rpc.address.NAME.ID says where each is";
	if (authority.size == 0 || add_nameservice(addresses, config, authority) ||
	    add_written(addresses, authority, default_port))
		return NULL;
	return "no address can be read from it";
}

/* hdfs://authority/..., alluxio://authority/...; of other URIs nothing is added. */
static const char *add_uri(struct cli_addresses *addresses, const struct config *config,
                           struct str uri)
{
	uint16_t default_port;

	if (take_prefix(&uri, STR("hdfs://")))
		default_port = PORT_HDFS;
	else if (take_prefix(&uri, STR("alluxio://")))
		default_port = PORT_ALLUXIO;
	else
		return NULL;
	for (size_t i = 0; i < uri.size; i++) {
		if (uri.data[i] == '/')
			uri.size = i;
	}
	return add_authority(addresses, config, uri, default_port);
}

/* port 0: as they stand in the list. */
static void add_listed(struct cli_addresses *addresses, const struct config *config,
                       enum config_key key, uint16_t port)
{
	size_t count = config_count(config, key);

	for (size_t i = 0; i < count; i++) {
		struct config_address address = config_address_item(config, key, i);

		add_address(addresses, address.host, port == 0 ? address.port : port);
	}
}

static void add_lists(struct cli_addresses *addresses, const struct config *config)
{
	add_listed(addresses, config, CONFIG_KEY_ALLUXIO_MASTER_RPC_ADDRESSES, 0);
	if (addresses->count == 0)
		add_listed(addresses, config, CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_ADDRESSES,
		           (uint16_t)config_int(config, CONFIG_KEY_ALLUXIO_MASTER_RPC_PORT));
}

static void add_alluxio(struct cli_addresses *addresses, const struct config *config)
{
	add_lists(addresses, config);
	if (addresses->count == 0)
		add_address(addresses,
		            config_has(config, CONFIG_KEY_ALLUXIO_MASTER_HOSTNAME)
		                    ? config_str(config, CONFIG_KEY_ALLUXIO_MASTER_HOSTNAME)
		                    : STR("127.0.0.1"),
		            (uint16_t)config_int(config, CONFIG_KEY_ALLUXIO_MASTER_RPC_PORT));
}

int cli_addresses_find(const struct cli_site *site, struct str uri,
                       struct cli_addresses *ret_addresses)
{
	const struct config *config = site->config;
	struct str default_uri = config_str(config, CONFIG_KEY_FS_DEFAULTFS);
	const char *why;

	*ret_addresses = (struct cli_addresses){0};
	why = add_uri(ret_addresses, config, uri);
	if (why != NULL)
		return cli_fail(site, "%.*s: %s", STR_ARGS(uri), why);
	if (ret_addresses->count == 0 && config_is_set(config, CONFIG_KEY_FS_DEFAULTFS))
		why = add_uri(ret_addresses, config, default_uri);
	if (why != NULL)
		return cli_fail(site, "fs.defaultFS=%.*s: %s", STR_ARGS(default_uri), why);
	if (ret_addresses->count == 0)
		add_alluxio(ret_addresses, config);
	return CLI_OK;
}

int cli_masters_find(const struct cli_site *site, struct cli_addresses *ret_addresses)
{
	*ret_addresses = (struct cli_addresses){0};
	add_lists(ret_addresses, site->config);
	return ret_addresses->count > 0 ? CLI_OK
	                                : cli_addresses_find(site, (struct str){0}, ret_addresses);
}

void cli_addresses_of(struct str host, uint16_t port, struct cli_addresses *ret_addresses)
{
	*ret_addresses = (struct cli_addresses){0};
	add_address(ret_addresses, host, port);
}

/* ---- the client ---- */

const char *cli_user(const struct cli_site *site)
{
	const char *user = io_environment(site->io, "HADOOP_USER_NAME");

	return user != NULL && user[0] != '\0' ? user : io_user_name(site->io);
}

/* The first line of why; exceptions have more. */
static void tell_waiting(void *context, const char *method, struct str why, uint64_t left_s)
{
	const struct cli_site *site = context;
	const char *newline = why.size == 0 ? NULL : memchr(why.data, '\n', why.size);

	if (newline != NULL)
		why.size = (size_t)(newline - why.data);
	fprintf(stderr, "holdfast %s: %s: %.*s; trying again for up to %llu s\n", site->command,
	        method, STR_ARGS(why), (unsigned long long)left_s);
}

int cli_connect(const struct cli_site *site, const struct cli_addresses *addresses,
                const struct cli_patience *patience, struct client **ret_client)
{
	struct client_options options = {
	        .io = site->io,
	        .addresses = addresses->items,
	        .address_count = addresses->count,
	        .user = cli_user(site),
	        .connect_timeout_ms =
	                addresses->count > 1 ? cli_brief.connect_ms : patience->connect_ms,
	        .call_timeout_ms = patience->call_ms,
	        .patience_ms = patience->whole_ms,
	        .refused_ms = patience->refused_ms,
	        .on_wait = tell_waiting,
	        .wait_context = (void *)site,
	};
	int rc = client_create(&options, ret_client);

	return rc < 0 ? cli_fail(site, "no client can be made: %s", err_text(rc)) : CLI_OK;
}

int cli_call_failed(const struct cli_site *site, const struct client *client)
{
	return cli_fail(site, "%.*s", STR_ARGS(client_failure(client)->text));
}
