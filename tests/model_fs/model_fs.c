/* SPDX-License-Identifier: Apache-2.0 */
#include "model_fs/model_fs_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"

struct model_fs *model_fs_create(void)
{
	struct model_fs *model = calloc(1, sizeof(*model));

	CHECK(model != NULL);
	model->next_inode = MODEL_ROOT + 1;
	model->next_block = 1073741825;
	model->next_stamp = 1001;
	model->next_lease = 1;
	return model;
}

struct model_fs *model_fs_copy(const struct model_fs *model)
{
	struct model_fs *copy = calloc(1, sizeof(*copy));

	CHECK(copy != NULL);
	*copy = *model;
	copy->root = model->root == NULL ? NULL : model_copy_node(model->root, NULL);
	copy->answered = NULL;
	copy->answered_count = 0;
	copy->gone = NULL;
	copy->gone_count = 0;
	return copy;
}

void model_fs_destroy(struct model_fs *model)
{
	if (model->root != NULL)
		model_free_node(model->root);
	free(model->answered);
	free(model->gone);
	free(model);
}

const struct model_node *model_fs_root(const struct model_fs *model)
{
	return model->root;
}

const struct block *model_fs_gone(const struct model_fs *model, size_t *ret_count)
{
	*ret_count = model->gone_count;
	return model->gone;
}

uint64_t model_file_length(const struct model_node *file)
{
	uint64_t length = 0;

	for (size_t i = 0; i < file->block_count; i++)
		length += file->blocks[i].length;
	return length;
}

void model_fs_sums(const struct model_node *node, struct model_sums *ret_sums)
{
	struct model_sums below;

	*ret_sums = (struct model_sums){0};
	if (node->is_directory) {
		ret_sums->directories = 1;
	} else {
		uint64_t length = model_file_length(node);

		ret_sums->files = 1;
		ret_sums->length = length;
		ret_sums->blocks = node->block_count;
		ret_sums->open_files = node->is_open;
		ret_sums->open_blocks = node->is_writing;
		if (node->is_writing)
			length += node->block_size - node->blocks[node->block_count - 1].length;
		ret_sums->space = length * node->replication;
	}
	for (size_t i = 0; i < node->child_count; i++) {
		model_fs_sums(node->children[i], &below);
		ret_sums->files += below.files;
		ret_sums->directories += below.directories;
		ret_sums->length += below.length;
		ret_sums->space += below.space;
		ret_sums->blocks += below.blocks;
		ret_sums->open_files += below.open_files;
		ret_sums->open_blocks += below.open_blocks;
	}
}

static uint64_t open_below(const struct model_node *node, const char *holder)
{
	uint64_t count = node->is_open && strcmp(node->holder, holder) == 0;

	for (size_t i = 0; i < node->child_count; i++)
		count += open_below(node->children[i], holder);
	return count;
}

uint64_t model_fs_open_files_of(const struct model_fs *model, const char *holder)
{
	return model->root == NULL ? 0 : open_below(model->root, holder);
}

int model_nothing(struct model_answer *answer)
{
	answer->changes_nothing = true;
	return 0;
}

static int do_cluster(struct model_fs *model, const struct command *command,
                      struct model_answer *answer)
{
	const struct command_cluster *f = &command->cluster;

	if (model->root != NULL || f->owner.size == 0)
		return -ERR_INTERNAL;
	model->root = model_new_node(true, "");
	model->root->id = MODEL_ROOT;
	model->root->owner = model_text(f->owner);
	model->root->group = model_text(f->group);
	model->root->mode = f->mode & 01777;
	model->root->mtime_ms = f->ctime_ms;
	answer->inode = MODEL_ROOT;
	return 0;
}

static int do_tick(struct model_fs *model, const struct command *command,
                   struct model_answer *answer)
{
	const struct command_tick *f = &command->tick;

	(void)answer;
	if (f->forget_others_age_ms > model->lines[0])
		model->lines[0] = f->forget_others_age_ms;
	if (f->forget_at_most_once_age_ms > model->lines[1])
		model->lines[1] = f->forget_at_most_once_age_ms;
	return 0;
}

static int do_feature_level(struct model_fs *model, const struct command *command,
                            struct model_answer *answer)
{
	if (command->feature_level.level <= model->feature_level)
		return model_nothing(answer);
	model->feature_level = command->feature_level.level;
	return 0;
}

static int do_skip_ids(struct model_fs *model, const struct command *command)
{
	model->next_inode += command->skip_ids.count;
	model->next_block += command->skip_ids.count;
	model->next_stamp += command->skip_ids.count;
	model->next_lease += command->skip_ids.count;
	return 0;
}

static int do_safe_mode(struct model_fs *model, const struct command *command,
                        struct model_answer *answer)
{
	answer->changes_nothing = model->is_safe_mode == command->safe_mode.is_on;
	model->is_safe_mode = command->safe_mode.is_on;
	return 0;
}

static int operate(struct model_fs *model, const struct command *command,
                   struct model_answer *answer)
{
	switch (command->kind) {
	case ENTRY_cluster: return do_cluster(model, command, answer);
	case ENTRY_noop: return model_nothing(answer);
	case ENTRY_tick: return do_tick(model, command, answer);
	case ENTRY_feature_level: return do_feature_level(model, command, answer);
	default: break;
	}
	if (model->root == NULL)
		return -ERR_INTERNAL;
	switch (command->kind) {
	case ENTRY_mkdirs: return model_mkdirs(model, command, answer);
	case ENTRY_create: return model_create(model, command, answer);
	case ENTRY_add_block: return model_add_block(model, command, answer);
	case ENTRY_abandon_block: return model_abandon_block(model, command, answer);
	case ENTRY_complete: return model_complete(model, command, answer);
	case ENTRY_rename: return model_rename(model, command, answer);
	case ENTRY_rename2: return model_rename2(model, command, answer);
	case ENTRY_delete: return model_delete(model, command, answer);
	case ENTRY_set_permission: return model_set_permission(model, command, answer);
	case ENTRY_set_owner: return model_set_owner(model, command, answer);
	case ENTRY_set_times: return model_set_times(model, command, answer);
	case ENTRY_set_replication: return model_set_replication(model, command, answer);
	case ENTRY_recover_lease: return model_recover_lease(model, command, answer);
	case ENTRY_expire_lease: return model_expire_lease(model, command, answer);
	case ENTRY_fsync: return model_fsync(model, command, answer);
	case ENTRY_new_stamp: return model_new_stamp(model, command, answer);
	case ENTRY_access_times: return model_access_times(model, command, answer);
	case ENTRY_safe_mode: return do_safe_mode(model, command, answer);
	case ENTRY_skip_ids: return do_skip_ids(model, command);
	case ENTRY_reclaim: return model_nothing(answer);
	default: return -ERR_INTERNAL;
	}
}

static const struct model_answered *find_answered(const struct model_fs *model,
                                                  const struct command *command)
{
	for (size_t i = model->answered_count; i-- > 0;) {
		const struct model_answered *a = &model->answered[i];

		if (memcmp(a->client_id, command->client_id, sizeof(a->client_id)) == 0 &&
		    a->call_id == command->call_id && a->age_ms >= model->lines[a->is_at_most_once])
			return a;
	}
	return NULL;
}

static void keep_answer(struct model_fs *model, const struct command *command,
                        const struct model_answer *answer)
{
	struct model_answered *a;

	if (!command->has_client || (answer->rc < 0 && err_action(answer->rc) != ERR_ACTION_FAIL))
		return;
	model->answered = model_grown(model->answered, model->answered_count, sizeof(*a));
	a = &model->answered[model->answered_count++];
	*a = (struct model_answered){
	        .call_id = command->call_id,
	        .is_at_most_once = (command->flags & COMMAND_AT_MOST_ONCE) != 0,
	        .age_ms = model->age_ms,
	        .kind = command->kind,
	        .answer = *answer,
	};
	memcpy(a->client_id, command->client_id, sizeof(a->client_id));
}

void model_fs_apply(struct model_fs *model, const struct command *command,
                    struct model_answer *ret_answer)
{
	const struct model_answered *answered = NULL;

	*ret_answer = (struct model_answer){0};
	if (command->age_ms > model->age_ms)
		model->age_ms = command->age_ms;
	if (command->has_client)
		answered = find_answered(model, command);
	if (answered != NULL && answered->kind != command->kind) {
		ret_answer->rc = -ERR_REPEAT_DIFFERS;
		return;
	}
	if (answered != NULL) {
		*ret_answer = answered->answer;
		return;
	}
	ret_answer->rc = operate(model, command, ret_answer);
	if (ret_answer->rc < 0)
		*ret_answer = (struct model_answer){.rc = ret_answer->rc};
	keep_answer(model, command, ret_answer);
}
