/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rights below a directory that is too large to be asked in one turn: checked in slices, trusted as
 * long as nothing changed what the check found.
 */
#include "ns_testing.h"

enum { FILES = 1100 };

/* /t, which bob may clear, with more in it than is asked on the spot. */
static void open_with_large(struct bench *bench)
{
	char path[64];

	bench_open(bench);
	do_set_permission(bench, "root", "/", 0777);
	do_mkdirs(bench, "root", "/t", 0777);
	do_mkdirs(bench, "root", "/t/sub", 0777);
	for (int i = 0; i < FILES; i++) {
		snprintf(path, sizeof(path), "/t/sub/f%04d", i);
		make_file(bench, path);
	}
}

static struct command delete_of(const char *path, uint64_t checked_index)
{
	struct command command = {.kind = ENTRY_delete,
	                          .delete = {.path = str_of(path),
	                                     .recursive = true,
	                                     .checked_index = checked_index}};

	as_user(&command, "bob");
	return command;
}

/* Runs a check to its end in steps; *ret_steps may be NULL. */
static int check_all(struct bench *bench, const char *user, const char *path, unsigned action,
                     uint64_t *ret_index, unsigned *ret_steps)
{
	struct ns_caller caller = caller_of(user);
	struct ns_rights_check *check;
	unsigned steps = 0;
	int rc;

	check = ns_rights_check_begin(bench->ns, &caller, str_of(path), action, &bench->arena,
	                              &bench->result.message, &rc);
	if (check == NULL)
		return rc;
	do {
		steps++;
		rc = ns_rights_check_step(check, 100, &bench->arena, &bench->result.message,
		                          ret_index);
	} while (rc > 0);
	ns_rights_check_end(check);
	if (ret_steps != NULL)
		*ret_steps = steps;
	return rc;
}

static void a_large_tree_is_deleted_only_with_a_check(void **state)
{
	struct command command = delete_of("/t", 0);
	struct ns_result result;
	uint64_t index = 0;
	struct bench b;

	(void)state;
	open_with_large(&b);
	ns_check(b.ns, &command, NULL, &b.arena, &result);
	assert_int_equal(result.rc, -ERR_AGAIN);
	assert_int_equal(bench_apply(&b, &command), -ERR_CHANGED);
	assert_true(exists(&b, "/t"));
	assert_int_equal(check_all(&b, "bob", "/t", 7, &index, NULL), 0);
	assert_int_equal(index, ns_applied(b.ns));
	command.delete.checked_index = index;
	ns_check(b.ns, &command, NULL, &b.arena, &result);
	assert_int_equal(result.rc, 0);
	assert_int_equal(bench_apply(&b, &command), 0);
	assert_false(exists(&b, "/t"));
	bench_close(&b);
}

static void a_superuser_needs_no_check(void **state)
{
	struct command command = delete_of("/t", 0);
	uint64_t index = 77;
	struct bench b;

	(void)state;
	open_with_large(&b);
	assert_int_equal(check_all(&b, "root", "/t", 7, &index, NULL), 0);
	assert_int_equal(index, 77);
	as_user(&command, "root");
	assert_int_equal(bench_apply(&b, &command), 0);
	bench_close(&b);
}

static void equal_rights_below_are_known_without_a_walk(void **state)
{
	unsigned steps = 0;
	uint64_t index = 0;
	struct bench b;

	(void)state;
	open_with_large(&b);
	assert_int_equal(check_all(&b, "bob", "/t", 7, &index, &steps), 0);
	assert_int_equal(steps, 1);
	/* doubt begins when the top changes, and ends when what is below follows */
	do_set_permission(&b, "root", "/t", 0775);
	do_set_permission(&b, "root", "/t", 0777);
	assert_int_equal(check_all(&b, "bob", "/t", 7, &index, &steps), 0);
	assert_true(steps > 5);
	do_set_permission(&b, "root", "/t/sub", 0775);
	do_set_permission(&b, "root", "/t/sub", 0777);
	assert_int_equal(check_all(&b, "bob", "/t", 7, &index, &steps), 0);
	assert_int_equal(steps, 1);
	bench_close(&b);
}

static void the_walk_finds_what_may_not_be_cleared(void **state)
{
	uint64_t index;
	struct bench b;

	(void)state;
	open_with_large(&b);
	do_mkdirs(&b, "root", "/t/sub/x/y", 0777);
	do_set_permission(&b, "root", "/t/sub/x", 0755);
	assert_int_equal(check_all(&b, "bob", "/t", 7, &index, NULL), -ERR_PERMISSION);
	assert_text(&b, "Permission denied: user=bob, access=ALL, "
	                "inode=\"/t/sub/x\":root:supergroup:drwxr-xr-x");
	/* y is empty, so it is not asked */
	do_set_permission(&b, "root", "/t/sub/x", 0777);
	do_set_permission(&b, "root", "/t/sub/x/y", 0);
	assert_int_equal(check_all(&b, "bob", "/t", 7, &index, NULL), 0);
	/* a sum asks it */
	assert_int_equal(check_all(&b, "bob", "/t", 5, &index, NULL), -ERR_PERMISSION);
	bench_close(&b);
}

static void the_walk_sees_the_instant_of_its_beginning(void **state)
{
	struct ns_caller bob = caller_of("bob");
	struct command command;
	struct ns_rights_check *check;
	uint64_t index = 0;
	int rc;
	struct bench b;

	(void)state;
	open_with_large(&b);
	do_mkdirs(&b, "root", "/t/sub/x/y", 0777);
	do_set_permission(&b, "root", "/t/sub", 01777);
	do_set_owner(&b, "root", "/t/sub", "bob", "");
	check = ns_rights_check_begin(b.ns, &bob, STR("/t"), 7, &b.arena, &b.result.message, &rc);
	assert_non_null(check);
	assert_int_equal(ns_rights_check_step(check, 1, &b.arena, &b.result.message, &index), 1);
	do_set_permission(&b, "root", "/t/sub/x", 0);
	do {
		rc = ns_rights_check_step(check, 50, &b.arena, &b.result.message, &index);
	} while (rc > 0);
	assert_int_equal(rc, 0);
	ns_rights_check_end(check);
	/* so the entry that relies on it is refused */
	command = delete_of("/t", index);
	assert_int_equal(bench_apply(&b, &command), -ERR_CHANGED);
	bench_close(&b);
}

/* What happened after the check at `index`; then the delete may rely on it, or not. */
static void assert_check_is_good(struct bench *bench, uint64_t index, bool is_good)
{
	struct command command = delete_of("/t", index);
	struct ns_result result;

	ns_check(bench->ns, &command, NULL, &bench->arena, &result);
	assert_int_equal(result.rc, is_good ? 0 : -ERR_CHANGED);
}

static void only_what_a_walk_would_find_spoils_a_check(void **state)
{
	uint64_t index = 0;
	struct bench b;

	(void)state;
	open_with_large(&b);
	do_mkdirs(&b, "root", "/t/odd", 0700);
	do_mkdirs(&b, "root", "/other", 0700);
	make_file(&b, "/other/f");
	do_mkdirs(&b, "root", "/moved", 0777);
	assert_int_equal(check_all(&b, "bob", "/t", 7, &index, NULL), 0);
	/* files come and go, empty directories come, others' rights change */
	make_file(&b, "/t/new");
	do_delete(&b, "root", "/t/new", false);
	do_mkdirs(&b, "root", "/t/empty", 0);
	do_set_permission(&b, "root", "/other", 0);
	do_set_permission(&b, "root", "/t/sub/f0001", 0);
	do_mkdirs(&b, "root", "/t/sub/same/below", 0777);
	assert_check_is_good(&b, index, true);
	/* something comes into an empty directory that nobody asked */
	make_file(&b, "/t/odd/f");
	assert_check_is_good(&b, index, false);
	do_delete(&b, "root", "/t/odd", true);
	assert_int_equal(check_all(&b, "bob", "/t", 7, &index, NULL), 0);
	/* a directory's mode */
	do_set_permission(&b, "root", "/t/sub", 0776);
	assert_check_is_good(&b, index, false);
	do_set_permission(&b, "root", "/t/sub", 0777);
	assert_int_equal(check_all(&b, "bob", "/t", 7, &index, NULL), 0);
	/* its owner */
	do_set_owner(&b, "root", "/t/sub", "alice", "");
	assert_check_is_good(&b, index, false);
	assert_int_equal(check_all(&b, "bob", "/t", 7, &index, NULL), 0);
	/* a tree that moves in */
	assert_int_equal(do_rename(&b, "root", "/other", "/t"), 0);
	assert_check_is_good(&b, index, false);
	do_delete(&b, "root", "/t/other", true);
	assert_int_equal(check_all(&b, "bob", "/t", 7, &index, NULL), 0);
	/* an empty one that moves in */
	assert_int_equal(do_rename(&b, "root", "/moved", "/t"), 0);
	assert_check_is_good(&b, index, true);
	bench_close(&b);
}

static void a_strangers_file_in_a_sticky_directory_spoils_a_check(void **state)
{
	uint64_t index = 0;
	struct bench b;

	(void)state;
	open_with_large(&b);
	do_set_permission(&b, "root", "/t/sub", 0777);
	do_mkdirs(&b, "bob", "/t/sticky", 01777);
	do_create(&b, "bob", "/t/sticky/mine", "h", 1);
	assert_int_equal(check_all(&b, "bob", "/t", 7, &index, NULL), 0);
	do_create(&b, "bob", "/t/sticky/mine2", "h", 1);
	assert_check_is_good(&b, index, true);
	do_create(&b, "alice", "/t/sticky/hers", "h", 1);
	assert_check_is_good(&b, index, false);
	/* bob owns the sticky directory, so he may still */
	assert_int_equal(check_all(&b, "bob", "/t", 7, &index, NULL), 0);
	do_set_owner(&b, "root", "/t/sticky/mine", "carl", "");
	assert_check_is_good(&b, index, false);
	bench_close(&b);
}

static void checks_are_good_after_a_load(void **state)
{
	struct bench b;
	struct bench copy = {0};
	uint64_t index = 0;

	(void)state;
	open_with_large(&b);
	assert_int_equal(check_all(&b, "bob", "/t", 7, &index, NULL), 0);
	make_file(&b, "/t/sub/later");
	copy.ns = copy_by_records(ns_hold(b.ns), 1000);
	arena_init(&copy.arena, 0);
	assert_check_is_good(&copy, index, true);
	do_set_permission(&b, "root", "/t/sub", 0770);
	ns_destroy(copy.ns);
	copy.ns = copy_by_records(ns_hold(b.ns), 1000);
	assert_check_is_good(&copy, index, false);
	bench_close(&copy);
	bench_close(&b);
}

static void a_hold_remembers_when_rights_last_changed(void **state)
{
	struct ns_hold *hold;
	struct namespace *copy;
	struct bench b;

	(void)state;
	open_with_large(&b);
	do_set_permission(&b, "root", "/t/sub", 0770);
	hold = ns_hold(b.ns);
	do_set_permission(&b, "root", "/t/sub", 0777);
	do_mkdirs(&b, "root", "/t/later", 0);
	do_delete(&b, "root", "/t", true);
	while (b.result.left_to_reclaim > 0)
		do_reclaim(&b, 1000);
	copy = copy_by_records(hold, 500); /* its digest would differ otherwise */
	ns_destroy(copy);
	bench_close(&b);
}

static void a_summary_of_unequal_rights_asks_for_a_check(void **state)
{
	struct ns_caller bob = caller_of("bob");
	struct ns_summary summary;
	uint64_t index;
	struct bench b;

	(void)state;
	open_with_large(&b);
	assert_int_equal(
	        ns_content_summary(b.ns, &bob, STR("/t"), &b.arena, &b.result.message, &summary),
	        0);
	assert_int_equal(summary.files, FILES);
	do_mkdirs(&b, "root", "/t/x", 0755);
	assert_int_equal(
	        ns_content_summary(b.ns, &bob, STR("/t"), &b.arena, &b.result.message, &summary),
	        -ERR_AGAIN);
	assert_int_equal(check_all(&b, "bob", "/t", 5, &index, NULL), 0);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_large_tree_is_deleted_only_with_a_check),
	        cmocka_unit_test(a_superuser_needs_no_check),
	        cmocka_unit_test(equal_rights_below_are_known_without_a_walk),
	        cmocka_unit_test(the_walk_finds_what_may_not_be_cleared),
	        cmocka_unit_test(the_walk_sees_the_instant_of_its_beginning),
	        cmocka_unit_test(only_what_a_walk_would_find_spoils_a_check),
	        cmocka_unit_test(a_strangers_file_in_a_sticky_directory_spoils_a_check),
	        cmocka_unit_test(checks_are_good_after_a_load),
	        cmocka_unit_test(a_hold_remembers_when_rights_last_changed),
	        cmocka_unit_test(a_summary_of_unequal_rights_asks_for_a_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
