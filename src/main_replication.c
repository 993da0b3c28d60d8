/* SPDX-License-Identifier: Apache-2.0 */
#include "main_replication.h"

#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

#include "base/buf.h"
#include "base/log.h"
#include "cli/identity.h"
#include "format/command.h"

enum {
	HEARTBEATS_IN_TIMEOUT = 6, /* the shortest election time-out: five may be lost */
	APPEND_BYTES_MAX = 1 << 20,
	MESSAGE_HEAD_BYTES = 64 << 10, /* beside the entries or the chunk */
	TAIL_BYTES_MAX = 64 << 20,
};

enum { READ_MODE_LEASE = 0, NO_COMPRESSION = 0 };

/* ---- addresses ---- */

struct str replication_own_host(const struct cli_site *site)
{
	struct str host = config_str(site->config, CONFIG_KEY_ALLUXIO_MASTER_HOSTNAME);

	if (host.size == 0)
		return str_of(io_host_name(site->io));
	if (host.size > 2 && host.data[0] == '[' && host.data[host.size - 1] == ']')
		return str_make(host.data + 1, host.size - 2);
	return host;
}

/* False: too long. */
static bool set_address(struct str host, uint16_t port, replication_address to)
{
	bool is_ipv6 = host.size > 0 && memchr(host.data, ':', host.size) != NULL;
	int size = snprintf(to, sizeof(replication_address), "%s%.*s%s:%u", is_ipv6 ? "[" : "",
	                    STR_ARGS(host), is_ipv6 ? "]" : "", (unsigned)port);

	return size >= 0 && (size_t)size < sizeof(replication_address);
}

/* Names of hosts are the same in any case. */
static bool is_same(const char *a, const char *b)
{
	return strcasecmp(a, b) == 0;
}

static int read_list(const struct cli_site *site, struct replication *to)
{
	const enum config_key key = CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_ADDRESSES;
	size_t count = cli_has_quorum(site->config) ? config_count(site->config, key) : 0;

	if (count > JOURNAL_MEMBERS_MAX)
		return cli_fail(site, "%s has %zu masters; at most %d form a quorum",
		                config_name(key), count, JOURNAL_MEMBERS_MAX);
	for (size_t i = 0; i < count; i++) {
		struct config_address address = config_address_item(site->config, key, i);

		if (!set_address(address.host, address.port, to->listed[i]))
			return cli_fail(site, "%s: %.*s is too long a name", config_name(key),
			                STR_ARGS(address.host));
		for (size_t other = 0; other < i; other++) {
			if (is_same(to->listed[i], to->listed[other]))
				return cli_fail(site, "%s names %s twice", config_name(key),
				                to->listed[i]);
		}
		to->addresses[i] = to->listed[i];
	}
	to->options.addresses = to->addresses;
	to->options.address_count = count;
	return CLI_OK;
}

static int refuse_unlisted(const struct cli_site *site, const struct replication *replication)
{
	const struct config *config = site->config;
	struct buf list = {0};
	int status;

	for (size_t i = 0; i < replication->options.address_count; i++)
		buf_append_format(&list, "%s%s", i == 0 ? "" : ",", replication->listed[i]);
	status = cli_fail(site,
	                  "this master is %s, by %s and %s=%" PRId64
	                  ", but %s=%.*s does not name it; add it "
	                  "to the list, or set those two as the list has them",
	                  replication->self,
	                  config_has(config, CONFIG_KEY_ALLUXIO_MASTER_HOSTNAME)
	                          ? "alluxio.master.hostname"
	                          : "this machine's name (alluxio.master.hostname is not set)",
	                  config_name(CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_PORT),
	                  config_int(config, CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_PORT),
	                  config_name(CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_ADDRESSES),
	                  STR_ARGS(buf_str(&list)));
	buf_finish(&list);
	return status;
}

static int read_own_addresses(const struct cli_site *site, struct replication *to)
{
	const struct config *config = site->config;
	struct str host = replication_own_host(site);

	if (!set_address(
	            host,
	            (uint16_t)config_int(config, CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_PORT),
	            to->self) ||
	    !set_address(host, (uint16_t)config_int(config, CONFIG_KEY_ALLUXIO_MASTER_RPC_PORT),
	                 to->service))
		return cli_fail(site, "alluxio.master.hostname is too long: %.*s", STR_ARGS(host));
	to->options.address = to->self;
	to->options.service_address = to->service;
	for (size_t i = 0; i < to->options.address_count; i++) {
		if (!is_same(to->listed[i], to->self))
			continue;
		to->options.address = to->listed[i]; /* as the others have it */
		return CLI_OK;
	}
	return to->options.address_count == 0 ? CLI_OK : refuse_unlisted(site, to);
}

static const char *bind_host(const struct cli_site *site)
{
	const struct config *config = site->config;

	if (config_has(config, CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_BIND_HOST))
		return config_c_str(config, CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_BIND_HOST);
	if (config_has(config, CONFIG_KEY_ALLUXIO_MASTER_BIND_HOST))
		return config_c_str(config, CONFIG_KEY_ALLUXIO_MASTER_BIND_HOST);
	if (config_has(config, CONFIG_KEY_ALLUXIO_MASTER_HOSTNAME))
		return config_c_str(config, CONFIG_KEY_ALLUXIO_MASTER_HOSTNAME);
	return io_host_name(site->io);
}

/* ---- times and sizes ---- */

static int read_times(const struct cli_site *site, struct journal_replication *to)
{
	const struct config *config = site->config;
	const enum config_key min = CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_ELECTION_TIMEOUT_MIN;
	const enum config_key max = CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_ELECTION_TIMEOUT_MAX;

	to->election_min_ms = config_duration_ms(config, min);
	to->election_max_ms = config_duration_ms(config, max);
	if (to->election_max_ms <= to->election_min_ms)
		return cli_fail(site,
		                "%s is %" PRIu64 " ms and must be more than %s, which is %" PRIu64
		                " ms: else masters stand for election at the same time",
		                config_name(max), to->election_max_ms, config_name(min),
		                to->election_min_ms);
	to->heartbeat_ms = to->election_min_ms / HEARTBEATS_IN_TIMEOUT;
	to->clock_skew_max_ms = config_duration_ms(config, CONFIG_KEY_HOLDFAST_CLOCK_SKEW_MAX);
	to->retry_ms = config_duration_ms(
	        config, CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_CATCHUP_RETRY_WAIT);
	to->silence_ms = config_duration_ms(
	        config, CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_TRANSPORT_REQUEST_TIMEOUT_MS);
	return CLI_OK;
}

static size_t least(uint64_t a, uint64_t b)
{
	return (size_t)(a < b ? a : b);
}

static int read_sizes(const struct cli_site *site, struct journal_replication *to)
{
	const struct config *config = site->config;
	const enum config_key limit =
	        CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_TRANSPORT_MAX_INBOUND_MESSAGE_SIZE;
	const enum config_key entry = CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_ENTRY_SIZE_MAX;
	const enum config_key chunk =
	        CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_SNAPSHOT_REPLICATION_CHUNK_SIZE;
	uint64_t room = config_bytes(config, limit) - MESSAGE_HEAD_BYTES;

	if (config_bytes(config, entry) > room)
		return cli_fail(site, "%s=%.*s does not fit into a message of %s=%.*s",
		                config_name(entry), STR_ARGS(config_str(config, entry)),
		                config_name(limit), STR_ARGS(config_str(config, limit)));
	to->message_bytes_max = (size_t)config_bytes(config, limit);
	to->append_bytes_max = least(APPEND_BYTES_MAX, room);
	to->chunk_bytes_max = least(config_bytes(config, chunk), room);
	to->window_bytes_max = (size_t)config_bytes(
	        config, CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_FLUSH_SIZE_MAX);
	to->tail_bytes_max = TAIL_BYTES_MAX;
	return CLI_OK;
}

/* A checkpoint is one file here, so Alluxio's two ways to pack one are the same. */
static void read_packing(const struct cli_site *site, struct journal_replication *to)
{
	const enum config_key type =
	        CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_SNAPSHOT_REPLICATION_COMPRESSION_TYPE;
	const enum config_key level =
	        CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_SNAPSHOT_REPLICATION_COMPRESSION_LEVEL;

	to->packs_pieces = config_enum(site->config, type) != NO_COMPRESSION;
	to->pack_level = (int)config_int(site->config, level);
}

/* Should it be this master that forms the cluster. */
static void draw_first_entry(const struct cli_site *site, struct replication *to)
{
	struct identity identity;

	identity_draw(site, NULL, &identity);
	buf_init(&to->first_entry);
	identity_encode(site, &identity, &to->first_entry);
	to->options.first_kind = ENTRY_cluster;
	to->options.first_payload = buf_str(&to->first_entry);
}

static struct str encode_skip(const struct cli_site *site, uint64_t count, struct buf *buf)
{
	const struct command command = {.kind = ENTRY_skip_ids,
	                                .user = str_of(io_user_name(site->io)),
	                                .skip_ids = {.count = count}};

	buf_init(buf);
	command_encode(&command, buf);
	return buf_str(buf);
}

/* As after a restore nobody has given out so many since; nor the fewer before they were synced. */
static void encode_skip_entries(const struct cli_site *site, struct replication *to)
{
	to->options.skip_kind = ENTRY_skip_ids;
	to->options.skip_payload = encode_skip(site, UINT64_C(1) << 32, &to->skip_entry);
	to->options.leap_payload = encode_skip(site, UINT64_C(1) << 24, &to->leap_entry);
}

static bool is_loopback(const char *address)
{
	return strncasecmp(address, "localhost:", 10) == 0 || strncmp(address, "127.", 4) == 0 ||
	       strncmp(address, "[::1]:", 6) == 0;
}

void replication_warn(const struct replication *replication)
{
	const char *here = NULL, *elsewhere = NULL;

	for (size_t i = 0; i < replication->options.address_count; i++) {
		if (is_loopback(replication->listed[i]))
			here = replication->listed[i];
		else
			elsewhere = replication->listed[i];
	}
	if (here != NULL && elsewhere != NULL)
		log_event(LOG_TROUBLE,
		          "%s lists %s, which on each machine means that machine itself, beside "
		          "%s: give that master a name under which the others reach it",
		          config_name(CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_ADDRESSES), here,
		          elsewhere);
}

void replication_finish(struct replication *replication)
{
	buf_finish(&replication->first_entry);
	buf_finish(&replication->skip_entry);
	buf_finish(&replication->leap_entry);
}

int replication_check(const struct cli_site *site)
{
	struct replication read = {0};
	int status = read_list(site, &read);

	if (status == CLI_OK)
		status = read_times(site, &read.options);
	if (status == CLI_OK)
		status = read_sizes(site, &read.options);
	return status;
}

int replication_read(const struct cli_site *site, bool forms_alone,
                     struct replication *ret_replication)
{
	struct journal_replication *options = &ret_replication->options;
	int status;

	*options = (struct journal_replication){
	        .bind_host = bind_host(site),
	        .reads_by_lease =
	                config_enum(site->config, CONFIG_KEY_HOLDFAST_READ_MODE) == READ_MODE_LEASE,
	        /* There must be others to get from what a machine that goes down loses. */
	        .syncs_behind =
	                cli_has_quorum(site->config) &&
	                config_bool(
	                        site->config,
	                        CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_UNSAFE_FLUSH_ENABLED),
	        .leave_is_needed =
	                config_bool(site->config, CONFIG_KEY_HOLDFAST_QUORUM_LEAVE_NEEDED),
	        .forms_alone = forms_alone,
	};
	status = read_list(site, ret_replication);
	if (status == CLI_OK)
		status = read_own_addresses(site, ret_replication);
	if (status == CLI_OK)
		status = read_times(site, options);
	if (status == CLI_OK)
		status = read_sizes(site, options);
	read_packing(site, options);
	if (status == CLI_OK) {
		draw_first_entry(site, ret_replication);
		encode_skip_entries(site, ret_replication);
	}
	return status;
}
