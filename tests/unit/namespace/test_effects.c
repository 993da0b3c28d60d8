/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What commands change.  Modes, groups and times were read from an Apache Hadoop 3.4.3 NameNode
 * after the same calls.
 */
#include "ns_testing.h"

static struct ns_status status_of(struct bench *bench, const char *path)
{
	struct ns_status status;

	assert_int_equal(look(bench, "root", path, &status), 0);
	return status;
}

static void assert_is(struct bench *bench, const char *path, const char *owner, const char *group,
                      uint16_t mode)
{
	struct ns_status status = status_of(bench, path);

	assert_true(str_equal(status.owner, str_of(owner)));
	assert_true(str_equal(status.group, str_of(group)));
	assert_int_equal(status.mode, mode);
}

static void new_things_are_their_makers_and_of_the_directorys_group(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	do_mkdirs(&b, "root", "/s", 0777);
	do_set_owner(&b, "root", "/s", "", "dev");
	do_mkdirs(&b, "bob", "/s/bd/x", 0700);
	assert_is(&b, "/s/bd", "bob", "dev", 0700);
	assert_is(&b, "/s/bd/x", "bob", "dev", 0700);
	do_create(&b, "bob", "/s/bf", "h", 1);
	assert_is(&b, "/s/bf", "bob", "dev", 0644);
	bench_close(&b);
}

static void entries_of_the_journal_itself_move_the_applied_index_only(void **state)
{
	struct command members = {.kind = ENTRY_members}, term = {.kind = ENTRY_term};
	struct hash128 before;
	struct bench b;

	(void)state;
	bench_open(&b);
	before = ns_digest(b.ns);
	assert_int_equal(bench_apply(&b, &members), 0);
	assert_int_equal(bench_apply(&b, &term), 0);
	assert_int_equal(ns_applied(b.ns), 3);
	assert_same_hash(ns_digest(b.ns), before);
	bench_close(&b);
}

static void skipped_ids_are_not_given_out(void **state)
{
	const uint64_t far = UINT64_C(1) << 32;
	struct command skip = {.kind = ENTRY_skip_ids, .skip_ids = {.count = far}};
	struct command too_far = {.kind = ENTRY_skip_ids, .skip_ids = {.count = UINT64_MAX}};
	uint64_t next;
	struct bench b;

	(void)state;
	bench_open(&b);
	next = ns_next_block_id(b.ns);
	assert_int_equal(bench_apply(&b, &too_far), -ERR_INVALID);
	assert_int_equal(ns_next_block_id(b.ns), next);
	assert_int_equal(bench_apply(&b, &skip), 0);
	assert_int_equal(ns_next_block_id(b.ns), next + far);
	bench_close(&b);
}

static void parents_made_by_mkdirs_get_the_mode_with_u_wx(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	do_mkdirs(&b, "root", "/m/n", 01444);
	assert_is(&b, "/m", "root", "supergroup", 0744);
	assert_is(&b, "/m/n", "root", "supergroup", 01444);
	bench_close(&b);
}

static void parents_made_by_create_get_their_parents_mode_with_u_wx(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	do_mkdirs(&b, "root", "/st", 01777);
	do_create(&b, "bob", "/st/nn/x", "hb", 1);
	assert_is(&b, "/st/nn", "bob", "supergroup", 0777);
	do_mkdirs(&b, "root", "/ro", 01500);
	do_create(&b, "root", "/ro/n/m/x", "hb", 1);
	assert_is(&b, "/ro/n", "root", "supergroup", 0700);
	assert_is(&b, "/ro/n/m", "root", "supergroup", 0700);
	bench_close(&b);
}

static void modes_are_cut_to_sticky_and_rights(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	make_file(&b, "/f");
	do_set_permission(&b, "root", "/f", 07777);
	assert_is(&b, "/f", "root", "supergroup", 01777);
	do_mkdirs(&b, "root", "/d", 0177777 & 0xffff);
	assert_is(&b, "/d", "root", "supergroup", 01777);
	bench_close(&b);
}

static void a_directorys_mtime_moves_when_something_comes_or_goes(void **state)
{
	uint64_t at;
	struct bench b;

	(void)state;
	bench_open(&b);
	do_mkdirs(&b, "root", "/d", 0755);
	do_mkdirs(&b, "root", "/e", 0755);
	do_create(&b, "root", "/d/f", "h", 1);
	assert_int_equal(status_of(&b, "/d").mtime_ms, b.wall_ms);
	at = b.wall_ms;
	do_complete(&b, "/d/f", "h", (struct block){0});
	assert_int_equal(status_of(&b, "/d").mtime_ms, at);
	assert_int_equal(status_of(&b, "/d/f").mtime_ms, b.wall_ms);
	assert_int_equal(status_of(&b, "/d/f").atime_ms, at);
	do_rename(&b, "root", "/d/f", "/e/f");
	assert_int_equal(status_of(&b, "/d").mtime_ms, b.wall_ms);
	assert_int_equal(status_of(&b, "/e").mtime_ms, b.wall_ms);
	assert_int_equal(status_of(&b, "/e/f").mtime_ms, at + 1);
	do_delete(&b, "root", "/e/f", false);
	assert_int_equal(status_of(&b, "/e").mtime_ms, b.wall_ms);
	/* attributes of what is in it do not move it, nor does a clock that went back */
	do_mkdirs(&b, "root", "/e/x", 0755);
	at = b.wall_ms;
	do_set_permission(&b, "root", "/e/x", 0700);
	assert_int_equal(status_of(&b, "/e").mtime_ms, at);
	b.wall_ms = 1000;
	do_delete(&b, "root", "/e/x", false);
	assert_int_equal(status_of(&b, "/e").mtime_ms, at);
	bench_close(&b);
}

static int set_times(struct bench *bench, const char *path, uint64_t mtime, uint64_t atime)
{
	struct command command = {
	        .kind = ENTRY_set_times,
	        .set_times = {.path = str_of(path), .mtime_ms = mtime, .atime_ms = atime}};

	as_user(&command, "root");
	return bench_apply(bench, &command);
}

static void minus_one_leaves_a_time_as_it_is(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	make_file(&b, "/f");
	assert_int_equal(set_times(&b, "/f", 123, UINT64_MAX), 0);
	assert_int_equal(set_times(&b, "/f", UINT64_MAX, 456), 0);
	assert_int_equal(status_of(&b, "/f").mtime_ms, 123);
	assert_int_equal(status_of(&b, "/f").atime_ms, 456);
	assert_int_equal(set_times(&b, "/f", (uint64_t)-5, (uint64_t)-7), 0);
	assert_int_equal(status_of(&b, "/f").mtime_ms, 123);
	assert_int_equal(set_times(&b, "/f", 0, 0), 0);
	assert_int_equal(status_of(&b, "/f").mtime_ms, 0);
	assert_int_equal(status_of(&b, "/f").atime_ms, 0);
	assert_int_equal(set_times(&b, "/f", INT64_MAX, INT64_MAX), 0);
	assert_int_equal(status_of(&b, "/f").mtime_ms, INT64_MAX);
	assert_int_equal(status_of(&b, "/f").atime_ms, INT64_MAX);
	assert_int_equal(set_times(&b, "/", 5, 7), 0);
	assert_int_equal(status_of(&b, "/").mtime_ms, 5);
	assert_int_equal(status_of(&b, "/").atime_ms, 7);
	bench_close(&b);
}

static void ids_and_stamps_start_where_hdfs_starts_them(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	assert_int_equal(status_of(&b, "/").inode, 16385);
	do_create(&b, "root", "/f", "h", 1);
	assert_int_equal(b.result.inode, 16386);
	assert_true(b.result.has_status);
	assert_int_equal(b.result.status.inode, 16386);
	assert_int_equal(b.result.status.block_size, 1 << 27);
	do_add_block(&b, "/f", "h", (struct block){0});
	assert_int_equal(b.result.block.id, 1073741825);
	assert_int_equal(b.result.block.stamp, 1001);
	assert_int_equal(b.result.block.length, 0);
	assert_int_equal(b.result.workers.count, 1);
	assert_true(str_equal(b.result.workers.items[0], STR("worker-1")));
	bench_close(&b);
}

static void the_same_previous_gets_the_same_block_again(void **state)
{
	struct block first;
	struct block second;
	struct bench b;

	(void)state;
	bench_open(&b);
	do_create(&b, "root", "/f", "h", 1);
	do_add_block(&b, "/f", "h", (struct block){0});
	first = b.result.block;
	do_add_block(&b, "/f", "h", (struct block){0});
	assert_int_equal(b.result.block.id, first.id);
	first.length = 10;
	do_add_block(&b, "/f", "h", first);
	second = b.result.block;
	assert_int_equal(second.id, first.id + 1);
	assert_int_equal(b.result.block_offset, 10);
	do_add_block(&b, "/f", "h", first);
	assert_int_equal(b.result.block.id, second.id);
	assert_int_equal(b.result.block_offset, 10);
	assert_true(str_equal(b.result.workers.items[0], STR("worker-1")));
	assert_int_equal(status_of(&b, "/f").length, 10);
	bench_close(&b);
}

static int do_fsync(struct bench *bench, const char *path, const char *holder, uint64_t length)
{
	struct command command = {
	        .kind = ENTRY_fsync,
	        .fsync = {.path = str_of(path), .holder = str_of(holder), .length = length}};

	as_user(&command, "root");
	return bench_apply(bench, &command);
}

static void fsync_shows_how_long_the_block_is_so_far(void **state)
{
	struct block block;
	struct bench b;

	(void)state;
	bench_open(&b);
	do_create(&b, "root", "/f", "h", 1);
	assert_int_equal(do_fsync(&b, "/f", "h", 5), 0);
	assert_int_equal(status_of(&b, "/f").length, 0); /* there is no block yet */
	do_add_block(&b, "/f", "h", (struct block){0});
	block = b.result.block;
	assert_int_equal(do_fsync(&b, "/f", "h", UINT64_MAX), 0);
	assert_int_equal(status_of(&b, "/f").length, 0);
	assert_int_equal(do_fsync(&b, "/f", "h", 5), 0);
	assert_int_equal(status_of(&b, "/f").length, 5);
	assert_true(status_of(&b, "/f").is_under_construction);
	block.length = 9;
	assert_int_equal(do_complete(&b, "/f", "h", block), 0);
	assert_int_equal(status_of(&b, "/f").length, 9);
	bench_close(&b);
}

static void fsync_is_for_who_writes_the_file(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	make_file_of(&b, "/closed", 100);
	do_create(&b, "root", "/f", "h", 1);
	assert_int_equal(do_fsync(&b, "/f", "another", 5), -ERR_LEASE_EXPIRED);
	assert_int_equal(do_fsync(&b, "/closed", "maker", 5), -ERR_LEASE_EXPIRED);
	assert_int_equal(do_fsync(&b, "/none", "h", 5), -ERR_NOT_FOUND);
	assert_int_equal(status_of(&b, "/closed").length, 100);
	bench_close(&b);
}

static int abandon(struct bench *bench, const char *path, struct block block)
{
	struct command command = {
	        .kind = ENTRY_abandon_block,
	        .abandon_block = {.path = str_of(path), .holder = STR("h"), .block = block}};

	as_user(&command, "root");
	return bench_apply(bench, &command);
}

static void abandon_block_takes_the_last_one_and_may_be_repeated(void **state)
{
	struct block first;
	struct block second;
	struct bench b;

	(void)state;
	bench_open(&b);
	do_create(&b, "root", "/f", "h", 1);
	do_add_block(&b, "/f", "h", (struct block){0});
	first = b.result.block;
	first.length = 7;
	do_add_block(&b, "/f", "h", first);
	second = b.result.block;
	assert_int_equal(abandon(&b, "/f", first), 0); /* not the last: stays */
	assert_int_equal(status_of(&b, "/f").block_count, 2);
	assert_int_equal(abandon(&b, "/f", second), 0);
	assert_int_equal(b.result.gone_count, 1);
	assert_int_equal(b.result.gone[0].id, second.id);
	assert_int_equal(abandon(&b, "/f", second), 0);
	assert_int_equal(b.result.gone_count, 0);
	assert_int_equal(status_of(&b, "/f").block_count, 1);
	assert_int_equal(status_of(&b, "/f").length, 7);
	/* what is left is complete, so nothing need be said about it */
	assert_int_equal(do_complete(&b, "/f", "h", (struct block){0}), 0);
	assert_true(b.result.value);
	bench_close(&b);
}

static void complete_may_be_repeated_by_whoever_has_the_last_block(void **state)
{
	struct block block;
	struct bench b;

	(void)state;
	bench_open(&b);
	block = make_file_of(&b, "/f", 100);
	assert_int_equal(do_complete(&b, "/f", "another", block), 0);
	assert_true(b.result.value);
	assert_int_equal(status_of(&b, "/f").length, 100);
	block.id++;
	assert_int_equal(do_complete(&b, "/f", "maker", block), -ERR_LEASE_EXPIRED);
	bench_close(&b);
}

static void complete_without_the_last_block_asks_to_come_again(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	do_create(&b, "root", "/f", "h", 1);
	do_add_block(&b, "/f", "h", (struct block){0});
	assert_int_equal(do_complete(&b, "/f", "h", (struct block){0}), 0);
	assert_false(b.result.value);
	assert_true(status_of(&b, "/f").is_under_construction);
	bench_close(&b);
}

static void an_open_file_is_renamed_with_its_lease(void **state)
{
	struct ns_lease lease;
	struct bench b;

	(void)state;
	bench_open(&b);
	do_create(&b, "root", "/f", "h", 1);
	assert_true(ns_find_lease(b.ns, 16386, &lease));
	assert_true(str_equal(lease.holder, STR("h")));
	do_rename(&b, "root", "/f", "/g");
	assert_int_equal(do_complete(&b, "/f", "h", (struct block){0}), -ERR_NOT_FOUND);
	assert_int_equal(do_complete(&b, "/g", "h", (struct block){0}), 0);
	assert_false(ns_find_lease(b.ns, 16386, &lease));
	bench_close(&b);
}

static int expire(struct bench *bench, uint64_t inode, const char *holder, uint64_t number)
{
	struct command command = {
	        .kind = ENTRY_expire_lease,
	        .expire_lease = {.inode = inode, .holder = str_of(holder), .lease_number = number}};

	return bench_apply(bench, &command);
}

static void a_lease_expires_only_under_its_number(void **state)
{
	struct ns_lease lease;
	struct bench b;

	(void)state;
	bench_open(&b);
	do_create(&b, "root", "/f", "h", 1);
	assert_true(ns_find_lease(b.ns, 16386, &lease));
	assert_int_equal(expire(&b, 16386, "h", lease.number + 1), 0);
	assert_false(b.result.value);
	assert_int_equal(expire(&b, 16386, "other", lease.number), 0);
	assert_false(b.result.value);
	assert_true(status_of(&b, "/f").is_under_construction);
	assert_int_equal(expire(&b, 16386, "h", lease.number), 0);
	assert_true(b.result.value);
	assert_false(status_of(&b, "/f").is_under_construction);
	assert_int_equal(expire(&b, 99999, "h", 1), 0);
	bench_close(&b);
}

static void overwriting_gives_the_old_blocks_back(void **state)
{
	struct block block;
	struct bench b;

	(void)state;
	bench_open(&b);
	block = make_file_of(&b, "/f", 100);
	assert_int_equal(do_create(&b, "root", "/f", "h", 3), 0);
	assert_int_equal(b.result.gone_count, 1);
	assert_int_equal(b.result.gone[0].id, block.id);
	assert_int_equal(status_of(&b, "/f").length, 0);
	block = make_file_of(&b, "/g", 100);
	make_file(&b, "/h");
	assert_int_equal(do_rename2(&b, "root", "/h", "/g", true), 0);
	assert_int_equal(b.result.gone_count, 1);
	assert_int_equal(b.result.gone[0].id, block.id);
	bench_close(&b);
}

/* ---- trees that are deleted ---- */

static void a_deleted_tree_is_gone_at_once_and_reclaimed_in_steps(void **state)
{
	struct ns_block_info info;
	struct ns_counts counts;
	struct block block;
	uint64_t steps = 0;
	char path[64];
	struct buf buf = {0};
	struct bench b;

	(void)state;
	bench_open(&b);
	for (int i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), "/t/d%d/f%d", i % 7, i);
		block = make_file_of(&b, path, 10);
	}
	assert_int_equal(do_delete(&b, "root", "/t", true), 0);
	assert_int_equal(b.result.left_to_reclaim, 107);
	assert_int_equal(b.result.gone_count, 0);
	assert_false(exists(&b, "/t"));
	assert_false(exists(&b, "/t/d1"));
	ns_counts(b.ns, &counts);
	assert_int_equal(counts.files, 0);
	assert_int_equal(counts.directories, 1);
	assert_int_equal(counts.blocks, 0);
	/* nothing finds what is in it */
	ns_find_block(b.ns, block.id, &info);
	assert_int_equal(info.inode, 0);
	assert_false(ns_path_of(b.ns, 16388, &buf));
	assert_false(exists(&b, "/.reserved/.inodes/16388"));
	for (size_t gone = 0; b.result.left_to_reclaim > 0 || gone < 100; steps++) {
		uint64_t before = b.result.left_to_reclaim;

		assert_int_equal(do_reclaim(&b, 10), 0);
		gone += b.result.gone_count;
		assert_true(before - b.result.left_to_reclaim <= 10);
		assert_true(steps < 20);
	}
	do_mkdirs(&b, "root", "/t/d1", 0755);
	assert_int_equal(status_of(&b, "/t/d1").children, 0);
	buf_finish(&buf);
	bench_close(&b);
}

static void writers_into_a_deleted_tree_learn_that_it_is_gone(void **state)
{
	struct command add = {.kind = ENTRY_add_block,
	                      .add_block = {.path = STR("/t/f"), .holder = STR("h")}};
	struct ns_lease lease;
	struct bench b;

	(void)state;
	bench_open(&b);
	do_create(&b, "root", "/t/f", "h", 1);
	add.add_block.inode = b.result.inode;
	as_user(&add, "root");
	assert_true(ns_find_lease(b.ns, add.add_block.inode, &lease));
	do_delete(&b, "root", "/t", true);
	assert_int_equal(bench_apply(&b, &add), -ERR_NOT_FOUND);
	assert_false(ns_find_lease(b.ns, add.add_block.inode, &lease));
	assert_int_equal(expire(&b, add.add_block.inode, "h", lease.number), 0);
	assert_false(b.result.value);
	bench_close(&b);
}

static void a_name_can_be_used_again_while_its_old_tree_is_reclaimed(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	for (int round = 0; round < 5; round++) {
		make_file_of(&b, "/t/a/b/f", 10);
		make_file_of(&b, "/t/g", 10);
		assert_int_equal(do_delete(&b, "root", "/t", true), 0);
		assert_int_equal(do_reclaim(&b, 1), 0);
	}
	while (b.result.left_to_reclaim > 0)
		assert_int_equal(do_reclaim(&b, 2), 0);
	bench_close(&b);
}

/* ---- sums ---- */

static struct ns_summary summary_of(struct bench *bench, const char *path)
{
	struct ns_caller root = caller_of("root");
	struct ns_summary summary;
	struct str message;

	assert_int_equal(ns_content_summary(bench->ns, &root, str_of(path), &bench->arena, &message,
	                                    &summary),
	                 0);
	return summary;
}

static void sums_follow_a_tree_that_moves(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	do_mkdirs(&b, "root", "/x", 0755);
	make_file_of(&b, "/a/b/f", 100);
	make_file_of(&b, "/a/b/c/g", 10);
	assert_int_equal(summary_of(&b, "/a").length, 110);
	assert_int_equal(summary_of(&b, "/a").directories, 3);
	assert_int_equal(do_rename(&b, "root", "/a/b", "/x"), 0);
	assert_int_equal(summary_of(&b, "/a").length, 0);
	assert_int_equal(summary_of(&b, "/a").directories, 1);
	assert_int_equal(summary_of(&b, "/x").length, 110);
	assert_int_equal(summary_of(&b, "/x").files, 2);
	assert_int_equal(summary_of(&b, "/x").directories, 3);
	assert_int_equal(summary_of(&b, "/").files, 2);
	bench_close(&b);
}

static void a_block_being_written_takes_the_space_of_a_whole_one(void **state)
{
	struct block block;
	struct bench b;

	(void)state;
	bench_open(&b);
	do_create(&b, "root", "/f", "h", 1);
	assert_int_equal(summary_of(&b, "/").space, 0);
	do_add_block(&b, "/f", "h", (struct block){0});
	block = b.result.block;
	assert_int_equal(summary_of(&b, "/").space, 1 << 27);
	block.length = 1000;
	do_complete(&b, "/f", "h", block);
	assert_int_equal(summary_of(&b, "/").space, 1000);
	assert_int_equal(summary_of(&b, "/").length, 1000);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(entries_of_the_journal_itself_move_the_applied_index_only),
	        cmocka_unit_test(new_things_are_their_makers_and_of_the_directorys_group),
	        cmocka_unit_test(skipped_ids_are_not_given_out),
	        cmocka_unit_test(parents_made_by_mkdirs_get_the_mode_with_u_wx),
	        cmocka_unit_test(parents_made_by_create_get_their_parents_mode_with_u_wx),
	        cmocka_unit_test(modes_are_cut_to_sticky_and_rights),
	        cmocka_unit_test(a_directorys_mtime_moves_when_something_comes_or_goes),
	        cmocka_unit_test(minus_one_leaves_a_time_as_it_is),
	        cmocka_unit_test(ids_and_stamps_start_where_hdfs_starts_them),
	        cmocka_unit_test(the_same_previous_gets_the_same_block_again),
	        cmocka_unit_test(fsync_shows_how_long_the_block_is_so_far),
	        cmocka_unit_test(fsync_is_for_who_writes_the_file),
	        cmocka_unit_test(abandon_block_takes_the_last_one_and_may_be_repeated),
	        cmocka_unit_test(complete_may_be_repeated_by_whoever_has_the_last_block),
	        cmocka_unit_test(complete_without_the_last_block_asks_to_come_again),
	        cmocka_unit_test(an_open_file_is_renamed_with_its_lease),
	        cmocka_unit_test(a_lease_expires_only_under_its_number),
	        cmocka_unit_test(overwriting_gives_the_old_blocks_back),
	        cmocka_unit_test(a_deleted_tree_is_gone_at_once_and_reclaimed_in_steps),
	        cmocka_unit_test(writers_into_a_deleted_tree_learn_that_it_is_gone),
	        cmocka_unit_test(a_name_can_be_used_again_while_its_old_tree_is_reclaimed),
	        cmocka_unit_test(sums_follow_a_tree_that_moves),
	        cmocka_unit_test(a_block_being_written_takes_the_space_of_a_whole_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
