/* SPDX-License-Identifier: Apache-2.0 */
#include "main_options.h"

/* What nobody needs to set. */
enum {
	RETRY_ROWS_MAX = 50 << 20, /* 32 bytes each */
	LEASE_SOFT_MS = 60000,
	HOLD_CALLS_MAX = 10000,
	HOLD_BYTES_MAX = 64 << 20,
	REPLICA_WAIT_MS = 3000,  /* Java gives up a complete after 12 s, others at once */
	WORKERS_COME_MS = 10000, /* after a start: they report every 3 s */
	STARTUP_SAFE_MODE_MS = 60000,
	DEAD_AFTER_RECHECKS = 2, /* and ten heartbeats */
	DEAD_AFTER_HEARTBEATS = 10,
	CALLS_PER_CONNECTION_MAX = 1024,
	UNSENT_BYTES_MAX = 4 << 20,
	UNSENT_MS_MAX = 60000,
	PREAMBLE_MS_MAX = 30000,
	IDLE_MS_MAX = 20000,
	IDLE_THRESHOLD = 4000,
	BACKLOG = 4096,
};
#define RESPONSE_BYTES_MAX ((size_t)128 << 20)
#define ARENA_BYTES_MAX    ((size_t)512 << 20) /* a full report in one message */

static void limits_read(const struct config *config, struct ns_limits *limits)
{
	*limits = (struct ns_limits){
	        .component_bytes_max = (size_t)config_int(
	                config, CONFIG_KEY_DFS_NAMENODE_FS_LIMITS_MAX_COMPONENT_LENGTH),
	        .directory_items_max = (uint64_t)config_int(
	                config, CONFIG_KEY_DFS_NAMENODE_FS_LIMITS_MAX_DIRECTORY_ITEMS),
	        .block_size_min =
	                config_bytes(config, CONFIG_KEY_DFS_NAMENODE_FS_LIMITS_MIN_BLOCK_SIZE),
	        .file_blocks_max = (uint32_t)config_int(
	                config, CONFIG_KEY_DFS_NAMENODE_FS_LIMITS_MAX_BLOCKS_PER_FILE),
	        .replication_min =
	                (uint16_t)config_int(config, CONFIG_KEY_DFS_NAMENODE_REPLICATION_MIN),
	        .replication_max = (uint16_t)config_int(config, CONFIG_KEY_DFS_REPLICATION_MAX),
	};
}

static void journal_read_options(const struct cli_site *site,
                                 const struct journal_replication *replication,
                                 struct journal_options *options)
{
	const struct config *config = site->config;

	*options = (struct journal_options){
	        .io = site->io,
	        .replication = replication,
	        .segment_bytes = config_bytes(config, CONFIG_KEY_HOLDFAST_JOURNAL_SEGMENT_BYTES),
	        .checkpoint_entries = (uint64_t)config_int(
	                config, CONFIG_KEY_ALLUXIO_MASTER_JOURNAL_CHECKPOINT_PERIOD_ENTRIES),
	        .checkpoint_bytes =
	                config_bytes(config, CONFIG_KEY_HOLDFAST_JOURNAL_CHECKPOINT_BYTES),
	        .inflight_bytes_max = config_bytes(
	                config, CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_FLUSH_SIZE_MAX),
	        .entry_bytes_max = config_bytes(
	                config, CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_ENTRY_SIZE_MAX),
	        .batch_bytes_max = config_bytes(
	                config, CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_FLUSH_SIZE_MAX),
	        .sync_hang_ms = config_duration_ms(config, CONFIG_KEY_HOLDFAST_JOURNAL_SYNC_HANG),
	        .keep_segments = config_bool(config, CONFIG_KEY_HOLDFAST_JOURNAL_KEEP_SEGMENTS),
	};
}

static uint64_t worker_dead_ms(const struct config *config)
{
	return DEAD_AFTER_RECHECKS *
	               config_duration_ms(config,
	                                  CONFIG_KEY_DFS_NAMENODE_HEARTBEAT_RECHECK_INTERVAL) +
	       DEAD_AFTER_HEARTBEATS *
	               config_duration_ms(config, CONFIG_KEY_DFS_HEARTBEAT_INTERVAL);
}

void master_options_read(const struct cli_site *site, const struct journal_replication *replication,
                         struct master_options *ret_options)
{
	const struct config *config = site->config;

	*ret_options = (struct master_options){
	        .io = site->io,
	        .folder = cli_master_folder(config),
	        .retry_at_most_once_ms = config_duration_ms(
	                config, CONFIG_KEY_DFS_NAMENODE_RETRYCACHE_EXPIRYTIME_MILLIS),
	        .retry_others_ms = config_duration_ms(
	                config, CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_RETRY_CACHE_EXPIRY_TIME),
	        .retry_rows_max = RETRY_ROWS_MAX,
	        .memory_bytes_max = config_bytes(config, CONFIG_KEY_HOLDFAST_NAMESPACE_MEMORY_MAX),
	        .lease_soft_ms = LEASE_SOFT_MS,
	        .lease_hard_ms =
	                config_duration_ms(config, CONFIG_KEY_DFS_NAMENODE_LEASE_HARD_LIMIT_SEC),
	        .worker_stale_ms =
	                config_duration_ms(config, CONFIG_KEY_DFS_NAMENODE_STALE_DATANODE_INTERVAL),
	        .worker_dead_ms = worker_dead_ms(config),
	        .replication_min =
	                (uint16_t)config_int(config, CONFIG_KEY_DFS_NAMENODE_REPLICATION_MIN),
	        .hold_ms = config_duration_ms(
	                config, CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_WRITE_TIMEOUT),
	        .hold_calls_max = HOLD_CALLS_MAX,
	        .hold_bytes_max = HOLD_BYTES_MAX,
	        .replica_wait_ms = REPLICA_WAIT_MS,
	        .workers_come_ms = WORKERS_COME_MS,
	        .startup_safe_mode_ms = STARTUP_SAFE_MODE_MS,
	        .startup_safe_mode_readonly =
	                config_bool(config, CONFIG_KEY_HOLDFAST_SAFEMODE_STARTUP_READONLY),
	};
	journal_read_options(site, replication, &ret_options->journal);
	limits_read(config, &ret_options->limits);
}

void service_options_read(const struct cli_site *site, struct service_options *ret_options)
{
	const struct config *config = site->config;

	*ret_options = (struct service_options){
	        .io = site->io,
	        .version = HOLDFAST_VERSION,
	        .has_permissions = config_bool(config, CONFIG_KEY_DFS_PERMISSIONS_ENABLED),
	        .superuser = str_of(io_user_name(site->io)),
	        .supergroup = config_str(config, CONFIG_KEY_DFS_PERMISSIONS_SUPERUSERGROUP),
	        .groups_ms =
	                config_duration_ms(config, CONFIG_KEY_HADOOP_SECURITY_GROUPS_CACHE_SECS),
	        .groups_failed_ms = config_duration_ms(
	                config, CONFIG_KEY_HADOOP_SECURITY_GROUPS_NEGATIVE_CACHE_SECS),
	        .block_size = config_bytes(config, CONFIG_KEY_DFS_BLOCKSIZE),
	        .bytes_per_checksum =
	                (uint32_t)config_int(config, CONFIG_KEY_DFS_BYTES_PER_CHECKSUM),
	        .write_packet_size =
	                (uint32_t)config_int(config, CONFIG_KEY_DFS_CLIENT_WRITE_PACKET_SIZE),
	        .file_buffer_size = (uint32_t)config_int(config, CONFIG_KEY_IO_FILE_BUFFER_SIZE),
	        .replication = (uint16_t)config_int(config, CONFIG_KEY_DFS_REPLICATION),
	        .trash_interval_min =
	                config_duration_ms(config, CONFIG_KEY_FS_TRASH_INTERVAL) / 60000,
	        .forwards = config_bool(config, CONFIG_KEY_HOLDFAST_MASTER_FORWARD_WRITES),
	        .forward_ms = config_duration_ms(
	                config, CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_WRITE_TIMEOUT),
	        .forward_bytes_max = HOLD_BYTES_MAX,
	        .list_entries_max = (uint32_t)config_int(config, CONFIG_KEY_DFS_LS_LIMIT),
	        .location_wait_ms = WORKERS_COME_MS,
	};
}

void rpc_options_read(const struct cli_site *site, struct rpc_server_options *ret_options)
{
	const struct config *config = site->config;

	*ret_options = (struct rpc_server_options){
	        .io = site->io,
	        .backlog = BACKLOG,
	        .frame_bytes_max = config_bytes(config, CONFIG_KEY_IPC_MAXIMUM_DATA_LENGTH),
	        .response_bytes_max = RESPONSE_BYTES_MAX,
	        .connections_max =
	                (size_t)config_int(config, CONFIG_KEY_HOLDFAST_RPC_CONNECTIONS_MAX),
	        .calls_max = (size_t)config_int(config, CONFIG_KEY_HOLDFAST_RPC_CALLS_MAX),
	        .calls_per_conn_max = CALLS_PER_CONNECTION_MAX,
	        .inflight_bytes_max =
	                config_bytes(config, CONFIG_KEY_HOLDFAST_RPC_INFLIGHT_BYTES_MAX),
	        .unsent_bytes_max = UNSENT_BYTES_MAX,
	        .unsent_ms_max = UNSENT_MS_MAX,
	        .preamble_ms_max = PREAMBLE_MS_MAX,
	        .idle_ms_max = IDLE_MS_MAX,
	        .idle_threshold = IDLE_THRESHOLD,
	        .arena_bytes_max = ARENA_BYTES_MAX,
	};
}
