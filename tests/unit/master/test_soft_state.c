/* SPDX-License-Identifier: Apache-2.0 */
/* Replicas, leases and safe modes as they meet calls. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "unit/master/fake_world.h"

static struct workers *workers(void)
{
	return master_workers(world.master);
}

static struct worker_orders beat(void)
{
	static struct arena arena;
	struct worker_store store = {.uuid = STR("s1"), .capacity = 1 << 20, .remaining = 1 << 20};
	struct worker_beat beat = {.uuid = STR("w1"), .stores = &store, .store_count = 1};
	struct worker_orders orders;

	arena_init(&arena, 0);
	assert_int_equal(workers_heartbeat(workers(), &beat, &arena, &orders), 0);
	arena_finish(&arena);
	return orders;
}

static void join(void)
{
	const struct worker_identity identity = {.uuid = STR("w1"),
	                                         .address = STR("10.0.0.1"),
	                                         .host = STR("w1"),
	                                         .transfer_port = 1};

	assert_int_equal(workers_register(workers(), &identity), 0);
	beat();
}

static void received(struct block block)
{
	const struct replica_change change = {.block = block, .event = REPLICA_RECEIVED};

	assert_int_equal(workers_report_changes(workers(), STR("w1"), STR("s1"), 1, &change, 1), 0);
}

static struct call *add_block_new(const char *path, struct block previous)
{
	struct call *call = call_new(ENTRY_add_block, path);

	call->write.command.add_block.path = str_of(call->path);
	call->write.command.add_block.previous = previous;
	return call;
}

static struct call *add_block(const char *path, struct block previous)
{
	return submit(add_block_new(path, previous));
}

static struct call *complete(const char *path, struct block last)
{
	struct call *call = call_new(ENTRY_complete, path);

	call->write.command.complete.path = str_of(call->path);
	call->write.command.complete.last = last;
	return submit(call);
}

static const struct block none;

/* A primary with one worker and an open file; returns its first block. */
static struct block open_file(void)
{
	lead();
	join();
	commit(create_file("/f", "alice"));
	return commit(add_block("/f", none))->write.result.block;
}

/* ---- complete and add_block ---- */

static void complete_waits_for_the_replica_of_the_last_block(void **state)
{
	struct block block = open_file();
	struct call *call;

	(void)state;
	call = complete("/f", block);
	fake_pass_ms(&world.io, 500);
	assert_int_equal(call->done, 0);
	assert_int_equal(fake_journal.queued, 0);
	received(block);
	fake_turn(&world.io);
	assert_int_equal(fake_queued_kind(0), ENTRY_complete);
	commit(call);
	assert_true(call->write.result.value);
}

static void complete_answers_false_when_the_replica_never_comes(void **state)
{
	struct block block = open_file();
	struct call *call;

	(void)state;
	call = complete("/f", block);
	fake_pass_ms(&world.io, REPLICA_WAIT_MS - 1);
	assert_int_equal(call->done, 0);
	fake_pass_ms(&world.io, 1);
	assert_int_equal(call->done, 1);
	assert_int_equal(call->write.result.rc, 0);
	assert_false(call->write.result.value);
	assert_int_equal(fake_journal.queued, 0);
}

static void repeats_of_a_complete_wait_together(void **state)
{
	struct block block = open_file();
	struct call *calls[3];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(calls); i++) {
		calls[i] = call_new(ENTRY_complete, "/f");
		calls[i]->write.command.complete.path = str_of(calls[i]->path);
		calls[i]->write.command.complete.last = block;
		submit(with_id(calls[i], 7));
	}
	fake_pass_ms(&world.io, REPLICA_WAIT_MS);
	for (size_t i = 0; i < COUNT_OF(calls); i++) {
		assert_int_equal(calls[i]->done, 1);
		assert_int_equal(calls[i]->write.result.rc, 0);
		assert_false(calls[i]->write.result.value);
	}
}

static void complete_of_an_empty_file_waits_for_nothing(void **state)
{
	(void)state;
	lead();
	commit(create_file("/f", "alice"));
	assert_true(commit(complete("/f", none))->write.result.value);
}

static void add_block_waits_for_the_block_before_the_previous(void **state)
{
	struct block first = open_file();
	struct block second;
	struct call *third;

	(void)state;
	second = commit(add_block("/f", first))
	                 ->write.result.block; /* `first` may still be on its way */
	third = add_block("/f", second);
	fake_pass_ms(&world.io, 100);
	assert_int_equal(third->done, 0);
	received(first);
	fake_turn(&world.io);
	commit(third);
}

static void add_block_says_not_replicated_yet_in_the_end(void **state)
{
	struct block first = open_file();
	struct block second = commit(add_block("/f", first))->write.result.block;
	struct call *third;

	(void)state;
	third = add_block("/f", second);
	fake_pass_ms(&world.io, REPLICA_WAIT_MS);
	assert_int_equal(third->done, 1);
	assert_int_equal(third->write.result.rc, -ERR_NOT_REPLICATED_YET);
	assert_true(str_equal(third->write.result.message, STR("Not replicated yet: /f")));
}

static void a_waiting_call_is_held_when_primacy_is_lost(void **state)
{
	struct block block = open_file();
	struct call *call;

	(void)state;
	call = complete("/f", block);
	fake_phase(JOURNAL_FOLLOWING);
	assert_int_equal(call->done, 0);
	received(block); /* a standby hears of it, too */
	lead();
	commit(call);
}

static void a_new_block_goes_to_a_worker_chosen_at_the_proposal(void **state)
{
	(void)state;
	open_file();
	assert_int_equal(world.calls[1].write.command.add_block.workers.count, 1);
	assert_true(str_equal(world.calls[1].write.command.add_block.workers.items[0], STR("w1")));
}

/* The text is HDFS's: BlockManager.chooseTarget4NewBlock. */
static void without_workers_a_block_is_refused_with_hdfss_text(void **state)
{
	static const struct str excluded = STR("w1");
	static const struct placement placement = {.excluded = &excluded, .excluded_count = 1};
	struct call *call;

	(void)state;
	lead();
	commit(create_file("/f", "alice"));
	fake_pass_ms(&world.io, WORKERS_COME_MS);
	call = add_block("/f", none);
	fake_turn(&world.io);
	assert_int_equal(call->write.result.rc, -ERR_WRITE_REFUSED);
	assert_true(str_equal(call->write.result.message,
	                      STR("File /f could only be written to 0 of the 1 minReplication "
	                          "nodes. There are 0 datanode(s) running and 0 node(s) are "
	                          "excluded in this operation.")));
	join();
	call = add_block_new("/f", none);
	call->write.placement = &placement;
	submit(call);
	fake_turn(&world.io);
	assert_true(contains(call->write.result.message,
	                     "There are 1 datanode(s) running and 1 node(s) are excluded"));
}

/* Whoever writes while a master starts again is not told that there are none. */
static void after_a_start_a_block_waits_for_the_first_worker_with_room(void **state)
{
	static const struct worker_identity identity = {
	        .uuid = STR("w1"), .address = STR("10.0.0.1"), .host = STR("w1")};
	struct call *call;

	(void)state;
	lead();
	commit(create_file("/f", "alice"));
	call = add_block("/f", none);
	fake_pass_ms(&world.io, WORKERS_COME_MS / 2);
	assert_int_equal(call->done, 0);
	assert_int_equal(workers_register(workers(), &identity), 0);
	fake_pass_ms(&world.io, 100);
	assert_int_equal(call->done, 0); /* it has not said how much room it has */
	beat();
	fake_pass_ms(&world.io, 100);
	assert_int_equal(fake_queued_kind(0), ENTRY_add_block);
	commit(call);
}

static void without_any_worker_a_block_is_refused_in_the_end(void **state)
{
	struct call *call;

	(void)state;
	lead();
	commit(create_file("/f", "alice"));
	call = add_block("/f", none);
	fake_pass_ms(&world.io, WORKERS_COME_MS);
	assert_int_equal(call->done, 1);
	assert_int_equal(call->write.result.rc, -ERR_WRITE_REFUSED);
}

static void rm_gives_the_space_back(void **state)
{
	struct block block = open_file();

	(void)state;
	received(block);
	commit(complete("/f", block));
	commit(delete_path("/f"));
	assert_int_equal(beat().deletion_count, 1);
	assert_int_equal(beat().deletion_count, 0);
}

/* ---- leases ---- */

static struct call *expire_by_create(const char *holder)
{
	struct call *call = create_file("/f", holder);

	fake_turn(&world.io);
	return call;
}

static void a_lease_past_its_soft_limit_may_be_taken(void **state)
{
	struct call *other;

	(void)state;
	lead();
	commit(create_file("/f", "alice"));
	fake_pass_ms(&world.io, LEASE_SOFT_MS - 1000);
	other = expire_by_create("bob");
	assert_int_equal(other->write.result.rc, -ERR_BEING_CREATED);
	fake_pass_ms(&world.io, 1000);
	other = expire_by_create("bob");
	assert_int_equal(other->done, 0);
	assert_int_equal(fake_queued_kind(0), ENTRY_expire_lease);
	fake_commit_all();
	fake_turn(&world.io);
	assert_int_equal(other->write.result.rc, -ERR_EXISTS); /* closed now: HDFS says it exists */
}

static void a_renewed_lease_is_not_taken(void **state)
{
	(void)state;
	lead();
	commit(create_file("/f", "alice"));
	for (int i = 0; i < 5; i++) {
		fake_pass_ms(&world.io, LEASE_SOFT_MS / 2);
		leases_renew(master_leases(world.master), STR("alice"));
	}
	assert_int_equal(expire_by_create("bob")->write.result.rc, -ERR_BEING_CREATED);
	fake_pass_ms(&world.io, LEASE_HARD_MS - 1000);
	assert_int_equal(fake_journal.queued, 0);
}

static void ones_own_lease_is_not_taken(void **state)
{
	(void)state;
	lead();
	commit(create_file("/f", "alice"));
	fake_pass_ms(&world.io, LEASE_SOFT_MS * 2);
	assert_int_equal(expire_by_create("alice")->write.result.rc, -ERR_BEING_CREATED);
}

static void past_the_hard_limit_the_file_is_closed(void **state)
{
	(void)state;
	lead();
	commit(create_file("/f", "alice"));
	fake_pass_ms(&world.io, LEASE_HARD_MS - 1000);
	assert_int_equal(fake_journal.queued, 0);
	fake_pass_ms(&world.io, 20 * 1000);
	assert_int_equal(fake_queued_kind(0), ENTRY_expire_lease);
	fake_commit_all();
	assert_false(fake_find(fake_ns, STR("/f"))->is_open);
	fake_pass_ms(&world.io, LEASE_HARD_MS);
	assert_int_equal(fake_journal.queued, 0);
}

static void a_new_primary_hears_every_writer_afresh(void **state)
{
	(void)state;
	lead();
	commit(create_file("/f", "alice"));
	fake_pass_ms(&world.io, LEASE_HARD_MS - 30 * 1000);
	fake_phase(JOURNAL_FOLLOWING);
	lead();
	fake_pass_ms(&world.io, LEASE_SOFT_MS - 5000);
	assert_int_equal(expire_by_create("bob")->write.result.rc, -ERR_BEING_CREATED);
	assert_int_equal(fake_journal.queued, 0);
}

static void the_operators_safe_mode_ends_no_lease(void **state)
{
	(void)state;
	lead();
	commit(create_file("/f", "alice"));
	fake_ns->is_safe = true;
	fake_pass_ms(&world.io, LEASE_HARD_MS + 60 * 1000);
	assert_int_equal(fake_journal.queued, 0);
}

static void who_holds_no_lease_is_not_remembered(void **state)
{
	(void)state;
	lead();
	for (int i = 0; i < 100; i++)
		leases_renew(master_leases(world.master), str_of(name("client", i)));
	fake_pass_ms(&world.io, 1500);             /* the first scan of all blocks */
	assert_int_equal(world.io.timer_count, 0); /* nobody is to be looked after */
	commit(create_file("/f", "alice"));
	commit(complete("/f", none));
	fake_pass_ms(&world.io, 1500);
	assert_int_equal(world.io.timer_count, 1);
	fake_pass_ms(&world.io, 3 * LEASE_SOFT_MS);
	assert_int_equal(world.io.timer_count, 0);
}

/* ---- safe modes ---- */

static struct call *set_safe_mode(bool is_on)
{
	struct call *call = call_new(ENTRY_safe_mode, "");

	call->write.command.safe_mode.is_on = is_on;
	return submit(call);
}

/* Recorded from Apache Hadoop 3.4: dfsadmin -safemode enter, then dfs -mkdir. */
static void the_operators_safe_mode_refuses_changes_with_hdfss_text(void **state)
{
	struct call *call;

	(void)state;
	lead();
	commit(mkdirs("/a"));
	commit(set_safe_mode(true));
	assert_true(safe_mode_refuses(world.master));
	call = mkdirs("/in-safemode");
	fake_turn(&world.io);
	assert_int_equal(call->write.result.rc, -ERR_SAFE_MODE);
	assert_true(str_equal(
	        call->write.result.message,
	        STR("Cannot create directory /in-safemode. Name node is in safe mode.\n"
	            "It was turned on manually. Use \"hdfs dfsadmin -safemode leave\" to turn safe "
	            "mode off. NamenodeHostName:here")));
	assert_int_equal(read_now()->rc, 0);
	commit(set_safe_mode(false));
	commit(mkdirs("/in-safemode"));
}

static void what_was_done_before_safe_mode_is_still_answered(void **state)
{
	struct call *repeat;

	(void)state;
	lead();
	commit(mkdirs("/a"));
	commit(submit(with_id(rename_new("/a", "/b"), 5)));
	commit(set_safe_mode(true));
	repeat = submit(with_id(rename_new("/a", "/b"), 5));
	fake_turn(&world.io);
	assert_int_equal(repeat->write.result.rc, 0);
	assert_true(repeat->write.result.is_repeat);
}

static void a_start_without_blocks_waits_for_no_reports(void **state)
{
	(void)state;
	lead();
	assert_false(safe_mode_is_starting(world.master));
}

static void at_the_start_names_change_and_nothing_is_deleted_on_workers(void **state)
{
	struct block kept = fake_block(10, 1, true);
	struct block gone = fake_block(10, 1, true);

	(void)state;
	lead();
	assert_true(safe_mode_is_starting(world.master));
	assert_false(safe_mode_refuses(world.master));
	commit(mkdirs("/a"));
	join();
	fake_info(fake_ns, gone.id)->inode = 0;
	received(gone);
	assert_int_equal(beat().deletion_count, 0);
	received(kept);
	fake_ns->loose_count = 1; /* `gone` does not count */
	fake_pass_ms(&world.io, 200);
	assert_false(safe_mode_is_starting(world.master));
	assert_int_equal(beat().deletion_count, 1);
}

static void the_start_ends_by_itself_when_workers_had_long_enough(void **state)
{
	(void)state;
	fake_block(10, 1, true);
	lead();
	fake_pass_ms(&world.io, START_MODE_MS - 200);
	assert_true(safe_mode_is_starting(world.master));
	fake_pass_ms(&world.io, 200);
	assert_false(safe_mode_is_starting(world.master));
}

static void a_standby_that_knows_the_blocks_starts_at_once(void **state)
{
	struct block block = fake_block(10, 1, true);

	(void)state;
	fake_phase(JOURNAL_FOLLOWING);
	join();
	received(block);
	fake_pass_ms(&world.io, 10 * 1000);
	lead();
	assert_false(safe_mode_is_starting(world.master));
}

static void hdfss_way_refuses_changes_until_blocks_are_located(void **state)
{
	struct master_options options = world_options();
	struct block block;
	struct call *call;

	(void)state;
	world_end(NULL);
	world = (struct world){0};
	fake_io_init(&world.io);
	options.startup_safe_mode_readonly = true;
	world_begin_with(&options);
	block = fake_block(10, 1, true);
	lead();
	fake_pass_ms(&world.io, 10 * START_MODE_MS);
	call = mkdirs("/a");
	fake_turn(&world.io);
	/* In HA a client should come back, not fail. */
	assert_int_equal(call->write.result.rc, -ERR_RETRIABLE);
	assert_true(contains(call->write.result.message,
	                     "Cannot create directory /a. Name node is in safe mode.\n"));
	join();
	received(block);
	fake_pass_ms(&world.io, 1000);
	commit(mkdirs("/a"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(complete_waits_for_the_replica_of_the_last_block),
	        TEST(complete_answers_false_when_the_replica_never_comes),
	        TEST(repeats_of_a_complete_wait_together),
	        TEST(complete_of_an_empty_file_waits_for_nothing),
	        TEST(add_block_waits_for_the_block_before_the_previous),
	        TEST(add_block_says_not_replicated_yet_in_the_end),
	        TEST(a_waiting_call_is_held_when_primacy_is_lost),
	        TEST(a_new_block_goes_to_a_worker_chosen_at_the_proposal),
	        TEST(without_workers_a_block_is_refused_with_hdfss_text),
	        TEST(after_a_start_a_block_waits_for_the_first_worker_with_room),
	        TEST(without_any_worker_a_block_is_refused_in_the_end),
	        TEST(rm_gives_the_space_back),
	        TEST(a_lease_past_its_soft_limit_may_be_taken),
	        TEST(a_renewed_lease_is_not_taken),
	        TEST(ones_own_lease_is_not_taken),
	        TEST(past_the_hard_limit_the_file_is_closed),
	        TEST(a_new_primary_hears_every_writer_afresh),
	        TEST(the_operators_safe_mode_ends_no_lease),
	        TEST(who_holds_no_lease_is_not_remembered),
	        TEST(the_operators_safe_mode_refuses_changes_with_hdfss_text),
	        TEST(what_was_done_before_safe_mode_is_still_answered),
	        TEST(a_start_without_blocks_waits_for_no_reports),
	        TEST(at_the_start_names_change_and_nothing_is_deleted_on_workers),
	        TEST(the_start_ends_by_itself_when_workers_had_long_enough),
	        TEST(a_standby_that_knows_the_blocks_starts_at_once),
	        TEST(hdfss_way_refuses_changes_until_blocks_are_located),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
