/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two renames (FSDirRenameOp).  The old one answers false where the new one throws, and moves
 * the source into a target that is a directory.
 */
#include "namespace/call.h"

static int judge_target(struct call *call, struct str target)
{
	int rc = judge_length(call, "rename", target);

	if (rc < 0)
		return rc;
	if (!path_is_valid(target))
		return path_refuse(&call->asker, "Invalid file name: ", target);
	if (str_equal(target, STR("/.reserved")))
		return refuse(&call->asker, ERR_INVALID_PATH,
		              "Invalid path name Cannot rename to or from /.reserved");
	return 0;
}

static int find_target(struct call *call, struct str path)
{
	return path_find(call->ns, &call->asker, path, /* is_create= */ true, &call->target_space,
	                 &call->target);
}

static int check_source(struct call *call)
{
	static const struct wanted from = {.parent = MAY_WRITE};

	return check_rights(call->ns, &call->asker, &call->place, &from);
}

static int check_target(struct call *call)
{
	static const struct wanted to = {.above = MAY_WRITE};

	return check_rights(call->ns, &call->asker, &call->target, &to);
}

static bool is_below_source(const struct call *call)
{
	struct str source = call->place.path;
	struct str target = call->target.path;

	if (call->place.is_root)
		return true;
	return target.size > source.size && str_starts_with(target, source) &&
	       target.data[source.size] == '/';
}

/* ---- rename ---- */

/* The target is a directory: what is meant is the source's name in it. */
static int look_into_target(struct call *call)
{
	struct buf *path = &call->moved_space;

	buf_clear(path);
	if (!call->target.is_root)
		buf_append_str(path, call->target.path);
	buf_append_u8(path, '/');
	buf_append_str(path, path_last(call->place.path));
	buf_must(path);
	return find_target(call, buf_str(path));
}

/* HDFS's old rename says no without saying why. */
static int answer(struct call *call, bool value)
{
	call->result->value = value;
	call->changes_nothing = true;
	return 0;
}

int plan_rename(struct call *call)
{
	const struct command_rename *fields = &call->command->rename;
	int rc = judge_target(call, fields->target);

	if (rc == 0)
		rc = call_find(call, fields->source, false);
	if (rc == 0)
		rc = find_target(call, fields->target);
	if (rc == 0)
		rc = check_source(call);
	if (rc == 0 && call->target.exists && call->target.inode.is_directory)
		rc = look_into_target(call);
	if (rc == 0)
		rc = check_target(call);
	if (rc < 0)
		return rc;
	if (!call->place.exists || call->place.is_root)
		return answer(call, false);
	if (str_equal(call->place.path, call->target.path))
		return answer(call, true);
	if (is_below_source(call) || call->target.exists || !call->target.is_above_parent)
		return answer(call, false);
	rc = judge_moved(call);
	return rc < 0 ? rc : judge_names(call, &call->target);
}

static void move_source(struct call *call)
{
	struct namespace *ns = call->ns;
	uint64_t now = call->command->wall_ms;
	uint32_t from = call->place.above_row;
	uint64_t id = call->place.inode.id;
	struct inode inode;
	bool is_tree;

	CHECK(tree_get_id(&ns->tree, id, &inode, NULL)); /* the one found before may have moved */
	is_tree = inode.is_directory && dir_at(&ns->dirs, dirs_find(&ns->dirs, id))->children > 0;
	inode_move(ns, &inode, call->target.above, path_last(call->target.path));
	inode_touch(ns, from, now);
	note_arrival(call, call->target.above_row, &inode, is_tree);
	call->result->inode = id;
	call->result->value = true;
}

void commit_rename(struct call *call)
{
	move_source(call);
}

/* ---- rename2 ---- */

static int check_overwrite(struct call *call)
{
	const struct inode *source = &call->place.inode;
	const struct inode *target = &call->target.inode;
	struct str path = call->target.path;

	if (source->is_directory != target->is_directory)
		return refuse(&call->asker, ERR_WRITE_REFUSED,
		              "Source %.*s and destination %.*s must both be directories",
		              STR_ARGS(call->place.path), STR_ARGS(path));
	if (!call->command->rename2.overwrite)
		return refuse(&call->asker, ERR_EXISTS, "rename destination %.*s already exists",
		              STR_ARGS(path));
	if (target->is_directory &&
	    dir_at(&call->ns->dirs, dirs_find(&call->ns->dirs, target->id))->children > 0)
		return refuse(&call->asker, ERR_WRITE_REFUSED,
		              "rename destination directory is not empty: %.*s", STR_ARGS(path));
	return 0;
}

static int check_move(struct call *call)
{
	struct str source = call->place.path;
	struct str target = call->target.path;
	int rc;

	if (!call->place.exists)
		return refuse(&call->asker, ERR_NOT_FOUND, "rename source %.*s is not found.",
		              STR_ARGS(source));
	if (call->place.is_root)
		return refuse(&call->asker, ERR_WRITE_REFUSED, "rename source cannot be the root");
	if (str_equal(source, target))
		return refuse(&call->asker, ERR_EXISTS,
		              "The source %.*s and destination %.*s are the same", STR_ARGS(source),
		              STR_ARGS(target));
	if (is_below_source(call))
		return refuse(&call->asker, ERR_WRITE_REFUSED,
		              "Rename destination %.*s is a directory or file under source %.*s",
		              STR_ARGS(target), STR_ARGS(source));
	if (call->target.is_root)
		return refuse(&call->asker, ERR_WRITE_REFUSED,
		              "rename destination cannot be the root");
	if (!call->target.exists && !call->target.is_above_parent)
		return refuse(&call->asker, ERR_NOT_FOUND,
		              "rename destination parent %.*s not found.", STR_ARGS(target));
	rc = call->target.exists ? check_overwrite(call) : judge_names(call, &call->target);
	return rc < 0 ? rc : judge_moved(call);
}

int plan_rename2(struct call *call)
{
	const struct command_rename2 *fields = &call->command->rename2;
	int rc = judge_target(call, fields->target);

	if (rc == 0)
		rc = call_find(call, fields->source, false);
	if (rc == 0)
		rc = find_target(call, fields->target);
	if (rc == 0)
		rc = check_source(call);
	if (rc == 0)
		rc = check_target(call);
	return rc < 0 ? rc : check_move(call);
}

void commit_rename2(struct call *call)
{
	if (call->target.exists)
		remove_place(call, &call->target);
	move_source(call);
}
