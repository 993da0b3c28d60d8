/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owner, mode, times and replication (FSDirAttrOp).
 */
#include "namespace/call.h"

#include "base/check.h"

/* The path of a call that changes an owner or a mode, which only an owner may. */
static int find_own(struct call *call, struct str path)
{
	int rc;

	if (str_equal(path, STR("/.reserved")))
		return refuse(&call->asker, ERR_INVALID_PATH, "Invalid path name /.reserved");
	rc = call_find(call, path, false);
	if (rc < 0)
		return rc;
	if (!call->place.exists)
		return refuse(&call->asker, ERR_NOT_FOUND, "Directory/File does not exist %.*s",
		              STR_ARGS(call->place.path));
	call->result->inode = call->place.inode.id;
	return check_owner(call->ns, &call->asker, &call->place);
}

static bool rights_equal(struct rights a, struct rights b)
{
	return a.mode == b.mode && str_equal(a.owner, b.owner) && str_equal(a.group, b.group);
}

/* Changes rights; a walk over them finds something else after that. */
static void change_rights(struct call *call, struct rights rights)
{
	struct namespace *ns = call->ns;
	struct inode_change change;
	bool is_directory;

	CHECK(inode_change_begin(ns, call->place.inode.id, &change));
	is_directory = change.inode.is_directory;
	inode_set_rights(ns, &change.inode, rights);
	inode_change_end(ns, &change);
	if (is_directory)
		inode_rights_changed(ns, dirs_find(&ns->dirs, call->place.inode.id), call->index);
	else if ((rights_of(&ns->interns, call->place.above_rights).mode & MODE_STICKY) != 0)
		inode_rights_changed(ns, call->place.above_row, call->index);
}

static struct rights rights_with_mode(const struct call *call)
{
	struct rights rights = rights_of(&call->ns->interns, call->place.inode.rights);

	rights.mode = call->command->set_permission.mode & MODE_ALL;
	return rights;
}

int plan_set_permission(struct call *call)
{
	int rc = find_own(call, call->command->set_permission.path);

	if (rc == 0)
		call->changes_nothing =
		        rights_equal(rights_with_mode(call),
		                     rights_of(&call->ns->interns, call->place.inode.rights));
	return rc;
}

void commit_set_permission(struct call *call)
{
	change_rights(call, rights_with_mode(call));
}

/* ---- set_owner ---- */

static struct rights rights_with_owner(const struct call *call)
{
	const struct command_set_owner *fields = &call->command->set_owner;
	struct rights rights = rights_of(&call->ns->interns, call->place.inode.rights);

	if (fields->owner.size > 0)
		rights.owner = fields->owner;
	if (fields->group.size > 0)
		rights.group = fields->group;
	return rights;
}

static bool asker_is_in(const struct call *call, struct str group)
{
	for (size_t i = 0; i < call->asker.groups.count; i++)
		if (str_equal(call->asker.groups.items[i], group))
			return true;
	return false;
}

int plan_set_owner(struct call *call)
{
	const struct command_set_owner *fields = &call->command->set_owner;
	struct asker *asker = &call->asker;
	int rc = find_own(call, fields->path);

	if (rc < 0)
		return rc;
	if (!asker->is_superuser && fields->owner.size > 0 &&
	    !str_equal(fields->owner, asker->user))
		return refuse(asker, ERR_PERMISSION,
		              "User %.*s is not a super user (non-super user cannot change owner).",
		              STR_ARGS(asker->user));
	if (!asker->is_superuser && fields->group.size > 0 && !asker_is_in(call, fields->group))
		return refuse(asker, ERR_PERMISSION, "User %.*s does not belong to %.*s",
		              STR_ARGS(asker->user), STR_ARGS(fields->group));
	call->changes_nothing = rights_equal(
	        rights_with_owner(call), rights_of(&call->ns->interns, call->place.inode.rights));
	return 0;
}

void commit_set_owner(struct call *call)
{
	change_rights(call, rights_with_owner(call));
}

/* ---- set_times ---- */

static bool is_time(uint64_t time_ms)
{
	return time_ms <= INT64_MAX; /* -1 and below: leave it as it is */
}

int plan_set_times(struct call *call)
{
	static const struct wanted write_self = {.self = MAY_WRITE};
	const struct command_set_times *fields = &call->command->set_times;
	int rc = call_find(call, fields->path, false);

	if (rc == 0)
		rc = check_rights(call->ns, &call->asker, &call->place, &write_self);
	if (rc < 0)
		return rc;
	if (!call->place.exists)
		return refuse(&call->asker, ERR_NOT_FOUND, "File/Directory %.*s does not exist.",
		              STR_ARGS(call->place.path));
	call->result->inode = call->place.inode.id;
	call->changes_nothing = !is_time(fields->mtime_ms) && !is_time(fields->atime_ms);
	return 0;
}

void commit_set_times(struct call *call)
{
	const struct command_set_times *fields = &call->command->set_times;
	struct inode_change change;

	CHECK(inode_change_begin(call->ns, call->place.inode.id, &change));
	if (is_time(fields->mtime_ms))
		change.inode.mtime_ms = fields->mtime_ms;
	if (is_time(fields->atime_ms))
		change.inode.atime_ms = fields->atime_ms;
	inode_change_end(call->ns, &change);
}

/* ---- set_replication ---- */

static int judge_replication(struct call *call)
{
	const struct command_set_replication *fields = &call->command->set_replication;
	const struct ns_limits *limits = call->limits;
	int16_t replication = (int16_t)fields->replication; /* HDFS's short */

	if (limits != NULL && replication > limits->replication_max)
		return refuse(&call->asker, ERR_WRITE_REFUSED,
		              "Requested replication factor of %d exceeds maximum of %u for %.*s",
		              replication, limits->replication_max, STR_ARGS(fields->path));
	if (limits != NULL && replication < limits->replication_min)
		return refuse(&call->asker, ERR_WRITE_REFUSED,
		              "Requested replication factor of %d is less than the required "
		              "minimum of %u for %.*s",
		              replication, limits->replication_min, STR_ARGS(fields->path));
	return 0;
}

int plan_set_replication(struct call *call)
{
	static const struct wanted write_self = {.self = MAY_WRITE};
	const struct command_set_replication *fields = &call->command->set_replication;
	const struct inode *inode = &call->place.inode;
	int rc = judge_replication(call);

	if (rc == 0)
		rc = call_find(call, fields->path, false);
	if (rc == 0)
		rc = check_rights(call->ns, &call->asker, &call->place, &write_self);
	if (rc < 0)
		return rc;
	call->result->value = call->place.exists && !inode->is_directory;
	call->result->inode = call->place.exists ? inode->id : 0;
	call->changes_nothing =
	        !call->result->value ||
	        class_of(&call->ns->interns, inode->file_class).replication == fields->replication;
	return 0;
}

void commit_set_replication(struct call *call)
{
	struct namespace *ns = call->ns;
	struct inode_change change;
	struct file_class file_class;

	CHECK(inode_change_begin(ns, call->place.inode.id, &change));
	file_class = class_of(&ns->interns, change.inode.file_class);
	file_class.replication = call->command->set_replication.replication;
	inode_set_class(ns, &change.inode, file_class);
	inode_change_end(ns, &change);
}

/* ---- access_times ---- */

int plan_access_times(struct call *call)
{
	call->changes_nothing = call->command->access_times.inodes.count == 0;
	return 0;
}

void commit_access_times(struct call *call)
{
	const struct command_access_times *fields = &call->command->access_times;
	struct inode_change change;

	for (size_t i = 0; i < fields->inodes.count; i++) {
		if (!inode_change_begin(call->ns, fields->inodes.items[i], &change) ||
		    change.inode.is_directory || change.inode.atime_ms >= fields->atime_ms)
			continue;
		change.inode.atime_ms = fields->atime_ms;
		inode_change_end(call->ns, &change);
	}
}
