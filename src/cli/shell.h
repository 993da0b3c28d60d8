/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What both file system shells stand on, Hadoop's (fs.h) and Alluxio's (alluxio.h): a client of one
 * file system, listings, and streams between it and this machine's files.  Nothing here prints:
 * each shell has its own words.
 */
#ifndef HOLDFAST_CLI_SHELL_H
#define HOLDFAST_CLI_SHELL_H

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

struct shell {
	struct cli_site site;
	struct client *client;
	const char *command; /* its name, for errors */
	int status;          /* of the exit so far: grows from 0 by each failure */
	const char *user;
	struct str uri;  /* of the file system, "hdfs://host:port", as it is shown */
	struct str home; /* "/user/<name>" */
	struct str here; /* this process's folder */
	uint32_t umask;
	uint16_t replication;
	uint64_t block_size;
	struct arena arena; /* of the whole command: arguments, answers */
};

/* Connects to the file system of `uri` (empty: the configured one).  The site is open already.
 * CLI_OK, or the exit status after printing. */
int shell_open(struct shell *shell, struct str uri);
/* Closes the site, too. */
void shell_close(struct shell *shell);

/* ---- names ---- */

/* Last component; empty for the root. */
struct str shell_name_of(struct str path);
/* Everything before it, at least "/". */
struct str shell_parent_of(struct str path);
struct str shell_child_of(struct arena *arena, struct str parent, struct str name);
/* Whether path is below directory. */
bool shell_is_below(struct str path, struct str directory);
/* Without "//", "." and a slash at the end; ".." goes up.  False: it goes above the root. */
bool shell_clean(struct arena *arena, struct str path, struct str *ret_path);
/* What leads from base to path: ".", "a/b", "../.."; the path itself where neither is below the
 * other. */
struct str shell_relative(struct arena *arena, struct str path, struct str base);

/* ---- directories ---- */

bool shell_is_directory(const struct wire_file_status *status);

/* Children in order of name; all memory is the listing's. */
struct listing {
	struct wire_file_status *items; /* path: the name */
	size_t count;
	size_t capacity;
	struct arena arena;
};
MUST_USE int listing_read(struct shell *shell, struct str path, struct listing *ret_listing);
/* A copy of the entry at the end. */
void listing_add(struct listing *listing, const struct wire_file_status *entry);
void listing_finish(struct listing *listing);

/* ---- streams ---- */

/* A file of this machine, or a standard stream. */
struct local_file {
	FILE *file;
	int error; /* errno of what failed on its side; 0: the file system's side did */
};
/* Each returns the code of what failed on either side; see local_file.error.  What stood at the
 * target in the file system is replaced.  from NULL: an empty file. */
MUST_USE int stream_upload(struct shell *shell, struct local_file *from, struct str path);
MUST_USE int stream_download(struct shell *shell, struct str path, const struct file_range *range,
                             struct local_file *to);
MUST_USE int stream_copy(struct shell *shell, struct str source, struct str target);

/* ---- texts ---- */

/* "drwxr-xr-x" */
void shell_mode_text(const struct wire_file_status *status, char text[11]);

enum { TIME_TEXT_BYTES = 64 };
enum shell_time_style {
	TIME_MINUTES,      /* "2026-11-26 07:12", local: Hadoop's ls */
	TIME_SECONDS_UTC,  /* "2026-11-26 07:12:09": stat */
	TIME_MILLISECONDS, /* "11-26-2026 07:12:09:123", local: Alluxio's ls */
};
void shell_time_text(uint64_t wall_ms, enum shell_time_style style, char text[TIME_TEXT_BYTES]);

#endif
