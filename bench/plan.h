/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What to ask next, and whether an answer is right.
 *
 * A task belongs to one slot (one call in flight of one connection).  An operation is one call, or
 * several that follow each other (create, complete).  Reads go to the prepared files; whatever
 * changes the namespace takes new names each time, so no answer comes from an earlier run.
 *
 *   prepare      create and complete of file number 0..count-1 of TREE_FILES; existing ones stay
 *   getFileInfo  of a prepared file, chosen at random
 *   getListing   of a full directory of prepared files, chosen at random
 *   mkdirs       of a new directory
 *   create       create and complete of a new file
 *   delete       of file number 0..count-1, which a create plan of the same run has made
 *   rename       of the slot's own file, made likewise, to a new name each time
 *   mixed        78 % getFileInfo, 2 % getListing, and 20 % next step of the slot's own story:
 *                mkdirs, create and complete, rename, delete
 *   blocks       create, addBlock and complete of a new file of one block; between the last two
 *                the caller must report the block, as a worker would
 *   root         getFileInfo of "/": is anybody there?
 */
#ifndef HOLDFAST_BENCH_PLAN_H
#define HOLDFAST_BENCH_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"
#include "bench/message.h"
#include "bench/names.h"

enum op {
	OP_PREPARE,
	OP_GET_FILE_INFO,
	OP_GET_LISTING,
	OP_MKDIRS,
	OP_CREATE,
	OP_DELETE,
	OP_RENAME,
	OP_MIXED,
	OP_BLOCKS,
	OP_ROOT,
	OP_COUNT,
};

const char *op_name(enum op op);
/* -ERR_INVALID when there is no such operation. */
int op_parse(const char *text, enum op *ret_op);

/* Of the one block of a file that has one. */
enum { BLOCK_BYTES_USED = 1 << 20 };

/* HDFS answers at most so many entries to one getListing (dfs.ls.limit). */
enum { LISTING_ENTRIES_MAX = 1000 };

struct plan {
	enum op op;
	const struct names *names;
	uint64_t files;   /* prepared files */
	uint32_t per_dir; /* entries of a directory */
	uint64_t limit;   /* operations to start; 0: no limit */
	uint64_t started; /* operations */
	struct random random;
	struct str pool;          /* block pool (blocks) */
	uint64_t quickly_checked; /* answers, by answer_is_file() */
};

struct task {
	enum method method; /* of the call that is in flight, or to be sent */
	struct name name;
	struct name target; /* of a rename */
	struct name own;    /* where the slot's own file is (rename, mixed) */
	uint64_t file_id;   /* of the file that is being made ... */
	uint64_t block_id;  /* ... and of its block ... */
	uint64_t stamp;     /* ... which has this generation stamp */
	bool asks_again;    /* complete said that the block is not known yet */
	unsigned step;      /* of the slot's story (mixed) */
};

/* A task for slot number `slot`. */
void plan_assign(const struct plan *plan, uint64_t slot, struct task *ret_task);
/* The first call of the next operation.  False: none is left. */
bool plan_next(struct plan *plan, struct task *task);

enum plan_step {
	PLAN_DONE,   /* the operation has ended */
	PLAN_CALL,   /* it goes on with another call */
	PLAN_REPORT, /* the same, once the block was reported */
};
/* After a right answer. */
enum plan_step plan_go_on(const struct plan *plan, struct task *task);

/* Appends the request message of the task's call. */
void plan_encode(const struct plan *plan, const struct task *task, struct buf *request);
/* Whether a successful reply says what it must: NULL, or what is wrong with it. */
const char *plan_check(struct plan *plan, struct task *task, struct str reply);
/* True when the operation may end by this exception (its class). */
bool plan_accepts(const struct plan *plan, const struct task *task, struct str exception_class);

#endif
