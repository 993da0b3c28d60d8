/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of a command: known call? then its first answer.  Else its plan; else, in apply, its
 * commit and a row in the retry table.  ns_check() goes the same way and stops before the commit.
 */
#include "namespace/canonical.h"
#include "base/twins.h"
#include "namespace/call.h"

#include <stddef.h>
#include <string.h>

#include "base/check.h"

enum { SWEEP_EACH_ENTRY = 64 };

/* ---- the table of commands ---- */

struct operation {
	int (*plan)(struct call *call);
	void (*commit)(struct call *call);
};

static const struct operation operations[] = {
#define ENTRY(number, name) [number] = {plan_##name, commit_##name},
#define RESERVED(number, name)
#include "format/entry_kinds.def"
#undef ENTRY
#undef RESERVED
};

static bool needs_root(enum entry_kind kind)
{
	return kind != ENTRY_cluster && kind != ENTRY_noop && kind != ENTRY_tick &&
	       kind != ENTRY_feature_level;
}

static void call_begin(struct call *call, struct namespace *ns, const struct command *command,
                       const struct ns_limits *limits, struct arena *arena,
                       struct ns_result *result)
{
	*result = (struct ns_result){0};
	memset(call, 0, offsetof(struct call, place));
	place_init(&call->place, (struct str){0});
	place_init(&call->target, (struct str){0});
	call->ns = ns;
	call->command = command;
	call->limits = limits;
	call->index = ns->applied + 1;
	call->result = result;
	call->asker = (struct asker){
	        .user = command->user,
	        .groups = command->groups,
	        .is_superuser = (command->flags & COMMAND_SUPERUSER) != 0,
	        .arena = arena,
	};
}

static void call_end(struct call *call)
{
	call->result->message = call->asker.message;
	call->result->left_to_reclaim = call->ns->detached.inodes;
	buf_finish(&call->space);
	buf_finish(&call->target_space);
	buf_finish(&call->moved_space);
}

static int plan(struct call *call)
{
	enum entry_kind kind = call->command->kind;

	if ((size_t)kind >= COUNT_OF(operations) || operations[kind].plan == NULL)
		return refuse(&call->asker, ERR_INTERNAL, "unknown command %u", (unsigned)kind);
	if (needs_root(kind) && !call->ns->settings.has_identity)
		return refuse(&call->asker, ERR_INTERNAL, "the namespace is empty");
	return operations[kind].plan(call);
}

/* ---- repeated calls ---- */

/* What was made may have changed, or gone: then the repeated call says what it was. */
static void show_made(struct call *call, const struct retry_row *row)
{
	const struct command_create *fields = &call->command->create;
	struct ns_result *result = call->result;
	struct inode inode;

	result->has_status = true;
	if (tree_get_id(&call->ns->tree, row->inode, &inode, NULL) &&
	    inode_is_attached(call->ns, &inode)) {
		show_status(call->ns, &inode, &result->status);
		return;
	}
	result->status = (struct ns_status){
	        .type = NS_FILE,
	        .inode = row->inode,
	        .name = path_last(fields->path),
	        .mode = fields->mode & MODE_ALL,
	        .owner = call->command->user,
	        .mtime_ms = call->command->wall_ms,
	        .atime_ms = call->command->wall_ms,
	        .replication = fields->replication,
	        .block_size = fields->block_size,
	        .storage_policy = fields->storage_policy,
	        .is_under_construction = true,
	};
}

/* The block that was added after the previous one.  False: it is gone. */
static bool show_added(struct call *call, const struct retry_row *row)
{
	uint64_t previous = call->command->add_block.previous.id;
	struct ns_result *result = call->result;
	struct blocks_walk walk;
	struct block block;
	struct inode inode;

	if (!tree_get_id(&call->ns->tree, row->inode, &inode, NULL) ||
	    !inode_is_attached(call->ns, &inode))
		return false;
	result->block_offset = inode.length;
	blocks_walk_begin(&call->ns->tree.nodes, &inode, &walk);
	while (blocks_walk_next(&walk, &block) && block.id != previous) {
		result->block = block;
		result->block_offset -= block.length;
	}
	if (inode.workers != 0 && blocks_last(&call->ns->tree.nodes, &inode).id == result->block.id)
		result->workers = canonical_strs_of(text_of(&call->ns->interns, inode.workers),
		                                    call->asker.arena);
	return result->block.id != 0;
}

static void show_refusal(struct call *call, int rc)
{
	if (plan(call) != rc) /* its own text is the right one if it is refused alike */
		refuse(&call->asker, ERR_OK, "%s", err_text(rc));
	call->result->value = false;
}

/* Its writer gave the block up, or the file is gone, which has a refusal of its own. */
static void show_gone(struct call *call)
{
	struct ns_result *result = call->result;

	result->rc = plan(call);
	if (result->rc == 0)
		result->rc = refuse(&call->asker, ERR_WRITE_REFUSED,
		                    "the block that this call was given was given up since");
	result->inode = 0;
}

static bool answer_repeat(struct call *call)
{
	const struct command *command = call->command;
	struct ns_result *result = call->result;
	struct retry_row row;

	if (!command->has_client ||
	    !retries_find(&call->ns->retries, command->client_id, command->call_id, &row))
		return false;
	result->is_repeat = true;
	if (row.kind != (unsigned)command->kind) {
		result->rc = refuse(&call->asker, ERR_REPEAT_DIFFERS,
		                    "the call repeats another one, which was a %s",
		                    entry_kind_name(row.kind));
		return true;
	}
	result->rc = -(int)row.rc;
	result->value = (row.flags & RETRY_VALUE) != 0;
	result->inode = row.inode;
	if (row.rc != 0) {
		show_refusal(call, result->rc);
	} else if (row.kind == ENTRY_create) {
		show_made(call, &row);
	} else if (row.kind == ENTRY_add_block) {
		if (!show_added(call, &row))
			show_gone(call);
	} else if (row.kind == ENTRY_new_stamp) {
		result->block = command->new_stamp.block;
		result->block.stamp = row.inode;
		result->inode = 0;
	}
	return true;
}

static void keep_answer(struct call *call)
{
	const struct command *command = call->command;
	const struct ns_result *result = call->result;
	struct namespace *ns = call->ns;
	struct retry_row row = {
	        .which = (command->flags & COMMAND_AT_MOST_ONCE) != 0 ? RETRY_AT_MOST_ONCE
	                                                              : RETRY_OTHERS,
	        .call_id = command->call_id,
	        .kind = (uint8_t)command->kind,
	        .rc = (uint8_t)-result->rc,
	        .flags = result->value ? RETRY_VALUE : 0,
	        .inode = command->kind == ENTRY_new_stamp ? result->block.stamp : result->inode,
	        .age_ms = ns->settings.age_ms,
	};

	/* Who may try again here must not get the same refusal again. */
	if (!command->has_client || (result->rc != 0 && err_action(result->rc) != ERR_ACTION_FAIL))
		return;
	memcpy(row.client_id, command->client_id, sizeof(row.client_id));
	retries_add(&ns->retries, &row);
	canonical_retry(&row, &ns->scratch);
	ns->digest = hash128_add(ns->digest, canonical_scratch_hash(ns));
}

void forget_retries(struct namespace *ns, size_t count)
{
	struct retry_row row;

	for (int which = 0; which < RETRY_CLASSES; which++)
		for (size_t i = 0;
		     i < count && retries_forget(&ns->retries, (enum retry_class)which, &row);
		     i++) {
			canonical_retry(&row, &ns->scratch);
			ns->digest = hash128_subtract(ns->digest, canonical_scratch_hash(ns));
		}
}

/* ---- apply and check ---- */

static void note_age(struct namespace *ns, uint64_t age_ms)
{
	if (age_ms > ns->settings.age_ms)
		ns->settings.age_ms = age_ms <= AGE_MS_MAX ? age_ms : AGE_MS_MAX;
}

static void carry_out(struct call *call)
{
	struct ns_result *result = call->result;

	result->rc = plan(call);
	if (result->rc == -ERR_AGAIN) /* checked before it was proposed, so it changed since */
		result->rc = -ERR_CHANGED;
	if (result->rc < 0)
		result->value = false;
	else if (!call->changes_nothing)
		operations[call->command->kind].commit(call);
	keep_answer(call);
}

static void apply(struct call *call)
{
	struct namespace *ns = call->ns;

	note_age(ns, call->command->age_ms);
	if (!answer_repeat(call))
		carry_out(call);
	forget_retries(ns, RETRY_FORGET_EACH);
	if (list_is_empty(&ns->holds))
		interns_sweep(&ns->interns, SWEEP_EACH_ENTRY);
}

void ns_apply(struct namespace *ns, uint64_t index, const struct command *command,
              struct arena *arena, struct ns_result *ret_result)
{
	struct call call;

	CHECK(ns->magic == NAMESPACE_MAGIC && index == ns->applied + 1);
	call_begin(&call, ns, command, NULL, arena, ret_result);
	if (!entry_kind_is_journals(command->kind))
		apply(&call);
	ns->applied = index;
	call_end(&call);
}

void ns_check(struct namespace *ns, const struct command *command, const struct ns_limits *limits,
              struct arena *arena, struct ns_result *ret_result)
{
	struct call call;

	call_begin(&call, ns, command, limits, arena, ret_result);
	if (IS_BROKEN(REPEAT_CHECKED_FIRST) || !answer_repeat(&call)) {
		ret_result->rc = plan(&call);
		if (ret_result->rc < 0)
			ret_result->value = false;
		else
			ret_result->changes_nothing = call.changes_nothing;
	}
	call_end(&call);
}

void ns_retry_prefetch(const struct namespace *ns, const uint8_t *client_id, int32_t call_id)
{
	retries_prefetch(&ns->retries, client_id, call_id);
}

bool ns_retry_find(struct namespace *ns, const struct command *command, struct arena *arena,
                   struct ns_result *ret_result)
{
	struct ns_result result;
	struct call call;
	bool is_known;

	call_begin(&call, ns, command, NULL, arena, &result);
	is_known = answer_repeat(&call);
	call_end(&call);
	if (is_known)
		*ret_result = result;
	return is_known;
}
