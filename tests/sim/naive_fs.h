/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model of a file system that is slow, simple, and plainly right: a list of full paths.
 *
 * It knows what HDFS answers a superuser to the changes below (files without blocks), takes the
 * same commands as the master, and says the code and value that the master must answer.
 */
#ifndef HOLDFAST_TESTS_NAIVE_FS_H
#define HOLDFAST_TESTS_NAIVE_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/command.h"

struct naive_node {
	char path[256]; /* "/" for the root */
	bool is_directory;
	bool is_open; /* a file that somebody writes */
	char holder[32];
	uint16_t mode;
	uint16_t replication;
	char owner[16];
	char group[16];
};

struct naive_fs {
	struct naive_node *nodes;
	size_t count;
	size_t capacity;
};

struct naive_answer {
	int rc; /* 0 or a negative code */
	bool value;
};

void naive_init(struct naive_fs *fs);
void naive_finish(struct naive_fs *fs);
struct naive_answer naive_apply(struct naive_fs *fs, const struct command *command);
const struct naive_node *naive_find(const struct naive_fs *fs, const char *path); /* NULL: none */
/* Direct children of a directory, sorted by path; at most `max`. */
size_t naive_list(const struct naive_fs *fs, const char *path, const struct naive_node **ret_nodes,
                  size_t max);

#endif
