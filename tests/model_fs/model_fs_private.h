/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the model share.
 */
#ifndef HOLDFAST_TESTS_MODEL_FS_PRIVATE_H
#define HOLDFAST_TESTS_MODEL_FS_PRIVATE_H

#include "model_fs/model_fs.h"

enum {
	MODEL_ROOT = 16385,
	MODEL_NAMES_MAX = 4096,
	MODEL_STICKY = 01000,
	MODEL_NAME_BYTES_MAX = 255,
};

struct model_answered {
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
	struct model_answered *answered;
	size_t answered_count;
	struct block *gone;
	size_t gone_count;
};

/* ---- memory ---- */

void *model_grown(void *items, size_t count, size_t size);
char *model_copy_of(const char *bytes, size_t size);
char *model_text(struct str s);
char *model_again(const char *s);
void model_set_text(char **field, const char *value);
bool model_same(struct str s, const char *t);

/* ---- nodes ---- */

struct model_node *model_new_node(bool is_directory, const char *name);
void model_free_node(struct model_node *node);
struct model_node *model_copy_node(const struct model_node *from, struct model_node *parent);
struct model_node *model_child_of(const struct model_node *node, const char *name);
void model_link_node(struct model_node *parent, struct model_node *node);
void model_unlink_node(struct model_node *node);
struct model_node *model_find_id(struct model_node *node, uint64_t id);
bool model_is_at_or_below(const struct model_node *node, const struct model_node *top);
uint64_t model_file_length(const struct model_node *file);

/* ---- who may ---- */

struct model_who {
	struct str user;
	struct strs groups;
	bool is_super;
};

struct model_who model_who_calls(const struct command *command);
bool model_in_group(const struct model_who *who, const char *group);
bool model_may(const struct model_who *who, const struct model_node *node, unsigned action);
bool model_sticks(const struct model_who *who, const struct model_node *node);

/* ---- paths ---- */

struct model_path {
	char *names[MODEL_NAMES_MAX];
	size_t count;
	struct model_node *node;  /* NULL: nothing there */
	struct model_node *above; /* deepest directory above the last name */
	size_t found;             /* names of `above` */
};

void model_free_path(struct model_path *path);
int model_walk_path(struct model_fs *model, const struct model_who *who, struct model_path *path,
                    bool is_create);
int model_find_path(struct model_fs *model, const struct model_who *who, struct str s,
                    bool is_create, struct model_path *ret_path);
bool model_parent_exists(const struct model_path *path);
bool model_is_valid(struct str s);
bool model_is_too_long(struct str s);
int model_judge_missing_names(const struct model_path *path);

/* ---- making and removing ---- */

void model_touch(struct model_node *directory, uint64_t now);
struct model_node *model_make(struct model_fs *model, const struct command *command,
                              struct model_node *parent, const char *name, bool is_directory,
                              uint16_t mode);
struct model_node *model_make_parents(struct model_fs *model, const struct command *command,
                                      struct model_path *path, bool inherits, uint16_t mode);
void model_take_away(struct model_fs *model, struct model_node *node, uint64_t now);

/* ---- operations: each answers rc and fills the answer ---- */

/* The answer of what changes nothing. */
int model_nothing(struct model_answer *answer);
int model_find_file(struct model_fs *model, const struct command *command, uint64_t id,
                    struct str s, struct model_node **ret_node);
int model_mkdirs(struct model_fs *model, const struct command *command,
                 struct model_answer *answer);
int model_create(struct model_fs *model, const struct command *command,
                 struct model_answer *answer);
int model_add_block(struct model_fs *model, const struct command *command,
                    struct model_answer *answer);
int model_abandon_block(struct model_fs *model, const struct command *command,
                        struct model_answer *answer);
int model_complete(struct model_fs *model, const struct command *command,
                   struct model_answer *answer);
int model_recover_lease(struct model_fs *model, const struct command *command,
                        struct model_answer *answer);
int model_expire_lease(struct model_fs *model, const struct command *command,
                       struct model_answer *answer);
int model_fsync(struct model_fs *model, const struct command *command, struct model_answer *answer);
int model_new_stamp(struct model_fs *model, const struct command *command,
                    struct model_answer *answer);
int model_rename(struct model_fs *model, const struct command *command,
                 struct model_answer *answer);
int model_rename2(struct model_fs *model, const struct command *command,
                  struct model_answer *answer);
int model_delete(struct model_fs *model, const struct command *command,
                 struct model_answer *answer);
int model_set_permission(struct model_fs *model, const struct command *command,
                         struct model_answer *answer);
int model_set_owner(struct model_fs *model, const struct command *command,
                    struct model_answer *answer);
int model_set_times(struct model_fs *model, const struct command *command,
                    struct model_answer *answer);
int model_set_replication(struct model_fs *model, const struct command *command,
                          struct model_answer *answer);
int model_access_times(struct model_fs *model, const struct command *command,
                       struct model_answer *answer);

#endif
