/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which source counts, where values come from, suffixes.
 */
#include "unit/config/world.h"

/* One file of each kind in /c. */
static void add_all(struct world *world, const char *core, const char *hdfs, const char *alluxio)
{
	world->conf_dir = "/c";
	if (core != NULL)
		world_add_file(world, "/c/core-site.xml", core);
	if (hdfs != NULL)
		world_add_file(world, "/c/hdfs-site.xml", hdfs);
	if (alluxio != NULL)
		world_add_file(world, "/c/alluxio-site.properties", alluxio);
}

static void defaults_need_no_files(void **state)
{
	struct world world = {0};

	(void)state;
	world_must_load(&world);
	assert_int_equal(config_int(world.config, CONFIG_KEY_DFS_REPLICATION), 3);
	assert_false(config_is_set(world.config, CONFIG_KEY_DFS_REPLICATION));
	assert_true(config_has(world.config, CONFIG_KEY_DFS_REPLICATION));
	assert_false(config_has(world.config, CONFIG_KEY_DFS_NAMENODE_RPC_ADDRESS));
	assert_int_equal(world.report.count, 0);
	world_finish(&world);
}

static void stronger_sources_replace_weaker_ones(void **state)
{
	struct world world = {0};

	(void)state;
	add_all(&world, XML(PROP("dfs.replication", "1")), NULL, NULL);
	world_must_load(&world);
	assert_int_equal(config_int(world.config, CONFIG_KEY_DFS_REPLICATION), 1);
	world_finish(&world);

	add_all(&world, XML(PROP("dfs.replication", "1")), XML(PROP("dfs.replication", "2")), NULL);
	world_must_load(&world);
	assert_int_equal(config_int(world.config, CONFIG_KEY_DFS_REPLICATION), 2);
	world_finish(&world);

	add_all(&world, XML(PROP("dfs.replication", "1")), XML(PROP("dfs.replication", "2")),
	        "dfs.replication=3\n");
	world_must_load(&world);
	assert_int_equal(config_int(world.config, CONFIG_KEY_DFS_REPLICATION), 3);
	world_finish(&world);

	add_all(&world, XML(PROP("dfs.replication", "1")), XML(PROP("dfs.replication", "2")),
	        "dfs.replication=3\n");
	world_add_override(&world, "dfs.replication=4");
	world_add_override(&world, "dfs.replication=5");
	world_must_load(&world);
	assert_int_equal(config_int(world.config, CONFIG_KEY_DFS_REPLICATION), 5);
	world_finish(&world);
}

static void files_that_disagree_are_reported_with_both_places(void **state)
{
	struct world world = {0};

	(void)state;
	add_all(&world, XML(PROP("dfs.replication", "1")), XML("\n" PROP("dfs.replication", "2")),
	        NULL);
	world_must_load(&world);
	world_must_report(&world, "/c/hdfs-site.xml:3: warning: dfs.replication is \"2\" here and "
	                          "\"1\" in /c/core-site.xml:2; this one counts");
	world_finish(&world);

	add_all(&world, XML(PROP("dfs.replication", "1")), XML(PROP("dfs.replication", "1")), NULL);
	world_must_load(&world);
	assert_int_equal(world.report.count, 0);
	world_finish(&world);
}

static void an_override_is_no_disagreement(void **state)
{
	struct world world = {0};

	(void)state;
	add_all(&world, XML(PROP("dfs.replication", "1")), NULL, NULL);
	world_add_override(&world, "dfs.replication=2");
	world_must_load(&world);
	assert_int_equal(world.report.count, 0);
	world_finish(&world);
}

static void a_final_property_is_replaced_by_nothing(void **state)
{
	struct world world = {0};

	(void)state;
	add_all(&world, XML(FINAL_PROP("dfs.replication", "1")), XML(PROP("dfs.replication", "2")),
	        "dfs.replication=3\n");
	world_add_override(&world, "dfs.replication=4");
	world_must_load(&world);
	assert_int_equal(config_int(world.config, CONFIG_KEY_DFS_REPLICATION), 1);
	world_must_report(&world, "/c/hdfs-site.xml:2: warning: dfs.replication is final in "
	                          "/c/core-site.xml:2; this value does not count");
	world_must_report(&world,
	                  "/c/alluxio-site.properties:1: warning: dfs.replication is final");
	world_must_report(&world, "-D: warning: dfs.replication is final");
	world_finish(&world);
}

static void an_older_name_sets_the_present_one(void **state)
{
	struct world world = {0};

	(void)state;
	add_all(&world, XML(PROP("fs.default.name", "hdfs://old:8020")), NULL,
	        "alluxio.worker.block.heartbeat.timeout.ms=120000\nalluxio.master.port=20000\n");
	world_must_load(&world);
	assert_str_is(config_str(world.config, CONFIG_KEY_FS_DEFAULTFS), "hdfs://old:8020");
	assert_int_equal(
	        config_duration_ms(world.config, CONFIG_KEY_ALLUXIO_WORKER_BLOCK_HEARTBEAT_TIMEOUT),
	        120000);
	assert_int_equal(config_int(world.config, CONFIG_KEY_ALLUXIO_MASTER_RPC_PORT), 20000);
	world_finish(&world);
}

static void folders_of_the_environment_are_both_read(void **state)
{
	struct world world = {0};

	(void)state;
	world_add_env(&world, "HADOOP_CONF_DIR", "/h");
	world_add_env(&world, "ALLUXIO_CONF_DIR", "/a");
	world_add_file(&world, "/h/hdfs-site.xml", XML(PROP("dfs.replication", "1")));
	world_add_file(&world, "/a/hdfs-site.xml", XML(PROP("dfs.replication", "2")));
	world_add_file(&world, "/a/alluxio-site.properties", "alluxio.master.hostname=m1\n");
	world_must_load(&world);
	assert_int_equal(config_int(world.config, CONFIG_KEY_DFS_REPLICATION), 2);
	assert_str_is(config_str(world.config, CONFIG_KEY_ALLUXIO_MASTER_HOSTNAME), "m1");
	world_finish(&world);
}

static void a_file_of_a_stronger_kind_beats_the_stronger_folder(void **state)
{
	struct world world = {0};

	(void)state;
	world_add_env(&world, "HADOOP_CONF_DIR", "/h");
	world_add_env(&world, "ALLUXIO_CONF_DIR", "/a");
	world_add_file(&world, "/h/hdfs-site.xml", XML(PROP("dfs.replication", "1")));
	world_add_file(&world, "/a/core-site.xml", XML(PROP("dfs.replication", "2")));
	world_must_load(&world);
	assert_int_equal(config_int(world.config, CONFIG_KEY_DFS_REPLICATION), 1);
	world_finish(&world);
}

static void a_folder_that_is_named_twice_is_read_once(void **state)
{
	struct world world = {0};

	(void)state;
	world_add_env(&world, "HADOOP_CONF_DIR", "/h");
	world_add_env(&world, "ALLUXIO_CONF_DIR", "/h");
	world_add_file(&world, "/h/core-site.xml", XML("<typo/>\n"));
	world_must_load(&world);
	assert_int_equal(world.report.count, 1);
	world_finish(&world);
}

static void the_named_folder_counts_alone(void **state)
{
	struct world world = {.conf_dir = "/c"};

	(void)state;
	world_add_env(&world, "HADOOP_CONF_DIR", "/h");
	world_add_file(&world, "/h/hdfs-site.xml", XML(PROP("dfs.replication", "1")));
	world_add_file(&world, "/c/hdfs-site.xml", XML(PROP("dfs.blocksize", "1MB")));
	world_must_load(&world);
	assert_false(config_is_set(world.config, CONFIG_KEY_DFS_REPLICATION));
	assert_int_equal(config_bytes(world.config, CONFIG_KEY_DFS_BLOCKSIZE), 1048576);
	world_finish(&world);
}

static void an_empty_folder_is_refused_when_it_was_named(void **state)
{
	struct world world = {.conf_dir = "/empty"};

	(void)state;
	world_must_refuse(&world, "/empty: error: none of core-site.xml");
	world_finish(&world);
	world.conf_dir = "";
	world_must_refuse(&world, "--conf: error: names no folder");
	world_finish(&world);
	world_add_env(&world, "HADOOP_CONF_DIR", "/empty");
	world_must_load(&world);
	world_must_report(&world, "/empty: warning: none of core-site.xml");
	world_finish(&world);
}

static void a_file_that_cannot_be_read_is_an_error(void **state)
{
	struct world world = {.conf_dir = "/c"};

	(void)state;
	world_add_file(&world, "/c/core-site.xml", "");
	world.files[0].error = -ERR_ACCESS;
	world_must_refuse(&world, "/c/core-site.xml: error: can not be read: permission denied");
	assert_null(strstr(world_report(&world), "is there")); /* one is */
	world_finish(&world);
}

static void an_override_without_a_value_is_refused(void **state)
{
	struct world world = {0};

	(void)state;
	world_add_override(&world, "dfs.replication");
	world_must_refuse(&world, "-D: error: \"dfs.replication\" is not key=value");
	world_finish(&world);
	world_add_override(&world, "=1");
	world_must_refuse(&world, "-D: error: a property without a name");
	world_finish(&world);
}

static void the_origin_of_a_value_is_known(void **state)
{
	struct world world = {0};

	(void)state;
	add_all(&world, NULL, XML("\n\n" PROP("dfs.replication", "2")), NULL);
	world_add_override(&world, "dfs.blocksize=1MB");
	world_must_load(&world);
	config_origin(world.config, CONFIG_KEY_DFS_REPLICATION, &world.text);
	assert_str_is(buf_str(&world.text), "/c/hdfs-site.xml:4");
	buf_clear(&world.text);
	config_origin(world.config, CONFIG_KEY_DFS_BLOCKSIZE, &world.text);
	assert_str_is(buf_str(&world.text), "-D");
	buf_clear(&world.text);
	config_origin(world.config, CONFIG_KEY_DFS_CHECKSUM_TYPE, &world.text);
	assert_str_is(buf_str(&world.text), "default");
	world_finish(&world);
}

/*
 * Suffixes
 */

#define TWO_NAMENODES                                                                              \
	PROP("dfs.nameservices", "c1,c2")                                                          \
	PROP("dfs.ha.namenodes.c1", "nn1,nn2")                                                     \
	PROP("dfs.namenode.rpc-address.c1.nn1", "host1:8020")                                      \
	PROP("dfs.namenode.rpc-address.c1.nn2", "host2:8021")                                      \
	PROP("dfs.namenode.rpc-address.c2", "host3:8022")                                          \
	PROP("dfs.namenode.name.dir", "/plain")                                                    \
	PROP("dfs.namenode.name.dir.c1", "/of/c1")                                                 \
	PROP("dfs.namenode.name.dir.c1.nn2", "/of/nn2")

static void the_most_specific_form_counts_for_the_own_ids(void **state)
{
	struct world world = {.nameservice = "c1", .namenode = "nn2"};

	(void)state;
	add_all(&world, NULL, XML(TWO_NAMENODES), NULL);
	world_must_load(&world);
	assert_str_is(config_address(world.config, CONFIG_KEY_DFS_NAMENODE_RPC_ADDRESS).host,
	              "host2");
	assert_int_equal(config_address(world.config, CONFIG_KEY_DFS_NAMENODE_RPC_ADDRESS).port,
	                 8021);
	assert_str_is(config_item(world.config, CONFIG_KEY_DFS_NAMENODE_NAME_DIR, 0), "/of/nn2");
	world_finish(&world);

	world = (struct world){.nameservice = "c1", .namenode = "nn1"};
	add_all(&world, NULL, XML(TWO_NAMENODES), NULL);
	world_must_load(&world);
	assert_str_is(config_item(world.config, CONFIG_KEY_DFS_NAMENODE_NAME_DIR, 0), "/of/c1");
	world_finish(&world);

	world = (struct world){.nameservice = "c2"};
	add_all(&world, NULL, XML(TWO_NAMENODES), NULL);
	world_must_load(&world);
	assert_str_is(config_item(world.config, CONFIG_KEY_DFS_NAMENODE_NAME_DIR, 0), "/plain");
	assert_str_is(config_address(world.config, CONFIG_KEY_DFS_NAMENODE_RPC_ADDRESS).host,
	              "host3");
	world_finish(&world);
}

static void own_ids_may_stand_in_the_files(void **state)
{
	struct world world = {0};

	(void)state;
	add_all(&world, NULL,
	        XML(TWO_NAMENODES PROP("dfs.nameservice.id", "c1")
	                    PROP("dfs.ha.namenode.id", "${env.NN}")),
	        NULL);
	world_add_env(&world, "NN", "nn1");
	world_must_load(&world);
	assert_str_is(config_address(world.config, CONFIG_KEY_DFS_NAMENODE_RPC_ADDRESS).host,
	              "host1");
	world_finish(&world);
}

static void the_only_nameservice_is_the_own_one(void **state)
{
	struct world world = {0};

	(void)state;
	add_all(&world, NULL,
	        XML(PROP("dfs.nameservices", "c1") PROP("dfs.namenode.rpc-address.c1", "h:1")),
	        NULL);
	world_must_load(&world);
	assert_str_is(config_address(world.config, CONFIG_KEY_DFS_NAMENODE_RPC_ADDRESS).host, "h");
	world_finish(&world);
}

static void values_of_other_ids_can_be_asked_for(void **state)
{
	struct world world = {.nameservice = "c1", .namenode = "nn1"};
	struct config_address address;
	struct str list;
	struct str item;

	(void)state;
	add_all(&world, NULL, XML(TWO_NAMENODES), NULL);
	world_must_load(&world);
	assert_true(config_scoped_address(world.config, CONFIG_KEY_DFS_NAMENODE_RPC_ADDRESS,
	                                  STR("c1"), STR("nn2"), &address));
	assert_str_is(address.host, "host2");
	assert_true(config_scoped_address(world.config, CONFIG_KEY_DFS_NAMENODE_RPC_ADDRESS,
	                                  STR("c2"), STR(""), &address));
	assert_int_equal(address.port, 8022);
	assert_false(config_scoped_address(world.config, CONFIG_KEY_DFS_NAMENODE_SERVICERPC_ADDRESS,
	                                   STR("c1"), STR("nn2"), &address));
	assert_str_is(
	        config_scoped_str(world.config, CONFIG_KEY_DFS_HA_ZKFC_PORT, STR("c1"), STR("nn2")),
	        "8019");
	list = config_scoped_str(world.config, CONFIG_KEY_DFS_HA_NAMENODES, STR("c1"), STR(""));
	assert_true(config_next_item(&list, &item));
	assert_str_is(item, "nn1");
	assert_true(config_next_item(&list, &item));
	assert_str_is(item, "nn2");
	assert_false(config_next_item(&list, &item));
	world_finish(&world);
}

static void ids_that_nobody_declares_are_refused(void **state)
{
	struct world world = {0};

	(void)state;
	add_all(&world, NULL, XML(TWO_NAMENODES PROP("dfs.ha.namenodes.c3", "a,b")), NULL);
	world_must_refuse(&world, "dfs.ha.namenodes.c3 is for the nameservice \"c3\", which is not "
	                          "in dfs.nameservices");
	world_finish(&world);

	add_all(&world, NULL, XML(TWO_NAMENODES PROP("dfs.namenode.rpc-address.c1.nn3", "h:1")),
	        NULL);
	world_must_load(&world);
	world_must_report(&world, "warning: dfs.namenode.rpc-address.c1.nn3 is for the namenode "
	                          "\"nn3\", which is not in dfs.ha.namenodes.c1");
	world_finish(&world);
}

static void names_of_alluxios_masters_are_declared_by_their_own_list(void **state)
{
	struct world world = {0};

	(void)state;
	world_add_override(&world, "alluxio.master.nameservices.c=a,b");
	world_add_override(&world, "alluxio.master.rpc.address.c.a=m1:1");
	world_must_load(&world);
	assert_int_equal(world.report.severity_count[CONFIG_WARNING], 0);
	world_finish(&world);

	world = (struct world){0};
	world_add_override(&world, "alluxio.master.nameservices.c=a,b");
	world_add_override(&world, "alluxio.master.rpc.address.c.x=m1:1");
	world_must_load(&world);
	world_must_report(&world, "is for the namenode \"x\", which is not in "
	                          "alluxio.master.nameservices.c");
	world_finish(&world);
}

static void own_ids_that_nobody_declares_are_refused(void **state)
{
	struct world world = {0};

	(void)state;
	add_all(&world, NULL, XML(TWO_NAMENODES PROP("dfs.nameservice.id", "c3")), NULL);
	world_must_refuse(&world,
	                  "/c/hdfs-site.xml:10: error: dfs.nameservice.id: the own id \"c3\" "
	                  "is not in dfs.nameservices (c1,c2)");
	world_finish(&world);

	world = (struct world){.nameservice = "c1", .namenode = "nn7"};
	add_all(&world, NULL, XML(TWO_NAMENODES), NULL);
	world_must_refuse(&world,
	                  "dfs.ha.namenode.id: error: dfs.ha.namenode.id: the own id \"nn7\" "
	                  "is not in dfs.ha.namenodes (nn1,nn2)");
	world_finish(&world);
}

static void a_wrong_value_of_another_namenode_is_refused_too(void **state)
{
	struct world world = {.nameservice = "c2"};

	(void)state;
	add_all(&world, NULL, XML(TWO_NAMENODES PROP("dfs.ha.zkfc.port.c1.nn1", "99999")), NULL);
	world_must_refuse(&world, "dfs.ha.zkfc.port.c1.nn1: \"99999\" is too large");
	world_finish(&world);
}

static void a_merely_known_name_may_carry_suffixes(void **state)
{
	struct world world = {0};

	(void)state;
	add_all(&world, NULL,
	        XML(TWO_NAMENODES PROP("dfs.namenode.lifeline.rpc-address.c1.nn1", "h:1")), NULL);
	world_must_load(&world);
	world_must_report(&world, "dfs.namenode.lifeline.rpc-address.c1.nn1 has no effect");
	world_finish(&world);
}

static void references_see_the_own_form(void **state)
{
	struct world world = {.nameservice = "c1", .namenode = "nn2"};

	(void)state;
	add_all(&world, NULL,
	        XML(TWO_NAMENODES PROP("dfs.datanode.data.dir", "${dfs.namenode.name.dir}/data")),
	        NULL);
	world_must_load(&world);
	assert_str_is(config_item(world.config, CONFIG_KEY_DFS_DATANODE_DATA_DIR, 0),
	              "/of/nn2/data");
	world_finish(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(defaults_need_no_files),
	        cmocka_unit_test(stronger_sources_replace_weaker_ones),
	        cmocka_unit_test(files_that_disagree_are_reported_with_both_places),
	        cmocka_unit_test(an_override_is_no_disagreement),
	        cmocka_unit_test(a_final_property_is_replaced_by_nothing),
	        cmocka_unit_test(an_older_name_sets_the_present_one),
	        cmocka_unit_test(folders_of_the_environment_are_both_read),
	        cmocka_unit_test(a_file_of_a_stronger_kind_beats_the_stronger_folder),
	        cmocka_unit_test(a_folder_that_is_named_twice_is_read_once),
	        cmocka_unit_test(the_named_folder_counts_alone),
	        cmocka_unit_test(an_empty_folder_is_refused_when_it_was_named),
	        cmocka_unit_test(a_file_that_cannot_be_read_is_an_error),
	        cmocka_unit_test(an_override_without_a_value_is_refused),
	        cmocka_unit_test(the_origin_of_a_value_is_known),
	        cmocka_unit_test(the_most_specific_form_counts_for_the_own_ids),
	        cmocka_unit_test(own_ids_may_stand_in_the_files),
	        cmocka_unit_test(the_only_nameservice_is_the_own_one),
	        cmocka_unit_test(values_of_other_ids_can_be_asked_for),
	        cmocka_unit_test(ids_that_nobody_declares_are_refused),
	        cmocka_unit_test(names_of_alluxios_masters_are_declared_by_their_own_list),
	        cmocka_unit_test(own_ids_that_nobody_declares_are_refused),
	        cmocka_unit_test(a_wrong_value_of_another_namenode_is_refused_too),
	        cmocka_unit_test(a_merely_known_name_may_carry_suffixes),
	        cmocka_unit_test(references_see_the_own_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
