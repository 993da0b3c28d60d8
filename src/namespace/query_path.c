/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads by path: look-ups, listings, rights, sums.
 */
#include "namespace/permission.h"

/* ---- look-ups of one turn ---- */

enum { LOOKUPS_TOGETHER = 16 };

/* One look-up on its way. */
struct looking {
	struct ns_lookup *lookup;
	struct path_walk walk;
	struct place place;
	struct asker asker;
	struct buf space;
};

static void look_begin(struct namespace *ns, struct looking *looking, struct ns_lookup *lookup,
                       struct arena *arena)
{
	struct str path = lookup->path;
	int rc;

	looking->lookup = lookup;
	looking->space = (struct buf){0};
	looking->asker = asker_of(lookup->caller, arena);
	rc = path_normalise(ns, &looking->asker, lookup->path, &looking->space, &path);
	looking->walk.is_done = rc < 0;
	looking->walk.rc = rc;
	if (rc == 0)
		path_walk_begin(ns, &looking->asker, path, false, &looking->walk, &looking->place);
}

/* HDFS tells a superuser that nothing is there where others are told that a parent is a file. */
static void look_end(struct namespace *ns, struct looking *looking)
{
	struct ns_lookup *lookup = looking->lookup;

	lookup->rc = looking->walk.rc;
	lookup->message = looking->asker.message;
	if (lookup->rc == -ERR_PERMISSION && looking->asker.is_superuser) {
		lookup->rc = -ERR_NOT_FOUND;
		lookup->message = (struct str){0};
	} else if (lookup->rc == 0 && !looking->place.exists) {
		lookup->rc = -ERR_NOT_FOUND;
	} else if (lookup->rc == 0) {
		show_status(ns, &looking->place.inode, &lookup->status);
	}
	buf_finish(&looking->space);
}

/* Steps all of them in turn, so that each one's memory arrives while the others are stepped. */
static void look_together(struct looking *looking, size_t count)
{
	size_t left = count;

	while (left > 0) {
		left = 0;
		for (size_t i = 0; i < count; i++)
			left += !path_walk_step(&looking[i].walk);
	}
}

void ns_lookup(struct namespace *ns, struct ns_lookup *lookups, size_t count, struct arena *arena)
{
	struct looking looking[LOOKUPS_TOGETHER];

	for (size_t done = 0; done < count;) {
		size_t now = count - done < LOOKUPS_TOGETHER ? count - done : LOOKUPS_TOGETHER;

		for (size_t i = 0; i < now; i++)
			look_begin(ns, &looking[i], &lookups[done + i], arena);
		look_together(looking, now);
		for (size_t i = 0; i < now; i++)
			look_end(ns, &looking[i]);
		done += now;
	}
}

/* ---- one path ---- */

/* A path of a query: to *ret_place, with its space in `space`. */
struct query {
	struct asker asker;
	struct place place;
	struct buf space;
};

static int query_find(struct namespace *ns, struct query *query, const struct ns_caller *caller,
                      struct str path, struct arena *arena)
{
	*query = (struct query){.asker = asker_of(caller, arena)};
	return path_find(ns, &query->asker, path, false, &query->space, &query->place);
}

static int query_end(struct query *query, int rc, struct str *ret_message)
{
	*ret_message = query->asker.message;
	buf_finish(&query->space);
	return rc;
}

/* ---- listings ---- */

enum { COUNT_AHEAD = 1024 };

struct listing {
	struct str start_after;
	size_t count_max;
	bool (*each)(void *context, const struct ns_status *status);
	void *context;
	uint64_t remaining;
};

/* From the start the rest is known; from elsewhere it is counted, but only so far. */
static uint64_t count_rest(struct namespace *ns, uint64_t directory, const struct listing *listing,
                           uint64_t handed_out, struct tree_walk *walk)
{
	if (listing->start_after.size > 0)
		return tree_walk_count(walk, directory, COUNT_AHEAD);
	return dir_at(&ns->dirs, dirs_find(&ns->dirs, directory))->children - handed_out;
}

static void list_children(struct namespace *ns, uint64_t directory, struct listing *listing)
{
	struct str after = listing->start_after;
	uint64_t handed_out = 0;
	struct shown shown = SHOWN_NOTHING;
	bool goes_on = true;
	struct tree_walk walk;
	struct ns_status status;
	struct inode inode;

	tree_walk_begin(&ns->tree.nodes, ns->tree.root, directory, after, &walk);
	if (after.size > 0 && tree_walk_get(&walk, &inode) && inode.parent == directory &&
	    str_equal(inode.name, after))
		tree_walk_next(&walk);
	while (goes_on && handed_out < listing->count_max && tree_walk_get(&walk, &inode) &&
	       inode.parent == directory) {
		show_next(ns, &inode, &shown, &status);
		goes_on = listing->each(listing->context, &status);
		handed_out++;
		tree_walk_next(&walk);
	}
	listing->remaining = count_rest(ns, directory, listing, handed_out, &walk);
}

static void list_file(struct namespace *ns, const struct inode *inode, struct listing *listing)
{
	struct ns_status status;

	show_status(ns, inode, &status);
	status.name = (struct str){0};
	listing->each(listing->context, &status);
}

static int list_place(struct namespace *ns, struct query *query, struct listing *listing)
{
	static const struct wanted read_self = {.self = MAY_READ | MAY_EXECUTE};
	const struct place *place = &query->place;
	int rc;

	if (!place->exists)
		return -ERR_NOT_FOUND;
	if (!place->inode.is_directory) {
		list_file(ns, &place->inode, listing);
		return 0;
	}
	rc = check_rights(ns, &query->asker, place, &read_self);
	if (rc == 0)
		list_children(ns, place->inode.id, listing);
	return rc;
}

int ns_list(struct namespace *ns, const struct ns_caller *caller, struct str path,
            struct str start_after, size_t count_max,
            bool (*each)(void *context, const struct ns_status *status), void *context,
            struct arena *arena, struct str *ret_message, uint64_t *ret_remaining)
{
	struct listing listing = {.start_after = start_after,
	                          .count_max = count_max,
	                          .each = each,
	                          .context = context};
	struct query query;
	int rc = query_find(ns, &query, caller, path, arena);

	if (rc == 0)
		rc = list_place(ns, &query, &listing);
	if (rc == 0)
		*ret_remaining = listing.remaining;
	return query_end(&query, rc, ret_message);
}

/* ---- rights ---- */

static int check_access(struct namespace *ns, struct query *query, unsigned action)
{
	struct wanted wanted = {.self = action & MAY_ALL};

	if (!query->place.exists)
		return refuse(&query->asker, ERR_NOT_FOUND, "Path not found: %.*s",
		              STR_ARGS(query->place.path));
	return check_rights(ns, &query->asker, &query->place, &wanted);
}

int ns_check_access(struct namespace *ns, const struct ns_caller *caller, struct str path,
                    unsigned action, struct arena *arena, struct str *ret_message)
{
	struct query query;
	int rc = query_find(ns, &query, caller, path, arena);

	if (rc == 0)
		rc = check_access(ns, &query, action);
	return query_end(&query, rc, ret_message);
}

/* ---- sums ---- */

static void sum_up(struct namespace *ns, const struct inode *inode, struct ns_summary *ret_summary)
{
	struct counts counts;

	if (inode->is_directory)
		counts = dir_at(&ns->dirs, dirs_find(&ns->dirs, inode->id))->below;
	else
		counts = inode_counts(ns, inode);
	*ret_summary = (struct ns_summary){
	        .length = counts.length,
	        .files = counts.files,
	        .directories = counts.directories + inode->is_directory,
	        .space = counts.space,
	};
}

/* The rights of all directories: from the one at the top if all have the same. */
static int check_sum(struct namespace *ns, struct query *query)
{
	const struct place *place = &query->place;
	struct wanted wanted = {.self = MAY_READ | MAY_EXECUTE};
	const struct dir *dir;
	int rc;

	if (!place->exists)
		return refuse(&query->asker, ERR_NOT_FOUND, "File does not exist: %.*s",
		              STR_ARGS(place->path));
	if (!place->inode.is_directory)
		return 0;
	dir = dir_at(&ns->dirs, dirs_find(&ns->dirs, place->inode.id));
	rc = check_rights(ns, &query->asker, place, &wanted);
	if (rc < 0 || dir->below.odd == 0)
		return rc;
	wanted = (struct wanted){.below = MAY_READ | MAY_EXECUTE};
	return check_rights(ns, &query->asker, place, &wanted);
}

int ns_content_summary(struct namespace *ns, const struct ns_caller *caller, struct str path,
                       struct arena *arena, struct str *ret_message, struct ns_summary *ret_summary)
{
	struct query query;
	int rc = query_find(ns, &query, caller, path, arena);

	if (rc == 0)
		rc = check_sum(ns, &query);
	if (rc == 0)
		sum_up(ns, &query.place.inode, ret_summary);
	return query_end(&query, rc, ret_message);
}
