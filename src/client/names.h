/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls on names: ClientProtocol's methods with plain arguments.  See client.h for errors; strings
 * in results are in the caller's arena.
 */
#ifndef HOLDFAST_CLIENT_NAMES_H
#define HOLDFAST_CLIENT_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/check.h"
#include "base/str.h"
#include "client/client.h"
#include "proto/client.pb-c.h"
#include "wire/hot_replies.h"

/* ---- reading ---- */

/* Nothing of that name is no error. */
MUST_USE int client_stat(struct client *client, struct str path, struct arena *arena,
                         bool *ret_exists, struct wire_file_status *ret_status);

/* All entries of a directory in order of name, page by page; a file is its own only entry, with an
 * empty name.  A negative code from `each` ends the walk and is returned. */
typedef int client_entry_fn(void *context, const struct wire_file_status *entry);
MUST_USE int client_list(struct client *client, struct str path, client_entry_fn *each,
                         void *context);

MUST_USE int client_content_summary(struct client *client, struct str path, struct arena *arena,
                                    const Hdfs__ContentSummary **ret_summary);
MUST_USE int client_fs_stats(struct client *client, struct arena *arena,
                             const Hdfs__GetFsStatsResponse **ret_stats);
MUST_USE int client_block_stats(struct client *client, struct arena *arena,
                                const Hdfs__GetFsReplicatedBlockStatsResponse **ret_stats);
MUST_USE int client_server_defaults(struct client *client, struct arena *arena,
                                    const Hdfs__FsServerDefaults **ret_defaults);
/* action: bits r=4 w=2 x=1. */
/* How many extended attributes the caller may see. */
MUST_USE int client_count_xattrs(struct client *client, struct str path, size_t *ret_count);
MUST_USE int client_check_access(struct client *client, struct str path, unsigned action);
MUST_USE int client_workers(struct client *client, Hdfs__DatanodeReportType type,
                            struct arena *arena,
                            const Hdfs__GetDatanodeReportResponse **ret_report);

/* ---- changing ---- */

/* mode has the umask in it already.  *ret_made false: refused without an exception. */
MUST_USE int client_mkdirs(struct client *client, struct str path, uint32_t mode,
                           bool create_parent, bool *ret_made);
MUST_USE int client_delete(struct client *client, struct str path, bool recursive,
                           bool *ret_deleted);
MUST_USE int client_rename(struct client *client, struct str source, struct str target,
                           bool *ret_renamed);
MUST_USE int client_rename2(struct client *client, struct str source, struct str target,
                            bool overwrite);
MUST_USE int client_set_permission(struct client *client, struct str path, uint32_t mode);
/* Empty: leave as it is. */
MUST_USE int client_set_owner(struct client *client, struct str path, struct str owner,
                              struct str group);
/* UINT64_MAX: leave as it is. */
MUST_USE int client_set_times(struct client *client, struct str path, uint64_t mtime_ms,
                              uint64_t atime_ms);
MUST_USE int client_set_replication(struct client *client, struct str path, uint16_t replication,
                                    bool *ret_done);
/* Enters, leaves or asks for safe mode; *ret_is_on: how it is then. */
MUST_USE int client_set_safe_mode(struct client *client, Hdfs__SafeModeAction action,
                                  bool *ret_is_on);

#endif
