/* SPDX-License-Identifier: Apache-2.0 */
/*
 * delete (FSDirDeleteOp), and giving back what it detached.
 *
 * A directory with content is only detached: its record goes, its children stay in the tree under
 * an id that nothing names.  reclaim takes them away in steps, deepest first.
 */
#include "namespace/call.h"

#include "base/check.h"

enum { RECLAIM_STEPS_MAX = 1 << 16 };

static bool has_children(const struct call *call)
{
	const struct dirs *dirs = &call->ns->dirs;
	const struct inode *inode = &call->place.inode;

	return call->place.exists && inode->is_directory &&
	       dir_at(dirs, dirs_find(dirs, inode->id))->children > 0;
}

int plan_delete(struct call *call)
{
	const struct command_delete *fields = &call->command->delete;
	struct wanted wanted = {
	        .parent = MAY_WRITE,
	        .below = MAY_ALL,
	        .skips_empty = true,
	        .checked_index = fields->checked_index,
	};
	int rc;

	if (str_equal(fields->path, STR("/.reserved")))
		return refuse(&call->asker, ERR_INVALID_PATH, "Invalid path name /.reserved");
	rc = call_find(call, fields->path, false);
	if (rc < 0)
		return rc;
	if (call->place.is_root) { /* never deleted, so what is below it need not be asked */
		wanted.self = has_children(call) ? MAY_ALL : 0;
		wanted.below = 0;
	}
	rc = check_rights(call->ns, &call->asker, &call->place, &wanted);
	if (rc < 0)
		return rc;
	if (!fields->recursive && has_children(call))
		return refuse(&call->asker, ERR_NOT_EMPTY,
		              "`%.*s is non empty': Directory is not empty",
		              STR_ARGS(call->place.path));
	call->result->value = call->place.exists && !call->place.is_root;
	call->changes_nothing = !call->result->value;
	return 0;
}

void commit_delete(struct call *call)
{
	call->result->inode = call->place.inode.id;
	remove_place(call, &call->place);
}

/* ---- reclaim ---- */

int plan_reclaim(struct call *call)
{
	call->changes_nothing = call->ns->detached.count == 0;
	return 0;
}

/* Takes away one child of the directory that is next, or the directory itself when it has none
 * left. */
static void reclaim_one(struct call *call)
{
	struct namespace *ns = call->ns;
	struct detached *detached = &ns->detached;
	uint64_t id = detached->ids[detached->count - 1];
	struct tree_walk walk;
	struct inode child;

	tree_walk_begin(&ns->tree.nodes, ns->tree.root, id, (struct str){0}, &walk);
	if (tree_walk_get(&walk, &child) && child.parent == id) {
		remove_inode(call, &child);
		detached->inodes--;
		return;
	}
	detached->count--;
	dirs_remove(&ns->dirs, dirs_find(&ns->dirs, id));
}

void commit_reclaim(struct call *call)
{
	uint32_t steps = call->command->reclaim.steps;

	if (steps > RECLAIM_STEPS_MAX)
		steps = RECLAIM_STEPS_MAX;
	while (steps-- > 0 && call->ns->detached.count > 0)
		reclaim_one(call);
}
