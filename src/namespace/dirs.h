/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of each directory beside its record: what lies below it, so that nothing is ever
 * counted by walking, and how uniform the rights below it are.
 *
 * A row belongs to a directory id and names its parent's row, so counts go up without the tree.
 * All of it is derived but `rights_index`, which is saved (canonical.h).  Masters may differ in
 * `height`, so it judges new calls only.
 *
 * Rights.  A directory is odd when its (owner, group, mode) may differ from its parent's.  Changing
 * a directory's rights makes all directories in it odd at once, by raising its epoch; each is
 * judged again when its own rights are set.  So `odd` may be too high, never too low: it only
 * spares a walk that would find nothing.  What decides is rights_index, the index of the last entry
 * that changed what a walk over the rights below would find.
 */
#ifndef HOLDFAST_NAMESPACE_DIRS_H
#define HOLDFAST_NAMESPACE_DIRS_H

#include <stdbool.h>
#include <stdint.h>

#include "namespace/id_map.h"
#include "namespace/pool.h"

/* Sums, without the directory itself. */
struct counts {
	uint64_t files;
	uint64_t directories;
	uint64_t length; /* bytes */
	uint64_t space;  /* bytes with replicas */
	uint64_t blocks;
	uint64_t open_files;
	uint64_t open_blocks;
	uint64_t odd; /* directories */
};

struct dir {
	uint64_t id;
	uint64_t children;
	uint64_t rights_index; /* 0: never */
	uint64_t touched_ms;   /* mtime of its record, or below that */
	struct counts below;
	uint32_t parent; /* row; 0: the root, or detached */
	uint32_t rights; /* intern.h */
	uint32_t child_directories;
	uint32_t odd_children;
	uint32_t epoch;
	uint32_t parent_epoch; /* the parent's when is_odd was judged */
	uint16_t height; /* levels of directories below it, at most: it never falls, and has an end
	                  */
	bool is_odd;
	bool is_detached; /* its record is gone, its content is being reclaimed */
};

struct dirs {
	struct pool rows;
	struct id_map of_ids; /* directory id -> row */
};

void dirs_init(struct dirs *dirs);
void dirs_finish(struct dirs *dirs);
uint64_t dirs_bytes(const struct dirs *dirs);

static inline struct dir *dir_at(const struct dirs *dirs, uint32_t row)
{
	return pool_at(&dirs->rows, row);
}

/* 0: no such directory */
uint32_t dirs_find(const struct dirs *dirs, uint64_t id);
/* A row that hangs nowhere yet. */
uint32_t dirs_add(struct dirs *dirs, uint64_t id, uint32_t rights);
/* The row hangs nowhere any more. */
void dirs_remove(struct dirs *dirs, uint32_t row);

/* Hangs the row, with what lies below it, under `parent`; takes it off again.  `children` is not
 * theirs to count. */
void dirs_hang(struct dirs *dirs, uint32_t row, uint32_t parent);
void dirs_unhang(struct dirs *dirs, uint32_t row);
/* Hangs it under a parent whose own way up is not known yet: only that one's counts change. */
void dirs_hang_lone(struct dirs *dirs, uint32_t row, uint32_t parent);
void dirs_set_rights(struct dirs *dirs, uint32_t row, uint32_t rights);

/* Adds to, or takes from, the row and all above it. */
void dirs_count(struct dirs *dirs, uint32_t row, const struct counts *more,
                const struct counts *less);
void counts_add(struct counts *to, const struct counts *counts);
void counts_subtract(struct counts *to, const struct counts *counts);

/* False: the directory, or one above it, was deleted and is only waiting to be reclaimed. */
bool dirs_is_attached(const struct dirs *dirs, uint32_t row);
/* True when everything in `row`'s way up passes `ancestor`, itself included. */
bool dirs_is_below(const struct dirs *dirs, uint32_t row, uint32_t ancestor);

#endif
