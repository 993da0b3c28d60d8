/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "io/io.h"

struct world {
	struct io *io;
	char folder[64];
	char path[128];  /* a file in the folder, not made yet */
	char other[128]; /* another */
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_int_equal(io_create(&w->io), 0);
	snprintf(w->folder, sizeof(w->folder), "./io-test-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	snprintf(w->path, sizeof(w->path), "%s/file", w->folder);
	snprintf(w->other, sizeof(w->other), "%s/other", w->folder);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	unlink(w->path);
	unlink(w->other);
	assert_int_equal(io_rmdir(w->io, w->folder), 0); /* nothing was left behind */
	io_destroy(w->io);
	free(w);
	return 0;
}

static struct io_file *open_new(struct world *w, unsigned flags)
{
	struct io_file *file;

	assert_int_equal(
	        io_file_open(w->io, w->path, IO_OPEN_WRITE | IO_OPEN_CREATE | flags, &file), 0);
	return file;
}

static void what_was_written_is_read_back(void **state)
{
	struct io_file *file = open_new(*state, 0);
	char back[16] = "";
	uint64_t size;
	size_t got;

	assert_int_equal(io_file_write(file, "holdfast", 8, 4), 0);
	assert_int_equal(io_file_sync(file), 0);
	assert_int_equal(io_file_size(file, &size), 0);
	assert_int_equal(size, 12);
	assert_int_equal(io_file_read(file, back, sizeof(back), 4, &got), 0);
	assert_int_equal(got, 8); /* fewer only at the end */
	assert_string_equal(back, "holdfast");
	assert_int_equal(io_file_truncate(file, 6), 0);
	assert_int_equal(io_file_read(file, back, sizeof(back), 4, &got), 0);
	assert_int_equal(got, 2);
	io_file_close(file);
}

static void exclusive_creation_refuses_what_is_there(void **state)
{
	struct world *w = *state;
	struct io_file *file = open_new(w, IO_OPEN_EXCLUSIVE), *again = NULL;

	assert_int_equal(io_file_open(w->io, w->path,
	                              IO_OPEN_WRITE | IO_OPEN_CREATE | IO_OPEN_EXCLUSIVE, &again),
	                 -ERR_FILE_EXISTS);
	assert_null(again);
	io_file_close(file);
}

static void missing_file_and_folder_are_told_apart_from_others(void **state)
{
	struct world *w = *state;
	struct io_stat stat;
	struct io_file *file;

	assert_int_equal(io_file_open(w->io, w->path, IO_OPEN_READ, &file), -ERR_NO_FILE);
	assert_int_equal(io_stat(w->io, w->path, &stat), -ERR_NO_FILE);
	assert_int_equal(io_unlink(w->io, w->path), -ERR_NO_FILE);
	assert_int_equal(io_mkdir(w->io, w->folder), -ERR_FILE_EXISTS);
	assert_int_equal(io_stat(w->io, w->folder, &stat), 0);
	assert_int_equal(stat.kind, IO_KIND_FOLDER);
}

static void direct_writes_are_read_back(void **state)
{
	struct io_file *file = open_new(*state, IO_OPEN_EXCLUSIVE | IO_OPEN_DIRECT | IO_OPEN_DSYNC);
	uint8_t *block = aligned_alloc(IO_BLOCK_BYTES, 2 * IO_BLOCK_BYTES);
	size_t got;

	memset(block, 0x5a, IO_BLOCK_BYTES);
	assert_int_equal(io_file_write(file, block, IO_BLOCK_BYTES, IO_BLOCK_BYTES), 0);
	assert_int_equal(io_file_read(file, block, 2 * IO_BLOCK_BYTES, 0, &got), 0);
	assert_int_equal(got, 2 * IO_BLOCK_BYTES);
	assert_int_equal(block[0], 0);
	assert_int_equal(block[IO_BLOCK_BYTES], 0x5a);
	free(block);
	io_file_close(file);
}

/* /proc refuses O_DIRECT with EINVAL, as some network file systems do. */
static void direct_falls_back_where_the_folder_cannot(void **state)
{
	struct world *w = *state;
	struct io_file *file;

	assert_int_equal(
	        io_file_open(w->io, "/proc/self/comm", IO_OPEN_READ | IO_OPEN_DIRECT, &file), 0);
	assert_false(io_file_is_direct(file));
	io_file_close(file);
}

static int exit_code_of(pid_t child)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void locked_file_refuses_another_process_until_closed(void **state)
{
	struct world *w = *state;
	struct io_file *file = open_new(w, 0), *second = open_new(w, 0), *mine;
	pid_t child;

	assert_int_equal(io_file_lock(file), 0);
	assert_int_equal(io_file_lock(second), -ERR_IN_USE);
	io_file_close(second); /* does not drop the lock of the first */
	child = fork();
	if (child == 0) {
		/* What fork() copied shares the lock: another opening does not. */
		mine = open_new(w, 0);
		_exit(io_file_lock(mine) == -ERR_IN_USE ? 0 : 1);
	}
	assert_int_equal(exit_code_of(child), 0);
	io_file_close(file);
	second = open_new(w, 0);
	assert_int_equal(io_file_lock(second), 0);
	io_file_close(second);
}

static void replaced_file_is_whole_and_leaves_nothing_behind(void **state)
{
	struct world *w = *state;
	struct buf buf = {0};

	assert_int_equal(io_replace_file(w->io, w->path, "first, and long", 15), 0);
	assert_int_equal(io_replace_file(w->io, w->path, "second", 6), 0);
	assert_int_equal(io_read_file(w->io, w->path, 6, &buf), 0);
	assert_int_equal(buf.size, 6);
	assert_memory_equal(buf.data, "second", 6);
	buf_clear(&buf);
	assert_int_equal(io_read_file(w->io, w->path, 5, &buf), -ERR_TOO_LARGE);
	buf_finish(&buf);
}

static void replacing_in_a_missing_folder_says_so(void **state)
{
	struct world *w = *state;

	assert_int_equal(io_replace_file(w->io, "./no-such-folder/file", "x", 1), -ERR_NO_FILE);
}

static void names_come_in_byte_order(void **state)
{
	static const char *const order[] = {"B", "a", "b", "\xc3\xa4"};
	struct world *w = *state;
	char path[160];
	char **names;
	size_t count;

	for (int i = 3; i >= 0; i--) {
		snprintf(path, sizeof(path), "%s/%s", w->folder, order[i]);
		assert_int_equal(io_mkdir(w->io, path), 0);
	}
	assert_int_equal(io_list_folder(w->io, w->folder, &names, &count), 0);
	assert_int_equal(count, 4);
	for (int i = 0; i < 4; i++) {
		assert_string_equal(names[i], order[i]);
		snprintf(path, sizeof(path), "%s/%s", w->folder, order[i]);
		assert_int_equal(io_rmdir(w->io, path), 0);
	}
	io_free_names(names, count);
	assert_int_equal(io_list_folder(w->io, w->folder, &names, &count), 0);
	assert_int_equal(count, 0);
	io_free_names(names, count);
}

static void process_facts_are_sensible(void **state)
{
	struct world *w = *state;
	struct io_space space;
	struct buf groups = {0};
	char host[256];

	gethostname(host, sizeof(host));
	assert_string_equal(io_host_name(w->io), host);
	assert_int_equal(io_process_id(w->io), getpid());
	assert_true(io_process_memory(w->io) > 1 << 20);
	assert_int_equal(io_space(w->io, w->folder, &space), 0);
	assert_true(space.capacity > 0 && space.available <= space.capacity);
	assert_int_equal(io_user_groups(w->io, "root", &groups), 0);
	assert_true(str_starts_with(buf_str(&groups), STR("root")));
	assert_int_equal(io_user_groups(w->io, "no such user", &groups), -ERR_NOT_FOUND);
	buf_finish(&groups);
	assert_null(io_environment(w->io, "HOLDFAST_NO_SUCH_VARIABLE"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(what_was_written_is_read_back),
	        TEST(exclusive_creation_refuses_what_is_there),
	        TEST(missing_file_and_folder_are_told_apart_from_others),
	        TEST(direct_writes_are_read_back),
	        TEST(direct_falls_back_where_the_folder_cannot),
	        TEST(locked_file_refuses_another_process_until_closed),
	        TEST(replaced_file_is_whole_and_leaves_nothing_behind),
	        TEST(replacing_in_a_missing_folder_says_so),
	        TEST(names_come_in_byte_order),
	        TEST(process_facts_are_sensible),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
