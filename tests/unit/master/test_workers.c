/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/log.h"
#include "master/workers_private.h"
#include "unit/master/fake_io.h"
#include "unit/master/fake_namespace.h"

enum { STALE_MS = 30 * 1000, DEAD_MS = 630 * 1000, GB = 1 << 30 };

static struct io io;
static struct arena arena;
static struct workers *workers;

static int begin(void **state)
{
	const struct workers_options options = {
	        .io = &io, .stale_ms = STALE_MS, .dead_ms = DEAD_MS};

	(void)state;
	fake_io_init(&io);
	arena_init(&arena, 0);
	workers = workers_create(&options);
	workers_set_namespace(workers, ns_create());
	workers_set_primary(workers, true);
	workers_send_deletions(workers, true);
	return 0;
}

static int end(void **state)
{
	(void)state;
	workers_destroy(workers);
	ns_destroy(fake_ns);
	arena_finish(&arena);
	assert_int_equal(io.timer_count, 0);
	return 0;
}

/* Worker "wN" at 10.0.0.N with one store "sN". */
static struct worker_identity identity_of(const char *uuid)
{
	static char address[32];

	snprintf(address, sizeof(address), "10.0.0.%s", uuid + 1);
	return (struct worker_identity){.uuid = str_of(uuid),
	                                .address = str_of(address),
	                                .host = str_of(uuid),
	                                .version = STR("3.4.3"),
	                                .transfer_port = 9866};
}

static struct str store_of_worker(const char *uuid)
{
	static char name[32];

	snprintf(name, sizeof(name), "s%s", uuid + 1);
	return str_of(name);
}

static struct worker_orders beat_with(const char *uuid, uint64_t remaining)
{
	struct worker_store store = {.uuid = store_of_worker(uuid),
	                             .storage_type = 1,
	                             .capacity = 10ull * GB,
	                             .remaining = remaining};
	struct worker_beat beat = {.uuid = str_of(uuid), .stores = &store, .store_count = 1};
	struct worker_orders orders;

	assert_int_equal(workers_heartbeat(workers, &beat, &arena, &orders), 0);
	return orders;
}

static struct worker_orders beat(const char *uuid)
{
	return beat_with(uuid, 5ull * GB);
}

static void join(const char *uuid)
{
	struct worker_identity identity = identity_of(uuid);

	assert_int_equal(workers_register(workers, &identity), 0);
	beat(uuid);
}

static void report_all(const char *uuid, const struct replica *replicas, size_t count)
{
	struct full_report *report;

	assert_int_equal(
	        workers_report_begin(workers, str_of(uuid), store_of_worker(uuid), 1, &report), 0);
	assert_int_equal(workers_report_add(report, replicas, count), 0);
	workers_report_end(report);
	workers_report_all(workers, str_of(uuid));
}

static void report_change(const char *uuid, struct block block, enum replica_event event)
{
	struct replica_change change = {.block = block, .event = event};

	assert_int_equal(
	        workers_report_changes(workers, str_of(uuid), store_of_worker(uuid), 1, &change, 1),
	        0);
}

static size_t located(struct block block)
{
	struct location locations[WORKER_LOCATIONS_MAX];

	return workers_locate(workers, &block, (struct str){0}, locations, WORKER_LOCATIONS_MAX);
}

static struct workers_totals totals_now(void)
{
	struct workers_totals totals;

	fake_pass_ms(&io, 10 * 1000); /* a scan follows every change within seconds */
	assert_true(!workers->scan.is_due && workers->scan.phase == SCAN_IDLE);
	workers_totals(workers, &totals);
	return totals;
}

/* ---- registration and heartbeats ---- */

static void an_unknown_worker_is_told_to_register(void **state)
{
	(void)state;
	assert_true(beat("w1").must_register);
	join("w1");
	assert_false(beat("w1").must_register);
}

static void names_that_would_forge_a_log_line_are_refused(void **state)
{
	struct worker_identity identity = identity_of("w1");

	(void)state;
	identity.host = STR("host\nforged");
	assert_int_equal(workers_register(workers, &identity), -ERR_ILLEGAL_ARGUMENT);
	identity.host = STR("");
	assert_int_equal(workers_register(workers, &identity), -ERR_ILLEGAL_ARGUMENT);
	assert_null(workers_find(workers, STR("w1")));
}

static void a_silent_worker_becomes_stale_then_dead_then_live_again(void **state)
{
	(void)state;
	join("w1");
	assert_int_equal(workers_find(workers, STR("w1"))->liveness, WORKER_LIVE);
	fake_pass_ms(&io, STALE_MS);
	assert_int_equal(workers_find(workers, STR("w1"))->liveness, WORKER_STALE);
	fake_pass_ms(&io, DEAD_MS - STALE_MS);
	assert_int_equal(workers_find(workers, STR("w1"))->liveness, WORKER_DEAD);
	beat("w1");
	assert_int_equal(workers_find(workers, STR("w1"))->liveness, WORKER_LIVE);
}

static void capacity_is_never_zero(void **state)
{
	struct workers_totals totals;

	(void)state;
	workers_totals(workers, &totals);
	assert_true(totals.capacity > 0);
	join("w1");
	workers_totals(workers, &totals);
	assert_int_equal(totals.capacity, 10ull * GB);
	fake_pass_ms(&io, DEAD_MS);
	workers_totals(workers, &totals);
	assert_true(totals.capacity > 0);
	assert_int_equal(totals.dead, 1);
}

static void figures_that_would_wrap_stay_at_the_top(void **state)
{
	struct worker_store stores[2] = {
	        {.uuid = STR("a"), .capacity = UINT64_MAX, .remaining = UINT64_MAX},
	        {.uuid = STR("b"), .capacity = UINT64_MAX, .remaining = 7}};
	struct worker_beat both = {.uuid = STR("w1"), .stores = stores, .store_count = 2};
	struct worker_orders orders;

	(void)state;
	join("w1");
	assert_int_equal(workers_heartbeat(workers, &both, &arena, &orders), 0);
	assert_int_equal(workers_find(workers, STR("w1"))->remaining, UINT64_MAX);
}

static void a_heartbeat_with_more_stores_than_a_worker_may_have_is_refused(void **state)
{
	struct worker_store stores[WORKER_STORES_MAX + 1] = {0};
	struct worker_beat giant = {.uuid = STR("w1"), .stores = stores};
	struct worker_orders orders;

	(void)state;
	join("w1");
	for (size_t i = 0; i <= WORKER_STORES_MAX; i++)
		stores[i].uuid = STR("s1");
	giant.store_count = WORKER_STORES_MAX;
	assert_int_equal(workers_heartbeat(workers, &giant, &arena, &orders), 0);
	giant.store_count = WORKER_STORES_MAX + 1;
	assert_int_equal(workers_heartbeat(workers, &giant, &arena, &orders), -ERR_TOO_LARGE);
}

static void a_worker_made_anew_replaces_the_one_at_its_address(void **state)
{
	struct worker_identity identity = identity_of("w1");

	(void)state;
	join("w1");
	identity.uuid = STR("other");
	assert_int_equal(workers_register(workers, &identity), 0);
	assert_null(workers_find(workers, STR("w1")));
	assert_non_null(workers_find(workers, STR("other")));
}

static void when_the_table_is_full_the_longest_dead_is_forgotten(void **state)
{
	struct worker_identity identity = identity_of("w1");
	char name[16];

	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	for (unsigned i = 0; i < WORKERS_MAX; i++) {
		snprintf(name, sizeof(name), "u%u", i);
		identity.uuid = str_of(name);
		identity.address = str_of(name);
		assert_int_equal(workers_register(workers, &identity), 0);
		io.now_us++;
	}
	identity.uuid = identity.address = STR("one-more");
	assert_int_equal(workers_register(workers, &identity), -ERR_TOO_LARGE);
	io.now_us += DEAD_MS * 1000ull;
	assert_int_equal(workers_register(workers, &identity), 0);
	assert_null(workers_find(workers, STR("u0")));
	assert_non_null(workers_find(workers, STR("u1")));
	log_set_level(LOG_LEVEL_INFO);
}

static void few_workers_at_once_get_leave_for_a_full_report(void **state)
{
	char uuid[16];
	size_t given = 0;

	(void)state;
	for (int i = 1; i <= 8; i++) {
		struct worker_beat asks = {.wants_report_lease = true};
		struct worker_orders orders;

		snprintf(uuid, sizeof(uuid), "w%d", i);
		join(uuid);
		asks.uuid = str_of(uuid);
		assert_int_equal(workers_heartbeat(workers, &asks, &arena, &orders), 0);
		given += orders.report_lease != 0;
	}
	assert_int_equal(given, 6); /* HDFS: dfs.namenode.max.full.block.report.leases */
	report_all("w1", NULL, 0);
	fake_pass_ms(&io, 1);
	{
		struct worker_beat asks = {.uuid = STR("w8"), .wants_report_lease = true};
		struct worker_orders orders;

		assert_int_equal(workers_heartbeat(workers, &asks, &arena, &orders), 0);
		assert_int_not_equal(orders.report_lease, 0);
	}
}

/* ---- reports ---- */

static void a_full_report_tells_where_blocks_are(void **state)
{
	struct block block = fake_block(100, 1, true);
	struct replica replica = {.block = block};

	(void)state;
	join("w1");
	assert_int_equal(located(block), 0);
	report_all("w1", &replica, 1);
	assert_int_equal(located(block), 1);
	assert_true(workers_find(workers, STR("w1"))->is_reported);
}

static void what_a_full_report_does_not_name_is_gone_when_it_ends(void **state)
{
	struct replica two[2] = {{.block = fake_block(1, 1, true)},
	                         {.block = fake_block(2, 1, true)}};
	struct full_report *report;

	(void)state;
	join("w1");
	report_all("w1", two, 2);
	assert_int_equal(workers_report_begin(workers, STR("w1"), STR("s1"), 1, &report), 0);
	assert_int_equal(workers_report_add(report, &two[1], 1), 0);
	assert_int_equal(located(two[0].block), 1); /* not said yet that it is gone */
	assert_int_equal(located(two[1].block), 1); /* known twice, counted once */
	workers_report_end(report);
	assert_int_equal(located(two[0].block), 0);
	assert_int_equal(located(two[1].block), 1);
	assert_int_equal(totals_now().located, 1);
	assert_int_equal(locations_count(workers->locations), 1); /* no trace left */
}

static void a_report_given_up_leaves_what_was_known(void **state)
{
	struct replica two[2] = {{.block = fake_block(1, 1, true)},
	                         {.block = fake_block(2, 1, true)}};
	struct full_report *report;

	(void)state;
	join("w1");
	report_all("w1", two, 2);
	assert_int_equal(workers_report_begin(workers, STR("w1"), STR("s1"), 1, &report), 0);
	assert_int_equal(workers_report_add(report, &two[1], 1), 0);
	workers_report_abort(report);
	assert_int_equal(located(two[0].block), 1);
	assert_int_equal(located(two[1].block), 1);
	assert_true(beat("w1").must_register); /* it is asked for a new one */
	assert_false(beat("w1").must_register);
}

static void a_worker_that_registers_again_breaks_its_report_off(void **state)
{
	struct replica replica = {.block = fake_block(1, 1, true)};
	struct full_report *report;

	(void)state;
	join("w1");
	assert_int_equal(workers_report_begin(workers, STR("w1"), STR("s1"), 1, &report), 0);
	join("w1");
	assert_int_equal(workers_report_add(report, &replica, 1), -ERR_CHANGED);
	workers_report_abort(report);
	report_all("w1", &replica, 1);
	assert_int_equal(located(replica.block), 1);
}

static void changes_wait_for_the_end_of_a_full_report(void **state)
{
	struct replica_change change = {.block = fake_block(1, 1, true), .event = REPLICA_RECEIVED};
	struct full_report *report;

	(void)state;
	join("w1");
	assert_int_equal(workers_report_begin(workers, STR("w1"), STR("s1"), 1, &report), 0);
	assert_int_equal(workers_report_changes(workers, STR("w1"), STR("s1"), 1, &change, 1),
	                 -ERR_BUSY);
	workers_report_end(report);
	assert_int_equal(workers_report_changes(workers, STR("w1"), STR("s1"), 1, &change, 1), 0);
}

static void a_store_that_a_round_of_reports_does_not_name_holds_nothing(void **state)
{
	struct replica replica = {.block = fake_block(1, 1, true)};
	struct full_report *report;

	(void)state;
	join("w1");
	report_all("w1", &replica, 1);
	assert_int_equal(workers_report_begin(workers, STR("w1"), STR("another"), 1, &report), 0);
	workers_report_end(report);
	workers_report_all(workers, STR("w1"));
	assert_int_equal(located(replica.block), 0);
}

static void report_of_an_unseen_block_waits(void **state)
{
	struct block ahead = {.id = fake_ns->next_block, .stamp = fake_ns->next_stamp, .length = 9};
	struct block block;

	(void)state;
	join("w1");
	report_change("w1", ahead, REPLICA_RECEIVED);
	assert_int_equal(located(ahead), 0);
	assert_int_equal(totals_now().waiting_reports, 1);
	block = fake_block(9, 1, true); /* the entry arrives */
	assert_int_equal(block.id, ahead.id);
	assert_int_equal(located(block), 1);
	assert_int_equal(beat("w1").deletion_count, 0);
	workers_recount(workers);
	assert_int_equal(totals_now().located, 1);
	assert_int_equal(totals_now().waiting_reports, 0);
}

static void a_replica_beyond_what_is_applied_is_never_deleted(void **state)
{
	struct block known = fake_block(9, 1, true);
	struct block unseen_id = {.id = fake_ns->next_block, .stamp = known.stamp, .length = 9};
	struct block unseen_stamp = {.id = known.id, .stamp = fake_ns->next_stamp, .length = 9};

	(void)state;
	join("w1");
	join("w2");
	report_change("w1", unseen_id, REPLICA_RECEIVED);
	report_change("w2", unseen_stamp, REPLICA_RECEIVED);
	assert_int_equal(totals_now().waiting_reports, 2);
	assert_int_equal(totals_now().corrupt, 0);
	assert_int_equal(beat("w1").deletion_count, 0);
	assert_int_equal(beat("w2").deletion_count, 0);
}

static void what_an_unseen_block_was_said_to_be_can_be_taken_back(void **state)
{
	struct block ahead = {.id = fake_ns->next_block, .stamp = fake_ns->next_stamp, .length = 9};

	(void)state;
	join("w1");
	report_change("w1", ahead, REPLICA_RECEIVED);
	report_change("w1", ahead, REPLICA_DELETED);
	assert_int_equal(located(fake_block(9, 1, true)), 0);
}

static void past_its_bound_a_new_full_report_is_asked_for(void **state)
{
	struct replica replica = {.block = {.stamp = 1ull << 40}};
	struct full_report *report;

	(void)state;
	join("w1");
	assert_int_equal(workers_report_begin(workers, STR("w1"), STR("s1"), 1, &report), 0);
	for (uint64_t i = 0; i <= ASIDE_MAX; i++) {
		replica.block.id = (1ull << 40) + i;
		assert_int_equal(workers_report_add(report, &replica, 1), 0);
	}
	workers_report_end(report);
	assert_false(beat("w1").must_register);                 /* no room for it yet */
	fake_ns->next_block = fake_ns->next_stamp = 1ull << 60; /* all are seen now, and gone */
	workers_recount(workers);
	totals_now();
	assert_int_equal(aside_count(workers->aside), 0);
	while (beat("w1").deletion_count > 0)
		arena_reset(&arena);
}

/* ---- what is believed ---- */

static void a_replica_with_another_stamp_or_length_is_no_location(void **state)
{
	struct block block = fake_block(100, 2, true);
	struct block other_stamp = block;
	struct block other_length = block;

	(void)state;
	join("w1");
	join("w2");
	join("w3");
	other_stamp.stamp--;
	other_length.length--;
	report_change("w1", block, REPLICA_RECEIVED);
	report_change("w2", other_stamp, REPLICA_RECEIVED);
	report_change("w3", other_length, REPLICA_RECEIVED);
	assert_int_equal(located(block), 1);
	assert_int_equal(totals_now().corrupt, 2);
	assert_int_equal(beat("w2").deletion_count, 0); /* the good ones are too few */
}

static void a_wrong_replica_goes_when_enough_good_ones_are_known(void **state)
{
	struct block block = fake_block(100, 1, true);
	struct block wrong = block;
	struct replica good = {.block = block};
	struct worker_orders orders;

	(void)state;
	join("w1");
	join("w2");
	wrong.length = 5;
	report_change("w2", wrong, REPLICA_RECEIVED);
	report_change("w1", block, REPLICA_RECEIVED);
	totals_now();
	assert_int_equal(beat("w2").deletion_count, 0); /* w1 has not reported since promotion */
	report_all("w1", &good, 1);
	assert_int_equal(totals_now().corrupt, 0);
	orders = beat("w2");
	assert_int_equal(orders.deletion_count, 1);
	assert_int_equal(orders.deletions[0].id, block.id);
}

static void a_standby_judges_no_replica(void **state)
{
	struct block block = fake_block(100, 1, true);
	struct replica good = {.block = block};
	struct block wrong = block;

	(void)state;
	workers_set_primary(workers, false);
	join("w1");
	join("w2");
	wrong.length = 5;
	report_all("w1", &good, 1);
	report_change("w2", wrong, REPLICA_RECEIVED);
	totals_now();
	assert_int_equal(workers->deletion_count, 0);
	assert_int_equal(located(block), 1);
}

static void an_old_being_written_report_is_not_taken_for_corruption(void **state)
{
	struct block block = fake_block(100, 1, true);
	struct replica late = {.block = block, .state = REPLICA_BEING_WRITTEN};

	(void)state;
	join("w1");
	late.block.length = 60;
	report_all("w1", &late, 1);
	assert_int_equal(totals_now().corrupt, 0);
	report_change("w1", block, REPLICA_RECEIVED);
	assert_int_equal(located(block), 1);
}

static void a_block_reported_early_is_found_once_it_is_complete(void **state)
{
	struct block block = fake_block(0, 1, false);
	struct block written = block;

	(void)state;
	join("w1");
	written.length = 77;
	report_change("w1", written, REPLICA_RECEIVED);
	assert_int_equal(workers_count_replicas(workers, &block), 1);
	fake_info(fake_ns, block.id)->is_complete = true;
	fake_info(fake_ns, block.id)->block.length = 77;
	assert_int_equal(located(written), 1);
	workers_block_settled(workers, block.id);
	assert_int_equal(aside_count(workers->aside), 0);
	assert_int_equal(located(written), 1);
	assert_int_equal(totals_now().located, 1);
}

static void a_bad_replica_is_read_no_more(void **state)
{
	struct block block = fake_block(100, 1, true);

	(void)state;
	join("w1");
	report_change("w1", block, REPLICA_RECEIVED);
	workers_report_bad(workers, STR("w1"), &block);
	assert_int_equal(located(block), 0);
	assert_int_equal(totals_now().corrupt, 1);
	assert_int_equal(beat("w1").deletion_count, 0); /* it is the only one */
}

/* ---- deletions ---- */

static void deleted_blocks_are_sent_to_their_workers_once(void **state)
{
	struct block block = fake_block(100, 2, true);
	struct worker_orders orders;

	(void)state;
	join("w1");
	join("w2");
	join("w3");
	report_change("w1", block, REPLICA_RECEIVED);
	report_change("w2", block, REPLICA_RECEIVED);
	fake_info(fake_ns, block.id)->inode = 0;
	workers_blocks_gone(workers, &block, 1);
	assert_int_equal(located(block), 0);
	orders = beat("w1");
	assert_int_equal(orders.deletion_count, 1);
	assert_int_equal(orders.deletions[0].id, block.id);
	assert_int_equal(orders.deletions[0].stamp, block.stamp);
	assert_int_equal(beat("w1").deletion_count, 0);
	assert_int_equal(beat("w2").deletion_count, 1);
	assert_int_equal(beat("w3").deletion_count, 0);
	assert_int_equal(totals_now().pending_deletions, 0);
}

static void without_a_proof_of_primacy_orders_wait(void **state)
{
	struct block block = fake_block(100, 1, true);
	struct worker_store store = {.uuid = STR("s1"), .capacity = GB, .remaining = GB};
	struct worker_beat asks = {
	        .uuid = STR("w1"), .stores = &store, .store_count = 1, .takes_no_orders = true};
	struct worker_orders orders;

	(void)state;
	join("w1");
	report_change("w1", block, REPLICA_RECEIVED);
	fake_info(fake_ns, block.id)->inode = 0;
	workers_blocks_gone(workers, &block, 1);
	assert_int_equal(workers_heartbeat(workers, &asks, &arena, &orders), 0);
	assert_int_equal(orders.deletion_count, 0);
	assert_int_equal(beat("w1").deletion_count, 1);
}

/* The primary of that time sent them; a list that only grows would fill this master. */
static void a_standby_forgets_old_orders(void **state)
{
	struct block old = fake_block(100, 1, true);
	struct block young = fake_block(100, 1, true);

	(void)state;
	join("w1");
	report_change("w1", old, REPLICA_RECEIVED);
	report_change("w1", young, REPLICA_RECEIVED);
	workers_set_primary(workers, false);
	workers_blocks_gone(workers, &old, 1);
	fake_pass_ms(&io, 600 * 1000 + 1);
	beat("w1");
	assert_int_equal(workers->deletion_count, 0);
	workers_blocks_gone(workers, &young, 1);
	fake_pass_ms(&io, 1000);
	beat("w1");
	workers_set_primary(workers, true);
	assert_int_equal(beat("w1").deletion_count, 1);
}

static void a_replica_whose_file_is_gone_is_found_by_the_full_report(void **state)
{
	struct block block = fake_block(100, 1, true);
	struct replica replica = {.block = block};

	(void)state;
	fake_info(fake_ns, block.id)->inode = 0;
	join("w1");
	report_all("w1", &replica, 1);
	report_all("w1", &replica, 1); /* before the order went out: still one order */
	assert_int_equal(beat("w1").deletion_count, 1);
}

static void one_heartbeat_carries_a_bounded_number_of_deletions(void **state)
{
	struct block blocks[2500];

	(void)state;
	join("w1");
	for (size_t i = 0; i < COUNT_OF(blocks); i++) {
		blocks[i] = fake_block(1, 1, true);
		report_change("w1", blocks[i], REPLICA_RECEIVED);
	}
	workers_blocks_gone(workers, blocks, COUNT_OF(blocks));
	assert_int_equal(beat("w1").deletion_count, WORKER_DELETIONS_BATCH);
	assert_int_equal(beat("w1").deletion_count, WORKER_DELETIONS_BATCH);
	assert_int_equal(beat("w1").deletion_count, 500);
	assert_int_equal(beat("w1").deletion_count, 0);
}

static void neither_a_standby_nor_a_starting_primary_orders_deletions(void **state)
{
	struct block block = fake_block(100, 1, true);

	(void)state;
	join("w1");
	report_change("w1", block, REPLICA_RECEIVED);
	workers_set_primary(workers, false);
	workers_blocks_gone(workers, &block, 1);
	assert_int_equal(beat("w1").deletion_count, 0);
	workers_set_primary(workers, true);
	workers_send_deletions(workers, false);
	assert_int_equal(beat("w1").deletion_count, 0);
	workers_send_deletions(workers, true);
	assert_int_equal(beat("w1").deletion_count, 1);
}

/* ---- locations and counts ---- */

static void replicas_of_a_dead_worker_do_not_count(void **state)
{
	struct block block = fake_block(100, 2, true);

	(void)state;
	join("w1");
	join("w2");
	report_change("w1", block, REPLICA_RECEIVED);
	report_change("w2", block, REPLICA_RECEIVED);
	assert_int_equal(totals_now().under_replicated, 0);
	for (int i = 0; i < 70; i++) {
		fake_pass_ms(&io, 10 * 1000);
		beat("w2");
	}
	assert_int_equal(located(block), 1);
	assert_int_equal(totals_now().under_replicated, 1);
	beat("w1");
	assert_int_equal(located(block), 2);
	assert_int_equal(totals_now().under_replicated, 0);
}

static void a_block_without_a_live_replica_is_missing(void **state)
{
	struct block block = fake_block(100, 1, true);

	(void)state;
	fake_block(0, 1, false); /* being written: not missing */
	workers_recount(workers);
	assert_int_equal(totals_now().missing, 1);
	join("w1");
	report_change("w1", block, REPLICA_RECEIVED);
	assert_int_equal(totals_now().missing, 0);
}

static void replicas_on_a_failed_volume_do_not_count(void **state)
{
	struct block block = fake_block(100, 1, true);
	struct worker_store failed = {.uuid = STR("s1"), .is_failed = true};
	struct worker_beat says = {.uuid = STR("w1"), .stores = &failed, .store_count = 1};
	struct worker_orders orders;

	(void)state;
	join("w1");
	report_change("w1", block, REPLICA_RECEIVED);
	assert_int_equal(workers_heartbeat(workers, &says, &arena, &orders), 0);
	assert_int_equal(located(block), 0);
	beat("w1");
	assert_int_equal(located(block), 1);
}

static void the_readers_own_host_comes_first_and_stale_ones_last(void **state)
{
	struct block block = fake_block(100, 3, true);
	struct location found[3];

	(void)state;
	join("w1");
	join("w2");
	join("w3");
	report_change("w1", block, REPLICA_RECEIVED);
	report_change("w2", block, REPLICA_RECEIVED);
	report_change("w3", block, REPLICA_RECEIVED);
	fake_pass_ms(&io, STALE_MS);
	beat("w2");
	beat("w3");
	for (int i = 0; i < 20; i++) {
		assert_int_equal(workers_locate(workers, &block, STR("10.0.0.3"), found, 3), 3);
		assert_true(str_equal(found[0].worker->identity.uuid, STR("w3")));
		assert_true(str_equal(found[2].worker->identity.uuid, STR("w1")));
		assert_true(str_equal(found[0].store_uuid, STR("s3")));
	}
	assert_int_equal(workers_locate(workers, &block, STR("10.0.0.1"), found, 2), 2);
	assert_false(str_equal(found[0].worker->identity.uuid, STR("w1"))); /* stale */
}

/* ---- waiting ---- */

struct waiter {
	struct replica_wait wait;
	int done;
	bool is_reached;
};

static void waiter_done(struct replica_wait *wait, bool is_reached)
{
	struct waiter *waiter = CONTAINER_OF(wait, struct waiter, wait);

	waiter->done++;
	waiter->is_reached = is_reached;
}

static void a_waiter_is_told_when_the_replica_is_reported(void **state)
{
	struct block block = fake_block(0, 1, false);
	struct waiter waiter = {.wait = {.done = waiter_done, .block = block, .count = 1}};

	(void)state;
	join("w1");
	workers_wait(workers, &waiter.wait, 2 * 1000 * 1000);
	report_change("w1", block, REPLICA_RECEIVING);
	fake_turn(&io);
	assert_int_equal(waiter.done, 0);
	report_change("w1", block, REPLICA_RECEIVED);
	assert_int_equal(waiter.done, 0); /* never inside the call */
	fake_turn(&io);
	assert_int_equal(waiter.done, 1);
	assert_true(waiter.is_reached);
}

static void a_waiter_whose_replica_never_comes_is_told_so(void **state)
{
	struct waiter waiter = {
	        .wait = {.done = waiter_done, .block = fake_block(0, 1, false), .count = 1}};
	struct waiter cancelled = waiter;

	(void)state;
	workers_wait(workers, &waiter.wait, 2 * 1000 * 1000);
	workers_wait(workers, &cancelled.wait, 2 * 1000 * 1000);
	workers_wait_cancel(&cancelled.wait);
	fake_pass_ms(&io, 1999);
	assert_int_equal(waiter.done, 0);
	fake_pass_ms(&io, 1);
	assert_int_equal(waiter.done, 1);
	assert_false(waiter.is_reached);
	assert_int_equal(cancelled.done, 0);
}

/* ---- placement ---- */

static size_t place(struct placement placement, size_t count, struct str *ret_uuids)
{
	const struct worker_info *chosen[WORKER_PLACEMENTS_MAX];
	size_t found = workers_place(workers, &placement, GB, count, chosen);

	for (size_t i = 0; i < found; i++) {
		ret_uuids[i] = chosen[i]->identity.uuid;
		for (size_t k = 0; k < i; k++)
			assert_false(str_equal(ret_uuids[i], ret_uuids[k]));
	}
	return found;
}

static void a_new_block_goes_to_the_writers_own_host_first(void **state)
{
	struct str uuids[4];

	(void)state;
	join("w1");
	join("w2");
	join("w3");
	assert_int_equal(place((struct placement){.writer_address = STR("10.0.0.2")}, 2, uuids), 2);
	assert_true(str_equal(uuids[0], STR("w2")));
	assert_int_equal(
	        place((struct placement){.writer_address = STR("10.0.0.2"), .is_not_local = true},
	              4, uuids),
	        2);
}

static void excluded_full_and_dead_workers_get_no_block(void **state)
{
	struct str excluded = STR("w1");
	struct str uuids[4];

	(void)state;
	join("w4"); /* dies */
	fake_pass_ms(&io, DEAD_MS);
	join("w1");
	join("w2");
	join("w3");
	beat_with("w2", GB - 1);
	for (int i = 0; i < 20; i++) {
		beat("w3");
		assert_int_equal(
		        place((struct placement){.excluded = &excluded, .excluded_count = 1}, 4,
		              uuids),
		        1);
		assert_true(str_equal(uuids[0], STR("w3")));
	}
}

static void room_promised_to_blocks_counts_until_the_next_heartbeat(void **state)
{
	struct str uuids[1];

	(void)state;
	join("w1");
	beat_with("w1", 2ull * GB);
	assert_int_equal(place((struct placement){0}, 1, uuids), 1);
	assert_int_equal(place((struct placement){0}, 1, uuids), 1);
	assert_int_equal(place((struct placement){0}, 1, uuids), 0);
	beat_with("w1", 2ull * GB);
	assert_int_equal(place((struct placement){0}, 1, uuids), 1);
}

static void a_block_that_came_takes_only_its_own_length(void **state)
{
	const struct block came = fake_block(1, 1, true);
	struct str uuids[1];

	(void)state;
	join("w1");
	beat_with("w1", 2ull * GB);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(place((struct placement){0}, 1, uuids), 1);
		report_change("w1", came, REPLICA_RECEIVED);
	}
	assert_int_equal(place((struct placement){0}, 1, uuids), 1);
	assert_int_equal(place((struct placement){0}, 1, uuids),
	                 0); /* little is taken, but it is */
}

static void a_stale_worker_gets_a_block_only_when_nobody_else_can(void **state)
{
	struct str uuids[2];

	(void)state;
	join("w1");
	fake_pass_ms(&io, STALE_MS);
	join("w2");
	assert_int_equal(place((struct placement){0}, 1, uuids), 1);
	assert_true(str_equal(uuids[0], STR("w2")));
	assert_int_equal(place((struct placement){0}, 2, uuids), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(an_unknown_worker_is_told_to_register),
	        TEST(names_that_would_forge_a_log_line_are_refused),
	        TEST(a_silent_worker_becomes_stale_then_dead_then_live_again),
	        TEST(capacity_is_never_zero),
	        TEST(figures_that_would_wrap_stay_at_the_top),
	        TEST(a_heartbeat_with_more_stores_than_a_worker_may_have_is_refused),
	        TEST(a_worker_made_anew_replaces_the_one_at_its_address),
	        TEST(when_the_table_is_full_the_longest_dead_is_forgotten),
	        TEST(few_workers_at_once_get_leave_for_a_full_report),
	        TEST(a_full_report_tells_where_blocks_are),
	        TEST(what_a_full_report_does_not_name_is_gone_when_it_ends),
	        TEST(a_report_given_up_leaves_what_was_known),
	        TEST(a_worker_that_registers_again_breaks_its_report_off),
	        TEST(changes_wait_for_the_end_of_a_full_report),
	        TEST(a_store_that_a_round_of_reports_does_not_name_holds_nothing),
	        TEST(report_of_an_unseen_block_waits),
	        TEST(a_replica_beyond_what_is_applied_is_never_deleted),
	        TEST(what_an_unseen_block_was_said_to_be_can_be_taken_back),
	        TEST(past_its_bound_a_new_full_report_is_asked_for),
	        TEST(a_replica_with_another_stamp_or_length_is_no_location),
	        TEST(a_wrong_replica_goes_when_enough_good_ones_are_known),
	        TEST(a_standby_judges_no_replica),
	        TEST(an_old_being_written_report_is_not_taken_for_corruption),
	        TEST(a_block_reported_early_is_found_once_it_is_complete),
	        TEST(a_bad_replica_is_read_no_more),
	        TEST(deleted_blocks_are_sent_to_their_workers_once),
	        TEST(without_a_proof_of_primacy_orders_wait),
	        TEST(a_standby_forgets_old_orders),
	        TEST(a_replica_whose_file_is_gone_is_found_by_the_full_report),
	        TEST(one_heartbeat_carries_a_bounded_number_of_deletions),
	        TEST(neither_a_standby_nor_a_starting_primary_orders_deletions),
	        TEST(replicas_of_a_dead_worker_do_not_count),
	        TEST(a_block_without_a_live_replica_is_missing),
	        TEST(replicas_on_a_failed_volume_do_not_count),
	        TEST(the_readers_own_host_comes_first_and_stale_ones_last),
	        TEST(a_waiter_is_told_when_the_replica_is_reported),
	        TEST(a_waiter_whose_replica_never_comes_is_told_so),
	        TEST(a_new_block_goes_to_the_writers_own_host_first),
	        TEST(excluded_full_and_dead_workers_get_no_block),
	        TEST(room_promised_to_blocks_counts_until_the_next_heartbeat),
	        TEST(a_block_that_came_takes_only_its_own_length),
	        TEST(a_stale_worker_gets_a_block_only_when_nobody_else_can),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
