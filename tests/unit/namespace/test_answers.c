/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What callers are told.  Every text here was printed by an Apache Hadoop 3.4.3 NameNode for the
 * same call.
 */
#include "ns_testing.h"

static void told(struct bench *bench, int rc, int expected, const char *text)
{
	if (rc != expected)
		fail_msg("rc is %d instead of %d: %.*s", rc, expected,
		         STR_ARGS(bench->result.message));
	assert_text(bench, text);
}

static void says(struct bench *bench, int rc, bool value)
{
	if (rc != 0)
		fail_msg("rc is %d: %.*s", rc, STR_ARGS(bench->result.message));
	assert_int_equal(bench->result.value, value);
}

/* /d, with the closed file f. */
static void open_with_d(struct bench *bench)
{
	bench_open(bench);
	assert_int_equal(do_mkdirs(bench, "root", "/d", 0755), 0);
	make_file(bench, "/d/f");
}

static void mkdirs_refuses_names_that_are_not_valid(void **state)
{
	struct bench b;

	(void)state;
	open_with_d(&b);
	told(&b, do_mkdirs(&b, "root", "", 0755), -ERR_ILLEGAL_ARGUMENT,
	     "Can not create a Path from an empty string");
	told(&b, do_mkdirs(&b, "root", "d/e", 0755), -ERR_INVALID_PATH,
	     "Invalid path name Invalid file name: d/e");
	told(&b, do_mkdirs(&b, "root", "/d//e", 0755), -ERR_INVALID_PATH,
	     "Invalid path name Invalid file name: /d//e");
	told(&b, do_mkdirs(&b, "root", "/d/../e", 0755), -ERR_INVALID_PATH,
	     "Invalid path name Invalid file name: /d/../e");
	told(&b, do_mkdirs(&b, "root", "/d/./e", 0755), -ERR_INVALID_PATH,
	     "Invalid path name Invalid file name: /d/./e");
	told(&b, do_mkdirs(&b, "root", "/d/a:b", 0755), -ERR_INVALID_PATH,
	     "Invalid path name Invalid file name: /d/a:b");
	told(&b, do_mkdirs(&b, "root", "/.snapshot", 0755), -ERR_INVALID,
	     "\".snapshot\" is a reserved name.");
	told(&b, do_mkdirs(&b, "root", "/.reserved/x", 0755), -ERR_INVALID,
	     "File name \".reserved\" is reserved and cannot be created. If this is during "
	     "upgrade change the name of the existing file or directory to another name before "
	     "upgrading to the new release.");
	says(&b, do_mkdirs(&b, "root", "/d/t/", 0755), true);
	says(&b, do_mkdirs(&b, "root", "/", 0755), true);
	says(&b, do_mkdirs(&b, "root", "/d/.reserved", 0755), true);
	bench_close(&b);
}

static void a_file_in_the_way_is_named(void **state)
{
	struct bench b;

	(void)state;
	open_with_d(&b);
	told(&b, do_mkdirs(&b, "root", "/d/f", 0755), -ERR_EXISTS, "Path is not a directory: /d/f");
	told(&b, do_mkdirs(&b, "root", "/d/f/x/y", 0755), -ERR_NOT_DIRECTORY,
	     "/d/f (is not a directory)");
	told(&b, do_create(&b, "root", "/d/f/x", "h", 1), -ERR_NOT_DIRECTORY,
	     "/d/f (is not a directory)");
	told(&b, do_delete(&b, "root", "/d/f/x", false), -ERR_PERMISSION,
	     "/d/f (is not a directory)");
	told(&b, do_rename(&b, "root", "/d/f/x", "/d/z"), -ERR_PERMISSION,
	     "/d/f (is not a directory)");
	told(&b, do_rename(&b, "root", "/d", "/d/f/x"), -ERR_NOT_DIRECTORY,
	     "/d/f (is not a directory)");
	told(&b, do_set_permission(&b, "root", "/d/f/x", 0777), -ERR_PERMISSION,
	     "/d/f (is not a directory)");
	/* a superuser is told that nothing is there */
	told(&b, look(&b, "root", "/d/f/x", NULL), -ERR_NOT_FOUND, "");
	told(&b, look(&b, "bob", "/d/f/x", NULL), -ERR_PERMISSION, "/d/f (is not a directory)");
	bench_close(&b);
}

static void create_refuses_what_is_there(void **state)
{
	struct bench b;

	(void)state;
	open_with_d(&b);
	told(&b, do_create(&b, "root", "x", "h", 1), -ERR_INVALID_PATH, "Invalid path name x");
	told(&b, do_create(&b, "root", "//x", "h", 1), -ERR_INVALID_PATH, "Invalid path name //x");
	told(&b, do_create(&b, "root", "/.reserved/x", "h", 1), -ERR_INVALID_PATH,
	     "Invalid path name /.reserved/x");
	told(&b, do_create(&b, "root", "/", "h", 1), -ERR_EXISTS,
	     "/ already exists as a directory");
	told(&b, do_create(&b, "root", "/d", "h", 3), -ERR_EXISTS,
	     "/d already exists as a directory");
	told(&b, do_create(&b, "root", "/d/f", "h", 1), -ERR_EXISTS,
	     "/d/f for client 127.0.0.1 already exists");
	told(&b, do_create(&b, "root", "/d/f2", "h", 2), -ERR_NOT_FOUND,
	     "Can't overwrite non-existent /d/f2");
	assert_int_equal(do_create(&b, "root", "/d/open", "h1", 1), 0);
	told(&b, do_create(&b, "root", "/d/open", "h1", 1), -ERR_BEING_CREATED,
	     "Failed to CREATE_FILE /d/open for h1 on 127.0.0.1 because h1 is already the "
	     "current "
	     "lease holder.");
	told(&b, do_create(&b, "root", "/d/open", "h2", 1), -ERR_BEING_CREATED,
	     "Failed to CREATE_FILE /d/open for h2 on 127.0.0.1 because this file lease is "
	     "currently owned by h1 on 127.0.0.1");
	assert_int_equal(do_create(&b, "root", "/d/open", "h2", 3), 0);
	bench_close(&b);
}

static int create_without_parents(struct bench *bench, const char *path)
{
	struct command command = {.kind = ENTRY_create,
	                          .create = {.path = str_of(path), .holder = STR("h"), .flags = 1}};

	as_user(&command, "root");
	return bench_apply(bench, &command);
}

static void a_missing_parent_is_named(void **state)
{
	struct command command = {.kind = ENTRY_mkdirs, .mkdirs = {.path = STR("/q/w/e")}};
	struct bench b;

	(void)state;
	open_with_d(&b);
	as_user(&command, "root");
	told(&b, create_without_parents(&b, "/np/x"), -ERR_NOT_FOUND,
	     "Parent directory doesn't exist: /np");
	told(&b, create_without_parents(&b, "/np/y/x"), -ERR_NOT_FOUND,
	     "Parent directory doesn't exist: /np/y");
	told(&b, bench_apply(&b, &command), -ERR_NOT_FOUND, "Parent directory doesn't exist: /q/w");
	command.mkdirs.path = STR("/d");
	says(&b, bench_apply(&b, &command), true);
	bench_close(&b);
}

static struct block other_block(struct block block, uint64_t id, uint64_t stamp)
{
	block.id = id;
	block.stamp = stamp;
	return block;
}

static void writers_without_the_lease_are_told_whose_it_is(void **state)
{
	struct block none = {0};
	struct block block;
	struct bench b;

	(void)state;
	open_with_d(&b);
	told(&b, do_complete(&b, "/d/nope", "h3", none), -ERR_NOT_FOUND,
	     "File does not exist: /d/nope (inode 0) Holder h3 does not have any open files.");
	told(&b, do_complete(&b, "/d", "h3", none), -ERR_LEASE_EXPIRED,
	     "INode is not a regular file: /d (inode 0) Holder h3 does not have any open files.");
	assert_int_equal(do_create(&b, "root", "/d/w", "h2", 1), 0);
	told(&b, do_complete(&b, "/d/w", "h1", none), -ERR_LEASE_EXPIRED,
	     "Client (=h1) is not the lease owner (=h2: /d/w (inode 0) Holder h1 does not have "
	     "any "
	     "open files.");
	told(&b, do_complete(&b, "/d/gone", "h2", none), -ERR_NOT_FOUND,
	     "File does not exist: /d/gone (inode 0) [Lease.  Holder: h2, pending creates: 1]");
	assert_int_equal(do_add_block(&b, "/d/w", "h2", none), 0);
	block = b.result.block;
	told(&b, do_add_block(&b, "/d/f", "h2", none), -ERR_LEASE_EXPIRED,
	     "File is not open for writing: /d/f (inode 0) [Lease.  Holder: h2, pending creates: "
	     "1]");
	told(&b, do_complete(&b, "/d/f", "h2", block), -ERR_LEASE_EXPIRED,
	     "File is not open for writing: /d/f (inode 0) [Lease.  Holder: h2, pending creates: "
	     "1]");
	told(&b, do_add_block(&b, "/d/w", "h2", other_block(block, block.id, 999)),
	     -ERR_WRITE_REFUSED,
	     "Cannot allocate block in /d/w: passed 'previous' block BP-1:blk_1073741825_999 "
	     "does "
	     "not match actual last block in file blk_1073741825_1001");
	told(&b, do_complete(&b, "/d/w", "h2", other_block(block, 77, block.stamp)),
	     -ERR_WRITE_REFUSED,
	     "Trying to commit inconsistent block: id = 77, expected id = 1073741825");
	told(&b, do_complete(&b, "/d/w", "h2", other_block(block, block.id, 4000)),
	     -ERR_WRITE_REFUSED,
	     "Commit block with mismatching GS. NN has blk_1073741825_1001, client submits "
	     "blk_1073741825_4000");
	bench_close(&b);
}

static int new_stamp(struct bench *bench, struct block block, const char *holder)
{
	struct command command = {.kind = ENTRY_new_stamp,
	                          .new_stamp = {.block = block, .holder = str_of(holder)}};

	as_user(&command, "root");
	return bench_apply(bench, &command);
}

static void a_new_stamp_needs_an_open_block_of_the_holder(void **state)
{
	struct block block;
	struct bench b;

	(void)state;
	open_with_d(&b);
	assert_int_equal(do_create(&b, "root", "/d/w", "hw", 1), 0);
	assert_int_equal(do_add_block(&b, "/d/w", "hw", (struct block){0}), 0);
	block = b.result.block;
	told(&b, new_stamp(&b, block, "h3"), -ERR_LEASE_EXPIRED,
	     "Lease mismatch: BP-1:blk_1073741825_1001 is accessed by a non lease holder h3");
	told(&b, new_stamp(&b, other_block(block, 55, block.stamp), "hw"), -ERR_WRITE_REFUSED,
	     "BP-1:blk_55_1001 does not exist.");
	assert_int_equal(new_stamp(&b, block, "hw"), 0);
	assert_int_equal(b.result.block.stamp, 1002);
	/* the old stamp goes on to be good */
	block.length = 5;
	says(&b, do_complete(&b, "/d/w", "hw", block), true);
	bench_close(&b);
}

static void rename_answers_false_where_rename2_says_why(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	do_mkdirs(&b, "root", "/r/a/sub", 0755);
	do_mkdirs(&b, "root", "/r/b", 0755);
	make_file(&b, "/r/f");
	make_file(&b, "/r/g");
	make_file(&b, "/r/b/f2");
	do_mkdirs(&b, "root", "/r/e", 0755);
	says(&b, do_rename(&b, "root", "/r/nope", "/r/z"), false);
	told(&b, do_rename2(&b, "root", "/r/nope", "/r/z", false), -ERR_NOT_FOUND,
	     "rename source /r/nope is not found.");
	says(&b, do_rename(&b, "root", "/", "/r/x"), false);
	told(&b, do_rename2(&b, "root", "/", "/r/x", false), -ERR_WRITE_REFUSED,
	     "rename source cannot be the root");
	told(&b, do_rename2(&b, "root", "/r/a", "/", false), -ERR_WRITE_REFUSED,
	     "rename destination cannot be the root");
	says(&b, do_rename(&b, "root", "/r/a", "/r/a"), false);
	says(&b, do_rename(&b, "root", "/r/f", "/r/f"), true);
	told(&b, do_rename2(&b, "root", "/r/f", "/r/f", true), -ERR_EXISTS,
	     "The source /r/f and destination /r/f are the same");
	says(&b, do_rename(&b, "root", "/r/a", "/r/a/sub"), false);
	told(&b, do_rename2(&b, "root", "/r/a", "/r/a/sub", false), -ERR_WRITE_REFUSED,
	     "Rename destination /r/a/sub is a directory or file under source /r/a");
	says(&b, do_rename(&b, "root", "/r/f", "/nopar/x"), false);
	told(&b, do_rename2(&b, "root", "/r/f", "/nopar/x", false), -ERR_NOT_FOUND,
	     "rename destination parent /nopar/x not found.");
	says(&b, do_rename(&b, "root", "/r/f", "/r/g"), false);
	told(&b, do_rename2(&b, "root", "/r/f", "/r/g", false), -ERR_EXISTS,
	     "rename destination /r/g already exists");
	told(&b, do_rename2(&b, "root", "/r/f", "/r/e", true), -ERR_WRITE_REFUSED,
	     "Source /r/f and destination /r/e must both be directories");
	told(&b, do_rename2(&b, "root", "/r/a", "/r/b", true), -ERR_WRITE_REFUSED,
	     "rename destination directory is not empty: /r/b");
	bench_close(&b);
}

static void rename_judges_its_target_first(void **state)
{
	struct bench b;

	(void)state;
	open_with_d(&b);
	told(&b, do_rename(&b, "root", "/d/f", ""), -ERR_ILLEGAL_ARGUMENT,
	     "Can not create a Path from an empty string");
	told(&b, do_rename(&b, "root", "d/f", "/d/g"), -ERR_NOT_ABSOLUTE,
	     "Absolute path required, but got 'd/f'");
	told(&b, do_rename(&b, "root", "/d/f", "rel"), -ERR_INVALID_PATH,
	     "Invalid path name Invalid file name: rel");
	told(&b, do_rename2(&b, "root", "/d/f", "/d/a:b", false), -ERR_INVALID_PATH,
	     "Invalid path name Invalid file name: /d/a:b");
	told(&b, do_rename(&b, "root", "/d/f", "/.reserved"), -ERR_INVALID_PATH,
	     "Invalid path name Cannot rename to or from /.reserved");
	told(&b, do_rename(&b, "root", "/d/f", "/d/.snapshot"), -ERR_INVALID,
	     "\".snapshot\" is a reserved name.");
	bench_close(&b);
}

static void rename_moves_into_a_directory(void **state)
{
	struct bench b;

	(void)state;
	open_with_d(&b);
	do_mkdirs(&b, "root", "/into", 0755);
	says(&b, do_rename(&b, "root", "/d/f", "/into"), true);
	assert_true(exists(&b, "/into/f"));
	says(&b, do_rename(&b, "root", "/into/f", "/"), true);
	assert_true(exists(&b, "/f"));
	make_file(&b, "/into/f");
	says(&b, do_rename(&b, "root", "/f", "/into"), false);
	bench_close(&b);
}

static void delete_says_false_for_nothing_and_for_the_root(void **state)
{
	struct bench b;

	(void)state;
	open_with_d(&b);
	says(&b, do_delete(&b, "root", "/nope", false), false);
	says(&b, do_delete(&b, "root", "/", true), false);
	told(&b, do_delete(&b, "root", "/", false), -ERR_NOT_EMPTY,
	     "`/ is non empty': Directory is not empty");
	told(&b, do_delete(&b, "root", "/d", false), -ERR_NOT_EMPTY,
	     "`/d is non empty': Directory is not empty");
	told(&b, do_delete(&b, "root", "/.reserved", false), -ERR_INVALID_PATH,
	     "Invalid path name /.reserved");
	says(&b, do_delete(&b, "root", "/d/..", true), false);
	says(&b, do_delete(&b, "root", "//d//f", false), true);
	bench_close(&b);
}

/* /p as the NameNode of the recordings had it. */
static void open_with_p(struct bench *bench)
{
	bench_open(bench);
	do_mkdirs(bench, "root", "/p/s", 0777);
	do_set_permission(bench, "root", "/p", 0755);
	do_mkdirs(bench, "root", "/p/priv", 0700);
	make_file(bench, "/p/priv/x");
	make_file(bench, "/p/f");
	make_file(bench, "/p/sec");
	do_set_permission(bench, "root", "/p/sec", 0600);
}

static void who_may_not_is_told_what_was_missing_where(void **state)
{
	static const char write_p[] = "Permission denied: user=bob, access=WRITE, "
	                              "inode=\"/p\":root:supergroup:drwxr-xr-x";
	static const char pass_priv[] = "Permission denied: user=bob, access=EXECUTE, "
	                                "inode=\"/p/priv\":root:supergroup:drwx------";
	struct bench b;

	(void)state;
	open_with_p(&b);
	told(&b, do_mkdirs(&b, "bob", "/p/x/y", 0755), -ERR_PERMISSION, write_p);
	says(&b, do_mkdirs(&b, "bob", "/p/s", 0755), true);
	told(&b, do_mkdirs(&b, "bob", "/p/priv/q", 0755), -ERR_PERMISSION, pass_priv);
	told(&b, do_create(&b, "bob", "/p/f", "h", 1), -ERR_PERMISSION, write_p);
	told(&b, do_create(&b, "bob", "/p/priv/x", "h", 1), -ERR_PERMISSION, pass_priv);
	told(&b, look(&b, "bob", "/p/priv/x", NULL), -ERR_PERMISSION, pass_priv);
	told(&b, look(&b, "bob", "/p/priv", NULL), 0, "");
	told(&b, do_delete(&b, "bob", "/p/f", false), -ERR_PERMISSION, write_p);
	told(&b, do_delete(&b, "bob", "/p/nope", false), -ERR_PERMISSION, write_p);
	told(&b, do_rename(&b, "bob", "/p/f", "/p/s/f"), -ERR_PERMISSION, write_p);
	make_file(&b, "/p/s/rf");
	told(&b, do_rename2(&b, "bob", "/p/s/rf", "/p/rf", false), -ERR_PERMISSION, write_p);
	told(&b, do_set_permission(&b, "bob", "/p/f", 0777), -ERR_PERMISSION,
	     "Permission denied. user=bob is not the owner of inode=/p/f");
	told(&b, do_set_owner(&b, "bob", "/p/f", "", "users"), -ERR_PERMISSION,
	     "Permission denied. user=bob is not the owner of inode=/p/f");
	told(&b, do_set_permission(&b, "bob", "/nope", 0777), -ERR_NOT_FOUND,
	     "Directory/File does not exist /nope");
	bench_close(&b);
}

static void owners_may_change_the_mode_but_not_the_owner(void **state)
{
	struct ns_status status = {0};
	struct bench b;

	(void)state;
	open_with_p(&b);
	assert_int_equal(do_create(&b, "bob", "/p/s/bf", "hb", 1), 0);
	assert_int_equal(do_set_permission(&b, "bob", "/p/s/bf", 0666), 0);
	told(&b, do_set_owner(&b, "bob", "/p/s/bf", "alice", ""), -ERR_PERMISSION,
	     "User bob is not a super user (non-super user cannot change owner).");
	assert_int_equal(do_set_owner(&b, "bob", "/p/s/bf", "bob", ""), 0);
	assert_int_equal(do_set_owner(&b, "bob", "/p/s/bf", "", "users"), 0);
	told(&b, do_set_owner(&b, "bob", "/p/s/bf", "", "staff"), -ERR_PERMISSION,
	     "User bob does not belong to staff");
	assert_int_equal(look(&b, "root", "/p/s/bf", &status), 0);
	assert_true(str_equal(status.owner, STR("bob")));
	assert_true(str_equal(status.group, STR("users")));
	assert_int_equal(status.mode, 0666);
	bench_close(&b);
}

static int set_times(struct bench *bench, const char *user, const char *path, uint64_t mtime,
                     uint64_t atime)
{
	struct command command = {
	        .kind = ENTRY_set_times,
	        .set_times = {.path = str_of(path), .mtime_ms = mtime, .atime_ms = atime}};

	as_user(&command, user);
	return bench_apply(bench, &command);
}

static int set_replication(struct bench *bench, const char *user, const char *path, uint16_t count)
{
	struct command command = {.kind = ENTRY_set_replication,
	                          .set_replication = {.path = str_of(path), .replication = count}};

	as_user(&command, user);
	return bench_apply(bench, &command);
}

static void times_and_replication_need_write(void **state)
{
	static const char text[] = "Permission denied: user=bob, access=WRITE, "
	                           "inode=\"/p/f\":root:supergroup:-rw-r--r--";
	struct bench b;

	(void)state;
	open_with_p(&b);
	told(&b, set_times(&b, "bob", "/p/f", 5, 5), -ERR_PERMISSION, text);
	told(&b, set_times(&b, "bob", "/nope", 5, 5), -ERR_NOT_FOUND,
	     "File/Directory /nope does not exist.");
	told(&b, set_replication(&b, "bob", "/p/f", 3), -ERR_PERMISSION, text);
	says(&b, set_replication(&b, "root", "/nope", 3), false);
	says(&b, set_replication(&b, "root", "/p", 3), false);
	says(&b, set_replication(&b, "root", "/p/f", 3), true);
	bench_close(&b);
}

static int recover(struct bench *bench, const char *user, const char *path)
{
	struct command command = {.kind = ENTRY_recover_lease,
	                          .recover_lease = {.path = str_of(path), .holder = STR("h9")}};

	as_user(&command, user);
	return bench_apply(bench, &command);
}

static void recover_lease_closes_an_empty_file(void **state)
{
	struct ns_status before = {0};
	struct ns_status after = {0};
	struct bench b;

	(void)state;
	open_with_p(&b);
	told(&b, recover(&b, "root", "/nope"), -ERR_NOT_FOUND, "File does not exist: /nope");
	told(&b, recover(&b, "root", "/p"), -ERR_IS_DIRECTORY, "Path is not a file: /p");
	says(&b, recover(&b, "bob", "/p/f"), true); /* closed: rights are not asked */
	assert_int_equal(do_create(&b, "root", "/p/o", "he", 1), 0);
	look(&b, "root", "/p/o", &before);
	told(&b, recover(&b, "bob", "/p/o"), -ERR_PERMISSION,
	     "Permission denied: user=bob, access=WRITE, "
	     "inode=\"/p/o\":root:supergroup:-rw-r--r--");
	says(&b, recover(&b, "root", "/p/o"), true);
	look(&b, "root", "/p/o", &after);
	assert_false(after.is_under_construction);
	assert_true(after.mtime_ms > before.mtime_ms);
	assert_int_equal(after.atime_ms, before.atime_ms);
	bench_close(&b);
}

static void a_block_being_written_keeps_recover_lease_from_closing(void **state)
{
	struct ns_status status = {0};
	struct bench b;

	(void)state;
	bench_open(&b);
	assert_int_equal(do_create(&b, "root", "/o", "he", 1), 0);
	assert_int_equal(do_add_block(&b, "/o", "he", (struct block){0}), 0);
	says(&b, recover(&b, "root", "/o"), false);
	assert_int_equal(look(&b, "root", "/o", &status), 0);
	assert_true(status.is_under_construction);
	bench_close(&b);
}

static void a_sticky_directory_keeps_strangers_from_removing(void **state)
{
	static const char text[] = "Permission denied by sticky bit: user=alice, "
	                           "path=\"/st/bf\":bob:supergroup:-rw-r--r--, "
	                           "parent=\"/st\":root:supergroup:drwxrwxrwt";
	struct bench b;

	(void)state;
	bench_open(&b);
	do_mkdirs(&b, "root", "/st", 01777);
	do_create(&b, "bob", "/st/bf", "hb", 1);
	told(&b, do_delete(&b, "alice", "/st/bf", false), -ERR_PERMISSION, text);
	told(&b, do_rename(&b, "alice", "/st/bf", "/st/af"), -ERR_PERMISSION, text);
	told(&b, do_rename2(&b, "alice", "/st/bf", "/st/af", false), -ERR_PERMISSION, text);
	/* also into a directory that would not let her in */
	do_mkdirs(&b, "bob", "/st/closed", 0700);
	told(&b, do_rename(&b, "alice", "/st/bf", "/st/closed"), -ERR_PERMISSION, text);
	told(&b, do_create(&b, "alice", "/st/bf", "ha", 3), -ERR_PERMISSION,
	     "Permission denied: user=alice, access=WRITE, "
	     "inode=\"/st/bf\":bob:supergroup:-rw-r--r--");
	/* the target of a rename is not asked for */
	assert_int_equal(do_create(&b, "alice", "/st/af", "ha", 1), 0);
	assert_int_equal(do_rename2(&b, "alice", "/st/af", "/st/bf", true), 0);
	bench_close(&b);
}

static void a_recursive_delete_asks_every_directory_that_is_not_empty(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	do_mkdirs(&b, "root", "/rd/top/mid/low", 0777);
	do_set_permission(&b, "root", "/rd", 0777);
	do_set_permission(&b, "root", "/rd/top", 0777);
	do_set_permission(&b, "root", "/rd/top/mid", 0777);
	do_mkdirs(&b, "root", "/rd/top/empty", 0700);
	make_file(&b, "/rd/top/mid/low/f");
	do_set_permission(&b, "root", "/rd/top/mid/low", 0755);
	told(&b, do_delete(&b, "bob", "/rd/top", true), -ERR_PERMISSION,
	     "Permission denied: user=bob, access=ALL, "
	     "inode=\"/rd/top/mid/low\":root:supergroup:drwxr-xr-x");
	do_set_permission(&b, "root", "/rd/top/mid/low", 0777);
	told(&b, do_delete(&b, "bob", "/rd/top", false), -ERR_NOT_EMPTY,
	     "`/rd/top is non empty': Directory is not empty");
	do_set_permission(&b, "root", "/rd/top/mid", 01777);
	told(&b, do_delete(&b, "bob", "/rd/top", true), -ERR_PERMISSION,
	     "Permission denied by sticky bit: user=bob, "
	     "path=\"/rd/top/mid/low\":root:supergroup:drwxrwxrwx, "
	     "parent=\"/rd/top/mid\":root:supergroup:drwxrwxrwx");
	do_set_permission(&b, "root", "/rd/top/mid", 0777);
	says(&b, do_delete(&b, "bob", "/rd/top", true), true);
	bench_close(&b);
}

static void bob_may_not_clear_the_root(void **state)
{
	struct bench b;

	(void)state;
	open_with_p(&b);
	told(&b, do_delete(&b, "bob", "/", true), -ERR_PERMISSION,
	     "Permission denied: user=bob, access=ALL, inode=\"/\":root:supergroup:drwxr-xr-x");
	bench_close(&b);
}

static void reads_of_files_say_what_is_missing(void **state)
{
	struct ns_caller bob = caller_of("bob");
	struct ns_blocks blocks;
	struct bench b;

	(void)state;
	open_with_p(&b);
#define BLOCKS(path)                                                                               \
	ns_file_blocks(b.ns, &bob, STR(path), 0, 1, &b.arena, &b.result.message, &blocks)
	told(&b, BLOCKS("/nope"), -ERR_NOT_FOUND, "File does not exist: /nope");
	told(&b, BLOCKS("/p"), -ERR_IS_DIRECTORY, "Path is not a file: /p");
	told(&b, BLOCKS("/p/f/x"), -ERR_PERMISSION, "/p/f (is not a directory)");
	told(&b, BLOCKS("/p/sec"), -ERR_PERMISSION,
	     "Permission denied: user=bob, access=READ, "
	     "inode=\"/p/sec\":root:supergroup:-rw-------");
	told(&b, BLOCKS("d"), -ERR_NOT_ABSOLUTE, "Absolute path required, but got 'd'");
#undef BLOCKS
	bench_close(&b);
}

static void check_access_says_what_is_missing(void **state)
{
	struct ns_caller bob = caller_of("bob");
	struct bench b;

	(void)state;
	open_with_p(&b);
#define ACCESS(path, action)                                                                       \
	ns_check_access(b.ns, &bob, STR(path), action, &b.arena, &b.result.message)
	told(&b, ACCESS("/p/zz", 1), -ERR_NOT_FOUND, "Path not found: /p/zz");
	told(&b, ACCESS("/p/f", 7), -ERR_PERMISSION,
	     "Permission denied: user=bob, access=ALL, "
	     "inode=\"/p/f\":root:supergroup:-rw-r--r--");
	told(&b, ACCESS("/p/f", 0), 0, "");
	told(&b, ACCESS("/p/f", 4), 0, "");
#undef ACCESS
	bench_close(&b);
}

static bool take_any(void *context, const struct ns_status *status)
{
	*(struct ns_status *)context = *status;
	return true;
}

static void a_listing_needs_read_and_execute_on_a_directory_only(void **state)
{
	struct ns_caller bob = caller_of("bob");
	struct ns_status status = {0};
	uint64_t remaining;
	struct bench b;

	(void)state;
	open_with_p(&b);
#define LIST(path)                                                                                 \
	ns_list(b.ns, &bob, STR(path), (struct str){0}, 10, take_any, &status, &b.arena,           \
	        &b.result.message, &remaining)
	told(&b, LIST("/p/priv"), -ERR_PERMISSION,
	     "Permission denied: user=bob, access=READ_EXECUTE, "
	     "inode=\"/p/priv\":root:supergroup:drwx------");
	told(&b, LIST("/nope"), -ERR_NOT_FOUND, "");
	told(&b, LIST("/p/sec"), 0, "");
	assert_int_equal(status.name.size, 0);
	assert_int_equal(status.mode, 0600);
	assert_int_equal(remaining, 0);
#undef LIST
	bench_close(&b);
}

static void a_content_summary_needs_read_and_execute_everywhere(void **state)
{
	static const char text[] = "Permission denied: user=bob, access=READ_EXECUTE, "
	                           "inode=\"/p/priv\":root:supergroup:drwx------";
	struct ns_caller bob = caller_of("bob");
	struct ns_summary summary;
	struct bench b;

	(void)state;
	open_with_p(&b);
#define SUMMARY(path)                                                                              \
	ns_content_summary(b.ns, &bob, STR(path), &b.arena, &b.result.message, &summary)
	told(&b, SUMMARY("/nope"), -ERR_NOT_FOUND, "File does not exist: /nope");
	told(&b, SUMMARY("/p/priv"), -ERR_PERMISSION, text);
	told(&b, SUMMARY("/p"), -ERR_PERMISSION, text);
	told(&b, SUMMARY("/p/sec"), 0, "");
	told(&b, SUMMARY("/p/s"), 0, "");
	assert_int_equal(summary.directories, 1);
#undef SUMMARY
	bench_close(&b);
}

static void an_inode_can_be_named_by_its_id(void **state)
{
	struct ns_status status = {0};
	char path[64];
	struct bench b;

	(void)state;
	open_with_d(&b);
	look(&b, "root", "/d", &status);
	snprintf(path, sizeof(path), "/.reserved/.inodes/%d/f", (int)status.inode);
	assert_true(exists(&b, path));
	assert_true(exists(&b, "/.reserved/.inodes/16385"));
	assert_true(exists(&b, "/.reserved/.inodes/16385/d/f"));
	assert_true(exists(&b, "/.reserved/raw/d"));
	told(&b, do_mkdirs(&b, "root", "/.reserved/.inodes/99999", 0755), -ERR_NOT_FOUND,
	     "File for given inode path does not exist: /.reserved/.inodes/99999");
	told(&b, do_mkdirs(&b, "root", "/.reserved/.inodes/abc", 0755), -ERR_NOT_FOUND,
	     "Invalid inode path: /.reserved/.inodes/abc");
	told(&b, do_delete(&b, "root", "/.reserved/.inodes/16385/d", false), -ERR_NOT_EMPTY,
	     "`/d is non empty': Directory is not empty");
	says(&b, do_mkdirs(&b, "root", "/.reserved/.inodes/16385/d/byid", 0755), true);
	assert_true(exists(&b, "/d/byid"));
	bench_close(&b);
}

/* ---- limits, which judge new calls only ---- */

static int check_new(struct bench *bench, struct command *command, const struct ns_limits *limits)
{
	as_user(command, "root");
	arena_reset(&bench->arena);
	ns_check(bench->ns, command, limits, &bench->arena, &bench->result);
	return bench->result.rc;
}

static void limits_are_named_with_their_values(void **state)
{
	static const struct ns_limits limits = {.component_bytes_max = 10,
	                                        .directory_items_max = 3,
	                                        .block_size_min = 1024,
	                                        .file_blocks_max = 1,
	                                        .replication_min = 1,
	                                        .replication_max = 512};
	struct command mkdirs = {.kind = ENTRY_mkdirs, .mkdirs = {.create_parent = true}};
	struct command create = {.kind = ENTRY_create,
	                         .create = {.path = STR("/d/r0"),
	                                    .client_machine = STR("127.0.0.1"),
	                                    .flags = 1,
	                                    .create_parent = true,
	                                    .block_size = 1024}};
	struct command replication = {.kind = ENTRY_set_replication,
	                              .set_replication = {.path = STR("/d/f")}};
	struct command add = {.kind = ENTRY_add_block,
	                      .add_block = {.path = STR("/d/w"), .holder = STR("h")}};
	struct bench b;

	(void)state;
	open_with_d(&b);
	mkdirs.mkdirs.path = STR("/d/12345678901/x");
	told(&b, check_new(&b, &mkdirs, &limits), -ERR_COMPONENT_TOO_LONG,
	     "The maximum path component name limit of 12345678901 in directory /d is exceeded: "
	     "limit=10 length=11");
	told(&b, check_new(&b, &create, &limits), -ERR_WRITE_REFUSED,
	     "Requested replication factor of 0 is less than the required minimum of 1 for "
	     "/d/r0, "
	     "clientName=127.0.0.1");
	create.create.replication = 600;
	told(&b, check_new(&b, &create, &limits), -ERR_WRITE_REFUSED,
	     "Requested replication factor of 600 exceeds maximum of 512 for /d/r0, "
	     "clientName=127.0.0.1");
	create.create.replication = (uint16_t)-1;
	told(&b, check_new(&b, &create, &limits), -ERR_WRITE_REFUSED,
	     "Requested replication factor of -1 is less than the required minimum of 1 for "
	     "/d/r0, "
	     "clientName=127.0.0.1");
	create.create.path = STR("/d");
	told(&b, check_new(&b, &create, &limits), -ERR_EXISTS, "/d already exists as a directory");
	create.create.path = STR("/d/f/x");
	told(&b, check_new(&b, &create, &limits), -ERR_NOT_DIRECTORY, "/d/f (is not a directory)");
	create.create.path = STR("/d/r0");
	create.create.replication = 3;
	create.create.block_size = 1;
	told(&b, check_new(&b, &create, &limits), -ERR_WRITE_REFUSED,
	     "Specified block size 1 is less than configured minimum value "
	     "dfs.namenode.fs-limits.min-block-size=1024");
	create.create.block_size = 1025;
	assert_int_equal(check_new(&b, &create, &limits), 0);
	told(&b, check_new(&b, &replication, &limits), -ERR_WRITE_REFUSED,
	     "Requested replication factor of 0 is less than the required minimum of 1 for /d/f");
	replication.set_replication.replication = (uint16_t)-1;
	told(&b, check_new(&b, &replication, &limits), -ERR_WRITE_REFUSED,
	     "Requested replication factor of -1 is less than the required minimum of 1 for /d/f");
	replication.set_replication.replication = 513;
	told(&b, check_new(&b, &replication, &limits), -ERR_WRITE_REFUSED,
	     "Requested replication factor of 513 exceeds maximum of 512 for /d/f");
	do_create(&b, "root", "/d/w", "h", 1);
	do_add_block(&b, "/d/w", "h", (struct block){0});
	add.add_block.previous = b.result.block;
	told(&b, check_new(&b, &add, &limits), -ERR_WRITE_REFUSED,
	     "File has reached the limit on maximum number of blocks "
	     "(dfs.namenode.fs-limits.max-blocks-per-file): 1 >= 1");
	do_mkdirs(&b, "root", "/d/x", 0755);
	mkdirs.mkdirs.path = STR("/d/y");
	told(&b, check_new(&b, &mkdirs, &limits), -ERR_TOO_MANY_ITEMS,
	     "The directory item limit of /d is exceeded: limit=3 items=3");
	/* apply knows none of them */
	assert_int_equal(bench_apply(&b, &mkdirs), 0);
	bench_close(&b);
}

/* HDFS, FSDirRenameOp.verifyFsLimitsForRename; a put ends with such a rename. */
static void a_name_may_change_in_a_directory_that_is_full(void **state)
{
	static const struct ns_limits limits = {.directory_items_max = 2};
	struct command rename = {.kind = ENTRY_rename,
	                         .rename = {.source = STR("/d/f"), .target = STR("/d/g")}};
	struct command rename2 = {.kind = ENTRY_rename2,
	                          .rename2 = {.source = STR("/d/f"), .target = STR("/d/g")}};
	struct bench b;

	(void)state;
	open_with_d(&b);
	do_mkdirs(&b, "root", "/d/x", 0755);
	do_mkdirs(&b, "root", "/e", 0755);
	assert_int_equal(check_new(&b, &rename, &limits), 0);
	assert_false(b.result.changes_nothing);
	assert_int_equal(check_new(&b, &rename2, &limits), 0);
	rename.rename.source = rename2.rename2.source = STR("/e");
	told(&b, check_new(&b, &rename, &limits), -ERR_TOO_MANY_ITEMS,
	     "The directory item limit of /d is exceeded: limit=2 items=2");
	told(&b, check_new(&b, &rename2, &limits), -ERR_TOO_MANY_ITEMS,
	     "The directory item limit of /d is exceeded: limit=2 items=2");
	bench_close(&b);
}

/* Every change walks up to the root, and by ids and renames a user could make a way of millions. */
static void nothing_new_comes_deeper_than_a_path_may_lead(void **state)
{
	static const struct ns_limits limits = {0};
	enum { HIGH = 600 };
	char low[2 * HIGH + 8] = "/low", high[2 * HIGH + 8] = "/high", by_id[64];
	struct command rename = {.kind = ENTRY_rename, .rename = {.source = STR("/low")}};
	struct command rename2 = {.kind = ENTRY_rename2, .rename2 = {.source = STR("/low")}};
	struct command mkdirs = {.kind = ENTRY_mkdirs, .mkdirs = {.create_parent = true}};
	struct bench b;

	(void)state;
	bench_open(&b);
	for (int i = 0; i < HIGH; i++) {
		memcpy(low + 4 + 2 * i, "/d", 3);
		memcpy(high + 5 + 2 * i, "/d", 3);
	}
	do_mkdirs(&b, "root", low, 0755);
	do_mkdirs(&b, "root", high, 0755);
	snprintf(by_id, sizeof(by_id), "/.reserved/.inodes/%llu/x",
	         (unsigned long long)b.result.inode);
	rename.rename.target = rename2.rename2.target = mkdirs.mkdirs.path = str_of(by_id);
	told(&b, check_new(&b, &rename, &limits), -ERR_TOO_LARGE,
	     "rename: Pathname too long.  Limit 8000 characters, 1000 levels.");
	told(&b, check_new(&b, &rename2, &limits), -ERR_TOO_LARGE,
	     "rename: Pathname too long.  Limit 8000 characters, 1000 levels.");
	assert_int_equal(check_new(&b, &mkdirs, &limits), 0);
	/* apply knows no limits, and so it came to be */
	assert_int_equal(bench_apply(&b, &rename), 0);
	assert_true(b.result.value);
	rename.rename = (struct command_rename){.source = STR("/high"), .target = STR("/other")};
	assert_int_equal(check_new(&b, &rename, &limits), 0);
	do_mkdirs(&b, "root", "/e", 0755);
	rename.rename.target = STR("/e/other");
	told(&b, check_new(&b, &rename, &limits), -ERR_TOO_LARGE,
	     "rename: Pathname too long.  Limit 8000 characters, 1000 levels.");
	bench_close(&b);
}

static void a_refusal_names_no_path_of_megabytes(void **state)
{
	enum { BYTES = 1 << 20, SAID = 16384 };
	char *path = mem_must_alloc(BYTES);
	struct command recover = {.kind = ENTRY_recover_lease,
	                          .recover_lease = {.path = str_make(path, BYTES)}};
	struct bench b;

	(void)state;
	memset(path, 'p', BYTES);
	path[0] = '/';
	bench_open(&b);
	assert_int_equal(bench_apply(&b, &recover), -ERR_NOT_FOUND);
	assert_int_equal(b.result.message.size, SAID);
	assert_memory_equal(b.result.message.data, "File does not exist: /ppp", 25);
	bench_close(&b);
	mem_free(path);
}

static void long_paths_are_refused_by_what_makes_them(void **state)
{
	char *path = mem_must_alloc(8200);
	struct bench b;

	(void)state;
	bench_open(&b);
	for (int i = 0; i < 8199; i++)
		path[i] = i % 200 == 0 ? '/' : 'p';
	path[8199] = '\0';
	told(&b, do_mkdirs(&b, "root", path, 0755), -ERR_TOO_LARGE,
	     "mkdirs: Pathname too long.  Limit 8000 characters, 1000 levels.");
	told(&b, do_create(&b, "root", path, "h", 1), -ERR_TOO_LARGE,
	     "create: Pathname too long.  Limit 8000 characters, 1000 levels.");
	told(&b, do_rename(&b, "root", "/x", path), -ERR_TOO_LARGE,
	     "rename: Pathname too long.  Limit 8000 characters, 1000 levels.");
	says(&b, do_delete(&b, "root", path, false), false);
	assert_false(exists(&b, path));
	path[8000] = '\0';
	assert_int_equal(do_mkdirs(&b, "root", path, 0755), 0);
	for (int i = 0; i < 2002; i++)
		path[i] = i % 2 == 0 ? '/' : 'd';
	path[2002] = '\0';
	told(&b, do_mkdirs(&b, "root", path, 0755), -ERR_TOO_LARGE,
	     "mkdirs: Pathname too long.  Limit 8000 characters, 1000 levels.");
	path[2000] = '\0';
	assert_int_equal(do_mkdirs(&b, "root", path, 0755), 0);
	assert_true(exists(&b, path));
	bench_close(&b);
	mem_free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(mkdirs_refuses_names_that_are_not_valid),
	        cmocka_unit_test(a_file_in_the_way_is_named),
	        cmocka_unit_test(create_refuses_what_is_there),
	        cmocka_unit_test(a_missing_parent_is_named),
	        cmocka_unit_test(writers_without_the_lease_are_told_whose_it_is),
	        cmocka_unit_test(a_new_stamp_needs_an_open_block_of_the_holder),
	        cmocka_unit_test(rename_answers_false_where_rename2_says_why),
	        cmocka_unit_test(rename_judges_its_target_first),
	        cmocka_unit_test(rename_moves_into_a_directory),
	        cmocka_unit_test(delete_says_false_for_nothing_and_for_the_root),
	        cmocka_unit_test(who_may_not_is_told_what_was_missing_where),
	        cmocka_unit_test(owners_may_change_the_mode_but_not_the_owner),
	        cmocka_unit_test(times_and_replication_need_write),
	        cmocka_unit_test(recover_lease_closes_an_empty_file),
	        cmocka_unit_test(a_block_being_written_keeps_recover_lease_from_closing),
	        cmocka_unit_test(a_sticky_directory_keeps_strangers_from_removing),
	        cmocka_unit_test(a_recursive_delete_asks_every_directory_that_is_not_empty),
	        cmocka_unit_test(bob_may_not_clear_the_root),
	        cmocka_unit_test(reads_of_files_say_what_is_missing),
	        cmocka_unit_test(check_access_says_what_is_missing),
	        cmocka_unit_test(a_listing_needs_read_and_execute_on_a_directory_only),
	        cmocka_unit_test(a_content_summary_needs_read_and_execute_everywhere),
	        cmocka_unit_test(an_inode_can_be_named_by_its_id),
	        cmocka_unit_test(limits_are_named_with_their_values),
	        cmocka_unit_test(a_name_may_change_in_a_directory_that_is_full),
	        cmocka_unit_test(nothing_new_comes_deeper_than_a_path_may_lead),
	        cmocka_unit_test(a_refusal_names_no_path_of_megabytes),
	        cmocka_unit_test(long_paths_are_refused_by_what_makes_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
