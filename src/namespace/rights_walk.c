/* SPDX-License-Identifier: Apache-2.0 */
#include "namespace/permission.h"

#include "base/check.h"
#include "base/mem.h"

/* A directory on the way from the top to where the walk stands. */
struct rights_frame {
	uint64_t id;
	uint32_t rights;
	bool is_checked;
	size_t path_end;
	struct tree_walk children;
};

static void push(struct rights_walk *walk, const struct inode *directory)
{
	struct rights_frame *frame;

	if (walk->frame_count == walk->frame_capacity) {
		walk->frame_capacity = walk->frame_capacity * 2 + 8;
		walk->frames = mem_must_realloc(walk->frames,
		                                walk->frame_capacity * sizeof(*walk->frames));
	}
	frame = &walk->frames[walk->frame_count++];
	*frame = (struct rights_frame){
	        .id = directory->id, .rights = directory->rights, .path_end = walk->path.size};
	tree_walk_begin(&walk->ns->tree.nodes, walk->root, directory->id, (struct str){0},
	                &frame->children);
}

void rights_walk_begin(const struct namespace *ns, struct tree_root root, struct asker *asker,
                       unsigned action, bool skips_empty, struct str path,
                       const struct inode *directory, struct rights_walk *ret_walk)
{
	*ret_walk = (struct rights_walk){.ns = ns,
	                                 .root = root,
	                                 .asker = asker,
	                                 .action = action,
	                                 .skips_empty = skips_empty};
	if (path.size > 1) /* the root's slash comes with the first name */
		buf_append_str(&ret_walk->path, path);
	push(ret_walk, directory);
}

void rights_walk_end(struct rights_walk *walk)
{
	mem_free(walk->frames);
	buf_finish(&walk->path);
}

static struct str frame_path(const struct rights_walk *walk, const struct rights_frame *frame)
{
	return path_prefix(buf_str(&walk->path), frame->path_end);
}

static int check_frame(struct rights_walk *walk, struct rights_frame *frame)
{
	frame->is_checked = true;
	if (rights_allow(walk->ns, walk->asker, frame->rights, walk->action))
		return 0;
	return deny_access(walk->ns, walk->asker, walk->action, frame_path(walk, frame),
	                   frame->rights, true);
}

/* Looks at the next child of the deepest directory. */
static int visit_child(struct rights_walk *walk, const struct inode *child)
{
	struct rights_frame *frame = &walk->frames[walk->frame_count - 1];

	walk->path.size = frame->path_end;
	buf_append_u8(&walk->path, '/');
	buf_append_str(&walk->path, child->name);
	/* HDFS asks this for deletes only: only they leave empty directories out. */
	if (walk->skips_empty &&
	    violates_sticky(walk->ns, walk->asker, frame->rights, child->rights))
		return deny_sticky(walk->ns, walk->asker, buf_str(&walk->path), child,
		                   frame_path(walk, frame), frame->rights, true);
	tree_walk_next(&frame->children);
	if (child->is_directory)
		push(walk, child);
	return 0;
}

int rights_walk_step(struct rights_walk *walk, size_t inodes_max)
{
	struct inode child;
	int rc = 0;

	while (rc == 0 && walk->frame_count > 0 && inodes_max-- > 0) {
		struct rights_frame *frame = &walk->frames[walk->frame_count - 1];
		bool has_child =
		        tree_walk_get(&frame->children, &child) && child.parent == frame->id;

		if (!frame->is_checked && (has_child || !walk->skips_empty))
			rc = check_frame(walk, frame);
		if (rc == 0 && has_child)
			rc = visit_child(walk, &child);
		else
			walk->frame_count--;
	}
	buf_must(&walk->path);
	return rc < 0 ? rc : walk->frame_count > 0;
}
