/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a start found of the journal behind the loaded checkpoint, for those who go on with it:
 * where it begins and ends, the epochs and lists of members in it, its segments.
 */
#ifndef HOLDFAST_JOURNAL_RECOVERY_LOG_H
#define HOLDFAST_JOURNAL_RECOVERY_LOG_H

#include "format/checkpoint.h"
#include "format/entry.h"
#include "journal/segments.h"
#include "raft/raft.h"

struct recovery_log {
	struct entry base; /* what the loaded checkpoint ends with: index, epoch, chain; 0: none */
	struct entry last; /* of the journal, what is not surely durable included */
	uint64_t mark;     /* known to be committed: highest mark, or the checkpoint */
	uint64_t run;      /* highest of any segment that was ever begun here; 0: there is none */
	/* Of every entry after the base. */
	struct raft_run *runs;
	size_t run_count;
	struct raft_list *lists; /* the checkpoint's first, if it has one */
	size_t list_count;
	/* That hold what counts up to `mark`, oldest first: the last index of each that counts is
	 * the one before the next one's first; what follows is the rest, to be written again.
	 * Empty: nothing but the checkpoint is left. */
	struct segments segments;
	size_t run_room, list_room; /* private */
};

void recovery_log_finish(struct recovery_log *log);

/* Begins anew behind a checkpoint; NULL: behind none.  -ERR_DAMAGED, -ERR_UNSUPPORTED: of its list
 * of members; -ERR_NO_MEMORY. */
int recovery_log_begin(struct recovery_log *log, const struct checkpoint_header *checkpoint);
/* Notes epoch and list of the next entry that counts; `last` is the caller's.  Errors as above. */
int recovery_log_add(struct recovery_log *log, const struct entry *entry);

#endif
