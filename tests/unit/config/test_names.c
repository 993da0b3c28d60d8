/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is said about a name.
 */
#include "unit/config/world.h"

#include "config/names.h"

static void is_refused(const char *override, const char *why)
{
	struct world world = {0};

	world_add_override(&world, override);
	world_must_refuse(&world, why);
	world_finish(&world);
}

/* Loads; the report is exactly `report`. */
static void is_taken(const char *override, const char *report)
{
	struct world world = {0};

	world_add_override(&world, override);
	world_must_load(&world);
	assert_string_equal(world_report(&world), report);
	world_finish(&world);
}

static void a_misspelt_name_of_a_whole_family_is_refused_with_the_nearest(void **state)
{
	(void)state;
	is_refused("holdfast.journal.sync.hangs=1s",
	           "-D: error: unknown property holdfast.journal.sync.hangs; did you mean "
	           "holdfast.journal.sync.hang?");
	is_refused("alluxio.master.journal.foldr=/j",
	           "did you mean alluxio.master.journal.folder?");
	is_refused("alluxio.master.embedded.journal.adresses=h",
	           "did you mean alluxio.master.embedded.journal.addresses?");
	is_refused("alluxio.master.backup.directroy=/b",
	           "did you mean alluxio.master.backup.directory?");
	is_refused("alluxio.master.daily.backup.enable=true",
	           "did you mean alluxio.master.daily.backup.enabled?");
	is_refused("alluxio.zookeeper.adress=h:1", "did you mean alluxio.zookeeper.address?");
	is_refused("dfs.ha.fencing.method=x", "did you mean dfs.ha.fencing.methods?");
	is_refused("ha.zookeeper.qourum=h:1", "did you mean ha.zookeeper.quorum?");
}

static void the_place_of_an_unknown_name_is_said(void **state)
{
	struct world world = {.conf_dir = "/c"};

	(void)state;
	world_add_file(&world, "/c/alluxio-site.properties", "\n\nalluxio.zookeeper.adress=h:1\n");
	world_must_refuse(&world, "/c/alluxio-site.properties:3: error: unknown property");
	world_finish(&world);
}

static void a_name_like_nothing_gets_no_suggestion(void **state)
{
	(void)state;
	is_refused("dfs.ha.completely.made.up.by.somebody=x",
	           "-D: error: unknown property dfs.ha.completely.made.up.by.somebody\n");
}

static void elsewhere_an_unknown_name_gets_a_warning(void **state)
{
	(void)state;
	is_taken("alluxio.worker.made.up.by.me=x",
	         "-D: warning: unknown property alluxio.worker.made.up.by.me\n");
	is_taken("dfs.replicaton=2",
	         "-D: warning: unknown property dfs.replicaton; did you mean dfs.replication?\n");
}

static void names_of_others_are_none_of_our_business(void **state)
{
	(void)state;
	is_taken("mapreduce.framework.name=yarn", "");
	is_taken("yarn.resourcemanager.hostname=rm", "");
	is_taken("fs.s3a.endpoint=s3", "-D: note: fs.s3a.endpoint has no effect\n");
	is_taken("fs.s3a.made.up=s3", "");
}

static void known_names_have_no_effect_and_it_is_said(void **state)
{
	(void)state;
	is_taken("dfs.namenode.handler.count=64",
	         "-D: note: dfs.namenode.handler.count has no effect\n");
	is_taken("alluxio.master.rpc.executor.max.pool.size=900",
	         "-D: note: alluxio.master.rpc.executor.max.pool.size has no effect\n");
	is_taken("alluxio.master.journal.tolerate.corruption=true",
	         "-D: note: alluxio.master.journal.tolerate.corruption has no effect\n");
}

static void families_that_operators_fill_in_are_known(void **state)
{
	(void)state;
	is_taken("alluxio.master.journal.ufs.option.alluxio.underfs.version=3.3",
	         "-D: note: alluxio.master.journal.ufs.option.alluxio.underfs.version has no "
	         "effect\n");
	is_taken("alluxio.master.embedded.journal.ratis.config.raft.server.rpc.request.timeout=1s",
	         "-D: note: alluxio.master.embedded.journal.ratis.config.raft.server.rpc.request."
	         "timeout has no effect\n");
	is_taken("alluxio.worker.tieredstore.level0.dirs.path=/mnt/ramdisk",
	         "-D: note: alluxio.worker.tieredstore.level0.dirs.path has no effect\n");
	is_taken("ipc.8020.callqueue.impl=x", "-D: note: ipc.8020.callqueue.impl has no effect\n");
	is_taken("hadoop.proxyuser.hive.hosts=*",
	         "-D: note: hadoop.proxyuser.hive.hosts has no effect\n");
	is_refused("alluxio.master.journal.ufs.option.=x", "unknown property");
}

static void a_star_stands_for_one_or_more_characters(void **state)
{
	(void)state;
	assert_true(config_name_templated(STR("alluxio.locality.node")));
	assert_false(config_name_templated(STR("alluxio.locality.")));
	assert_true(config_name_templated(STR("alluxio.master.zookeeper.address.ns.id")));
	assert_false(config_name_templated(STR("alluxio.master.zookeeper.address.ns")));
	assert_true(config_name_templated(STR("alluxio.master.mount.table.a.b.ufs")));
	assert_false(config_name_templated(STR("alluxio.master.mount.table..ufs")));
	assert_false(config_name_templated(STR("")));
}

static void suggestions_are_bounded(void **state)
{
	struct world world = {.conf_dir = "/c"};
	struct buf text = {0};

	(void)state;
	for (int i = 0; i < 5000; i++)
		buf_append_format(&text, "dfs.replication%d=1\n", i);
	buf_append_u8(&text, '\0');
	world_add_file(&world, "/c/alluxio-site.properties", (const char *)text.data);
	world_must_load(&world);
	assert_int_equal(world.report.severity_count[CONFIG_WARNING], 5000);
	assert_int_equal(world.report.count, 1000);
	world_must_report(&world, "\nand 4000 more\n");
	world_finish(&world);
	buf_finish(&text);
}

static void notes_leave_room_for_errors(void **state)
{
	struct world world = {.conf_dir = "/c"};
	struct buf text = {0};

	(void)state;
	for (int i = 0; i < 3000; i++)
		buf_append_format(&text, "hadoop.proxyuser.u%d.hosts=h\n", i);
	buf_append_str(&text, STR("holdfast.made.up=1\n"));
	buf_append_u8(&text, '\0');
	world_add_file(&world, "/c/alluxio-site.properties", (const char *)text.data);
	world_must_refuse(&world, "3001: error: unknown property holdfast.made.up");
	world_finish(&world);
	buf_finish(&text);
}

static void more_properties_than_the_limit_are_refused(void **state)
{
	struct world world = {.conf_dir = "/c"};
	struct buf text = {0};

	(void)state;
	for (int i = 0; i < 17000; i++)
		buf_append_format(&text, "x%d=1\n", i);
	buf_append_u8(&text, '\0');
	world_add_file(&world, "/c/alluxio-site.properties", (const char *)text.data);
	world_must_refuse(&world, "/c/alluxio-site.properties:16385: error: more than 16384 "
	                          "properties");
	world_finish(&world);
	buf_finish(&text);
}

static void secrets_are_recognised(void **state)
{
	(void)state;
	assert_true(config_name_secret(STR("hadoop.security.group.mapping.ldap.bind.password")));
	assert_true(config_name_secret(STR("fs.s3a.secret.key")));
	assert_true(config_name_secret(STR("fs.s3a.access.key")));
	assert_true(config_name_secret(STR("s3a.secretKey")));
	assert_true(config_name_secret(STR("aws.accessKeyId")));
	assert_true(config_name_secret(STR("fs.adl.account.x.oauth2.credential")));
	assert_true(config_name_secret(STR("fs.azure.account.key.x.dfs.core.windows.net")));
	assert_true(config_name_secret(STR("ha.zookeeper.auth")));
	assert_true(config_name_secret(STR("ha.zookeeper.auth.c1")));
	assert_false(config_name_secret(STR("dfs.replication")));
	assert_false(config_name_secret(STR("alluxio.zookeeper.auth.enabled")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_misspelt_name_of_a_whole_family_is_refused_with_the_nearest),
	        cmocka_unit_test(the_place_of_an_unknown_name_is_said),
	        cmocka_unit_test(a_name_like_nothing_gets_no_suggestion),
	        cmocka_unit_test(elsewhere_an_unknown_name_gets_a_warning),
	        cmocka_unit_test(names_of_others_are_none_of_our_business),
	        cmocka_unit_test(known_names_have_no_effect_and_it_is_said),
	        cmocka_unit_test(families_that_operators_fill_in_are_known),
	        cmocka_unit_test(a_star_stands_for_one_or_more_characters),
	        cmocka_unit_test(suggestions_are_bounded),
	        cmocka_unit_test(notes_leave_room_for_errors),
	        cmocka_unit_test(more_properties_than_the_limit_are_refused),
	        cmocka_unit_test(secrets_are_recognised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
