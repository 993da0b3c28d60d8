/* SPDX-License-Identifier: Apache-2.0 */
/* Expected modes are those of Hadoop's shell, which wants a letter behind each operator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/fs.h"
#include "cli/fs_mode.h"

static uint32_t apply(const char *text, uint32_t mode, bool is_directory)
{
	uint32_t result;

	assert_true(fs_mode_apply(text, mode, is_directory, &result));
	return result;
}

static void octal_modes_replace(void **state)
{
	(void)state;
	assert_int_equal(apply("755", 0600, false), 0755);
	assert_int_equal(apply("1777", 0, true), 01777);
	assert_int_equal(apply("0644", 0777, false), 0644);
}

static void clauses_add_take_away_and_set(void **state)
{
	(void)state;
	assert_int_equal(apply("u+x,g-w,o=r", 0664, false), 0744);
	assert_int_equal(apply("a+r", 0, false), 0444);
	assert_int_equal(apply("+t", 0777, true), 01777);
	assert_int_equal(apply("-t", 01777, true), 0777);
	assert_int_equal(apply("ug=rw", 0, false), 0660);
}

static void big_x_is_for_directories_and_what_is_executable(void **state)
{
	(void)state;
	assert_int_equal(apply("a+X", 0644, false), 0644);
	assert_int_equal(apply("a+X", 0744, false), 0755);
	assert_int_equal(apply("a+X", 0644, true), 0755);
}

static void what_is_no_mode_is_refused(void **state)
{
	static const char *const bad[] = {"999",  "nope", "",    "u",   "u+", "8",
	                                  "2777", "u+q",  "go=", "u,x", "go="};
	uint32_t mode;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		if (fs_mode_apply(bad[i], 0644, false, &mode))
			fail_msg("'%s' was taken", bad[i]);
	}
}

static void patterns_match_as_hadoops_do(void **state)
{
	(void)state;
	assert_true(glob_matches(STR("part-0001"), "part-*"));
	assert_true(glob_matches(STR("a.txt"), "*.txt"));
	assert_true(glob_matches(STR("abab"), "*ab"));
	assert_false(glob_matches(STR("a.txt"), "*.zzz"));
	assert_true(glob_matches(STR("d1"), "d?"));
	assert_false(glob_matches(STR("d12"), "d?"));
	assert_true(glob_matches(STR("home"), "[dh]*"));
	assert_false(glob_matches(STR("user"), "[dh]*"));
	assert_true(glob_matches(STR("b"), "[^ac]"));
	assert_false(glob_matches(STR("a"), "[^ac]"));
	assert_true(glob_matches(STR("a*"), "a\\*"));
	assert_false(glob_matches(STR("ab"), "a\\*"));
	assert_true(glob_matches(STR(""), "*"));
	assert_true(glob_matches(STR("m"), "[k-p]"));
}

static void assert_problem(const char *component, const char *text)
{
	struct arena arena = {0};
	struct str problem;

	if (text == NULL) {
		assert_false(glob_problem(&arena, component, &problem));
	} else {
		assert_true(glob_problem(&arena, component, &problem));
		assert_true(str_equal(problem, str_of(text)));
	}
	arena_finish(&arena);
}

/* The texts are those of Hadoop's shell. */
static void what_is_wrong_with_a_pattern_is_named(void **state)
{
	(void)state;
	assert_problem("{a,b}[cd]*", NULL);
	assert_problem("\\{a\\[b", NULL);
	assert_problem("[]a]", NULL);
	assert_problem("[a-]", NULL);
	assert_problem("[x", "Unclosed character class at pos 2: `[x`");
	assert_problem("{a,{b}", "Unclosed group at pos 6: `{a,{b}`");
	assert_problem("a[]", "missing closing ]: `[]`");
	assert_problem("[]*", "missing closing ]: `[].*`");
	assert_problem("[z-a]", "invalid character class range: `z-a`");
	assert_problem("a\\", "Missing escaped character at pos 2: `a\\`");
}

static int add_alternative(void *context, const char *text)
{
	buf_append_format(context, "%s ", text);
	return 0;
}

static void assert_alternatives(const char *text, const char *want)
{
	struct buf all = {0};
	struct arena arena = {0};

	assert_int_equal(glob_alternatives(&arena, text, add_alternative, &all), 0);
	buf_append_u8(&all, 0);
	assert_string_equal((const char *)all.data, want);
	buf_finish(&all);
	arena_finish(&arena);
}

static void braces_are_written_out_nested_and_escaped(void **state)
{
	(void)state;
	assert_alternatives("/a", "/a ");
	assert_alternatives("/{a,b}/x", "/a/x /b/x ");
	assert_alternatives("/{a,b}{1,2}", "/a1 /a2 /b1 /b2 ");
	assert_alternatives("/{a,{b,c}d}", "/a /bd /cd ");
	assert_alternatives("/{a\\,b,c}", "/a\\,b /c ");
	assert_alternatives("/\\{a,b}", "/\\{a,b} ");
	assert_alternatives("/{a,b", "/{a,b ");
	assert_alternatives("/{,a}", "/a "); /* no name is empty */
	assert_alternatives("/x{,a}", "/x /xa ");
}

/* Outputs of Hadoop 3.4.3's shell for these sizes. */
static void sizes_to_read_have_hadoops_decimals(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
	        {0, "0"},
	        {1023, "1023"},
	        {1024, "1 K"},
	        {1025, "1.0 K"},
	        {1280, "1.3 K"}, /* 1.25: halves go up */
	        {1536, "1.5 K"},
	        {1048575, "1.0 M"}, /* not 1024.0 K */
	        {2097152, "2 M"},
	        {2097261, "2.0 M"},
	        {270553174016, "252.0 G"},
	        {(uint64_t)1 << 60, "1 E"},
	};
	char text[FS_SIZE_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_string_equal(fs_size_text(rows[i].bytes, true, text), rows[i].text);
	assert_string_equal(fs_size_text(2097152, false, text), "2097152");
}

static void assert_clean(const char *path, const char *want)
{
	struct arena arena = {0};
	struct str clean = {0};

	if (shell_clean(&arena, str_of(path), &clean) != (want != NULL))
		fail_msg("'%s' was taken or refused", path);
	if (want != NULL && !str_equal(clean, str_of(want)))
		fail_msg("'%s' became '%.*s'", path, STR_ARGS(clean));
	arena_finish(&arena);
}

static void paths_are_cleaned_as_hadoops(void **state)
{
	(void)state;
	assert_clean("/", "/");
	assert_clean("", "/");
	assert_clean("/a//b/", "/a/b");
	assert_clean("/a/./b", "/a/b");
	assert_clean("/a/../b", "/b");
	assert_clean("/a/..", "/");
	assert_clean("/..", NULL);
	assert_clean("/a/../../b", NULL);
	assert_clean("/...", "/...");
}

static void assert_relative(const char *path, const char *base, const char *want)
{
	struct arena arena = {0};
	struct str relative = shell_relative(&arena, str_of(path), str_of(base));

	if (!str_equal(relative, str_of(want)))
		fail_msg("'%s' from '%s' is '%.*s'", path, base, STR_ARGS(relative));
	arena_finish(&arena);
}

static void paths_are_shown_from_where_one_stands(void **state)
{
	(void)state;
	assert_relative("/user/me/a/b", "/user/me", "a/b");
	assert_relative("/user/me", "/user/me", ".");
	assert_relative("/user", "/user/me", "..");
	assert_relative("/", "/user/me", "../..");
	assert_relative("/user/men", "/user/me", "/user/men");
	assert_relative("/a", "/", "a");
}

static void parents_and_names_are_cut_at_the_last_slash(void **state)
{
	(void)state;
	assert_true(str_equal(shell_parent_of(STR("/a/b")), STR("/a")));
	assert_true(str_equal(shell_parent_of(STR("/a")), STR("/")));
	assert_true(str_equal(shell_name_of(STR("/a/b")), STR("b")));
	assert_true(str_equal(shell_name_of(STR("/")), STR("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(octal_modes_replace),
	        cmocka_unit_test(clauses_add_take_away_and_set),
	        cmocka_unit_test(big_x_is_for_directories_and_what_is_executable),
	        cmocka_unit_test(what_is_no_mode_is_refused),
	        cmocka_unit_test(patterns_match_as_hadoops_do),
	        cmocka_unit_test(what_is_wrong_with_a_pattern_is_named),
	        cmocka_unit_test(braces_are_written_out_nested_and_escaped),
	        cmocka_unit_test(sizes_to_read_have_hadoops_decimals),
	        cmocka_unit_test(paths_are_cleaned_as_hadoops),
	        cmocka_unit_test(paths_are_shown_from_where_one_stands),
	        cmocka_unit_test(parents_and_names_are_cut_at_the_last_slash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
