/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Repeated calls: each is carried out once, and answered each time as the first time.
 */
#include "ns_testing.h"

static struct command call_of(enum entry_kind kind, int32_t call_id)
{
	struct command command = {
	        .kind = kind, .has_client = true, .client_id = {7}, .call_id = call_id};

	as_user(&command, "root");
	command.flags |= COMMAND_AT_MOST_ONCE;
	return command;
}

/* Applies it twice; the second time changes nothing. */
static void apply_twice(struct bench *bench, struct command *command, struct ns_result *ret_first)
{
	struct hash128 digest;
	struct command copy = *command;

	bench_apply(bench, command);
	*ret_first = bench->result;
	digest = ns_digest(bench->ns);
	copy.wall_ms = bench->wall_ms;
	ns_apply(bench->ns, ns_applied(bench->ns) + 1, &copy, &bench->arena, &bench->result);
	assert_true(bench->result.is_repeat);
	assert_int_equal(bench->result.rc, ret_first->rc);
	assert_int_equal(bench->result.value, ret_first->value);
	assert_same_hash(digest, ns_digest(bench->ns));
}

static void a_repeated_delete_is_true_again(void **state)
{
	struct command command = call_of(ENTRY_delete, 1);
	struct ns_result first;
	struct bench b;

	(void)state;
	bench_open(&b);
	make_file(&b, "/f");
	command.delete.path = STR("/f");
	apply_twice(&b, &command, &first);
	assert_true(first.value);
	/* also when something new is there by now */
	make_file(&b, "/f");
	bench_apply(&b, &command);
	assert_true(b.result.value);
	assert_true(exists(&b, "/f"));
	bench_close(&b);
}

static void a_repeated_create_shows_the_same_file(void **state)
{
	struct command command = call_of(ENTRY_create, 2);
	struct ns_result first;
	struct bench b;

	(void)state;
	bench_open(&b);
	command.create = (struct command_create){.path = STR("/f"),
	                                         .mode = 0640,
	                                         .holder = STR("h"),
	                                         .flags = 1,
	                                         .replication = 2,
	                                         .block_size = 4096};
	apply_twice(&b, &command, &first);
	assert_true(b.result.has_status);
	assert_int_equal(b.result.status.inode, first.inode);
	assert_int_equal(b.result.status.mode, 0640);
	/* gone by now: the repeated call says what it was */
	do_delete(&b, "root", "/f", false);
	bench_apply(&b, &command);
	assert_int_equal(b.result.rc, 0);
	assert_true(b.result.has_status);
	assert_int_equal(b.result.status.inode, first.inode);
	assert_int_equal(b.result.status.mode, 0640);
	assert_int_equal(b.result.status.replication, 2);
	assert_int_equal(b.result.status.block_size, 4096);
	assert_true(str_equal(b.result.status.owner, STR("root")));
	assert_false(exists(&b, "/f"));
	bench_close(&b);
}

static void a_repeated_add_block_gives_the_same_block(void **state)
{
	struct str workers[] = {STR("w1"), STR("w2")};
	struct command command = call_of(ENTRY_add_block, 3);
	struct ns_result first;
	struct block block;
	struct bench b;

	(void)state;
	bench_open(&b);
	do_create(&b, "root", "/f", "h", 1);
	command.add_block = (struct command_add_block){
	        .path = STR("/f"), .holder = STR("h"), .workers = {workers, 2}};
	apply_twice(&b, &command, &first);
	assert_int_equal(b.result.block.id, first.block.id);
	assert_int_equal(b.result.block_offset, 0);
	assert_int_equal(b.result.workers.count, 2);
	block = first.block;
	block.length = 50;
	assert_int_equal(do_add_block(&b, "/f", "h", block), 0);
	bench_apply(&b, &command);
	assert_int_equal(b.result.block.id, first.block.id);
	assert_int_equal(b.result.block_offset, 0);
	bench_close(&b);
}

static void a_repeated_add_block_whose_block_is_gone_is_refused(void **state)
{
	struct command command = call_of(ENTRY_add_block, 3);
	struct command abandon = call_of(ENTRY_abandon_block, 4);
	struct ns_result first;
	struct bench b;

	(void)state;
	bench_open(&b);
	do_create(&b, "root", "/f", "h", 1);
	command.add_block = (struct command_add_block){.path = STR("/f"), .holder = STR("h")};
	apply_twice(&b, &command, &first);
	abandon.abandon_block = (struct command_abandon_block){
	        .path = STR("/f"), .holder = STR("h"), .block = first.block};
	assert_int_equal(bench_apply(&b, &abandon), 0);
	assert_int_equal(bench_apply(&b, &command), -ERR_WRITE_REFUSED);
	assert_int_equal(b.result.block.id, 0);
	assert_int_equal(do_delete(&b, "root", "/f", false), 0);
	assert_int_equal(bench_apply(&b, &command), -ERR_NOT_FOUND);
	bench_close(&b);
}

static void a_repeated_new_stamp_gives_the_same_stamp(void **state)
{
	struct command command = call_of(ENTRY_new_stamp, 4);
	struct ns_result first;
	struct bench b;

	(void)state;
	bench_open(&b);
	do_create(&b, "root", "/f", "h", 1);
	do_add_block(&b, "/f", "h", (struct block){0});
	command.new_stamp = (struct command_new_stamp){.block = b.result.block, .holder = STR("h")};
	apply_twice(&b, &command, &first);
	assert_int_equal(first.block.stamp, 1002);
	assert_int_equal(b.result.block.stamp, 1002);
	bench_close(&b);
}

static void a_refusal_is_repeated_even_if_it_would_pass_now(void **state)
{
	struct command command = call_of(ENTRY_rename2, 5);
	struct ns_result first;
	struct bench b;

	(void)state;
	bench_open(&b);
	command.rename2 = (struct command_rename2){.source = STR("/f"), .target = STR("/g")};
	apply_twice(&b, &command, &first);
	assert_int_equal(first.rc, -ERR_NOT_FOUND);
	assert_text(&b, "rename source /f is not found.");
	make_file(&b, "/f");
	bench_apply(&b, &command);
	assert_int_equal(b.result.rc, -ERR_NOT_FOUND);
	assert_true(exists(&b, "/f"));
	bench_close(&b);
}

static void another_method_under_the_same_ids_is_refused(void **state)
{
	struct command command = call_of(ENTRY_mkdirs, 6);
	struct bench b;

	(void)state;
	bench_open(&b);
	command.mkdirs = (struct command_mkdirs){.path = STR("/d"), .mode = 0755};
	assert_int_equal(bench_apply(&b, &command), 0);
	command.kind = ENTRY_delete;
	command.delete = (struct command_delete){.path = STR("/d")};
	assert_int_equal(bench_apply(&b, &command), -ERR_REPEAT_DIFFERS);
	assert_true(exists(&b, "/d"));
	bench_close(&b);
}

static void calls_without_a_client_id_are_never_repeats(void **state)
{
	struct command command = call_of(ENTRY_delete, 1);
	struct ns_retry_stats stats;
	struct bench b;

	(void)state;
	bench_open(&b);
	command.has_client = false;
	command.delete.path = STR("/f");
	for (int i = 0; i < 2; i++) {
		make_file(&b, "/f");
		bench_apply(&b, &command);
		assert_false(b.result.is_repeat);
		assert_true(b.result.value);
	}
	ns_retry_stats(b.ns, &stats);
	assert_int_equal(stats.rows, 0);
	assert_int_equal(stats.oldest_at_most_once_age_ms, UINT64_MAX);
	bench_close(&b);
}

static void admission_finds_a_repeat_before_it_judges(void **state)
{
	struct command command = call_of(ENTRY_mkdirs, 1);
	struct ns_limits limits = {.component_bytes_max = 1, .replication_max = 1};
	struct ns_result result;
	struct bench b;

	(void)state;
	bench_open(&b);
	command.mkdirs = (struct command_mkdirs){.path = STR("/long"), .mode = 0755};
	bench_apply(&b, &command);
	ns_check(b.ns, &command, &limits, &b.arena, &result);
	assert_int_equal(result.rc, 0);
	assert_true(result.is_repeat);
	assert_true(ns_retry_find(b.ns, &command, &b.arena, &result));
	command.call_id++;
	assert_false(ns_retry_find(b.ns, &command, &b.arena, &result));
	bench_close(&b);
}

static int tick(struct bench *bench, uint64_t age, uint64_t at_most_once, uint64_t others)
{
	struct command command = {.kind = ENTRY_tick,
	                          .age_ms = age,
	                          .tick = {.forget_at_most_once_age_ms = at_most_once,
	                                   .forget_others_age_ms = others}};

	return bench_apply(bench, &command);
}

static void only_ticks_forget_and_each_class_by_its_own_line(void **state)
{
	struct command once = call_of(ENTRY_delete, 1);
	struct command other = call_of(ENTRY_delete, 2);
	struct ns_retry_stats stats;
	struct ns_result result;
	struct bench b;

	(void)state;
	bench_open(&b);
	once.age_ms = other.age_ms = 1000;
	once.delete.path = other.delete.path = STR("/f");
	other.flags &= (uint8_t)~COMMAND_AT_MOST_ONCE;
	bench_apply(&b, &once);
	bench_apply(&b, &other);
	assert_int_equal(tick(&b, 1000000, 1000, 1001), 0);
	assert_true(ns_retry_find(b.ns, &once, &b.arena, &result));
	assert_false(ns_retry_find(b.ns, &other, &b.arena, &result));
	ns_retry_stats(b.ns, &stats);
	assert_int_equal(stats.rows, 1);
	assert_int_equal(stats.oldest_at_most_once_age_ms, 1000);
	assert_int_equal(stats.oldest_others_age_ms, UINT64_MAX);
	/* lines do not go back */
	assert_int_equal(tick(&b, 1000000, 1001, 0), 0);
	assert_false(ns_retry_find(b.ns, &once, &b.arena, &result));
	assert_int_equal(ns_age_ms(b.ns), 1000000);
	bench_close(&b);
}

static void many_forgotten_rows_go_over_many_entries(void **state)
{
	struct command command = call_of(ENTRY_delete, 0);
	struct ns_retry_stats stats;
	struct ns_result result;
	uint64_t rows;
	struct bench b;

	(void)state;
	bench_open(&b);
	command.delete.path = STR("/f");
	for (int i = 0; i < 10000; i++) {
		command.call_id = i;
		command.client_id[1] = (uint8_t)(i % 100);
		command.age_ms = (uint64_t)i;
		bench_apply(&b, &command);
	}
	assert_int_equal(tick(&b, 20000, 9990, 0), 0);
	/* one that still takes memory is not found either */
	command.call_id = 9000;
	command.client_id[1] = 0;
	assert_false(ns_retry_find(b.ns, &command, &b.arena, &result));
	ns_retry_stats(b.ns, &stats);
	rows = stats.rows;
	assert_true(rows > 10 && rows < 10000);
	for (int i = 0; i < 10 && stats.rows > 10; i++) {
		tick(&b, 20000, 0, 0);
		ns_retry_stats(b.ns, &stats);
	}
	assert_int_equal(stats.rows, 10);
	assert_int_equal(stats.oldest_at_most_once_age_ms, 9990);
	assert_same_hash(ns_digest(b.ns), ns_digest_recompute(b.ns));
	bench_close(&b);
}

static void a_row_takes_no_more_than_32_bytes_beside_its_client(void **state)
{
	struct command command = call_of(ENTRY_delete, 0);
	struct ns_retry_stats stats;
	struct bench b;

	(void)state;
	bench_open(&b);
	command.delete.path = STR("/f");
	for (int i = 0; i < 1 << 16; i++) {
		command.call_id = i;
		bench_apply(&b, &command);
	}
	ns_retry_stats(b.ns, &stats);
	assert_int_equal(stats.rows, 1 << 16);
	assert_true(stats.bytes <= (32u << 16) + (1u << 16));
	bench_close(&b);
}

static void repeats_are_known_after_a_load(void **state)
{
	struct command command = call_of(ENTRY_delete, 1);
	struct ns_result result;
	struct namespace *copy;
	struct bench b;

	(void)state;
	bench_open(&b);
	make_file(&b, "/f");
	command.delete.path = STR("/f");
	bench_apply(&b, &command);
	copy = copy_by_records(ns_hold(b.ns), 100);
	assert_true(ns_retry_find(copy, &command, &b.arena, &result));
	assert_true(result.value);
	ns_destroy(copy);
	bench_close(&b);
}

static void a_refusal_that_may_be_tried_again_is_not_kept(void **state)
{
	struct command command = call_of(ENTRY_delete, 1);
	char path[64];
	struct bench b;

	(void)state;
	bench_open(&b);
	do_mkdirs(&b, "root", "/t", 0777);
	do_set_permission(&b, "root", "/", 0777);
	for (int i = 0; i < 1100; i++) {
		snprintf(path, sizeof(path), "/t/f%d", i);
		make_file(&b, path);
	}
	command.flags = COMMAND_AT_MOST_ONCE;
	as_user(&command, "bob");
	command.delete = (struct command_delete){.path = STR("/t"), .recursive = true};
	assert_int_equal(bench_apply(&b, &command), -ERR_CHANGED);
	command.delete.checked_index = ns_applied(b.ns);
	assert_int_equal(bench_apply(&b, &command), 0);
	assert_false(b.result.is_repeat);
	assert_true(b.result.value);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_repeated_delete_is_true_again),
	        cmocka_unit_test(a_repeated_create_shows_the_same_file),
	        cmocka_unit_test(a_repeated_add_block_gives_the_same_block),
	        cmocka_unit_test(a_repeated_add_block_whose_block_is_gone_is_refused),
	        cmocka_unit_test(a_repeated_new_stamp_gives_the_same_stamp),
	        cmocka_unit_test(a_refusal_is_repeated_even_if_it_would_pass_now),
	        cmocka_unit_test(another_method_under_the_same_ids_is_refused),
	        cmocka_unit_test(calls_without_a_client_id_are_never_repeats),
	        cmocka_unit_test(admission_finds_a_repeat_before_it_judges),
	        cmocka_unit_test(only_ticks_forget_and_each_class_by_its_own_line),
	        cmocka_unit_test(many_forgotten_rows_go_over_many_entries),
	        cmocka_unit_test(a_row_takes_no_more_than_32_bytes_beside_its_client),
	        cmocka_unit_test(repeats_are_known_after_a_load),
	        cmocka_unit_test(a_refusal_that_may_be_tried_again_is_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
