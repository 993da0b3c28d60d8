/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The XML dialect.
 */
#include "unit/config/world.h"

#include "config/readers.h"

struct parsed {
	struct config_map map;
	struct config_report report;
};

static void parse_file(struct parsed *parsed, const char *file, struct str text,
                       struct world *world)
{
	struct config_reader files = {.read_file = world_read_file, .context = world};

	config_map_init(&parsed->map);
	config_report_init(&parsed->report);
	assert_int_equal(config_read_xml(&parsed->map, &files, str_of(file), text, &parsed->report),
	                 0);
}

static void parse_str(struct parsed *parsed, struct str text)
{
	struct world nothing = {0};

	parse_file(parsed, "f", text, &nothing);
}

static void parse(struct parsed *parsed, const char *text)
{
	parse_str(parsed, str_of(text));
}

static void finish(struct parsed *parsed)
{
	config_map_finish(&parsed->map);
	config_report_finish(&parsed->report);
}

static void value_is(const struct parsed *parsed, const char *name, const char *value)
{
	const struct config_entry *entry = config_map_find(&parsed->map, str_of(name));

	assert_non_null(entry);
	assert_str_is(entry->value, value);
}

/* Refused; the first line of the report begins with `why`. */
static void is_refused(const char *text, const char *place, const char *why)
{
	struct parsed parsed;

	parse(&parsed, text);
	assert_int_equal(parsed.report.severity_count[CONFIG_ERROR], 1);
	assert_str_is(parsed.report.rows[0].place, place);
	assert_true(str_starts_with(parsed.report.rows[0].text, str_of(why)));
	finish(&parsed);
}

static void properties_are_elements_or_attributes(void **state)
{
	struct parsed parsed;

	(void)state;
	parse(&parsed, "<?xml version=\"1.0\"?>\n"
	               "<?xml-stylesheet type=\"text/xsl\" href=\"configuration.xsl\"?>\n"
	               "<!-- comment --><configuration>\n"
	               "<property>\n <name> a </name>\n <value> 1 </value>\n"
	               " <description>x <b>y</b></description> <source>z</source></property>\n"
	               "<property name='b' value='2' final='true'/>\n"
	               "<property name='c'><value>3</value></property>\n"
	               "</configuration>\n");
	assert_int_equal(parsed.report.count, 0);
	assert_int_equal(parsed.map.count, 3);
	value_is(&parsed, "a", "1");
	value_is(&parsed, "b", "2");
	value_is(&parsed, "c", "3");
	assert_false(config_map_find(&parsed.map, STR("a"))->is_final);
	assert_true(config_map_find(&parsed.map, STR("b"))->is_final);
	assert_int_equal(config_map_find(&parsed.map, STR("a"))->place.line, 5);
	finish(&parsed);
}

static void text_is_put_together(void **state)
{
	struct parsed parsed;

	(void)state;
	parse(&parsed, XML(PROP("a", "x<!-- c -->y<![CDATA[<&>]]>z&lt;&#233;")));
	value_is(&parsed, "a", "xy<&>z<\xc3\xa9");
	finish(&parsed);
	parse(&parsed, XML(PROP("m", "\nsshfence\nshell(/bin/true)\n")));
	value_is(&parsed, "m", "sshfence\nshell(/bin/true)");
	finish(&parsed);
}

static void a_configuration_may_contain_others(void **state)
{
	struct parsed parsed;

	(void)state;
	parse(&parsed, XML(XML(PROP("a", "1")) PROP("b", "2")));
	assert_int_equal(parsed.report.count, 0);
	assert_int_equal(parsed.map.count, 2);
	finish(&parsed);
}

static void only_the_word_true_makes_final(void **state)
{
	static const char *const others[] = {"TRUE", " true ", "yes"};
	struct parsed parsed;

	(void)state;
	parse(&parsed, XML(FINAL_PROP("a", "1") "<property><name>b</name><value>1</value>"
	                                        "<final>false</final></property>"));
	assert_true(config_map_find(&parsed.map, STR("a"))->is_final);
	assert_false(config_map_find(&parsed.map, STR("b"))->is_final);
	assert_int_equal(parsed.report.count, 0);
	finish(&parsed);
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		struct buf text = {0};

		buf_append_format(&text, XML("<property name='a' value='1' final='%s'/>"),
		                  others[i]);
		parse_str(&parsed, buf_str(&text));
		assert_false(config_map_find(&parsed.map, STR("a"))->is_final);
		assert_str_is(parsed.report.rows[0].text,
		              "<final> is neither true nor false and does not count");
		finish(&parsed);
		buf_finish(&text);
	}
}

/* As Hadoop has it. */
static void an_empty_element_is_no_value(void **state)
{
	struct parsed parsed;

	(void)state;
	parse(&parsed,
	      XML(PROP("a", "1") PROP("a", "") "<property><name>a</name><value/></property>\n"
	                                       "<property><name>a</name></property>\n"
	                                       "<property name='b' value=''/>\n"
	                                       "<property><value>1</value></property>\n"));
	assert_int_equal(parsed.map.count, 2);
	value_is(&parsed, "a", "1");
	value_is(&parsed, "b", "");
	assert_int_equal(parsed.report.severity_count[CONFIG_NOTE], 3);
	assert_int_equal(parsed.report.severity_count[CONFIG_WARNING], 1);
	assert_str_is(parsed.report.rows[0].place, "f:3");
	assert_str_is(parsed.report.rows[0].text, "a <property> without a value does not count");
	assert_str_is(parsed.report.rows[3].text, "a <property> without a name does not count");
	finish(&parsed);
}

static void a_misspelt_element_gets_a_warning(void **state)
{
	struct parsed parsed;

	(void)state;
	parse(&parsed, XML("<propery><name>a</name><value>1</value></propery>" PROP("b", "2")));
	assert_int_equal(parsed.map.count, 1);
	assert_str_is(parsed.report.rows[0].text, "<propery> is not <property> and does not count");
	finish(&parsed);
}

static void other_documents_are_refused(void **state)
{
	(void)state;
	is_refused("<html></html>", "f:1", "the outermost element is not <configuration>");
	is_refused("", "f:1", "is not well-formed XML: ");
	is_refused("a=b\n", "f:1", "is not well-formed XML: ");
	is_refused("<configuration>\n<property>\n</configuration>", "f:3",
	           "is not well-formed XML: ");
}

static void a_property_inside_a_property_is_refused(void **state)
{
	(void)state;
	is_refused(XML("<property><name>a</name><property/></property>"), "f:2",
	           "a <property> begins inside another one");
	is_refused(XML("<property><description><property/></description></property>"), "f:2",
	           "a <property> begins inside another one");
}

static void entities_are_refused_before_they_can_grow(void **state)
{
	static const char *const why = "the document declares an entity, which is not supported: "
	                               "write its text where it is used";

	(void)state;
	is_refused("<!DOCTYPE c [\n<!ENTITY a \"aaaa\">\n<!ENTITY b \"&a;&a;&a;&a;\">\n]>\n"
	           "<configuration/>",
	           "f:2", why);
	is_refused("<!DOCTYPE c [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>"
	           "<configuration><property><name>a</name><value>&x;</value></property>"
	           "</configuration>",
	           "f:1", why);
	is_refused("<!DOCTYPE c [<!ENTITY % x SYSTEM \"http://h/x.dtd\"> %x;]><configuration/>",
	           "f:1", why);
}

static void an_undeclared_entity_is_refused(void **state)
{
	(void)state;
	is_refused(XML(PROP("a", "&x;")), "f:2", "is not well-formed XML: ");
	is_refused("<!DOCTYPE c SYSTEM \"x.dtd\">" XML(PROP("a", "&x;")), "f:2",
	           "the document uses an entity that it does not declare");
}

#define INCLUDE(href, inside)                                                                      \
	"<xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"" href "\">" inside       \
	"</xi:include>\n"
#define FALLBACK(properties) "<xi:fallback>" properties "</xi:fallback>"

static void an_included_file_stands_in_its_place(void **state)
{
	struct world world = {0};
	struct parsed parsed;

	(void)state;
	world_add_file(&world, "/c/near.xml", XML(PROP("a", "near") INCLUDE("deep/x.xml", "")));
	world_add_file(&world, "/c/deep/x.xml", XML(PROP("b", "deep") FINAL_PROP("c", "deep")));
	world_add_file(&world, "/far.xml", XML(PROP("d", "far")));
	parse_file(&parsed, "/c/f.xml",
	           STR(XML(PROP("a", "1") PROP("b", "1") INCLUDE("near.xml", "") PROP("b", "2")
	                           PROP("c", "2") INCLUDE("file:///far.xml", ""))),
	           &world);
	assert_int_equal(parsed.report.severity_count[CONFIG_ERROR], 0);
	value_is(&parsed, "a", "near");
	value_is(&parsed, "b", "2");
	value_is(&parsed, "c", "deep");
	value_is(&parsed, "d", "far");
	assert_str_is(config_map_find(&parsed.map, STR("c"))->place.file, "/c/deep/x.xml");
	finish(&parsed);
}

static void a_fallback_counts_when_the_file_is_missing(void **state)
{
	struct world world = {0};
	struct parsed parsed;

	(void)state;
	world_add_file(&world, "/c/here.xml", XML(PROP("a", "file")));
	parse_file(&parsed, "/c/f.xml",
	           STR(XML(INCLUDE("here.xml", FALLBACK(PROP("a", "fallback") PROP("x", "1")))
	                           INCLUDE("gone.xml", FALLBACK(PROP("b", "fallback")))
	                                   PROP("c", "after"))),
	           &world);
	assert_int_equal(parsed.report.count, 0);
	assert_int_equal(parsed.map.count, 3);
	value_is(&parsed, "a", "file");
	value_is(&parsed, "b", "fallback");
	value_is(&parsed, "c", "after");
	finish(&parsed);
}

static void an_include_that_cannot_be_is_refused(void **state)
{
	(void)state;
	is_refused(XML(INCLUDE("gone.xml", "")), "f:2", "the included file is not there");
	is_refused(XML(INCLUDE("http://h/x.xml", "")), "f:2",
	           "only a file of this machine can be included");
	is_refused(XML(INCLUDE("", "")), "f:2", "an <include> without href");
	is_refused(XML("<include/>"), "f:2", "an <include> without href");
	is_refused(XML(INCLUDE("gone", FALLBACK(INCLUDE("gone", "")))), "f:2",
	           "an <include> inside another one");
}

static void a_file_that_includes_itself_is_refused(void **state)
{
	struct world world = {0};
	struct parsed parsed;

	(void)state;
	world_add_file(&world, "/c/f.xml", XML(INCLUDE("f.xml", "")));
	parse_file(&parsed, "/c/f.xml", STR(XML(INCLUDE("f.xml", ""))), &world);
	assert_int_equal(parsed.report.severity_count[CONFIG_ERROR], 1);
	assert_true(str_starts_with(parsed.report.rows[0].text, STR("more than 100 files")));
	finish(&parsed);
}

static void what_is_wrong_in_an_included_file_is_said_with_its_place(void **state)
{
	struct world world = {0};
	struct parsed parsed;

	(void)state;
	world_add_file(&world, "/c/bad.xml", "<configuration>\n<property>");
	world_add_file(&world, "/c/locked.xml", "");
	world.files[1].error = -ERR_ACCESS;
	parse_file(&parsed, "/c/f.xml", STR(XML(INCLUDE("bad.xml", "") INCLUDE("locked.xml", ""))),
	           &world);
	assert_int_equal(parsed.report.severity_count[CONFIG_ERROR], 2);
	assert_str_is(parsed.report.rows[0].place, "/c/bad.xml:2");
	assert_str_is(parsed.report.rows[1].place, "/c/f.xml:3");
	assert_true(str_starts_with(parsed.report.rows[1].text,
	                            STR("/c/locked.xml can not be included: ")));
	finish(&parsed);
}

static void deep_nesting_is_refused(void **state)
{
	struct parsed parsed;
	struct buf text = {0};

	(void)state;
	for (int i = 0; i < 100000; i++)
		buf_append_str(&text, STR("<configuration>"));
	parse_str(&parsed, buf_str(&text));
	assert_str_is(parsed.report.rows[0].text, "elements are nested more than 64 deep");
	finish(&parsed);
	buf_finish(&text);
}

static void a_giant_value_is_refused(void **state)
{
	struct parsed parsed;
	struct buf text = {0};

	(void)state;
	buf_append_str(&text, STR("<configuration><property><name>a</name><value>"));
	for (int i = 0; i < 70000; i++)
		buf_append_u8(&text, 'a');
	parse_str(&parsed, buf_str(&text));
	assert_str_is(parsed.report.rows[0].text, "the value of a property is longer than 64KB");
	finish(&parsed);
	buf_finish(&text);
}

static void other_encodings_are_read(void **state)
{
	static const char latin1[] = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>"
	                             "<configuration><property name=\"a\" value=\"\xe9\"/>"
	                             "</configuration>";
	static const char marked[] = "\xef\xbb\xbf<configuration><property name=\"a\" value=\"1\"/>"
	                             "</configuration>";
	struct parsed parsed;

	(void)state;
	parse(&parsed, latin1);
	value_is(&parsed, "a", "\xc3\xa9");
	finish(&parsed);
	parse(&parsed, marked);
	value_is(&parsed, "a", "1");
	finish(&parsed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(properties_are_elements_or_attributes),
	        cmocka_unit_test(text_is_put_together),
	        cmocka_unit_test(a_configuration_may_contain_others),
	        cmocka_unit_test(only_the_word_true_makes_final),
	        cmocka_unit_test(an_empty_element_is_no_value),
	        cmocka_unit_test(a_misspelt_element_gets_a_warning),
	        cmocka_unit_test(other_documents_are_refused),
	        cmocka_unit_test(a_property_inside_a_property_is_refused),
	        cmocka_unit_test(entities_are_refused_before_they_can_grow),
	        cmocka_unit_test(an_undeclared_entity_is_refused),
	        cmocka_unit_test(an_included_file_stands_in_its_place),
	        cmocka_unit_test(a_fallback_counts_when_the_file_is_missing),
	        cmocka_unit_test(an_include_that_cannot_be_is_refused),
	        cmocka_unit_test(a_file_that_includes_itself_is_refused),
	        cmocka_unit_test(what_is_wrong_in_an_included_file_is_said_with_its_place),
	        cmocka_unit_test(deep_nesting_is_refused),
	        cmocka_unit_test(a_giant_value_is_refused),
	        cmocka_unit_test(other_encodings_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
