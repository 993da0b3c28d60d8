/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command line and the configuration files say together.
 *
 * Options that every command takes, before its own words; our own commands anywhere:
 *
 *   --conf DIR, --config DIR, -conf DIR   the configuration folder (of a core-site.xml or
 *                                         hdfs-site.xml: its folder)
 *   -conf X.xml                           one more file, as with Hadoop
 *   -D key=value, -Dkey=value             one property, repeated
 *   -fs URI                               -D fs.defaultFS=URI
 *   --json                                where there is an output for programs
 *   -jt, -files, -libjars, -archives X    of Hadoop's tools, without effect
 *
 * Errors are printed here, one line each, as "holdfast <command>: ..."; functions then return the
 * exit status that the command ends with.
 */
#ifndef HOLDFAST_CLI_SITE_H
#define HOLDFAST_CLI_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/arena.h"
#include "config/config.h"
#include "io/io.h"

enum { CLI_OVERRIDES_MAX = 256 };

/* Exit statuses; damage has EXIT_DAMAGE (base/log.h). */
enum { CLI_OK = 0, CLI_FAILURE = 1, CLI_USAGE = 2 };

struct cli_site {
	const char *command; /* for messages */
	struct io *io;
	struct config *config;
	struct config_report report;
	const char *conf_dir, *xml_file;
	bool as_json;
	const char *overrides[CLI_OVERRIDES_MAX];
	size_t override_count;
	struct arena texts; /* of rewritten options */
};

/* Parses options (argv[0] is the command's name), makes the loop, loads the configuration, prints
 * what is wrong with it.  *ret_next: the first argument that is none of these options; all behind
 * it are none either.  CLI_OK, or the exit status; then the site is finished already. */
int cli_site_init(struct cli_site *site, const char *command, int argc, char **argv, int *ret_next);
/* The same for the command that shows the configuration: of one that can be used only errors. */
int cli_config_init(struct cli_site *site, const char *command, int argc, char **argv,
                    int *ret_next);
/* The same for commands that are run all day, some with options of other tools: these options come
 * first, and warnings are left to `config check`. */
int cli_client_init(struct cli_site *site, const char *command, int argc, char **argv,
                    int *ret_next);
void cli_site_finish(struct cli_site *site);

/* Prints "holdfast <command>: text" and returns CLI_FAILURE. */
int cli_fail(const struct cli_site *site, const char *format, ...) PRINTF_LIKE(2, 3);
/* The same for a command line that cannot be meant; returns CLI_USAGE. */
int cli_usage(const struct cli_site *site, const char *format, ...) PRINTF_LIKE(2, 3);
void cli_print(FILE *to, const struct buf *text); /* an empty one is fine */

/* What Hadoop's tools say of these options in their usage. */
void cli_print_generic_options(FILE *to);

/* Folder of this master: holdfast.master.dir, or what stands for it in either dialect. */
const char *cli_master_folder(const struct config *config);
/* True: this master is one of several, or of a quorum of one that may grow. */
bool cli_has_quorum(const struct config *config);

/* Like arena_format(), but stops the process when memory runs out: for what people see. */
struct str cli_text(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
