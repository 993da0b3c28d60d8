/* SPDX-License-Identifier: Apache-2.0 */
#include "namespace/tree_private.h"

#include <string.h>

enum {
	RUN_LENGTH = 4, /* so many inserts in a row make a run ... */
	RUN_ROOM = 192, /* ... and so many bytes are for what follows */
};

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

static bool ends_run(const struct leaf *leaf, unsigned slot, const struct new_record *record)
{
	return leaf->run >= RUN_LENGTH && slot == leaf->run_slot + (record->is_new ? 1u : 0u);
}

/* The leaf in its next size, with the record in it.  Where a run goes on it is to last for more. */
static void grow_leaf(struct tree *tree, struct tree_spot *spot, const struct new_record *record)
{
	ref_t old_ref = spot->leaf;
	struct leaf *old = leaf_at(&tree->nodes, old_ref);
	size_t bytes = leaf_bytes_used(old) + leaf_bytes_for(&spot->place, record->size);
	struct leaf *leaf;
	ref_t ref;

	if (ends_run(old, spot->place.slot, record))
		bytes += RUN_ROOM;
	ref = tree_make_leaf(tree, old->number, bytes < LEAF_BYTES_MAX ? bytes : LEAF_BYTES_MAX);
	leaf = leaf_at(&tree->nodes, ref);

	if (old->waste == 0) {
		leaf_copy(leaf, old);
	} else {
		leaf->run = old->run;
		leaf->run_slot = old->run_slot;
		leaf_append(leaf, old, 0, old->node.count);
	}
	insert_into(leaf, &spot->place, record);
	tree_replace_leaf(tree, spot, ref);
	node_drop(&tree->nodes, old_ref);
}

static size_t record_bytes(const struct leaf *leaf, unsigned slot)
{
	return record_size(leaf_record(leaf, slot)) + sizeof(uint16_t);
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
	ref = tree_make_leaf(tree, number, bytes);
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
	tree_point_ids(tree, right_leaf, 0);
	tree_replace_leaf(tree, spot, left);
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
		tree_own_leaf(tree, spot);
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
	ref_t leaf = tree_make_leaf(tree, number,
	                            sizeof(struct leaf) + leaf_bytes_for(&first, record->size));

	insert_into(leaf_at(&tree->nodes, leaf), &first, record);
	*leaf_ref(tree, number) = leaf;
	tree->root = (struct tree_root){.node = leaf};
	return number;
}

/* A record of the same size is written over the old one. */
static bool rewrite(struct tree *tree, struct tree_spot *spot, const struct new_record *record)
{
	struct leaf *leaf = leaf_at(&tree->nodes, spot->leaf);
	uint8_t *bytes;

	if (record_size(leaf_record(leaf, spot->place.slot)) != record->size)
		return false;
	tree_own_inners(tree, spot);
	tree_own_leaf(tree, spot);
	leaf = leaf_at(&tree->nodes, spot->leaf);
	bytes = leaf_record(leaf, spot->place.slot);
	memcpy(bytes, record->bytes, record->size);
	return true;
}

static uint32_t replace_record(struct tree *tree, struct tree_spot *spot,
                               const struct new_record *record)
{
	struct leaf *leaf;

	tree_own_leaf(tree, spot);
	leaf = leaf_at(&tree->nodes, spot->leaf);
	leaf_remove(leaf, &spot->place);
	leaf_place(leaf, record->parent, record->name, &spot->place);
	return insert_record(tree, spot, record);
}

void tree_add(struct tree *tree, const struct inode *inode, struct tree_spot *spot)
{
	uint8_t bytes[RECORD_BYTES_MAX];
	struct new_record record = {.parent = inode->parent, .bytes = bytes, .is_new = true};
	uint32_t number;

	record.size = record_encode(inode, bytes);
	record.name = record_name(bytes); /* the inode's own may point into the leaf */
	record.fingerprint = leaf_fingerprint(record.name);
	if (spot->changes != tree->changes)
		record.is_new = !tree_find_place(tree, record.parent, record.name, spot);
	tree->changes++;
	if (!record.is_new && rewrite(tree, spot, &record))
		return;
	if (spot->leaf == 0) {
		number = plant(tree, &record);
	} else {
		tree_own_inners(tree, spot);
		number = record.is_new ? insert_record(tree, spot, &record)
		                       : replace_record(tree, spot, &record);
	}
	tree->count += record.is_new;
	id_map_set(&tree->of_ids, inode->id, number);
}

void tree_put(struct tree *tree, const struct inode *inode)
{
	struct tree_spot spot = {.changes = 0};

	tree_add(tree, inode, &spot);
}

void tree_update(struct tree *tree, const struct inode *inode, const struct tree_hint *hint)
{
	uint8_t bytes[RECORD_BYTES_MAX];
	size_t size = record_encode(inode, bytes);
	struct leaf *leaf = leaf_at(&tree->nodes, hint->leaf);
	uint8_t *record = leaf_record(leaf, hint->slot);

	CHECK(record_id(record) == inode->id);
	tree->changes++;
	if (!node_is_held(&tree->nodes, &leaf->node) && record_size(record) == size)
		memcpy(record, bytes, size);
	else
		tree_put(tree, inode);
}
