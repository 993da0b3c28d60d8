/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts of every type, units, ranges, and what zero means.
 */
#include "unit/config/world.h"

#include "config/locator.h"
#include "config/units.h"
#include "config/value.h"

static void override(struct world *world, const char *name, const char *value)
{
	static char text[256];

	snprintf(text, sizeof(text), "%s=%s", name, value);
	world_add_override(world, text);
}

static void is_taken(struct world *world, const char *name, const char *value)
{
	override(world, name, value);
	world_must_load(world);
}

static void is_int(const char *name, const char *value, enum config_key key, int64_t wanted)
{
	struct world world = {0};

	is_taken(&world, name, value);
	assert_int_equal(config_int(world.config, key), wanted);
	world_finish(&world);
}

static void is_bytes(const char *name, const char *value, enum config_key key, uint64_t wanted)
{
	struct world world = {0};

	is_taken(&world, name, value);
	assert_int_equal(config_bytes(world.config, key), wanted);
	world_finish(&world);
}

static void is_ms(const char *name, const char *value, enum config_key key, uint64_t wanted)
{
	struct world world = {0};

	is_taken(&world, name, value);
	assert_int_equal(config_duration_ms(world.config, key), wanted);
	world_finish(&world);
}

/* The load fails and says `why`. */
static void is_refused(const char *name, const char *value, const char *why)
{
	struct world world = {0};

	override(&world, name, value);
	world_must_refuse(&world, why);
	world_finish(&world);
}

static void sizes_have_units(void **state)
{
	static const struct {
		const char *text;
		int64_t bytes;
	} good[] = {
	        {"0", 0},
	        {"4096", 4096},
	        {"64B", 64},
	        {"64k", 65536},
	        {"64KB", 65536},
	        {" 64 kb ", 65536},
	        {"128m", 128 << 20},
	        {"1.5GB", 1610612736},
	        {"0.5k", 512},
	        {"2T", INT64_C(2) << 40},
	        {"1pb", INT64_C(1) << 50},
	        {"7e", INT64_C(7) << 60},
	};
	static const char *const bad[] = {"",       "KB",
	                                  "-1",     "64XB",
	                                  "64 K B", "1e3",
	                                  "0x10",   "8e",
	                                  "1,5GB",  "1.2.3",
	                                  "+1",     "99999999999999999999",
	                                  "16 EB",  "1.00000000000000000000001KB"};
	int64_t bytes;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		bytes = -1;
		assert_null(config_parse_bytes(str_of(good[i].text), &bytes));
		assert_int_equal(bytes, good[i].bytes);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		bytes = -7;
		assert_non_null(config_parse_bytes(str_of(bad[i]), &bytes));
		assert_int_equal(bytes, -7);
	}
}

static void durations_have_units(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = {
	        {"0", 0},          {"10", 10000}, /* the bare unit below is seconds */
	        {"0.5", 500},      {"10ms", 10},           {"10s", 10000},
	        {"60sec", 60000},  {"5min", 300000},       {"5 M", 300000},
	        {"1h", 3600000},   {"1hr", 3600000},       {"3day", 259200000},
	        {"2d", 172800000}, {"1500us", 1},          {"0ns", 0},
	        {"2000000ns", 2},  {"1.5 hours", 5400000},
	};
	static const char *const bad[] = {"",
	                                  "s",
	                                  "-1s",
	                                  "10x",
	                                  "1us",
	                                  "999999ns",
	                                  "1m30s",
	                                  "106751991168d",
	                                  "99999999999999999999ms"};
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		ms = -1;
		assert_null(config_parse_duration(str_of(good[i].text), CONFIG_SECOND_NS, &ms));
		assert_int_equal(ms, good[i].ms);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		ms = -7;
		assert_non_null(config_parse_duration(str_of(bad[i]), CONFIG_SECOND_NS, &ms));
		assert_int_equal(ms, -7);
	}
}

static void a_bare_number_has_the_unit_of_its_property(void **state)
{
	(void)state;
	is_ms("dfs.heartbeat.interval", "5", CONFIG_KEY_DFS_HEARTBEAT_INTERVAL, 5000);
	is_ms("dfs.namenode.stale.datanode.interval", "5000",
	      CONFIG_KEY_DFS_NAMENODE_STALE_DATANODE_INTERVAL, 5000);
	is_ms("fs.trash.interval", "1440", CONFIG_KEY_FS_TRASH_INTERVAL, 86400000);
	is_ms("alluxio.zookeeper.session.timeout", "90000",
	      CONFIG_KEY_ALLUXIO_ZOOKEEPER_SESSION_TIMEOUT, 90000);
}

static void a_wrong_unit_is_refused_with_what_is_allowed(void **state)
{
	(void)state;
	is_refused("alluxio.zookeeper.session.timeout", "10 parsecs",
	           "-D: error: alluxio.zookeeper.session.timeout: \"10 parsecs\" has an unknown "
	           "unit (ms, s, min, h, d); allowed: 100ms to 1h, for example 60s");
	is_refused("dfs.blocksize", "10 lightyears",
	           "dfs.blocksize: \"10 lightyears\" has an unknown unit (B, KB, MB, GB, TB); "
	           "allowed: 512B to 1TB, for example 128MB");
}

static void zero_is_what_the_table_says(void **state)
{
	(void)state;
	is_refused("holdfast.journal.sync.hang", "0s", "must not be zero; allowed: 100ms to 1h");
	is_refused("alluxio.master.journal.checkpoint.period.entries", "0", "must not be zero");
	is_refused("alluxio.master.embedded.journal.entry.size.max", "0", "must not be zero");
	is_bytes("holdfast.journal.checkpoint.bytes", "0",
	         CONFIG_KEY_HOLDFAST_JOURNAL_CHECKPOINT_BYTES, 0);
	is_refused("holdfast.journal.checkpoint.bytes", "1",
	           "is too small; allowed: 1MB to 1TB, or 0 (off)");
	is_ms("dfs.namenode.safemode.extension", "0", CONFIG_KEY_DFS_NAMENODE_SAFEMODE_EXTENSION,
	      0);
}

static void absurd_numbers_are_refused(void **state)
{
	(void)state;
	is_refused("dfs.replication", "-1", "\"-1\" is negative; allowed: 1 to 512, for example 3");
	is_refused("dfs.replication", "513", "is too large");
	is_refused("dfs.replication", "three", "is not a number");
	is_refused("dfs.replication", "3.5", "is not a whole number");
	is_refused("dfs.replication", "99999999999999999999", "is too large");
	is_refused("dfs.replication", "", "dfs.replication: \"\" is empty");
	is_refused("alluxio.master.rpc.port", "70000", "is too large; allowed: 1 to 65535");
	is_refused("holdfast.clock.skew.max", "99d", "is too large; allowed: 100ms to 1h");
	is_refused("alluxio.zookeeper.session.timeout", "-5s", "is negative");
	is_refused("dfs.namenode.safemode.threshold-pct", "nan", "is not a number");
	is_refused("dfs.namenode.safemode.threshold-pct", "-0.5", "is negative");
	is_refused("dfs.namenode.safemode.threshold-pct", "99", "is too large; allowed: 0 to 1.5");
	is_refused("fs.permissions.umask-mode", "088", "is not an octal number");
	is_refused("fs.permissions.umask-mode", "1000", "is too large; allowed: 000 to 777");
	is_refused("fs.permissions.umask-mode", "u=rwx,g=q", "is neither octal nor clauses");
	is_refused("fs.permissions.umask-mode", "u=rwx,", "is neither octal nor clauses");
	is_refused("dfs.permissions.enabled", "yes",
	           "is neither true nor false; allowed: true, "
	           "false, for example true");
	is_refused("holdfast.read.mode", "raw", "is not one of the words; allowed: lease, index");
}

/* Hadoop's FsPermission: in letters, a umask says what is left. */
static void permissions_may_stand_in_letters(void **state)
{
	(void)state;
	is_int("fs.permissions.umask-mode", "u=rwx,g=rx,o=", CONFIG_KEY_FS_PERMISSIONS_UMASK_MODE,
	       027);
	is_int("fs.permissions.umask-mode", "a+rx,u+w", CONFIG_KEY_FS_PERMISSIONS_UMASK_MODE, 022);
	is_int("dfs.datanode.data.dir.perm", "u=rwx,go=", CONFIG_KEY_DFS_DATANODE_DATA_DIR_PERM,
	       0700);
}

static void good_values_are_typed(void **state)
{
	struct world world = {0};

	(void)state;
	is_int("dfs.replication", " 0x2 ", CONFIG_KEY_DFS_REPLICATION, 2);
	is_taken(&world, "dfs.permissions.enabled", " FALSE ");
	assert_false(config_bool(world.config, CONFIG_KEY_DFS_PERMISSIONS_ENABLED));
	world_finish(&world);
	is_int("fs.permissions.umask-mode", "027", CONFIG_KEY_FS_PERMISSIONS_UMASK_MODE, 027);
	is_taken(&world, "holdfast.read.mode", "INDEX");
	assert_int_equal(config_enum(world.config, CONFIG_KEY_HOLDFAST_READ_MODE), 1);
	world_finish(&world);
	is_taken(&world, "dfs.namenode.safemode.threshold-pct", "0.25f");
	assert_true(config_double(world.config, CONFIG_KEY_DFS_NAMENODE_SAFEMODE_THRESHOLD_PCT) ==
	            0.25);
	world_finish(&world);
	is_bytes("ipc.maximum.data.length", "134217728", CONFIG_KEY_IPC_MAXIMUM_DATA_LENGTH,
	         128 << 20);
}

static void an_empty_text_is_no_value(void **state)
{
	struct world world = {0};

	(void)state;
	is_taken(&world, "alluxio.master.hostname", "  ");
	assert_false(config_has(world.config, CONFIG_KEY_ALLUXIO_MASTER_HOSTNAME));
	assert_true(config_is_set(world.config, CONFIG_KEY_ALLUXIO_MASTER_HOSTNAME));
	assert_null(config_c_str(world.config, CONFIG_KEY_ALLUXIO_MASTER_HOSTNAME));
	world_finish(&world);
	is_taken(&world, "alluxio.master.embedded.journal.addresses", " , ,");
	assert_false(
	        config_has(world.config, CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_ADDRESSES));
	assert_int_equal(
	        config_count(world.config, CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_ADDRESSES),
	        0);
	world_finish(&world);
}

static void addresses_are_host_and_port(void **state)
{
	static const struct {
		const char *text;
		const char *host;
		uint16_t port;
	} good[] = {
	        {"host", "host", 77},
	        {"host:1", "host", 1},
	        {"host.example.com:65535", "host.example.com", 65535},
	        {"10.0.0.1:8020", "10.0.0.1", 8020},
	        {"[::1]:19200", "::1", 19200},
	        {"[fe80::1%eth0]", "fe80::1%eth0", 77},
	        {"my_host-1:2", "my_host-1", 2},
	};
	static const char *const bad[] = {
	        "",        ":1",       "host:",     "host:0",        "host:65536", "host:x",
	        "host:1x", "::1",      "::1:19200", "[::1",          "[::1]19200", "[]:1",
	        "a b:1",   "u@host:1", "host/x:1",  "hdfs://host:1", "host:-1",    "host:000001"};
	struct config_address address = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		assert_null(config_parse_address(str_of(good[i].text), 77, &address));
		assert_str_is(address.host, good[i].host);
		assert_int_equal(address.port, good[i].port);
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		if (config_parse_address(str_of(bad[i]), 77, &address) == NULL)
			fail_msg("'%s' was taken", bad[i]);
	}
	assert_non_null(config_parse_address(STR("host"), 0, &address));
}

static void lists_are_separated_by_commas(void **state)
{
	struct world world = {0};
	struct config_address address;
	enum config_key key = CONFIG_KEY_ALLUXIO_MASTER_EMBEDDED_JOURNAL_ADDRESSES;

	(void)state;
	is_taken(&world, "alluxio.master.embedded.journal.addresses",
	         "host1:19200, host2:19201 ,,[::1]");
	assert_int_equal(config_count(world.config, key), 3);
	address = config_address_item(world.config, key, 1);
	assert_str_is(address.host, "host2");
	assert_int_equal(address.port, 19201);
	address = config_address_item(world.config, key, 2);
	assert_str_is(address.host, "::1");
	assert_int_equal(address.port, 19200);
	assert_string_equal(config_item(world.config, key, 1).data, "host2:19201");
	world_finish(&world);
	is_refused("alluxio.master.embedded.journal.addresses", "host1:19200,host2:",
	           "\"host1:19200,host2:\" has no port between 1 and 65535; allowed: host:port");
}

static void paths_are_absolute_and_here(void **state)
{
	struct world world = {0};
	enum config_key key = CONFIG_KEY_DFS_DATANODE_DATA_DIR;

	(void)state;
	is_taken(&world, "holdfast.master.dir", "file:///var/lib/m/");
	assert_string_equal(config_c_str(world.config, CONFIG_KEY_HOLDFAST_MASTER_DIR),
	                    "/var/lib/m");
	world_finish(&world);
	is_taken(&world, "dfs.datanode.data.dir", "[SSD]/d/1, file:/d/2,[DISK]file:///d/3/, /");
	assert_int_equal(config_count(world.config, key), 4);
	assert_string_equal(config_item(world.config, key, 0).data, "/d/1");
	assert_string_equal(config_item(world.config, key, 1).data, "/d/2");
	assert_string_equal(config_item(world.config, key, 2).data, "/d/3");
	assert_string_equal(config_item(world.config, key, 3).data, "/");
	world_finish(&world);
	is_refused("holdfast.master.dir", "var/lib",
	           "is not an absolute path; allowed: an absolute path on this machine, for "
	           "example /var/lib/holdfast");
	is_refused("holdfast.master.dir", "hdfs://h/x", "is not on this machine");
	is_refused("holdfast.master.dir", "file://other/x", "is not an absolute path");
	is_refused("dfs.datanode.data.dir", "/ok,rel", "is not an absolute path");
	is_refused("dfs.datanode.data.dir", "[SSD]", "is not an absolute path");
}

static void a_uri_may_be_elsewhere(void **state)
{
	struct world world = {0};
	struct str path;

	(void)state;
	is_taken(&world, "alluxio.master.journal.folder", "hdfs://nn:8020/path/to/journal");
	assert_str_is(config_str(world.config, CONFIG_KEY_ALLUXIO_MASTER_JOURNAL_FOLDER),
	              "hdfs://nn:8020/path/to/journal");
	assert_false(config_local_path(
	        config_str(world.config, CONFIG_KEY_ALLUXIO_MASTER_JOURNAL_FOLDER), &path));
	world_finish(&world);
	is_taken(&world, "alluxio.master.journal.folder", "file:///mnt/filer1/journal");
	assert_true(config_local_path(
	        config_str(world.config, CONFIG_KEY_ALLUXIO_MASTER_JOURNAL_FOLDER), &path));
	assert_str_is(path, "/mnt/filer1/journal");
	world_finish(&world);
	is_refused("alluxio.master.journal.folder", "journal",
	           "is neither an absolute path nor a URI");
}

static void a_minimum_above_its_maximum_is_refused(void **state)
{
	struct world world = {0};

	(void)state;
	is_refused("alluxio.master.embedded.journal.election.timeout.min", "30s",
	           "-D: error: alluxio.master.embedded.journal.election.timeout.min (30s) is "
	           "greater than alluxio.master.embedded.journal.election.timeout.max (300ms)");
	world_add_override(&world, "alluxio.master.embedded.journal.election.timeout.min=10s");
	world_add_override(&world, "alluxio.master.embedded.journal.election.timeout.max=20s");
	world_must_load(&world);
	world_finish(&world);
}

static void an_environment_that_spoils_a_default_is_refused(void **state)
{
	struct world world = {0};

	(void)state;
	world_add_env(&world, "ALLUXIO_HOME", "relative");
	world_must_refuse(&world, "default: error: alluxio.home: \"relative\" is not an absolute "
	                          "path");
	world_finish(&world);
	world_add_env(&world, "ALLUXIO_HOME", "/opt/a");
	world_must_load(&world);
	assert_string_equal(config_c_str(world.config, CONFIG_KEY_ALLUXIO_MASTER_JOURNAL_FOLDER),
	                    "/opt/a/journal");
	world_finish(&world);
}

static void a_secret_is_not_in_a_message(void **state)
{
	struct world world = {.conf_dir = "/c"};

	(void)state;
	world_add_file(&world, "/c/core-site.xml",
	               XML(PROP("fs.s3a.secret.key", "hush1") PROP("fs.s3a.secret.key", "hush2")));
	world_must_load(&world);
	world_must_report(&world, "fs.s3a.secret.key is \"(hidden)\" here and \"(hidden)\" in");
	assert_null(strstr(world_report(&world), "hush"));
	world_finish(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(sizes_have_units),
	        cmocka_unit_test(durations_have_units),
	        cmocka_unit_test(a_bare_number_has_the_unit_of_its_property),
	        cmocka_unit_test(a_wrong_unit_is_refused_with_what_is_allowed),
	        cmocka_unit_test(zero_is_what_the_table_says),
	        cmocka_unit_test(absurd_numbers_are_refused),
	        cmocka_unit_test(permissions_may_stand_in_letters),
	        cmocka_unit_test(good_values_are_typed),
	        cmocka_unit_test(an_empty_text_is_no_value),
	        cmocka_unit_test(addresses_are_host_and_port),
	        cmocka_unit_test(lists_are_separated_by_commas),
	        cmocka_unit_test(paths_are_absolute_and_here),
	        cmocka_unit_test(a_uri_may_be_elsewhere),
	        cmocka_unit_test(a_minimum_above_its_maximum_is_refused),
	        cmocka_unit_test(an_environment_that_spoils_a_default_is_refused),
	        cmocka_unit_test(a_secret_is_not_in_a_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
