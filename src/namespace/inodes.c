/* SPDX-License-Identifier: Apache-2.0 */
#include "namespace/canonical.h"
#include "namespace/namespace_private.h"

#include "base/check.h"

bool inode_is_attached(const struct namespace *ns, const struct inode *inode)
{
	if (ns->detached.count == 0 || inode->parent == 0)
		return true;
	return dirs_is_attached(&ns->dirs, dirs_find(&ns->dirs, inode->parent));
}

/* A block that is being written counts with the size it may grow to, as in HDFS. */
struct counts inode_counts(const struct namespace *ns, const struct inode *inode)
{
	struct file_class file_class = class_of(&ns->interns, inode->file_class);
	bool is_writing = inode->is_open && inode->workers != 0;
	uint64_t length = inode->length;

	if (is_writing)
		length += file_class.block_size - blocks_last(&ns->tree.nodes, inode).length;
	return (struct counts){
	        .files = 1,
	        .length = inode->length,
	        .space = length * file_class.replication,
	        .blocks = inode->block_count,
	        .open_files = inode->is_open,
	        .open_blocks = is_writing,
	};
}

/* ---- what goes with a record ---- */

static void point_blocks_to(struct namespace *ns, const struct inode *inode)
{
	struct blocks_walk walk;
	struct block block;

	blocks_walk_begin(&ns->tree.nodes, inode, &walk);
	while (blocks_walk_next(&walk, &block))
		id_map_set(&ns->of_blocks, block.id, inode->id);
}

static void forget_blocks(struct namespace *ns, const struct inode *inode)
{
	struct blocks_walk walk;
	struct block block;

	blocks_walk_begin(&ns->tree.nodes, inode, &walk);
	while (blocks_walk_next(&walk, &block))
		id_map_remove(&ns->of_blocks, block.id);
}

static void add_lease(struct namespace *ns, const struct inode *inode)
{
	struct open_file file = {
	        .inode = inode->id, .number = inode->lease, .holder = inode->holder};

	if (inode->is_open)
		leases_add(&ns->leases, &file);
}

static void remove_lease(struct namespace *ns, const struct inode *inode)
{
	if (inode->is_open)
		leases_remove(&ns->leases, inode->id);
}

static void drop_uses(struct namespace *ns, const struct inode *inode)
{
	rights_drop(&ns->interns, inode->rights);
	if (!inode->is_directory)
		class_drop(&ns->interns, inode->file_class);
	text_drop(&ns->interns, inode->extra);
	text_drop(&ns->interns, inode->holder);
	text_drop(&ns->interns, inode->machine);
	text_drop(&ns->interns, inode->workers);
}

void inode_set_rights(struct namespace *ns, struct inode *inode, struct rights rights)
{
	uint32_t before = inode->rights;

	inode->rights = rights_take(&ns->interns, rights);
	rights_drop(&ns->interns, before);
}

void inode_set_class(struct namespace *ns, struct inode *inode, struct file_class file_class)
{
	uint32_t before = inode->file_class;

	inode->file_class = class_take(&ns->interns, file_class);
	class_drop(&ns->interns, before);
}

void inode_set_text(struct namespace *ns, uint32_t *field, struct str text)
{
	uint32_t before = *field;

	*field = text_take(&ns->interns, text);
	text_drop(&ns->interns, before);
}

static void digest_add(struct namespace *ns, struct hash128 hash)
{
	ns->digest = hash128_add(ns->digest, hash);
}

static void digest_subtract(struct namespace *ns, struct hash128 hash)
{
	ns->digest = hash128_subtract(ns->digest, hash);
}

/* ---- adding, removing, moving ---- */

void inode_keep(struct namespace *ns, const struct inode *inode, struct tree_spot *spot)
{
	digest_add(ns, canonical_inode_hash(ns, inode, 0));
	point_blocks_to(ns, inode);
	add_lease(ns, inode);
	if (spot != NULL)
		tree_add(&ns->tree, inode, spot);
	else
		tree_put(&ns->tree, inode);
}

/* Hangs the inode, a directory's row with it, under its parent's row: counts and children. */
static void arrive(struct namespace *ns, const struct inode *inode, uint32_t row, uint32_t parent)
{
	struct counts counts;

	dir_at(&ns->dirs, parent)->children++;
	if (inode->is_directory) {
		dirs_hang(&ns->dirs, row, parent);
	} else {
		counts = inode_counts(ns, inode);
		dirs_count(&ns->dirs, parent, &counts, NULL);
	}
}

/* A directory will not be found there any more, or has other rights. */
static void forget_way(struct namespace *ns, const struct inode *directory)
{
	dir_cache_forget(&ns->cache, directory->parent, directory->name);
	ways_forget(&ns->ways);
}

static void depart(struct namespace *ns, const struct inode *inode)
{
	uint32_t parent = dirs_find(&ns->dirs, inode->parent);
	struct counts counts;

	dir_at(&ns->dirs, parent)->children--;
	if (inode->is_directory) {
		dirs_unhang(&ns->dirs, dirs_find(&ns->dirs, inode->id));
		forget_way(ns, inode);
	} else {
		counts = inode_counts(ns, inode);
		dirs_count(&ns->dirs, parent, NULL, &counts);
	}
}

void inode_add(struct namespace *ns, const struct inode *inode, uint32_t parent_row,
               struct tree_spot *spot)
{
	uint32_t row = 0;

	if (inode->is_directory) {
		row = dirs_add(&ns->dirs, inode->id, inode->rights);
		dir_cache_fit(&ns->cache, ns->dirs.rows.used);
	}
	if (parent_row != 0)
		arrive(ns, inode, row, parent_row);
	inode_keep(ns, inode, spot);
}

static void set_rights_index(struct namespace *ns, struct dir *dir, uint64_t index)
{
	holds_note_rights(ns, dir);
	canonical_rights(dir->id, dir->rights_index, &ns->scratch);
	digest_subtract(ns, canonical_scratch_hash(ns));
	dir->rights_index = index;
	canonical_rights(dir->id, dir->rights_index, &ns->scratch);
	digest_add(ns, canonical_scratch_hash(ns));
}

void inode_remove(struct namespace *ns, struct inode *inode)
{
	depart(ns, inode);
	if (inode->is_directory)
		set_rights_index(ns, dir_at(&ns->dirs, dirs_find(&ns->dirs, inode->id)), 0);
	digest_subtract(ns, canonical_inode_hash(ns, inode, 0));
	forget_blocks(ns, inode);
	remove_lease(ns, inode);
	blocks_clear(&ns->tree.nodes, inode);
	drop_uses(ns, inode);
	tree_remove(&ns->tree, inode->parent, inode->name);
}

void inode_move(struct namespace *ns, struct inode *inode, uint64_t parent, struct str name)
{
	depart(ns, inode);
	digest_subtract(ns, canonical_inode_hash(ns, inode, 0));
	tree_remove(&ns->tree, inode->parent, inode->name);
	inode->parent = parent;
	inode->name = name;
	digest_add(ns, canonical_inode_hash(ns, inode, 0));
	tree_put(&ns->tree, inode);
	arrive(ns, inode, inode->is_directory ? dirs_find(&ns->dirs, inode->id) : 0,
	       dirs_find(&ns->dirs, inode->parent));
}

/* ---- changing ---- */

/* The first run of blocks that a change at the end of the file can reach. */
static uint32_t last_run(const struct inode *inode)
{
	return inode->block_count == 0 ? 0 : (inode->block_count - 1) / CHUNK_BLOCKS;
}

bool inode_change_begin(struct namespace *ns, uint64_t id, struct inode_change *ret_change)
{
	struct inode_change *change = ret_change;

	if (!tree_get_id(&ns->tree, id, &change->inode, &change->hint))
		return false;
	change->before = change->inode;
	change->counts = (struct counts){0};
	if (!change->inode.is_directory)
		change->counts = inode_counts(ns, &change->inode);
	change->run = last_run(&change->inode);
	if (change->run > 0)
		change->run--; /* two blocks may go, or change */
	change->hash = canonical_inode_hash(ns, &change->inode, change->run);
	return true;
}

static void change_directory(struct namespace *ns, const struct inode_change *change)
{
	uint32_t row = dirs_find(&ns->dirs, change->inode.id);

	dir_at(&ns->dirs, row)->touched_ms = change->inode.mtime_ms;
	if (change->inode.rights == change->before.rights)
		return;
	dirs_set_rights(&ns->dirs, row, change->inode.rights);
	forget_way(ns, &change->inode);
}

static void change_file(struct namespace *ns, const struct inode_change *change)
{
	struct counts counts = inode_counts(ns, &change->inode);

	dirs_count(&ns->dirs, dirs_find(&ns->dirs, change->inode.parent), &counts, &change->counts);
	if (change->inode.is_open == change->before.is_open &&
	    change->inode.lease == change->before.lease)
		return;
	remove_lease(ns, &change->before);
	add_lease(ns, &change->inode);
}

void inode_change_end(struct namespace *ns, struct inode_change *change)
{
	digest_subtract(ns, change->hash);
	digest_add(ns, canonical_inode_hash(ns, &change->inode, change->run));
	if (change->inode.is_directory)
		change_directory(ns, change);
	else
		change_file(ns, change);
	tree_update(&ns->tree, &change->inode, &change->hint);
}

void inode_touch(struct namespace *ns, uint32_t row, uint64_t mtime_ms)
{
	const struct dir *dir = dir_at(&ns->dirs, row);
	struct inode_change change;

	if (dir->touched_ms >= mtime_ms) /* mostly: many come in one millisecond */
		return;
	CHECK(inode_change_begin(ns, dir->id, &change));
	if (change.inode.mtime_ms < mtime_ms)
		change.inode.mtime_ms = mtime_ms;
	inode_change_end(ns, &change);
}

void inode_rights_changed(struct namespace *ns, uint32_t row, uint64_t index)
{
	/* Whoever is above one that has this index has it too. */
	for (; row != 0 && dir_at(&ns->dirs, row)->rights_index != index;
	     row = dir_at(&ns->dirs, row)->parent)
		set_rights_index(ns, dir_at(&ns->dirs, row), index);
}
