/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rights below a directory in slices, for trees too large to be checked in one turn.  They are
 * read from a hold, so what is found is true at the hold's index.
 */
#include "namespace/permission.h"

#include "base/mem.h"

struct ns_rights_check {
	struct ns_hold *hold;
	struct asker asker; /* its strings are ours */
	struct rights_walk walk;
	bool is_uniform; /* one look at the top was enough */
};

static void keep_asker(struct ns_rights_check *check, const struct ns_caller *caller)
{
	check->asker.user = str_keep(caller->user);
	check->asker.groups.count = caller->groups.count;
	check->asker.groups.items =
	        mem_must_alloc(caller->groups.count * sizeof(*check->asker.groups.items));
	for (size_t i = 0; i < caller->groups.count; i++)
		check->asker.groups.items[i] = str_keep(caller->groups.items[i]);
}

static void forget_asker(struct ns_rights_check *check)
{
	for (size_t i = 0; i < check->asker.groups.count; i++)
		str_forget(check->asker.groups.items[i]);
	mem_free(check->asker.groups.items);
	str_forget(check->asker.user);
}

/* Deletes leave empty directories out, and obey sticky bits; sums do neither. */
static bool is_for_delete(unsigned action)
{
	return (action & MAY_WRITE) != 0;
}

static bool is_uniform(const struct namespace *ns, const struct inode *directory, unsigned action)
{
	const struct dir *dir = dir_at(&ns->dirs, dirs_find(&ns->dirs, directory->id));
	uint16_t mode = rights_of(&ns->interns, directory->rights).mode;

	return dir->below.odd == 0 && (!is_for_delete(action) || (mode & MODE_STICKY) == 0);
}

/* 1: too much for one turn; 0: allowed, or decided elsewhere; < 0: refused. */
static int look_at_top(struct namespace *ns, struct asker *asker, const struct place *place,
                       unsigned action)
{
	struct wanted wanted = {.parent = is_for_delete(action) ? MAY_WRITE : 0};
	const struct dir *dir;
	int rc;

	if (asker->is_superuser || !place->exists || !place->inode.is_directory ||
	    (place->is_root && is_for_delete(action))) /* the root is never deleted */
		return 0;
	dir = dir_at(&ns->dirs, dirs_find(&ns->dirs, place->inode.id));
	if (dir->below.files + dir->below.directories <= RIGHTS_WALK_INODES_MAX)
		return 0;
	rc = check_rights(ns, asker, place, &wanted);
	if (rc < 0)
		return rc;
	if (rights_allow(ns, asker, place->inode.rights, action))
		return 1;
	return deny_access(ns, asker, action, place->path, place->inode.rights, true);
}

struct ns_rights_check *ns_rights_check_begin(struct namespace *ns, const struct ns_caller *caller,
                                              struct str path, unsigned action, struct arena *arena,
                                              struct str *ret_message, int *ret_rc)
{
	struct asker asker = asker_of(caller, arena);
	struct ns_rights_check *check = NULL;
	struct buf space = {0};
	struct place place;
	int rc = path_find(ns, &asker, path, false, &space, &place);

	if (rc == 0)
		rc = look_at_top(ns, &asker, &place, action);
	if (rc > 0) {
		check = mem_must_zalloc(sizeof(*check));
		check->hold = ns_hold(ns);
		check->is_uniform = is_uniform(ns, &place.inode, action);
		keep_asker(check, caller);
		rights_walk_begin(ns, check->hold->root, &check->asker, action,
		                  is_for_delete(action), place.path, &place.inode, &check->walk);
	}
	*ret_message = asker.message;
	*ret_rc = rc < 0 ? rc : 0;
	buf_finish(&space);
	return check;
}

int ns_rights_check_step(struct ns_rights_check *check, size_t inodes_max, struct arena *arena,
                         struct str *ret_message, uint64_t *ret_index)
{
	int rc = 0;

	check->asker.arena = arena;
	check->asker.message = (struct str){0};
	if (!check->is_uniform)
		rc = rights_walk_step(&check->walk, inodes_max);
	*ret_message = check->asker.message;
	if (rc == 0)
		*ret_index = check->hold->index;
	return rc;
}

void ns_rights_check_end(struct ns_rights_check *check)
{
	if (check == NULL)
		return;
	rights_walk_end(&check->walk);
	ns_release(check->hold);
	forget_asker(check);
	mem_free(check);
}
