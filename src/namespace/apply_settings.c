/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is not about files: identity, age, feature level, safe mode.
 */
#include "namespace/call.h"

int plan_cluster(struct call *call)
{
	const struct command_cluster *fields = &call->command->cluster;

	if (call->ns->settings.has_identity)
		return refuse(&call->asker, ERR_INTERNAL, "the namespace has an identity already");
	if (fields->owner.size == 0)
		return refuse(&call->asker, ERR_INTERNAL, "the root needs an owner");
	return 0;
}

void commit_cluster(struct call *call)
{
	const struct command_cluster *fields = &call->command->cluster;
	struct namespace *ns = call->ns;
	struct rights rights = {
	        .owner = fields->owner, .group = fields->group, .mode = fields->mode & MODE_ALL};
	struct inode root = {.is_directory = true, .id = NS_INODE_ROOT};

	ns->settings.has_identity = true;
	ns->settings.identity = (struct ns_identity){
	        .cluster_id = str_keep(fields->cluster_id),
	        .namespace_id = fields->namespace_id,
	        .block_pool_id = str_keep(fields->block_pool_id),
	        .ctime_ms = fields->ctime_ms,
	};
	root.mtime_ms = fields->ctime_ms;
	root.rights = rights_take(&ns->interns, rights);
	inode_add(ns, &root, 0, /* spot= */ NULL);
	call->result->inode = root.id;
}

int plan_noop(struct call *call)
{
	call->changes_nothing = true;
	return 0;
}

void commit_noop(struct call *call)
{
	(void)call;
}

static uint64_t *line_of(struct call *call, enum retry_class which)
{
	return &call->ns->retries.queues[which].line;
}

int plan_tick(struct call *call)
{
	(void)call;
	return 0;
}

/* Lines never go back.  What they forget is taken away by the entries that follow, too. */
void commit_tick(struct call *call)
{
	const struct command_tick *fields = &call->command->tick;

	if (fields->forget_at_most_once_age_ms > *line_of(call, RETRY_AT_MOST_ONCE))
		*line_of(call, RETRY_AT_MOST_ONCE) = fields->forget_at_most_once_age_ms;
	if (fields->forget_others_age_ms > *line_of(call, RETRY_OTHERS))
		*line_of(call, RETRY_OTHERS) = fields->forget_others_age_ms;
	forget_retries(call->ns, RETRY_FORGET_TICK);
}

int plan_feature_level(struct call *call)
{
	call->changes_nothing =
	        call->command->feature_level.level <= call->ns->settings.feature_level;
	return 0;
}

void commit_feature_level(struct call *call)
{
	call->ns->settings.feature_level = call->command->feature_level.level;
}

int plan_safe_mode(struct call *call)
{
	call->changes_nothing = call->ns->settings.is_safe_mode == call->command->safe_mode.is_on;
	return 0;
}

void commit_safe_mode(struct call *call)
{
	call->ns->settings.is_safe_mode = call->command->safe_mode.is_on;
}

int plan_skip_ids(struct call *call)
{
	const struct settings *settings = &call->ns->settings;
	uint64_t count = call->command->skip_ids.count;

	if (count > NS_ID_MAX - settings->next_inode || count > NS_ID_MAX - settings->next_block ||
	    count > NS_ID_MAX - settings->next_stamp || count > NS_ID_MAX - settings->next_lease)
		return -ERR_INVALID;
	return 0;
}

void commit_skip_ids(struct call *call)
{
	struct settings *settings = &call->ns->settings;
	uint64_t count = call->command->skip_ids.count;

	settings->next_inode += count;
	settings->next_block += count;
	settings->next_stamp += count;
	settings->next_lease += count;
}
