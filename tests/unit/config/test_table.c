/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables themselves: every row makes sense, and the names of others are there.
 */
#include "unit/config/world.h"

#include <ctype.h>

#include "config/names.h"
#include "config/table.h"
#include "config/value.h"

static const char *const ids[] = {
#define PROPERTY(id, name, spec, readers, status, doc) #id,
#include "config/properties.def"
#undef PROPERTY
};

static const struct {
	struct str name;
	struct str text;
} known_hadoop[] =
        {
#define KNOWN(name, text) {STR(name), STR(text)},
#include "config/known_hadoop.def"
},
  known_alluxio[] =
          {
#include "config/known_alluxio.def"
},
  aliases[] = {
#define ALIAS(old, new) {STR(old), STR(new)},
#include "config/aliases.def"
};

static const struct str templates[] = {
#define TEMPLATE(pattern) STR(pattern),
#include "config/known_templates.def"
};

static void an_id_is_its_name_in_capitals(void **state)
{
	(void)state;
	for (enum config_key key = 0; key < CONFIG_KEY_COUNT; key++) {
		char id[CONFIG_NAME_BYTES_MAX];
		struct str name = config_property(key)->name;

		for (size_t i = 0; i < name.size; i++)
			id[i] = (char)(isalnum((unsigned char)name.data[i])
			                       ? toupper((unsigned char)name.data[i])
			                       : '_');
		id[name.size] = '\0';
		assert_string_equal(ids[key], id);
	}
}

static void a_name_stands_once(void **state)
{
	(void)state;
	for (enum config_key key = 0; key < CONFIG_KEY_COUNT; key++)
		assert_int_equal(config_property_find(config_property(key)->name), key);
}

static void a_name_is_its_present_one(void **state)
{
	(void)state;
	for (enum config_key key = 0; key < CONFIG_KEY_COUNT; key++) {
		struct str name = config_property(key)->name;

		assert_str_is(config_name_canonical(name), name.data);
	}
}

static void every_row_says_something(void **state)
{
	(void)state;
	for (enum config_key key = 0; key < CONFIG_KEY_COUNT; key++) {
		const struct config_property *property = config_property(key);
		size_t size = strlen(property->doc);

		assert_true(property->readers != 0);
		assert_true(size > 10 && property->doc[size - 1] == '.');
		if (property->type == CONFIG_DURATION)
			assert_true(property->unit > 0);
	}
}

static void ranges_and_zero_agree(void **state)
{
	(void)state;
	for (enum config_key key = 0; key < CONFIG_KEY_COUNT; key++) {
		const struct config_property *property = config_property(key);

		if (property->type != CONFIG_INT && property->type != CONFIG_BYTES &&
		    property->type != CONFIG_DURATION)
			continue;
		assert_true(property->min < property->max);
		if (property->zero == CONFIG_ZERO_REFUSED && property->min <= 0)
			fail_msg("%s: zero is refused and in the range", property->name.data);
		if (property->zero == CONFIG_ZERO_LITERAL && property->min > 0)
			fail_msg("%s: zero is a number and out of the range", property->name.data);
	}
}

/* With everything set that defaults may refer to. */
static void every_default_is_taken_by_its_own_row(void **state)
{
	struct world world = {0};

	(void)state;
	world_add_env(&world, "USER", "u");
	world_must_load(&world);
	for (enum config_key key = 0; key < CONFIG_KEY_COUNT; key++) {
		const struct config_property *property = config_property(key);

		if (config_has(world.config, key) != (property->default_text != NULL))
			fail_msg("%s has no default", property->name.data);
	}
	world_finish(&world);
}

static void every_example_is_taken_by_its_own_row(void **state)
{
	struct config_map map;

	(void)state;
	config_map_init(&map);
	for (enum config_key key = 0; key < CONFIG_KEY_COUNT; key++) {
		const struct config_property *property = config_property(key);
		struct config_value value;
		const char *why;

		if (config_value_parse(&map, property, str_of(config_property_example(property)),
		                       &value, &why) != 0)
			fail_msg("%s: the example %s", property->name.data, why);
	}
	config_map_finish(&map);
}

static void tables_of_names_are_sorted(void **state)
{
	(void)state;
	for (size_t i = 1; i < COUNT_OF(known_hadoop); i++)
		assert_true(str_compare(known_hadoop[i - 1].name, known_hadoop[i].name) < 0);
	for (size_t i = 1; i < COUNT_OF(known_alluxio); i++)
		assert_true(str_compare(known_alluxio[i - 1].name, known_alluxio[i].name) < 0);
	for (size_t i = 1; i < COUNT_OF(aliases); i++)
		assert_true(str_compare(aliases[i - 1].name, aliases[i].name) < 0);
	for (size_t i = 1; i < COUNT_OF(templates); i++)
		assert_true(str_compare(templates[i - 1], templates[i]) < 0);
}

static void an_older_name_leads_to_a_name_that_is_known(void **state)
{
	struct str ignored;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(aliases); i++) {
		struct str present = aliases[i].text;

		assert_str_is(config_name_canonical(present), present.data);
		if (config_property_find(present) == CONFIG_KEY_COUNT &&
		    !config_name_known(present, &ignored) && !config_name_templated(present))
			fail_msg("%s is not known", present.data);
	}
}

/* An unknown name there stops the start, so no name of Hadoop or Alluxio may be left to a table
 * that cannot check its value. */
static void families_that_are_whole_have_their_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(known_hadoop); i++) {
		if (config_name_family(known_hadoop[i].name) == CONFIG_FAMILY_WHOLE &&
		    config_property_find(known_hadoop[i].name) == CONFIG_KEY_COUNT)
			fail_msg("%s has no row", known_hadoop[i].name.data);
	}
	for (size_t i = 0; i < COUNT_OF(known_alluxio); i++) {
		if (config_name_family(known_alluxio[i].name) == CONFIG_FAMILY_WHOLE &&
		    config_property_find(known_alluxio[i].name) == CONFIG_KEY_COUNT)
			fail_msg("%s has no row", known_alluxio[i].name.data);
	}
}

/* As in a site file that somebody made from the default files. */
static void every_known_name_with_its_default_starts(void **state)
{
	struct world world = {.conf_dir = "/c"};
	struct buf text = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(known_hadoop); i++) {
		if (known_hadoop[i].text.size > 0)
			buf_append_format(&text, "%s=%s\n", known_hadoop[i].name.data,
			                  known_hadoop[i].text.data);
	}
	for (size_t i = 0; i < COUNT_OF(known_alluxio); i++) {
		if (known_alluxio[i].text.size > 0)
			buf_append_format(&text, "%s=%s\n", known_alluxio[i].name.data,
			                  known_alluxio[i].text.data);
	}
	buf_append_u8(&text, '\0');
	world_add_env(&world, "USER", "u");
	world_add_file(&world, "/c/alluxio-site.properties", (const char *)text.data);
	world_must_load(&world);
	if (world.report.severity_count[CONFIG_WARNING] > 0)
		fail_msg("%s", world_report(&world));
	world_finish(&world);
	buf_finish(&text);
}

static void the_tables_are_of_the_size_of_their_sources(void **state)
{
	(void)state;
	/* core-default.xml of Hadoop 3.4 has 462 names and hdfs-default.xml 635; Alluxio 2.9 has
	 * 876 and 44 templates. */
	assert_true(COUNT_OF(known_hadoop) > 1050);
	assert_true(COUNT_OF(known_alluxio) > 850);
	assert_true(COUNT_OF(templates) > 43);
}

static void rows_can_be_walked_in_order(void **state)
{
	enum config_key key = config_property_next((struct str){0});
	size_t count = 0;

	(void)state;
	while (key != CONFIG_KEY_COUNT) {
		struct str name = config_property(key)->name;

		count++;
		key = config_property_next(name);
		if (key != CONFIG_KEY_COUNT)
			assert_true(str_compare(name, config_property(key)->name) < 0);
	}
	assert_int_equal(count, CONFIG_KEY_COUNT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(an_id_is_its_name_in_capitals),
	        cmocka_unit_test(a_name_stands_once),
	        cmocka_unit_test(a_name_is_its_present_one),
	        cmocka_unit_test(every_row_says_something),
	        cmocka_unit_test(ranges_and_zero_agree),
	        cmocka_unit_test(every_default_is_taken_by_its_own_row),
	        cmocka_unit_test(every_example_is_taken_by_its_own_row),
	        cmocka_unit_test(tables_of_names_are_sorted),
	        cmocka_unit_test(an_older_name_leads_to_a_name_that_is_known),
	        cmocka_unit_test(families_that_are_whole_have_their_rows),
	        cmocka_unit_test(every_known_name_with_its_default_starts),
	        cmocka_unit_test(the_tables_are_of_the_size_of_their_sources),
	        cmocka_unit_test(rows_can_be_walked_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
