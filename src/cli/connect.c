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

static bool take_prefix(struct str *text, struct str prefix)
{
	if (!str_starts_with(*text, prefix))
		return false;
	*text = str_make(text->data + prefix.size, text->size - prefix.size);
	return true;
}

/* hdfs://authority/..., alluxio://h1:p1,h2:p2/...; of other URIs nothing is added.  False: the
 * authority cannot be read. */
static bool add_uri(struct cli_addresses *addresses, const struct config *config, struct str uri)
{
	uint16_t default_port, port;
	struct str host;

	if (take_prefix(&uri, STR("hdfs://")))
		default_port = PORT_HDFS;
	else if (take_prefix(&uri, STR("alluxio://")))
		default_port = PORT_ALLUXIO;
	else
		return true;
	for (size_t i = 0; i < uri.size; i++) {
		if (uri.data[i] == '/')
			uri.size = i;
	}
	if (uri.size == 0 || add_nameservice(addresses, config, uri))
		return true;
	while (uri.size > 0) {
		size_t size = 0;

		while (size < uri.size && strchr(",;+", uri.data[size]) == NULL)
			size++;
		if (!cli_address_read(str_make(uri.data, size), default_port, &host, &port))
			return false;
		add_address(addresses, host, port);
		size += size < uri.size;
		uri = str_make(uri.data + size, uri.size - size);
	}
	return true;
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

	*ret_addresses = (struct cli_addresses){0};
	if (!add_uri(ret_addresses, config, uri))
		return cli_fail(site, "no address can be read from %.*s", STR_ARGS(uri));
	uri = config_str(config, CONFIG_KEY_FS_DEFAULTFS);
	if (ret_addresses->count == 0 && config_is_set(config, CONFIG_KEY_FS_DEFAULTFS) &&
	    !add_uri(ret_addresses, config, uri))
		return cli_fail(site, "no address can be read from fs.defaultFS=%.*s",
		                STR_ARGS(uri));
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
