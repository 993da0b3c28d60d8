/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The replicas of a store in a full report, one after the other.
 *
 * Two encodings.  Newer: `blocks_buffers`, one run of bytes cut anywhere into buffers, four varints
 * a replica (id in zig-zag, bytes, stamp, state), `number_of_blocks` of them.  Older: `blocks`,
 * numbers: how many are finalized, how many are not, then id, bytes and stamp of each finalized
 * one, three times -1, then the same with a state of each other one.
 * Source: HDFS BlockListAsLongs.
 */
#ifndef HOLDFAST_SERVICE_REPLICA_READER_H
#define HOLDFAST_SERVICE_REPLICA_READER_H

#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "master/workers.h"
#include "proto/datanode.pb-c.h"

struct replica_reader {
	const Datanode__StorageBlockReport *report;
	uint64_t left;       /* replicas; finalized ones in the older encoding */
	uint64_t left_other; /* of the older encoding: with a state */
	size_t at;           /* byte in the buffer, or number */
	size_t buffer;
	bool is_delimited; /* of the older encoding: -1 -1 -1 was read */
};

/* Borrows the report. */
void replica_reader_init(struct replica_reader *reader, const Datanode__StorageBlockReport *report);
/* 1: *ret_replica; 0: no more; -ERR_BAD_MESSAGE. */
MUST_USE int replica_reader_next(struct replica_reader *reader, struct replica *ret_replica);

#endif
