/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core's vote record on disk, written by the sync thread before any entry that the core gives
 * later.
 *
 * With the record that binds a master to a cluster its marker gets the cluster's id, first: what
 * the sender of the first message said, or, if that one is not bound itself yet, an id made from
 * the history's.
 *
 * Where there is no room for it, it waits until there is some, and whatever may only be on the disk
 * behind it waits too: entries (journal/commit.h) and pieces of a checkpoint, which are refused.
 * The core promises nothing meanwhile, so for others this master is one that does not answer.
 */
#ifndef HOLDFAST_JOURNAL_REPLICATED_VOTE_H
#define HOLDFAST_JOURNAL_REPLICATED_VOTE_H

#include "journal/replicated.h"

void replicated_vote_init(struct replicated *replicated);
/* Nothing is written any more. */
void replicated_vote_stop(struct replicated *replicated);
void replicated_vote_read(const struct vote *vote, struct raft_vote *ret_vote);
void replicated_vote_write(struct replicated *replicated, const struct raft_vote *vote,
                           uint64_t number);
/* Closing, and everything is synced: says so in the record, where it says otherwise.  False: not
 * yet, journal_step_close() runs. */
bool replicated_vote_end(struct replicated *replicated);

#endif
