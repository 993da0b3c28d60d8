/* SPDX-License-Identifier: Apache-2.0 */
#include "model_fs/model_fs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"

enum { ROOT = 16385, NAMES_MAX = 4096, STICKY = 01000, NAME_MAX_BYTES = 255 };

struct answered {
	uint8_t client_id[16];
	int32_t call_id;
	bool is_at_most_once;
	uint64_t age_ms;
	enum entry_kind kind;
	struct model_answer answer;
};

struct model_fs {
	struct model_node *root;
	uint64_t next_inode;
	uint64_t next_block;
	uint64_t next_stamp;
	uint64_t next_lease;
	uint64_t age_ms;
	bool is_safe_mode;
	uint32_t feature_level;
	uint64_t lines[2]; /* others, at most once */
	struct answered *answered;
	size_t answered_count;
	struct block *gone;
	size_t gone_count;
};

/* ---- memory ---- */

static void *grown(void *items, size_t count, size_t size)
{
	void *bigger = realloc(items, (count + 1) * size);

	CHECK(bigger != NULL);
	return bigger;
}

static char *copy_of(const char *bytes, size_t size)
{
	char *copy = malloc(size + 1);

	CHECK(copy != NULL);
	if (size > 0)
		memcpy(copy, bytes, size);
	copy[size] = '\0';
	return copy;
}

static char *text(struct str s)
{
	return copy_of(s.data, s.size);
}

static char *again(const char *s)
{
	return s == NULL ? NULL : copy_of(s, strlen(s));
}

static void set(char **field, const char *value)
{
	char *copy = again(value);

	free(*field);
	*field = copy;
}

static bool same(struct str s, const char *t)
{
	return s.size == strlen(t) && memcmp(s.data, t, s.size) == 0;
}

/* ---- nodes ---- */

static struct model_node *new_node(bool is_directory, const char *name)
{
	struct model_node *node = calloc(1, sizeof(*node));

	CHECK(node != NULL);
	node->is_directory = is_directory;
	node->name = again(name);
	return node;
}

static void free_node(struct model_node *node)
{
	for (size_t i = 0; i < node->child_count; i++)
		free_node(node->children[i]);
	free(node->children);
	free(node->blocks);
	free(node->name);
	free(node->owner);
	free(node->group);
	free(node->holder);
	free(node->machine);
	free(node);
}

static struct model_node *copy_node(const struct model_node *from, struct model_node *parent)
{
	struct model_node *node = new_node(from->is_directory, from->name);
	struct model_node fields = *from;

	fields.parent = parent;
	fields.name = node->name;
	fields.owner = again(from->owner);
	fields.group = again(from->group);
	fields.holder = again(from->holder);
	fields.machine = again(from->machine);
	fields.children = NULL;
	fields.blocks = NULL;
	*node = fields;
	for (size_t i = 0; i < from->child_count; i++) {
		node->children = grown(node->children, i, sizeof(*node->children));
		node->children[i] = copy_node(from->children[i], node);
	}
	for (size_t i = 0; i < from->block_count; i++) {
		node->blocks = grown(node->blocks, i, sizeof(*node->blocks));
		node->blocks[i] = from->blocks[i];
	}
	return node;
}

static struct model_node *child_of(const struct model_node *node, const char *name)
{
	for (size_t i = 0; i < node->child_count; i++)
		if (strcmp(node->children[i]->name, name) == 0)
			return node->children[i];
	return NULL;
}

/* strcmp() compares as unsigned bytes, as HDFS sorts. */
static void link_node(struct model_node *parent, struct model_node *node)
{
	size_t at = parent->child_count;

	parent->children = grown(parent->children, at, sizeof(*parent->children));
	for (; at > 0 && strcmp(parent->children[at - 1]->name, node->name) > 0; at--)
		parent->children[at] = parent->children[at - 1];
	parent->children[at] = node;
	parent->child_count++;
	node->parent = parent;
}

static void unlink_node(struct model_node *node)
{
	struct model_node *parent = node->parent;
	size_t at = 0;

	while (parent->children[at] != node)
		at++;
	for (; at + 1 < parent->child_count; at++)
		parent->children[at] = parent->children[at + 1];
	parent->child_count--;
	node->parent = NULL;
}

static struct model_node *find_id(struct model_node *node, uint64_t id)
{
	struct model_node *found = node->id == id ? node : NULL;

	for (size_t i = 0; found == NULL && i < node->child_count; i++)
		found = find_id(node->children[i], id);
	return found;
}

static bool is_at_or_below(const struct model_node *node, const struct model_node *top)
{
	while (node != NULL && node != top)
		node = node->parent;
	return node != NULL;
}

/* ---- the model ---- */

struct model_fs *model_fs_create(void)
{
	struct model_fs *model = calloc(1, sizeof(*model));

	CHECK(model != NULL);
	model->next_inode = ROOT + 1;
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
	copy->root = model->root == NULL ? NULL : copy_node(model->root, NULL);
	copy->answered = NULL;
	copy->answered_count = 0;
	copy->gone = NULL;
	copy->gone_count = 0;
	return copy;
}

void model_fs_destroy(struct model_fs *model)
{
	if (model->root != NULL)
		free_node(model->root);
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

static uint64_t file_length(const struct model_node *file)
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
		uint64_t length = file_length(node);

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

/* ---- who may ---- */

struct who {
	struct str user;
	struct strs groups;
	bool is_super;
};

static struct who who_calls(const struct command *command)
{
	return (struct who){command->user, command->groups,
	                    (command->flags & COMMAND_SUPERUSER) != 0};
}

static bool in_group(const struct who *who, const char *group)
{
	for (size_t i = 0; i < who->groups.count; i++)
		if (same(who->groups.items[i], group))
			return true;
	return false;
}

static bool may(const struct who *who, const struct model_node *node, unsigned action)
{
	unsigned bits = node->mode;

	if (who->is_super)
		return true;
	if (same(who->user, node->owner))
		bits >>= 6;
	else if (in_group(who, node->group))
		bits >>= 3;
	return (bits & 7 & action) == action;
}

static bool sticks(const struct who *who, const struct model_node *node)
{
	const struct model_node *parent = node->parent;

	return !who->is_super && parent != NULL && (parent->mode & STICKY) != 0 &&
	       !same(who->user, parent->owner) && !same(who->user, node->owner);
}

/* ---- paths ---- */

struct path {
	char *names[NAMES_MAX];
	size_t count;
	struct model_node *node;  /* NULL: nothing there */
	struct model_node *above; /* deepest directory above the last name */
	size_t found;             /* names of `above` */
};

static void add_names(struct path *path, struct str s)
{
	size_t at = 0;

	while (at < s.size) {
		size_t end = at;

		while (end < s.size && s.data[end] != '/')
			end++;
		if (end > at && path->count < NAMES_MAX)
			path->names[path->count++] = copy_of(s.data + at, end - at);
		at = end + 1;
	}
}

static void add_names_of(struct path *path, const struct model_node *node)
{
	if (node->parent == NULL)
		return;
	add_names_of(path, node->parent);
	path->names[path->count++] = again(node->name);
}

static void free_path(struct path *path)
{
	for (size_t i = 0; i < path->count; i++)
		free(path->names[i]);
	path->count = 0;
}

/* "/.reserved/.inodes/<id>/rest" stands for the inode's own path and the rest. */
static int replace_reserved(struct model_fs *model, struct path *path)
{
	struct path plain = {0};
	struct model_node *node;
	size_t from;

	if (path->count >= 2 && strcmp(path->names[0], ".reserved") == 0 &&
	    strcmp(path->names[1], "raw") == 0) {
		from = 2;
	} else if (path->count >= 3 && strcmp(path->names[0], ".reserved") == 0 &&
	           strcmp(path->names[1], ".inodes") == 0) {
		char *end;
		uint64_t id = strtoull(path->names[2], &end, 10);

		node = *end != '\0' ? NULL : find_id(model->root, id);
		if (node == NULL)
			return -ERR_NOT_FOUND;
		add_names_of(&plain, node);
		from = 3;
	} else {
		return 0;
	}
	for (size_t i = from; i < path->count; i++)
		plain.names[plain.count++] = again(path->names[i]);
	free_path(path);
	*path = plain;
	return 0;
}

static int walk_path(struct model_fs *model, const struct who *who, struct path *path,
                     bool is_create)
{
	path->node = model->root;
	for (size_t i = 0; i < path->count; i++) {
		if (path->node == NULL)
			break;
		if (!path->node->is_directory)
			return is_create ? -ERR_NOT_DIRECTORY : -ERR_PERMISSION;
		if (!may(who, path->node, 1))
			return -ERR_PERMISSION;
		path->above = path->node;
		path->found = i;
		path->node = child_of(path->node, path->names[i]);
	}
	return 0;
}

static int find_path(struct model_fs *model, const struct who *who, struct str s, bool is_create,
                     struct path *ret_path)
{
	int rc;

	*ret_path = (struct path){0};
	if (s.size == 0 || s.data[0] != '/')
		return -ERR_INVALID_PATH;
	add_names(ret_path, s);
	rc = replace_reserved(model, ret_path);
	return rc < 0 ? rc : walk_path(model, who, ret_path, is_create);
}

static bool parent_exists(const struct path *path)
{
	return path->count > 0 && path->found + 1 == path->count;
}

static bool is_valid(struct str s)
{
	size_t at = 1;

	if (s.size == 0 || s.data[0] != '/')
		return false;
	while (s.size > 1 && s.data[s.size - 1] == '/')
		s.size--;
	while (s.size > 1 && at <= s.size) {
		size_t end = at;

		while (end < s.size && s.data[end] != '/')
			end++;
		if (end == at || (end == at + 1 && s.data[at] == '.') ||
		    (end == at + 2 && s.data[at] == '.' && s.data[at + 1] == '.') ||
		    memchr(s.data + at, ':', end - at) != NULL)
			return false;
		at = end + 1;
	}
	return true;
}

static bool is_too_long(struct str s)
{
	struct path path = {0};
	bool answer;

	add_names(&path, s);
	answer = s.size > 8000 || path.count > 1000;
	free_path(&path);
	return answer;
}

static int judge_missing_names(const struct path *path)
{
	for (size_t i = path->found; i < path->count; i++) {
		const char *name = path->names[i];

		if (strcmp(name, ".snapshot") == 0 || (i == 0 && strcmp(name, ".reserved") == 0))
			return -ERR_INVALID;
		if (strlen(name) > NAME_MAX_BYTES)
			return -ERR_COMPONENT_TOO_LONG;
	}
	return 0;
}

/* ---- making and removing ---- */

static void touch(struct model_node *directory, uint64_t now)
{
	if (now > directory->mtime_ms)
		directory->mtime_ms = now;
}

static struct model_node *make(struct model_fs *model, const struct command *command,
                               struct model_node *parent, const char *name, bool is_directory,
                               uint16_t mode)
{
	struct model_node *node = new_node(is_directory, name);

	node->id = model->next_inode++;
	node->owner = text(command->user);
	node->group = again(parent->group);
	node->mode = mode & 01777;
	node->mtime_ms = command->wall_ms;
	node->atime_ms = is_directory ? 0 : command->wall_ms;
	link_node(parent, node);
	touch(parent, command->wall_ms);
	return node;
}

static struct model_node *make_parents(struct model_fs *model, const struct command *command,
                                       struct path *path, bool inherits, uint16_t mode)
{
	struct model_node *at = path->above;

	for (size_t i = path->found; i + 1 < path->count; i++)
		at = make(model, command, at, path->names[i], true,
		          ((inherits ? at->mode : mode) & 0777) | 0300);
	return at;
}

static void lose_blocks(struct model_fs *model, const struct model_node *node)
{
	for (size_t i = 0; i < node->block_count; i++) {
		model->gone = grown(model->gone, model->gone_count, sizeof(*model->gone));
		model->gone[model->gone_count++] = node->blocks[i];
	}
	for (size_t i = 0; i < node->child_count; i++)
		lose_blocks(model, node->children[i]);
}

static void take_away(struct model_fs *model, struct model_node *node, uint64_t now)
{
	touch(node->parent, now);
	unlink_node(node);
	lose_blocks(model, node);
	free_node(node);
}

/* ---- operations; each answers rc and fills the answer ---- */

typedef struct model_answer answer_t;

static int nothing(answer_t *answer)
{
	answer->changes_nothing = true;
	return 0;
}

static int do_cluster(struct model_fs *model, const struct command *command, answer_t *answer)
{
	const struct command_cluster *f = &command->cluster;

	if (model->root != NULL || f->owner.size == 0)
		return -ERR_INTERNAL;
	model->root = new_node(true, "");
	model->root->id = ROOT;
	model->root->owner = text(f->owner);
	model->root->group = text(f->group);
	model->root->mode = f->mode & 01777;
	model->root->mtime_ms = f->ctime_ms;
	answer->inode = ROOT;
	return 0;
}

static int mkdirs_at(struct model_fs *model, const struct command *command, struct path *path,
                     answer_t *answer)
{
	struct who who = who_calls(command);
	struct model_node *parent;
	int rc;

	if (path->node != NULL && !path->node->is_directory)
		return -ERR_EXISTS;
	if (path->node != NULL) {
		answer->inode = path->node->id;
		answer->value = true;
		return nothing(answer);
	}
	if (!may(&who, path->above, 2))
		return -ERR_PERMISSION;
	if (!command->mkdirs.create_parent && !parent_exists(path))
		return -ERR_NOT_FOUND;
	rc = judge_missing_names(path);
	if (rc < 0)
		return rc;
	parent = make_parents(model, command, path, false, command->mkdirs.mode);
	answer->inode = make(model, command, parent, path->names[path->count - 1], true,
	                     command->mkdirs.mode)
	                        ->id;
	answer->value = true;
	return 0;
}

static int do_mkdirs(struct model_fs *model, const struct command *command, answer_t *answer)
{
	struct who who = who_calls(command);
	struct path path;
	int rc;

	if (is_too_long(command->mkdirs.path))
		return -ERR_TOO_LARGE;
	if (!is_valid(command->mkdirs.path))
		return -ERR_INVALID_PATH;
	rc = find_path(model, &who, command->mkdirs.path, true, &path);
	if (rc == 0)
		rc = mkdirs_at(model, command, &path, answer);
	free_path(&path);
	return rc;
}

static int may_create(struct model_fs *model, const struct command *command, struct path *path)
{
	const struct command_create *f = &command->create;
	struct who who = who_calls(command);

	(void)model;
	if (path->above != NULL && !may(&who, path->above, 2))
		return -ERR_PERMISSION;
	if (path->node == NULL) {
		if (!f->create_parent && !parent_exists(path))
			return -ERR_NOT_FOUND;
		return (f->flags & 1) == 0 ? -ERR_NOT_FOUND : judge_missing_names(path);
	}
	if (path->node->is_directory)
		return -ERR_EXISTS;
	if ((f->flags & 2) == 0)
		return path->node->is_open ? -ERR_BEING_CREATED : -ERR_EXISTS;
	return may(&who, path->node, 2) ? 0 : -ERR_PERMISSION;
}

static void create_at(struct model_fs *model, const struct command *command, struct path *path,
                      answer_t *answer)
{
	const struct command_create *f = &command->create;
	struct model_node *parent;
	struct model_node *file;

	if (path->node != NULL)
		take_away(model, path->node, command->wall_ms);
	parent = make_parents(model, command, path, true, 0);
	file = make(model, command, parent, path->names[path->count - 1], false, f->mode);
	file->block_size = f->block_size;
	file->replication = f->replication;
	file->storage_policy = f->storage_policy;
	file->is_open = true;
	file->holder = text(f->holder);
	file->machine = text(f->client_machine);
	file->lease = model->next_lease++;
	answer->inode = file->id;
}

static bool is_reserved_for_create(struct str s)
{
	return same(s, "/.reserved") || (str_starts_with(s, STR("/.reserved/")) &&
	                                 !str_starts_with(s, STR("/.reserved/.inodes/")) &&
	                                 !str_starts_with(s, STR("/.reserved/raw/")));
}

static int do_create(struct model_fs *model, const struct command *command, answer_t *answer)
{
	struct who who = who_calls(command);
	struct path path;
	int rc;

	if (is_too_long(command->create.path))
		return -ERR_TOO_LARGE;
	if (!is_valid(command->create.path) || is_reserved_for_create(command->create.path))
		return -ERR_INVALID_PATH;
	rc = find_path(model, &who, command->create.path, true, &path);
	if (rc == 0)
		rc = may_create(model, command, &path);
	if (rc == 0)
		create_at(model, command, &path, answer);
	free_path(&path);
	return rc;
}

/* ---- files being written ---- */

static int find_file(struct model_fs *model, const struct command *command, uint64_t id,
                     struct str s, struct model_node **ret_node)
{
	struct who who = who_calls(command);
	struct path path = {0};
	int rc = 0;

	if (id != 0)
		*ret_node = find_id(model->root, id);
	else
		rc = find_path(model, &who, s, false, &path);
	if (id == 0)
		*ret_node = path.node;
	free_path(&path);
	return rc;
}

static int is_writer(const struct model_node *node, struct str holder)
{
	if (node == NULL)
		return -ERR_NOT_FOUND;
	if (node->is_directory || !node->is_open || !same(holder, node->holder))
		return -ERR_LEASE_EXPIRED;
	return 0;
}

static bool same_block(struct block a, struct block b)
{
	return a.id == b.id && a.stamp == b.stamp;
}

static struct block from_end(const struct model_node *file, size_t n)
{
	return n < file->block_count ? file->blocks[file->block_count - 1 - n] : (struct block){0};
}

static void show_last(const struct model_node *file, answer_t *answer)
{
	answer->inode = file->id;
	answer->block = from_end(file, 0);
	answer->block_offset = file_length(file) - answer->block.length;
}

static int do_add_block(struct model_fs *model, const struct command *command, answer_t *answer)
{
	const struct command_add_block *f = &command->add_block;
	struct block last;
	struct model_node *file;
	int rc = find_file(model, command, f->inode, f->path, &file);

	if (rc == 0)
		rc = is_writer(file, f->holder);
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
		return nothing(answer);
	}
	if (f->previous.id != 0 && file->is_writing)
		file->blocks[file->block_count - 1] = f->previous;
	file->blocks = grown(file->blocks, file->block_count, sizeof(*file->blocks));
	file->blocks[file->block_count++] =
	        (struct block){.id = model->next_block++, .stamp = model->next_stamp++};
	file->is_writing = true;
	show_last(file, answer);
	return 0;
}

static int do_abandon_block(struct model_fs *model, const struct command *command, answer_t *answer)
{
	const struct command_abandon_block *f = &command->abandon_block;
	struct model_node *file;
	int rc = find_file(model, command, f->inode, f->path, &file);

	if (rc == 0)
		rc = is_writer(file, f->holder);
	if (rc < 0)
		return rc;
	answer->inode = file->id;
	if (f->block.id == 0 || from_end(file, 0).id != f->block.id)
		return nothing(answer);
	model->gone = grown(model->gone, model->gone_count, sizeof(*model->gone));
	model->gone[model->gone_count++] = from_end(file, 0);
	file->block_count--;
	file->is_writing = false;
	return 0;
}

static void close_file(struct model_node *file, uint64_t now)
{
	file->is_open = false;
	file->is_writing = false;
	set(&file->holder, NULL);
	set(&file->machine, NULL);
	file->lease = 0;
	file->mtime_ms = now;
}

static int do_complete(struct model_fs *model, const struct command *command, answer_t *answer)
{
	const struct command_complete *f = &command->complete;
	struct model_node *file;
	struct block last;
	int rc = find_file(model, command, f->inode, f->path, &file);

	if (rc < 0)
		return rc;
	if (file != NULL && !file->is_directory && !file->is_open &&
	    same_block(f->last, from_end(file, 0))) {
		answer->inode = file->id;
		answer->value = true;
		return nothing(answer);
	}
	rc = is_writer(file, f->holder);
	if (rc < 0)
		return rc;
	answer->inode = file->id;
	last = from_end(file, 0);
	if (file->is_writing) {
		if (f->last.id == 0)
			return nothing(answer);
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

static int do_recover_lease(struct model_fs *model, const struct command *command, answer_t *answer)
{
	struct who who = who_calls(command);
	struct model_node *file;
	int rc = find_file(model, command, 0, command->recover_lease.path, &file);

	if (rc < 0)
		return rc;
	if (file == NULL)
		return -ERR_NOT_FOUND;
	if (file->is_directory)
		return -ERR_IS_DIRECTORY;
	answer->inode = file->id;
	answer->value = !file->is_writing;
	if (!file->is_open)
		return nothing(answer);
	if (!may(&who, file, 2))
		return -ERR_PERMISSION;
	if (file->is_writing)
		return nothing(answer);
	close_file(file, command->wall_ms);
	return 0;
}

static int do_expire_lease(struct model_fs *model, const struct command *command, answer_t *answer)
{
	const struct command_expire_lease *f = &command->expire_lease;
	struct model_node *file = f->inode == 0 ? NULL : find_id(model->root, f->inode);

	if (file == NULL || !file->is_open || file->lease != f->lease_number ||
	    !same(f->holder, file->holder))
		return nothing(answer);
	answer->inode = file->id;
	if (file->is_writing)
		return nothing(answer);
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

static int do_new_stamp(struct model_fs *model, const struct command *command, answer_t *answer)
{
	const struct command_new_stamp *f = &command->new_stamp;
	struct model_node *file = file_of_block(model->root, f->block.id);

	if (file == NULL || !file->is_writing || from_end(file, 0).id != f->block.id)
		return -ERR_WRITE_REFUSED;
	if (!same(f->holder, file->holder))
		return -ERR_LEASE_EXPIRED;
	show_last(file, answer);
	answer->block.stamp = model->next_stamp++;
	return 0;
}

/* ---- renames ---- */

struct two_paths {
	struct path source;
	struct path target;
};

static int find_two(struct model_fs *model, const struct who *who, struct str source,
                    struct str target, struct two_paths *paths)
{
	int rc;

	if (is_too_long(target))
		return -ERR_TOO_LARGE;
	if (!is_valid(target) || same(source, "/.reserved") || same(target, "/.reserved"))
		return -ERR_INVALID_PATH;
	rc = find_path(model, who, source, false, &paths->source);
	return rc < 0 ? rc : find_path(model, who, target, true, &paths->target);
}

static int may_rename(const struct who *who, const struct two_paths *paths)
{
	const struct path *source = &paths->source;
	const struct path *target = &paths->target;

	if (source->node != NULL && sticks(who, source->node))
		return -ERR_PERMISSION;
	if (parent_exists(source) && !may(who, source->above, 2))
		return -ERR_PERMISSION;
	if (target->above != NULL && !may(who, target->above, 2))
		return -ERR_PERMISSION;
	return 0;
}

/* The target lies in the directory that is to be moved (by name: it need not exist). */
static bool is_into_itself(const struct two_paths *paths)
{
	const struct path *target = &paths->target;

	return target->above != NULL && is_at_or_below(target->above, paths->source.node);
}

static void move(struct two_paths *paths, uint64_t now, answer_t *answer)
{
	struct model_node *node = paths->source.node;
	struct model_node *from = node->parent;

	unlink_node(node);
	set(&node->name, paths->target.names[paths->target.count - 1]);
	link_node(paths->target.above, node);
	touch(from, now);
	touch(paths->target.above, now);
	answer->inode = node->id;
	answer->value = true;
}

static int rename_answer(answer_t *answer, bool value)
{
	answer->value = value;
	return nothing(answer);
}

static int rename_into(struct model_fs *model, const struct who *who, struct two_paths *paths)
{
	struct path *target = &paths->target;
	size_t count = paths->source.count;

	if (target->node == NULL || !target->node->is_directory)
		return 0;
	/* the root has no name, so what would be made of it is the directory itself */
	if (count > 0)
		target->names[target->count++] = again(paths->source.names[count - 1]);
	target->above = NULL;
	return walk_path(model, who, target, true);
}

static int rename_found(struct model_fs *model, const struct command *command,
                        struct two_paths *paths, answer_t *answer)
{
	struct who who = who_calls(command);
	int rc = rename_into(model, &who, paths);

	if (rc == 0)
		rc = may_rename(&who, paths);
	if (rc < 0)
		return rc;
	if (paths->source.node == NULL || paths->source.node->parent == NULL)
		return rename_answer(answer, false);
	if (paths->target.node == paths->source.node)
		return rename_answer(answer, true);
	if (is_into_itself(paths) || paths->target.node != NULL || !parent_exists(&paths->target))
		return rename_answer(answer, false);
	rc = judge_missing_names(&paths->target);
	if (rc == 0)
		move(paths, command->wall_ms, answer);
	return rc;
}

static int do_rename(struct model_fs *model, const struct command *command, answer_t *answer)
{
	struct who who = who_calls(command);
	struct two_paths *paths = calloc(1, sizeof(*paths));
	int rc;

	CHECK(paths != NULL);
	rc = find_two(model, &who, command->rename.source, command->rename.target, paths);
	if (rc == 0)
		rc = rename_found(model, command, paths, answer);
	free_path(&paths->source);
	free_path(&paths->target);
	free(paths);
	return rc;
}

static int may_replace(const struct command *command, const struct two_paths *paths)
{
	const struct model_node *source = paths->source.node;
	const struct model_node *target = paths->target.node;

	if (source->is_directory != target->is_directory)
		return -ERR_WRITE_REFUSED;
	if (!command->rename2.overwrite)
		return -ERR_EXISTS;
	return target->child_count > 0 ? -ERR_WRITE_REFUSED : 0;
}

static int rename2_found(struct model_fs *model, const struct command *command,
                         struct two_paths *paths, answer_t *answer)
{
	struct who who = who_calls(command);
	int rc = may_rename(&who, paths);

	if (rc < 0)
		return rc;
	if (paths->source.node == NULL)
		return -ERR_NOT_FOUND;
	if (paths->source.node->parent == NULL)
		return -ERR_WRITE_REFUSED;
	if (paths->source.node == paths->target.node)
		return -ERR_EXISTS;
	if (is_into_itself(paths) || paths->target.count == 0)
		return -ERR_WRITE_REFUSED;
	if (paths->target.node != NULL)
		rc = may_replace(command, paths);
	else if (!parent_exists(&paths->target))
		rc = -ERR_NOT_FOUND;
	else
		rc = judge_missing_names(&paths->target);
	if (rc < 0)
		return rc;
	if (paths->target.node != NULL)
		take_away(model, paths->target.node, command->wall_ms);
	move(paths, command->wall_ms, answer);
	return 0;
}

static int do_rename2(struct model_fs *model, const struct command *command, answer_t *answer)
{
	struct who who = who_calls(command);
	struct two_paths *paths = calloc(1, sizeof(*paths));
	int rc;

	CHECK(paths != NULL);
	rc = find_two(model, &who, command->rename2.source, command->rename2.target, paths);
	if (rc == 0)
		rc = rename2_found(model, command, paths, answer);
	free_path(&paths->source);
	free_path(&paths->target);
	free(paths);
	return rc;
}

/* ---- delete ---- */

static bool may_clear(const struct who *who, const struct model_node *node)
{
	if (!node->is_directory || node->child_count == 0)
		return true;
	if (!may(who, node, 7))
		return false;
	for (size_t i = 0; i < node->child_count; i++)
		if (sticks(who, node->children[i]) || !may_clear(who, node->children[i]))
			return false;
	return true;
}

static int may_delete(const struct command *command, const struct path *path)
{
	struct who who = who_calls(command);

	if (path->node != NULL && sticks(&who, path->node))
		return -ERR_PERMISSION;
	if (parent_exists(path) && !may(&who, path->above, 2))
		return -ERR_PERMISSION;
	if (path->node == NULL)
		return 0;
	if (path->node->parent == NULL) { /* only its own rights are asked */
		if (path->node->child_count > 0 && !may(&who, path->node, 7))
			return -ERR_PERMISSION;
	} else if (!may_clear(&who, path->node)) {
		return -ERR_PERMISSION;
	}
	return path->node->child_count > 0 && !command->delete.recursive ? -ERR_NOT_EMPTY : 0;
}

static int do_delete(struct model_fs *model, const struct command *command, answer_t *answer)
{
	struct who who = who_calls(command);
	struct path path;
	int rc;

	if (same(command->delete.path, "/.reserved"))
		return -ERR_INVALID_PATH;
	rc = find_path(model, &who, command->delete.path, false, &path);
	if (rc == 0)
		rc = may_delete(command, &path);
	if (rc == 0 && (path.node == NULL || path.node->parent == NULL)) {
		nothing(answer);
	} else if (rc == 0) {
		answer->inode = path.node->id;
		answer->value = true;
		take_away(model, path.node, command->wall_ms);
	}
	free_path(&path);
	return rc;
}

/* ---- attributes ---- */

static int find_node(struct model_fs *model, const struct command *command, struct str s,
                     struct model_node **ret_node)
{
	return find_file(model, command, 0, s, ret_node);
}

static int find_own(struct model_fs *model, const struct command *command, struct str s,
                    struct model_node **ret_node)
{
	struct who who = who_calls(command);
	int rc;

	if (same(s, "/.reserved"))
		return -ERR_INVALID_PATH;
	rc = find_node(model, command, s, ret_node);
	if (rc < 0)
		return rc;
	if (*ret_node == NULL)
		return -ERR_NOT_FOUND;
	return who.is_super || same(who.user, (*ret_node)->owner) ? 0 : -ERR_PERMISSION;
}

static int do_set_permission(struct model_fs *model, const struct command *command,
                             answer_t *answer)
{
	uint16_t mode = command->set_permission.mode & 01777;
	struct model_node *node;
	int rc = find_own(model, command, command->set_permission.path, &node);

	if (rc < 0)
		return rc;
	answer->inode = node->id;
	if (node->mode == mode)
		return nothing(answer);
	node->mode = mode;
	return 0;
}

static int do_set_owner(struct model_fs *model, const struct command *command, answer_t *answer)
{
	const struct command_set_owner *f = &command->set_owner;
	struct who who = who_calls(command);
	struct model_node *node;
	char *group = text(f->group);
	char *owner = text(f->owner);
	int rc = find_own(model, command, f->path, &node);

	if (rc == 0 && !who.is_super &&
	    ((f->owner.size > 0 && !str_equal(f->owner, who.user)) ||
	     (f->group.size > 0 && !in_group(&who, group))))
		rc = -ERR_PERMISSION;
	if (rc == 0) {
		answer->inode = node->id;
		answer->changes_nothing = (f->owner.size == 0 || same(f->owner, node->owner)) &&
		                          (f->group.size == 0 || same(f->group, node->group));
		if (f->owner.size > 0)
			set(&node->owner, owner);
		if (f->group.size > 0)
			set(&node->group, group);
	}
	free(group);
	free(owner);
	return rc;
}

static int do_set_times(struct model_fs *model, const struct command *command, answer_t *answer)
{
	const struct command_set_times *f = &command->set_times;
	struct who who = who_calls(command);
	struct model_node *node;
	int rc = find_node(model, command, f->path, &node);

	if (rc < 0)
		return rc;
	if (node == NULL)
		return -ERR_NOT_FOUND;
	if (!may(&who, node, 2))
		return -ERR_PERMISSION;
	answer->inode = node->id;
	answer->changes_nothing = f->mtime_ms > INT64_MAX && f->atime_ms > INT64_MAX;
	if (f->mtime_ms <= INT64_MAX)
		node->mtime_ms = f->mtime_ms;
	if (f->atime_ms <= INT64_MAX)
		node->atime_ms = f->atime_ms;
	return 0;
}

static int do_set_replication(struct model_fs *model, const struct command *command,
                              answer_t *answer)
{
	const struct command_set_replication *f = &command->set_replication;
	struct who who = who_calls(command);
	struct model_node *node;
	int rc = find_node(model, command, f->path, &node);

	if (rc < 0)
		return rc;
	if (node != NULL && !may(&who, node, 2))
		return -ERR_PERMISSION;
	answer->inode = node == NULL ? 0 : node->id;
	if (node == NULL || node->is_directory)
		return nothing(answer);
	answer->value = true;
	answer->changes_nothing = node->replication == f->replication;
	node->replication = f->replication;
	return 0;
}

static int do_access_times(struct model_fs *model, const struct command *command, answer_t *answer)
{
	const struct command_access_times *f = &command->access_times;

	answer->changes_nothing = f->inodes.count == 0;
	for (size_t i = 0; i < f->inodes.count; i++) {
		struct model_node *node = find_id(model->root, f->inodes.items[i]);

		if (node != NULL && !node->is_directory && node->atime_ms < f->atime_ms)
			node->atime_ms = f->atime_ms;
	}
	return 0;
}

/* ---- the rest ---- */

static int do_tick(struct model_fs *model, const struct command *command, answer_t *answer)
{
	const struct command_tick *f = &command->tick;

	(void)answer;
	if (f->forget_others_age_ms > model->lines[0])
		model->lines[0] = f->forget_others_age_ms;
	if (f->forget_at_most_once_age_ms > model->lines[1])
		model->lines[1] = f->forget_at_most_once_age_ms;
	return 0;
}

static int do_feature_level(struct model_fs *model, const struct command *command, answer_t *answer)
{
	if (command->feature_level.level <= model->feature_level)
		return nothing(answer);
	model->feature_level = command->feature_level.level;
	return 0;
}

static int do_safe_mode(struct model_fs *model, const struct command *command, answer_t *answer)
{
	answer->changes_nothing = model->is_safe_mode == command->safe_mode.is_on;
	model->is_safe_mode = command->safe_mode.is_on;
	return 0;
}

static int operate(struct model_fs *model, const struct command *command, answer_t *answer)
{
	switch (command->kind) {
	case ENTRY_cluster: return do_cluster(model, command, answer);
	case ENTRY_noop: return nothing(answer);
	case ENTRY_tick: return do_tick(model, command, answer);
	case ENTRY_feature_level: return do_feature_level(model, command, answer);
	default: break;
	}
	if (model->root == NULL)
		return -ERR_INTERNAL;
	switch (command->kind) {
	case ENTRY_mkdirs: return do_mkdirs(model, command, answer);
	case ENTRY_create: return do_create(model, command, answer);
	case ENTRY_add_block: return do_add_block(model, command, answer);
	case ENTRY_abandon_block: return do_abandon_block(model, command, answer);
	case ENTRY_complete: return do_complete(model, command, answer);
	case ENTRY_rename: return do_rename(model, command, answer);
	case ENTRY_rename2: return do_rename2(model, command, answer);
	case ENTRY_delete: return do_delete(model, command, answer);
	case ENTRY_set_permission: return do_set_permission(model, command, answer);
	case ENTRY_set_owner: return do_set_owner(model, command, answer);
	case ENTRY_set_times: return do_set_times(model, command, answer);
	case ENTRY_set_replication: return do_set_replication(model, command, answer);
	case ENTRY_recover_lease: return do_recover_lease(model, command, answer);
	case ENTRY_expire_lease: return do_expire_lease(model, command, answer);
	case ENTRY_new_stamp: return do_new_stamp(model, command, answer);
	case ENTRY_access_times: return do_access_times(model, command, answer);
	case ENTRY_safe_mode: return do_safe_mode(model, command, answer);
	case ENTRY_reclaim: return nothing(answer);
	default: return -ERR_INTERNAL;
	}
}

static const struct answered *find_answered(const struct model_fs *model,
                                            const struct command *command)
{
	for (size_t i = model->answered_count; i-- > 0;) {
		const struct answered *a = &model->answered[i];

		if (memcmp(a->client_id, command->client_id, sizeof(a->client_id)) == 0 &&
		    a->call_id == command->call_id && a->age_ms >= model->lines[a->is_at_most_once])
			return a;
	}
	return NULL;
}

static void keep_answer(struct model_fs *model, const struct command *command,
                        const struct model_answer *answer)
{
	struct answered *a;

	if (!command->has_client || (answer->rc < 0 && err_action(answer->rc) != ERR_ACTION_FAIL))
		return;
	model->answered = grown(model->answered, model->answered_count, sizeof(*a));
	a = &model->answered[model->answered_count++];
	*a = (struct answered){
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
	const struct answered *answered = NULL;

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
