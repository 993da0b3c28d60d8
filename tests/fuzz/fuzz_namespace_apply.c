/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries from outside: whatever decodes is applied to a namespace without harm, as its check said;
 * the digest stays right, and the state survives its records.
 *
 * Input: entries of u16 kind, u8 version, u32 size, payload.
 */
#include <stdint.h>

#include "base/check.h"
#include "base/cursor.h"
#include "base/err.h"
#include "format/command.h"
#include "namespace/namespace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void apply(struct namespace *ns, const struct command *command, struct arena *arena)
{
	struct ns_result checked;
	struct ns_result applied;

	if (entry_kind_is_journals(command->kind)) {
		ns_apply(ns, ns_applied(ns) + 1, command, arena, &applied);
		return;
	}
	ns_check(ns, command, NULL, arena, &checked);
	ns_apply(ns, ns_applied(ns) + 1, command, arena, &applied);
	CHECK(checked.rc == applied.rc || applied.rc == -ERR_CHANGED);
}

static void make_root(struct namespace *ns, struct arena *arena)
{
	struct command command = {
	        .kind = ENTRY_cluster,
	        .cluster = {.block_pool_id = STR("BP"), .owner = STR("root"), .mode = 0777}};

	apply(ns, &command, arena);
}

static void check_state(struct namespace *ns)
{
	struct hash128 kept = ns_digest(ns);
	struct hash128 made = ns_digest_recompute(ns);
	struct ns_hold *hold = ns_hold(ns);
	struct ns_save *save = ns_save_begin(&hold);
	struct namespace *copy = ns_create(1);
	struct ns_load *load = ns_load_begin(copy);
	struct buf buf = {0};
	int more;

	CHECK(kept.low == made.low && kept.high == made.high);
	do {
		buf_clear(&buf);
		more = ns_save_step(save, 500, &buf);
		CHECK(ns_load_step(load, buf_str(&buf)) == 0);
	} while (more > 0);
	CHECK(ns_load_end(load, ns_applied(ns), kept) == 0);
	ns_save_end(save);
	ns_destroy(copy);
	buf_finish(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_make(data, size);
	struct namespace *ns = ns_create(0);
	struct arena arena;

	arena_init(&arena, 1 << 20);
	make_root(ns, &arena);
	while (cursor_left(&c) > 0) {
		unsigned kind = (unsigned)cursor_le(&c, 2);
		unsigned version = cursor_u8(&c);
		size_t payload_size = cursor_le(&c, 4);
		struct str payload;
		struct command command;

		if (payload_size > cursor_left(&c))
			payload_size = cursor_left(&c);
		payload = cursor_bytes(&c, payload_size);
		if (command_decode(kind, version, payload, &arena, &command) == 0)
			apply(ns, &command, &arena);
		arena_reset(&arena);
	}
	check_state(ns);
	ns_destroy(ns);
	arena_finish(&arena);
	return 0;
}
