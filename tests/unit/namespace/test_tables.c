/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables beside the tree, each by itself.
 */
#include <sys/mman.h>

#include "base/random.h"
#include "namespace/dir_cache.h"
#include "namespace/dirs.h"
#include "namespace/id_map.h"
#include "namespace/intern.h"
#include "namespace/region.h"
#include "namespace/retry.h"
#include "namespace/slab.h"
#include "ns_testing.h"

/* ---- id_map ---- */

enum { IDS = 6000 };

struct pairs {
	uint64_t ids[IDS];
	uint64_t values[IDS];
	bool is_there[IDS];
	size_t seen;
	size_t wanted; /* to see */
	uint64_t from; /* what is seen next is not below */
};

/* Runs of ids as they are given out, with jumps between them. */
static void make_ids(struct pairs *pairs, struct random *random)
{
	static const uint64_t starts[] = {0, 16385, 1ull << 32, (1ull << 32) + 70000, 5ull << 40};

	for (size_t i = 0; i < IDS; i++)
		pairs->ids[i] = starts[i % COUNT_OF(starts)] + i;
	for (size_t i = 0; i < IDS; i++)
		pairs->values[i] = random_chance(random, 1, 50)
		                           ? random_u64(random) >> 1
		                           : 1000000 + random_below(random, 1 << 20);
}

static bool compare_pair(void *context, uint64_t id, uint64_t value)
{
	struct pairs *pairs = context;
	size_t i = 0;

	while (i < IDS && !(pairs->ids[i] == id && pairs->is_there[i]))
		i++;
	assert_true(i < IDS);
	assert_int_equal(pairs->values[i], value);
	assert_true(id >= pairs->from);
	pairs->from = id + 1;
	pairs->seen++;
	return pairs->seen < pairs->wanted;
}

/* All of them in pieces of `wanted` ids, each from where the one before ended. */
static void must_see_in_pieces(const struct id_map *map, struct pairs *pairs, size_t wanted)
{
	size_t seen = 0;

	pairs->wanted = wanted;
	pairs->from = 0;
	do {
		pairs->seen = 0;
		id_map_each(map, pairs->from, compare_pair, pairs);
		seen += pairs->seen;
	} while (pairs->seen == wanted);
	assert_int_equal(seen, map->count);
}

static void an_id_map_has_what_was_set(void **state)
{
	struct pairs *pairs = mem_must_zalloc(sizeof(*pairs));
	struct random random = random_make(4);
	struct id_map map;
	uint64_t value;
	size_t count = 0;

	(void)state;
	id_map_init(&map);
	make_ids(pairs, &random);
	for (int round = 0; round < 40000; round++) {
		size_t i = random_below(&random, IDS);
		bool fills = round < 15000 || random_chance(&random, 1, 3);

		if (fills) {
			id_map_set(&map, pairs->ids[i], pairs->values[i]);
			pairs->is_there[i] = true;
		} else {
			id_map_remove(&map, pairs->ids[i]);
			pairs->is_there[i] = false;
		}
	}
	for (size_t i = 0; i < IDS; i++) {
		count += pairs->is_there[i];
		assert_int_equal(id_map_get(&map, pairs->ids[i], &value), pairs->is_there[i]);
		if (pairs->is_there[i])
			assert_int_equal(value, pairs->values[i]);
	}
	assert_int_equal(map.count, count);
	assert_false(id_map_get(&map, 77ull << 33, &value));
	must_see_in_pieces(&map, pairs, SIZE_MAX);
	must_see_in_pieces(&map, pairs, 1);
	must_see_in_pieces(&map, pairs, 100);
	for (size_t i = 0; i < IDS; i++)
		id_map_remove(&map, pairs->ids[i]);
	assert_int_equal(map.count, 0);
	assert_int_equal(map.bytes, 0);
	id_map_finish(&map);
	mem_free(pairs);
}

static void an_id_map_takes_4_bytes_an_id_in_full_use(void **state)
{
	struct id_map map;

	(void)state;
	id_map_init(&map);
	for (uint64_t id = 0; id < 1 << 18; id++)
		id_map_set(&map, 16385 + id, id % 1000);
	assert_true(map.bytes < (4u << 18) + 40000);
	/* one in a hundred is left: 6 bytes each, and what a page takes itself */
	for (uint64_t id = 0; id < 1 << 18; id++)
		if (id % 100 != 0)
			id_map_remove(&map, 16385 + id);
	assert_true(map.bytes < (1 << 18) / 100 * 14 + 40000);
	id_map_finish(&map);
}

/* ---- region ---- */

enum { PAGE = 4096 };

static bool is_memory(const struct region *region, size_t page)
{
	unsigned char in_core;

	assert_int_equal(mincore(region->base + page * PAGE, PAGE, &in_core), 0);
	return in_core & 1;
}

static void what_is_reached_is_memory_before_it_is_touched(void **state)
{
	struct region region;

	(void)state;
	region_init(&region, 64 * PAGE);
	region_reach(&region, 1);
	assert_true(is_memory(&region, 0));
	assert_false(is_memory(&region, 1));
	region_reach(&region, 5 * PAGE + 1);
	for (size_t page = 0; page < 6; page++)
		assert_true(is_memory(&region, page));
	assert_false(is_memory(&region, 8)); /* not much beyond */
	region_reach(&region, 64 * PAGE);
	assert_true(is_memory(&region, 63));
	assert_int_equal(region.base[63 * PAGE], 0);
	region_finish(&region);
}

/* ---- slabs ---- */

static void objects_do_not_overlap_and_are_used_again(void **state)
{
	enum { OBJECTS = 3000 };
	static ref_t refs[OBJECTS];
	static unsigned sizes[OBJECTS];
	struct random random = random_make(5);
	struct slabs slabs;

	(void)state;
	slabs_init(&slabs);
	for (int round = 0; round < 30000; round++) {
		size_t i = random_below(&random, OBJECTS);

		if (refs[i] == 0) {
			sizes[i] = 1 + (unsigned)random_below(&random, GRANULES_MAX);
			refs[i] = slab_alloc(&slabs, sizes[i]);
			memset(slab_at(&slabs, refs[i]), (int)(i % 251), sizes[i] * 64);
		} else {
			const uint8_t *bytes = slab_at(&slabs, refs[i]);

			for (size_t at = 0; at < sizes[i] * 64; at++)
				assert_int_equal(bytes[at], i % 251);
			slab_free(&slabs, refs[i], sizes[i]);
			refs[i] = 0;
		}
	}
	for (size_t i = 0; i < OBJECTS; i++)
		if (refs[i] != 0)
			slab_free(&slabs, refs[i], sizes[i]);
	assert_int_equal(slabs.bytes_used, 0);
	assert_int_equal(slabs.bytes_held, 0);
	slabs_finish(&slabs);
	memset(refs, 0, sizeof(refs));
}

/* ---- interned things ---- */

static void the_same_thing_has_one_number_as_long_as_it_is_used(void **state)
{
	struct interns interns;
	uint32_t numbers[500];
	char text[16];

	(void)state;
	interns_init(&interns, 1);
	for (int i = 0; i < 500; i++) {
		snprintf(text, sizeof(text), "user%d", i);
		numbers[i] = text_take(&interns, str_of(text));
		assert_int_equal(text_take(&interns, str_of(text)), numbers[i]);
	}
	for (int i = 0; i < 500; i++) {
		snprintf(text, sizeof(text), "user%d", i);
		assert_int_equal(text_find(&interns, str_of(text)), numbers[i]);
		assert_true(str_equal(text_of(&interns, numbers[i]), str_of(text)));
		text_drop(&interns, numbers[i]);
		text_drop(&interns, numbers[i]);
	}
	/* nothing is freed before a sweep, and what is used again by then stays */
	assert_int_equal(text_take(&interns, STR("user7")), numbers[7]);
	interns_sweep(&interns, SIZE_MAX);
	assert_int_equal(text_find(&interns, STR("user7")), numbers[7]);
	assert_int_equal(text_find(&interns, STR("user8")), 0);
	assert_int_equal(interns.texts.rows.used, 1);
	assert_int_equal(text_take(&interns, (struct str){0}), 0);
	interns_finish(&interns);
}

static void rights_hold_on_to_their_names(void **state)
{
	struct rights rights = {STR("alice"), STR("dev"), 0750};
	struct interns interns;
	uint32_t number;

	(void)state;
	interns_init(&interns, 1);
	number = rights_take(&interns, rights);
	assert_int_equal(rights_take(&interns, rights), number);
	rights_drop(&interns, number);
	interns_sweep(&interns, SIZE_MAX);
	assert_true(str_equal(rights_of(&interns, number).owner, STR("alice")));
	assert_int_equal(rights_of(&interns, number).mode, 0750);
	rights_drop(&interns, number);
	interns_sweep(&interns, SIZE_MAX);
	assert_int_equal(interns.rights.rows.used, 0);
	assert_int_equal(interns.texts.rows.used, 0);
	interns_finish(&interns);
}

/* ---- the directory cache ---- */

static void the_cache_says_nothing_wrong_when_it_grows(void **state)
{
	struct dir_cache cache;
	char name[32];

	(void)state;
	dir_cache_init(&cache);
	for (uint64_t i = 1; i < 20000; i++) {
		struct dir_entry entry = {.parent = i % 50 + 1, .id = i, .row = (uint32_t)i};
		struct str text;

		snprintf(name, sizeof(name), "dir%llu", (unsigned long long)i);
		text = str_of(name);
		dir_cache_keep(&cache, dir_cache_hash(entry.parent, text), text, &entry);
		dir_cache_fit(&cache, i);
		if (i % 3 == 0)
			dir_cache_forget(&cache, entry.parent, text);
	}
	for (uint64_t i = 1; i < 20000; i++) {
		const struct dir_entry *entry;
		struct str text;

		snprintf(name, sizeof(name), "dir%llu", (unsigned long long)i);
		text = str_of(name);
		entry = dir_cache_find(&cache, dir_cache_hash(i % 50 + 1, text), i % 50 + 1, text);
		if (entry != NULL)
			assert_int_equal(entry->id, i);
		if (i % 3 == 0)
			assert_null(entry);
	}
	dir_cache_finish(&cache);
}

/* ---- directories ---- */

static void odd_directories_are_never_counted_too_low(void **state)
{
	enum { DIRECTORIES = 60 };
	struct random random = random_make(6);
	uint32_t rows[DIRECTORIES];
	struct dirs dirs;

	(void)state;
	dirs_init(&dirs);
	rows[0] = dirs_add(&dirs, 1, 1);
	for (uint32_t i = 1; i < DIRECTORIES; i++) {
		rows[i] = dirs_add(&dirs, i + 1, 1 + (uint32_t)random_below(&random, 2));
		dirs_hang(&dirs, rows[i], rows[random_below(&random, i)]);
	}
	for (int round = 0; round < 2000; round++) {
		uint32_t i = (uint32_t)random_below(&random, DIRECTORIES);
		uint32_t odd = 0;

		dirs_set_rights(&dirs, rows[i], 1 + (uint32_t)random_below(&random, 2));
		for (uint32_t j = 1; j < DIRECTORIES; j++)
			odd += dir_at(&dirs, rows[j])->rights !=
			       dir_at(&dirs, dir_at(&dirs, rows[j])->parent)->rights;
		assert_true(dir_at(&dirs, rows[0])->below.odd >= odd);
		assert_true(dir_at(&dirs, rows[0])->below.odd < DIRECTORIES);
	}
	/* set again one by one from the top, nothing is odd */
	for (uint32_t i = 0; i < DIRECTORIES; i++)
		dirs_set_rights(&dirs, rows[i], 3);
	assert_int_equal(dir_at(&dirs, rows[0])->below.odd, 0);
	assert_int_equal(dir_at(&dirs, rows[0])->below.directories, DIRECTORIES - 1);
	dirs_finish(&dirs);
}

/* ---- retry rows under holds ---- */

static void add_rows(struct retries *retries, uint64_t from, uint64_t to)
{
	for (uint64_t n = from; n < to; n++) {
		struct retry_row row = {.which = RETRY_AT_MOST_ONCE,
		                        .client_id = {(uint8_t)(n % 7)},
		                        .call_id = (int32_t)n,
		                        .kind = 10,
		                        .inode = n,
		                        .age_ms = n};

		retries_add(retries, &row);
	}
}

static void a_hold_sees_rows_that_are_forgotten_meanwhile(void **state)
{
	struct retries retries;
	struct retry_hold hold;
	struct retry_row row;

	(void)state;
	retries_init(&retries, 1);
	add_rows(&retries, 0, 5000);
	retries.queues[RETRY_AT_MOST_ONCE].line = 1500;
	while (retries_forget(&retries, RETRY_AT_MOST_ONCE, &row))
		continue;
	retries_hold(&retries, &hold);
	add_rows(&retries, 5000, 9000);
	retries.queues[RETRY_AT_MOST_ONCE].line = 8000;
	for (uint64_t n = 1500; n < 5000; n++) {
		/* forgetting goes on between the steps of the walk */
		for (int i = 0; i < 3; i++)
			retries_forget(&retries, RETRY_AT_MOST_ONCE, &row);
		assert_true(retries_hold_next(&retries, &hold, &row));
		assert_int_equal(row.inode, n);
		assert_int_equal(row.client_id[0], n % 7);
	}
	assert_false(retries_hold_next(&retries, &hold, &row));
	retries_release(&retries, &hold);
	while (retries_forget(&retries, RETRY_AT_MOST_ONCE, &row))
		continue;
	add_rows(&retries, 9000, 14000); /* what the hold kept goes meanwhile */
	assert_int_equal(retries_rows(&retries), 6000);
	assert_int_equal(retries.chunks.used, 7);
	assert_int_equal(retries.clients.used, 7);
	for (uint64_t n = 7990; n < 9000; n++) {
		uint8_t client_id[RETRY_CLIENT_BYTES] = {(uint8_t)(n % 7)};

		assert_int_equal(retries_find(&retries, client_id, (int32_t)n, &row), n >= 8000);
	}
	retries_finish(&retries);
}

static uint32_t longest_chain(const struct hash_index *index)
{
	const uint32_t *buckets = (const uint32_t *)(const void *)index->memory.base;
	uint32_t longest = 0;

	for (uint64_t i = 0; i < hash_index_bytes(index) / sizeof(*buckets); i++) {
		uint32_t length = 0;

		for (uint32_t row = buckets[i]; row != 0;
		     row = *index->links->next(index->context, row))
			length++;
		longest = length > longest ? length : longest;
	}
	return longest;
}

static void no_step_that_a_client_counts_in_makes_a_long_chain(void **state)
{
	(void)state;
	for (uint32_t step = 1; step <= 1 << 20; step *= 2) {
		struct retries retries;

		retries_init(&retries, 7);
		for (uint32_t n = 0; n < 1 << 12; n++) {
			struct retry_row row = {.call_id = (int32_t)(n * step), .age_ms = n};

			retries_add(&retries, &row);
		}
		assert_in_range(longest_chain(&retries.of_calls), 1, 20); /* chance: 7 or 8 */
		retries_finish(&retries);
	}
}

/* The end of a long hold is not long itself. */
static void what_a_hold_kept_goes_a_few_chunks_at_a_time(void **state)
{
	enum { CHUNK_ROWS = 1024, CHUNKS = 100 };
	struct retries retries;
	struct retry_hold hold;
	struct retry_row row;
	uint32_t used;

	(void)state;
	retries_init(&retries, 1);
	add_rows(&retries, 0, CHUNKS * CHUNK_ROWS);
	retries_hold(&retries, &hold);
	add_rows(&retries, CHUNKS * CHUNK_ROWS, 3 * CHUNKS * CHUNK_ROWS);
	retries.queues[RETRY_AT_MOST_ONCE].line = 3 * CHUNKS * CHUNK_ROWS;
	for (int i = 0; i < CHUNKS * CHUNK_ROWS; i++)
		assert_true(retries_forget(&retries, RETRY_AT_MOST_ONCE, &row));
	used = retries.chunks.used;
	assert_int_equal(used, 3 * CHUNKS);
	retries_release(&retries, &hold);
	do {
		assert_true(used - retries.chunks.used <= 2);
		used = retries.chunks.used;
	} while (retries_forget(&retries, RETRY_AT_MOST_ONCE, &row));
	assert_int_equal(retries.chunks.used, 0);
	retries_finish(&retries);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(an_id_map_has_what_was_set),
	        cmocka_unit_test(an_id_map_takes_4_bytes_an_id_in_full_use),
	        cmocka_unit_test(what_is_reached_is_memory_before_it_is_touched),
	        cmocka_unit_test(objects_do_not_overlap_and_are_used_again),
	        cmocka_unit_test(the_same_thing_has_one_number_as_long_as_it_is_used),
	        cmocka_unit_test(rights_hold_on_to_their_names),
	        cmocka_unit_test(the_cache_says_nothing_wrong_when_it_grows),
	        cmocka_unit_test(odd_directories_are_never_counted_too_low),
	        cmocka_unit_test(no_step_that_a_client_counts_in_makes_a_long_chain),
	        cmocka_unit_test(a_hold_sees_rows_that_are_forgotten_meanwhile),
	        cmocka_unit_test(what_a_hold_kept_goes_a_few_chunks_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
