/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seed of a namespace's hash tables is each process's own: nothing that masters compare, or
 * write down, may show it.
 */
#include "ns_testing.h"

enum { COMMANDS = 3000, CLIENTS = 40, USERS = 60 };

static void bench_open_seeded(struct bench *bench, uint64_t seed)
{
	*bench = (struct bench){.ns = ns_create(seed), .wall_ms = 1700000000000};
	arena_init(&bench->arena, 0);
	bench_cluster(bench);
}

static void save_all(struct bench *bench, struct buf *buf)
{
	struct ns_hold *hold = ns_hold(bench->ns);
	struct ns_save *save = ns_save_begin(&hold);

	while (ns_save_step(save, 1 << 16, buf) > 0)
		continue;
	ns_save_end(save);
}

/* The n-th of a history in which owners, block sizes, holders and callers come and go. */
static int apply_nth(struct bench *bench, int n)
{
	char path[64], owner[32];
	struct command command = {
	        .has_client = true, .call_id = n / CLIENTS << 18, .age_ms = (uint64_t)n * 10};

	snprintf(path, sizeof(path), "/d%d/f%d", n % 7, n % 100);
	snprintf(owner, sizeof(owner), "user%d", n % USERS);
	as_user(&command, "root");
	memset(command.client_id, 1 + n % CLIENTS, sizeof(command.client_id));
	switch (n % 5) {
	case 0:
	case 3:
		command.kind = ENTRY_create;
		command.create.path = str_of(path);
		command.create.mode = (uint16_t)(n % 0777);
		command.create.holder = str_of(owner);
		command.create.flags = 3;
		command.create.create_parent = true;
		command.create.replication = (uint16_t)(1 + n % 5);
		command.create.block_size = (uint64_t)(1 + n % 11) << 20;
		break;
	case 1:
	case 4:
		command.kind = ENTRY_set_owner;
		command.set_owner.path = str_of(path);
		command.set_owner.owner = str_of(owner);
		break;
	default:
		command.kind = ENTRY_delete;
		command.delete.path = str_of(path);
		break;
	}
	return bench_apply(bench, &command);
}

static void must_save_the_same(struct bench *one, struct bench *other)
{
	struct buf saved[2] = {0};

	save_all(one, &saved[0]);
	save_all(other, &saved[1]);
	assert_true(str_equal(buf_str(&saved[0]), buf_str(&saved[1])));
	buf_finish(&saved[0]);
	buf_finish(&saved[1]);
}

static void the_seed_shows_in_no_answer_no_digest_and_no_saved_byte(void **state)
{
	struct bench one, other;
	int successes = 0;

	(void)state;
	bench_open_seeded(&one, 0);
	bench_open_seeded(&other, 0x123456789abcdef0);
	for (int n = 0; n < COMMANDS; n++) {
		int rc = apply_nth(&one, n);

		assert_int_equal(apply_nth(&other, n), rc);
		assert_int_equal(one.result.inode, other.result.inode);
		assert_same_hash(ns_digest(one.ns), ns_digest(other.ns));
		successes += rc == 0;
		if (n % 300 == 0)
			must_save_the_same(&one, &other);
		if (n % 10 == 0) { /* a retry */
			assert_int_equal(apply_nth(&one, n), rc);
			assert_int_equal(apply_nth(&other, n), rc);
		}
	}
	assert_true(successes > COMMANDS / 2);
	bench_close(&one);
	bench_close(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_seed_shows_in_no_answer_no_digest_and_no_saved_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
