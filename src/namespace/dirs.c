/* SPDX-License-Identifier: Apache-2.0 */
#include "namespace/dirs.h"

#include "base/check.h"

void dirs_init(struct dirs *dirs)
{
	pool_init(&dirs->rows, sizeof(struct dir), POOL_ROWS_MAX);
	id_map_init(&dirs->of_ids);
}

void dirs_finish(struct dirs *dirs)
{
	pool_finish(&dirs->rows);
	id_map_finish(&dirs->of_ids);
}

uint64_t dirs_bytes(const struct dirs *dirs)
{
	return pool_bytes(&dirs->rows) + dirs->of_ids.bytes;
}

uint32_t dirs_find(const struct dirs *dirs, uint64_t id)
{
	uint64_t row;

	return id_map_get(&dirs->of_ids, id, &row) ? (uint32_t)row : 0;
}

uint32_t dirs_add(struct dirs *dirs, uint64_t id, uint32_t rights)
{
	uint32_t row = pool_take(&dirs->rows);

	dir_at(dirs, row)->id = id;
	dir_at(dirs, row)->rights = rights;
	id_map_set(&dirs->of_ids, id, row);
	return row;
}

void dirs_remove(struct dirs *dirs, uint32_t row)
{
	CHECK(dir_at(dirs, row)->parent == 0);
	id_map_remove(&dirs->of_ids, dir_at(dirs, row)->id);
	pool_free(&dirs->rows, row);
}

void counts_add(struct counts *to, const struct counts *counts)
{
	to->files += counts->files;
	to->directories += counts->directories;
	to->length += counts->length;
	to->space += counts->space;
	to->blocks += counts->blocks;
	to->open_files += counts->open_files;
	to->open_blocks += counts->open_blocks;
	to->odd += counts->odd;
}

void counts_subtract(struct counts *to, const struct counts *counts)
{
	to->files -= counts->files;
	to->directories -= counts->directories;
	to->length -= counts->length;
	to->space -= counts->space;
	to->blocks -= counts->blocks;
	to->open_files -= counts->open_files;
	to->open_blocks -= counts->open_blocks;
	to->odd -= counts->odd;
}

void dirs_count(struct dirs *dirs, uint32_t row, const struct counts *more,
                const struct counts *less)
{
	struct counts change = {0}; /* modulo 2^64, so a loss is a large gain */

	if (more != NULL)
		counts_add(&change, more);
	if (less != NULL)
		counts_subtract(&change, less);
	for (; row != 0; row = dir_at(dirs, row)->parent)
		counts_add(&dir_at(dirs, row)->below, &change);
}

/* ---- rights ---- */

static bool counts_as_odd(const struct dir *dir, const struct dir *parent)
{
	return dir->is_odd || dir->parent_epoch != parent->epoch;
}

static void judge(struct dir *dir, const struct dir *parent)
{
	dir->is_odd = dir->rights != parent->rights;
	dir->parent_epoch = parent->epoch;
}

/* A directory's part in its parent's counts. */
static struct counts share_of(const struct dir *dir, const struct dir *parent)
{
	struct counts share = dir->below;

	share.directories++;
	share.odd += counts_as_odd(dir, parent);
	return share;
}

/* False: the parent is high enough for this child, and so are those above. */
static bool raise(struct dirs *dirs, uint32_t row, uint32_t parent)
{
	uint16_t height = dir_at(dirs, row)->height;

	if (dir_at(dirs, parent)->height > height || height == UINT16_MAX)
		return false;
	dir_at(dirs, parent)->height = height + 1;
	return true;
}

/* Returns what it adds to its parent. */
static struct counts join(struct dirs *dirs, uint32_t row, uint32_t parent)
{
	struct dir *dir = dir_at(dirs, row);
	struct dir *above = dir_at(dirs, parent);

	CHECK(dir->parent == 0);
	dir->parent = parent;
	judge(dir, above);
	above->child_directories++;
	above->odd_children += dir->is_odd;
	return share_of(dir, above);
}

void dirs_hang(struct dirs *dirs, uint32_t row, uint32_t parent)
{
	struct counts share = join(dirs, row, parent);

	dirs_count(dirs, parent, &share, NULL);
	while (parent != 0 && raise(dirs, row, parent)) {
		row = parent;
		parent = dir_at(dirs, row)->parent;
	}
}

void dirs_hang_lone(struct dirs *dirs, uint32_t row, uint32_t parent)
{
	struct counts share = join(dirs, row, parent);

	counts_add(&dir_at(dirs, parent)->below, &share);
	raise(dirs, row, parent);
}

void dirs_unhang(struct dirs *dirs, uint32_t row)
{
	struct dir *dir = dir_at(dirs, row);
	struct dir *above = dir_at(dirs, dir->parent);
	struct counts share = share_of(dir, above);

	CHECK(dir->parent != 0);
	above->child_directories--;
	above->odd_children -= counts_as_odd(dir, above);
	dirs_count(dirs, dir->parent, NULL, &share);
	dir->parent = 0;
}

/* All directories in it become odd. */
static void doubt_children(struct dirs *dirs, uint32_t row)
{
	struct dir *dir = dir_at(dirs, row);
	struct counts more = {.odd = dir->child_directories - dir->odd_children};

	dir->epoch++;
	dir->odd_children = dir->child_directories;
	dirs_count(dirs, row, &more, NULL);
}

void dirs_set_rights(struct dirs *dirs, uint32_t row, uint32_t rights)
{
	struct dir *dir = dir_at(dirs, row);
	struct dir *above = dir_at(dirs, dir->parent);
	struct counts more = {0};
	struct counts less = {0};

	if (dir->rights == rights)
		return;
	dir->rights = rights;
	doubt_children(dirs, row);
	if (dir->parent == 0)
		return;
	less.odd = counts_as_odd(dir, above);
	judge(dir, above);
	more.odd = dir->is_odd;
	above->odd_children = (uint32_t)(above->odd_children + more.odd - less.odd);
	dirs_count(dirs, dir->parent, &more, &less);
}

/* ---- where a directory hangs ---- */

bool dirs_is_attached(const struct dirs *dirs, uint32_t row)
{
	while (dir_at(dirs, row)->parent != 0)
		row = dir_at(dirs, row)->parent;
	return !dir_at(dirs, row)->is_detached;
}

bool dirs_is_below(const struct dirs *dirs, uint32_t row, uint32_t ancestor)
{
	while (row != 0 && row != ancestor)
		row = dir_at(dirs, row)->parent;
	return row == ancestor;
}
