/* SPDX-License-Identifier: Apache-2.0 */
#include "model_fs/model_fs_private.h"

#include "base/err.h"

int model_find_file(struct model_fs *model, const struct command *command, uint64_t id,
                    struct str s, struct model_node **ret_node)
{
	struct model_who who = model_who_calls(command);
	struct model_path path = {0};
	int rc = 0;

	if (id != 0)
		*ret_node = model_find_id(model->root, id);
	else
		rc = model_find_path(model, &who, s, false, &path);
	if (id == 0)
		*ret_node = path.node;
	model_free_path(&path);
	return rc;
}

static int is_writer(const struct model_node *node, struct str holder)
{
	if (node == NULL)
		return -ERR_NOT_FOUND;
	if (node->is_directory || !node->is_open || !model_same(holder, node->holder))
		return -ERR_LEASE_EXPIRED;
	return 0;
}

/* The file that `holder` writes. */
static int find_written(struct model_fs *model, const struct command *command, uint64_t id,
                        struct str path, struct str holder, struct model_node **ret_file)
{
	int rc = model_find_file(model, command, id, path, ret_file);

	return rc < 0 ? rc : is_writer(*ret_file, holder);
}

static bool same_block(struct block a, struct block b)
{
	return a.id == b.id && a.stamp == b.stamp;
}

static struct block from_end(const struct model_node *file, size_t n)
{
	return n < file->block_count ? file->blocks[file->block_count - 1 - n] : (struct block){0};
}

static void show_last(const struct model_node *file, struct model_answer *answer)
{
	answer->inode = file->id;
	answer->block = from_end(file, 0);
	answer->block_offset = model_file_length(file) - answer->block.length;
}

int model_add_block(struct model_fs *model, const struct command *command,
                    struct model_answer *answer)
{
	const struct command_add_block *f = &command->add_block;
	struct block last;
	struct model_node *file;
	int rc = find_written(model, command, f->inode, f->path, f->holder, &file);

	if (rc < 0)
		return rc;
	if (f->previous.length > INT64_MAX)
		return -ERR_INTERNAL;
	last = from_end(file, 0);
	if (!same_block(f->previous, last) &&
	    !(f->previous.id == 0 && last.id != 0 && !file->is_writing &&
	      last.length >= file->block_size)) {
		if (last.id == 0 || !same_block(f->previous, from_end(file, 1)) ||
		    !file->is_writing || last.length != 0)
			return -ERR_WRITE_REFUSED;
		show_last(file, answer);
		return model_nothing(answer);
	}
	if (f->previous.id != 0 && file->is_writing)
		file->blocks[file->block_count - 1] = f->previous;
	file->blocks = model_grown(file->blocks, file->block_count, sizeof(*file->blocks));
	file->blocks[file->block_count++] =
	        (struct block){.id = model->next_block++, .stamp = model->next_stamp++};
	file->is_writing = true;
	show_last(file, answer);
	return 0;
}

int model_abandon_block(struct model_fs *model, const struct command *command,
                        struct model_answer *answer)
{
	const struct command_abandon_block *f = &command->abandon_block;
	struct model_node *file;
	int rc = find_written(model, command, f->inode, f->path, f->holder, &file);

	if (rc < 0)
		return rc;
	answer->inode = file->id;
	if (f->block.id == 0 || from_end(file, 0).id != f->block.id)
		return model_nothing(answer);
	model->gone = model_grown(model->gone, model->gone_count, sizeof(*model->gone));
	model->gone[model->gone_count++] = from_end(file, 0);
	file->block_count--;
	file->is_writing = false;
	return 0;
}

int model_fsync(struct model_fs *model, const struct command *command, struct model_answer *answer)
{
	const struct command_fsync *f = &command->fsync;
	struct model_node *file;
	int rc = find_written(model, command, f->inode, f->path, f->holder, &file);

	if (rc < 0)
		return rc;
	if (f->length > INT64_MAX && f->length != UINT64_MAX)
		return -ERR_INTERNAL;
	answer->inode = file->id;
	if (f->length == UINT64_MAX || !file->is_writing || from_end(file, 0).length == f->length)
		return model_nothing(answer);
	file->blocks[file->block_count - 1].length = f->length;
	return 0;
}

static void close_file(struct model_node *file, uint64_t now)
{
	file->is_open = false;
	file->is_writing = false;
	model_set_text(&file->holder, NULL);
	model_set_text(&file->machine, NULL);
	file->lease = 0;
	file->mtime_ms = now;
}

int model_complete(struct model_fs *model, const struct command *command,
                   struct model_answer *answer)
{
	const struct command_complete *f = &command->complete;
	struct model_node *file;
	struct block last;
	int rc = model_find_file(model, command, f->inode, f->path, &file);

	if (rc < 0)
		return rc;
	if (file != NULL && !file->is_directory && !file->is_open &&
	    same_block(f->last, from_end(file, 0))) {
		answer->inode = file->id;
		answer->value = true;
		return model_nothing(answer);
	}
	rc = is_writer(file, f->holder);
	if (rc < 0)
		return rc;
	answer->inode = file->id;
	last = from_end(file, 0);
	if (file->is_writing) {
		if (f->last.id == 0)
			return model_nothing(answer);
		if (!same_block(f->last, last))
			return -ERR_WRITE_REFUSED;
		if (f->last.length > INT64_MAX)
			return -ERR_INTERNAL;
		file->blocks[file->block_count - 1] = f->last;
	}
	close_file(file, command->wall_ms);
	answer->value = true;
	return 0;
}

int model_recover_lease(struct model_fs *model, const struct command *command,
                        struct model_answer *answer)
{
	struct model_who who = model_who_calls(command);
	struct model_node *file;
	int rc = model_find_file(model, command, 0, command->recover_lease.path, &file);

	if (rc < 0)
		return rc;
	if (file == NULL)
		return -ERR_NOT_FOUND;
	if (file->is_directory)
		return -ERR_IS_DIRECTORY;
	answer->inode = file->id;
	answer->value = !file->is_writing;
	if (!file->is_open)
		return model_nothing(answer);
	if (!model_may(&who, file, 2))
		return -ERR_PERMISSION;
	if (file->is_writing)
		return model_nothing(answer);
	close_file(file, command->wall_ms);
	return 0;
}

int model_expire_lease(struct model_fs *model, const struct command *command,
                       struct model_answer *answer)
{
	const struct command_expire_lease *f = &command->expire_lease;
	struct model_node *file = f->inode == 0 ? NULL : model_find_id(model->root, f->inode);

	if (file == NULL || !file->is_open || file->lease != f->lease_number ||
	    !model_same(f->holder, file->holder))
		return model_nothing(answer);
	answer->inode = file->id;
	if (file->is_writing)
		return model_nothing(answer);
	close_file(file, command->wall_ms);
	answer->value = true;
	return 0;
}

static struct model_node *file_of_block(struct model_node *node, uint64_t block)
{
	struct model_node *found = NULL;

	for (size_t i = 0; i < node->block_count; i++)
		if (node->blocks[i].id == block)
			return node;
	for (size_t i = 0; found == NULL && i < node->child_count; i++)
		found = file_of_block(node->children[i], block);
	return found;
}

int model_new_stamp(struct model_fs *model, const struct command *command,
                    struct model_answer *answer)
{
	const struct command_new_stamp *f = &command->new_stamp;
	struct model_node *file = file_of_block(model->root, f->block.id);

	if (file == NULL || !file->is_writing || from_end(file, 0).id != f->block.id)
		return -ERR_WRITE_REFUSED;
	if (!model_same(f->holder, file->holder))
		return -ERR_LEASE_EXPIRED;
	show_last(file, answer);
	answer->block.stamp = model->next_stamp++;
	return 0;
}
