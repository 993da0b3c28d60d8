/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sizes at the edge: deep trees, wide directories, many blocks.  The counts are smaller where the
 * sanitizers make everything slow.
 */
#include "base/random.h"
#include "ns_testing.h"

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
enum { WIDE = 30000 };
#else
enum { WIDE = 1000000 };
#endif

static void fill_wide(struct bench *bench)
{
	char path[64];

	bench_open(bench);
	for (int i = 0; i < WIDE; i++) {
		snprintf(path, sizeof(path), "/w/file-%08d", i);
		assert_int_equal(do_create(bench, "root", path, "h", 1), 0);
	}
}

struct pages {
	uint64_t count;
	char last[64];
};

static bool count_one(void *context, const struct ns_status *status)
{
	struct pages *pages = context;

	snprintf(pages->last, sizeof(pages->last), "%.*s", STR_ARGS(status->name));
	pages->count++;
	return true;
}

static void a_wide_directory_is_listed_in_pages(void **state)
{
	struct ns_caller root = caller_of("root");
	struct pages pages = {0};
	uint64_t remaining = 1;
	struct ns_status status = {0};
	struct bench b;

	(void)state;
	fill_wide(&b);
	assert_int_equal(look(&b, "root", "/w", &status), 0);
	assert_int_equal(status.children, WIDE);
	while (remaining > 0) {
		uint64_t before = pages.count;

		assert_int_equal(ns_list(b.ns, &root, STR("/w"), str_of(pages.last), 1000,
		                         count_one, &pages, &b.arena, &b.result.message,
		                         &remaining),
		                 0);
		assert_true(pages.count == before + 1000 || remaining == 0);
		if (pages.count + 1024 >= WIDE || before == 0)
			assert_int_equal(remaining, WIDE - pages.count);
	}
	assert_int_equal(pages.count, WIDE);
	bench_close(&b);
}

static void a_wide_directory_is_moved_and_deleted_by_one_entry(void **state)
{
	struct bench b;

	(void)state;
	fill_wide(&b);
	assert_int_equal(do_rename(&b, "root", "/w", "/v"), 0);
	assert_true(exists(&b, "/v/file-00000007"));
	assert_int_equal(do_delete(&b, "root", "/v", true), 0);
	assert_int_equal(b.result.left_to_reclaim, WIDE);
	while (b.result.left_to_reclaim > 0)
		assert_int_equal(do_reclaim(&b, 10000), 0);
	bench_close(&b);
}

static void a_tree_may_grow_deeper_than_a_path_by_renames(void **state)
{
	char *path = mem_must_alloc(2001);
	struct buf deep = {0};
	struct buf back = {0};
	struct ns_status status = {0};
	struct bench b;

	(void)state;
	bench_open(&b);
	for (int i = 0; i < 2000; i++)
		path[i] = i % 2 == 0 ? '/' : 'd';
	path[2000] = '\0';
	for (int round = 0; round < 3; round++) {
		assert_int_equal(do_mkdirs(&b, "root", path, 0755), 0);
		if (round > 0) {
			/* what was made before hangs below the deepest of the new ones */
			path[1] = 'd';
			assert_int_equal(do_rename(&b, "root", "/x", path), 0);
		}
		assert_int_equal(do_rename(&b, "root", "/d", "/x"), 0);
	}
	buf_append_str(&deep, STR("/x"));
	for (int i = 0; i < 2; i++) {
		buf_append(&deep, path + 2, 1998);
		buf_append_str(&deep, STR("/x"));
	}
	buf_append(&deep, path + 2, 1998);
	buf_append_u8(&deep, '\0');
	assert_int_equal(look(&b, "root", (char *)deep.data, &status), 0);
	assert_true(ns_path_of(b.ns, status.inode, &back));
	assert_int_equal(back.size, deep.size - 1);
	assert_memory_equal(back.data, deep.data, back.size);
	make_file_of(&b, "/x/f", 10);
	ns_destroy(copy_by_records(ns_hold(b.ns), 10000));
	assert_int_equal(do_delete(&b, "root", "/x", true), 0);
	while (b.result.left_to_reclaim > 0)
		assert_int_equal(do_reclaim(&b, 1000), 0);
	buf_finish(&deep);
	buf_finish(&back);
	mem_free(path);
	bench_close(&b);
}

static void a_file_of_many_blocks_is_read_by_range(void **state)
{
	enum { BLOCKS = 3000 };
	struct ns_caller root = caller_of("root");
	struct block block = {0};
	struct ns_blocks blocks;
	struct bench b;

	(void)state;
	bench_open(&b);
	assert_int_equal(do_create(&b, "root", "/f", "h", 1), 0);
	for (int i = 0; i < BLOCKS; i++) {
		assert_int_equal(do_add_block(&b, "/f", "h", block), 0);
		block = b.result.block;
		block.length = 100;
	}
	assert_int_equal(do_complete(&b, "/f", "h", block), 0);
	assert_int_equal(ns_file_blocks(b.ns, &root, STR("/f"), 150, 200, &b.arena,
	                                &b.result.message, &blocks),
	                 0);
	assert_int_equal(blocks.count, 3);
	assert_int_equal(blocks.blocks[0].offset, 100);
	assert_int_equal(blocks.blocks[2].block.id, 1073741825 + 3);
	assert_true(blocks.has_last);
	assert_int_equal(blocks.last.block.id, 1073741825 + BLOCKS - 1);
	assert_int_equal(blocks.last.offset, 100 * (BLOCKS - 1));
	assert_int_equal(ns_file_blocks(b.ns, &root, STR("/f"), 100 * BLOCKS, 5, &b.arena,
	                                &b.result.message, &blocks),
	                 0);
	assert_int_equal(blocks.count, 0);
	ns_destroy(copy_by_records(ns_hold(b.ns), 10000));
	assert_int_equal(do_delete(&b, "root", "/f", false), 0);
	assert_int_equal(b.result.gone_count, BLOCKS);
	bench_close(&b);
}

static void names_of_255_bytes_fill_a_directory(void **state)
{
	struct random random = random_make(1);
	char path[300];
	struct bench b;

	(void)state;
	bench_open(&b);
	for (int i = 0; i < 2000; i++) {
		memset(path, 'n', sizeof(path));
		memcpy(path, "/l/", 3);
		snprintf(path + 3 + 255 - 16, 17, "%016llx",
		         (unsigned long long)random_u64(&random));
		assert_int_equal(do_mkdirs(&b, "root", path, 0755), 0);
	}
	memset(path, 'n', 3 + 256);
	memcpy(path, "/l/", 3);
	path[3 + 256] = '\0';
	assert_int_equal(do_mkdirs(&b, "root", path, 0755), -ERR_COMPONENT_TOO_LONG);
	ns_destroy(copy_by_records(ns_hold(b.ns), 10000));
	bench_close(&b);
}

/* After a restore ids begin 2^32 higher: both stand beside each other. */
static void ids_may_jump(void **state)
{
	struct ns_hold *hold;
	struct ns_save *save;
	struct namespace *jumped = ns_create(0);
	struct ns_load *load = ns_load_begin(jumped);
	struct buf buf = {0};
	uint64_t next_inode = 0;
	uint64_t next_block = 0;
	struct hash128 digest;
	struct bench b;
	struct bench j = {.ns = jumped};

	(void)state;
	bench_open(&b);
	make_file_of(&b, "/old", 10);
	hold = ns_hold(b.ns);
	save = ns_save_begin(&hold);
	while (ns_save_step(save, 1000, &buf) > 0)
		continue;
	ns_save_end(save);
	/* in the settings: has identity, "CID-1", u32, "BP-1", u64, u32, u8 */
	memcpy(&next_inode, buf.data + 5 + 1 + 6 + 4 + 5 + 8 + 4 + 1, 8);
	assert_int_equal(next_inode, 16387);
	next_inode += 1ull << 32;
	memcpy(buf.data + 34, &next_inode, 8);
	memcpy(&next_block, buf.data + 42, 8);
	next_block += 1ull << 32;
	memcpy(buf.data + 42, &next_block, 8);
	assert_int_equal(ns_load_step(load, buf_str(&buf)), 0);
	/* with these bytes the digest is another one */
	assert_int_equal(ns_load_end(load, 5, (struct hash128){0}), -ERR_DAMAGED);
	digest = ns_digest(jumped);
	ns_destroy(jumped);
	j.ns = jumped = ns_create(0);
	load = ns_load_begin(jumped);
	assert_int_equal(ns_load_step(load, buf_str(&buf)), 0);
	assert_int_equal(ns_load_end(load, 5, digest), 0);
	arena_init(&j.arena, 0);
	j.wall_ms = b.wall_ms;
	make_file_of(&j, "/new", 10);
	make_file_of(&j, "/dir/new", 10);
	assert_true(exists(&j, "/old"));
	assert_true(exists(&j, "/dir/new"));
	ns_destroy(copy_by_records(ns_hold(j.ns), 1000));
	buf_finish(&buf);
	bench_close(&j);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_wide_directory_is_listed_in_pages),
	        cmocka_unit_test(a_wide_directory_is_moved_and_deleted_by_one_entry),
	        cmocka_unit_test(a_tree_may_grow_deeper_than_a_path_by_renames),
	        cmocka_unit_test(a_file_of_many_blocks_is_read_by_range),
	        cmocka_unit_test(names_of_255_bytes_fill_a_directory),
	        cmocka_unit_test(ids_may_jump),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
