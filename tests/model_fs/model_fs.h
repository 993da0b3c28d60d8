/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A naive model of the file system that the namespace implements: simple, slow, and written from
 * HDFS's behaviour alone.  It takes the same commands and says what each must be answered.
 *
 * Everything is found by walking, counted by walking and kept in plain lists; nothing of namespace/
 * is used.  It answers codes and values, not texts.  A delete takes a tree away at once, so it has
 * nothing to reclaim.  Limits that judge new calls only (ns_limits) are not part of it.
 */
#ifndef HOLDFAST_TESTS_MODEL_FS_H
#define HOLDFAST_TESTS_MODEL_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/command.h"

struct model_fs;

struct model_answer {
	int rc; /* 0 or a negative code */
	bool value;
	uint64_t inode;        /* made or changed; 0: none */
	struct block block;    /* add_block, new_stamp */
	uint64_t block_offset; /* of it in the file */
	bool changes_nothing;  /* rc 0 and nothing changed, not even a time */
};

struct model_node {
	uint64_t id;
	struct model_node *parent; /* NULL: the root */
	char *name;                /* the root's is empty */
	bool is_directory;
	char *owner;
	char *group;
	uint16_t mode;
	uint64_t mtime_ms;
	uint64_t atime_ms;

	struct model_node **children; /* in byte order of their names */
	size_t child_count;

	uint64_t block_size;
	uint16_t replication;
	uint8_t storage_policy;
	struct block *blocks;
	size_t block_count;
	bool is_open;
	bool is_writing; /* the last block */
	char *holder;
	char *machine;
	uint64_t lease;
};

struct model_sums {
	uint64_t files;
	uint64_t directories; /* with the one at the top */
	uint64_t length;
	uint64_t space;
	uint64_t blocks;
	uint64_t open_files;
	uint64_t open_blocks;
};

struct model_fs *model_fs_create(void);
struct model_fs *model_fs_copy(const struct model_fs *model);
void model_fs_destroy(struct model_fs *model);

void model_fs_apply(struct model_fs *model, const struct command *command,
                    struct model_answer *ret_answer);

/* NULL before the cluster entry. */
const struct model_node *model_fs_root(const struct model_fs *model);
/* By walking; 0 blocks are left out of nothing. */
void model_fs_sums(const struct model_node *node, struct model_sums *ret_sums);
/* Blocks that no file has any more, in the order in which they were lost. */
const struct block *model_fs_gone(const struct model_fs *model, size_t *ret_count);
uint64_t model_fs_open_files_of(const struct model_fs *model, const char *holder);

#endif
