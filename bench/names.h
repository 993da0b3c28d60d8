/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The paths that the load generator works on, and what it expects there.
 *
 *   BASE/files/dDDDDDDDD/fNNNNNNNNNNNNNNN          prepared files, read by later runs
 *   BASE/run-RRRRRRRR/dDDDDDDDD/kNNNNNNNNNNNNNNN   made by one run; k says by which step
 *
 * Numbers are hexadecimal of fixed width, so names sort as their numbers do.  A file's permission
 * tells its number's last bits (file_mode), so an answer about another file is noticed.
 */
#ifndef HOLDFAST_BENCH_NAMES_H
#define HOLDFAST_BENCH_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum {
	BASE_BYTES_MAX = 200,
	NAME_BYTES_MIN = 9,
	NAME_BYTES_MAX = 64,
	PATH_BYTES_MAX = BASE_BYTES_MAX + 32 + NAME_BYTES_MAX,
	FILE_MODE_BASE = 0600,
	DIR_MODE = 0755,
};

enum tree { TREE_FILES, TREE_RUN };

/* A path without its text. */
struct name {
	enum tree tree;
	char kind;       /* first letter of the last component */
	uint32_t dir;    /* number of the directory */
	uint64_t number; /* number in the last component */
};

struct names {
	char prefix[2][BASE_BYTES_MAX + 16]; /* by tree: the path up to the directory's number */
	size_t prefix_size[2];
	unsigned name_bytes; /* of the last component */
};

/* `base` without a slash at its end; `run` tells this run's new names from other runs'.
 * -ERR_INVALID when base or name_bytes is out of bounds. */
int names_init(struct names *names, struct str base, uint32_t run, unsigned name_bytes);

/* Writes at most PATH_BYTES_MAX bytes and returns their number. */
size_t names_path(const struct names *names, struct name name, char *ret_path);
/* The last component alone. */
size_t names_last(const struct names *names, struct name name, char *ret_last);
/* The directory alone. */
size_t names_dir(const struct names *names, struct name name, char *ret_path);

static inline uint32_t file_mode(uint64_t number)
{
	return FILE_MODE_BASE | (uint32_t)(number & 077);
}

#endif
