/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree of records by itself: against a sorted array, under holds, and how full its leaves are.
 */
#include "base/check.h"
#include "base/random.h"
#include "namespace/blocks.h"
#include "namespace/tree.h"
#include "ns_testing.h"

enum { KEYS_MAX = 20000 };

struct entry {
	uint64_t parent;
	char name[NAME_BYTES_MAX + 1];
	uint64_t id;
	uint64_t mtime_ms;
};

/* What should be in the tree, in order. */
struct shelf {
	struct entry *entries;
	size_t count;
};

struct forest {
	struct tree tree;
	struct shelf shelf;
	struct random random;
	uint64_t next_id;
};

static uint64_t below(struct forest *forest, uint64_t bound)
{
	return random_below(&forest->random, bound);
}

static int order(const struct entry *a, const struct entry *b)
{
	if (a->parent != b->parent)
		return a->parent < b->parent ? -1 : 1;
	return strcmp(a->name, b->name);
}

static size_t place_of(const struct shelf *shelf, const struct entry *entry, bool *ret_is_there)
{
	size_t low = 0;
	size_t high = shelf->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (order(&shelf->entries[middle], entry) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_is_there = low < shelf->count && order(&shelf->entries[low], entry) == 0;
	return low;
}

static void shelve(struct shelf *shelf, const struct entry *entry)
{
	bool is_there;
	size_t at = place_of(shelf, entry, &is_there);

	if (!is_there) {
		CHECK(shelf->count < KEYS_MAX);
		memmove(shelf->entries + at + 1, shelf->entries + at,
		        (shelf->count - at) * sizeof(*entry));
		shelf->count++;
	}
	shelf->entries[at] = *entry;
}

static void take_off(struct shelf *shelf, size_t at)
{
	shelf->count--;
	memmove(shelf->entries + at, shelf->entries + at + 1,
	        (shelf->count - at) * sizeof(*shelf->entries));
}

static struct inode inode_of(const struct entry *entry)
{
	return (struct inode){.id = entry->id,
	                      .parent = entry->parent,
	                      .name = str_of(entry->name),
	                      .mtime_ms = entry->mtime_ms,
	                      .rights = 1,
	                      .is_directory = true};
}

static void random_entry(struct forest *forest, uint64_t parents, struct entry *entry)
{
	size_t prefix = below(forest, 5) == 0 ? below(forest, NAME_BYTES_MAX - 20) : 0;

	entry->parent = 16385 + below(forest, parents);
	memset(entry->name, 'x', prefix);
	snprintf(entry->name + prefix, sizeof(entry->name) - prefix, "%llx",
	         (unsigned long long)(random_u64(&forest->random) >> below(forest, 60)));
	entry->mtime_ms = below(forest, 4) == 0 ? random_u64(&forest->random) : 1700000000000;
}

static void put(struct forest *forest, struct entry *entry)
{
	bool is_there;
	size_t at = place_of(&forest->shelf, entry, &is_there);
	struct inode inode;

	entry->id = is_there ? forest->shelf.entries[at].id : forest->next_id++;
	inode = inode_of(entry);
	tree_put(&forest->tree, &inode);
	shelve(&forest->shelf, entry);
}

/* Something comes right behind the entry, and goes again. */
static void disturb(struct forest *forest, const struct entry *entry)
{
	struct entry other = *entry;
	struct inode inode;
	size_t size = strlen(other.name);

	other.name[size] = '~'; /* no other name has one */
	other.name[size + 1] = '\0';
	other.id = forest->next_id++;
	inode = inode_of(&other);
	tree_put(&forest->tree, &inode);
	tree_remove(&forest->tree, inode.parent, inode.name);
}

/* The same at a spot that was looked for before; sometimes another change came between. */
static void put_at_spot(struct forest *forest, struct entry *entry)
{
	struct tree_spot spot;
	struct inode inode;

	if (tree_get(&forest->tree, entry->parent, str_of(entry->name), &inode, &spot)) {
		put(forest, entry);
		return;
	}
	if (below(forest, 2) == 0)
		disturb(forest, entry);
	entry->id = forest->next_id++;
	inode = inode_of(entry);
	tree_add(&forest->tree, &inode, &spot);
	shelve(&forest->shelf, entry);
}

static void put_somehow(struct forest *forest, struct entry *entry)
{
	if (below(forest, 2) == 0)
		put_at_spot(forest, entry);
	else
		put(forest, entry);
}

static void remove_at(struct forest *forest, size_t at)
{
	struct entry *entry = &forest->shelf.entries[at];

	tree_remove(&forest->tree, entry->parent, str_of(entry->name));
	take_off(&forest->shelf, at);
}

static void compare_version(const struct nodes *nodes, struct tree_root root,
                            const struct shelf *shelf)
{
	struct tree_walk walk;
	struct inode inode;

	tree_walk_begin(nodes, root, 0, (struct str){0}, &walk);
	for (size_t i = 0; i < shelf->count; i++, tree_walk_next(&walk)) {
		assert_true(tree_walk_get(&walk, &inode));
		assert_int_equal(inode.parent, shelf->entries[i].parent);
		assert_true(str_equal(inode.name, str_of(shelf->entries[i].name)));
		assert_int_equal(inode.id, shelf->entries[i].id);
		assert_int_equal(inode.mtime_ms, shelf->entries[i].mtime_ms);
	}
	assert_false(tree_walk_get(&walk, &inode));
}

static void compare_lookups(struct forest *forest)
{
	struct tree_spot spot;
	struct inode inode;

	assert_int_equal(forest->tree.count, forest->shelf.count);
	for (size_t i = 0; i < forest->shelf.count; i++) {
		const struct entry *entry = &forest->shelf.entries[i];

		assert_true(
		        tree_get(&forest->tree, entry->parent, str_of(entry->name), &inode, &spot));
		assert_int_equal(inode.id, entry->id);
		assert_true(tree_get_id(&forest->tree, entry->id, &inode, NULL));
		assert_true(str_equal(inode.name, str_of(entry->name)));
		assert_int_equal(inode.parent, entry->parent);
	}
}

static void plant_forest(struct forest *forest, uint64_t seed)
{
	*forest = (struct forest){.random = random_make(seed), .next_id = 20000};
	tree_init(&forest->tree);
	forest->shelf.entries = mem_must_alloc(KEYS_MAX * sizeof(*forest->shelf.entries));
}

static void fell_forest(struct forest *forest)
{
	while (forest->shelf.count > 0)
		remove_at(forest, below(forest, forest->shelf.count));
	assert_int_equal(forest->tree.root.node, 0);
	assert_int_equal(forest->tree.nodes.slabs.bytes_used, 0);
	assert_int_equal(forest->tree.leaves.used, 0);
	assert_int_equal(forest->tree.of_ids.count, 0);
	tree_finish(&forest->tree);
	mem_free(forest->shelf.entries);
}

static void the_tree_has_what_a_sorted_array_has(void **state)
{
	struct forest forest;
	struct entry entry;

	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		plant_forest(&forest, seed);
		for (int i = 0; i < 4000; i++) {
			if (forest.shelf.count > 0 && below(&forest, 3) == 0) {
				remove_at(&forest, below(&forest, forest.shelf.count));
			} else {
				random_entry(&forest, seed * seed * 10, &entry);
				put_somehow(&forest, &entry);
			}
		}
		compare_version(&forest.tree.nodes, forest.tree.root, &forest.shelf);
		compare_lookups(&forest);
		fell_forest(&forest);
	}
}

/* ---- holds ---- */

struct seen {
	struct node_hold hold;
	struct tree_root root;
	struct shelf shelf;
	bool is_taken;
};

static void take(struct forest *forest, struct seen *seen)
{
	seen->is_taken = true;
	seen->root = forest->tree.root;
	seen->shelf.count = forest->shelf.count;
	seen->shelf.entries =
	        mem_must_alloc((forest->shelf.count + 1) * sizeof(*seen->shelf.entries));
	memcpy(seen->shelf.entries, forest->shelf.entries,
	       forest->shelf.count * sizeof(*seen->shelf.entries));
	node_hold(&forest->tree.nodes, &seen->hold);
}

static void let_go(struct forest *forest, struct seen *seen)
{
	if (!seen->is_taken)
		return;
	compare_version(&forest->tree.nodes, seen->root, &seen->shelf);
	node_release(&forest->tree.nodes, &seen->hold);
	mem_free(seen->shelf.entries);
	seen->is_taken = false;
}

static void every_hold_sees_its_own_version(void **state)
{
	enum { HOLDS = 4 };
	struct seen seen[HOLDS] = {0};
	struct forest forest;
	struct entry entry;

	(void)state;
	plant_forest(&forest, 77);
	for (int i = 0; i < 8000; i++) {
		if (below(&forest, 300) == 0) {
			struct seen *one = &seen[below(&forest, HOLDS)];

			if (one->is_taken)
				let_go(&forest, one);
			else
				take(&forest, one);
		}
		if (forest.shelf.count > 500 ||
		    (forest.shelf.count > 0 && below(&forest, 2) == 0)) {
			remove_at(&forest, below(&forest, forest.shelf.count));
		} else {
			random_entry(&forest, 20, &entry);
			put_somehow(&forest, &entry);
		}
	}
	for (int i = 0; i < HOLDS; i++)
		let_go(&forest, &seen[i]);
	compare_version(&forest.tree.nodes, forest.tree.root, &forest.shelf);
	fell_forest(&forest);
}

static void without_a_hold_nothing_is_copied(void **state)
{
	struct forest forest;
	struct entry entry;
	struct seen seen = {0};
	uint64_t bytes;

	(void)state;
	plant_forest(&forest, 5);
	for (int i = 0; i < 2000; i++) {
		random_entry(&forest, 10, &entry);
		put(&forest, &entry);
	}
	bytes = forest.tree.nodes.slabs.bytes_used;
	for (size_t i = 0; i < forest.shelf.count; i++) {
		entry = forest.shelf.entries[i];
		entry.mtime_ms ^= 1;
		put(&forest, &entry);
	}
	assert_int_equal(forest.tree.nodes.slabs.bytes_used, bytes);
	take(&forest, &seen);
	assert_int_equal(forest.tree.nodes.slabs.bytes_used, bytes);
	entry.mtime_ms ^= 2;
	put(&forest, &entry);
	assert_true(forest.tree.nodes.slabs.bytes_used > bytes);
	let_go(&forest, &seen);
	assert_int_equal(forest.tree.nodes.slabs.bytes_used, bytes);
	fell_forest(&forest);
}

/* A walk in order that gives up what is behind it. */
struct giving {
	struct forest *forest;
	struct node_hold hold;
};

static void give_up(void *context, ref_t node)
{
	struct giving *giving = context;

	node_leave(&giving->forest->tree.nodes, &giving->hold, node);
}

static void change_all(struct forest *forest)
{
	for (size_t i = 0; i < forest->shelf.count; i++) {
		struct entry entry = forest->shelf.entries[i];

		entry.mtime_ms++;
		put(forest, &entry);
	}
}

static void what_a_walker_has_left_is_changed_in_place(void **state)
{
	struct forest forest;
	struct giving giving = {.forest = &forest};
	struct tree_walk walk;
	struct entry entry;
	struct inode inode;
	uint64_t bytes;

	(void)state;
	plant_forest(&forest, 6);
	for (int i = 0; i < 1500; i++) {
		random_entry(&forest, 10, &entry);
		put(&forest, &entry);
	}
	bytes = forest.tree.nodes.slabs.bytes_used;
	node_hold(&forest.tree.nodes, &giving.hold);
	tree_walk_begin(&forest.tree.nodes, forest.tree.root, 0, (struct str){0}, &walk);
	walk.leave = give_up;
	walk.context = &giving;
	while (tree_walk_get(&walk, &inode))
		tree_walk_next(&walk);
	/* the whole tree is behind the walker, so the hold costs nothing any more */
	change_all(&forest);
	assert_int_equal(forest.tree.nodes.slabs.bytes_used, bytes);
	node_release(&forest.tree.nodes, &giving.hold);
	fell_forest(&forest);
}

static void what_a_walker_leaves_superseded_is_freed(void **state)
{
	struct forest forest;
	struct giving giving = {.forest = &forest};
	struct tree_walk walk;
	struct entry entry;
	struct inode inode;
	uint64_t bytes;

	(void)state;
	plant_forest(&forest, 8);
	for (int i = 0; i < 1500; i++) {
		random_entry(&forest, 10, &entry);
		put(&forest, &entry);
	}
	bytes = forest.tree.nodes.slabs.bytes_used;
	node_hold(&forest.tree.nodes, &giving.hold);
	tree_walk_begin(&forest.tree.nodes, forest.tree.root, 0, (struct str){0}, &walk);
	walk.leave = give_up;
	walk.context = &giving;
	change_all(&forest);
	assert_true(forest.tree.nodes.slabs.bytes_used > bytes * 19 / 10);
	while (tree_walk_get(&walk, &inode))
		tree_walk_next(&walk);
	assert_int_equal(forest.tree.nodes.slabs.bytes_used, bytes);
	node_release(&forest.tree.nodes, &giving.hold);
	fell_forest(&forest);
}

static void a_walker_keeps_what_an_older_hold_sees(void **state)
{
	struct forest forest;
	struct giving giving = {.forest = &forest};
	struct seen older = {0};
	struct tree_walk walk;
	struct entry entry;
	struct inode inode;

	(void)state;
	plant_forest(&forest, 9);
	for (int i = 0; i < 1000; i++) {
		random_entry(&forest, 10, &entry);
		put(&forest, &entry);
	}
	take(&forest, &older);
	node_hold(&forest.tree.nodes, &giving.hold);
	tree_walk_begin(&forest.tree.nodes, forest.tree.root, 0, (struct str){0}, &walk);
	walk.leave = give_up;
	walk.context = &giving;
	for (int i = 0; tree_walk_get(&walk, &inode); i++) {
		if (i == 500)
			change_all(&forest);
		tree_walk_next(&walk);
	}
	change_all(&forest);
	node_release(&forest.tree.nodes, &giving.hold);
	let_go(&forest, &older);
	fell_forest(&forest);
}

/* ---- how full leaves are ---- */

static void names_in_order_fill_their_leaves(void **state)
{
	struct forest forest;
	struct entry entry;
	uint64_t used = 0;

	(void)state;
	plant_forest(&forest, 1);
	for (uint64_t parent = 1; parent <= 20; parent++)
		for (int i = 0; i < 300; i++) {
			entry.parent = parent;
			entry.mtime_ms = 1700000000000;
			snprintf(entry.name, sizeof(entry.name), "part-%011d", i);
			put(&forest, &entry);
		}
	/* 16 of name, 15 beside it, 2 of slot; leaves are 1024, inner nodes 2 % */
	for (size_t i = 0; i < forest.shelf.count; i++)
		used += 16 + 15 + 2;
	assert_true(forest.tree.nodes.slabs.bytes_used < used * 110 / 100);
	fell_forest(&forest);
}

/* ---- files of many blocks ---- */

static struct block block_number(uint64_t n)
{
	return (struct block){.id = 1073741825 + n, .stamp = 1001 + n, .length = n % 1000 + 1};
}

static void assert_has_blocks(const struct nodes *nodes, const struct inode *inode, uint64_t count)
{
	struct blocks_walk walk;
	struct block block;
	struct block expected;
	uint64_t length = 0;
	uint64_t left = count;

	assert_int_equal(inode->block_count, count);
	blocks_walk_begin(nodes, inode, &walk);
	while (blocks_walk_next(&walk, &block)) {
		expected = block_number(left - 1);
		assert_memory_equal(&block, &expected, sizeof(block));
		length += block.length;
		left--;
	}
	assert_int_equal(left, 0);
	assert_int_equal(inode->length, length);
}

static void blocks_are_added_and_taken_off_at_the_end(void **state)
{
	struct nodes nodes;
	struct inode inode = {.id = 5};

	(void)state;
	nodes_init(&nodes);
	for (uint64_t n = 0; n < 200; n++) {
		blocks_append(&nodes, &inode, block_number(n));
		assert_has_blocks(&nodes, &inode, n + 1);
	}
	blocks_set_last(&nodes, &inode, (struct block){.id = 1, .stamp = 2, .length = 3});
	assert_int_equal(blocks_last(&nodes, &inode).id, 1);
	blocks_set_last(&nodes, &inode, block_number(199));
	for (uint64_t n = 200; n > 0; n--) {
		assert_has_blocks(&nodes, &inode, n);
		blocks_remove_last(&nodes, &inode);
	}
	assert_int_equal(nodes.slabs.bytes_used, 0);
	nodes_finish(&nodes);
}

static void a_hold_sees_the_blocks_of_its_time(void **state)
{
	struct node_hold hold;
	struct nodes nodes;
	struct inode inode = {.id = 5};
	struct inode frozen;

	(void)state;
	nodes_init(&nodes);
	for (uint64_t n = 0; n < 100; n++)
		blocks_append(&nodes, &inode, block_number(n));
	frozen = inode;
	node_hold(&nodes, &hold);
	blocks_set_last(&nodes, &inode, (struct block){.id = 1});
	assert_has_blocks(&nodes, &frozen, 100);
	blocks_set_last(&nodes, &inode, block_number(99));
	for (uint64_t n = 100; n < 150; n++)
		blocks_append(&nodes, &inode, block_number(n));
	for (uint64_t n = 150; n > 90; n--)
		blocks_remove_last(&nodes, &inode);
	assert_has_blocks(&nodes, &frozen, 100);
	assert_has_blocks(&nodes, &inode, 90);
	blocks_clear(&nodes, &inode);
	assert_has_blocks(&nodes, &frozen, 100);
	node_release(&nodes, &hold);
	assert_int_equal(nodes.slabs.bytes_used, 0);
	nodes_finish(&nodes);
}

/* ---- records ---- */

static void a_record_gives_back_the_inode(void **state)
{
	static const uint64_t numbers[] = {
	        0, 1, 255, 1u << 31, 1ull << 32, (1ull << 40) - 1, 1ull << 40, INT64_MAX};
	struct random random = random_make(3);
	uint8_t bytes[RECORD_BYTES_MAX];
	char name[NAME_BYTES_MAX];

	(void)state;
	memset(name, 'n', sizeof(name));
	for (int round = 0; round < 5000; round++) {
#define NUMBER() numbers[random_below(&random, COUNT_OF(numbers))]
		struct inode inode = {.id = NUMBER(),
		                      .parent = 7,
		                      .mtime_ms = NUMBER(),
		                      .atime_ms = NUMBER(),
		                      .rights = (uint32_t)random_u64(&random),
		                      .is_directory = random_chance(&random, 1, 4)};
		struct inode copy = {0}; /* blocks that are not there are not touched */
		size_t size;

		inode.name = str_make(name, random_below(&random, sizeof(name) + 1));
		if (random_chance(&random, 1, 2))
			inode.mtime_ms = 1700000000000 + random_below(&random, 1 << 20);
		if (random_chance(&random, 1, 2))
			inode.atime_ms = inode.mtime_ms - random_below(&random, 1 << 18);
		if (random_chance(&random, 1, 4))
			inode.extra = (uint32_t)random_u64(&random);
		if (!inode.is_directory) {
			inode.file_class = (uint32_t)random_u64(&random);
			inode.block_count = (uint32_t)random_below(&random, BLOCKS_INLINE + 1);
			for (uint32_t i = 0; i < inode.block_count; i++) {
				inode.blocks[i] = (struct block){NUMBER(), NUMBER(), NUMBER()};
				inode.length += inode.blocks[i].length;
			}
			if (random_chance(&random, 1, 4)) {
				memset(inode.blocks, 0, sizeof(inode.blocks));
				inode.chain = (ref_t)random_u64(&random) | 1;
				inode.block_count = (uint32_t)random_u64(&random);
				inode.length = NUMBER();
			}
			if (random_chance(&random, 1, 2)) {
				inode.is_open = true;
				inode.holder = (uint32_t)random_u64(&random);
				inode.machine = (uint32_t)random_u64(&random);
				inode.workers = (uint32_t)random_u64(&random);
				inode.lease = NUMBER();
			}
		}
#undef NUMBER
		size = record_encode(&inode, bytes);
		assert_int_equal(size, record_size(bytes));
		assert_int_equal(record_id(bytes), inode.id);
		assert_true(str_equal(record_name(bytes), inode.name));
		record_decode(bytes, 7, &copy);
		assert_true(str_equal(copy.name, inode.name));
		copy.name = inode.name;
		assert_memory_equal(&copy, &inode, sizeof(inode));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_record_gives_back_the_inode),
	        cmocka_unit_test(the_tree_has_what_a_sorted_array_has),
	        cmocka_unit_test(every_hold_sees_its_own_version),
	        cmocka_unit_test(without_a_hold_nothing_is_copied),
	        cmocka_unit_test(what_a_walker_has_left_is_changed_in_place),
	        cmocka_unit_test(what_a_walker_leaves_superseded_is_freed),
	        cmocka_unit_test(a_walker_keeps_what_an_older_hold_sees),
	        cmocka_unit_test(names_in_order_fill_their_leaves),
	        cmocka_unit_test(blocks_are_added_and_taken_off_at_the_end),
	        cmocka_unit_test(a_hold_sees_the_blocks_of_its_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
