/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths: who asks, and where a path leads.
 */
#ifndef HOLDFAST_NAMESPACE_PATH_H
#define HOLDFAST_NAMESPACE_PATH_H

#include "namespace/namespace_private.h"

/* ---- who asks ---- */

struct asker {
	struct str user;
	struct strs groups;
	bool is_superuser;
	struct arena *arena; /* for texts; NULL: none are made */
	struct str message;  /* of the refusal */
};

static inline struct asker asker_of(const struct ns_caller *caller, struct arena *arena)
{
	return (struct asker){.user = caller->user,
	                      .groups = caller->groups,
	                      .is_superuser = caller->is_superuser,
	                      .arena = arena};
}

/* Keeps the text and returns -err. */
int refuse(struct asker *asker, enum err err, const char *format, ...) PRINTF_LIKE(3, 4);

/* ---- where a path leads ---- */

/* Where a path leads. */
struct place {
	struct str path; /* without a slash at the end; "/" for the root */
	bool exists;
	bool is_root;
	struct inode inode; /* when it exists; its name is good until the namespace changes */

	/* The deepest directory there is above the last name; the root has none. */
	uint64_t above;
	uint32_t above_row; /* 0: none */
	uint32_t above_rights;
	size_t above_end;     /* of its path in `path`; 0 for the root */
	bool is_above_parent; /* it is the last name's own directory */
};

/* Nothing there.  The inode, which is only looked at when something exists, is left as it is. */
static inline void place_init(struct place *place, struct str path)
{
	place->path = path;
	place->exists = false;
	place->is_root = path.size == 1;
	place->above = 0;
	place->above_row = 0;
	place->above_rights = 0;
	place->above_end = 0;
	place->is_above_parent = false;
}

struct path_walk {
	struct namespace *ns;
	struct place *place;
	struct asker *asker;
	bool is_create;
	struct way_passed passed; /* above the directory that the name is looked for in */
	size_t at;                /* of the name looked for */
	struct str name;
	uint64_t hash;
	bool is_last;
	bool is_in_tree;
	bool is_done;
	int rc;
	struct tree_descent descent;
};

/* Texts that a path may be replaced by (/.reserved/.inodes/...) go to buf, which must live as long
 * as the place. */
int path_normalise(struct namespace *ns, struct asker *asker, struct str path, struct buf *buf,
                   struct str *ret_path);
/* `path` as path_normalise() gave it.  Every directory passed must let the asker through.  With
 * is_create, for something new, a file on the way is -ERR_NOT_DIRECTORY, else -ERR_PERMISSION, as
 * in HDFS. */
void path_walk_begin(struct namespace *ns, struct asker *asker, struct str path, bool is_create,
                     struct path_walk *ret_walk, struct place *ret_place);
/* One memory access further; true: done, then rc says how it ended. */
bool path_walk_step(struct path_walk *walk);
/* All in one. */
int path_find(struct namespace *ns, struct asker *asker, struct str path, bool is_create,
              struct buf *buf, struct place *ret_place);
/* The same; ret_spot is where the last name stands, or would stand. */
int path_find_spot(struct namespace *ns, struct asker *asker, struct str path, bool is_create,
                   struct buf *buf, struct place *ret_place, struct tree_spot *ret_spot);
/* What HDFS calls a valid name for something new: absolute, no empty, "." or ".." component, no
 * colon. */
bool path_is_valid(struct str path);
/* The refusal of a path that is not.  `what` begins its text. */
int path_refuse(struct asker *asker, const char *what, struct str path);
/* End of the name that begins at `at`. */
size_t path_name_end(struct str path, size_t at);
/* The last component. */
struct str path_last(struct str path);
/* Everything before it; "/" for what is in the root. */
struct str path_parent(struct str path);
/* Path of a prefix that ends at `end`. */
struct str path_prefix(struct str path, size_t end);

#endif
