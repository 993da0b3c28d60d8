/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `alluxio fs command ...`: Alluxio's file system shell.  Inside of cli/.
 *
 * Options, outputs, error texts and exit codes are those of Alluxio 2.9's shell: errors go to
 * standard output, and every failure ends with 255 (-1).  A command stops at its first failure; one
 * whose path is a pattern does what it can.
 */
#ifndef HOLDFAST_CLI_ALLUXIO_H
#define HOLDFAST_CLI_ALLUXIO_H

#include "cli/shell.h"

enum { ALLUXIO_EXIT_FAILED = 255 };

/* ---- commands and their options: alluxio_options.c ---- */

struct alluxio_command;

struct alluxio_options {
	const struct alluxio_command *command;
	unsigned given;      /* bit n: the n-th of the command's options */
	const char **values; /* by bit, of options that have one */
	const char **arguments;
	size_t count;
};

static inline bool alluxio_has(const struct alluxio_options *options, unsigned bit)
{
	return options->given >> bit & 1;
}

struct alluxio_command {
	const char *name;
	const char *usage;
	const char *summary;
	const char *options; /* see alluxio_commands.def */
	size_t arguments_min;
	size_t arguments_max; /* SIZE_MAX: at least so many */
	/* 0, or < 0: printed. */
	int (*run)(struct shell *shell, const struct alluxio_options *options);
	/* Instead of all that: its own commands, up to one without a name. */
	const struct alluxio_command *commands;
};

/* Reads the words behind the command's name, up to a NULL.  < 0: printed.  To be finished either
 * way. */
MUST_USE int alluxio_options_read(const struct alluxio_command *command, const char *const *words,
                                  struct alluxio_options *ret_options);
void alluxio_options_finish(struct alluxio_options *options);

/* "Usage: alluxio SHELL ...", and every command's. */
void alluxio_print_usages(const char *shell, const struct alluxio_command *commands, size_t count);
/* Prints text, the usage, and what the command is for; returns < 0. */
int alluxio_usage_error(const struct alluxio_command *command, const char *format, ...)
        PRINTF_LIKE(2, 3);

/* ---- paths: alluxio_path.c ---- */

struct alluxio_path {
	struct str text; /* as it is shown: as it was given, but clean */
	struct str path; /* absolute */
};

struct alluxio_item {
	struct alluxio_path at;
	bool exists;
	struct wire_file_status status; /* strings in the shell's arena */
};

/* < 0: printed, as by all below. */
MUST_USE int alluxio_path_of(struct shell *shell, const char *argument,
                             struct alluxio_path *ret_path);
struct alluxio_path alluxio_child(struct arena *arena, const struct alluxio_path *parent,
                                  struct str name);
/* Absence is no error. */
MUST_USE int alluxio_stat(struct shell *shell, struct alluxio_item *item);
/* Absence is one. */
MUST_USE int alluxio_find(struct shell *shell, const char *argument, struct alluxio_item *ret_item);
MUST_USE int alluxio_list(struct shell *shell, const struct alluxio_path *path,
                          struct listing *ret_listing);
/* "File PATH creation failed ...", or "Traversal failed ...": what is wrong with the directories
 * above; 0 if nothing is. */
MUST_USE int alluxio_check_parents(struct shell *shell, struct str path);
/* The text of a failed call. */
int alluxio_call_failed(struct shell *shell);
int alluxio_fail(const char *format, ...) PRINTF_LIKE(1, 2);

/* Runs for what the argument names, or for all that its pattern matches, in order of name. */
typedef int alluxio_item_fn(struct shell *shell, const struct alluxio_item *item, void *context);
MUST_USE int alluxio_for_each(struct shell *shell, const char *argument, alluxio_item_fn *each,
                              void *context);
/* For the children of a directory, in order of name. */
MUST_USE int alluxio_for_children(struct shell *shell, const struct alluxio_item *directory,
                                  alluxio_item_fn *each, void *context);

enum { ALLUXIO_SIZE_BYTES = 32 };
/* "2097181", or "2048.03KB". */
const char *alluxio_size_text(uint64_t bytes, bool human, char text[ALLUXIO_SIZE_BYTES]);

/* ---- commands ---- */

int alluxio_cat(struct shell *shell, const struct alluxio_options *options);
int alluxio_chgrp(struct shell *shell, const struct alluxio_options *options);
int alluxio_chmod(struct shell *shell, const struct alluxio_options *options);
int alluxio_chown(struct shell *shell, const struct alluxio_options *options);
int alluxio_copy_from_local(struct shell *shell, const struct alluxio_options *options);
int alluxio_copy_to_local(struct shell *shell, const struct alluxio_options *options);
int alluxio_count(struct shell *shell, const struct alluxio_options *options);
int alluxio_du(struct shell *shell, const struct alluxio_options *options);
int alluxio_head(struct shell *shell, const struct alluxio_options *options);
int alluxio_help(struct shell *shell, const struct alluxio_options *options);
int alluxio_leader(struct shell *shell, const struct alluxio_options *options);
int alluxio_ls(struct shell *shell, const struct alluxio_options *options);
int alluxio_master_info(struct shell *shell, const struct alluxio_options *options);
int alluxio_mkdir(struct shell *shell, const struct alluxio_options *options);
int alluxio_mv(struct shell *shell, const struct alluxio_options *options);
int alluxio_rm(struct shell *shell, const struct alluxio_options *options);
int alluxio_stat_command(struct shell *shell, const struct alluxio_options *options);
int alluxio_tail(struct shell *shell, const struct alluxio_options *options);
int alluxio_test(struct shell *shell, const struct alluxio_options *options);
int alluxio_touch(struct shell *shell, const struct alluxio_options *options);

#endif
