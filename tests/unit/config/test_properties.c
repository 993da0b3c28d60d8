/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The properties dialect.  What the texts mean was recorded from java.util.Properties (with blanks
 * at the ends of values cut off, as Alluxio does).
 */
#include "unit/config/world.h"

#include "config/readers.h"

struct parsed {
	struct config_map map;
	struct config_report report;
};

static void parse(struct parsed *parsed, const char *text)
{
	config_map_init(&parsed->map);
	config_report_init(&parsed->report);
	assert_int_equal(
	        config_read_properties(&parsed->map, STR("f"), str_of(text), &parsed->report), 0);
}

static void finish(struct parsed *parsed)
{
	config_map_finish(&parsed->map);
	config_report_finish(&parsed->report);
}

/* The map as "name=value" with a bar between two of them. */
static void text_means(const char *text, const char *expected)
{
	struct parsed parsed;
	struct buf got = {0};

	parse(&parsed, text);
	for (size_t i = 0; i < parsed.map.count; i++) {
		const struct config_entry *entry = parsed.map.entries[i];

		buf_append_format(&got, "%s%.*s=%.*s", i == 0 ? "" : "|", STR_ARGS(entry->name),
		                  STR_ARGS(entry->value));
	}
	assert_str_is(buf_str(&got), expected);
	buf_finish(&got);
	finish(&parsed);
}

static void name_and_value_are_apart_by_equals_colon_or_blanks(void **state)
{
	(void)state;
	text_means("a=1\nb:2\nc 3\nd\t4\n", "a=1|b=2|c=3|d=4");
	text_means("  a = 1  \n", "a=1");
	text_means("a==b", "a==b");
	text_means("a = = b", "a== b");
	text_means("a:=b", "a==b");
	text_means("\fa=1", "a=1");
	text_means("a=x\ty", "a=x\ty");
}

static void a_name_alone_has_an_empty_value(void **state)
{
	(void)state;
	text_means("cheeses", "cheeses=");
	text_means("key=", "key=");
}

static void lines_end_in_three_ways(void **state)
{
	(void)state;
	text_means("a=1\r\nb=2\rc=3", "a=1|b=2|c=3");
}

static void comments_begin_a_line_only(void **state)
{
	(void)state;
	text_means("# no\n! no\n  # no\na=#yes\n", "a=#yes");
	text_means("\\#a=1", "#a=1");
}

static void a_backslash_continues_a_line(void **state)
{
	(void)state;
	text_means("a=b \\\n   c\n", "a=b c");
	text_means("a=b\\\r\n   c\n", "a=bc");
	text_means("a=b\\\n#c\n", "a=b#c");
	text_means("a=b\\\n\nc=d", "a=b|c=d");
	text_means("a=b\\", "a=b");
	text_means("fruits    apple, banana, pear, \\\n                cantaloupe, watermelon, \\\n"
	           "                kiwi, mango",
	           "fruits=apple, banana, pear, cantaloupe, watermelon, kiwi, mango");
}

static void two_backslashes_continue_nothing(void **state)
{
	(void)state;
	text_means("a=b\\\\\nc=d\n", "a=b\\|c=d");
	text_means("a=C:\\\\dir\\\\sub", "a=C:\\dir\\sub");
}

static void a_lone_backslash_is_nothing(void **state)
{
	(void)state;
	text_means("  \\\n#b=1\nc=2", "c=2");
}

static void escapes_are_undone(void **state)
{
	(void)state;
	text_means("a\\=b\\:c\\ d=e", "a=b:c d=e");
	text_means("a=x\\t\\n\\r\\fx\\q", "a=x\t\n\r\fxq");
	text_means("a=\\u00e9\\u20AC", "a=\xc3\xa9\xe2\x82\xac");
	text_means("a=\\uD83D\\uDE00", "a=\xf0\x9f\x98\x80");
}

static void bytes_beyond_ascii_stay_as_they_are(void **state)
{
	(void)state;
	text_means("a=/d\xc3\xa9j\xc3\xa0", "a=/d\xc3\xa9j\xc3\xa0");
	text_means("a=\xe9", "a=\xe9");
}

static void the_last_of_two_counts_and_is_reported(void **state)
{
	struct parsed parsed;

	(void)state;
	text_means("a=1\na=2", "a=2");
	parse(&parsed, "a=1\n\na=2\n");
	assert_int_equal(parsed.report.count, 1);
	assert_str_is(parsed.report.rows[0].place, "f:3");
	assert_str_is(parsed.report.rows[0].text,
	              "a is \"2\" here and \"1\" in f:1; this one counts");
	finish(&parsed);
}

static void a_place_is_where_the_logical_line_begins(void **state)
{
	struct parsed parsed;
	const struct config_entry *entry;

	(void)state;
	parse(&parsed, "# comment\r\n\r\na=\\\r\n1\r\nb=2");
	entry = config_map_find(&parsed.map, STR("a"));
	assert_int_equal(entry->place.line, 3);
	entry = config_map_find(&parsed.map, STR("b"));
	assert_int_equal(entry->place.line, 5);
	finish(&parsed);
}

static void wrong_escapes_are_errors_and_the_rest_is_read(void **state)
{
	static const char *const wrong[] = {
	        "\\u", "\\u1", "\\u12g4", "\\uD83D", "\\uD83D\\u0041", "\\uDE00", "\\uD83Dx"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct parsed parsed;
		struct buf text = {0};

		buf_append_format(&text, "x=1\na=%s\ny=2\n", wrong[i]);
		buf_append_u8(&text, '\0');
		parse(&parsed, (const char *)text.data);
		assert_int_equal(parsed.report.severity_count[CONFIG_ERROR], 1);
		assert_str_is(parsed.report.rows[0].place, "f:2");
		assert_int_equal(parsed.map.count, 2);
		finish(&parsed);
		buf_finish(&text);
	}
}

static void a_zero_byte_is_an_error(void **state)
{
	struct parsed parsed;

	(void)state;
	parse(&parsed, "a=x\\u0000y");
	assert_int_equal(parsed.report.severity_count[CONFIG_ERROR], 1);
	assert_int_equal(parsed.map.count, 0);
	finish(&parsed);
}

static void names_and_values_are_bounded(void **state)
{
	static char text[70000];
	struct parsed parsed;

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	parse(&parsed, text);
	assert_str_is(parsed.report.rows[0].text,
	              "the name of a property is longer than 512 bytes");
	finish(&parsed);
	text[1] = '=';
	parse(&parsed, text);
	assert_str_is(parsed.report.rows[0].text, "the value of a property is longer than 64KB");
	finish(&parsed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(name_and_value_are_apart_by_equals_colon_or_blanks),
	        cmocka_unit_test(a_name_alone_has_an_empty_value),
	        cmocka_unit_test(lines_end_in_three_ways),
	        cmocka_unit_test(comments_begin_a_line_only),
	        cmocka_unit_test(a_backslash_continues_a_line),
	        cmocka_unit_test(two_backslashes_continue_nothing),
	        cmocka_unit_test(a_lone_backslash_is_nothing),
	        cmocka_unit_test(escapes_are_undone),
	        cmocka_unit_test(bytes_beyond_ascii_stay_as_they_are),
	        cmocka_unit_test(the_last_of_two_counts_and_is_reported),
	        cmocka_unit_test(a_place_is_where_the_logical_line_begins),
	        cmocka_unit_test(wrong_escapes_are_errors_and_the_rest_is_read),
	        cmocka_unit_test(a_zero_byte_is_an_error),
	        cmocka_unit_test(names_and_values_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
