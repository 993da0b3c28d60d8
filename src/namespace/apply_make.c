/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mkdirs and create.  The order of the checks is HDFS's (FSDirMkdirOp, FSDirWriteFileOp), for it
 * decides which refusal a caller sees.
 */
#include "namespace/call.h"

#include <inttypes.h>

static int require_parent(struct call *call)
{
	struct str parent = path_parent(call->place.path);

	if (call->place.is_above_parent)
		return 0;
	return refuse(&call->asker, ERR_NOT_FOUND, "Parent directory doesn't exist: %.*s",
	              STR_ARGS(parent));
}

static const struct wanted write_above = {.above = MAY_WRITE};

int plan_mkdirs(struct call *call)
{
	const struct command_mkdirs *fields = &call->command->mkdirs;
	struct place *place = &call->place;
	int rc = judge_length(call, "mkdirs", fields->path);

	if (rc < 0)
		return rc;
	if (!path_is_valid(fields->path))
		return path_refuse(&call->asker, "Invalid file name: ", fields->path);
	rc = call_find(call, fields->path, true);
	if (rc < 0)
		return rc;
	if (place->exists && !place->inode.is_directory)
		return refuse(&call->asker, ERR_EXISTS, "Path is not a directory: %.*s",
		              STR_ARGS(fields->path));
	if (place->exists) {
		call->changes_nothing = true;
		call->result->value = true;
		call->result->inode = place->inode.id;
		return 0;
	}
	rc = check_rights(call->ns, &call->asker, place, &write_above);
	if (rc == 0 && !fields->create_parent)
		rc = require_parent(call);
	if (rc == 0)
		rc = judge_place(call, "mkdirs", place);
	return rc < 0 ? rc : judge_names(call, place);
}

void commit_mkdirs(struct call *call)
{
	const struct command_mkdirs *fields = &call->command->mkdirs;
	struct inode inode = {.is_directory = true};

	make_parents(call, &call->place, /* inherits= */ false, fields->mode);
	call->result->inode = make_last(call, &call->place, &inode, fields->mode);
	call->result->value = true;
}

/* ---- create ---- */

static int judge_new_file(struct call *call)
{
	const struct command_create *fields = &call->command->create;
	const struct ns_limits *limits = call->limits;
	int16_t replication = (int16_t)fields->replication; /* HDFS's short */

	if (limits == NULL)
		return 0;
	if (replication > limits->replication_max)
		return refuse(&call->asker, ERR_WRITE_REFUSED,
		              "Requested replication factor of %d exceeds maximum of %u for %.*s, "
		              "clientName=%.*s",
		              replication, limits->replication_max, STR_ARGS(fields->path),
		              STR_ARGS(fields->client_machine));
	if (replication < limits->replication_min)
		return refuse(&call->asker, ERR_WRITE_REFUSED,
		              "Requested replication factor of %d is less than the required "
		              "minimum of %u for %.*s, clientName=%.*s",
		              replication, limits->replication_min, STR_ARGS(fields->path),
		              STR_ARGS(fields->client_machine));
	if (fields->block_size > INT64_MAX || fields->block_size < limits->block_size_min)
		return refuse(&call->asker, ERR_WRITE_REFUSED,
		              "Specified block size %" PRId64 " is less than configured minimum "
		              "value dfs.namenode.fs-limits.min-block-size=%" PRIu64,
		              (int64_t)fields->block_size, limits->block_size_min);
	return 0;
}

/* A file is there and may not be overwritten. */
static int refuse_existing(struct call *call)
{
	const struct command_create *fields = &call->command->create;
	const struct inode *inode = &call->place.inode;
	struct str owner = text_of(&call->ns->interns, inode->holder);
	struct str machine = text_of(&call->ns->interns, inode->machine);

	if (!inode->is_open)
		return refuse(&call->asker, ERR_EXISTS, "%.*s for client %.*s already exists",
		              STR_ARGS(call->place.path), STR_ARGS(fields->client_machine));
	if (str_equal(owner, fields->holder))
		return refuse(&call->asker, ERR_BEING_CREATED,
		              "Failed to CREATE_FILE %.*s for %.*s on %.*s because %.*s is already "
		              "the current lease holder.",
		              STR_ARGS(call->place.path), STR_ARGS(fields->holder),
		              STR_ARGS(fields->client_machine), STR_ARGS(owner));
	return refuse(&call->asker, ERR_BEING_CREATED,
	              "Failed to CREATE_FILE %.*s for %.*s on %.*s because this file lease is "
	              "currently owned by %.*s on %.*s",
	              STR_ARGS(call->place.path), STR_ARGS(fields->holder),
	              STR_ARGS(fields->client_machine), STR_ARGS(owner), STR_ARGS(machine));
}

static int plan_over_existing(struct call *call)
{
	static const struct wanted write_self = {.self = MAY_WRITE};
	struct place *place = &call->place;
	int rc;

	if (place->inode.is_directory)
		return refuse(&call->asker, ERR_EXISTS, "%.*s already exists as a directory",
		              STR_ARGS(place->path));
	if ((call->command->create.flags & CREATE_OVERWRITE) == 0) {
		rc = judge_new_file(call);
		return rc < 0 ? rc : refuse_existing(call);
	}
	rc = check_rights(call->ns, &call->asker, place, &write_self);
	if (rc == 0)
		rc = judge_new_file(call);
	if (rc == 0 && call->ns->settings.next_inode >= NS_ID_MAX)
		return refuse(&call->asker, ERR_INTERNAL, "inode ids are used up");
	return rc;
}

static int plan_new(struct call *call)
{
	const struct command_create *fields = &call->command->create;
	int rc = fields->create_parent ? 0 : require_parent(call);

	if (rc < 0)
		return rc;
	if ((fields->flags & CREATE_NEW) == 0)
		return refuse(&call->asker, ERR_NOT_FOUND, "Can't overwrite non-existent %.*s",
		              STR_ARGS(fields->path));
	rc = judge_new_file(call);
	if (rc == 0)
		rc = judge_place(call, "create", &call->place);
	return rc < 0 ? rc : judge_names(call, &call->place);
}

/* Under /.reserved only what stands for a path can be created. */
static bool is_reserved(struct str path)
{
	return str_equal(path, STR("/.reserved")) ||
	       (str_starts_with(path, STR("/.reserved/")) &&
	        !str_starts_with(path, STR("/.reserved/.inodes/")) &&
	        !str_starts_with(path, STR("/.reserved/raw/")));
}

int plan_create(struct call *call)
{
	const struct command_create *fields = &call->command->create;
	int rc = judge_length(call, "create", fields->path);

	if (rc < 0)
		return rc;
	if (!path_is_valid(fields->path) || is_reserved(fields->path))
		return path_refuse(&call->asker, "", fields->path);
	rc = call_find(call, fields->path, true);
	if (rc == 0)
		rc = check_rights(call->ns, &call->asker, &call->place, &write_above);
	if (rc < 0)
		return rc;
	return call->place.exists ? plan_over_existing(call) : plan_new(call);
}

void commit_create(struct call *call)
{
	const struct command_create *fields = &call->command->create;
	struct namespace *ns = call->ns;
	struct ns_result *result = call->result;
	struct inode inode = {.is_open = true};
	struct file_class file_class = {
	        .block_size = fields->block_size,
	        .replication = fields->replication,
	        .storage_policy = fields->storage_policy,
	};

	if (call->place.exists)
		remove_place(call, &call->place);
	make_parents(call, &call->place, /* inherits= */ true, 0);
	inode.file_class = class_take(&ns->interns, file_class);
	inode.holder = text_take(&ns->interns, fields->holder);
	inode.machine = text_take(&ns->interns, fields->client_machine);
	inode.lease = ns->settings.next_lease++;
	result->inode = make_last(call, &call->place, &inode, fields->mode);
	CHECK(tree_get_id(&ns->tree, result->inode, &inode, NULL));
	show_status(ns, &inode, &result->status);
	result->has_status = true;
}
