/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Site files as operators have them, with the keys of the guides of HDFS and Alluxio: they start,
 * and mean what they say.
 */
#include "unit/config/world.h"

#include <libgen.h>

/* The folder of a site beside this file. */
static const char *site_folder(const char *name)
{
	static char folder[4096];
	char file[] = __FILE__;

	snprintf(folder, sizeof(folder), "%s/sites/%s", dirname(file), name);
	return folder;
}

static int read_real_file(void *context, const char *path, struct buf *to)
{
	FILE *file = fopen(path, "r");
	char bytes[4096];
	size_t size;

	(void)context;
	if (file == NULL)
		return -ERR_NO_FILE;
	while ((size = fread(bytes, 1, sizeof(bytes), file)) > 0)
		buf_append(to, bytes, size);
	fclose(file);
	return 0;
}

static void load_site(struct world *world, const char *name)
{
	struct config_sources sources = {
	        .reader = {read_real_file, world_get_env, world},
	        .conf_dir = site_folder(name),
	        .namenode = world->namenode,
	};
	int rc;

	config_report_init(&world->report);
	rc = config_load(&sources, &world->config, &world->report);
	if (rc != 0 || world->report.severity_count[CONFIG_WARNING] != 0)
		fail_msg("%s: %d\n%s", name, rc, world_report(world));
}

static void alluxio_with_zookeeper_starts(void **state)
{
	struct world world = {0};

	(void)state;
	load_site(&world, "alluxio-zookeeper");
	assert_true(config_bool(world.config, CONFIG_KEY_ALLUXIO_ZOOKEEPER_ENABLED));
	assert_int_equal(config_count(world.config, CONFIG_KEY_ALLUXIO_ZOOKEEPER_ADDRESS), 3);
	assert_str_is(
	        config_address_item(world.config, CONFIG_KEY_ALLUXIO_ZOOKEEPER_ADDRESS, 2).host,
	        "zk3.cluster.example.com");
	assert_int_equal(config_enum(world.config, CONFIG_KEY_ALLUXIO_MASTER_JOURNAL_TYPE), 1);
	assert_int_equal(config_bytes(world.config, CONFIG_KEY_HOLDFAST_JOURNAL_SEGMENT_BYTES),
	                 500 << 20);
	assert_int_equal(
	        config_duration_ms(world.config, CONFIG_KEY_ALLUXIO_WORKER_BLOCK_HEARTBEAT_TIMEOUT),
	        300000);
	world_finish(&world);
}

static void alluxio_with_an_embedded_journal_starts(void **state)
{
	struct world world = {0};

	(void)state;
	world_add_env(&world, "MASTER_HOST", "master2");
	load_site(&world, "alluxio-embedded");
	assert_str_is(config_str(world.config, CONFIG_KEY_ALLUXIO_MASTER_HOSTNAME), "master2");
	assert_int_equal(
	        config_count(world.config, CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_ADDRESSES),
	        3);
	assert_int_equal(
	        config_duration_ms(world.config,
	                           CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_ELECTION_TIMEOUT_MAX),
	        20000);
	assert_true(config_bool(world.config, CONFIG_KEY_ALLUXIO_MASTER_DAILY_BACKUP_ENABLED));
	world_finish(&world);
}

static void hdfs_with_a_shared_folder_starts(void **state)
{
	struct world world = {.namenode = "nn2"};

	(void)state;
	world_add_env(&world, "USER", "hdfs");
	load_site(&world, "hdfs-nfs");
	assert_str_is(config_str(world.config, CONFIG_KEY_FS_DEFAULTFS), "hdfs://mycluster");
	assert_str_is(config_address(world.config, CONFIG_KEY_DFS_NAMENODE_RPC_ADDRESS).host,
	              "machine2.example.com");
	assert_str_is(config_item(world.config, CONFIG_KEY_DFS_NAMENODE_NAME_DIR, 0),
	              "/data/1/dfs/nn");
	assert_str_is(config_item(world.config, CONFIG_KEY_DFS_DATANODE_DATA_DIR, 0),
	              "/data/ssd/dfs/dn");
	assert_true(config_bool(world.config, CONFIG_KEY_DFS_HA_AUTOMATIC_FAILOVER_ENABLED));
	assert_int_equal(config_int(world.config, CONFIG_KEY_FS_PERMISSIONS_UMASK_MODE), 027);
	assert_int_equal(config_bytes(world.config, CONFIG_KEY_DFS_BLOCKSIZE), 256 << 20);
	assert_int_equal(config_duration_ms(world.config, CONFIG_KEY_FS_TRASH_INTERVAL), 86400000);
	assert_int_equal(config_int(world.config,
	                            CONFIG_KEY_ALLUXIO_MASTER_JOURNAL_CHECKPOINT_PERIOD_ENTRIES),
	                 1000000);
	assert_str_is(config_str(world.config, CONFIG_KEY_HADOOP_TMP_DIR), "/data/tmp/hadoop-hdfs");
	world_finish(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(alluxio_with_zookeeper_starts),
	        cmocka_unit_test(alluxio_with_an_embedded_journal_starts),
	        cmocka_unit_test(hdfs_with_a_shared_folder_starts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
