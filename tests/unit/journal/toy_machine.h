/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A state machine that only remembers what was applied: the payload's hash at each index.  Its
 * state grows at the end, so an instant is held by remembering how long it was.
 */
#ifndef HOLDFAST_TESTS_UNIT_JOURNAL_TOY_MACHINE_H
#define HOLDFAST_TESTS_UNIT_JOURNAL_TOY_MACHINE_H

#include <stdatomic.h>

#include "base/check.h"
#include "base/cursor.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/mem.h"
#include "journal/journal.h"

struct toy {
	uint64_t *hashes; /* of the entry at index i + 1 */
	size_t count;
	size_t capacity;
	struct hash128 digest;
	size_t loads;             /* checkpoints taken */
	atomic_size_t load_steps; /* on any thread */
	size_t apply_calls;
	int load_step_rc;   /* what load_step answers; 0: takes it */
	bool saves_nothing; /* a save_step gives no record, and says that there are more */
};

struct toy_save {
	size_t at, end;
};

static inline uint64_t toy_hash(struct str payload)
{
	return hash64(1, payload.data, payload.size);
}

static inline void toy_clear(struct toy *toy)
{
	mem_free(toy->hashes);
	toy->hashes = NULL;
	toy->count = toy->capacity = 0;
	toy->digest = (struct hash128){0};
}

static inline void toy_add(struct toy *toy, uint64_t hash)
{
	if (toy->count == toy->capacity) {
		toy->capacity = toy->capacity == 0 ? 64 : 2 * toy->capacity;
		toy->hashes = mem_must_realloc(toy->hashes, toy->capacity * sizeof(*toy->hashes));
	}
	toy->hashes[toy->count++] = hash;
	toy->digest = hash128_add(toy->digest, hash128(toy->count, &hash, sizeof(hash)));
}

static inline void toy_apply(void *context, const struct journal_entry *entries, size_t count)
{
	struct toy *toy = context;

	toy->apply_calls++;
	for (size_t i = 0; i < count; i++) {
		CHECK(entries[i].index == toy->count + 1);
		toy_add(toy, toy_hash(entries[i].payload));
	}
}

static inline uint64_t toy_applied(void *context)
{
	return ((struct toy *)context)->count;
}

static inline struct hash128 toy_digest(void *context)
{
	return ((struct toy *)context)->digest;
}

static inline void *toy_save_begin(void *context, uint64_t *ret_index, struct hash128 *ret_digest,
                                   uint64_t *ret_records)
{
	struct toy *toy = context;
	struct toy_save *save = mem_must_zalloc(sizeof(*save));

	save->end = toy->count;
	*ret_index = *ret_records = toy->count;
	*ret_digest = toy->digest;
	return save;
}

static inline int toy_save_step(void *context, void *save_pointer, size_t bytes, struct buf *buf)
{
	struct toy *toy = context;
	struct toy_save *save = save_pointer;
	size_t records = bytes / sizeof(uint64_t);

	if (toy->saves_nothing)
		return 1;
	for (; records > 0 && save->at < save->end; records--)
		buf_append_le(buf, toy->hashes[save->at++], 8);
	return save->at < save->end;
}

static inline void toy_save_end(void *context, void *save)
{
	(void)context;
	mem_free(save);
}

/* What is being loaded is a toy of its own until it is whole: it may be on another thread. */
static inline void *toy_load_begin(void *context)
{
	toy_clear(context);
	return mem_must_zalloc(sizeof(struct toy));
}

static inline int toy_load_step(void *context, void *load, struct str records)
{
	struct toy *toy = context;
	struct cursor c = cursor_of(records);

	atomic_fetch_add(&toy->load_steps, 1);
	while (cursor_left(&c) > 0)
		toy_add(load, cursor_le(&c, 8));
	return toy->load_step_rc;
}

static inline void toy_load_cancel(void *context, void *load)
{
	(void)context;
	toy_clear(load);
	mem_free(load);
}

static inline int toy_load_end(void *context, void *load, uint64_t index, struct hash128 digest)
{
	struct toy *toy = context, *loaded = load;

	if (loaded->count != index || loaded->digest.low != digest.low ||
	    loaded->digest.high != digest.high) {
		toy_load_cancel(toy, loaded);
		return -ERR_DAMAGED;
	}
	toy->hashes = loaded->hashes;
	toy->count = loaded->count;
	toy->capacity = loaded->capacity;
	toy->digest = loaded->digest;
	toy->loads++;
	mem_free(loaded);
	return 0;
}

static inline struct state_machine toy_machine(struct toy *toy)
{
	return (struct state_machine){
	        .context = toy,
	        .apply = toy_apply,
	        .applied = toy_applied,
	        .digest = toy_digest,
	        .save_begin = toy_save_begin,
	        .save_step = toy_save_step,
	        .save_end = toy_save_end,
	        .load_begin = toy_load_begin,
	        .load_step = toy_load_step,
	        .load_end = toy_load_end,
	        .load_cancel = toy_load_cancel,
	};
}

#endif
