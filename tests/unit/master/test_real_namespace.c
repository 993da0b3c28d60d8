/* SPDX-License-Identifier: Apache-2.0 */
/* The master on the real namespace: what it proposes is applied alike by a standby. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define WORLD_HAS_REAL_NAMESPACE
#include "unit/master/fake_world.h"

enum { KEPT_MAX = 256 };

/* Every entry that was committed, for replays. */
static struct kept {
	uint16_t kind;
	uint8_t version;
	struct buf payload;
} kept[KEPT_MAX];
static size_t kept_count;

static void keep_queued(void)
{
	for (size_t i = 0; i < fake_journal.queued; i++) {
		const struct fake_entry *entry = &fake_journal.queue[i];
		struct kept *copy = &kept[kept_count++];

		CHECK(kept_count < KEPT_MAX);
		*copy = (struct kept){.kind = entry->kind, .version = entry->version};
		buf_append(&copy->payload, entry->payload, entry->size);
	}
}

static void commit_kept(void)
{
	keep_queued();
	fake_commit_all();
	fake_turn(&world.io);
}

static struct call *done_well(struct call *call)
{
	commit_kept();
	assert_int_equal(call->done, 1);
	assert_int_equal(call->write.result.rc, 0);
	return call;
}

/* Entry 1 is format's. */
static void apply_format(struct state_machine *machine)
{
	static const struct command format = {.kind = ENTRY_cluster,
	                                      .cluster = {.cluster_id = {"CID-1", 5},
	                                                  .namespace_id = 7,
	                                                  .block_pool_id = {"BP-1", 4},
	                                                  .owner = {"root", 4},
	                                                  .group = {"root", 4},
	                                                  .mode = 0755}};
	struct journal_entry entry = {.index = 1, .epoch = 1, .kind = ENTRY_cluster};
	struct buf payload = {0};

	command_encode(&format, &payload);
	entry.payload = buf_str(&payload);
	machine->apply(machine->context, &entry, 1);
	buf_finish(&payload);
}

/* Into an empty namespace. */
static void replay_kept(struct state_machine *machine)
{
	apply_format(machine);
	for (size_t i = 0; i < kept_count; i++) {
		const struct journal_entry entry = {
		        .index = i + 2,
		        .epoch = 1,
		        .kind = kept[i].kind,
		        .version = kept[i].version,
		        .payload = buf_str(&kept[i].payload),
		};

		machine->apply(machine->context, &entry, 1);
	}
}

static int begin(void **state)
{
	world_begin(state);
	kept_count = 0;
	fake_journal.last_index = fake_journal.commit_index = 1;
	apply_format(&fake_journal.options.machine);
	fake_phase(JOURNAL_LEADING);
	commit_kept();
	assert_int_equal(master_role(world.master), MASTER_PRIMARY);
	return 0;
}

static int end(void **state)
{
	for (size_t i = 0; i < kept_count; i++)
		buf_finish(&kept[i].payload);
	return world_end(state);
}

static struct call *as_root(struct call *call)
{
	call->write.command.flags |= COMMAND_SUPERUSER;
	return call;
}

static void make_dir(const char *path)
{
	struct call *call = as_root(mkdirs_new(path));

	call->write.command.mkdirs.mode = 0755;
	call->write.command.mkdirs.create_parent = true;
	done_well(submit(call));
}

static struct call *make_file_new(const char *path, uint64_t block_size)
{
	struct call *call = as_root(call_new(ENTRY_create, path));

	call->write.command.create = (struct command_create){.path = str_of(call->path),
	                                                     .mode = 0644,
	                                                     .holder = STR("writer"),
	                                                     .client_machine = STR("10.0.0.9"),
	                                                     .flags = 1,
	                                                     .create_parent = true,
	                                                     .replication = 1,
	                                                     .block_size = block_size};
	return call;
}

static struct worker_orders beat(void)
{
	static struct arena arena;
	struct worker_store store = {.uuid = STR("s1"), .capacity = 1 << 30, .remaining = 1 << 30};
	struct worker_beat beat = {.uuid = STR("w1"), .stores = &store, .store_count = 1};
	struct worker_orders orders;

	arena_init(&arena, 0);
	assert_int_equal(workers_heartbeat(master_workers(world.master), &beat, &arena, &orders),
	                 0);
	arena_finish(&arena);
	return orders;
}

static void join(void)
{
	const struct worker_identity identity = {.uuid = STR("w1"),
	                                         .address = STR("10.0.0.1"),
	                                         .host = STR("w1"),
	                                         .transfer_port = 1};

	assert_int_equal(workers_register(master_workers(world.master), &identity), 0);
	beat();
}

static void received(struct block block)
{
	const struct replica_change change = {.block = block, .event = REPLICA_RECEIVED};

	assert_int_equal(workers_report_changes(master_workers(world.master), STR("w1"), STR("s1"),
	                                        1, &change, 1),
	                 0);
}

/* A file of two blocks; returns the last. */
static struct block put(const char *path)
{
	struct block previous = {0};
	struct call *call;

	done_well(submit(make_file_new(path, 1 << 20)));
	for (int i = 0; i < 2; i++) {
		call = as_root(call_new(ENTRY_add_block, path));
		call->write.command.add_block.path = str_of(call->path);
		call->write.command.add_block.holder = STR("writer");
		call->write.command.add_block.previous = previous;
		previous = done_well(submit(call))->write.result.block;
		previous.length = 1 << 20;
		received(previous);
	}
	call = as_root(call_new(ENTRY_complete, path));
	call->write.command.complete.path = str_of(call->path);
	call->write.command.complete.holder = STR("writer");
	call->write.command.complete.last = previous;
	assert_true(done_well(submit(call))->write.result.value);
	return previous;
}

static struct call *remove_all(const char *path)
{
	struct call *call = as_root(call_new(ENTRY_delete, path));

	call->write.command.delete.path = str_of(call->path);
	call->write.command.delete.recursive = true;
	return submit(call);
}

/* ---- tests ---- */

static void a_file_is_written_found_and_given_back(void **state)
{
	struct location location;
	struct block last;

	(void)state;
	join();
	last = put("/f");
	assert_int_equal(
	        workers_locate(master_workers(world.master), &last, STR("10.0.0.1"), &location, 1),
	        1);
	done_well(remove_all("/f"));
	assert_int_equal(beat().deletion_count, 2);
	assert_int_equal(
	        workers_locate(master_workers(world.master), &last, STR("10.0.0.1"), &location, 1),
	        0);
}

static void mkdirs_of_what_is_there_needs_no_entry(void **state)
{
	struct call *again;
	size_t appended;

	(void)state;
	make_dir("/a/b");
	appended = fake_journal.appended;
	again = as_root(mkdirs_new("/a/b"));
	again->write.command.mkdirs.create_parent = true;
	submit(again);
	fake_turn(&world.io);
	assert_int_equal(again->done, 1);
	assert_true(again->write.result.value);
	assert_int_equal(fake_journal.appended, appended);
}

static void a_tree_is_reclaimed_to_its_end_and_its_blocks_with_it(void **state)
{
	struct ns_counts counts;
	size_t deletions = 0;
	size_t given;

	(void)state;
	join();
	make_dir("/t/u");
	put("/t/a");
	put("/t/u/b");
	put("/t/u/c");
	done_well(remove_all("/t"));
	for (int i = 0; i < 10; i++) {
		fake_pass_ms(&world.io, 1);
		commit_kept();
	}
	ns_counts(master_namespace(world.master), &counts);
	assert_int_equal(counts.left_to_reclaim, 0);
	assert_int_equal(counts.blocks, 0);
	while ((given = beat().deletion_count) > 0)
		deletions += given;
	assert_int_equal(deletions, 6);
}

static void a_repeat_after_a_restart_gets_the_first_answer(void **state)
{
	struct call *first = as_root(with_id(rename_new("/a", "/b"), 3));
	struct call *repeat = as_root(with_id(rename_new("/a", "/b"), 3));

	(void)state;
	make_dir("/a");
	done_well(submit(first));
	assert_true(first->write.result.value);
	submit(repeat);
	fake_turn(&world.io);
	assert_int_equal(repeat->done, 1);
	assert_true(repeat->write.result.is_repeat);
	assert_true(repeat->write.result.value);
}

static void a_file_with_an_open_block_is_not_closed_over_and_over(void **state)
{
	struct call *call = make_file_new("/f", 1 << 20);
	struct call *add;
	size_t appended;

	(void)state;
	join();
	done_well(submit(call));
	add = as_root(call_new(ENTRY_add_block, "/f"));
	add->write.command.add_block.path = str_of(add->path);
	add->write.command.add_block.holder = STR("writer");
	done_well(submit(add));
	appended = fake_journal.appended;
	fake_pass_ms(&world.io, LEASE_HARD_MS + 600 * 1000);
	assert_int_equal(fake_journal.appended, appended);
}

static void an_empty_file_is_closed_past_the_hard_limit(void **state)
{
	struct ns_counts counts;

	(void)state;
	done_well(submit(make_file_new("/f", 1 << 20)));
	fake_pass_ms(&world.io, LEASE_HARD_MS + 20 * 1000);
	assert_int_equal(fake_queued_kind(0), ENTRY_expire_lease);
	commit_kept();
	ns_counts(master_namespace(world.master), &counts);
	assert_int_equal(counts.under_construction, 0);
}

/* As if another master had proposed it. */
static void apply_create(const char *path, int writer)
{
	struct state_machine *machine = &fake_journal.options.machine;
	char holder[32];
	struct command command = {.kind = ENTRY_create,
	                          .flags = COMMAND_SUPERUSER,
	                          .user = STR("root"),
	                          .create = {.path = str_of(path),
	                                     .mode = 0644,
	                                     .flags = 1,
	                                     .replication = 1,
	                                     .block_size = 1 << 20}};
	struct journal_entry entry = {
	        .index = ++fake_journal.last_index, .epoch = 1, .kind = ENTRY_create};
	struct buf payload = {0};

	snprintf(holder, sizeof(holder), "writer%d", writer);
	command.create.holder = str_of(holder);
	command_encode(&command, &payload);
	entry.payload = buf_str(&payload);
	machine->apply(machine->context, &entry, 1);
	fake_journal.commit_index = fake_journal.last_index;
	buf_finish(&payload);
}

static void of_many_writers_the_one_who_is_silent_loses_its_lease(void **state)
{
	enum { WRITERS = 2500, SILENT = 2400 };
	struct ns_counts counts;

	(void)state;
	for (int i = 0; i < WRITERS; i++)
		apply_create(name("/f", i), i);
	fake_pass_ms(&world.io, LEASE_HARD_MS / 2);
	for (int i = 0; i < WRITERS; i++)
		if (i != SILENT)
			leases_renew(master_leases(world.master), str_of(name("writer", i)));
	fake_pass_ms(&world.io, LEASE_HARD_MS / 2 + 6 * 1000);
	assert_int_equal(fake_journal.queued, 1);
	assert_int_equal(fake_queued_kind(0), ENTRY_expire_lease);
	commit_kept();
	ns_counts(master_namespace(world.master), &counts);
	assert_int_equal(counts.under_construction, WRITERS - 1);
	assert_false(ns_find_lease(master_namespace(world.master), NS_INODE_ROOT + 1 + SILENT,
	                           &(struct ns_lease){0}));
}

/* The same entries, without their callers, on another namespace: replay and standby. */
static void a_replay_of_what_was_proposed_gives_the_same_digest(void **state)
{
	struct hash128 wanted;
	struct hash128 digest;
	struct state_machine machine;

	(void)state;
	join();
	make_dir("/a/b");
	put("/a/f");
	done_well(submit(as_root(with_id(rename_new("/a", "/c"), 3))));
	done_well(remove_all("/c"));
	for (int i = 0; i < 5; i++) {
		fake_pass_ms(&world.io, 20 * 1000);
		commit_kept();
	}
	machine = fake_journal.options.machine;
	wanted = machine.digest(machine.context);
	/* An empty state, as a checkpoint that turned out bad leaves it. */
	machine.load_cancel(machine.context, machine.load_begin(machine.context));
	replay_kept(&machine);
	digest = machine.digest(machine.context);
	assert_true(digest.low == wanted.low && digest.high == wanted.high);
	assert_true(wanted.low != 0 || wanted.high != 0);
}

static void a_checkpoint_is_loaded_with_the_digest_it_was_saved_with(void **state)
{
	struct state_machine machine = fake_journal.options.machine;
	struct hash128 digest, loaded;
	struct buf records = {0};
	uint64_t index, count;
	void *save, *load;

	(void)state;
	join();
	make_dir("/a/b");
	put("/a/f");
	save = machine.save_begin(machine.context, &index, &digest, &count);
	while (machine.save_step(machine.context, save, 4096, &records) == 1) {
	}
	machine.save_end(machine.context, save);
	load = machine.load_begin(machine.context);
	assert_int_equal(machine.load_step(machine.context, load, buf_str(&records)), 0);
	assert_int_equal(machine.load_end(machine.context, load, index, digest), 0);
	buf_finish(&records);
	loaded = machine.digest(machine.context);
	assert_true(loaded.low == digest.low && loaded.high == digest.high);
	assert_int_equal(machine.applied(machine.context), index);
}

/* A standby gets a checkpoint while a walk over its namespace is under way. */
static void a_namespace_that_is_held_outlives_its_replacement(void **state)
{
	struct state_machine machine = fake_journal.options.machine;
	struct ns_hold *hold;
	struct look *look;

	(void)state;
	make_dir("/a");
	hold = ns_hold(world.master->ns);
	machine.load_cancel(machine.context, machine.load_begin(machine.context));
	look = read_now();
	assert_int_equal(look->ready, 0); /* nobody looks into a part */
	fake_pass_ms(&world.io, 1000);
	assert_false(list_is_empty(&world.master->retired));
	ns_release(hold);
	fake_pass_ms(&world.io, 1000);
	assert_true(list_is_empty(&world.master->retired));
	replay_kept(&machine);
	assert_int_equal(look->ready, 1);
}

static void an_entry_that_makes_no_sense_changes_nothing(void **state)
{
	struct state_machine machine = fake_journal.options.machine;
	uint64_t index = machine.applied(machine.context) + 1;
	struct journal_entry entry = {
	        .index = index, .epoch = 1, .kind = ENTRY_mkdirs, .payload = STR("\xff\xff")};
	struct ns_counts before, after;

	(void)state;
	ns_counts(master_namespace(world.master), &before);
	machine.apply(machine.context, &entry, 1);
	ns_counts(master_namespace(world.master), &after);
	assert_int_equal(machine.applied(machine.context), index);
	assert_int_equal(before.directories, after.directories);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(a_file_is_written_found_and_given_back),
	        TEST(mkdirs_of_what_is_there_needs_no_entry),
	        TEST(a_tree_is_reclaimed_to_its_end_and_its_blocks_with_it),
	        TEST(a_repeat_after_a_restart_gets_the_first_answer),
	        TEST(a_file_with_an_open_block_is_not_closed_over_and_over),
	        TEST(an_empty_file_is_closed_past_the_hard_limit),
	        TEST(of_many_writers_the_one_who_is_silent_loses_its_lease),
	        TEST(a_replay_of_what_was_proposed_gives_the_same_digest),
	        TEST(a_checkpoint_is_loaded_with_the_digest_it_was_saved_with),
	        TEST(a_namespace_that_is_held_outlives_its_replacement),
	        TEST(an_entry_that_makes_no_sense_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
