/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a start found, besides entries: what the consensus core must know of the log.
 */
#ifndef HOLDFAST_JOURNAL_RECOVERY_LOG_H
#define HOLDFAST_JOURNAL_RECOVERY_LOG_H

#include "format/entry.h"
#include "raft/raft.h"

struct recovery_log {
	struct entry base; /* what the loaded checkpoint ends with: index, epoch, chain; or zeros */
	struct raft_run *runs; /* of all entries after the base */
	size_t run_count;
	struct raft_list
	        *lists; /* of members: the checkpoint's, then those of entries after the base */
	size_t list_count;
};

#endif
