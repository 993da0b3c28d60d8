/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command on its way through the namespace: planned (what is to be answered, nothing changes),
 * then carried out.  Admission plans with the same code and stops there.
 */
#ifndef HOLDFAST_NAMESPACE_CALL_H
#define HOLDFAST_NAMESPACE_CALL_H

#include "namespace/path.h"
#include "namespace/permission.h"

struct call {
	struct namespace *ns;
	const struct command *command;
	const struct ns_limits *limits; /* NULL in apply */
	struct asker asker;
	uint64_t index;
	struct ns_result *result;
	bool changes_nothing; /* set by a plan that answers 0: there is nothing to carry out */
	struct buf space;     /* where the paths of the places may stand */
	struct buf target_space;
	struct buf moved_space;
	size_t gone_capacity;
	struct place place;    /* of the path, of the source, of the inode named */
	struct place target;   /* of a rename */
	struct tree_spot spot; /* of place, if call_find() found that */
};

/* A plan answers 0 or a refusal and keeps what it found in the call; then the commit may not fail.
 */
#define ENTRY(number, name)                                                                        \
	int plan_##name(struct call *call);                                                        \
	void commit_##name(struct call *call);
#define RESERVED(number, name)
#include "format/entry_kinds.def"
#undef ENTRY
#undef RESERVED

/* How many forgotten rows of the retry table one entry takes away.  It adds one at most, so even
 * without ticks there are never more and more. */
enum { RETRY_FORGET_EACH = 4, RETRY_FORGET_TICK = 4096 };
void forget_retries(struct namespace *ns, size_t count);

/* ---- call.c: what several commands do ---- */

enum { CREATE_NEW = 1, CREATE_OVERWRITE = 2 }; /* HDFS's CreateFlag */

/* To call->place. */
int call_find(struct call *call, struct str path, bool is_create);
int judge_length(struct call *call, const char *method, struct str path);
/* The same of where a path leads, for new calls: by way of an inode's id it may be deeper than it
 * looks; and of the lowest that a rename would move, unless it comes no deeper.  What is too deep
 * costs every change below. */
int judge_place(struct call *call, const char *method, const struct place *place);
int judge_moved(struct call *call);
/* The names that would be made below place->above: their length, their number, reserved ones. */
int judge_names(struct call *call, const struct place *place);
/* Makes the directories that are missing above the last name, and moves place->above along. */
void make_parents(struct call *call, struct place *place, bool inherits, uint16_t mode);
/* Adds a new inode as the last name of the place; rights, times and id are filled in.  Returns the
 * id. */
uint64_t make_last(struct call *call, struct place *place, struct inode *inode, uint16_t mode);
/* After something came into a directory, a tree if something is in it: the directory's mtime, and
 * what that means for rights below. */
void note_arrival(struct call *call, uint32_t row, const struct inode *inode, bool is_tree);
/* Removes what is at the place.  Blocks go to result->gone; a directory with content is detached.
 */
void remove_place(struct call *call, struct place *place);
/* The same for any inode, as read from the tree, without a look at what is above it. */
void remove_inode(struct call *call, struct inode *inode);
void report_gone(struct call *call, const struct inode *inode);
void report_gone_block(struct call *call, struct block block);

/* ---- call_file.c: files that are written ---- */

/* An open file of `holder`, by id or, if that is 0, by path, to call->place. */
int find_open_file(struct call *call, uint64_t id, struct str path, struct str holder);
/* The same without asking whether it is open and whose. */
int find_file(struct call *call, uint64_t id, struct str path);
int check_is_open_by(struct call *call, uint64_t id, struct str holder);
/* What can be closed without the workers: no block, or none being written. */
bool can_close(const struct inode *inode);
/* Ends the lease.  A block that was being written is complete and is `last`. */
void close_file(struct call *call, uint64_t id, const struct block *last);

#endif
