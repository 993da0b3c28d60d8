/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `holdfast fs -command ...`, also as `hadoop fs` and `hdfs dfs`: Hadoop's file system shell.
 * Inside of cli/.
 *
 * Options, outputs, error texts and exit codes are those of Hadoop 3.4's shell, whose words scripts
 * rely on: 0 when all went well, 1 when some path failed (the others are done), 255 (-1) for wrong
 * usage, with the usage on standard error.  `alluxio fs command ...` (no dash) is in fs_alluxio.c.
 */
#ifndef HOLDFAST_CLI_FS_H
#define HOLDFAST_CLI_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/str.h"
#include "cli/site.h"
#include "client/client.h"
#include "client/files.h"
#include "client/names.h"

enum { FS_EXIT_FAILED = 1, FS_EXIT_USAGE = 255 };

struct fs_command;

struct fs_shell {
	struct cli_site site;
	struct client *client;
	char *uri;  /* of the default file system, "hdfs://host:port", as it is shown */
	char *home; /* "/user/<name>" */
	const char *user;
	struct arena arena; /* of the whole command: paths, listings */
	const struct fs_command *command;
	bool has_failed; /* some path did */
	uint32_t umask;
	uint16_t replication;
	uint64_t block_size;
};

/* One argument, or what a pattern in it matched. */
struct fs_path {
	struct str text; /* as it is shown */
	struct str path; /* absolute, in the file system */
};

struct fs_paths {
	struct fs_path *items;
	size_t count;
	size_t capacity;
};

/* A command's letters and words, as they were given. */
struct fs_options {
	unsigned given; /* bit n: the n-th of the command's options */
	char **arguments;
	size_t count;
};

struct fs_command {
	const char *name;
	const char *usage;   /* "[-p] <path> ..." */
	const char *summary; /* for -help */
	const char *options; /* "R skipTrash f": words without dash, in order of their bits */
	size_t arguments_min;
	size_t arguments_max;
	int (*run)(struct fs_shell *shell, const struct fs_options *options);
};

/* ---- fs_paths.c: arguments ---- */

/* The path of an argument; -ERR_INVALID_PATH with a printed text. */
int fs_path_of(struct fs_shell *shell, const char *argument, struct fs_path *ret_path);
/* Like it, with the pattern expanded; nothing matched: printed, and counted as failed. */
int fs_expand(struct fs_shell *shell, const char *argument, struct fs_paths *paths);
/* All arguments from `first`, expanded.  What failed is printed. */
void fs_expand_all(struct fs_shell *shell, const struct fs_options *options, size_t first,
                   struct fs_paths *ret_paths);
void fs_paths_add(struct fs_paths *paths, const struct fs_path *path);
void fs_paths_finish(struct fs_paths *paths);
/* A child of a path, both as shown and as it is. */
struct fs_path fs_child(struct fs_shell *shell, const struct fs_path *parent, struct str name);
/* Last component; empty for the root. */
struct str fs_name_of(struct str path);
/* Everything before it, at least "/". */
struct str fs_parent_of(struct str path);
bool fs_matches(struct str name, const char *pattern); /* * ? [a-z] [^a] \x */

/* ---- fs_errors.c ---- */

/* "command: text" on standard error; the command will exit with 1. */
void fs_error(struct fs_shell *shell, const char *format, ...) PRINTF_LIKE(2, 3);
/* The text of a failed call about a path: the exception's, or ours. */
void fs_call_error(struct fs_shell *shell, int rc, const struct fs_path *path);
/* "command: `path': reason". */
void fs_path_error(struct fs_shell *shell, const struct fs_path *path, const char *reason);
/* Wrong usage: "-command: text" and the usage; returns FS_EXIT_USAGE. */
int fs_usage_error(struct fs_shell *shell, const char *format, ...) PRINTF_LIKE(2, 3);

/* ---- fs_format.c ---- */

/* A size as it is, or as "2.0 M". */
struct str fs_size(struct fs_shell *shell, uint64_t bytes, bool human);
/* "drwxr-xr-x" */
void fs_mode_text(const struct wire_file_status *status, char text[11]);
/* Local time, minutes: what ls shows. */
void fs_minute_text(uint64_t wall_ms, char text[32]);
/* UTC, seconds: what stat shows. */
void fs_second_text(uint64_t wall_ms, char text[32]);

/* ---- helpers of several commands ---- */

/* Status of a path; what went wrong is printed. */
int fs_stat(struct fs_shell *shell, const struct fs_path *path,
            struct wire_file_status *ret_status);
/* Status or not: *ret_exists false is no error. */
int fs_stat_if_any(struct fs_shell *shell, const struct fs_path *path,
                   struct wire_file_status *ret_status, bool *ret_exists);
bool fs_is_directory(const struct wire_file_status *status);
/* All children of a directory, copied into the shell's arena, in order of name. */
struct fs_listing {
	struct wire_file_status *items;
	size_t count;
	size_t capacity;
};
int fs_list(struct fs_shell *shell, const struct fs_path *path, struct fs_listing *ret_listing);
void fs_listing_finish(struct fs_listing *listing);
/* True if option number `bit` was given. */
static inline bool fs_has(const struct fs_options *options, unsigned bit)
{
	return options->given >> bit & 1;
}

/* ---- commands ---- */

int fs_ls(struct fs_shell *shell, const struct fs_options *options);
int fs_du(struct fs_shell *shell, const struct fs_options *options);
int fs_df(struct fs_shell *shell, const struct fs_options *options);
int fs_count(struct fs_shell *shell, const struct fs_options *options);
int fs_stat_command(struct fs_shell *shell, const struct fs_options *options);
int fs_test(struct fs_shell *shell, const struct fs_options *options);
int fs_find(struct fs_shell *shell, const struct fs_options *options);
int fs_mkdir(struct fs_shell *shell, const struct fs_options *options);
int fs_rm(struct fs_shell *shell, const struct fs_options *options);
int fs_rmdir(struct fs_shell *shell, const struct fs_options *options);
int fs_mv(struct fs_shell *shell, const struct fs_options *options);
int fs_touchz(struct fs_shell *shell, const struct fs_options *options);
int fs_touch(struct fs_shell *shell, const struct fs_options *options);
int fs_chmod(struct fs_shell *shell, const struct fs_options *options);
int fs_chown(struct fs_shell *shell, const struct fs_options *options);
int fs_chgrp(struct fs_shell *shell, const struct fs_options *options);
int fs_setrep(struct fs_shell *shell, const struct fs_options *options);
int fs_put(struct fs_shell *shell, const struct fs_options *options);
int fs_get(struct fs_shell *shell, const struct fs_options *options);
int fs_cat(struct fs_shell *shell, const struct fs_options *options);
int fs_head(struct fs_shell *shell, const struct fs_options *options);
int fs_tail(struct fs_shell *shell, const struct fs_options *options);
int fs_help(struct fs_shell *shell, const struct fs_options *options);
int fs_usage(struct fs_shell *shell, const struct fs_options *options);

#endif
