/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/plan.h"

#include "base/check.h"
#include "base/err.h"
#include "bench/answer.h"
#include "proto/client.pb-c.h"
#include "wire/hot_requests.h"

static const char *const op_names[OP_COUNT] = {
        [OP_PREPARE] = "prepare",        [OP_GET_FILE_INFO] = "getFileInfo",
        [OP_GET_LISTING] = "getListing", [OP_MKDIRS] = "mkdirs",
        [OP_CREATE] = "create",          [OP_DELETE] = "delete",
        [OP_RENAME] = "rename",          [OP_MIXED] = "mixed",
        [OP_BLOCKS] = "blocks",          [OP_ROOT] = "root",
};

const char *op_name(enum op op)
{
	CHECK(op < OP_COUNT);
	return op_names[op];
}

int op_parse(const char *text, enum op *ret_op)
{
	for (unsigned op = 0; op < OP_COUNT; op++) {
		if (strcmp(text, op_names[op]) == 0) {
			*ret_op = (enum op)op;
			return 0;
		}
	}
	return -ERR_INVALID;
}

/* ---- which call is next ---- */

static struct name name_of(const struct plan *plan, enum tree tree, char kind, uint64_t number)
{
	return (struct name){
	        .tree = tree,
	        .kind = kind,
	        .dir = (uint32_t)(number / plan->per_dir),
	        .number = tree == TREE_FILES ? number % plan->per_dir : number,
	};
}

void plan_assign(const struct plan *plan, uint64_t slot, struct task *ret_task)
{
	*ret_task = (struct task){.own = name_of(plan, TREE_RUN, 'f', slot)};
}

static void read_file(struct plan *plan, struct task *task)
{
	task->method = METHOD_GET_FILE_INFO;
	task->name = name_of(plan, TREE_FILES, 'f', random_below(&plan->random, plan->files));
}

static void read_listing(struct plan *plan, struct task *task)
{
	task->method = METHOD_GET_LISTING;
	task->name = name_of(plan, TREE_FILES, 'f', 0);
	task->name.dir = (uint32_t)random_below(&plan->random, plan->files / plan->per_dir);
}

static void change(struct task *task, enum method method, struct name name)
{
	task->method = method;
	task->name = name;
}

static void rename_own(struct task *task, uint64_t number)
{
	change(task, METHOD_RENAME, task->own);
	task->own.kind = 'r';
	task->own.number = number;
	task->target = task->own;
}

/* mkdirs, create, rename, delete. */
static void tell_story(const struct plan *plan, struct task *task, uint64_t number)
{
	switch (task->step++ % 4) {
	case 0: change(task, METHOD_MKDIRS, name_of(plan, TREE_RUN, 'm', number)); break;
	case 1:
		task->own = name_of(plan, TREE_RUN, 'f', number);
		change(task, METHOD_CREATE, task->own);
		break;
	case 2: rename_own(task, number); break;
	case 3: change(task, METHOD_DELETE, task->own); break;
	}
}

static void mix(struct plan *plan, struct task *task, uint64_t number)
{
	uint64_t chance = random_below(&plan->random, 100);

	if (chance < 78)
		read_file(plan, task);
	else if (chance < 80)
		read_listing(plan, task);
	else
		tell_story(plan, task, number);
}

bool plan_next(struct plan *plan, struct task *task)
{
	uint64_t number = plan->started;

	if (plan->limit > 0 && number == plan->limit)
		return false;
	plan->started++;
	switch (plan->op) {
	case OP_ROOT: task->method = METHOD_GET_FILE_INFO; break;
	case OP_GET_FILE_INFO: read_file(plan, task); break;
	case OP_GET_LISTING: read_listing(plan, task); break;
	case OP_PREPARE: change(task, METHOD_CREATE, name_of(plan, TREE_FILES, 'f', number)); break;
	case OP_MKDIRS: change(task, METHOD_MKDIRS, name_of(plan, TREE_RUN, 'm', number)); break;
	case OP_CREATE:
	case OP_BLOCKS: change(task, METHOD_CREATE, name_of(plan, TREE_RUN, 'f', number)); break;
	case OP_DELETE: change(task, METHOD_DELETE, name_of(plan, TREE_RUN, 'f', number)); break;
	case OP_RENAME: rename_own(task, number); break;
	case OP_MIXED: mix(plan, task, number); break;
	case OP_COUNT: CHECK(plan->op != OP_COUNT);
	}
	return true;
}

enum plan_step plan_go_on(const struct plan *plan, struct task *task)
{
	switch (task->method) {
	case METHOD_CREATE:
		task->method = plan->op == OP_BLOCKS ? METHOD_ADD_BLOCK : METHOD_COMPLETE;
		return PLAN_CALL;
	case METHOD_ADD_BLOCK: task->method = METHOD_COMPLETE; return PLAN_REPORT;
	case METHOD_COMPLETE: return task->asks_again ? PLAN_REPORT : PLAN_DONE;
	default: return PLAN_DONE;
	}
}

/* ---- what it says ---- */

enum {
	REPLICATION = 1,
	BLOCK_BYTES_MAX = 128 << 20,
};
#define LEASE_HOLDER STR("holdfast-loadgen")

static void encode_create(const struct task *task, struct str path, struct buf *request)
{
	const struct wire_create create = {
	        .path = path,
	        .mode = file_mode(task->name.number),
	        .client_name = LEASE_HOLDER,
	        .flags = HDFS__CREATE_FLAG__CREATE,
	        .create_parent = true,
	        .replication = REPLICATION,
	        .block_size = BLOCK_BYTES_MAX,
	};

	wire_create_encode(request, &create);
}

static void encode_complete(const struct plan *plan, const struct task *task, struct str path,
                            struct buf *request)
{
	const struct wire_complete complete = {
	        .path = path,
	        .client_name = LEASE_HOLDER,
	        .has_last = plan->op == OP_BLOCKS,
	        .last = {plan->pool, task->block_id, task->stamp, BLOCK_BYTES_USED},
	        .file_id = task->file_id,
	};

	wire_complete_encode(request, &complete);
}

void plan_encode(const struct plan *plan, const struct task *task, struct buf *request)
{
	char text[PATH_BYTES_MAX], target[PATH_BYTES_MAX];
	struct str path = {.data = text};

	if (plan->op == OP_ROOT)
		path = STR("/");
	else if (task->method == METHOD_GET_LISTING)
		path.size = names_dir(plan->names, task->name, text);
	else
		path.size = names_path(plan->names, task->name, text);
	switch (task->method) {
	case METHOD_GET_FILE_INFO:
		wire_get_file_info_encode(request, &(struct wire_get_file_info){.path = path});
		break;
	case METHOD_GET_LISTING:
		wire_get_listing_encode(request, &(struct wire_get_listing){.path = path});
		break;
	case METHOD_MKDIRS:
		wire_mkdirs_encode(request, &(struct wire_mkdirs){.path = path,
		                                                  .mode = DIR_MODE,
		                                                  .create_parent = true});
		break;
	case METHOD_CREATE: encode_create(task, path, request); break;
	case METHOD_ADD_BLOCK:
		wire_add_block_encode(request, &(struct wire_add_block){.path = path,
		                                                        .client_name = LEASE_HOLDER,
		                                                        .file_id = task->file_id});
		break;
	case METHOD_COMPLETE: encode_complete(plan, task, path, request); break;
	case METHOD_DELETE: wire_delete_encode(request, &(struct wire_delete){.path = path}); break;
	case METHOD_RENAME:
		wire_rename_encode(
		        request,
		        &(struct wire_rename){
		                .source = path,
		                .target = {target, names_path(plan->names, task->target, target)},
		        });
		break;
	case METHOD_COUNT: CHECK(task->method != METHOD_COUNT);
	}
}

/* ---- what the answer must say ---- */

static const char *check_listing(struct plan *plan, const struct task *task, struct str reply)
{
	uint32_t count = plan->per_dir < LISTING_ENTRIES_MAX ? plan->per_dir : LISTING_ENTRIES_MAX;
	uint64_t looked_at = random_below(&plan->random, count);
	char text[NAME_BYTES_MAX];
	struct name name = task->name;
	struct answer_listing wanted = {
	        .count = count,
	        .remaining = plan->per_dir - count,
	        .looked_at = looked_at,
	        .mode = file_mode(looked_at),
	};

	name.number = looked_at;
	wanted.name = str_make(text, names_last(plan->names, name, text));
	return answer_check_listing(reply, &wanted);
}

/* Every so many answers to getFileInfo one is decoded whole.  Decoding all of them would cost more
 * than the rest of the client, which then, not the server, would be what is measured. */
enum { DECODE_EVERY = 16 };

static const char *check_file_info(struct plan *plan, struct task *task, struct str reply)
{
	uint32_t mode = file_mode(task->name.number);

	if (plan->op == OP_ROOT)
		return answer_check_directory(reply);
	if (answer_is_file(reply, mode) && ++plan->quickly_checked % DECODE_EVERY != 0)
		return NULL;
	return answer_check_file(reply, mode, &task->file_id);
}

const char *plan_check(struct plan *plan, struct task *task, struct str reply)
{
	switch (task->method) {
	case METHOD_GET_FILE_INFO: return check_file_info(plan, task, reply);
	case METHOD_CREATE:
		return answer_check_file(reply, file_mode(task->name.number), &task->file_id);
	case METHOD_ADD_BLOCK:
		return answer_check_block(reply, plan->pool, &task->block_id, &task->stamp);
	case METHOD_GET_LISTING: return check_listing(plan, task, reply);
	case METHOD_COMPLETE:
		task->asks_again = plan->op == OP_BLOCKS && answer_is_false(reply);
		return task->asks_again ? NULL : answer_check_true(reply);
	case METHOD_MKDIRS:
	case METHOD_DELETE:
	case METHOD_RENAME: return answer_check_true(reply);
	case METHOD_COUNT: break;
	}
	return "an answer to no method";
}

bool plan_accepts(const struct plan *plan, const struct task *task, struct str exception_class)
{
	return plan->op == OP_PREPARE && task->method == METHOD_CREATE &&
	       str_equal(exception_class, str_of(err_java_class(ERR_EXISTS)));
}
