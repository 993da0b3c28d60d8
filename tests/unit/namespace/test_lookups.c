/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Look-ups of one turn go their ways together.  What one of them keeps in the cache of directories
 * must not outlive the directory's name; nor may a whole way that is remembered outlive any name or
 * right on it.
 */
#include "ns_testing.h"

enum { TOGETHER = 4 };

/* All of `path`, at once. */
static void look_together(struct bench *bench, const char *path, int want)
{
	struct ns_caller caller = caller_of("bob");
	struct ns_lookup lookups[TOGETHER];

	for (int i = 0; i < TOGETHER; i++)
		lookups[i] = (struct ns_lookup){.path = str_of(path), .caller = &caller};
	ns_lookup(bench->ns, lookups, TOGETHER, &bench->arena);
	for (int i = 0; i < TOGETHER; i++)
		assert_int_equal(lookups[i].rc, want);
}

static void a_directory_that_several_found_at_once_can_be_renamed(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	assert_int_equal(do_mkdirs(&bench, "root", "/d/a/x", 0755), 0);
	look_together(&bench, "/d/a/x", 0);
	assert_int_equal(do_rename2(&bench, "root", "/d/a", "/d/b", false), 0);
	look_together(&bench, "/d/a/x", -ERR_NOT_FOUND);
	look_together(&bench, "/d/b/x", 0);
	bench_close(&bench);
}

static void a_directory_that_several_found_at_once_can_be_closed_to_them(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	assert_int_equal(do_mkdirs(&bench, "root", "/d/a/x", 0755), 0);
	look_together(&bench, "/d/a/x", 0);
	assert_int_equal(do_set_permission(&bench, "root", "/d/a", 0700), 0);
	look_together(&bench, "/d/a/x", -ERR_PERMISSION);
	bench_close(&bench);
}

static void a_directory_that_several_found_at_once_can_be_deleted_and_made_again(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	assert_int_equal(do_mkdirs(&bench, "root", "/d/a/x", 0755), 0);
	look_together(&bench, "/d/a/x", 0);
	assert_int_equal(do_delete(&bench, "root", "/d/a", true), 0);
	look_together(&bench, "/d/a/x", -ERR_NOT_FOUND);
	assert_int_equal(do_mkdirs(&bench, "root", "/d/a", 0755), 0);
	assert_int_equal(do_mkdirs(&bench, "root", "/d/a/y", 0755), 0);
	look_together(&bench, "/d/a/x", -ERR_NOT_FOUND);
	look_together(&bench, "/d/a/y", 0);
	bench_close(&bench);
}

static void a_way_ends_when_a_directory_high_up_is_renamed(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	assert_int_equal(do_mkdirs(&bench, "root", "/a/b/c/d/x", 0755), 0);
	look_together(&bench, "/a/b/c/d/x", 0);
	look_together(&bench, "/a/b/c/d/x", 0);
	assert_int_equal(do_rename2(&bench, "root", "/a/b", "/a/z", false), 0);
	look_together(&bench, "/a/b/c/d/x", -ERR_NOT_FOUND);
	look_together(&bench, "/a/z/c/d/x", 0);
	assert_int_equal(do_mkdirs(&bench, "root", "/a/b/c/d/y", 0755), 0);
	look_together(&bench, "/a/b/c/d/x", -ERR_NOT_FOUND);
	look_together(&bench, "/a/z/c/d/y", -ERR_NOT_FOUND);
	bench_close(&bench);
}

static void a_way_ends_when_a_directory_high_up_is_closed(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	assert_int_equal(do_mkdirs(&bench, "root", "/a/b/c/d/x", 0755), 0);
	look_together(&bench, "/a/b/c/d/x", 0);
	assert_int_equal(do_set_permission(&bench, "root", "/a", 0700), 0);
	look_together(&bench, "/a/b/c/d/x", -ERR_PERMISSION);
	bench_close(&bench);
}

static void a_way_that_is_open_to_one_is_not_open_to_all(void **state)
{
	struct bench bench;

	(void)state;
	bench_open(&bench);
	assert_int_equal(do_mkdirs(&bench, "root", "/a/b/c/d/x", 0755), 0);
	assert_int_equal(do_set_permission(&bench, "root", "/a/b", 0700), 0);
	assert_true(exists(&bench, "/a/b/c/d/x"));
	assert_int_equal(look(&bench, "bob", "/a/b/c/d/x", NULL), -ERR_PERMISSION);
	assert_text(&bench, "Permission denied: user=bob, access=EXECUTE, "
	                    "inode=\"/a/b\":root:supergroup:drwx------");
	assert_true(exists(&bench, "/a/b/c/d/x"));
	bench_close(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_directory_that_several_found_at_once_can_be_renamed),
	        cmocka_unit_test(a_directory_that_several_found_at_once_can_be_closed_to_them),
	        cmocka_unit_test(
	                a_directory_that_several_found_at_once_can_be_deleted_and_made_again),
	        cmocka_unit_test(a_way_ends_when_a_directory_high_up_is_renamed),
	        cmocka_unit_test(a_way_ends_when_a_directory_high_up_is_closed),
	        cmocka_unit_test(a_way_that_is_open_to_one_is_not_open_to_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
