/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of the namespace share: a namespace with a root, commands in one line, and checks
 * of everything that must hold after every command.
 */
#ifndef HOLDFAST_TESTS_NS_TESTING_H
#define HOLDFAST_TESTS_NS_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "namespace/namespace.h"

/* A namespace in a test. */
struct bench {
	struct namespace *ns;
	struct arena arena;
	struct ns_result result; /* of the last command */
	uint64_t wall_ms;
};

static inline void assert_same_hash(struct hash128 a, struct hash128 b)
{
	assert_int_equal(a.low, b.low);
	assert_int_equal(a.high, b.high);
}

static inline int bench_apply(struct bench *bench, struct command *command)
{
	bench->wall_ms++;
	if (command->wall_ms == 0)
		command->wall_ms = bench->wall_ms;
	arena_reset(&bench->arena);
	ns_apply(bench->ns, ns_applied(bench->ns) + 1, command, &bench->arena, &bench->result);
	return bench->result.rc;
}

static inline void bench_cluster(struct bench *bench)
{
	struct command command = {.kind = ENTRY_cluster,
	                          .cluster = {.cluster_id = STR("CID-1"),
	                                      .namespace_id = 42,
	                                      .block_pool_id = STR("BP-1"),
	                                      .ctime_ms = 1700000000000,
	                                      .owner = STR("root"),
	                                      .group = STR("supergroup"),
	                                      .mode = 0755}};

	assert_int_equal(bench_apply(bench, &command), 0);
}

static inline void bench_open(struct bench *bench)
{
	*bench = (struct bench){.ns = ns_create(0), .wall_ms = 1700000000000};
	arena_init(&bench->arena, 0);
	bench_cluster(bench);
}

static inline void bench_close(struct bench *bench)
{
	assert_same_hash(ns_digest(bench->ns), ns_digest_recompute(bench->ns));
	ns_destroy(bench->ns);
	arena_finish(&bench->arena);
}

/* ---- who calls ---- */

static inline void as_user(struct command *command, const char *user)
{
	static struct str alice_groups[] = {{"users", 5}, {"dev", 3}};
	static struct str bob_groups[] = {{"users", 5}};
	static struct str carl_groups[] = {{"staff", 5}};
	static struct str root_groups[] = {{"supergroup", 10}};

	command->user = str_of(user);
	if (strcmp(user, "alice") == 0)
		command->groups = (struct strs){alice_groups, 2};
	else if (strcmp(user, "bob") == 0)
		command->groups = (struct strs){bob_groups, 1};
	else if (strcmp(user, "carl") == 0)
		command->groups = (struct strs){carl_groups, 1};
	else
		command->groups = (struct strs){root_groups, 1};
	if (strcmp(user, "root") == 0)
		command->flags |= COMMAND_SUPERUSER;
}

static inline struct ns_caller caller_of(const char *user)
{
	struct command command = {0};

	as_user(&command, user);
	return (struct ns_caller){.user = command.user,
	                          .groups = command.groups,
	                          .is_superuser = (command.flags & COMMAND_SUPERUSER) != 0};
}

/* ---- commands in one line; each returns rc ---- */

static inline int do_mkdirs(struct bench *bench, const char *user, const char *path, uint16_t mode)
{
	struct command command = {
	        .kind = ENTRY_mkdirs,
	        .mkdirs = {.path = str_of(path), .mode = mode, .create_parent = true}};

	as_user(&command, user);
	return bench_apply(bench, &command);
}

static inline int do_create(struct bench *bench, const char *user, const char *path,
                            const char *holder, uint32_t flags)
{
	struct command command = {.kind = ENTRY_create,
	                          .create = {.path = str_of(path),
	                                     .mode = 0644,
	                                     .holder = str_of(holder),
	                                     .client_machine = STR("127.0.0.1"),
	                                     .flags = flags,
	                                     .create_parent = true,
	                                     .replication = 1,
	                                     .block_size = 1 << 27}};

	as_user(&command, user);
	return bench_apply(bench, &command);
}

static inline int do_add_block(struct bench *bench, const char *path, const char *holder,
                               struct block previous)
{
	struct str workers[] = {STR("worker-1")};
	struct command command = {.kind = ENTRY_add_block,
	                          .add_block = {.path = str_of(path),
	                                        .holder = str_of(holder),
	                                        .previous = previous,
	                                        .workers = {workers, 1}}};

	as_user(&command, "root");
	return bench_apply(bench, &command);
}

static inline int do_complete(struct bench *bench, const char *path, const char *holder,
                              struct block last)
{
	struct command command = {
	        .kind = ENTRY_complete,
	        .complete = {.path = str_of(path), .holder = str_of(holder), .last = last}};

	as_user(&command, "root");
	return bench_apply(bench, &command);
}

static inline int do_rename(struct bench *bench, const char *user, const char *source,
                            const char *target)
{
	struct command command = {.kind = ENTRY_rename,
	                          .rename = {.source = str_of(source), .target = str_of(target)}};

	as_user(&command, user);
	return bench_apply(bench, &command);
}

static inline int do_rename2(struct bench *bench, const char *user, const char *source,
                             const char *target, bool overwrite)
{
	struct command command = {.kind = ENTRY_rename2,
	                          .rename2 = {.source = str_of(source),
	                                      .target = str_of(target),
	                                      .overwrite = overwrite}};

	as_user(&command, user);
	return bench_apply(bench, &command);
}

static inline int do_delete(struct bench *bench, const char *user, const char *path, bool recursive)
{
	struct command command = {.kind = ENTRY_delete,
	                          .delete = {.path = str_of(path), .recursive = recursive}};

	as_user(&command, user);
	return bench_apply(bench, &command);
}

static inline int do_reclaim(struct bench *bench, uint32_t steps)
{
	struct command command = {.kind = ENTRY_reclaim, .reclaim = {.steps = steps}};

	return bench_apply(bench, &command);
}

static inline int do_set_permission(struct bench *bench, const char *user, const char *path,
                                    uint16_t mode)
{
	struct command command = {.kind = ENTRY_set_permission,
	                          .set_permission = {.path = str_of(path), .mode = mode}};

	as_user(&command, user);
	return bench_apply(bench, &command);
}

static inline int do_set_owner(struct bench *bench, const char *user, const char *path,
                               const char *owner, const char *group)
{
	struct command command = {.kind = ENTRY_set_owner,
	                          .set_owner = {.path = str_of(path),
	                                        .owner = str_of(owner),
	                                        .group = str_of(group)}};

	as_user(&command, user);
	return bench_apply(bench, &command);
}

/* A closed file of no blocks. */
static inline void make_file(struct bench *bench, const char *path)
{
	assert_int_equal(do_create(bench, "root", path, "maker", 1), 0);
	assert_int_equal(do_complete(bench, path, "maker", (struct block){0}), 0);
}

/* A closed file of one block. */
static inline struct block make_file_of(struct bench *bench, const char *path, uint64_t length)
{
	struct block block;

	assert_int_equal(do_create(bench, "root", path, "maker", 1), 0);
	assert_int_equal(do_add_block(bench, path, "maker", (struct block){0}), 0);
	block = bench->result.block;
	block.length = length;
	assert_int_equal(do_complete(bench, path, "maker", block), 0);
	return block;
}

/* ---- reading ---- */

static inline int look(struct bench *bench, const char *user, const char *path,
                       struct ns_status *ret_status)
{
	struct ns_caller caller = caller_of(user);
	struct ns_lookup lookup = {.path = str_of(path), .caller = &caller};

	ns_lookup(bench->ns, &lookup, 1, &bench->arena);
	if (lookup.rc == 0 && ret_status != NULL)
		*ret_status = lookup.status;
	bench->result.message = lookup.message;
	return lookup.rc;
}

static inline bool exists(struct bench *bench, const char *path)
{
	return look(bench, "root", path, NULL) == 0;
}

static inline void assert_text(struct bench *bench, const char *text)
{
	struct str message = bench->result.message;

	if (!str_equal(message, str_of(text)))
		fail_msg("the text is \"%.*s\" instead of \"%s\"", STR_ARGS(message), text);
}

/* Whole state through its records into another namespace. */
static inline struct namespace *copy_by_records(struct ns_hold *hold, size_t step_bytes)
{
	struct ns_save *save = ns_save_begin(&hold);
	struct namespace *copy = ns_create(1);
	struct ns_load *load = ns_load_begin(copy);
	struct buf buf = {0};
	int more;

	do {
		buf_clear(&buf);
		more = ns_save_step(save, step_bytes, &buf);
		assert_true(more >= 0);
		assert_int_equal(ns_load_step(load, buf_str(&buf)), 0);
	} while (more > 0);
	assert_int_equal(ns_load_end(load, ns_save_index(save), ns_save_digest(save)), 0);
	ns_save_end(save);
	buf_finish(&buf);
	return copy;
}

#endif
