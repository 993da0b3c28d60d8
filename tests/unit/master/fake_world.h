/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A master between fakes, and short words for calls.  Include once in a test program, after
 * cmocka.h.  With WORLD_HAS_REAL_NAMESPACE the namespace is the real one.
 */
#ifndef HOLDFAST_TESTS_MASTER_FAKE_WORLD_H
#define HOLDFAST_TESTS_MASTER_FAKE_WORLD_H

#include <stdio.h>

#include "master/master_private.h"
#include "master/roles.h"
#include "master/safe_mode.h"
#include "master_kit.h"
#include "unit/master/fake_io.h"
#include "unit/master/fake_journal.h"
#ifndef WORLD_HAS_REAL_NAMESPACE
#include "unit/master/fake_namespace.h"
#endif

enum {
	HOLD_MS = 5000,
	HOLD_CALLS = 8,
	HOLD_BYTES = 64 * 1024,
	MEMORY_MAX = 1000 * 1000,
	ROWS_MAX = 50,
	LEASE_SOFT_MS = 60 * 1000,
	LEASE_HARD_MS = 1200 * 1000,
	REPLICA_WAIT_MS = 2000,
	WORKERS_COME_MS = 4000,
	START_MODE_MS = 30 * 1000,
	CALLS_MAX = 64,
};

struct call {
	struct master_write write;
	struct arena arena;
	int done;
	unsigned order; /* in which answers came */
	bool is_gone;
	char path[64];
	char target[64];
	struct str name_seen;
};

struct look {
	struct master_read read;
	int ready;
	int rc;
	unsigned order;
};

static struct world {
	struct io io;
	struct master *master;
	struct call calls[CALLS_MAX];
	size_t call_count;
	struct look looks[CALLS_MAX];
	size_t look_count;
	unsigned order;
	bool is_closed;
} world;

static void world_closed(void *context)
{
	(void)context;
	world.is_closed = true;
}

static inline struct master_options world_options(void)
{
	struct master_options options = kit_options(&world.io, "/journal");

	options.journal.entry_bytes_max = 1 << 20;
	options.retry_rows_max = ROWS_MAX;
	options.memory_bytes_max = MEMORY_MAX;
	options.lease_soft_ms = LEASE_SOFT_MS;
	options.lease_hard_ms = LEASE_HARD_MS;
	options.hold_ms = HOLD_MS;
	options.hold_calls_max = HOLD_CALLS;
	options.hold_bytes_max = HOLD_BYTES;
	options.replica_wait_ms = REPLICA_WAIT_MS;
	options.workers_come_ms = WORKERS_COME_MS;
	options.startup_safe_mode_ms = START_MODE_MS;
	return options;
}

static inline void world_begin_with(const struct master_options *options)
{
	char *text = NULL;

	assert_int_equal(master_create(options, &world.master, &text), 0);
	assert_null(text);
}

static inline int world_begin(void **state)
{
	struct master_options options;

	(void)state;
	world = (struct world){0};
	fake_io_init(&world.io);
	options = world_options();
	world_begin_with(&options);
	return 0;
}

static inline void close_journal(void)
{
	fake_phase(JOURNAL_STOPPED);
	fake_turn(&world.io);
	fake_journal.on_closed(fake_journal.closed_context);
	fake_turn(&world.io);
}

/* There is nobody to hand over to. */
static inline void close_master(void)
{
	master_close(world.master, world_closed, NULL);
	fake_change_end(-ERR_UNSUPPORTED);
}

static inline int world_end(void **state)
{
	(void)state;
	if (!world.is_closed) {
		close_master();
		fake_lose(JOURNAL_UNKNOWN);
		close_journal();
	}
	assert_true(world.is_closed);
	for (size_t i = 0; i < world.call_count; i++) {
		assert_true(world.calls[i].done == 1); /* exactly once */
		arena_finish(&world.calls[i].arena);
	}
	for (size_t i = 0; i < world.look_count; i++)
		assert_true(world.looks[i].ready == 1);
	master_destroy(world.master);
	assert_int_equal(world.io.timer_count, 0);
	return 0;
}

/* Becomes primary. */
static inline void lead(void)
{
	size_t queued = fake_journal.queued;

	fake_phase(JOURNAL_LEADING);
	fake_commit(queued + 1);
	assert_int_equal(master_role(world.master), MASTER_PRIMARY);
}

/* ---- calls ---- */

static void call_done(struct master_write *write)
{
	struct call *call = CONTAINER_OF(write, struct call, write);

	call->done++;
	call->order = ++world.order;
	if (write->result.has_status)
		call->name_seen = arena_copy(&call->arena, write->result.status.name);
}

static bool call_is_alive(struct master_write *write)
{
	return !CONTAINER_OF(write, struct call, write)->is_gone;
}

static inline struct call *call_new(enum entry_kind kind, const char *path)
{
	struct call *call = &world.calls[world.call_count++];

	CHECK(world.call_count < CALLS_MAX);
	arena_init(&call->arena, 0);
	snprintf(call->path, sizeof(call->path), "%s", path);
	call->write.arena = &call->arena;
	call->write.done = call_done;
	call->write.is_alive = call_is_alive;
	call->write.command.kind = kind;
	call->write.command.user = STR("alice");
	return call;
}

static inline struct call *with_id(struct call *call, int32_t call_id)
{
	call->write.command.has_client = true;
	call->write.command.client_id[0] = 0xa1;
	call->write.command.call_id = call_id;
	return call;
}

static inline struct call *submit(struct call *call)
{
	master_write(world.master, &call->write);
	return call;
}

/* Its entry is committed, and the answer is good. */
static inline struct call *commit(struct call *call)
{
	fake_commit_all();
	fake_turn(&world.io);
	assert_int_equal(call->done, 1);
	assert_int_equal(call->write.result.rc, 0);
	return call;
}

static inline struct call *mkdirs_new(const char *path)
{
	struct call *call = call_new(ENTRY_mkdirs, path);

	call->write.command.mkdirs.path = str_of(call->path);
	return call;
}

static inline struct call *mkdirs(const char *path)
{
	return submit(mkdirs_new(path));
}

static inline struct call *delete_path(const char *path)
{
	struct call *call = call_new(ENTRY_delete, path);

	call->write.command.delete.path = str_of(call->path);
	return submit(call);
}

static inline struct call *rename_new(const char *source, const char *target)
{
	struct call *call = call_new(ENTRY_rename, source);

	snprintf(call->target, sizeof(call->target), "%s", target);
	call->write.command.rename.source = str_of(call->path);
	call->write.command.rename.target = str_of(call->target);
	return call;
}

static inline struct call *rename_to(const char *source, const char *target)
{
	return submit(rename_new(source, target));
}

static inline struct call *create_file(const char *path, const char *holder)
{
	struct call *call = call_new(ENTRY_create, path);

	snprintf(call->target, sizeof(call->target), "%s", holder);
	call->write.command.create.path = str_of(call->path);
	call->write.command.create.holder = str_of(call->target);
	return submit(call);
}

static inline const char *name(const char *prefix, int number)
{
	static char text[32];

	snprintf(text, sizeof(text), "%s%d", prefix, number);
	return text;
}

static inline bool contains(struct str text, const char *part)
{
	return text.data != NULL && memmem(text.data, text.size, part, strlen(part)) != NULL;
}

/* ---- reads ---- */

static void look_ready(struct master_read *read, int rc)
{
	struct look *look = CONTAINER_OF(read, struct look, read);

	look->ready++;
	look->rc = rc;
	look->order = ++world.order;
}

static inline struct look *read_now(void)
{
	struct look *look = &world.looks[world.look_count++];

	CHECK(world.look_count < CALLS_MAX);
	look->read.ready = look_ready;
	master_read(world.master, &look->read);
	return look;
}

#endif
