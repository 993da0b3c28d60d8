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
	static const char *const bad[] = {"999", "nope", "",    "u",    "u+",
	                                  "8",   "2777", "u+q", "u+x,", "go="};
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
	assert_true(fs_matches(STR("part-0001"), "part-*"));
	assert_true(fs_matches(STR("a.txt"), "*.txt"));
	assert_true(fs_matches(STR("abab"), "*ab"));
	assert_false(fs_matches(STR("a.txt"), "*.zzz"));
	assert_true(fs_matches(STR("d1"), "d?"));
	assert_false(fs_matches(STR("d12"), "d?"));
	assert_true(fs_matches(STR("home"), "[dh]*"));
	assert_false(fs_matches(STR("user"), "[dh]*"));
	assert_true(fs_matches(STR("b"), "[^ac]"));
	assert_false(fs_matches(STR("a"), "[^ac]"));
	assert_true(fs_matches(STR("a*"), "a\\*"));
	assert_false(fs_matches(STR("ab"), "a\\*"));
	assert_true(fs_matches(STR(""), "*"));
	assert_true(fs_matches(STR("m"), "[k-p]"));
}

static void parents_and_names_are_cut_at_the_last_slash(void **state)
{
	(void)state;
	assert_true(str_equal(fs_parent_of(STR("/a/b")), STR("/a")));
	assert_true(str_equal(fs_parent_of(STR("/a")), STR("/")));
	assert_true(str_equal(fs_name_of(STR("/a/b")), STR("b")));
	assert_true(str_equal(fs_name_of(STR("/")), STR("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(octal_modes_replace),
	        cmocka_unit_test(clauses_add_take_away_and_set),
	        cmocka_unit_test(big_x_is_for_directories_and_what_is_executable),
	        cmocka_unit_test(what_is_no_mode_is_refused),
	        cmocka_unit_test(patterns_match_as_hadoops_do),
	        cmocka_unit_test(parents_and_names_are_cut_at_the_last_slash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
