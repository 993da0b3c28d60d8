/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two sides that a copy goes from and to: the file system and this machine.  Inside of cli/.
 *
 * Functions print what went wrong, and return < 0 or false then.
 */
#ifndef HOLDFAST_CLI_FS_SIDE_H
#define HOLDFAST_CLI_FS_SIDE_H

#include "cli/fs.h"

/* What a copy may take over, as bits. */
enum fs_attribute {
	FS_TIMES = 1 << 0,
	FS_OWNER = 1 << 1, /* and group */
	FS_MODE = 1 << 2,
	FS_XATTRS = 1 << 3, /* cp's own */
	FS_BASIC = FS_TIMES | FS_OWNER | FS_MODE,
};

struct fs_side {
	int (*path_of)(struct shell *shell, const char *argument, struct fs_path *ret_path);
	/* See fs_shown(). */
	struct str (*shown)(struct shell *shell, const char *argument, struct str path);
	struct str (*uri)(struct shell *shell, const struct fs_path *path);
	/* Fills exists and status. */
	int (*stat)(struct shell *shell, struct fs_item *item);
	int (*list)(struct shell *shell, const struct fs_path *directory,
	            struct listing *ret_listing);
	int (*make_directory)(struct shell *shell, const struct fs_path *path);
	/* Takes the place of what may be there. */
	int (*rename)(struct shell *shell, struct str from, const struct fs_item *to);
	/* Of a part that could not be finished: silent. */
	void (*remove)(struct shell *shell, struct str path);
	/* `which` of FS_BASIC. */
	int (*set_attributes)(struct shell *shell, const struct fs_path *path,
	                      const struct wire_file_status *from, unsigned which);
};

extern const struct fs_side fs_remote;
extern const struct fs_side fs_local;

/* What an argument without a pattern names; if it exists, text is how Hadoop shows it then. */
MUST_USE int fs_item_of(struct shell *shell, const struct fs_side *side, const char *argument,
                        struct fs_item *ret_item);

/* The same of a target, which may be a pattern that matches one. */
MUST_USE int fs_target_of(struct shell *shell, const struct fs_side *side, const char *argument,
                          struct fs_item *ret_item);

/* Whether so many sources can be brought to `target`, whose status is known: a directory, or for
 * one source a file that may be overwritten or a new name.  False: printed. */
bool fs_target_is_fine(struct shell *shell, const struct fs_side *side,
                       const struct fs_item *target, size_t sources, bool overwrites);
/* Whether a directory of the file system may go to `target`, which is not itself or below it.
 * False: printed. */
bool fs_is_elsewhere(struct shell *shell, const struct fs_item *source,
                     const struct fs_path *target);

#endif
