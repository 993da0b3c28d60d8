/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the namespace's words to the wire's: files' statuses, blocks and where they are.
 */
#ifndef HOLDFAST_SERVICE_STATUS_H
#define HOLDFAST_SERVICE_STATUS_H

#include "master/workers.h"
#include "namespace/namespace.h"
#include "proto/ha.pb-c.h"
#include "proto/hdfs.pb-c.h"
#include "service/call.h"
#include "wire/hot_replies.h"

/* `path` is the name in a listing, empty for the path that was asked for.  Borrows.  What a status
 * of ours never has, and its locations, are left as they are: the caller zeroes them once. */
void status_fill(const struct ns_status *from, struct str path, struct wire_file_status *to);

/* "BP-..." of this cluster; empty before there is one. */
struct str status_pool(const struct call *call);
struct wire_block status_block(struct str pool, const struct block *block);

/* Role in Hadoop's words. */
Ha__ServiceState status_role(struct master *master);

/* A worker as clients see it, with what they need to reach it. */
void status_worker(const struct worker_info *from, struct wire_datanode *to);
/* The workers of a report, as a mask for workers_each(). */
unsigned status_liveness(Hdfs__DatanodeReportType type);

/* All in the call's arena.  False: no memory there. */
bool status_blocks(struct call *call, const struct ns_blocks *from, struct wire_located_blocks *to);
/* The last complete block without a replica: reports that bring it bring others before it.  NULL:
 * none. */
const struct block *status_find_missing(struct call *call, const struct ns_blocks *blocks);
/* A standby that does not know where a complete block is refers the call to the primary. */
bool status_must_refer(struct call *call, const struct ns_blocks *blocks);
/* The same for many files at once. */
bool status_must_refer_all(struct call *call);
/* A block being written, at its chosen workers (uuids; those that are gone are left out). */
bool status_new_block(struct call *call, const struct block *block, uint64_t offset,
                      const struct strs *workers, struct wire_located_block *to);

#endif
