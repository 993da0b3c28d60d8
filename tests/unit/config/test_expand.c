/* SPDX-License-Identifier: Apache-2.0 */
/*
 * References in values.
 */
#include "unit/config/world.h"

#include "config/expand.h"

struct expanded {
	struct world world; /* environment */
	struct config_map map;
	struct config_report report;
	struct buf text;
	struct config_expansion result;
};

static void begin(struct expanded *x)
{
	*x = (struct expanded){0};
	config_map_init(&x->map);
	config_report_init(&x->report);
}

static void set(struct expanded *x, const char *name, const char *value)
{
	struct config_place place = {.file = STR("f"), .line = 1};

	assert_int_equal(config_map_set(&x->map, &place, str_of(name), str_of(value),
	                                /* is_final: */ false, &x->report),
	                 0);
}

static void expand(struct expanded *x, const char *text)
{
	struct config_reader reader = {.get_env = world_get_env, .context = &x->world};

	buf_clear(&x->text);
	assert_int_equal(
	        config_expand(&x->map, &reader, STR("start"), str_of(text), &x->text, &x->result),
	        0);
}

static void becomes(struct expanded *x, const char *text, const char *expected)
{
	expand(x, text);
	assert_false(x->result.is_refused);
	assert_str_is(buf_str(&x->text), expected);
}

static void finish(struct expanded *x)
{
	config_map_finish(&x->map);
	config_report_finish(&x->report);
	buf_finish(&x->text);
}

static void a_reference_becomes_the_value(void **state)
{
	struct expanded x;

	(void)state;
	begin(&x);
	set(&x, "a", "1");
	set(&x, "b", "<${a}>");
	becomes(&x, "${a}", "1");
	becomes(&x, "x${b}y${a}z", "x<1>y1z");
	becomes(&x, "", "");
	finish(&x);
}

static void a_default_is_a_value(void **state)
{
	struct expanded x;

	(void)state;
	begin(&x);
	becomes(&x, "${dfs.replication}", "3");
	becomes(&x, "${dfs.namenode.delegation.token.renew-interval}", "86400000");
	set(&x, "alluxio.home", "/h");
	becomes(&x, "${alluxio.work.dir}/journal", "/h/journal");
	finish(&x);
}

static void an_older_name_is_followed(void **state)
{
	struct expanded x;

	(void)state;
	begin(&x);
	set(&x, "fs.defaultFS", "hdfs://c");
	becomes(&x, "${fs.default.name}/x", "hdfs://c/x");
	finish(&x);
}

static void the_environment_is_asked(void **state)
{
	struct expanded x;

	(void)state;
	begin(&x);
	world_add_env(&x.world, "A", "1");
	world_add_env(&x.world, "EMPTY", "");
	world_add_env(&x.world, "HOME", "/home/u");
	world_add_env(&x.world, "USER", "u");
	becomes(&x, "${env.A}", "1");
	becomes(&x, "${env.A-d}${env.A:-d}", "11");
	becomes(&x, "${env.EMPTY-d}", "");
	becomes(&x, "${env.EMPTY:-d}", "d");
	becomes(&x, "${env.NONE-d}${env.NONE:-e}", "de");
	becomes(&x, "${env.NONE-}", "");
	becomes(&x, "/tmp/hadoop-${user.name}", "/tmp/hadoop-u");
	becomes(&x, "${user.home}:${java.io.tmpdir}", "/home/u:/tmp");
	finish(&x);
}

static void the_innermost_reference_goes_first(void **state)
{
	struct expanded x;

	(void)state;
	begin(&x);
	world_add_env(&x.world, "WHICH", "b");
	set(&x, "dir.a", "/a");
	set(&x, "dir.b", "/b");
	set(&x, "home", "/home");
	becomes(&x, "${dir.${env.WHICH}}", "/b");
	becomes(&x, "${env.NONE:-${home}/x}", "/home/x");
	finish(&x);
}

static void what_is_not_set_stays_as_it_is(void **state)
{
	struct expanded x;

	(void)state;
	begin(&x);
	becomes(&x, "x${nothing}y${env.NOTHING}", "x${nothing}y${env.NOTHING}");
	assert_string_equal(x.result.unset, "nothing");
	becomes(&x, "shell(/fence --host=$target_host)", "shell(/fence --host=$target_host)");
	assert_string_equal(x.result.unset, "");
	finish(&x);
}

static void what_is_no_reference_stays_as_it_is(void **state)
{
	static const char *const texts[] = {"${",     "}", "${}", "$a}", "a{b}", "${a b}",
	                                    "${a$b}", "$", "$$",  "${a", "}${"};
	struct expanded x;

	(void)state;
	begin(&x);
	set(&x, "a", "1");
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		becomes(&x, texts[i], texts[i]);
		assert_string_equal(x.result.unset, "");
	}
	finish(&x);
}

static void a_circle_is_refused_with_its_way(void **state)
{
	struct expanded x;

	(void)state;
	begin(&x);
	set(&x, "a", "${b}");
	set(&x, "b", "x${c}");
	set(&x, "c", "${a}");
	expand(&x, "${a}");
	assert_true(x.result.is_refused);
	assert_string_equal(x.result.why, "the references go in a circle: start > a > b > c > a");
	expand(&x, "${start}");
	assert_false(x.result.is_refused);
	set(&x, "start", "${start}");
	expand(&x, "${start}");
	assert_string_equal(x.result.why, "the references go in a circle: start > start");
	finish(&x);
}

/* r0 leads to r1 leads to ... leads to the last one, which is a plain text. */
static void set_chain(struct expanded *x, int count)
{
	char name[16];
	char value[16];

	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "r%d", i);
		snprintf(value, sizeof(value), i == count - 1 ? "end" : "${r%d}", i + 1);
		set(x, name, value);
	}
}

static void twenty_levels_are_enough(void **state)
{
	struct expanded x;

	(void)state;
	begin(&x);
	set_chain(&x, 19);
	becomes(&x, "${r0}", "end");
	finish(&x);
	begin(&x);
	set_chain(&x, 20);
	expand(&x, "${r0}");
	assert_true(x.result.is_refused);
	assert_non_null(
	        strstr(x.result.why, "the references are more than 20 deep: start > r0 > "));
	finish(&x);
}

static void growth_is_refused(void **state)
{
	struct expanded x;
	char name[16];
	char value[64];

	(void)state;
	begin(&x);
	set(&x, "r0", "0123456789");
	for (int i = 1; i < 18; i++) {
		snprintf(name, sizeof(name), "r%d", i);
		snprintf(value, sizeof(value), "${r%d}${r%d}${r%d}${r%d}", i - 1, i - 1, i - 1,
		         i - 1);
		set(&x, name, value);
	}
	expand(&x, "${r17}");
	assert_true(x.result.is_refused);
	assert_non_null(strstr(x.result.why, "more than 1000 references"));
	assert_true(x.text.size <= 2 * CONFIG_VALUE_BYTES_MAX);

	finish(&x);
}

static void length_is_refused(void **state)
{
	static char value[CONFIG_VALUE_BYTES_MAX / 2 + 1];
	struct expanded x;

	(void)state;
	begin(&x);
	memset(value, 'v', sizeof(value) - 1);
	set(&x, "half", value);
	expand(&x, "${half}${half}");
	assert_false(x.result.is_refused);
	expand(&x, "${half}${half}+${half}");
	assert_true(x.result.is_refused);
	assert_non_null(strstr(x.result.why, "the references make it longer than 64KB"));
	finish(&x);
}

/* What loading makes of it. */
static void unset_references_stop_what_is_no_text(void **state)
{
	struct world world = {0};

	(void)state;
	world_add_override(&world, "alluxio.work.dir=${nowhere}/w");
	world_must_refuse(&world, "-D: error: alluxio.work.dir refers to ${nowhere}, which is not "
	                          "set");
	world_finish(&world);

	world_add_override(&world, "dfs.ha.fencing.methods=shell(/fence ${target_host})");
	world_must_load(&world);
	world_must_report(&world, "warning: dfs.ha.fencing.methods refers to ${target_host}, which "
	                          "is not set and stays as it is written");
	assert_str_is(config_str(world.config, CONFIG_KEY_DFS_HA_FENCING_METHODS),
	              "shell(/fence ${target_host})");
	world_finish(&world);

	world_add_override(&world, "mapreduce.map.java.opts=${what.ever}");
	world_must_load(&world);
	assert_int_equal(world.report.count, 0);
	world_finish(&world);
}

static void a_circle_stops_the_load(void **state)
{
	struct world world = {0};

	(void)state;
	world_add_override(&world, "alluxio.home=${alluxio.work.dir}");
	world_must_refuse(&world, "-D: error: alluxio.home: the references go in a circle: "
	                          "alluxio.home > alluxio.work.dir > alluxio.home");
	world_finish(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_reference_becomes_the_value),
	        cmocka_unit_test(a_default_is_a_value),
	        cmocka_unit_test(an_older_name_is_followed),
	        cmocka_unit_test(the_environment_is_asked),
	        cmocka_unit_test(the_innermost_reference_goes_first),
	        cmocka_unit_test(what_is_not_set_stays_as_it_is),
	        cmocka_unit_test(what_is_no_reference_stays_as_it_is),
	        cmocka_unit_test(a_circle_is_refused_with_its_way),
	        cmocka_unit_test(twenty_levels_are_enough),
	        cmocka_unit_test(growth_is_refused),
	        cmocka_unit_test(length_is_refused),
	        cmocka_unit_test(unset_references_stop_what_is_no_text),
	        cmocka_unit_test(a_circle_stops_the_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
