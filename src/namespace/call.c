/* SPDX-License-Identifier: Apache-2.0 */
#include "namespace/call.h"

#include <string.h>

#include "base/check.h"
#include "base/mem.h"

int call_find(struct call *call, struct str path, bool is_create)
{
	return path_find_spot(call->ns, &call->asker, path, is_create, &call->space, &call->place,
	                      &call->spot);
}

/* ---- judging what would be made ---- */

static size_t levels_of(struct str path)
{
	size_t levels = 0;

	for (size_t at = 0; at + 1 < path.size; at++)
		levels += path.data[at] == '/' && path.data[at + 1] != '/';
	return levels;
}

static int judge_depth(struct call *call, const char *method, struct str path, size_t below)
{
	if (path.size + below <= NS_PATH_DEPTH_MAX) /* each level takes a byte at least */
		return 0;
	if (path.size <= NS_PATH_BYTES_MAX && levels_of(path) + below <= NS_PATH_DEPTH_MAX)
		return 0;
	return refuse(&call->asker, ERR_TOO_LARGE,
	              "%s: Pathname too long.  Limit %d characters, %d levels.", method,
	              NS_PATH_BYTES_MAX, NS_PATH_DEPTH_MAX);
}

int judge_length(struct call *call, const char *method, struct str path)
{
	return judge_depth(call, method, path, 0);
}

int judge_place(struct call *call, const char *method, const struct place *place)
{
	return call->limits == NULL ? 0 : judge_depth(call, method, place->path, 0);
}

int judge_moved(struct call *call)
{
	const struct inode *inode = &call->place.inode;
	const struct dirs *dirs = &call->ns->dirs;
	size_t below = 0;

	if (call->limits == NULL || levels_of(call->target.path) <= levels_of(call->place.path))
		return 0;
	if (inode->is_directory)
		below = dir_at(dirs, dirs_find(dirs, inode->id))->height;
	return judge_depth(call, "rename", call->target.path, below);
}

/* Where the first name begins that is not there. */
static size_t missing_at(const struct place *place)
{
	return place->above_end + 1;
}

static int judge_name(struct call *call, struct str directory, struct str name)
{
	size_t limit = NAME_BYTES_MAX;

	if (call->limits != NULL && call->limits->component_bytes_max != 0 &&
	    call->limits->component_bytes_max < limit)
		limit = call->limits->component_bytes_max;
	if (str_equal(name, STR(".snapshot")))
		return refuse(&call->asker, ERR_INVALID, "\".snapshot\" is a reserved name.");
	if (directory.size == 1 && str_equal(name, STR(".reserved")))
		return refuse(&call->asker, ERR_INVALID,
		              "File name \".reserved\" is reserved and cannot be created. If this "
		              "is during upgrade change the name of the existing file or directory "
		              "to another name before upgrading to the new release.");
	if (name.size <= limit)
		return 0;
	return refuse(&call->asker, ERR_COMPONENT_TOO_LONG,
	              "The maximum path component name limit of %.*s in directory %.*s is "
	              "exceeded: limit=%zu length=%zu",
	              STR_ARGS(name), STR_ARGS(directory), limit, name.size);
}

static int judge_items(struct call *call, const struct place *place)
{
	uint64_t items = dir_at(&call->ns->dirs, place->above_row)->children;
	struct str path = path_prefix(place->path, place->above_end);
	bool is_there = place == &call->target && place->above == call->place.above;

	/* A rename within the directory adds nothing (FSDirRenameOp). */
	if (call->limits == NULL || call->limits->directory_items_max == 0 || is_there ||
	    items < call->limits->directory_items_max)
		return 0;
	return refuse(&call->asker, ERR_TOO_MANY_ITEMS,
	              "The directory item limit of %.*s is exceeded: limit=%llu items=%llu",
	              STR_ARGS(path), (unsigned long long)call->limits->directory_items_max,
	              (unsigned long long)items);
}

int judge_names(struct call *call, const struct place *place)
{
	struct str path = place->path;
	uint64_t count = 0;
	int rc = judge_items(call, place);

	for (size_t at = missing_at(place); rc == 0 && at < path.size; count++) {
		size_t end = path_name_end(path, at);

		rc = judge_name(call, path_prefix(path, at - 1),
		                str_make(path.data + at, end - at));
		at = end + 1;
	}
	if (rc == 0 && count > NS_ID_MAX - call->ns->settings.next_inode)
		return refuse(&call->asker, ERR_INTERNAL, "inode ids are used up");
	return rc;
}

/* ---- making ---- */

/* An inode of the caller's in the directory place->above, named `name`. */
static uint64_t make_inode(struct call *call, const struct place *place, struct tree_spot *spot,
                           struct inode *inode, struct str name, uint16_t mode)
{
	struct namespace *ns = call->ns;
	struct rights rights = {
	        .owner = call->command->user,
	        .group = rights_of(&ns->interns, place->above_rights).group,
	        .mode = mode,
	};

	inode->id = ns->settings.next_inode++;
	inode->parent = place->above;
	inode->name = name;
	inode->mtime_ms = call->command->wall_ms;
	inode->atime_ms = inode->is_directory ? 0 : inode->mtime_ms;
	inode->rights = rights_take(&ns->interns, rights);
	inode_add(ns, inode, place->above_row, spot);
	note_arrival(call, place->above_row, inode, /* is_tree= */ false);
	return inode->id;
}

void make_parents(struct call *call, struct place *place, bool inherits, uint16_t mode)
{
	struct namespace *ns = call->ns;

	for (;;) {
		size_t at = missing_at(place);
		size_t end = path_name_end(place->path, at);
		struct inode inode = {.is_directory = true};
		uint16_t own_mode = mode;

		if (end == place->path.size)
			break;
		if (inherits)
			own_mode = rights_of(&ns->interns, place->above_rights).mode;
		/* So that what comes into it can be made: HDFS adds u+wx, and no sticky bit. */
		own_mode = (own_mode & 0777) | 0300;
		place->above = make_inode(call, place, /* spot= */ NULL, &inode,
		                          str_make(place->path.data + at, end - at), own_mode);
		place->above_row = dirs_find(&ns->dirs, place->above);
		place->above_rights = inode.rights;
		place->above_end = end;
	}
	place->is_above_parent = true;
}

uint64_t make_last(struct call *call, struct place *place, struct inode *inode, uint16_t mode)
{
	return make_inode(call, place, &call->spot, inode, path_last(place->path), mode & MODE_ALL);
}

/* What a walk over rights finds changes when a directory that nobody looked at because it was empty
 * is empty no more, when a whole directory moves in, and when a stranger's file comes into a sticky
 * directory. */
void note_arrival(struct call *call, uint32_t row, const struct inode *inode, bool is_tree)
{
	struct namespace *ns = call->ns;
	const struct dir *dir = dir_at(&ns->dirs, row);
	struct rights rights = rights_of(&ns->interns, dir->rights);
	bool is_first = dir->children == 1 && dir->parent != 0 &&
	                dir->rights != dir_at(&ns->dirs, dir->parent)->rights;
	bool is_strange = (rights.mode & MODE_STICKY) != 0 &&
	                  !str_equal(rights.owner, rights_of(&ns->interns, inode->rights).owner);

	if (is_first || is_tree || is_strange)
		inode_rights_changed(ns, row, call->index);
	inode_touch(ns, row, call->command->wall_ms);
}

/* ---- removing ---- */

void report_gone_block(struct call *call, struct block block)
{
	struct ns_result *result = call->result;

	if (call->asker.arena == NULL)
		return;
	if (result->gone_count == call->gone_capacity) {
		size_t capacity = call->gone_capacity * 2 + 8;
		struct block *gone =
		        arena_alloc(call->asker.arena, capacity * sizeof(*result->gone));

		if (gone == NULL)
			return; /* workers' next full reports name it as nobody's */
		if (result->gone_count > 0)
			memcpy(gone, result->gone, result->gone_count * sizeof(*gone));
		result->gone = gone;
		call->gone_capacity = capacity;
	}
	result->gone[result->gone_count++] = block;
}

void report_gone(struct call *call, const struct inode *inode)
{
	struct blocks_walk walk;
	struct block block;

	blocks_walk_begin(&call->ns->tree.nodes, inode, &walk);
	while (blocks_walk_next(&walk, &block))
		report_gone_block(call, block);
}

static void detach(struct namespace *ns, uint32_t row)
{
	struct detached *detached = &ns->detached;
	struct dir *dir = dir_at(&ns->dirs, row);

	if (detached->count == detached->capacity) {
		detached->capacity = detached->capacity * 2 + 16;
		detached->ids = mem_must_realloc(detached->ids,
		                                 detached->capacity * sizeof(*detached->ids));
	}
	detached->ids[detached->count++] = dir->id;
	dir->is_detached = true;
}

void remove_inode(struct call *call, struct inode *inode)
{
	struct namespace *ns = call->ns;
	bool is_directory = inode->is_directory;
	uint32_t row = is_directory ? dirs_find(&ns->dirs, inode->id) : 0;

	report_gone(call, inode);
	inode_remove(ns, inode);
	if (!is_directory)
		return;
	if (dir_at(&ns->dirs, row)->children > 0)
		detach(ns, row);
	else
		dirs_remove(&ns->dirs, row);
}

void remove_place(struct call *call, struct place *place)
{
	struct namespace *ns = call->ns;

	if (place->inode.is_directory) {
		const struct dir *dir = dir_at(&ns->dirs, dirs_find(&ns->dirs, place->inode.id));

		ns->detached.inodes += dir->below.files + dir->below.directories;
	}
	remove_inode(call, &place->inode);
	inode_touch(ns, place->above_row, call->command->wall_ms);
	place->exists = false;
}
