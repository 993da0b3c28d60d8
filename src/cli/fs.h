/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `holdfast fs -command ...`, also as `hadoop fs` and `hdfs dfs`: Hadoop's file system shell.
 * Inside of cli/.
 *
 * Options, outputs, error texts and exit codes are those of Hadoop 3.4's shell, whose words scripts
 * rely on: 0 when all went well, 1 when some path failed (the others are done), 255 (-1) for wrong
 * usage, with the usage on standard error.
 *
 * One command speaks to one file system: that of the first argument with an authority, else the
 * configured one.
 */
#ifndef HOLDFAST_CLI_FS_H
#define HOLDFAST_CLI_FS_H

#include "cli/glob.h"
#include "cli/shell.h"

enum { FS_EXIT_FAILED = 1, FS_EXIT_USAGE = 255 };

/* ---- commands and their options: fs_main.c ---- */

/* A command's letters and words, as they were given. */
struct fs_options {
	unsigned given;            /* bit n: the n-th of the command's options */
	const char *const *values; /* of options that have one, by bit; "" if it was left out */
	const char *const *arguments;
	size_t count;
};

/* True if option number `bit` was given. */
static inline bool fs_has(const struct fs_options *options, unsigned bit)
{
	return options->given >> bit & 1;
}

struct fs_command {
	const char *name;
	const char *usage;   /* "[-p] <path> ..." */
	const char *summary; /* for -help */
	const char *options; /* see fs_commands.def */
	size_t arguments_min;
	size_t arguments_max;
	int (*run)(struct shell *shell, const struct fs_options *options);
};

/* ---- errors: fs_error.c ---- */

/* "command: text" on standard error; the command will exit with 1. */
void fs_error(struct shell *shell, const char *format, ...) PRINTF_LIKE(2, 3);
/* "command: `text': reason". */
void fs_path_error(struct shell *shell, struct str text, const char *reason);
/* "command: `text': No such file or directory: `uri'", of a path whose parent is missing. */
void fs_parent_error(struct shell *shell, struct str text, struct str uri);
/* Why the last call failed, in one line: the exception's text, or ours. */
struct str fs_failure(struct shell *shell, int rc);
/* The text of a failed call about what is shown as `text`: the exception's, or ours. */
void fs_call_error(struct shell *shell, int rc, struct str text);
/* What Hadoop's shell dies of: "-command: Fatal internal error" and the exception; returns
 * FS_EXIT_USAGE. */
int fs_fatal(struct shell *shell, const char *format, ...) PRINTF_LIKE(2, 3);
/* Wrong usage: "-command: text" and the usage; returns FS_EXIT_USAGE. */
int fs_usage_error(struct shell *shell, const char *format, ...) PRINTF_LIKE(2, 3);

/* ---- paths: fs_path.c ---- */

struct fs_path {
	struct str text; /* as it is shown */
	struct str path; /* absolute, without "." and ".." */
};

/* What an argument names, or what a pattern in it matched. */
struct fs_item {
	struct fs_path at;
	bool exists;
	struct wire_file_status status; /* if it exists; strings in the shell's arena */
};

struct fs_items {
	struct fs_item *items;
	size_t count;
	size_t capacity;
};
void fs_items_add(struct fs_items *items, const struct fs_item *item);
void fs_items_finish(struct fs_items *items);

/* The path of an argument; text is the argument.  < 0: printed. */
MUST_USE int fs_path_of(struct shell *shell, const char *argument, struct fs_path *ret_path);
/* Whether an argument says that it is a file of this machine, file:/path. */
bool fs_is_local(const char *argument);
/* How Hadoop shows what was found: without "." and "..", and relative if the argument is. */
struct str fs_shown(struct shell *shell, const char *argument, struct str path);
struct fs_path fs_child(struct arena *arena, const struct fs_path *parent, struct str name);
/* "hdfs://host:port/path" */
struct str fs_uri(struct shell *shell, struct str path);

struct fs_side; /* the file system, or this machine: fs_side.h */

/* ---- arguments: fs_expand.c ---- */

/* Adds what an argument names: one item that may not exist, or all that its pattern matches.
 * -ERR_NOT_FOUND: the pattern matches nothing, which fs_unmatched_error() says; others: printed. */
MUST_USE int fs_expand(struct shell *shell, const struct fs_side *side, const char *argument,
                       struct fs_items *items);
void fs_unmatched_error(struct shell *shell, const char *pattern);
/* All arguments from `first` to before `end`.  None if one of them is wrong usage. */
void fs_expand_all(struct shell *shell, const struct fs_side *side,
                   const struct fs_options *options, size_t first, size_t end,
                   struct fs_items *ret_items);

/* The options, with "." (the home) where no argument was given. */
struct fs_options fs_or_home(const struct fs_options *options);
/* Runs for each item that the arguments from `first` name. */
typedef void fs_item_fn(struct shell *shell, const struct fs_item *item, void *context);
/* absent NULL: "No such file or directory". */
void fs_for_each(struct shell *shell, const struct fs_options *options, size_t first,
                 fs_item_fn *found, fs_item_fn *absent, void *context);
/* The children of a directory, in order; false if it cannot be read: printed. */
bool fs_for_children(struct shell *shell, const struct fs_item *directory, fs_item_fn *each,
                     void *context);

/* ---- texts ---- */

enum { FS_SIZE_BYTES = 32 };
/* A size as it is, or as "2.3 M". */
const char *fs_size_text(uint64_t bytes, bool human, char text[FS_SIZE_BYTES]);

/* ---- commands ---- */

int fs_ls(struct shell *shell, const struct fs_options *options);
int fs_du(struct shell *shell, const struct fs_options *options);
int fs_df(struct shell *shell, const struct fs_options *options);
int fs_count(struct shell *shell, const struct fs_options *options);
int fs_stat(struct shell *shell, const struct fs_options *options);
int fs_test(struct shell *shell, const struct fs_options *options);
int fs_find(struct shell *shell, const struct fs_options *options);
int fs_mkdir(struct shell *shell, const struct fs_options *options);
int fs_rm(struct shell *shell, const struct fs_options *options);
int fs_rmdir(struct shell *shell, const struct fs_options *options);
int fs_mv(struct shell *shell, const struct fs_options *options);
int fs_touchz(struct shell *shell, const struct fs_options *options);
int fs_touch(struct shell *shell, const struct fs_options *options);
int fs_chmod(struct shell *shell, const struct fs_options *options);
int fs_chown(struct shell *shell, const struct fs_options *options);
int fs_chgrp(struct shell *shell, const struct fs_options *options);
int fs_setrep(struct shell *shell, const struct fs_options *options);
int fs_put(struct shell *shell, const struct fs_options *options);
int fs_get(struct shell *shell, const struct fs_options *options);
int fs_cp(struct shell *shell, const struct fs_options *options);
int fs_cat(struct shell *shell, const struct fs_options *options);
int fs_head(struct shell *shell, const struct fs_options *options);
int fs_tail(struct shell *shell, const struct fs_options *options);
int fs_help(struct shell *shell, const struct fs_options *options);
int fs_usage(struct shell *shell, const struct fs_options *options);

#endif
