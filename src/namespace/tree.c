/* SPDX-License-Identifier: Apache-2.0 */
#include "namespace/tree.h"

#include <string.h>

#include "base/check.h"

enum {
	RUN_LENGTH = 4,     /* so many inserts in a row make a run */
	MERGE_BELOW = 256,  /* a node with fewer bytes looks for a neighbour ... */
	MERGE_RESULT = 768, /* ... with which it fills no more than this */
	PREFETCH_STEP = 64,
};

void tree_init(struct tree *tree)
{
	*tree = (struct tree){0};
	nodes_init(&tree->nodes);
	pool_init(&tree->leaves, sizeof(ref_t), POOL_ROWS_MAX);
	id_map_init(&tree->of_ids);
}

void tree_finish(struct tree *tree)
{
	nodes_finish(&tree->nodes);
	pool_finish(&tree->leaves);
	id_map_finish(&tree->of_ids);
}

uint64_t tree_bytes(const struct tree *tree)
{
	return tree->nodes.slabs.bytes_held + pool_bytes(&tree->leaves) + tree->of_ids.bytes;
}

static struct leaf *leaf_at(const struct nodes *nodes, ref_t ref)
{
	struct node *node = node_at(nodes, ref);

	CHECK(node->kind == NODE_LEAF);
	return (struct leaf *)node;
}

static struct inner *inner_at(const struct nodes *nodes, ref_t ref)
{
	struct node *node = node_at(nodes, ref);

	CHECK(node->kind == NODE_INNER);
	return (struct inner *)node;
}

static ref_t *leaf_ref(const struct tree *tree, uint32_t number)
{
	return pool_at(&tree->leaves, number);
}

/* ---- finding ---- */

/* Goes down to the leaf that has the key, if any has. */
static void go_down(const struct nodes *nodes, struct tree_root root, uint64_t parent,
                    struct str name, struct tree_spot *spot)
{
	ref_t node = root.node;

	CHECK(root.height <= TREE_HEIGHT_MAX);
	for (unsigned level = 0; level < root.height; level++) {
		const struct inner *inner = inner_at(nodes, node);

		spot->inners[level] = node;
		spot->at[level] = (uint8_t)inner_find(inner, parent, name);
		node = inner_child(inner, spot->at[level]);
	}
	spot->leaf = node;
}

static bool find_place(const struct tree *tree, uint64_t parent, struct str name,
                       struct tree_spot *spot)
{
	go_down(&tree->nodes, tree->root, parent, name, spot);
	return spot->leaf != 0 &&
	       leaf_place(leaf_at(&tree->nodes, spot->leaf), parent, name, &spot->place);
}

bool tree_get(const struct tree *tree, uint64_t parent, struct str name, struct inode *ret_inode)
{
	struct tree_descent descent;
	int step;

	tree_descend(tree, parent, name, &descent);
	do {
		step = tree_descend_step(tree, &descent, ret_inode);
	} while (step > 0);
	return step == 0;
}

/* Where an inode's record is. */
static bool find_id(const struct tree *tree, uint64_t id, struct tree_hint *ret_hint)
{
	uint64_t number;

	if (!id_map_get(&tree->of_ids, id, &number))
		return false;
	ret_hint->leaf = *leaf_ref(tree, (uint32_t)number);
	CHECK(leaf_find_id(leaf_at(&tree->nodes, ret_hint->leaf), id, &ret_hint->slot));
	return true;
}

bool tree_get_id(const struct tree *tree, uint64_t id, struct inode *ret_inode,
                 struct tree_hint *ret_hint)
{
	struct tree_hint hint;
	const struct leaf *leaf;

	if (!find_id(tree, id, &hint))
		return false;
	leaf = leaf_at(&tree->nodes, hint.leaf);
	record_decode(leaf_record(leaf, hint.slot), leaf_parent(leaf, hint.slot), ret_inode);
	if (ret_hint != NULL)
		*ret_hint = hint;
	return true;
}

static void prefetch_node(const struct nodes *nodes, ref_t node, unsigned granules)
{
	const uint8_t *at = slab_at(&nodes->slabs, node);

	for (unsigned i = 0; i < granules; i++)
		__builtin_prefetch(at + (size_t)i * PREFETCH_STEP);
}

void tree_descend(const struct tree *tree, uint64_t parent, struct str name,
                  struct tree_descent *ret_descent)
{
	*ret_descent = (struct tree_descent){
	        .parent = parent,
	        .name = name,
	        .fingerprint = leaf_fingerprint(name),
	        .level = tree->root.height,
	        .node = tree->root.node,
	};
}

int tree_descend_step(const struct tree *tree, struct tree_descent *descent,
                      struct inode *ret_inode)
{
	const struct leaf *leaf;
	const uint8_t *record;

	if (descent->node == 0)
		return -1;
	if (descent->level > 0) {
		const struct inner *inner = inner_at(&tree->nodes, descent->node);
		unsigned at = inner_find(inner, descent->parent, descent->name);

		descent->node = inner_child(inner, at);
		descent->level--;
		if (descent->level <= 1) /* those above are in the cache anyway */
			prefetch_node(&tree->nodes, descent->node,
			              descent->level == 1 ? GRANULES_MAX : 2);
		return 1;
	}
	leaf = leaf_at(&tree->nodes, descent->node);
	if (descent->is_fetched) {
		record = leaf_record(leaf, descent->slot);
		if (str_equal(record_name(record), descent->name)) {
			record_decode(record, descent->parent, ret_inode);
			return 0;
		}
		descent->slot++;
	}
	if (!leaf_candidate(leaf, descent->parent, descent->fingerprint, &descent->slot))
		return -1;
	record = leaf_record(leaf, descent->slot);
	__builtin_prefetch(record);
	__builtin_prefetch(record + PREFETCH_STEP);
	descent->is_fetched = true;
	return 1;
}

/* ---- changing the way down ---- */

/* Hangs `node` where the way down led at `level`; height: the leaf. */
static void hang(struct tree *tree, struct tree_spot *spot, unsigned level, ref_t node)
{
	if (level == tree->root.height)
		spot->leaf = node;
	else
		spot->inners[level] = node;
	if (level == 0)
		tree->root.node = node;
	else
		inner_set_child(inner_at(&tree->nodes, spot->inners[level - 1]),
		                spot->at[level - 1], node);
}

/* Makes the inner nodes of the way down ours to change. */
static void own_inners(struct tree *tree, struct tree_spot *spot)
{
	for (unsigned level = 0; level < tree->root.height; level++) {
		ref_t node = node_own(&tree->nodes, spot->inners[level]);

		if (node != spot->inners[level])
			hang(tree, spot, level, node);
	}
}

static void replace_leaf(struct tree *tree, struct tree_spot *spot, ref_t leaf)
{
	*leaf_ref(tree, leaf_at(&tree->nodes, leaf)->number) = leaf;
	hang(tree, spot, tree->root.height, leaf);
}

static void own_leaf(struct tree *tree, struct tree_spot *spot)
{
	ref_t leaf = node_own(&tree->nodes, spot->leaf);

	if (leaf != spot->leaf)
		replace_leaf(tree, spot, leaf);
}

static ref_t make_leaf(struct tree *tree, uint32_t number, size_t bytes)
{
	ref_t ref = node_alloc(&tree->nodes, NODE_LEAF, granules_for(bytes));

	leaf_init(leaf_at(&tree->nodes, ref), number);
	return ref;
}

static void point_ids_to(struct tree *tree, const struct leaf *leaf, unsigned from)
{
	for (unsigned slot = from; slot < leaf->node.count; slot++)
		id_map_set(&tree->of_ids, record_id(leaf_record(leaf, slot)), leaf->number);
}

/* ---- inserting into inner nodes ---- */

static void grow_root(struct tree *tree, ref_t left, ref_t right, struct key separator)
{
	ref_t root = node_alloc(&tree->nodes, NODE_INNER, GRANULES_MAX);
	struct inner *inner = inner_at(&tree->nodes, root);

	CHECK(tree->root.height < TREE_HEIGHT_MAX);
	inner_init(inner);
	inner_insert(inner, 0, left, (struct key){0});
	inner_insert(inner, 1, right, separator);
	tree->root.node = root;
	tree->root.height++;
}

static void insert_child(struct tree *tree, struct tree_spot *spot, unsigned level, ref_t left,
                         ref_t child, struct key separator);

/* Splits the full inner node at `level` and puts the child where it belongs. */
static void split_inner(struct tree *tree, struct tree_spot *spot, unsigned level, ref_t child,
                        struct key separator)
{
	ref_t left_ref = spot->inners[level - 1];
	ref_t right_ref = node_alloc(&tree->nodes, NODE_INNER, GRANULES_MAX);
	struct inner *left = inner_at(&tree->nodes, left_ref);
	struct inner *right = inner_at(&tree->nodes, right_ref);
	unsigned at = spot->at[level - 1] + 1u;
	uint8_t up_name[NAME_BYTES_MAX];
	struct key up;

	inner_init(right);
	if (at == left->node.count) { /* at the end: keep the left one full */
		inner_insert(right, 0, child, (struct key){0});
		insert_child(tree, spot, level - 1, left_ref, right_ref, separator);
		return;
	}
	inner_split(left, inner_middle(left), right, &up);
	memcpy(up_name, up.name.data, up.name.size); /* the left node is about to change */
	up.name.data = (const char *)up_name;
	if (at <= left->node.count)
		inner_insert(left, at, child, separator);
	else
		inner_insert(right, at - left->node.count, child, separator);
	insert_child(tree, spot, level - 1, left_ref, right_ref, up);
}

/* Hangs `child` right of `left`, which the way down led to at `level`. */
static void insert_child(struct tree *tree, struct tree_spot *spot, unsigned level, ref_t left,
                         ref_t child, struct key separator)
{
	struct inner *inner;

	if (level == 0) {
		grow_root(tree, left, child, separator);
		return;
	}
	inner = inner_at(&tree->nodes, spot->inners[level - 1]);
	if (inner_has_room(inner, separator))
		inner_insert(inner, spot->at[level - 1] + 1u, child, separator);
	else
		split_inner(tree, spot, level, child, separator);
}

/* ---- inserting a record ---- */

struct new_record {
	uint64_t parent;
	struct str name;
	uint16_t fingerprint;
	const uint8_t *bytes;
	size_t size;
	bool is_new; /* false: it replaces one of the same key */
};

static void insert_into(struct leaf *leaf, const struct leaf_place *place,
                        const struct new_record *record)
{
	leaf_insert(leaf, place, record->parent, record->fingerprint, record->bytes, record->size);
}

static void note_run(struct leaf *leaf, unsigned slot)
{
	if (slot == leaf->run_slot + 1u && slot > 0)
		leaf->run = leaf->run < UINT8_MAX ? leaf->run + 1 : UINT8_MAX;
	else
		leaf->run = 0;
	leaf->run_slot = (uint8_t)slot;
}

/* The leaf in its next size, with the record in it. */
static void grow_leaf(struct tree *tree, struct tree_spot *spot, const struct new_record *record)
{
	ref_t old_ref = spot->leaf;
	struct leaf *old = leaf_at(&tree->nodes, old_ref);
	size_t bytes = leaf_bytes_used(old) + leaf_bytes_for(&spot->place, record->size);
	ref_t ref = make_leaf(tree, old->number, bytes);
	struct leaf *leaf = leaf_at(&tree->nodes, ref);

	if (old->waste == 0) {
		leaf_copy(leaf, old);
	} else {
		leaf->run = old->run;
		leaf->run_slot = old->run_slot;
		leaf_append(leaf, old, 0, old->node.count);
	}
	insert_into(leaf, &spot->place, record);
	replace_leaf(tree, spot, ref);
	node_drop(&tree->nodes, old_ref);
}

static size_t record_bytes(const struct leaf *leaf, unsigned slot)
{
	return record_size(leaf_record(leaf, slot)) + sizeof(uint16_t);
}

static bool ends_run(const struct leaf *leaf, unsigned slot, const struct new_record *record)
{
	return leaf->run >= RUN_LENGTH && slot == leaf->run_slot + (record->is_new ? 1u : 0u);
}

/* How many records stay left, counting the one that comes to `slot`, so that both leaves get about
 * half.  A run is cut where it goes on: what is left of it stays full. */
static unsigned split_count(const struct leaf *leaf, unsigned slot, const struct new_record *record)
{
	size_t half = (leaf_bytes_used(leaf) + record->size) / 2;
	size_t left = 0;
	unsigned count = 0;

	if (ends_run(leaf, slot, record) && slot > 0)
		return slot;
	for (; count < leaf->node.count; count++) {
		size_t bytes = count == slot  ? record->size + sizeof(uint16_t)
		               : count < slot ? record_bytes(leaf, count)
		                              : record_bytes(leaf, count - 1);

		if (count > 0 && left + bytes / 2 >= half)
			break;
		left += bytes;
	}
	return count;
}

static struct key key_of(const struct leaf *leaf, unsigned slot)
{
	return (struct key){leaf_parent(leaf, slot), record_name(leaf_record(leaf, slot))};
}

/* Bytes that slots [from, to) take in a leaf of their own. */
static size_t bytes_of(const struct leaf *leaf, unsigned from, unsigned to)
{
	size_t bytes = sizeof(*leaf);

	for (unsigned slot = from; slot < to; slot++) {
		bool starts_group =
		        slot == from || leaf_parent(leaf, slot) != leaf_parent(leaf, slot - 1);
		struct leaf_place place = {.has_group = !starts_group};

		bytes += leaf_bytes_for(&place, record_size(leaf_record(leaf, slot)));
	}
	return bytes;
}

/* A leaf of slots [from, to) of `old`, with the record in it if that belongs there. */
static ref_t cut_leaf(struct tree *tree, const struct leaf *old, unsigned from, unsigned to,
                      uint32_t number, const struct new_record *record)
{
	size_t bytes = bytes_of(old, from, to);
	struct leaf_place worst = {.has_group = false};
	struct leaf_place place;
	struct leaf *leaf;
	ref_t ref;

	if (record != NULL)
		bytes += leaf_bytes_for(&worst, record->size);
	if (bytes > LEAF_BYTES_MAX)
		bytes = LEAF_BYTES_MAX; /* the record shares a group, then */
	ref = make_leaf(tree, number, bytes);
	leaf = leaf_at(&tree->nodes, ref);
	leaf_append(leaf, old, from, to);
	if (record != NULL) {
		leaf_place(leaf, record->parent, record->name, &place);
		insert_into(leaf, &place, record);
		leaf->run_slot = (uint8_t)place.slot;
	}
	return ref;
}

/* Two leaves for one; the left one keeps the number.  Returns the number of the record's leaf. */
static uint32_t split_leaf(struct tree *tree, struct tree_spot *spot,
                           const struct new_record *record)
{
	ref_t old_ref = spot->leaf;
	struct leaf *old = leaf_at(&tree->nodes, old_ref);
	unsigned slot = spot->place.slot;
	unsigned count = split_count(old, slot, record);
	bool goes_right = count <= slot;
	unsigned cut = goes_right ? count : count - 1;
	uint32_t old_number = old->number;
	uint32_t number = pool_take(&tree->leaves);
	ref_t left = cut_leaf(tree, old, 0, cut, old_number, goes_right ? NULL : record);
	ref_t right = cut_leaf(tree, old, cut, old->node.count, number, goes_right ? record : NULL);
	struct leaf *left_leaf = leaf_at(&tree->nodes, left);
	struct leaf *right_leaf = leaf_at(&tree->nodes, right);

	if (ends_run(old, slot, record))
		right_leaf->run = RUN_LENGTH;
	*leaf_ref(tree, number) = right;
	point_ids_to(tree, right_leaf, 0);
	replace_leaf(tree, spot, left);
	insert_child(tree, spot, tree->root.height, left, right,
	             separator_between(key_of(left_leaf, left_leaf->node.count - 1u),
	                               key_of(right_leaf, 0)));
	node_drop(&tree->nodes, old_ref);
	return goes_right ? number : old_number;
}

/* Returns the number of the leaf that the record is in. */
static uint32_t insert_record(struct tree *tree, struct tree_spot *spot,
                              const struct new_record *record)
{
	struct leaf *leaf = leaf_at(&tree->nodes, spot->leaf);
	size_t need = leaf_bytes_for(&spot->place, record->size);

	if (leaf_bytes_used(leaf) + need > LEAF_BYTES_MAX)
		return split_leaf(tree, spot, record);
	if (leaf_bytes_free(leaf) + leaf->waste < need) {
		grow_leaf(tree, spot, record);
	} else {
		own_leaf(tree, spot);
		leaf = leaf_at(&tree->nodes, spot->leaf);
		if (leaf_bytes_free(leaf) < need)
			leaf_pack(leaf);
		insert_into(leaf, &spot->place, record);
	}
	leaf = leaf_at(&tree->nodes, spot->leaf);
	if (record->is_new)
		note_run(leaf, spot->place.slot);
	return leaf->number;
}

/* The first record of an empty tree. */
static uint32_t plant(struct tree *tree, const struct new_record *record)
{
	struct leaf_place first = {.has_group = false};
	uint32_t number = pool_take(&tree->leaves);
	ref_t leaf =
	        make_leaf(tree, number, sizeof(struct leaf) + leaf_bytes_for(&first, record->size));

	insert_into(leaf_at(&tree->nodes, leaf), &first, record);
	*leaf_ref(tree, number) = leaf;
	tree->root = (struct tree_root){.node = leaf};
	return number;
}

/* The record keeps its place: same bytes long, or the leaf has the room. */
static bool rewrite(struct tree *tree, struct tree_spot *spot, const struct new_record *record)
{
	struct leaf *leaf = leaf_at(&tree->nodes, spot->leaf);
	uint8_t *bytes;

	if (record_size(leaf_record(leaf, spot->place.slot)) != record->size)
		return false;
	own_inners(tree, spot);
	own_leaf(tree, spot);
	leaf = leaf_at(&tree->nodes, spot->leaf);
	bytes = leaf_record(leaf, spot->place.slot);
	memcpy(bytes, record->bytes, record->size);
	return true;
}

static uint32_t replace_record(struct tree *tree, struct tree_spot *spot,
                               const struct new_record *record)
{
	struct leaf *leaf;

	own_leaf(tree, spot);
	leaf = leaf_at(&tree->nodes, spot->leaf);
	leaf_remove(leaf, &spot->place);
	leaf_place(leaf, record->parent, record->name, &spot->place);
	return insert_record(tree, spot, record);
}

void tree_put(struct tree *tree, const struct inode *inode)
{
	uint8_t bytes[RECORD_BYTES_MAX];
	struct new_record record = {.parent = inode->parent, .bytes = bytes};
	struct tree_spot spot;
	uint32_t number;

	record.size = record_encode(inode, bytes);
	record.name = record_name(bytes); /* the inode's own may point into the leaf */
	record.fingerprint = leaf_fingerprint(record.name);
	record.is_new = !find_place(tree, record.parent, record.name, &spot);
	if (!record.is_new && rewrite(tree, &spot, &record))
		return;
	if (spot.leaf == 0) {
		number = plant(tree, &record);
	} else {
		own_inners(tree, &spot);
		number = record.is_new ? insert_record(tree, &spot, &record)
		                       : replace_record(tree, &spot, &record);
	}
	tree->count += record.is_new;
	id_map_set(&tree->of_ids, inode->id, number);
}

void tree_update(struct tree *tree, const struct inode *inode, const struct tree_hint *hint)
{
	uint8_t bytes[RECORD_BYTES_MAX];
	size_t size = record_encode(inode, bytes);
	struct leaf *leaf = leaf_at(&tree->nodes, hint->leaf);
	uint8_t *record = leaf_record(leaf, hint->slot);

	CHECK(record_id(record) == inode->id);
	if (!node_is_held(&tree->nodes, &leaf->node) && record_size(record) == size)
		memcpy(record, bytes, size);
	else
		tree_put(tree, inode);
}

/* ---- removing ---- */

static void free_leaf(struct tree *tree, ref_t leaf)
{
	pool_free(&tree->leaves, leaf_at(&tree->nodes, leaf)->number);
	node_drop(&tree->nodes, leaf);
}

/* Takes the entry above `level` away, and every inner node that becomes empty by that. */
static void unhang(struct tree *tree, struct tree_spot *spot, unsigned level)
{
	while (level > 0) {
		ref_t node = spot->inners[level - 1];
		struct inner *inner = inner_at(&tree->nodes, node);

		inner_remove(inner, spot->at[level - 1]);
		if (inner->node.count > 0)
			return;
		node_drop(&tree->nodes, node);
		level--;
	}
	tree->root = (struct tree_root){0};
}

static void lower_root(struct tree *tree)
{
	while (tree->root.height > 0) {
		ref_t root = tree->root.node;
		const struct inner *inner = inner_at(&tree->nodes, root);

		if (inner->node.count > 1)
			return;
		tree->root.node = inner_child(inner, 0);
		tree->root.height--;
		node_drop(&tree->nodes, root);
	}
}

/* Moves the records of the leaf under entry at + 1 into the one under `at`. */
static bool merge_leaves(struct tree *tree, struct tree_spot *spot, unsigned at)
{
	struct inner *inner = inner_at(&tree->nodes, spot->inners[tree->root.height - 1]);
	ref_t left_ref = inner_child(inner, at);
	ref_t right_ref = inner_child(inner, at + 1);
	struct leaf *left = leaf_at(&tree->nodes, left_ref);
	struct leaf *right = leaf_at(&tree->nodes, right_ref);
	size_t bytes = leaf_bytes_used(left) + leaf_bytes_used(right) - sizeof(*left);
	unsigned moved = left->node.count;
	struct leaf *leaf;
	ref_t ref;

	if (bytes > MERGE_RESULT)
		return false;
	ref = make_leaf(tree, left->number, bytes);
	leaf = leaf_at(&tree->nodes, ref);
	leaf_append(leaf, left, 0, left->node.count);
	leaf_append(leaf, right, 0, right->node.count);
	point_ids_to(tree, leaf, moved);
	*leaf_ref(tree, leaf->number) = ref;
	inner_set_child(inner, at, ref);
	inner_remove(inner, at + 1);
	node_drop(&tree->nodes, left_ref);
	free_leaf(tree, right_ref);
	return true;
}

static bool merge_inners(struct tree *tree, struct tree_spot *spot, unsigned level, unsigned at)
{
	struct inner *above = inner_at(&tree->nodes, spot->inners[level - 1]);
	ref_t right_ref = inner_child(above, at + 1);
	struct inner *right = inner_at(&tree->nodes, right_ref);
	const struct inner *left = inner_at(&tree->nodes, inner_child(above, at));
	struct key separator = inner_separator(above, at + 1);
	ref_t left_ref;

	if (inner_bytes_used(left) + inner_bytes_used(right) > MERGE_RESULT)
		return false;
	left_ref = node_own(&tree->nodes, inner_child(above, at));
	inner_set_child(above, at, left_ref);
	inner_merge(inner_at(&tree->nodes, left_ref), right, separator);
	inner_remove(above, at + 1);
	node_drop(&tree->nodes, right_ref);
	return true;
}

/* A node that has become small is merged with a neighbour under the same inner node. */
static void merge_small(struct tree *tree, struct tree_spot *spot)
{
	unsigned level = tree->root.height;
	bool is_small = leaf_bytes_used(leaf_at(&tree->nodes, spot->leaf)) < MERGE_BELOW;

	while (level > 0 && is_small) {
		struct inner *above = inner_at(&tree->nodes, spot->inners[level - 1]);
		unsigned at = spot->at[level - 1];
		bool is_merged = false;

		if (at + 1u < above->node.count)
			is_merged = level == tree->root.height
			                    ? merge_leaves(tree, spot, at)
			                    : merge_inners(tree, spot, level, at);
		if (!is_merged && at > 0)
			is_merged = level == tree->root.height
			                    ? merge_leaves(tree, spot, at - 1)
			                    : merge_inners(tree, spot, level, at - 1);
		if (!is_merged)
			return;
		level--;
		is_small = inner_bytes_used(above) < MERGE_BELOW;
	}
}

/* A leaf with more than two granules to spare moves to a smaller size. */
static void shrink_leaf(struct tree *tree, struct tree_spot *spot)
{
	ref_t old_ref = spot->leaf;
	const struct leaf *old = leaf_at(&tree->nodes, old_ref);
	ref_t ref;

	if (granules_for(leaf_bytes_used(old)) + 2u >= old->node.granules)
		return;
	ref = make_leaf(tree, old->number, leaf_bytes_used(old));
	leaf_append(leaf_at(&tree->nodes, ref), old, 0, old->node.count);
	replace_leaf(tree, spot, ref);
	node_drop(&tree->nodes, old_ref);
}

void tree_remove(struct tree *tree, uint64_t parent, struct str name)
{
	struct tree_spot spot;
	struct leaf *leaf;

	CHECK(find_place(tree, parent, name, &spot));
	id_map_remove(&tree->of_ids,
	              record_id(leaf_record(leaf_at(&tree->nodes, spot.leaf), spot.place.slot)));
	own_inners(tree, &spot);
	own_leaf(tree, &spot);
	leaf = leaf_at(&tree->nodes, spot.leaf);
	leaf_remove(leaf, &spot.place);
	leaf->run = 0;
	tree->count--;
	if (leaf->node.count == 0) {
		free_leaf(tree, spot.leaf);
		unhang(tree, &spot, tree->root.height);
	} else {
		shrink_leaf(tree, &spot);
		merge_small(tree, &spot);
	}
	lower_root(tree);
}
