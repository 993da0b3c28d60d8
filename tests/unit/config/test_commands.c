/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the commands print.
 */
#include "unit/config/world.h"

#include <libgen.h>

#include "config/commands.h"

static void load_sample(struct world *world)
{
	world->conf_dir = "/c";
	world_add_file(world, "/c/hdfs-site.xml",
	               XML(PROP("dfs.replication", "2") PROP("fs.s3a.secret.key", "hush")
	                           PROP("dfs.ha.fencing.methods", "sshfence\nshell(/x)")));
	world_add_file(world, "/c/alluxio-site.properties",
	               "alluxio.master.hostname=m1\nyarn.x=${alluxio.master.hostname}\n"
	               "alluxio.work.dir=/w\n");
	world_add_override(world, "dfs.blocksize=1m");
	world_must_load(world);
}

static void text_has(const struct world *world, const char *expected)
{
	struct str text = buf_str(&world->text);

	if (memmem(text.data, text.size, expected, strlen(expected)) == NULL)
		fail_msg("expected '%s' in:\n%.*s", expected, STR_ARGS(text));
}

static void list_shows_values_and_where_they_stand(void **state)
{
	struct world world = {0};

	(void)state;
	load_sample(&world);
	config_list(world.config, &world.text);
	text_has(&world, "\ndfs.replication=2 (/c/hdfs-site.xml:2)\n");
	text_has(&world, "\ndfs.blocksize=1m (-D)\n");
	text_has(&world, "\ndfs.checksum.type=CRC32C (default)\n");
	text_has(&world, "\nalluxio.master.journal.folder=/w/journal (default)\n");
	text_has(&world, "\nyarn.x=m1 (/c/alluxio-site.properties:2)\n");
	text_has(&world, "\ndfs.ha.fencing.methods=sshfence\\nshell(/x) (/c/hdfs-site.xml:4)\n");
	world_finish(&world);
}

static void list_hides_secrets(void **state)
{
	struct world world = {0};

	(void)state;
	load_sample(&world);
	config_list(world.config, &world.text);
	text_has(&world, "\nfs.s3a.secret.key=(hidden) (/c/hdfs-site.xml:3)\n");
	world_finish(&world);
}

static void list_is_sorted_and_has_each_name_once(void **state)
{
	struct world world = {0};
	struct str before = {0};
	struct str rest;
	size_t lines = 0;

	(void)state;
	load_sample(&world);
	config_list(world.config, &world.text);
	for (rest = buf_str(&world.text); rest.size > 0; lines++) {
		const char *end = memchr(rest.data, '\n', rest.size);
		const char *equals = memchr(rest.data, '=', rest.size);
		struct str name = str_make(rest.data, (size_t)(equals - rest.data));

		assert_true(lines == 0 || str_compare(before, name) < 0);
		before = name;
		rest.size -= (size_t)(end + 1 - rest.data);
		rest.data = end + 1;
	}
	assert_true(lines > 100);
	world_finish(&world);
}

static void get_prints_the_value_alone(void **state)
{
	static const struct {
		const char *name;
		const char *value;
	} cases[] = {
	        {"dfs.replication", "2\n"},
	        {"dfs.block.size", "1m\n"}, /* its older name */
	        {"dfs.checksum.type", "CRC32C\n"},
	        {"alluxio.master.journal.folder", "/w/journal\n"},
	        {"dfs.namenode.handler.count", "10\n"}, /* merely known: its default there */
	        {"dfs.namenode.rpc-address", "\n"},
	        {"yarn.x", "m1\n"},
	        {"fs.s3a.secret.key", "hush\n"},
	        {"dfs.ha.fencing.methods", "sshfence\nshell(/x)\n"},
	};
	struct world world = {0};

	(void)state;
	load_sample(&world);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		buf_clear(&world.text);
		assert_int_equal(config_get(world.config, str_of(cases[i].name), &world.text), 0);
		assert_str_is(buf_str(&world.text), cases[i].value);
	}
	buf_clear(&world.text);
	assert_int_equal(config_get(world.config, STR("dfs.replicaton"), &world.text),
	                 -ERR_NOT_FOUND);
	assert_int_equal(world.text.size, 0);
	world_finish(&world);
}

static void explain_says_all_there_is_to_know(void **state)
{
	struct world world = {0};

	(void)state;
	load_sample(&world);
	assert_int_equal(config_explain(world.config, STR("dfs.heartbeat.interval"), &world.text),
	                 0);
	assert_str_is(buf_str(&world.text), "dfs.heartbeat.interval=3s (default)\n"
	                                    "type     duration\n"
	                                    "unit     a bare number is in seconds\n"
	                                    "allowed  1s to 1h\n"
	                                    "default  3s\n"
	                                    "meaning  How often a worker reports.\n");
	buf_clear(&world.text);
	assert_int_equal(
	        config_explain(world.config, STR("dfs.namenode.handler.count"), &world.text), 0);
	assert_str_is(buf_str(&world.text), "dfs.namenode.handler.count=10 (default)\n"
	                                    "meaning  It has no effect in Holdfast.\n");
	assert_int_equal(config_explain(world.config, STR("made.up"), &world.text), -ERR_NOT_FOUND);
	world_finish(&world);
}

static void check_ends_with_a_verdict(void **state)
{
	struct world world = {0};

	(void)state;
	load_sample(&world);
	assert_true(config_check(&world.report, &world.text));
	text_has(&world, "/c/hdfs-site.xml:3: note: fs.s3a.secret.key has no effect\n");
	text_has(&world, "\nconfiguration can be used: 0 errors, 0 warnings, 2 notes\n");
	world_finish(&world);
}

static void check_shows_everything_at_once_and_errors_last(void **state)
{
	struct world world = {.conf_dir = "/c"};

	(void)state;
	world_add_file(&world, "/c/hdfs-site.xml",
	               XML(PROP("dfs.replication", "0") PROP("dfs.blocksize", "-1")
	                           PROP("dfs.made.up", "1") PROP("dfs.hosts", "/h")));
	assert_int_equal(world_load(&world), -ERR_INVALID);
	assert_false(config_check(&world.report, &world.text));
	assert_str_is(
	        buf_str(&world.text),
	        "/c/hdfs-site.xml:5: note: dfs.hosts has no effect\n"
	        "/c/hdfs-site.xml:4: warning: unknown property dfs.made.up\n"
	        "/c/hdfs-site.xml:2: error: dfs.replication: \"0\" must not be zero; allowed: 1 to "
	        "512, for example 3\n"
	        "/c/hdfs-site.xml:3: error: dfs.blocksize: \"-1\" is negative; allowed: 512B to "
	        "1TB, "
	        "for example 128MB\n"
	        "configuration is refused: 2 errors, 1 warning, 1 note\n");
	world_finish(&world);
}

/* The manual's page is committed; regenerate it with `holdfast config docs > docs/properties.md`.
 */
static void the_committed_page_is_what_docs_prints(void **state)
{
	struct buf printed = {0};
	struct buf committed = {0};
	char source[] = __FILE__;
	char path[4096];
	char bytes[4096];
	size_t size;
	FILE *file;

	(void)state;
	snprintf(path, sizeof(path), "%s/../../../docs/properties.md", dirname(source));
	file = fopen(path, "r");
	assert_non_null(file);
	while ((size = fread(bytes, 1, sizeof(bytes), file)) > 0)
		buf_append(&committed, bytes, size);
	fclose(file);
	config_docs(&printed);
	if (!str_equal(buf_str(&printed), buf_str(&committed)))
		fail_msg("docs/properties.md is not what `holdfast config docs` prints");
	buf_finish(&printed);
	buf_finish(&committed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(list_shows_values_and_where_they_stand),
	        cmocka_unit_test(list_hides_secrets),
	        cmocka_unit_test(list_is_sorted_and_has_each_name_once),
	        cmocka_unit_test(get_prints_the_value_alone),
	        cmocka_unit_test(explain_says_all_there_is_to_know),
	        cmocka_unit_test(check_ends_with_a_verdict),
	        cmocka_unit_test(check_shows_everything_at_once_and_errors_last),
	        cmocka_unit_test(the_committed_page_is_what_docs_prints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
