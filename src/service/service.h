/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The services: Hadoop's protocols on a master, one table of methods each.
 *
 *   client > io > rpc > SERVICE > master > journal > namespace > SERVICE > rpc > client
 *
 * A call is looked up (protocol, method), its caller's groups are found, its request is decoded,
 * and it becomes a query or a command; the answer is encoded when the query was possible or the
 * command was applied.  All reads of one turn of the loop share one proof of primacy, and the
 * look-ups among them are handed to the namespace together.
 *
 * What a role serves is the master's business: here a method only says what it is (methods.h).
 * What only the primary may do is refused by a standby, whose text names it, or forwarded to it
 * (forward.h), for clients that know one address.
 * Methods that exist in Hadoop and are not served here are in the tables too, with Hadoop's class
 * and text of a refusal.
 *
 * Everything runs on the loop; nothing here blocks it.  Source of behaviour: HDFS
 * NameNodeRpcServer, FSNamesystem.
 */
#ifndef HOLDFAST_SERVICE_SERVICE_H
#define HOLDFAST_SERVICE_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/check.h"
#include "base/str.h"
#include "io/io.h"
#include "master/master.h"
#include "rpc/rpc.h"

struct service;

/* Strings are borrowed until service_destroy(). */
struct service_options {
	struct io *io;
	struct master *master;
	const char *version; /* of this program; NULL: not told */
	/* who may what */
	bool has_permissions;      /* dfs.permissions.enabled; false: all are superusers */
	struct str superuser;      /* user of this process */
	struct str supergroup;     /* dfs.permissions.superusergroup */
	uint64_t groups_ms;        /* hadoop.security.groups.cache.secs */
	uint64_t groups_failed_ms; /* hadoop.security.groups.negative-cache.secs */
	/* Appends the user's groups, separated by commas; runs on a thread of its own and may be
	 * slow.  NULL: the machine's. */
	int (*user_groups)(void *context, const char *user, struct buf *groups);
	void *context;
	/* getServerDefaults */
	uint64_t block_size;         /* dfs.blocksize */
	uint32_t bytes_per_checksum; /* dfs.bytes-per-checksum */
	uint32_t write_packet_size;  /* dfs.client-write-packet-size */
	uint32_t file_buffer_size;   /* io.file.buffer.size */
	uint16_t replication;        /* dfs.replication */
	uint64_t trash_interval_min; /* fs.trash.interval; 0: off */
	/* a standby forwards what only the primary may do */
	bool forwards;            /* holdfast.master.forward.writes */
	uint64_t forward_ms;      /* after its arrival no attempt is begun; with the time for which
	                             the master holds it, below that for which the retry table
	                             keeps answers */
	size_t forward_bytes_max; /* requests on their way to the primary; others wait */
	/* limits */
	uint32_t list_entries_max; /* dfs.ls.limit */
	uint64_t location_wait_ms; /* a read waits so long for a worker's first report */
};

MUST_USE int service_create(const struct service_options *options, struct service **ret_service);
/* The RPC server's on_calls, with the service as its context. */
void service_on_calls(void *service, struct rpc_call **calls, size_t count);

/* This master stops: what was sent on to another one is soon not waited for any more. */
void service_stop(struct service *service);
/* Calls and questions that were taken and are not answered yet. */
bool service_is_idle(const struct service *service);
/* Must be idle, and the RPC server gone.  NULL is fine. */
void service_destroy(struct service *service);

#endif
