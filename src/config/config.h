/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration: one map of typed properties, read from two dialects.
 *
 * Sources, weakest first; a later one replaces an earlier one:
 *
 *	defaults < core-site.xml < hdfs-site.xml < alluxio-site.properties < -D key=value
 *
 * A property that an XML file marks `final` is not replaced by anything that comes later.  Two
 * files that disagree are no error: the stronger one counts and the report says so.
 *
 * The files lie in the folder of --conf; without it in those of HADOOP_CONF_DIR and
 * ALLUXIO_CONF_DIR (the latter is stronger where both hold the same file).  Each may be missing.
 *
 * Every property is a row of properties.def; code names it by CONFIG_KEY_<NAME IN CAPITALS>, so a
 * name that is not in the table does not compile.  Names of Hadoop and Alluxio that are merely
 * known (known_hadoop.def, known_alluxio.def) are accepted and said to have no effect.
 *
 * Values may refer to others: ${key}, ${env.X}, ${env.X-default}, ${env.X:-default}.  Keys of the
 * HDFS dialect may carry suffixes, key.<nameservice> and key.<nameservice>.<namenode>; for our own
 * ids the most specific form replaces the plain one at load, as HDFS does at its start.
 *
 * A value is checked when it is loaded: type, unit, range, and what zero means stand in the table.
 * So a getter never fails, and a wrong value stops the start, not the first use.
 *
 * Everything found is a row of the report, with file and line.  config_load() fails when one of
 * them is an error; the report then says all of it.  This folder does not log.
 *
 * A loaded configuration does not change: any thread may read it.  Strings live as long as it does
 * and are NUL-terminated beyond their size.
 */
#ifndef HOLDFAST_CONFIG_CONFIG_H
#define HOLDFAST_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/str.h"
#include "config/report.h"

enum config_key {
#define PROPERTY(id, name, spec, readers, status, doc) CONFIG_KEY_##id,
#include "config/properties.def"
#undef PROPERTY
	CONFIG_KEY_COUNT
};

struct config;

/* What this folder needs from the machine, lent by the caller (io/ in a real process). */
struct config_reader {
	/* Appends the whole file to `to`.  0, -ERR_NO_FILE if there is none, or another error. */
	int (*read_file)(void *context, const char *path, struct buf *to);
	/* Value of an environment variable, NULL when it is not set. */
	const char *(*get_env)(void *context, const char *name);
	void *context;
};

struct config_sources {
	struct config_reader reader;
	const char *conf_dir;         /* --conf; NULL: the folders named by the environment */
	const char *xml_file;         /* one more, stronger than those; NULL: none */
	const char *const *overrides; /* "key=value" of each -D, in order */
	size_t override_count;
	const char
	        *nameservice; /* own ids for suffixed keys; NULL: dfs.nameservice.id (or the only */
	const char *namenode; /* one of dfs.nameservices) and dfs.ha.namenode.id */
};

struct config_address {
	struct str host; /* without brackets */
	uint16_t port;
};

/*
 * Loading
 */

/* Reads and checks everything.  `report` is initialised by the caller and outlives the call.
 * -ERR_INVALID: the report has errors.  -ERR_NO_MEMORY: nothing can be relied on. */
int config_load(const struct config_sources *sources, struct config **ret_config,
                struct config_report *report) MUST_USE;
void config_destroy(struct config *config);
/* For CLEANUP(). */
void config_cleanup(struct config **config);

/*
 * Values.  The getter must fit the type in the table.
 */

/* False: the property has no value (no source sets it and it has no default). */
bool config_has(const struct config *config, enum config_key key);
/* True: some source sets it. */
bool config_is_set(const struct config *config, enum config_key key);

bool config_bool(const struct config *config, enum config_key key);
int64_t config_int(const struct config *config, enum config_key key); /* INT and OCTAL */
uint64_t config_bytes(const struct config *config, enum config_key key);
uint64_t config_duration_ms(const struct config *config, enum config_key key);
double config_double(const struct config *config, enum config_key key);
/* Position in the row's list of words. */
unsigned config_enum(const struct config *config, enum config_key key);
/* The text of any type, after substitution; of a PATH without "file:".  Empty without a value. */
struct str config_str(const struct config *config, enum config_key key);
/* config_str() for calls that want a C string; NULL without a value. */
const char *config_c_str(const struct config *config, enum config_key key);
/* ADDRESS: must have a value. */
struct config_address config_address(const struct config *config, enum config_key key);

/* Lists: number of items (0 without a value), then each of them. */
size_t config_count(const struct config *config, enum config_key key);
struct str config_item(const struct config *config, enum config_key key, size_t index);
struct config_address config_address_item(const struct config *config, enum config_key key,
                                          size_t index);

/*
 * Values of another nameservice or namenode, of properties that are SCOPED in the table: key.ns.nn,
 * else key.ns, else the plain key, else the default.  An empty `namenode` asks for the nameservice.
 */
struct str config_scoped_str(const struct config *config, enum config_key key,
                             struct str nameservice, struct str namenode);
/* False: no value.  The host is a slice, not NUL-terminated. */
bool config_scoped_address(const struct config *config, enum config_key key, struct str nameservice,
                           struct str namenode, struct config_address *ret_address);
/* Walks a comma-separated text: cuts the next item off *list.  False at the end. */
bool config_next_item(struct str *list, struct str *ret_item);

/* The path of a URI value that lies on this machine ("/a" or "file:///a").  False: elsewhere. */
bool config_local_path(struct str uri, struct str *ret_path);

/*
 * About a property
 */

const char *config_name(enum config_key key);
/* Where its value stands: "/etc/holdfast/core-site.xml:12", "-D", or "default". */
void config_origin(const struct config *config, enum config_key key, struct buf *to);

#endif
